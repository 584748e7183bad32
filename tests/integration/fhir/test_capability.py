"""Whatever the CapabilityStatement advertises is there: every bit of it is called."""

from collections.abc import Iterator
from itertools import batched
from urllib.parse import urlencode

import pytest

from fhir import definitions, resources
from fhir.resources import Operation
from fhir.search import compartments
from fhir.search.parse import MAX_INCLUDES
from fhir.validation import check_document
from tests.conftest import ApiClient
from tests.factories import create, list_endpoint, task_document
from tests.smallest import smallest

VALUES = {
    "token": "urn:x|a",
    "reference": "Patient/x",
    "string": "li",
    "date": "ge2024-01",
    "uri": "http://example.org/x",
    "number": "gt1",
    "quantity": "5.4|http://unitsofmeasure.org|mg",
    "special": "x",
}
"""A value that may be, of each type of search parameter but composites."""


@pytest.fixture
def statement(client) -> dict:
    return client.get("/api/fhir/metadata").json()


@pytest.fixture
def admin(api) -> ApiClient:
    list_endpoint()
    return api("admin")


def listed(statement: dict, name: str) -> Iterator[tuple[str, dict]]:
    """(type, each of what the statement lists under `name` for the type)"""
    for each in statement["rest"][0]["resource"]:
        yield from ((each["type"], item) for item in each.get(name, []))


def refused(admin: ApiClient, paths: list[str]) -> dict[str, tuple[int, str]]:
    """What is answered by another status than 200, when nothing unknown is forgiven."""
    found = {}
    for path in paths:
        answer = admin.get(path, Prefer="handling=strict")
        if answer.status_code != 200:
            found[path] = (answer.status_code, answer.json()["issue"][0]["diagnostics"])
    return found


# --- the statement itself -------------------------------------------------------------------------


def test_the_statement_is_valid_r4(statement, db):
    check_document(statement, "CapabilityStatement")


def test_the_statement_is_of_the_base_that_is_asked(client, db):
    for base in ("/api/fhir", "/fhir/R4"):
        url = client.get(f"{base}/metadata").json()["implementation"]["url"]
        assert url == f"http://testserver{base}"


def test_the_statement_needs_no_token_and_the_rest_does(client, db):
    assert client.get("/api/fhir/metadata").status_code == 200
    assert client.get("/api/fhir/Task").status_code == 401


# --- interactions ---------------------------------------------------------------------------------

TAG = [{"op": "add", "path": "/meta/tag", "value": [{"code": "patched"}]}]
EXPECTED = {
    "create": 201,
    "read": 200,
    "vread": 200,
    "update": 200,
    "patch": 200,
    "search-type": 200,
    "history-instance": 200,
    "history-type": 200,
    "delete": 204,
}


def statuses(admin: ApiClient, type_name: str) -> dict[str, int]:
    """What each interaction answers in the life of one resource."""
    created = admin.post(type_name, smallest(type_name))
    if created.status_code != 201:
        return {"create": created.content}
    body = created.json()
    path = f"{type_name}/{body['id']}"
    answers = {
        "create": created,
        "read": admin.get(path),
        "vread": admin.get(f"{path}/_history/1"),
        "update": admin.put(path, body | {"language": "en"}),
        "patch": admin.patch(path, TAG),
        "search-type": admin.get(f"{type_name}?_id={body['id']}&_tag=patched"),
        "history-instance": admin.get(f"{path}/_history"),
        "history-type": admin.get(f"{type_name}/_history"),
        "delete": admin.delete(path),
    }
    assert answers["search-type"].json()["total"] == 1
    assert answers["history-instance"].json()["total"] == 3
    return {code: answer.status_code for code, answer in answers.items()}


def test_every_interaction_of_every_type_is_served(statement, admin):
    advertised = statement["rest"][0]["resource"]
    assert {each["type"] for each in advertised} == definitions.resource_types()
    for each in advertised:
        assert {interaction["code"] for interaction in each["interaction"]} == EXPECTED.keys()
    found = {each["type"]: statuses(admin, each["type"]) for each in advertised}
    assert {name: found[name] for name in found if found[name] != EXPECTED} == {}


def test_every_interaction_of_the_system_is_served(statement, admin):
    def bundle(kind: str) -> dict:
        entry = {"request": {"method": "GET", "url": "Task"}}
        return {"resourceType": "Bundle", "type": kind, "entry": [entry]}

    asked = {
        "transaction": lambda: admin.post("", bundle("transaction")),
        "batch": lambda: admin.post("", bundle("batch")),
        "search-system": lambda: admin.get("?_type=Task,Patient"),
        "history-system": lambda: admin.get("_history"),
    }
    advertised = {each["code"] for each in statement["rest"][0]["interaction"]}
    assert advertised == asked.keys()
    assert {code: ask().status_code for code, ask in asked.items()} == dict.fromkeys(asked, 200)


def test_every_compartment_is_served(statement, admin):
    named = {url.rpartition("/")[2] for url in statement["rest"][0]["compartment"]}
    types = compartments.definitions()
    assert named == {name.lower() for name in types}
    assert not refused(admin, [f"{name}/x/{member}" for name in types for member in types[name]])


