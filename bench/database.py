"""The benchmark's own database, in the embedded PostgreSQL."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import psycopg
from psycopg import sql

from config import embedded_postgres
from config.database import data_folder


def connection_parameters(name: str) -> dict[str, str | int]:
    return embedded_postgres.connection_parameters(data_folder()) | {"dbname": name}


@contextmanager
def made(name: str, *, keep: bool) -> Iterator[None]:
    """The database called `name`, which Django and its child processes use from now on.

    With `keep` it stays, and one that was kept is used again; else it is new, and dropped.
    """
    if not keep:
        _drop(name)
    with psycopg.connect(**connection_parameters(embedded_postgres.NAME), autocommit=True) as admin:
        known = admin.execute("select 1 from pg_database where datname = %s", (name,)).fetchone()
        if not known:
            admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    os.environ["TASKWARD_DATABASE_URL"] = _url(connection_parameters(name))
    try:
        yield
    finally:
        if not keep:
            _drop(name)


def _drop(name: str) -> None:
    with psycopg.connect(**connection_parameters(embedded_postgres.NAME), autocommit=True) as admin:
        admin.execute(sql.SQL("drop database if exists {} (force)").format(sql.Identifier(name)))


def _url(parameters: dict) -> str:
    user, password, host, name = (
        quote(str(parameters[key]), safe="") for key in ("user", "password", "host", "dbname")
    )
    return f"postgresql://{user}:{password}@/{name}?host={host}&port={parameters['port']}"
