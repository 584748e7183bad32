"""Whole days in a browser, each as somebody lives it; and what the FHIR API then says of it."""

import re
from functools import partial

from playwright.sync_api import Locator, Page, expect

from tasks import actions
from tests.browser.test_journeys import FIRST, POOL, SECOND, THIRD, title

NURSE = "Practitioner/maya"


def sign_in(page: Page, people) -> None:
    """By the form, with nothing but keys."""
    people["nurse"].user.set_password("a-long-password")
    people["nurse"].user.save()
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("maya")
    page.keyboard.press("Tab")
    page.keyboard.type("a-long-password")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(POOL))


def toast(page: Page, text: str) -> Locator:
    found = page.locator(".toast", has_text=text)
    expect(found.first).to_be_visible()
    return found


def claim_next(page: Page, name: str) -> str:
    """By its key; the id of the task."""
    page.keyboard.press("n")
    expect(title(page)).to_have_text(name)
    expect(page.locator("#act-release:not([aria-disabled])")).to_be_visible()
    return page.locator("#detail").get_attribute("data-task")


def reroute_to_cardiology(page: Page) -> None:
    """In the dialog, by keys alone."""
    page.keyboard.press("r")
    expect(page.locator("#move-q")).to_be_focused()
    page.keyboard.type("cardio")
    expect(page.locator("dialog.move .matches")).to_have_text("1 match")
    for _ in range(60):
        focused = page.evaluate("document.activeElement.value")
        if focused in ("cardiologist", "specialty-referral"):
            page.keyboard.press("Space")
        if focused == "specialty-referral":
            break
        page.keyboard.press("Tab")
    expect(page.locator("#outcome")).to_contain_text("It waits in Cardiologist, unclaimed")
    page.keyboard.press("Control+Enter")
    toast(page, "Sent to Cardiologist")


def test_a_nurses_morning(visit, people, api):
    page = visit(None)
    sign_in(page, people)
    told = api("nurse")

    first = claim_next(page, FIRST)
    page.keyboard.press("s")
    expect(page.locator(".steps .now")).to_contain_text("In progress")
    page.keyboard.press("e")
    expect(page.locator(".steps .now")).to_contain_text("Completed")
    document = told.get(f"Task/{first}").json()
    assert (document["status"], document["owner"]["reference"]) == ("completed", NURSE)

    second = claim_next(page, SECOND)
    reroute_to_cardiology(page)
    assert told.get(f"Task/{second}").status_code == 404
    at_cardiology = api("cardiologist").get(f"Task/{second}").json()
    assert at_cardiology["status"] == "requested" and "owner" not in at_cardiology
    page.keyboard.press("z")
    expect(title(page)).to_have_text(SECOND)
    document = told.get(f"Task/{second}").json()
    assert (document["status"], document["owner"]["reference"]) == ("accepted", NURSE)

    third = claim_next(page, THIRD)
    page.keyboard.press("a")
    expect(page.locator("#reply-text")).to_be_focused()
    page.keyboard.type("Please do not take the tablet today.")
    page.keyboard.press("Control+Enter")
    toast(page, "Sent and completed")
    document = told.get(f"Task/{third}").json()
    assert document["status"] == "completed"
    [reply] = [each["valueReference"]["reference"] for each in document["output"]]
    said = told.get(reply).json()
    assert said["payload"][0]["contentString"] == "Please do not take the tablet today."
    expect(page.locator("#count-my")).to_contain_text("1")


def test_a_day_without_a_mouse(visit, people, api):
    page = visit(None)
    sign_in(page, people)
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(page).to_have_url(re.compile("/worklist/my$"))
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page).to_have_url(re.compile(POOL))

    first = claim_next(page, FIRST)
    page.keyboard.press("u")
    toast(page, "Released to the pool")
    assert api("nurse").get(f"Task/{first}").json()["status"] == "requested"
    page.keyboard.press("z")
    expect(page.locator("#act-start:not([aria-disabled])")).to_be_visible()
    assert api("nurse").get(f"Task/{first}").json()["owner"]["reference"] == NURSE
    reroute_to_cardiology(page)
    assert api("cardiologist").get(f"Task/{first}").json()["status"] == "requested"

    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_contain_text("Extend selection")
    page.keyboard.press("c")  # in a dialog no key of the page works
    expect(keys).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()


