"""Handing work over, as people do it in a browser: by keys alone, two at once, and taken back."""

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from accounts.models import Pool
from tasks import actions, moves, task_types
from tasks.reasons import REROUTE_SYSTEM
from tests import factories
from tests.browser.clinic import CANARIES, task
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.patience import eventually, hear_nothing, holds
from tests.browser.test_accessibility import assert_accessible

POOL = "/worklist/pool/registered-nurse"
FIRST, THIRD = "Potassium 6.1 mmol/L", "Dizzy since starting new tablet"


def title(page: Page) -> Locator:
    return page.locator("#task-title")


def dialog(page: Page) -> Locator:
    return page.locator("dialog.move")


def claimed(page: Page, name: str = FIRST) -> str:
    """Opens and claims a task of the list; its id."""
    row = page.locator(".row", has_text=name)
    found = row.get_attribute("data-id")
    row.locator(".t").click()
    expect(title(page)).to_have_text(name)
    page.keyboard.press("c")
    expect(page.locator("#act-start:not([aria-disabled])")).to_be_visible()
    return found


def reason(page: Page, name: str) -> Locator:
    return dialog(page).get_by_role("radio", name=name)


def test_undo_is_refused_once_somebody_has_taken_it_up(visit, people):
    page = visit("nurse", POOL)
    found = claimed(page)
    page.keyboard.press("r")
    dialog(page).get_by_role("radio", name="Cardiologist").check()
    reason(page, "Workload").check()
    page.locator("#move-send").click()
    expect(page.locator(".toast", has_text="Sent to Cardiologist")).to_be_visible()
    actions.claim(found, actor=people["cardiologist"].actor)
    page.keyboard.press("z")
    expect(page.get_by_role("alert")).to_contain_text("it cannot be taken back any more")
    expect(title(page)).to_have_count(0)


def test_what_is_missing_is_said_in_the_dialog_and_nothing_typed_is_lost(visit):
    page = visit("nurse", POOL)
    claimed(page)
    page.locator("#act-reroute").click()
    page.locator("#move-note").fill("Chest pain since noon.")
    page.keyboard.press("Control+Enter")
    summary = dialog(page).get_by_role("alert")
    expect(summary).to_contain_text("Choose the pool that gets it.")
    expect(summary).to_contain_text("Choose a reason.")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name="Choose a reason.").click()
    expect(reason(page, "Specialty referral")).to_be_focused()
    expect(page.locator("#move-note")).to_have_value("Chest pain since noon.")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_have_count(0)
    expect(page.locator("#act-reroute")).to_be_focused()
    expect(page.locator(".steps .now")).to_contain_text("Accepted")


def test_sending_does_not_wait_for_what_would_happen(visit):
    """Whoever knows what she wants may be faster than the answer to her choice."""
    page = visit("nurse", POOL)
    claimed(page)
    held = []
    page.route("**/outcome?*", lambda route: held.append(route))
    page.keyboard.press("r")
    dialog(page).get_by_role("radio", name="Cardiologist").check()
    reason(page, "Workload").check()
    with page.expect_event("requestfailed", lambda sent: "/outcome?" in sent.url):
        page.locator("#move-send").click()
    expect(page.locator(".toast", has_text="Sent to Cardiologist")).to_be_visible()
    assert len(held) == 1


def test_a_refusal_is_said_when_what_asked_has_been_swapped_out_meanwhile(visit, people):
    page = visit("nurse", POOL)
    row = page.locator(".row", has_text=FIRST)
    found = row.get_attribute("data-id")
    row.locator(".t").click()
    expect(title(page)).to_have_text(FIRST)
    hear_nothing(page)
    heart = moves.ToPool(Pool.objects.get(slug="cardiologist").pk)
    why = {"coding": [{"system": REROUTE_SYSTEM, "code": "specialty-referral"}]}
    moves.reroute(found, to=heart, reason=why, actor=people["coordinator"].actor)

    def meanwhile(route: Route) -> None:
        page.locator("#detail").evaluate_all("([each]) => each.remove()")
        route.continue_()

    page.route("**/claim", meanwhile)
    page.keyboard.press("c")
    expect(page.locator(".toast")).to_contain_text("You may not change this Task.")


