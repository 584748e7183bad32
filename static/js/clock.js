// The clock: relative times once a minute, by the server's clock.
const ahead = new Date(app.dataset.now) - Date.now();
const span = (minutes, hours = Math.floor(minutes / 60), days = Math.floor(hours / 24)) =>
  minutes < 1 ? words.instant : hours < 1 ? fill(words.minutes, { minutes })
    : days < 1 ? fill(words.hours, { hours, minutes: String(minutes % 60).padStart(2, "0") })
      : fill(words.days, { days }, days);

function tick() {
  const now = Date.now() + ahead;
  $$("[data-due]").forEach((time) => {
    const minutes = (new Date(time.dateTime) - now) / 60000;
    if (minutes >= 120) return;
    const late = minutes <= 0, long = "long" in time.dataset;
    time.classList.toggle("late", late);
    $("svg", time)?.remove();
    if (minutes < 60) time.insertAdjacentHTML("afterbegin", `<svg class="i i-s" aria-hidden="true"><use href="${$("use").getAttribute("href").split("#")[0]}#${late ? "alarm-clock" : "clock"}"/></svg>`);
    time.classList.toggle("soon", !late && minutes < 60);
    const length = span(Math.floor(Math.abs(minutes)));
    const text = late ? length : fill(words.in, { time: length });
    const said = $(":scope > span", time), hidden = $(".vh", said);
    if (long) said.textContent = fill(late ? words.overdue : words.due, { time: text });
    else if (late && hidden) hidden.nextSibling.data = text;
    else if (late) said.innerHTML = `<span class="vh">${fill(words.overdue, { time: "" })}</span>${text}`;
    else said.textContent = text;
  });
}
setInterval(tick, 30000);
$("#zone-note").hidden = -new Date().getTimezoneOffset() === Number(app.dataset.zoneMinutes);
