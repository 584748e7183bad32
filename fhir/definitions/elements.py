"""The elements of every R4 type: datatype, cardinality, bound codes, targets of references."""

from collections.abc import Iterable
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
    # The name of the bound value set, when it is one of codes.json.
    value_set: str | None = None
    # The same codes in the official order, for messages.
    code_list: tuple[str, ...] = ()
    # Resource types that a Reference may point at; empty means any.
    targets: frozenset[str] = frozenset()
    # Whether `_summary=true` keeps it: https://hl7.org/fhir/R4/search.html#summary
    summary: bool = False


@cache
def types() -> dict[str, dict]:
    """elements.json as it is."""
    return msgspec.json.decode((FOLDER / "elements.json").read_bytes())


@cache
def _codes() -> dict[str, dict[str, list[str]]]:
    return msgspec.json.decode((FOLDER / "codes.json").read_bytes())


def codes_by_system(value_set: str) -> dict[str, list[str]] | None:
    """The codes of an official value set ("task-status"), by their system; None when not kept."""
    return _codes().get(value_set)


@cache
def resource_types() -> frozenset[str]:
    """The names of the R4 resource types, without the abstract two.

    https://hl7.org/fhir/R4/resourcelist.html
    """
    return frozenset(
        name
        for name, definition in types().items()
        if definition["kind"] == "resource" and not definition.get("abstract")
    )


def contains_elements(type_name: str) -> bool:
    """Is this a complex type, and not a primitive such as `dateTime`?"""
    return type_name in types()


@cache
def elements(type_name: str) -> MappingProxyType[str, Element]:
    """The elements of a resource type, datatype or nested element, by JSON name, inherited first.

    Raises KeyError for a name that R4 does not have. https://hl7.org/fhir/R4/json.html
    """
    definition = types()[type_name]
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
    by_system = _codes()[bound[0]] if bound else {}
    codes = tuple(dict.fromkeys(code for listed in by_system.values() for code in listed))
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
                value_set=bound[0] if bound else None,
                targets=frozenset(targets.split(",")) if targets else frozenset(),
                summary=summary,
            )
        )
    return found


@cache
def all_choices() -> dict[str, tuple[str, ...]]:
    """For the stem of every choice of R4, the JSON names that it may have: value → valueString, …"""
    found: dict[str, dict[str, None]] = {}
    for definition in types().values():
        for key, declared in definition["elements"].items():
            if key.endswith("[x]"):
                names = found.setdefault(key.removesuffix("[x]"), {})
                names.update((element.name, None) for element in _declared(key, declared))
    return {stem: tuple(names) for stem, names in found.items()}


def is_repeating(resource_type: str, element: str) -> bool:
    """Is `element` a top-level element of the type whose value is a JSON array?"""
    declared = elements(resource_type).get(element)
    return declared is not None and declared.repeating


def element_at(resource_type: str, names: Iterable[str]) -> Element | None:
    """The element at the end of a path of JSON names, or None when there is none."""
    type_name, element = resource_type, None
    for name in names:
        if not contains_elements(type_name):
            return None
        element = elements(type_name).get(name)
        if element is None:
            return None
        type_name = element.datatype
    return element


def reference_targets(resource_type: str, path: str) -> frozenset[str]:
    """The types that the References at a dotted path may point at; empty when any or unknown."""
    element = element_at(resource_type, path.split("."))
    return element.targets if element else frozenset()