def test_two_at_once_and_mine_goes_on_top(visit, people):
    page = visit("nurse", POOL)
    found = claimed(page)
    page.keyboard.press("r")
    dialog(page).get_by_role("radio", name="Cardiologist").check()
    reason(page, "Workload").check()
    page.locator("#move-note").fill("Kept.")
    moves.prioritize(found, priority="urgent", actor=people["coordinator"].actor)
    page.keyboard.press("Control+Enter")
    expect(dialog(page)).to_contain_text("Cora Blake changed this task at")
    expect(dialog(page).locator("table.now")).to_contain_text("Urgent")
    expect(page.locator("#move-note")).to_have_value("Kept.")
    expect(reason(page, "Workload")).to_be_checked()
    dialog(page).get_by_role("button", name="Apply mine on top").click()
    expect(page.locator(".toast", has_text="Sent to Cardiologist")).to_be_visible()


def test_what_left_her_sight_meanwhile_is_said_in_the_open_dialog(visit, people):
    page = visit("nurse", POOL)
    found = claimed(page)
    page.keyboard.press("r")
    dialog(page).get_by_role("radio", name="Cardiologist").check()
    expect(page.locator("#outcome")).to_contain_text("Cardiologist")
    reason(page, "Workload").check()
    moves.assign(found, to=people["nurse2"].reference, actor=people["coordinator"].actor)
    page.keyboard.press("Control+Enter")
    expect(dialog(page).get_by_role("alert")).to_contain_text("You may not change this Task.")


def test_a_coordinator_assigns_from_her_list_by_keys(visit, people):
    page = visit("coordinator", "/worklist/all")
    row = page.locator(".row", has_text=FIRST)
    row.locator(".t").focus()
    page.keyboard.press("a")
    expect(dialog(page)).to_contain_text("Assign this task")
    page.keyboard.type("tomas")
    expect(dialog(page).locator(".pick:not(.off)")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("#move-send")).to_contain_text("Assign to Tomás Rivera")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast", has_text="Assigned to Tomás Rivera")).to_be_visible()
    expect(title(page)).to_have_text(FIRST)
    expect(row.get_by_role("img", name="Tomás Rivera")).to_be_visible()
    page.keyboard.press("z")
    expect(row.get_by_role("img", name="Unclaimed")).to_be_visible()


def test_stages_go_on_with_a_key_and_back_by_the_dialog(visit, people):
    task_type = next(each for each in task_types.offered() if len(each.stages) > 2)
    factories.create(
        task("x", "okonkwo", "stat", -20, code=factories.NURSE_ROLE) | {
            "code": task_type.as_concept("Review a lab report")
        }
    )  # fmt: skip
    page = visit("nurse", POOL)
    claimed(page, "Review a lab report")
    now = page.locator(".stages .now")
    expect(now).to_have_count(0)
    for stage in task_type.stages[:2]:
        page.keyboard.press(".")
        expect(now).to_contain_text(stage.display)
    page.keyboard.press("z")
    expect(now).to_contain_text(task_type.stages[0].display)
    page.get_by_role("button", name="Choose a stage").click()
    dialog(page).get_by_role("radio", name=task_type.stages[2].display).check()
    expect(page.locator("#outcome")).to_contain_text(task_type.stages[2].display)
    page.keyboard.press("Control+Enter")
    expect(now).to_contain_text(task_type.stages[2].display)


