"""Whatever is asked for in the form that the OpenAPI document gives, the answer has its form too.

Schemathesis draws the requests from the document itself: of every operation 100 for each seed, each
sent as an admin and as a nurse. The draws come from the seed alone, not from what was found before,
and every request is undone, so that a run can be repeated.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from itertools import cycle
from random import Random

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.tokens import issue
from config.wsgi import application
from fhir.openapi.document import text
from tests import factories

EXAMPLES = 100
SEEDS = (1, 2, 3)
ROLES = ("admin", "nurse")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OF_EMPTY = [not_a_server_error, status_code_conformance]
ENTROPY = 16_384
"""Bytes that a request is drawn from."""
KNOWN = "known"
"""The id of one resource of each type that has a table of its own, and of one Organization."""
DOCUMENT = json.loads(text("http://localhost"))


# --- what is drawn --------------------------------------------------------------------------------


DRAWN = "drawn apart"


def without_bodies() -> dict:
    """The document with bodies that cost nothing to draw: they are drawn apart, and but once."""
    document = deepcopy(DOCUMENT)
    for _, _, operation in operations_of(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            if "$ref" in content["schema"]:
                content["schema"] = {"const": {DRAWN: content["schema"]["$ref"]}}
    return document


def operations_of(document: dict) -> Iterator[tuple[str, str, dict]]:
    for path, methods in document["paths"].items():
        if "servers" not in methods:  # what is beside FHIR
            yield from ((path, method, operation) for method, operation in methods.items())


def of_bodies() -> dict:
    """A document of one path a schema, each of which takes a body of that schema.

    What leads back to itself would be all that is drawn, and is left out; the rest is kept short.
    """
    components = deepcopy(DOCUMENT["components"]["schemas"])
    for schema in components.values():
        schema.pop("patternProperties", None)
        members = schema.get("properties", {})
        for name in ("extension", "modifierExtension", "contained", "assigner"):
            members.pop(name, None)
        for member in members.values():
            if member.get("type") == "array":
                member["maxItems"] = 1
        if schema.get("type") == "string" and not {"enum", "pattern"} & schema.keys():
            schema["maxLength"] = 20
    paths = {
        f"/{name}": {
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}
                    },
                },
                "responses": {"200": {"description": ""}},
            }
        }
        for name in components
    }
    head = {"openapi": "3.1.0", "info": {"title": "", "version": ""}, "paths": paths}
    return head | {"components": {"schemas": components}}


BODIES = schemathesis.openapi.from_dict(of_bodies())
SCHEMA = schemathesis.openapi.from_dict(without_bodies())
SCHEMA.app = application
OPERATIONS = list(operations_of(DOCUMENT))


def drawn(operation, seed: int) -> list:
    """EXAMPLES requests of the operation."""
    cases = []

    @settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def keep(case):
        cases.append(case)

    random = Random(f"{operation.label} {seed}")
    while len(cases) < EXAMPLES:
        keep.hypothesis.fuzz_one_input(random.randbytes(ENTROPY))
    return cases[:EXAMPLES]


@cache
def bodies(name: str, seed: int) -> list:
    """Bodies of a schema; of a resource, every other one is right but for one drawn element."""
    found = [case.body for case in drawn(BODIES[f"/{name}"]["POST"], seed)]
    if name not in RIGHT:
        return found
    for number, body in enumerate(found[1::2]):
        element = sorted(body)[number % len(body)]
        found[2 * number + 1] = {**RIGHT[name], element: body[element]}
    return found


# --- what is there --------------------------------------------------------------------------------

MAYA, PATIENT = {"reference": "Practitioner/maya"}, {"reference": f"Patient/{KNOWN}"}
ORGANIZATION = {"resourceType": "Organization", "name": "Northgate"}
RIGHT = {"Resource": ORGANIZATION} | {
    each["resourceType"]: each
    for each in (
        {"resourceType": "Patient", "name": [{"family": "Li"}], "birthDate": "1990-02-03"},
        {"resourceType": "Practitioner", "name": [{"family": "Moss"}]},
        {"resourceType": "PractitionerRole", "practitioner": MAYA, "active": True},
        factories.task_document(owner=MAYA, **{"for": PATIENT}),
        {
            "resourceType": "Communication",
            "status": "completed",
            "sender": MAYA,
            "recipient": [MAYA],
            "basedOn": [{"reference": f"Task/{KNOWN}"}],
        },
        {
            "resourceType": "Provenance",
            "recorded": "2024-01-02T03:04:05Z",
            "target": [{"reference": f"Task/{KNOWN}"}],
            "agent": [{"who": MAYA}],
        },
    )
}


@pytest.fixture
def tokens(cast) -> dict[str, str]:
    for each in RIGHT.values():
        factories.put({**each, "id": KNOWN})
    return {role: issue(cast[role].user) for role in ROLES}


@pytest.fixture(autouse=True)
def quiet():
    """Refusals are what most of these requests ask for: their log would only cost time."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True)
def one_connection():
    """What ends a request would close the connection, and with it the test's transaction."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def aim(case, number: int) -> None:
    """Every other request is for what is there."""
    segments = case.path_parameters
    if number % 2 == 0:
        return
    if "type_name" in segments:
        segments["type_name"] = "Patient" if "member" in segments else "Organization"
    if "resource_id" in segments:
        segments["resource_id"] = KNOWN
        if case.operation.method == "put" and isinstance(case.body, dict):
            case.body = {**case.body, "id": KNOWN}
    if "version_id" in segments:
        segments["version_id"] = "1"


# --- the test -------------------------------------------------------------------------------------


def cases_of(path: str, method: str) -> Iterator:
    """The requests of all seeds, with their bodies."""
    for seed in SEEDS:
        ready = {}
        for number, case in enumerate(drawn(SCHEMA[path][method.upper()], seed)):
            if isinstance(case.body, dict) and DRAWN in case.body:
                name = case.body[DRAWN].rpartition("/")[2]
                ready.setdefault(name, cycle(bodies(name, seed)))
                case.body = next(ready[name])
            aim(case, number)
            yield case


def checks_of(case, response) -> list:
    """What must hold of an answer; one without a body has no form."""
    minimal = case.headers.get("Prefer") == "return=minimal" and response.status_code in (200, 201)
    is_empty = minimal or response.status_code in (204, 304)
    return OF_EMPTY if is_empty and not response.content else CHECKS


@pytest.mark.parametrize(
    "path, method", [pytest.param(*each[:2], id=each[2]["operationId"]) for each in OPERATIONS]
)
def test_every_answer_is_as_the_document_says(path, method, tokens):
    sent = 0
    for case in cases_of(path, method):
        for role in ROLES:
            with undone():
                response = case.call(headers={"Authorization": f"Bearer {tokens[role]}"})
            case.validate_response(response, checks=checks_of(case, response))
            sent += 1
    assert sent == EXAMPLES * len(SEEDS) * len(ROLES)
