"""What the server can do, read from the tables that do it.

https://hl7.org/fhir/R4/capabilitystatement.html
"""

from django.conf import settings

from fhir import resources
from fhir.resources import ResourceType

INTERACTIONS = (
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "create",
    "search-type",
)
DATE = "2026-11-21"


def capability_statement(base: str) -> dict:
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": DATE,
        "kind": "instance",
        "software": {"name": "Taskward", "version": settings.VERSION},
        "implementation": {"description": "Taskward", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "patchFormat": ["application/json-patch+json"],
        "rest": [
            {
                "mode": "server",
                "security": {"description": "OAuth 2 bearer tokens"},
                "resource": [_resource(each, base) for each in resources.all_types()],
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
            }
        ],
    }


def _resource(resource_type: ResourceType, base: str) -> dict:
    search_set = resource_type.search()
    capability = {
        "type": resource_type.name,
        "interaction": [{"code": code} for code in INTERACTIONS],
        "versioning": "versioned",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": False,
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "searchInclude": search_set.includes(),
        "searchRevInclude": search_set.revincludes(),
        "searchParam": [
            {"name": name, "type": type_name} | ({"documentation": text} if text else {})
            for name, type_name, text in search_set.parameters()
        ],
        "operation": [
            {"name": operation.name, "definition": f"{base}/OperationDefinition/{operation.name}"}
            for operation in resource_type.operations
        ],
    }
    return {name: value for name, value in capability.items() if value != []}
