"""A document as FHIRPath sees it: a primitive is one node with its value, its id and extensions.

JSON has them apart, `birthDate` and `_birthDate`, and for a list in two lists that must stay
beside each other. https://hl7.org/fhir/R4/json.html#primitive
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Missing(Enum):
    """A value that is not in the JSON, which null is."""

    ABSENT = "absent"


ABSENT = Missing.ABSENT


@dataclass(slots=True)
class Primitive:
    """`extras` are the members beside the value: `id` and `extension`."""

    value: Any
    extras: dict = field(default_factory=dict)


Tree = dict[str, Any]
"""Element name → a Primitive, a Tree, or a list of these."""


def fold(document: dict) -> Tree:
    """The nodes of a valid document, which share nothing with it that can change."""
    tree: Tree = {}
    for name, child in document.items():
        if not name.startswith("_"):
            tree[name] = _folded(child, document.get(f"_{name}"))
        elif name[1:] not in document:
            tree[name[1:]] = _folded(ABSENT, child)
    return tree


def _folded(child: Any, extras: Any) -> Any:
    if type(child) is list:
        return [_item(*pair) for pair in zip(child, extras or [None] * len(child), strict=True)]
    if type(extras) is list:
        return [_item(child, each) for each in extras]
    return _item(child, extras)


def _item(child: Any, extras: dict | None) -> Any:
    return fold(child) if type(child) is dict else Primitive(child, fold(extras or {}))


def unfold(tree: Tree) -> dict:
    """The document again."""
    document: dict[str, Any] = {}
    for name, child in tree.items():
        items = child if type(child) is list else [child]
        values = [each.value if type(each) is Primitive else unfold(each) for each in items]
        extras = [unfold(each.extras) if type(each) is Primitive else {} for each in items]
        if any(value is not ABSENT for value in values):
            values = [None if value is ABSENT else value for value in values]
            document[name] = values if type(child) is list else values[0]
        if any(extras):
            beside = [each or None for each in extras]
            document[f"_{name}"] = beside if type(child) is list else beside[0]
    return document


def is_empty(node: Any) -> bool:
    """Nothing but an id: https://hl7.org/fhir/R4/element.html#Element (ele-1)"""
    if type(node) is Primitive:
        return node.value in (ABSENT, None) and is_empty(node.extras)
    return not node.keys() - {"id"}
