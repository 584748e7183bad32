"""Who may read what: one condition a model, used by every path that reads.

A model says it in `readable_condition(actor)`. The shape of the SQL decides its speed (design.md
§4): a scalar subquery that cannot be hashed, `(select 1 … limit 1) is not null`, instead of EXISTS.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.db.models import BooleanField, F, Func, Q

from fhir import definitions
from fhir.actor import Actor
from fhir.scopes import allows


@dataclass(frozen=True, slots=True)
class Condition:
    """A SQL condition: `{column}` stands for a column of the row, `%s` for a parameter."""

    sql: str
    params: tuple = ()
    reveals: bool = False
    """Whether it is enough that something readable points at the row."""

    def __or__(self, other: "Condition") -> "Condition":
        return Condition(
            f"({self.sql} or {other.sql})",
            self.params + other.params,
            self.reveals or other.reveals,
        )

    def for_table(self, alias: str, columns: "tuple[str, ...]") -> tuple[str, tuple]:
        """The SQL with every column written as `alias.column`, and its parameters."""
        return self.sql.format(**{column: f"{alias}.{column}" for column in columns}), self.params


EVERYTHING = Condition("true")
NOTHING = Condition("false")


class ConditionExpression(Func):
    """A Condition as a Django expression, so that aliases of subqueries are kept right."""

    conditional = True

    def __init__(self, condition: Condition, columns: tuple[str, ...]):
        self.condition, self.columns = condition, columns
        super().__init__(*(F(column) for column in columns), output_field=BooleanField())

    def as_sql(self, compiler, connection, **extra):
        names = [compiler.compile(source)[0] for source in self.source_expressions]
        sql = self.condition.sql.format(**dict(zip(self.columns, names, strict=True)))
        return sql, list(self.condition.params)


def columns_of(model) -> tuple[str, ...]:
    return tuple(field.column for field in model._meta.concrete_fields)


def readable(model, actor: Actor, *, shown: Q | None = None) -> Q:
    """`model.readable_condition(actor)` for a queryset.

    `shown` says that something readable points at the row: for what is revealed so, it is enough
    and quicker to tell.
    """
    condition = model.readable_condition(actor)
    within = _within_scopes(model, actor)
    if condition is EVERYTHING:
        return within
    used = tuple(name for name in columns_of(model) if "{" + name + "}" in condition.sql)
    expression = Q(ConditionExpression(condition, used))
    return (shown | expression if shown and condition.reveals else expression) & within


def _within_scopes(model, actor: Actor) -> Q:
    """The types of the model that the token's scopes let read."""
    if actor.scopes is None:
        return Q()
    if isinstance(model.resource_type, str):
        return Q() if allows(actor, model.resource_type, "r") else Q(pk__in=[])
    names = [name for name in definitions.resource_types() if allows(actor, name, "r")]
    return Q(resource_type__in=names)


_directory: set[str] = set()


def add_directory(*type_names: str) -> None:
    """Let every signed-in member of staff read these types (requirements.md T19)."""
    _directory.update(type_names)


def in_directory(type_name: str) -> Condition:
    """The condition that a type, a SQL expression, is of the directory."""
    names = ", ".join(f"'{name}'" for name in sorted(_directory))
    return Condition(f"{type_name} in ({names})") if names else NOTHING


Revealer = Callable[[Actor, str], Condition]
"""(actor, SQL of a reference such as `'Patient/' || {resource_id}`) → condition."""

_revealers: list[Revealer] = []


def add_revealer(revealer: Revealer) -> None:
    """Let readable resources of a type reveal those that they point at (requirements.md T19)."""
    _revealers.append(revealer)


def revealed(actor: Actor, *references: str) -> Condition:
    """Readable because something readable points at one of `references` (SQL expressions)."""
    condition = NOTHING
    for revealer in _revealers:
        for reference in references:
            condition = condition | revealer(actor, reference)
    return replace(condition, reveals=True)
