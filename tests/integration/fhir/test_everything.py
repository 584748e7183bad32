"""$everything: the compartment of a resource, what that points at, and nothing that is not hers."""

import json

import pytest

from fhir import actions, everything, resources
from fhir.actor import SYSTEM
from fhir.definitions import search_parameters
from fhir.errors import Forbidden, Gone, InvalidSearch, NotFound
from tests.factories import NURSE_ROLE, put, role, task_document

BASE = "http://testserver/api/fhir"
ALICE = {"reference": "Patient/alice"}


@pytest.fixture
def clinic(cast):
    """Two patients. The nurse has a Task for Alice, and one for Bob that the cardiologist owns."""
    nurse, cardiologist = ({"reference": cast[who].reference} for who in ("nurse", "cardiologist"))
    for name in ("alice", "bob"):
        put(
            {
                "resourceType": "Patient",
                "id": name,
                "managingOrganization": {"reference": "Organization/o"},
            }
        )
    put({"resourceType": "Organization", "id": "o", "name": "Here"})
    put({"resourceType": "Organization", "id": "elsewhere", "name": "There"})
    put(
        {
            "resourceType": "Encounter",
            "id": "visit",
            "status": "finished",
            "class": {"code": "AMB"},
            "subject": ALICE,
            "period": {"start": "2024-03-01", "end": "2024-03-03"},
            "serviceProvider": {"reference": "Organization/o"},
        }
    )
    for name, of, date in (
        ("old", "alice", "2020-05-05"),
        ("new", "alice", "2024-03-02"),
        ("bobs", "bob", "2024"),
    ):
        put(
            {
                "resourceType": "Observation",
                "id": name,
                "status": "final",
                "code": {"text": "x"},
                "subject": {"reference": f"Patient/{of}"},
                "effectiveDateTime": date,
            }
        )
    put({"resourceType": "Questionnaire", "id": "form", "status": "active"})
    put(
        {
            "resourceType": "Group",
            "id": "both",
            "type": "person",
            "actual": True,
            "member": [{"entity": ALICE}, {"entity": {"reference": "Patient/bob"}}],
        }
    )
    put(
        {
            "resourceType": "List",
            "id": "mixed",
            "status": "current",
            "mode": "working",
            "subject": ALICE,
            "entry": [{"item": {"reference": f"Observation/{each}"}} for each in ("new", "bobs")],
        }
    )
    mine = {"owner": nurse, "for": ALICE, "focus": {"reference": "Questionnaire/form"}}
    put(task_document(id="mine", encounter={"reference": "Encounter/visit"}, **mine))
    put(task_document(id="theirs", owner=cardiologist, **{"for": {"reference": "Patient/bob"}}))
    put(task_document(id="hidden", owner=cardiologist, **{"for": ALICE}))
    return cast


@pytest.fixture
def ask(clinic):
    """ask("nurse", "Patient", "alice", "_count=1") → the Bundle."""

    def asked(who, type_name, resource_id, query="", *, strict=False):
        found = everything.everything(
            type_name, resource_id, query, actor=clinic[who].actor, base=BASE, strict=strict
        )
        return json.loads(found)

    return asked


def found_in(bundle, mode=None):
    return {
        entry["fullUrl"].removeprefix(f"{BASE}/")
        for entry in bundle.get("entry", [])
        if mode in (None, entry["search"]["mode"])
    }


OF_ALICE = {
    "Patient/alice",
    "Encounter/visit",
    "Observation/old",
    "Observation/new",
    "Group/both",
    "List/mixed",
    "Task/mine",
    "Task/hidden",
}
POINTED_AT = {
    "Organization/o",
    "Questionnaire/form",
    "Practitioner/maya",
    "Practitioner/carl",
}


@pytest.mark.parametrize("who", ["admin", "auditor", "service"])
def test_the_compartment_and_what_it_points_at(ask, who):
    bundle = ask(who, "Patient", "alice")
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "searchset")
    assert found_in(bundle, "match") == OF_ALICE
    assert found_in(bundle, "include") == POINTED_AT
    assert len(bundle["entry"]) == len(OF_ALICE | POINTED_AT)
    assert bundle["total"] == len(OF_ALICE)
    assert bundle["entry"][0]["resource"]["id"] == "alice"


def test_the_records_of_others_are_left_out(ask):
    """Alice is in a group with Bob, and her list names an observation of his."""
    found = found_in(ask("admin", "Patient", "alice"))
    assert not found & {"Patient/bob", "Observation/bobs", "Task/theirs"}


