"""A Task is complete when its parts are done or waived, by every way in, and it says how many are not."""

import pytest

from fhir import json
from fhir.errors import BusinessRuleViolation
from tasks import actions, task_types
from tasks.creation import create_of_type
from tasks.models import Task, TaskType
from tests.factories import CARDIOLOGIST_ROLE, create, owned_task, pool_task, put, task_document

TWO_OPEN = "2 subtasks are open."


def part_of(task, **elements):
    return {"partOf": [{"reference": f"Task/{task['id']}"}], **elements}


@pytest.fixture
def whole(cast):
    return owned_task(cast["nurse"], status="in-progress")


@pytest.fixture
def parts(cast, whole):
    """One of hers, and one that she cannot see."""
    own = owned_task(cast["nurse"], **part_of(whole), description="Call the pharmacy")
    hidden = pool_task(CARDIOLOGIST_ROLE, **part_of(whole), description="Read the tracing")
    owned_task(cast["nurse"], **part_of(whole, status="cancelled"))
    return own, hidden


def test_it_does_not_complete_while_parts_are_open(cast, whole, parts):
    with pytest.raises(BusinessRuleViolation, match=TWO_OPEN):
        actions.complete(whole["id"], actor=cast["nurse"].actor)


def test_nor_by_a_plain_patch_nor_for_anybody(api, whole, parts):
    for who in ("nurse", "admin", "service"):
        answer = api(who).patch(
            f"Task/{whole['id']}", [{"op": "replace", "path": "/status", "value": "completed"}]
        )
        assert answer.status_code == 422
        assert answer.json()["issue"][0]["diagnostics"] == TWO_OPEN
        assert "tracing" not in answer.content.decode()


def test_the_page_says_why(page, whole, parts):
    text = page("nurse").get(f"/worklist/t/{whole['id']}").content.decode()
    assert TWO_OPEN in text
    assert "Read the tracing" not in text


def test_it_completes_when_they_are_done_or_waived(cast, whole, parts):
    own, hidden = parts
    actions.complete(own["id"], actor=cast["nurse"].actor)
    with pytest.raises(BusinessRuleViolation, match="1 subtask is open."):
        actions.complete(whole["id"], actor=cast["nurse"].actor)
    actions.cancel(hidden["id"], reason="Not needed", actor=cast["admin"].actor)
    done = actions.complete(whole["id"], actor=cast["nurse"].actor)
    assert done.parsed()["status"] == "completed"


def test_a_part_keeps_its_whole_open_until_its_own_parts_are_done(cast, whole):
    part = owned_task(cast["nurse"], **part_of(whole))
    owned_task(cast["nurse"], **part_of(part))
    for each in (part, whole):
        with pytest.raises(BusinessRuleViolation, match="1 subtask is open."):
            actions.complete(each["id"], actor=cast["nurse"].actor)


def test_cancelling_the_whole_needs_no_parts_done(cast, whole, parts):
    done = actions.cancel(whole["id"], reason="Not needed", actor=cast["nurse"].actor)
    assert done.parsed()["status"] == "cancelled"


def test_what_was_completed_before_stays_writable(cast, whole, parts, api):
    done = create(task_document(status="completed"))
    pool_task(**part_of(done))
    assert put({**done, "description": "Corrected"})["status"] == "completed"


# Of a type.


@pytest.fixture
def planned(cast):
    whole = TaskType.objects.get(code="review-lab-report")
    whole.subtasks.create(subtype=TaskType.objects.get(code="patient-outreach"), title="Call")
    whole.subtasks.create(subtype=TaskType.objects.get(code="complete-encounter-notes"), position=1)
    # A type below itself ends there.
    TaskType.objects.get(code="patient-outreach").subtasks.create(subtype=whole)
    task_types.forget()
    return task_types.find("review-lab-report")


def children(task):
    rows = Task.objects.filter(tokens__contains=[f"part-of={task.reference}"]).order_by("id")
    return [json.loads_stored(text) for text in rows.values_list("document", flat=True)]


def test_a_task_of_a_type_comes_with_its_parts(cast, planned):
    made = create_of_type(
        planned, subject={"reference": "Patient/x"}, actor=cast["physician"].actor, priority="stat"
    )
    call, note = children(made)
    assert call["code"]["text"] == "Call"
    assert {each["priority"] for each in (made.parsed(), call, note)} == {"stat"}
    assert {each["for"]["reference"] for each in (call, note)} == {"Patient/x"}
    assert call["performerType"] == made.parsed()["performerType"]
    assert (note["businessStatus"]["text"], note["code"]["text"]) == (
        "Encounter complete. Physician note required",
        "Complete encounter notes",
    )
    actions.claim(made.resource_id, actor=cast["physician"].actor)
    with pytest.raises(BusinessRuleViolation, match=TWO_OPEN):
        actions.complete(made.resource_id, actor=cast["physician"].actor)


def test_what_a_type_is_about(cast):
    lab = task_types.find("review-lab-report")
    with pytest.raises(BusinessRuleViolation, match="is about a DiagnosticReport"):
        create_of_type(lab, focus={"reference": "Patient/x"}, actor=cast["admin"].actor)


def test_a_type_without_a_pool_needs_one(cast):
    errand = task_types.find("documentation")
    with pytest.raises(BusinessRuleViolation, match="needs a pool or a person"):
        create_of_type(errand, actor=cast["admin"].actor)
