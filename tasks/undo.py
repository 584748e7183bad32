"""Taking back what was done to a Task a moment ago, as long as nobody has done anything since.

A reroute takes the Task out of the sight of whoever rerouted it (requirements.md T4), so it is found
without her eyes: what entitles her is that its newest version is the one that she made.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from fhir import resources, store
from fhir.actions import check_writer, consequence
from fhir.actor import SYSTEM, Actor
from fhir.errors import BusinessRuleViolation, Forbidden, VersionConflict
from fhir.scopes import check_scope
from fhir.store import Stored
from tasks import consequences, history
from tasks.transitions import FINAL

UNDOABLE = {"reroute", "assign", "release", "hold", "prioritize", "reschedule", "advance"}
"""Interactions that hide nothing from their maker that she did not have, and reach no patient."""

MOVED = (
    *("owner", "performerType", "status", "statusReason", "businessStatus", "priority"),
    "restriction",
)
"""What is put back. Notes stay: they were said."""

REASON = {
    "coding": [{"system": "urn:taskward:undo", "code": "undo", "display": "Undone"}],
    "text": "Undone",
}


def take_back(task_id: str, *, version: int, actor: Actor) -> Stored:
    """Put a Task back to where it was before `version`, which the actor made.

    Raises VersionConflict (412) when somebody has done something since, Forbidden (403) for a
    version of somebody else and for ids that never were, BusinessRuleViolation (422) for what
    cannot be undone.
    """
    check_writer(actor)
    check_scope(actor, "Task", "u")
    with transaction.atomic():
        stored = store.find(resources.get("Task"), task_id, actor=SYSTEM, lock=True)
        made = None if stored is None else _version(task_id, version)
        if stored is None or made is None or made.actor != actor.name:
            raise Forbidden(_("You may not change this Task."))
        if stored.version_id != version:
            raise VersionConflict(
                _("Somebody has taken this up since, so it cannot be taken back any more.")
            )
        before = _version(task_id, version - 1)
        final = made.document["status"] in FINAL
        if made.interaction not in UNDOABLE or final or before is None:
            raise BusinessRuleViolation(_("This cannot be taken back."))
        undone = consequence(
            "Task",
            task_id,
            lambda document: _put_back(document, before.document),
            actor=actor,
            interaction="undo",
        )
        consequences.moved(undone, "undo", actor=actor, reason=REASON)
        return undone


def _version(task_id: str, number: int) -> history.Version | None:
    return next((each for each in history.versions_of(task_id) if each.number == number), None)


def _put_back(document: dict, before: dict) -> dict:
    rest = {name: value for name, value in document.items() if name not in MOVED}
    return rest | {name: before[name] for name in MOVED if name in before}
