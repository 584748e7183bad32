"""One filter for each type of search parameter: a clause becomes a condition on the row.

https://hl7.org/fhir/R4/search.html#ptypes
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

import django_filters
from django.db.models import F, OuterRef, Q

from fhir import definitions
from fhir.actor import Actor
from fhir.datatypes import ID, fold, parse_date, parse_reference
from fhir.definitions import SearchParameter
from fhir.errors import InvalidSearch
from fhir.search.expressions import NEVER, Sql, any_element, is_one_of, literal
from fhir.search.indexing import (
    LARGEST_NUMBER,
    PREFIX_LENGTH,
    SAME_AS,
    fitted,
    reference_forms,
    to_microseconds,
)
from fhir.search.parse import Clause, Value


@dataclass(frozen=True, slots=True)
class Scope:
    """On whose behalf, and where: what a filter may need to know besides the clause."""

    resource_type: str
    actor: Actor
    base: str
    """The absolute URL that the client used, without a slash at its end."""


class SearchFilter(django_filters.Filter):
    """Answers one search parameter from `tokens`, `strings` and `ranges`, or from `column`.

    `parameter`, the official definition, and `resource_type` are set by the SearchSet.
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
        if clause.modifier == "missing":
            return self.missing(absent=_yes_or_no(clause))
        if clause.modifier not in self.modifiers:
            raise InvalidSearch(f"{clause.key}: this modifier is not supported here.")
        return self.matches(clause, scope)

    def missing(self, *, absent: bool) -> Q:
        present = Q(tokens__contains=[self.name])
        return ~present if absent else present

    def matches(self, clause: Clause, scope: Scope) -> Q:
        raise NotImplementedError

    def filter(self, qs, value):
        """For django-filter itself: `value` is a Clause with its Scope, or nothing."""
        return qs.filter(self.condition(*value)) if value else qs


def _yes_or_no(clause: Clause) -> bool:
    if [value.text for value in clause.values] not in (["true"], ["false"]):
        raise InvalidSearch(f"{clause.key} must be true or false.")
    return clause.values[0].text == "true"


def has_any(tokens: Sequence[str]) -> Q:
    tokens = [fitted(token) for token in tokens]
    return Q(tokens__contains=tokens) if len(tokens) == 1 else Q(tokens__overlap=tokens)


def any_of(conditions: Sequence[Q]) -> Q:
    found = NEVER
    for number, condition in enumerate(conditions):
        found = found | condition if number else condition
    return found


# --- token ----------------------------------------------------------------------------------------

OFFICIAL_SYSTEMS = ("http://hl7.org/fhir/", "http://terminology.hl7.org/", "urn:ietf:bcp:")
"""Where the system of a `code` may come from: the element itself does not carry one."""


class TokenFilter(SearchFilter):
    """`code`, `system|code`, `|code`, `system|`. https://hl7.org/fhir/R4/search.html#token"""

    type = "token"
    modifiers = SearchFilter.modifiers | {"", "not", "text", "of-type"}

    @cached_property
    def _has_systems(self) -> bool:
        """Whether a value may carry a system, or is a bare code."""
        return any(
            path.datatype in ("CodeableConcept", "Coding", "Identifier", "ContactPoint")
            for path in self.parameter.paths
        )

    @cached_property
    def _folds_case(self) -> bool:
        return any(path.datatype == "ContactPoint" for path in self.parameter.paths)

    def matches(self, clause, scope):
        if clause.modifier == "text":
            return any_of([self._text(value) for value in clause.values])
        if clause.modifier == "of-type":
            return has_any([self._of_type(clause, value) for value in clause.values])
        found = self.is_any([self.token(clause, value) for value in clause.values])
        return ~found if clause.modifier == "not" else found

    def is_any(self, tokens: list[str]) -> Q:
        """The row has one of the tokens (`system|code`, `|code`, `system|` or `code`)."""
        return has_any([f"{self.name}={token}" if token else self.name for token in tokens])

    def token(self, clause: Clause, value: Value) -> str:
        """The value as the index writes it; empty for any code at all."""
        parts = value.parts()
        if len(parts) > 2 or not any(parts):
            raise InvalidSearch(f"{clause.key} must be code, system|code, |code or system|.")
        text = "|".join(parts)
        if len(parts) == 2 and not self._has_systems:
            text = self._bare_code(*parts)
        return text.casefold() if self._folds_case else text

    @staticmethod
    def _bare_code(system: str, code: str) -> str:
        if not system or system.startswith(OFFICIAL_SYSTEMS):
            return code
        return f"{system}|{code}"  # no row has it

    def _of_type(self, clause: Clause, value: Value) -> str:
        parts = value.parts()
        if len(parts) != 3 or not all(parts[1:]):
            raise InvalidSearch(f"{clause.key} must be system|code|value.")
        return f"{self.name}:of-type={'|'.join(parts)}"

    def _text(self, value: Value) -> Q:
        return any_element("strings", "starts_with(e, %s)", f"{self.name}:text~{fold(value.text)}")


