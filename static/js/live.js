// Live: ask for changes every 3 s (60 s when hidden), then fetch what changed.
let lostSince = null, updated = Date.now(), timer = null, fresh = new Set(), pending = new Set(), position = $("#list, #board")?.dataset.position;

function connection(state) {
  const live = $("#live"), text = $("#live-text");
  if (!live) return; // the lock has emptied the page
  if (state === "lost") lostSince ??= new Date(Date.now() + ahead);
  else lostSince = null;
  const time = clinicTime(lostSince ?? new Date(updated + ahead));
  const said = fill(words[state], { time });
  app.dataset.state = live.dataset.state = state;
  if (text.textContent !== said) text.textContent = said;
  $("#offline").hidden = state !== "lost";
  $("#stale").hidden = state !== "stale";
  $$(".since").forEach((since) => { since.textContent = time; });
  if (state === "lost") switchOff();
  else if (state !== "checking") switchOn();
}

// An answer that is a refusal, or late, is no lost line: what is shown grows old, and is said to.
const old = () => Date.now() - updated > 60000;
const failed = (problem) => connection(
  !navigator.onLine || problem instanceof TypeError ? "lost" : old() ? "stale" : "checking",
);

// What changes a task is off while there is no connection; the note above says so.
const ACTIONS = "#main form button, #main [hx-target='#modal'], #toasts form button, [data-send]";
function switchOff() {
  $$(ACTIONS).filter((each) => !each.ariaDisabled).forEach((each) => {
    each.dataset.off = "";
    each.ariaDisabled = "true";
    each.setAttribute("aria-describedby", "offline");
  });
}
function switchOn() {
  $$("[data-off]").forEach((each) => {
    delete each.dataset.off;
    each.ariaDisabled = null;
    each.removeAttribute("aria-describedby");
  });
}
function clinicTime(at) {
  const time = new Date(at.getTime() + app.dataset.zoneMinutes * 60000).toISOString().slice(11, 16);
  const hour = Number(time.slice(0, 2));
  return words.halves.length ? `${hour % 12 || 12}${time.slice(2)} ${words.halves[hour < 12 ? 0 : 1]}` : time;
}

async function poll() {
  clearTimeout(timer);
  const list = $("#list, #board");
  if (list && old() && !lostSince) connection("stale"); // awake again, or shown again
  try {
    if (list) {
      await ask(list);
      await refreshRows(list);
    }
    updated = Date.now();
    connection("live");
  } catch (problem) {
    failed(problem);
  }
  timer = setTimeout(poll, document.hidden ? 60000 : 3000);
}

async function ask(list) {
  const query = new URLSearchParams({ list: list.dataset.list, since: position, shown: shown().slice(0, 150).join(), ...presence() });
  const answer = await fetch(`/worklist/changes?${query}&${list.dataset.query ?? ""}`, {
    headers: { "X-Requested-With": "fetch" }, signal: AbortSignal.timeout(10000),
  });
  if (answer.redirected || answer.status === 403) { location.reload(); return; }
  if (!answer.ok) throw new Error(answer.status);
  position = answer.headers.get("Taskward-Position");
  const told = answer.status === 204 ? {} : await answer.json();
  showOthers(told.others);
  if (!told.rows) return;
  if (list.id === "board") { $("#board-news").hidden = false; return; }
  told.new.filter((id) => !byId(`row-${id}`)).forEach((id) => fresh.add(id));
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
  [...fresh].forEach((id) => { if (byId(`row-${id}`)) fresh.delete(id); });
  $("#newbar").hidden = fresh.size === 0;
  $("#show-new").textContent = fill(words.new, { count: fresh.size }, fresh.size);
}
async function showNew() {
  await htmx.ajax("GET", $("#list").dataset.url, { target: "#list", swap: "outerHTML" });
  mark();
}
function refreshDetail() {
  const detail = $("#detail");
  htmx.ajax("GET", `/worklist/t/${detail.dataset.task}?list=${encodeURIComponent($("#list").dataset.list)}`, { target: "#detail", swap: "outerHTML" });
}
