"""A pool in a few numbers, for whoever coordinates it: how much waits, for how long, and since when.

How long a Task has waited and how many waited at each hour are read from the recorded versions, so
that a note or another priority makes no wait shorter.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils.translation import gettext as _

from accounts.hours import Hours, hours_of
from accounts.models import Pool
from accounts.pools import codes_of
from fhir import sql
from tasks import times
from tasks.document import PRIORITY_RANK
from tasks.queue import WAITING, literals
from tasks.rows import PRIORITIES
from tasks.transitions import CLAIMABLE
from tasks.worklist import COUNT_UP_TO, Count, count_pools

HOURS = 8
"""So many points has the line of a tile: whole hours, and now."""
MOST_VERSIONS = 20_000
"""So many versions are read for the lines; on a day with more than that they begin later."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour of a tile's line, in the units of its drawing. `waiting` is how many waited."""

    x: int
    y: int
    height: int
    waiting: int


BAR, GAP, TALL = 6, 2, 22
"""Width of a bar, the space after it, and the height of the drawing."""


@dataclass(frozen=True, slots=True)
class Tile:
    pool: Pool
    count: Count
    oldest: timedelta | None
    """How long the Task that waits longest has waited; None when nothing waits."""
    past: tuple[str, ...]
    """The priorities of which something waits longer than it may, in words."""
    has_limits: bool
    """Whether there is anything to be late for."""
    waiting: tuple[int | None, ...]
    """How many waited at each of the last hours, and now; None where that is not known."""
    since: datetime
    """The first of these hours."""
    opens: datetime | None = None
    """When it opens next, for one that is closed now."""

    @property
    def path(self) -> str:
        return f"/worklist/board/{self.pool.slug}"

    @property
    def oldest_wait(self) -> str:
        return times.duration(self.oldest) if self.oldest is not None else ""

    @property
    def bars(self) -> list[Bar]:
        known = [each for each in self.waiting if each is not None]
        top = max(known, default=0) or 1
        found = []
        for number, waiting in enumerate(self.waiting):
            if waiting is not None:
                height = max(2, round(TALL * waiting / top))
                found.append(Bar(number * (BAR + GAP), TALL - height, height, waiting))
        return found

    @property
    def line(self) -> str:
        """The same in words."""
        known = [str(each) for each in self.waiting if each is not None]
        if len(known) < 2:
            return ""
        since = times.time_of(self.since + timedelta(hours=len(self.waiting) - len(known)))
        said = {"since": since, "numbers": ", ".join(known[:-1]), "now": known[-1]}
        return _("Unclaimed at each hour since %(since)s: %(numbers)s; now %(now)s") % said


def tiles(pools: Sequence[Pool], *, now: datetime) -> list[Tile]:
    """The tiles of the pools, in as many queries for one as for many."""
    ids = [pool.pk for pool in pools]
    counted = count_pools(ids, now=now)
    waits = waiting_since(ids)
    hours = hours_of(ids)
    lines = depths(pools, counted, now=now)
    return [
        _tile(pool, counted[pool.pk], waits.get(pool.pk, {}), hours[pool.pk], lines[pool.pk], now)
        for pool in pools
    ]


def _tile(
    pool: Pool,
    count: Count,
    waits: dict[str, datetime],
    hours: Hours,
    waiting: tuple[int | None, ...],
    now: datetime,
) -> Tile:
    opens = hours.next_opening(now)
    return Tile(
        pool,
        count,
        max(now - min(waits.values()), timedelta()) if waits else None,
        tuple(PRIORITIES[each][1] for each in past_limit(pool, waits, hours, now=now)),
        any(pool.sla_minutes(priority) is not None for priority in PRIORITIES),
        waiting,
        _marks(now)[0],
        opens if opens > now else None,
    )


def past_limit(
    pool: Pool, waits: Mapping[str, datetime], hours: Hours, *, now: datetime
) -> list[str]:
    """The priorities of which the longest wait, in opening time, is longer than the pool allows.

    `waits` says since when, by priority. Most urgent first. Pure.
    """
    found = []
    for priority in PRIORITIES:
        minutes = pool.sla_minutes(priority)
        if minutes is not None and priority in waits:
            if hours.open_seconds(waits[priority], now) > 60 * minutes:
                found.append(priority)
    return found


# --- how long it waits ----------------------------------------------------------------------------

_SINCE = f"""
select p.id, w.priority, min(case
    when w.version_id = 1 then least(w.asked, w.last_updated)
    when had.version_id is null then least(w.asked, s.last_updated)
    else s.last_updated end)
from unnest(%s::bigint[]) p(id)
cross join lateral (
    select q.resource_id, q.version_id, q.priority, q.last_updated,
      timestamptz 'epoch' + (q.ranges #>> '{{{{authored-on,0,0}}}}')::bigint
        * interval '1 microsecond' asked,
      case when q.version_id > 1 then (q.document::json -> 'performerType')::jsonb end roles
    from tasks_task q where q.pool_id = p.id and {WAITING}
    order by q.priority desc, q.due, q.resource_id limit {COUNT_UP_TO}) w
left join lateral (
    select v.version_id from fhir_resourceversion v
    left join lateral json_to_record(nullif(v.document, '')::json)
      d(status text, owner json, "performerType" jsonb) on true
    where v.resource_type = 'Task' and v.resource_id = w.resource_id
      and w.version_id > 1 and v.version_id < w.version_id
      and (d.owner is not null or d."performerType" is distinct from w.roles
        or d.status is null or d.status not in ({literals(CLAIMABLE)}))
    order by v.version_id desc limit 1) had on true
left join fhir_resourceversion s on w.version_id > 1 and s.resource_type = 'Task'
    and s.resource_id = w.resource_id and s.version_id = coalesce(had.version_id, 0) + 1
group by 1, 2
""".format(t="q")
_WORDS = {rank: code for code, rank in PRIORITY_RANK.items()}