class CodeColumnFilter(TokenFilter):
    """A `code` that a column holds. The codes stand in the SQL, so that partial indexes match."""

    @cached_property
    def _codes(self) -> frozenset[str]:
        path = self.parameter.paths[0]
        return definitions.elements(self.resource_type)[path.names[0]].codes

    def is_any(self, tokens):
        if "" in tokens:
            return Q()
        known = sorted(self._codes.intersection(tokens))
        return is_one_of(self.column, known) if known else NEVER

    def missing(self, *, absent):
        return is_one_of(self.column, [""]) if absent else ~is_one_of(self.column, [""])


class IdFilter(SearchFilter):
    """`_id`: an id that there is not finds nothing, whatever its form."""

    type = "token"
    modifiers = SearchFilter.modifiers | {"", "not"}

    def missing(self, *, absent):
        return NEVER if absent else Q()

    def matches(self, clause, scope):
        ids = [value.text for value in clause.values]
        found = Q(resource_id=ids[0]) if len(ids) == 1 else Q(resource_id__in=ids)
        return ~found if clause.modifier == "not" else found


# --- reference ------------------------------------------------------------------------------------


class ReferenceFilter(SearchFilter):
    """`Type/id`, `id`, an absolute URL, `:Type=id`, `:identifier=system|value`.

    A `column` holds relative references, and is empty when there is none.
    """

    type = "reference"

    @cached_property
    def modifiers(self) -> frozenset[str]:
        return frozenset({"", "missing", "identifier"} | self.target_types)

    @cached_property
    def target_types(self) -> frozenset[str]:
        """The types that the parameter may lead to."""
        targets = frozenset(self.parameter.target)
        return definitions.resource_types() if "*" in targets else targets

    @property
    def only(self) -> str | None:
        """The one type that the definition admits: `patient` is `subject` when a Patient."""
        return self.parameter.paths[0].target

    def missing(self, *, absent):
        if not self.column:
            return super().missing(absent=absent)
        if self.only:
            present = Q(**{f"{self.column}__startswith": f"{self.only}/"})
            return ~present if absent else present
        # Word for word as in the partial indexes.
        empty = is_one_of(self.column, [""])
        return empty if absent else ~empty

    def matches(self, clause, scope):
        if clause.modifier == "identifier":
            return has_any(
                [f"{self.name}:identifier={'|'.join(value.parts())}" for value in clause.values]
            )
        forms = [form for value in clause.values for form in self.forms(clause, value, scope)]
        return self.is_any(forms)

    def forms(self, clause: Clause, value: Value, scope: Scope) -> list[str]:
        """What the value may look like in the index."""
        text = value.text
        if clause.modifier:
            if not ID.fullmatch(text) and not text.startswith(f"{clause.modifier}/"):
                raise InvalidSearch(f"{clause.key} must be the id of a {clause.modifier}.")
            return [f"{clause.modifier}/{text.removeprefix(f'{clause.modifier}/')}"]
        if ID.fullmatch(text):
            return self._of_id(text)
        # A reference that was written with this server's address is the same as a relative one.
        text = text.removeprefix(f"{scope.base}/")
        try:
            parse_reference(text.partition("|")[0])
        except ValueError as error:
            raise InvalidSearch(f"{clause.key} must be Type/id, an id or a URL.") from error
        return [reference_forms(text)[0]]

    def _of_id(self, id: str) -> list[str]:
        if not self.column:
            return [id]
        types = [self.only] if self.only else sorted(self.target_types)
        return [f"{name}/{id}" for name in types]

    def is_any(self, forms: list[str]) -> Q:
        if not self.column:
            return has_any([f"{self.name}={form}" for form in forms])
        if self.only:
            forms = [form for form in forms if form.startswith(f"{self.only}/")]
        if len(forms) == 1:
            return Q(**{self.column: forms[0]})
        return Q(**{f"{self.column}__in": forms}) if forms else NEVER

    def leads_to(self, target_type: str) -> Sql:
        """In a subquery on rows of the target type: the outer row points at this one."""
        start = f"{target_type}/" if self.column else f"{self.name}={target_type}/"
        rest = len(start) + 1
        if self.column:
            return Sql(
                f"{{0}} = case when starts_with({{1}}, {literal(start)})"
                f" then substr({{1}}, {rest}) end",
                F("resource_id"),
                OuterRef(self.column),
            )
        return Sql(
            f"{{0}} = any(array(select substr(e, {rest}) from unnest({{1}}) e"
            f" where starts_with(e, {literal(start)})))",
            F("resource_id"),
            OuterRef("tokens"),
        )

    def comes_from(self, target_type: str) -> Sql:
        """In a subquery on rows with this parameter: the row points at the outer one."""
        if self.column:
            start = literal(f"{target_type}/")
            return Sql(f"{{0}} = {start} || {{1}}", F(self.column), OuterRef("resource_id"))
        start = literal(f"{self.name}={target_type}/")
        return Sql(f"{{0}} @> array[{start} || {{1}}]", F("tokens"), OuterRef("resource_id"))

    @property
    def source(self) -> str:
        """The column that `references_in` reads."""
        return self.column or "tokens"

    def references_in(self, value: str | list[str]) -> list[str]:
        """The `Type/id` and URLs that a row points at, of its `source`."""
        if self.column:
            fits = value and (not self.only or value.startswith(f"{self.only}/"))
            return [value] if fits else []
        start = f"{self.name}="
        return [each[len(start) :] for each in value if each.startswith(start) and "/" in each]


