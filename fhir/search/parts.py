"""What a search reads: parts, each of rows of one type, that share one order.

A search of one type has one part. One of several types has a part for each; so has a list whose
order is made of several ranges of an index. A page is the first rows of all parts together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db.models import CharField, Field, Q, QuerySet, Value

from fhir import sql
from fhir.actor import Actor
from fhir.resources import ResourceType
from fhir.search.expressions import NEVER
from fhir.search.sorting import SortKey, order_of_columns


@dataclass(frozen=True)
class ConstantKey(SortKey):
    """A key that is the same for all rows of a part: its type, or the number of its range."""

    value: Any = None

    def same(self, value: Any) -> Q:
        return Q() if value == self.value else NEVER

    def after(self, value: Any) -> Q | None:
        return Q() if self.value > value else None


def constant_key(name: str, value: Any, *, field: Field) -> ConstantKey:
    return ConstantKey(name, Value(value, output_field=field), field, value=value)


def type_key(resource_type: ResourceType) -> ConstantKey:
    """The last key where there are several types, as two of them may have a resource of one id."""
    return constant_key("_type", resource_type.name, field=CharField())


@dataclass(frozen=True, slots=True)
class Part:
    """`candidates` is what meets the conditions, whoever may read it.

    `branches` divide it into what an index holds in the order of `keys` each. The keys of all parts
    of a search have the same names, one by one.
    """

    resource_type: ResourceType
    candidates: QuerySet
    keys: Sequence[SortKey]
    branches: Sequence[Q] = field(default=(Q(),))


class Statement(NamedTuple):
    """What the actor may read of one branch of a part, as SQL without an order and a limit."""

    part: Part
    sql: str
    params: Sequence[Any]


def statements(
    parts: Sequence[Part],
    columns: Sequence[str],
    *,
    actor: Actor,
    conditions: Sequence[Q | None] | None = None,
) -> list[Statement]:
    """Each selects the columns and then the values of the keys.

    `conditions` narrow the parts, one by one; None leaves a part out. The ORM takes longer to say
    it than PostgreSQL to answer, so what is made here serves the page and its total.
    """
    found = []
    for part, condition in zip(parts, conditions or [Q()] * len(parts), strict=True):
        if condition is None:
            continue
        selected = part.candidates.readable_by(actor).order_by()
        selected = selected.values_list(*columns, *(key.expression for key in part.keys))
        for branch in part.branches:
            try:
                text, params = selected.filter(condition & branch).query.sql_with_params()
            except EmptyResultSet:
                continue
            found.append(Statement(part, text, params))
    return found


def first_rows(of: Sequence[Statement], columns: Sequence[str], limit: int) -> list[tuple]:
    """The first `limit` rows, as (columns …, values of the keys …)."""
    if not of:
        return []
    first = len(columns) + 1
    limited = [f"{each.sql} order by {_order(each.part.keys, first)} limit {limit}" for each in of]
    params = [param for each in of for param in each.params]
    statement = limited[0]
    if len(limited) > 1:
        order = order_of_columns(list(of[0].part.keys), first=first)
        together = " union all ".join(f"({each})" for each in limited)
        statement = f"select * from ({together}) u order by {order} limit {limit}"
    # Planned anew for its values: a plan for any code or owner is a bad one for most.
    return sql.rows(statement, params, prepare=False)


def _order(keys: Sequence[SortKey], first: int) -> str:
    """Of one part, in which a constant orders nothing."""
    return ", ".join(
        key.order_of_column(number)
        for number, key in enumerate(keys, first)
        if not isinstance(key, ConstantKey)
    )


def rows_after(
    parts: Sequence[Part],
    columns: Sequence[str],
    limit: int,
    values: Sequence[Any],
    *,
    actor: Actor,
) -> list[tuple]:
    """The first `limit` rows that come later than a row whose keys have these values."""
    rows: list[tuple] = []
    # Ranges that follow one another, the last key's first. Each is contiguous in an index of the
    # same order, which the one condition `a > x or (a = x and b > y)` is not.
    for number in reversed(range(len(parts[0].keys) if parts else 0)):
        later = [_later(part.keys, values, number) for part in parts]
        following = statements(parts, columns, actor=actor, conditions=later)
        rows += first_rows(following, columns, limit - len(rows))
        if len(rows) == limit:
            break
    return rows


def _later(keys: Sequence[SortKey], values: Sequence[Any], number: int) -> Q | None:
    """Rows that are the same in the keys before `number` and later in that one."""
    later = keys[number].after(values[number])
    if later is None:
        return None
    for key, value in zip(keys[:number], values[:number], strict=True):
        later &= key.same(value)
    return later


def count(of: Sequence[Statement]) -> int:
    """How many rows there are."""
    if not of:
        return 0
    statement, params = _rows(of)
    return sql.rows(f"select count(*) from ({statement}) n", params, prepare=False)[0][0]


def _rows(of: Sequence[Statement], limit: str = "") -> tuple[str, list]:
    """One row for each, with nothing in it."""
    statement = " union all ".join(f"(select 1 from ({each.sql}) r{limit})" for each in of)
    return statement, [param for each in of for param in each.params]


def count_up_to(of: Sequence[Statement], most: int, *, affordable: float) -> int | None:
    """The same when it is no more than `most`; None else, or when finding out costs too much.

    The limit is on what the actor may read: one on what is looked at would tell of the rest.
    """
    if not of:
        return 0
    statement, params = _rows(of, f" limit {most + 1}")
    if planned(statement, params)["Total Cost"] > affordable:
        return None
    limited = f"select count(*) from (select 1 from ({statement}) l limit {most + 1}) n"
    [(total,)] = sql.rows(limited, params, prepare=False)
    return total if total <= most else None


def planned_count(of: Sequence[Statement]) -> int:
    """What the planner expects, by its statistics; for those only who read everything."""
    return int(planned(*_rows(of))["Plan Rows"]) if of else 0


def planned(statement: str, params: Sequence[Any]) -> dict:
    """The top of the plan of a statement."""
    plan = sql.rows(f"explain (format json) {statement}", params, prepare=False)[0][0]
    return plan[0]["Plan"]
