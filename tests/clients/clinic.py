"""The product with its demo clinic, as `make demo` runs it: web server, PostgreSQL and worker."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.ports import free_ports

TOP = Path(__file__).resolve().parents[2]
READY_LIMIT = 120.0  # seconds


@dataclass(frozen=True)
class Clinic:
    """A running server."""

    port: int
    file: Path
    """demo.json: who signs in with what."""
    app_port: int
    """A page at http://localhost with this port may use the API from the browser."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base(self) -> str:
        return f"{self.url}/api/fhir"

    @cached_property
    def _sign_ins(self) -> dict:
        return json.loads(self.file.read_text())

    def token(self, username: str) -> str:
        return self._sign_ins["users"][username]["token"]

    def password(self, username: str) -> str:
        return self._sign_ins["users"][username]["password"]

    def reference(self, username: str) -> str:
        return self._sign_ins["users"][username]["reference"]

    @property
    def client(self) -> dict[str, str]:
        """client_id and client_secret of the service that may do everything."""
        return self._sign_ins["clients"]["integration"]

    def is_ready(self) -> bool:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            try:
                connection.request("GET", "/health")
                return connection.getresponse().status == 200
            except OSError:
                return False


@contextmanager
def running(folder: Path) -> Iterator[Clinic]:
    """The clinic for as long as the block runs, with its data in `folder`."""
    port, app_port = free_ports(2)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TASKWARD_", "PYTEST_", "MAKE"))
    }
    own = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "TASKWARD_CORS_ORIGINS": f"http://localhost:{app_port}",
        "TASKWARD_DATA": str(folder / "data"),
        "TASKWARD_WEB_WORKERS": "2",
    }
    printed = folder / "output"
    with printed.open("w") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "config.run", "demo"],
            cwd=TOP,
            env=inherited | own,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        clinic = Clinic(port, folder / "data" / "demo.json", app_port)
        try:
            deadline = time.monotonic() + READY_LIMIT
            while not clinic.is_ready():
                assert supervisor.poll() is None, printed.read_text()
                assert time.monotonic() < deadline, printed.read_text()
                time.sleep(0.1)
            yield clinic
        finally:
            supervisor.terminate()
            try:
                supervisor.wait(60)
            except subprocess.TimeoutExpired:
                supervisor.kill()
                supervisor.wait()
    assert supervisor.returncode == 0, printed.read_text()
    assert "Traceback" not in printed.read_text(), printed.read_text()