def test_only_what_may_be_read_is_there(ask):
    """The nurse sees her Task and what it points at: not even that there are other Tasks."""
    bundle = ask("nurse", "Patient", "alice")
    assert found_in(bundle) == {
        "Patient/alice",
        "Encounter/visit",
        "Task/mine",
        "Questionnaire/form",
        "Organization/o",
        "Practitioner/maya",
    }
    assert bundle["total"] == 3


@pytest.mark.parametrize("who", ["nurse2", "physician", "cardiologist"])
def test_an_unreadable_patient_is_like_one_that_never_was(ask, who):
    visible = {"cardiologist": {"bob", "alice"}}.get(who, set())
    answers = set()
    for resource_id in {"alice", "bob", "never-was"} - visible:
        with pytest.raises(NotFound) as refused:
            ask(who, "Patient", resource_id)
        answers.add(json.dumps(refused.value.as_outcome()))
    assert len(answers) == 1


def test_a_deleted_patient_is_gone(ask):
    actions.delete("Patient", "bob", actor=SYSTEM)
    with pytest.raises(Gone):
        ask("admin", "Patient", "bob")


def test_deleted_resources_are_not_there(ask):
    for type_name, resource_id in (("Observation", "old"), ("Organization", "o")):
        actions.delete(type_name, resource_id, actor=SYSTEM)
    found = found_in(ask("admin", "Patient", "alice"))
    assert found == (OF_ALICE | POINTED_AT) - {"Organization/o", "Observation/old"}


def test_of_all_patients(ask):
    found = found_in(ask("admin", "Patient", None), "match")
    assert found == OF_ALICE | {"Patient/bob", "Observation/bobs", "Task/theirs"}
    assert found_in(ask("nurse", "Patient", None)) == found_in(ask("nurse", "Patient", "alice"))
    assert found_in(ask("nurse2", "Patient", None)) == set()


def test_of_all_patients_when_they_are_many(ask, monkeypatch):
    few = found_in(ask("admin", "Patient", None)), found_in(ask("nurse", "Patient", None))
    monkeypatch.setattr(everything, "FEW", 0)
    assert (found_in(ask("admin", "Patient", None)), found_in(ask("nurse", "Patient", None))) == few


def test_an_encounter_has_everything_too(ask):
    put(
        {
            "resourceType": "Procedure",
            "id": "p",
            "status": "completed",
            "subject": ALICE,
            "encounter": {"reference": "Encounter/visit"},
        }
    )
    bundle = ask("admin", "Encounter", "visit")
    assert found_in(bundle, "match") == {"Encounter/visit", "Procedure/p", "Task/mine"}
    assert found_in(bundle, "include") >= {"Patient/alice", "Organization/o", "Questionnaire/form"}
    with pytest.raises(NotFound):
        ask("nurse2", "Encounter", "visit")


# Parameters


@pytest.mark.parametrize(
    ("query", "left_out"),
    [
        ("start=2021", {"Observation/old"}),
        ("start=2024-03-03", {"Observation/old", "Observation/new"}),
        ("start=2025", {"Observation/old", "Observation/new", "Encounter/visit"}),
        ("end=2019", {"Observation/old", "Observation/new", "Encounter/visit"}),
        ("end=2024-03-01", {"Observation/new"}),
        ("start=2021&end=2023", {"Observation/old", "Observation/new", "Encounter/visit"}),
        ("start=2020&end=2024", set()),
    ],
)
def test_care_of_some_time(ask, query, left_out):
    """What has no such date is of any time."""
    assert found_in(ask("admin", "Patient", "alice", query), "match") == OF_ALICE - left_out


def test_what_has_changed_since(ask):
    assert found_in(ask("admin", "Patient", "alice", "_since=2000-01-01"), "match") == OF_ALICE
    assert found_in(ask("admin", "Patient", "alice", "_since=2100-01-01T00:00:00Z")) == set()
    changed = put({"resourceType": "Questionnaire", "id": "form", "status": "retired"})
    since = f"_since={changed['meta']['lastUpdated']}"
    assert "Questionnaire/form" not in found_in(ask("admin", "Patient", "alice", since), "match")


@pytest.mark.parametrize(
    ("types", "found"),
    [
        ("Task", {"Task/mine", "Task/hidden"}),
        ("Task,Observation", {"Task/mine", "Task/hidden", "Observation/old", "Observation/new"}),
        ("Patient", {"Patient/alice"}),
        ("Organization", {"Organization/o"}),
        ("Task,Questionnaire", {"Task/mine", "Task/hidden", "Questionnaire/form"}),
        ("Medication", set()),
    ],
)
def test_some_types_only(ask, types, found):
    bundle = ask("admin", "Patient", "alice", f"_type={types}")
    assert found_in(bundle) == found
    assert f"_type={types}" in bundle["link"][0]["url"]


