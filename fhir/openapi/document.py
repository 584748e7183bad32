"""The OpenAPI document: every route, with what it takes and what it answers.

The types with a table of their own have paths of their own for what differs by type: their
searches, and the schemas of what is written and read. All else is said once, of any type.
https://spec.openapis.org/oas/v3.1.1
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from django.conf import settings

from fhir import conformance, errors, json, resources
from fhir.models import ClinicalResource
from fhir.openapi import parameters
from fhir.openapi.parameters import MEMBER, TYPE
from fhir.openapi.schemas import ref, schemas
from fhir.parsers import FormParser, JsonPatchParser
from fhir.renderers import FHIR_JSON
from fhir.resources import Operation, ResourceType
from fhir.routes import ROUTES, Interaction, Route

SEGMENT = "<str:"
OF_A_TYPE = frozenset({"search-type", "create", "read", "update"})
"""Interactions whose description is another for each type that has a table of its own."""
WRITES = frozenset({"create", "update", "patch", "delete", "transaction", "operation"})
RESOURCE, BUNDLE, OUTCOME = "Resource", "Bundle", "OperationOutcome"
CAPABILITIES = "CapabilityStatement"
ANSWERS: dict[str, dict[int, tuple[str, ...]]] = {
    "capabilities": {200: (CAPABILITIES,)},
    "create": {200: (RESOURCE, OUTCOME), 201: (RESOURCE, OUTCOME)},
    "read": {200: (RESOURCE,), 304: ()},
    "vread": {200: (RESOURCE,)},
    "update": {200: (RESOURCE, OUTCOME), 201: (RESOURCE, OUTCOME)},
    "patch": {200: (RESOURCE, OUTCOME)},
    "delete": {204: ()},
    "operation": {200: (RESOURCE, OUTCOME), 204: ()},
}
"""By the code of the interaction: statuses, and the types of the bodies. All others: a Bundle."""

REFUSALS = {
    each.status: each
    for each in (
        errors.MalformedRequest,
        errors.NotSignedIn,
        errors.Forbidden,
        errors.NotFound,
        errors.NotAcceptable,
        errors.Conflict,
        errors.Gone,
        errors.VersionConflict,
        errors.TooLarge,
        errors.UnsupportedMediaType,
        errors.InvalidResource,
        errors.Unexpected,
        errors.DatabaseUnavailable,
    )
}
ANSWER_HEADERS = {
    "ETag": ({"type": "string"}, 'The version: W/"3".'),
    "Last-Modified": ({"type": "string"}, "When the version was written."),
    "Location": ({"type": "string"}, "The version's own address."),
}


@lru_cache(maxsize=8)
def text(origin: str) -> bytes:
    """The document as JSON; it is the same as long as the server runs.

    `origin` is the scheme and host that the client used.
    """
    return json.dumps(document(origin))


def document(origin: str) -> dict:
    own = [each for each in resources.all_types() if each.model is not ClinicalResource]
    paths: dict[str, dict] = {}
    for address, method, operation in _operations(own):
        paths.setdefault(address, {})[method] = operation
    names = [BUNDLE, CAPABILITIES, OUTCOME, "Parameters", RESOURCE, *(each.name for each in own)]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Taskward",
            "version": settings.VERSION,
            "description": "FHIR R4 (4.0.1): https://hl7.org/fhir/R4/http.html. Search parameters"
            " may be repeated, all of which must hold, and take modifiers and chains, as"
            " `owner:missing=true` and `patient.family=Li`; every GET may be a HEAD.",
        },
        "servers": [{"url": f"/{path}"} for path in settings.FHIR_PATHS],
        "security": [{"bearer": []}, {"oauth2": []}],
        "paths": paths | _beside(),
        "components": {
            "schemas": schemas(names) | {"JsonPatch": JSON_PATCH},
            "parameters": parameters.components(own),
            "responses": {str(status): _refusal(each) for status, each in REFUSALS.items()},
            "headers": {
                name: {"schema": schema, "description": description}
                for name, (schema, description) in ANSWER_HEADERS.items()
            },
            "securitySchemes": _security_schemes(origin),
        },
    }


def _operations(own: list[ResourceType]) -> Iterator[tuple[str, str, dict]]:
    """(path, method, operation) of everything that can be asked."""
    others = parameters.other_types(own)
    for route in ROUTES:
        codes = {each.code for each in route.methods.values()}
        if "operation" in codes:
            yield from _named_operations(route)
            continue
        yield from _of_route(route, others if codes & OF_A_TYPE else _types_of(route), None)
        if codes & OF_A_TYPE:
            for each in own:
                yield from _of_route(route, [], each)


def _types_of(route: Route) -> list[str]:
    if f"{SEGMENT}{MEMBER}>" in route.path:
        return parameters.compartment_types()
    return parameters.PATH[MEMBER]["enum"][:-1]


def _of_route(
    route: Route, type_names: list[str], own: ResourceType | None
) -> Iterator[tuple[str, str, dict]]:
    address = _address(route.path, {TYPE: own.name} if own else {})
    for method, interaction in route.methods.items():
        yield (
            address,
            method.lower(),
            {
                "operationId": _operation_id(interaction, own),
                "summary": interaction.code,
                "tags": [own.name if own else "any type" if TYPE in address else "system"],
                **_described(interaction, address, type_names, own),
            },
        )


def _address(path: str, filled: dict[str, str]) -> str:
    """`<str:type_name>/_history` as `/{type_name}/_history`, or `/Basic/_history`."""
    segments = []
    for segment in path.split("/"):
        before, found, name = segment.rstrip(">").partition(SEGMENT)
        segments.append(before + (filled.get(name) or f"{{{name}}}") if found else segment)
    return "/" + "/".join(segments)


def _operation_id(interaction: Interaction, own: ResourceType | None) -> str:
    parts = [interaction.run.__name__, "by_form" if FormParser in interaction.body else ""]
    return "_".join(part for part in (*parts, own.name if own else "") if part)


def _described(
    interaction: Interaction, address: str, type_names: Iterable[str], own: ResourceType | None
) -> dict:
    listed = [
        parameters.path_parameter(segment[1:-1], type_names)
        for segment in address.split("/")
        if segment.startswith("{")
    ]
    listed += _query(interaction, address, own) + parameters.headers(interaction.code)
    described = {"parameters": listed, "responses": _responses(interaction, address, own)}
    if interaction.body:
        described["requestBody"] = _body(interaction, own)
    if interaction.is_open:
        described["security"] = []
    return described


def _query(interaction: Interaction, address: str, own: ResourceType | None) -> list[dict]:
    if interaction.code.startswith("history-"):
        return parameters.history_parameters()
    if FormParser in interaction.body:
        return []
    if interaction.code.startswith("search-"):
        of_system = interaction.code == "search-system"
        results = parameters.result_parameters(of_system=of_system)
        return parameters.search_parameters(own) + results
    # A conditional update, patch or delete: of what meets the criteria.
    if "resource_id" not in address and interaction.code in ("update", "patch", "delete"):
        return parameters.search_parameters(own)
    return []


# --- bodies ---------------------------------------------------------------------------------------

JSON_PATCH = {
    "type": "array",
    "description": "https://www.rfc-editor.org/rfc/rfc6902",
    "maxItems": 500,
    "items": {
        "type": "object",
        "properties": {
            "op": {"type": "string", "enum": ["add", "remove", "replace", "move", "copy", "test"]},
            "path": {"type": "string"},
            "from": {"type": "string"},
            "value": {},
        },
        "required": ["op", "path"],
    },
}


def _body(interaction: Interaction, own: ResourceType | None) -> dict:
    content = {}
    for parser in interaction.body:
        if parser is JsonPatchParser:
            schema = ref("JsonPatch")
        elif parser is FormParser:
            schema = parameters.form(own)
        else:
            schema = ref(TAKEN.get(interaction.code) or (own.name if own else RESOURCE))
        media_type = FHIR_JSON if parser.media_type == "*/*" else parser.media_type
        content[media_type] = {"schema": schema}
    return {"content": content, "required": not interaction.may_be_empty}


TAKEN = {"transaction": BUNDLE, "patch": "Parameters", "operation": "Parameters"}
"""What a body holds when it is not a resource of the type."""


def _responses(interaction: Interaction, address: str, own: ResourceType | None) -> dict:
    answers = ANSWERS.get(interaction.code, {200: (BUNDLE,)})
    if address.endswith("{type_name}") and interaction.code == "patch":
        answers = ANSWERS["patch"]
    done = {str(status): _answer(status, names, own) for status, names in answers.items()}
    refused = {
        str(status): {"$ref": f"#/components/responses/{status}"}
        for status in _refusals(interaction, address)
    }
    return done | refused


def _answer(status: int, names: tuple[str, ...], own: ResourceType | None) -> dict:
    answer: dict = {"description": STATUSES[status]}
    if names:
        listed = [ref(own.name if own and name == RESOURCE else name) for name in names]
        schema = listed[0] if len(listed) == 1 else {"anyOf": listed}
        answer["content"] = {FHIR_JSON: {"schema": schema}}
    if RESOURCE in names or status == 304:
        shown = ["ETag", "Last-Modified"] + (["Location"] if status == 201 else [])
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in shown}
    return answer


STATUSES = {200: "Done.", 201: "Created.", 204: "Done; nothing to say.", 304: "Not modified."}


def _refusals(interaction: Interaction, address: str) -> list[int]:
    """The statuses of what may go wrong: https://hl7.org/fhir/R4/http.html#Status-Codes"""
    if interaction.is_open:
        return [406, 500]
    found = {400, 401, 403, 404, 406, 422, 500, 503}
    if "resource_id" in address:
        found.add(410)
    if interaction.code in WRITES:
        found |= {409, 412}
    if interaction.body:
        found |= {413, 415}
    return sorted(found)


