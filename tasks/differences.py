"""What became of a Task since somebody looked at it, in the words of the page."""

from datetime import datetime
from typing import NamedTuple

from accounts import people
from accounts.models import Pool
from accounts.pools import codes_of, pool_ids
from fhir.actor import Actor
from fhir.datatypes import display_of
from tasks import history
from tasks.document import reference_of
from tasks.rows import PRIORITIES, due, priority_of
from tasks.transitions import Status


class Difference(NamedTuple):
    label: str
    now: str
    before: str


def differences(task_id: str, version: int, *, actor: Actor, at: datetime) -> list[Difference]:
    """Between `version` and the newest one; none when `version` is not known."""
    versions = history.versions_of(task_id)
    seen = next((each.document for each in versions if each.number == version), None)
    if seen is None:
        return []
    newest = versions[-1].document
    owners = {reference_of(document, "owner") for document in (seen, newest)}
    named = people.names(owners, actor=actor)
    before, now = (_said(document, named, at) for document in (seen, newest))
    return [
        Difference(label, now[label], before[label]) for label in now if now[label] != before[label]
    ]


def _said(document: dict, named: dict[str, str], at: datetime) -> dict[str, str]:
    owner = reference_of(document, "owner")
    display = (document.get("owner") or {}).get("display", "")
    notes = len(document.get("note", []))
    return {
        "Owner": named.get(owner) or display or "Unclaimed",
        "Pool": ", ".join(_pools(document)) or "None",
        "Status": Status(document["status"]).label,
        "Reason": display_of(document.get("statusReason")) or "None",
        "Stage": display_of(document.get("businessStatus")) or "None",
        "Priority": PRIORITIES[priority_of(document)][1],
        "Due": due(document, at).clock or "No due date",
        "Notes": str(notes),
    }


def _pools(document: dict) -> list[str]:
    concepts = document.get("performerType", [])
    names = dict(Pool.objects.filter(pk__in=pool_ids(codes_of(concepts))).values_list("pk", "name"))
    return sorted(names.values()) or [display_of(concept) for concept in concepts]
