// The selected rows: what is chosen outlives the swap of a row, and goes with the row that leaves.
const chosen = new Set();
const boxOf = (row) => row && $("[name=ids]", row);
const boxes = () => rows().map(boxOf).filter(Boolean);
const idOf = (box) => box.value.split("/")[0];

function choose(box, yes = !box?.checked) {
  if (box) chosen[yes ? "add" : "delete"](idOf(box));
  showChosen();
}
function showChosen() {
  const all = boxes(), bar = $("#bulk");
  if (!bar) return;
  all.forEach((box) => { box.checked = chosen.has(idOf(box)); });
  const found = all.filter((box) => box.checked), every = $("#select-all");
  chosen.clear();
  found.forEach((box) => chosen.add(idOf(box)));
  const held = bar.contains(document.activeElement);
  const count = $("#bulk-count"), said = found.length ? fill(count.dataset.said, { n: found.length }) : "";
  if (count.textContent !== said) count.textContent = said;
  $$("[data-bulk]", bar).forEach((button) => {
    const able = found.filter((box) => box.dataset.can.split(" ").includes(button.value)).length;
    button.hidden = !able;
    $(".n", button).textContent = able < found.length || button.value === "claim" ? able : "";
  });
  if (held && !(found.length && document.activeElement.checkVisibility())) rest($(".t", currentRow() ?? rows()[0]));
  // Of a list that goes on these are those that are there.
  const whole = $("#all-in-view"), name = fill($(".more-rows") ? whole.dataset.shown : whole.dataset.all, { n: all.length });
  whole.hidden = !found.length || found.length === all.length;
  whole.textContent = name;
  if (every) {
    every.ariaLabel = every.title = name;
    every.checked = all.length > 0 && found.length === all.length;
    every.indeterminate = !every.checked && found.length > 0;
  }
}
function chooseAll(yes) {
  boxes().forEach((box) => choose(box, yes));
}
// With J and K: the one that has the focus, and the one it goes to.
function extend(step) {
  choose(boxOf(currentRow()), true);
  moveFocus(step);
  choose(boxOf(currentRow()), true);
}
on("change", (event) => {
  if (event.target.matches("[name=ids]")) choose(event.target, event.target.checked);
  else if (event.target.id === "select-all") chooseAll(event.target.checked);
  else if (event.target.id === "selecting" && !event.target.checked) chooseAll(false);
});
on("click", (event) => { if (event.target.id === "all-in-view") chooseAll(true); });
on("reset", (event) => {
  if (event.target.id === "bulk") { event.preventDefault(); chooseAll(false); }
});
