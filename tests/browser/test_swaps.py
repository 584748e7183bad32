"""Whatever a part of a page gives way to, the focus is on something afterwards: by keys alone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tasks import task_types
from tests.browser.clinic import task
from tests.browser.patience import holds
from tests.browser.test_board import BOARD, INR, card, column
from tests.browser.test_days import toast
from tests.browser.test_journeys import FIRST, POOL, THIRD, title
from tests.factories import create


@pytest.fixture
def press(visit) -> Callable[..., None]:
    """press(control, shows) by Enter, as often as it takes to see that the focus stays on something."""

    def pressed(control: Locator, shows: Locator, key: str = "Enter") -> None:
        page = control.page
        control.focus()
        page.keyboard.press(key)
        expect(shows).to_be_visible()
        expect(page.locator("[aria-busy=true], .htmx-request")).to_have_count(0)
        holds(page, "document.activeElement !== document.body")

    return pressed


def opened(page: Page, name: str) -> None:
    page.locator(".row .t", has_text=name).click()
    expect(title(page)).to_have_text(name)


def test_a_list_is_narrowed_sorted_shown_otherwise_and_kept(visit, press):
    page = visit("nurse", POOL)
    count = page.locator("#list-count")
    page.locator("#facet-priority").click()
    press(page.locator(".menu[open] a", has_text="ASAP"), count.get_by_text("2 match"))
    press(page.locator(".facets a.on"), page.locator(".row", has_text=FIRST))
    page.locator("#facet-sort").click()
    press(
        page.get_by_role("link", name=re.compile("^Due time")),
        page.locator("#facet-sort", has_text="Due time"),
    )
    press(page.get_by_role("button", name="Table", exact=True), page.get_by_role("table"))
    press(page.get_by_role("button", name="List and task"), page.locator("article.row").first)
    page.locator("#save-view").click()
    page.get_by_label("Name").fill("Mine")
    saved = page.get_by_role("link", name="Mine").and_(page.locator("[aria-current=page]"))
    press(page.locator(".menu[open]").get_by_role("button", name="Save"), saved)


def test_more_rows_and_new_ones_are_shown(visit, people, press):
    for number in range(12):
        create(task(f"Letter {number}", "whitcombe", "routine", 900 + number))
    low = {"width": 1440, "height": 400}  # what is in sight is fetched without a key
    page = visit("nurse", POOL, size=low)
    expect(page.locator("#live-text")).to_have_text("Live")
    press(page.locator(".more-rows a"), page.locator(".row", has_text="Letter 11"))
    create(task("Fever after a vaccination", "nakamura", "stat", 5))
    expect(page.locator("#show-new")).to_be_visible()
    press(page.locator("#show-new"), page.locator(".row", has_text="Fever after"))


def test_a_task_is_claimed_noted_watched_and_split(visit, press):
    page = visit("nurse", POOL)
    row = page.locator(".row", has_text=FIRST)
    row.hover()
    press(row.get_by_role("button", name="Claim"), page.locator("#act-start:not([aria-disabled])"))
    press(page.locator("#act-watch"), page.locator("#act-watch[aria-pressed=true]"))
    page.locator("#note-text").fill("Caled her.")
    press(page.locator("#act-note-send"), page.locator(".notes p", has_text="Caled her."))
    note = page.locator(".notes > div").first
    note.get_by_text("Edit").click()
    note.get_by_label("The note").fill("Called her.")
    press(note.get_by_role("button", name="Change note"), page.get_by_text("Called her.").first)
    page.get_by_text("Add subtask").click()
    page.locator("#part-title").fill("Call back")
    part = page.get_by_role("button", name="Complete Call back")
    press(page.locator("#part-title"), part)
    press(part, page.locator(".subs .box.on"))
    page.get_by_text("Add subtask").click()
    page.locator("#part-title").fill("Order repeat")
    press(page.locator("#act-add-part"), page.get_by_text("Waive… Order repeat"))
    page.get_by_text("Waive… Order repeat").click()
    page.get_by_label("Why is it not needed?").select_option(index=1)
    press(
        page.get_by_role("button", name="Waive this subtask"),
        page.locator(".subs", has_text="Cancelled"),
    )
    press(page.get_by_role("link", name="Call back"), title(page).get_by_text("Call back"))


def test_a_stage_goes_on_by_button_by_key_and_by_dialog(visit, people, press):
    kind = next(each for each in task_types.offered() if len(each.stages) > 3)
    create(task("x", "okonkwo", "stat", -20) | {"code": kind.as_concept("Review a lab report")})
    page = visit("nurse", POOL)
    opened(page, "Review a lab report")
    press(page.locator("#act-claim"), page.locator("#act-start:not([aria-disabled])"))
    now = page.locator(".stages .now")
    names = [each.display for each in kind.stages]
    press(page.locator("#act-next-stage"), now.get_by_text(names[0]))
    press(title(page), now.get_by_text(names[1]), key=".")
    page.get_by_role("button", name="Choose a stage").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("radio", name=names[2]).check()
    press(page.get_by_role("dialog").locator("[data-send]"), now.get_by_text(names[2]))


def test_a_patient_is_answered_and_a_message_taken_back(visit, press):
    page = visit("nurse", POOL)
    opened(page, THIRD)
    press(page.locator("#act-claim"), page.locator("#reply-text"))
    page.locator("#reply-text").fill("Please rest.")
    sent = page.locator(".msg", has_text="Please rest.")
    press(page.get_by_role("button", name="Send, keep open"), sent)
    sent.get_by_text("Retract…").click()
    press(sent.get_by_role("button", name="Retract"), page.locator(".msg .gone"))
    page.locator("#reply-text").fill("Please come in.")
    press(page.get_by_role("button", name="Send and complete"), page.locator(".steps .now.end"))


def test_a_card_is_given_and_taken_back(visit, people, press):
    page = visit("coordinator", BOARD)
    card(page, INR).locator(".t").focus()
    page.keyboard.press("a")
    taker = page.get_by_role("dialog").get_by_role("button", name="Tomás Rivera")
    press(taker, column(page, "Tomás Rivera").locator(".bcard", has_text=INR))
    toast(page, "Assigned to Tomás Rivera")
    undo = page.locator(".toast").get_by_role("button", name="Undo")
    press(undo, column(page, "Unclaimed").locator(".bcard", has_text=INR))
