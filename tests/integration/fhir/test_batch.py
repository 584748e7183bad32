"""Bundles: what is no Bundle is refused as a whole, and an entry is what the request alone would be."""

import base64
import json

import pytest
from django.test import Client

from accounts.tokens import issue
from fhir.models import ResourceVersion
from tests.factories import CARDIOLOGIST_ROLE, create, pool_task, put, role, task_document

NEW = {"request": {"method": "POST", "url": "Task"}, "resource": task_document()}


def post(client, kind, *entries):
    return client.post("", {"resourceType": "Bundle", "type": kind, "entry": list(entries)})


@pytest.mark.parametrize("kind", ["batch", "transaction"])
@pytest.mark.parametrize(
    "entry",
    [
        5,
        {},
        {"request": []},
        {"request": {"method": "POST"}},
        {"request": {"method": "POST", "url": 5}},
        {"request": {"method": "POST", "url": ""}},
        {"request": {"method": "GET", "url": "http://[x"}},
        {"request": {"method": "LINK", "url": "Task"}},
        {**NEW, "fullUrl": 5},
        {**NEW, "resource": 5},
        {**NEW, "resource": [task_document()]},
        {"request": {"method": "PATCH", "url": "Task/x"}, "resource": [1]},
        {"request": {"method": "PATCH", "url": "Task/x"}, "resource": "x"},
        {"request": {"method": "POST", "url": "Task/$claim-next"}, "resource": [1]},
        {"request": {"method": "PUT", "url": "Task/x", "ifMatch": 5}, "resource": NEW["resource"]},
    ],
)
def test_an_entry_that_is_none_is_refused_before_anything_is_done(cast, api, kind, entry):
    count = ResourceVersion.objects.count()
    answer = post(api("admin"), kind, NEW, entry)
    assert answer.status_code == 400, answer.content
    assert answer.json()["issue"][0]["expression"][0].startswith("Bundle.entry[1]")
    assert ResourceVersion.objects.count() == count


@pytest.mark.parametrize("kind", ["batch", "transaction"])
@pytest.mark.parametrize("place", ["body", "url"])
def test_an_operation_is_given_its_parameters(cast, api, kind, place):
    """The nurse is a member of two pools, and wants the next Task of the second."""
    put(
        {
            "resourceType": "PractitionerRole",
            "id": "maya-cardiologist",
            "practitioner": {"reference": "Practitioner/maya"},
            "code": role(CARDIOLOGIST_ROLE),
        }
    )
    pool_task(priority="stat")
    wanted = create(task_document(performerType=role(CARDIOLOGIST_ROLE)))
    request = {"method": "POST", "url": "Task/$claim-next"}
    entry = {"request": request}
    if place == "url":
        request["url"] += "?pool=cardiologist"
    else:
        parameter = {"name": "pool", "valueString": "cardiologist"}
        entry["resource"] = {"resourceType": "Parameters", "parameter": [parameter]}
    (answer,) = post(api("nurse"), kind, entry).json()["entry"]
    assert answer["resource"]["id"] == wanted["id"]


# --- what an entry may be -------------------------------------------------------------------------


def request(method, url, resource=None, full_url=None, **headers):
    entry = {"request": {"method": method, "url": url, **headers}}
    if resource is not None:
        entry["resource"] = resource
    if full_url:
        entry["fullUrl"] = full_url
    return entry


def patch_of(*operations):
    data = base64.b64encode(json.dumps(operations).encode()).decode()
    return {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}


