// What the pages do beyond htmx: shortcuts, dialogs, toasts, focus, the clock and the polling.
// Everything but these works without it. Nothing is kept in the browser's storage.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const app = $(".app");

  // --- sign-in and menus ---------------------------------------------------------------------
  $$("[data-show]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      const input = document.getElementById(button.dataset.show);
      const shown = input.type === "text";
      input.type = shown ? "password" : "text";
      button.firstChild.data = shown ? "Show" : "Hide";
      button.setAttribute("aria-pressed", String(!shown));
    });
  });
  if (!app) return;

  $$("[data-dialog='keys'], #live").forEach((each) => { each.hidden = false; });

  document.addEventListener("click", (event) => {
    $$("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
    if (event.target.closest("[aria-disabled='true']")) { event.preventDefault(); return; }
    const opener = event.target.closest("[data-dialog]");
    if (opener) { event.preventDefault(); openDialog(opener.dataset.dialog); }
    const closer = event.target.closest("dialog [data-close]");
    if (closer) { event.preventDefault(); closer.closest("dialog").close(); }
    const problem = event.target.closest("a[href^='#field-']");
    if (problem) { event.preventDefault(); focusOn(firstOf(problem)); }
    if (event.target.closest("[data-dismiss]")) event.target.closest(".toast").remove();
    if (event.target.closest("[data-refresh]")) refreshDetail();
    const move = event.target.closest("[data-move]");
    if (move) openNeighbour(Number(move.dataset.move));
    if (event.target.closest("a[href='#note-text']")) { event.preventDefault(); focusOn($("#note-text")); }
    if (event.target.closest("#show-new")) showNew();
  });

  function openDialog(id) {
    const dialog = document.getElementById(id);
    if (!dialog) return;
    $$("details.menu[open]").forEach((menu) => { menu.open = false; });
    if (dialog.open) dialog.close();
    dialog.showModal();
  }

  // --- dialogs that the server fills: one at a time, gone with all that is in it when closed ----
  const modal = $("#modal");
  let opener = null;

  function openModal() {
    const dialog = $("dialog", modal);
    if (!dialog || dialog.open) return;
    $$("details.menu[open]").forEach((menu) => { menu.open = false; });
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (document.activeElement && document.activeElement !== document.body) return;
      const back = document.getElementById(opener?.id);
      (back?.offsetParent ? back : $("#detail [data-focus]") ?? $("#task-title") ?? $("#list"))
        ?.focus({ preventScroll: true });
    });
    dialog.showModal();
    ($("[data-first]", dialog) ?? $("[data-find]", dialog) ?? dialog).focus();
  }
  // Where a line of the summary of a refused form leads.
  function firstOf(link) {
    const field = document.getElementById(link.hash.slice(1));
    return field && $("input:checked, input:not([disabled]), textarea", field);
  }
  document.addEventListener("keydown", (event) => {
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
    if (!element) return;
    element.scrollIntoView({ block: "nearest" });
    element.focus();
  }

  // --- hiding patient details ----------------------------------------------------------------
  $("#privacy-form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const hide = document.documentElement.dataset.privacy !== "on";
    document.documentElement.dataset.privacy = hide ? "on" : "off";
    const button = $("#privacy");
    button.setAttribute("aria-pressed", String(hide));
    setTimeout(() => { button.value = hide ? "off" : "on"; });
  });

  // --- shortcuts -----------------------------------------------------------------------------
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

  // --- after a swap: selection, focus, scroll -------------------------------------------------
  let before = {}, busy = 0;

  const isPost = (event) => event.detail.requestConfig?.verb === "post";
  document.body.addEventListener("htmx:beforeSend", (event) => { if (isPost(event)) busy += 1; });
  document.body.addEventListener("htmx:afterRequest", (event) => { if (isPost(event)) busy -= 1; });

  document.body.addEventListener("htmx:beforeSwap", (event) => {
    // A session that ended answers with the sign-in page: go there instead of showing it in a part.
    if (new URL(event.detail.xhr.responseURL || location.href).pathname.startsWith("/accounts/")) {
      event.detail.shouldSwap = false;
      location.reload();
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
    if (event.detail.target === modal) opener = event.detail.elt;
  });

  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target === modal) { openModal(); return; }
    if ($("#board")) { settleBoard(); return; }
    mark();
    const detail = $("#detail");
    const same = detail?.dataset.task && detail.dataset.task === before.task;
    if (same && $(".d-scroll")) $(".d-scroll").scrollTop = before.scroll;
    if (same && before.draft && $("#note-text")?.value === "") $("#note-text").value = before.draft;
    const reply = $("#reply-text");
    if (same && reply && before.reply && reply !== before.reply) reply.value = before.reply.value;
    const asked = $("dialog[open] [data-focus]");
    if (asked && isPost(event)) { asked.focus(); return; }
    if (document.activeElement && document.activeElement !== document.body) return;
    const kept = before.focus && document.getElementById(before.focus);
    if (kept?.offsetParent) kept.focus({ preventScroll: true });
    else (($("[data-focus]", detail ?? document) ?? $("#task-title") ?? $("#list"))?.focus({ preventScroll: true }));
  });

  document.body.addEventListener("htmx:afterRequest", (event) => {
    const from = event.detail.elt;
    if (from.matches?.(".t")) $("#task-title")?.focus({ preventScroll: true });
    if (isPost(event) && event.detail.successful) from.closest?.("dialog")?.close();
  });

  document.body.addEventListener("htmx:sendError", (event) => {
    connection("lost");
    // Nothing is sent again by itself: by then it may no longer be what the person wants.
    if (isPost(event)) say("No connection: that was not done.");
  });

  function say(text) {
    const toast = document.createElement("div"), words = document.createElement("span");
    toast.className = "toast";
    toast.setAttribute("role", "alert");
    words.textContent = text;
    toast.append(words);
    ($("dialog[open] .said") ?? $("#toasts")).append(toast);
    mark();
  }

  function mark() {
    const detail = $("#detail"), open = detail?.dataset.task, all = rows();
    all.forEach((row) => {
      const selected = row.dataset.id === open;
      row.classList.toggle("sel", selected);
      $(".t", row)?.[selected ? "setAttribute" : "removeAttribute"]("aria-current", "true");
    });
    const at = all.findIndex((row) => row.dataset.id === open);
    const place = $("#place");
    if (place) place.textContent = at < 0 ? "" : ` · ${at + 1} of ${all.length}${$(".more-rows") ? "+" : ""}`;
    $$("[data-move]", detail ?? document).forEach((button) => { button.hidden = at < 0; });
    $$(".row.leaving:not([data-going])").forEach((row) => {
      row.dataset.going = "";
      setTimeout(() => { if (row.isConnected) { row.remove(); mark(); } }, 4000);
    });
    const news = $$(".toast:not([data-seen])");
    // What came after can no longer be jumped over: only the last action can be undone.
    if (news.length) $$(".toast[data-seen]:has([data-undo])").forEach((toast) => toast.remove());
    news.forEach((toast) => {
      toast.dataset.seen = "";
      const gone = () => (toast.matches(":hover, :focus-within") ? setTimeout(gone, 2000) : toast.remove());
      setTimeout(gone, "stay" in toast.dataset ? 30000 : 10000);
    });
  }

  // --- the clock: relative times once a minute, by the server's clock --------------------------
  const ahead = new Date(app.dataset.now) - Date.now();
  const span = (minutes) => minutes < 1 ? "under 1 min" : minutes < 60 ? `${minutes} min`
    : minutes < 1440 ? `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`
    : `${Math.floor(minutes / 1440)} day${minutes < 2880 ? "" : "s"}`;

  function tick() {
    const now = Date.now() + ahead;
    $$("[data-due]").forEach((time) => {
      const minutes = (new Date(time.dataset.due) - now) / 60000;
      if (minutes >= 120) return;
      const late = minutes <= 0, long = "long" in time.dataset;
      time.classList.toggle("late", late);
      time.classList.toggle("soon", !late && minutes < 60);
      const text = late ? span(Math.floor(-minutes)) : `in ${span(Math.floor(minutes))}`;
      const said = $(":scope > span", time), hidden = $(".vh", said);
      if (long) said.textContent = `${late ? "Overdue" : "Due"} ${text}`;
      else if (late && hidden) hidden.nextSibling.data = text;
      else if (late) said.innerHTML = `<span class="vh">Overdue </span>${text}`;
      else said.textContent = text;
    });
  }
  setInterval(tick, 30000);
  $("#zone-note").hidden = -new Date().getTimezoneOffset() === Number(app.dataset.zoneMinutes);

  // --- live: ask for changes every 3 s (60 s when hidden), then fetch what changed --------------
  let lostSince = null, timer = null, fresh = new Set(), pending = new Set(), position = $("#list, #board")?.dataset.position;

  function connection(state) {
    const live = $("#live"), text = $("#live-text");
    if (state === "lost") lostSince ??= new Date(Date.now() + ahead);
    else lostSince = null;
    const at = lostSince && clinicTime(lostSince);
    const said = state === "live" ? "Live" : state === "lost" ? `No connection since ${at}` : "Checking";
    live.dataset.state = state;
    if (text.textContent !== said) text.textContent = said;
    $("#offline").hidden = state !== "lost";
    $("#offline-since").textContent = at ?? "";
    if (state === "lost") switchOff();
    else if (state === "live") switchOn();
  }

  // What changes a task is off while there is no connection; the note above says so.
  const ACTIONS = "#main form button, #main [data-dialog^='ask-'], #main [hx-target='#modal'], #toasts form button, [data-send]";
  function switchOff() {
    $$(ACTIONS).filter((each) => !each.hasAttribute("aria-disabled")).forEach((each) => {
      each.dataset.off = "";
      each.setAttribute("aria-disabled", "true");
      each.setAttribute("aria-describedby", "offline");
    });
  }
  function switchOn() {
    $$("[data-off]").forEach((each) => {
      delete each.dataset.off;
      each.removeAttribute("aria-disabled");
      each.removeAttribute("aria-describedby");
    });
  }
  const clinicTime = (at) => new Date(at.getTime() + app.dataset.zoneMinutes * 60000).toISOString().slice(11, 16);

  async function poll() {
    clearTimeout(timer);
    const list = $("#list, #board");
    try {
      if (list) {
        await ask(list);
        await refreshRows(list);
      }
      connection("live");
    } catch (problem) {
      connection("lost");
    }
    timer = setTimeout(poll, document.hidden ? 60000 : 3000);
  }

  async function ask(list) {
    const query = new URLSearchParams({ list: list.dataset.list, since: position, shown: shown().slice(0, 150).join() });
    const answer = await fetch(`/worklist/changes?${query}`, {
      headers: { "X-Requested-With": "fetch" }, signal: AbortSignal.timeout(10000),
    });
    if (answer.redirected || answer.status === 403) { location.reload(); return; }
    if (!answer.ok) throw new Error(answer.status);
    position = answer.headers.get("Taskward-Position");
    if (answer.status === 204) return;
    const told = await answer.json();
    if (list.id === "board") { $("#board-news").hidden = false; return; }
    told.new.filter((id) => !document.getElementById(`row-${id}`)).forEach((id) => fresh.add(id));
    told.rows.forEach((id) => pending.add(id));
    announceNew();
  }

  async function refreshRows(list) {
    if (pending.size && !busy) {
      const open = $("#detail")?.dataset.task ?? "", wanted = [...pending];
      const ids = new URLSearchParams({ list: list.dataset.list, ids: wanted.join(), open });
      await htmx.ajax("GET", `/worklist/rows?${ids}`, { swap: "none", source: list, target: list });
      if (busy) return;
      wanted.forEach((id) => pending.delete(id));
      const detail = $("#detail"), news = $("#news");
      if (news && detail?.dataset.version === news.dataset.version) news.replaceChildren();
    }
  }

  function shown() {
    const open = $("#detail")?.dataset.task;
    return [...new Set([...(open ? [open] : []), ...rows().map((row) => row.dataset.id)])];
  }
  function announceNew() {
    const bar = $("#newbar"), narrowed = "narrowed" in ($("#list")?.dataset ?? {});
    [...fresh].forEach((id) => { if (document.getElementById(`row-${id}`)) fresh.delete(id); });
    bar.hidden = fresh.size === 0 || narrowed;
    $("#show-new").textContent = `${fresh.size} new, show`;
  }
  async function showNew() {
    fresh = new Set();
    await htmx.ajax("GET", $("#list").dataset.url, { target: "#list", swap: "outerHTML" });
    position = $("#list").dataset.position;
    mark();
  }
  function refreshDetail() {
    const detail = $("#detail");
    htmx.ajax("GET", `/worklist/t/${detail.dataset.task}?list=${encodeURIComponent($("#list").dataset.list)}`, { target: "#detail", swap: "outerHTML" });
  }

  // --- the board: a card is dropped on whoever shall have it; its button and A do the same ------
  const mover = $("#board-move");
  let dragged = null, seen = [0, 0];

  function settleBoard() {
    mark();
    ready();
    $(".cols").scrollTo(...seen);
    position = $("#board").dataset.position;
    $("#board-news").hidden = true;
    if (document.activeElement === document.body) document.getElementById(before.focus)?.focus({ preventScroll: true });
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
    document.body.addEventListener("htmx:beforeSwap", () => { seen = [$(".cols").scrollLeft, $(".cols").scrollTop]; });
    document.addEventListener("dragstart", (event) => {
      dragged = event.target.closest?.(".bcard");
      if (!dragged) return;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", "");
      dragged.classList.add("dragged");
    });
    document.addEventListener("dragover", (event) => {
      const column = columnFor(event);
      over(column);
      if (column) event.preventDefault();
    });
    document.addEventListener("drop", (event) => {
      const column = columnFor(event);
      if (!column) return;
      event.preventDefault();
      const { id, version } = dragged.dataset;
      const said = { task: id, version, to: column.dataset.to };
      Object.entries(said).forEach(([name, value]) => { mover.elements[name].value = value; });
      mover.requestSubmit();
    });
    document.addEventListener("dragend", () => {
      over(null);
      dragged?.classList.remove("dragged");
      dragged = null;
    });
  }

  document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
  addEventListener("online", () => { $("#live").dataset.state = "checking"; poll(); });
  addEventListener("offline", () => connection("lost"));
  mark();
  tick();
  // A page that a person without scripts would see with its dialog open gets it as a real dialog.
  $$("dialog[open]").forEach((dialog) => openDialog(dialog.id));
  timer = setTimeout(poll, 500);
})();
