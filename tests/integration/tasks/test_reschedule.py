"""Reschedule: say by when a Task is to be done."""

import pytest

from fhir.errors import Forbidden, InvalidResource, VersionConflict
from tasks import moves
from tasks.document import NO_DUE
from tasks.transitions import FINAL, BadTransition
from tasks.undo import take_back
from tests.agreement import assert_agrees, interactions, provenances
from tests.factories import NURSE_ROLE, owned_task, pool_task, role

DUE = "2031-05-04T10:30:00Z"


@pytest.mark.parametrize("due", [DUE, "2031-05-04"])
def test_by_when(cast, due):
    task = pool_task()
    found = moves.reschedule(
        task["id"], due=due, reason={"text": "Agreed"}, note="So", actor=cast["nurse"].actor
    ).parsed()
    assert found["restriction"] == {"period": {"end": due}} and found["note"][0]["text"] == "So"
    assert {name for name in found if found[name] != task.get(name)} == {
        "restriction", "note", "meta", "lastModified",
    }  # fmt: skip
    assert assert_agrees(task["id"]).due.isoformat().startswith("2031-05-0")
    assert interactions(task["id"]) == ["create", "reschedule"]
    assert provenances(task["id"])[0]["reason"] == [{"text": "Agreed"}]


def test_the_rest_of_the_restriction_stays(cast):
    task = pool_task(restriction={"repetitions": 3, "period": {"end": DUE}})
    found = moves.reschedule(task["id"], due="", actor=cast["nurse"].actor).parsed()
    assert found["restriction"] == {"repetitions": 3}
    assert assert_agrees(task["id"]).due == NO_DUE


def test_it_is_taken_back(cast):
    task = pool_task(restriction={"period": {"end": DUE}})
    moves.reschedule(task["id"], due="", actor=cast["nurse"].actor)
    found = take_back(task["id"], version=2, actor=cast["nurse"].actor).parsed()
    assert found["restriction"] == {"period": {"end": DUE}}


def test_what_is_so_already_is_left(cast, unchanged):
    task = pool_task(restriction={"period": {"end": DUE}})
    with unchanged(task["id"]):
        moves.reschedule(task["id"], due=DUE, actor=cast["nurse"].actor)
    assert not provenances(task["id"])


def test_what_is_no_time_is_refused(cast, unchanged):
    task = pool_task()
    with unchanged(task["id"]), pytest.raises(InvalidResource):
        moves.reschedule(task["id"], due="tomorrow", actor=cast["nurse"].actor)


@pytest.mark.parametrize("name", ["nurse2", "physician", "auditor"])
def test_others_do_not(cast, name, unchanged):
    task = owned_task(cast["nurse"], performerType=role(NURSE_ROLE))
    with unchanged(task["id"]), pytest.raises(Forbidden):
        moves.reschedule(task["id"], due=DUE, actor=cast[name].actor)


@pytest.mark.parametrize("status", sorted(FINAL))
def test_what_is_over_stays_as_it_is(cast, status, unchanged):
    task = owned_task(cast["nurse"], status=status)
    with unchanged(task["id"]), pytest.raises(BadTransition, match=f"that is {status} cannot be"):
        moves.reschedule(task["id"], due=DUE, actor=cast["nurse"].actor)


def test_a_stale_version_is_refused(cast, unchanged):
    task = pool_task()
    with unchanged(task["id"]), pytest.raises(VersionConflict):
        moves.reschedule(task["id"], due=DUE, actor=cast["nurse"].actor, if_match=[7])


def test_a_failure_leaves_nothing(cast, failing):
    task = pool_task()
    with failing(task["id"]):
        moves.reschedule(task["id"], due=DUE, actor=cast["nurse"].actor)
