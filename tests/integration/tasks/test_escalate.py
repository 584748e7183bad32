"""Escalate: make a Task more urgent, and tell who runs its pool."""

import pytest

from accounts.models import Pool
from communications.models import Communication
from fhir import json
from fhir.errors import BusinessRuleViolation, Forbidden, InvalidResource, VersionConflict
from tasks import moves
from tasks.document import message_stage
from tasks.transitions import FINAL, BadTransition
from tests.agreement import assert_agrees, interactions, provenances
from tests.factories import NURSE_ROLE, owned_task, pool_task, role

REASON = {"text": "Chest pain is worse"}
NURSES = {"performerType": role(NURSE_ROLE)}


def escalate(task, actor, **more):
    return moves.escalate(task["id"], actor=actor, **{"reason": REASON} | more)


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, "urgent"), ("routine", "urgent"), ("urgent", "asap"), ("asap", "stat"), ("stat",) * 2],
)
def test_one_step_up(cast, before, after):
    task = owned_task(cast["nurse"], **({"priority": before} if before else {}))
    found = escalate(task, cast["nurse"].actor).parsed()
    assert found["priority"] == after
    assert found["businessStatus"] == message_stage("escalated")
    assert found["owner"] == task["owner"]
    assert_agrees(task["id"])
    assert interactions(task["id"]) == ["create", "escalate"]
    [told] = provenances(task["id"])
    assert (told["reason"], told["activity"]["text"]) == ([REASON], "Escalated")


def test_as_far_as_one_says(cast):
    task = owned_task(cast["nurse"])
    found = escalate(task, cast["nurse"].actor, priority="stat", note="Now").parsed()
    assert found["priority"] == "stat" and found["note"][0]["text"] == "Now"
    with pytest.raises(InvalidResource, match="routine, urgent, asap or stat"):
        escalate(task, cast["nurse"].actor, priority="soon")


def test_the_coordinators_of_its_pools_are_told_and_nothing_of_a_patient(cast):
    Pool.objects.get(slug="registered-nurse").coordinators.add(cast["admin"].user)
    task = pool_task(**{"for": {"reference": "Patient/homer", "display": "Homer Simpson"}})
    escalate(task, cast["coordinator"].actor)
    notice = json.loads_stored(Communication.objects.get().document)
    assert notice["recipient"] == [{"reference": "Practitioner/ada"}], "not who has done it"
    assert notice["about"] == [{"reference": f"Task/{task['id']}"}]
    assert notice["payload"] == [{"contentString": "A task of Registered nurse was escalated."}]
    assert "Homer" not in json.dumps(notice).decode()


def test_what_is_in_no_pool_is_told_to_nobody(cast):
    escalate(owned_task(cast["nurse"]), cast["nurse"].actor)
    assert not Communication.objects.exists()


@pytest.mark.parametrize("name", ["nurse2", "physician", "cardiologist", "auditor"])
def test_others_do_not(cast, name, unchanged):
    task = owned_task(cast["nurse"], **NURSES)
    with unchanged(task["id"]), pytest.raises(Forbidden):
        escalate(task, cast[name].actor)
    assert not Communication.objects.exists()


@pytest.mark.parametrize("status", sorted(FINAL))
def test_what_is_over_is_not_escalated(cast, status, unchanged):
    task = owned_task(cast["nurse"], status=status)
    with unchanged(task["id"]), pytest.raises(BadTransition, match=f"that is {status} cannot be"):
        escalate(task, cast["nurse"].actor)


def test_a_reason_is_needed(cast, unchanged):
    task = owned_task(cast["nurse"])
    for reason in ({}, {"text": " "}):
        with unchanged(task["id"]), pytest.raises(BusinessRuleViolation, match="Say why"):
            escalate(task, cast["nurse"].actor, reason=reason)


def test_a_stale_version_is_refused(cast, unchanged):
    task = owned_task(cast["nurse"])
    with unchanged(task["id"]), pytest.raises(VersionConflict):
        escalate(task, cast["nurse"].actor, if_match=[7])


def test_a_failure_leaves_nothing(cast, failing):
    task = owned_task(cast["nurse"], **NURSES)
    with failing(task["id"]):
        escalate(task, cast["nurse"].actor)
