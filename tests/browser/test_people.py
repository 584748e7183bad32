"""Saying when one is there, and going on leave, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from accounts.availability import presence_of
from fhir import store
from tasks import actions
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_accessibility import assert_accessible


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_switch_is_on_every_page(visit, people, picture, theme):
    page = visit("nurse", "/worklist/pool/registered-nurse", color_scheme=theme)
    switch = page.locator(".presence")
    expect(switch).to_contain_text("In clinic")
    switch.locator("summary").click()
    assert_accessible(page)
    picture(page, f"availability-{theme}")
    switch.get_by_role("button", name="Away", exact=True).click()
    expect(page.locator(".presence summary")).to_contain_text("Away")
    expect(page).to_have_url(re.compile("/worklist/pool/registered-nurse$"))
    assert not presence_of(people["nurse"].reference, at=store.now()).is_on


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_coordinator_sends_somebody_on_leave_without_scripts(visit, people, size):
    actions.claim_next(actor=people["nurse"].actor)
    page = visit("coordinator", "/worklist/people", size=size, javascript=False)
    row = page.get_by_role("row", name="Maya Lindqvist")
    row.locator("summary").click()
    row.get_by_role("link", name="Leave…").click()
    page.get_by_label("Who stands in").select_option(label="Tomás Rivera")
    page.get_by_role("button", name="Show what will happen").click()
    expect(page.locator(".outcome")).to_contain_text("1 task goes to Tomás Rivera.")
    page.get_by_role("button", name="Start the leave").click()
    expect(page.get_by_role("row", name="Maya Lindqvist")).to_contain_text("On leave")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_pages_are_accessible(visit, people, picture, theme, size):
    kind = "phone" if size is PHONE else "desktop"
    page = visit("coordinator", "/worklist/people", size=size, color_scheme=theme)
    assert_accessible(page)
    picture(page, f"people-{kind}-{theme}")
    page.get_by_role("row", name="Maya Lindqvist").locator("summary").click()
    assert_accessible(page)
    picture(page, f"people-change-{kind}-{theme}")
    page.goto("/worklist/people/leave?practitioner=Practitioner/maya")
    assert_accessible(page)
    picture(page, f"leave-{kind}-{theme}")
