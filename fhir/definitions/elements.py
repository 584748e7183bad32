"""The elements of every R4 type: datatype, cardinality, bound codes, targets of references."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import msgspec

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Element:
    """One JSON member of a type. A choice `value[x]` is one Element for each of its datatypes."""

    name: str
    datatype: str
    required: bool = False
    repeating: bool = False
    # The stem of a choice ("value" of valueString): at most one member of it may be there.
    choice: str | None = None
    codes: frozenset[str] | None = None
    # The same codes in the official order, for messages.
    code_list: tuple[str, ...] = ()
    # Resource types that a Reference may point at; empty means any.
    targets: frozenset[str] = frozenset()
    # Whether `_summary=true` keeps it: https://hl7.org/fhir/R4/search.html#summary
    summary: bool = False


@cache
def _types() -> dict[str, dict]:
    return msgspec.json.decode((FOLDER / "elements.json").read_bytes())


@cache
def _codes() -> dict[str, list[str]]:
    return msgspec.json.decode((FOLDER / "codes.json").read_bytes())


@cache
def resource_types() -> frozenset[str]:
    """The names of the R4 resource types, without the abstract two.

    https://hl7.org/fhir/R4/resourcelist.html
    """
    return frozenset(
        name
        for name, definition in _types().items()
        if definition["kind"] == "resource" and not definition.get("abstract")
    )


def contains_elements(type_name: str) -> bool:
    """Is this a complex type, and not a primitive such as `dateTime`?"""
    return type_name in _types()


@cache
def elements(type_name: str) -> MappingProxyType[str, Element]:
    """The elements of a resource type, datatype or nested element, by JSON name, inherited first.

    Raises KeyError for a name that R4 does not have. https://hl7.org/fhir/R4/json.html
    """
    definition = _types()[type_name]
    found = dict(elements(definition["base"])) if definition["base"] else {}
    for key, declared in definition["elements"].items():
        for element in _declared(key, declared):
            found[element.name] = element
    return MappingProxyType(found)


def _declared(key: str, declared: str) -> list[Element]:
    cardinality, datatypes, *bound = declared.split(" ")
    summary = cardinality.endswith("Σ")
    cardinality = cardinality.removesuffix("Σ")
    least, _, most = cardinality.partition("..")
    codes = tuple(_codes()[bound[0]]) if bound else ()
    stem = key.removesuffix("[x]")
    found = []
    for each in datatypes.split("|"):
        datatype, _, targets = each.rstrip(")").partition("(")
        found.append(
            Element(
                name=stem + datatype[0].upper() + datatype[1:] if key != stem else key,
                datatype=datatype,
                required=least != "0",
                repeating=most != "1",
                choice=stem if key != stem else None,
                codes=frozenset(codes) or None,
                code_list=codes,
                targets=frozenset(targets.split(",")) if targets else frozenset(),
                summary=summary,
            )
        )
    return found


def is_repeating(resource_type: str, element: str) -> bool:
    """Is `element` a top-level element of the type whose value is a JSON array?"""
    declared = elements(resource_type).get(element)
    return declared is not None and declared.repeating


def reference_targets(resource_type: str, path: str) -> frozenset[str]:
    """The types that the References at a dotted path may point at; empty when any or unknown."""
    type_name, element = resource_type, None
    for name in path.split("."):
        if not contains_elements(type_name):
            return frozenset()
        element = elements(type_name).get(name)
        if element is None:
            return frozenset()
        type_name = element.datatype
    return element.targets if element else frozenset()
