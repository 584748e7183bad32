"""What datatypes ask beyond their elements: references, periods, extensions.

A rule answers `(issue code, the member at fault or "", sentence)` or None; the sentence never
quotes the value.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fhir.datatypes import ID, parse_date, parse_reference
from fhir.definitions import Element, resource_types


@dataclass(slots=True)
class Surroundings:
    """What a rule must know of what is around the value."""

    resource: dict
    # The types of the contained resources by id; that of the resource itself under "".
    contained: dict[str, str]
    # Entries of a transaction may name a resource by a search: `Type?identifier=…`.
    conditional_references: bool = False


Problem = tuple[str, str, str] | None
Rule = Callable[[dict, Element | None, Surroundings], Problem]

_match_id = ID.fullmatch
_resource_types = resource_types()
REFERENCE_FORMS = (
    "must be Type/id, an absolute URL, a URN or '#' and the id of a contained resource"
)


def reference_problem(value: dict, element: Element | None, around: Surroundings) -> Problem:
    """https://hl7.org/fhir/R4/references.html"""
    text, stated = value.get("reference"), value.get("type")
    targets = element.targets if element is not None else ()
    if stated is not None and ":" not in stated:
        if stated not in _resource_types:
            return "value", "type", "is not a resource type of FHIR R4"
        if targets and stated not in targets:
            return "value", "type", f"must not be {stated}, only {_listed(targets)}"
    if text is None:
        return None
    type_name, _, id = text.partition("/")
    if type_name not in _resource_types or not _match_id(id):
        if text[0] == "#":
            type_name = around.contained.get(text[1:])
            if type_name is None:
                return "value", "reference", "refers to a contained resource that is not there"
        elif around.conditional_references and text.partition("?")[0] in _resource_types:
            return None
        else:
            try:
                reference = parse_reference(text)
            except ValueError:
                return "value", "reference", REFERENCE_FORMS
            if not reference.is_relative:
                return None
            type_name = reference.type
            if type_name not in _resource_types:
                return "value", "reference", "refers to a type that FHIR R4 does not have"
    if stated is not None and stated != type_name and ":" not in stated:
        return "value", "reference", f"refers to {type_name} but states another type"
    if targets and type_name not in targets:
        return "value", "reference", f"must not refer to {type_name}, only to {_listed(targets)}"
    return None


def _listed(targets: Iterable[str]) -> str:
    return ", ".join(sorted(targets))


def period_problem(value: dict, element: Element | None, around: Surroundings) -> Problem:
    """https://hl7.org/fhir/R4/datatypes.html#Period"""
    start, end = value.get("start"), value.get("end")
    if start is None or end is None:
        return None
    if len(start) == len(end) and start[10:][-1:] in ("", "Z") and start <= end:
        return None  # the same form, so the text is in order when the time is
    if parse_date(start).low >= parse_date(end).high:
        return "invariant", "", "must not end before it starts (per-1)"
    return None


def extension_problem(value: dict, element: Element | None, around: Surroundings) -> Problem:
    """https://hl7.org/fhir/R4/extensibility.html#Extension"""
    has_value = any(name.startswith(("value", "_value")) for name in value)
    if has_value and "extension" in value:
        return "invariant", "", "must have a value or extensions, not both"
    if not has_value and "extension" not in value:
        return "invariant", "", "must have a value or extensions"
    return None


RULES: dict[str, Rule] = {
    "Reference": reference_problem,
    "Period": period_problem,
    "Extension": extension_problem,
}
