"""Note: add a comment with its author and time."""

import pytest

from fhir.errors import BusinessRuleViolation, Forbidden, VersionConflict
from tasks import actions
from tasks.transitions import Status
from tests.agreement import assert_agrees, interactions, viewers
from tests.factories import NURSE_ROLE, owned_task, pool_task, role


@pytest.mark.parametrize("status", Status.values)
def test_a_note_is_added_whatever_the_status(cast, status):
    task = owned_task(cast["nurse"], status=status, note=[{"text": "First"}])
    actor = cast["nurse"].actor
    noted = actions.add_note(task["id"], "  Called twice.\nNo answer. ", actor=actor).parsed()
    first, second = noted["note"]
    assert first == {"text": "First"}
    assert second["authorReference"] == {
        "reference": "Practitioner/maya",
        "display": "Maya Lindqvist",
    }
    assert second["text"] == "Called twice.\nNo answer."
    assert task["meta"]["lastUpdated"] <= second["time"] <= noted["meta"]["lastUpdated"]
    assert noted["status"] == status
    row = assert_agrees(task["id"])
    assert [(note.author, note.text) for note in row.notes.all()] == [
        ("", "First"),
        ("Practitioner/maya", "Called twice.\nNo answer."),
    ]
    assert interactions(task["id"]) == ["create", "note"]
    assert viewers(task["id"]) == {"maya"}


def test_who_has_no_practitioner_signs_with_a_name(cast):
    task = pool_task()
    noted = actions.add_note(task["id"], "Lab result is in.", actor=cast["service"].actor).parsed()
    assert noted["note"][0]["authorString"] == "ehr"
    assert assert_agrees(task["id"]).notes.get().author == "ehr"


def test_a_note_on_what_waits_in_the_pool_claims_nothing(cast):
    task = pool_task()
    actions.add_note(task["id"], "Looks urgent to me.", actor=cast["nurse"].actor)
    row = assert_agrees(task["id"])
    assert (row.owner, row.status) == ("", "requested")


@pytest.mark.parametrize("text", ["", "  \n "])
def test_an_empty_note_is_refused(cast, text, unchanged):
    task = owned_task(cast["nurse"])
    with unchanged(task["id"]), pytest.raises(BusinessRuleViolation):
        actions.add_note(task["id"], text, actor=cast["nurse"].actor)


@pytest.mark.parametrize("name", ["nurse2", "physician", "cardiologist", "auditor"])
def test_others_add_no_note(cast, name, unchanged):
    task = owned_task(cast["nurse"], performerType=role(NURSE_ROLE))
    with unchanged(task["id"]), pytest.raises(Forbidden):
        actions.add_note(task["id"], "Me too", actor=cast[name].actor)


def test_a_stale_version_is_refused(cast, unchanged):
    task = owned_task(cast["nurse"])
    with unchanged(task["id"]), pytest.raises(VersionConflict):
        actions.add_note(task["id"], "Late", actor=cast["nurse"].actor, if_match=[3])


def test_a_failure_leaves_nothing(cast, failing):
    task = owned_task(cast["nurse"], note=[{"text": "First"}])
    with failing(task["id"]):
        actions.add_note(task["id"], "Not kept", actor=cast["nurse"].actor)
