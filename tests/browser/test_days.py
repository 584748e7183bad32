"""Whole days in a browser, each as somebody lives it; and what the FHIR API then says of it.

Which journey is where: tests/browser/__init__.py.
"""

import re
from functools import partial

from playwright.sync_api import Locator, Page, expect

from communications.document import DRAFT
from tasks import actions
from tests.browser.clinic import CANARIES
from tests.browser.conftest import PHONE
from tests.browser.patience import eventually, hear_nothing, holds, time_passes
from tests.browser.test_journeys import FIRST, POOL, SECOND, THIRD, title
from tests.browser.told import reason, state

INR = "INR 4.6, on warfarin"
WAITING = ("requested", "")
"""The status and the owner of what nobody has claimed."""


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
    """The newest message on the page, as soon as it says this."""
    found = page.locator(".toast").last
    expect(found).to_contain_text(text)
    return found


def claim_next(page: Page, name: str) -> str:
    """By its key; the id of the task."""
    page.keyboard.press("n")
    expect(title(page)).to_have_text(name)
    expect(page.locator("#act-release:not([aria-disabled])")).to_be_visible()
    return page.locator("#detail").get_attribute("data-task")


def tab_to(page: Page, target: Locator) -> None:
    """Presses Tab until it has the focus, as somebody without a mouse does."""
    for _ in range(60):
        if target.evaluate_all("([each]) => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("Tab never leads there")


def reroute_to_cardiology(page: Page, note: str = "") -> None:
    """In the dialog, by keys alone."""
    dialog = page.locator("dialog.move")
    page.keyboard.press("r")
    expect(page.locator("#move-q")).to_be_focused()
    page.keyboard.type("cardio")
    expect(dialog.locator(".pick:not(.off) b", has_text="Cardiologist")).to_have_count(1)
    expect(dialog.locator(".matches")).to_have_text("1 match")
    page.keyboard.press("Enter")  # confirms nothing by itself
    expect(dialog).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("#outcome")).to_contain_text("It waits in Cardiologist, unclaimed")
    expect(page.locator("#outcome")).to_contain_text("It leaves your list")
    expect(page.locator("#move-send")).to_contain_text("Reroute to Cardiologist")
    tab_to(page, dialog.get_by_role("radio", name="Specialty referral"))
    page.keyboard.press("Space")
    if note:
        tab_to(page, page.locator("#move-note"))
        page.keyboard.type(note)
    page.keyboard.press("Control+Enter")
    toast(page, "Sent to Cardiologist")
    expect(dialog).to_have_count(0)
    expect(page.locator("#detail")).to_contain_text("Sent to Cardiologist")


def test_a_nurses_morning(visit, people, api, picture):
    page, told, everything = visit(None), api("nurse"), api("auditor")
    expect(page).to_have_title("Sign in · Taskward")
    page.get_by_label("User name").fill("maya")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    picture(page, "sign-in")
    page.goto("/accounts/login/")
    sign_in(page, people)

    # The worklist opens where work waits.
    expect(page.locator(".row .t").first).to_have_text(FIRST)
    first = claim_next(page, FIRST)
    toast(page, "Claimed")
    expect(page.locator("#count-my")).to_contain_text("1")
    expect(page.locator("#count-registered-nurse")).to_contain_text("6")
    expect(page.locator(".tl li").first).to_contain_text("You claimed it")
    assert told.now(first) == ("accepted", "maya")
    page.keyboard.press("s")
    expect(page.locator(".steps .now")).to_contain_text("In progress")
    assert told.now(first) == ("in-progress", "maya")
    picture(page, "worklist")
    page.keyboard.press("e")
    expect(page.locator(".steps .now")).to_contain_text("Completed")
    expect(page.locator(".acts")).to_contain_text("Nothing leads out of this state")
    expect(page.locator("#count-my")).to_contain_text("0")
    # The row says why it leaves, and goes.
    expect(page.locator(".row.leaving")).to_contain_text("Completed")
    time_passes(page)
    expect(page.locator(".row.leaving")).to_have_count(0)
    states = [("accepted", "maya"), ("in-progress", "maya"), ("completed", "maya")]
    assert told.versions(first) == [WAITING, *states]
    assert told.reasons(first) == [("claim", "maya", ""), ("complete", "maya", "")]

    second = claim_next(page, SECOND)
    reroute_to_cardiology(page)
    assert not told.sees(f"Task/{second}")
    assert api("cardiologist").now(second) == WAITING
    page.keyboard.press("z")
    expect(title(page)).to_have_text(SECOND)
    assert not api("cardiologist").sees(f"Task/{second}")
    mine = ("accepted", "maya")
    assert told.versions(second) == [WAITING, mine, WAITING, mine]
    assert told.reasons(second) == [
        ("claim", "maya", ""),
        ("reroute", "maya", "specialty-referral"),
        ("undo", "maya", "undo"),
    ]

    third = claim_next(page, THIRD)
    assert everything.recipients("Communication/dizzy") == ["maya"]
    page.keyboard.press("a")
    expect(page.locator("#reply-text")).to_be_focused()
    page.keyboard.type("Please do not take the tablet today.")
    page.keyboard.press("Control+Enter")
    toast(page, "Sent and completed")
    expect(page.locator("#count-my")).to_contain_text("1")
    assert told.versions(third) == [WAITING, mine, ("completed", "maya")]
    assert told.reasons(third) == [("claim", "maya", ""), ("complete", "maya", "")]
    [output] = told.read(f"Task/{third}")["output"]
    said = told.read(output["valueReference"]["reference"])
    assert said["status"] == "completed"
    assert said["payload"] == [{"contentString": "Please do not take the tablet today."}]
    assert said["sender"]["reference"] == "Practitioner/maya"
    assert said["recipient"][0]["reference"] == "Patient/oyelaran"
    assert said["partOf"] == [{"reference": "Communication/dizzy"}]
    assert said["inResponseTo"] == [{"reference": "Communication/dizzy-2"}]


