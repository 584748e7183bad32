"""A task's page in a real browser: two people in it, its parts and notes, another due date."""

import re

import pytest
from playwright.sync_api import expect

from tasks import actions, moves
from tasks.models import Task
from tests.browser.clinic import CANARIES
from tests.browser.conftest import PHONE
from tests.browser.patience import eventually, holds
from tests.browser.test_accessibility import assert_accessible
from tests.factories import NURSE_ROLE, create, put, role, task_document

POOL = "pool:registered-nurse"


@pytest.fixture
def mine(people) -> str:
    """The id of the Task about the potassium, claimed by the nurse and begun."""
    task = Task.objects.get(tokens__contains=["focus=DiagnosticReport/bmp"]).resource_id
    actions.claim(task, actor=people["nurse"].actor)
    return actions.start(task, actor=people["nurse"].actor).resource_id


@pytest.fixture
def allergic():
    put(
        {
            "resourceType": "AllergyIntolerance",
            "id": "penicillin",
            "patient": {"reference": "Patient/okonkwo"},
            "clinicalStatus": {"text": "active"},
            "criticality": "high",
            "code": {"text": "Penicillin"},
            "reaction": [{"manifestation": [{"text": "Anaphylaxis"}]}],
        }
    )


def url(task: str) -> str:
    return f"/worklist/t/{task}?list={POOL}"


def test_an_empty_reply_cannot_be_sent_and_says_why(visit, people):
    task = Task.objects.get(tokens__contains=["focus=Communication/dizzy"]).resource_id
    actions.claim(task, actor=people["nurse"].actor)
    actions.start(task, actor=people["nurse"].actor)
    page = visit("nurse", url(task))
    send = page.get_by_role("button", name="Send and complete")
    expect(send).to_have_attribute("aria-disabled", "true")
    expect(send).to_have_accessible_description("Write something to send it.")
    page.locator("#reply-text").fill("Please sit down.")
    expect(send).not_to_have_attribute("aria-disabled", "true")
    expect(page.locator("#why-empty")).to_be_hidden()
    expect(page.locator("#draft-saved")).to_contain_text("Saved")
    page.locator("#reply-text").fill("  ")
    expect(send).to_have_attribute("aria-disabled", "true")


def test_parts_are_added_done_and_waived_beside_the_work(visit, mine):
    page = visit("nurse", url(mine))
    page.get_by_text("Add subtask").click()
    page.locator("#part-title").fill("Call patient")
    page.keyboard.press("Enter")
    expect(page.locator(".subs li")).to_contain_text("Call patient")
    expect(page.locator("#act-complete")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("link", name="1 subtask is open.").click()
    expect(page.locator("#subtasks-title")).to_be_focused()
    page.get_by_role("button", name="Complete Call patient").click()
    expect(page.locator(".toast").last).to_contain_text("Subtask completed")
    expect(page.locator("#act-complete")).not_to_have_attribute("aria-disabled", "true")
    page.get_by_text("Add subtask").click()
    page.locator("#part-title").fill("Order repeat")
    page.locator("#act-add-part").click()
    page.get_by_text("Waive… Order repeat").click()
    assert_accessible(page)
    page.get_by_label("Why is it not needed?").select_option(index=1)
    page.get_by_role("button", name="Waive this subtask").click()
    expect(page.locator(".subs")).to_contain_text("Cancelled")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.locator(".steps .now")).to_contain_text("Completed")


def test_a_note_is_added_and_put_right(visit, mine):
    page = visit("nurse", url(mine))
    page.locator("#note-text").fill("Caled her.")
    page.locator("#act-note-send").click()
    note = page.locator(".notes > div").first
    expect(note).to_contain_text("Caled her.")
    note.get_by_text("Edit").click()
    note.get_by_label("The note").fill("Called her.")
    note.get_by_role("button", name="Change note").click()
    expect(page.locator(".notes > div").first).to_contain_text("Called her.")
    changes = page.get_by_label("Show changes only")
    noted = page.locator(".tl li", has_text="You added a note")
    expect(noted).to_be_visible()
    changes.check()
    expect(noted).to_be_hidden()


