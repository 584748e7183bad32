"""A coordinator's hour: she sees who has what, gives work, evens it out, raises one, sends a member on
leave, and looks at what it all takes. After each step, what the API says of it.
"""

import csv
import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import MemberLimit, Pool
from fhir.actor import Role
from tasks import pool_tiles
from tasks.models import Task
from tests import factories
from tests.browser import clinic
from tests.browser.clinic import CANARIES, task
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.patience import eventually, holds
from tests.browser.test_accessibility import assert_accessible
from tests.browser.test_board import BOARD, TABLET, TALL, card, column
from tests.browser.told import Told
from tests.factories import NURSE_ROLE, Person

REFILL, INR, WOUND = (
    "Refill: metformin 500 mg",
    "INR 4.6, on warfarin",
    "Wound photo: possible infection",
)
ANALYTICS = "/worklist/analytics"


@pytest.fixture
def people(transactional_db) -> dict[str, Person]:
    """Three nurses: one has much, and what some others have done is of last week."""
    pool_tiles.forget()
    cache.clear()
    people = clinic.morning()
    people["priya"] = factories.person("priya", Role.PRACTITIONER, "Priya Nair", NURSE_ROLE)
    Pool.objects.filter(slug="registered-nurse").update(sla_urgent=60, sla_asap=30)
    owner = {"reference": people["priya"].reference}
    for number in range(5):
        made = task(f"Callback {number}", "whitcombe", "routine", 900 + number, status="accepted")
        factories.create({**made, "owner": owner})
    now = timezone.now()
    for days in (2, 3, 9, 10):
        period = {
            "start": (now - timedelta(days=days)).isoformat(timespec="seconds"),
            "end": (now - timedelta(days=days, hours=-days)).isoformat(timespec="seconds"),
        }
        done = task(f"Done {days}", "delacroix", "routine", None, status="completed")
        factories.create({**done, "authoredOn": period["start"], "executionPeriod": period})
    return people


def of(api: Told, title: str) -> dict:
    """The Task of this title, as the API tells it."""
    [found] = Task.objects.filter(document__contains=title, deleted=False)
    return api.read(f"Task/{found.resource_id}")


def owner(api: Told, title: str) -> str:
    return of(api, title).get("owner", {}).get("reference", "")


def told(api: Told, query: str) -> list[dict]:
    return api.get(f"Task/$stats?{query}").json()["parameter"]


def test_a_coordinators_hour(visit, people, api, picture):
    page, api = visit("coordinator", "/worklist/board", size=TALL), api("coordinator")
    expect(page.locator(".tile[aria-current]")).to_contain_text("Registered nurse")
    expect(column(page, "Unclaimed").locator(".bcard")).to_have_count(7)
    gives_by_menu_and_by_key(page, api)
    gives_beyond_a_limit(page, api)
    evens_out(page, api)
    escalates(page, api)
    sends_on_leave(page, api)
    reads_analytics(page, api)
    picture(page, "coordinators-hour")


