"""A running clinic of the story's own: it counts everything that happens in it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.clients import clinic
from tests.integration.subscriptions.receiver import Receiver

expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def running_clinic(tmp_path_factory) -> Iterator[clinic.Clinic]:
    with clinic.running(tmp_path_factory.mktemp("clinic")) as running:
        yield running


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """Another system, which is told of what it has subscribed to."""
    started = Receiver().start()
    yield started
    started.stop()


@pytest.fixture
def visit(chromium, running_clinic):
    """visit("nurse") → a page of the browser in which she has signed in; no script may fail."""
    contexts, problems = [], []

    def sign_in(username: str):
        context = chromium.new_context(
            base_url=running_clinic.url, viewport={"width": 1440, "height": 900}
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
        page.goto("/worklist/")
        page.get_by_label("User name").fill(username)
        page.get_by_label("Password", exact=True).fill(running_clinic.password(username))
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_be_visible()
        return page

    yield sign_in
    for context in contexts:
        context.close()
    assert problems == []
