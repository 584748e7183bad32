"""What the database holds of a Task, and the assertion that all of it agrees with the document."""

import json
from typing import Any

from django.contrib.contenttypes.models import ContentType

from accounts.models import Pool, User
from fhir.models import ResourceVersion
from tasks.models import Provenance, Task, TaskNote, TaskPool, TaskUserObjectPermission


def viewers(task_id: str) -> set[str]:
    """The user names that have a permission row of their own for a Task."""
    rows = TaskUserObjectPermission.objects.filter(content_object__resource_id=task_id)
    return set(rows.values_list("user__username", flat=True))


def versions(task_id: str) -> list[ResourceVersion]:
    rows = ResourceVersion.objects.filter(resource_type="Task", resource_id=task_id)
    return list(rows.order_by("version_id"))


def interactions(task_id: str) -> list[str]:
    return [version.interaction for version in versions(task_id)]


def everything(task_id: str) -> dict[str, Any]:
    """Every row of a Task: two of these are equal when nothing was written in between."""
    return {
        "row": list(Task.objects.filter(resource_id=task_id).values()),
        "versions": list(
            ResourceVersion.objects.filter(resource_id=task_id).order_by("version_id").values()
        ),
        "notes": list(TaskNote.objects.filter(task__resource_id=task_id).values()),
        "pools": list(
            TaskPool.objects.filter(task__resource_id=task_id).order_by("pool_id").values()
        ),
        "viewers": sorted(viewers(task_id)),
    }


def provenances(task_id: str) -> list[dict]:
    """Why it moved, oldest first."""
    rows = Provenance.objects.filter(targets__contains=[f"Task/{task_id}"])
    return [json.loads(row.document) for row in rows.order_by("id")]


def assert_agrees(task_id: str, *, granted: frozenset[str] = frozenset()) -> Task:
    """Assert that columns, notes, pools, permissions and versions are those of the document.

    `granted` are the user names that were given a view besides the owner. Returns the row.
    """
    row = Task.objects.get(resource_id=task_id)
    history = versions(task_id)
    assert [version.version_id for version in history] == list(range(1, row.version_id + 1))
    assert history[-1].document == row.document
    assert history[-1].last_updated == row.last_updated
    times = [version.last_updated for version in history]
    assert times == sorted(set(times)), "versions in another order than their times"
    assert row.deleted == (row.document == "")
    if row.deleted:
        return row
    document = json.loads(row.document)
    assert document["id"] == task_id
    assert document["meta"]["versionId"] == str(row.version_id)
    assert {name: getattr(row, name) for name in Task.index_columns(document)} == (
        Task.index_columns(document)
    )
    assert_own_columns(row, document)
    assert_pools(row, document)
    assert_notes(row, document)
    assert_viewers(row, document, granted)
    return row


def assert_own_columns(row: Task, document: dict) -> None:
    """The columns again, without the product's own functions."""
    assert row.status == document["status"]
    assert row.owner == document.get("owner", {}).get("reference", "")
    assert row.subject == document.get("for", {}).get("reference", "")
    ranks = {"routine": 1, "urgent": 2, "asap": 3, "stat": 4}
    assert row.priority == ranks[document.get("priority", "routine")]


def assert_pools(row: Task, document: dict) -> None:
    codes = [
        f"{coding.get('system', '')}|{coding['code']}"
        for concept in document.get("performerType", [])
        for coding in concept.get("coding", [])
    ]
    expected = []
    for code in codes:
        for pool in Pool.objects.filter(codes__contains=[code]).order_by("id"):
            if pool.pk not in expected:
                expected.append(pool.pk)
    others = TaskPool.objects.filter(task=row).values_list("pool_id", flat=True)
    assert row.pool_id == (expected[0] if expected else None)
    assert sorted(others) == sorted(expected[1:])


def assert_notes(row: Task, document: dict) -> None:
    rows = TaskNote.objects.filter(task=row).order_by("position")
    assert [(note.position, note.text) for note in rows] == [
        (position, note["text"]) for position, note in enumerate(document.get("note", []))
    ]


def assert_viewers(row: Task, document: dict, granted: frozenset[str]) -> None:
    owner = document.get("owner", {}).get("reference", "")
    users = User.objects.filter(reference=owner).exclude(reference="")
    assert viewers(row.resource_id) == {user.username for user in users} | granted
    rows = TaskUserObjectPermission.objects.filter(content_object=row)
    task_type = ContentType.objects.get(app_label="tasks", model="task")
    assert {(each.permission.codename, each.permission.content_type) for each in rows} <= {
        ("view_task", task_type)
    }