def test_a_day_without_a_mouse(visit, people, api):
    page, told = visit(None), api("nurse")
    sign_in(page, people)
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(page).to_have_url(re.compile("/worklist/my$"))
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page).to_have_url(re.compile(POOL))

    # Down and up the list, and into a task.
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
    second = page.locator("#detail").get_attribute("data-task")
    assert told.now(second) == ("accepted", "maya")

    # In a field keys are only text.
    page.keyboard.press("m")
    expect(page.locator("#note-text")).to_be_focused()
    page.keyboard.type("Called: she will come in. e s c")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".notes")).to_contain_text("Called: she will come in. e s c")
    [note] = told.read(f"Task/{second}")["note"]
    assert note["text"] == "Called: she will come in. e s c"
    assert note["authorReference"]["reference"] == "Practitioner/maya"
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    toast(page, "Released to the pool")
    assert told.now(second) == WAITING
    page.keyboard.press("z")
    expect(page.locator("#act-start:not([aria-disabled])")).to_be_visible()
    assert told.now(second) == ("accepted", "maya")
    page.keyboard.press("u")
    toast(page, "Released to the pool")

    # In a dialog no key of the page works; nor does a key of the browser's own.
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_contain_text("Extend selection")
    page.keyboard.press("c")
    expect(keys).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.keyboard.press("Control+c")
    expect(page.locator(".steps .now")).to_contain_text("Requested")
    assert told.now(second) == WAITING

    # On to cardiology, where it is read why; and back, as nobody has taken it up.
    first = claim_next(page, FIRST)
    reroute_to_cardiology(page, note="New cardiac symptoms. r e z")
    expect(page.locator("#count-my")).to_contain_text("0")
    expect(page.locator(".row", has_text=FIRST)).to_have_count(0)
    heart = visit("cardiologist", "/worklist/pool/cardiologist")
    heart.locator(".row .t", has_text=FIRST).click()
    expect(title(heart)).to_have_text(FIRST)
    newest = heart.locator(".tl li").first
    expect(newest).to_contain_text("Maya Lindqvist → Cardiologist pool")
    expect(newest.locator(".tag")).to_have_text("Specialty referral")
    expect(newest).to_contain_text("New cardiac symptoms. r e z")
    assert not told.sees(f"Task/{first}")
    sent = api("cardiologist").read(f"Task/{first}")
    assert state(sent) == WAITING and sent["note"][-1]["text"] == "New cardiac symptoms. r e z"
    reasons = api("cardiologist").reasons(first)
    assert reasons[-1] == ("reroute", "maya", "specialty-referral")
    page.keyboard.press("z")
    expect(title(page)).to_have_text(FIRST)
    expect(page.locator(".tl li").first).to_contain_text("You")
    expect(page.locator("#act-start:not([aria-disabled])")).to_be_visible()
    expect(heart.locator(".row", has_text=FIRST)).to_have_count(0)
    assert told.now(first) == ("accepted", "maya")
    assert not api("cardiologist").sees(f"Task/{first}")


