"""Reject: refuse to do the work at all."""

import pytest

from fhir.errors import BusinessRuleViolation, Forbidden
from tasks import actions
from tasks.transitions import FINAL, BadTransition
from tests.agreement import assert_agrees, interactions, viewers
from tests.factories import NURSE_ROLE, owned_task, role

REASON = {"text": "Wrong pool"}


@pytest.mark.parametrize("status", ["requested", "received", "accepted", "ready"])
def test_work_that_was_not_begun_is_rejected(cast, status):
    task = owned_task(cast["nurse"], status=status)
    ended = actions.reject(task["id"], actor=cast["nurse"].actor, reason=REASON).parsed()
    assert (ended["status"], ended["statusReason"]) == ("rejected", REASON)
    assert ended["executionPeriod"] == {"end": ended["meta"]["lastUpdated"]}
    row = assert_agrees(task["id"])
    assert (row.status, row.owner) == ("rejected", "Practitioner/maya")
    assert interactions(task["id"]) == ["create", "reject"]
    assert viewers(task["id"]) == {"maya"}


def test_a_note_goes_after_the_notes_that_are_there(cast):
    task = owned_task(cast["nurse"], note=[{"text": "First"}])
    actions.reject(task["id"], actor=cast["nurse"].actor, reason="Wrong pool", note="Second")
    notes = assert_agrees(task["id"]).notes.all()
    assert [note.text for note in notes] == ["First", "Second"]


@pytest.mark.parametrize("reason", ["", " ", {}])
def test_a_reason_is_needed(cast, reason, unchanged):
    task = owned_task(cast["nurse"])
    with unchanged(task["id"]), pytest.raises(BusinessRuleViolation, match="Say why"):
        actions.reject(task["id"], actor=cast["nurse"].actor, reason=reason)


@pytest.mark.parametrize("name", ["nurse2", "physician", "cardiologist", "auditor"])
def test_others_do_not_reject_it(cast, name, unchanged):
    task = owned_task(cast["nurse"], performerType=role(NURSE_ROLE))
    with unchanged(task["id"]), pytest.raises(Forbidden):
        actions.reject(task["id"], actor=cast[name].actor, reason=REASON)


@pytest.mark.parametrize(
    "status", sorted({"draft", "in-progress", "on-hold"} | FINAL - {"rejected"})
)
def test_what_was_begun_is_not_rejected(cast, status, unchanged):
    task = owned_task(cast["nurse"], status=status)
    with unchanged(task["id"]), pytest.raises(BadTransition) as refusal:
        actions.reject(task["id"], actor=cast["nurse"].actor, reason=REASON)
    assert f"that is {status} cannot become rejected" in str(refusal.value)


def test_a_failure_leaves_nothing(cast, failing):
    task = owned_task(cast["nurse"])
    with failing(task["id"]):
        actions.reject(task["id"], actor=cast["nurse"].actor, reason=REASON, note="Not kept")
