"""The demo clinic is the same each time, valid, whole, and has what the guides print."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from fhir import json
from fhir.validation import check_document
from tasks.demo import clinic
from tasks.demo.codes import CATEGORIES, POOLS, ROLES, TASK_CATEGORY
from tasks.transitions import CLAIMABLE, ENDED, Status

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def documents():
    return list(clinic(NOW))


@pytest.fixture(scope="module")
def by_reference(documents):
    return {f"{each['resourceType']}/{each['id']}": each for each in documents}


@pytest.fixture(scope="module")
def tasks(documents):
    return [each for each in documents if each["resourceType"] == "Task"]


def references(value):
    if isinstance(value, dict):
        for name, child in value.items():
            if name == "reference" and isinstance(child, str):
                yield child
            else:
                yield from references(child)
    elif isinstance(value, list):
        for child in value:
            yield from references(child)


def waiting(tasks):
    return [each for each in tasks if each["status"] in CLAIMABLE and "owner" not in each]


def snomed(task):
    return [concept["coding"][0]["code"] for concept in task.get("performerType", [])]


def test_the_same_time_makes_the_same_clinic(documents):
    assert list(clinic(NOW)) == documents


def test_another_time_makes_the_same_ids(documents):
    later = clinic(NOW + timedelta(days=9, hours=5, minutes=17))
    assert sorted((each["resourceType"], each["id"]) for each in later) == sorted(
        (each["resourceType"], each["id"]) for each in documents
    )


def test_no_id_is_used_twice(documents, by_reference):
    assert len(by_reference) == len(documents)


def test_every_document_is_valid(documents):
    for document in documents:
        check_document(json.loads(json.dumps(document)), document["resourceType"])


def test_every_reference_leads_to_a_document_that_stands_before(documents):
    before = set()
    for document in documents:
        reference = f"{document['resourceType']}/{document['id']}"
        assert {*references(document)} <= before, reference
        before.add(reference)


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/65f1234567890abcdef12345",
        "Patient/homer-simpson",
        "Practitioner/65f9876543210abcdef98765",
        "Practitioner/doctor-alice-smith",
        "Practitioner/doctor-gregory-house",
        "Practitioner/dr-cardio",
        "Task/65f8901234567abcdef89012",
        "Task/example-task",
        "Communication/thread-homer-simpson",
    ],
)
def test_what_the_guides_print_is_there(by_reference, reference):
    assert reference in by_reference


def test_the_printed_tasks_are_as_printed(by_reference):
    task = by_reference["Task/65f8901234567abcdef89012"]
    assert task["owner"] == {"reference": "Practitioner/65f9876543210abcdef98765"}
    assert (task["status"], task["intent"], task["priority"]) == ("requested", "order", "urgent")
    assert task["code"]["coding"][0]["code"] == "fulfill"
    assert by_reference["Task/example-task"]["code"]["coding"][0]["code"] == "715252007"
    thread = by_reference["Communication/thread-homer-simpson"]
    assert "partOf" not in thread
    assert thread["recipient"][0]["reference"] == "Practitioner/doctor-gregory-house"


def test_doctor_house_is_a_registered_nurse_too(documents):
    codes = {
        role["code"][0]["coding"][0]["code"]
        for role in documents
        if role["resourceType"] == "PractitionerRole"
        and role["practitioner"]["reference"] == "Practitioner/doctor-gregory-house"
    }
    assert codes == {"158965000", "224535009"}


def test_it_is_as_large_as_promised(documents, tasks):
    counts = Counter(each["resourceType"] for each in documents)
    assert counts["Patient"] == 60
    assert counts["PractitionerRole"] == 13
    assert 380 <= len(tasks) <= 430


def test_every_status_and_priority_occurs(tasks):
    assert {each["status"] for each in tasks} == {status.value for status in Status}
    assert {each.get("priority") for each in tasks} == {
        "routine", "urgent", "asap", "stat", None,
    }  # fmt: skip


def test_every_category_occurs(tasks):
    found = {
        coding["code"]
        for task in tasks
        for coding in task.get("code", {}).get("coding", [])
        if coding["system"] == TASK_CATEGORY
    }
    assert found == {*CATEGORIES}


def test_every_pool_has_work_waiting_and_the_nurses_a_good_queue(tasks):
    queue = waiting(tasks)
    first = Counter(snomed(task)[0] for task in queue)
    assert {*first} == {ROLES[pool].snomed for pool in POOLS}
    assert min(first.values()) >= 8
    nurses = [task for task in queue if "224535009" in snomed(task)]
    assert 24 <= len(nurses) <= 30
    assert Counter(task.get("priority") for task in nurses)["stat"] == 2
    dues = [task["restriction"]["period"]["end"] for task in nurses if "restriction" in task]
    assert sum(datetime.fromisoformat(due) < NOW for due in dues) == 4
    assert any(len(snomed(task)) > 1 for task in nurses)


def test_tasks_are_for_one_person_for_a_pool_or_both(tasks):
    kinds = Counter(("owner" in task, "performerType" in task) for task in tasks)
    assert kinds[True, False] > 20 and kinds[False, True] > 20 and kinds[True, True] > 20


def test_times_are_in_order(tasks):
    for task in tasks:
        period = task.get("executionPeriod", {})
        times = [task["authoredOn"], *(period[end] for end in ("start", "end") if end in period)]
        times = [datetime.fromisoformat(time) for time in times]
        assert times == sorted(times), task["id"]
        assert times[-1] <= NOW, task["id"]
        assert ("end" in period) == (task["status"] in ENDED), task["id"]
        notes = [note["time"] for note in task.get("note", []) if "time" in note]
        assert notes == sorted(notes), task["id"]


def test_a_threads_recipient_is_the_owner_of_its_open_task(tasks, by_reference):
    checked = 0
    for task in tasks:
        header = by_reference.get(task.get("focus", {}).get("reference"), {})
        if header.get("resourceType") != "Communication" or task["status"] == "cancelled":
            continue
        owner = task.get("owner", {}).get("reference")
        recipients = [each["reference"] for each in header.get("recipient", [])]
        assert recipients == ([owner] if owner else []), task["id"]
        checked += 1
    assert checked > 40


def test_patients_live_in_several_states(documents):
    states = Counter(
        each["address"][0]["state"] for each in documents if each["resourceType"] == "Patient"
    )
    assert states["IL"] >= 20 and len(states) >= 6
