"""fhirpy, async and sync: one set of tests, run through either."""

import asyncio
import inspect
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from fhirpy import AsyncFHIRClient, SyncFHIRClient
from fhirpy.base.exceptions import (
    AuthorizationError,
    ForbiddenError,
    MultipleResourcesFound,
    OperationOutcome,
    ResourceNotFound,
)
from fhirpy.base.searchset import Raw

SYSTEM = "http://example.org/orders"
BASES = {"async": "http://127.0.0.1:{port}/api/fhir", "sync": "http://localhost:{port}/fhir/R4"}
"""It refuses links that do not begin with exactly what it was given."""


class Client:
    """A client of fhirpy, and what awaits the answers of the async one."""

    def __init__(self, kind, port, token):
        self.kind = kind
        make = {"async": AsyncFHIRClient, "sync": SyncFHIRClient}[kind]
        self.fhir = make(BASES[kind].format(port=port), authorization=f"Bearer {token}")

    def __call__(self, answer):
        return asyncio.run(self._awaited(answer)) if inspect.isawaitable(answer) else answer

    @staticmethod
    async def _awaited(answer):
        return await answer

    def task(self, **elements):
        """A Task that is not stored yet."""
        return self.fhir.resource(
            "Task",
            **{
                "status": "requested",
                "intent": "order",
                "identifier": [{"system": SYSTEM, "value": str(uuid4())}],
            }
            | elements,
        )

    def create(self, **elements):
        return self(self.task(**elements).create())

    def tasks(self, **parameters):
        return self.fhir.resources("Task").search(**parameters)

    def status(self, method, path, **how):
        """The HTTP status of a request as fhirpy sends it."""
        return self(self.fhir._do_request(method, path, returning_status=True, **how))[1]


@pytest.fixture(params=BASES)
def kind(request):
    return request.param


@pytest.fixture
def sign_in(kind, running_clinic):
    """sign_in("nurse") → her client."""
    return lambda username: Client(
        kind, running_clinic.port, running_clinic.token(username) if username else "dead"
    )


@pytest.fixture
def client(sign_in):
    return sign_in("admin")


def token(task):
    return f"{SYSTEM}|{task['identifier'][0]['value']}"


def ids(resources):
    return [each.id for each in resources]


def code(error):
    outcome = error.value.resource
    assert outcome["resourceType"] == "OperationOutcome"
    assert {issue["severity"] for issue in outcome["issue"]} == {"error"}
    assert all(issue["diagnostics"] for issue in outcome["issue"])
    return outcome["issue"][0]["code"]


# Reading and writing


def test_create_answers_with_the_whole_resource(client):
    task = client.task(description="Blood pressure")
    made = client(task.create())
    assert made.id and made["meta"]["versionId"] == "1" and made["meta"]["lastUpdated"]
    assert made["description"] == "Blood pressure"
    read = client(client.fhir.get("Task", made.id))
    assert read == dict(made.serialize())


def test_a_resource_is_saved_again(client):
    made = client.create()
    made["description"] = "Blood pressure, both arms"
    client(made.save())
    assert made["meta"]["versionId"] == "2"
    made["priority"] = "urgent"
    client(made.update())
    assert made["meta"]["versionId"] == "3"
    read = client(client.fhir.reference("Task", made.id).to_resource())
    assert read["description"] == "Blood pressure, both arms"
    assert read["priority"] == "urgent"


def test_an_empty_query_is_no_condition(client):
    """fhirpy writes `POST Task?`, `GET Task/1?` and `PUT Task/1?`."""
    made = client.create()
    assert client.status("get", f"Task/{made.id}") == 200
    assert client.status("put", f"Task/{made.id}", data=made.serialize()) == 200
    assert client.status("post", "Task", data=client.task().serialize()) == 201


def test_refresh(client):
    """It asks with If-None-Match and a bare version number."""
    made = client.create()
    same = client(client.fhir.reference("Task", made.id).to_resource())
    client(same.refresh())
    assert same["meta"]["versionId"] == "1"
    if_none_match = {"extra_headers": {"If-None-Match": "1"}}
    assert client.status("get", f"Task/{made.id}", **if_none_match) in (200, 304)
    made["description"] = "changed meanwhile"
    client(made.save())
    client(same.refresh())
    assert same["description"] == "changed meanwhile"
    assert same["meta"]["versionId"] == "2"


