"""No acknowledged write is lost by a SIGKILL of the web server or of PostgreSQL (security.md R1, R2).

The whole product runs from a data folder of its own, as `python -m config.run serve` runs it. Eight
writers write over HTTP and remember what was acknowledged; every process that is killed was started
here, and is killed by its id.
"""

import http.client
import json
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest

from tests.factories import NURSE_ROLE, role, task_document
from tests.ports import free_ports

TOP = Path(__file__).resolve().parents[2]
WRITERS = 8
KILLS = 10  # of each; two of the web server's are together with one of PostgreSQL's
BETWEEN_KILLS = 15  # writes of each writer: more than the life of one Task
READY_LIMIT = 60.0  # seconds; R2 asks for 30 on a machine that does nothing else
PACE = 0.02  # seconds between two writes of a writer

SET_UP = """
import json
from accounts.tokens import issue
from tests.factories import cast
people = cast()
print(json.dumps({name: issue(people[name].user) for name in ("nurse", "nurse2", "admin")}))
"""


@dataclass
class Product:
    """The running product, and how to reach and to hurt it."""

    supervisor: subprocess.Popen
    data: Path
    port: int

    def request(self, method, path, body=None, token="", content_type="application/fhir+json"):
        """(status, body). Raises OSError or HTTPException when no answer comes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            sent = json.dumps(body) if body is not None else None
            if sent is not None:
                headers["Content-Type"] = content_type
            connection.request(method, path, sent, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def is_ready(self) -> bool:
        try:
            return self.request("GET", "/health")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def wait_until_ready(self) -> None:
        wait_until(self.is_ready, "ready")

    def web(self) -> psutil.Process:
        """The main process of the web server: a child of the supervisor that we started."""
        wanted = ["-m", "config.run", "web"]
        for child in psutil.Process(self.supervisor.pid).children():
            with suppress(psutil.Error):
                if child.cmdline()[-3:] == wanted:
                    return child
        raise AssertionError("the web server does not run")

    def postmaster(self) -> psutil.Process:
        """The postmaster of our own data folder."""
        cluster = self.data / "postgres" / "cluster"
        process = psutil.Process(int((cluster / "postmaster.pid").read_text().split()[0]))
        assert str(cluster) in process.cmdline()
        return process


def wait_until(condition, what, limit=READY_LIMIT):
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"not {what} within {limit:.0f} s"
        time.sleep(0.05)


@pytest.fixture
def environment(tmp_path):
    [port] = free_ports(1)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TASKWARD_", "PYTEST_", "MAKE"))
    }
    return inherited | {
        "TASKWARD_DATA": str(tmp_path / "data"),
        "TASKWARD_WEB_WORKERS": "2",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


@pytest.fixture
def product(environment, tmp_path):
    with (tmp_path / "output").open("w") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "config.run", "serve"],
            cwd=TOP,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        running = Product(supervisor, tmp_path / "data", int(environment["PORT"]))
        try:
            wait_until(running.is_ready, "ready", limit=120.0)
            yield running
        finally:
            supervisor.terminate()
            try:
                supervisor.wait(60)
            except subprocess.TimeoutExpired:
                supervisor.kill()
                supervisor.wait()
    assert supervisor.returncode == 0, (tmp_path / "output").read_text()[-2000:]


@pytest.fixture
def tokens(product, environment):
    """The cast is written by the product's own actions, with the same environment."""
    completed = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", SET_UP],
        cwd=TOP,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr[-2000:]
    return json.loads(completed.stdout)


@dataclass
class Writer:
    """Writes Tasks from their creation to their completion, again and again."""

    product: Product
    name: str
    token: str
    acknowledged: dict[tuple[str, int], str] = field(default_factory=dict)
    """(Task id, version) → the document that was sent back."""
    interactions: Counter = field(default_factory=Counter)
    refusals: Counter = field(default_factory=Counter)

    def run(self, stop: Event) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            self.one_task(f"{self.name}.{number}", stop)

    def one_task(self, name: str, stop: Event) -> None:
        document = task_document(description=name, performerType=role(NURSE_ROLE))
        task_id = self.write("create", "POST", "Task", document)
        if task_id is None:
            return
        path = f"Task/{task_id}"
        steps = [
            ("patch", "PATCH", path, [{"op": "replace", "path": "/priority", "value": "urgent"}]),
            ("claim", "POST", f"{path}/$claim", {"resourceType": "Parameters"}),
            *(("note", "PATCH", path, note(f"{name} note {each}")) for each in range(6)),
            ("patch", "PATCH", path, [{"op": "replace", "path": "/status", "value": "completed"}]),
        ]
        for step in steps:
            if stop.is_set():
                return
            self.write(*step)

    def write(self, interaction, method, path, body) -> str | None:
        """The id of what was acknowledged, or None: then it may or may not have been written."""
        time.sleep(PACE)
        content_type = {
            "PATCH": "application/json-patch+json",
            "POST": "application/fhir+json",
        }[method]
        try:
            status, text = self.product.request(
                method, f"/api/fhir/{path}", body, self.token, content_type
            )
        except (OSError, http.client.HTTPException) as error:
            self.refusals[type(error).__name__] += 1
            time.sleep(5 * PACE)
            return None
        if status not in (200, 201):
            self.refusals[status] += 1
            return None
        document = json.loads(text)
        version = int(document["meta"]["versionId"])
        known = self.acknowledged.setdefault((document["id"], version), text)
        assert known == text, "one version number was acknowledged for two documents"
        self.interactions[interaction] += 1
        return document["id"]


