"""Criteria mean for a document in hand what they mean in a search for stored ones."""

import json
from datetime import UTC, datetime

import pytest

from fhir import resources
from fhir.actor import SYSTEM
from fhir.errors import InvalidSearch, NotFound
from fhir.search.matching import check_criteria, matching
from fhir.search.searchset import search
from tasks.demo import clinic
from tests.factories import put

BASE = "http://testserver/api/fhir"
NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)

SEARCHES = [
    ("Task", "status=requested"),
    ("Task", "status=requested,ready&priority=stat"),
    ("Task", "owner:missing=true&performer=224535009"),
    ("Task", "patient.address-state=IL"),
    ("Task", "part-of.status=requested"),
    ("Task", "part-of:missing=false&_has:Task:part-of:status=completed"),
    ("Task", "due-date=lt2026-11-21T15:30:00Z"),
    ("Task", "_lastUpdated=gt2000"),
    ("Task", "_lastUpdated=lt2000"),
    ("Task", "_id=example-task"),
    ("Task", "focus:missing=true"),
    ("Task", "code:text=Review"),
    ("DiagnosticReport", "status=final"),
    ("DiagnosticReport", "status=preliminary"),
    ("DiagnosticReport", "result.code=2823-3"),
    ("DiagnosticReport", "subject:Patient.address-state=IL,WI"),
    ("Communication", "part-of:missing=true"),
    ("Communication", "category=needs-response&sender:Patient=homer-simpson"),
    ("Patient", "family=Simpson"),
    ("Patient", ""),
]


@pytest.fixture(scope="module")
def documents():
    return [json.loads(json.dumps(each)) for each in clinic(NOW)]


@pytest.fixture
def stored(db, documents):
    found = [
        put(each)
        for each in documents
        if each["resourceType"] not in ("Task", "Provenance") or each["id"].endswith(("1", "2"))
    ]
    return [*found, put(next(each for each in documents if each["id"] == "example-task"))]


def test_a_document_matches_when_a_search_would_find_it(stored):
    outcomes = set()
    for type_name, criteria in SEARCHES:
        of_type = [each for each in stored if each["resourceType"] == type_name]
        answer = search(
            resources.get(type_name), f"{criteria}&_count=1000", actor=SYSTEM, base=BASE
        )
        found = {each["resource"]["id"] for each in json.loads(answer).get("entry", [])}
        matches = matching(type_name, criteria, of_type, actor=SYSTEM)
        matched = {each["id"] for each, ok in zip(of_type, matches, strict=True) if ok}
        assert matched == found & {each["id"] for each in of_type}, f"{type_name}?{criteria}"
        outcomes.add(bool(matched))
    assert outcomes == {True, False}


def test_a_version_of_the_past_is_judged_as_it_was(db):
    put({"resourceType": "Task", "id": "t", "status": "requested", "intent": "order"})
    now = put({"resourceType": "Task", "id": "t", "status": "completed", "intent": "order"})
    before = {**now, "status": "requested"}
    assert matching("Task", "status=requested", [now, before], actor=SYSTEM) == [False, True]


@pytest.mark.parametrize("criteria", ["colour=red", "_sort=status", "status=%00", "_count=2"])
def test_what_is_no_criterion_is_refused(db, criteria):
    with pytest.raises(InvalidSearch):
        check_criteria("Task", criteria, actor=SYSTEM)


def test_what_is_no_resource_type_is_refused(db):
    with pytest.raises(NotFound):
        check_criteria("Job", "status=x", actor=SYSTEM)
