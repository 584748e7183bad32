"""Selecting rows by mouse and by key, and what is done to all of them at once."""

import re

import pytest
from playwright.sync_api import Page, expect

from tasks import actions
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.patience import hear_nothing, holds
from tests.browser.test_accessibility import assert_accessible
from tests.browser.test_journeys import FIRST, POOL, SECOND, THIRD

REFILL = "Refill: metformin 500 mg"


def assert_selected(page: Page, *names: str) -> None:
    rows = page.locator(".row:has([name=ids]:checked)")
    expect(rows.locator(".t")).to_have_text(list(names))


def row(page: Page, name: str):
    return page.locator(".row", has_text=name)


def select(page: Page, *names: str) -> list[str]:
    """Checks their boxes; their ids."""
    for name in names:
        row(page, name).locator("[name=ids]").check()
    return [row(page, name).get_attribute("data-id") for name in names]


def test_keys_select_extend_take_all_and_clear(visit):
    page = visit("nurse", POOL)
    said, bar = page.locator("#bulk-count"), page.locator("#bulk")
    expect(bar).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(said).to_have_text("1 selected")
    page.keyboard.press("Shift+J")
    page.keyboard.press("Shift+J")
    expect(said).to_have_text("3 selected")
    assert_selected(page, FIRST, SECOND, THIRD)
    expect(bar.get_by_role("button", name="Claim 3")).to_be_visible()
    page.keyboard.press("x")  # the focus is on the third
    assert_selected(page, FIRST, SECOND)
    page.keyboard.press("Control+a")
    expect(said).to_have_text("7 selected")
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    assert_selected(page)
    page.keyboard.press("Shift+C")  # a modifier that no shortcut names
    expect(page.locator(".toast")).to_have_count(0)


def test_a_claim_of_four_gets_three_and_is_taken_back(visit, people, api, picture):
    page = visit("nurse", POOL, size=DESKTOP)
    expect(page.locator("#live-text")).to_have_text("Live")
    first, second, third, refill = ids = select(page, FIRST, SECOND, THIRD, REFILL)
    hear_nothing(page)
    actions.claim(refill, actor=people["nurse2"].actor)
    assert_accessible(page)
    page.keyboard.press("c")
    toast = page.locator(".toast")
    expect(toast).to_contain_text("Claimed 3 of 4.")
    expect(toast).to_contain_text(f"Tomás Rivera has “{REFILL}”.")
    expect(page.locator(".row.leaving")).to_contain_text("Tomás Rivera claimed this")
    picture(page, "bulk-partial")
    assert_accessible(page)
    expect(page.locator("#bulk")).to_be_hidden()
    owners = [api("nurse").get(f"Task/{each}").json()["owner"]["reference"] for each in ids[:3]]
    assert owners == ["Practitioner/maya"] * 3
    assert api("nurse").get(f"Task/{refill}").status_code == 404
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("Released 3 tasks")
    for each in (first, second, third):
        document = api("nurse").get(f"Task/{each}").json()
        assert document["status"] == "requested" and "owner" not in document


@pytest.mark.parametrize("javascript", [True, False])
def test_several_are_selected_on_a_phone(visit, api, picture, javascript):
    page = visit("nurse", POOL, size=PHONE, javascript=javascript)
    box = row(page, FIRST).locator("[name=ids]")
    expect(box).to_be_hidden()
    page.locator(".selecting").click()
    expect(box).to_be_visible()
    for name in (FIRST, SECOND):
        row(page, name).click()  # chooses, and opens nothing
        expect(row(page, name).locator("[name=ids]")).to_be_checked()
    bar = page.locator("#bulk")
    if javascript:
        expect(page.locator("#bulk-count")).to_have_text("2 selected")
        picture(page, "bulk-phone")
        assert_accessible(page)
        holds(page, "document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("button", name="All 7 in this view").click()
        expect(page.locator("#bulk-count")).to_have_text("7 selected")
        page.locator(".selecting").click()
        expect(bar).to_be_hidden()
        expect(box).to_be_hidden()
        page.locator(".selecting").click()
        row(page, FIRST).click()
    found = row(page, FIRST).get_attribute("data-id")
    bar.get_by_role("button", name=re.compile("^Claim")).click()
    expect(page.locator(".toast, .banner").first).to_contain_text("Claimed")
    assert api("nurse").get(f"Task/{found}").json()["owner"]["reference"] == "Practitioner/maya"


def test_the_bar_says_how_many_each_button_is_for(visit, people):
    page = visit("nurse", POOL)
    row(page, FIRST).locator(".t").focus()
    page.keyboard.press("c")
    expect(page.locator(".toast")).to_contain_text("Claimed")
    select(page, FIRST, SECOND, REFILL)
    bar = page.locator("#bulk")
    expect(bar.get_by_role("button", name="Claim 2")).to_be_visible()
    expect(bar.get_by_role("button", name=re.compile("Release 1"))).to_be_visible()
    expect(bar.get_by_role("button", name=re.compile("Reroute…$"))).to_be_visible()
    # What is selected outlives the swap of a row.
    found, version = (row(page, FIRST).get_attribute(f"data-{each}") for each in ("id", "version"))
    actions.add_note(found, "Call first.", actor=people["nurse"].actor)
    expect(row(page, FIRST)).not_to_have_attribute("data-version", version)
    assert_selected(page, FIRST, SECOND, REFILL)
    bar.get_by_role("button", name="Clear the selection").click()
    expect(bar).to_be_hidden()
    holds(page, "document.activeElement !== document.body")


@pytest.mark.parametrize("javascript", [True, False])
def test_several_are_rerouted_by_one_dialog(visit, api, javascript):
    page = visit("nurse", POOL, javascript=javascript)
    ids = select(page, FIRST, SECOND)
    page.locator("#bulk").get_by_role("button", name="Reroute").click()
    form = page.locator("#move-form")
    expect(form.get_by_role("heading", name="Reroute 2 tasks")).to_be_visible()
    form.get_by_role("radio", name="Cardiologist").check()
    if javascript:
        expect(page.locator("#outcome")).to_contain_text("2 tasks wait in Cardiologist, unclaimed")
    form.get_by_role("radio", name="Workload").check()
    page.locator("#move-send").click()
    told = page.locator(".toast, .banner")
    expect(told.first).to_contain_text("Sent 2 tasks to Cardiologist")
    for each in ids:
        found = api("cardiologist").get(f"Task/{each}").json()
        assert (
            found["status"] == "requested" and found["performerType"][0]["text"] == "Cardiologist"
        )
    told.get_by_role("button", name="Undo").click()
    expect(told.first).to_contain_text("Took back 2 tasks")
    for each in ids:
        assert api("cardiologist").get(f"Task/{each}").status_code == 404
