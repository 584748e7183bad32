"""`_include` and `_revinclude`: what matches point at, and what points at them.

Everything passes through `readable_by` of its type, and nothing comes twice, so cycles end.
https://hl7.org/fhir/R4/search.html#revinclude
"""

from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Q

from fhir import definitions, resources
from fhir.actor import Actor
from fhir.errors import InvalidSearch
from fhir.search.chains import fetch, rows_of
from fhir.search.filters import ReferenceFilter, any_of
from fhir.search.parse import Include

MAX_INCLUDED = 1_000
MAX_ROUNDS = 100
"""How far `:iterate` goes from the matches."""


class Found(NamedTuple):
    """A resource of the answer. `links` are the columns that its references are read from."""

    resource_type: str
    resource_id: str
    document: str
    links: tuple = ()

    @property
    def reference(self) -> str:
        return f"{self.resource_type}/{self.resource_id}"


def link_columns(resource_type: str, includes: Iterable[Include]) -> tuple[str, ...]:
    """The columns that a row of the type must bring, so that its references can be followed."""
    filters = [
        filter_
        for include in includes
        if not include.reverse
        for filter_ in _filters(include, resource_type)
    ]
    return tuple(sorted({filter_.source for filter_ in filters}))


def check_includes(includes: list[Include]) -> None:
    """Raises InvalidSearch for types and parameters that there are not."""
    for include in includes:
        name = "_revinclude" if include.reverse else "_include"
        known = definitions.resource_types() | {"*"}
        if include.source not in known or (include.target and include.target not in known):
            raise InvalidSearch(f"{name} names a type that R4 does not have.")
        if include.parameter != "*":
            resources.get(include.source).search().reference(include.parameter)
        elif include.reverse:
            raise InvalidSearch("_revinclude must name a parameter.")


def _filters(include: Include, resource_type: str) -> list[ReferenceFilter]:
    """The parameters of the type that a forward include follows."""
    if include.source not in (resource_type, "*"):
        return []
    search_set = resources.get(resource_type).search()
    if include.parameter == "*":
        return list(search_set.references().values())
    return [search_set.reference(include.parameter)]


def included(
    matches: list[Found], includes: list[Include], *, actor: Actor, base: str
) -> tuple[list[Found], bool]:
    """What the includes add to the matches, and whether there was more than is given."""
    seen = {match.reference for match in matches}
    found: list[Found] = []
    around = matches
    iterating = [include for include in includes if include.iterate]
    for number in range(MAX_ROUNDS):
        following = includes if number == 0 else iterating
        around = _next_round(around, following, includes, seen, actor, base)
        room = MAX_INCLUDED - len(found)
        found += around[:room]
        if len(around) > room:
            return found, True
        if not around or not iterating:
            return found, False
    return found, True


def _next_round(around, following, includes, seen, actor, base) -> list[Found]:
    fresh: list[Found] = []
    wanted: dict[str, set[str]] = {}
    for include in following:
        if include.reverse:
            fresh += _pointing_at(around, include, includes, seen, actor)
        else:
            for reference in _pointed_at(around, include, includes, base):
                type_name, _, resource_id = reference.partition("/")
                if type_name in definitions.resource_types() and resource_id:
                    wanted.setdefault(type_name, set()).add(resource_id)
    for type_name, ids in wanted.items():
        ids = sorted(each for each in ids if f"{type_name}/{each}" not in seen)
        if ids:
            fresh += _read(type_name, Q(resource_id__in=ids), includes, seen, actor)
    return fresh


def _pointed_at(around, include: Include, includes, base: str) -> Iterable[str]:
    """The `Type/id` of what the include leads to."""
    for resource in around:
        columns = link_columns(resource.resource_type, includes)
        for filter_ in _filters(include, resource.resource_type):
            for reference in filter_.references_in(resource.links[columns.index(filter_.source)]):
                reference = reference.removeprefix(f"{base}/").partition("/_history/")[0]
                if include.target in ("", "*") or reference.startswith(f"{include.target}/"):
                    yield reference


def _pointing_at(around, include: Include, includes, seen, actor) -> list[Found]:
    filter_ = resources.get(include.source).search().reference(include.parameter)
    references = [
        resource.reference
        for resource in around
        if resource.resource_type in filter_.target_types
        and include.target in ("", "*", resource.resource_type)
    ]
    if not references:
        return []
    return _read(include.source, any_of([filter_.is_any(references)]), includes, seen, actor)


def _read(type_name: str, condition: Q, includes, seen: set[str], actor: Actor) -> list[Found]:
    columns = link_columns(type_name, includes)
    rows = rows_of(resources.get(type_name), condition).readable_by(actor)
    rows = rows.order_by("resource_id").values_list("resource_id", "document", *columns)
    fresh = []
    # One more than there is room for shows that there was more; those seen already come again.
    for resource_id, document, *links in fetch(rows[: MAX_INCLUDED + len(seen) + 1]):
        resource = Found(type_name, resource_id, document, tuple(links))
        if resource.reference not in seen:
            seen.add(resource.reference)
            fresh.append(resource)
    return fresh