def test_no_patient_and_no_note_in_addresses_titles_or_storage(visit):
    page = visit("nurse", POOL)
    seen = []
    page.on("request", lambda request: seen.append(request.url))
    claimed(page, THIRD)
    page.keyboard.press("r")
    page.locator("#move-note").fill("Note-canary about the patient")
    page.locator("#kind-person").check()
    expect(dialog(page).locator(".pick", has_text="Carl Ostrow")).to_be_visible()
    page.locator("#move-q").fill("carl")
    expect(dialog(page).locator(".matches")).to_have_text("1 match")
    dialog(page).get_by_role("radio", name="Carl Ostrow").check()
    expect(page.locator("#move-send")).to_contain_text("Reroute to Carl Ostrow")
    dialog(page).get_by_role("radio", name="Hand over and keep watching").check()
    expect(page.locator("#move-foot")).to_contain_text("this cannot be undone")
    reason(page, "Specialty referral").check()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".steps .now")).to_contain_text("Cancelled")
    seen += [
        page.title(),
        page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])"),
    ]
    assert any("/outcome" in url for url in seen)
    for text in seen:
        assert not [each for each in (*CANARIES, "canary") if each.lower() in text.lower()]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_dialogs_are_accessible_and_cut_no_name(visit, people, picture, theme, size):
    found = actions.claim_next(actor=people["nurse"].actor).resource_id
    kind = "phone" if size is PHONE else "desktop"
    page = visit("nurse", f"/worklist/t/{found}", size=size, color_scheme=theme)
    page.locator("#act-reroute").click()
    expect(dialog(page)).to_be_visible()
    dialog(page).get_by_role("radio", name="Cardiologist").check()
    reason(page, "Specialty referral").check()
    expect(page.locator("#outcome li")).not_to_have_count(0)
    assert_accessible(page)
    picture(page, f"reroute-{kind}-{theme}")
    holds(page, "document.documentElement.scrollWidth <= innerWidth")
    cut = """() => [...document.querySelectorAll("dialog .nm, dialog b, dialog .btn")]
            .filter((each) => each.offsetParent && each.scrollWidth > each.clientWidth + 1
              && getComputedStyle(each).display !== "inline")
            .map((each) => each.outerHTML.slice(0, 90))"""
    eventually(lambda: page.evaluate(cut), [])
    page.locator("#kind-person").check()
    expect(dialog(page).locator(".pick", has_text="Carl Ostrow")).to_be_visible()
    assert_accessible(page)
    picture(page, f"reroute-person-{kind}-{theme}")
    page.locator("#move-send").click()
    expect(dialog(page).get_by_role("alert")).to_be_visible()
    assert_accessible(page)
    picture(page, f"reroute-refused-{kind}-{theme}")
    page.goto(f"/worklist/t/{found}/reroute")
    assert_accessible(page)
    picture(page, f"reroute-page-{kind}-{theme}")
    for code in ("escalate", "prioritize"):
        page.goto(f"/worklist/t/{found}")
        page.get_by_label("More actions").click()
        page.locator(f"#act-{code}").click()
        expect(dialog(page)).to_be_visible()
        assert_accessible(page)
        picture(page, f"{code}-{kind}-{theme}")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_what_needs_attention_and_a_long_history_are_accessible(
    visit, people, picture, theme, size
):
    kind = "phone" if size is PHONE else "desktop"
    nurse, coordinator = people["nurse"].actor, people["coordinator"].actor
    found = actions.claim_next(actor=nurse).resource_id
    actions.start(found, actor=nurse)
    actions.hold(found, actor=nurse, reason="Lab is closed", note="Asked for a repeat sample.")
    actions.resume(found, actor=nurse)
    moves.prioritize(found, priority="urgent", note="Looked at it.", actor=coordinator)
    page = visit("coordinator", f"/worklist/t/{found}?list=all", size=size, color_scheme=theme)
    expect(page.locator(".clocks")).to_contain_text(re.compile("Open for"))
    assert_accessible(page)
    picture(page, f"history-{kind}-{theme}")
    page.goto("/worklist/drift")
    assert_accessible(page)
    picture(page, f"attention-{kind}-{theme}")