def _refusal(error: type[errors.FhirError]) -> dict:
    refusal = {
        "description": error.__doc__,
        "content": {FHIR_JSON: {"schema": ref(OUTCOME)}},
    }
    if error.headers:
        refusal["headers"] = {name: {"schema": {"type": "string"}} for name in error.headers}
    return refusal


# --- operations -----------------------------------------------------------------------------------


def _named_operations(route: Route) -> Iterator[tuple[str, str, dict]]:
    """A path for each `$operation` that is registered at the level of the route."""
    level = (
        "instance" if "resource_id" in route.path else "type" if TYPE in route.path else "system"
    )
    definitions = {each["url"]: each for each in conformance.documents()}
    by_name: dict[str, tuple[Operation, list[str]]] = {}
    for resource_type in resources.all_types():
        for operation in resource_type.all_operations():
            if operation.level == level:
                by_name.setdefault(operation.name, (operation, []))[1].append(resource_type.name)
    if level == "system":
        by_name = {each.name: (each, ["system"]) for each in resources.system_operations()}
    for name, (operation, type_names) in sorted(by_name.items()):
        filled = {"name": name} | ({TYPE: type_names[0]} if len(type_names) == 1 else {})
        address = _address(route.path, filled)
        for method, interaction in route.methods.items():
            if method == "GET" and operation.affects_state:
                continue
            described = _described(interaction, address, type_names, None)
            definition = definitions[operation.definition]
            if not operation.affects_state:
                described["parameters"] += parameters.operation_parameters(definition)
            yield (
                address,
                method.lower(),
                {
                    "operationId": f"{method.lower()}_{level}_{name}",
                    "summary": f"${name}",
                    "description": definition["description"],
                    "tags": type_names if len(type_names) == 1 else ["any type"],
                    **described,
                },
            )


