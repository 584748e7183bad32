"""Server-side prepared statements on Django's own connection, for the hot queries.

Django plans every statement anew; a prepared one costs half (design.md §5). Everything runs in
Django's transaction, if there is one, and raises Django's database errors.
"""

from collections.abc import Sequence
from threading import local
from typing import Any

import psycopg
from django.db import connection


def rows(statement: str, params: Sequence[Any] = (), *, prepare: bool | None = True) -> list[tuple]:
    """Run `statement` with `%s` parameters and return its rows.

    `prepare`: True for a statement of a fixed text, None for one that is put together, which is
    then prepared once it has come five times.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor = _cursor(connection.connection)
        cursor.execute(statement, params, prepare=prepare)
        # Not `cursor.description`, which makes an object for each column: 13 µs.
        return cursor.fetchall() if cursor.pgresult.nfields else []


_kept = local()


def _cursor(opened: psycopg.Connection) -> psycopg.Cursor:
    """The thread's cursor: a new one learns anew how each type of parameter is written, in 20 µs."""
    cursor = getattr(_kept, "cursor", None)
    if cursor is None or cursor.connection is not opened:
        cursor = _kept.cursor = psycopg.Cursor(opened)
    return cursor
