"""WCAG 2.2 AA as far as axe can judge, in both themes and on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tasks import actions
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.patience import eventually, holds

OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],  # what is right need not be described
}


def assert_accessible(page: Page) -> None:
    def found() -> list[tuple[str, list[str]]]:
        violations = Axe().run(page, options=OPTIONS).response["violations"]
        return [(each["id"], [node["html"] for node in each["nodes"]]) for each in violations]

    eventually(found, [])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_page_in_every_state(visit, people, picture, theme, size):
    actor = people["nurse"].actor
    held = actions.claim_next(actor=actor).resource_id
    actions.hold(held, actor=actor, reason="Lab is closed", note="Asked for a repeat sample.")
    done = actions.claim_next(actor=actor).resource_id
    actions.complete(done, actor=actor)
    kind = "phone" if size is PHONE else "desktop"
    page = visit("nurse", "/worklist/pool/registered-nurse", size=size, color_scheme=theme)
    assert_accessible(page)
    picture(page, f"list-{kind}-{theme}")
    for number in range(3):
        page.goto("/worklist/pool/registered-nurse")
        page.locator(".row .t").nth(number).click()
        expect(page.locator("#task-title")).to_be_visible()
        assert_accessible(page)
        picture(page, f"task-{number}-{kind}-{theme}")
    for path in (f"/worklist/t/{held}", f"/worklist/t/{done}", "/worklist/my", "/worklist/pool/x"):
        page.goto(path)
        assert_accessible(page)
    page.goto(f"/worklist/t/{held}?ask=cancel")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_accessible(page)
    picture(page, f"dialog-{kind}-{theme}")
    if size is DESKTOP:
        page.goto("/worklist/my")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
        assert_accessible(page)
        picture(page, f"keys-{theme}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_sign_in_page(visit, picture, theme):
    page = visit(None, "/accounts/login/", color_scheme=theme)
    assert_accessible(page)
    picture(page, f"sign-in-{theme}")


def test_every_target_is_large_enough_and_focus_is_never_hidden(visit):
    page = visit("nurse", "/worklist/pool/registered-nurse")
    page.locator(".row .t").first.click()
    expect(page.locator("#task-title")).to_be_visible()
    covered = """() => [...document.querySelectorAll("a, button, summary, textarea")].filter((each) => {
            if (!each.offsetParent) return false;
            each.focus();
            const box = each.getBoundingClientRect();
            const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            return document.activeElement === each && !each.contains(top) && !top?.contains(each)
              && !each.closest(".row")?.contains(top);
        }).map((each) => each.outerHTML.slice(0, 120))"""
    eventually(lambda: page.evaluate(covered), [])
    small = """() => [...document.querySelectorAll("a.btn, button, summary, .nav a")]
            .filter((each) => each.offsetParent)
            .filter((each) => each.getBoundingClientRect().height < 24)
            .map((each) => each.outerHTML.slice(0, 120))"""
    eventually(lambda: page.evaluate(small), [])


def test_a_patients_name_is_never_cut(visit):
    page = visit("nurse", "/worklist/pool/registered-nurse")
    holds(
        page,
        """() => [...document.querySelectorAll(".pt, .pb .nm")].every((name) =>
            getComputedStyle(name).textOverflow === "clip" && name.scrollWidth <= name.clientWidth + 1
            || getComputedStyle(name).display === "inline")""",
    )
