"""The table of what clients need names tests that there are."""

import re
from pathlib import Path

from tests import clients
from tests.clients import javascript

FOLDER = Path(clients.__file__).parent
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in clients.__doc__.replace("`|`", "").splitlines()
    if line.startswith("| ") and line[2].isdigit()
]


def test_every_need_is_tested():
    assert [number for number, _, _ in ROWS] == [str(number) for number in range(1, 31)]
    assert all(tests for _, _, tests in ROWS)


def test_every_test_that_it_names_exists():
    scripts = {check for script in FOLDER.glob("*.mjs") for check in javascript.checks(script.name)}
    python = "".join(file.read_text() for file in FOLDER.glob("test_*.py"))
    functions = {*re.findall(r"^def (test_\w+)", python, re.MULTILINE)}
    files = {file.name for file in FOLDER.glob("test_*.py")}
    for _, _, tests in ROWS:
        named = {*re.findall(r'"([^"]+)"', tests)}
        assert named <= scripts
        assert {*re.findall(r"\btest_[\w.]*\w", tests)} <= functions | files
        assert named or "test_" in tests
