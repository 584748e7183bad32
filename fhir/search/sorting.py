"""What a search is sorted by, and where a page begins: keyset paging over any keys.

Values that are missing come last, in both directions; ties are broken by the id.
https://hl7.org/fhir/R4/search.html#sort
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import (
    BigIntegerField,
    CharField,
    DateTimeField,
    F,
    Field,
    FloatField,
    Q,
    TextField,
    Value,
)

from fhir.errors import InvalidSearch
from fhir.search.expressions import Sql, literal
from fhir.search.filters import (
    DateFilter,
    IdFilter,
    RangeFilter,
    ReferenceFilter,
    SearchFilter,
    StringFilter,
    TokenFilter,
    UriFilter,
)


@dataclass(frozen=True)
class SortKey:
    """One key: a name of the select list, the expression behind it, and its direction.

    `downwards` is the expression for the other direction, where a resource may have several values:
    "the item that comes earliest in the specified sort order" counts.
    """

    name: str
    expression: Any
    field: Field
    descending: bool = False
    nullable: bool = False
    downwards: Any = None

    def reversed(self) -> "SortKey":
        expression, downwards = self.expression, self.downwards
        if downwards is not None:
            expression, downwards = downwards, expression
        return replace(
            self, expression=expression, downwards=downwards, descending=not self.descending
        )

    def order_of_column(self, number: int) -> str:
        """The same for a column of the select list, by its position."""
        return (
            f"{number}{' desc' if self.descending else ''}{' nulls last' if self.nullable else ''}"
        )

    def same(self, value: Any) -> Q:
        if value is None:
            return Q(Sql("{0} is null", self.expression))
        return Q(Sql("{0} = {1}", self.expression, self._value(value)))

    def after(self, value: Any) -> Q | None:
        """Later in the order; None when nothing is."""
        if value is None:
            return None
        sign = "<" if self.descending else ">"
        if not self.nullable:
            return Q(Sql(f"{{0}} {sign} {{1}}", self.expression, self._value(value)))
        return Q(
            Sql(
                f"({{0}} {sign} {{1}} or {{2}} is null)",
                self.expression,
                self._value(value),
                self.expression,
            )
        )

    def _value(self, value: Any) -> Value:
        if isinstance(self.field, DateTimeField) and isinstance(value, str):
            value = datetime.fromisoformat(value)
        return Value(value, output_field=self.field)


def column_key(name: str, *, descending: bool = False, nullable: bool = False, field: Field):
    return SortKey(name, F(name), field, descending, nullable)


ID = column_key("resource_id", field=CharField())
NEWEST = column_key("last_updated", descending=True, field=DateTimeField())


def sort_key(filter_: SearchFilter) -> SortKey:
    """The ascending order of a parameter. Raises InvalidSearch for what has no order."""
    name = filter_.parameter.name
    if isinstance(filter_, IdFilter):
        return ID
    if isinstance(filter_, DateFilter) and filter_.column:
        return column_key(filter_.column, field=DateTimeField())
    if isinstance(filter_, RangeFilter):
        field = BigIntegerField() if isinstance(filter_, DateFilter) else FloatField()
        if filter_.is_single:
            expression = Sql(filter_.end(0), F("ranges"), output_field=field)
            return SortKey(name, expression, field, nullable=True)
        value = f"(r -> 0)::{filter_.cast}"
        each = f"jsonb_array_elements({{0}} -> {literal(filter_.name)}) r"
        return _of_several(name, f"(select {{}}({value}) from {each})", "ranges", field)
    if filter_.column:
        columns = F(filter_.column), F("tokens")
        expression = Sql(_of_column(filter_), *columns, output_field=TextField())
        return SortKey(name, expression, TextField(), nullable=True)
    column, start, having = "tokens", f"{filter_.name}=", ""
    if isinstance(filter_, StringFilter):
        column, start = "strings", f"{filter_.name}~"
    elif isinstance(filter_, ReferenceFilter):
        having = " and position('/' in e) > 0"
    elif not isinstance(filter_, TokenFilter | UriFilter):
        raise InvalidSearch(f"_sort: {name} has no order.")
    value = f'substr(e, {len(start) + 1}) collate "C"'
    each = f"unnest({{0}}) e where starts_with(e, {literal(start)}){having}"
    chosen = f"{{}}({value})"
    if isinstance(filter_, TokenFilter):
        # The code alone; but a code may have a bar in it.
        chosen = f"coalesce({{}}({value}) filter (where position('|' in e) = 0), {chosen})"
    return _of_several(name, f"(select {chosen} from {each})", column, TextField())


def _of_column(filter_: SearchFilter) -> str:
    """What `{0}`, the column, says; where it is another parameter's too, perhaps `{1}`, tokens."""
    if not (isinstance(filter_, ReferenceFilter) and filter_.only):
        return "nullif({0}, '')"
    here, start = literal(f"{filter_.only}/"), f"{filter_.name}="
    elsewhere = (
        f"select min(substr(e, {len(start) + 1})) from unnest({{1}}) e"
        f" where starts_with(e, {literal(start)}) and position('/' in e) > 0"
    )
    return f"case when starts_with({{0}}, {here}) then {{0}} else ({elsewhere}) end"


def _of_several(name: str, sql: str, column: str, field: Field) -> SortKey:
    """By the least of the values upwards, and by the greatest downwards."""
    least, greatest = (
        Sql(sql.replace("{}", end), F(column), output_field=field) for end in ("min", "max")
    )
    return SortKey(name, least, field, nullable=True, downwards=greatest)


def ordered(keys: list[SortKey]) -> list[SortKey]:
    """The keys with the id as the last one, and none twice."""
    found: dict[str, SortKey] = {}
    for key in [*keys, ID]:
        found.setdefault(key.name, key)
        if key.name == ID.name:
            break
    return list(found.values())


def order_of_columns(keys: list[SortKey], *, first: int) -> str:
    """The same order over a select list in which the keys stand from position `first` on."""
    return ", ".join(key.order_of_column(number) for number, key in enumerate(keys, first))
