"""Answering a patient in a real browser: the inbox, the thread, the reply that completes the work."""

import re

import pytest
from playwright.sync_api import expect

from communications import actions as messages
from communications.models import Communication, Snippet
from tasks import actions
from tasks.models import Task
from tests.browser.clinic import CANARIES
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.patience import eventually, holds
from tests.browser.test_accessibility import assert_accessible
from tests.factories import create

OURS = "/worklist/threads"
TITLE = "Dizzy since starting new tablet"


@pytest.fixture
def mine(people) -> str:
    """The id of the Task about the dizzy patient's thread, claimed by the nurse and begun."""
    task = Task.objects.get(tokens__contains=["focus=Communication/dizzy"]).resource_id
    Snippet.objects.get_or_create(name="Dose", defaults={"text": "Please take [dose]."})
    actor = people["nurse"].actor
    actions.claim(task, actor=actor)
    return actions.start(task, actor=actor).resource_id


def thread() -> list[Communication]:
    return list(Communication.objects.filter(thread="Communication/dizzy").order_by("id"))


def status(task: str) -> str:
    return Task.objects.get(resource_id=task).status


def test_reply_and_complete_without_a_mouse(visit, people, mine, api):
    page = visit("nurse", OURS)
    row = page.locator(".row.thread")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Oyelaran, Rosalind")
    expect(row).to_contain_text("Your turn")
    expect(page.locator("#count-threads")).to_contain_text("1")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#task-title")).to_have_text(TITLE)
    page.keyboard.press("a")
    expect(page.locator("#reply-text")).to_be_focused()
    page.keyboard.type("Please do not take the tablet today.")
    # It is kept on the server by itself.
    expect(page.locator("#draft-saved")).to_contain_text("Saved")
    assert messages.draft_of("Communication/dizzy", people["nurse"].actor)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("Sent and completed")
    expect(page.locator(".steps .now")).to_contain_text("Completed")
    expect(page.locator(".msg").last).to_contain_text("Please do not take the tablet today.")
    told = api("nurse")
    assert told.now(mine) == ("completed", "maya")
    [output] = told.read(f"Task/{mine}")["output"]
    assert told.recipients(output["valueReference"]["reference"]) == ["oyelaran"]
    assert told.recipients("Communication/dizzy") == ["maya"]
    assert messages.draft_of("Communication/dizzy", people["nurse"].actor) is None
    for canary in CANARIES:
        assert canary not in page.title() and canary not in page.url
    kept = page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert not [canary for canary in (*CANARIES, "tablet") if canary in kept]


def test_somebody_else_was_faster(visit, people, mine):
    page = visit("nurse", f"{OURS}?tab=all")
    page.locator(".row.thread .t").click()
    box = page.locator("#reply-text")
    box.fill("Please rest.")
    create(
        {
            "resourceType": "Communication",
            "status": "completed",
            "partOf": [{"reference": "Communication/dizzy"}],
            "sender": {"reference": "Practitioner/ines"},
            "payload": [{"contentString": "Come in at three."}],
        }
    )
    page.get_by_role("button", name="Send and complete").click()
    expect(page.get_by_role("alert")).to_contain_text("Ines Cardoso wrote in this thread")
    expect(page.locator(".msg.new")).to_contain_text("Come in at three.")
    expect(box).to_have_value("Please rest.")
    assert status(mine) == "in-progress"
    box.fill("Please come in at three, and rest until then.")
    page.get_by_role("button", name="Send anyway and complete").click()
    expect(page.locator(".steps .now")).to_contain_text("Completed")
    assert "and rest until then" in thread()[-1].document


def test_an_internal_note_and_a_template(visit, people, mine):
    page = visit("nurse", f"/worklist/t/{mine}")
    page.get_by_label("Templates").click()
    page.get_by_role("button", name="Dose").click()
    box = page.locator("#reply-text")
    expect(box).to_have_value(re.compile(r"\[dose\]"))
    page.get_by_role("button", name="Send and complete").click()
    expect(page.get_by_role("alert")).to_contain_text("Fill in [dose]")
    box.fill("Hold lisinopril.")
    page.get_by_role("checkbox", name="Internal note").check()
    expect(page.get_by_role("button", name="Send and complete")).to_be_hidden()
    page.get_by_role("button", name="Add internal note").click()
    expect(page.locator(".msg.internal")).to_contain_text("patient cannot see this")
    assert status(mine) == "in-progress"