# --- string and uri -------------------------------------------------------------------------------


class StringFilter(SearchFilter):
    """A beginning, without regard to case and accents; `:exact`; `:contains`."""

    type = "string"
    modifiers = SearchFilter.modifiers | {"", "exact", "contains"}

    def matches(self, clause, scope):
        find = {"": self._begins, "exact": self._equals, "contains": self._contains}
        return any_of([find[clause.modifier](value.text) for value in clause.values])

    def _begins(self, text: str) -> Q:
        folded = fold(text)
        if not folded:
            return Q(tokens__contains=[self.name])
        found = has_any([f"{self.name}^{folded[:PREFIX_LENGTH]}"])
        if len(folded) > PREFIX_LENGTH:
            found &= any_element("strings", "starts_with(e, %s)", f"{self.name}~{folded}")
        return found

    def _equals(self, text: str) -> Q:
        beginning = fold(text)[:PREFIX_LENGTH]
        indexed = has_any([f"{self.name}^{beginning}"]) if beginning else Q()
        return indexed & Q(strings__contains=[f"{self.name}={text}"])

    def _contains(self, text: str) -> Q:
        start = f"{self.name}~"
        return Q(tokens__contains=[self.name]) & any_element(
            "strings",
            f"starts_with(e, {literal(start)}) and position(%s in substr(e, {len(start) + 1})) > 0",
            fold(text),
        )


class UriFilter(SearchFilter):
    """The URI itself; `:below` what begins with it. https://hl7.org/fhir/R4/search.html#uri"""

    type = "uri"
    modifiers = SearchFilter.modifiers | {"", "below"}

    def matches(self, clause, scope):
        tokens = [f"{self.name}={value.text}" for value in clause.values]
        if clause.modifier == "below":
            return Q(tokens__contains=[self.name]) & any_of(
                [any_element("tokens", "starts_with(e, %s)", token) for token in tokens]
            )
        return has_any(tokens)


