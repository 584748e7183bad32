"""Who may write a message, and what of it (requirements.md S95, S98)."""

from fhir.actor import Actor
from fhir.errors import Forbidden

OTHERS_MAY_CHANGE = frozenset({"meta", "recipient", "received", "note", "status", "statusReason"})
"""Routing moves a thread to other recipients; it never edits what somebody said."""


def check_change(actor: Actor, before: dict | None, after: dict | None) -> None:
    """Raise Forbidden unless `actor` may make this change of a Communication."""
    if actor.writes_everything:
        return
    if after is None:
        raise Forbidden("Only an admin may delete a message.")
    if before is None:
        if after.get("sender", {}).get("reference") not in (None, actor.reference):
            raise Forbidden("You may send messages in your own name only.")
        return
    if before.get("sender", {}).get("reference") == actor.reference:
        return
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if changed - OTHERS_MAY_CHANGE:
        raise Forbidden("Only its sender may change what a message says.")
