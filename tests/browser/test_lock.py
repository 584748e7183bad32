"""Walking away, in a real browser whose clock is moved by hand."""

import re

import pytest
from playwright.sync_api import expect

from accounts.sessions import Session
from communications.document import DRAFT
from tests.browser import clinic
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_accessibility import assert_accessible
from tests.browser.told import identifier
from tests.factories import owned_task

PASSWORD = "correct horse battery"
LIST = "/worklist/pool/registered-nurse"


@pytest.fixture
def nurse(people, visit):
    """nurse(path) → a page of the nurse's, with a clock that stands still until it is moved."""
    user = people["nurse"].user
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])

    def open_page(path=LIST, **options):
        page = visit("nurse", path, **options)
        page.clock.install()
        page.reload()
        return page

    return open_page


def leave(page) -> None:
    """Nobody is there for five minutes."""
    page.clock.fast_forward("04:31")
    expect(page.locator("#idle")).to_be_visible()
    page.clock.fast_forward("00:30")
    expect(page.get_by_role("heading", name="Locked")).to_be_visible()


def assert_empty(page) -> None:
    text = page.content() + page.title() + page.url
    assert not [each for each in clinic.CANARIES if each in text]


def unlock(page) -> None:
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Unlock").click()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_page_that_nobody_touches_warns_and_locks(nurse, picture, theme, size):
    page = nurse(size=size, color_scheme=theme)
    expect(page.locator(".row").first).to_be_visible()
    page.clock.fast_forward("04:00")
    expect(page.locator("#idle")).to_be_hidden()
    page.clock.fast_forward("00:31")
    warning = page.get_by_role("alert").filter(has_text="Locking in 30 s.")
    expect(warning).to_be_visible()
    kind = "phone" if size is PHONE else "desktop"
    picture(page, f"lock-warning-{kind}-{theme}")
    assert_accessible(page)
    page.clock.fast_forward("00:30")
    expect(page.get_by_role("heading", name="Locked")).to_be_visible()
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    assert_empty(page)
    assert Session.objects.get().seen_at is None
    picture(page, f"locked-{kind}-{theme}")
    assert_accessible(page)


def test_staying_puts_it_off(nurse):
    page = nurse()
    page.clock.fast_forward("04:31")
    page.get_by_role("button", name="Stay signed in").click()
    page.clock.run_for(1500)
    expect(page.locator("#idle")).to_be_hidden()
    page.clock.fast_forward("04:00")
    expect(page.locator("#idle")).to_be_hidden()
    expect(page.locator(".row").first).to_be_visible()


def test_a_key_puts_it_off_and_the_server_hears_of_it(nurse):
    page = nurse()
    page.clock.fast_forward("04:00")
    with page.expect_request("**/accounts/active"):
        page.keyboard.press("j")
        page.clock.run_for(1500)
    page.clock.fast_forward("04:00")
    expect(page.locator("#idle")).to_be_hidden()


