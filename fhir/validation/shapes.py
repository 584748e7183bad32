"""The definitions compiled for walking: per type, what its members are and what holds between them.

https://hl7.org/fhir/R4/json.html
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, auto
from functools import cache
from typing import Any, NamedTuple

from fhir.definitions import Element, contains_elements, elements, invariants
from fhir.validation.invariants import compile_invariant
from fhir.validation.primitives import CHECKS, Check, bound_code
from fhir.validation.rules import RULES, Rule


class Kind(IntEnum):
    PRIMITIVE = auto()
    PRIMITIVES = auto()
    OBJECT = auto()
    OBJECTS = auto()
    RESOURCE = auto()
    RESOURCES = auto()
    SIBLING = auto()  # `_birthDate`: id and extensions of a primitive
    SIBLINGS = auto()  # `_given`: the same for a list of primitives
    TYPE = auto()  # `resourceType`


class Member(NamedTuple):
    kind: Kind
    element: Element | None
    check: Check | None = None
    type_name: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """`value[x]`: at most one of these members (or its `_` sibling), one where it is required."""

    label: str
    names: frozenset[str]
    required: bool


class Condition(NamedTuple):
    """One invariant: `holds(element, the resource around it)`."""

    sentence: str
    holds: Callable[[Any, dict], bool]


@dataclass(frozen=True, slots=True)
class Shape:
    name: str
    members: dict[str, Member]
    required: tuple[str, ...]
    choices: tuple[Choice, ...]
    rule: Rule | None
    conditions: tuple[Condition, ...]


def _names_of_choice(group: list[Element]) -> frozenset[str]:
    return frozenset(f"{prefix}{each.name}" for each in group for prefix in ("", "_"))


@cache
def shape_of(type_name: str) -> Shape:
    """Compiled at first use: a deployment only ever meets some of the 146 types."""
    declared = elements(type_name)
    members: dict[str, Member] = {}
    if "implicitRules" in declared:
        members["resourceType"] = Member(Kind.TYPE, None)
    for name, element in declared.items():
        if element.datatype == "Resource":
            kind = Kind.RESOURCES if element.repeating else Kind.RESOURCE
            members[name] = Member(kind, element)
        elif contains_elements(element.datatype):
            kind = Kind.OBJECTS if element.repeating else Kind.OBJECT
            members[name] = Member(kind, element, None, element.datatype)
        else:
            kind = Kind.PRIMITIVES if element.repeating else Kind.PRIMITIVE
            check = CHECKS[element.datatype]
            if element.codes:
                check = bound_code(element.codes, element.code_list)
            members[name] = Member(kind, element, check)
            kind = Kind.SIBLINGS if element.repeating else Kind.SIBLING
            members[f"_{name}"] = Member(kind, element, None, "Element")
    stems: dict[str, list[Element]] = {}
    for element in declared.values():
        if element.choice:
            stems.setdefault(element.choice, []).append(element)
    return Shape(
        name=type_name,
        members=members,
        required=tuple(
            each.name for each in declared.values() if each.required and not each.choice
        ),
        choices=tuple(
            Choice(stem, _names_of_choice(group), group[0].required)
            for stem, group in stems.items()
        ),
        rule=RULES.get(type_name),
        conditions=tuple(
            Condition(f"{human.rstrip('. ')} ({key})", compile_invariant(expression))
            for key, human, expression in invariants(type_name)
        ),
    )