def test_a_day_without_scripts(visit, people, api):
    page, told = visit(None, javascript=False), api("nurse")
    sign_in(page, people)
    now = page.locator(".steps .now")
    page.get_by_role("button", name="Claim next").first.click()
    expect(title(page)).to_have_text(FIRST)
    expect(page.get_by_role("status")).to_contain_text("Claimed.")
    first = page.locator("#detail").get_attribute("data-task")
    page.get_by_role("button", name="Start work").click()
    expect(now).to_contain_text("In progress")
    page.locator("#act-hold").click()
    page.get_by_text("Waiting on a result").click()
    page.get_by_role("dialog").get_by_role("button", name="Hold").click()
    expect(now).to_contain_text("Waiting on a result")
    assert reason(told.read(f"Task/{first}")["statusReason"]) == "waiting-on-result"
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Complete").click()
    expect(now).to_contain_text("Completed")
    states = ("accepted", "in-progress", "on-hold", "in-progress", "completed")
    assert told.versions(first) == [WAITING, *((each, "maya") for each in states)]
    assert "statusReason" not in told.read(f"Task/{first}")

    # A lost claim says the same as with scripts, on the page.
    page.goto(POOL)
    row = page.locator(".row", has_text=SECOND)
    lost = row.get_attribute("data-id")
    actions.claim(lost, actor=people["nurse2"].actor)
    row.hover()
    row.get_by_role("button", name="Claim").click()
    expect(page.get_by_role("alert")).to_contain_text("Tomás Rivera just claimed this")
    assert api("nurse2").versions(lost) == [WAITING, ("accepted", "tomas")]

    # A reply, which completes its task.
    page.get_by_role("button", name="Claim next").first.click()
    expect(title(page)).to_have_text(THIRD)
    third = page.locator("#detail").get_attribute("data-task")
    page.locator("#reply-text").fill("Please rest.")
    page.get_by_role("button", name="Send and complete").click()
    expect(page.get_by_role("status")).to_contain_text("Sent and completed")
    [output] = told.read(f"Task/{third}")["output"]
    said = told.read(output["valueReference"]["reference"])
    assert said["payload"] == [{"contentString": "Please rest."}]
    assert told.recipients(output["valueReference"]["reference"]) == ["oyelaran"]
    assert told.now(third) == ("completed", "maya")

    # To another pool, and taken back.
    page.goto(POOL)
    page.get_by_role("button", name="Claim next").first.click()
    expect(title(page)).to_have_text(INR)
    fourth = page.locator("#detail").get_attribute("data-task")
    page.locator("#act-reroute").click()
    expect(page.locator("#move-title")).to_have_text("Reroute this task")
    page.locator("#move-note").fill("Chest pain.")
    page.locator("#move-q").fill("cardiol")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".pick b", has_text="Doctor")).to_have_count(0)
    expect(page.locator("#move-note")).to_have_value("Chest pain.")
    page.get_by_role("radio", name="Cardiologist").check()
    page.get_by_role("radio", name="Specialty referral").check()
    page.locator("#move-send").click()
    expect(page.get_by_role("status")).to_contain_text("Sent to Cardiologist.")
    assert not told.sees(f"Task/{fourth}")
    sent = api("cardiologist").read(f"Task/{fourth}")
    assert state(sent) == WAITING and sent["note"][-1]["text"] == "Chest pain."
    page.get_by_role("button", name="Undo").click()
    expect(title(page)).to_have_text(INR)
    assert told.now(fourth) == ("accepted", "maya")
    assert not [canary for canary in CANARIES if canary.lower() in page.url.lower()]


def test_a_day_on_a_phone(visit, people, api, picture):
    page = visit("nurse", POOL, size=PHONE, has_touch=True, is_mobile=True)
    told = api("nurse")

    def fits() -> None:
        # A phone lets the window grow with what is too wide for it.
        holds(page, f"document.documentElement.scrollWidth <= {PHONE['width']}")

    # The list and the task take turns.
    picture(page, "phone-worklist")
    fits()
    page.locator(".row .t").first.tap()
    expect(title(page)).to_have_text(FIRST)
    expect(page.locator("#list")).to_be_hidden()
    picture(page, "phone-task")
    fits()
    page.get_by_role("link", name="Back to Registered nurse").tap()
    expect(page.locator("#list")).to_be_visible()
    expect(title(page)).to_be_hidden()

    # The button at the foot says what one gets.
    foot = page.locator(".bottom-bar .btn")
    expect(foot).to_contain_text("STAT")
    foot.tap()
    expect(title(page)).to_have_text(FIRST)
    first = page.locator("#detail").get_attribute("data-task")
    assert told.now(first) == ("accepted", "maya")
    page.get_by_role("button", name="Start work").tap()
    expect(page.locator(".brief")).to_contain_text("step 3 of 4")
    page.get_by_role("button", name="Complete").tap()
    expect(page.locator(".acts")).to_contain_text("Nothing leads out of this state")
    states = ("accepted", "in-progress", "completed")
    assert told.versions(first) == [WAITING, *((each, "maya") for each in states)]

    # An answer to a patient, with the thumb.
    page.get_by_role("link", name="Back to Registered nurse").tap()
    page.locator(".row .t", has_text=THIRD).tap()
    expect(title(page)).to_have_text(THIRD)
    third = page.locator("#detail").get_attribute("data-task")
    page.locator("#act-claim").tap()
    toast(page, "Claimed")
    page.locator("#reply-text").fill("Please sit down and rest.")
    page.get_by_role("button", name="Send and complete").tap()
    toast(page, "Sent and completed")
    fits()
    [output] = told.read(f"Task/{third}")["output"]
    said = told.read(output["valueReference"]["reference"])
    assert said["payload"] == [{"contentString": "Please sit down and rest."}]
    assert told.now(third) == ("completed", "maya")
    assert told.recipients("Communication/dizzy") == ["maya"]


