"""One filter for each type of search parameter: a clause becomes a condition on the row.

https://hl7.org/fhir/R4/search.html#ptypes
"""

from collections.abc import Callable

from fhir.search.filters.base import Scope, SearchFilter, any_of, has_any
from fhir.search.filters.composite import CompositeFilter
from fhir.search.filters.range import DateFilter, NumberFilter, QuantityFilter, RangeFilter
from fhir.search.filters.reference import ReferenceFilter
from fhir.search.filters.special import ContentFilter, ListFilter, NarrativeFilter
from fhir.search.filters.string import StringFilter, UriFilter
from fhir.search.filters.token import CodeColumnFilter, IdFilter, TokenFilter

__all__ = [
    "FILTERS",
    "CodeColumnFilter",
    "CompositeFilter",
    "ContentFilter",
    "DateFilter",
    "IdFilter",
    "ListFilter",
    "NarrativeFilter",
    "NumberFilter",
    "QuantityFilter",
    "RangeFilter",
    "ReferenceFilter",
    "Scope",
    "SearchFilter",
    "StringFilter",
    "TokenFilter",
    "UriFilter",
    "any_of",
    "has_any",
]

FILTERS: dict[str, Callable[..., SearchFilter]] = {
    each.type: each
    for each in (
        TokenFilter,
        ReferenceFilter,
        StringFilter,
        DateFilter,
        UriFilter,
        NumberFilter,
        QuantityFilter,
        CompositeFilter,
    )
}
"""By the type of the parameter; `special` ones have a filter each."""
