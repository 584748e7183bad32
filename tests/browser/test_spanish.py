"""A nurse who reads Spanish: she takes a task, completes one, reroutes another, and reads no English."""

from playwright.sync_api import expect

from tests.browser.told import identifier, reason

POOL = "/worklist/pool/registered-nurse"


def test_a_day_in_spanish(visit, people, api, picture):
    nurse, told = people["nurse"].user, api("nurse")
    nurse.language = "es"
    nurse.save()
    page = visit("nurse", POOL)
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.locator("#live-text")).to_have_text("En directo")
    expect(page.locator(".row .prio").first).to_have_text("Inmediata")
    expect(page.get_by_role("navigation", name="Principal")).to_contain_text("Mis tareas")

    # Claim.
    page.keyboard.press("n")
    expect(page.locator(".toast")).to_contain_text("Tomada")
    expect(page.locator(".tl li").first).to_contain_text("Usted la tomó")
    expect(page.locator("#detail")).to_contain_text("Vencida hace")
    picture(page, "spanish-task")
    page.keyboard.press("s")
    expect(page.locator(".steps .now")).to_contain_text("En curso")

    # Complete.
    page.keyboard.press("e")
    expect(page.locator(".steps .now")).to_contain_text("Completada")
    first = page.locator("#detail").get_attribute("data-task")

    # Reroute.
    page.keyboard.press("n")
    expect(page.locator(".toast").last).to_contain_text("Tomada")
    page.keyboard.press("r")
    second = page.locator("#detail").get_attribute("data-task")
    dialog = page.get_by_role("dialog", name="Derivar esta tarea")
    dialog.locator("#move-q").fill("cardio")
    expect(dialog.locator(".matches")).to_have_text("1 coincidencia")
    dialog.locator(".pick", has_text="Cardiologist").click()
    expect(page.locator("#outcome")).to_contain_text("Espera en Cardiologist, sin tomar")
    dialog.get_by_text("Carga de trabajo", exact=True).click()
    picture(page, "spanish-dialog")
    dialog.get_by_role("button", name="Derivar a Cardiologist").click()
    expect(page.locator(".toast").last).to_contain_text("Enviada a Cardiologist")
    expect(dialog).to_have_count(0)

    # Asked of the API, it is all there, and what is recorded is in the language of the clinic.
    states = ("accepted", "in-progress", "completed")
    assert told.versions(first) == [("requested", ""), *((each, "maya") for each in states)]
    assert told.reasons(first) == [("claim", "maya", ""), ("complete", "maya", "")]
    assert not told.sees(f"Task/{second}")
    heart = api("cardiologist")
    assert heart.now(second) == ("requested", "")
    moved = heart.found(f"Provenance?target=Task/{second}&_sort=recorded,_id")[-1]
    assert (identifier(moved["agent"][0]["who"]), reason(moved["reason"][0])) == (
        "maya",
        "workload",
    )
    assert moved["reason"][0]["coding"][0]["display"] == "Workload"
    assert moved["activity"]["text"] == "Rerouted"
    answer = told.get(f"Task/{first}/$nothing")
    assert "operation" in answer.json()["issue"][0]["diagnostics"].lower()
    assert "operación" not in answer.content.decode()
