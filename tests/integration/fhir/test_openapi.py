"""The OpenAPI document: valid, whole, and of the same tables as the router."""

import json

import jsonschema_rs
import pytest
import schemathesis

from fhir import definitions, resources
from fhir.models import ClinicalResource
from fhir.openapi import parameters
from fhir.openapi.document import document
from fhir.openapi.schemas import PRIMITIVES
from fhir.routes import ROUTES
from fhir.search.parse import RESULT_PARAMETERS
from fhir.validation.primitives import CHECKS
from tests.examples import EXAMPLES
from tests.factories import task_document
from tests.smallest import smallest

OWN = {"Task", "Communication", "Provenance", "Patient", "Practitioner", "PractitionerRole"}


@pytest.fixture(scope="module")
def described() -> dict:
    return json.loads(json.dumps(document("http://testserver")))


def operations(described: dict) -> list[dict]:
    return [
        operation
        for methods in described["paths"].values()
        for name, operation in methods.items()
        if name != "servers"
    ]


# --- the document ---------------------------------------------------------------------------------


def test_the_document_is_valid_openapi(described):
    schemathesis.openapi.from_dict(described).validate()


def test_the_document_needs_no_token(client, described):
    answer = client.get("/api/schema/")
    assert answer["Content-Type"] == "application/json"
    assert answer.json() == described
    assert client.post("/api/schema/").status_code == 405


def test_every_reference_leads_somewhere(described):
    def references(value):
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for each in value.values():
                yield from references(each)
        elif isinstance(value, list):
            for each in value:
                yield from references(each)

    found = set(references(described))
    assert len(found) > 100
    for reference in found:
        _, _, kind, name = reference.split("/")
        assert name in described["components"][kind], reference
    parts = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "parameters", "responses", "headers")
        for name in described["components"][kind]
    }
    assert parts - found == set(), "never used"


def test_every_operation_has_a_name_of_its_own(described):
    names = [operation["operationId"] for operation in operations(described)]
    assert len(names) == len(set(names)) > 80


def test_every_parameter_of_a_path_is_described(described):
    for path, methods in described["paths"].items():
        wanted = {segment[1:-1] for segment in path.split("/") if segment.startswith("{")}
        for method, operation in methods.items():
            if method == "servers":
                continue
            given = {
                each["name"] for each in operation.get("parameters", []) if each.get("in") == "path"
            }
            assert given == wanted, (method, path)


# --- whole ----------------------------------------------------------------------------------------


def test_every_route_is_described(described):
    found = {
        (path, method.upper())
        for path, methods in described["paths"].items()
        for method in methods
        if method != "servers"
    }
    for route in ROUTES:
        if "$" in route.path:
            continue
        path = "/" + route.path.replace("<str:", "{").replace(">", "}")
        assert {(path, method) for method in route.methods} <= found


def test_every_operation_is_described_by_the_methods_that_it_takes(described):
    wanted = {}
    for resource_type in resources.all_types():
        for each in resource_type.all_operations():
            methods = {"post"} if each.affects_state else {"get", "post"}
            wanted[each.name, each.level] = methods
    for each in resources.system_operations():
        wanted[each.name, "system"] = {"post"} if each.affects_state else {"get", "post"}
    found = {}
    for path, methods in described["paths"].items():
        before, dollar, name = path.partition("/$")
        if dollar:
            level = "instance" if "resource_id" in before else "type" if before else "system"
            found[name, level] = set(methods)
    assert wanted
    assert found == wanted


def test_every_type_with_a_table_of_its_own_has_its_search_parameters(described):
    own = [each for each in resources.all_types() if each.model is not ClinicalResource]
    assert {each.name for each in own} == OWN
    for each in own:
        listed = described["paths"][f"/{each.name}"]["get"]["parameters"]
        names = {reference["$ref"].rpartition("/")[2] for reference in listed}
        table = {f"{each.name}.{name}" for name, *_ in each.search().parameters()}
        assert table <= names
        assert {"_sort", "_count", "_include", "_revinclude"} <= names


def test_every_parameter_of_a_result_is_described():
    assert parameters.RESULT.keys() == RESULT_PARAMETERS


def test_the_other_types_are_those_of_the_general_paths(described):
    [segment] = [
        each
        for each in described["paths"]["/{type_name}"]["post"]["parameters"]
        if each.get("in") == "path"
    ]
    assert set(segment["schema"]["enum"]) == definitions.resource_types() - OWN


def test_every_refusal_is_an_operation_outcome(described):
    for operation in operations(described):
        if "beside FHIR" in operation["tags"]:
            continue
        refusals = {
            status: answer for status, answer in operation["responses"].items() if status >= "400"
        }
        assert {"406", "500"} <= refusals.keys()
        for status, answer in refusals.items():
            assert answer == {"$ref": f"#/components/responses/{status}"}
    for answer in described["components"]["responses"].values():
        schema = answer["content"]["application/fhir+json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/OperationOutcome"}


def test_what_needs_no_token_says_so(described):
    open_ones = [
        each["operationId"] for each in operations(described) if each.get("security") == []
    ]
    assert sorted(open_ones) == ["capabilities", "health", "token"]
    assert described["components"]["securitySchemes"].keys() == {"bearer", "oauth2"}


# --- schemas --------------------------------------------------------------------------------------


def validator(described: dict, name: str) -> jsonschema_rs.Validator:
    components = {"components": {"schemas": described["components"]["schemas"]}}
    return jsonschema_rs.validator_for({"$ref": f"#/components/schemas/{name}"} | components)


def test_every_primitive_has_a_schema():
    assert PRIMITIVES.keys() == CHECKS.keys()


@pytest.mark.parametrize(("name", "body"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_what_is_valid_has_the_form_of_its_schema(described, name, body):
    document = json.loads(body)
    schema = document["resourceType"] if document["resourceType"] in OWN else "Resource"
    validator(described, schema).validate(document)


@pytest.mark.parametrize("type_name", sorted(OWN))
def test_what_is_required_is_all_that_a_schema_requires(described, type_name):
    is_valid = validator(described, type_name).is_valid
    document = smallest(type_name)
    assert is_valid(document)
    for name in document:
        assert not is_valid({key: value for key, value in document.items() if key != name})


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "done"},
        {"status": None},
        {"note": {"text": "x"}},
        {"note": []},
        {"note": [{"author": "x"}]},
        {"colour": "red"},
        {"authoredOn": "yesterday"},
        {"owner": "Practitioner/x"},
        {"restriction": {"repetitions": 0}},
        {"resourceType": "Patient"},
    ],
    ids=json.dumps,
)
def test_what_is_wrong_has_not_the_form_of_its_schema(described, wrong):
    assert not validator(described, "Task").is_valid(task_document(**wrong))


def test_a_value_may_be_only_its_extension(described):
    document = task_document(_status={"extension": [{"url": "urn:x", "valueCode": "unknown"}]})
    document.pop("status")
    assert validator(described, "Task").is_valid(document)
