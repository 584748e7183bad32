"""FHIRPath Patch: the operations of a Parameters resource, as R4 defines them and no more.

https://hl7.org/fhir/R4/fhirpatch.html
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fhir import json
from fhir.definitions import Element, contains_elements, elements
from fhir.errors import InvalidResource, MalformedRequest, TooLarge
from fhir.patching.fhirpath import (
    InvalidPath,
    Member,
    Node,
    UnsupportedPath,
    Walker,
    declared,
    items,
    parse_path,
)
from fhir.patching.json_patch import MAX_OPERATIONS, PatchFailed, check_identity
from fhir.patching.nodes import ABSENT, Primitive, Tree, fold, is_empty, unfold
from fhir.validation import check_document

TEXT = {"canonical", "code", "id", "markdown", "oid", "string", "uri", "url", "uuid", "xhtml"}
WHOLE = {"integer", "positiveInt", "unsignedInt"}
DAY = {"date", "dateTime", "instant"}
FITTING = {name: group for group in (TEXT, WHOLE, DAY) for name in group}
FITTING["decimal"] = {"decimal"} | WHOLE
"""Datatype of an element → the primitives that may be given for it: FHIRPath has one type for each
group, and converts whole numbers to decimals. What the values may be is for validation to say."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, with its parts by name: `expression` is where it stands in the patch."""

    type: str
    parts: dict[str, dict]
    expression: str

    @property
    def path(self) -> str:
        return self.parts["path"]["valueString"]

    def whole(self, name: str) -> int:
        return self.parts[name]["valueInteger"]

    def failed(self, reason: str) -> PatchFailed:
        return PatchFailed(f"This {self.type} does not fit: {reason}.", expression=self.expression)


def apply_fhirpath_patch(document: dict, parameters: Any, *, resource_type: str) -> dict:
    """The document after the operations; neither argument is changed, and it is all or nothing.

    Raises MalformedRequest for what is no FHIRPath Patch, PatchFailed for an operation that does
    not fit the document or changes what the resource is, TooLarge for too many operations or too
    large a result, and TooCostly for paths that lead to too much. The result is not validated.
    """
    operations = _read(parameters)
    root = Node(fold(document), resource_type)
    walker = Walker(root)
    for operation in operations:
        try:
            APPLIED[operation.type][1](operation, walker)
        except UnsupportedPath as error:
            raise operation.failed(f"the path is not followed, {error}") from error
        except InvalidPath as error:
            raise MalformedRequest(
                f"The path is no FHIRPath: {error}.", expression=operation.expression
            ) from error
    try:
        patched = unfold(root.tree)
        check_identity(document, patched, resource_type)
        return json.loads(json.dumps(patched))  # the limits of any body
    except RecursionError as error:
        raise TooLarge("The patched resource would be nested too deeply.") from error


def intended(parameters: Any, resource_type: str) -> list[dict]:
    """What the operations write, as a JSON Patch would say it: `{"path": "/owner", "value": …}`.

    It is for whoever judges a patch without the document that it is for. Raises MalformedRequest
    for what is no FHIRPath Patch.
    """
    found = []
    for operation in _read(parameters):
        try:
            path = parse_path(operation.path, resource_type)
        except InvalidPath:
            continue
        names = [step.name for step in path if isinstance(step, Member)]
        if "name" in operation.parts:
            names.append(operation.parts["name"]["valueString"])
        value = next(
            (
                value
                for member, value in operation.parts.get("value", {}).items()
                if member.startswith("value")
            ),
            None,
        )
        found.append({"path": "".join(f"/{name}" for name in names), "value": value})
    return found


def _read(parameters: Any) -> list[Operation]:
    """The operations of a valid Parameters resource, each with the parts that its type needs."""
    try:
        check_document(parameters, "Parameters")
    except InvalidResource as error:
        raise MalformedRequest(issues=error.issues) from error
    given = parameters.get("parameter", [])
    if len(given) > MAX_OPERATIONS:
        raise TooLarge(f"A patch has at most {MAX_OPERATIONS} operations.")
    return [_operation(each, index) for index, each in enumerate(given)]


