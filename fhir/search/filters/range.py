"""Dates, numbers and quantities, which are compared as ranges.

https://hl7.org/fhir/R4/search.html#prefix
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, DecimalException
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import F, Q

from fhir import definitions
from fhir.datatypes import DateRange, parse_date
from fhir.errors import InvalidSearch
from fhir.search.expressions import NEVER, Sql, literal
from fhir.search.filters.base import SearchFilter, any_of
from fhir.search.indexing import LARGEST_NUMBER, bounded, to_microseconds
from fhir.search.parse import Clause, Value

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
"""How a stored range [low, high) compares with that of the search [from, to)."""


MAX_EXPONENT = 300

Unit = tuple[str, list[str]]
"""A condition on a stored range `r` in SQL, with its parameters."""


class RangeFilter(SearchFilter):
    """What is compared by ranges. `cast` is the SQL type of their ends."""

    modifiers = SearchFilter.modifiers | {""}
    cast: ClassVar[str]
    comparisons: ClassVar[dict[str, str]] = COMPARISONS

    def matches(self, clause, scope):
        return any_of([self._compare(*self.range(clause, value)) for value in clause.values])

    def range(self, clause: Clause, value: Value) -> tuple[str, Any, Any, list[Unit]]:
        """(prefix, from, to, conditions on the unit)"""
        raise NotImplementedError

    @cached_property
    def is_single(self) -> bool:
        """Whether a document holds one range at most."""
        paths = self.parameter.paths
        names = {path.names[0] for path in paths}
        elements = definitions.elements(self.resource_type)
        choices = {elements[name].choice for name in names if name in elements}
        return (
            not self.column
            and all(path.steps is None and self._is_single(path.names) for path in paths)
            and (len(paths) == 1 or (len(choices) == 1 and None not in choices))
        )

    def _is_single(self, names: tuple[str, ...]) -> bool:
        on_the_way = (
            definitions.element_at(self.resource_type, names[: number + 1])
            for number in range(len(names))
        )
        return all(element and not element.repeating for element in on_the_way)

    def end(self, index: int) -> str:
        """SQL of one end of the first range, of `{0}`; the form of an expression index."""
        return f"(({{0}} #> '{{{{{self.name},0,{index}}}}}')::{self.cast})"

    def _compare(self, prefix: str, start: Any, stop: Any, units: list[Unit]) -> Q:
        if self.is_single and not units:
            condition, params = self._filled(prefix, start, stop, self.end(0), self.end(1))
            return Q(Sql(condition, F("ranges"), params=params))
        condition, params = self._of_range(prefix, start, stop, units)
        each = f"jsonb_array_elements({{0}} -> {literal(self.name)}) r"
        return Q(
            Sql(f"exists (select 1 from {each} where {condition})", F("ranges"), params=params)
        )

    def within(self, clause, value, scope):
        condition, params = self._of_range(*self.range(clause, value))
        each = f"jsonb_array_elements(c -> 'ranges' -> {literal(self.name)}) r"
        return f"exists (select 1 from {each} where {condition})", params

    def _of_range(
        self, prefix: str, start: Any, stop: Any, units: list[Unit]
    ) -> tuple[str, list[Any]]:
        """How a stored range `r` compares."""
        low, high = f"(r -> 0)::{self.cast}", f"(r -> 1)::{self.cast}"
        condition, params = self._filled(prefix, start, stop, low, high)
        for unit, param in units:
            condition = f"({condition}) and {unit}"
            params += param
        return condition, params

    def _filled(
        self, prefix: str, start: Any, stop: Any, low: str, high: str
    ) -> tuple[str, list[Any]]:
        """The comparison with its four ends put in."""
        names = {"{low}": low, "{high}": high}
        pieces, params = [], []
        for piece in self.comparisons[prefix].split(" "):
            bare = piece.strip("()")
            if bare in ("{from}", "{to}"):
                params.append(start if bare == "{from}" else stop)
                pieces.append(piece.replace(bare, f"%s::{self.cast}"))
            else:
                pieces.append(piece.replace(bare, names.get(bare, bare)))
        return " ".join(pieces), params


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
            covered = _covered(text)
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


def _covered(text: str) -> DateRange:
    """Searches may leave out seconds and the zone, and write a plus sign that became a space."""
    text = text.strip().replace(" ", "+")
    day, separator, time = text.partition("T")
    if not separator:
        return parse_date(text)
    clock, zone = time, "Z"
    for sign in "Z+-":
        head, found, tail = time.partition(sign)
        if found:
            clock, zone = head, sign + tail
            break
    if len(clock) != len("10:30"):
        return parse_date(f"{day}T{clock}{zone}")
    last = parse_date(f"{day}T{clock}:59{zone}")
    return DateRange(parse_date(f"{day}T{clock}:00{zone}").low, last.high)


class NumberFilter(RangeFilter):
    """A number, whose digits say how exact it is. https://hl7.org/fhir/R4/search.html#number

    A `column` holds the number, and `offset` more than it.
    """

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

    def __init__(self, *, offset: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.offset = offset

    def range(self, clause, value):
        prefix, text = value.prefixed()
        return prefix, *self.interval(clause, prefix, text), []

    def missing(self, *, absent):
        if not self.column:
            return super().missing(absent=absent)
        return NEVER if absent else Q()

    def _compare(self, prefix, start, stop, units):
        if not self.column:
            return super()._compare(prefix, start, stop, units)
        number = f"({{0}} - {self.offset})"
        condition, params = self._filled(prefix, start, stop, number, number)
        return Q(Sql(condition, F(self.column), params=params))

    @staticmethod
    def interval(clause: Clause, prefix: str, text: str) -> tuple[float, float]:
        try:
            # Decimal also takes `inf`, `1_000` and digits of any script.
            if len(text) > 64 or set(text) - set("0123456789+-.eE"):
                raise ValueError
            number = Decimal(text)
        except (ValueError, DecimalException) as error:
            raise InvalidSearch(f"{clause.key} must be a number, perhaps with a prefix.") from error
        if abs(number.adjusted()) > MAX_EXPONENT:
            number = (
                Decimal(0) if number.adjusted() < 0 else Decimal(LARGEST_NUMBER).copy_sign(number)
            )
        half = Decimal(5).scaleb(number.as_tuple().exponent - 1)
        match prefix:
            case "eq" | "ne":
                margin = half
            case "ap":
                margin = max(half, abs(number) / 10)
            case _:
                margin = Decimal(0)
        return bounded(number - margin), bounded(number + margin)


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
        units: list[Unit] = []
        _, system, code = parts if len(parts) == 3 else ("", "", "")
        if system:
            units.append(("r ->> 2 = %s", [system]))
            if code:
                units.append(("r ->> 3 = %s", [code]))
        elif code:  # "either the code or the stated human unit"
            units.append(("%s in (r ->> 3, r ->> 4)", [code]))
        return prefix, start, stop, units
