"""SQL that the ORM has no words for: literals for partial indexes, ranges, elements of arrays."""

from collections.abc import Sequence
from typing import Any

from django.db.models import BooleanField, F, Func, Q


class Sql(Func):
    """A condition in SQL: `{0}`, `{1}` … stand for expressions, `%s` for parameters, in order.

    A parameter must come after every expression that brings parameters of its own.
    """

    conditional = True

    def __init__(self, sql: str, *expressions: Any, params: Sequence = (), output_field=None):
        self.sql, self.params = sql, list(params)
        super().__init__(*expressions, output_field=output_field or BooleanField())

    def as_sql(self, compiler, connection, **extra):
        names, params = [], []
        for source in self.source_expressions:
            name, of_name = compiler.compile(source)
            names.append(name)
            params += of_name
        return self.sql.format(*names), [*params, *self.params]


NEVER = Q(pk__in=())
"""Matches nothing. Django then asks the database nothing."""


def literal(text: str) -> str:
    """A string constant of SQL, for where a parameter would keep a partial index from being used."""
    quoted = text.replace("'", "''").replace("%", "%%").replace("{", "{{").replace("}", "}}")
    return f"'{quoted}'"


def is_one_of(column: str, values: Sequence[str]) -> Q:
    """`column in ('a', 'b')`, with the values in the SQL itself."""
    if len(values) == 1:
        return Q(Sql(f"{{0}} = {literal(values[0])}", F(column)))
    return Q(Sql(f"{{0}} in ({', '.join(map(literal, values))})", F(column)))


def is_any_of(column: str, values: Sequence[str]) -> Q:
    """`column in (…)` with one parameter, however many values there are."""
    return Q(Sql("{0} = any(%s)", F(column), params=[list(values)]))


def any_element(column: str, condition: str, *params: Any) -> Q:
    """Some element `e` of the array meets the condition."""
    sql = f"exists (select 1 from unnest({{0}}) e where {condition})"
    return Q(Sql(sql, F(column), params=params))
