"""Advance: bring a Task to another stage."""

import pytest

from fhir.errors import BusinessRuleViolation, Forbidden, VersionConflict
from tasks import moves
from tasks.transitions import FINAL, BadTransition
from tests.agreement import assert_agrees, interactions
from tests.factories import NURSE_ROLE, owned_task, role

STAGE = {"coding": [{"system": "urn:stages", "code": "drafted"}], "text": "Note drafted"}


def test_nothing_but_its_stage_changes(cast):
    task = owned_task(cast["nurse"])
    found = moves.advance(task["id"], stage=STAGE, actor=cast["nurse"].actor).parsed()
    assert found["businessStatus"] == STAGE
    assert {name for name in found if found[name] != task.get(name)} == {
        "businessStatus", "meta", "lastModified",
    }  # fmt: skip
    assert_agrees(task["id"])
    assert interactions(task["id"]) == ["create", "advance"]


def test_with_a_note(cast):
    task = owned_task(cast["nurse"])
    found = moves.advance(task["id"], stage=STAGE, note="By phone", actor=cast["nurse"].actor)
    assert found.parsed()["note"][0]["text"] == "By phone"


def test_where_it_is_already_it_stays(cast, unchanged):
    task = owned_task(cast["nurse"], businessStatus=STAGE)
    with unchanged(task["id"]):
        moves.advance(task["id"], stage=STAGE, actor=cast["nurse"].actor)


def test_a_stage_has_a_name_or_a_code(cast, unchanged):
    task = owned_task(cast["nurse"])
    with unchanged(task["id"]), pytest.raises(BusinessRuleViolation, match="Say which stage"):
        moves.advance(task["id"], stage={}, actor=cast["nurse"].actor)


@pytest.mark.parametrize("name", ["nurse2", "physician", "auditor"])
def test_others_do_not(cast, name, unchanged):
    task = owned_task(cast["nurse"], performerType=role(NURSE_ROLE))
    with unchanged(task["id"]), pytest.raises(Forbidden):
        moves.advance(task["id"], stage=STAGE, actor=cast[name].actor)


@pytest.mark.parametrize("status", sorted(FINAL))
def test_what_is_over_stays_where_it_is(cast, status, unchanged):
    task = owned_task(cast["nurse"], status=status)
    with unchanged(task["id"]), pytest.raises(BadTransition, match=f"that is {status} cannot be"):
        moves.advance(task["id"], stage=STAGE, actor=cast["nurse"].actor)


def test_a_stale_version_is_refused(cast, unchanged):
    task = owned_task(cast["nurse"])
    with unchanged(task["id"]), pytest.raises(VersionConflict):
        moves.advance(task["id"], stage=STAGE, actor=cast["nurse"].actor, if_match=[7])


def test_a_failure_leaves_nothing(cast, failing):
    task = owned_task(cast["nurse"])
    with failing(task["id"]):
        moves.advance(task["id"], stage=STAGE, actor=cast["nurse"].actor)
