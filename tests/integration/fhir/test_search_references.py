"""References in all the forms that may be stored and asked for, as R4 compares them."""

import pytest

from fhir.errors import InvalidSearch
from fhir.search.references import local
from tests.factories import put, task_document
from tests.integration.fhir.search import BASE, ids

pytestmark = pytest.mark.django_db

OTHER = "http://other.example/fhir"


@pytest.fixture
def references():
    """The same patient in every form, by a column (`subject`) and by tokens (`focus`)."""
    forms = {
        "relative": "Patient/p1",
        "versioned": "Patient/p1/_history/3",
        "absolute": f"{BASE}/Patient/p1",
        "prefix": "http://testserver/fhir/R4/Patient/p1",
        "foreign": f"{OTHER}/Patient/p1",
        "group": "Group/p1",
    }
    for id, text in forms.items():
        reference = {"reference": text}
        put(task_document(id=id, focus=reference) | {"for": reference})
    named = {"identifier": {"system": "http://mrn", "value": "7"}, "display": "Homer"}
    put(task_document(id="named", focus=named) | {"for": {**named, "type": "Patient"}})
    put(task_document(id="none"))


HERE = ["absolute", "prefix", "relative", "versioned"]


@pytest.mark.parametrize("name", ["subject", "for", "focus", "patient"])
@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Patient/p1", HERE),
        (f"{BASE}/Patient/p1", HERE),
        ("http://testserver/fhir/R4/Patient/p1", HERE),
        (f"{OTHER}/Patient/p1", ["foreign"]),
        ("http://elsewhere/Patient/p1", []),
        ("Patient/p2", []),
        (f"Patient/p2,{OTHER}/Patient/p1", ["foreign"]),
        (f"Patient/p1,{OTHER}/Patient/p1", sorted([*HERE, "foreign"])),
    ],
)
def test_where_it_leads_decides(references, name, value, found):
    assert sorted(ids(f"Task?{name}={value}")) == found


def test_an_id_alone_is_local(references):
    assert sorted(ids("Task?patient=p1")) == HERE
    assert sorted(ids("Task?subject=p1")) == sorted([*HERE, "group"])
    assert sorted(ids("Task?focus=p1")) == sorted([*HERE, "group"])


@pytest.mark.parametrize("name", ["subject", "focus"])
def test_the_type_as_a_modifier(references, name):
    for value in ("p1", "Patient/p1", f"{BASE}/Patient/p1"):
        assert sorted(ids(f"Task?{name}:Patient={value}")) == HERE
    assert ids(f"Task?{name}:Patient={OTHER}/Patient/p1") == ["foreign"]
    assert ids(f"Task?{name}:Group=p1") == ["group"]
    for value in ("Group/p1", f"{OTHER}/Group/p1"):
        with pytest.raises(InvalidSearch):
            ids(f"Task?{name}:Patient={value}")


def test_missing(references):
    assert ids("Task?focus:missing=true") == ["none"]
    assert sorted(ids("Task?patient:missing=true")) == ["group", "none"]
    assert sorted(ids("Task?patient:missing=false")) == sorted([*HERE, "foreign", "named"])
    assert ids("Task?subject:missing=true") == ["none"]


@pytest.mark.parametrize("name", ["subject", "patient", "focus"])
@pytest.mark.parametrize("value", ["7", "http://mrn|7", "http://mrn|"])
def test_the_identifier(references, name, value):
    assert ids(f"Task?{name}:identifier={value}") == ["named"]
    assert ids(f"Task?{name}:identifier=|7") == []


def test_an_identifier_alone_may_be_a_patients(references):
    """No reference says of which type it is; `missing` goes by what is known to be a patient."""
    identifier = {"identifier": {"system": "http://mrn", "value": "8"}}
    put(task_document(id="someone") | {"for": identifier})
    put(task_document(id="group") | {"for": {**identifier, "type": "Group"}})
    assert ids("Task?patient:identifier=http://mrn|8") == ["someone"]
    assert "someone" in ids("Task?patient:missing=true")
    assert sorted(ids("Task?subject:identifier=http://mrn|8")) == ["group", "someone"]


