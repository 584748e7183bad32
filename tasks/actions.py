"""The workflow's verbs: what people do with a Task. Each is one transaction.

Create, update, patch and delete are those of every resource (fhir.actions); the checks of all of
them are in tasks.permissions and tasks.transitions.
"""

from collections.abc import Callable, Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.pools import codes_of, pool_ids
from fhir import resources, store
from fhir.actions import change, check_writer, write
from fhir.actor import Actor
from fhir.errors import BusinessRuleViolation, Conflict, Forbidden
from fhir.scopes import check_scope
from fhir.store import Stored
from tasks import document as documents
from tasks import queue
from tasks.consequences import moved, record
from tasks.eligible import check_claim, claim_filter, types_restrict_claims
from tasks.permissions import name_of
from tasks.transitions import CLAIMABLE, BadTransition


def claim(task_id: str, *, actor: Actor, if_match: list[int] | None = None) -> Stored:
    """Take a Task from a pool: owner = the actor, status = accepted. Claiming twice is once.

    Raises Conflict (409), which names the winner, for whoever comes second, and
    BusinessRuleViolation (422) for one who has all that she may have, or not the licence.
    """
    owner = _as_owner(actor)

    def next_document(document: dict) -> dict:
        had = documents.reference_of(document, "owner")
        if had == actor.reference:
            return document
        if had:
            raise Conflict(
                _("%(name)s has this Task already.") % {"name": name_of(document["owner"])}
            )
        if document["status"] not in CLAIMABLE:
            raise BadTransition(
                _("A Task that is %(status)s cannot be claimed and become accepted.")
                % {"status": document["status"]},
                expression="Task.status",
            )
        check_claim(document, actor.reference, at=store.now())
        return documents.claimed(document, owner)

    return _change(
        task_id,
        next_document,
        actor=actor,
        interaction="claim",
        if_match=if_match,
        intent=[{"op": "replace", "path": "/owner", "value": owner}],
        then=_moved("claim", actor),
    )


def claim_next(*, actor: Actor, pool_id: int | None = None) -> Stored | None:
    """Claim the most pressing Task of a pool, or of all the actor's pools; None when none waits.

    Two who press at once get two Tasks: each skips what the other has locked. What takes a licence
    that she has not is left to others; BusinessRuleViolation (422) when she has all that she may
    have.
    """
    owner = _as_owner(actor)
    check_writer(actor)
    check_scope(actor, "Task", "u")
    wanted = [pool_id] if pool_id is not None else list(actor.pools)
    if not {*wanted} <= {*actor.pools}:
        raise Forbidden(_("You are not a member of this pool."))
    with transaction.atomic():
        now = store.now()
        # Hardly ever is anybody kept from claiming: only who finds nothing so asks whether she is.
        before = None if types_restrict_claims() else queue.lock_most_pressing(wanted, now=now)
        if before is None and (allowed := claim_filter(actor.reference, wanted, at=now)):
            before = queue.lock_most_pressing(wanted, now=now, allowed=allowed)
        if before is None:
            return None
        known = before.parsed()
        stored = write(
            resources.get("Task"),
            before,
            known,
            documents.claimed(known, owner),
            actor=actor,
            interaction="claim",
        )
        moved(stored, "claim", actor=actor)
        return stored


def start(task_id: str, *, actor: Actor, if_match: list[int] | None = None) -> Stored:
    """Begin the work."""
    return _to_status(task_id, "in-progress", actor=actor, interaction="start", if_match=if_match)


def resume(task_id: str, *, actor: Actor, if_match: list[int] | None = None) -> Stored:
    """Go on with a Task that was on hold: in progress if it was started, accepted or waiting else."""

    def next_document(document: dict) -> dict:
        if document["status"] != "on-hold":
            raise BadTransition(
                _("A Task that is %(status)s cannot be resumed: only one that is on-hold.")
                % {"status": document["status"]},
                expression="Task.status",
            )
        started = "start" in (document.get("executionPeriod") or {})
        owned = bool(documents.reference_of(document, "owner"))
        status = ("in-progress" if started else "accepted") if owned else "requested"
        return documents.with_status(document, status)

    return _change(task_id, next_document, actor=actor, interaction="resume", if_match=if_match)


def release(
    task_id: str,
    *,
    reason: dict | None = None,
    actor: Actor,
    if_match: list[int] | None = None,
) -> Stored:
    """Give a Task back to its pool: no owner, requested. The reason is kept in its Provenance."""

    def next_document(document: dict) -> dict:
        if not pool_ids(codes_of(document.get("performerType", []))):
            raise BusinessRuleViolation(
                _("This Task came from no pool, so it cannot go back to one."),
                expression="Task.performerType",
            )
        return documents.released(document)

    return _change(
        task_id,
        next_document,
        actor=actor,
        interaction="release",
        if_match=if_match,
        then=_moved("release", actor, reason),
    )


