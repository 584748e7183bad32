"""What became of a Task since somebody looked at it, in the words of the page."""

from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from accounts import people
from accounts.models import Pool
from accounts.pools import codes_of
from fhir.actor import Actor
from fhir.datatypes import display_of
from tasks import history
from tasks.document import reference_of
from tasks.rows import PRIORITIES, due, priority_of
from tasks.task_types import label_of
from tasks.transitions import Status


class Difference(NamedTuple):
    """`mine` is what somebody is about to make of it; "" for what she leaves as it is."""

    label: str
    now: str
    before: str
    mine: str = ""


def differences(task_id: str, version: int, *, actor: Actor, at: datetime) -> list[Difference]:
    """Between `version` and the newest one; none when `version` is not known."""
    versions = history.versions_of(task_id)
    seen = next((each.document for each in versions if each.number == version), None)
    if seen is None:
        return []
    return between({task_id: (seen, versions[-1].document)}, actor=actor, at=at)[task_id]


def conflicting(
    task_id: str, version: int, mine: dict, *, actor: Actor, at: datetime
) -> list[Difference]:
    """What changed since `version`, and what would by `mine`: the newest document as she wants it."""
    newest = history.versions_of(task_id)[-1].document
    [wanted] = between({task_id: (mine, newest)}, actor=actor, at=at).values()
    by_label = {each.label: each for each in wanted}
    lines = [
        each._replace(mine=by_label.pop(each.label).before) if each.label in by_label else each
        for each in differences(task_id, version, actor=actor, at=at)
    ]
    return lines + [
        Difference(each.label, each.now, each.now, each.before) for each in by_label.values()
    ]


def between(
    pairs: dict[str, tuple[dict, dict]], *, actor: Actor, at: datetime
) -> dict[str, list[Difference]]:
    """Id → what makes the second document of each pair another than the first."""
    documents = [document for pair in pairs.values() for document in pair]
    named = people.names({reference_of(each, "owner") for each in documents}, actor=actor)
    pools = list(Pool.objects.values_list("name", "codes")) if pairs else []
    found = {}
    for task_id, pair in pairs.items():
        before, now = (_said(document, named, pools, at) for document in pair)
        found[task_id] = [
            Difference(label, now[label], before[label])
            for label in now
            if now[label] != before[label]
        ]
    return found


def _said(document: dict, named: dict, pools: list, at: datetime) -> dict[str, str]:
    owner = reference_of(document, "owner")
    display = (document.get("owner") or {}).get("display", "")
    notes = len(document.get("note", []))
    return {
        _("Owner"): named.get(owner) or display or _("Unclaimed"),
        _("Pool"): ", ".join(_pools(document, pools)) or _("None"),
        _("Status"): Status(document["status"]).label,
        _("Reason"): display_of(document.get("statusReason")) or _("None"),
        _("Stage"): label_of(document.get("businessStatus")) or _("None"),
        _("Priority"): PRIORITIES[priority_of(document)][1],
        _("Due"): due(document, at).clock or _("No due date"),
        _("Notes"): str(notes),
    }


def _pools(document: dict, pools: list[tuple[str, list[str]]]) -> list[str]:
    concepts = document.get("performerType", [])
    codes = {*codes_of(concepts)}
    known = sorted(name for name, own in pools if codes.intersection(own))
    return known or [display_of(concept) for concept in concepts]
