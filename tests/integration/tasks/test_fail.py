"""Fail: end work that was tried and could not be done."""

import pytest

from fhir.errors import BusinessRuleViolation, Forbidden
from tasks import actions
from tasks.transitions import FINAL, BadTransition
from tests.agreement import assert_agrees, interactions, viewers
from tests.factories import NURSE_ROLE, owned_task, role

REASON = {"text": "Patient not reached"}


@pytest.mark.parametrize(
    "status", ["requested", "received", "accepted", "ready", "in-progress", "on-hold"]
)
def test_work_that_could_not_be_done_fails(cast, status):
    task = owned_task(cast["nurse"], status=status)
    ended = actions.fail(task["id"], actor=cast["nurse"].actor, reason=REASON).parsed()
    assert (ended["status"], ended["statusReason"]) == ("failed", REASON)
    assert ended["executionPeriod"] == {"end": ended["meta"]["lastUpdated"]}
    row = assert_agrees(task["id"])
    assert (row.status, row.owner) == ("failed", "Practitioner/maya")
    assert interactions(task["id"]) == ["create", "fail"]
    assert viewers(task["id"]) == {"maya"}


def test_a_note_goes_after_the_notes_that_are_there(cast):
    task = owned_task(cast["nurse"], note=[{"text": "First"}])
    actions.fail(task["id"], actor=cast["nurse"].actor, reason="Patient not reached", note="Second")
    notes = assert_agrees(task["id"]).notes.all()
    assert [note.text for note in notes] == ["First", "Second"]


@pytest.mark.parametrize("reason", ["", " ", {}])
def test_a_reason_is_needed(cast, reason, unchanged):
    task = owned_task(cast["nurse"])
    with unchanged(task["id"]), pytest.raises(BusinessRuleViolation, match="Say why"):
        actions.fail(task["id"], actor=cast["nurse"].actor, reason=reason)


@pytest.mark.parametrize("name", ["nurse2", "physician", "cardiologist", "auditor"])
def test_others_do_not_fail_it(cast, name, unchanged):
    task = owned_task(cast["nurse"], performerType=role(NURSE_ROLE))
    with unchanged(task["id"]), pytest.raises(Forbidden):
        actions.fail(task["id"], actor=cast[name].actor, reason=REASON)


@pytest.mark.parametrize("status", sorted({"draft"} | FINAL - {"failed"}))
def test_what_was_never_asked_for_or_has_ended_does_not_fail(cast, status, unchanged):
    task = owned_task(cast["nurse"], status=status)
    with unchanged(task["id"]), pytest.raises(BadTransition) as refusal:
        actions.fail(task["id"], actor=cast["nurse"].actor, reason=REASON)
    assert f"that is {status} cannot become failed" in str(refusal.value)


def test_a_failure_leaves_nothing(cast, failing):
    task = owned_task(cast["nurse"])
    with failing(task["id"]):
        actions.fail(task["id"], actor=cast["nurse"].actor, reason=REASON, note="Not kept")
