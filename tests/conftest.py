"""The cast that every test knows, and clients that act for them."""

import json

import pytest
from django.db import connection
from django.test import Client, TransactionTestCase, override_settings
from hypothesis import HealthCheck, settings
from xdist.scheduler.loadfile import LoadFileScheduling

from accounts import site
from accounts.tokens import issue
from tasks import task_types
from tests import factories, restored

# How long an example takes says more of the machine than of the code.
settings.register_profile("taskward", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("taskward")


TAKEN_APART = ("test_every_page.py", "test_every_state.py")
"""Files of few and long tests: as one they would be the last that a worker has to do."""
OF_A_TYPE = "test_schemathesis.py"
"""A file that is taken apart by types: what is sent of a type is drawn once on a worker."""


def pytest_xdist_make_scheduler(config, log):
    """A file stays on one worker, but for those that are TAKEN_APART, or OF_A_TYPE each part."""

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            if file.endswith(OF_A_TYPE):  # …[conditional_update_Task]
                return f"{file} {nodeid.rstrip(']').rpartition('_')[2]}"
            return nodeid if file.endswith(TAKEN_APART) else file

    return ByFile(config, log)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords():
    """Argon2 is slow on purpose: a tenth of a second for each person that a test makes."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def static_files_are_looked_for_when_asked_for():
    """Each client that a test makes would list them all first: 20 ms."""
    with override_settings(WHITENOISE_AUTOREFRESH=True):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """A migrated database, that is so again after each test that commits (tests/restored.py)."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        restored.keep(cursor)

    def put_back(case) -> None:
        with connection.cursor() as cursor:
            restored.put_back(cursor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", put_back)
        yield


@pytest.fixture(autouse=True)
def totals_are_affordable(monkeypatch):
    """What the planner thinks a count costs depends on the dead rows that other tests left behind."""
    monkeypatch.setattr("fhir.search.answer.AFFORDABLE", float("inf"))


@pytest.fixture(autouse=True)
def task_types_are_read_anew():
    """What one test sets up, another must not find."""
    task_types.forget()


@pytest.fixture(autouse=True)
def site_is_as_the_environment_says():
    """Kept in memory, as it mostly is, so that the first page of a test asks for no more than others."""
    site.keep({})


@pytest.fixture
def cast(db):
    """Two nurses, a physician, a cardiologist, a coordinator, an auditor, an admin: see factories."""
    return factories.cast()


class ApiClient:
    """A client of the FHIR API that signs every request with one user's token."""

    def __init__(self, user, base="/api/fhir"):
        self.user, self.base = user, base
        self.client = Client(headers={"Authorization": f"Bearer {issue(user)}"})

    def request(self, method, path, body=None, content_type="application/fhir+json", **headers):
        data = (
            body if isinstance(body, bytes | str) else json.dumps(body) if body is not None else ""
        )
        return self.client.generic(
            method,
            f"{self.base}/{path}" if path else self.base,
            data,
            content_type,
            headers=headers,
        )

    def get(self, path, **headers):
        return self.request("GET", path, **headers)

    def post(self, path, body=None, **headers):
        return self.request("POST", path, body, **headers)

    def put(self, path, body, **headers):
        return self.request("PUT", path, body, **headers)

    def patch(self, path, operations, **headers):
        return self.request("PATCH", path, operations, "application/json-patch+json", **headers)

    def delete(self, path, **headers):
        return self.request("DELETE", path, **headers)


@pytest.fixture
def api(cast):
    """api("nurse") → a client that acts as the nurse."""
    return lambda name, base="/api/fhir": ApiClient(cast[name].user, base)


@pytest.fixture
def page(cast):
    """page("nurse") → a browser without JavaScript in which the nurse has signed in."""

    def signed_in(name):
        client = Client()
        client.force_login(cast[name].user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in
