"""Prioritize: say how urgent a Task is."""

import pytest

from fhir.errors import Forbidden, InvalidResource, VersionConflict
from tasks import moves
from tasks.document import PRIORITY_RANK
from tasks.transitions import FINAL, BadTransition
from tests.agreement import assert_agrees, interactions, provenances
from tests.factories import NURSE_ROLE, owned_task, pool_task, role


@pytest.mark.parametrize("priority", PRIORITY_RANK)
def test_as_one_says(cast, priority):
    task = pool_task()
    found = moves.prioritize(
        task["id"],
        priority=priority,
        reason={"text": "Asked"},
        note="So",
        actor=cast["nurse"].actor,
    ).parsed()
    assert found["priority"] == priority and found["note"][0]["text"] == "So"
    assert {name for name in found if found[name] != task.get(name)} == {
        "priority", "note", "meta", "lastModified",
    }  # fmt: skip
    assert assert_agrees(task["id"]).priority == PRIORITY_RANK[priority]
    assert interactions(task["id"]) == ["create", "prioritize"]
    assert provenances(task["id"])[0]["reason"] == [{"text": "Asked"}]


def test_what_is_so_already_is_left(cast, unchanged):
    task = pool_task(priority="stat")
    with unchanged(task["id"]):
        moves.prioritize(task["id"], priority="stat", actor=cast["nurse"].actor)
    assert not provenances(task["id"])


def test_there_are_four(cast, unchanged):
    task = pool_task()
    with unchanged(task["id"]), pytest.raises(InvalidResource, match="routine, urgent"):
        moves.prioritize(task["id"], priority="soon", actor=cast["nurse"].actor)


@pytest.mark.parametrize("name", ["nurse2", "physician", "auditor"])
def test_others_do_not(cast, name, unchanged):
    task = owned_task(cast["nurse"], performerType=role(NURSE_ROLE))
    with unchanged(task["id"]), pytest.raises(Forbidden):
        moves.prioritize(task["id"], priority="stat", actor=cast[name].actor)


@pytest.mark.parametrize("status", sorted(FINAL))
def test_what_is_over_stays_as_it_is(cast, status, unchanged):
    task = owned_task(cast["nurse"], status=status)
    with unchanged(task["id"]), pytest.raises(BadTransition, match=f"that is {status} cannot be"):
        moves.prioritize(task["id"], priority="stat", actor=cast["nurse"].actor)


def test_a_stale_version_is_refused(cast, unchanged):
    task = pool_task()
    with unchanged(task["id"]), pytest.raises(VersionConflict):
        moves.prioritize(task["id"], priority="stat", actor=cast["nurse"].actor, if_match=[7])


def test_a_failure_leaves_nothing(cast, failing):
    task = pool_task()
    with failing(task["id"]):
        moves.prioritize(task["id"], priority="stat", actor=cast["nurse"].actor)
