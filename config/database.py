"""Which PostgreSQL is used: the one that TASKWARD_DATABASE_URL names, or the embedded one."""

import os
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import embedded_postgres

TOP = Path(__file__).resolve().parent.parent


def data_folder() -> Path:
    """$TASKWARD_DATA, or .data beside manage.py: the database, keys and the demo's sign-ins."""
    return Path(os.environ.get("TASKWARD_DATA") or TOP / ".data").absolute()


def database_url() -> str:
    return os.environ.get("TASKWARD_DATABASE_URL", "")


def running_database():
    """A context in which the database can be used: the embedded one runs as long as it is in use."""
    if database_url():
        return nullcontext()
    return embedded_postgres.running(data_folder())


def django_database() -> dict:
    """The DATABASES entry. Raises ImproperlyConfigured for a URL that is none."""
    options = {"prepare_threshold": 5} | _statement_timeout()
    if not database_url():
        parameters = embedded_postgres.connection_parameters(data_folder())
        return _entry(
            parameters["dbname"],
            parameters["user"],
            parameters["password"],
            str(parameters["host"]),
            str(parameters.get("port", "")),
            options,
        )
    url = urlsplit(database_url())
    if url.scheme not in ("postgres", "postgresql") or not url.path.strip("/"):
        raise ImproperlyConfigured(
            "TASKWARD_DATABASE_URL must look like postgresql://user:password@host:5432/name."
        )
    query = dict(parse_qsl(url.query))
    return _entry(
        unquote(url.path.strip("/")),
        unquote(url.username or ""),
        unquote(url.password or ""),
        query.pop("host", unquote(url.hostname or "")),
        str(url.port or query.pop("port", "")),
        options | query,
    )


def _statement_timeout() -> dict:
    """TASKWARD_STATEMENT_TIMEOUT, in seconds, as an option of the connection; "" and 0 for none."""
    seconds = os.environ.get("TASKWARD_STATEMENT_TIMEOUT") or "0"
    if not seconds.isdecimal():
        raise ImproperlyConfigured("TASKWARD_STATEMENT_TIMEOUT must be a whole number of seconds.")
    return {"options": f"-c statement_timeout={seconds}s"} if int(seconds) else {}


def _entry(name, user, password, host, port, options) -> dict:
    return {
        "ENGINE": "config.postgresql",
        "NAME": name,
        "USER": user,
        "PASSWORD": password,
        "HOST": host,
        "PORT": port,
        "OPTIONS": options,
        # A new connection for each request costs 2.9 ms (design.md §5).
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }
