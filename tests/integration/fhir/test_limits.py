"""What is too large is refused before it costs anything (security.md R13)."""

import json

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from config.database import django_database
from fhir import sql
from fhir.models import ResourceVersion
from tests.factories import create, task_document

MEGABYTE = 1024 * 1024


def refused(response, status):
    assert response.status_code == status, (response.status_code, response.content[:200])
    issue = response.json()["issue"][0]
    assert issue["severity"] == "error" and issue["diagnostics"]
    return issue


def bundle(*entries, kind="batch"):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def reading(url):
    return {"request": {"method": "GET", "url": url}}


def nested(depth):
    return '{"resourceType":"Task","a":' + "[" * depth + "]" * depth + "}"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "Task", task_document(description="x" * (MEGABYTE + 1)), 413),
        ("POST", "Task", task_document(note=[{"text": "x" * 900_000}] * 3), 413),
        ("POST", "Task", nested(70), 400),
        ("POST", "Task", nested(100_000), 400),
        ("POST", "", bundle(*[reading("Task")] * 1001), 413),
        ("POST", "", json.dumps(bundle()) + " " * 10 * MEGABYTE, 413),
        ("POST", "Task/_search", "_id=" + "x" * 70_000, 413),
        ("GET", "Task?_id=" + "x" * 70_000, None, 400),
        ("GET", "Task?" + "&".join(f"_id={n}" for n in range(101)), None, 400),
        ("GET", "Task?_id=" + ",".join(str(n) for n in range(1_001)), None, 400),
        ("GET", "Task?" + "&".join(f"a{n}=1" for n in range(2_000)), None, 400),
        ("GET", "Task?part-of." * 1 + "part-of." * 8 + "status=ready", None, 400),
        ("GET", "Patient?" + "_has:Task:patient:" * 8 + "status=ready", None, 400),
        ("GET", "Task?" + "&".join(["_include=Task:owner"] * 51), None, 400),
        ("GET", "Task?_sort=" + ",".join(["status"] * 9), None, 400),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_too_large_is_refused(api, method, path, body, status):
    admin, count = api("admin"), ResourceVersion.objects.count()
    kind = "application/x-www-form-urlencoded" if path.endswith("_search") else "application/json"
    refused(admin.request(method, path, body, kind), status)
    assert ResourceVersion.objects.count() == count


def test_a_count_is_cut_to_a_thousand(api):
    assert api("admin").get("Task?_count=999999").status_code == 200


def test_a_statement_that_takes_too_long_is_ended(api, monkeypatch):
    """PostgreSQL ends it, and the client is told to ask for less; the server goes on."""

    def slow_find(*args, **kwargs):
        with transaction.atomic():
            sql.rows("set local statement_timeout = '10ms'", prepare=False)
            return sql.rows("select pg_sleep(60)", prepare=False)

    task, admin = create(task_document()), api("admin")
    with monkeypatch.context() as patched:
        patched.setattr("fhir.store.find", slow_find)
        assert refused(admin.get(f"Task/{task['id']}"), 422)["code"] == "too-costly"
    assert admin.get(f"Task/{task['id']}").status_code == 200


def test_the_web_server_ends_long_statements(monkeypatch):
    monkeypatch.delenv("TASKWARD_STATEMENT_TIMEOUT", raising=False)
    assert "options" not in django_database()["OPTIONS"]
    monkeypatch.setenv("TASKWARD_STATEMENT_TIMEOUT", "5")
    assert django_database()["OPTIONS"]["options"] == "-c statement_timeout=5s"
    monkeypatch.setenv("TASKWARD_STATEMENT_TIMEOUT", "soon")
    with pytest.raises(ImproperlyConfigured):
        django_database()