def test_patch_sends_no_json_patch(client):
    """It sends the elements alone as application/json: 415, and nothing is changed."""
    made = client.create()
    with pytest.raises(OperationOutcome) as error:
        client(client.fhir.patch("Task", made.id, priority="stat"))
    assert code(error) == "not-supported"
    with pytest.raises(OperationOutcome):
        client(made.save(fields=["status"]))
    with pytest.raises(OperationOutcome) as error:
        parameters = {"identifier": token(made)}
        client.status("patch", "Task", data={"priority": "stat"}, params=parameters)
    assert code(error) == "not-supported"
    assert client(client.fhir.get("Task", made.id))["meta"]["versionId"] == "1"


def test_delete(client):
    made = client.create()
    assert client(made.delete()) is None
    with pytest.raises(ResourceNotFound):
        client(client.fhir.get("Task", made.id))
    with pytest.raises(ResourceNotFound):
        client(client.fhir.reference("Task", made.id).to_resource())
    other = client.create()
    assert client.status("delete", f"Task/{other.id}") == 204


def test_versions(client):
    made = client.create()
    made["priority"] = "stat"
    client(made.save())
    history = client(client.fhir.execute(f"Task/{made.id}/_history", method="get"))
    versions = [entry["resource"]["meta"]["versionId"] for entry in history["entry"]]
    assert (history["type"], versions) == ("history", ["2", "1"])
    first = client(client.fhir.execute(f"Task/{made.id}/_history/1", method="get"))
    assert first == history["entry"][1]["resource"]
    assert "priority" not in first


@pytest.mark.parametrize("path", ["Task/_history", "_history"])
def test_history_of_more_than_one(client, path):
    first, second = client.create(), client.create()
    history = client(client.fhir.execute(path, method="get", params={"_count": 2}))
    assert [entry["resource"]["id"] for entry in history["entry"]] == [second.id, first.id]
    since = {"_since": second["meta"]["lastUpdated"]}
    later = client(client.fhir.execute(path, method="get", params=since))
    assert second.id in [entry["resource"]["id"] for entry in later["entry"]]


# Conditional writes


def test_get_or_create(client):
    """It writes the criteria of a conditional create in the URL."""
    task = client.task()
    made, created = client(client.tasks(identifier=token(task)).get_or_create(task))
    assert created and made.id
    found, created = client(client.tasks(identifier=token(task)).get_or_create(task))
    assert not created
    assert found == made
    client(task.create(identifier=token(task)))
    assert task.id == made.id
    client(client.fhir.resource("Task", **{**task.serialize(), "id": None}).create())
    with pytest.raises(MultipleResourcesFound):
        client(client.tasks(identifier=token(task)).get_or_create(client.task()))


def test_if_none_exist(client):
    task = client.task()
    client.fhir.extra_headers = {"If-None-Exist": f"identifier={token(task)}"}
    assert client.status("post", "Task", data=task.serialize()) == 201
    assert client.status("post", "Task", data=task.serialize()) == 200
    client.fhir.extra_headers = None
    assert client(client.tasks(identifier=token(task)).count()) == 1


def test_conditional_update(client):
    task = client.task()
    criteria = client.tasks(identifier=token(task))
    made, created = client(criteria.update(task))
    assert created
    task["priority"] = "asap"
    updated, created = client(criteria.update(task))
    assert not created
    assert (updated.id, updated["priority"]) == (made.id, "asap")
    client(task.create())
    with pytest.raises(MultipleResourcesFound):
        client(criteria.update(task))


def test_conditional_delete(client):
    made = client.create()
    _, status = client(client.tasks(identifier=token(made)).delete())
    assert status == 204
    with pytest.raises(ResourceNotFound):
        client(client.fhir.get("Task", made.id))


# Search


@pytest.fixture
def family(client):
    """A parent, and five subtasks in the order in which they were made."""
    parent = client.create()
    children = [
        client.create(
            partOf=[{"reference": parent.reference}],
            priority=("routine", "urgent")[number % 2],
            description=f"Step {number}",
        )
        for number in range(5)
    ]
    return parent, children


