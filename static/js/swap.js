// After a swap: selection, focus, scroll.
let before = {}, busy = 0;

// What follows from a field of a form, and not from sending the form.
const stays = (event) => event.detail.requestConfig?.elt?.closest?.("[data-stays]");
const isPost = (event) => event.detail.requestConfig?.verb === "post";
const isBulk = (event) => /^.worklist.bulk/.test(event.detail.requestConfig?.path);
// Only what was pressed shows that it is busy.
const pressed = (event) => event.detail.requestConfig.triggeringEvent?.submitter ?? event.detail.elt;
document.body.addEventListener("htmx:beforeSend", (event) => {
  if (!isPost(event)) return;
  busy += 1;
  pressed(event).ariaBusy = "true";
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (!isPost(event)) return;
  busy -= 1;
  pressed(event).ariaBusy = null;
});
document.body.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.path.startsWith("/worklist/bulk")) event.detail.parameters.open = $("#detail")?.dataset.task ?? "";
});

// A whole page in place of a part is a refusal: what it says is said, and what is shown stays.
function wholePage({ status, response }, after) {
  if (status === 429) return fill(words.slow, { seconds: after ?? 10 });
  if (status < 400 || (status < 500 && !/^\s*<!doctype/i.test(response))) return "";
  const page = new DOMParser().parseFromString(response, "text/html");
  return ["h1", "h1 ~ p"].map((each) => $(each, page)?.textContent).filter(Boolean).join(". ") || words.failed;
}

document.body.addEventListener("htmx:beforeSwap", (event) => {
  // A session that ended answers with the sign-in page: go there instead of showing it in a part.
  if (new URL(event.detail.xhr.responseURL || location.href).pathname.startsWith("/accounts/")) {
    event.detail.shouldSwap = false;
    location.reload();
    return;
  }
  const { xhr, target } = event.detail, refusal = !xhr.getResponseHeader("HX-Retarget") && wholePage(xhr, xhr.getResponseHeader("Retry-After"));
  if (refusal) {
    event.detail.shouldSwap = false;
    if (target !== document.body) say(refusal);
    return;
  }
  // The rows of a poll wait for a button's answer: htmx cannot place what a replaced button gets.
  if (busy && event.detail.requestConfig?.path.startsWith("/worklist/rows")) {
    event.detail.shouldSwap = false;
    return;
  }
  // A toast would lie under an open dialog, so there it stands in it.
  const said = $("dialog[open] .said");
  if (said && event.detail.target?.id === "toasts") event.detail.target = said;
  const detail = $("#detail");
  const sent = event.detail.requestConfig?.path ?? "";
  before = {
    focus: document.activeElement?.id,
    task: detail?.dataset.task,
    scroll: $(".d-scroll")?.scrollTop ?? 0,
    // What is being typed outlives the answer to something else.
    draft: sent.endsWith("/note") ? "" : $("#note-text")?.value ?? "",
    reply: isPost(event) && sent.startsWith("/worklist/th/") ? null : $("#reply-text"),
  };
});

document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target === modal || isBulk(event)) opener = pressed(event);
});

document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target === modal) { openModal(); return; }
  if (isPost(event) && isBulk(event)) {
    // What could not be done stays selected.
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
  if (document.activeElement && document.activeElement !== document.body) return;
  const kept = before.focus && document.getElementById(before.focus);
  (kept?.offsetParent ? kept : home())?.focus({ preventScroll: true });
});

document.body.addEventListener("htmx:afterRequest", (event) => {
  const from = event.detail.elt;
  if (from.matches?.(".t")) $("#task-title")?.focus({ preventScroll: true });
  if (isPost(event) && event.detail.successful && !stays(event)) from.closest?.("dialog")?.close();
});

// Where the focus goes when what had it is gone.
function home() {
  return $("#detail [data-focus]") ?? $("#task-title") ?? $("#list") ?? $("main h1");
}

document.body.addEventListener("htmx:sendError", (event) => {
  connection("lost");
  // Nothing is sent again by itself: by then it may no longer be what the person wants.
  if (isPost(event)) say(words.undone);
});

function say(text) {
  const toast = document.createElement("div"), body = document.createElement("span");
  toast.className = "toast";
  toast.setAttribute("role", "alert");
  body.textContent = text;
  toast.append(body);
  ($("dialog[open] .said") ?? $("#toasts")).append(toast);
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
    $(".t", row)?.[selected ? "setAttribute" : "removeAttribute"]("aria-current", "true");
  });
  const at = all.findIndex((row) => row.dataset.id === open);
  const place = $("#place"), total = all.length + ($(".more-rows") ? "+" : "");
  if (place) place.textContent = at < 0 ? "" : ` · ${fill(words.place, { place: at + 1, total })}`;
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
    setTimeout(gone, "stay" in toast.dataset ? 30000 : 10000);
  });
}
