"""Hold: pause the work, and say what it waits for."""

from datetime import UTC, datetime, timedelta

import pytest

from fhir.errors import BusinessRuleViolation, Forbidden
from tasks import actions
from tasks.transitions import FINAL, OPEN, BadTransition
from tests.agreement import assert_agrees, interactions, viewers
from tests.factories import NURSE_ROLE, owned_task, role

WAITING = {"coding": [{"system": "urn:x", "code": "waiting-on-result"}], "text": "Waiting"}


@pytest.mark.parametrize("status", sorted(OPEN - {"on-hold"}))
def test_open_work_is_paused_with_its_reason(cast, status):
    task = owned_task(cast["nurse"], status=status)
    held = actions.hold(task["id"], actor=cast["nurse"].actor, reason=WAITING).parsed()
    assert (held["status"], held["statusReason"]) == ("on-hold", WAITING)
    assert "note" not in held
    assert "executionPeriod" not in held, "a pause is neither a start nor an end (T14)"
    assert assert_agrees(task["id"]).status == "on-hold"
    assert interactions(task["id"]) == ["create", "hold"]
    assert viewers(task["id"]) == {"maya"}


def test_the_reason_may_be_a_text_and_a_note_goes_with_it(cast):
    task = owned_task(cast["nurse"])
    actions.hold(task["id"], actor=cast["nurse"].actor, reason=" Away ", note=" Back on Monday ")
    held = assert_agrees(task["id"])
    (note,) = held.notes.all()
    assert (note.author, note.text) == ("Practitioner/maya", "Back on Monday")
    assert '"statusReason":{"text":"Away"}' in held.document


TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
EXPECTED = "http://taskward.example/fhir/StructureDefinition/expected-resume"


def test_it_is_told_when_the_work_is_expected_to_go_on(cast, api):
    task = owned_task(cast["nurse"])
    until = {"name": "until", "valueDate": TOMORROW}
    reason = {"name": "reason", "valueCodeableConcept": WAITING}
    body = {"resourceType": "Parameters", "parameter": [reason, until]}
    held = api("nurse").post(f"Task/{task['id']}/$hold", body).json()
    told = [{"url": EXPECTED, "valueDateTime": TOMORROW}]
    assert held["statusReason"] == WAITING | {"extension": told}
    again = actions.resume(task["id"], actor=cast["nurse"].actor).parsed()
    assert "statusReason" not in again, "what was expected ends with the hold"


@pytest.mark.parametrize("until", ["2020-01-01", "2020-01-01T10:00:00Z"])
def test_nobody_waits_for_what_has_passed(cast, until, unchanged):
    task = owned_task(cast["nurse"])
    with unchanged(task["id"]), pytest.raises(BusinessRuleViolation, match="has passed"):
        actions.hold(task["id"], actor=cast["nurse"].actor, reason=WAITING, until=until)


@pytest.mark.parametrize("reason", ["", "  ", {}, {"coding": []}])
def test_a_reason_is_needed(cast, reason, unchanged):
    task = owned_task(cast["nurse"])
    with unchanged(task["id"]), pytest.raises(BusinessRuleViolation, match="Say why"):
        actions.hold(task["id"], actor=cast["nurse"].actor, reason=reason)


@pytest.mark.parametrize("name", ["nurse2", "physician", "cardiologist", "auditor"])
def test_others_do_not_pause_it(cast, name, unchanged):
    task = owned_task(cast["nurse"], performerType=role(NURSE_ROLE))
    with unchanged(task["id"]), pytest.raises(Forbidden):
        actions.hold(task["id"], actor=cast[name].actor, reason=WAITING)


@pytest.mark.parametrize("status", sorted(FINAL))
def test_what_has_ended_is_not_paused(cast, status, unchanged):
    task = owned_task(cast["nurse"], status=status)
    with unchanged(task["id"]), pytest.raises(BadTransition) as refusal:
        actions.hold(task["id"], actor=cast["nurse"].actor, reason=WAITING)
    assert f"that is {status} cannot become on-hold" in str(refusal.value)


def test_a_failure_leaves_nothing(cast, failing):
    task = owned_task(cast["nurse"])
    with failing(task["id"]):
        actions.hold(task["id"], actor=cast["nurse"].actor, reason=WAITING, note="Not kept")
