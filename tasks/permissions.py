"""Who may change a Task: one rule that looks at it before and after (requirements.md T3, T18)."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.pools import codes_of, pool_ids
from fhir import json, sql, store
from fhir.actor import Actor, Role
from fhir.errors import BusinessRuleViolation, Conflict, Forbidden
from tasks.document import check_elements, reference_of
from tasks.eligible import check_write
from tasks.models import Task
from tasks.responses import check_answered
from tasks.subtasks import blocker
from tasks.transitions import OPEN, check_transition


def check_change(actor: Actor, before: dict | None, after: dict | None) -> None:
    """Raise Forbidden (403) or the workflow's error (422) unless `actor` may make this change.

    `before` is None for a create, `after` for a delete. Called with the row of `before` locked.
    """
    if after is None:
        if not actor.writes_everything:
            raise Forbidden(_("Only an admin may delete a Task; cancel it instead."))
        return
    check_elements(before, after)
    if actor.role is Role.PRACTITIONER:
        _check_practitioner(actor, before, after)
    elif actor.role is Role.COORDINATOR and before is not None:
        _check_coordinator(actor, before, after)
    if before is not None:
        check_transition(actor, before["status"], after["status"])
        if is_completed(before, after) and (open_parts := blocker(before)):
            raise BusinessRuleViolation(open_parts, expression="Task.status")
        if before["intent"] != after["intent"]:
            raise BusinessRuleViolation(
                _("The intent of a Task cannot change."), expression="Task.intent"
            )
    check_write(actor, before, after, at=store.now())
    if before is not None and is_completed(before, after):
        check_answered(after)


def is_completed(before: dict, after: dict) -> bool:
    """Whether this change completes the Task."""
    return after["status"] == "completed" != before["status"]


def pools_of(document: dict) -> list[int]:
    return pool_ids(codes_of(document.get("performerType", [])))


def is_claimable_by(actor: Actor, document: dict) -> bool:
    """No owner, and in a pool of the actor's."""
    return not reference_of(document, "owner") and bool({*pools_of(document)} & {*actor.pools})


def _check_practitioner(actor: Actor, before: dict | None, after: dict) -> None:
    owner = reference_of(after, "owner")
    if before is None:
        if owner == actor.reference and owner:
            return
        if owner and not _is_successor(actor, after):
            raise Forbidden(_("You may create a Task for yourself or for a pool, not for others."))
        if not owner and not pools_of(after):
            raise Forbidden(_("A Task without an owner needs the role of a pool (performerType)."))
        return
    had = reference_of(before, "owner")
    mine = bool(had) and had == actor.reference
    if not mine and not is_claimable_by(actor, before):
        raise Forbidden(_("You may change a Task that you own, or claim one from a pool of yours."))
    if owner in (had, actor.reference) and (owner or pools_of(after)):
        return
    if not mine:
        raise Forbidden(_("You may claim this Task for yourself, not give it to somebody else."))
    if not owner and not pools_of(after):
        raise Forbidden(_("A Task that you let go needs a pool (performerType) to go to."))


def _check_coordinator(actor: Actor, before: dict, after: dict) -> None:
    """She assigns and reroutes every Task of her pools, and works on her own as anybody does."""
    if not {*pools_of(before)} & {*actor.coordinates}:
        _check_practitioner(actor, before, after)


def _is_successor(actor: Actor, after: dict) -> bool:
    """The second half of a reroute: `after` follows an open Task of the actor's (T3, T16)."""
    focus = reference_of(after, "focus")
    if not focus or reference_of(after, "requester") != actor.reference:
        return False
    return Task.objects.filter(
        owner=actor.reference, deleted=False, status__in=OPEN, tokens__contains=[f"focus={focus}"]
    ).exists()


def refuse_unreadable(actor: Actor, resource_id: str, intent) -> None:
    """Refuse a write to a Task that the actor cannot see: 403, whether it exists or not (T5).

    One who could have claimed it a moment ago, and tried to, is told who was faster instead.
    """
    if actor.role is Role.PRACTITIONER and _intends_to_own(actor, intent):
        lost = lost_claim(actor, resource_id)
        if lost:
            raise Conflict(str(lost))
    raise Forbidden(_("You may not change this Task."))


def _intends_to_own(actor: Actor, intent) -> bool:
    if isinstance(intent, dict):
        return reference_of(intent, "owner") == actor.reference
    return any(
        isinstance(operation, dict)
        and operation.get("path") == "/owner"
        and isinstance(operation.get("value"), dict)
        and operation["value"].get("reference") == actor.reference
        for operation in intent
        if isinstance(intent, list | tuple)
    )


CLAIM_REMEMBERED = timedelta(minutes=10)
"""For how long one who comes too late is told who was faster."""


class LostClaim(NamedTuple):
    """Who was faster, and by how many seconds; `document` is what could be seen until then."""

    winner: str
    seconds: int
    document: dict

    def __str__(self) -> str:
        return _("%(winner)s just claimed this, %(seconds)s s before you.") % {
            "winner": self.winner,
            "seconds": self.seconds,
        }


def lost_claim(actor: Actor, resource_id: str) -> LostClaim | None:
    """Who has a Task that the actor could claim until just before; None otherwise.

    Only the claim itself is told of: the version that it replaced had no owner, was in a pool of
    the actor's, and so could be seen by the actor.
    """
    versions = sql.rows(
        "select document, last_updated from fhir_resourceversion"
        " where resource_type = 'Task' and resource_id = %s order by version_id desc limit 50",
        (resource_id,),
    )
    claim = None
    for text, at in versions:
        document = json.loads_stored(text) if text else {}
        if claim is None and not (owner := reference_of(document, "owner")):
            return None
        if reference_of(document, "owner") != owner:
            break
        claim = (document, at)
    else:
        return None
    ago = datetime.now(UTC) - claim[1]
    if ago > CLAIM_REMEMBERED or not is_claimable_by(actor, document):
        return None
    return LostClaim(name_of(claim[0]["owner"]), int(ago.total_seconds()), document)


def name_of(owner: dict) -> str:
    """The owner's name as staff know it: the user's, else the display of the reference."""
    user = User.objects.filter(reference=owner.get("reference") or "?").first()
    return (user and user.get_full_name()) or owner.get("display") or _("Somebody else")