def test_the_bar_leads_from_task_to_task(visit, people, picture):
    for number in range(12):
        create(task_document(performerType=role(NURSE_ROLE), code={"text": f"Errand {number}"}))
    page = visit("nurse", "/worklist/pool/registered-nurse?priority=routine", permissions=[
        "clipboard-read", "clipboard-write",
    ])  # fmt: skip
    page.locator(".row .t").first.click()
    expect(page.locator("#task-title")).to_be_focused()
    expect(page.locator("#place")).to_have_text("1 of 14 · ")
    first = page.locator("#task-title").inner_text()
    page.keyboard.press("j")
    expect(page.locator("#place")).to_have_text("2 of 14 · ")
    expect(page.locator("#task-title")).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("#task-title")).to_have_text(first)
    page.get_by_role("button", name="Next task").click()
    expect(page.locator("#place")).to_have_text("2 of 14 · ")
    picture(page, "step-bar")
    page.locator("#task-more").click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".toast", has_text="Link copied")).to_be_visible()
    found = page.locator("#detail").get_attribute("data-task")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith(f"/worklist/t/{found}")
    assert_accessible(page)


def test_the_due_date_is_changed_by_key_and_undone(visit, api, mine):
    page, told = visit("nurse", url(mine)), api("nurse")
    due = told.read(f"Task/{mine}")["restriction"]
    page.locator("#task-title").focus()
    page.keyboard.press("d")
    expect(page.locator("#due-day")).to_be_focused()
    page.locator("#due-day").fill("2031-05-04")
    page.locator("#due-day").blur()
    expect(page.locator("#outcome")).to_contain_text("to 4 May 2031")
    page.locator("#due-time").fill("10:30")
    page.locator("#due-time").blur()
    expect(page.locator("#outcome")).to_contain_text("to 4 May 2031 10:30")
    assert_accessible(page)
    page.get_by_role("radio", name="Agreed with who asked for it").check()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("Due 4 May 2031 10:30 now")
    expect(page.locator(".tl li").first).to_contain_text("Agreed with who asked for it")
    page.keyboard.press("z")
    expect(page.locator(".toast").last).to_contain_text("Taken back")
    expect(page.locator(".dl dd", has=page.locator("#act-due"))).not_to_contain_text("May 2031")
    assert told.read(f"Task/{mine}")["restriction"] == due


def test_what_is_watched_says_what_became_of_it(visit, people, mine):
    page = visit("coordinator", f"/worklist/t/{mine}?list=all")
    page.keyboard.press("w")
    expect(page.locator("#act-watch")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#count-watching")).to_contain_text("1")
    page.get_by_role("link", name=re.compile("^Watching")).click()
    row = page.locator(".row")
    expect(row).to_have_count(1)
    moves.prioritize(mine, priority="asap", actor=people["nurse"].actor)
    expect(row.locator(".row-news")).to_contain_text("Priority: STAT → ASAP")
    assert_accessible(page)
    row.locator(".t").click()
    expect(page.locator("#task-title")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Watching")).click()
    expect(page.locator(".row-news")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_who_it_is_about_stays_in_sight(visit, people, mine, allergic, scheme):
    create(task_document(partOf=[{"reference": f"Task/{mine}"}], code={"text": "Call her"}))
    page = visit("nurse", url(mine), size=PHONE, color_scheme=scheme)
    page.locator(".d-scroll").evaluate_all("([each]) => each.scrollTo(0, each.scrollHeight)")
    name = page.locator(".pb .nm")
    expect(name).to_be_in_viewport()
    expect(name).to_have_text(re.compile(r"Okonkwo\s*, Amara"))
    expect(page.locator(".allergies")).to_contain_text("Penicillin: anaphylaxis")
    cut = "(all) => all.filter((each) => each.scrollWidth > each.clientWidth).length"
    eventually(lambda: name.evaluate_all(cut), 0)
    holds(page, "document.documentElement.scrollWidth <= innerWidth")
    expect(page.locator(".brief")).to_contain_text("step 3 of 4")
    assert_accessible(page)
    assert not any(each in page.title() or each in page.url for each in CANARIES)