def test_the_patient_of_a_task_for_a_group_sorts_as_missing(references):
    assert sorted(ids("Task?_sort=patient")[:5]) == sorted([*HERE, "foreign"])
    assert sorted(ids("Task?_sort=-patient")[:5]) == sorted([*HERE, "foreign"])
    assert ids("Task?_sort=-patient")[0] == "foreign"


def test_own_addresses_are_followed(references):
    put({"resourceType": "Patient", "id": "p1", "active": True})
    assert sorted(ids("Task?patient.active=true")) == HERE
    assert ids("Patient?_has:Task:patient:_id=absolute") == ["p1"]
    assert ids("Task?_id=absolute&_include=Task:subject", mode="include") == ["p1"]
    assert sorted(ids("Patient?_id=p1&_revinclude=Task:focus", mode="include")) == HERE


def test_only_the_names_of_this_server_are_its_own(settings):
    settings.ALLOWED_HOSTS = ["*", "tasks.example", "[::1]"]
    assert local("https://tasks.example:8443/api/fhir/Patient/p1") == "Patient/p1"
    assert local("http://[::1]/fhir/R4/Patient/p1") == "Patient/p1"
    for text in (
        "http://elsewhere/api/fhir/Patient/p1",
        "https://tasks.example/other/Patient/p1",
        "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
        "ftp://tasks.example/api/fhir/Patient/p1",
        "Patient/p1",
    ):
        assert local(text) == text


def test_canonical_urls_and_their_versions():
    url = "http://x/PlanDefinition/p"
    for id, canonical in (("a", url), ("b", f"{url}|1.0"), ("c", f"{url}|2.0"), ("d", f"{url}2")):
        put(
            {
                "resourceType": "Communication",
                "id": id,
                "status": "completed",
                "instantiatesCanonical": [canonical],
            }
        )
    search = "Communication?instantiates-canonical"
    assert sorted(ids(f"{search}={url}")) == ["a", "b", "c"]
    assert ids(f"{search}={url}|1.0") == ["b"]
    assert sorted(ids(f"{search}:below={url}")) == ["a", "b", "c"]
    assert ids(f"{search}:below={url}|1") == ["b"]
    for modifier in ("identifier", "PlanDefinition", "above"):
        with pytest.raises(InvalidSearch):
            ids(f"{search}:{modifier}=x")


def test_uris():
    for id, uri in (("a", "http://x/a"), ("b", "http://x/a/b"), ("c", "urn:oid:1.2"), ("d", "")):
        elements = {"instantiatesUri": [uri]} if uri else {}
        put({"resourceType": "Communication", "id": id, "status": "completed", **elements})
    search = "Communication?instantiates-uri"
    assert ids(f"{search}=http://x/a") == ["a"]
    assert ids(f"{search}=http://X/a") == []
    assert sorted(ids(f"{search}:below=http://x/a")) == ["a", "b"]
    assert sorted(ids(f"{search}:above=http://x/a/b/c")) == ["a", "b"]
    assert ids(f"{search}:above=http://x/a") == ["a"]
    assert ids(f"{search}:below=urn:oid:1") == []
    assert ids(f"{search}:above=urn:oid:1.2.3") == []
    assert ids(f"{search}:below=urn:oid:1.2") == ["c"]
    assert ids(f"{search}:missing=true") == ["d"]
    with pytest.raises(InvalidSearch):
        ids(f"{search}:exact=http://x/a")


def test_the_version_of_a_canonical_resource_stands_beside_its_url():
    for version in ("1", "2"):
        put(
            {
                "resourceType": "ValueSet",
                "id": version,
                "url": "http://x/vs",
                "version": version,
                "status": "active",
            }
        )
    assert sorted(ids("ValueSet?url=http://x/vs")) == ["1", "2"]
    assert ids("ValueSet?url=http://x/vs|2") == ["2"]
