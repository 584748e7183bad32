"""Resume: go on with what was on hold."""

import pytest

from fhir.errors import Forbidden
from tasks import actions
from tasks.transitions import BadTransition, Status
from tests.agreement import assert_agrees, interactions, viewers
from tests.factories import NURSE_ROLE, owned_task, pool_task, role

WAITING = {"text": "Waiting on a result"}


def test_started_work_is_in_progress_again(cast):
    actor = cast["nurse"].actor
    task = owned_task(cast["nurse"])
    started = actions.start(task["id"], actor=actor).parsed()
    actions.hold(task["id"], actor=actor, reason=WAITING)
    resumed = actions.resume(task["id"], actor=actor).parsed()
    assert resumed["status"] == "in-progress"
    assert resumed["executionPeriod"] == started["executionPeriod"]
    assert "statusReason" not in resumed, "the reason was that of the pause"
    assert assert_agrees(task["id"]).status == "in-progress"
    assert interactions(task["id"]) == ["create", "start", "hold", "resume"]
    assert viewers(task["id"]) == {"maya"}


def test_work_that_was_not_started_is_accepted(cast):
    task = owned_task(cast["nurse"], status="on-hold", statusReason=WAITING)
    actions.resume(task["id"], actor=cast["nurse"].actor)
    assert assert_agrees(task["id"]).status == "accepted"


def test_work_that_nobody_has_waits_in_its_pool_again(cast):
    task = pool_task(status="on-hold")
    actions.resume(task["id"], actor=cast["nurse2"].actor)
    row = assert_agrees(task["id"])
    assert (row.status, row.owner) == ("requested", "")


@pytest.mark.parametrize("name", ["nurse2", "physician", "cardiologist", "auditor"])
def test_others_do_not_resume_it(cast, name, unchanged):
    task = owned_task(cast["nurse"], status="on-hold", performerType=role(NURSE_ROLE))
    with unchanged(task["id"]), pytest.raises(Forbidden):
        actions.resume(task["id"], actor=cast[name].actor)


@pytest.mark.parametrize("status", sorted({*Status.values} - {"on-hold"}))
def test_only_what_is_on_hold_is_resumed(cast, status, unchanged):
    task = owned_task(cast["nurse"], status=status)
    with unchanged(task["id"]), pytest.raises(BadTransition) as refusal:
        actions.resume(task["id"], actor=cast["nurse"].actor)
    assert f" {status} " in str(refusal.value)
    assert " on-hold" in str(refusal.value)


def test_a_failure_leaves_nothing(cast, failing):
    task = owned_task(cast["nurse"], status="on-hold")
    with failing(task["id"]):
        actions.resume(task["id"], actor=cast["nurse"].actor)
