// After a swap: selection, focus, scroll.
let before = {}, busy = 0;

const sentTo = (event) => event.detail.requestConfig?.path ?? "";
// What follows from a field of a form, and not from sending the form.
const stays = (event) => event.detail.requestConfig?.elt?.closest?.("[data-stays]");
const isPost = (event) => event.detail.requestConfig?.verb === "post";
const isBulk = (event) => isPost(event) && sentTo(event).startsWith("/worklist/bulk");
// Only what was pressed shows that it is busy.
const pressed = (event) => event.detail.requestConfig.triggeringEvent?.submitter ?? event.detail.elt;
const count = (event, step) => {
  if (!isPost(event)) return;
  busy += step;
  pressed(event).ariaBusy = step > 0 ? "true" : null;
};
on("htmx:beforeSend", (event) => count(event, 1));
on("htmx:configRequest", (event) => {
  if (event.detail.path.startsWith("/worklist/bulk")) event.detail.parameters.open = $("#detail")?.dataset.task ?? "";
});

// A whole page in place of a part is a refusal: what it says is said, and what is shown stays.
function refusal(xhr) {
  const header = (name) => xhr.getResponseHeader(name);
  if (xhr.status === 429) return fill(words.slow, { seconds: header("Retry-After") ?? 10 });
  if (xhr.status < 400 || header("HX-Retarget") || !/^\s*(<!doctype|$)/i.test(xhr.response)) return "";
  const page = new DOMParser().parseFromString(xhr.response, "text/html");
  return $$("h1, h1 ~ p", page).slice(0, 2).map((each) => each.textContent).join(". ") || words.failed;
}

on("htmx:beforeSwap", (event) => {
  // A session that ended answers with the sign-in page: go there instead of showing it in a part.
  const { xhr } = event.detail, ended = new URL(xhr.responseURL || location.href).pathname.startsWith("/accounts/");
  const refused = !ended && refusal(xhr), sent = sentTo(event);
  // The rows of a poll wait for a button's answer: htmx cannot place what a replaced button gets.
  if (ended || refused || (busy && sent.startsWith("/worklist/rows"))) {
    event.detail.shouldSwap = false;
    if (ended) location.reload();
    else if (refused) say(refused);
    return;
  }
  // Questions that nobody has typed into are as they are kept.
  $$(".questions:not([data-typed])").forEach((each) => { each.id = ""; });
  if (xhr.getResponseHeader("HX-Retarget") === "body") event.detail.target = messages();
  const detail = $("#detail");
  before = {
    focus: document.activeElement?.id,
    task: detail?.dataset.task,
    scroll: $(".d-scroll")?.scrollTop ?? 0,
    // What is being typed outlives the answer to something else.
    draft: sent.endsWith("/note") ? "" : $("#note-text")?.value ?? "",
    reply: isPost(event) && sent.startsWith("/worklist/th/") ? null : $("#reply-text"),
  };
});

on("input", (event) => {
  const asked = event.target.closest(".questions");
  if (asked) { asked.dataset.typed = ""; asked.id = asked.dataset.place; }
});

on("htmx:beforeRequest", (event) => {
  if (event.detail.target === modal || isBulk(event)) opener = pressed(event);
});

on("htmx:afterSettle", (event) => {
  if (event.detail.target === modal) { openModal(); return; }
  // What could not be done stays selected, and all of it while a dialog asks again.
  if (isBulk(event) && event.detail.successful) {
    chosen.clear();
    $$(".row.refused").forEach((row) => chosen.add(row.dataset.id));
  }
  if ($("#board")) { settleBoard(); return; }
  mark();
  const detail = $("#detail");
  const same = detail?.dataset.task && detail.dataset.task === before.task;
  if (same && $(".d-scroll")) $(".d-scroll").scrollTop = before.scroll;
  if (same && before.draft && $("#note-text")?.value === "") $("#note-text").value = before.draft;
  const reply = $("#reply-text");
  if (same && reply && before.reply && reply !== before.reply) reply.value = before.reply.value;
  const asked = $("dialog[open] [data-focus]");
  if (asked && isPost(event) && !stays(event)) { asked.focus(); return; }
  if (isLost()) rest(byId(before.focus));
});

on("htmx:afterRequest", (event) => {
  const from = event.detail.elt;
  count(event, -1);
  if (from.matches?.(".t")) rest($("#task-title"));
  if (isPost(event) && event.detail.successful && !stays(event)) from.closest?.("dialog")?.close();
});

on("htmx:sendError", (event) => {
  connection("lost");
  // Nothing is sent again by itself: by then it may no longer be what the person wants.
  if (isPost(event)) say(words.undone);
});

// A message would lie under an open dialog, so there it stands in it.
const messages = () => $("dialog[open] .said") ?? $("#toasts");

function say(text) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.role = "alert";
  toast.textContent = text;
  messages().append(toast);
  mark();
}

// Out of sight Z still takes back the last action.
function putAway(toast) {
  if ($("[data-undo]", toast)) toast.hidden = true;
  else toast.remove();
}

function mark() {
  const detail = $("#detail"), open = detail?.dataset.task, all = rows();
  all.forEach((row) => {
    const selected = row.dataset.id === open;
    row.classList.toggle("sel", selected);
    const link = $(".t", row);
    if (link) link.ariaCurrent = selected ? "true" : null;
  });
  const at = all.findIndex((row) => row.dataset.id === open);
  // Of a list that goes on the server has told how many there are, where that is known.
  const place = $("#place"), told = Number($("#list-count")?.dataset.total);
  const total = !$(".more-rows") ? all.length : told > all.length ? told : `${all.length}+`;
  if (place) place.textContent = at < 0 ? "" : `${fill(words.place, { place: at + 1, total })} · `;
  $$("[data-move]", detail ?? document).forEach((button) => { button.hidden = at < 0; });
  $$(".row.leaving:not([data-going])").forEach((row) => {
    row.dataset.going = "";
    setTimeout(() => { if (row.isConnected) { row.remove(); mark(); } }, 4000);
  });
  showChosen();
  const news = $$(".toast:not([data-seen])");
  // What came after can no longer be jumped over: only the last action can be undone.
  if (news.length) $$(".toast[data-seen]:has([data-undo])").forEach((toast) => toast.remove());
  news.forEach((toast) => {
    toast.dataset.seen = "";
    const gone = () => (toast.matches(":hover, :focus-within") ? setTimeout(gone, 2000) : putAway(toast));
    setTimeout(gone, "stay" in toast.dataset ? 30000 : $("#toasts").dataset.seconds * 1000);
  });
}
