// Begins when everything is there.
on("visibilitychange", () => { if (!document.hidden) poll(); });
addEventListener("online", () => { $("#live").dataset.state = "checking"; poll(); });
addEventListener("offline", () => connection("lost"));
addEventListener("load", () => $("#task-styles")?.setAttribute("rel", "stylesheet"));
mark();
tick();
// A page that a person without scripts would see with its dialog open gets it as a real dialog.
$$("dialog[open]").forEach((dialog) => openDialog(dialog.id));
timer = setTimeout(poll, 500);
