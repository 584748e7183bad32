// Hiding patient details.
$("#privacy-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const hide = document.documentElement.dataset.privacy !== "on";
  document.documentElement.dataset.privacy = hide ? "on" : "off";
  const button = $("#privacy");
  button.setAttribute("aria-pressed", String(hide));
  setTimeout(() => { button.value = hide ? "off" : "on"; });
});