def complete(
    task_id: str,
    *,
    actor: Actor,
    output: Iterable[dict] = (),
    if_match: list[int] | None = None,
) -> Stored:
    """Finish the work and record its result: `output` are Task.output elements."""
    return _change(
        task_id,
        lambda document: documents.completed(document, output),
        actor=actor,
        interaction="complete",
        if_match=if_match,
        then=lambda stored: record(stored, "complete", actor=actor),
    )


def hold(
    task_id: str,
    *,
    actor: Actor,
    reason: dict | str,
    until: str = "",
    note: str = "",
    if_match: list[int] | None = None,
) -> Stored:
    """Pause the work; the reason (CodeableConcept, or its text) says what it waits for, `until` (a
    date or dateTime) when it is expected to go on.
    """
    if until and documents.instant_of(until) <= store.now():
        raise BusinessRuleViolation(
            _("Say a time to come: that has passed."), expression="Task.statusReason.extension"
        )
    reason = documents.expecting(_as_concept(reason), until)
    return _with_reason(task_id, "on-hold", "hold", reason, note, actor, if_match)


def reject(
    task_id: str,
    *,
    actor: Actor,
    reason: dict | str,
    note: str = "",
    if_match: list[int] | None = None,
) -> Stored:
    """Refuse to do the work at all."""
    return _with_reason(task_id, "rejected", "reject", reason, note, actor, if_match)


def fail(
    task_id: str,
    *,
    actor: Actor,
    reason: dict | str,
    note: str = "",
    if_match: list[int] | None = None,
) -> Stored:
    """End work that was tried and could not be done."""
    return _with_reason(task_id, "failed", "fail", reason, note, actor, if_match)


def cancel(
    task_id: str,
    *,
    actor: Actor,
    reason: dict | str,
    note: str = "",
    if_match: list[int] | None = None,
) -> Stored:
    """End work that is not needed any more."""
    return _with_reason(task_id, "cancelled", "cancel", reason, note, actor, if_match)


def add_note(task_id: str, text: str, *, actor: Actor, if_match: list[int] | None = None) -> Stored:
    """Add a comment with its author and time."""
    return _change(
        task_id,
        _noting(text, actor),
        actor=actor,
        interaction="note",
        if_match=if_match,
    )


def edit_note(
    task_id: str, number: int, text: str, *, actor: Actor, if_match: list[int] | None = None
) -> Stored:
    """Put a note of one's own right, soon after it was written; `number` counts from 0.

    Raises BusinessRuleViolation (422) for a note of somebody else, and for an older one.
    """
    said = text.strip()
    if not said:
        raise BusinessRuleViolation(_("A note needs a text."), expression="Task.note.text")

    def next_document(document: dict) -> dict:
        notes = document.get("note", [])
        author, at = author_of(actor), store.now()
        if not (number < len(notes) and documents.is_note_open(notes[number], author, at=at)):
            raise BusinessRuleViolation(
                _("A note can be changed by who wrote it, for 5 minutes."),
                expression="Task.note",
            )
        return documents.with_note_changed(document, number, said)

    return _change(task_id, next_document, actor=actor, interaction="edit-note", if_match=if_match)


def author_of(actor: Actor) -> dict:
    """The author of an Annotation."""
    if actor.reference:
        return {"authorReference": _as_reference(actor)}
    return {"authorString": actor.display or actor.username}


def _as_reference(actor: Actor) -> dict:
    return {"reference": actor.reference} | ({"display": actor.display} if actor.display else {})


def _as_owner(actor: Actor) -> dict:
    if not actor.reference:
        raise Forbidden(_("You have no Practitioner of your own, so you cannot own a Task."))
    return _as_reference(actor)


def _change(task_id: str, next_document: Callable[[dict], dict], **arguments) -> Stored:
    return change("Task", task_id, next_document, **arguments)


def _moved(activity: str, actor: Actor, reason: dict | None = None) -> Callable[[Stored], None]:
    return lambda stored: moved(stored, activity, actor=actor, reason=reason)


def _to_status(task_id: str, status: str, **arguments) -> Stored:
    return _change(task_id, lambda document: documents.with_status(document, status), **arguments)


def _noting(text: str, actor: Actor) -> Callable[[dict], dict]:
    if not text.strip():
        raise BusinessRuleViolation(_("A note needs a text."), expression="Task.note.text")
    return lambda document: documents.with_note(
        document, text.strip(), author=author_of(actor), at=store.now()
    )


def _as_concept(reason: dict | str) -> dict:
    return {"text": reason.strip()} if isinstance(reason, str) else reason


def _with_reason(task_id, status, interaction, reason, note, actor, if_match) -> Stored:
    concept = _as_concept(reason)
    if not concept.get("text") and not concept.get("coding"):
        raise BusinessRuleViolation(
            _("Say why: a reason is needed."), expression="Task.statusReason"
        )
    noting = _noting(note, actor) if note.strip() else lambda document: document
    return _change(
        task_id,
        lambda document: noting(documents.with_reason(document, status, concept)),
        actor=actor,
        interaction=interaction,
        if_match=if_match,
    )