def gives_by_menu_and_by_key(page: Page, api: Told) -> None:
    card(page, REFILL).get_by_role("button", name=f"Assign {REFILL} to…").click()
    page.get_by_role("dialog").get_by_role("button", name="Tomás Rivera").click()
    expect(page.locator(".toast")).to_contain_text("Assigned to Tomás Rivera")
    expect(column(page, "Tomás Rivera").locator(".bcard", has_text=REFILL)).to_be_visible()
    assert owner(api, REFILL) == "Practitioner/tomas"
    page.keyboard.press("z")
    expect(column(page, "Unclaimed").locator(".bcard", has_text=REFILL)).to_be_visible()
    assert owner(api, REFILL) == ""
    given_and_back = [("assign", "cora", ""), ("undo", "cora", "undo")]
    assert api.reasons(of(api, REFILL)["id"]) == given_and_back
    card(page, INR).locator(".t").focus()
    page.keyboard.press("a")
    expect(page.get_by_role("dialog").locator(".taker").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(column(page, "Maya Lindqvist").locator(".bcard", has_text=INR)).to_be_visible()
    assert owner(api, INR) == "Practitioner/maya"


def gives_beyond_a_limit(page: Page, api: Told) -> None:
    """Maya has one; the coordinator sets her limit, is asked when she drops one more, and says so."""
    page.goto("/worklist/people")
    row = page.get_by_role("row", name="Maya Lindqvist")
    row.locator("summary").click()
    row.get_by_role("link", name="Limits…").click()
    page.get_by_label("Registered nurse").fill("1")
    page.get_by_role("button", name="Save limits").click()
    expect(page.get_by_role("row", name="Maya Lindqvist")).to_contain_text("1 of 1")
    page.goto(BOARD)
    card(page, WOUND).locator(".t").drag_to(column(page, "Maya Lindqvist").locator(".cards"))
    said = card(page, WOUND).locator(".refused")
    expect(said).to_contain_text("Maya Lindqvist has 1 open task; the limit is 1.")
    assert owner(api, WOUND) == ""
    said.get_by_role("button", name="Raise the limit to 2 and assign").click()
    expect(column(page, "Maya Lindqvist").locator(".bcard", has_text=WOUND)).to_be_visible()
    assert owner(api, WOUND) == "Practitioner/maya"
    assert MemberLimit.objects.get().limit == 2


def evens_out(page: Page, api: Told) -> None:
    page.get_by_role("link", name="Balance load…").click()
    rows = page.locator(".moves tbody tr")
    expect(rows.first).to_be_visible()
    wanted = rows.evaluate_all(
        """rows => rows.map((row) => [row.querySelector("a").textContent,
            row.querySelector("input").value.split("|")[2]])"""
    )
    before = [owner(api, title) for title, _to in wanted]
    assert all(was != to for was, (_title, to) in zip(before, wanted, strict=True))
    page.get_by_role("button", name="Move what is ticked").click()
    expect(page.get_by_role("status").filter(has_text="Moved")).to_contain_text(
        f"Moved {len(wanted)} of {len(wanted)}"
    )
    assert [owner(api, title) for title, _to in wanted] == [to for _title, to in wanted]
    for title, _to in wanted:
        assert api.reasons(of(api, title)["id"])[-1] == ("assign", "cora", "")


def escalates(page: Page, api: Told) -> None:
    found = of(api, "Holter report" if owner(api, WOUND) == "" else WOUND)
    page.goto(f"/worklist/t/{found['id']}?list=all")
    page.get_by_label("More actions").click()
    page.locator("#act-escalate").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("[name=reason]").first.check()
    dialog.get_by_label(re.compile("Note")).fill("The wound is warm.")
    dialog.get_by_role("button", name=re.compile("^Escalate")).click()
    expect(page.locator(".toast").last).to_contain_text("Escalated")
    after = of(api, WOUND)
    assert (found["priority"], after["priority"]) == ("urgent", "asap")
    assert after["note"][-1]["text"] == "The wound is warm."
    assert api.reasons(after["id"]) == [("assign", "cora", ""), ("escalate", "cora", "worse")]


def sends_on_leave(page: Page, api: Told) -> None:
    hers = {each["id"] for each in open_tasks(api, "priya")}
    assert hers
    page.get_by_role("link", name="People", exact=True).first.click()
    row = page.get_by_role("row", name="Priya Nair")
    row.locator("summary").click()
    row.get_by_role("link", name="Leave…").click()
    page.get_by_label("Who stands in").select_option(label="Tomás Rivera")
    page.get_by_role("button", name="Show what will happen").click()
    expect(page.locator(".outcome")).to_contain_text(
        re.compile(r"\d tasks? goe?s? to Tomás Rivera")
    )
    page.get_by_role("button", name="Start the leave").click()
    expect(page.get_by_role("row", name="Priya Nair")).to_contain_text("On leave")
    assert not open_tasks(api, "priya")
    assert hers <= {each["id"] for each in open_tasks(api, "tomas")}
    assert {api.reasons(each)[-1] for each in hers} == {("assign", "cora", "leave")}


def open_tasks(api: Told, name: str) -> list[dict]:
    return api.found(f"Task?owner=Practitioner/{name}&status=requested,accepted,in-progress")


def reads_analytics(page: Page, api: Told) -> None:
    page.get_by_role("link", name="Analytics").click()
    expect(page.locator(".kpi")).to_have_count(5)
    page.get_by_label("Pool", exact=True).focus()
    page.get_by_label("Pool", exact=True).select_option(label="Registered nurse")
    expect(page).to_have_url(re.compile("pool=registered-nurse"))
    expect(page.get_by_label("Pool", exact=True)).to_be_focused()
    shown = page.locator("#card-turnaround")
    expect(shown.locator("svg.wide")).to_be_visible()
    shown.get_by_text("View as table").click()
    weeks = {
        row[0]: row[1]
        for row in shown.locator("tbody tr").evaluate_all(
            "rows => rows.map((row) => [...row.children].map((cell) => cell.textContent))"
        )
    }
    completed = [
        str(clock["part"][1]["valueUnsignedInt"])
        for each in told(api, "pool=registered-nurse&groupBy=week")
        if each["name"] == "group"
        for clock in each["part"]
        if clock["name"] == "clock" and clock["part"][0]["valueCode"] == "turnaround"
    ]
    assert completed and sorted(weeks.values()) == sorted(completed)
    waits = page.locator("#card-waits")
    waits.evaluate_all("([each]) => each.scrollIntoView()")
    expect(waits.locator("svg")).to_be_visible()
    with page.expect_download() as download:
        waits.get_by_role("link", name="CSV of").click()
    rows = list(csv.reader(download.value.path().read_text().splitlines()))
    limits = [
        {part["name"]: part for part in each["part"]}
        for each in told(api, "pool=registered-nurse")
        if each["name"] == "claim-limit"
    ]
    assert [(row[3], row[4]) for row in rows[1:]] == [
        (str(each["count"]["valueUnsignedInt"]), str(each["within"]["valueUnsignedInt"]))
        for each in limits
    ]
    assert rows[0][0] == "Pool" and len(rows) == len(limits) + 1
    said = page.title() + page.url + download.value.suggested_filename + str(rows)
    assert not any(canary in said for canary in CANARIES)


# --- analytics in all its states ------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, TABLET, PHONE], ids=["desktop", "tablet", "phone"])
def test_analytics_are_accessible(visit, people, picture, theme, size):
    kind = {1440: "desktop", 768: "tablet", 390: "phone"}[size["width"]]
    page = visit("coordinator", f"{ANALYTICS}?show=all", size=size, color_scheme=theme)
    for each in page.locator(".twin summary").all():
        each.click()
    assert_accessible(page)
    picture(page, f"analytics-{kind}-{theme}")
    holds(page, "document.documentElement.scrollWidth <= innerWidth")
    small = """() => [...document.querySelectorAll("main :is(a, button, summary, select)")]
            .filter((each) => each.offsetParent && each.getBoundingClientRect().height < 24)
            .map((each) => each.outerHTML.slice(0, 120))"""
    eventually(lambda: page.evaluate(small), [])
    page.goto(f"{ANALYTICS}?period=4")
    expect(page.locator("#card-turnaround svg").first).to_be_attached()
    assert_accessible(page)


def test_analytics_need_no_sideways_scrolling_in_a_small_window(visit, people):
    page = visit("coordinator", f"{ANALYTICS}?show=all", size={"width": 320, "height": 640})
    main = "document.querySelector('main')"
    holds(page, f"{main}.scrollWidth <= {main}.clientWidth + 1")


def test_analytics_without_scripts(visit, people):
    page = visit("coordinator", ANALYTICS, javascript=False)
    page.get_by_role("link", name="Show everything at once").click()
    expect(page.locator(".kpi")).to_have_count(5)
    expect(page.locator("#card-turnaround svg.wide")).to_be_visible()
    page.get_by_label("Period").select_option("4")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page).to_have_url(re.compile("period=4"))


def test_limits_are_accessible(visit, people, picture):
    for size in (DESKTOP, PHONE):
        page = visit(
            "coordinator", "/worklist/people/limits?practitioner=Practitioner/maya", size=size
        )
        expect(page.get_by_role("heading", name="Limits of Maya Lindqvist")).to_be_visible()
        assert_accessible(page)
        picture(page, f"limits-{size['width']}")
