"""`Task?_query=worklist`: mine and claimable, most pressing first, with the counts of my pools."""

from datetime import timedelta

import pytest

from fhir import store
from fhir.datatypes import to_instant
from fhir.errors import InvalidSearch
from tasks import actions
from tests.factories import (
    CARDIOLOGIST_ROLE,
    NURSE_ROLE,
    SNOMED,
    create,
    owned_task,
    pool_task,
    role,
    task_document,
)
from tests.integration.fhir.search import BASE, bundle, ids


def due(hours: int) -> dict:
    at = store.now() + timedelta(hours=hours)
    return {"restriction": {"period": {"end": to_instant(at)}}}


@pytest.fixture
def worklist(cast):
    """The ids in the order that is wanted; two are the nurse's, one waits in two pools."""
    nurse = cast["nurse"]
    two_pools = role(CARDIOLOGIST_ROLE) + role(NURSE_ROLE)
    made = [
        pool_task(priority="stat", **due(90)),
        owned_task(nurse, priority="stat"),
        create(task_document(performerType=two_pools, priority="asap", **due(-1))),
        owned_task(nurse, priority="urgent", status="in-progress", **due(-9)),
        pool_task(priority="urgent", **due(-2)),
        pool_task(**due(-50)),
        pool_task(priority="asap", **due(5)),
        pool_task(priority="urgent"),
        pool_task(**due(1)),
        pool_task(),
    ]
    owned_task(nurse, status="completed", priority="stat")
    owned_task(cast["nurse2"], priority="stat")
    pool_task(CARDIOLOGIST_ROLE, priority="stat")
    pool_task(status="completed", priority="stat")
    create(task_document(priority="stat"))
    return [each["id"] for each in made]


def test_most_pressing_first(cast, worklist):
    assert ids("Task?_query=worklist", actor=cast["nurse"].actor) == worklist


@pytest.mark.parametrize("count", [1, 2, 3, 9, 10])
def test_its_pages_meet(cast, worklist, count):
    url, found = f"Task?_query=worklist&_count={count}", []
    while url:
        answer = bundle(url, actor=cast["nurse"].actor)
        matches = [each for each in answer["entry"] if each["search"]["mode"] == "match"]
        assert len(matches) <= count
        found += [each["resource"]["id"] for each in matches]
        following = [each["url"] for each in answer["link"] if each["relation"] == "next"]
        url = following[0].removeprefix(f"{BASE}/") if following else ""
    assert found == worklist


def test_its_order_does_not_change_while_it_is_read(cast, worklist, monkeypatch):
    nurse = cast["nurse"].actor
    following = bundle("Task?_query=worklist&_count=6", actor=nurse)["link"][1]["url"]
    later = store.now() + timedelta(hours=3)
    monkeypatch.setattr("tasks.worklist_query.timezone.now", lambda: later)
    assert ids(following.removeprefix(f"{BASE}/"), actor=nurse) == worklist[6:]
    assert ids("Task?_query=worklist", actor=nurse) != worklist


def test_it_is_narrowed_by_other_parameters(cast, worklist):
    nurse = cast["nurse"].actor
    assert ids("Task?_query=worklist&priority=stat", actor=nurse) == worklist[:2]
    assert ids("Task?_query=worklist&owner:missing=false", actor=nurse) == [
        worklist[1],
        worklist[3],
    ]
    by_role = f"Task?_query=worklist&performer={SNOMED}|{CARDIOLOGIST_ROLE}"
    assert ids(by_role, actor=nurse) == [worklist[2]]
    answer = bundle("Task?_query=worklist&priority=stat&nonsense=1", actor=nurse)
    assert answer["link"] == [
        {"relation": "self", "url": f"{BASE}/Task?_query=worklist&priority=stat"}
    ]
    assert answer["total"] == 2


def test_its_totals(cast, worklist):
    nurse = cast["nurse"].actor
    assert bundle("Task?_query=worklist&_summary=count", actor=nurse) == {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 10,
        "link": [{"relation": "self", "url": f"{BASE}/Task?_query=worklist&_summary=count"}],
    }
    assert bundle("Task?_query=worklist&_count=3", actor=nurse)["total"] == 10


def numbers(issue):
    [extension] = issue["extension"]
    return tuple(each["valueUnsignedInt"] for each in extension["extension"])


def test_the_counts_come_with_the_first_page(cast, worklist):
    nurse = cast["nurse"].actor
    answer = bundle("Task?_query=worklist&_count=1", actor=nurse)
    assert [entry["search"]["mode"] for entry in answer["entry"]] == ["match", "outcome"]
    outcome = answer["entry"][1]["resource"]
    assert outcome["resourceType"] == "OperationOutcome"
    mine, pool = outcome["issue"]
    assert mine["details"] == {"text": "Mine"} and numbers(mine) == (2, 1)
    assert {"system": SNOMED, "code": NURSE_ROLE} in pool["details"]["coding"]
    assert numbers(pool) == (7, 2) and pool["diagnostics"] == "7, 2 overdue"
    assert {issue["severity"] for issue in outcome["issue"]} == {"information"}
    following = answer["link"][1]["url"].removeprefix(f"{BASE}/")
    assert [entry["search"]["mode"] for entry in bundle(following, actor=nurse)["entry"]] == [
        "match"
    ]


def test_who_has_neither_tasks_nor_pools_gets_an_empty_list(cast, worklist):
    assert ids("Task?_query=worklist", actor=cast["service"].actor) == []
    assert ids("Task?_query=worklist", actor=cast["physician"].actor) == []


def test_what_is_claimed_goes_to_its_new_owner(cast, worklist):
    actions.claim(worklist[0], actor=cast["nurse2"].actor)
    assert ids("Task?_query=worklist", actor=cast["nurse"].actor) == worklist[1:]
    assert worklist[0] in ids("Task?_query=worklist", actor=cast["nurse2"].actor)


@pytest.mark.parametrize("wrong", ["_sort=_id", "_cursor=x", "status:exact=x"])
def test_refusals(cast, wrong):
    with pytest.raises(InvalidSearch):
        bundle(f"Task?_query=worklist&{wrong}", actor=cast["nurse"].actor)


def test_a_cursor_of_another_search_is_refused(cast, worklist):
    nurse = cast["nurse"].actor
    other = bundle("Task?_count=1", actor=nurse)["link"][1]["url"].rpartition("=")[2]
    with pytest.raises(InvalidSearch):
        bundle(f"Task?_query=worklist&_cursor={other}", actor=nurse)
