"""What an operation is given. https://hl7.org/fhir/R4/parameters.html"""

from typing import Any

from fhir.errors import MalformedRequest


def string_values(document: Any) -> dict[str, str]:
    """The string values of a Parameters resource, by name."""
    if document is None or document == {}:
        return {}
    if not isinstance(document, dict) or document.get("resourceType") != "Parameters":
        raise MalformedRequest("An operation takes a Parameters resource.")
    given = document.get("parameter", [])
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise MalformedRequest("Parameters.parameter must be a list of objects.")
    return {
        each["name"]: value
        for each in given
        if isinstance(each.get("name"), str)
        for key, value in each.items()
        if key.startswith("value") and isinstance(value, str)
    }
