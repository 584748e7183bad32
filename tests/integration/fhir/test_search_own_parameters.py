"""Our own parameters for Task, which SearchParameter resources define."""

import pytest

from fhir import definitions, resources
from fhir.validation import check_document
from tests.factories import put, task_document
from tests.integration.fhir.search import ids

pytestmark = pytest.mark.django_db

OURS = {
    "due-date",
    "for",
    "input",
    "note",
    "output",
    "priority-order",
    "start-date",
    "status-reason",
}


def test_each_is_a_valid_search_parameter():
    documents = definitions.own_search_parameters()
    assert {each["code"] for each in documents} == OURS
    for document in documents:
        check_document(document, "SearchParameter")
        code = document["code"]
        assert document["url"] == f"http://taskward.example/fhir/SearchParameter/Task-{code}"
        assert document["base"] == ["Task"]
    names = {name for name, _, _ in resources.get("Task").search().parameters()}
    assert OURS < names


def test_times():
    put(
        task_document(
            id="a", restriction={"period": {"start": "2024-03-01", "end": "2024-03-16T17:00:00Z"}}
        )
    )
    put(task_document(id="b", restriction={"period": {"end": "2024-04"}}))
    put(task_document(id="c"))
    assert ids("Task?due-date=2024-03-16") == ["a"]
    assert ids("Task?due-date=lt2024-03-17") == ["a"]
    assert sorted(ids("Task?due-date=ge2024-03-16")) == ["a", "b"]
    assert ids("Task?due-date=2024-04") == ["b"]
    assert ids("Task?due-date:missing=true") == ["c"]
    assert ids("Task?start-date=2024-03") == ["a"]
    assert sorted(ids("Task?start-date:missing=true")) == ["b", "c"]
    assert ids("Task?_sort=due-date") == ["a", "b", "c"]
    assert ids("Task?_sort=-due-date") == ["b", "a", "c"]


def test_the_order_of_priority():
    for priority in ("routine", "urgent", "asap", "stat"):
        put(task_document(id=priority, priority=priority))
    put(task_document(id="none"))
    assert sorted(ids("Task?priority-order=0")) == ["none", "routine"]
    assert sorted(ids("Task?priority-order=ge2")) == ["asap", "stat"]
    assert ids("Task?priority-order=gt2") == ["stat"]
    assert sorted(ids("Task?priority-order=lt2")) == ["none", "routine", "urgent"]
    assert sorted(ids("Task?priority-order=1,3")) == ["stat", "urgent"]
    assert sorted(ids("Task?priority-order=ne3&priority-order=ne0")) == ["asap", "urgent"]
    assert ids("Task?priority-order:missing=true") == []
    assert ids("Task?_sort=-priority-order,_id") == ["stat", "asap", "urgent", "none", "routine"]


def test_reasons_notes_and_what_goes_in_and_out():
    put(
        task_document(
            id="a",
            statusReason={"coding": [{"system": "http://x", "code": "absent"}], "text": "Not in"},
            note=[{"text": "Called at noon"}, {"text": "No answer"}],
            input=[{"type": {"text": "report"}, "valueReference": {"reference": "Binary/in"}}],
            output=[
                {"type": {"text": "number"}, "valueInteger": 7},
                {"type": {"text": "response"}, "valueReference": {"reference": "Binary/out"}},
            ],
        )
    )
    put(task_document(id="b"))
    for query in (
        "status-reason=http://x|absent",
        "status-reason:text=not in",
        "status-reason:missing=false",
        "note=called",
        "note:contains=noon",
        "note:exact=No answer",
        "input=Binary/in",
        "output=Binary/out",
        "output=out",
        "output:missing=false",
        "output:Binary=out",
    ):
        assert ids(f"Task?{query}") == ["a"], query
    assert ids("Task?output=in") == []
    put({"resourceType": "Binary", "id": "out", "contentType": "text/plain"})
    assert ids("Task?_id=a&_include=Task:output", mode="include") == ["out"]
