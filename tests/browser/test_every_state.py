"""What holds of a page in every window also holds in the states that no link leads to."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from communications.models import Snippet
from tasks import actions, moves
from tests.browser.clinic import task
from tests.browser.conftest import PHONE
from tests.browser.looking import problems_of
from tests.browser.patience import hear_nothing
from tests.browser.test_board import BOARD, REFILL, card
from tests.browser.test_days import toast
from tests.browser.test_journeys import FIRST, POOL, SECOND, THIRD, title
from tests.factories import create


@pytest.fixture
def look() -> Iterator[Callable[[Page, str], None]]:
    """look(page, part) in every window; what was wrong is told at the end, all of it."""
    problems: list[str] = []

    def judge(page: Page, part: str) -> None:
        expect(page.locator(part).last).to_be_visible()
        problems.extend(f"{part}: {each}" for each in problems_of(page, part))
        expect(page.locator(part).last).to_be_visible()

    yield judge
    assert not problems, "\n".join(dict.fromkeys(problems))


def row(page: Page, name: str):
    return page.locator(".row", has_text=name)


def claimed(page: Page, name: str = FIRST) -> str:
    found = row(page, name).get_attribute("data-id")
    row(page, name).locator(".t").click()
    expect(title(page)).to_have_text(name)
    page.keyboard.press("c")
    expect(page.locator("#act-start:not([aria-disabled])")).to_be_visible()
    return found


def test_what_stands_around_every_page(visit, look):
    look(visit("coordinator", "/worklist/my"), "body")


def test_moving_a_task_in_a_dialog(visit, people, look):
    page = visit("nurse", POOL)
    found = claimed(page)
    page.keyboard.press("r")
    look(page, "dialog.move")
    page.locator("#move-note").fill("Kept.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("dialog.move").get_by_role("alert")).to_contain_text("Choose a reason.")
    look(page, "dialog.move")
    page.locator("dialog.move").get_by_role("radio", name="Cardiologist").check()
    page.locator("dialog.move").get_by_role("radio", name="Workload").check()
    expect(page.locator("#outcome")).to_contain_text("Cardiologist")
    moves.prioritize(found, priority="urgent", actor=people["coordinator"].actor)
    page.keyboard.press("Control+Enter")
    expect(page.locator("dialog.move")).to_contain_text("Cora Blake changed this task at")
    look(page, "dialog.move")
    moves.assign(found, to=people["nurse2"].reference, actor=people["coordinator"].actor)
    page.keyboard.press("Control+Enter")
    expect(page.locator("dialog.move")).to_contain_text("You may not change this Task.")
    look(page, "dialog.move")


def test_a_reason_a_date_and_a_stage_in_a_dialog(visit, people, look):
    page = visit("nurse", POOL)
    claimed(page)
    page.keyboard.press("s")
    toast(page, "Started")
    page.keyboard.press("h")
    look(page, "dialog[open]")
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    expect(page.locator("#due-day")).to_be_focused()
    look(page, "dialog.move")
    page.locator("#due-day").fill("2001-01-01")
    page.keyboard.press("Control+Enter")
    expect(page.locator("dialog.move").get_by_role("alert")).to_be_visible()
    look(page, "dialog.move")
    page.keyboard.press("Escape")
    page.get_by_label("More actions").click()
    look(page, ".d-head .menu")


def test_a_new_task_in_a_dialog(visit, look):
    page = visit("nurse", POOL)
    page.get_by_role("link", name="New task").click()
    look(page, "dialog.new")
    dialog = page.get_by_role("dialog", name="New task")
    dialog.get_by_role("searchbox").fill("whit")
    expect(dialog.locator(".pick").first).to_be_visible()
    dialog.locator(".prios label", has_text="STAT").click()
    page.keyboard.press("Control+Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("The task was not created")
    look(page, "dialog.new")


@pytest.mark.parametrize("mode", ["split", "table"])
def test_rows_that_are_selected_and_what_came_of_them(visit, people, look, mode):
    page = visit("nurse", f"{POOL}?mode={mode}")
    for each in (FIRST, SECOND, THIRD):
        row(page, each).locator("[name=ids]").check()
    look(page, "#list")
    page.locator("#bulk").get_by_role("button", name="Reroute").click()
    look(page, "dialog.move")
    page.keyboard.press("Control+Enter")
    expect(page.locator("dialog.move").get_by_role("alert")).to_be_visible()
    look(page, "dialog.move")
    page.keyboard.press("Escape")
    expect(page.locator("#bulk-count")).to_have_text("3 selected")
    hear_nothing(page)
    actions.claim(row(page, SECOND).get_attribute("data-id"), actor=people["nurse2"].actor)
    page.locator("#bulk").get_by_role("button", name="Claim").click()
    toast(page, "Claimed 2 of 3.")
    look(page, "#toasts")
    look(page, ".row.leaving")


def test_a_list_that_is_read_alone(visit, look):
    page = visit("auditor", "/worklist/all")
    first = row(page, FIRST)
    expect(first.get_by_role("checkbox")).to_have_count(0)
    keys = page.locator(".list-f > :visible")
    expect(keys).to_have_text([re.compile(each) for each in ("move", "open", "all shortcuts")])
    first.locator(".pick").click(force=True)  # the whole row opens the task
    expect(title(page)).to_have_text(FIRST)
    look(page, "#list")
    page.goto("/worklist/all?mode=table")
    expect(page.get_by_role("table")).to_be_visible()
    expect(page.locator("#select-all")).to_be_hidden()
    look(page, "#list")
    page.set_viewport_size(PHONE)
    expect(page.locator(".selecting")).to_be_hidden()


def test_menus_of_a_list_and_of_the_top(visit, look):
    page = visit("nurse", f"{POOL}?priority=asap")
    for opener in ("#facet-due", "#facet-more", "#facet-sort", "#save-view"):
        page.locator(opener).click()
        look(page, ".list .menu[open]")
        page.keyboard.press("Escape")
    page.locator(".user-name").click()
    look(page, ".top .menu[open]")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    look(page, "#keys")
    page.keyboard.press("Escape")
    page.locator("#privacy").click()
    look(page, "#list")


def test_what_others_do_meanwhile(visit, people, look):
    page = visit("nurse", POOL)
    expect(page.locator("#live-text")).to_have_text("Live")
    create(task("Fever after a vaccination", "nakamura", "urgent", 90))
    expect(page.locator("#show-new")).to_be_visible()
    look(page, "#list")
    row(page, SECOND).locator(".t").click()
    expect(title(page)).to_have_text(SECOND)
    hear_nothing(page)
    actions.claim(page.locator("#detail").get_attribute("data-task"), actor=people["nurse2"].actor)
    page.keyboard.press("c")
    toast(page, "Tomás Rivera just claimed this")
    look(page, "#toasts")
    page.context.set_offline(True)
    page.unroute("**/worklist/changes?*")
    expect(page.locator("#offline")).to_be_visible()
    look(page, "body")
    page.context.set_offline(False)


def test_an_answer_that_is_not_sent(visit, people, look):
    Snippet.objects.get_or_create(name="Dose", defaults={"text": "Please take [dose]."})
    page = visit("nurse", POOL)
    claimed(page, THIRD)
    page.locator("#reply-text").fill("Take [dose].")
    page.locator("#composer").get_by_role("button", name="Send and complete").click()
    expect(page.locator("#composer").get_by_role("alert")).to_contain_text("[dose]")
    look(page, "#detail")
    page.get_by_role("checkbox", name="Internal note").check()
    look(page, "#composer")
    page.get_by_label("Templates").click()
    look(page, "#composer")


def test_nobody_is_there(visit, look):
    page = visit("nurse", POOL)
    page.clock.install()
    page.reload()
    page.clock.fast_forward("04:31")
    page.clock.set_fixed_time(page.evaluate("Date.now() / 1000"))
    look(page, "#idle")


@pytest.mark.parametrize("name", ["nurse", "physician"])
def test_lists_without_a_row(visit, look, name):
    page = visit(name, "/worklist/my")
    look(page, "#list")
    if name == "nurse":
        page.goto(f"{POOL}?priority=routine&due=overdue")
        look(page, "#list")


def test_a_coordinator_gives_work(visit, people, look):
    page = visit("coordinator", "/worklist/all")
    row(page, FIRST).locator(".t").click()
    expect(title(page)).to_have_text(FIRST)
    look(page, "#detail")
    for code in ("assign", "prioritize", "escalate"):
        page.locator(f"#act-{code}").dispatch_event("click")
        look(page, "dialog.move")
        page.keyboard.press("Escape")
    page.goto(BOARD)
    card(page, REFILL).locator("[data-row-assign]").click()
    look(page, "dialog[open]")
    page.keyboard.press("Escape")
    expect(page.locator("#live-text")).to_have_text("Live")
    moves.assign(
        card(page, REFILL).get_attribute("data-id"),
        to="Practitioner/maya",
        actor=people["admin"].actor,
    )
    expect(page.locator("#board-news a")).to_be_visible()
    look(page, "#board")


def test_without_colours_it_still_shows_what_is_chosen_and_pressing(visit):
    page = visit("nurse", POOL)
    claimed(page)
    page.emulate_media(forced_colors="active")
    for chosen in (".nav [aria-current]", ".row.sel", ".looks [aria-pressed=true]"):
        expect(page.locator(chosen).first).to_have_css("outline-style", "solid")
    expect(page.locator(".toast")).to_have_css("border-top-style", "solid")
    bar = page.locator(".row .prio").first
    expect(bar).to_have_css("forced-color-adjust", "none", pseudo="before")
