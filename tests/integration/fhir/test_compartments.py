"""`GET Patient/x/Task` and `GET Patient/x/*`: what belongs to one resource."""

import json

import pytest

from fhir import definitions, resources
from fhir.actor import SYSTEM
from fhir.errors import Forbidden, InvalidSearch, NotFound
from fhir.search import compartments
from fhir.search.searchset import search
from fhir.search.system import search_system
from tests.factories import put, task_document
from tests.integration.fhir.search import BASE

pytestmark = pytest.mark.django_db


def answer(url, *, actor=SYSTEM, strict=False):
    """`answer("Patient/p1/Task?status=x")`"""
    path, _, query = url.partition("?")
    type_name, id, member = path.split("/")
    options = {"actor": actor, "base": BASE, "strict": strict}
    options["compartment"] = compartments.get(type_name, id)
    if member == "*":
        return json.loads(search_system(query, **options))
    return json.loads(search(resources.get(member), query, **options))


def found(url, **options):
    entries = answer(url, **options).get("entry", [])
    return sorted(
        f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        for entry in entries
        if entry["search"]["mode"] == "match"
    )


def reference(to):
    return {"reference": to}


@pytest.fixture
def clinic(cast):
    """Two patients; what is about each of them, and what is of neither."""
    for id in ("p1", "p2"):
        put(
            {
                "resourceType": "Patient",
                "id": id,
                "generalPractitioner": [reference("Practitioner/maya")],
            }
        )
        put(task_document(id=f"task-{id}", **{"for": reference(f"Patient/{id}")}))
        report = {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "x"}}
        put({**report, "id": f"report-{id}", "subject": reference(f"Patient/{id}")})
    put(task_document(id="about-p1", focus=reference(f"{BASE}/Patient/p1")))
    put(task_document(id="of-maya", owner=reference("Practitioner/maya"), status="accepted"))
    message = {"resourceType": "Communication", "status": "completed"}
    put({**message, "id": "to-p1", "recipient": [reference("Patient/p1")]})
    put({**message, "id": "from-maya", "sender": reference("Practitioner/maya")})
    put({"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"}})
    put(task_document(id="in-e1", encounter=reference("Encounter/e1")))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("Patient/p1/Task", ["Task/about-p1", "Task/task-p1"]),
        ("Patient/p2/Task", ["Task/task-p2"]),
        ("Patient/p1/Communication", ["Communication/to-p1"]),
        ("Patient/p1/DiagnosticReport", ["DiagnosticReport/report-p1"]),
        ("Patient/p1/Patient", ["Patient/p1"]),
        ("Practitioner/maya/Task", ["Task/of-maya"]),
        ("Practitioner/maya/Patient", ["Patient/p1", "Patient/p2"]),
        ("Practitioner/maya/Practitioner", ["Practitioner/maya"]),
        ("Encounter/e1/Task", ["Task/in-e1"]),
        ("RelatedPerson/r1/Task", []),
        ("Device/d1/Task", []),
        (
            "Patient/p1/*",
            ["Communication/to-p1", "DiagnosticReport/report-p1", "Patient/p1"]
            + ["Task/about-p1", "Task/task-p1"],
        ),
        (
            "Patient/p1/*?_type=Task,Communication",
            ["Communication/to-p1", "Task/about-p1", "Task/task-p1"],
        ),
        ("Patient/p1/*?_type=Questionnaire", []),
        ("Patient/p1/*?_id=task-p1,task-p2", ["Task/task-p1"]),
        ("Encounter/e1/*", ["Encounter/e1", "Task/in-e1"]),
        ("Patient/p1/Task?focus:missing=true", ["Task/task-p1"]),
        ("Patient/p1/Task?_id=task-p2", []),
        ("Practitioner/maya/Task?status=accepted,requested", ["Task/of-maya"]),
        ("Practitioner/maya/Task?status=requested", []),
        ("Patient/never/Task", []),
        ("Patient/never/*", []),
    ],
)
def test_compartments(clinic, url, expected):
    assert found(url) == expected
    assert answer(f"{url}{'&' if '?' in url else '?'}_summary=count")["total"] == len(expected)


def test_the_links_are_of_the_compartment(clinic):
    first = answer("Patient/p1/Task?_count=1&nonsense=1")
    links = {link["relation"]: link["url"] for link in first["link"]}
    assert links["self"] == f"{BASE}/Patient/p1/Task?_count=1"
    assert first["total"] == 2
    second = answer(links["next"].removeprefix(f"{BASE}/"))
    both = [bundle["entry"][0]["resource"]["id"] for bundle in (first, second)]
    assert sorted(both) == ["about-p1", "task-p1"]
    assert [link["relation"] for link in second["link"]] == ["self"]


def test_pages_of_all_types(clinic):
    url, ids = "Patient/p1/*?_count=2", []
    while url:
        page = answer(url)
        assert page["total"] == 5
        ids += [entry["fullUrl"] for entry in page["entry"]]
        url = next((each["url"] for each in page["link"] if each["relation"] == "next"), "")
        url = url.removeprefix(f"{BASE}/")
    assert len(ids) == len(set(ids)) == 5


def test_includes_of_a_compartment(clinic):
    bundle = answer("Patient/p1/Task?_include=Task:patient&_id=task-p1")
    assert [entry["search"]["mode"] for entry in bundle["entry"]] == ["match", "include"]


@pytest.mark.parametrize("url", ["Patient/p1/Questionnaire", "Task/t1/Task", "Patient/p!/Task"])
def test_there_are_no_other_compartments(clinic, url):
    with pytest.raises(NotFound):
        answer(url)


def test_a_wrong_search_of_a_compartment_is_refused(clinic):
    with pytest.raises(InvalidSearch):
        answer("Patient/p1/Task?status:exact=x")
    with pytest.raises(InvalidSearch):
        answer("Patient/p1/*?status=requested")
    with pytest.raises(InvalidSearch):
        answer("Patient/p1/Task?nonsense=x", strict=True)


def test_a_compartment_shows_what_the_actor_may_see_and_tells_of_nothing_else(cast, clinic):
    nurse = cast["nurse"].actor
    hidden, never = answer("Patient/p2/*", actor=nurse), answer("Patient/never/*", actor=nurse)
    hidden["link"] = never["link"] = []
    assert hidden == never
    put(
        task_document(
            id="hers", owner=reference("Practitioner/maya"), **{"for": reference("Patient/p1")}
        )
    )
    assert found("Patient/p1/Task", actor=nurse) == ["Task/hers"]
    assert found("Patient/p1/*", actor=nurse) == ["Patient/p1", "Task/hers"]
    assert answer("Patient/p1/*?_total=accurate&_count=1", actor=nurse)["total"] == 2


def test_scopes_narrow_a_compartment(cast, clinic):
    from dataclasses import replace

    narrow = replace(cast["admin"].actor, scopes=frozenset({"user/Task.rs"}))
    assert found("Patient/p1/*", actor=narrow) == ["Task/about-p1", "Task/task-p1"]
    with pytest.raises(Forbidden):
        answer("Patient/p1/Communication", actor=narrow)
    with pytest.raises(Forbidden):
        answer("Patient/p1/*?_type=Communication", actor=narrow)


def test_every_parameter_of_the_definitions_is_a_reference_that_leads_there():
    for compartment_type, members in compartments.definitions().items():
        for member, parameters in members.items():
            for name in parameters:
                if name != compartments.OWN:
                    found = definitions.search_parameters(member)[name]
                    assert found.type == "reference"
                    assert {compartment_type, "*"} & {*found.target}, (compartment_type, member)
