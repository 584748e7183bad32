"""An action whose n-th statement fails leaves nothing behind, for every n (tests/faults.py)."""

import pytest
from django.contrib.auth.models import Group
from django.db import transaction

from accounts.models import Pool
from fhir import sql
from tasks import actions, drift, moves
from tasks.models import Provenance, Task
from tasks.moves import ToPerson, ToPool
from tasks.reasons import REROUTE_SYSTEM
from tests.agreement import interactions
from tests.factories import NURSE_ROLE, owned_task, pool_task, role
from tests.faults import changed_tables, digest, nothing_or_everything, statements

pytestmark = pytest.mark.django_db(transaction=True)

SPECIALTY = "specialty-referral"
REASON = {
    "coding": [{"system": REROUTE_SYSTEM, "code": SPECIALTY, "display": "Specialty referral"}]
}


@pytest.fixture
def owned(cast, thread):
    """A Task of the nurse's about the message."""
    focus = {"reference": f"Communication/{thread['id']}"}
    return owned_task(cast["nurse"], performerType=role(NURSE_ROLE), focus=focus)["id"]


@pytest.fixture
def waiting(cast, thread):
    return pool_task(focus={"reference": f"Communication/{thread['id']}"})["id"]


def targets(cast):
    return {
        "person": ToPerson(cast["cardiologist"].reference),
        "pool": ToPool(Pool.objects.get(slug="cardiologist").pk),
    }


@pytest.mark.parametrize("keep_view", [False, True])
@pytest.mark.parametrize("kind", ["person", "pool"])
def test_a_reroute_is_whole_or_not_at_all(cast, owned, kind, keep_view):
    arguments = {"to": targets(cast)[kind], "reason": REASON, "note": "New symptoms"}
    nurse = cast["nurse"].actor
    nothing_or_everything(
        lambda: moves.reroute(owned, keep_view=keep_view, actor=nurse, **arguments)
    )


ACTIONS = {
    "claim": ("waiting", "nurse", lambda task, actor: actions.claim(task, actor=actor)),
    "claim next": ("waiting", "nurse", lambda task, actor: actions.claim_next(actor=actor)),
    "release": ("owned", "nurse", lambda task, actor: actions.release(task, actor=actor)),
    "complete": ("owned", "nurse", lambda task, actor: actions.complete(task, actor=actor)),
    "assign": (
        "waiting",
        "coordinator",
        lambda task, actor: moves.assign(task, to="Practitioner/tomas", note="Yours", actor=actor),
    ),
    "escalate": (
        "owned",
        "nurse",
        lambda task, actor: moves.escalate(task, reason={"text": "Worse"}, actor=actor),
    ),
    "advance": (
        "owned",
        "nurse",
        lambda task, actor: moves.advance(task, stage={"text": "Seen"}, actor=actor),
    ),
    "repair": ("waiting", "coordinator", lambda task, actor: drift.repair(task, actor=actor)),
    "prioritize": (
        "owned",
        "nurse",
        lambda task, actor: moves.prioritize(task, priority="stat", actor=actor),
    ),
    "reschedule": (
        "owned",
        "nurse",
        lambda task, actor: moves.reschedule(task, due="2031-05-04", actor=actor),
    ),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_is_whole_or_not_at_all(cast, name, request):
    task, who, act = ACTIONS[name]
    task_id, actor = request.getfixturevalue(task), cast[who].actor
    nothing_or_everything(lambda: act(task_id, actor))


def test_each_of_many_is_whole_or_not_at_all(cast, api, owned, waiting):
    """Whatever statement fails: every Task is as it was, or rerouted with all that follows."""
    coordinator = api("coordinator")
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "task", "valueId": owned},
            {"name": "task", "valueId": waiting},
            {"name": "pool", "valueString": "cardiologist"},
            {"name": "reason", "valueCodeableConcept": REASON},
        ],
    }

    def one(task_id):
        return lambda: moves.reroute(
            task_id, to=targets(cast)["pool"], reason=REASON, actor=cast["coordinator"].actor
        )

    with statements() as told:
        one(pool_task()["id"])()
    for failing in range(1, 2 * told.sent):
        before = digest()
        with statements(failing=failing):
            answer = coordinator.post("Task/$reroute", body)
        statuses = [each["response"]["status"] for each in answer.json().get("entry", ())]
        refused = [status for status in statuses if status != "200"]
        if answer.status_code != 200 or len(refused) == 2:
            assert not changed_tables(before, digest())
        else:
            break
    assert failing > 1
    moved = {owned, waiting} - {
        each.resource_id for each in Task.objects.exclude(pool__slug="cardiologist")
    }
    assert len(moved) == statuses.count("200") > 0
    for task_id in moved:
        assert interactions(task_id) == ["create", "reroute"]
        assert Provenance.objects.filter(targets=[f"Task/{task_id}"]).count() == 1


# The mechanism itself.


def test_a_trace_that_is_left_is_found(cast):
    """Two writes that are no transaction."""

    def both():
        pool_task()
        pool_task()

    with pytest.raises(AssertionError, match="left something in .*tasks_task"):
        nothing_or_everything(both)


def test_a_failure_that_is_hidden_is_found(cast, waiting):
    def hidden():
        with pytest.raises(Exception, match="refused"):
            actions.claim(waiting, actor=nurse)

    nurse = cast["nurse"].actor
    with pytest.raises(AssertionError, match="nobody was told"):
        nothing_or_everything(hidden)


def test_every_way_to_send_a_statement_is_counted(db):
    before = digest()
    with statements() as told:
        sql.rows("select 1")
        with transaction.atomic():
            Group.objects.create(name="new")
    assert told.sent == 3, "a prepared one, one of the ORM, and the commit"
    assert changed_tables(before, digest()) == ["auth_group"]
