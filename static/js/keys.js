// Shortcuts.
const TYPING = "input:not([type=checkbox]), textarea, select, [contenteditable]";
const SHIFTED = {
  j: () => extend(1),
  k: () => extend(-1),
  r: () => { if ($("#list")) showNew(); },
  l: () => $("#lock-now")?.requestSubmit(),
};
let going = false;

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.isComposing) return;
  const dialog = $("dialog[open]"), typing = event.target.matches(TYPING);
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) {
    if (key !== "a" || dialog || typing || !event.target.closest("#list")) return;
    event.preventDefault();
    chooseAll(true);
    return;
  }
  if (key === "Escape") { if (!dialog) escape(event.target, typing); return; }
  if (dialog || typing || app.dataset.keys === "off") return;
  const went = going, shifted = event.shiftKey && /^[a-z]$/.test(key);
  going = false;
  if (shifted) SHIFTED[key]?.();
  else if (went && $(`[data-go="${key}"]`)) $(`[data-go="${key}"]`).click();
  else if (key === "g") going = true;
  else if (key === "j" || key === "k") moveFocus(key === "j" ? 1 : -1);
  else if (key === "x") { const box = currentRow() && boxOf(currentRow()); if (box) choose(box); }
  else if (key === "z") press($$("[data-undo]").at(-1));
  else if (/^[a-z?./]$/.test(key)) press(controlFor(key));
  else return;
  if (!shifted || SHIFTED[key]) event.preventDefault();
});

function escape(target, typing) {
  const menu = $("details.menu[open]");
  if (menu) { menu.open = false; $("summary", menu).focus(); }
  else if (typing) target.blur();
  else if (chosen.size) chooseAll(false);
  else focusOn(currentRow()?.querySelector(".t") ?? $("#list"));
}
function press(control) {
  if (!control || control.getAttribute("aria-disabled") === "true") return;
  if (control.matches("input")) focusOn(control);
  else control.click();
}
const rows = () => $$("#rows .row:not(.leaving), .bcard");
const currentRow = () => document.activeElement?.closest?.(".row, .bcard") ?? $(".row.sel");

// Of what is selected, else of the row that has the focus, else of the task that is open.
function controlFor(key) {
  if (chosen.size) {
    const bulk = $(`[data-bulk="${key}"]:not([hidden])`);
    if (bulk) return bulk;
  }
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
function moveFocus(step) { focusOn(neighbour(step)?.querySelector(".t")); }
function openNeighbour(step) {
  const all = rows(), at = all.findIndex((row) => row.classList.contains("sel"));
  all[at + step]?.querySelector(".t")?.click();
}