def test_single_keys_can_be_turned_off(visit, people):
    people["nurse"].user.single_keys = False
    people["nurse"].user.save()
    page = visit("nurse", POOL)
    expect(page.locator("#live-text")).to_have_text("Live")
    assert page.locator("kbd:visible").count() == 0
    for key in ("n", "x", "g", "m", "?"):
        page.keyboard.press(key)
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("#bulk")).to_be_hidden()
    expect(title(page)).to_have_count(0)
    assert page.url.endswith(POOL)


def test_keys_can_be_others(visit, people, picture):
    people["nurse"].user.keys = {"claim-next": "y", "hold": "", "next": "n"}
    people["nurse"].user.save()
    page = visit("nurse", POOL)
    expect(page.locator("#live-text")).to_have_text("Live")
    page.keyboard.press("n")
    expect(page.locator(".row .t").first).to_be_focused()
    expect(title(page)).to_have_count(0)
    claim = page.locator(".list-h").get_by_role("button", name="Claim next")
    expect(claim).to_have_attribute("aria-keyshortcuts", "Y")
    expect(claim.locator("kbd")).to_have_text("Y")
    page.keyboard.press("y")
    toast(page, "Claimed")
    hold = page.locator("#act-hold")
    expect(hold.locator("kbd")).to_have_count(0)
    page.keyboard.press("h")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.keyboard.press("?")
    held = page.locator("#keys").get_by_role("definition").filter(has_text="Hold or resume")
    expect(held.locator("xpath=preceding-sibling::dt")).to_have_text("none")
    picture(page, "own-keys")


def test_undo_works_after_the_toast_has_gone_until_somebody_acts(visit, people, api):
    page = visit("nurse", POOL)
    for taken_up in (False, True):
        found = claim_next(page, FIRST)
        reroute_to_cardiology(page)
        gone = page.locator(".toast", has_text="Sent to Cardiologist")
        gone.get_by_role("button", name="Dismiss").click()
        expect(gone).to_be_hidden()
        if taken_up:
            actions.claim(found, actor=people["cardiologist"].actor)
        page.keyboard.press("z")
        if not taken_up:
            expect(title(page)).to_have_text(FIRST)
            assert api("nurse").get(f"Task/{found}").json()["owner"]["reference"] == NURSE
            page.keyboard.press("u")
            toast(page, "Released to the pool")
    expect(page.get_by_role("alert")).to_contain_text("it cannot be taken back any more")
    owner = api("cardiologist").get(f"Task/{found}").json()["owner"]["reference"]
    assert owner == "Practitioner/carl"


def test_the_connection_is_lost_and_comes_back(visit, people, api):
    page = visit("nurse", POOL)
    page.locator(".row .t", has_text=THIRD).click()
    expect(title(page)).to_have_text(THIRD)
    page.keyboard.press("c")
    toast(page, "Claimed")
    page.locator("#reply-text").fill("Half a sentence")
    other = page.locator(".row", has_text=SECOND)
    found = other.get_attribute("data-id")
    page.context.set_offline(True)
    banner = page.locator("#offline")
    expect(banner).to_contain_text("No connection since")
    expect(banner).to_contain_text("You see the list as it was then")
    off = page.locator("#act-reroute")
    expect(off).to_have_attribute("aria-disabled", "true")
    expect(off).to_have_attribute("aria-describedby", "offline")
    actions.claim(found, actor=people["nurse2"].actor)
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.locator("dialog[open]")).to_have_count(0)
    banner.get_by_role("button", name="Retry now").click()
    expect(banner).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#live-text")).to_have_text("Live")
    expect(banner).to_be_hidden()
    # The rows are as they are now, nothing was sent by itself, and what was typed is still there.
    expect(page.locator(".row .t", has_text=SECOND)).to_have_count(0)
    expect(page.locator("#reply-text")).to_have_value("Half a sentence")
    expect(off).not_to_have_attribute("aria-disabled", "true")
    mine = page.locator("#detail").get_attribute("data-task")
    assert api("nurse").get(f"Task/{mine}").json()["status"] == "accepted"


