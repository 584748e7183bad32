"""SMART's fhirclient, whose models refuse what is not R4."""

import pytest
import requests
from fhirclient.client import FHIRClient
from fhirclient.models.bundle import Bundle, BundleEntry, BundleEntryRequest
from fhirclient.models.communication import Communication
from fhirclient.models.fhirelementfactory import FHIRElementFactory
from fhirclient.models.fhirreference import FHIRReference
from fhirclient.models.fhirsearch import FHIRSearch, FHIRSearchParam
from fhirclient.models.identifier import Identifier
from fhirclient.models.operationoutcome import OperationOutcome
from fhirclient.models.patient import Patient
from fhirclient.models.task import Task
from fhirclient.server import (
    FHIRNotFoundException,
    FHIRPermissionDeniedException,
    FHIRUnauthorizedException,
)

SYSTEM = "http://example.org/orders"
SCOPE = "system/*.cruds"


@pytest.fixture(scope="module")
def smart(running_clinic):
    """Signed in by what /metadata says: client credentials by HTTP Basic."""
    client = running_clinic.client
    smart = FHIRClient(
        {
            "app_id": client["client_id"],
            "app_secret": client["client_secret"],
            "api_base": running_clinic.base,
            "scope": SCOPE,
        }
    )
    smart.wants_patient = False
    assert not smart.ready
    assert not smart.prepare()
    smart.authorize()
    assert smart.ready
    return smart


@pytest.fixture(scope="module")
def server(smart):
    return smart.server


@pytest.fixture
def sign_in(running_clinic):
    """sign_in("nurse") → her server."""

    def signed_in(username):
        client = FHIRClient({"app_id": "tests", "api_base": running_clinic.base})
        client.prepare()
        client.server.auth.access_token = running_clinic.token(username)
        return client.server

    return signed_in


_numbers = iter(range(1_000_000))


def new_task(**elements) -> Task:
    value = f"smart-{next(_numbers)}"
    document = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "identifier": [{"system": SYSTEM, "value": value}],
    }
    return Task(document | elements)


def create(server, **elements) -> Task:
    task = Task(new_task(**elements).create(server))
    task.origin_server = server
    return task


def token(task) -> str:
    return f"{SYSTEM}|{task.identifier[0].value}"


def pages(server, query):
    """All pages of a search that is written as a query string."""
    first = Bundle.read_from(query, server)
    seen = [first]
    while links := [link.url for link in seen[-1].link or [] if link.relation == "next"]:
        seen.append(Bundle.read_from(links[0], server))
    return seen


# What the server says of itself


def test_metadata_is_strict_r4(server, running_clinic):
    statement = server.capabilityStatement
    assert (statement.fhirVersion, statement.kind, statement.status) == (
        "4.0.1",
        "instance",
        "active",
    )
    assert "json" in statement.format and statement.date
    [rest] = statement.rest
    assert rest.mode == "server"
    [task] = [resource for resource in rest.resource if resource.type == "Task"]
    assert {"read", "vread", "create", "update", "patch", "delete", "search-type"} <= {
        interaction.code for interaction in task.interaction
    }
    assert {"owner", "performer", "status", "part-of"} <= {each.name for each in task.searchParam}
    assert server.auth._token_uri == f"{running_clinic.url}/oauth2/token"


def test_metadata_needs_no_token(running_clinic):
    stranger = FHIRClient({"app_id": "nobody", "api_base": running_clinic.base})
    assert stranger.server.capabilityStatement.kind == "instance"
    with pytest.raises(FHIRUnauthorizedException) as error:
        Task.read("example-task", stranger.server)
    assert OperationOutcome(error.value.response.json()).issue[0].code == "login"


def test_a_login_is_for_what_it_asks(running_clinic):
    """A narrower scope narrows what the same client may do."""
    client = running_clinic.client
    reader = FHIRClient(
        {
            "app_id": client["client_id"],
            "app_secret": client["client_secret"],
            "api_base": running_clinic.base,
            "scope": "system/*.rs",
        }
    )
    reader.wants_patient = False
    reader.prepare()
    reader.authorize()
    assert Task.read("example-task", reader.server).id == "example-task"
    with pytest.raises(FHIRPermissionDeniedException) as error:
        new_task().create(reader.server)
    assert OperationOutcome(error.value.response.json()).issue[0].code == "forbidden"


def test_a_wrong_secret(running_clinic):
    stranger = FHIRClient(
        {
            "app_id": running_clinic.client["client_id"],
            "app_secret": "wrong",
            "api_base": running_clinic.base,
            "scope": SCOPE,
        }
    )
    stranger.wants_patient = False
    stranger.prepare()
    with pytest.raises(FHIRUnauthorizedException) as error:
        stranger.authorize()
    answer = error.value.response.json()
    assert answer["error"] == "invalid_client" and answer["error_description"]
    assert not stranger.ready


# Reading and writing


