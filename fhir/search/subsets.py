"""`_summary` and `_elements`: the part of a resource that is sent.

What is left out is said by a tag, so that no client takes the part for the whole and writes it back.
https://hl7.org/fhir/R4/search.html#summary · https://hl7.org/fhir/R4/search.html#elements
"""

from collections.abc import Callable
from typing import Any

from fhir import definitions, json
from fhir.search.parse import Query

SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
ALWAYS = frozenset({"resourceType", "id", "meta"})


def subset(query: Query) -> Callable[[str, str], str] | None:
    """(resource type, document) → the text to send; None when whole documents are asked for."""
    if query.elements:
        return _of_elements(query.elements)
    cut = {"true": _summary, "text": _text, "data": _data}.get(query.summary)
    return (lambda type_name, document: _tagged(cut, type_name, document)) if cut else None


def _tagged(cut: Callable[[str, dict], dict], type_name: str, text: str) -> str:
    document = cut(type_name, json.loads_stored(text))
    meta = dict(document.get("meta", {}))
    tags = meta.get("tag", [])
    if SUBSETTED not in tags:
        meta["tag"] = [*tags, SUBSETTED]
    return json.dumps({**document, "meta": meta}).decode()


def _chosen(document: dict, kept: Callable[[str], bool]) -> dict:
    """The top-level members that are kept; `_status` goes with `status`."""
    return {
        name: value
        for name, value in document.items()
        if name in ALWAYS or kept(name.removeprefix("_"))
    }


def _mandatory(type_name: str) -> frozenset[str]:
    elements = definitions.elements(type_name)
    return frozenset(name for name, element in elements.items() if element.required)


def _text(type_name: str, document: dict) -> dict:
    kept = _mandatory(type_name) | {"text"}
    return _chosen(document, kept.__contains__)


def _data(type_name: str, document: dict) -> dict:
    return {name: value for name, value in document.items() if name != "text"}


def _summary(type_name: str, document: dict) -> dict:
    kept = {name: value for name, value in document.items() if name in ALWAYS}
    rest = {name: value for name, value in document.items() if name not in ALWAYS}
    return kept | _summarized(type_name, rest)


def _summarized(type_name: str, value: dict) -> dict:
    """Elements of the summary, and mandatory ones, on every level."""
    elements = definitions.elements(type_name)
    kept = {}
    for name, member in value.items():
        element = elements.get(name.removeprefix("_"))
        if element is not None and (element.summary or element.required):
            kept[name] = member if name[0] == "_" else _within(element.datatype, member)
    return kept


def _within(datatype: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_within(datatype, each) for each in value]
    # A resource inside another, as in a Bundle, stays whole.
    if isinstance(value, dict) and "resourceType" not in value:
        return _summarized(datatype, value)
    return value


def _of_elements(names: list[str]) -> Callable[[str, str], str]:
    """`_elements=status,Patient.name`: a name with a type is for resources of that type only.

    Types that nothing is said of are sent whole.
    """

    def cut(type_name: str, document: dict) -> dict:
        wanted = _wanted(names, type_name)
        elements = definitions.elements(type_name)
        mandatory = _mandatory(type_name)

        def kept(name: str) -> bool:
            choice = elements[name].choice if name in elements else None
            return name in wanted or name in mandatory or choice in wanted

        return _chosen(document, kept)

    def text(type_name: str, document: str) -> str:
        return _tagged(cut, type_name, document) if _wanted(names, type_name) else document

    return text


def _wanted(names: list[str], type_name: str) -> frozenset[str]:
    """The top-level elements that are named for a type."""
    wanted = set()
    for name in names:
        first, _, rest = name.partition(".")
        if first == type_name and rest:
            wanted.add(rest.partition(".")[0])
        elif first not in definitions.resource_types():
            wanted.add(first.removesuffix("[x]"))
    return frozenset(wanted)
