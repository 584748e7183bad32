"""The history of a Task in words: who did what, when and why, told from its versions.

It compares documents, so that a change made through the API reads like one made on a page.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from accounts.pools import codes_of
from fhir import json, sql
from fhir.datatypes import display_of
from tasks.document import PRIORITY_RANK, due_of, reference_of
from tasks.transitions import CLAIMABLE, Status

SHOWN = 200
"""Older versions are left to the API's history."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a Task as it lies in the database."""

    number: int
    at: datetime
    actor: str
    interaction: str
    document: dict


@dataclass(frozen=True, slots=True)
class Event:
    """`actor` and `other` are references; `words` go between them, `reason` and `quote` below."""

    icon: str
    actor: str
    words: str
    at: datetime
    other: str = ""
    reason: str = ""
    quote: str = ""


def versions_of(task_id: str) -> list[Version]:
    """Oldest first, deletions left out."""
    found = sql.rows(
        "select version_id, last_updated, actor, interaction, document from fhir_resourceversion"
        " where resource_type = 'Task' and resource_id = %s and document <> ''"
        f" order by version_id desc limit {SHOWN}",
        (task_id,),
    )
    return [Version(*row[:4], json.loads_stored(row[4])) for row in reversed(found)]


def events(versions: list[Version]) -> list[Event]:
    """Newest first."""
    told: list[Event] = []
    for before, after in zip([None, *versions], versions, strict=False):
        if before is None:
            if after.number == 1:
                told.append(Event("plus", after.actor, "created this task", after.at))
            continue
        told += _between(before.document, after)
    return told[::-1]


def _between(before: dict, version: Version) -> list[Event]:
    after, by, at = version.document, version.actor, version.at
    found = [*_owner(before, after, by, at), *_status(before, after, by, at)]
    if before.get("businessStatus") != after.get("businessStatus"):
        stage = display_of(after.get("businessStatus"))
        words = f"moved it to the stage “{stage}”" if stage else "took its stage away"
        found.append(Event("milestone", by, words, at))
    if before.get("priority") != after.get("priority"):
        was, now = (priority_word(document) for document in (before, after))
        found.append(Event("arrow-up", by, f"changed the priority from {was} to {now}", at))
    if due_of(before) != due_of(after):
        found.append(Event("calendar-clock", by, "changed when it is due", at))
    notes = after.get("note", [])
    for note in notes[len(before.get("note", [])) :]:
        found.append(Event("sticky-note", by, "added a note", at, quote=note.get("text", "")))
    if len(after.get("output", [])) > len(before.get("output", [])):
        found.append(Event("file-text", by, "recorded a result", at))
    return found or [Event("pencil", by, "edited this task", at)]


def _owner(before: dict, after: dict, by: str, at: datetime) -> Iterable[Event]:
    had, has = reference_of(before, "owner"), reference_of(after, "owner")
    moved = _pools(before) != _pools(after)
    if had == has:
        if moved and not has:
            yield Event("corner-up-right", by, f"sent it to {_pools(after)}", at)
        return
    if not has:
        words = f"sent it to {_pools(after)}" if moved else "released it to the pool"
        yield Event("corner-up-right" if moved else "undo-2", by, words, at)
    elif has == by:
        yield Event("hand", by, "claimed this task", at)
    else:
        words = "rerouted it to" if had else "assigned it to"
        yield Event("corner-up-right", by, words, at, other=has)


STATUS_WORDS = {
    "in-progress": ("play", "started work"),
    "completed": ("circle-check", "completed it"),
    "on-hold": ("pause", "put it on hold"),
    "rejected": ("ban", "rejected it"),
    "failed": ("circle-x", "could not get it done"),
    "cancelled": ("circle-x", "cancelled it"),
    "entered-in-error": ("circle-x", "marked it as entered in error"),
    "received": ("inbox", "received it"),
    "ready": ("inbox", "marked it as ready"),
}


def _status(before: dict, after: dict, by: str, at: datetime) -> Iterable[Event]:
    was, status = before["status"], after["status"]
    if was == status:
        return
    # A claim accepts and a release requests again: the change of owner has said so already.
    moved = reference_of(before, "owner") != reference_of(after, "owner")
    if moved and status in {"accepted", *CLAIMABLE}:
        return
    if was == "on-hold" and status in ("in-progress", "accepted", "requested"):
        yield Event("play", by, "resumed it", at)
        return
    icon, words = STATUS_WORDS.get(status, ("pencil", f"set it to {Status(status).label.lower()}"))
    yield Event(icon, by, words, at, reason=display_of(after.get("statusReason")))


def _pools(document: dict) -> str:
    concepts = document.get("performerType", [])
    return ", ".join(filter(None, map(display_of, concepts))) or ", ".join(codes_of(concepts))


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
    "requested": "created and waiting",
    "received": "seen by its recipient",
    "ready": "ready to be taken up",
    "draft": "not yet asked for",
    "accepted": "somebody has it",
    "in-progress": "work has begun",
    "completed": "finished successfully",
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
        reason=display_of(document.get("statusReason")),
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
