"""Assign: give a Task to a person, within its pool."""

import pytest

from fhir import store
from fhir.actor import SYSTEM
from fhir.errors import BusinessRuleViolation, Forbidden, VersionConflict
from fhir.resources import get
from tasks import actions, moves
from tasks.document import message_stage
from tasks.transitions import FINAL, OPEN, BadTransition
from tests.agreement import assert_agrees, interactions, provenances, viewers
from tests.factories import NURSE_ROLE, owned_task, pool_task, role

NURSES = {"performerType": role(NURSE_ROLE)}
TOMAS = "Practitioner/tomas"


@pytest.mark.parametrize("status", sorted(OPEN))
def test_a_coordinator_gives_a_task_of_her_pool_to_somebody(cast, status):
    task = pool_task(status=status)
    after = moves.assign(task["id"], to=TOMAS, actor=cast["coordinator"].actor).parsed()
    assert after["owner"] == {"reference": TOMAS, "display": "Tomás Rivera"}
    assert (after["status"], after["performerType"]) == (status, NURSES["performerType"])
    row = assert_agrees(task["id"])
    assert (row.owner, row.pool.slug) == (TOMAS, "registered-nurse")
    assert interactions(task["id"]) == ["create", "assign"]
    assert viewers(task["id"]) == {"tomas"}


def test_from_one_to_the_other_and_back_to_the_pool(cast):
    task = owned_task(cast["nurse"], **NURSES)
    moves.assign(task["id"], to=TOMAS, actor=cast["coordinator"].actor)
    assert viewers(task["id"]) == {"tomas"}
    actions.release(task["id"], actor=cast["nurse2"].actor)
    assert assert_agrees(task["id"]).pool.slug == "registered-nurse"


def test_the_thread_the_note_and_the_reason_go_with_it(cast, thread):
    focus = {"focus": {"reference": f"Communication/{thread['id']}"}}
    task = pool_task(businessStatus=message_stage("unassigned"), **focus)
    reason = {"text": "Knows her"}
    after = moves.assign(
        task["id"], to=TOMAS, note="Please", reason=reason, actor=cast["coordinator"].actor
    ).parsed()
    assert after["note"][0]["text"] == "Please"
    assert after["businessStatus"] == message_stage("claimed")
    header = store.find(get("Communication"), "header", actor=SYSTEM).parsed()
    assert header["recipient"] == [after["owner"]]
    [told] = provenances(task["id"])
    assert told["reason"] == [reason]
    assert told["activity"]["coding"][0]["code"] == "assign"
    assert told["agent"][0]["who"]["reference"] == "Practitioner/cora"


def test_assigning_twice_is_assigning_once(cast, unchanged):
    task = pool_task()
    first = moves.assign(task["id"], to=TOMAS, actor=cast["coordinator"].actor)
    with unchanged(task["id"]):
        again = moves.assign(task["id"], to=TOMAS, note="x", actor=cast["coordinator"].actor)
    assert again == first
    assert len(provenances(task["id"])) == 1


def test_who_owns_it_may_give_it_away(cast):
    task = owned_task(cast["nurse"], **NURSES)
    moves.assign(task["id"], to=TOMAS, actor=cast["nurse"].actor)
    assert assert_agrees(task["id"]).owner == TOMAS


@pytest.mark.parametrize("name", ["nurse", "nurse2", "physician", "auditor"])
def test_others_assign_nothing_of_a_pool(cast, name, unchanged):
    task = pool_task()
    with unchanged(task["id"]), pytest.raises(Forbidden):
        moves.assign(task["id"], to="Practitioner/ines", actor=cast[name].actor)


@pytest.mark.parametrize("status", sorted(FINAL))
def test_what_is_over_is_not_assigned(cast, status, unchanged):
    task = pool_task(status=status)
    with unchanged(task["id"]), pytest.raises(BadTransition, match=f"that is {status} cannot be"):
        moves.assign(task["id"], to=TOMAS, actor=cast["coordinator"].actor)


def test_only_one_who_signs_in_here_is_given_a_task(cast, unchanged):
    task = pool_task()
    with unchanged(task["id"]), pytest.raises(BusinessRuleViolation, match="signs in here"):
        moves.assign(task["id"], to="Patient/homer", actor=cast["coordinator"].actor)


def test_a_stale_version_is_refused(cast, unchanged):
    task = pool_task()
    with unchanged(task["id"]), pytest.raises(VersionConflict):
        moves.assign(task["id"], to=TOMAS, actor=cast["coordinator"].actor, if_match=[7])


def test_a_failure_leaves_nothing(cast, failing):
    task = pool_task()
    with failing(task["id"]):
        moves.assign(task["id"], to=TOMAS, actor=cast["coordinator"].actor)
