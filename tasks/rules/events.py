"""What rules are about: versions that were written, and waits that have become too long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fhir import json, sql
from fhir.actor import Actor, Role
from fhir.feed import FeedChange

RULES = Actor(user_id=0, username="rules", role=Role.SERVICE, display="Routing rules")
"""In whose name rules act."""

MESSAGE_TYPE, REPORT_TYPE, OBSERVATION_TYPE = "Communication", "DiagnosticReport", "Observation"


@dataclass(frozen=True)
class Event:
    """Something that has happened to a resource.

    `key` names it for good: a rule acts once on an event. `before` is the document that the version
    replaced, None for a new resource. `version` is the one that was written, or the one that a wait
    began with, as `Type/id/_history/version`.
    """

    key: str
    at: datetime
    reference: str
    document: dict
    version: str
    before: dict | None = None
    is_new: bool = False
    by_rules: bool = False
    over: bool = False
    """Of a wait: by now it has ended, and there is nothing more to do about it."""

    @property
    def resource_type(self) -> str:
        return self.reference.partition("/")[0]

    @property
    def resource_id(self) -> str:
        return self.reference.partition("/")[2]


def events_of(changes: Sequence[FeedChange]) -> list[Event]:
    """The events of some changes, each with the version that it replaced. Deletions are none."""
    known = previous(
        [(each.resource_type, each.resource_id, each.version_id - 1) for each in changes]
    )
    return [
        Event(
            key=version_name(each.resource_type, each.resource_id, each.version_id),
            at=each.last_updated,
            reference=each.reference,
            document=each.parsed(),
            version=version_name(each.resource_type, each.resource_id, each.version_id),
            before=known.get((each.resource_type, each.resource_id, each.version_id - 1)),
            is_new=each.version_id == 1,
            by_rules=each.actor == RULES.name,
        )
        for each in changes
        if each.document
    ]


def previous(versions: Sequence[tuple[str, str, int]]) -> dict[tuple[str, str, int], dict]:
    """The documents of some versions; one that is a deletion is left out."""
    wanted = [each for each in versions if each[2] > 0]
    if not wanted:
        return {}
    rows = sql.rows(
        "select v.resource_type, v.resource_id, v.version_id, v.document"
        " from unnest(%s::text[], %s::text[], %s::int[]) w (type, id, version)"
        " join fhir_resourceversion v on v.resource_type = w.type and v.resource_id = w.id"
        " and v.version_id = w.version where v.document <> ''",
        tuple(list(column) for column in zip(*wanted, strict=True)),
    )
    return {tuple(row[:3]): json.loads_stored(row[3]) for row in rows}


def version_name(type_name: str, resource_id: str, version_id: int) -> str:
    return f"{type_name}/{resource_id}/_history/{version_id}"
