"""Handing work over at the end of a shift: what is offered moves only once somebody takes it on.

Each Task then moves as by any other hand (tasks.moves), in the name of whoever gives it and with the
reason "end of shift", so that its history and Provenance say why. Until then it is hers, and she
can take the offer back. What has changed meanwhile is said of each Task by itself.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import people
from accounts.availability import State as Presence
from accounts.identity import actor_of
from accounts.members import members
from accounts.models import Pool, User
from communications.notices import notify
from fhir import json, resources, store
from fhir.actions import check_writer
from fhir.actor import Actor
from fhir.errors import BusinessRuleViolation, Conflict, FhirError, NotFound
from fhir.store import Stored
from tasks import actions, eligible, moves
from tasks.document import reference_of
from tasks.eligible import NOBODY, need_of, task_pools
from tasks.models import HandOver, HandOverItem, Task
from tasks.moves import Target, ToPerson, ToPool
from tasks.reasons import REROUTE_SYSTEM, Reason
from tasks.transitions import FINAL, OPEN, Status

END_OF_SHIFT = Reason("end-of-shift", "End of shift", REROUTE_SYSTEM)
MOST = 100
"""Tasks in one hand-over."""

State = HandOverItem.State


class Answer(NamedTuple):
    """What became of one Task, in a sentence without anything of a patient."""

    task_id: str
    done: bool
    text: str


# --- offering -------------------------------------------------------------------------------------


@transaction.atomic
def offer(
    chosen: Mapping[str, str], *, to: Target, note: str = "", actor: Actor, at: datetime
) -> HandOver:
    """Offer some of her own open Tasks, each id with what there is to say of it.

    Raises BusinessRuleViolation (422) for Tasks that are not hers any more, and for a receiver who
    could not take them; Conflict (409) for what stands in another offer.
    """
    check_writer(actor)
    if not chosen:
        raise BusinessRuleViolation(_("Choose at least one task."))
    if len(chosen) > MOST:
        raise BusinessRuleViolation(_("Choose %(most)d tasks at most.") % {"most": MOST})
    documents = _own(chosen, actor)
    if len(documents) < len(chosen):
        raise BusinessRuleViolation(_("Some of these tasks are no longer yours: choose again."))
    _check_receiver(to, documents.values(), actor, at)
    if HandOverItem.objects.filter(task_id__in=chosen, state=State.OPEN).exists():
        raise Conflict(_("Some of these tasks are in another hand-over: take that back first."))
    made = HandOver.objects.create(
        giver=actor.reference,
        receiver=to.reference if isinstance(to, ToPerson) else "",
        pool_id=to.pool_id if isinstance(to, ToPool) else None,
        note=note.strip(),
        offered_at=at,
    )
    HandOverItem.objects.bulk_create(
        HandOverItem(hand_over=made, position=position, task_id=task_id, note=said.strip())
        for position, (task_id, said) in enumerate(chosen.items())
    )
    _tell_receivers(made, len(chosen), actor, at)
    return made


def _own(ids: Collection[str], actor: Actor) -> dict[str, dict]:
    """Those of the ids that are open Tasks of hers, with the documents."""
    if not actor.reference:
        return {}
    rows = Task.objects.filter(
        resource_id__in=ids, owner=actor.reference, deleted=False, status__in=sorted(OPEN)
    )
    return {
        resource_id: json.loads_stored(text)
        for resource_id, text in rows.values_list("resource_id", "document")
    }


def _check_receiver(to: Target, documents: Collection[dict], actor: Actor, at: datetime) -> None:
    """Who is not there yet may be offered work, as the next shift is not; she takes it on later."""
    if isinstance(to, ToPool):
        if not Pool.objects.filter(pk=to.pool_id).exists():
            raise BusinessRuleViolation(_("There is no such pool."))
        reasons = [eligible.why_not_pool(each, to.pool_id, at=at) for each in documents]
    else:
        person = next(iter(eligible.persons([to.reference], at=at)), None)
        if person is None:
            raise BusinessRuleViolation(NOBODY)
        if person.reference == actor.reference:
            raise BusinessRuleViolation(_("These tasks are yours already."))
        if person.state is not Presence.LEAVE:
            person = replace(person, state=Presence.ON)
        reasons = [eligible.why_not(person, need_of(each, at=at), at=at) for each in documents]
    found = [each for each in dict.fromkeys(reasons) if each]
    if found:
        raise BusinessRuleViolation(" ".join(found))


def _tell_receivers(made: HandOver, count: int, actor: Actor, at: datetime) -> None:
    told = (
        [made.receiver]
        if made.receiver
        else [each.reference for each in members([made.pool_id], at=at)]
    )
    text = ngettext(
        "%(name)s hands over %(count)d task.", "%(name)s hands over %(count)d tasks.", count
    ) % {"name": actor.display or actor.username, "count": count}
    notify([each for each in told if each != made.giver], about=[], text=text, actor=actor)


@transaction.atomic
def withdraw(number: int, *, actor: Actor, at: datetime) -> None:
    """The giver takes back what nobody has answered."""
    made = _locked(number, actor)
    if made.giver != actor.reference:
        raise BusinessRuleViolation(_("Only who offered it can take it back."))
    made.items.filter(state=State.OPEN).update(
        state=State.WITHDRAWN, answered_by=actor.reference, answered_at=at
    )
    _close(made)


# --- who sees it ----------------------------------------------------------------------------------


def waiting_for(actor: Actor) -> QuerySet[HandOver]:
    """What this person can answer: offered to her, or to a pool of hers by somebody else."""
    pools = {*actor.pools, *actor.coordinates}
    mine = Q(pool__in=pools) | (Q(receiver=actor.reference) if actor.reference else Q())
    return HandOver.objects.filter(mine, is_open=True).exclude(giver=actor.reference)


def offered_by(actor: Actor) -> QuerySet[HandOver]:
    """Her own that are not answered yet."""
    return HandOver.objects.filter(giver=actor.reference, is_open=True)


def get(number: int, actor: Actor) -> HandOver:
    """Raises NotFound alike for one of others and for one that never was."""
    return _found(HandOver.objects.select_related("pool"), number, actor)


def _locked(number: int, actor: Actor) -> HandOver:
    """For as long as it is answered, nobody else answers it."""
    check_writer(actor)
    return _found(HandOver.objects.select_for_update(), number, actor)


def _found(rows: QuerySet[HandOver], number: int, actor: Actor) -> HandOver:
    made = rows.filter(pk=number).first() if number < 2**63 else None
    if made is None or not (may_answer(made, actor) or made.giver == actor.reference):
        raise NotFound(_("There is no such hand-over for you."))
    return made


def may_answer(made: HandOver, actor: Actor) -> bool:
    if not actor.reference or made.giver == actor.reference:
        return False
    return made.receiver == actor.reference or made.pool_id in {*actor.pools, *actor.coordinates}


def giver_of(made: HandOver) -> Actor | None:
    """Who gives, with the rights of now; None for one who may sign in no more."""
    user = User.objects.filter(reference=made.giver).first()
    return user and actor_of(user)


# --- answering ------------------------------------------------------------------------------------


@transaction.atomic
def accept(number: int, chosen: Mapping[str, int], *, actor: Actor, at: datetime) -> list[Answer]:
    """Take on some of it, each id with the version that was looked at; what became of each.

    What cannot be moved now stays open, unless it is no longer the giver's to give.
    """
    made = _to_answer(number, actor)
    giver = giver_of(made)
    answers = [
        _taken(made, item, giver, chosen[item.task_id], actor, at)
        for item in made.items.filter(task_id__in=chosen)
    ]
    count = sum(each.done for each in answers)
    if count:
        text = ngettext(
            "%(name)s took over %(count)d task.", "%(name)s took over %(count)d tasks.", count
        )
        _tell_giver(made, text, count, actor)
    _close(made)
    return answers


@transaction.atomic
def decline(
    number: int, chosen: Collection[str], *, reason: str, actor: Actor, at: datetime
) -> int:
    """Leave some of it with the giver, and say why; how many."""
    made = _to_answer(number, actor)
    if not reason.strip():
        raise BusinessRuleViolation(_("Say in a few words why."))
    count = made.items.filter(task_id__in=chosen, state=State.OPEN).update(
        state=State.DECLINED,
        reason=reason.strip(),
        answered_by=actor.reference,
        answered_at=at,
    )
    if count:
        text = ngettext(
            "%(name)s declined %(count)d task.", "%(name)s declined %(count)d tasks.", count
        )
        _tell_giver(made, text, count, actor)
    _close(made)
    return count


def _to_answer(number: int, actor: Actor) -> HandOver:
    made = _locked(number, actor)
    if not may_answer(made, actor):
        raise BusinessRuleViolation(_("You offered this: somebody else takes it over."))
    return made


def _taken(
    made: HandOver,
    item: HandOverItem,
    giver: Actor | None,
    version: int,
    actor: Actor,
    at: datetime,
) -> Answer:
    if item.state != State.OPEN:
        return Answer(item.task_id, False, State(item.state).label)
    if giver is None:
        return _answered(item, State.GONE, actor, at, _("Who gave it can sign in no more."))
    stored = store.find(resources.get("Task"), item.task_id, actor=giver)
    if gone := why_gone(stored, giver):
        return _answered(item, State.GONE, actor, at, gone)
    if stored.version_id != version:
        text = _("It has changed while you looked at it: look again.")
        return Answer(item.task_id, False, text)
    try:
        with transaction.atomic():
            _move(made, item, stored, giver, actor)
    except FhirError as refusal:
        return Answer(item.task_id, False, refusal.issues[0].diagnostics)
    return _answered(item, State.ACCEPTED, actor, at, _("Taken over"))


def why_gone(stored: Stored | None, giver: Actor) -> str:
    """Why a Task is no longer hers to give; "" when it is."""
    document = stored.parsed() if stored and not stored.deleted else {}
    if reference_of(document, "owner") != giver.reference:
        return _("%(name)s no longer has it.") % {"name": giver.display or giver.username}
    if document["status"] in FINAL:
        return _("It has ended: %(status)s.") % {"status": Status(document["status"]).label}
    return ""


def _move(made: HandOver, item: HandOverItem, stored: Stored, giver: Actor, actor: Actor) -> None:
    """In the giver's name: it is hers to give, and she has said so."""
    known = {"actor": giver, "if_match": [stored.version_id], "reason": END_OF_SHIFT.as_concept()}
    name = people.names([actor.reference], actor=actor).get(actor.reference, actor.username)
    said = "\n".join(filter(None, (f"Handed over; {name} accepted.", item.note)))
    if made.receiver:
        moves.assign(stored.resource_id, to=made.receiver, note=said, **known)
    elif made.pool_id in task_pools(stored.parsed()):
        known["if_match"] = [_noted(stored, said, giver).version_id]
        actions.release(stored.resource_id, **known)
    else:
        moves.reroute(stored.resource_id, to=ToPool(made.pool_id), note=said, **known)


def _noted(stored: Stored, text: str, giver: Actor) -> Stored:
    return actions.add_note(
        stored.resource_id, text=text, actor=giver, if_match=[stored.version_id]
    )


def _answered(item: HandOverItem, state: State, actor: Actor, at: datetime, text: str) -> Answer:
    item.state, item.answered_by, item.answered_at = state, actor.reference, at
    item.save(update_fields=["state", "answered_by", "answered_at"])
    return Answer(item.task_id, state == State.ACCEPTED, text)


def _tell_giver(made: HandOver, text: str, count: int, actor: Actor) -> None:
    said = text % {"name": actor.display or actor.username, "count": count}
    notify([made.giver], about=[], text=said, actor=actor)


def _close(made: HandOver) -> None:
    """Nothing in it is to be answered any more."""
    if not made.items.filter(state=State.OPEN).exists():
        made.is_open = False
        made.save(update_fields=["is_open"])
