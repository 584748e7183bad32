"""Lists in a browser: the table, menus, kept views, and the place that a list keeps."""

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.browser.clinic import task
from tests.browser.conftest import PHONE
from tests.browser.patience import holds, time_passes
from tests.browser.test_accessibility import assert_accessible

FIRST, SECOND = "Potassium 6.1 mmol/L", "Wound photo: possible infection"


def test_the_table_narrowed_and_kept_as_a_view(visit):
    page = visit("nurse", "/worklist/pool/registered-nurse")
    page.locator(".row .t").first.wait_for()
    page.keyboard.press("v")
    table = page.get_by_role("table")
    expect(table.get_by_role("columnheader", name="Patient")).to_be_visible()
    expect(table.locator(".row")).to_have_count(7)

    page.locator("#facet-priority").click()
    asap = page.locator(".menu[open] a", has_text="ASAP")
    expect(asap.locator(".m")).to_have_text("2")
    asap.click()
    expect(table.locator(".row")).to_have_count(2)
    expect(page.locator("#list-count")).to_have_text("2 match")
    expect(page).to_have_url("/worklist/pool/registered-nurse?priority=asap")

    page.locator("#save-view").click()
    page.get_by_label("Name").fill("Calls first")
    page.get_by_label("Who sees it").select_option("registered-nurse")
    page.locator(".menu[open]").get_by_role("button", name="Save").click()
    kept = page.get_by_role("link", name="Calls first")
    expect(kept).to_have_attribute("aria-current", "page")
    expect(kept.locator(".cnt")).to_contain_text("2")
    expect(table.locator(".row")).to_have_count(2)

    other = visit("nurse2", "/worklist/my")
    other.get_by_role("link", name="Calls first").click()
    expect(other.get_by_role("table").locator(".row")).to_have_count(2)
    other.locator(".facets a.on").click()
    expect(other.locator(".row")).to_have_count(7)


def test_a_task_takes_the_place_of_the_table_and_back_brings_it_as_it_was(visit):
    page = visit("nurse", "/worklist/pool/registered-nurse?mode=table&sort=due")
    page.locator(".row .t", has_text=SECOND).click()
    expect(page.locator("#task-title")).to_have_text(SECOND)
    expect(page.locator("#list")).to_be_hidden()
    page.go_back()
    expect(page.locator("#list")).to_be_visible()
    expect(page.locator("#detail")).to_be_hidden()
    expect(page.locator(".row .t", has_text=SECOND)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#task-title")).to_have_text(SECOND)
    page.keyboard.press("Escape")
    expect(page.locator(".row .t", has_text=SECOND)).to_be_focused()
    expect(page).to_have_url("/worklist/pool/registered-nurse?sort=due&mode=table")


def test_back_in_the_split_shows_the_task_before_and_keeps_the_list(visit):
    page = visit("nurse", "/worklist/pool/registered-nurse")
    page.evaluate("window.same = true")
    page.locator(".row .t", has_text=FIRST).click()
    expect(page.locator("#task-title")).to_have_text(FIRST)
    page.locator(".row .t", has_text=SECOND).click()
    expect(page.locator("#task-title")).to_have_text(SECOND)
    page.go_back()
    expect(page.locator("#task-title")).to_have_text(FIRST)
    page.go_back()
    expect(page.get_by_role("heading", name="Pick a task")).to_be_visible()
    holds(page, "window.same")  # the list was never fetched again


def test_rows_of_a_table_follow_what_others_do(visit):
    mine = visit("nurse", "/worklist/pool/registered-nurse?mode=table")
    other = visit("nurse2", "/worklist/pool/registered-nurse")
    other.locator(".row", has_text=SECOND).hover()
    other.locator(".row", has_text=SECOND).get_by_role("button", name="Claim").click()
    expect(other.locator("#task-title")).to_have_text(SECOND)
    expect(mine.locator("tr.leaving")).to_contain_text("claimed this")
    time_passes(mine)
    expect(mine.locator(".row")).to_have_count(6)
    mine.locator(".row .t").first.focus()
    mine.keyboard.press("c")
    expect(mine.locator("#task-title")).to_have_text(FIRST)
    mine.keyboard.press("Escape")
    expect(mine.locator("tr.row", has_text=FIRST)).to_contain_text("You")


def test_what_goes_over_all_columns_widens_none_of_them(visit, people):
    for number in range(60):
        factories.create(task(f"Call {number}", "delacroix", "routine", 60))
    page = visit("auditor", "/worklist/all?mode=table")
    expect(page.locator(".more-rows")).to_have_count(1)
    holds(page, "document.querySelector('thead th').getBoundingClientRect().width < 50")


@pytest.mark.parametrize("mode", ["split", "table"])
def test_a_phone_shows_cards_in_either_look(visit, mode):
    page = visit("nurse", f"/worklist/pool/registered-nurse?mode={mode}", size=PHONE)
    row = page.locator(".row", has_text=FIRST)
    expect(row.locator(".pt")).to_be_visible()
    holds(page, "document.documentElement.scrollWidth <= innerWidth")
    each = "document.querySelectorAll('.row .pt')"
    holds(page, f"[...{each}].every((name) => name.getBoundingClientRect().right <= innerWidth)")
    page.locator("#facet-due").click()
    choice = page.locator(".menu[open] a", has_text="Overdue")
    expect(choice).to_contain_text("2")
    each = "document.querySelectorAll('.menu[open] a')"
    holds(page, f"[...{each}].every((choice) => choice.getBoundingClientRect().height >= 44)")
    choice.click()
    expect(page.locator(".row")).to_have_count(2)
    chip = page.locator(".facets a.on")
    expect(chip).to_contain_text("Overdue")
    expect(page.locator(".bottom-bar .btn")).to_contain_text("STAT")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_tables_and_menus_are_accessible(visit, theme):
    page = visit("nurse", "/worklist/pool/registered-nurse?mode=table", color_scheme=theme)
    page.locator(".row .t").first.wait_for()
    assert_accessible(page)
    page.locator("#facet-priority").click()
    expect(page.locator(".menu[open] a").first).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.locator("#save-view").click()
    assert_accessible(page)