def waiting_since(pool_ids: Iterable[int]) -> dict[int, dict[str, datetime]]:
    """Of each pool, since when the Task waits that waits longest, by priority.

    A wait begins when a Task has last come to its pool without an owner; what has always been there
    waits since it was asked for.
    """
    found: dict[int, dict[str, datetime]] = defaultdict(dict)
    for pool_id, rank, since in sql.rows(_SINCE, [sorted(pool_ids)]):
        found[pool_id][_WORDS[rank]] = since
    return dict(found)


# --- how many waited at each hour -----------------------------------------------------------------


class Changed(NamedTuple):
    """One version of a Task: the pool that it waited in from `at` on; None while it waited in none."""

    resource_id: str
    version_id: int
    at: datetime
    pool_id: int | None


def _marks(now: datetime) -> list[datetime]:
    hour = now.replace(minute=0, second=0, microsecond=0)
    return [hour - timedelta(hours=ago) for ago in range(HOURS - 2, -1, -1)]


_kept: dict[tuple[int, tuple[str, ...], datetime], int | None] = {}
"""What is past does not change: each hour is counted once."""


def forget() -> None:
    """Count every hour anew."""
    _kept.clear()


def depths(
    pools: Sequence[Pool], counted: Mapping[int, Count], *, now: datetime
) -> dict[int, tuple[int | None, ...]]:
    """How many waited in each pool at each of the last hours, and how many do now.

    None stands for an hour that is out of reach, and for more than are counted.
    """
    marks = _marks(now)
    keys = {pool.pk: [(pool.pk, tuple(pool.codes), mark) for mark in marks] for pool in pools}
    missing = [key for each in keys.values() for key in each if key not in _kept]
    if missing:
        oldest = min(mark for *_pool, mark in missing)
        versions, reach = _changed_since(oldest)
        known = {each.pk: counted[each.pk].total for each in pools}
        found = depths_at(marks, known, versions, reach=reach)
        for pool_id, _codes, mark in missing:
            value = found[pool_id][marks.index(mark)]
            capped = known[pool_id] >= COUNT_UP_TO
            _kept[keys[pool_id][marks.index(mark)]] = None if capped else value
        for key in [key for key in _kept if key[2] < marks[0]]:
            _kept.pop(key, None)
    return {
        pool_id: (*(_kept.get(key) for key in each), counted[pool_id].total)
        for pool_id, each in keys.items()
    }


def depths_at(
    marks: Sequence[datetime],
    now_waiting: Mapping[int, int],
    versions: Sequence[Changed],
    *,
    reach: datetime,
) -> dict[int, list[int | None]]:
    """How many waited in each pool at each mark, told backwards from how many wait now. Pure.

    `versions` are all of the Tasks that changed since `reach`, in order, each Task's with the one
    that held at `reach`, if there was one. None for marks before `reach`.
    """
    change = {pool_id: [0] * len(marks) for pool_id in now_waiting}
    by_task: dict[str, list[Changed]] = defaultdict(list)
    for version in versions:
        by_task[version.resource_id].append(version)
    for each in by_task.values():
        if (pool_id := each[-1].pool_id) in change:
            change[pool_id] = [number - 1 for number in change[pool_id]]
        for place, mark in enumerate(marks):
            held = next((version for version in reversed(each) if version.at <= mark), None)
            if held and held.pool_id in change:
                change[held.pool_id][place] += 1
    return {
        pool_id: [
            max(0, now_waiting[pool_id] + number) if mark >= reach else None
            for mark, number in zip(marks, numbers, strict=True)
        ]
        for pool_id, numbers in change.items()
    }


_VERSIONS = f"""
with recent as materialized (
    select v.resource_id, v.version_id, v.last_updated from fhir_resourceversion v
    where v.resource_type = 'Task' and v.last_updated > %s
    order by v.last_updated desc, v.id desc limit {MOST_VERSIONS}),
touched as (
    select resource_id, min(version_id) - 1 as before from recent group by 1)
select v.resource_id, v.version_id, v.last_updated,
  case when d.owner is null and d.status in ({literals(CLAIMABLE)}) then d."performerType" end,
  (select case when count(*) = {MOST_VERSIONS} then min(last_updated) end from recent)
from touched c join fhir_resourceversion v
  on v.resource_type = 'Task' and v.resource_id = c.resource_id and v.version_id >= c.before
left join lateral json_to_record(nullif(v.document, '')::json)
  d(status text, owner json, "performerType" json) on true
order by 1, 2
"""


def _changed_since(oldest: datetime) -> tuple[list[Changed], datetime]:
    """The versions of what changed since then, and how far back that reaches at least."""
    rows = sql.rows(_VERSIONS, [oldest])
    by_code: dict[str, int] = {}
    for pool_id, codes in Pool.objects.order_by("-pk").values_list("pk", "codes"):
        by_code |= dict.fromkeys(codes, pool_id)
    changed = [
        Changed(resource_id, version_id, at, _first_pool(roles, by_code))
        for resource_id, version_id, at, roles, _ in rows
    ]
    return changed, (rows[0][4] if rows else None) or oldest


def _first_pool(roles: list | None, by_code: Mapping[str, int]) -> int | None:
    """The pool of a Task's row: that of the first code that leads to one."""
    codes = codes_of(roles) if roles else []
    return next((by_code[code] for code in codes if code in by_code), None)