def test_the_password_leads_back_to_the_task_with_its_draft(nurse, people, api):
    """The idle lock as a nurse lives it: called away in the middle of a sentence."""
    page, told = nurse(), api("nurse")
    page.get_by_role("link", name=re.compile("Dizzy since")).click()
    page.locator("#detail").get_by_role("button", name=re.compile("^Claim")).click()
    expect(page.get_by_role("button", name="Send and complete")).to_be_visible()
    box = page.locator("#reply-text")
    box.fill("Please stop the tablet and call us.")
    with page.expect_response("**/draft"):
        page.clock.run_for(4000)
    address = page.url
    task = page.locator("#detail").get_attribute("data-task")
    drafts = f"Communication?part-of=Communication/dizzy&status={DRAFT}"
    leave(page)
    assert_empty(page)
    # Nothing was done in her absence, and what is kept is hers alone.
    assert told.versions(task) == [("requested", ""), ("accepted", "maya")]
    [draft] = told.found(drafts)
    assert draft["payload"] == [{"contentString": "Please stop the tablet and call us."}]
    assert api("coordinator").found(drafts) == []
    # The locked browser gets nothing more: no page, and the API takes no sessions.
    locked = page.request.get(f"/worklist/t/{task}")
    assert locked.status == 403
    assert not [each for each in (*clinic.CANARIES, "stop the tablet") if each in locked.text()]
    assert page.request.get(f"/api/fhir/Task/{task}").status == 401
    page.go_back()
    expect(page.get_by_role("heading", name="Locked")).to_be_visible()
    assert_empty(page)
    page.go_forward()
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Unlock").click()
    expect(page.get_by_role("alert")).to_contain_text("This is not your password.")
    unlock(page)
    expect(page).to_have_url(address)
    expect(page.locator("#reply-text")).to_have_value("Please stop the tablet and call us.")
    page.get_by_role("button", name="Send and complete").click()
    expect(page.locator(".steps .now")).to_contain_text("Completed")
    [output] = told.read(f"Task/{task}")["output"]
    said = told.read(output["valueReference"]["reference"])
    assert said["status"] == "completed" and said["payload"] == draft["payload"]
    assert identifier(said["recipient"][0]) == "oyelaran"
    assert told.now(task) == ("completed", "maya")
    assert told.found(drafts) == []


def test_locking_by_hand_locks_every_tab(nurse):
    page = nurse()
    other = page.context.new_page()
    other.goto("/worklist/my")
    page.locator(".menu summary").filter(has_text="Maya").click()
    page.get_by_role("button", name="Lock now").click()
    for each in (page, other):
        expect(each.get_by_role("heading", name="Locked")).to_be_visible()
        assert_empty(each)


def test_somebody_else_takes_the_workstation(nurse, people):
    owned_task(people["nurse"], code={"text": "Of the first nurse"})
    people["nurse2"].user.set_password(PASSWORD)
    people["nurse2"].user.save(update_fields=["password"])
    page = nurse("/worklist/my")
    expect(page.get_by_text("Of the first nurse").first).to_be_visible()
    leave(page)
    page.get_by_role("button", name="Switch user").click()
    page.get_by_label("User name").fill("tomas")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".user-name")).to_have_text("Tomás Rivera")
    assert "Of the first nurse" not in page.content()


def test_without_scripts_it_can_be_locked_and_opened(people, nurse, visit):
    page = visit("nurse", LIST, javascript=False)
    nurse()
    page.locator(".menu summary").filter(has_text="Maya").click()
    page.get_by_role("button", name="Lock now").click()
    expect(page.get_by_role("heading", name="Locked")).to_be_visible()
    assert_empty(page)
    unlock(page)
    expect(page).to_have_url(re.compile(f"{LIST}$"))
    expect(page.locator(".row").first).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_sign_in_page(visit, picture, settings, theme):
    settings.TASKWARD_SSO_URL = "/accounts/elsewhere"
    page = visit(None, "/accounts/login/", color_scheme=theme)
    expect(page.get_by_role("link", name="Continue with single sign-on")).to_be_visible()
    picture(page, f"sign-in-{theme}")
    assert_accessible(page)
    box = page.get_by_label("Password", exact=True)
    box.fill("secret")
    page.get_by_role("button", name="Show password").click()
    expect(box).to_have_attribute("type", "text")
    page.get_by_label("User name").fill("maya")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    assert_accessible(page)
    picture(page, f"sign-in-wrong-{theme}")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/worklist/board", "You cannot open this page"),
        ("/worklist/t/never-was", "There is no task here for you"),
    ],
    ids=["403", "404"],
)
def test_pages_of_refusals(visit, picture, theme, path, heading):
    page = visit("nurse", path, color_scheme=theme)
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    assert_accessible(page)
    picture(page, f"{path.rpartition('/')[2]}-{theme}")
    page.get_by_role("link", name="Back to the worklist").click()
    expect(page).to_have_url(re.compile("/worklist/"))
