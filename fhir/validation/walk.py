"""The walk over a document, beside the shapes of its types. It collects issues as it goes."""

from collections.abc import Iterator
from typing import Any

from fhir.definitions import Element, resource_types
from fhir.errors import Issue
from fhir.validation.rules import Surroundings
from fhir.validation.shapes import Kind, Member, Shape, shape_of

MAX_ISSUES = 100
MAX_DEPTH = 64

# The way to an object: the object around it, the member's name, the index in a list, the depth.
# A path is only written out for an issue.
Place = tuple[Any, str, int | None, int]

PRIMITIVE, PRIMITIVES = Kind.PRIMITIVE, Kind.PRIMITIVES
OBJECT, OBJECTS = Kind.OBJECT, Kind.OBJECTS


class _Enough(Exception):
    pass


def path(place: Place | None) -> str:
    """https://hl7.org/fhir/R4/fhirpath.html"""
    parts = []
    while place is not None:
        place, name, index, _ = place
        parts.append(name if index is None else f"{name}[{index}]")
    return ".".join(reversed(parts))


def _local_references(value: Any) -> Iterator[str]:
    """Every text that begins with `#`: in a Reference, a canonical, a uri."""
    if type(value) is str:
        if value[:1] == "#":
            yield value
    elif type(value) is dict or type(value) is list:
        for child in value.values() if type(value) is dict else value:
            yield from _local_references(child)


