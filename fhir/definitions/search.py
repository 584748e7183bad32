"""The official search parameters of every R4 type, and the values that they find in a document."""

import re
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import msgspec

from fhir.definitions.elements import FOLDER, elements, types
from fhir.definitions.expressions import RESOURCE, PathMaker

TERM = re.compile(r"([^:!@]*):([\w.]+)(?:@(\w+))?(!)?")
STEP = re.compile(r"(\w+)(?:\[(\d+)\])?(?:\?(\w+)=([\w-]+))?")


@dataclass(frozen=True, slots=True)
class Step:
    """One member name on the way to a value, and which of its items count."""

    name: str
    index: int | None = None
    # Only items whose member `[0]` equals `[1]`.
    where: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """One way from the resource to values of one datatype."""

    names: tuple[str, ...]
    datatype: str
    # Steps are only kept where names alone would not do.
    steps: tuple[Step, ...] | None = None
    # Only references that point at this type: `where(resolve() is Patient)`.
    target: str | None = None
    # The value is whether there is one other than false: Patient.deceased.
    exists: bool = False


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """https://hl7.org/fhir/R4/search.html#ptypes"""

    name: str
    type: str  # token, reference, string, date, uri, quantity, number, composite or special
    paths: tuple[Path, ...]
    # Resource types that a reference parameter may lead to; ("*",) means any.
    target: tuple[str, ...] = ()
    # Of a composite: what stands between its `$`, with paths within its element.
    components: "tuple[SearchParameter, ...]" = ()
    # A component whose paths begin at the resource, and not at the composite's element.
    of_resource: bool = False


@cache
def _parameters() -> dict[str, dict]:
    return msgspec.json.decode((FOLDER / "search.json").read_bytes())


def unsupported_search_parameters() -> dict[str, str]:
    """Official parameters that are left out, as `Type:name`, each with the reason."""
    return dict(_parameters()["unsupported"])


_own: dict[str, dict] = {}
"""Our own SearchParameter resources, by their url."""


def add_search_parameters(definitions: list[dict]) -> None:
    """Make SearchParameter resources of our own known. Called from `AppConfig.ready`."""
    _own.update({definition["url"]: definition for definition in definitions})
    search_parameters.cache_clear()


def own_search_parameters() -> list[dict]:
    """The SearchParameter resources of our own parameters, by their ids."""
    return sorted(_own.values(), key=lambda definition: definition["id"])


@cache
def search_parameters(resource_type: str) -> MappingProxyType[str, SearchParameter]:
    """The parameters of a type by name: its own, ours, and those of every resource (`_id` …).

    Raises KeyError for an unknown type. https://hl7.org/fhir/R4/searchparameter-registry.html
    """
    listed = _parameters()
    declared = listed["Resource"] | listed["DomainResource"] | listed[resource_type]
    if "text" not in elements(resource_type):  # not a domain resource
        declared = listed["Resource"] | listed[resource_type]
    ours = {
        definition["code"]: PathMaker(types()).parameter(definition, resource_type, _own)
        for definition in _own.values()
        if resource_type in definition["base"]
    }
    return MappingProxyType(
        {name: _parameter(name, *each) for name, each in (declared | ours).items()}
    )


def _parameter(
    name: str, kind: str, paths: list[str], target: list[str], components: list[list] = ()
) -> SearchParameter:
    return SearchParameter(
        name,
        kind,
        tuple(_parse_path(path.removeprefix(RESOURCE)) for path in paths),
        tuple(target),
        tuple(_parameter(str(number), *each) for number, each in enumerate(components)),
        of_resource=any(path.startswith(RESOURCE) for path in paths),
    )


def _parse_path(text: str) -> Path:
    names, datatype, target, exists = TERM.fullmatch(text).groups()
    steps = []
    for name, index, where_name, where_value in STEP.findall(names):
        where = (where_name, where_value) if where_name else None
        steps.append(Step(name, int(index) if index else None, where))
    plain = all(step.index is None and step.where is None for step in steps)
    return Path(
        names=tuple(step.name for step in steps),
        datatype=datatype,
        steps=None if plain else tuple(steps),
        target=target,
        exists=bool(exists),
    )


def evaluate(document: dict, parameter: SearchParameter) -> list[tuple[str, Any]]:
    """Every `(datatype, value)` that the parameter finds in the document, in document order.

    Arrays are flattened; the document has passed check_document. A parameter of the kind "exists
    and is not false" always finds one boolean.
    """
    found: list[tuple[str, Any]] = []
    for path in parameter.paths:
        if not path.names:  # the resource itself
            found.append((path.datatype, document))
            continue
        value = document.get(path.names[0])
        if value is None:
            continue
        if path.steps is None:
            values = value if type(value) is list else [value]
            for name in path.names[1:]:
                values = _members(values, name)
        else:
            values = [document]
            for step in path.steps:
                values = _selected(_members(values, step.name), step)
        datatype = path.datatype
        if path.target:
            values = [each for each in values if _points_at(each, path.target)]
        found += [(datatype, each) for each in values if each is not None]
    if parameter.paths and parameter.paths[0].exists:
        return [("boolean", any(value is not False for _, value in found))]
    return found


def _members(parents: list, name: str) -> list:
    found = []
    for parent in parents:
        value = parent.get(name) if type(parent) is dict else None
        if type(value) is list:
            found += value
        elif value is not None:
            found.append(value)
    return found


def _selected(values: list, step: Step) -> list:
    if step.index is not None:
        return values[step.index : step.index + 1]
    if step.where is not None:
        name, wanted = step.where
        return [each for each in values if type(each) is dict and each.get(name) == wanted]
    return values


def _points_at(reference: Any, resource_type: str) -> bool:
    """Without resolving: by the type in the reference's URL, or the one that it states."""
    if type(reference) is not dict:
        return False
    segments = reference.get("reference", "").split("/")
    if "_history" in segments:
        segments = segments[: segments.index("_history")]
    if len(segments) > 1:
        return segments[-2] == resource_type
    return reference.get("type") == resource_type
