"""A real Chromium against the live server, signed in as one of the cast."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect

from tests import factories
from tests.browser import clinic
from tests.browser.patience import LATER, SOON
from tests.browser.told import Told

expect.set_options(timeout=SOON * 1000)

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def people(transactional_db) -> dict[str, factories.Person]:
    """The cast, with a morning's work waiting for the nurses."""
    return clinic.morning()


@pytest.fixture
def api(people) -> Callable[[str], Told]:
    """api("nurse") → what the FHIR API tells the nurse of what the page did."""
    return lambda name: Told(people[name].user)


@pytest.fixture
def visit(chromium, live_server, people) -> Iterator[Callable[..., Page]]:
    """visit("nurse", "/worklist/") → a page in a browser of her own, which fails on any error."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_page(
        name: str | None,
        path: str = "/worklist/",
        *,
        javascript: bool = True,
        size: dict = DESKTOP,
        **options,
    ) -> Page:
        context = chromium.new_context(
            base_url=live_server.url, java_script_enabled=javascript, viewport=size, **options
        )
        contexts.append(context)
        context.add_init_script(LATER)
        if name:
            context.add_cookies([_session(people[name], live_server.url)])
        page = context.new_page()
        page.set_default_timeout(SOON * 1000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: _note(message, problems))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    _wait_for_the_server()
    assert problems == []


def _session(person: factories.Person, url: str) -> dict:
    client = Client()
    client.force_login(person.user, backend="django.contrib.auth.backends.ModelBackend")
    return {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}


def _wait_for_the_server() -> None:
    """Until the polls that were under way are answered: they would block emptying the tables."""
    for _ in range(100):
        with connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from pg_stat_activity where datname = current_database()"
                " and pid <> pg_backend_pid() and state <> 'idle'"
            )
            if cursor.fetchone()[0] == 0:
                return
        time.sleep(0.05)


def _note(message, problems: list[str]) -> None:
    # The browser and htmx log what a journey asks for: refusals (409 and the like), a lost line.
    expected = (
        "Failed to load resource", "Response Status Error Code", "htmx:sendError",
        "htmx:sendAbort", "htmx:afterRequest", "htmx:sendAbort",
        # A row that is put where it stands stands nowhere when it has left the list meanwhile.
        "htmx:oobErrorNoTarget",
    )  # fmt: skip
    if message.type == "error" and not message.text.startswith(expected):
        problems.append(message.text)


@pytest.fixture
def picture(tmp_path) -> Callable[[Page, str], None]:
    """picture(page, name) keeps a screenshot in $TASKWARD_SCREENSHOTS, or for the test alone."""
    folder = Path(os.environ.get("TASKWARD_SCREENSHOTS") or tmp_path)

    def keep(page: Page, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        page.mouse.move(0, 0)
        page.screenshot(path=folder / f"{name}.png")

    return keep