def test_two_people_in_one_task(visit, people, api):
    """Two nurses, and a coordinator who looks on: each is told at once of what another does."""
    nurse, other = visit("nurse", POOL), visit("nurse2", POOL)
    for page in (nurse, other):
        page.locator(".row .t", has_text=THIRD).click()
        expect(title(page)).to_have_text(THIRD)
    task = nurse.locator("#detail").get_attribute("data-task")

    def of(page: Page, what: str) -> Locator:
        return page.locator(f".d-bar [data-others={what}]")

    expect(of(nurse, "viewing")).to_have_text("Also viewing: Tomás Rivera")
    expect(of(other, "viewing")).to_have_text("Also viewing: Maya Lindqvist")
    nurse.keyboard.press("c")
    toast(nurse, "Claimed")
    # The other page learns of it by itself, within a poll.
    expect(other.locator("#detail")).to_contain_text("Maya Lindqvist claimed this")
    expect(other.locator("#live-text")).to_have_text("Live")
    assert api("auditor").now(task) == ("accepted", "maya")
    assert not api("nurse2").sees(f"Task/{task}")
    assert api("nurse").recipients("Communication/dizzy") == ["maya"]

    cora = visit("coordinator", f"/worklist/t/{task}?list=all")
    expect(of(nurse, "viewing")).to_contain_text("Cora Blake")
    expect(of(cora, "viewing")).to_contain_text("Maya Lindqvist")
    nurse.locator("#reply-text").press_sequentially("Please sit")
    expect(of(cora, "writing")).to_have_text("Maya Lindqvist is writing a reply")
    expect(of(cora, "viewing")).not_to_contain_text("Maya Lindqvist")
    expect(nurse.locator("#draft-saved")).to_contain_text("Saved")
    [draft] = api("nurse").found(f"Communication?part-of=Communication/dizzy&status={DRAFT}")
    assert draft["payload"] == [{"contentString": "Please sit"}]
    assert not api("coordinator").sees(f"Communication/{draft['id']}")

    # She puts it on hold; the nurse, whose page has not heard of it, starts it in vain.
    hear_nothing(nurse)
    cora.locator("#task-title").focus()
    cora.keyboard.press("h")
    dialog = cora.get_by_role("dialog", name="Put this task on hold")
    dialog.get_by_text("Waiting on a result").click()
    dialog.get_by_role("button", name="Hold").click()
    expect(cora.locator(".steps .now")).to_contain_text("On hold")
    nurse.locator("#task-title").focus()
    nurse.keyboard.press("s")
    toast(nurse, "Cora Blake changed this task at")
    expect(nurse.locator(".steps .now")).to_contain_text("On hold")
    expect(nurse.locator("#act-resume")).to_be_visible()
    expect(nurse.locator("#reply-text")).to_have_value("Please sit")
    assert api("nurse").versions(task) == [WAITING, ("accepted", "maya"), ("on-hold", "maya")]
    assert reason(api("nurse").read(f"Task/{task}")["statusReason"]) == "waiting-on-result"
    assert "Cora Blake put it on hold" in api("nurse").timeline(task)[0]

    # Who opens another task is no longer told of this one.
    cora.locator(".row .t", has_text=SECOND).click()
    expect(title(cora)).to_have_text(SECOND)
    expect(of(cora, "writing")).to_be_hidden()


