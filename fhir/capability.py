"""What the server can do, read from the tables that do it.

https://hl7.org/fhir/R4/capabilitystatement.html
"""

from collections.abc import Collection

from django.conf import settings

from fhir import resources
from fhir.resources import ResourceType

DATE = "2026-11-21"
OF_TYPES = ("read", "vread", "update", "patch", "delete", "history-instance", "history-type")
OF_TYPES += ("create", "search-type")
"""https://hl7.org/fhir/R4/valueset-type-restful-interaction.html"""
OF_THE_SYSTEM = ("transaction", "batch", "search-system", "history-system")
"""https://hl7.org/fhir/R4/valueset-system-restful-interaction.html"""
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


def capability_statement(base: str, served: Collection[str]) -> dict:
    """`served` are the codes of the interactions in the table of routes."""
    return {
        "resourceType": "CapabilityStatement",
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
                "security": _security(base),
                "resource": [_resource(each, served) for each in resources.all_types()],
                "interaction": [{"code": code} for code in OF_THE_SYSTEM if code in served],
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
        "searchParam": [
            {"name": name, "type": type_name} | ({"documentation": text} if text else {})
            for name, type_name, text in search_set.parameters()
        ],
        "operation": [
            {"name": name, "definition": definition}
            for name, definition in dict.fromkeys(
                (each.name, each.definition) for each in resource_type.all_operations()
            )
        ],
    }
    return {name: value for name, value in capability.items() if value != []}
