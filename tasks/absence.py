"""Going on leave: what becomes of the open Tasks that she has.

Each goes to who stands in for her, if that one may have it; else back to the pools that it came
from; and what came from no pool stays with her, for a coordinator to see to. Being away for some
hours moves nothing.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.actions import set_availability
from accounts.availability import State
from accounts.models import Pool
from communications.notices import notify
from fhir import json
from fhir.actor import Actor, Role
from fhir.errors import FhirError
from tasks import actions, eligible, moves
from tasks.eligible import Person, need_of, task_pools
from tasks.models import Task
from tasks.transitions import OPEN

ON_LEAVE = {
    "coding": [{"system": "urn:taskward:absence", "code": "leave", "display": "On leave"}],
    "text": "On leave",
}
"""`Provenance.reason` of what is moved."""


@dataclass(frozen=True, slots=True)
class Moving:
    """One Task and where it goes: to a person, back to its pools, or nowhere."""

    task_id: str
    to: str = ""
    """The reference of who stands in."""
    pools: tuple[int, ...] = ()


def plan(reference: str, *, delegate: str = "", at: datetime) -> list[Moving]:
    """Where each open Task of hers would go, the most urgent first."""
    person = next(iter(eligible.persons([delegate], at=at)), None) if delegate else None
    found = []
    rows = Task.objects.filter(owner=reference, deleted=False, status__in=sorted(OPEN))
    for resource_id, text in rows.order_by("-priority", "due", "resource_id").values_list(
        "resource_id", "document"
    ):
        document = json.loads_stored(text)
        if person and not eligible.why_not(person, need_of(document, at=at), at=at):
            found.append(Moving(resource_id, to=delegate))
            person = replace(person, load=person.load + 1)
        else:
            found.append(Moving(resource_id, pools=tuple(task_pools(document))))
    return found


def outcome(moving: list[Moving], delegate: Person | None = None) -> list[str]:
    """A plan, or what became of it, in sentences that name no patient."""
    counts = Counter(each.pools[:1] or each.to for each in moving)
    names = dict(Pool.objects.values_list("pk", "name"))
    told = []
    for where, count in counts.most_common():
        name = ""
        if isinstance(where, tuple):
            name = names[where[0]]
            text = ngettext(
                "%(count)s task goes back to %(name)s.",
                "%(count)s tasks go back to %(name)s.",
                count,
            )
        elif where:
            name = delegate.name if delegate else where
            text = ngettext(
                "%(count)s task goes to %(name)s.", "%(count)s tasks go to %(name)s.", count
            )
        else:
            text = ngettext(
                "%(count)s task stays: it came from no pool.",
                "%(count)s tasks stay: they came from no pool.",
                count,
            )
        told.append(text % {"count": count, "name": name})
    return told or [_("No open tasks: nothing moves.")]


@transaction.atomic
def leave(
    reference: str,
    *,
    until: datetime | None = None,
    delegate: str = "",
    actor: Actor,
    at: datetime,
) -> list[Moving]:
    """Put her on leave and move her open Tasks; what became of each.

    Whoever may say that she is on leave (accounts.actions) moves all of her work with it, also what
    he may not see: it follows from the leave and is recorded in his name. A Task that cannot be
    moved, as it is none of the workflow's steps, stays.
    """
    planned = plan(reference, delegate=delegate, at=at)
    set_availability(reference, State.LEAVE, until=until, delegate=delegate, actor=actor, at=at)
    mover = Actor(actor.user_id, actor.username, Role.ADMIN, actor.reference, actor.display)
    done = [_move(each, mover) for each in planned]
    given = [f"Task/{each.task_id}" for each in done if each.to]
    if given:
        count = "1 open task" if len(given) == 1 else f"{len(given)} open tasks"
        name = next((each.name for each in eligible.persons([reference], at=at)), "A colleague")
        notify(
            [delegate], about=given, text=f"{name} is on leave: you have {count} more.", actor=actor
        )
    return done


def _move(moving: Moving, mover: Actor) -> Moving:
    try:
        with transaction.atomic():
            if moving.to:
                moves.assign(moving.task_id, to=moving.to, reason=ON_LEAVE, actor=mover)
            elif moving.pools:
                actions.release(moving.task_id, reason=ON_LEAVE, actor=mover)
    except FhirError:
        return Moving(moving.task_id)
    return moving
