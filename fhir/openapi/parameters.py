"""What goes into the path, the query and the headers of a request.

https://spec.openapis.org/oas/v3.1.1#parameter-object
"""

from collections.abc import Iterable

from fhir import definitions
from fhir.capability import common_parameters
from fhir.openapi.schemas import DATE, DAY, ID, RESOURCE_TYPE, ZONE, text
from fhir.resources import ResourceType
from fhir.search import compartments
from fhir.search.parse import PREFIXES, SUMMARIES, TOTALS

TYPE, MEMBER = "type_name", "member"
PATH = {
    "resource_id": text(ID),
    "version_id": text("[1-9][0-9]{0,8}"),
    MEMBER: {"type": "string", "enum": [*RESOURCE_TYPE["enum"], "*"]},
}
"""The segments of the routes, but for the type."""

MOMENT = f"({DATE}|{DAY}T[0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(\\.[0-9]+)?)?{ZONE}?)"
DATES = f"({'|'.join(sorted(PREFIXES))})?{MOMENT}"
VALUES = {"date": text(f"{DATES}(,{DATES})*")}
"""How the values of a type of search parameter look, where a pattern says it."""

INCLUDE = text("[A-Za-z]+:([A-Za-z-]+|[*])(:[A-Za-z]+)?|[*]")
RESULT = {
    "_contained": (
        {"type": "string", "enum": ["false"]},
        "Resources inside others are not searched.",
    ),
    "_containedType": ({"type": "string", "enum": ["container", "contained"]}, "Changes nothing."),
    "_count": ({"type": "integer", "minimum": 0}, "Matches a page, at most 1,000; 0 for a total."),
    "_elements": (text(), "Elements to send, with commas between."),
    "_format": (
        {"type": "string", "enum": ["json", "application/json", "application/fhir+json"]},
        "JSON.",
    ),
    "_include": (INCLUDE, "Send what matches point at: Type:parameter[:Target]; with `:iterate`."),
    "_offset": ({"type": "integer", "minimum": 0}, "Matches to pass over; next links need none."),
    "_pretty": ({"type": "boolean"}, "Changes nothing."),
    "_query": (text(), "A named query."),
    "_revinclude": (INCLUDE, "Send what points at matches: Type:parameter; with `:iterate`."),
    "_sort": (text(), "Parameters with commas between; `-` for descending."),
    "_summary": ({"type": "string", "enum": list(SUMMARIES)}, "The part of each resource to send."),
    "_total": ({"type": "string", "enum": list(TOTALS)}, "How exact the total must be."),
    "_type": (text(), "The types to search, with commas between."),
}
"""https://hl7.org/fhir/R4/search.html#return"""
HISTORY = {
    "_at": (text(MOMENT), "Only versions that were current at some time in this."),
    "_count": RESULT["_count"],
    "_offset": RESULT["_offset"],
    "_since": (text(MOMENT), "Only versions from this instant on."),
    "_sort": (
        {"type": "string", "enum": ["-_lastUpdated", "_lastUpdated"]},
        "Newest first, as unasked, or oldest first.",
    ),
    "_total": RESULT["_total"],
}
"""https://hl7.org/fhir/R4/http.html#history"""

HANDLING = ["handling=strict", "handling=lenient"]
RETURN = ["return=minimal", "return=representation", "return=OperationOutcome"]
HEADERS = {
    "If-Match": (text(r'W/"[1-9][0-9]{0,8}"'), "Only when this is the version: else 412."),
    "If-None-Match": (text(r'W/"[1-9][0-9]{0,8}"'), "Not when this is the version: 304."),
    "If-Modified-Since": (text(), "Not when unchanged since then: 304."),
    "If-None-Exist": (text(), "Only when nothing meets these search criteria."),
    "Idempotency-Key": (
        text("[!-~]{1,255}"),
        "Sent again with the same key within a day, the request is answered again, not done again.",
    ),
    "Prefer": (
        {"type": "string", "enum": RETURN + HANDLING},
        "What to answer with; how to take what is unknown.",
    ),
}
HEADERS_OF = {
    "read": ("If-None-Match", "If-Modified-Since"),
    "create": ("If-None-Exist", "Idempotency-Key", "Prefer"),
    "update": ("If-Match", "Prefer"),
    "patch": ("If-Match", "Idempotency-Key", "Prefer"),
    "delete": ("If-Match",),
    "transaction": ("Idempotency-Key", "Prefer"),
    "search-type": ("Prefer",),
    "search-system": ("Prefer",),
    "search-compartment": ("Prefer",),
}
"""The headers that count, by the code of the interaction."""


def parameter(name: str, place: str, schema: dict, description: str = "", **more) -> dict:
    return {
        "name": name,
        "in": place,
        **({"description": description} if description else {}),
        **({"required": True} if place == "path" else {}),
        "schema": schema,
        **more,
    }


def path_parameter(name: str, type_names: Iterable[str]) -> dict:
    schema = PATH.get(name, {"type": "string", "enum": sorted(type_names)})
    return parameter(name, "path", schema)


def headers(code: str) -> list[dict]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in HEADERS_OF.get(code, ())]


def result_parameters(*, of_system: bool) -> list[dict]:
    left_out = "_query" if of_system else "_type"
    return [{"$ref": f"#/components/parameters/{name}"} for name in RESULT if name != left_out]


def history_parameters() -> list[dict]:
    return [parameter(name, "query", *each) for name, each in HISTORY.items()]


def operation_parameters(definition: dict) -> list[dict]:
    """What an operation takes in the URL: its parameters of primitive types."""
    return [
        parameter(each["name"], "query", text(), each.get("documentation", ""))
        for each in definition.get("parameter", [])
        if each["use"] == "in" and not definitions.contains_elements(each["type"])
    ]


def search_parameters(resource_type: ResourceType | None) -> list[dict]:
    """Those of the type; those that all types have when there is none."""
    name = resource_type.name if resource_type else "Resource"
    listed = resource_type.search().parameters() if resource_type else common_parameters()
    return [{"$ref": f"#/components/parameters/{name}.{each[0]}"} for each in listed]


def searchable(own: Iterable[ResourceType]) -> dict[str, dict]:
    """The schema of each search parameter's values, by `Type.name`."""
    tables = {"Resource": [(*each, "") for each in common_parameters()]}
    tables |= {each.name: each.search().parameters() for each in own}
    return {
        f"{type_name}.{name}": parameter(
            name, "query", VALUES.get(kind, text()), f"{kind} {elements}".strip()
        )
        for type_name, table in tables.items()
        for name, kind, elements in table
    }


def components(own: Iterable[ResourceType]) -> dict[str, dict]:
    """Every parameter that is referred to."""
    return {
        **{name: parameter(name, "query", *each) for name, each in RESULT.items()},
        **{name: parameter(name, "header", *each) for name, each in HEADERS.items()},
        **searchable(own),
    }


def form(own: ResourceType | None) -> dict:
    """The parameters of a search in the body of a POST."""
    listed = own.search().parameters() if own else common_parameters()
    return {
        "type": "object",
        "properties": {name: VALUES.get(kind, text()) for name, kind, *_ in listed}
        | {name: schema for name, (schema, _) in RESULT.items()},
    }


def compartment_types() -> list[str]:
    return sorted(compartments.definitions())


def other_types(own: Iterable[ResourceType]) -> list[str]:
    return sorted(definitions.resource_types() - {each.name for each in own})
