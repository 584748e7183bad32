"""The benchmark's own database, in the embedded PostgreSQL."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from urllib.parse import quote

import psycopg
from psycopg import sql

from config import embedded_postgres
from config.database import TOP, data_folder


def connection_parameters(name: str) -> dict[str, str | int]:
    return embedded_postgres.connection_parameters(data_folder()) | {"dbname": name}


@contextmanager
def made(name: str, *, keep: bool) -> Iterator[None]:
    """The database called `name`, which Django and its child processes use from now on.

    With `keep` it stays, and one that was kept is used again; else it is new, and dropped.
    """
    for other in _others(name):
        _drop(other)
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


def name_for(tasks: int) -> str:
    """Another one when the tables, or what is loaded into them, have changed."""
    digest = sha256()
    for file in sorted([*TOP.glob("*/migrations/0*.py"), *TOP.glob("bench/[cl]*.py")]):
        digest.update(file.read_bytes())
    return f"taskward_bench_{tasks}_{digest.hexdigest()[:8]}"


def _others(name: str) -> list[str]:
    """Databases of as many Tasks that an earlier version kept."""
    with psycopg.connect(**connection_parameters(embedded_postgres.NAME), autocommit=True) as admin:
        found = admin.execute(
            "select datname from pg_database where starts_with(datname, %s) and datname <> %s",
            (name.rpartition("_")[0] + "_", name),
        )
        return [row[0] for row in found]


def _drop(name: str) -> None:
    with psycopg.connect(**connection_parameters(embedded_postgres.NAME), autocommit=True) as admin:
        admin.execute(sql.SQL("drop database if exists {} (force)").format(sql.Identifier(name)))


def _url(parameters: dict) -> str:
    user, password, host, name = (
        quote(str(parameters[key]), safe="") for key in ("user", "password", "host", "dbname")
    )
    return f"postgresql://{user}:{password}@/{name}?host={host}&port={parameters['port']}"
