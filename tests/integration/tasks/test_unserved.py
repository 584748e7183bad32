"""Coordinators are told of work that nobody can do: once a day and pool, and of no patient."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.actions import set_availability
from accounts.models import Pool
from accounts.pools import create_pool
from communications.models import Communication
from fhir import json
from tasks.moves import ToPool, what_will_happen
from tasks.unserved import tell_coordinators
from tests.factories import create, owned_task, pool_task, put, task_document
from tests.integration.tasks.test_eligible import license_in

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def nurses(cast):
    return Pool.objects.get(slug="registered-nurse")


@pytest.fixture
def empty(cast):
    """A pool of the coordinator's that nobody is in."""
    pool = create_pool("Night shift", ["urn:roles|night"])
    pool.coordinators.add(cast["coordinator"].user)
    return pool


def night_task():
    coding = {"system": "urn:roles", "code": "night"}
    return create(task_document(performerType=[{"coding": [coding]}]))


def told(at=NOON):
    return [json.loads_stored(each.document) for each in tell_coordinators(at=at)]


def texts(notices):
    return [each["payload"][0]["contentString"] for each in notices]


def test_all_is_well(cast, nurses):
    pool_task()
    assert told() == []


def test_a_pool_without_members_is_told_of_once_a_day(cast, empty):
    task = night_task()
    [notice] = told()
    assert texts([notice]) == ["Night shift has no members. 1 task waits."]
    assert notice["recipient"] == [{"reference": "Practitioner/cora"}]
    assert notice["about"] == [{"reference": f"Task/{task['id']}"}]
    night_task()
    assert told(NOON + timedelta(hours=8)) == []
    assert texts(told(NOON + timedelta(days=1))) == ["Night shift has no members. 2 tasks wait."]
    assert Communication.objects.count() == 2


def test_a_pool_where_nothing_waits_is_told_of_all_the_same(cast, empty, nurses):
    """It may be that it refused what was asked of it."""
    nurses.requires_licence = True
    nurses.save()
    assert sorted(texts(told())) == [
        "Night shift has no members.",
        "Registered nurse requires a licence in the patient's state, and nobody there has any.",
    ]


def test_a_licence_that_nobody_has(cast, nurses):
    nurses.requires_licence = True
    nurses.save()
    put({"resourceType": "Patient", "id": "homer", "address": [{"use": "home", "state": "IL"}]})
    license_in(cast["nurse"], "TX")
    pool_task()
    pool_task(**{"for": {"reference": "Patient/homer", "display": "Homer Simpson"}})
    [notice] = told()
    sentence = "Nobody in Registered nurse has a licence in the patient's state. 1 task waits."
    assert texts([notice]) == [sentence]
    assert "Homer" not in str(notice) and len(notice["about"]) == 1


def test_work_of_somebody_on_leave(cast, nurses):
    set_availability("Practitioner/maya", "leave", actor=cast["nurse"].actor, at=NOON)
    assert told() == []
    owned_task(cast["nurse"])
    assert texts(told()) == ["Maya Lindqvist is on leave and has 1 open task."]
    assert told() == []


def test_of_a_pool_that_nobody_coordinates_the_admins_are_told(cast, empty):
    empty.coordinators.clear()
    assert told() == []
    night_task()
    [notice] = told()
    assert notice["recipient"] == [{"reference": "Practitioner/ada"}]


def test_a_stat_task_where_nobody_is_available_is_told_of(cast, nurses):
    task = pool_task(priority="stat")
    pool_task()
    assert told() == []
    for name in ("nurse", "nurse2"):
        set_availability(cast[name].reference, "off", actor=cast[name].actor, at=NOON)
    [notice] = told()
    sentence = "A stat task waits in Registered nurse, and nobody there is available."
    assert texts([notice]) == [sentence]
    assert notice["about"] == [{"reference": f"Task/{task['id']}"}]
    assert told(NOON + timedelta(minutes=1)) == []


def test_a_reroute_says_so_before(cast, nurses):
    set_availability("Practitioner/carl", "off", actor=cast["cardiologist"].actor, at=NOON)
    to = ToPool(Pool.objects.get(slug="cardiologist").pk)

    def told_of(**elements):
        task = pool_task(**elements)
        actor = cast["nurse"].actor
        return what_will_happen(task, to=to, keep_view=False, actor=actor, at=NOON)

    assert "Nobody there is available now" in told_of()
    assert "Nobody there is available: its coordinators are told" in told_of(priority="stat")