# --- date, number and quantity --------------------------------------------------------------------

COMPARISONS: dict[str, str] = {
    "eq": "{low} >= {from} and {high} <= {to}",
    "ne": "not ({low} >= {from} and {high} <= {to})",
    "gt": "{high} > {to}",
    "lt": "{low} < {from}",
    # The first half is what an index can answer, the second what the specification says.
    "ge": "{high} > {from} and ({high} > {to} or {low} >= {from})",
    "le": "{low} < {to} and ({low} < {from} or {high} <= {to})",
    "sa": "{low} >= {to}",
    "eb": "{high} <= {from}",
    "ap": "{low} < {to} and {high} > {from}",
}
"""How a stored range [low, high) compares with that of the search [from, to).

https://hl7.org/fhir/R4/search.html#prefix
"""


class RangeFilter(SearchFilter):
    """What is compared by ranges. `cast` is the SQL type of their ends."""

    modifiers = SearchFilter.modifiers | {""}
    cast: ClassVar[str]
    comparisons: ClassVar[dict[str, str]] = COMPARISONS

    def matches(self, clause, scope):
        return any_of([self._compare(*self.range(clause, value)) for value in clause.values])

    def range(self, clause: Clause, value: Value) -> tuple[str, Any, Any, list[str]]:
        """(prefix, from, to, units)"""
        raise NotImplementedError

    @cached_property
    def is_single(self) -> bool:
        """Whether a document holds one range at most."""
        paths = self.parameter.paths
        names = {path.names[0] for path in paths}
        elements = definitions.elements(self.resource_type)
        choices = {elements[name].choice for name in names if name in elements}
        return (
            all(len(path.names) == 1 and path.steps is None for path in paths)
            and (len(names) == 1 or (len(choices) == 1 and None not in choices))
            and not any(name not in elements or elements[name].repeating for name in names)
            and not self.column
        )

    def end(self, index: int) -> str:
        """SQL of one end of the first range, of `{0}`; the form of an expression index."""
        return f"(({{0}} #> '{{{{{self.name},0,{index}}}}}')::{self.cast})"

    def _compare(self, prefix: str, start: Any, stop: Any, units: list[str]) -> Q:
        if self.is_single and not units:
            low, high, wrap = self.end(0), self.end(1), "{}"
        else:
            low, high = f"(r -> 0)::{self.cast}", f"(r -> 1)::{self.cast}"
            wrap = (
                f"exists (select 1 from jsonb_array_elements({{0}} -> {literal(self.name)}) r"
                " where {})"
            )
        names = {"low": low, "high": high}
        pieces, params = [], []
        for piece in self.comparisons[prefix].split(" "):
            bare = piece.strip("()")
            if bare in ("{from}", "{to}"):
                pieces.append(piece.replace(bare, f"%s::{self.cast}"))
                params.append(start if bare == "{from}" else stop)
            elif bare in ("{low}", "{high}"):
                pieces.append(piece.replace(bare, names[bare[1:-1]]))
            else:
                pieces.append(piece)
        condition = " ".join(pieces)
        if units:
            condition = f"({condition}) and ({' or '.join('r ->> %s = %s' for _ in units)})"
            for unit in units:
                params += [2 if "|" in unit else 3, unit]
        return Q(Sql(wrap.replace("{}", condition), F("ranges"), params=params))


