"""Values that belong together. https://hl7.org/fhir/R4/search.html#composite"""

from functools import cached_property

from django.db.models import F, Q

from fhir.errors import InvalidSearch
from fhir.search.expressions import Sql, literal
from fhir.search.filters.base import Scope, SearchFilter, any_of, has_any
from fhir.search.filters.range import DateFilter, NumberFilter, QuantityFilter
from fhir.search.filters.reference import ReferenceFilter
from fhir.search.filters.string import StringFilter
from fhir.search.filters.token import TokenFilter
from fhir.search.parse import Clause, Value, split

COMPONENTS = {
    each.type: each
    for each in (
        TokenFilter,
        ReferenceFilter,
        StringFilter,
        DateFilter,
        NumberFilter,
        QuantityFilter,
    )
}


class CompositeFilter(SearchFilter):
    """`code$value`: one element of the resource has all the values. There are no modifiers."""

    type = "composite"
    modifiers = frozenset({""})

    @cached_property
    def _components(self) -> list[SearchFilter]:
        found = []
        for component in self.parameter.components:
            filter_ = COMPONENTS[component.type]()
            filter_.parameter, filter_.resource_type = component, self._element
            found.append(filter_)
        return found

    @property
    def _element(self) -> str:
        return self.parameter.paths[0].datatype

    def matches(self, clause, scope):
        together = [self._together(clause, value, scope) for value in clause.values]
        return Q(tokens__contains=[self.name]) & any_of(together)

    def _together(self, clause: Clause, value: Value, scope: Scope) -> Q:
        parts = split(value.raw, "$")
        if len(parts) != len(self._components) or not all(parts):
            count = len(self._components)
            raise InvalidSearch(f"{clause.key} must be {count} values with a $ between them.")
        conditions, params = [], []
        for filter_, part in zip(self._components, parts, strict=True):
            condition, of_part = filter_.within(clause, Value(part), scope)
            conditions.append(condition)
            params += of_part
        each = f"jsonb_array_elements({{0}} -> {literal(self.name)}) c"
        condition = f"exists (select 1 from {each} where {' and '.join(conditions)})"
        return self._first(clause, parts[0]) & Q(Sql(condition, F("ranges"), params=params))

    def _first(self, clause: Clause, part: str) -> Q:
        """What the index of tokens knows of the first component."""
        first = self._components[0]
        if not isinstance(first, TokenFilter):
            return Q()
        tokens = first.tokens(clause, Value(part))
        return has_any([f"{self.name}={token}" if token else self.name for token in tokens])