# --- beside FHIR ----------------------------------------------------------------------------------


def _security_schemes(origin: str) -> dict:
    return {
        "bearer": {"type": "http", "scheme": "bearer"},
        "oauth2": {
            "type": "oauth2",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": f"{origin}/oauth2/token",
                    "scopes": settings.OAUTH2_PROVIDER["SCOPES"],
                }
            },
        },
    }


def _beside() -> dict:
    """The few paths that are not below the base of the API."""
    return {
        "/oauth2/token": {
            "servers": [{"url": "/"}],
            "post": {
                "operationId": "token",
                "summary": "A bearer token by client credentials",
                "description": "https://www.rfc-editor.org/rfc/rfc6749#section-4.4",
                "tags": ["beside FHIR"],
                "security": [],
                "requestBody": {
                    "required": True,
                    "content": {FormParser.media_type: {"schema": TOKEN_REQUEST}},
                },
                "responses": {
                    "200": _plain("The token.", TOKEN),
                    "400": _plain("The request is refused.", TOKEN_ERROR),
                    "401": _plain("The client is not known.", TOKEN_ERROR),
                },
            },
        },
        "/health": {
            "servers": [{"url": "/"}],
            "get": {
                "operationId": "health",
                "summary": "Whether the database answers",
                "tags": ["beside FHIR"],
                "security": [],
                "responses": {
                    "200": _plain("It does.", HEALTH),
                    "503": _plain("It does not.", HEALTH),
                },
            },
        },
    }


TOKEN_REQUEST = {
    "type": "object",
    "description": "The id and the secret of the client may also be sent by HTTP Basic.",
    "properties": {
        "grant_type": {"const": "client_credentials"},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string"},
        "scope": {"type": "string"},
    },
    "required": ["grant_type"],
}
TOKEN = {
    "type": "object",
    "properties": {
        "access_token": {"type": "string"},
        "token_type": {"type": "string"},
        "expires_in": {"type": "integer"},
        "scope": {"type": "string"},
    },
    "required": ["access_token", "token_type", "expires_in"],
}
TOKEN_ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
    "required": ["error"],
}
HEALTH = {
    "type": "object",
    "properties": {
        "status": {"type": "string", "enum": ["ok", "unavailable"]},
        "time": {"type": "string"},
    },
    "required": ["status"],
}


def _plain(description: str, schema: dict) -> dict:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
