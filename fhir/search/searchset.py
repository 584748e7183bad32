"""The table of search parameters of a resource type.

A SearchSet names every parameter with its filter, one line each; routes, CapabilityStatement and
docs/api.md read the same table.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import django_filters
from django.db.models import Q
from django_filters.filterset import FilterSetMetaclass

from fhir import definitions, resources
from fhir.definitions import SearchParameter
from fhir.errors import InvalidSearch
from fhir.search import words
from fhir.search.answer import search
from fhir.search.chains import chained, has, rows_of
from fhir.search.filters import (
    FILTERS,
    ContentFilter,
    DateFilter,
    IdFilter,
    ListFilter,
    NarrativeFilter,
    ReferenceFilter,
    Scope,
    SearchFilter,
    TokenFilter,
    UriFilter,
)
from fhir.search.parse import Clause
from fhir.search.sorting import NEWEST, SortKey, sort_key

__all__ = ["Plan", "SearchSet", "search", "search_set_for"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a search asks of a row, and how it is read.

    `order` is that of a search without `_sort`; ties are by id. `branches` divide what meets the
    condition into parts that an index holds in that order each: of every row, one branch is true.
    """

    condition: Q
    order: Sequence[SortKey] = (NEWEST,)
    branches: Sequence[Q] = (Q(),)


class SearchSetMetaclass(FilterSetMetaclass):
    """Takes the filters of `filters_by_name`: names such as `part-of` cannot be attributes."""

    def __new__(cls, name, bases, attributes):
        resource_type = attributes.get("resource_type", "")
        table = attributes.pop("filters_by_name", {})
        new = super().__new__(cls, name, bases, {**attributes, **table})
        if resource_type:
            # Filters know their definition, so no two types share one.
            new.base_filters = {
                name: _bound(filter_, name, resource_type)
                for name, filter_ in new.base_filters.items()
            }
        return new


SPECIAL = (ContentFilter, ListFilter, NarrativeFilter)


def _bound(filter_: SearchFilter, name: str, resource_type: str) -> SearchFilter:
    bound = copy(filter_)
    # Those with a logic of their own look at no element, and have no definition to be made from.
    undefined = SearchParameter(name, filter_.type, ())
    known = definitions.search_parameters(resource_type)
    bound.parameter = known.get(filter_.alias_of or name, undefined)
    if not bound.parameter.paths and not isinstance(filter_, SPECIAL):
        raise LookupError(f"{resource_type} has no search parameter {name}.")
    bound.resource_type = resource_type
    return bound


def all_of(conditions: Iterable[Q]) -> Q:
    found = Q()
    for condition in conditions:
        found &= condition
    return found


