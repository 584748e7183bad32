"""What a search reads: parts, each of rows of one type, that share one order.

A search of one type has one part. One of several types has a part for each; so has a list whose
order is made of several ranges of an index. A page is the first rows of all parts together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import CharField, Field, Q, QuerySet, Value

from fhir import sql
from fhir.actor import Actor
from fhir.resources import ResourceType
from fhir.search.chains import fetch, united
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


def first_rows(
    parts: Sequence[Part],
    columns: Sequence[str],
    limit: int,
    *,
    actor: Actor,
    after: Sequence[Any] | None = None,
) -> list[tuple]:
    """The first `limit` rows that the actor may read, as (columns …, values of the keys …).

    `after` is the values of the keys of a row: only later ones then.
    """
    if not parts:
        return []
    if after is None:
        return _rows(parts, [Q()] * len(parts), columns, limit, actor)
    rows: list[tuple] = []
    # Ranges that follow one another, the last key's first. Each is contiguous in an index of the
    # same order, which the one condition `a > x or (a = x and b > y)` is not.
    for number in reversed(range(len(parts[0].keys))):
        later = [_later(part.keys, after, number) for part in parts]
        rows += _rows(parts, later, columns, limit - len(rows), actor)
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


def _rows(
    parts: Sequence[Part],
    conditions: Sequence[Q | None],
    columns: Sequence[str],
    limit: int,
    actor: Actor,
) -> list[tuple]:
    limited = [
        selected.filter(condition & branch)[:limit]
        for part, condition in zip(parts, conditions, strict=True)
        if condition is not None
        for selected in [_selected(part, columns, actor)]
        for branch in part.branches
    ]
    if len(limited) == 1:
        return fetch(limited[0])
    statement, params = united(limited)
    if not statement:
        return []
    order = order_of_columns(list(parts[0].keys), first=len(columns) + 1)
    return sql.rows(
        f"select * from ({statement}) u order by {order} limit {limit}", params, prepare=False
    )


def _selected(part: Part, columns: Sequence[str], actor: Actor) -> QuerySet:
    order = [key.order() for key in part.keys if not isinstance(key, ConstantKey)]
    return (
        part.candidates.readable_by(actor)
        .order_by(*order)
        .values_list(*columns, *(key.expression for key in part.keys))
    )


def count(parts: Sequence[Part], *, actor: Actor) -> int:
    """How many rows the actor may read."""
    statement, params = _readable(parts, actor)
    if not statement:
        return 0
    return sql.rows(f"select count(*) from ({statement}) n", params, prepare=False)[0][0]


def _readable(parts: Sequence[Part], actor: Actor, limit: int | None = None) -> tuple[str, list]:
    return united(
        [
            readable.filter(branch)[:limit]
            for part in parts
            for readable in [part.candidates.readable_by(actor).order_by().values_list("pk")]
            for branch in part.branches
        ]
    )


def count_up_to(parts: Sequence[Part], most: int, *, actor: Actor, affordable: float) -> int | None:
    """The same when it is no more than `most`; None else, or when finding out costs too much.

    The limit is on what the actor may read: one on what is looked at would tell of the rest.
    """
    statement, params = _readable(parts, actor, most + 1)
    if not statement:
        return 0
    if planned(statement, params)["Total Cost"] > affordable:
        return None
    [(total,)] = sql.rows(
        f"select count(*) from (select 1 from ({statement}) l limit {most + 1}) n",
        params,
        prepare=False,
    )
    return total if total <= most else None


def planned_count(parts: Sequence[Part], *, actor: Actor) -> int:
    """What the planner expects, by its statistics; for those only who read everything."""
    statement, params = _readable(parts, actor)
    return int(planned(statement, params)["Plan Rows"]) if statement else 0


def planned(statement: str, params: list) -> dict:
    """The top of the plan of a statement."""
    plan = sql.rows(f"explain (format json) {statement}", params, prepare=False)[0][0]
    return plan[0]["Plan"]