def test_counting(ask):
    assert ask("admin", "Patient", "alice", "_summary=count")["total"] == len(OF_ALICE)
    only = ask("admin", "Patient", "alice", "_count=0&_type=Task,Questionnaire")
    assert (only["total"], only.get("entry")) == (2, None)


@pytest.mark.parametrize("resource_id", ["alice", None])
def test_pages_hold_everything_once(ask, resource_id):
    whole = found_in(ask("admin", "Patient", resource_id), "match")
    query, pages = "_count=2&_since=2000-01-01&unknown=1", []
    while query is not None:
        bundle = ask("admin", "Patient", resource_id, query)
        pages.append(found_in(bundle, "match"))
        links = {link["relation"]: link["url"] for link in bundle["link"]}
        path = "Patient/alice/$everything" if resource_id else "Patient/$everything"
        assert links["self"].startswith(f"{BASE}/{path}?_count=2&_since=2000-01-01")
        assert "unknown" not in links["self"]
        query = links["next"].partition("?")[2] if "next" in links else None
    assert all(len(page) <= 2 for page in pages)
    assert sum(map(len, pages)) == len(whole)
    assert set().union(*pages) == whole


def test_a_page_continues_only_what_it_was_of(ask):
    [_, following] = ask("admin", "Patient", "alice", "_count=2")["link"]
    query = following["url"].partition("?")[2]
    for resource_id, more in (("bob", ""), (None, ""), ("alice", "&start=2020")):
        with pytest.raises(InvalidSearch):
            ask("admin", "Patient", resource_id, query + more)


@pytest.mark.parametrize(
    "query",
    [
        "_since=yesterday",
        "_since=gt2020",
        "_since=2020,2021",
        "start=2020-13-01",
        "end=x",
        "start=2020&start=z",
        "_type=Frobnication",
        "_count=-1",
        "_sort=_lastUpdated",
        "_include=Task:owner",
        "_query=worklist",
        "_cursor=forged",
    ],
)
def test_what_cannot_be_understood_is_refused(ask, query):
    with pytest.raises(InvalidSearch):
        ask("admin", "Patient", "alice", query)


def test_strict_handling_refuses_what_is_unknown(ask):
    assert found_in(ask("admin", "Patient", "alice", "color=red&start:missing=true"))
    for query in ("color=red", "start:missing=true"):
        with pytest.raises(InvalidSearch):
            ask("admin", "Patient", "alice", query, strict=True)


def test_scopes_narrow_it(clinic):
    from dataclasses import replace

    def asked(*scopes, resource_id="alice", query=""):
        actor = replace(clinic["admin"].actor, scopes=frozenset(scopes))
        return found_in(
            json.loads(everything.everything("Patient", resource_id, query, actor=actor, base=BASE))
        )

    assert asked("user/Patient.rs", "user/Task.rs") == {"Patient/alice", "Task/mine", "Task/hidden"}
    for resource_id in ("alice", None):
        with pytest.raises(Forbidden):
            asked("user/Task.rs", resource_id=resource_id)
    with pytest.raises(Forbidden):
        asked("user/Patient.rs", query="_type=Task")


def test_the_dates_of_care_are_dates():
    for resource_type in resources.all_types():
        parameters = search_parameters(resource_type.name)
        for name in everything.CARE_DATES:
            assert name not in parameters or parameters[name].type == "date", resource_type.name


def test_a_task_of_a_pool_is_there_too(ask, clinic):
    put(task_document(id="pooled", performerType=role(NURSE_ROLE), **{"for": ALICE}))
    assert found_in(ask("nurse2", "Patient", "alice")) >= {"Patient/alice", "Task/pooled"}


# The operation


@pytest.mark.parametrize("path", ["Patient/alice/$everything", "Patient/$everything"])
def test_by_http(api, clinic, path):
    got = api("nurse").get(path + "?_type=Task&_count=5")
    assert (got.status_code, found_in(got.json())) == (200, {"Task/mine"})
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "_type", "valueCode": "Task"},
            {"name": "_type", "valueCode": "Encounter"},
            {"name": "start", "valueDate": "2025-01-01"},
            {"name": "_count", "valueInteger": 5},
        ],
    }
    posted = api("nurse").post(path, body)
    assert (posted.status_code, found_in(posted.json())) == (200, {"Task/mine"})
    broken = api("nurse").post(path, body | {"parameter": [{"valueCode": "Task"}]})
    assert broken.status_code == 400


def test_an_unreadable_patient_by_http_is_404(api, clinic):
    answers = {
        api("nurse2").get(f"Patient/{resource_id}/$everything").content
        for resource_id in ("alice", "never-was")
    }
    assert len(answers) == 1
    assert api("nurse2").get("Patient/alice/$everything").status_code == 404
