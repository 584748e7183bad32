"""`_include` and `_revinclude`: what matches point at, and what points at them.

Everything passes through `readable_by` of its type, and nothing comes twice, so cycles end.
https://hl7.org/fhir/R4/search.html#revinclude
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Q, QuerySet

from fhir import definitions, json, resources
from fhir.actor import Actor
from fhir.errors import InvalidSearch
from fhir.search.chains import fetch, rows_of
from fhir.search.expressions import is_any_of
from fhir.search.filters import ReferenceFilter, any_of
from fhir.search.parse import Include, blamed

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


def with_links(matches: list[Found], includes: Sequence[Include]) -> list[Found]:
    """The same with their links, where the rows of a page are of several types."""
    of_type: dict[str, list[str]] = {}
    for match in matches:
        of_type.setdefault(match.resource_type, []).append(match.resource_id)
    links: dict[str, tuple] = {}
    for type_name, ids in of_type.items():
        columns = link_columns(type_name, includes)
        if columns:
            rows = rows_of(resources.get(type_name), is_any_of("resource_id", ids))
            for resource_id, *values in fetch(rows.values_list("resource_id", *columns)):
                links[f"{type_name}/{resource_id}"] = tuple(values)
    return [match._replace(links=links.get(match.reference, ())) for match in matches]


def check_includes(includes: Sequence[Include]) -> None:
    """Raises InvalidSearch for types and parameters that there are not."""
    for include in includes:
        name = "_revinclude" if include.reverse else "_include"
        types = definitions.resource_types()
        if include.target not in types | {"", "*"} or include.source not in types | {"*"}:
            raise InvalidSearch(
                f"{name} names a type that R4 does not have.", expression=blamed(name)
            )
        if include.source == "*" and (include.reverse or include.parameter != "*"):
            # Whatever points at something, by whatever, is more than can be looked for.
            raise InvalidSearch(
                f"{name} must name a type, as in {name}=Type:*.", expression=blamed(name)
            )
        if include.parameter != "*":
            try:
                filter_ = resources.get(include.source).search().reference(include.parameter)
            except InvalidSearch as error:
                raise InvalidSearch(f"{name}: {error}", expression=blamed(name)) from error
            if include.target not in filter_.target_types | {"", "*"}:
                raise InvalidSearch(
                    f"{name}: the reference cannot lead to this type.", expression=blamed(name)
                )


def _filters(include: Include, resource_type: str) -> list[ReferenceFilter]:
    """The parameters of the type that an include follows."""
    if include.source not in (resource_type, "*"):
        return []
    search_set = resources.get(resource_type).search()
    if include.parameter == "*":
        return list(search_set.references().values())
    return [search_set.reference(include.parameter)]


def included(
    matches: list[Found], includes: Sequence[Include], *, actor: Actor, base: str
) -> tuple[list[Found], bool]:
    """What the includes add to the matches, and whether there was more than is given."""
    seen = {match.reference for match in matches}
    found: list[Found] = []
    around = matches
    iterating = [include for include in includes if include.iterate]
    one_round = _Round(includes, seen, actor, base)
    for number in range(MAX_ROUNDS):
        around = one_round.beyond(around, iterating if number else includes)
        room = MAX_INCLUDED - len(found)
        found += around[:room]
        if len(around) > room:
            return found, True
        if not around or not iterating:
            return found, False
    return found, True


@dataclass(frozen=True)
class _Round:
    """One step from what is there to what it points at, and to what points at it."""

    includes: Sequence[Include]
    seen: set[str]
    actor: Actor
    base: str
    readable: dict[str, QuerySet] = field(default_factory=dict)
    """What the actor may read of a type, to be narrowed: made once for all rounds."""

    def beyond(self, around: list[Found], following: Sequence[Include]) -> list[Found]:
        fresh: list[Found] = []
        by_id: dict[str, set[str]] = {}
        by_url: dict[str, set[str]] = {}
        for include in following:
            if include.reverse:
                fresh += self._pointing_at(around, include)
            else:
                self._follow(around, include, by_id, by_url)
        for type_name, ids in by_id.items():
            ids = sorted(each for each in ids if f"{type_name}/{each}" not in self.seen)
            if ids:
                fresh += self._read(type_name, is_any_of("resource_id", ids))
        for type_name, urls in by_url.items():
            fresh += self._read(type_name, any_of([_of_url(each) for each in sorted(urls)]))
        return fresh

    def _follow(self, around: list[Found], include: Include, by_id: dict, by_url: dict) -> None:
        """Collect the ids and the canonical URLs that lead from the resources, by type."""
        types = {include.target} if include.target not in ("", "*") else None
        ways: dict[str, list[tuple[ReferenceFilter, int]]] = {}
        for resource in around:
            if resource.resource_type not in ways:
                ways[resource.resource_type] = self._ways(include, resource.resource_type)
            for filter_, position in ways[resource.resource_type]:
                references = filter_.references_in(resource.links[position])
                if _is_canonical(filter_):
                    for name in _canonical_targets(filter_, types):
                        by_url.setdefault(name, set()).update(_most_exact(references))
                for reference in references:
                    type_name, resource_id = self._local(reference)
                    if resource_id and (types is None or type_name in types):
                        by_id.setdefault(type_name, set()).add(resource_id)

    def _ways(self, include: Include, type_name: str) -> list[tuple[ReferenceFilter, int]]:
        """The parameters to follow from a type, each with the place of its column among the links."""
        columns = link_columns(type_name, self.includes)
        return [
            (filter_, columns.index(filter_.source)) for filter_ in _filters(include, type_name)
        ]

    def _local(self, reference: str) -> tuple[str, str]:
        """(type, id) of a reference to this server; a version of a resource leads to the resource."""
        path = reference.removeprefix(f"{self.base}/").partition("/_history/")[0]
        type_name, _, resource_id = path.partition("/")
        known = type_name in definitions.resource_types() and "/" not in resource_id
        return (type_name, resource_id) if known else ("", "")

    def _pointing_at(self, around: list[Found], include: Include) -> list[Found]:
        conditions = []
        for filter_ in _filters(include, include.source):
            targets = filter_.target_types
            if include.target not in ("", "*"):
                targets &= {include.target}
            pointed_at = [each for each in around if each.resource_type in targets]
            forms = [each.reference for each in pointed_at]
            forms += [f"{self.base}/{form}" for form in forms]
            if _is_canonical(filter_):
                forms += [url for each in pointed_at if (url := _url_of(each))]
            if forms:
                conditions.append(filter_.is_any(forms))
        return self._read(include.source, any_of(conditions)) if conditions else []

    def _read(self, type_name: str, condition: Q) -> list[Found]:
        if type_name not in self.readable:
            columns = link_columns(type_name, self.includes)
            rows = rows_of(resources.get(type_name), Q()).readable_by(self.actor)
            rows = rows.order_by("resource_id").values_list("resource_id", "document", *columns)
            self.readable[type_name] = rows
        rows = self.readable[type_name].filter(condition)
        fresh = []
        # One more than there is room for shows that there was more; those seen already come again.
        for resource_id, document, *links in fetch(rows[: MAX_INCLUDED + len(self.seen) + 1]):
            resource = Found(type_name, resource_id, document, tuple(links))
            if resource.reference not in self.seen:
                self.seen.add(resource.reference)
                fresh.append(resource)
        return fresh


# --- canonical URLs -------------------------------------------------------------------------------
# https://hl7.org/fhir/R4/references.html#canonical


def _is_canonical(filter_: ReferenceFilter) -> bool:
    return any(path.datatype in ("canonical", "uri") for path in filter_.parameter.paths)


def _canonical_targets(filter_: ReferenceFilter, types: set[str] | None) -> list[str]:
    """The types that have a URL and that the parameter may lead to."""
    return [
        name
        for name in sorted(filter_.target_types if types is None else filter_.target_types & types)
        if "url" in definitions.search_parameters(name)
    ]


def _most_exact(references: Iterable[str]) -> set[str]:
    """Without `url` where `url|version` is there too: the index has both of what names a version."""
    references = set(references)
    return references - {each.partition("|")[0] for each in references if "|" in each}


def _of_url(reference: str) -> Q:
    url, _, version = reference.partition("|")
    return Q(tokens__contains=[f"url={url}"] + ([f"version={version}"] if version else []))


def _url_of(resource: Found) -> str:
    return json.loads_stored(resource.document).get("url", "")
