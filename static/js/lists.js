// Lists keep their place: Back closes the task or shows the one before, and the list stays as it is.
function closeTask() {
  const open = $("#detail").dataset.task;
  $("#detail").replaceWith($("#no-task").content.cloneNode(true));
  mark();
  focusOn($(`#row-${open} .t`) ?? $("#list"));
}
addEventListener("popstate", (event) => {
  const list = $("#list"), to = location.pathname + location.search;
  const isTask = to.startsWith("/worklist/t/") && new URL(location).searchParams.get("list") === list?.dataset.list;
  if (isTask) htmx.ajax("GET", to, { target: "#detail", swap: "outerHTML" });
  else if (to === list?.dataset.url && $("#no-task")) closeTask();
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
on("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "list") return;
  fresh.clear();
  position = $("#list").dataset.position;
});
