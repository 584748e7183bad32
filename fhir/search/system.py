"""Searches over several types: `GET [base]?_type=A,B`, and all that is in a compartment.

https://hl7.org/fhir/R4/http.html#search
"""

from collections.abc import Iterable
from dataclasses import replace

from fhir import definitions, resources
from fhir.actor import Actor
from fhir.errors import InvalidSearch
from fhir.models import ClinicalResource
from fhir.resources import ResourceType
from fhir.scopes import allows, check_scope
from fhir.search.answer import Asked, Plan, Search, part_of, sort_keys
from fhir.search.compartments import Compartment
from fhir.search.includes import check_includes
from fhir.search.parse import Clause, Query, blamed, parse_query
from fhir.search.parts import Part, type_key
from fhir.search.sorting import NEWEST
from fhir.store import stored_types


def search_system(
    query: str | Iterable[tuple[str, str]],
    *,
    actor: Actor,
    base: str,
    strict: bool = False,
    compartment: Compartment | None = None,
) -> bytes:
    """The searchset Bundle for a search over the types of `_type`, or over all; newest first.

    The parameters are those that all the types have. Raises InvalidSearch, and Forbidden for a type
    of `_type` that the scopes of the token leave out.
    """
    parsed = parse_query(query, strict=strict)
    types = _types(parsed, actor, compartment)
    clauses = _common(parsed, types, strict=strict)
    check_includes(parsed.includes)
    if parsed.named:
        raise InvalidSearch("_query: queries have a type.", expression=blamed("_query"))
    asked = Asked(parsed, clauses, actor, base)
    parts = [_part(each, asked, compartment) for each in with_rows(types)]
    _check_alike(parts)
    return Search(Plan(parts), asked, f"{compartment.path}/*" if compartment else "").bundle()


def _types(query: Query, actor: Actor, compartment: Compartment | None) -> list[ResourceType]:
    names = set(query.types)
    if names - definitions.resource_types():
        raise InvalidSearch("_type names a type that R4 does not have.", expression=blamed("_type"))
    for name in sorted(names):
        check_scope(actor, name, "s")
    if not names:
        names = {name for name in definitions.resource_types() if allows(actor, name, "s")}
    if compartment:
        names &= compartment.types
    return [resources.get(name) for name in sorted(names)]


def _common(query: Query, types: list[ResourceType], *, strict: bool) -> list[Clause]:
    """The clauses that are used. What only some of the types know is refused even when lenient:
    left out, it would let the answer hold what was not asked for.
    """
    used = []
    for clause in query.clauses:
        knowing = sum(each.search().knows(clause) for each in types)
        if knowing == len(types):
            used.append(clause)
        elif knowing or strict:
            raise InvalidSearch(
                f"{clause.key} is no search parameter of all the types.",
                expression=blamed(clause.key),
            )
    return used


def _part(resource_type: ResourceType, asked: Asked, compartment: Compartment | None) -> Part:
    # A type's own order, such as by urgency, is none of the others'.
    keys = sort_keys(resource_type.search(), asked.query.sort) or [NEWEST]
    part = part_of(resource_type, asked, keys, compartment)
    return replace(part, keys=[*part.keys, type_key(resource_type)])


def _check_alike(parts: list[Part]) -> None:
    """One order over several types needs keys of one kind."""
    for keys in zip(*(part.keys for part in parts), strict=True):
        if len({(type(key.field), key.descending, key.nullable) for key in keys}) > 1:
            raise InvalidSearch(
                "_sort: these types do not have this parameter alike.", expression=blamed("_sort")
            )


def with_rows(types: list[ResourceType]) -> list[ResourceType]:
    """Without the types that nothing is stored of: most of R4's."""
    if not any(each.model is ClinicalResource for each in types):
        return types
    present = stored_types(ClinicalResource)
    return [each for each in types if each.model is not ClinicalResource or each.name in present]
