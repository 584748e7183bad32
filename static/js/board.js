// The board: a card is dropped on whoever shall have it; its button and A do the same.
const mover = $("#board-move");
let dragged = null, seen = [0, 0];

function settleBoard() {
  mark();
  ready();
  $(".cols").scrollTo(...seen);
  position = $("#board").dataset.position;
  $("#board-news").hidden = true;
  if (isLost()) rest(byId(before.focus));
}
function over(column) {
  $$(".col.over").forEach((each) => { if (each !== column) each.classList.remove("over"); });
  column?.classList.add("over");
}
function columnFor(event) {
  const column = dragged && event.target.closest?.(".col[data-drop]");
  return column && !column.contains(dragged) ? column : null;
}
function ready() {
  if (matchMedia("(pointer: fine)").matches) $$(".col[data-drop] .bcard").forEach((card) => { card.draggable = true; });
}
if (mover) {
  ready();
  on("htmx:beforeSwap", () => { seen = [$(".cols").scrollLeft, $(".cols").scrollTop]; });
  on("dragstart", (event) => {
    dragged = event.target.closest?.(".bcard");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
    dragged.classList.add("dragged");
  });
  on("dragover", (event) => {
    const column = columnFor(event);
    over(column);
    if (column) event.preventDefault();
  });
  on("drop", (event) => {
    const column = columnFor(event);
    if (!column) return;
    event.preventDefault();
    const { id, version } = dragged.dataset;
    const said = { task: id, version, to: column.dataset.to };
    Object.entries(said).forEach(([name, value]) => { mover.elements[name].value = value; });
    mover.requestSubmit();
  });
  on("dragend", () => {
    over(null);
    dragged?.classList.remove("dragged");
    dragged = null;
  });
}
