"""Everything that a running Taskward consists of: `python -m config.run demo`, or `serve`.

Starts the database, the web server and the worker, starts again what dies, and stops all of it
on Ctrl-C or SIGTERM. `web` is the web server alone, for those who supervise it themselves.
"""

import argparse
import ctypes
import errno
import http.client
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import psycopg
from django.core.exceptions import ImproperlyConfigured

from config import embedded_postgres
from config.database import TOP, data_folder, database_url, django_database
from config.embedded_postgres import EmbeddedPostgresError

TICK = 0.2  # seconds between two looks at what should be running
STOP_LIMIT = 25.0  # seconds for requests and jobs in hand to end
PORT_LIMIT = 1.0  # seconds for the web server of a killed predecessor to let go of the port
LONGEST_PAUSE = 10.0  # seconds before something that keeps dying is started again
STEADY = 30.0  # seconds of running after which a death counts as the first again
FALSE_STARTS = 5  # deaths before the first answer after which the start is given up
OLDEST_POSTGRES = 16


class RunError(Exception):
    """Taskward cannot run; the message is one sentence for the operator."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m config.run", description=__doc__)
    parser.add_argument("what", choices=["demo", "serve", "web"])
    what = parser.parse_args(arguments).what
    try:
        if what == "web":
            serve_web(Address.from_environment())
        else:
            run(with_demo_clinic=what == "demo")
    except (RunError, EmbeddedPostgresError, ImproperlyConfigured) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def run(*, with_demo_clinic: bool) -> None:
    """Run until a signal asks to stop. Raises RunError and EmbeddedPostgresError."""
    if "MAKELEVEL" in os.environ:
        _end_with_parent(signal.SIGTERM)  # a killed make leaves nothing behind
    stopping = _stop_on_signals()
    address = Address.from_environment()
    address.check_free()
    check_data_folder()
    environment = os.environ | {
        "HOST": address.host,
        "PORT": str(address.port),
        "TASKWARD_DATA": str(data_folder()),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONUNBUFFERED": "1",
    }
    with database() as keep_database:
        manage("migrate", "--noinput", "--verbosity=0", env=environment, stopping=stopping)
        if with_demo_clinic:
            manage("demo_data", env=environment, stopping=stopping)
        services = [
            # Nothing that it has in hand is worth keeping the port of a killed supervisor for.
            Service("web server", ["-m", "config.run", "web"], environment, signal.SIGKILL),
            Service("worker", ["manage.py", "worker"], environment, signal.SIGTERM),
        ]
        try:
            supervise(services, address, keep_database, stopping)
        finally:
            stop(services)


# Before the start


@dataclass(frozen=True)
class Address:
    """Where the web server listens."""

    host: str
    port: int

    @classmethod
    def from_environment(cls) -> "Address":
        """$HOST and $PORT. Raises RunError."""
        host, port = os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "8000"
        if not port.isdecimal() or not 0 < int(port) < 65536:
            raise RunError("PORT must be a number from 1 to 65535.")
        return cls(host, int(port))

    @property
    def reachable_host(self) -> str:
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - asks the server, binds nothing

    @property
    def url(self) -> str:
        host = self.reachable_host
        return f"http://[{host}]:{self.port}/" if ":" in host else f"http://{host}:{self.port}/"

    def check_free(self) -> None:
        """Raises RunError when the web server could not listen here."""
        deadline = time.monotonic() + PORT_LIMIT
        while (problem := self._problem()) and time.monotonic() < deadline:
            time.sleep(0.1)
        if problem:
            raise RunError(problem)

    def _problem(self) -> str:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
                probe.listen()
            except PermissionError:
                return f"Port {self.port} is for root alone; choose another with {self._another}."
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    return f"Port {self.port} is in use; choose another with {self._another}."
                return f"The web server cannot listen on {self.host}: {error.strerror or error}."
        return ""

    @property
    def _another(self) -> str:
        return f"PORT={self.port + 1 if 1024 <= self.port < 65535 else 8001} make demo"


def check_data_folder() -> None:
    """Raises RunError when nothing can be kept in $TASKWARD_DATA."""
    data = data_folder()
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        raise RunError(
            f"The data folder {data} cannot be written ({error.strerror}); "
            "choose another with TASKWARD_DATA."
        ) from error


@contextmanager
def database() -> Iterator[Callable[[], None]]:
    """The database for as long as the block runs; yields what brings a dead one back.

    Raises RunError and EmbeddedPostgresError.
    """
    if database_url():
        check_database()
        yield lambda: None
    else:
        with embedded_postgres.running(data_folder()):
            yield keep_embedded_database


def keep_embedded_database() -> None:
    if embedded_postgres.is_running(data_folder()):
        return
    _say("PostgreSQL stopped; starting it again.")
    try:
        embedded_postgres.ensure_running(data_folder())
    except EmbeddedPostgresError as error:
        _say(f"{error} Trying again.")


def check_database() -> None:
    """Raises RunError, without the password, when $TASKWARD_DATABASE_URL does not answer."""
    try:
        entry = django_database()
    except ValueError as error:
        raise RunError(
            "TASKWARD_DATABASE_URL must look like postgresql://user:password@host:5432/name."
        ) from error
    named = {"host": "HOST", "port": "PORT", "user": "USER", "dbname": "NAME"}
    parameters = {ours: entry[theirs] for ours, theirs in named.items() if entry[theirs]}
    if entry["PASSWORD"]:
        parameters["password"] = entry["PASSWORD"]
    try:
        with psycopg.connect(**entry["OPTIONS"] | parameters, connect_timeout=5) as connection:
            version = connection.info.server_version // 10000
    except psycopg.Error as error:
        reason = (str(error).strip() or "no reason given").splitlines()[0].rpartition("failed: ")[2]
        raise RunError(
            f"The database that TASKWARD_DATABASE_URL names does not answer: {reason}"
        ) from None
    if version < OLDEST_POSTGRES:
        raise RunError(
            f"The database that TASKWARD_DATABASE_URL names is PostgreSQL {version}; "
            f"Taskward needs {OLDEST_POSTGRES} or newer."
        )


def manage(*command: str, env: Mapping[str, str], stopping: threading.Event) -> None:
    """Run a command of manage.py to its end, unless asked to stop. Raises RunError."""
    if stopping.is_set():
        return
    service = Service(command[0], ["manage.py", *command], env, signal.SIGTERM)
    service.start()
    try:
        while service.process.poll() is None and not stopping.wait(TICK / 4):
            pass
    finally:
        stop([service])
    if service.process.returncode and not stopping.is_set():
        raise RunError(f"manage.py {command[0]} failed; its message is above.")


# While it runs


@dataclass
class Service:
    """A process that is started again when it dies."""

    name: str
    command: list[str]
    env: Mapping[str, str]
    death_signal: int  # what it gets when the supervisor is killed
    process: subprocess.Popen | None = None
    deaths: int = 0  # in a row
    started_at: float = 0.0
    due_at: float = 0.0

    def start(self) -> None:
        # A session of its own: Ctrl-C reaches the supervisor alone, which then stops all in order,
        # and whatever the process leaves behind can be killed as a group.
        # With the death signal the kernel ends it when the supervisor is killed.
        self.process = subprocess.Popen(
            [sys.executable, *self.command],
            cwd=TOP,
            env=self.env,
            start_new_session=True,
            preexec_fn=partial(_end_with_parent, self.death_signal, os.getpid()),
        )
        self.started_at = time.monotonic()

    def tend(self) -> None:
        """Start it when it is due; notice that it died."""
        if self.process is None:
            if time.monotonic() >= self.due_at:
                self.start()
        elif self.process.poll() is not None:
            self._bury()

    def _bury(self) -> None:
        self.kill_group()
        self.deaths = 1 if time.monotonic() - self.started_at > STEADY else self.deaths + 1
        pause = min(TICK * 2 ** (self.deaths - 1), LONGEST_PAUSE)
        self.due_at = time.monotonic() + pause
        _say(f"The {self.name} stopped ({_how(self.process)}); starting it again.")
        self.process = None

    def kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


def supervise(
    services: list[Service],
    address: Address,
    keep_database: Callable[[], None],
    stopping: threading.Event,
) -> None:
    """Keep the services and the database running until asked to stop. Raises RunError."""
    ready = False
    while not stopping.is_set():
        keep_database()
        for service in services:
            service.tend()
            if not ready and service.deaths >= FALSE_STARTS:
                raise RunError(f"The {service.name} does not start; its messages are above.")
        if not ready and (ready := answers(address)):
            _say(f"Taskward is ready at {address.url}")
        stopping.wait(TICK)


def answers(address: Address) -> bool:
    """Whether GET /health answers. Behind a proxy it may answer that this address is not its own:
    a redirect to https, or 400 for a host that is not allowed."""
    connection = http.client.HTTPConnection(address.reachable_host, address.port, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def stop(services: list[Service]) -> None:
    """Let the services end what they have in hand, and kill what is left after STOP_LIMIT."""
    started = [service for service in services if service.process is not None]
    for service in started:
        if service.process.poll() is None:
            service.process.terminate()
    deadline = time.monotonic() + STOP_LIMIT
    for service in started:
        with suppress(subprocess.TimeoutExpired):
            service.process.wait(max(0.0, deadline - time.monotonic()))
    for service in started:
        service.kill_group()
        service.process.wait()


# The web server


def serve_web(address: Address) -> None:
    """Serve config.wsgi until SIGTERM. Raises RunError."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    multiprocessing.set_start_method("fork", force=True)
    os.register_at_fork(after_in_child=_become_web_worker)
    Granian(
        "config.wsgi:application",
        address=address.host,
        port=address.port,
        interface=Interfaces.WSGI,
        workers=_positive("TASKWARD_WEB_WORKERS", default=os.cpu_count() or 1),
        blocking_threads=_positive("TASKWARD_WEB_THREADS", default=4),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=int(STOP_LIMIT) - 5,
        log_level=LogLevels.warning,
        log_access=False,  # query strings name patients; the audit record says who asked what
    ).serve()


def _become_web_worker() -> None:
    # granian's workers would outlive a killed granian and keep its port.
    _end_with_parent(signal.SIGKILL)
    # Until a worker sets handlers of its own it has granian's, which would swallow the signal.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _positive(name: str, *, default: int) -> int:
    value = os.environ.get(name) or str(default)
    if not value.isdecimal() or int(value) < 1:
        raise RunError(f"{name} must be a whole number above 0.")
    return int(value)


# Signals and messages


def _stop_on_signals() -> threading.Event:
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def _end_with_parent(number: int, parent: int | None = None) -> None:
    """Have the kernel send this process a signal when its parent dies. Linux only.

    `parent` is who it should be: it may have died before this was called.
    """
    set_parent_death_signal = 1
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(set_parent_death_signal, number, 0, 0, 0)
        if parent is not None and os.getppid() != parent:
            os.kill(os.getpid(), number)


def _how(process: subprocess.Popen) -> str:
    code = process.returncode
    return f"exit status {code}" if code >= 0 else signal.Signals(-code).name


def _say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
