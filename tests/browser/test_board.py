"""A coordinator's board in a real browser: she drags a card, gives another by key, evens out."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from accounts.models import Availability, MemberLimit, Pool
from fhir.actor import Role
from tasks import actions, moves, pool_tiles
from tasks.models import Task
from tests import factories
from tests.browser import clinic
from tests.browser.clinic import CANARIES, task
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.patience import eventually, holds
from tests.browser.test_accessibility import assert_accessible
from tests.factories import NURSE_ROLE, Person

BOARD = "/worklist/board/registered-nurse"
TABLET = {"width": 768, "height": 1024}
TALL = {"width": 1440, "height": 1500}
"""Where a card and the column that it is dragged to are in sight together."""
REFILL, WOUND, INR = (
    "Refill: metformin 500 mg",
    "Wound photo: possible infection",
    "INR 4.6, on warfarin",
)


@pytest.fixture
def people(transactional_db) -> dict[str, Person]:
    """Four nurses, of whom one is in clinic for the morning and one on leave, and their work."""
    pool_tiles.forget()
    people = clinic.morning()
    people["priya"] = factories.person("priya", Role.PRACTITIONER, "Priya Nair", NURSE_ROLE)
    people["jo"] = factories.person("jo", Role.PRACTITIONER, "Jo Abernathy", NURSE_ROLE)
    pool = Pool.objects.get(slug="registered-nurse")
    pool.member_limit, pool.sla_stat, pool.sla_urgent = 8, 15, 60
    pool.save()
    now = timezone.now()
    for name, state, hours in (("nurse", "on", 9), ("priya", "on", 2), ("jo", "leave", 60)):
        Availability.objects.create(
            practitioner=people[name].reference,
            state=state,
            until=now + timedelta(hours=hours),
            changed_at=now,
        )
    asked = {"authoredOn": (now - timedelta(minutes=82)).isoformat(timespec="seconds")}
    factories.create(task("Verify driver’s licence", "nakamura", "urgent", 500, **asked))
    for name, title, patient, priority, minutes, stage in (
        ("nurse", "Finish visit note, 19 Nov", "delacroix", "routine", 400, "Note drafted"),
        ("nurse", "Call back: chest pain at night", "okonkwo", "stat", -12, "With clinician"),
        ("nurse2", "Chest X-ray report", "nakamura", "routine", 300, "Report available"),
        ("priya", "Fever day 2 after vaccination", "bergstrom", "urgent", 80, "Drafting reply"),
        ("priya", "Asthma action plan question", "castellanos", "urgent", 150, "Awaiting reply"),
        ("priya", "Travel vaccine request", "whitcombe", "routine", 320, "Needs review"),
        ("priya", "Letter to the insurance", "whitcombe", "routine", 900, "Needs review"),
    ):
        made = task(title, patient, priority, minutes, "", stage, status="accepted")
        factories.create({**made, "owner": {"reference": people[name].reference}})
    # A pool with some more, for another tile.
    Pool.objects.get(slug="cardiologist").coordinators.add(people["coordinator"].user)
    return people


def column(page: Page, name: str) -> Locator:
    return page.locator(".col").filter(has=page.get_by_role("heading", name=name, exact=True))


def card(page: Page, title: str) -> Locator:
    return page.locator(".bcard", has_text=title)


def owner(title: str) -> str:
    """Who has the Task of this title, as the server knows it."""
    [found] = [each.owner for each in Task.objects.filter(document__contains=title, deleted=False)]
    return found


def test_a_coordinator_drags_a_card_gives_another_by_key_and_evens_out(visit, people, picture):
    page = visit("coordinator", "/worklist/board", size=TALL)
    expect(page.get_by_role("heading", name="Pool board")).to_be_visible()
    page.get_by_role("link", name="Registered nurse").and_(page.locator(".tile")).click()
    expect(page).to_have_url(re.compile(f"{BOARD}$"))

    # By mouse.
    card(page, REFILL).locator(".t").drag_to(column(page, "Tomás Rivera").locator(".cards"))
    expect(page.locator(".toast")).to_contain_text("Assigned to Tomás Rivera")
    expect(column(page, "Tomás Rivera").locator(".bcard", has_text=REFILL)).to_be_visible()
    assert owner(REFILL) == "Practitioner/tomas"
    page.keyboard.press("z")
    expect(column(page, "Unclaimed").locator(".bcard", has_text=REFILL)).to_be_visible()
    assert owner(REFILL) == ""

    # Back to the pool.
    fever = "Fever day 2 after vaccination"
    card(page, fever).locator(".t").drag_to(column(page, "Unclaimed").locator(".cards"))
    expect(column(page, "Unclaimed").locator(".bcard", has_text=fever)).to_be_visible()
    assert owner(fever) == ""

    # By key: to the card, A, and Enter on who comes first.
    card(page, INR).locator(".t").focus()
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog", name="Assign to…")
    expect(dialog).to_contain_text("Castellanos")
    expect(dialog.get_by_role("button", name="Jo Abernathy")).to_be_disabled()
    expect(dialog).to_contain_text("Jo Abernathy is on leave until")
    picture(page, "board-assign")
    expect(dialog.locator(".taker").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(column(page, "Maya Lindqvist").locator(".bcard", has_text=INR)).to_be_visible()
    expect(dialog).to_have_count(0)
    expect(card(page, INR).locator("[data-row-assign]")).to_be_focused()
    assert owner(INR) == people["nurse"].reference

    # Evening out: nothing before it is confirmed.
    page.get_by_role("link", name="Balance load…").click()
    expect(page.get_by_role("heading", name="Balance load")).to_be_visible()
    rows = page.locator(".moves tbody tr")
    moved = rows.first.get_by_role("link").text_content()
    assert owner(moved) == ""
    picture(page, "balance-desktop-light")
    page.get_by_role("button", name="Move what is ticked").click()
    expect(page.get_by_role("status").filter(has_text="Moved")).to_contain_text(
        re.compile(r"Moved (\d) of \1")
    )
    assert owner(moved) != ""
    picture(page, "balance-done")


def test_a_card_that_cannot_be_given_says_why_where_it_stands(visit, people):
    pool = Pool.objects.get(slug="registered-nurse")
    MemberLimit.objects.create(pool=pool, practitioner="Practitioner/tomas", limit=1)
    page = visit("coordinator", BOARD, size=TALL)
    for name, said in (
        ("Tomás Rivera", "Tomás Rivera has 1 open task; the limit is 1."),
        ("Jo Abernathy", "Jo Abernathy is on leave until"),
    ):
        card(page, REFILL).locator(".t").drag_to(column(page, name).locator(".cards"))
        expect(card(page, REFILL).locator(".refused")).to_contain_text(said)
        expect(column(page, "Unclaimed").locator(".bcard", has_text=REFILL)).to_be_visible()
    assert owner(REFILL) == ""


def test_a_card_that_somebody_took_meanwhile_goes_to_where_it_is(visit, people):
    page = visit("coordinator", BOARD)
    expect(page.locator("#live-text")).to_have_text("Live")
    dropped = card(page, WOUND)
    actions.claim(dropped.get_attribute("data-id"), actor=people["nurse2"].actor)
    dropped.locator(".t").drag_to(column(page, "Maya Lindqvist").locator(".cards"))
    expect(page.locator(".toast")).to_contain_text("Tomás Rivera changed this task at")
    expect(column(page, "Tomás Rivera").locator(".bcard", has_text=WOUND)).to_be_visible()
    assert owner(WOUND) == "Practitioner/tomas"


def test_what_others_do_is_announced_and_shown_on_request(visit, people):
    page = visit("coordinator", BOARD)
    expect(page.locator("#live-text")).to_have_text("Live")
    task_id = card(page, WOUND).get_attribute("data-id")
    moves.assign(task_id, to="Practitioner/maya", actor=people["admin"].actor)
    news = page.get_by_role("link", name="The board has changed, show")
    expect(news).to_be_visible()
    expect(column(page, "Unclaimed").locator(".bcard", has_text=WOUND)).to_be_visible()
    news.click()
    expect(column(page, "Maya Lindqvist").locator(".bcard", has_text=WOUND)).to_be_visible()
    expect(news).to_be_hidden()


def test_the_board_without_scripts(visit, people):
    page = visit("coordinator", BOARD, javascript=False)
    card(page, REFILL).get_by_role("button", name=f"Assign {REFILL} to…").click()
    expect(page).to_have_title("Assign this task · Taskward")
    page.get_by_role("button", name="Tomás Rivera").click()
    expect(page).to_have_url(re.compile(f"{BOARD}$"))
    expect(page.locator(".callout.ok")).to_contain_text("Assigned to Tomás Rivera.")
    expect(column(page, "Tomás Rivera").locator(".bcard", has_text=REFILL)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(column(page, "Unclaimed").locator(".bcard", has_text=REFILL)).to_be_visible()


def test_on_a_phone_there_is_a_list_of_pools_and_then_one_of_tasks(visit, people, picture):
    page = visit("coordinator", "/worklist/board", size=PHONE, has_touch=True, is_mobile=True)
    expect(page.locator(".tile")).to_have_count(2)
    expect(page.locator(".bcard").first).to_be_hidden()
    picture(page, "board-pools-phone-light")
    page.locator(".tile", has_text="Registered nurse").tap()
    expect(page.locator(".bcard").first).to_be_visible()
    expect(page.locator(".tile").first).to_be_hidden()
    card(page, REFILL).get_by_role("button").tap()
    page.get_by_role("button", name="Tomás Rivera").tap()
    expect(column(page, "Tomás Rivera").locator(".bcard", has_text=REFILL)).to_be_attached()
    expect(page.locator("[draggable=true]")).to_have_count(0)
    page.get_by_role("link", name="All pools").tap()
    expect(page.locator(".tile")).to_have_count(2)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, TABLET, PHONE], ids=["desktop", "tablet", "phone"])
def test_every_view_is_accessible(visit, people, picture, theme, size):
    kind = {1440: "desktop", 768: "tablet", 390: "phone"}[size["width"]]
    page = visit("coordinator", BOARD, size=size, color_scheme=theme)
    assert_accessible(page)
    picture(page, f"board-{kind}-{theme}")
    assert_nothing_is_cut(page)
    card(page, REFILL).locator("[data-row-assign]").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_accessible(page)
    picture(page, f"board-assign-{kind}-{theme}")
    for path, name in (
        (f"{BOARD}?by=stage", "stage"),
        (f"{BOARD}?by=due", "due"),
        (f"{BOARD}/balance", "balance"),
        ("/worklist/board", "pools"),
        (f"{BOARD}?column=unclaimed", "column"),
    ):
        page.goto(path)
        assert_accessible(page)
        picture(page, f"board-{name}-{kind}-{theme}")
        title, address = page.title(), page.url
        assert not any(canary in title + address for canary in CANARIES)
        assert_nothing_is_cut(page)


def assert_nothing_is_cut(page: Page) -> None:
    """No patient's name is cut, nothing is too small to press, and the page is no wider than it is."""
    holds(
        page,
        """() => [...document.querySelectorAll(".pt")].filter((each) => each.offsetParent)
            .every((name) => getComputedStyle(name).textOverflow === "clip"
              && name.scrollWidth <= name.clientWidth + 1
              || getComputedStyle(name).display === "inline")""",
    )
    small = """() => [...document.querySelectorAll("main :is(a.btn, button, summary, .tick, a.tile, .seg a)")]
            .filter((each) => each.offsetParent)
            .filter((each) => each.getBoundingClientRect().height < 24)
            .map((each) => each.outerHTML.slice(0, 120))"""
    eventually(lambda: page.evaluate(small), [])
    holds(page, "document.documentElement.scrollWidth <= innerWidth")
    holds(
        page,
        "document.querySelector('.board-page').scrollWidth <= document.querySelector('.board-page').clientWidth + 1",
    )