def test_create_read_update_and_delete(server):
    made = create(server, description="Insulin refill")
    assert made.id and made.meta.versionId == "1" and made.meta.lastUpdated.date
    read = Task.read(made.id, server)
    assert read.as_json() == made.as_json()
    read.description = "Insulin refill, pharmacy called"
    updated = Task(read.update())
    assert updated.meta.versionId == "2"
    assert updated.description == "Insulin refill, pharmacy called"
    assert read.delete() is None
    with pytest.raises(requests.HTTPError) as error:
        Task.read(made.id, server)
    assert error.value.response.status_code == 410
    assert OperationOutcome(error.value.response.json()).issue[0].code == "deleted"


def test_versions(server):
    made = create(server)
    made.priority = "stat"
    made.update()
    history = Bundle.read_from(f"Task/{made.id}/_history", server)
    assert history.type == "history"
    assert [entry.resource.meta.versionId for entry in history.entry] == ["2", "1"]
    assert [entry.request.method for entry in history.entry] == ["PUT", "POST"]
    assert [entry.response.status[:3] for entry in history.entry] == ["200", "201"]
    first = Task.read_from(f"Task/{made.id}/_history/1", server)
    assert first.as_json() == history.entry[1].resource.as_json()


@pytest.mark.parametrize("path", ["Task/_history", "_history"])
def test_history_of_more_than_one(server, path):
    made = [create(server) for _ in range(3)]
    made[-1].delete()
    first = Bundle.read_from(f"{path}?_count=2", server)
    [link] = [link.url for link in first.link if link.relation == "next"]
    second = Bundle.read_from(link, server)
    entries = [*first.entry, *second.entry]
    assert [entry.request.method for entry in entries] == ["DELETE", "POST", "POST", "POST"]
    assert entries[0].resource is None
    assert [entry.resource.id for entry in entries[1:]] == [each.id for each in made[::-1]]


# Search


def test_search_by_a_structure(server):
    parent = create(server)
    of = {"reference": f"Task/{parent.id}"}
    children = [
        create(server, partOf=[of], priority=("routine", "urgent")[number % 2])
        for number in range(5)
    ]
    struct = {
        "part-of": f"Task/{parent.id}",
        "priority": {"$or": ["urgent", "stat"]},
        "owner": {"$missing": "true"},
    }
    found = list(Task.where(struct).perform_resources_iter(server))
    assert {task.id for task in found} == {children[1].id, children[3].id}
    assert all(isinstance(task, Task) for task in found)
    [bundle] = Task.where({"_id": "never-was"}).perform_iter(server)
    assert (bundle.type, bundle.total, bundle.entry) == ("searchset", 0, None)


def test_perform_iter_follows_the_pages(server):
    parent = create(server)
    of = {"reference": f"Task/{parent.id}"}
    children = [create(server, partOf=[of]) for _ in range(5)]
    struct = {"part-of": f"Task/{parent.id}", "_count": "2", "_sort": "_lastUpdated"}
    search = Task.where(struct)
    bundles = list(search.perform_iter(server))
    assert [len(bundle.entry) for bundle in bundles] == [2, 2, 1]
    found = [entry.resource.id for bundle in bundles for entry in bundle.entry]
    assert found == [task.id for task in children]
    for bundle in bundles:
        assert {entry.search.mode for entry in bundle.entry} == {"match"}
        assert all(entry.fullUrl.endswith(f"Task/{entry.resource.id}") for entry in bundle.entry)
    assert [task.id for task in search.perform_resources_iter(server)] == found


def test_includes_and_chains(server):
    patient = Patient({"resourceType": "Patient", "name": [{"family": "Fhirclient-Ürün"}]})
    patient = Patient(patient.create(server))
    made = create(server, **{"for": {"reference": f"Patient/{patient.id}"}})
    search = FHIRSearch(Task)
    search.params = [
        FHIRSearchParam("patient.family", "fhirclient-urun"),
        FHIRSearchParam("_include", "Task:patient"),
    ]
    [bundle] = search.perform_iter(server)
    assert [(entry.resource.id, entry.search.mode) for entry in bundle.entry] == [
        (made.id, "match"),
        (patient.id, "include"),
    ]
    back = Patient.where({"_id": patient.id}).include("subject", Communication, reverse=True)
    sent = Communication(
        {
            "resourceType": "Communication",
            "status": "completed",
            "subject": {"reference": f"Patient/{patient.id}"},
        }
    )
    sent = Communication(sent.create(server))
    found = {resource.id for resource in back.perform_resources_iter(server)}
    assert found == {patient.id, sent.id}


# Bundles


def entry(method, url, resource=None, **request) -> BundleEntry:
    made = BundleEntry()
    made.request = BundleEntryRequest({"method": method, "url": url} | request)
    made.resource = resource
    return made


def send(server, kind, *entries) -> Bundle:
    """A Bundle is posted to the base."""
    bundle = Bundle()
    bundle.type = kind
    bundle.entry = list(entries)
    return Bundle(bundle.create(server))