class Walk:
    """One document's walk."""

    def __init__(self):
        self.issues: list[Issue] = []
        self.around = Surroundings({}, {})

    def resource(self, document: dict, resource_type: str) -> list[Issue]:
        """The issues of a whole document."""
        entries_are_requests = document.get("type") in ("transaction", "batch")
        if entries_are_requests and "entry" in shape_of(resource_type).members:
            self.around = Surroundings({}, {}, conditional_references=True)
        try:
            self._resource(document, resource_type, (None, resource_type, None, 0))
        except _Enough:
            pass
        return self.issues

    def _resource(self, document: dict, resource_type: str, place: Place) -> None:
        outer = self.around
        contained = document.get("contained")
        inner = {"": resource_type}
        if type(contained) is list:
            for each in contained:
                if type(each) is dict and type(each.get("id")) is str:
                    inner[each["id"]] = each.get("resourceType")
        self.around = Surroundings(document, inner, outer.conditional_references)
        issues_before = len(self.issues)
        self._object(document, shape_of(resource_type), None, place)
        if contained and len(self.issues) == issues_before:
            self._unused(document, place)
        self.around = outer

    def _object(self, value: dict, shape: Shape, element: Element | None, place: Place) -> None:
        """The hot loop: what is usual is decided here, what is wrong or rare elsewhere."""
        issues_before = len(self.issues)
        get_member = shape.members.get
        depth = place[3] + 1
        for name, child in value.items():
            member = get_member(name)
            if member is None:
                self._unknown(name, shape, place)
                continue
            kind = member[0]
            if kind is PRIMITIVE:
                problem = member[2](child)
                if problem is not None:
                    self._primitive_issue(problem, child, member, (place, name, None, 0))
            elif kind is OBJECT:
                here = (place, name, None, depth)
                if type(child) is dict and len(child) > 1 and depth < MAX_DEPTH:
                    self._object(child, shape_of(member[3]), member[1], here)
                else:
                    self._nested(child, member, here)
            elif kind is OBJECTS:
                if type(child) is not list or not child:
                    self._list_issue(child, (place, name, None, 0))
                    continue
                for index, item in enumerate(child):
                    here = (place, name, index, depth)
                    if type(item) is dict and len(item) > 1 and depth < MAX_DEPTH:
                        self._object(item, shape_of(member[3]), member[1], here)
                    else:
                        self._nested(item, member, here)
            elif kind is PRIMITIVES:
                self._primitives(name, child, value, member, place)
            else:
                self._rare(kind, name, child, value, member, place)
        for name in shape.required:
            if name not in value and f"_{name}" not in value:
                self._report((place, name, None, 0), "is required", "required")
        if shape.choices:
            self._choices(value, shape, place)
        # What holds between elements may rely on them, so it waits until they are right.
        if len(self.issues) != issues_before:
            return
        if shape.rule is not None:
            problem = shape.rule(value, element, self.around)
            if problem is not None:
                code, name, sentence = problem
                self._report((place, name, None, 0) if name else place, sentence, code)
        for condition in shape.conditions:
            if not condition.holds(value, self.around.resource):
                self._report(place, condition.sentence, "invariant", separator=": ")

    def _nested(self, value: Any, member: Member, place: Place) -> None:
        if type(value) is not dict:
            one = "takes one value, not a list" if type(value) is list else "must be an object"
            self._report(place, one, "structure")
        elif not value or (len(value) == 1 and "id" in value):
            self._report(place, "must not be empty", "structure")
        elif place[3] > MAX_DEPTH:
            self._report(place, f"is nested deeper than {MAX_DEPTH} levels", "too-long")
        else:
            self._object(value, shape_of(member[3]), member[1], place)

    def _primitives(
        self, name: str, values: Any, around: dict, member: Member, place: Place
    ) -> None:
        if type(values) is not list or not values:
            self._list_issue(values, (place, name, None, 0))
            return
        for index, item in enumerate(values):
            problem = member[2](item)
            if problem is None:
                continue
            if item is None:
                siblings = around.get(f"_{name}")
                if type(siblings) is list and index < len(siblings) and siblings[index]:
                    continue  # a value that is only an extension
            self._primitive_issue(problem, item, member, (place, name, index, 0))

    def _rare(
        self, kind: Kind, name: str, child: Any, around: dict, member: Member, place: Place
    ) -> None:
        if kind is Kind.TYPE:
            return
        if kind is Kind.SIBLING:
            here = (place, name[1:], None, place[3] + 1)
            self._sibling(child, around.get(name[1:]), member, here)
        elif kind is Kind.SIBLINGS:
            self._siblings(name, child, around.get(name[1:]), member, place)
        elif kind is Kind.RESOURCE:
            self._inner_resource(child, (place, name, None, place[3] + 1))
        elif type(child) is not list or not child:
            self._list_issue(child, (place, name, None, 0))
        elif name == "contained":
            self._contained(child, place)
        else:
            for index, item in enumerate(child):
                self._inner_resource(item, (place, name, index, place[3] + 1))

    def _siblings(self, name: str, child: Any, values: Any, member: Member, place: Place) -> None:
        here = (place, name[1:], None, 0)
        if type(child) is not list or not child:
            self._list_issue(child, here)
            return
        if type(values) is list and len(values) != len(child):
            self._report(here, f"and {name} must be lists of the same length", "structure")
            return
        for index, item in enumerate(child):
            if item is not None:
                value = values[index] if type(values) is list else None
                self._sibling(item, value, member, (place, name[1:], index, place[3] + 1))
            elif type(values) is not list:
                self._report((*here[:2], index, 0), "must not be null", "structure")

    def _sibling(self, item: Any, value: Any, member: Member, place: Place) -> None:
        if value is not None and type(item) is dict and len(item) == 1:
            self._object(
                item, shape_of(member[3]), member[1], place
            )  # beside a value, an id will do
        else:
            self._nested(item, member, place)

    def _inner_resource(self, value: Any, place: Place) -> None:
        resource_type = self._type_of(value, place)
        if resource_type is not None:
            self._resource(value, resource_type, place)

    def _contained(self, resources: list, place: Place) -> None:
        """https://hl7.org/fhir/R4/references.html#contained"""
        outer = self.around
        seen = set()
        for index, value in enumerate(resources):
            here = (place, "contained", index, place[3] + 1)
            resource_type = self._type_of(value, here)
            if resource_type is None:
                continue
            if "contained" in value:
                self._report(
                    (here, "contained", None, 0),
                    "must not be there: contained resources contain none (dom-2)",
                    "invariant",
                )
                continue
            id = value.get("id")
            if id is None:
                self._report((here, "id", None, 0), "is required", "required")
            elif type(id) is str and id in seen:
                self._report((here, "id", None, 0), "must be unique in the resource", "invariant")
            elif type(id) is str:
                seen.add(id)
            meta = value.get("meta")
            for name in ("versionId", "lastUpdated", "security"):
                if type(meta) is dict and name in meta:
                    self._report(
                        ((here, "meta", None, 0), name, None, 0),
                        "must not be there: the resource around it has it (dom-4, dom-5)",
                        "invariant",
                    )
            self.around = Surroundings(value, outer.contained, outer.conditional_references)
            self._object(value, shape_of(resource_type), None, here)
        self.around = outer

    def _unused(self, document: dict, place: Place) -> None:
        """Each contained resource is referred to, or refers to the resource around it."""
        used = set(_local_references(document))
        for index, value in enumerate(document["contained"]):
            if f"#{value['id']}" not in used and "#" not in _local_references(value):
                self._report(
                    (place, "contained", index, 0),
                    "must be referred to from the resource around it (dom-3)",
                    "invariant",
                )

    def _type_of(self, value: Any, place: Place) -> str | None:
        if type(value) is not dict:
            self._report(place, "must be a resource", "structure")
        elif place[3] > MAX_DEPTH:
            self._report(place, f"is nested deeper than {MAX_DEPTH} levels", "too-long")
        else:
            found = value.get("resourceType")
            if type(found) is str and found in resource_types():
                return found
            self._report(place, "must have a resourceType of FHIR R4", "structure")
        return None

    def _choices(self, value: dict, shape: Shape, place: Place) -> None:
        for choice in shape.choices:
            present = value.keys() & choice.names
            if len(present) == 1:
                continue
            present = {name.lstrip("_") for name in present}
            if len(present) > 1:
                names = " and ".join(sorted(present))
                self._report((place, choice.label, None, 0), f"has {names}: one is allowed")
            elif not present and choice.required:
                self._report((place, choice.label, None, 0), "is required", "required")

    def _unknown(self, name: str, shape: Shape, place: Place) -> None:
        if len(name) <= 40 and name.isascii() and name.isidentifier():
            here = (place, name, None, 0)
            self._report(here, f"is not an element of {shape.name}", "structure")
        else:
            self._report(place, "has a member that FHIR does not have", "structure")

    def _list_issue(self, value: Any, place: Place) -> None:
        said = "must not be empty" if value == [] else "must be a list"
        self._report(place, said, "structure")

    def _primitive_issue(self, problem: str, value: Any, member: Member, place: Place) -> None:
        if value is None:
            self._report(place, "must not be null", "structure")
        elif type(value) is list:
            self._report(place, "takes one value, not a list", "structure")
        elif type(value) is dict:
            self._report(place, "must be a value, not an object", "structure")
        elif member.element.codes and type(value) is str:
            self._report(place, problem, "code-invalid", separator=": ")
        else:
            self._report(place, problem, "value")

    def _report(
        self, place: Place, sentence: str, code: str = "structure", separator: str = " "
    ) -> None:
        expression = path(place)
        self.issues.append(Issue(f"{expression}{separator}{sentence}.", code, "error", expression))
        if len(self.issues) >= MAX_ISSUES:
            raise _Enough
