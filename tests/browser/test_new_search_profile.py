"""A new task, the search field and the profile, as people use them."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import User
from tests.browser.clinic import CANARIES
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.patience import holds
from tests.browser.test_accessibility import assert_accessible

POOL = "/worklist/pool/registered-nurse"
KIND = "Verify patient identity"


def fill_in(page, patient="whit"):
    """The dialog as far as the warning."""
    page.get_by_role("link", name="New task").click()
    dialog = page.get_by_role("dialog", name="New task")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Type required").select_option(label=KIND)
    expect(dialog.get_by_label("What needs doing")).to_have_value(KIND)
    dialog.get_by_role("searchbox", name="Patient required").fill(patient)
    dialog.locator(".pick", has_text="Whitcombe").click()
    return dialog


def tell_nothing(page):
    kept = page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert not [text for text in CANARIES if text in page.title() + page.url + kept]


def test_a_task_is_made_and_the_second_one_is_asked_about(visit, people, picture):
    page = visit("nurse", POOL)
    dialog = fill_in(page)
    dialog.get_by_label("What needs doing").fill("Check the licence")
    dialog.get_by_role("button", name="Create task").click()
    expect(page.locator("#task-title")).to_have_text("Check the licence")
    expect(page.get_by_role("status").filter(has_text="Task created")).to_be_visible()
    tell_nothing(page)
    dialog = fill_in(page)
    expect(dialog.get_by_text("A similar task is open.")).to_be_visible()
    assert_accessible(page)
    picture(page, "new-task")
    dialog.get_by_role("link", name="Open it instead").click()
    expect(page.locator("#task-title")).to_have_text("Check the licence")


def test_what_is_missing_is_said_and_led_to(visit):
    page = visit("nurse", POOL)
    page.get_by_role("link", name="New task").click()
    dialog = page.get_by_role("dialog", name="New task")
    dialog.get_by_label("What needs doing").fill("Call them")
    dialog.locator(".prios label", has_text="STAT").click()
    expect(dialog.get_by_label("Number to call you back on")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("The task was not created")
    expect(dialog.get_by_role("alert")).to_be_focused()
    expect(dialog.get_by_label("What needs doing")).to_have_value("Call them")
    assert_accessible(page)
    dialog.get_by_role("link", name="STAT needs a number").click()
    expect(dialog.get_by_label("Number to call you back on")).to_be_focused()
    dialog.get_by_role("link", name="Choose the type of work").click()
    expect(dialog.get_by_label("Type required")).to_be_focused()


def test_a_draft_waits_for_its_writer(visit):
    page = visit("nurse", POOL)
    page.get_by_role("link", name="New task").click()
    dialog = page.get_by_role("dialog", name="New task")
    dialog.get_by_label("What needs doing").fill("Half a thought")
    expect(dialog.get_by_text("Draft saved")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="New task").click()
    expect(dialog.get_by_label("What needs doing")).to_have_value("Half a thought")
    dialog.get_by_text("Discard draft").click()
    expect(dialog.get_by_label("What needs doing")).to_have_value("Half a thought")
    dialog.get_by_role("button", name="Discard it").click()
    expect(page.get_by_label("What needs doing")).to_have_value("")


def test_a_task_is_made_without_scripts(visit):
    page = visit("nurse", POOL, javascript=False)
    page.get_by_role("link", name="New task").click()
    page.get_by_label("Type required").select_option(label=KIND)
    page.get_by_role("button", name="Use this type").click()
    page.get_by_role("searchbox", name="Patient required").fill("0018 6652")
    page.get_by_role("button", name="Find").click()
    page.locator(".pick", has_text="Whitcombe").click()
    page.get_by_role("button", name="Create task").click()
    expect(page.locator("#task-title")).to_have_text(KIND)


def test_searching_by_number_and_opening_what_is_found(visit, picture):
    page = visit("nurse", POOL)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("0018 6652")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/worklist/s/[\w-]+$"))
    expect(page).to_have_title(re.compile("^Search"))
    expect(page.get_by_role("button", name="Whitcombe, George")).to_be_visible()
    tell_nothing(page)
    assert_accessible(page)
    picture(page, "search")
    page.get_by_role("link", name="Refill: metformin").click()
    expect(page.locator("#task-title")).to_contain_text("Refill: metformin")
    page.go_back()
    expect(page.get_by_role("button", name="Whitcombe, George")).to_be_visible()


def test_the_profile_holds_at_once(visit, people, picture):
    page = visit("nurse", "/worklist/profile")
    assert_accessible(page)
    page.get_by_text("Dark", exact=True).last.click()
    page.get_by_label("Language", exact=True).select_option("es")
    page.get_by_label("Time zone").select_option("Asia/Kolkata")
    page.get_by_text("12 hours").click()
    page.get_by_role("checkbox", name="Single-key shortcuts").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator(".nav .foot")).to_contain_text("IST (UTC+5:30)")
    user = User.objects.get(pk=people["nurse"].user.pk)
    assert (user.hour_cycle, user.single_keys) == ("12", False)
    picture(page, "profile-dark")
    page.goto(POOL)
    page.keyboard.press("/")
    expect(page.locator("#find")).not_to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_pages_by_themselves(visit, picture, theme, size):
    page = visit("nurse", "/worklist/new", size=size, color_scheme=theme)
    for path in ("new", "search", "profile", "my"):
        page.goto(f"/worklist/{path}")
        assert_accessible(page)
        picture(page, f"{path}-{size['width']}-{theme}")
        holds(page, "document.documentElement.scrollWidth <= innerWidth")
    page.goto("/accounts/password/")
    assert_accessible(page)
    picture(page, f"password-{size['width']}-{theme}")
