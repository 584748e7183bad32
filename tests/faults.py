"""Faults on purpose: the n-th statement that is sent to PostgreSQL fails, for every n.

    pytestmark = pytest.mark.django_db(transaction=True)

    def test_…(cast):
        nothing_or_everything(lambda: moves.reroute(task_id, …))

It needs transactions of its own: a test's would be broken by the first failure outside of them.

The statement is counted where every one passes, in psycopg's cursor: Django's own queries, those of
fhir.sql, savepoints and the COMMIT. In its place one is sent that the server refuses, as it refuses
who waited too long for a lock, so that the transaction is as broken as it would be then.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import psycopg
from django.db import OperationalError, connection

REFUSAL = (
    "do $$ begin raise exception 'refused by the test' using errcode = 'lock_not_available'; end $$"
)
MOST_STATEMENTS = 2000
"""An action that sends more does not end."""


class Statements:
    """How many were sent, and `texts`, without the commits; the one of this number fails."""

    def __init__(self, failing: int | None):
        self.failing, self.sent = failing, 0
        self.texts: list[str] = []

    @property
    def failed(self) -> bool:
        return self.failing is not None and self.sent >= self.failing

    def fails_now(self) -> bool:
        self.sent += 1
        return self.sent == self.failing


@contextmanager
def statements(*, failing: int | None = None) -> Iterator[Statements]:
    """Counts what the block sends on any connection; the statement number `failing` is refused."""
    told = Statements(failing)
    execute, commit = psycopg.Cursor.execute, psycopg.Connection.commit

    def counted(cursor, query, *args, **kwargs):
        told.texts.append(str(query))
        if told.fails_now():
            execute(cursor, REFUSAL)
        return execute(cursor, query, *args, **kwargs)

    def committed(opened):
        if told.fails_now():
            execute(opened.cursor(), REFUSAL)
        return commit(opened)

    with patch.object(psycopg.Cursor, "execute", counted):
        with patch.object(psycopg.Connection, "commit", committed):
            yield told


def nothing_or_everything(
    act: Callable[[], object], *, besides: frozenset[str] = frozenset()
) -> int:
    """Run `act` with its first statement failing, its second …, until it passes; how many it sends.

    Asserts that each failure is told, and leaves every row of every table as it was; that what
    passes in the end changes something. `besides` are tables that may keep a trace of the failure.
    """
    before = digest(besides=besides)
    for number in range(1, MOST_STATEMENTS):
        with statements(failing=number) as told:
            try:
                act()
            except OperationalError as error:
                assert "refused by the test" in str(error)
            else:
                assert not told.failed, f"statement {number} failed and nobody was told"
        if not told.failed:
            assert digest(besides=besides) != before, "the action does nothing"
            return told.sent
        left = changed_tables(before, digest(besides=besides))
        assert not left, f"a failure of statement {number} left something in {left}"
    raise AssertionError("the action does not end")


def digest(*, besides: frozenset[str] = frozenset()) -> dict[str, str]:
    """Table → a hash of all its rows, in whatever order they lie."""
    with connection.cursor() as cursor:
        names = sorted({*connection.introspection.table_names(cursor)} - besides)
        hashes = ", ".join(
            f"(select md5(string_agg(t::text, chr(10) order by t::text)) from {quoted(name)} t)"
            for name in names
        )
        cursor.execute(f"select {hashes}")
        return dict(zip(names, cursor.fetchone(), strict=True))


def quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def changed_tables(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return [name for name, of_rows in after.items() if before.get(name) != of_rows]