def test_fetch_first_get_and_count(client, family):
    parent, children = family
    found = client.tasks(part_of=parent).sort("_lastUpdated")
    assert ids(client(found.fetch())) == ids(children)
    assert client(found.first()).id == children[0].id
    assert client(found.count()) == 5
    assert client(client.tasks(identifier=token(parent)).get()).id == parent.id
    assert client(client.tasks(identifier=f"{SYSTEM}|none").first()) is None
    assert client(client.tasks(_id="never-was").fetch()) == []
    assert client(client.tasks(_id="never-was").count()) == 0
    with pytest.raises(MultipleResourcesFound):
        client(found.get())
    with pytest.raises(ResourceNotFound):
        client(client.tasks(identifier=f"{SYSTEM}|none").get())


def test_fetch_all_follows_the_pages(client, family):
    parent, children = family
    found = client.tasks(part_of=parent).sort("-_lastUpdated").limit(2)
    assert ids(client(found.fetch())) == ids(children)[:2:-1]
    assert ids(client(found.fetch_all())) == ids(children)[::-1]
    bundle = client(found.fetch_raw())
    [link] = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
    assert link.startswith(f"{client.fhir.url}/Task?")


def test_iteration(client, family):
    parent, children = family
    found = client.tasks(part_of=parent).limit(2)
    if client.kind == "sync":
        assert {*ids(found)} == {*ids(children)}
    else:

        async def collect():
            return [each.id async for each in found]

        assert {*client(collect())} == {*ids(children)}


def test_parameters_and_modifiers(client, family):
    parent, children = family
    of = client.tasks(part_of=parent).sort("_lastUpdated")
    urgent, routine = ids(children[1::2]), ids(children[::2])
    assert ids(client(of.search(priority="urgent").fetch())) == urgent
    assert ids(client(of.search(priority__not="urgent").fetch())) == routine
    assert ids(client(of.search(priority="urgent,routine").fetch())) == ids(children)
    assert ids(client(of.search(priority=["urgent", "routine"]).fetch())) == []
    assert ids(client(of.search(owner__missing=True).fetch())) == ids(children)
    assert ids(client(of.search(owner__missing=False).fetch())) == []
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert ids(client(of.search(_lastUpdated__lt=soon).fetch())) == ids(children)
    assert ids(client(of.search(_lastUpdated__ge=soon).fetch())) == []


def test_elements(client, family):
    parent, children = family
    some = client(client.tasks(part_of=parent).elements("status").fetch())
    assert len(some) == len(children)
    for task in some:
        assert "priority" not in task and task["status"] == "requested"
        assert task["intent"] == "order"  # required, so never left out


def test_chains_and_has(client, family):
    parent, children = family
    child = children[0]
    child["owner"] = {"reference": "Practitioner/dr-cardio"}
    client(child.save())
    of = client.tasks(part_of=parent)
    chained = of.search(owner__Practitioner__family="Cardio")
    assert ids(client(chained.fetch())) == [child.id]
    assert ids(client(of.search(owner__family="Cardio").fetch())) == [child.id]
    parents = client.tasks().has("Task", "part-of", identifier=token(child))
    assert ids(client(parents.fetch())) == [parent.id]
    raw = client.fhir.resources("Task").search(
        Raw(**{"_has:Task:part-of:identifier": token(child)})
    )
    assert ids(client(raw.fetch())) == [parent.id]


def test_includes(client, family):
    parent, children = family
    grandchild = client.create(partOf=[{"reference": children[0].reference}])

    def modes(search):
        return {
            entry["resource"]["id"]: entry["search"]["mode"]
            for entry in client(search.fetch_raw())["entry"]
        }

    one = client.tasks(_id=parent.id)
    below = {parent.id: "match"} | dict.fromkeys(ids(children), "include")
    assert modes(one.revinclude("Task", "part-of")) == below
    assert modes(one.revinclude("Task", "part-of", iterate=True)) == below | {
        grandchild.id: "include"
    }
    above = client.tasks(_id=grandchild.id).include("Task", "part-of", "Task", iterate=True)
    assert modes(above) == {
        grandchild.id: "match",
        children[0].id: "include",
        parent.id: "include",
    }
    # fetch() keeps the includes of the same type.
    assert client(one.count()) == 1


