"""The end of a shift in a real browser: from one nurse to another, and on paper."""

import re

import pytest
from playwright.sync_api import expect

from tasks import actions
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_accessibility import assert_accessible


@pytest.fixture
def three(people) -> list[str]:
    """The titles of three tasks that the nurse has."""
    actor = people["nurse"].actor
    documents = [actions.claim_next(actor=actor).parsed() for _ in range(3)]
    actions.hold(
        documents[2]["id"],
        reason={"text": "Waiting on a result"},
        note="Lab calls back.",
        actor=actor,
    )
    return [each["code"]["text"] for each in documents]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_pages_are_accessible(visit, three, picture, theme, size):
    kind = f"{'phone' if size is PHONE else 'desktop'}-{theme}"
    page = visit("nurse", "/worklist/handoff", size=size, color_scheme=theme)
    picture(page, f"sheet-{kind}")
    assert_accessible(page)
    page.goto("/worklist/hand-over")
    picture(page, f"hand-over-{kind}")
    assert_accessible(page)
    page.get_by_label("Who takes over").select_option(label="Tomás Rivera")
    page.get_by_role("button", name="Offer what is ticked").click()
    expect(page.get_by_role("heading", name="Hand-over to Tomás Rivera")).to_be_visible()
    picture(page, f"offered-{kind}")
    assert_accessible(page)


def test_one_nurse_hands_over_to_another(visit, api, three, picture):
    nurse = visit("nurse", "/worklist/my")
    nurse.get_by_role("navigation").get_by_role("link", name="Hand-over").click()
    nurse.get_by_label(f"Hand-over note on {three[0]}").fill("Repeat is due back at 19:15.")
    nurse.get_by_label(f"Hand over {three[2]}", exact=True).uncheck()
    nurse.get_by_label("Who takes over").select_option(label="Tomás Rivera")
    nurse.get_by_label(re.compile("Note on all of it")).fill("Quiet evening so far.")
    nurse.get_by_role("button", name="Offer what is ticked").click()
    expect(nurse.get_by_role("heading", name="Hand-over to Tomás Rivera")).to_be_visible()

    other = visit("nurse2", "/worklist/my")
    link = other.get_by_role("navigation").get_by_role("link", name=re.compile("Hand-over"))
    expect(link).to_contain_text("1 to answer")
    link.click()
    expect(other.locator(".offers")).to_contain_text("Maya Lindqvist hands over 2 tasks")
    other.get_by_role("link", name="Look at the hand-over of Maya Lindqvist").click()
    expect(other.get_by_text("Repeat is due back at 19:15.")).to_be_visible()
    expect(other.get_by_text("Quiet evening so far.")).to_be_visible()
    picture(other, "hand-over-received")
    assert_accessible(other)
    other.get_by_label(re.compile(f": {re.escape(three[1])}")).uncheck()
    other.get_by_role("button", name="Take over what is ticked").click()
    expect(other.get_by_text("Took over 1 of 1")).to_be_visible()
    picture(other, "hand-over-taken")
    other.get_by_label(re.compile("Why not")).fill("Not my unit")
    other.get_by_role("button", name="Decline what is ticked").click()
    expect(other.get_by_text("Maya Lindqvist keeps what you declined")).to_be_visible()

    told = api("nurse2")
    [task] = told.found("Task?owner=Practitioner/tomas")
    assert task["code"]["text"] == three[0]
    assert task["note"][-1]["text"].endswith("Repeat is due back at 19:15.")
    assert told.reasons(task["id"])[-1][2] == "end-of-shift"
    left = api("nurse").found("Task?owner=Practitioner/maya")
    assert sorted(each["code"]["text"] for each in left) == sorted(three[1:])
    nurse.reload()
    expect(nurse.locator("main")).to_contain_text("Not my unit")


def test_a_sheet_on_paper(visit, api, three, picture):
    """Black on white, without what only a screen has, and with a heading on each page."""
    page = visit(
        "nurse", "/worklist/handoff", color_scheme="dark", size={"width": 760, "height": 1075}
    )
    page.emulate_media(media="print")
    for gone in (".top", ".nav", ".handover .btn"):
        expect(page.locator(gone).first).to_be_hidden()
    expect(page.locator("main").get_by_text("Printed by Maya Lindqvist")).to_be_visible()
    expect(page.locator(".print-only")).to_be_hidden()
    expect(page.get_by_text("Handed over by, time")).to_be_visible()
    # It is what the API says that she has, with its patients, and why one of it waits.
    told = api("nurse")
    hers = told.found("Task?owner=Practitioner/maya&_sort=_lastUpdated")
    before = [told.versions(each["id"]) for each in hers]
    assert {each["code"]["text"] for each in hers} == set(three)
    expect(page.locator("main tbody tr")).to_have_count(len(hers))
    for each in hers:
        name = told.read(each["for"]["reference"])["name"][0]
        row = page.locator("main tbody tr", has_text=each["code"]["text"])
        expect(row).to_contain_text(name["family"])
        expect(row).to_contain_text(name["given"][0])
        expect(row).to_contain_text(each.get("statusReason", {}).get("text", ""))
    black, white = "rgb(0, 0, 0)", "rgb(255, 255, 255)"
    for selector, name, value in (
        ("main .prio.stat", "color", white),
        ("main .prio.stat", "background-color", black),
        ("body", "color", black),
        ("body", "background-color", white),
        ("tbody tr", "break-inside", "avoid"),
        ("thead", "display", "table-header-group"),
    ):
        expect(page.locator(selector).first).to_have_css(name, value)
    picture(page, "print-sheet")
    assert page.pdf()[:5] == b"%PDF-"
    assert [told.versions(each["id"]) for each in hers] == before, "looking changes nothing"


def test_a_task_on_paper(visit, three, picture):
    page = visit("nurse", "/worklist/my", color_scheme="dark")
    page.goto(page.locator("#rows .t", has_text=three[0]).get_attribute("href"))
    expect(page.locator("#task-title")).to_contain_text(three[0])
    page.emulate_media(media="print")
    expect(page.locator("#task-title")).to_be_visible()
    for gone in (".top", ".nav", "#list", ".d-bar"):
        expect(page.locator(gone).first).to_be_hidden()
    expect(page.get_by_text(re.compile("^Printed by Maya Lindqvist"))).to_be_visible()
    expect(page.locator("button:visible, textarea:visible")).to_have_count(0)
    picture(page, "print-task")


def test_the_print_button_prints(visit, three):
    page = visit("nurse", "/worklist/handoff")
    page.evaluate("window.print = () => { document.body.dataset.printed = 'yes'; }")
    page.get_by_role("button", name="Print").click()
    expect(page.locator("body")).to_have_attribute("data-printed", "yes")
