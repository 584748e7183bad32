// Dialogs that the server fills: one at a time, gone with all that is in it when closed.
const modal = $("#modal");
let opener = null, asking = [];

// What a dialog asks by the way nobody waits for once it is closed, or another is in its place.
on("htmx:beforeSend", (event) => {
  if (!isPost(event) && modal?.contains(event.detail.elt)) asking.push(event.detail.xhr);
});
function askNoMore() {
  asking.splice(0).filter((xhr) => xhr.readyState < XMLHttpRequest.DONE).forEach((xhr) => xhr.abort());
}

function openModal() {
  const dialog = $("dialog", modal);
  if (!dialog || dialog.open) return;
  askNoMore();
  $$("details.menu[open]").forEach((menu) => { menu.open = false; });
  dialog.addEventListener("close", () => {
    askNoMore();
    dialog.remove();
    if (isLost()) rest(byId(opener?.id) ?? opener);
  });
  dialog.showModal();
  ($("[data-first]", dialog) ?? $("[data-find]", dialog) ?? dialog).focus();
}
// Where a line of the summary of a refused form leads.
function firstOf(link) {
  const field = byId(link.hash.slice(1));
  return field && $("input:checked, input:not([disabled]), select, textarea", field);
}
on("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  if (event.target.id === "reply-text" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    press($$("#composer [data-send]").find((each) => each.offsetParent));
    return;
  }
  const dialog = event.target.closest?.(".move");
  if (!dialog) return;
  if (event.ctrlKey || event.metaKey) { event.preventDefault(); press($("[data-send]", dialog)); }
  // Enter alone confirms nothing, so that it does not slip out while somebody is looking.
  else if (event.target.matches("input")) event.preventDefault();
});

function focusOn(element) {
  element?.scrollIntoView({ block: "nearest" });
  element?.focus();
}
// Whether nothing has the focus, and where it goes then: back, or to what the page is about.
const isLost = () => (document.activeElement ?? document.body) === document.body;
function rest(back) {
  const closed = back?.closest("details:not([open])");
  (back?.checkVisibility() ? back : closed?.firstElementChild ?? $("#detail [data-focus]") ?? $("#task-title") ?? $("#list") ?? $("#main"))
    ?.focus({ preventScroll: true });
}