FORMS = {
    "type": "valueCode",
    "path": "valueString",
    "name": "valueString",
    "index": "valueInteger",
    "source": "valueInteger",
    "destination": "valueInteger",
}
"""What a part must be given as; `value` may be anything."""


def _operation(parameter: dict, index: int) -> Operation:
    expression = f"Parameters.parameter[{index}]"

    def malformed(reason: str) -> MalformedRequest:
        return MalformedRequest(reason, expression=expression)

    if parameter["name"] != "operation":
        raise malformed("Each parameter of a FHIRPath Patch is called operation.")
    parts = {part["name"]: part for part in parameter.get("part", [])}
    if len(parts) < len(parameter.get("part", [])):
        raise malformed("An operation has no part twice.")
    for name, form in FORMS.items():
        if name in parts and form not in parts[name]:
            raise malformed(f"The {name} of an operation is a {form}.")
    type_name = parts["type"]["valueCode"] if "type" in parts else ""
    if type_name not in APPLIED:
        raise malformed(f"The type of an operation is one of {', '.join(APPLIED)}.")
    needed = {"type", "path", *APPLIED[type_name][0]}
    if parts.keys() != needed:
        raise malformed(f"The parts of {type_name} are {', '.join(sorted(needed))}.")
    if "value" in parts and not (parts["value"].keys() - {"id", "extension", "name"}):
        raise malformed("The value of an operation is missing.")
    return Operation(type_name, parts, expression)


# --- the five operations --------------------------------------------------------------------------


def _add(operation: Operation, walker: Walker) -> None:
    target = _one(operation, walker)
    name = operation.parts["name"]["valueString"]
    _put_into(operation, target.tree, target.type_name, name, operation.parts["value"])


def _insert(operation: Operation, walker: Walker) -> None:
    parent, name, siblings = _list(operation, walker)
    index = operation.whole("index")
    if not 0 <= index <= len(siblings):
        raise operation.failed(f"the index must be from 0 to {len(siblings)}")
    element, value = _built(operation, parent.type_name, name, operation.parts["value"])
    parent.tree[element.name] = [*siblings[:index], value, *siblings[index:]]


def _delete(operation: Operation, walker: Walker) -> None:
    nodes = walker.select(parse_path(operation.path, walker.root.type_name)).nodes
    if len(nodes) > 1:
        raise operation.failed("the path leads to several elements, and one can be deleted")
    if nodes:
        _remove(operation, nodes[0])


def _replace(operation: Operation, walker: Walker) -> None:
    node = _one(operation, walker)
    if node.parent is None:
        raise operation.failed("a resource cannot be replaced by a patch")
    element, value = _built(operation, node.parent.type_name, node.name, operation.parts["value"])
    tree = node.parent.tree
    if type(tree[node.member]) is list:
        siblings = tree[node.member]
        siblings[_place(siblings, node)] = value
    else:
        del tree[node.member]  # a choice may become another member
        tree[element.name] = value


def _move(operation: Operation, walker: Walker) -> None:
    _, _, siblings = _list(operation, walker)
    source, destination = operation.whole("source"), operation.whole("destination")
    for index in (source, destination):
        if not 0 <= index < len(siblings):
            raise operation.failed(f"source and destination must be below {len(siblings)}")
    siblings.insert(destination, siblings.pop(source))


Apply = Callable[[Operation, Walker], None]
APPLIED: dict[str, tuple[tuple[str, ...], Apply]] = {
    "add": (("name", "value"), _add),
    "insert": (("index", "value"), _insert),
    "delete": ((), _delete),
    "replace": (("value",), _replace),
    "move": (("source", "destination"), _move),
}
"""Type of an operation → the parts that it has besides, and what it does."""


