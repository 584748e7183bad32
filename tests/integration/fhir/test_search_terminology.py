"""`:in`, `:not-in`, `:above` and `:below` of tokens: value sets and hierarchies that are kept here."""

from dataclasses import replace

import pytest

from fhir.errors import InvalidSearch
from tests.factories import put, task_document
from tests.integration.fhir.search import BASE, ids

pytestmark = pytest.mark.django_db

ANIMALS = "http://example.org/animals"
VALUES = "http://example.org/fhir/ValueSet"


def task(id, code, system=ANIMALS):
    put(task_document(id=id, code={"coding": [{"system": system, "code": code}]}))


def value_set(id, **elements):
    put(
        {
            "resourceType": "ValueSet",
            "id": id,
            "url": f"{VALUES}/{id}",
            "status": "active",
            **elements,
        }
    )


def composed(id, *include, exclude=(), **elements):
    compose = {"include": list(include)} | ({"exclude": list(exclude)} if exclude else {})
    value_set(id, compose=compose, **elements)


def concepts(*codes, system=ANIMALS):
    return {"system": system, "concept": [{"code": code} for code in codes]}


def animals():
    put(
        {
            "resourceType": "CodeSystem",
            "id": "animals",
            "url": ANIMALS,
            "status": "active",
            "content": "complete",
            "concept": [
                {"code": "mammal", "concept": [{"code": "cat", "concept": [{"code": "lion"}]}]},
                {"code": "bird"},
                {"code": "owl", "property": [{"code": "parent", "valueCode": "bird"}]},
            ],
        }
    )


@pytest.fixture
def zoo():
    for code in ("mammal", "cat", "lion", "bird", "owl"):
        task(code, code)
    put(task_document(id="other", code={"coding": [{"system": "http://other", "code": "cat"}]}))
    put(task_document(id="text", code={"text": "cat"}))


def found(query):
    return sorted(ids(f"Task?{query}"))


@pytest.mark.parametrize(
    "reference",
    [
        f"{VALUES}/pets",
        f"{VALUES}/pets|2",
        "ValueSet/pets",
        f"{BASE}/ValueSet/pets",
    ],
)
def test_a_value_set_by_its_address_or_url(zoo, reference):
    composed("pets", concepts("cat", "owl"), version="2")
    assert found(f"code:in={reference}") == ["cat", "owl"]
    assert found(f"code:not-in={reference}") == ["bird", "lion", "mammal", "other", "text"]


@pytest.mark.parametrize("reference", [f"{VALUES}/none", f"{VALUES}/pets|3", "ValueSet/none"])
def test_an_unknown_value_set_is_refused(zoo, reference):
    composed("pets", concepts("cat"), version="2")
    with pytest.raises(InvalidSearch):
        ids(f"Task?code:in={reference}")


def test_a_value_set_that_the_actor_may_not_read_is_unknown(zoo, cast):
    composed("pets", concepts("cat"))
    narrow = replace(cast["admin"].actor, scopes=frozenset({"user/Task.rs"}))
    with pytest.raises(InvalidSearch):
        ids("Task?code:in=ValueSet/pets", actor=narrow)


def test_parts_are_added_met_and_taken_away(zoo):
    composed("cats", concepts("cat", "lion"))
    composed("birds", concepts("bird", "owl"))
    composed("both", {"valueSet": [f"{VALUES}/cats"]}, {"valueSet": [f"{VALUES}/birds"]})
    composed("common", {"valueSet": [f"{VALUES}/both", f"{VALUES}/cats"]})
    composed("narrow", {**concepts("lion", "owl"), "valueSet": [f"{VALUES}/cats"]})
    composed("but", {"valueSet": [f"{VALUES}/both"]}, exclude=[concepts("cat")])
    assert found(f"code:in={VALUES}/both") == ["bird", "cat", "lion", "owl"]
    assert found(f"code:in={VALUES}/common") == ["cat", "lion"]
    assert found(f"code:in={VALUES}/narrow") == ["lion"]
    assert found(f"code:in={VALUES}/but") == ["bird", "lion", "owl"]
    assert found(f"code:in={VALUES}/narrow,{VALUES}/birds") == ["bird", "lion", "owl"]


