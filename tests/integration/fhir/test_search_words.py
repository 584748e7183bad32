"""`_text`, `_content` and `_list`."""

import pytest

from fhir.errors import InvalidSearch
from fhir.search import words
from tests.factories import put, task_document
from tests.integration.fhir.search import BASE, ids

pytestmark = pytest.mark.django_db

NARRATIVE = '<div xmlns="http://www.w3.org/1999/xhtml"><p>Metastases of the <b>liver</b></p></div>'


@pytest.fixture
def conditions():
    for id, text, note in (("a", NARRATIVE, "seen"), ("b", None, "Liver of the patient")):
        narrative = {"text": {"status": "generated", "div": text}} if text else {}
        put(task_document(id=id, description=note, **narrative))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("_text=liver", ["a"]),
        ("_text=LIVER metastases", ["a"]),
        ("_text=(bone OR liver) and metastases", ["a"]),
        ("_text=(bone OR lung) and metastases", []),
        ("_text=liver not metastases", []),
        ('_text="metastases of the liver"', ["a"]),
        ('_text="liver of the metastases"', []),
        ("_text=bone,liver", ["a"]),
        ("_text=b", []),
        ("_text=seen", []),
        ("_content=liver", ["a", "b"]),
        ("_content=seen", ["a"]),
        ("_content=patient", ["b"]),
        ("_content=resourceType", []),
        ("_content=liver&_id=b", ["b"]),
        ("_content=liver&_text=liver", ["a"]),
        ("_list=none&_text=liver", []),
    ],
)
def test_words(conditions, query, found):
    assert sorted(ids(f"Task?{query}")) == found


@pytest.mark.parametrize("text", ["(", ")", "(liver", "liver)", '"liver', "and", "liver or", "not"])
@pytest.mark.parametrize("name", ["_text", "_content"])
def test_what_is_no_text_search_is_refused(name, text):
    with pytest.raises(InvalidSearch):
        ids(f"Task?{name}={text}")


def test_words_are_bounded():
    with pytest.raises(InvalidSearch):
        ids("Task?_text=" + "a " * 60)
    with pytest.raises(InvalidSearch):
        ids("Task?_text=" + "(" * 40 + "a" + ")" * 40)
    with pytest.raises(InvalidSearch):
        ids("Task?_text:exact=a")


def test_a_search_that_would_read_everything_is_refused(conditions, monkeypatch):
    monkeypatch.setattr(words, "MAX_ROWS", 0)
    for query in ("_content=liver", "part-of._content=liver", "_has:Task:part-of:_text=liver"):
        with pytest.raises(InvalidSearch):
            ids(f"Task?{query}")


def test_deleted_tasks_and_long_ones_do_no_harm(conditions):
    put(task_document(id="long", note=[{"text": "liver " + "x y " * 100_000}]))
    assert sorted(ids("Task?_content=liver")) == ["a", "b", "long"]


@pytest.fixture
def tasks():
    for id in ("a", "b", "c", "d"):
        put(task_document(id=id))
    entry = [
        {"item": {"reference": "Task/a"}},
        {"item": {"reference": f"{BASE}/Task/b/_history/1"}},
        {"item": {"reference": "Task/c"}, "deleted": True},
        {"item": {"reference": "Patient/d"}},
        {"item": {"display": "nothing"}},
    ]
    put(
        {
            "resourceType": "List",
            "id": "l1",
            "status": "current",
            "mode": "changes",
            "entry": entry,
        }
    )


@pytest.mark.parametrize("value", ["l1", "List/l1", f"{BASE}/List/l1", "none,l1"])
def test_a_list(tasks, value):
    assert sorted(ids(f"Task?_list={value}")) == ["a", "b"]


def test_a_list_that_may_not_be_read_has_nothing(cast):
    nurse = cast["nurse"]
    entry = [{"item": {"reference": nurse.reference}}]
    put(
        {
            "resourceType": "List",
            "id": "staff",
            "status": "current",
            "mode": "working",
            "entry": entry,
        }
    )
    assert ids("Practitioner?_list=staff") == [nurse.reference.removeprefix("Practitioner/")]
    assert ids("Practitioner?_list=staff", actor=nurse.actor) == []
    assert ids("Practitioner?_list=none", actor=nurse.actor) == []


def test_lists_by_their_function_are_not_kept():
    with pytest.raises(InvalidSearch):
        ids("Task?_list=$current-allergies")
