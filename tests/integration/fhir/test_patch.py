"""JSON Patch over HTTP: RFC 6902 with the two liberties of T1, and none in strict handling."""

import pytest

from tests.factories import task_document


@pytest.fixture
def task(api):
    return api("admin").post("Task", task_document()).json()


def test_the_two_liberties(api, task):
    admin, url = api("admin"), f"Task/{task['id']}"
    owner = {"op": "replace", "path": "/owner", "value": {"reference": "Practitioner/maya"}}
    note = {"op": "add", "path": "/note/-", "value": {"text": "first"}}
    for operation in (owner, note):
        refused = admin.patch(url, [operation], Prefer="handling=strict")
        assert refused.status_code == 422
    patched = admin.patch(url, [owner, note])
    assert patched.status_code == 200
    assert patched.json()["owner"] == owner["value"]
    assert patched.json()["note"] == [{"text": "first"}]


@pytest.mark.parametrize(
    ("operations", "status"),
    [
        ([{"op": "remove", "path": "/owner"}], 422),
        ([{"op": "replace", "path": "/code/text", "value": "x"}], 422),
        ([{"op": "add", "path": "/note/3", "value": {"text": "x"}}], 422),
        ([{"op": "test", "path": "/status", "value": "ready"}], 422),
        ([{"op": "test", "path": "/meta/versionId", "value": "7"}], 412),
        ([{"op": "replace", "path": "/status", "value": "bogus"}], 422),
        ([{"op": "frobnicate", "path": "/status"}], 400),
        ([{"op": "add", "path": "status", "value": "ready"}], 400),
        ({"op": "remove", "path": "/status"}, 400),
        ([{"op": "test", "path": "/status", "value": "requested"}] * 501, 413),
        (
            [{"op": "add", "path": "/note", "value": [{"text": "x" * 1000}] * 10}]
            + [{"op": "copy", "from": "/note", "path": "/note/-"}] * 40,
            413,
        ),
    ],
)
def test_what_cannot_be_applied_changes_nothing(api, task, operations, status):
    admin, url = api("admin"), f"Task/{task['id']}"
    refused = admin.patch(url, operations)
    assert refused.status_code == status, refused.content
    assert refused.json()["resourceType"] == "OperationOutcome"
    assert admin.get(url).json() == task
