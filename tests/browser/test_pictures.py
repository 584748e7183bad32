"""The pictures of the README, from the demo clinic.

`TASKWARD_SCREENSHOTS=docs/img pytest tests/browser/test_pictures.py` takes them anew.
"""

import io

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from accounts.models import User
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories import Person

POOL, BOARD = "/worklist/pool/registered-nurse", "/worklist/board/registered-nurse"


@pytest.fixture
def people(transactional_db, settings, tmp_path) -> dict[str, Person]:
    """The demo clinic's own sign-ins instead of the cast."""
    settings.TASKWARD_DATA = tmp_path
    call_command("demo_data", verbosity=0, stdout=io.StringIO())
    return {user.username: Person(user) for user in User.objects.all()}


def test_pictures_of_the_readme(visit, picture, settings):
    zone = settings.TIME_ZONE
    page = visit("nurse", POOL, size=DESKTOP, device_scale_factor=1.5, timezone_id=zone)
    page.keyboard.press("n")
    expect(page.locator("#act-start:not([aria-disabled])")).to_be_visible()
    page.keyboard.press("s")
    expect(page.locator(".steps .now")).to_contain_text("In progress")
    expect(page.locator("#live-text")).to_have_text("Live")
    page.locator(".toast [data-dismiss]").last.click()
    page.locator("#task-title").focus()
    picture(page, "worklist")
    page.emulate_media(color_scheme="dark")
    picture(page, "worklist-dark")
    phone = visit("nurse", POOL, size=PHONE, device_scale_factor=2, timezone_id=zone)
    expect(phone.locator("#live-text")).to_have_text("Live")
    picture(phone, "phone")
    desk = visit("coordinator", BOARD, size=DESKTOP, device_scale_factor=1.5, timezone_id=zone)
    expect(desk.locator(".bcard").first).to_be_visible()
    expect(desk.locator("#live-text")).to_have_text("Live")
    picture(desk, "board")
    desk.goto("/worklist/analytics")
    for card in (".a-turnaround", ".a-funnel", ".a-reasons"):
        expect(desk.locator(f"{card} svg[role=img]:visible").first).to_be_visible()
    picture(desk, "analytics")
