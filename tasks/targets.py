"""Who and which pool a Task can go to, for the dialogs that hand it over.

All staff may read the directory, and what a target has to say for itself is of no patient: who is
available, how much each has, how many wait in a pool and for how long. So it is shown of every
person and pool, whatever the actor has to do with them.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from accounts.availability import State
from accounts.hours import hours_of
from accounts.members import Staff, everybody
from accounts.models import Availability, Pool
from fhir import sql
from fhir.actor import Actor
from tasks import times
from tasks.eligible import (
    Need,
    Person,
    day_or_time,
    need_of,
    task_pools,
    why_not,
    why_pool_cannot,
    with_loads,
)
from tasks.pool_tiles import waiting_since
from tasks.queue import WAITING

SHOWN = 50
COUNTED = 1000
"""So many waiting Tasks of a pool are counted, and the oldest is the oldest of these."""


@dataclass(frozen=True, slots=True)
class Target:
    """One that a Task can go to, or cannot: `reason` says why then."""

    value: str
    """The reference of a person, or the slug of a pool."""
    name: str
    about: str
    first: str = ""
    """Availability: "Available until 19:00", "2 available"."""
    second: str = ""
    """What is there: "5 open of 12", "1 waiting, oldest 6 min"."""
    ready: bool = False
    """Whether somebody is there now."""
    reason: str = ""
    reference: str = ""
    pool_id: int | None = None
    load: int = 0
    limit: int | None = None
    available: int = 0
    waiting: int = 0
    oldest: datetime | None = None
    """Since when the Task of the pool waits that waits longest."""

    @property
    def key(self) -> str:
        """For an id in a page."""
        return self.value.replace("/", "-").replace(".", "_")


def targets(
    document: dict, *, actor: Actor, kind: str, query: str = "", at: datetime
) -> list[Target]:
    """Those of the kind, "person" or "pool", whose name or work the query is in: who can first.

    Raises ValueError for another kind.
    """
    if kind not in ("person", "pool"):
        raise ValueError(f"A Task goes to a person or a pool, not to a {kind}.")
    found = _people(document, actor, at) if kind == "person" else _pools(document, at)
    asked = _plain(query)
    matching = [each for each in found if asked in _plain(f"{each.name} {each.about}")]
    return sorted(matching, key=lambda each: bool(each.reason))[:SHOWN]


def _plain(text: str) -> str:
    """Without case and accents: "tomas" finds Tomás."""
    parts = unicodedata.normalize("NFKD", text.casefold().strip())
    return "".join(char for char in parts if not unicodedata.combining(char))


def presence(state: State, until: datetime | None, at: datetime) -> str:
    """Available until 19:00 · In clinic · Away until 14:00 · On leave until Tue 24 Nov"""
    if state is State.ON:
        return f"Available until {day_or_time(until, at)}" if until else "In clinic"
    label = Availability.State(state).label
    return f"{label} until {day_or_time(until, at)}" if until else str(label)


# --- people ---------------------------------------------------------------------------------------


def _people(document: dict, actor: Actor, at: datetime) -> Iterable[Target]:
    """In the order of: the Task's pools first, then by name."""
    names = dict(Pool.objects.values_list("pk", "name"))
    need = need_of(document, at=at)
    people = with_loads(everybody(at=at))
    people.sort(key=lambda each: (not each.pools & need.pools, _plain(each.name)))
    for person in people:
        limit = person.limit_in(need.pools)
        yield Target(
            person.reference,
            person.name + (" (you)" if person.reference == actor.reference else ""),
            ", ".join(sorted(names[each] for each in person.pools)),
            presence(person.state, person.until, at),
            f"{person.load} open" + (f" of {limit}" if limit is not None else ""),
            person.state is State.ON,
            _why_not(person, need, at),
            reference=person.reference,
            load=person.load,
            limit=limit,
        )


def _why_not(person: Person, need: Need, at: datetime) -> str:
    if need.owner == person.reference:
        return "Has this task already."
    return why_not(person, need, at=at)


# --- pools ----------------------------------------------------------------------------------------


def _pools(document: dict, at: datetime) -> Iterable[Target]:
    pools = list(Pool.objects.order_by("name"))
    ids = [each.pk for each in pools]
    need = need_of(document, pools=ids, at=at)
    here = [] if need.owner else task_pools(document)
    hours, waits, since = hours_of(ids), waiting(ids), waiting_since(ids)
    staff = defaultdict(list)
    for each in everybody(at=at):
        for pool_id in each.limits:
            staff[pool_id].append(each)
    for pool in pools:
        count, changed = waits.get(pool.pk, (0, None))
        oldest = min([changed, *since.get(pool.pk, {}).values()]) if changed else None
        opening = hours[pool.pk].next_opening(at)
        there = [each for each in staff[pool.pk] if each.presence.is_on] if opening == at else []
        reason = why_pool_cannot(pool, staff[pool.pk], need, hours[pool.pk], at=at)
        if here == [pool.pk]:
            reason = "Waits here already."
        yield Target(
            pool.slug,
            pool.name,
            _members(staff[pool.pk]),
            f"Opens {day_or_time(opening, at)}" if opening > at else _available(len(there)),
            _waiting(count, oldest, at),
            bool(there),
            reason,
            pool_id=pool.pk,
            available=len(there),
            waiting=count,
            oldest=oldest,
        )


def _members(staff: list[Staff]) -> str:
    if len(staff) <= 3:
        return ", ".join(each.name for each in staff) or "No members"
    return f"{len(staff)} members"


def _available(count: int) -> str:
    return f"{count} available" if count else "Nobody is available"


def _waiting(count: int, oldest: datetime | None, at: datetime) -> str:
    if oldest is None:
        return "None waiting"
    shown = f"{count - 1}+" if count > COUNTED else str(count)
    return f"{shown} waiting, oldest {times.duration(at - oldest)}"


def waiting(pool_ids: list[int]) -> dict[int, tuple[int, datetime]]:
    """Of each pool where any wait: how many, and since when the oldest is as it is."""
    condition = WAITING.format(t="t")
    found = sql.rows(
        "select p.id, w.count, w.oldest from unnest(%s::bigint[]) p(id), lateral ("
        " select count(*), min(n.last_updated) oldest from ("
        f"  (select t.last_updated from tasks_task t where t.pool_id = p.id and {condition}"
        f"   order by t.priority desc, t.due, t.resource_id limit {COUNTED + 1})"
        "  union all"
        "  (select t.last_updated from tasks_taskpool s join tasks_task t on t.id = s.task_id"
        f"   where s.pool_id = p.id and {condition} limit {COUNTED + 1})) n) w"
        " where w.oldest is not null",
        (pool_ids,),
    )
    return {pool_id: (count, oldest) for pool_id, count, oldest in found}
