// Lists keep their place: Back closes the task or shows the one before, and the list stays as it is.
function closeTask() {
  const open = $("#detail").dataset.task;
  $("#detail").replaceWith($("#no-task").content.cloneNode(true));
  mark();
  focusOn($(`#row-${open} .t`) ?? $("#list"));
}
const started = location.pathname + location.search, first = $("#list");
addEventListener("popstate", (event) => {
  const list = $("#list"), to = location.pathname + location.search;
  const isTask = to.startsWith("/worklist/t/") && new URL(location).searchParams.get("list") === list?.dataset.list;
  if (isTask) htmx.ajax("GET", to, { target: "#detail", swap: "outerHTML" });
  else if ((to === list?.dataset.url || (to === started && list === first)) && $("#no-task")) closeTask();
  else return;
  event.stopImmediatePropagation();
});
on("click", (event) => {
  const list = $("#list");
  if (!event.target.closest("[data-back]") || !$("#no-task") || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  history.pushState({ htmx: true }, "", list.dataset.url);
  closeTask();
});
// A list that is new is as it was when it was fetched; the rows of a poll leave it where it was.
let listed = $("#list");
on("htmx:afterSwap", () => {
  const list = $("#list");
  if (!list || list === listed) return;
  listed = list;
  fresh.clear();
  position = list.dataset.position;
});
