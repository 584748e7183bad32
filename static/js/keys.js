// Shortcuts.
const TYPING = "input, textarea, select, [contenteditable]";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const dialog = $("dialog[open]");
  if (event.key === "Escape") {
    if (dialog) return;
    const menu = $("details.menu[open]");
    if (menu) { menu.open = false; $("summary", menu).focus(); return; }
    if (event.target.matches(TYPING)) { event.target.blur(); return; }
    focusOn(currentRow()?.querySelector(".t") ?? $("#list"));
    return;
  }
  if (dialog || event.target.matches(TYPING)) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === "j" || key === "k") moveFocus(key === "j" ? 1 : -1);
  else if (key === "c") press(buttonFor("c", "claim"));
  else if (key === "a") press(buttonFor("a", "assign"));
  else if (key === "z") press($$("[data-undo]").at(-1));
  else if (/^[a-z?.]$/.test(key)) press($$(`[data-key="${key}"]`).find((each) => each.offsetParent || key === "n" || key === "p"));
  else return;
  event.preventDefault();
});

function press(control) {
  if (control && control.getAttribute("aria-disabled") !== "true") control.click();
}
const rows = () => $$("#rows .row:not(.leaving), .bcard");
const currentRow = () => document.activeElement?.closest?.(".row, .bcard") ?? $(".row.sel");

// Of the row that has the focus, else of the task that is open.
function buttonFor(key, name) {
  const focused = document.activeElement?.closest?.(".row, .bcard"), ofRow = `[data-row-${name}]`;
  return focused ? $(ofRow, focused) : $(`#detail [data-key='${key}']`) ?? $(`.row.sel ${ofRow}`);
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
