"""The versions of a Task, and its lifecycle as steps; tasks.timeline tells them in words."""

import difflib
import json as pretty
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from fhir import json, sql
from fhir.once import once
from tasks.document import PRIORITY_RANK, reference_of
from tasks.task_types import label_of
from tasks.transitions import Status

SHOWN = 200
"""Older versions are left to the API's history."""


class Version(NamedTuple):
    """One version of a Task as it lies in the database; `document` is empty for a deletion."""

    number: int
    at: datetime
    actor: str
    interaction: str
    transaction: int
    document: dict


@once
def all_versions_of(task_id: str) -> list[Version]:
    """The newest ones, oldest first."""
    found = sql.rows(
        "select version_id, last_updated, actor, interaction, transaction, document"
        " from fhir_resourceversion where resource_type = 'Task' and resource_id = %s"
        f" order by version_id desc limit {SHOWN}",
        (task_id,),
    )
    return [
        Version(*row[:5], json.loads_stored(row[5]) if row[5] else {}) for row in reversed(found)
    ]


def versions_of(task_id: str) -> list[Version]:
    """Those of them that are no deletions."""
    return [each for each in all_versions_of(task_id) if each.document]


def written(document: dict) -> str:
    """As JSON for a person to read."""
    return pretty.dumps(document, ensure_ascii=False, indent=2)


def changes_in(versions: list[Version], version: Version) -> list[tuple[str, str]]:
    """What a version changed, line by line: ("-", before), ("+", after), (" ", what is beside it).

    Nothing for the first that is known.
    """
    before = next((each for each in versions if each.number == version.number - 1), None)
    if before is None:
        return []
    texts = [written(each.document).splitlines() for each in (before, version)]
    lines = [*difflib.unified_diff(*texts, n=2, lineterm="")][2:]
    return [("…", "…") if line.startswith("@@") else (line[:1], line) for line in lines]


STATUS_WORDS = {
    "in-progress": ("play", _("started work")),
    "completed": ("circle-check", _("completed it")),
    "on-hold": ("pause", _("put it on hold")),
    "rejected": ("ban", _("rejected it")),
    "failed": ("circle-x", _("could not get it done")),
    "cancelled": ("circle-x", _("cancelled it")),
    "entered-in-error": ("circle-x", _("marked it as entered in error")),
    "received": ("inbox", _("received it")),
    "ready": ("inbox", _("marked it as ready")),
}


def priority_word(document: dict) -> str:
    code = document.get("priority") or "routine"
    return (
        {"stat": "STAT", "asap": "ASAP"}.get(code, code.capitalize())
        if code in PRIORITY_RANK
        else code
    )


# --- the lifecycle as steps -----------------------------------------------------------------------

STEPS = ("requested", "accepted", "in-progress", "completed")
MEANINGS = {
    "requested": _("created and waiting"),
    "received": _("seen by its recipient"),
    "ready": _("ready to be taken up"),
    "draft": _("not yet asked for"),
    "accepted": _("somebody has it"),
    "in-progress": _("work has begun"),
    "completed": _("finished successfully"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """`state` is done, now or "" (to come); `tone` hold or bad for what left the path."""

    label: str
    state: str
    meaning: str = ""
    by: str = ""
    at: datetime | None = None
    tone: str = ""
    reason: str = ""


def steps(versions: list[Version]) -> list[Step]:
    """Requested → (Received) → Accepted → In progress → Completed, with who and when.

    A status that leaves this path (on hold, rejected, …) stands where the Task left it.
    """
    if not versions:
        return []
    document = versions[-1].document
    status = document["status"]
    reached = _reached(versions)
    path = list(STEPS)
    if "received" in reached:
        path.insert(1, "received")
    if status in ("draft", "ready") or path[0] not in reached:
        first = next((each for each in ("draft", "ready") if each in reached), path[0])
        path[0] = status if status in ("draft", "ready") else first
    if status in path:
        now = path.index(status)
        return [
            _step(each, "done" if n < now else "now" if n == now else "", reached)
            for n, each in enumerate(path)
        ]
    # A Task that came to us on hold has been asked for at least, and taken up when it has an owner.
    passed = {"requested", *(["accepted"] if reference_of(document, "owner") else [])}
    been = reached.keys() | (passed if status == "on-hold" else set())
    done = [each for each in path[:-1] if each in been]
    aside = Step(
        Status(status).label,
        "now",
        by=reached[status].actor,
        at=reached[status].at,
        tone="hold" if status == "on-hold" else "bad",
        reason=label_of(document.get("statusReason")),
    )
    left = [each for each in path if each not in done] if status == "on-hold" else []
    return [*(_step(each, "done", reached) for each in done), aside,
            *(_step(each, "", reached) for each in left)]  # fmt: skip


def _reached(versions: list[Version]) -> dict[str, Version]:
    """The version that last brought each status."""
    reached, was = {}, None
    for version in versions:
        status = version.document["status"]
        if status != was:
            reached[status] = version
        was = status
    return reached


def _step(status: str, state: str, reached: dict[str, Version]) -> Step:
    version = reached.get(status) if state else None
    return Step(
        Status(status).label,
        state,
        MEANINGS.get(status, ""),
        version.actor if version else "",
        version.at if version else None,
    )
