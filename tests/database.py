"""A pytest plugin: the database runs while the tests do, before Django reads its settings.

Every xdist worker has an embedded PostgreSQL of its own: what has committed counts as settled in the
change feed only when no older transaction of the same server runs, and those of another worker's
tests may take minutes.
"""

import os

import pytest

from config.database import TOP

# The tests never touch a demo's data; a server that is already running is shared.
os.environ.setdefault("TASKWARD_DATA", str(TOP / ".test-data"))
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["TASKWARD_DATA"] += f"/{worker}"


QUICK = """
# Nothing of a test has to survive a power cut.
fsync = off
full_page_writes = off
synchronous_commit = off
"""


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    from config import embedded_postgres
    from config.database import running_database

    context = running_database()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded_postgres, "SETTINGS", embedded_postgres.SETTINGS + QUICK)
        context.__enter__()
    early_config.add_cleanup(lambda: context.__exit__(None, None, None))
