"""Cancel: end work that is not needed any more."""

import pytest

from fhir.errors import BusinessRuleViolation, Forbidden
from tasks import actions
from tasks.transitions import FINAL, BadTransition
from tests.agreement import assert_agrees, interactions, viewers
from tests.factories import NURSE_ROLE, owned_task, role

REASON = {"text": "Duplicate"}


@pytest.mark.parametrize(
    "status", ["draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold"]
)
def test_open_work_is_cancelled(cast, status):
    task = owned_task(cast["nurse"], status=status)
    ended = actions.cancel(task["id"], actor=cast["nurse"].actor, reason=REASON).parsed()
    assert (ended["status"], ended["statusReason"]) == ("cancelled", REASON)
    assert ended["executionPeriod"] == {"end": ended["meta"]["lastUpdated"]}
    row = assert_agrees(task["id"])
    assert (row.status, row.owner) == ("cancelled", "Practitioner/maya")
    assert interactions(task["id"]) == ["create", "cancel"]
    assert viewers(task["id"]) == {"maya"}


def test_a_note_goes_after_the_notes_that_are_there(cast):
    task = owned_task(cast["nurse"], note=[{"text": "First"}])
    actions.cancel(task["id"], actor=cast["nurse"].actor, reason="Duplicate", note="Second")
    notes = assert_agrees(task["id"]).notes.all()
    assert [note.text for note in notes] == ["First", "Second"]


@pytest.mark.parametrize("reason", ["", " ", {}])
def test_a_reason_is_needed(cast, reason, unchanged):
    task = owned_task(cast["nurse"])
    with unchanged(task["id"]), pytest.raises(BusinessRuleViolation, match="Say why"):
        actions.cancel(task["id"], actor=cast["nurse"].actor, reason=reason)


@pytest.mark.parametrize("name", ["nurse2", "physician", "cardiologist", "auditor"])
def test_others_do_not_cancel_it(cast, name, unchanged):
    task = owned_task(cast["nurse"], performerType=role(NURSE_ROLE))
    with unchanged(task["id"]), pytest.raises(Forbidden):
        actions.cancel(task["id"], actor=cast[name].actor, reason=REASON)


def test_the_coordinator_of_the_pool_cancels_what_a_nurse_has(cast):
    task = owned_task(cast["nurse"], performerType=role(NURSE_ROLE))
    actions.cancel(task["id"], actor=cast["coordinator"].actor, reason=REASON)
    assert assert_agrees(task["id"]).status == "cancelled"


@pytest.mark.parametrize("status", sorted(FINAL - {"cancelled"}))
def test_what_has_ended_is_not_cancelled(cast, status, unchanged):
    task = owned_task(cast["nurse"], status=status)
    with unchanged(task["id"]), pytest.raises(BadTransition) as refusal:
        actions.cancel(task["id"], actor=cast["nurse"].actor, reason=REASON)
    assert f"that is {status} cannot become cancelled" in str(refusal.value)


def test_a_failure_leaves_nothing(cast, failing):
    task = owned_task(cast["nurse"])
    with failing(task["id"]):
        actions.cancel(task["id"], actor=cast["nurse"].actor, reason=REASON, note="Not kept")