class SearchSet(django_filters.FilterSet, metaclass=SearchSetMetaclass):
    """The parameters of every type. https://hl7.org/fhir/R4/search.html#all"""

    resource_type: ClassVar[str] = ""

    filters_by_name: ClassVar[dict[str, SearchFilter]] = {
        "_content": ContentFilter(),
        "_id": IdFilter(),
        "_lastUpdated": DateFilter(column="last_updated"),
        "_list": ListFilter(),
        "_profile": UriFilter(),
        "_security": TokenFilter(),
        "_source": UriFilter(),
        "_tag": TokenFilter(),
        "_text": NarrativeFilter(),
    }
    sort_keys: ClassVar[dict[str, SortKey]] = {}
    """Parameters that sort by a column rather than by what is indexed."""

    @classmethod
    def condition(cls, clause: Clause, scope: Scope) -> Q:
        """What the clause asks of a row. Raises InvalidSearch, for an unknown parameter too."""
        if clause.name == "_has":
            return has(clause, scope)
        filter_ = cls.base_filters.get(clause.name)
        if filter_ is None:
            raise InvalidSearch(f"{cls.resource_type} has no search parameter {clause.name}.")
        if clause.chain is None:
            return filter_.condition(clause, scope)
        if not isinstance(filter_, ReferenceFilter):
            raise InvalidSearch(f"{clause.key}: only references can be followed.")
        return chained(filter_, clause, scope)

    @classmethod
    def plan(cls, clauses: list[Clause], scope: Scope, *, sorted_by: bool) -> Plan:
        """How to find what meets all the clauses. `sorted_by`: the search says its own order."""
        return Plan(all_of([found for _, found in cls.conditions(clauses, scope)]))

    @classmethod
    def conditions(cls, clauses: list[Clause], scope: Scope) -> list[tuple[Clause, Q]]:
        """Each clause with what it asks of a row."""
        found: list[tuple[Clause, Q]] = []
        # What has to read documents comes last, when the rest says how many.
        for clause in sorted(clauses, key=lambda clause: clause.name in words.PARAMETERS):
            if clause.name in words.PARAMETERS:
                narrowed = all_of([condition for _, condition in found])
                words.check_affordable(rows_of(resources.get(cls.resource_type), narrowed))
            found.append((clause, cls.condition(clause, scope)))
        return found

    @classmethod
    def knows(cls, clause: Clause) -> bool:
        return clause.name == "_has" or clause.name in cls.base_filters

    @classmethod
    def sort_key(cls, name: str, *, descending: bool) -> SortKey:
        """Raises InvalidSearch for what cannot be sorted by."""
        key = cls.sort_keys.get(name)
        if key is None:
            filter_ = cls.base_filters.get(name)
            if filter_ is None:
                named = name if name.replace("-", "").isalnum() else "this"
                raise InvalidSearch(f"_sort: {cls.resource_type} cannot be sorted by {named}.")
            key = sort_key(filter_)
        return key.reversed() if descending else key

    @classmethod
    def reference(cls, name: str) -> ReferenceFilter:
        """The filter of a reference parameter. Raises InvalidSearch when it is none."""
        filter_ = cls.base_filters.get(name)
        if not isinstance(filter_, ReferenceFilter):
            raise InvalidSearch(f"{cls.resource_type} has no reference parameter {name}.")
        return filter_

    @classmethod
    def references(cls) -> dict[str, ReferenceFilter]:
        return {
            name: filter_
            for name, filter_ in cls.base_filters.items()
            if isinstance(filter_, ReferenceFilter)
        }

    @classmethod
    def parameters(cls) -> list[tuple[str, str, str]]:
        """(name, type, the elements that it looks at) for CapabilityStatement and docs/api.md."""
        return [
            (name, filter_.type, _elements(filter_)) for name, filter_ in cls.base_filters.items()
        ]

    @classmethod
    def includes(cls) -> list[str]:
        """What `_include` takes."""
        return [f"{cls.resource_type}:{name}" for name in cls.references()]

    @classmethod
    def revincludes(cls) -> list[str]:
        """What `_revinclude` takes."""
        return list(_pointing_at(cls.resource_type))


def _elements(filter_: SearchFilter) -> str:
    return ", ".join(
        dict.fromkeys(
            f"{filter_.resource_type}.{'.'.join(path.names)}" for path in filter_.parameter.paths
        )
    )


@cache
def _pointing_at(resource_type: str) -> tuple[str, ...]:
    """`Type:parameter` of every reference that may lead to the type, as the definitions say it."""
    return tuple(
        f"{name}:{parameter.name}"
        for name in sorted(definitions.resource_types())
        for parameter in definitions.search_parameters(name).values()
        if parameter.type == "reference"
        and ("*" in parameter.target or resource_type in parameter.target)
    )


@cache
def search_set_for(resource_type: str, model: type | None = None) -> type[SearchSet]:
    """The table of a type without one of its own: all its official parameters."""
    table = {
        name: FILTERS[parameter.type]()
        for name, parameter in definitions.search_parameters(resource_type).items()
        if name not in SearchSet.base_filters
    }
    return SearchSetMetaclass(
        f"{resource_type}Search",
        (SearchSet,),
        {"resource_type": resource_type, "filters_by_name": table, "__module__": __name__},
    )
