"""What every filter is, and what filters are put together from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import django_filters
from django.db.models import Q

from fhir.actor import Actor
from fhir.definitions import SearchParameter
from fhir.errors import InvalidSearch
from fhir.search.expressions import NEVER
from fhir.search.indexing import SAME_AS, fitted
from fhir.search.parse import Clause, Value


@dataclass(frozen=True, slots=True)
class Scope:
    """On whose behalf, and where: what a filter may need to know besides the clause."""

    resource_type: str
    actor: Actor
    base: str
    """The absolute URL that the client used, without a slash at its end."""
    ways: int = 1
    """By how many types an untyped chain has come here."""
    in_order: bool = False
    """Rows are read one by one as an index holds them, until a page is full."""


class SearchFilter(django_filters.Filter):
    """Answers one search parameter from `tokens`, `strings` and `ranges`, or from `column`.

    `parameter`, its definition, and `resource_type` are set by the SearchSet.
    """

    modifiers: ClassVar[frozenset[str]] = frozenset({"missing"})
    type: ClassVar[str]
    resource_type: str = ""

    def __init__(self, *, column: str | None = None, alias_of: str = "", **kwargs):
        super().__init__(**kwargs)
        self.column = column
        self.alias_of = alias_of
        self.parameter: SearchParameter | None = None

    @property
    def name(self) -> str:
        """What the index calls the parameter."""
        return SAME_AS.get(self.parameter.name, self.parameter.name)

    def condition(self, clause: Clause, scope: Scope) -> Q:
        """Raises InvalidSearch for an unknown modifier or a value of the wrong form."""
        if clause.modifier not in self.modifiers:
            raise InvalidSearch(f"{clause.key}: this modifier is not supported here.")
        if clause.modifier == "missing":
            return self.missing(absent=_yes_or_no(clause))
        return self.matches(clause, scope)

    def missing(self, *, absent: bool) -> Q:
        present = Q(tokens__contains=[self.name])
        return ~present if absent else present

    def matches(self, clause: Clause, scope: Scope) -> Q:
        raise NotImplementedError

    def within(self, clause: Clause, value: Value, scope: Scope) -> tuple[str, list[Any]]:
        """SQL, with its parameters: one element `c` of a composite has the value."""
        raise NotImplementedError

    def filter(self, qs, value):
        """For django-filter itself: `value` is a Clause with its Scope, or nothing."""
        return qs.filter(self.condition(*value)) if value else qs


def _yes_or_no(clause: Clause) -> bool:
    if [value.text for value in clause.values] not in (["true"], ["false"]):
        raise InvalidSearch(f"{clause.key} must be true or false.")
    return clause.values[0].text == "true"


def has_any(tokens: Sequence[str]) -> Q:
    """The row has one of the tokens at least."""
    tokens = [fitted(token) for token in tokens]
    return Q(tokens__contains=tokens) if len(tokens) == 1 else Q(tokens__overlap=tokens)


def has_any_within(tokens: Sequence[str]) -> tuple[str, list[Any]]:
    """The same of an element `c` of a composite."""
    return "c -> 'tokens' ?| %s::text[]", [list(tokens)]


def any_of(conditions: Sequence[Q]) -> Q:
    found = NEVER
    for number, condition in enumerate(conditions):
        found = found | condition if number else condition
    return found
