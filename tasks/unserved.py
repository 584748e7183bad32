"""Telling coordinators of work that nobody can do: in pools that no one serves, and with people
who are on leave. Once a day each; the words name no patient.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.timezone import localdate

from accounts.availability import State
from accounts.hours import hours_of
from accounts.members import Staff, everybody
from accounts.models import Pool
from communications.notices import notify
from fhir import json, sql
from fhir.actor import SYSTEM
from fhir.store import Stored
from tasks.eligible import needs_of, why_nobody_serves, why_pool_cannot, with_loads
from tasks.queue import WAITING

LOOKED_AT = 500
"""Waiting Tasks of a pool, the most pressing first: enough to know of all that are stuck."""
NAMED = 20
"""Tasks that a notice points at."""


@dataclass(frozen=True, slots=True)
class Warned:
    """What the coordinators of some pools are to be told; `key` says of what."""

    key: str
    text: str
    pools: tuple[int, ...]
    about: tuple[str, ...] = ()


def tell_coordinators(*, at: datetime) -> list[Stored]:
    """Write the notices of the day that are not written yet."""
    coordinators = defaultdict(list)
    for pool_id, reference in Pool.objects.exclude(coordinators=None).values_list(
        "pk", "coordinators__reference"
    ):
        coordinators[pool_id].append(reference)
    written = []
    for warned in warnings(coordinators.keys(), at=at):
        recipients = [each for pool_id in warned.pools for each in coordinators[pool_id]]
        key = f"{warned.key}:{localdate(at)}"
        notice = notify(recipients, about=warned.about, text=warned.text, actor=SYSTEM, key=key)
        if notice:
            written.append(notice)
    return written


def warnings(pool_ids: Iterable[int], *, at: datetime) -> Iterator[Warned]:
    """Of each of the pools that cannot do its work, and of each member on leave who has work."""
    staff = everybody(at=at)
    pools = list(Pool.objects.filter(pk__in=list(pool_ids)))
    hours = hours_of(each.pk for each in pools)
    for pool in pools:
        members = [each for each in staff if pool.pk in each.limits]
        waiting = _waiting(pool.pk)
        needs = needs_of([document for _, document in waiting], [pool.pk], at=at)
        stuck = defaultdict(list)
        for (task_id, _), need in zip(waiting, needs, strict=True):
            if reason := why_pool_cannot(pool, members, need, hours[pool.pk], at=at):
                stuck[reason].append(f"Task/{task_id}")
        if not stuck:
            # Where work is refused, nothing waits that would tell of it.
            if reason := why_nobody_serves(pool, members) or _unlicensed(pool, members):
                stuck[reason] = []
        if stuck:
            yield Warned(
                f"unserved:{pool.slug}",
                " ".join(_sentence(reason, len(tasks)) for reason, tasks in stuck.items()),
                (pool.pk,),
                tuple(each for tasks in stuck.values() for each in tasks)[:NAMED],
            )
    known = {each.pk for each in pools}
    for person in with_loads([each for each in staff if each.presence.state is State.LEAVE]):
        shared = tuple(sorted(person.pools & known))
        if person.load and shared:
            tasks = "1 open task" if person.load == 1 else f"{person.load} open tasks"
            text = f"{person.name} is on leave and has {tasks}."
            yield Warned(f"on-leave:{person.reference}", text, shared)


def _unlicensed(pool: Pool, members: list[Staff]) -> str:
    if pool.requires_licence and not any(each.licences for each in members):
        return f"{pool.name} requires a licence in the patient's state, and nobody there has any."
    return ""


def _sentence(reason: str, count: int) -> str:
    if not count:
        return reason
    return f"{reason} {'1 task waits' if count == 1 else f'{count} tasks wait'}."


def _waiting(pool_id: int) -> list[tuple[str, dict]]:
    """(id, document) of unclaimed Tasks of the pool."""
    rows = sql.rows(
        f"select t.resource_id, t.document from tasks_task t where t.pool_id = %s"
        f" and {WAITING.format(t='t')} order by t.priority desc, t.due, t.resource_id"
        f" limit {LOOKED_AT}",
        (pool_id,),
    )
    return [(task_id, json.loads_stored(text)) for task_id, text in rows]