def test_single_keys_can_be_turned_off(visit, people):
    people["nurse"].user.single_keys = False
    people["nurse"].user.save()
    page = visit("nurse", POOL)
    expect(page.locator("#live-text")).to_have_text("Live")
    expect(page.locator("kbd:visible")).to_have_count(0)
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
        if taken_up:
            page.mouse.move(0, 0)  # what is pointed at stays
            time_passes(page)
            actions.claim(found, actor=people["cardiologist"].actor)
        else:
            gone.get_by_role("button", name="Dismiss").click()
        expect(gone).to_be_hidden()
        page.keyboard.press("z")
        if not taken_up:
            expect(title(page)).to_have_text(FIRST)
            assert api("nurse").now(found) == ("accepted", "maya")
            page.keyboard.press("u")
            toast(page, "Released to the pool")
    expect(page.get_by_role("alert")).to_contain_text("it cannot be taken back any more")
    assert api("cardiologist").now(found) == ("accepted", "carl")


def test_the_connection_is_lost_and_comes_back(visit, people, api):
    page, told = visit("nurse", POOL), api("nurse")
    expect(page.locator("#live-text")).to_have_text("Live")
    page.locator(".row .t", has_text=THIRD).click()
    expect(title(page)).to_have_text(THIRD)
    page.keyboard.press("c")
    toast(page, "Claimed")
    page.keyboard.press("h")
    page.get_by_role("dialog").get_by_text("Waiting on patient").click()
    page.get_by_role("dialog").get_by_role("button", name="Hold").click()
    expect(page.locator(".steps .now")).to_contain_text("On hold")
    mine = page.locator("#detail").get_attribute("data-task")
    page.locator("#reply-text").fill("Half a sentence")
    page.locator("#note-text").fill("Half a note")
    expect(page.locator("#draft-saved")).to_contain_text("Saved")
    other = page.locator(".row", has_text=SECOND)
    found = other.get_attribute("data-id")

    def off_now() -> list[list[str]]:
        """The buttons of the task that do nothing, and where the reason is told."""
        return page.locator(".detail [aria-disabled=true]").evaluate_all(
            "all => all.map((each) => [each.id, each.getAttribute('aria-describedby')])"
        )

    off_before = off_now()
    assert off_before
    page.context.set_offline(True)
    expect(page.locator("#live-text")).to_contain_text("No connection since")
    banner = page.locator("#offline")
    expect(banner).to_contain_text("No connection since")
    expect(banner).to_contain_text("You see the list as it was then")
    off = page.locator("#act-resume")
    expect(off).to_have_attribute("aria-describedby", "offline")
    for button in page.locator("#main form button").all():
        expect(button).to_have_attribute("aria-disabled", "true")
    actions.claim(found, actor=people["nurse2"].actor)
    said = page.locator(".toast").count()
    off.click(force=True)
    page.keyboard.press("Escape")
    for key in ("h", "n"):
        page.keyboard.press(key)
    page.keyboard.press("r")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator(".toast")).to_have_count(said)
    banner.get_by_role("button", name="Retry now").click()
    expect(banner).to_be_visible()
    assert told.versions(mine) == [WAITING, ("accepted", "maya"), ("on-hold", "maya")]
    assert [each["id"] for each in told.found("Task?owner=Practitioner/maya")] == [mine]

    page.context.set_offline(False)
    expect(page.locator("#live-text")).to_have_text("Live")
    expect(banner).to_be_hidden()
    # The rows are as they are now, nothing was sent by itself, and what was typed is still there.
    expect(page.locator(".row .t", has_text=SECOND)).to_have_count(0)
    expect(page.locator("#reply-text")).to_have_value("Half a sentence")
    expect(page.locator("#note-text")).to_have_value("Half a note")
    expect(off).not_to_have_attribute("aria-disabled", "true")
    # What could not be done before cannot be done now, and for its own reason.
    eventually(off_now, off_before)
    assert told.versions(mine) == [WAITING, ("accepted", "maya"), ("on-hold", "maya")]
    page.locator("#task-title").focus()
    page.keyboard.press("h")
    expect(page.locator(".steps .now")).to_contain_text("In progress")
    assert told.versions(mine)[3:] == [("in-progress", "maya")]
    assert "note" not in told.read(f"Task/{mine}")


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
        holds(page, "document.activeElement !== document.body")

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
    holds(page, "document.activeElement !== document.body")
    claim_again = page.locator("#act-claim:not([aria-disabled])")
    expect(claim_again).to_be_visible()
    for key in ("r", "?"):
        page.keyboard.press(key)
        expect(page.locator("dialog[open]")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
        holds(page, "document.activeElement !== document.body")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+a")
    pressed("c", "Claimed 7 tasks")
    page.keyboard.press("Control+a")
    page.locator("#bulk").get_by_role("button", name="Release").focus()
    pressed("Enter", "Released 7 tasks")
