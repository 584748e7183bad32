"""Going on leave: nothing that she had is lost, and each move says why."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.availability import presence_of
from accounts.models import MemberLimit, Pool
from communications.models import Communication
from fhir import actions as resource_actions
from fhir.errors import BusinessRuleViolation, Forbidden
from fhir.models import ResourceVersion
from tasks import eligible
from tasks.absence import leave, outcome, plan
from tasks.models import Provenance, Task
from tests.factories import (
    CARDIOLOGIST_ROLE,
    DOCTOR_ROLE,
    NURSE_ROLE,
    create,
    owned_task,
    role,
    task_document,
)

NOW = datetime.now(UTC)
MAYA, TOMAS = "Practitioner/maya", "Practitioner/tomas"


def hers(code=NURSE_ROLE, **elements):
    return create(
        task_document(
            owner={"reference": MAYA}, performerType=role(code), status="accepted", **elements
        )
    )["id"]


def owner_of(task_id):
    return Task.objects.get(resource_id=task_id).owner


def go(cast, who="nurse", **more):
    return leave(MAYA, actor=cast[who].actor, at=NOW, **more)


def test_work_goes_to_who_stands_in(cast):
    task_ids = [hers(), owned_task(cast["nurse"])["id"]]
    done = go(cast, delegate=TOMAS, until=NOW + timedelta(days=3))
    assert {owner_of(each) for each in task_ids} == {TOMAS}
    person = eligible.persons([TOMAS], at=NOW)[0]
    assert outcome(done, person) == ["2 tasks go to Tomás Rivera."]
    assert presence_of(MAYA, at=NOW).delegate == TOMAS
    for task_id in task_ids:
        [found] = Provenance.objects.filter(targets=[f"Task/{task_id}"])
        assert '"code":"leave"' in found.document.replace(" ", "")
        version = ResourceVersion.objects.filter(resource_id=task_id).latest("version_id")
        assert (version.interaction, version.actor) == ("assign", MAYA)


def test_who_stands_in_is_told_once_and_of_no_patient(cast):
    hers(**{"for": {"reference": "Patient/homer", "display": "Homer Simpson"}})
    go(cast, delegate=TOMAS)
    [notice] = Communication.objects.all()
    assert "Maya Lindqvist is on leave: you have 1 open task more." in notice.document
    assert "Homer" not in notice.document and TOMAS in notice.document


def test_without_anybody_it_goes_back_to_its_pool(cast):
    task_id, lone = hers(), owned_task(cast["nurse"])["id"]
    done = go(cast)
    task = Task.objects.get(resource_id=task_id)
    assert (task.owner, task.status, task.pool.slug) == ("", "requested", "registered-nurse")
    assert owner_of(lone) == MAYA
    assert outcome(done) == [
        "1 task goes back to Registered nurse.",
        "1 task stays: it came from no pool.",
    ]


def test_what_she_who_stands_in_may_not_have_goes_back_to_its_pool(cast):
    nurses = Pool.objects.get(slug="registered-nurse")
    MemberLimit.objects.create(pool=nurses, practitioner=TOMAS, limit=1)
    urgent, other = hers(priority="stat"), hers()
    go(cast, delegate=TOMAS)
    assert (owner_of(urgent), owner_of(other)) == (TOMAS, "")


def test_a_coordinator_sends_somebody_on_leave_with_all_of_her_work(cast):
    """Also with what the coordinator may not see: it would be lost otherwise."""
    task_ids = [hers(), hers(DOCTOR_ROLE), hers(CARDIOLOGIST_ROLE)]
    go(cast, "coordinator")
    assert {owner_of(each) for each in task_ids} == {""}
    version = ResourceVersion.objects.filter(resource_id=task_ids[1]).latest("version_id")
    assert version.actor == cast["coordinator"].reference


@pytest.mark.parametrize("who", ["nurse2", "physician", "auditor", "service"])
def test_nobody_else_does(cast, who):
    task_id = hers()
    with pytest.raises(Forbidden):
        go(cast, who)
    assert owner_of(task_id) == MAYA and presence_of(MAYA, at=NOW).is_on


def test_a_coordinator_of_other_pools_does_not(cast):
    with pytest.raises(Forbidden):
        leave("Practitioner/ines", actor=cast["coordinator"].actor, at=NOW)


@pytest.mark.parametrize("delegate", [MAYA, "Practitioner/nobody", "Practitioner/audrey"])
def test_who_stands_in_must_be_somebody_who_can(cast, delegate):
    task_id = hers()
    with pytest.raises(BusinessRuleViolation):
        go(cast, delegate=delegate)
    assert owner_of(task_id) == MAYA and presence_of(MAYA, at=NOW).is_on


def test_finished_work_stays_hers(cast):
    task_id = hers()
    resource_actions.patch(
        "Task",
        task_id,
        [{"op": "replace", "path": "/status", "value": "completed"}],
        actor=cast["nurse"].actor,
    )
    assert plan(MAYA, at=NOW) == []
    assert outcome(go(cast)) == ["No open tasks: nothing moves."]
    assert owner_of(task_id) == MAYA


def test_the_plan_is_what_happens(cast):
    for _ in range(3):
        hers()
    owned_task(cast["nurse"])
    MemberLimit.objects.create(
        pool=Pool.objects.get(slug="registered-nurse"), practitioner=TOMAS, limit=2
    )
    planned = plan(MAYA, delegate=TOMAS, at=NOW)
    assert go(cast, delegate=TOMAS) == planned
    for each in planned:
        assert owner_of(each.task_id) == (each.to or ("" if each.pools else MAYA))
