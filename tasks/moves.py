"""How a Task gets from one to another, and up: reroute, assign, escalate, prioritize, reschedule,
advance.

Each is one transaction: the Task first, then what follows from it (tasks.consequences). Who may is
the rule of every change (tasks.permissions): she may hand over what she owns, or send what she
could claim to another pool; a coordinator moves every Task of her pools.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from accounts import people
from accounts.models import Pool, User
from communications.notices import notify
from fhir import store
from fhir.actions import change, new_consequence
from fhir.actor import Actor
from fhir.datatypes import codings, display_of
from fhir.errors import BusinessRuleViolation, InvalidResource
from fhir.scopes import check_scope
from fhir.store import Stored
from tasks import document as documents
from tasks.actions import author_of
from tasks.consequences import as_agent, keep_recipient, moved, record, thread_of
from tasks.document import PRIORITY_RANK, reference_of
from tasks.eligible import anybody_there, check_person, check_pool
from tasks.permissions import check_change, name_of, pools_of
from tasks.reasons import REROUTED, choices
from tasks.task_types import stages
from tasks.transitions import FINAL, BadTransition


@dataclass(frozen=True, slots=True)
class ToPerson:
    """`reference` is Practitioner/x."""

    reference: str


@dataclass(frozen=True, slots=True)
class ToPool:
    pool_id: int


Target = ToPerson | ToPool


class Rerouted(NamedTuple):
    """The Task that was rerouted, and the one that replaces it when she keeps her view."""

    task: Stored
    successor: Stored | None


def reroute(
    task_id: str,
    *,
    to: Target,
    reason: dict,
    note: str = "",
    keep_view: bool = False,
    actor: Actor,
    if_match: list[int] | None = None,
) -> Rerouted:
    """Hand a Task over to a person or a pool, for a coded `reason` (a CodeableConcept).

    In place, whoever had it sees it no more (T4). With `keep_view` a successor is made for them,
    and the old one is cancelled as rerouted (T16). Raises BusinessRuleViolation (422) for a reason
    that is not offered, and for a person or pool that cannot serve.
    """
    addressed = _addressed(to, actor)
    successor_id = store.new_id()
    followers: list[dict] = []

    def next_document(document: dict) -> dict:
        _check_handed_over(document, addressed, to, reason, actor)
        if not keep_view:
            return _noted(documents.rerouted(document, addressed), note, actor)
        check_scope(actor, "Task", "c")
        at = store.now()
        made = documents.successor(document, addressed, by=as_agent(actor), at=at)
        made = _noted(made, f"Rerouted from Task/{task_id}.", actor)
        followers.append(_noted(made, note, actor))
        closed = documents.with_reason(document, "cancelled", REROUTED.as_concept())
        whom = _name_of(addressed)
        closed = _noted(closed, f"Rerouted to {whom}: see Task/{successor_id}.", actor)
        return _noted(closed, note, actor)

    made: list[Stored] = []

    def then(stored: Stored) -> None:
        if not followers:
            moved(stored, "reroute", actor=actor, reason=reason)
            return
        [document] = followers
        successor = new_consequence("Task", document, actor=actor, resource_id=successor_id)
        made.append(successor)
        keep_recipient(document, actor=actor, interaction="reroute")
        record(stored, "reroute", actor=actor, reason=reason)
        record(successor, "reroute", actor=actor, reason=reason, source=stored.reference)

    task = _change(
        task_id, next_document, actor=actor, interaction="reroute", if_match=if_match, then=then
    )
    return Rerouted(task, made[0] if made else None)


def assign(
    task_id: str,
    *,
    to: str,
    note: str = "",
    reason: dict | None = None,
    actor: Actor,
    if_match: list[int] | None = None,
) -> Stored:
    """Give a Task to a person, a reference; it stays in its pool. Assigning twice is once."""
    addressed = _addressed(ToPerson(to), actor)

    def next_document(document: dict) -> dict:
        if reference_of(document, "owner") == to:
            return document
        after = documents.assigned(document, addressed["owner"])
        check_change(actor, document, after)
        _check_open(document, _("A Task that is %(status)s cannot be assigned."))
        _check_target(document, ToPerson(to))
        return _noted(after, note, actor)

    return _change(
        task_id,
        next_document,
        actor=actor,
        interaction="assign",
        if_match=if_match,
        then=lambda stored: moved(stored, "assign", actor=actor, reason=reason),
    )


def escalate(
    task_id: str,
    *,
    reason: dict,
    note: str = "",
    priority: str | None = None,
    actor: Actor,
    if_match: list[int] | None = None,
) -> Stored:
    """Make it more urgent, by one step unless told how much, and tell the coordinators of its pools.

    Its stage becomes `escalated`: its type's own, if that has one.
    """

    def next_document(document: dict) -> dict:
        _check_open(document, _("A Task that is %(status)s cannot be escalated."))
        raised = {**document, "priority": _checked(priority) if priority else _next_step(document)}
        own = next((each for each in stages(document) if each.code == "escalated"), None)
        raised["businessStatus"] = own.as_concept() if own else documents.message_stage("escalated")
        return _noted(raised, note, actor)

    def then(stored: Stored) -> None:
        record(stored, "escalate", actor=actor, reason=reason)
        _tell_coordinators(stored, actor)

    _check_said(reason)
    return _change(
        task_id,
        next_document,
        actor=actor,
        interaction="escalate",
        if_match=if_match,
        then=then,
    )


def prioritize(
    task_id: str,
    *,
    priority: str,
    reason: dict | None = None,
    note: str = "",
    actor: Actor,
    if_match: list[int] | None = None,
) -> Stored:
    """Say how urgent it is: routine, urgent, asap or stat."""
    refusal = _("A Task that is %(status)s cannot be given another priority.")
    return _change(
        task_id,
        _setting(
            lambda document: {**document, "priority": _checked(priority)}, refusal, note, actor
        ),
        actor=actor,
        interaction="prioritize",
        if_match=if_match,
        then=lambda stored: record(stored, "prioritize", actor=actor, reason=reason),
    )


def reschedule(
    task_id: str,
    *,
    due: str,
    reason: dict | None = None,
    note: str = "",
    actor: Actor,
    if_match: list[int] | None = None,
) -> Stored:
    """Say by when it is to be done: `due` is a FHIR date or dateTime, or "" for no due date."""
    refusal = _("A Task that is %(status)s cannot be given another due date.")
    return _change(
        task_id,
        _setting(lambda document: documents.due_by(document, due), refusal, note, actor),
        actor=actor,
        interaction="reschedule",
        if_match=if_match,
        then=lambda stored: record(stored, "reschedule", actor=actor, reason=reason),
    )


def advance(
    task_id: str,
    *,
    stage: dict,
    note: str = "",
    actor: Actor,
    if_match: list[int] | None = None,
) -> Stored:
    """Bring it to another stage: `stage` is Task.businessStatus, a CodeableConcept."""
    if not display_of(stage):
        raise BusinessRuleViolation(_("Say which stage."), expression="Task.businessStatus")
    refusal = _("A Task that is %(status)s cannot be brought to another stage.")
    return _change(
        task_id,
        _setting(lambda document: {**document, "businessStatus": stage}, refusal, note, actor),
        actor=actor,
        interaction="advance",
        if_match=if_match,
    )


def _setting(
    said: Callable[[dict], dict], refusal: str, note: str, actor: Actor
) -> Callable[[dict], dict]:
    """From document to document for what is said of an open Task; a note goes with what changes it."""

    def next_document(document: dict) -> dict:
        _check_open(document, refusal)
        after = said(document)
        return document if after == document else _noted(after, note, actor)

    return next_document


def what_will_happen(
    document: dict, *, to: Target, keep_view: bool, actor: Actor, at: datetime
) -> list[str]:
    """What a reroute would do, a sentence each, for whoever is about to do it."""
    addressed = _addressed(to, actor)
    name = _name_of(addressed)
    in_pool = "owner" not in addressed
    mine = reference_of(document, "owner") == actor.reference and bool(actor.reference)
    if keep_view:
        told = [_("New task, unclaimed, in %(name)s") if in_pool else _("New task for %(name)s")]
        told.append(_("Yours closes as rerouted") if mine else _("This one closes as rerouted"))
    else:
        told = [_("It waits in %(name)s, unclaimed") if in_pool else _("%(name)s has it")]
        if mine:
            told.append(_("It leaves your list"))
    if thread_of(document):
        told.append(
            _("The thread goes to nobody until it is claimed")
            if in_pool
            else _("The thread goes to %(name)s")
        )
    if isinstance(to, ToPool) and not anybody_there(to.pool_id, at=at):
        stat = document.get("priority") == "stat"
        told.append(
            _("Nobody there is available: its coordinators are told")
            if stat
            else _("Nobody there is available now")
        )
    told.append(_("Priority and due time do not change"))
    told.append(_("The reason is recorded"))
    return [text % {"name": name} for text in told]


def _change(task_id: str, next_document: Callable[[dict], dict], **arguments) -> Stored:
    return change("Task", task_id, next_document, **arguments)


# --- whom it goes to ------------------------------------------------------------------------------


def handed_over(document: dict, to: Target, actor: Actor) -> dict:
    """The document as a reroute in place would leave it."""
    return documents.rerouted(document, _addressed(to, actor))


def _addressed(to: Target, actor: Actor) -> dict:
    """The elements that say who has the Task: its owner, or the performerType of a pool."""
    if isinstance(to, ToPerson):
        name = people.names([to.reference], actor=actor).get(to.reference)
        return {"owner": {"reference": to.reference} | ({"display": name} if name else {})}
    pool = Pool.objects.filter(pk=to.pool_id).first()
    if pool is None:
        raise InvalidResource(_("There is no such pool."), expression="Task.performerType")
    return {"performerType": [role_of(pool)]}


def role_of(pool: Pool) -> dict:
    """The role of a pool as a CodeableConcept: all its codes lead to it."""
    pairs = (code.partition("|")[::2] for code in pool.codes)
    coding = [({"system": system} if system else {}) | {"code": code} for system, code in pairs]
    return {"coding": coding, "text": pool.name}


def _name_of(addressed: dict) -> str:
    if "owner" in addressed:
        return name_of(addressed["owner"])
    return addressed["performerType"][0]["text"]


def _check_handed_over(
    document: dict, addressed: dict, to: Target, reason: dict, actor: Actor
) -> None:
    """Who may reroute in place may leave a successor: the rule is the same, and judges that."""
    check_change(actor, document, documents.rerouted(document, addressed))
    _check_open(document, _("A Task that is %(status)s cannot be rerouted."))
    if _has_it(document, to):
        raise BusinessRuleViolation(
            _("%(name)s has this Task already.") % {"name": _name_of(addressed)},
            expression="Task.owner",
        )
    check_reroute_reason(document, reason)
    _check_target(document, to)


def _has_it(document: dict, to: Target) -> bool:
    owner = reference_of(document, "owner")
    if isinstance(to, ToPerson):
        return owner == to.reference
    return not owner and pools_of(document) == [to.pool_id]


def _check_target(document: dict, to: Target) -> None:
    """Raise BusinessRuleViolation with why this person or pool cannot have the Task."""
    if isinstance(to, ToPerson):
        check_person(document, to.reference, at=store.now())
    else:
        check_pool(document, to.pool_id, at=store.now())


# --- what is said ---------------------------------------------------------------------------------


def _check_open(document: dict, refusal: str) -> None:
    if document["status"] in FINAL:
        raise BadTransition(refusal % {"status": document["status"]}, expression="Task.status")


def check_reroute_reason(document: dict, reason: dict) -> None:
    """Raise BusinessRuleViolation unless the reason is one that is offered, or, where "other" is,
    a text.
    """
    offered = choices("reroute", document)
    if {(each.system, each.code) for each in offered} & {*codings(reason)}:
        return
    if any(each.is_other for each in offered) and not reason.get("coding"):
        _check_said(reason)
        return
    codes = ", ".join(sorted(each.code for each in offered))
    raise BusinessRuleViolation(
        _("A reroute needs one of these reasons: %(codes)s.") % {"codes": codes},
        expression="Provenance.reason",
    )


def _tell_coordinators(stored: Stored, actor: Actor) -> None:
    pools = Pool.objects.filter(pk__in=pools_of(stored.parsed())).order_by("name")
    told = User.objects.filter(coordinated_pools__in=pools).exclude(reference=actor.reference)
    notify(
        told.order_by("reference").values_list("reference", flat=True),
        about=[stored.reference],
        text=f"A task of {' and '.join(pool.name for pool in pools)} was escalated.",
        actor=actor,
    )


def _check_said(reason: dict) -> None:
    if not display_of(reason).strip():
        raise BusinessRuleViolation(
            _("Say why: a reason is needed."), expression="Provenance.reason"
        )


def _checked(priority: str) -> str:
    if priority not in PRIORITY_RANK:
        raise InvalidResource(
            _("The priority must be routine, urgent, asap or stat."), expression="Task.priority"
        )
    return priority


def _next_step(document: dict) -> str:
    steps = list(PRIORITY_RANK)
    rank = PRIORITY_RANK.get(document.get("priority"), 1)
    return steps[min(rank, len(steps) - 1)]


def _noted(document: dict, text: str, actor: Actor) -> dict:
    if not text.strip():
        return document
    return documents.with_note(document, text.strip(), author=author_of(actor), at=store.now())
