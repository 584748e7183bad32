"""A nurse who reads Spanish: she takes a task, completes one, reroutes another, and reads no English."""

from playwright.sync_api import expect

from tasks.models import Task
from tests.conftest import ApiClient

POOL = "/worklist/pool/registered-nurse"


def test_a_day_in_spanish(visit, people, picture):
    nurse = people["nurse"].user
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
    done = Task.objects.get(owner=people["nurse"].reference, status="completed")

    # Reroute.
    page.keyboard.press("n")
    expect(page.locator(".toast").last).to_contain_text("Tomada")
    page.keyboard.press("r")
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

    # The same Task, asked of the API, is in English.
    answer = ApiClient(nurse).get(f"Task/{done.resource_id}/$nothing")
    assert "operation" in answer.json()["issue"][0]["diagnostics"].lower()
    assert "operación" not in answer.content.decode()
