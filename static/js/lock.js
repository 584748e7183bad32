// Locks the page when nobody is there: says so half a minute before, then leaves nothing on it.
const lockForm = $("#lock-now");
if (lockForm) {
  const idle = $("#idle"), limit = idle.dataset.seconds * 1000, tabs = new BroadcastChannel("taskward");
  let awake = Date.now(), told = awake;
  const stay = () => { awake = Date.now(); };
  const lock = () => {
    document.body.replaceChildren(lockForm);
    lockForm.next.value = location.pathname + location.search;
    lockForm.submit();
  };
  const lockAll = () => { tabs.postMessage(1); lock(); };
  const watch = () => {
    const left = awake + limit - Date.now(), soon = left <= 30000;
    if (left <= 0) lockAll();
    else if (idle.hidden === soon) { ($("dialog[open]") ?? document.body).append(idle); idle.hidden = !soon; }
    else if (awake > told && Date.now() > told + 20000) {
      told = Date.now();
      tabs.postMessage(0);
      navigator.sendBeacon(lockForm.dataset.active, new FormData(lockForm));
    }
  };
  tabs.onmessage = (event) => (event.data ? lock : stay)();
  lockForm.onsubmit = (event) => { event.preventDefault(); lockAll(); };
  if (limit) {
    ["keydown", "pointerdown", "wheel"].forEach((each) => addEventListener(each, stay, true));
    setInterval(watch, 1000);
  }
}
