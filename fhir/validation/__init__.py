"""Is this document a valid R4 resource? One walk, guided by the definitions, finds every issue.

The walk is our own and not a JSON Schema validator: the official schema knows neither required
primitives nor calendars nor references, so that a second walk would be needed anyway, and one walk
over precompiled shapes is fast enough to do without the first (bench: some 30 µs for a Task).

primitives.py says what each primitive datatype takes, narrative.py what a narrative may hold,
rules.py what references, periods and extensions ask beyond their elements, invariants.py compiles
what R4 says in FHIRPath; shapes.py compiles the definitions, and walk.py walks.

Not checked: the few invariants that fhir/definitions/make.py leaves out, bindings that are not
required or cannot be listed, profiles, and whether a reference's target exists.
"""

from typing import Any

from fhir.definitions import resource_types
from fhir.errors import InvalidResource, MalformedRequest
from fhir.validation.walk import Walk

__all__ = ["check_document"]


def check_document(document: Any, resource_type: str | None = None) -> None:
    """Checks a parsed JSON document against R4. https://hl7.org/fhir/R4/validation.html

    Raises MalformedRequest when it is no object or its resourceType is missing, unknown or another
    than the one expected; InvalidResource with all issues (at most 100), each with its FHIRPath,
    in the order of the document.
    """
    if type(document) is not dict:
        raise MalformedRequest("The body must be a JSON object.")
    found = document.get("resourceType")
    if type(found) is not str or found not in resource_types():
        said = "is missing" if found is None else "is not a resource type of FHIR R4"
        raise MalformedRequest(f"resourceType {said}.", expression="resourceType")
    if resource_type is not None and found != resource_type:
        raise MalformedRequest(
            f"resourceType must be {resource_type}, not {found}.", expression="resourceType"
        )
    issues = Walk().resource(document, found)
    if issues:
        raise InvalidResource(issues=issues)
