"""Whole journeys in a real browser: claim, start, complete; a lost race; no mouse; no scripts."""

import re

import pytest
from playwright.sync_api import Page, expect

from fhir.actor import Role
from tasks import actions
from tests import factories
from tests.browser.clinic import CANARIES, task
from tests.browser.conftest import PHONE

POOL = "/worklist/pool/registered-nurse"
FIRST, SECOND, THIRD = (
    "Potassium 6.1 mmol/L",
    "Wound photo: possible infection",
    "Dizzy since starting new tablet",
)


def title(page: Page):
    return page.locator("#task-title")


def test_signing_in_claiming_starting_and_completing_with_one_key_each(visit, people, picture):
    people["nurse"].user.set_password("a-long-password")
    people["nurse"].user.save()
    page = visit(None)
    expect(page).to_have_title("Sign in · Taskward")
    page.get_by_label("User name").fill(people["nurse"].user.username)
    page.get_by_label("Password", exact=True).fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    picture(page, "sign-in")
    page.get_by_label("Password", exact=True).fill("a-long-password")
    page.keyboard.press("Enter")

    # The worklist opens where work waits.
    expect(page).to_have_url(re.compile(POOL))
    expect(page.locator(".row .t").first).to_have_text(FIRST)
    page.keyboard.press("n")
    expect(title(page)).to_have_text(FIRST)
    expect(page.locator(".toast")).to_contain_text("Claimed")
    expect(page.locator("#count-my")).to_contain_text("1")
    expect(page.locator("#count-registered-nurse")).to_contain_text("6")
    expect(page.locator(".tl li").first).to_contain_text("You claimed it")

    page.keyboard.press("s")
    expect(page.locator(".steps .now")).to_contain_text("In progress")
    picture(page, "worklist")
    page.keyboard.press("e")
    expect(page.locator(".steps .now")).to_contain_text("Completed")
    expect(page.locator(".acts")).to_contain_text("Nothing leads out of this state")
    expect(page.locator("#count-my")).to_contain_text("0")
    # The row says why it leaves, and goes.
    expect(page.locator(".row.leaving")).to_contain_text("Completed")
    expect(page.locator(".row.leaving")).to_have_count(0)


def test_the_loser_of_a_race_is_told_who_won_and_gets_the_next(visit, people):
    loser = visit("nurse2", POOL)
    expect(loser.locator(".row .t").nth(1)).to_have_text(SECOND)
    row = loser.locator(".row", has_text=SECOND)
    actions.claim(row.get_attribute("data-id"), actor=people["nurse"].actor)
    row.locator(".t").focus()
    loser.keyboard.press("c")
    toast = loser.locator(".toast")
    expect(toast).to_contain_text(re.compile(r"Maya Lindqvist just claimed this, \d+ s before you"))
    expect(row).to_have_count(0)
    expect(loser.locator(".row.leaving")).to_contain_text("Maya Lindqvist claimed this")
    toast.get_by_role("button", name="Claim next").click()
    expect(title(loser)).to_have_text(FIRST)


def test_two_browsers_and_a_task_that_one_of_them_has_open(visit):
    winner, loser = visit("nurse", POOL), visit("nurse2", POOL)
    for page in (winner, loser):
        page.locator(".row .t", has_text=THIRD).click()
        expect(title(page)).to_have_text(THIRD)
    winner.keyboard.press("c")
    expect(winner.locator(".toast")).to_contain_text("Claimed")
    # The other page learns of it by itself, within a poll.
    expect(loser.locator("#detail")).to_contain_text("Maya Lindqvist claimed this")
    expect(loser.locator("#live-text")).to_have_text("Live")


def test_a_change_of_somebody_else_is_announced_and_a_stale_click_is_refused(visit, people):
    stored = actions.claim_next(actor=people["nurse"].actor)
    page = visit("nurse", f"/worklist/t/{stored.resource_id}")
    expect(page.locator("#act-start")).to_be_visible()
    actions.hold(stored.resource_id, actor=people["coordinator"].actor, reason="Lab is closed")
    page.keyboard.press("s")
    expect(page.locator(".toast")).to_contain_text("Cora Blake changed this task at")
    expect(page.locator(".steps .now")).to_contain_text("On hold")
    expect(page.locator("#act-resume")).to_be_visible()


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