def test_a_whole_system_with_and_without_its_code_system(zoo):
    composed("all", {"system": ANIMALS})
    composed("rest", {"system": ANIMALS}, exclude=[concepts("cat", "owl")])
    every = ["bird", "cat", "lion", "mammal", "owl"]
    assert found(f"code:in={VALUES}/all") == every
    assert found(f"code:in={VALUES}/rest") == ["bird", "lion", "mammal"]
    task("unknown", "unicorn")
    assert found(f"code:in={VALUES}/all") == sorted([*every, "unknown"])
    animals()
    assert found(f"code:in={VALUES}/all") == every
    assert found(f"code:in={VALUES}/rest") == ["bird", "lion", "mammal"]


def test_filters_by_hierarchy(zoo):
    animals()

    def rule(op):
        return {
            "system": ANIMALS,
            "filter": [{"property": "concept", "op": op, "value": "mammal"}],
        }

    composed("mammals", rule("is-a"))
    composed("kinds", rule("descendent-of"))
    composed("odd", rule("regex"))
    assert found(f"code:in={VALUES}/mammals") == ["cat", "lion", "mammal"]
    assert found(f"code:in={VALUES}/kinds") == ["cat", "lion"]
    with pytest.raises(InvalidSearch):
        found(f"code:in={VALUES}/odd")


def test_an_expansion_says_it_where_nothing_else_does(zoo):
    contains = [
        {"system": ANIMALS, "code": "mammal", "abstract": True, "contains": [{"code": "cat"}]},
        {"system": ANIMALS, "code": "owl"},
    ]
    contains[0]["contains"][0]["system"] = ANIMALS
    value_set("expanded", expansion={"timestamp": "2024-01-01T00:00:00Z", "contains": contains})
    assert found(f"code:in={VALUES}/expanded") == ["cat", "owl"]


def test_a_value_set_of_itself_is_refused(zoo):
    composed("one", {"valueSet": [f"{VALUES}/two"]})
    composed("two", {"valueSet": [f"{VALUES}/one"]})
    with pytest.raises(InvalidSearch):
        found(f"code:in={VALUES}/one")


def test_official_value_sets_and_codes_without_a_system_of_their_own(zoo):
    official = "http://hl7.org/fhir/ValueSet"
    put(task_document(id="urgent", priority="urgent"))
    assert len(found(f"status:in={official}/task-status")) == 8
    assert found(f"status:not-in={official}/task-status|4.0.1") == []
    assert found(f"priority:in={official}/request-priority") == ["urgent"]
    assert found(f"priority:in={official}/task-status") == []
    composed("pressing", concepts("urgent", "stat", system="http://hl7.org/fhir/request-priority"))
    assert found(f"priority:in={VALUES}/pressing") == ["urgent"]
    with pytest.raises(InvalidSearch):
        found(f"priority:in={official}/nonsense")


def test_above_and_below(zoo):
    animals()
    assert found(f"code:below={ANIMALS}|mammal") == ["cat", "lion", "mammal"]
    assert found(f"code:above={ANIMALS}|lion") == ["cat", "lion", "mammal"]
    assert found(f"code:below={ANIMALS}|bird") == ["bird", "owl"]
    assert found(f"code:above={ANIMALS}|unknown") == []
    for query in (f"code:below={ANIMALS}", "code:below=mammal", "code:above=http://none|x"):
        with pytest.raises(InvalidSearch):
            found(query)


def test_below_a_mime_type():
    for id, kind in (("a", "text/xml"), ("b", "text/xml; charset=UTF-8"), ("c", "text/xml2")):
        put(
            {
                "resourceType": "DocumentReference",
                "id": id,
                "status": "current",
                "content": [{"attachment": {"contentType": kind}}],
            }
        )
    assert ids("DocumentReference?contenttype=text/xml") == ["a"]
    assert sorted(ids("DocumentReference?contenttype:below=text/xml")) == ["a", "b"]


@pytest.mark.parametrize("modifier", ["in", "not-in", "above", "below", "of-type"])
def test_what_is_no_code_has_no_value_set(modifier):
    with pytest.raises(InvalidSearch):
        ids(f"Patient?active:{modifier}=http://x|y")