def test_what_was_not_updated_for_a_minute_says_so_and_can_be_worked_with(visit, people, picture):
    people["nurse"].user.hour_cycle = "12"
    people["nurse"].user.save()
    page = visit("nurse", POOL)
    page.clock.install()
    page.reload()
    expect(page.locator("#live-text")).to_have_text("Live")
    page.route("**/changes?*", lambda route: route.fulfill(status=503))
    page.clock.fast_forward("00:04")
    expect(page.locator("#live-text")).to_have_text("Checking")
    expect(page.locator("#stale")).to_be_hidden()
    page.clock.fast_forward("01:01")
    told = re.compile(r"Not updated since \d{1,2}:\d\d [AP]M")
    expect(page.locator("#live-text")).to_have_text(told)
    expect(page.locator("#stale")).to_contain_text(told)
    expect(page.locator("#offline")).to_be_hidden()
    picture(page, "stale")
    page.locator(".row .t", has_text=FIRST).click()
    page.keyboard.press("c")
    toast(page, "Claimed")

    page.unroute("**/changes?*")
    page.locator("#stale").get_by_role("button", name="Retry now").click()
    expect(page.locator("#live-text")).to_have_text("Live")
    expect(page.locator("#stale")).to_be_hidden()
    page.context.set_offline(True)
    lost = re.compile(r"No connection since \d{1,2}:\d\d [AP]M")
    expect(page.locator("#live-text")).to_have_text(lost)


def refuse(route, request, **answer) -> None:
    route.fulfill(**answer)


def test_a_server_that_fails_or_is_busy_leaves_the_page_as_it_is(visit):
    page = visit("nurse", POOL)
    page.locator(".row .t", has_text=FIRST).click()
    expect(title(page)).to_have_text(FIRST)
    answers = [
        ({"status": 429, "headers": {"Retry-After": "8"}}, "Slow down, retry in 8 s."),
        ({"status": 500, "content_type": "text/html",
          "body": "<!doctype html><main><h1>This failed</h1><p>Nothing else is lost.</p></main>"},
         "This failed. Nothing else is lost."),
        ({"status": 502, "body": ""}, "The server could not answer"),
    ]  # fmt: skip
    for answer, said in answers:
        page.route("**/claim", partial(refuse, **answer), times=1)
        page.keyboard.press("c")
        toast(page, said)
        expect(title(page)).to_have_text(FIRST)
    page.keyboard.press("c")
    toast(page, "Claimed")


def test_the_focus_is_never_lost(visit):
    """Whatever is pressed on a list and on a task, something has the focus afterwards."""
    page = visit("nurse", POOL)

    def pressed(key: str, said: str) -> None:
        page.keyboard.press(key)
        toast(page, said)
        expect(page.locator("[aria-busy=true], .htmx-request")).to_have_count(0)
        assert page.evaluate("document.activeElement !== document.body"), key

    page.locator(".row .t", has_text=SECOND).focus()
    pressed("c", "Claimed")
    pressed("z", "Released to the pool")
    pressed("n", "Claimed")
    pressed("s", "Started")
    page.keyboard.press("h")
    page.get_by_role("dialog").get_by_role("radio").first.check()
    page.get_by_role("dialog").get_by_role("button", name="Hold").focus()
    pressed("Enter", "On hold")
    pressed("h", "Resumed")
    pressed("u", "Released to the pool")
    page.locator(".toast [data-dismiss]").last.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement !== document.body")
    claim_again = page.locator("#act-claim:not([aria-disabled])")
    expect(claim_again).to_be_visible()
    for key in ("r", "?"):
        page.keyboard.press(key)
        expect(page.locator("dialog[open]")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
        assert page.evaluate("document.activeElement !== document.body"), key
    page.keyboard.press("Escape")
    page.keyboard.press("Control+a")
    pressed("c", "Claimed 7 tasks")
    page.keyboard.press("Control+a")
    page.locator("#bulk").get_by_role("button", name="Release").focus()
    pressed("Enter", "Released 7 tasks")
