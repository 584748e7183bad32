"""`GET [base]?_type=Task,Communication`: one search over several types."""

import json
from dataclasses import replace

import pytest

from fhir.actions import delete
from fhir.actor import SYSTEM
from fhir.errors import Forbidden, InvalidSearch
from fhir.models import ClinicalResource
from fhir.search.system import search_system
from tests.factories import put, task_document
from tests.integration.fhir.search import BASE

pytestmark = pytest.mark.django_db


def answer(query, *, actor=SYSTEM, strict=False):
    return json.loads(search_system(query, actor=actor, base=BASE, strict=strict))


def found(query, *, mode="match", **options):
    return [
        f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        for entry in answer(query, **options).get("entry", [])
        if entry["search"]["mode"] == mode
    ]


def pages(query, **options):
    ids = []
    while query is not None:
        page = answer(query, **options)
        ids.append([entry["fullUrl"].removeprefix(f"{BASE}/") for entry in page.get("entry", [])])
        links = {link["relation"]: link["url"] for link in page["link"]}
        query = links["next"].removeprefix(f"{BASE}?") if "next" in links else None
    return ids


@pytest.fixture
def three_types():
    """`x` of each type, and more, newest first; and nothing but these."""
    ClinicalResource.objects.all().delete()
    tag = {"tag": [{"system": "http://example.org", "code": "seen"}]}
    put({"resourceType": "Patient", "id": "x"})
    put(task_document(id="x", meta=tag, **{"for": {"reference": "Patient/x"}}))
    put({"resourceType": "Organization", "id": "x", "name": "X", "meta": tag})
    put(task_document(id="y"))
    put({"resourceType": "Questionnaire", "id": "z", "status": "active"})
    return ["Questionnaire/z", "Task/y", "Organization/x", "Task/x", "Patient/x"]


def test_all_types_newest_first(three_types):
    bundle = answer("")
    assert bundle["total"] == 5
    assert bundle["link"] == [{"relation": "self", "url": BASE}]
    assert sorted(found("")) == sorted(three_types)
    updated = [entry["resource"]["meta"]["lastUpdated"] for entry in bundle["entry"]]
    assert updated == sorted(updated, reverse=True)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("_type=Task", {"Task/x", "Task/y"}),
        ("_type=Task,Organization", {"Task/x", "Task/y", "Organization/x"}),
        ("_type=Task&_type=Patient", {"Task/x", "Task/y", "Patient/x"}),
        ("_type=Observation", set()),
        ("_id=x", {"Task/x", "Organization/x", "Patient/x"}),
        ("_tag=seen", {"Task/x", "Organization/x"}),
        ("_tag=seen&_type=Task", {"Task/x"}),
        ("_type=Task&status=requested", {"Task/x", "Task/y"}),
        (
            "_type=Task,Questionnaire&status=active,requested",
            {"Task/x", "Task/y", "Questionnaire/z"},
        ),
        ("_lastUpdated=lt2020", set()),
        ("_type=Patient,Organization&_has:Task:subject:status=requested", {"Patient/x"}),
        ("_type=Patient&_has:Task:subject:status=requested", {"Patient/x"}),
        ("nonsense=1&_type=Patient", {"Patient/x"}),
    ],
)
def test_types_and_their_common_parameters(three_types, query, expected):
    assert set(found(query)) == expected
    assert answer(f"{query}&_count=0")["total"] == len(expected)
    assert answer(f"{query}&_total=accurate&_count=1").get("total") == len(expected)


@pytest.mark.parametrize(
    "sort", ["", "_lastUpdated", "-_lastUpdated", "_id", "-_id", "-_id,_lastUpdated"]
)
@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_pages_over_types_meet(three_types, sort, count):
    query = f"_sort={sort}" if sort else ""
    whole = found(query)
    assert sorted(whole) == sorted(three_types)
    assert sum(pages(f"{query}&_count={count}"), []) == whole
    if sort == "_id":
        assert whole == ["Organization/x", "Patient/x", "Task/x", "Task/y", "Questionnaire/z"]


def test_the_order_of_what_is_written_at_one_moment_does_not_depend_on_the_page(three_types):
    from django.utils import timezone

    from fhir import resources

    for name in ("Task", "Patient", "Organization", "Questionnaire"):
        resources.get(name).model.objects.update(last_updated=timezone.now())
    assert sum(pages("_count=1&_total=none"), []) == found("")


@pytest.mark.parametrize(
    "query",
    [
        "_type=Nonsense",
        "status=requested",
        "_type=Task,Patient&status=requested",
        "_type=Task,Patient&_sort=birthdate",
        "_type=Patient,Organization&_has:Task:patient:status=requested",
        "_type=Task,Patient&_sort=status",
        "_type=Task,ServiceRequest&_sort=priority",
        "_query=worklist",
        "_cursor=x",
    ],
)
def test_refusals(three_types, query):
    put(
        {"resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order"}
        | {"subject": {"reference": "Patient/x"}}
    )
    with pytest.raises(InvalidSearch):
        answer(query)


def test_what_no_type_knows_is_refused_when_strict(three_types):
    assert found("_type=Patient&nonsense=1") == ["Patient/x"]
    with pytest.raises(InvalidSearch):
        answer("_type=Patient&nonsense=1", strict=True)
    assert answer("_type=Patient&_id=x&_sort=_id", strict=True)["total"] == 1


def test_a_cursor_belongs_to_its_order():
    ClinicalResource.objects.all().delete()
    put(task_document(id="x"))
    put(task_document(id="y"))
    [link] = [each["url"] for each in answer("_count=1")["link"] if each["relation"] == "next"]
    cursor = link.rpartition("_cursor=")[2]
    assert found(f"_count=5&_cursor={cursor}") == ["Task/x"]
    with pytest.raises(InvalidSearch):
        answer(f"_sort=_id&_cursor={cursor}")


def test_includes_of_several_types(three_types):
    includes = "_include=Task:patient&_revinclude=Task:subject"
    assert found(f"_type=Task,Organization&{includes}", mode="include") == ["Patient/x"]
    assert found(f"_type=Patient,Organization&{includes}", mode="include") == ["Task/x"]
    assert found("_include=*", mode="include") == []


def test_what_is_deleted_is_not_found(three_types):
    delete("Task", "x", actor=SYSTEM)
    assert "Task/x" not in found("") and answer("")["total"] == 4


def test_everybody_finds_what_she_may_read(cast, three_types):
    nurse = cast["nurse"].actor
    assert found("_type=Task,Patient,Questionnaire", actor=nurse) == []
    assert found("_id=x", actor=nurse) == ["Organization/x"]
    assert answer("_id=x&_total=accurate", actor=nurse)["total"] == 1
    owner = {"owner": {"reference": cast["nurse"].reference}}
    put(task_document(id="x", **{"for": {"reference": "Patient/x"}}, **owner))
    assert set(found("_id=x", actor=nurse)) == {"Organization/x", "Task/x", "Patient/x"}
    assert answer("_id=x&_count=0", actor=nurse)["total"] == 3


def test_scopes_narrow_the_types(cast, three_types):
    narrow = replace(cast["admin"].actor, scopes=frozenset({"user/Task.rs"}))
    assert set(found("_id=x", actor=narrow)) == {"Task/x"}
    with pytest.raises(Forbidden):
        answer("_type=Task,Patient", actor=narrow)
