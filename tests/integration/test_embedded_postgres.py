"""The embedded PostgreSQL, with real servers in folders of their own."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from config import embedded_postgres
from config.embedded_postgres import EmbeddedPostgresError, connection_parameters, running

TOP = Path(__file__).resolve().parents[2]

USER = """
import sys
from pathlib import Path
from config.embedded_postgres import running

data = Path(sys.argv[1])
with running(data):
    print((data / "postgres/cluster/postmaster.pid").read_text().split()[0], flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def add_row(data, text):
    with psycopg.connect(**connection_parameters(data)) as connection:
        connection.execute("create table if not exists kept (line text)")
        connection.execute("insert into kept values (%s)", [text])


def rows(data):
    with psycopg.connect(**connection_parameters(data)) as connection:
        return [line for (line,) in connection.execute("select line from kept order by line")]


def setting(data, name):
    with psycopg.connect(**connection_parameters(data)) as connection:
        return connection.execute("select current_setting(%s)", [name]).fetchone()[0]


def postmaster(data):
    pid = int((data / "postgres" / "cluster" / "postmaster.pid").read_text().split()[0])
    return psutil.Process(pid)


def is_gone(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def kill(process):
    process.kill()
    deadline = time.monotonic() + 60
    while not is_gone(process) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_gone(process)


def start_user(data):
    """A process that uses the server until its standard input closes."""
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(data)],
        cwd=TOP,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def end(user):
    user.communicate("\n", timeout=30)
    assert user.returncode == 0


def test_it_starts_from_nothing_and_is_private_and_durable(data):
    with running(data) as parameters:
        assert parameters == connection_parameters(data)
        assert setting(data, "server_version").startswith("18")
        assert setting(data, "server_encoding") == "UTF8"
        assert setting(data, "listen_addresses") == ""
        assert Path(parameters["host"]).stat().st_mode & 0o777 == 0o700
        for durable in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
            assert setting(data, durable) == "on"
        assert setting(data, "is_superuser") == "off"
    assert data.stat().st_mode & 0o777 == 0o700
    assert (data / "postgres").stat().st_mode & 0o777 == 0o700
    assert (data / "postgres" / "password").stat().st_mode & 0o777 == 0o600


def test_a_wrong_password_is_refused(data):
    with running(data) as parameters, pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(**parameters | {"password": "guess"})


def test_its_log_holds_no_row_values_and_no_statements(data):
    with running(data):
        add_row(data, "Mrs Example")
        with psycopg.connect(**connection_parameters(data)) as connection:
            connection.execute("create unique index on kept (line)")
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("insert into kept values (%s)", ["Mrs Example"])
    log = "".join(path.read_text() for path in (data / "postgres" / "cluster" / "log").iterdir())
    assert "duplicate key" in log
    assert "Mrs Example" not in log
    assert "insert into" not in log


def test_a_restart_finds_the_data_and_the_password(data):
    with running(data) as before:
        add_row(data, "first")
    with running(data) as after:
        assert rows(data) == ["first"]
    assert before == after


def test_nothing_committed_is_lost_when_the_postmaster_is_killed(data):
    with running(data):
        add_row(data, "before")
        kill(postmaster(data))
        embedded_postgres.ensure_running(data)
        add_row(data, "after")
        assert rows(data) == ["after", "before"]


def test_it_starts_after_a_kill_although_a_backend_of_the_old_server_is_busy(data):
    with running(data) as parameters:
        add_row(data, "before")
        with psycopg.connect(**parameters) as connection:
            backend = connection.info.backend_pid
            # Stopped, it cannot notice that its postmaster is gone.
            os.kill(backend, signal.SIGSTOP)
            kill(postmaster(data))
            embedded_postgres.ensure_running(data)
        assert rows(data) == ["before"]


@pytest.mark.parametrize("first_line", [str(os.getppid()), ""])
def test_a_lock_file_that_a_reboot_left_behind_does_not_stop_it(data, first_line):
    """The process id in it may belong to anybody by now, or was never written."""
    with running(data):
        add_row(data, "before")
        lock_file = data / "postgres" / "cluster" / "postmaster.pid"
        rest = lock_file.read_text().partition("\n")[2]
        kill(postmaster(data))
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.cwd() == str(data / "postgres" / "cluster"):
                    kill(process)
        lock_file.write_text(f"{first_line}\n{rest}" if first_line else "")
        embedded_postgres.ensure_running(data)
        assert rows(data) == ["before"]


def test_two_starters_at_once_end_with_the_same_server(data):
    users = [start_user(data), start_user(data)]
    first, second = (user.stdout.readline() for user in users)
    assert first == second != ""
    for user in users:
        end(user)


def test_only_the_last_user_stops_the_server(data):
    first, second = start_user(data), start_user(data)
    assert first.stdout.readline() == second.stdout.readline()
    server = postmaster(data)
    end(first)
    assert not is_gone(server)
    end(second)
    assert is_gone(server)


def test_a_killed_user_does_not_keep_the_server_alive(data):
    killed, last = start_user(data), start_user(data)
    assert killed.stdout.readline() == last.stdout.readline()
    server = postmaster(data)
    killed.kill()
    killed.communicate()
    end(last)
    assert is_gone(server)


def test_an_interrupted_first_start_leaves_nothing_half_made(data):
    with running(data):
        pass
    (data / "postgres" / "cluster").rename(data / "postgres" / "cluster.new-interrupted")
    with running(data):
        add_row(data, "new")
    assert not (data / "postgres" / "cluster.new-interrupted").exists()


def test_a_foreign_folder_is_refused_and_left_alone(data):
    (data / "postgres").mkdir(parents=True)
    (data / "postgres" / "thesis.odt").write_text("years of work")
    with pytest.raises(EmbeddedPostgresError, match="did not put there"), running(data):
        pass
    assert [path.name for path in (data / "postgres").iterdir()] == ["thesis.odt"]


def test_the_data_of_another_version_is_refused_and_left_alone(data):
    with running(data):
        pass
    (data / "postgres" / "cluster" / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedPostgresError, match="PostgreSQL 16"), running(data):
        pass
    assert (data / "postgres" / "cluster" / "PG_VERSION").read_text() == "16\n"


def test_a_folder_of_another_user_is_refused(data):
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    (data / "postgres").mkdir(parents=True)
    os.chown(data / "postgres", 1, 1)
    with pytest.raises(EmbeddedPostgresError, match="another user"), running(data):
        pass


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    # A file in its way stops root too, which permissions do not.
    (tmp_path / "file").write_text("")
    refused = tmp_path / "file" / "data"
    with pytest.raises(EmbeddedPostgresError, match="cannot be written"), running(refused):
        pass


def test_a_path_too_long_for_a_socket_gets_a_short_private_one(tmp_path):
    data = tmp_path / ("long" * 25)
    with running(data) as parameters:
        add_row(data, "kept")
        assert rows(data) == ["kept"]
        folder = Path(parameters["host"])
        assert data not in folder.parents
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder.stat().st_uid == os.geteuid()
    assert not folder.exists()


def test_any_path_works(tmp_path):
    data = tmp_path / """it's "quoted" $HOME\\n %d, 100%"""
    with running(data):
        add_row(data, "kept")
        assert rows(data) == ["kept"]


def test_connection_parameters_before_the_first_start_say_what_is_wrong(data):
    with pytest.raises(EmbeddedPostgresError, match="password"):
        connection_parameters(data)
