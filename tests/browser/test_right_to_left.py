"""Pages of a language that is written from right to left: the same pages, mirrored."""

import pytest
from playwright.sync_api import Page, expect

from tasks import actions
from tests.browser.conftest import DESKTOP, PHONE

POOL = "/worklist/pool/registered-nurse"

MIRRORED = """document.documentElement.dir = "rtl";"""
"""No language of ours is yet; the direction is all that the style sheets know of it."""


def mirror(page: Page) -> None:
    page.evaluate(MIRRORED)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_page_is_wider_than_its_window(visit, people, picture, size):
    actor = people["nurse"].actor
    held = actions.claim_next(actor=actor).resource_id
    actions.hold(held, actor=actor, reason="Lab is closed")
    page = visit("coordinator", POOL, size=size)
    for number, path in enumerate(
        (POOL, f"/worklist/t/{held}", "/worklist/threads", "/worklist/board", "/worklist/people",
         "/worklist/drift", "/worklist/all", f"/worklist/t/{held}/reroute"),
    ):  # fmt: skip
        page.goto(path)
        mirror(page)
        wide = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide[0] <= wide[1], (path, wide)
        picture(page, f"rtl-{'phone' if size is PHONE else 'desktop'}-{number}")


def test_the_navigation_stands_where_lines_begin(visit):
    page = visit("nurse", POOL)
    page.locator(".row .t").first.click()
    expect(page.locator("#task-title")).to_be_visible()
    lefts = "() => ['.nav', '#list', '#detail'].map((each) => document.querySelector(each).getBoundingClientRect().left)"
    nav, rows, task = page.evaluate(lefts)
    assert nav < rows < task
    mirror(page)
    nav, rows, task = page.evaluate(lefts)
    assert nav > rows > task
    back = page.locator("#detail [data-back] svg, #detail .back svg").first
    assert back.evaluate("(icon) => getComputedStyle(icon).scale") == "-1 1"


def test_a_name_keeps_its_own_direction(visit):
    """In a line of the other direction a name must not be torn apart, or take signs from beside it."""
    page = visit("nurse", POOL)
    page.locator(".row .t").first.click()
    expect(page.locator("#task-title")).to_be_visible()
    names = page.locator(".row .pt, .pb .nm")
    assert names.count() > 3
    for name in names.all():
        assert name.evaluate(
            "(each) => each.closest('[dir=auto], bdi') !== null || each.querySelector('[dir=auto], bdi') !== null"
        )


RUNS_ON = """(cell) => {
  const text = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  for (let node = text.nextNode(); node; node = text.nextNode()) {
    const range = document.createRange(), at = (index) => {
      range.setStart(node, index); range.setEnd(node, index + 1);
      return range.getBoundingClientRect().left;
    };
    const said = node.data.trimEnd(), first = node.data.length - node.data.trimStart().length;
    if (/[0-9]/.test(said) && at(first) > at(said.length - 1)) return false;
  }
  return true;
}"""


def test_numbers_are_read_as_they_are_written(visit):
    """A record number, a range or a value in another order would be another one."""
    page = visit("nurse", POOL)
    page.locator(".row .t").first.click()
    expect(page.locator("#task-title")).to_have_text("Potassium 6.1 mmol/L")
    mirror(page)
    cells = page.locator(".pb dd, #detail .tb td, .row .due > span, .row .mt")
    assert cells.count() > 10
    wrong = [cell.text_content() for cell in cells.all() if not cell.evaluate(RUNS_ON)]
    assert wrong == []
