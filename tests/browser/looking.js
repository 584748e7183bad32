// What can be judged of a page as it stands in its window. Each function says what is wrong.
window.looking = (() => {
  const size = (each) => each.getBoundingClientRect();
  const style = (each, part) => getComputedStyle(each, part);
  const called = (each) => {
    const kind = each.getAttribute("class"), text = each.textContent.trim().replace(/\s+/g, " ");
    return `<${each.localName}${each.id && ` id=${each.id}`}${kind ? ` class="${kind}"` : ""}> ${text.slice(0, 30)}`;
  };
  const above = function* (each) {
    for (; each && each !== document.body; each = each.parentElement) yield each;
  };

  // What is clipped away is for those who listen; a skip link comes into sight with the focus.
  const isShown = (each) => each.checkVisibility({ visibilityProperty: true })
    && ![...above(each)].some((one) => style(one).clipPath === "inset(50%)") && !each.closest(".skip");
  let looked = "body"; // asked for anew each time: a part may have been swapped
  const parts = () => [...document.querySelectorAll(looked)];
  const within = (selector) => parts().flatMap((part) => [...part.querySelectorAll(selector)]);
  const controls = () => within("a[href], button, summary, input:not([type=hidden]), select, textarea, [tabindex='0']").filter(isShown);

  // Where it can be pressed: on itself, on its labels, and on what is drawn over its surroundings.
  const places = (each) => {
    const own = [each, ...(each.labels ?? [])].map(size), over = style(each, "::after");
    if (over.position === "absolute" && over.content !== "none") {
      const box = size(style(each).position === "static" ? each.offsetParent : each);
      const [top, left, width, height] = ["top", "left", "width", "height"].map((side) => parseFloat(over[side]));
      own.push({ left: box.left + left, top: box.top + top, width, height });
    }
    return own;
  };
  const rounded = (box) => `${Math.round(box.width)}×${Math.round(box.height)}`;
  const small = (least) => controls().filter((each) => style(each).display !== "inline") // in a sentence
    .filter((each) => !places(each).some((box) => box.width > least - 1 && box.height > least - 1))
    .map((each) => `smaller than ${least} px: ${called(each)}: ${places(each).map(rounded)}`);

  const texts = () => parts().flatMap((part) => {
    const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT), found = [];
    while (walker.nextNode()) {
      const text = walker.currentNode;
      if (text.data.trim() && isShown(text.parentElement)) found.push(text);
    }
    return found;
  });
  const line = document.createRange();
  const place = (text) => { line.selectNodeContents(text); return line.getBoundingClientRect(); };
  const hides = (each) => ["hidden", "clip"].includes(style(each).overflowX);

  const cut = (names) => texts().filter((text) => names.some((name) => text.data.includes(name))).flatMap((text) => {
    const box = place(text);
    return [...above(text.parentElement)].filter((each) => {
      const own = size(each), { textOverflow, webkitLineClamp } = style(each);
      return textOverflow !== "clip" || webkitLineClamp !== "none"
        || (hides(each) && (box.left < own.left - 1 || box.right > own.right + 1));
    }).map((each) => `a name can be cut in ${called(each)}`);
  });

  // Lines of text as far as their surroundings let them be seen, each as high as its small letters.
  const shownPart = (box, each) => [...above(each)].filter((one) => style(one).overflow !== "visible").map(size)
    .reduce(({ left, right, top, bottom }, own) => ({
      left: Math.max(left, own.left), right: Math.min(right, own.right),
      top: Math.max(top, own.top), bottom: Math.min(bottom, own.bottom),
    }), { left: box.left, right: box.right, top: box.top + box.height / 4, bottom: box.bottom - box.height / 4 });
  const lines = () => texts().flatMap((text) => {
    line.selectNodeContents(text);
    return [...line.getClientRects()].map((box) => [text.parentElement, shownPart(box, text.parentElement)]);
  }).filter(([, box]) => box.right - box.left > 1 && box.bottom > box.top);
  // What is laid over the rest on purpose is placed or stacked by itself: a menu, a bar that stays.
  const isLaidOver = (each, other) => [...above(each)].some((one) => !one.contains(other)
    && (["absolute", "fixed", "sticky"].includes(style(one).position) || style(one).zIndex !== "auto"));
  const overlapping = () => lines().sort(([, one], [, two]) => one.top - two.top).flatMap(([each, box], at, all) => {
    const found = [];
    for (let next = at + 1; next < all.length && all[next][1].top < box.bottom - 1; next += 1) {
      const [other, its] = all[next];
      if (each !== other && Math.min(box.right, its.right) - Math.max(box.left, its.left) > 1
        && !isLaidOver(each, other) && !isLaidOver(other, each)) found.push(`over each other: ${called(each)}, ${called(other)}`);
    }
    return found;
  });

  const covered = () => controls().filter((each) => {
    each.focus();
    if (document.activeElement !== each) return false;
    const own = [each, ...(each.labels ?? [])], at = [.5, .1, .9];
    return !own.map(size).some((box) => at.some((x) => at.some((y) => {
      const top = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
      return own.some((one) => one.contains(top));
    })));
  }).map((each) => `out of sight with the focus: ${called(each)}`);

  // Read in two directions, or a line of its own: such a part may be moved sideways by itself.
  const movesByItself = (each) => [...above(each)].some((one) => ["auto", "scroll"].includes(style(one).overflowX)
    && size(one).right <= innerWidth + 1 && (one.clientHeight < 64 || (one.matches("pre") || one.querySelector("table, svg[role=img], pre"))));
  const shortened = (each) => [...above(each)].some((one) => style(one).textOverflow === "ellipsis");
  const wide = () => {
    const read = texts().map((text) => [text.parentElement, place(text)]);
    const found = [...read, ...controls().map((each) => [each, size(each)])]
      .filter(([, box]) => box.width > 1 && (box.right > innerWidth + 1 || box.left < -1))
      .filter(([each]) => !movesByItself(each) && !shortened(each))
      .map(([each, box]) => `beyond the window: ${called(each)}: ${Math.round(box.left)}–${Math.round(box.right)}`);
    return document.documentElement.scrollWidth > innerWidth ? [...found, "the page moves sideways"] : found;
  };

  const hasEdge = (each) => {
    const { borderTopStyle, borderTopWidth, textDecorationLine } = style(each);
    return (borderTopStyle !== "none" && borderTopWidth !== "0px") || textDecorationLine === "underline";
  };
  const edgeless = () => controls().filter((each) => each.matches("button, .btn, .chip, .inp, input, select, textarea"))
    .filter((each) => !["checkbox", "radio", "file"].includes(each.type))
    .filter((each) => ![...each.querySelectorAll("*"), ...[...above(each)].slice(0, 3)].some(hasEdge))
    .map((each) => `no edge without colours: ${called(each)}`);

  const moving = () => [...document.querySelectorAll("body, body *")].flatMap((each) => ["", "::before", "::after"].map((part) => [each, style(each, part)]))
    .filter(([, { animationName, transitionDuration }]) => animationName !== "none" || parseFloat(transitionDuration) > 0)
    .map(([each]) => `moves: ${called(each)}`);

  // https://www.w3.org/WAI/WCAG22/Understanding/text-spacing: what a person may set for all texts.
  const spacing = new CSSStyleSheet();
  spacing.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }
    p { margin-block-end: 2em !important; }`);
  const spaced = (wanted) => { document.adoptedStyleSheets = wanted ? [spacing] : []; };

  const judged = async (rules) => {
    const { violations } = await axe.run(parts(), { runOnly: rules, resultTypes: ["violations"], preload: false });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html, any, all, none }) =>
      `${id}: ${html.slice(0, 140)} (${[...any, ...all, ...none].map((each) => each.message)[0]})`));
  };
  const at = async (selector) => {
    looked = selector;
    const ends = (each) => each.effect.getComputedTiming().endTime < Infinity;
    await Promise.all(document.getAnimations().filter(ends).map((each) => each.finished));
  };
  return { at, spaced, small, cut, overlapping, covered, wide, edgeless, moving, judged };
})();
