"""What the server can do, read from the tables that do it.

https://hl7.org/fhir/R4/capabilitystatement.html
"""

from collections.abc import Collection
from functools import cache

from django.conf import settings

from fhir import definitions, resources
from fhir.conformance import DATE
from fhir.resources import ResourceType
from fhir.search import compartments

OF_TYPES = ("read", "vread", "update", "patch", "delete", "history-instance", "history-type")
OF_TYPES += ("create", "search-type")
"""https://hl7.org/fhir/R4/valueset-type-restful-interaction.html"""
OF_THE_SYSTEM = ("transaction", "batch", "search-system", "history-system")
"""https://hl7.org/fhir/R4/valueset-system-restful-interaction.html"""
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
COMPARTMENTS = "http://hl7.org/fhir/CompartmentDefinition"
DOCUMENTATION = (
    "Prefer takes return=minimal, representation or OperationOutcome, and handling=strict or"
    " lenient. An Idempotency-Key makes a POST or PATCH that is sent again safe. Searches take the"
    " modifiers and prefixes of R4, chains, _has, _include and _revinclude with :iterate, _sort,"
    " _count, _total, _summary and _elements."
)


def capability_statement(base: str, served: Collection[str]) -> dict:
    """`served` are the codes of the interactions in the table of routes."""
    return {
        "resourceType": "CapabilityStatement",
        "name": "Taskward",
        "status": "active",
        "date": DATE,
        "kind": "instance",
        "software": {"name": "Taskward", "version": settings.VERSION},
        "implementation": {"description": "Taskward", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "patchFormat": ["application/json-patch+json", "application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "documentation": DOCUMENTATION,
                "security": _security(base),
                "resource": _resources(frozenset(served)),
                "interaction": [{"code": code} for code in OF_THE_SYSTEM if code in served],
                "operation": [
                    {"name": each.name, "definition": each.definition}
                    for each in resources.system_operations()
                ],
                "searchParam": [
                    {"name": name, "type": type_name} for name, type_name in common_parameters()
                ],
                "compartment": [
                    f"{COMPARTMENTS}/{name.lower()}" for name in sorted(compartments.definitions())
                ],
            }
        ],
    }


def _security(base: str) -> dict:
    """https://hl7.org/fhir/smart-app-launch/conformance.html"""
    host = "/".join(base.split("/")[:3])
    return {
        "cors": bool(settings.CORS_ALLOWED_ORIGINS),
        "service": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                        "code": "SMART-on-FHIR",
                    }
                ]
            }
        ],
        "description": "OAuth 2 bearer tokens",
        "extension": [
            {
                "url": OAUTH_URIS,
                "extension": [{"url": "token", "valueUri": f"{host}/oauth2/token"}],
            }
        ],
    }


@cache
def _resources(served: frozenset[str]) -> list[dict]:
    """Made once: whoever asks for the statement need not have signed in."""
    return [_resource(each, served) for each in resources.all_types()]


def _resource(resource_type: ResourceType, served: Collection[str]) -> dict:
    search_set = resource_type.search()
    capability = {
        "type": resource_type.name,
        "interaction": [{"code": code} for code in OF_TYPES if code in served],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "referencePolicy": ["literal", "logical"],
        "searchInclude": search_set.includes(),
        "searchRevInclude": search_set.revincludes(),
        "searchParam": _parameters(resource_type),
        "operation": [
            {"name": name, "definition": definition}
            for name, definition in _operations(resource_type).items()
        ],
    }
    return {name: value for name, value in capability.items() if value != []}


def _parameters(resource_type: ResourceType) -> list[dict]:
    ours = {
        each["code"]: each["url"]
        for each in definitions.own_search_parameters()
        if resource_type.name in each["base"]
    }
    return [
        {"name": name}
        | ({"definition": ours[name]} if name in ours else {})
        | {"type": type_name}
        | ({"documentation": text} if text else {})
        for name, type_name, text in resource_type.search().parameters()
    ]


def _operations(resource_type: ResourceType) -> dict[str, str]:
    """The operations of a type and its named queries, with their definitions."""
    operations = {each.name: each.definition for each in resource_type.all_operations()}
    queries = getattr(resource_type.search(), "named_queries", {})
    return operations | {name: query.definition for name, query in queries.items()}


@cache
def common_parameters() -> tuple[tuple[str, str], ...]:
    """(name, type) of what every type can be searched by, and so several types at once."""
    tables = [each.search().parameters() for each in resources.all_types()]
    common = set.intersection(*({(name, kind) for name, kind, _ in table} for table in tables))
    return tuple(sorted(common))