def test_a_small_window_needs_no_scrolling_sideways(visit, people):
    page = visit("coordinator", BOARD, size={"width": 320, "height": 640})
    assert_nothing_is_cut(page)
    page.goto(f"{BOARD}/balance")
    assert_nothing_is_cut(page)


def test_the_columns_stay_where_they_were_scrolled_to(visit, people):
    page = visit("coordinator", BOARD, size={"width": 1100, "height": 600})
    last = card(page, "Chest X-ray report for sign-off").locator("[data-row-assign]")
    last.scroll_into_view_if_needed()
    before = page.evaluate("document.querySelector('.cols').scrollTop")
    assert before > 0
    last.click()
    page.get_by_role("dialog").get_by_role("button", name="Maya Lindqvist").click()
    expect(page.locator(".toast")).to_contain_text("Assigned to Maya Lindqvist")
    # One card shorter, the columns may end before that.
    page.wait_for_function(
        """before => { const cols = document.querySelector(".cols");
        return cols.scrollTop === Math.min(before, cols.scrollHeight - cols.clientHeight) }""",
        arg=before,
    )


def test_hours_are_drawn(visit, people):
    page = visit("coordinator", BOARD)
    line = page.locator(".tile[aria-current] .spark")
    expect(line).to_have_attribute(
        "aria-label", re.compile(r"^Unclaimed at each hour since \d\d:00")
    )
    expect(line.locator("rect")).to_have_count(pool_tiles.HOURS)