def test_an_unknown_parameter_is_ignored_unless_strictly_handled(client, family):
    parent, children = family
    found = client.tasks(part_of=parent).search(_totalMethod="count", nonsense="x")
    assert len(client(found.fetch())) == len(children)
    client.fhir.extra_headers = {"Prefer": "handling=strict"}
    with pytest.raises(OperationOutcome):
        client(found.fetch())


# Bundles


def bundle(kind, *entries):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def test_batch(client):
    """Posted to the base with a slash and an empty query; its URLs begin with a slash."""
    made = client.create()
    answer = client(
        client.fhir.execute(
            "",
            data=bundle(
                "batch",
                {
                    "request": {"method": "POST", "url": "/Task"},
                    "resource": client.task().serialize(),
                },
                {"request": {"method": "GET", "url": f"/{made.reference}"}},
                {"request": {"method": "GET", "url": "/Task/never-was"}},
                {"request": {"method": "DELETE", "url": f"/{made.reference}"}},
            ),
        )
    )
    assert answer["type"] == "batch-response"
    statuses = [entry["response"]["status"][:3] for entry in answer["entry"]]
    assert statuses == ["201", "200", "404", "204"]
    assert answer["entry"][1]["resource"]["id"] == made.id


def test_transaction(client):
    parent = f"urn:uuid:{uuid4()}"
    request = {"method": "POST", "url": "/Task"}
    entries = [
        {"fullUrl": parent, "request": request, "resource": client.task().serialize()},
        {
            "request": request,
            "resource": client.task(partOf=[{"reference": parent}]).serialize(),
        },
    ]
    answer = client(client.fhir.execute("/", data=bundle("transaction", *entries)))
    assert answer["type"] == "transaction-response"
    first, second = (entry["resource"] for entry in answer["entry"])
    assert second["partOf"] == [{"reference": f"Task/{first['id']}"}]
    fresh = client.task()
    entries[0]["resource"] = fresh.serialize()
    entries[1]["resource"]["status"] = "nonsense"
    with pytest.raises(OperationOutcome):
        client(client.fhir.execute("", data=bundle("transaction", *entries)))
    assert client(client.tasks(identifier=token(fresh)).count()) == 0


# Operations


def test_is_valid(client):
    assert client(client.task().is_valid())
    assert not client(client.task(status="nonsense").is_valid())
    with pytest.raises(OperationOutcome):
        client(client.task(status="nonsense").is_valid(raise_exception=True))


def test_an_operation_on_a_resource(client, sign_in):
    nurses = [{"coding": [{"system": "http://snomed.info/sct", "code": "224535009"}]}]
    made = client.create(performerType=nurses)
    nurse = sign_in("nurse")
    found = nurse(nurse.fhir.reference("Task", made.id).execute("$claim", data={}))
    assert (found["id"], found["status"]) == (made.id, "accepted")


# Refusals


def test_refusals(client, sign_in):
    made = client.create()
    stranger, auditor, omni = sign_in(None), sign_in("auditor"), sign_in("omni")
    with pytest.raises(AuthorizationError, match="OperationOutcome"):
        stranger(stranger.fhir.get("Task", made.id))
    with pytest.raises(ForbiddenError, match="OperationOutcome"):
        auditor(auditor.task().create())
    with pytest.raises(ResourceNotFound, match="OperationOutcome"):
        omni(omni.fhir.get("Task", made.id))
    with pytest.raises(ResourceNotFound, match="OperationOutcome"):
        client(client.fhir.get("Task", "never-was"))
    with pytest.raises(OperationOutcome) as error:
        client.create(status="nonsense")
    assert code(error) == "code-invalid"
    assert error.value.resource["issue"][0]["expression"] == ["Task.status"]
    with pytest.raises(OperationOutcome) as error:
        client(client.tasks(status__above="x").fetch())
    assert code(error) == "invalid"