def _one(operation: Operation, walker: Walker) -> Node:
    """The one element that the path leads to."""
    nodes = walker.select(parse_path(operation.path, walker.root.type_name)).nodes
    if len(nodes) != 1:
        found = "several elements" if nodes else "nothing"
        raise operation.failed(f"the path leads to {found}, and must lead to one element")
    return nodes[0]


def _list(operation: Operation, walker: Walker) -> tuple[Node, str, list]:
    """(the element around it, its name, the items) of the list that the path leads to."""
    *before, last = parse_path(operation.path, walker.root.type_name) or [None]
    if not isinstance(last, Member):
        raise operation.failed("the path must end with the name of a list")
    parents = walker.select(tuple(before)).nodes
    if len(parents) != 1:
        found = "several elements" if parents else "nothing"
        raise operation.failed(f"what should hold the list is {found}")
    parent = parents[0]
    elements_of_name = declared(parent.type_name).get(last.name)
    if not elements_of_name or not elements_of_name[0].repeating:
        raise operation.failed("the path must end with the name of a list")
    return parent, last.name, items(parent.tree, last.name)


def _place(siblings: list, node: Node) -> int:
    return next(index for index, each in enumerate(siblings) if each is node.value)


def _remove(operation: Operation, node: Node) -> None:
    """Take it out, and what is empty without it: FHIR has no empty elements."""
    if node.parent is None:
        raise operation.failed("a resource cannot be deleted by a patch")
    tree = node.parent.tree
    if type(tree[node.member]) is list:
        del tree[node.member][_place(tree[node.member], node)]
        if not tree[node.member]:
            del tree[node.member]
    else:
        del tree[node.member]
    if is_empty(node.parent.value) and node.parent.parent is not None:
        _remove(operation, node.parent)


# --- values ---------------------------------------------------------------------------------------


def _put_into(operation: Operation, tree: Tree, type_name: str, name: str, part: dict) -> None:
    """Append to a list; an element that does not repeat must not be there yet."""
    element, value = _built(operation, type_name, name, part)
    if element.repeating:
        tree[element.name] = [*items(tree, element.name), value]
        return
    if any(each.name in tree for each in declared(type_name)[name]):
        raise operation.failed(f"there is a {name} already, and it does not repeat")
    tree[element.name] = value


def _built(
    operation: Operation, type_name: str, name: str, part: dict
) -> tuple[Element, Tree | Primitive]:
    """The element of the type that takes the part's value, and the value as a node."""
    candidates = declared(type_name).get(name)
    if candidates is None:
        raise operation.failed("it names an element that there is not")
    for element in candidates:
        value = _value(operation, element, part)
        if value is not None:
            return element, value
    raise operation.failed("the value is of another type than the element")


def _value(operation: Operation, element: Element, part: dict) -> Tree | Primitive | None:
    """The value as a node, or None when it is not of the element's type."""
    if "resource" in part:
        return fold(part["resource"]) if element.datatype == "Resource" else None
    if "part" in part:
        return _anonymous(operation, element, part["part"])
    for member, given in elements("Parameters.parameter").items():
        if given.choice == "value" and (member in part or f"_{member}" in part):
            if not _fits(given.datatype, element):
                return None
            if contains_elements(element.datatype):
                return fold(part[member])
            return Primitive(part.get(member, ABSENT), fold(part.get(f"_{member}", {})))
    return None


def _anonymous(operation: Operation, element: Element, parts: list[dict]) -> Tree | None:
    """A complex value given child by child: https://hl7.org/fhir/R4/fhirpatch.html#anonymous"""
    if element.choice or element.datatype == "Resource" or not contains_elements(element.datatype):
        return None
    tree: Tree = {}
    for part in parts:
        _put_into(operation, tree, element.datatype, part["name"], part)
    return tree


def _fits(datatype: str, element: Element) -> bool:
    if element.choice:
        return datatype == element.datatype
    return datatype in FITTING.get(element.datatype, {element.datatype})
