"""Whole journeys in a real browser: claim, start, complete; a lost race; no mouse; no scripts."""

import re

import pytest
from playwright.sync_api import Page, expect

from fhir.actor import Role
from tasks import actions
from tests import factories
from tests.browser.clinic import CANARIES, task
from tests.browser.patience import eventually, hear_nothing, holds, time_passes

POOL = "/worklist/pool/registered-nurse"
FIRST, SECOND, THIRD = (
    "Potassium 6.1 mmol/L",
    "Wound photo: possible infection",
    "Dizzy since starting new tablet",
)


def title(page: Page):
    return page.locator("#task-title")


def test_the_loser_of_a_race_is_told_who_won_and_gets_the_next(visit, people):
    loser = visit("nurse2", POOL)
    expect(loser.locator(".row .t").nth(1)).to_have_text(SECOND)
    row = loser.locator(".row", has_text=SECOND)
    hear_nothing(loser)
    actions.claim(row.get_attribute("data-id"), actor=people["nurse"].actor)
    row.locator(".t").focus()
    loser.keyboard.press("c")
    toast = loser.locator(".toast")
    expect(toast).to_contain_text(re.compile(r"Maya Lindqvist just claimed this, \d+ s before you"))
    expect(row).to_have_count(0)
    expect(loser.locator(".row.leaving")).to_contain_text("Maya Lindqvist claimed this")
    toast.get_by_role("button", name="Claim next").click()
    expect(title(loser)).to_have_text(FIRST)


def test_the_key_of_who_hears_of_it_first_takes_nothing_else(visit, people, api):
    page = visit("nurse2", POOL)
    row = page.locator(".row", has_text=SECOND)
    row.locator(".t").focus()
    actions.claim(row.get_attribute("data-id"), actor=people["nurse"].actor)
    expect(page.locator(".row.leaving")).to_have_text("Maya Lindqvist claimed this")
    page.keyboard.press("c")
    time_passes(page)
    expect(page.locator(".row.leaving")).to_have_count(0)
    expect(page.locator(".toast")).to_have_count(0)
    assert api("nurse2").found("Task?owner=Practitioner/tomas") == []
    page.keyboard.press("j")
    expect(page.locator(".row .t").first).to_be_focused()


def test_new_work_is_announced_and_shown_on_request(visit):
    page = visit("nurse", POOL)
    expect(page.locator("#live-text")).to_have_text("Live")
    factories.create(task("Fever day 2 after vaccination", "delacroix", "asap", 5))
    pill = page.get_by_role("button", name="1 new, show")
    expect(page.locator(".row", has_text="Fever")).to_have_count(0)
    pill.click()
    expect(page.locator(".row", has_text="Fever")).to_have_count(1)
    expect(pill).to_be_hidden()


def test_holding_asks_why_and_undo_resumes(visit):
    page = visit("nurse", POOL)
    page.keyboard.press("n")
    expect(title(page)).to_have_text(FIRST)
    page.keyboard.press("s")
    expect(page.locator(".steps .now")).to_contain_text("In progress")
    page.keyboard.press("h")
    dialog = page.get_by_role("dialog", name="Put this task on hold")
    dialog.get_by_text("Other", exact=True).click()
    dialog.get_by_role("button", name="Hold").click()
    expect(dialog).to_contain_text("Say in a few words")
    dialog.get_by_text("Waiting on patient").click()
    dialog.get_by_role("button", name="Hold").click()
    expect(page.locator(".steps .now")).to_contain_text("Waiting on patient")
    expect(page.locator(".row.sel .tag")).to_have_text("On hold")
    expect(page.locator("#act-complete")).to_have_attribute("aria-disabled", "true")
    expect(page.locator(".why")).to_contain_text("Resume it first")
    page.keyboard.press("z")
    expect(page.locator(".steps .now")).to_contain_text("In progress")


def test_hiding_patient_details_takes_them_out_of_the_page(visit):
    page = visit("nurse", POOL)
    name = page.locator(".row .pt").first
    expect(name).to_be_visible()
    with page.expect_response("**/preferences"):
        page.keyboard.press("p")
    expect(name).to_be_hidden()
    page.reload()
    expect(name).to_be_hidden()
    page.keyboard.press("p")
    expect(name).to_be_visible()


def test_what_was_sent_when_the_connection_broke_is_said_to_be_undone(visit):
    page = visit("nurse", POOL)
    page.locator(".row .t").first.click()
    expect(title(page)).to_be_visible()
    page.route("**/claim", lambda route: route.abort())
    page.keyboard.press("c")
    expect(page.get_by_role("alert")).to_have_text("No connection: that was not done.")
    expect(page.locator(".steps .now")).to_contain_text("Requested")


@pytest.mark.parametrize("width", [320, 390, 720, 1024])
def test_nothing_is_wider_than_the_window(visit, width):
    page = visit("coordinator", "/worklist/all", size={"width": width, "height": 640})
    holds(page, "document.documentElement.scrollWidth <= innerWidth")
    page.locator(".row .t").first.click()
    expect(title(page)).to_be_visible()
    holds(page, "document.documentElement.scrollWidth <= innerWidth")
    cut = (
        "[...document.querySelectorAll('.pt, .nm, .steps .name, .acts .btn, .bottom-bar .btn')]"
        ".filter(each => each.offsetParent && each.scrollWidth > each.clientWidth + 1)"
        ".map(each => each.className)"
    )
    eventually(lambda: page.evaluate(cut), [])


def test_no_patient_in_titles_addresses_or_storage(visit):
    page = visit("nurse", POOL)
    seen = []
    page.on("framenavigated", lambda frame: seen.append(frame.url))
    page.on("request", lambda request: seen.append(request.url))
    for number in range(4):
        page.locator(".row .t").nth(number).click()
        expect(page.locator(".row .t").nth(number)).to_have_attribute("aria-current", "true")
        seen.append(page.title())
    # Nothing is kept, so going back asks the server.
    with page.expect_response(lambda response: "/worklist/t/" in response.url):
        page.go_back()
    expect(page.locator("#task-title")).to_be_visible()
    seen.append(page.title())
    seen.append(
        page.evaluate(
            "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, history.state])"
        )
    )
    assert len(seen) > 8
    for text in seen:
        assert not [canary for canary in CANARIES if canary.lower() in text.lower()]


def test_a_script_in_a_resource_stays_text(visit, people):
    payload = (
        "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    )
    document = task(payload, "okonkwo", "stat", -60 * 30, description=payload)
    document["businessStatus"] = {"text": payload}
    document["note"] = [{"text": payload, "authorString": payload}]
    factories.create(document)
    page = visit("nurse", POOL)
    page.keyboard.press("n")
    expect(title(page)).to_have_text(payload)
    assert page.title() != "owned"


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMIN, Role.COORDINATOR])
def test_those_who_see_more_see_all_tasks(visit, role):
    name = {Role.AUDITOR: "auditor", Role.ADMIN: "admin", Role.COORDINATOR: "coordinator"}[role]
    page = visit(name, "/worklist/all")
    expect(page.locator(".row", has_text=FIRST)).to_have_count(1)
    page.locator(".row .t", has_text=FIRST).click()
    expect(page.locator("#act-start")).to_be_visible()