class DateFilter(RangeFilter):
    """A date of any precision, with a prefix. A `column` holds an instant.

    https://hl7.org/fhir/R4/search.html#date
    """

    type = "date"
    cast = "bigint"

    def range(self, clause, value):
        prefix, low, high = self.dates(clause, value)
        return prefix, to_microseconds(low), to_microseconds(high), []

    def dates(self, clause: Clause, value: Value) -> tuple[str, datetime, datetime]:
        prefix, text = value.prefixed()
        try:
            covered = parse_date(_completed(text))
        except ValueError as error:
            raise InvalidSearch(f"{clause.key} must be a date, perhaps with a prefix.") from error
        if prefix != "ap":
            return prefix, covered.low, covered.high
        # "The recommended value is 10 % of the gap between now and the date."
        margin = min(abs(datetime.now(UTC) - covered.low) / 10, timedelta(days=36_500))
        try:
            return prefix, covered.low - margin, covered.high + margin
        except OverflowError:
            return prefix, covered.low, covered.high

    def matches(self, clause, scope):
        if not self.column:
            return super().matches(clause, scope)
        return any_of([self._column(*self.dates(clause, value)) for value in clause.values])

    def missing(self, *, absent):
        if not self.column:
            return super().missing(absent=absent)
        return Q(**{f"{self.column}__isnull": absent})

    def _column(self, prefix: str, low: datetime, high: datetime) -> Q:
        at_least, below = {f"{self.column}__gte": low}, {f"{self.column}__lt": high}
        match prefix:
            case "eq" | "ap":
                return Q(**at_least, **below)
            case "ne":
                return ~Q(**at_least, **below)
            case "gt" | "sa":
                return Q(**{f"{self.column}__gte": high})
            case "lt" | "eb":
                return Q(**{f"{self.column}__lt": low})
            case "ge":
                return Q(**at_least)
        return Q(**below)


def _completed(text: str) -> str:
    """Searches may leave out seconds and the zone, and write a plus sign that became a space."""
    text = text.strip().replace(" ", "+")
    day, separator, time = text.partition("T")
    if not separator:
        return text
    clock, zone = time, ""
    for sign in "Z+-":
        head, found, tail = time.partition(sign)
        if found:
            clock, zone = head, sign + tail
            break
    if len(clock) == 5:
        clock += ":00"
    return f"{day}T{clock}{zone or 'Z'}"


class NumberFilter(RangeFilter):
    """A number, whose digits say how exact it is. https://hl7.org/fhir/R4/search.html#number"""

    type = "number"
    cast = "float8"
    # Both ends of a stored number are the number itself; comparators take the value as exact.
    comparisons: ClassVar = {
        "eq": "{low} >= {from} and {high} < {to}",
        "ne": "not ({low} >= {from} and {high} < {to})",
        "gt": "{high} > {from}",
        "lt": "{low} < {from}",
        "ge": "{high} >= {from}",
        "le": "{low} <= {from}",
        "sa": "{low} > {from}",
        "eb": "{high} < {from}",
        "ap": "{low} <= {to} and {high} >= {from}",
    }

    def range(self, clause, value):
        prefix, text = value.prefixed()
        return prefix, *self.interval(clause, prefix, text), []

    @staticmethod
    def interval(clause: Clause, prefix: str, text: str) -> tuple[float, float]:
        mantissa, _, exponent = text.lower().partition("e")
        try:
            # float() also takes `inf`, `1_000` and digits of any script.
            if len(text) > 64 or set(text) - set("0123456789+-.eE"):
                raise ValueError
            number = float(text)
        except ValueError as error:
            raise InvalidSearch(f"{clause.key} must be a number, perhaps with a prefix.") from error
        number = max(-LARGEST_NUMBER, min(number, LARGEST_NUMBER))
        if prefix == "ap":
            return number - abs(number) / 10, number + abs(number) / 10
        if prefix not in ("eq", "ne"):
            return number, number
        scale = min(int(exponent or 0), 400) - len(mantissa.partition(".")[2])
        half = 0.5 * 10.0 ** max(scale, -300) if scale < 300 else 0.0
        return number - half, number + half


class QuantityFilter(NumberFilter):
    """`number`, `number|system|code` or `number||unit`."""

    type = "quantity"

    def range(self, clause, value):
        prefix, _ = value.prefixed()
        parts = value.parts()
        number = parts[0].removeprefix(prefix) if value.raw.startswith(prefix) else parts[0]
        if len(parts) not in (1, 3):
            raise InvalidSearch(f"{clause.key} must be number, number|system|code or number||unit.")
        start, stop = self.interval(clause, prefix, number)
        if len(parts) == 1 or not parts[2]:
            return prefix, start, stop, []
        _, system, code = parts
        return prefix, start, stop, [f"{system}|{code}"] if system else [f"|{code}", code]


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
    )
}