def test_the_whole_way_without_a_mouse(visit):
    page = visit("nurse", POOL)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".row .t").nth(1)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(title(page)).to_have_text(SECOND)
    expect(title(page)).to_be_focused()
    page.keyboard.press("c")
    expect(page.locator("#act-start:not([aria-disabled])")).to_be_visible()
    page.keyboard.press("m")
    expect(page.locator("#note-text")).to_be_focused()
    page.keyboard.type("Called: she will come in. e s c")  # keys in a field are only text
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".notes")).to_contain_text("Called: she will come in. e s c")
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    expect(page.locator(".toast").last).to_contain_text("Released")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    page.keyboard.press("Control+c")
    expect(page.locator(".steps .now")).to_contain_text("Requested")


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


def test_everything_works_without_scripts(visit, people):
    page = visit("nurse", POOL, javascript=False)
    page.get_by_role("button", name="Claim next").first.click()
    expect(title(page)).to_have_text(FIRST)
    expect(page.get_by_role("status")).to_contain_text("Claimed.")
    page.get_by_role("button", name="Start work").click()
    expect(page.locator(".steps .now")).to_contain_text("In progress")
    page.locator("#act-hold").click()
    page.get_by_text("Waiting on a result").click()
    page.get_by_role("dialog").get_by_role("button", name="Hold").click()
    expect(page.locator(".steps .now")).to_contain_text("Waiting on a result")
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Complete").click()
    expect(page.locator(".steps .now")).to_contain_text("Completed")

    # A lost claim says the same as with scripts, on the page.
    page.goto(POOL)
    row = page.locator(".row", has_text=SECOND)
    actions.claim(row.get_attribute("data-id"), actor=people["nurse2"].actor)
    row.hover()
    row.get_by_role("button", name="Claim").click()
    expect(page.get_by_role("alert")).to_contain_text("Tomás Rivera just claimed this")


def test_without_a_connection_nothing_can_be_done_and_the_page_says_so(visit):
    page = visit("nurse", POOL)
    page.locator(".row .t").first.click()
    expect(title(page)).to_be_visible()
    expect(page.locator("#live-text")).to_have_text("Live")
    page.keyboard.press("m")
    page.keyboard.type("Half a note")
    page.context.set_offline(True)
    expect(page.locator("#live-text")).to_contain_text("No connection since")
    expect(page.locator("#offline")).to_contain_text("You see the list as it was then")
    claim = page.locator("#act-claim")
    expect(claim).to_have_attribute("aria-describedby", "offline")
    for button in page.locator("#main form button").all():
        expect(button).to_have_attribute("aria-disabled", "true")
    claim.click(force=True)
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator(".toast")).to_have_count(0)
    page.context.set_offline(False)
    expect(page.locator("#live-text")).to_have_text("Live")
    expect(page.locator("#offline")).to_be_hidden()
    expect(claim).not_to_have_attribute("aria-disabled", "true")
    # What could not be done before stays so: it waits for the claim, not for the connection.
    expect(page.locator("#act-complete")).to_have_attribute("aria-describedby", "why-1")
    assert page.locator("#note-text").input_value() == "Half a note"
    page.keyboard.press("c")
    expect(page.locator(".toast")).to_contain_text("Claimed")


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
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".row .t").first.click()
    expect(title(page)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = page.evaluate(
        "[...document.querySelectorAll('.pt, .nm, .steps .name, .acts .btn, .bottom-bar .btn')]"
        ".filter(each => each.offsetParent && each.scrollWidth > each.clientWidth + 1)"
        ".map(each => each.className)"
    )
    assert cut == []


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


def test_on_a_phone_the_list_and_the_task_take_turns(visit, picture):
    page = visit("nurse", POOL, size=PHONE)
    picture(page, "phone-worklist")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator(".row .t").first.click()
    expect(title(page)).to_be_visible()
    expect(page.locator("#list")).to_be_hidden()
    picture(page, "phone-task")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("link", name="Back to Registered nurse").click()
    expect(page.locator("#list")).to_be_visible()
