"""References between the entries of a Bundle. https://hl7.org/fhir/R4/bundle.html#references"""

from typing import Any


def resolved(value: Any, places: dict[str, str]) -> Any:
    """The document with every reference to an entry's fullUrl replaced by its place, `Type/id`."""
    if isinstance(value, dict):
        return {
            name: places.get(child, child)
            if name == "reference" and isinstance(child, str)
            else resolved(child, places)
            for name, child in value.items()
        }
    if isinstance(value, list):
        return [resolved(child, places) for child in value]
    return value