def note(text: str) -> list[dict]:
    return [{"op": "add", "path": "/note/-", "value": {"text": text}}]


@contextmanager
def writing(product, tokens):
    """Eight writers while the block runs."""
    stop = Event()
    writers = [
        Writer(product, f"writer{number}", tokens[("nurse", "nurse2")[number % 2]])
        for number in range(WRITERS)
    ]
    failures = []

    def run(writer):
        try:
            writer.run(stop)
        except BaseException as error:
            failures.append(error)
            raise

    threads = [Thread(target=run, args=(writer,), daemon=True) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        yield writers
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    assert not failures
    assert not any(thread.is_alive() for thread in threads)


def wait_until_all_write(writers):
    """Each has had writes acknowledged since now: nobody is stuck, and the next kill hits all."""
    before = [len(writer.acknowledged) for writer in writers]
    wait_until(
        lambda: all(
            len(writer.acknowledged) >= count + BETWEEN_KILLS
            for writer, count in zip(writers, before, strict=True)
        ),
        "writing again",
    )


def assert_nothing_is_lost(product, tokens, writers):
    acknowledged: dict[str, dict[int, str]] = {}
    for writer in writers:
        for (task_id, version), text in writer.acknowledged.items():
            acknowledged.setdefault(task_id, {})[version] = text

    def compare(task_id):
        path = f"/api/fhir/Task/{task_id}"
        status, current = product.request("GET", path, token=tokens["admin"])
        assert status == 200, f"{task_id} is gone"
        status, text = product.request("GET", f"{path}/_history", token=tokens["admin"])
        assert status == 200
        entries = json.loads(text)["entry"]
        versions = {
            int(each["resource"]["meta"]["versionId"]): each["resource"] for each in entries
        }
        assert list(versions) == list(range(len(entries), 0, -1)), "versions are not contiguous"
        assert json.loads(current) == versions[len(entries)]
        for version, sent in acknowledged[task_id].items():
            assert versions.get(version) == json.loads(sent), f"{task_id} version {version} is lost"
        notes = [each["text"] for each in versions[len(entries)].get("note", [])]
        assert len(notes) == len({*notes}), "a note is there twice"

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(compare, acknowledged))
    assert {*Counter(status for writer in writers for status in writer.refusals)} <= {
        503, "ConnectionRefusedError", "ConnectionResetError", "RemoteDisconnected",
        "BrokenPipeError", "IncompleteRead", "BadStatusLine", "TimeoutError",
    }  # fmt: skip
    done = sum((writer.interactions for writer in writers), Counter())
    assert {*done} == {"create", "patch", "claim", "note"}


def kill(process: psutil.Process) -> None:
    process.kill()
    wait_until(lambda: _is_dead(process), "dead")


def _is_dead(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_no_acknowledged_write_is_lost_when_the_web_server_is_killed(product, tokens):
    with writing(product, tokens) as writers:
        for _ in range(KILLS - 2):
            wait_until_all_write(writers)
            kill(product.web())
            product.wait_until_ready()
        wait_until_all_write(writers)
    assert_nothing_is_lost(product, tokens, writers)


def test_no_acknowledged_write_is_lost_when_postgresql_is_killed(product, tokens):
    with writing(product, tokens) as writers:
        for number in range(KILLS):
            wait_until_all_write(writers)
            victims = [product.postmaster()]
            if number in (3, 7):
                victims.append(product.web())
            for victim in victims:
                kill(victim)
            product.wait_until_ready()
        wait_until_all_write(writers)
    assert_nothing_is_lost(product, tokens, writers)
