// The clock: relative times once a minute, by the server's clock.
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
