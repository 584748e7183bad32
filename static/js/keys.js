// Shortcuts.
const TYPING = "input:not([type=checkbox]), textarea, select, [contenteditable]";
const SHIFTED = {
  J: () => extend(1), K: () => extend(-1), R: () => $("#list") && showNew(), L: () => $("#lock-now")?.requestSubmit(),
};
const PLAIN = {
  j: () => walk(1), k: () => walk(-1), g: () => { going = true; },
  x: () => choose(boxOf(currentRow())), z: () => press($$("[data-undo]").at(-1)),
};
// What somebody has put in place of a key; "" for nothing.
const remap = JSON.parse(app.dataset.remap ?? "{}");
let going = false;

on("keydown", (event) => {
  const { key, target } = event, busy = $("dialog[open]") || target.matches(TYPING);
  if (event.altKey || event.isComposing) return;
  if (key === "Escape") { if (!$("dialog[open]")) escape(target); return; }
  if (busy) return;
  let act = null;
  if (event.ctrlKey || event.metaKey) act = key === "a" && target.closest("#list") && (() => chooseAll(true));
  else if (app.dataset.keys !== "off" && key.length === 1) {
    const said = key.toLowerCase(), lower = remap[said] ?? said, place = going && $(`[data-go="${said}"]`);
    going = false;
    act = event.shiftKey && /[a-z]/i.test(key) ? SHIFTED[lower.toUpperCase()] ?? SHIFTED[key.toUpperCase()]
      : place ? () => place.click() : PLAIN[lower] ?? (/[a-z?./]/.test(lower) && (() => press(controlFor(lower))));
  }
  if (!act) return;
  event.preventDefault();
  act();
});

function escape(target) {
  const menu = $("details.menu[open]");
  if (menu) { menu.open = false; $("summary", menu).focus(); }
  else if (target.matches(TYPING)) target.blur();
  else if (chosen.size) chooseAll(false);
  else if ($("#list")?.offsetParent === null) press($("[data-back]"));
  else focusOn(currentRow()?.querySelector(".t") ?? $("#list"));
}
function press(control) {
  if (!control || control.ariaDisabled === "true") return;
  if (control.matches("input")) focusOn(control);
  else control.click();
}
const rows = () => $$("#rows .row:not(.leaving, details:not([open]) *), .bcard");
const currentRow = () => document.activeElement?.closest?.(".row, .bcard") ?? $(".row.sel");

// Of what is selected, else of the row that has the focus, else of the task that is open.
function controlFor(key) {
  const bulk = chosen.size && $(`[data-bulk="${key}"]:not([hidden])`);
  if (bulk) return bulk;
  const ofRow = { c: "[data-row-claim]", a: "[data-row-assign]" }[key];
  const focused = document.activeElement?.closest?.(".row, .bcard");
  if (ofRow && focused) return $(ofRow, focused);
  return $$(`[data-key="${key}"]`).find((each) => each.offsetParent || key === "n" || key === "p")
    ?? (ofRow && $(`.row.sel ${ofRow}`));
}
function neighbour(step) {
  const all = rows(), at = all.indexOf(currentRow());
  return all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
}
// From the task that is open to the next one, from the list to the next row.
function walk(step) {
  if (document.activeElement?.closest?.("#detail") && $(".row.sel")) openNeighbour(step);
  else moveFocus(step);
}
function moveFocus(step) { focusOn(neighbour(step)?.querySelector(".t")); }
function openNeighbour(step) {
  const all = rows(), at = all.findIndex((row) => row.classList.contains("sel"));
  all[at + step]?.querySelector(".t")?.click();
}