FHIRPATH_PATCH = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "add"},
                {"name": "path", "valueString": "Task"},
                {"name": "name", "valueString": "priority"},
                {"name": "value", "valueCode": "stat"},
            ],
        }
    ],
}


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_every_interaction_can_be_an_entry(api, kind):
    create(task_document(id="old"))
    for name in ("a", "b", "c", "d", "e"):
        put(task_document(id=name, identifier=[{"system": "urn:n", "value": name}]))
    urgent = patch_of({"op": "add", "path": "/priority", "value": "urgent"})
    entries = [
        request("GET", "Task/a"),
        request("GET", "/Task/a"),
        request("GET", "http://testserver/api/fhir/Task/a"),
        request("HEAD", "Task/a"),
        request("GET", "Task/a", ifNoneMatch='W/"1"'),
        request("GET", "Task?_id=a&_elements=status"),
        request("GET", "?_type=Task,Patient&_id=a&_elements=status"),
        request("GET", "Task/a/_history"),
        request("GET", "Task/a/_history/1"),
        request("GET", "metadata"),
        request("POST", "Task", task_document()),
        request("POST", "Task", task_document(), ifNoneExist="identifier=urn:n|a"),
        request("PUT", "Task/b", task_document(id="b", priority="stat"), ifMatch='W/"1"'),
        request(
            "PUT",
            "Task?identifier=urn:n|c",
            task_document(priority="asap", identifier=[{"system": "urn:n", "value": "c"}]),
        ),
        request("PATCH", "Task/d", urgent),
        request("PATCH", "Task?identifier=urn:n|e", FHIRPATH_PATCH),
        request("DELETE", "Task?identifier=urn:n|none"),
        request("DELETE", "Task/nobody"),
    ]
    answer = post(api("admin"), kind, *entries[:-1]).json()
    assert answer["type"] == f"{kind}-response"
    statuses = [entry["response"]["status"] for entry in answer["entry"]]
    assert statuses == ["200"] * 4 + ["304"] + ["200"] * 5 + ["201"] + ["200"] * 5 + ["204"]
    found = [entry.get("resource", {}) for entry in answer["entry"]]
    assert found[0]["id"] == found[1]["id"] == found[2]["id"] == found[11]["id"] == "a"
    assert [found[n].get("type") for n in (3, 5, 6, 7)] == [
        None,
        "searchset",
        "searchset",
        "history",
    ]
    assert [found[n]["priority"] for n in (12, 13, 14, 15)] == ["stat", "asap", "urgent", "stat"]
    assert answer["entry"][10]["response"]["location"].endswith("/_history/1")


def test_each_entry_of_a_batch_has_an_answer_of_its_own(api):
    put(task_document(id="a"))
    answer = post(
        api("admin"),
        "batch",
        request("GET", "Task/nobody"),
        request("PUT", "Task/a", task_document(id="a", priority="stat"), ifMatch='W/"7"'),
        request("POST", "Task", task_document(status="nonsense")),
        request("GET", "Task?status:nonsense=x"),
        request("GET", "Nonsense/x"),
        request("DELETE", "Task/a/_history"),
        request("POST", "/", {"resourceType": "Bundle", "type": "batch"}),
        request("GET", "Task/a"),
    ).json()
    statuses = [entry["response"]["status"] for entry in answer["entry"]]
    assert statuses == ["404", "412", "422", "400", "404", "405", "400", "200"]
    for entry in answer["entry"][:7]:
        assert entry["response"]["outcome"]["issue"][0]["diagnostics"]


def test_prefer_holds_for_the_entries(api):
    entries = [request("POST", "Task", task_document())]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    (minimal,) = api("admin").post("", bundle, Prefer="return=minimal").json()["entry"]
    assert "resource" not in minimal and minimal["response"]["location"]
    (said,) = api("admin").post("", bundle, Prefer="return=OperationOutcome").json()["entry"]
    assert said["response"]["outcome"]["issue"][0]["severity"] == "information"


# --- links and conditions in a transaction --------------------------------------------------------


def patient(**elements):
    return {"resourceType": "Patient", **elements}


NARRATIVE = '<div xmlns="http://www.w3.org/1999/xhtml"><a href="{}">Homer</a></div>'
HOMER = {"identifier": [{"system": "urn:mrn", "value": "1"}]}
URN = "urn:uuid:5b1f6e1a-0000-4000-8000-00000000000a"


@pytest.mark.parametrize("full_url", [URN, "http://old.example/fhir/Patient/12"])
def test_links_between_entries_are_resolved(api, full_url):
    link = full_url if full_url == URN else "Patient/12"
    task = task_document(
        input=[{"type": {"text": "form"}, "valueUri": full_url}],
        note=[{"text": full_url}],
        text={"status": "generated", "div": NARRATIVE.format(full_url)},
        **{"for": {"reference": link}},
    )
    task_url = "http://old.example/fhir/Task/13" if full_url != URN else None
    answer = post(
        api("admin"),
        "transaction",
        request("POST", "Task", task, full_url=task_url),
        request("POST", "Patient", patient(**HOMER), full_url=full_url),
    ).json()
    made, homer = (entry["resource"] for entry in answer["entry"])
    assert made["for"]["reference"] == f"Patient/{homer['id']}"
    assert made["input"][0]["valueUri"] == f"Patient/{homer['id']}"
    assert made["text"]["div"] == NARRATIVE.format(f"Patient/{homer['id']}")
    assert made["note"][0]["text"] == full_url  # text is no link


