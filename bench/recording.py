"""The SQL that one request sends, as the product itself sends it."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch
from urllib.parse import unquote

import psycopg
from psycopg.pq import TransactionStatus

from bench.operations import FHIR_JSON, Request


@dataclass(frozen=True)
class Statement:
    """One statement with `%s` for its parameters."""

    text: str
    params: tuple[Any, ...] = ()


BEGIN, COMMIT = Statement("begin"), Statement("commit")


@contextmanager
def recording() -> Iterator[list[Statement]]:
    """The statements that every connection sends while the block runs."""
    found: list[Statement] = []
    execute, commit = psycopg.Cursor.execute, psycopg.Connection.commit

    def recorded_execute(cursor, query, params=None, **options):
        connection = cursor.connection
        idle = connection.info.transaction_status == TransactionStatus.IDLE
        if idle and not connection.autocommit:
            found.append(BEGIN)
        text = query if isinstance(query, str) else query.as_string(connection)
        found.append(Statement(text, tuple(params or ())))
        return execute(cursor, query, params, **options)

    def recorded_commit(connection):
        if connection.info.transaction_status == TransactionStatus.INTRANS:
            found.append(COMMIT)
        return commit(connection)

    with (
        patch.object(psycopg.Cursor, "execute", recorded_execute),
        patch.object(psycopg.Connection, "commit", recorded_commit),
    ):
        yield found


def answer(request: Request) -> int:
    """Have the WSGI application of this process answer a request; the status that it gives."""
    from config.wsgi import application

    path, _, query = request.path.partition("?")
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path),
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_AUTHORIZATION": f"Bearer {request.token}",
        "HTTP_ACCEPT": FHIR_JSON,
        "CONTENT_TYPE": FHIR_JSON if request.method == "POST" else "",
        "CONTENT_LENGTH": str(len(request.body)) if request.body else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    status = 0

    def start_response(line, headers, exc_info=None):
        nonlocal status
        status = int(line[:3])

    response = application(environ, start_response)
    try:
        for _part in response:
            pass
    finally:
        response.close()
    return status
