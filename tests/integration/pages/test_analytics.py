"""The page of analytics as a browser without scripts gets it, its cards, and its files."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg.errors import QueryCanceled

from accounts.models import Pool
from fhir import actions
from fhir.actor import SYSTEM
from tasks import analytics, statistics, task_types
from tasks.analytics_cards import CARDS, TITLES
from tasks.models import Rule
from tasks.shipped import LAB_REVIEW
from tests.factories import CARDIOLOGIST_ROLE, NURSE_ROLE, create, owned_task, role, task_document
from tests.integration.pages.test_pages import htmx, text

PAGE = "/worklist/analytics"
STAGES = LAB_REVIEW.stages
WHY = {"coding": [{"system": "urn:why", "code": "x", "display": "=cmd()"}]}
TYPED = "Her husband Canaryname has the key"
CANARY = "Canaryname"


@pytest.fixture(autouse=True)
def nothing_is_kept():
    cache.clear()
    yield
    cache.clear()


def at(**ago):
    return (timezone.now() - timedelta(**ago)).isoformat(timespec="seconds")


def change(task, **elements):
    operations = [
        {"op": "add" if value is not None else "remove", "path": f"/{name}"}
        | ({"value": value} if value is not None else {})
        for name, value in elements.items()
    ]
    actions.patch("Task", task["id"], operations, actor=SYSTEM)


@pytest.fixture
def work(cast):
    """Something of everything, of two pools."""
    pool = Pool.objects.get(slug="registered-nurse")
    pool.sla_routine = 60
    pool.save()
    patient = {"reference": "Patient/x", "display": CANARY}
    owner = {"reference": cast["nurse"].reference}
    for code, number in ((NURSE_ROLE, 4), (CARDIOLOGIST_ROLE, 2)):
        for hours in range(number):
            task = create(
                task_document(
                    performerType=role(code),
                    authoredOn=at(hours=hours + 1),
                    businessStatus=STAGES[0].as_concept(),
                    code=LAB_REVIEW.as_concept(f"Labs of {CANARY}"),
                    **{"for": patient},
                )
            )
            change(task, status="accepted", owner=owner)
            why = {"statusReason": WHY} if hours else {}
            change(task, status="on-hold", **why)
            change(task, status="in-progress", **dict.fromkeys(why))
            change(task, businessStatus=STAGES[1].as_concept())
            if hours:
                change(task, status="completed")
    late = {"period": {"end": at(days=2)}}
    create(task_document(performerType=role(NURSE_ROLE), authoredOn=at(days=3), restriction=late))
    moved = create(task_document(performerType=role(NURSE_ROLE)))
    change(moved, performerType=role(CARDIOLOGIST_ROLE))
    create(task_document(performerType=role(NURSE_ROLE), status="cancelled"))
    rejected = task_document(performerType=role(NURSE_ROLE), status="rejected")
    create({**rejected, "statusReason": {"text": TYPED}, "businessStatus": {"text": TYPED}})
    return cast


def lines(response):
    assert response.status_code == 200, response.content
    return list(csv.reader(io.StringIO(response.content.decode())))


def whole(page, name="admin", query=""):
    return page(name).get(f"{PAGE}?show=all{query}")


# --- who may read it ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/turnaround", f"{PAGE}/turnaround.csv"])
def test_it_is_for_coordinators_admins_and_auditors(page, path):
    for name, status in (("coordinator", 200), ("admin", 200), ("auditor", 200), ("nurse", 403)):
        answer = page(name).get(path, headers={"HX-Request": "true"})
        assert answer.status_code == status, name
    assert "You cannot open this page" in text(page("physician").get(PAGE))


def test_only_who_may_read_it_finds_it_in_the_navigation(page):
    assert f'href="{PAGE}"' in page("auditor").get("/worklist/all").content.decode()
    assert f'href="{PAGE}"' not in page("nurse").get("/worklist/my").content.decode()


def test_a_coordinator_sees_her_pools_only(work, page):
    answer = whole(page, "coordinator")
    assert (
        "Registered nurse" in text(answer)
        and "Cardiologist</option>" not in answer.content.decode()
    )
    assert page("coordinator").get(f"{PAGE}?pool=cardiologist").status_code == 404
    assert page("admin").get(f"{PAGE}?pool=cardiologist").status_code == 200
    Pool.objects.get(slug="registered-nurse").coordinators.clear()
    assert "You coordinate no pool" in text(page("coordinator").get(PAGE))


@pytest.mark.parametrize("query", ["period=9", "type=none", "period=x"])
def test_what_cannot_be_asked_is_refused(page, query):
    assert page("admin").get(f"{PAGE}?{query}").status_code == 400
    assert page("admin").get(f"{PAGE}/nothing.csv").status_code == 404


# --- what it says ---------------------------------------------------------------------------------


def parameters(api, query):
    return api("admin").get(f"Task/$stats?{query}").json()["parameter"]


def test_the_numbers_are_those_of_the_api(work, page, api):
    asked = analytics.Asked(Pool.objects.get(slug="registered-nurse"))
    first, last = asked.days(timezone.localdate())
    told = parameters(
        api, f"pool=registered-nurse&periodStart={first}&periodEnd={last}&groupBy=week,stage"
    )
    [stages] = [lines(page("admin").get(f"{PAGE}/funnel.csv?pool=registered-nurse"))]
    reached = {
        part["valueUnsignedInt"]
        for each in told
        if each["name"] == "stage" and "coding" in str(each)
        for part in each["part"]
        if part["name"] == "reached"
    }
    assert {int(row[1]) for row in stages[1:]} == reached == {4}
    weeks = lines(page("admin").get(f"{PAGE}/turnaround.csv?pool=registered-nurse"))
    p90 = [
        part["valueDuration"]["value"]
        for each in told
        if each["name"] == "clock" and each["part"][0]["valueCode"] == "turnaround"
        for part in each["part"]
        if part["name"] == "p90"
    ]
    assert float(weeks[-1][4]) == round(p90[0] / 60, 1)
    waits = lines(page("admin").get(f"{PAGE}/waits.csv"))
    [limit] = [each for each in parameters(api, "") if each["name"] == "claim-limit"]
    values = {each["name"]: each for each in limit["part"]}
    assert waits[1][:5] == [
        "Registered nurse",
        "Routine",
        "60.0",
        str(values["count"]["valueUnsignedInt"]),
        str(values["within"]["valueUnsignedInt"]),
    ]


def test_each_card_says_what_it_shows_and_has_a_table(work, page):
    answer = whole(page)
    body = answer.content.decode()
    for key in CARDS:
        assert f'id="card-{key}"' in body and f'id="about-{key}"' in body
        assert f'href="#about-{key}"' in body and f"{PAGE}/{key}.csv" in body
    assert len(re.findall(r'<svg class="chart [^>]*role="img" aria-label="[^"]{20,}"', body)) >= 6
    assert body.count('<details class="twin">') == 6
    said = text(answer)
    for words in (
        "Median turnaround", "Claimed within SLA", "Rerouted at least once", "No reason given", "Another one, in words",
        "Assigned to physician", "Cardiologist", "nine in ten", "Overdue at 08:00",
    ):  # fmt: skip
        assert words in said, words
    assert CANARY not in body and "Maya" not in body.partition("<main")[2]


def test_cards_come_one_by_one_and_all_at_once_without_scripts(work, page):
    admin = page("admin")
    body = admin.get(f"{PAGE}?pool=cardiologist").content.decode()
    assert body.count('hx-trigger="revealed"') == len(CARDS)
    assert f"{PAGE}?pool=cardiologist&amp;show=all" in body
    for key in CARDS:
        part = htmx(admin, "get", f"{PAGE}/{key}?pool=cardiologist").content.decode()
        assert f'id="card-{key}"' in part and "<html" not in part
    assert 'class="kpis"' in htmx(admin, "get", f"{PAGE}/figures").content.decode()
    without = admin.get(f"{PAGE}/funnel?pool=cardiologist")
    assert without.status_code == 302 and without["Location"].endswith("pool=cardiologist&show=all")


def test_nothing_of_anything_is_said_as_such(cast, page):
    said = text(whole(page))
    assert "No tasks were asked for in this period." in said
    assert said.count("There is nothing to show for this period.") == len(CARDS)


def test_a_file_runs_nothing(work, page):
    answer = page("admin").get(f"{PAGE}/reasons.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="reasons-[\d-]{10}\.csv"', answer["Content-Disposition"]
    )
    rows = lines(answer)
    assert ["On hold", "'=cmd()", "4"] in rows and ["Cancelled", "No reason given", "1"] in rows
    everything = page("admin").get(f"{PAGE}/all.csv")
    assert all([str(title)] in lines(everything) for title in TITLES.values())
    assert CANARY not in everything.content.decode() and answer["Cache-Control"] == "no-store"


def test_small_groups_are_left_out(work, page, settings):
    settings.TASKWARD_STATS_SMALLEST = 3
    answer = whole(page)
    assert "Groups of fewer than 3 tasks are left out." in text(answer)
    assert ["Cancelled", "No reason given", "1"] not in lines(
        page("admin").get(f"{PAGE}/reasons.csv")
    )


def test_a_type_narrows_and_gives_the_goal(cast, page):
    kind = next(each for each in task_types.setup().types.values() if each.due_days == 1)
    create(
        task_document(
            status="completed",
            performerType=role(NURSE_ROLE),
            code={"coding": [{"system": kind.system, "code": kind.code}]},
            authoredOn=at(hours=20),
            executionPeriod={"start": at(hours=20), "end": at(hours=1)},
        )
    )
    body = whole(page, query=f"&type={kind.code}").content.decode()
    assert 'class="goal"' in body and "goal " in text(whole(page, query=f"&type={kind.code}"))


def late(priority: str) -> None:
    """A task that is overdue this morning and was yesterday."""
    end = {"period": {"end": at(days=2)}}
    create(
        task_document(
            priority=priority,
            performerType=role(NURSE_ROLE),
            authoredOn=at(days=3),
            restriction=end,
        )
    )


def test_a_priority_narrows_and_one_that_says_none_is_routine(work, page):
    late("asap")

    def total(code: str) -> int:
        return analytics.seen(analytics.Asked(priority=code), work["admin"].actor).number("total")

    assert total("asap") == 1 and total("stat") == total("urgent") == 0
    assert total("routine") == total("") - 1
    shown = whole(page, query="&priority=asap").content.decode()
    assert '<option value="asap" selected>' in shown
    assert f'href="{PAGE}/overdue.csv?priority=asap"' in shown
    assert lines(page("admin").get(f"{PAGE}/overdue.csv?priority=asap"))[-1][1] == "1"
    assert lines(page("admin").get(f"{PAGE}/overdue.csv?priority=stat"))[-1:] == [HEAD]


HEAD = ["Day", "Overdue", "STAT or ASAP", "New since the week before"]


def test_it_is_said_how_pressing_what_is_overdue_is(work, page):
    assert "of them STAT or ASAP" not in text(whole(page))
    cache.clear()
    late("stat")
    late("asap")
    late("urgent")
    assert "2 of them STAT or ASAP" in text(whole(page))
    head, *_rows, last = lines(page("admin").get(f"{PAGE}/overdue.csv"))
    assert head == HEAD and last[1:3] == ["4", "2"]


def test_what_was_before_the_records_began_is_said_not_to_be_known(work, page):
    assert "Nothing was recorded here before" in text(whole(page))
    long_ago = timezone.now() - timedelta(weeks=60)
    with connection.cursor() as cursor:
        cursor.execute("update fhir_resourceversion set last_updated = %s", [long_ago])
    cache.clear()
    assert "Nothing was recorded here before" not in text(whole(page))


def test_changes_of_rules_stand_in_the_line_of_time(work, page):
    LogEntry.objects.create(
        user=work["admin"].user,
        content_type=ContentType.objects.get_for_model(Rule),
        object_id="1",
        object_repr="Nurses first",
        action_flag=CHANGE,
        action_time=timezone.now(),
    )
    assert "rule “Nurses first”" in whole(page).content.decode()


# --- how often it counts --------------------------------------------------------------------------


def test_an_answer_is_kept_for_a_minute_and_for_its_reader_alone(work, page, monkeypatch):
    asked = []
    told = statistics.told
    monkeypatch.setattr(
        statistics, "told", lambda *args: asked.append(args[1].username) or told(*args)
    )
    for name in ("admin", "admin", "auditor"):
        whole(page, name)
    assert asked == ["ada", "ada", "audrey", "audrey"]
    whole(page, "admin", "&period=4")
    assert len(asked) == 6
    # What she may read has changed: nothing kept is shown.
    whole(page, "coordinator")
    Pool.objects.get(slug="cardiologist").coordinators.add(work["coordinator"].user)
    whole(page, "coordinator")
    assert len(asked) == 10


def test_what_takes_too_long_is_what_it_was_or_says_so(work, page, monkeypatch):
    def too_long(*args):
        raise OperationalError from QueryCanceled()

    admin = page("admin")
    before = whole(page)
    monkeypatch.setattr(statistics, "told", too_long)
    assert "Counting takes longer than usual" not in text(before)
    assert whole(page).status_code == 200
    monkeypatch.setattr(analytics, "FRESH", -1)
    stale = whole(page)
    assert "Counting takes longer than usual. These are the numbers of" in text(stale)
    assert "Median turnaround" in text(stale)
    for answer in (whole(page, "auditor"), htmx(page("auditor"), "get", f"{PAGE}/waits")):
        assert "Counting took too long. Choose one pool" in text(answer)
    assert page("auditor").get(f"{PAGE}/waits.csv").status_code == 503
    assert admin.get(f"{PAGE}/waits.csv").status_code == 200


def test_more_tasks_need_no_more_queries(cast, page):
    def queries():
        cache.clear()
        page("admin").get(f"{PAGE}?show=all")  # what is caught up with and remembered
        cache.clear()
        with CaptureQueriesContext(
            connection,
        ) as found:
            whole(page)
        return len(found)

    for _ in range(3):
        owned_task(cast["nurse"], performerType=role(NURSE_ROLE))
    few = queries()
    for _ in range(27):
        owned_task(cast["nurse"], performerType=role(NURSE_ROLE))
    assert queries() == few