def test_a_link_to_what_a_conditional_create_finds(api):
    homer = create(patient(**HOMER))
    answer = post(
        api("admin"),
        "transaction",
        request("POST", "Task", task_document(**{"for": {"reference": URN}})),
        request("POST", "Patient", patient(**HOMER), URN, ifNoneExist="identifier=urn:mrn|1"),
    ).json()
    assert answer["entry"][0]["resource"]["for"]["reference"] == f"Patient/{homer['id']}"
    assert answer["entry"][1]["response"]["status"] == "200"
    assert answer["entry"][1]["resource"]["id"] == homer["id"]


def test_a_link_to_what_a_conditional_update_makes(api):
    answer = post(
        api("admin"),
        "transaction",
        request("POST", "Task", task_document(**{"for": {"reference": URN}})),
        request("PUT", "Patient?identifier=urn:mrn|1", patient(**HOMER), URN),
    ).json()
    task, homer = (entry["resource"] for entry in answer["entry"])
    assert task["for"]["reference"] == f"Patient/{homer['id']}"
    assert answer["entry"][1]["response"]["status"] == "201"


def test_conditional_references(api):
    homer = create(patient(**HOMER))
    by_criteria = task_document(**{"for": {"reference": "Patient?identifier=urn:mrn|1"}})
    (entry,) = post(api("admin"), "transaction", request("POST", "Task", by_criteria)).json()[
        "entry"
    ]
    assert entry["resource"]["for"]["reference"] == f"Patient/{homer['id']}"
    unknown = task_document(**{"for": {"reference": "Patient?identifier=urn:mrn|2"}})
    count = ResourceVersion.objects.count()
    refused = post(
        api("admin"),
        "transaction",
        request("POST", "Task", by_criteria),
        request("POST", "Task", unknown),
    )
    assert refused.status_code == 412
    assert refused.json()["issue"][0]["expression"] == ["Bundle.entry[1]"]
    create(patient(**HOMER))
    assert (
        post(api("admin"), "transaction", request("POST", "Task", by_criteria)).status_code == 412
    )
    assert ResourceVersion.objects.count() == count + 1


def test_a_conditional_reference_finds_only_what_the_actor_may_see(api, cast):
    create(patient(**HOMER))
    own = {"owner": {"reference": cast["nurse"].reference}}
    task = task_document(**{"for": {"reference": "Patient?identifier=urn:mrn|1"}}, **own)
    assert post(api("nurse"), "transaction", request("POST", "Task", task)).status_code == 412


def test_conditions_of_a_transaction_are_for_writers_who_may_search(api, cast):
    """As of a request alone: whatever the criteria would find."""
    create(patient(**HOMER))
    found = request("POST", "Patient", patient(**HOMER), ifNoneExist="identifier=urn:mrn|1")
    assert post(api("auditor"), "transaction", found).status_code == 403
    alone = {"If-None-Exist": "identifier=urn:mrn|1"}
    assert api("auditor").post("Patient", patient(**HOMER), **alone).status_code == 403
    token = issue(cast["admin"].user, scope="user/Task.cruds user/Patient.r")
    client = Client(headers={"Authorization": f"Bearer {token}"})
    by_criteria = task_document(**{"for": {"reference": "Patient?identifier=urn:mrn|1"}})
    entries = [request("POST", "Task", by_criteria)]
    body = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert client.post("/api/fhir", body, "application/fhir+json").status_code == 403


def test_a_transaction_changes_a_resource_once(api):
    put(task_document(id="a", identifier=[{"system": "urn:n", "value": "a"}]))
    count = ResourceVersion.objects.count()
    for other in (
        request("PUT", "Task/a", task_document(id="a", priority="asap")),
        request("DELETE", "Task?identifier=urn:n|a"),
        request("PATCH", "Task/a", patch_of({"op": "add", "path": "/priority", "value": "stat"})),
    ):
        first = request("PUT", "Task/a", task_document(id="a", priority="stat"))
        refused = post(api("admin"), "transaction", first, other)
        assert refused.status_code == 400, other
    assert ResourceVersion.objects.count() == count


def test_a_transaction_deletes_first_and_reads_last(api):
    put(task_document(id="a"))
    put(task_document(id="b"))
    answer = post(
        api("admin"),
        "transaction",
        request("GET", "Task?_summary=count"),
        request("POST", "Task", task_document()),
        request("DELETE", "Task/a"),
        request("DELETE", "Task/b"),
    ).json()
    assert answer["entry"][0]["resource"]["total"] == 1


def test_equal_full_urls_are_refused(api):
    entries = [request("POST", "Task", task_document(), URN) for _ in range(2)]
    refused = post(api("admin"), "transaction", *entries)
    assert refused.status_code == 400
    assert refused.json()["issue"][0]["expression"] == ["Bundle.entry[1].fullUrl"]
