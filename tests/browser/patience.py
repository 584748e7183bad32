"""What a test does so that nothing hangs on how fast the machine is, or how late a page hears of others."""

import time
from collections.abc import Callable

from playwright.sync_api import Page

LATER = """(() => {
  const later = window.setTimeout, waiting = [];
  window.setTimeout = (act, after, ...rest) =>
    later(act, after > 3000 ? waiting.push(act) && 3600000 : after, ...rest);
  window.timePasses = () => waiting.splice(0).forEach((act) => act());
})();"""
"""What goes by itself after some seconds, a message or a row, stays until the test says otherwise.

What a page does every 3 seconds, or 3 seconds after the last key, goes on: asking, keeping drafts."""
SOON = 30
"""Seconds in which what is to come must have come, on however busy a machine."""


def time_passes(page: Page) -> None:
    """What goes by itself after some seconds goes now."""
    page.evaluate("timePasses()")


def hear_nothing(page: Page) -> None:
    """From now on the page asks in vain what others do: they act before it, and it does not know."""
    page.route("**/worklist/changes?*", lambda route: route.fulfill(status=204))
    with page.expect_response("**/worklist/changes?*"):
        pass  # one that was under way could still tell


def settled[Read](read: Callable[[], Read], wanted: Read) -> Read:
    """What is read as soon as it is as wanted, or at last: a part may be swapped while it is looked at."""
    until = time.monotonic() + SOON
    while (found := read()) != wanted and time.monotonic() < until:
        time.sleep(0.05)
    return found


def eventually[Read](read: Callable[[], Read], wanted: Read) -> None:
    """Asserts of what Playwright has no assertion for."""
    assert settled(read, wanted) == wanted


def holds(page: Page, script: str) -> None:
    """Asserts that an expression of JavaScript is true of the page, now or soon."""
    eventually(lambda: page.evaluate(script), True)
