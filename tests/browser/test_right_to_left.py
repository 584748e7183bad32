"""Pages of a language that is written from right to left: the same pages, mirrored."""

import pytest
from playwright.sync_api import Page, expect

from tasks import actions
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.patience import eventually, holds

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
        holds(page, "document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        picture(page, f"rtl-{'phone' if size is PHONE else 'desktop'}-{number}")


def test_the_navigation_stands_where_lines_begin(visit):
    page = visit("nurse", POOL)
    page.locator(".row .t").first.click()
    expect(page.locator("#task-title")).to_be_visible()
    lefts = """() => Object.entries({ nav: ".nav", list: "#list", task: "#detail" })
        .map(([name, each]) => [document.querySelector(each).getBoundingClientRect().left, name])
        .sort(([one], [other]) => one - other).map(([, name]) => name)"""
    eventually(lambda: page.evaluate(lefts), ["nav", "list", "task"])
    mirror(page)
    eventually(lambda: page.evaluate(lefts), ["task", "list", "nav"])
    back = page.locator("#detail [data-back] svg, #detail .back svg").first
    expect(back).to_have_css("scale", "-1 1")


def test_a_name_keeps_its_own_direction(visit):
    """In a line of the other direction a name must not be torn apart, or take signs from beside it."""
    page = visit("nurse", POOL)
    page.locator(".row .t").first.click()
    expect(page.locator("#task-title")).to_be_visible()
    names = page.locator(".row .pt, .pb .nm")
    expect(names).to_have_count(8)
    torn = """(all) => all.filter((each) =>
        !each.closest("[dir=auto], bdi") && !each.querySelector("[dir=auto], bdi")).length"""
    eventually(lambda: names.evaluate_all(torn), 0)


DISORDERED = """(cells) => cells.filter((cell) => {
  const text = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  for (let node = text.nextNode(); node; node = text.nextNode()) {
    const range = document.createRange(), at = (index) => {
      range.setStart(node, index); range.setEnd(node, index + 1);
      return range.getBoundingClientRect().left;
    };
    const said = node.data.trimEnd(), first = node.data.length - node.data.trimStart().length;
    if (/[0-9]/.test(said) && at(first) > at(said.length - 1)) return true;
  }
  return false;
}).map((cell) => cell.textContent)"""


def test_numbers_are_read_as_they_are_written(visit):
    """A record number, a range or a value in another order would be another one."""
    page = visit("nurse", POOL)
    page.locator(".row .t").first.click()
    expect(page.locator("#task-title")).to_have_text("Potassium 6.1 mmol/L")
    mirror(page)
    cells = page.locator(".pb dd, #detail .tb td, .row .due > span, .row .mt")
    expect(cells.nth(10)).to_be_visible()
    eventually(lambda: cells.evaluate_all(DISORDERED), [])
