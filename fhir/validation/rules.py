"""What datatypes ask beyond their elements: references, periods, extensions.

A rule answers `(issue code, sentence)` or None; the sentence never quotes the value.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fhir.datatypes import ID, parse_date, parse_reference
from fhir.definitions import Element, resource_types


@dataclass(slots=True)
class Surroundings:
    """What a rule must know of the resource around the value."""

    contained: frozenset[str] = frozenset()
    # Entries of a transaction may name a resource by a search: `Type?identifier=…`.
    conditional_references: bool = False


Problem = tuple[str, str] | None
Rule = Callable[[dict, Element | None, Surroundings], Problem]

_match_id = ID.fullmatch
_resource_types = resource_types()
REFERENCE_FORMS = (
    "must be Type/id, an absolute URL, a URN or '#' and the id of a contained resource"
)


def reference_problem(value: dict, element: Element | None, around: Surroundings) -> Problem:
    """https://hl7.org/fhir/R4/references.html"""
    text, stated = value.get("reference"), value.get("type")
    if stated is not None and ":" not in stated and stated not in _resource_types:
        return "value", "names a type that FHIR R4 does not have"
    if text is None:
        return None
    type_name, _, id = text.partition("/")
    if type_name not in _resource_types or not _match_id(id):
        if text[0] == "#":
            if len(text) > 1 and text[1:] not in around.contained:
                return "value", "refers to a contained resource that is not there"
            return None
        if around.conditional_references and text.partition("?")[0] in _resource_types:
            return None
        try:
            reference = parse_reference(text)
        except ValueError:
            return "value", REFERENCE_FORMS
        if not reference.is_relative:
            return None
        type_name = reference.type
        if type_name not in _resource_types:
            return "value", "refers to a type that FHIR R4 does not have"
    if stated is not None and stated != type_name and ":" not in stated:
        return "value", f"refers to {type_name} but states another type"
    if element is not None and element.targets and type_name not in element.targets:
        allowed = ", ".join(sorted(element.targets))
        return "value", f"must not refer to {type_name}, only to {allowed}"
    return None


def period_problem(value: dict, element: Element | None, around: Surroundings) -> Problem:
    """https://hl7.org/fhir/R4/datatypes.html#Period"""
    start, end = value.get("start"), value.get("end")
    if start is None or end is None:
        return None
    if len(start) == len(end) and start[10:][-1:] in ("", "Z") and start <= end:
        return None  # the same form, so the text is in order when the time is
    try:
        if parse_date(start).low >= parse_date(end).high:
            return "invariant", "must not end before it starts"
    except ValueError:  # at the very edge of the calendar
        return None
    return None


def extension_problem(value: dict, element: Element | None, around: Surroundings) -> Problem:
    """https://hl7.org/fhir/R4/extensibility.html#Extension"""
    has_value = any(name.startswith(("value", "_value")) for name in value)
    if has_value and "extension" in value:
        return "invariant", "must have a value or extensions, not both"
    if not has_value and "extension" not in value:
        return "invariant", "must have a value or extensions"
    return None


RULES: dict[str, Rule] = {
    "Reference": reference_problem,
    "Period": period_problem,
    "Extension": extension_problem,
}