def test_what_is_typed_outlives_another_button(visit, people, mine):
    page = visit("nurse", f"/worklist/t/{mine}")
    page.locator("#reply-text").fill("Half a sentence")
    page.locator("#task-title").focus()
    page.keyboard.press("h")
    dialog = page.get_by_role("dialog", name="Put this task on hold")
    dialog.get_by_text("Waiting on patient").click()
    dialog.get_by_role("button", name="Hold").click()
    expect(page.locator(".steps .now")).to_contain_text("On hold")
    expect(page.locator("#reply-text")).to_have_value("Half a sentence")


LEAFLET = {"name": "leaflet.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 leaflet"}
PAGE = {"name": "leaflet.html", "mimeType": "text/html", "buffer": b"<script>alert(1)</script>"}


def test_a_file_goes_with_a_reply_and_outlives_a_template(visit, people, mine, picture):
    page = visit("nurse", f"{OURS}?tab=all")
    page.locator(".row.thread .t").click()
    drafts: list[bytes] = []
    page.on(
        "request", lambda sent: sent.url.endswith("/draft") and drafts.append(sent.post_data_buffer)
    )
    box, chosen = page.locator("#reply-text"), page.get_by_label("Attach files")
    chosen.set_input_files([PAGE])
    box.fill("The leaflet is with this.")
    page.get_by_role("button", name="Send, keep open").click()
    refused = page.locator("#files-refused")
    expect(refused).to_contain_text("“leaflet.html” is neither a PDF nor a picture")
    expect(box).to_have_value("The leaflet is with this.")
    assert_accessible(page)
    picture(page, "reply-file-refused")
    chosen.set_input_files([LEAFLET])
    page.get_by_label("Templates").click()
    page.get_by_role("button", name="Dose", exact=True).click()
    expect(box).to_have_value(re.compile(r"Please take \[dose\]"))
    box.fill("The leaflet is with this.")
    files = "([each]) => [...each.files].map((file) => file.name)"
    eventually(lambda: chosen.evaluate_all(files), ["leaflet.pdf"])
    page.get_by_role("button", name="Send, keep open").click()
    link = page.locator(".msg").last.get_by_role("link", name="leaflet.pdf")
    expect(link).to_be_visible()
    eventually(lambda: chosen.evaluate_all(files), [])
    # What is kept while somebody types takes no files along.
    assert drafts and not [each for each in drafts if b"leaflet.pdf" in each]
    got = page.request.get(link.get_attribute("href"))
    assert got.body() == LEAFLET["buffer"] and got.headers["content-type"] == "application/pdf"


def test_everything_works_without_scripts(visit, people, mine):
    page = visit("nurse", OURS, javascript=False)
    page.locator(".row.thread .t").click()
    page.locator("#reply-text").fill("Please rest.")
    page.get_by_label("Templates").click()
    page.get_by_role("button", name="Dose").click()
    box = page.locator("#reply-text")
    expect(box).to_have_value(re.compile(r"Please rest\.\s+Please take \[dose\]"))
    box.fill("Please rest.")
    page.get_by_role("button", name="Send and complete").click()
    expect(page.get_by_role("status")).to_contain_text("Sent and completed")
    assert status(mine) == "completed"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_state_is_accessible(visit, people, mine, picture, theme, size):
    kind = f"{'phone' if size is PHONE else 'desktop'}-{theme}"
    messages.send("Communication/dizzy", "Hold it", actor=people["nurse"].actor, internal=True)
    page = visit("nurse", OURS, size=size, color_scheme=theme)
    assert_accessible(page)
    picture(page, f"threads-{kind}")
    page.locator(".row.thread .t").click()
    expect(page.locator("#composer")).to_be_visible()
    assert_accessible(page)
    picture(page, f"thread-{kind}")
    expect(page.get_by_text("Write something to send it.")).to_be_visible()
    page.locator("#reply-text").fill("Take [dose].")
    page.get_by_role("button", name="Send, keep open").click()
    expect(page.get_by_role("alert")).to_contain_text("[dose]")
    assert_accessible(page)
    page.get_by_role("checkbox", name="Internal note").check()
    assert_accessible(page)
    picture(page, f"note-{kind}")
    page.goto(f"{OURS}?tab=notices")
    assert_accessible(page)
    holds(page, "document.documentElement.scrollWidth <= innerWidth")


def test_a_patients_name_is_never_cut(visit, people, mine):
    page = visit("nurse", OURS, size=PHONE)
    holds(
        page,
        """() => [...document.querySelectorAll(".row.thread .t")].every((name) =>
            getComputedStyle(name).textOverflow === "clip" && name.scrollWidth <= name.clientWidth + 1
            || getComputedStyle(name).display === "inline")""",
    )
