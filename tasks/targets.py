"""Who and which pool a Task can go to, for the dialogs that hand it over.

All staff may read the directory, and what a target has to say for itself is of no patient: who is
available, how much each has, how many wait in a pool and for how long. So it is shown of every
person and pool, whatever the actor has to do with them.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.availability import State
from accounts.hours import hours_of
from accounts.members import Staff, everybody
from accounts.models import Availability, Pool
from accounts.pools import codes_of
from fhir import sql
from fhir.actor import Actor
from tasks import times
from tasks.document import reference_of
from tasks.eligible import (
    Need,
    Person,
    day_or_time,
    needs_of,
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
    takes: str = ""
    """Of several Tasks, how many it can take, when that is not all: "Can take 3 of 4"."""

    @property
    def key(self) -> str:
        """For an id in a page."""
        return self.value.replace("/", "-").replace(".", "_")


def targets(
    document: dict,
    *,
    actor: Actor,
    kind: str,
    query: str = "",
    at: datetime,
    others: Sequence[dict] = (),
) -> list[Target]:
    """Those of the kind, "person" or "pool", whose name or work the query is in: who can first.

    `others` are Tasks that go along: who can take one of them can be chosen. Raises ValueError for
    another kind.
    """
    if kind not in ("person", "pool"):
        raise ValueError(f"A Task goes to a person or a pool, not to a {kind}.")
    documents = [document, *others]
    found = _people(documents, actor, at) if kind == "person" else _pools(documents, at)
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
        return (
            _("Available until %(time)s") % {"time": day_or_time(until, at)}
            if until
            else _("In clinic")
        )
    if until is None:
        return str(Availability.State(state).label)
    text = _("On leave until %(time)s") if state is State.LEAVE else _("Away until %(time)s")
    return text % {"time": day_or_time(until, at)}


# --- people ---------------------------------------------------------------------------------------


def _people(documents: list[dict], actor: Actor, at: datetime) -> Iterable[Target]:
    """In the order of: the Tasks' pools first, then by name."""
    names = dict(Pool.objects.values_list("pk", "name"))
    needs = _needs(documents, at)
    pools = frozenset().union(*(need.pools for need in needs))
    people = with_loads(everybody(at=at))
    people.sort(key=lambda each: (not each.pools & pools, _plain(each.name)))
    for person in people:
        limit = person.limit_in(pools)
        reason, takes = _judged([_why_not(person, need, at) for need in needs])
        yield Target(
            person.reference,
            _("%(name)s (you)") % {"name": person.name}
            if person.reference == actor.reference
            else person.name,
            ", ".join(sorted(names[each] for each in person.pools)),
            presence(person.state, person.until, at),
            _open(person.load, limit),
            person.state is State.ON,
            reason,
            reference=person.reference,
            load=person.load,
            limit=limit,
            takes=takes,
        )


def _open(load: int, limit: int | None) -> str:
    if limit is None:
        return ngettext("%(count)s open", "%(count)s open", load) % {"count": load}
    text = ngettext("%(count)s open of %(limit)s", "%(count)s open of %(limit)s", load)
    return text % {"count": load, "limit": limit}


def _needs(documents: list[dict], at: datetime) -> list[Need]:
    """What each asks for; Tasks of the same roles are looked up together."""
    by_roles = defaultdict(list)
    for document in documents:
        by_roles[frozenset(codes_of(document.get("performerType", [])))].append(document)
    return [
        need for alike in by_roles.values() for need in needs_of(alike, task_pools(alike[0]), at=at)
    ]


def _judged(reasons: list[str]) -> tuple[str, str]:
    """(why none can be taken, how many can when some cannot)."""
    able = reasons.count("")
    if not able:
        return reasons[0], ""
    if able == len(reasons):
        return "", ""
    return "", _("Can take %(able)s of %(count)s") % {"able": able, "count": len(reasons)}


def _why_not(person: Person, need: Need, at: datetime) -> str:
    if need.owner == person.reference:
        return _("Has this task already.")
    return why_not(person, need, at=at)


# --- pools ----------------------------------------------------------------------------------------


def _pools(documents: list[dict], at: datetime) -> Iterable[Target]:
    pools = list(Pool.objects.order_by("name"))
    ids = [each.pk for each in pools]
    needs = needs_of(documents, ids, at=at)
    here = _waiting_in(documents)
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
        reason, takes = _judged(
            [
                _("Waits here already.")
                if there_now == [pool.pk]
                else why_pool_cannot(pool, staff[pool.pk], need, hours[pool.pk], at=at)
                for need, there_now in zip(needs, here, strict=True)
            ]
        )
        yield Target(
            pool.slug,
            pool.name,
            _members(staff[pool.pk]),
            _("Opens %(time)s") % {"time": day_or_time(opening, at)}
            if opening > at
            else _available(len(there)),
            _waiting(count, oldest, at),
            bool(there),
            reason,
            pool_id=pool.pk,
            available=len(there),
            waiting=count,
            oldest=oldest,
            takes=takes,
        )


def _waiting_in(documents: list[dict]) -> list[list[int]]:
    """The pools in which each waits, unclaimed; those of the same roles are looked up once."""
    known: dict[frozenset, list[int]] = {}
    found = []
    for document in documents:
        roles = frozenset(codes_of(document.get("performerType", [])))
        if roles not in known:
            known[roles] = task_pools(document)
        found.append([] if reference_of(document, "owner") else known[roles])
    return found


def _members(staff: list[Staff]) -> str:
    if len(staff) <= 3:
        return ", ".join(each.name for each in staff) or _("No members")
    return _("%(count)s members") % {"count": len(staff)}


def _available(count: int) -> str:
    if not count:
        return _("Nobody is available")
    return ngettext("%(count)s available", "%(count)s available", count) % {"count": count}


def _waiting(count: int, oldest: datetime | None, at: datetime) -> str:
    if oldest is None:
        return _("None waiting")
    shown = f"{count - 1}+" if count > COUNTED else str(count)
    said = {"count": shown, "length": times.duration(at - oldest)}
    return _("%(count)s waiting, oldest %(length)s") % said


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