def test_batch(server):
    made = create(server)
    answer = send(
        server,
        "batch",
        entry("POST", "Task", new_task()),
        entry("GET", f"Task/{made.id}"),
        entry("GET", f"Task?identifier={token(made)}"),
        entry("GET", "Task/never-was"),
        entry("DELETE", f"Task/{made.id}"),
    )
    assert answer.type == "batch-response"
    statuses = [each.response.status[:3] for each in answer.entry]
    assert statuses == ["201", "200", "200", "404", "204"]
    assert isinstance(answer.entry[1].resource, Task)
    assert isinstance(answer.entry[2].resource, Bundle)
    assert isinstance(answer.entry[3].response.outcome, OperationOutcome)


def test_transaction(server):
    parent, child = entry("POST", "Task", new_task()), entry("POST", "Task", new_task())
    parent.fullUrl = "urn:uuid:0f0e6bd5-3ac5-4b26-ae1b-5a2b6b1c7a55"
    child.resource.partOf = [FHIRReference({"reference": parent.fullUrl})]
    answer = send(server, "transaction", parent, child)
    assert answer.type == "transaction-response"
    first, second = (each.resource for each in answer.entry)
    assert second.partOf[0].reference == f"Task/{first.id}"
    assert [each.response.etag for each in answer.entry] == ['W/"1"', 'W/"1"']


# Conditional writes, which it sends within Bundles


def test_conditional_writes(server):
    task = new_task()
    criteria = f"identifier={token(task)}"
    first = send(server, "batch", entry("POST", "Task", task, ifNoneExist=criteria)).entry[0]
    again = send(server, "batch", entry("POST", "Task", task, ifNoneExist=criteria)).entry[0]
    assert [each.response.status[:3] for each in (first, again)] == ["201", "200"]
    task.priority = "asap"
    updated = send(server, "transaction", entry("PUT", f"Task?{criteria}", task)).entry[0]
    assert (updated.response.status[:3], updated.response.etag) == ("200", 'W/"2"')
    read = Task.read(first.response.location.split("/Task/")[1].split("/")[0], server)
    assert (read.priority, read.meta.versionId) == ("asap", "2")
    late = entry("PUT", f"Task/{read.id}", read, ifMatch='W/"1"')
    assert send(server, "batch", late).entry[0].response.status.startswith("412")
    deleted = send(server, "transaction", entry("DELETE", f"Task?{criteria}")).entry[0]
    assert deleted.response.status.startswith("204")
    with pytest.raises(requests.HTTPError):
        Task.read(read.id, server)


# Strictness


def test_everything_in_the_clinic_is_strict_r4(server):
    """Every resource of every type is parsed by the model of its type."""
    [rest] = server.capabilityStatement.rest
    types = {resource.type for resource in rest.resource}
    assert {"Task", "Communication", "Patient", "Practitioner", "PractitionerRole"} <= types
    found = {}
    for name in sorted(types):
        for bundle in pages(server, f"{name}?_count=1000"):
            for each in bundle.entry or []:
                expected = type(FHIRElementFactory.instantiate(name, None))
                assert isinstance(each.resource, expected)
                found[name] = found.get(name, 0) + 1
    assert found["Task"] > 300 and found["Communication"] > 20
    assert {"Organization", "Location", "CareTeam", "Provenance"} <= found.keys()


def test_what_was_sent_comes_back(server):
    """Elements of every kind survive the way through the model, the server and the model."""
    task = new_task(
        contained=[{"resourceType": "Location", "id": "room", "name": "Room 4"}],
        location={"reference": "#room"},
        input=[
            {"type": {"text": "dose"}, "valueQuantity": {"value": 1.50, "unit": "mg"}},
            {"type": {"text": "when"}, "valueTiming": {"repeat": {"frequency": 2}}},
        ],
        extension=[{"url": "http://example.org/x", "valueBoolean": False}],
        note=[{"text": "ün", "time": "2026-02-03T04:05:06+01:00"}],
    )
    sent = task.as_json()
    received = task.create(server)
    assert {name: received[name] for name in sent} == sent
    assert Task(received).note[0].time.as_json() == "2026-02-03T04:05:06+01:00"


# Refusals


def test_refusals(server, sign_in):
    made = create(server)
    auditor, omni = sign_in("auditor"), sign_in("omni")
    with pytest.raises(FHIRNotFoundException) as error:
        Task.read("never-was", server)
    assert OperationOutcome(error.value.response.json()).issue[0].code == "not-found"
    with pytest.raises(FHIRNotFoundException):
        Task.read(made.id, omni)
    with pytest.raises(FHIRPermissionDeniedException) as error:
        new_task().create(auditor)
    assert OperationOutcome(error.value.response.json()).issue[0].code == "forbidden"
    with pytest.raises(FHIRPermissionDeniedException):
        Task.read(made.id, auditor).delete()
    wrong = new_task()
    wrong.status = "nonsense"
    wrong.identifier.append(Identifier({"use": "nonsense"}))
    with pytest.raises(requests.HTTPError) as error:
        wrong.create(server)
    assert error.value.response.status_code == 422
    outcome = OperationOutcome(error.value.response.json())
    assert {issue.expression[0] for issue in outcome.issue} == {
        "Task.status",
        "Task.identifier[1].use",
    }
