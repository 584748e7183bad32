"""Who may write a message, and what of it (requirements.md S95, S98)."""

from django.utils.translation import gettext as _

from communications import categories
from communications.document import DRAFT, RETRACTED, is_patient_side, recipients_of, sender_of
from fhir.actor import Actor
from fhir.errors import BusinessRuleViolation, Forbidden

OTHERS_MAY_CHANGE = frozenset({"meta", "recipient", "received", "note", "status", "statusReason"})
"""Routing moves a thread to other recipients; it never edits what somebody said."""


def check_change(actor: Actor, before: dict | None, after: dict | None) -> None:
    """Raise Forbidden (403), or BusinessRuleViolation (422) for an internal note that a patient
    could see, unless `actor` may make this change of a Communication."""
    if after is not None:
        _check_internal(before or {}, after)
    if actor.writes_everything:
        return
    own = before is not None and sender_of(before) == actor.reference != ""
    if after is None:
        if own and before["status"] == DRAFT:
            return
        raise Forbidden(_("Only an admin may delete a message; retract it instead."))
    if before is None:
        if sender_of(after) not in ("", actor.reference):
            raise Forbidden(_("You may send messages in your own name only."))
        return
    was, status = before["status"], after["status"]
    if was == RETRACTED and status != RETRACTED:
        raise Forbidden(_("Only an admin may bring back a message that was retracted."))
    if status == DRAFT and was != DRAFT:
        raise Forbidden(_("What has been sent cannot become a draft again."))
    if own:
        return
    if status == RETRACTED and was != RETRACTED:
        raise Forbidden(_("Only its sender or an admin may retract a message."))
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if changed - OTHERS_MAY_CHANGE:
        raise Forbidden(_("Only its sender may change what a message says."))


def _check_internal(before: dict, after: dict) -> None:
    """An internal note carries its label, names no patient as who it is between, and once it is
    more than a draft, stays one."""
    said = before.get("status") != DRAFT
    if said and categories.is_internal(before) and not categories.is_internal(after):
        raise BusinessRuleViolation(
            _("An internal note stays one: write a message to the patient instead."),
            expression="Communication.category",
        )
    if not categories.is_internal(after):
        return
    if not categories.is_not_for_patients(after):
        raise BusinessRuleViolation(
            _("An internal note needs the security label NOPAT."),
            expression="Communication.meta.security",
        )
    if any(map(is_patient_side, (sender_of(after), *recipients_of(after)))):
        raise BusinessRuleViolation(
            _("An internal note is from staff and for staff."), expression="Communication.recipient"
        )