def test_conditional_interactions_are_as_they_are_said_to_be(statement, admin):
    [task] = [each for each in statement["rest"][0]["resource"] if each["type"] == "Task"]
    assert task["conditionalRead"] == "full-support"
    assert task["conditionalDelete"] == "single"
    assert task["conditionalCreate"] and task["conditionalUpdate"] and task["updateCreate"]
    body = task_document(identifier=[{"system": "urn:x", "value": "1"}])
    criteria = "identifier=urn:x|1"
    assert [
        admin.post("Task", body, **{"If-None-Exist": criteria}).status_code for _ in range(2)
    ] == [201, 200]
    assert admin.put(f"Task?{criteria}", body).status_code == 200
    assert admin.put("Task/mine", body | {"id": "mine"}).status_code == 201
    read = admin.get("Task/mine")
    for header, value in (
        ("If-None-Match", read["ETag"]),
        ("If-Modified-Since", read["Last-Modified"]),
    ):
        assert admin.get("Task/mine", **{header: value}).status_code == 304
    assert admin.delete(f"Task?{criteria}").status_code == 412
    assert admin.delete(f"Task?{criteria}&_id=mine").status_code == 204
    assert admin.delete(f"Task?{criteria}").status_code == 204


# --- searches -------------------------------------------------------------------------------------


def test_every_search_parameter_is_served(statement, admin):
    paths = [
        f"{type_name}?{urlencode({each['name']: value_of(type_name, each['name'])})}"
        for type_name, each in listed(statement, "searchParam")
    ]
    assert len(paths) > 2_000
    assert not refused(admin, paths)


def value_of(type_name: str, name: str) -> str:
    """A value that the parameter takes."""
    parameter = resources.get(type_name).search().base_filters[name].parameter
    parts = [
        "true" if is_boolean(each) else VALUES[each.type] for each in parameter.components
    ] or ["true" if is_boolean(parameter) else VALUES[parameter.type]]
    return "$".join(parts)


def is_boolean(parameter: definitions.SearchParameter) -> bool:
    kinds = {path.datatype for path in parameter.paths}
    return kinds == {"boolean"} or any(path.exists for path in parameter.paths)


def test_every_common_search_parameter_is_served(statement, admin):
    listed = statement["rest"][0]["searchParam"]
    assert {"_id", "_lastUpdated", "_tag", "_profile", "_security"} <= {
        each["name"] for each in listed
    }
    queries = [urlencode({each["name"]: VALUES[each["type"]]}) for each in listed]
    assert not refused(admin, [f"?{query}" for query in queries])
    assert not refused(admin, [f"?_type=Task,Basic&{query}" for query in queries])


@pytest.mark.parametrize("name", ["searchInclude", "searchRevInclude"])
def test_every_include_is_served(statement, admin, name):
    """As many in one search as it takes."""
    key = {"searchInclude": "_include", "searchRevInclude": "_revinclude"}[name]
    of_types: dict[str, list[str]] = {}
    for type_name, include in listed(statement, name):
        of_types.setdefault(type_name, []).append(include)
    paths = [
        f"{type_name}?{urlencode([(key, each) for each in some])}"
        for type_name, includes in of_types.items()
        for some in batched(includes, MAX_INCLUDES)
    ]
    assert sum(map(len, of_types.values())) > 500
    assert not refused(admin, paths)


def test_what_is_not_advertised_is_refused(admin):
    paths = ["Task?_include=Task:status", "Task?_revinclude=Patient:name", "Task?color=red"]
    assert [*refused(admin, paths)] == paths


# --- operations -----------------------------------------------------------------------------------


def test_every_operation_has_its_definition_and_is_served(statement, admin):
    urls = set()
    for type_name, operation in listed(statement, "operation"):
        urls.add(operation["definition"])
        queries = getattr(resources.get(type_name).search(), "named_queries", {})
        if operation["name"] in queries:
            assert admin.get(f"{type_name}?_query={operation['name']}").status_code == 200
            continue
        levels = [
            each
            for each in resources.get(type_name).all_operations()
            if each.name == operation["name"]
        ]
        assert levels
        for each in levels:
            assert_is_served(admin, type_name, each)
    for url in urls:
        assert admin.get(f"OperationDefinition?{urlencode({'url': url})}").json()["total"] == 1


def assert_is_served(admin: ApiClient, type_name: str, operation: Operation) -> None:
    """With nothing of what it needs: so it does its work, or says what is missing."""
    path = type_name
    if operation.level == "instance":
        path += "/" + create(smallest(type_name))["id"]
    body = {"resourceType": "Parameters"}
    answers = [admin.post(f"{path}/${operation.name}", body)]
    if not operation.affects_state:
        answers.append(admin.get(f"{path}/${operation.name}"))
    for answer in answers:
        assert answer.status_code in (200, 204, 400, 409, 422), (path, operation.name)


def test_every_operation_of_the_system_has_its_definition_and_is_served(statement, admin):
    advertised = {each["name"]: each["definition"] for each in statement["rest"][0]["operation"]}
    assert advertised.keys() == {each.name for each in resources.system_operations()}
    for name, url in advertised.items():
        assert admin.get(f"${name}").status_code == 200
        assert admin.get(f"OperationDefinition?{urlencode({'url': url})}").json()["total"] == 1


def test_an_operation_that_is_not_advertised_is_not_found(admin):
    assert admin.post("Task/$none", {"resourceType": "Parameters"}).status_code == 404
    assert admin.post("Patient/$claim-next", {"resourceType": "Parameters"}).status_code == 404
