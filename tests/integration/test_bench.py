"""The benchmark itself, on a small database."""

import os
import subprocess
import sys

import pytest

from config.database import TOP


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """What `python -m bench` says of 2000 Tasks, and the page that it writes."""
    page = tmp_path_factory.mktemp("bench") / "performance.md"
    page.write_text(
        "# Speed\n\n<!-- measured -->\nof last year\n<!-- end of what was measured -->\n\nEnd.\n"
    )
    command = ["--tasks", "2000", "--seconds", "0.3", "--connections", "2", "--write", str(page)]
    done = subprocess.run(
        [sys.executable, "-m", "bench", *command],
        cwd=TOP,
        env={name: value for name, value in os.environ.items() if name != "TASKWARD_DATABASE_URL"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done, page.read_text()


OPERATIONS = (
    "pool page",
    "pool page and messages",
    "pool page of a state",
    "tree of 12",
    "my list",
    "read",
    "stats of a quarter",
    "claim",
    "claim next",
    "create",
    "transaction of 5",
    "worklist page",
    "worklist poll",
    "worklist claim",
)


def test_every_operation_is_measured_without_a_wrong_answer(measured):
    done, _ = measured
    assert done.returncode == 0, done.stderr
    for operation in OPERATIONS:
        assert f"│ {operation} " in done.stdout


def test_the_plans_name_their_indexes(measured):
    done, _ = measured
    for index in ("task_queue", "task_mine", "one_row_per_task", "clocks_of_pool"):
        assert index in done.stdout


def test_the_page_holds_the_table_and_what_was_around_it(measured):
    _, page = measured
    assert page.startswith("# Speed\n") and page.endswith("\n\nEnd.\n")
    assert "| read | 2 | " in page
    assert "of last year" not in page
    assert "2,000 Tasks" in page
