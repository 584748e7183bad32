"""What `python -m config.run` says when it cannot run, and that it lets nothing die or linger."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from config.run import Service, stop
from tests.ports import free_ports

TOP = Path(__file__).resolve().parents[2]

SUPERVISOR = """
import os, signal, time
from config.run import Service
service = Service("sleeper", ["-c", "import time; time.sleep(60)"], os.environ, signal.SIGKILL)
service.start()
print(service.process.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def free_port():
    [port] = free_ports(1)
    return port


def refusal(what="serve", **environment):
    """The one sentence that it refuses to run with."""
    completed = subprocess.run(
        [sys.executable, "-m", "config.run", what],
        cwd=TOP,
        env=os.environ | {name: str(value) for name, value in environment.items()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert completed.returncode == 1
    assert completed.stdout == ""
    assert completed.stderr.count("\n") == 1
    return completed.stderr.strip()


def test_a_busy_port_is_named_with_the_way_out(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        sentence = refusal("demo", PORT=port, TASKWARD_DATA=tmp_path)
    assert sentence == (f"Port {port} is in use; choose another with PORT={port + 1} make demo.")


@pytest.mark.parametrize("port", ["none", "0", "65536", "-1", "80 80"])
def test_a_port_that_is_none_is_refused(port, tmp_path):
    assert "from 1 to 65535" in refusal(PORT=port, TASKWARD_DATA=tmp_path)


def test_an_address_of_another_machine_is_refused(free_port, tmp_path):
    sentence = refusal(HOST="192.0.2.1", PORT=free_port, TASKWARD_DATA=tmp_path)
    assert sentence.startswith("The web server cannot listen on 192.0.2.1")


def test_a_database_that_does_not_answer_is_named_without_its_password(free_port, tmp_path):
    url = "postgresql://nurse:hunter2@127.0.0.1:1/taskward"
    sentence = refusal(PORT=free_port, TASKWARD_DATA=tmp_path, TASKWARD_DATABASE_URL=url)
    assert sentence.startswith("The database that TASKWARD_DATABASE_URL names does not answer:")
    assert "refused" in sentence
    assert "hunter2" not in sentence


@pytest.mark.parametrize(
    "url", ["mysql://u:hunter2@h/db", "hunter2", "postgresql://u:hunter2/x@h/db", "postgresql://h"]
)
def test_a_database_url_that_is_none_is_refused_without_its_password(url, free_port, tmp_path):
    sentence = refusal(PORT=free_port, TASKWARD_DATA=tmp_path, TASKWARD_DATABASE_URL=url)
    assert "must look like postgresql://" in sentence
    assert "hunter2" not in sentence


def test_a_data_folder_that_cannot_be_written_is_refused(free_port, tmp_path):
    # A file in its way stops root too, which permissions do not.
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "data"
    sentence = refusal(PORT=free_port, TASKWARD_DATA=folder, TASKWARD_DATABASE_URL="")
    assert sentence == (
        f"The data folder {folder} cannot be written (Not a directory); "
        "choose another with TASKWARD_DATA."
    )


def test_a_foreign_folder_is_refused(free_port, tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")
    sentence = refusal(PORT=free_port, TASKWARD_DATA=tmp_path, TASKWARD_DATABASE_URL="")
    assert "did not put there" in sentence


def test_a_service_that_dies_is_started_again_and_takes_its_children_with_it(tmp_path, capsys):
    child = tmp_path / "child"
    script = (
        "import subprocess, pathlib, time; child = subprocess.Popen(['sleep', '60']);"
        f"pathlib.Path({str(child)!r}).write_text(str(child.pid)); time.sleep(60)"
    )
    service = Service("sleeper", ["-c", script], os.environ, signal.SIGKILL)
    service.start()
    first = service.process
    try:
        wait_until(lambda: child.exists() and child.read_text())
        orphan = int(child.read_text())
        first.kill()
        wait_until(lambda: service.tend() or service.process not in (None, first))
        assert is_gone(orphan)
        assert "The sleeper stopped (SIGKILL)" in capsys.readouterr().out
    finally:
        stop([service])
    assert service.process.returncode == -signal.SIGTERM


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_killed_supervisor_leaves_nothing_behind():
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR], cwd=TOP, stdout=subprocess.PIPE, text=True
    )
    service = int(supervisor.stdout.readline())
    assert not is_gone(service)
    supervisor.kill()
    supervisor.communicate()
    wait_until(lambda: is_gone(service))


def wait_until(happened, limit=10):
    deadline = time.monotonic() + limit
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_gone(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
