// What the pages do beyond htmx; everything but this works without it. Nothing is kept in the
// browser's storage. tasks/assets.py puts these files together into one function, in its order.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);
const on = (name, act) => document.addEventListener(name, act);
const app = $(".app");

$$("[data-show]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => {
    const input = byId(button.dataset.show);
    const shown = input.type === "text";
    input.type = shown ? "password" : "text";
    [button.firstChild.data, button.dataset.other] = [button.dataset.other, button.firstChild.data];
    button.setAttribute("aria-pressed", String(!shown));
  });
});
if (!app) return;

$$("[data-print]").forEach((button) => { button.hidden = false; });

// What we say by ourselves, in the language of the page; of a pair the first is for one.
const words = JSON.parse(app.dataset.words);
const fill = (text, values, count) => (count === undefined ? text : text[count === 1 ? 0 : 1])
  .replace(/{(\w+)}/g, (all, name) => values[name]);

$$("[data-dialog='keys'], #live").forEach((each) => { each.hidden = false; });

on("click", (event) => {
  const hit = (selector) => event.target.closest(selector);
  $$("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target) || hit("[data-print], [data-copy]")) menu.open = false; });
  if (hit("[aria-disabled='true']")) { event.preventDefault(); return; }
  const opener = hit("[data-dialog]");
  if (opener) { event.preventDefault(); openDialog(opener.dataset.dialog); }
  const closer = hit("dialog [data-close]");
  if (closer) { event.preventDefault(); closer.closest("dialog").close(); }
  const problem = hit("a[href^='#field-']");
  if (problem) { event.preventDefault(); focusOn(firstOf(problem)); }
  if (hit("[data-dismiss]")) { putAway(hit(".toast")); rest(); }
  if (hit("[data-print]")) print();
  const copied = hit("[data-copy]");
  if (copied) navigator.clipboard.writeText(new URL(copied.dataset.copy, location)).then(() => say(words.copied));
  if (hit("[data-retry]")) poll();
  if (hit("[data-refresh]")) refreshDetail();
  const move = hit("[data-move]");
  if (move) openNeighbour(Number(move.dataset.move));
  // A step in the history would fetch the task anew.
  const part = hit("#detail a[href^='#']:not([href^='#field-'])");
  if (part) { event.preventDefault(); focusOn($(part.hash)); }
  if (hit("#show-new")) showNew();
});

function openDialog(id) {
  const dialog = byId(id);
  if (!dialog) return;
  $$("details.menu[open]").forEach((menu) => { menu.open = false; });
  if (dialog.open) dialog.close();
  dialog.showModal();
}
