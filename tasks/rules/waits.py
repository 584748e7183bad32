"""How long Tasks and messages have waited, from the versions that were written.

A wait begins with a version and ends with another. It is the same for what waits now and for what
waited last week, so that a rule on time and its rehearsal cannot disagree.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import batched

from communications.document import PATIENT, STAFF, voice_of
from communications.document import thread_of as header_reference
from communications.models import Communication
from fhir import json, sql
from fhir.datatypes import codings
from fhir.search.references import local, unversioned
from tasks.document import NO_DUE, due_of, reference_of
from tasks.models import Rule, Task
from tasks.rules.events import MESSAGE_TYPE, RULES, Event, version_name
from tasks.transitions import CLAIMABLE, OPEN, STARTED

Trigger = Rule.Trigger

AT_ONCE = 200
"""Resources whose versions are read together."""


@dataclass(frozen=True, slots=True)
class Version:
    version_id: int
    at: datetime
    actor: str
    document: dict | None
    """None for a deletion."""


@dataclass(frozen=True, slots=True)
class Wait:
    """From one version until another, or until now."""

    since: Version
    until: datetime | None
    versions: tuple[Version, ...]

    def at(self, moment: datetime) -> Version:
        """The version that was the current one at a moment of the wait, or its first."""
        return next((each for each in reversed(self.versions) if each.at <= moment), self.since)


def waits(
    versions: Sequence[Version], key: Callable[[dict, Hashable, Version], Hashable]
) -> Iterator[Wait]:
    """The waits in a resource's versions, oldest first. Pure.

    `key(document, key before, version)` says in which wait a version is, None for none; neighbours
    with an equal key are in the same one.
    """
    current: list[Version] = []
    was: Hashable = None
    for version in versions:
        now = key(version.document, was, version) if version.document is not None else None
        if current and now != was:
            yield Wait(current[0], version.at, tuple(current))
            current = []
        if now is not None:
            current.append(version)
        was = now
    if current:
        yield Wait(current[0], None, tuple(current))


def unclaimed(document: dict, was: Hashable, version: Version) -> Hashable:
    """In a pool without an owner; going to another pool begins another wait."""
    if reference_of(document, "owner") or document["status"] not in CLAIMABLE:
        return None
    return frozenset(codings(document.get("performerType", []))) or None


def overdue(document: dict, was: Hashable, version: Version) -> Hashable:
    """Open with this due time."""
    due = due_of(document)
    return due if document["status"] in OPEN and due != NO_DUE else None


def stalled(document: dict, was: Hashable, version: Version) -> Hashable:
    """Under way, and not touched since by anybody but the rules."""
    if not reference_of(document, "owner") or document["status"] not in STARTED:
        return None
    return was if was is not None and version.actor == RULES.name else version.version_id


KEYS = {Trigger.UNCLAIMED: unclaimed, Trigger.OVERDUE: overdue, Trigger.STALLED: stalled}


def events(rule: Rule, since: datetime, until: datetime) -> Iterator[Event]:
    """What became too long a wait for a rule on time after `since` and up to `until`.

    In no particular order; conditions of the rule are not looked at.
    """
    patience = timedelta(minutes=rule.minutes or 0)
    if rule.trigger == Trigger.UNANSWERED:
        yield from _unanswered(rule, patience, since, until)
        return
    key = KEYS[rule.trigger]
    candidates = {*_written(Task.resource_type, since - patience, until - patience)}
    if rule.trigger == Trigger.OVERDUE:
        # Due long after it was written, and since then open or ended.
        candidates |= {*_due(since - patience, until - patience), *_written("Task", since, until)}
    for ids in batched(sorted(candidates), AT_ONCE):
        for task_id, versions in _versions(Task.resource_type, ids).items():
            for wait in waits(versions, key):
                start = wait.since.at
                if rule.trigger == Trigger.OVERDUE:
                    start = max(start, due_of(wait.since.document))
                found = _event(rule, "Task", task_id, wait, start + patience, since, until)
                if found:
                    yield found


def _event(
    rule: Rule,
    type_name: str,
    resource_id: str,
    wait: Wait,
    fires: datetime,
    since: datetime,
    until: datetime,
) -> Event | None:
    if not since < fires <= until or (wait.until is not None and wait.until <= fires):
        return None
    version = version_name(type_name, resource_id, wait.since.version_id)
    return Event(
        key=f"{rule.trigger}/{version}",
        at=fires,
        reference=f"{type_name}/{resource_id}",
        document=wait.at(fires).document,
        version=version,
        over=wait.until is not None,
        by_rules=wait.since.actor == RULES.name,
    )


def _unanswered(
    rule: Rule, patience: timedelta, since: datetime, until: datetime
) -> Iterator[Event]:
    """Threads in which the patient spoke last: one wait from her first message until an answer."""
    ids = _written(MESSAGE_TYPE, since - patience, until - patience)
    rows = Communication.objects.filter(resource_id__in=ids, deleted=False, voice=PATIENT)
    threads = {
        row[1] or f"{MESSAGE_TYPE}/{row[0]}" for row in rows.values_list("resource_id", "thread")
    }
    for thread in sorted(threads):
        versions = _messages(thread)
        for wait in waits(versions, _our_turn):
            message_id = wait.since.document["id"]
            found = _event(
                rule, MESSAGE_TYPE, message_id, wait, wait.since.at + patience, since, until
            )
            if found:
                yield replace(found, document=wait.since.document)


def _our_turn(document: dict, was: Hashable, version: Version) -> Hashable:
    voice = voice_of(document)
    if voice == STAFF:
        return None
    if voice == PATIENT:
        return was or document["id"]
    return was


def _messages(thread: str) -> list[Version]:
    """What was said in a thread, as versions of one thing, in the order in which it came."""
    header = unversioned(local(thread)).removeprefix(f"{MESSAGE_TYPE}/")
    rows = sql.rows(
        "select c.version_id, v.last_updated, v.actor, c.document from communications_communication c"
        " join fhir_resourceversion v on v.resource_type = 'Communication'"
        " and v.resource_id = c.resource_id and v.version_id = 1"
        " where (c.thread = %s or c.resource_id = %s) and c.voice <> '' and not c.deleted"
        " order by v.last_updated, v.id",
        (thread, header),
    )
    return [Version(1, at, actor, json.loads_stored(text)) for _, at, actor, text in rows]


def thread_of_message(document: dict) -> str:
    """The reference of the header of a message, which may be the message itself."""
    return unversioned(local(header_reference(document))) or f"{MESSAGE_TYPE}/{document['id']}"


def _written(type_name: str, after: datetime, upto: datetime) -> list[str]:
    """The ids of what was written then."""
    return [
        row[0]
        for row in sql.rows(
            "select distinct resource_id from fhir_resourceversion where resource_type = %s"
            " and last_updated > %s and last_updated <= %s",
            (type_name, after, upto),
        )
    ]


def _due(after: datetime, upto: datetime) -> Iterable[str]:
    """The ids of what was due then and is open."""
    rows = Task.objects.filter(deleted=False, status__in=OPEN, due__gt=after, due__lte=upto)
    return rows.values_list("resource_id", flat=True)


def _versions(type_name: str, ids: Sequence[str]) -> dict[str, list[Version]]:
    rows = sql.rows(
        "select resource_id, version_id, last_updated, actor, document from fhir_resourceversion"
        " where resource_type = %s and resource_id = any(%s::text[])"
        " order by resource_id, version_id",
        (type_name, list(ids)),
    )
    found: dict[str, list[Version]] = {}
    for resource_id, version_id, at, actor, text in rows:
        document = json.loads_stored(text) if text else None
        found.setdefault(resource_id, []).append(Version(version_id, at, actor, document))
    return found
