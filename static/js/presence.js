// Who else has this page open: asked with the poll, which says in return that a reply is being typed.
let typed = {};

on("input", (event) => {
  if (event.target.id !== "reply-text") return;
  typed = { task: opened(), at: Date.now() };
  judgeReply();
});
const opened = () => $("#detail")?.dataset.task ?? "";
function presence() {
  const writes = typed.task === opened() && Date.now() - typed.at < 20000;
  return { open: opened(), ...(writes && { writing: "" }) };
}
function showOthers(others = {}) {
  $$("[data-others]").forEach((each) => {
    const said = others[each.dataset.others] ?? "", text = $("span", each);
    if (text.textContent !== said) text.textContent = said;
    each.hidden = !said;
  });
}

on("click", (event) => { if (event.target.closest("[data-print]")) print(); });

// An empty reply is not sent: its buttons are off, and say why.
function judgeReply() {
  const empty = !$("#reply-text")?.value.trim(), why = $("#why-empty");
  if (why) why.hidden = !empty;
  $$("[data-needs]:not([data-off])").forEach((each) => { each.ariaDisabled = empty ? "true" : null; });
}
on("htmx:afterSettle", judgeReply);
judgeReply();
