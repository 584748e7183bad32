"""The lists of the worklist: which Tasks stand on which page, in which order, and what changed.

Pool pages and "my tasks" go by "most pressing" (tasks.queue), "all tasks" by due time. Every page
is a few ordered, limited scans of the indexes of tasks.models; cursors carry the instant that
"overdue" was judged by, so that a list keeps its order while it is read.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import Pool
from fhir import json, sql
from fhir.access import columns_of
from fhir.actor import Actor, Role
from fhir.errors import InvalidSearch, NotFound
from tasks.document import NO_DUE, PRIORITY_RANK
from tasks.models import Task
from tasks.queue import RANGES, STEP, WAITING, literals
from tasks.transitions import OPEN

PAGE = 50
COUNT_UP_TO = 1000
"""Counts are exact below this; beyond it people only need to know that it is a lot."""

MINE = f"{{t}}.owner <> '' and not {{t}}.deleted and {{t}}.status in ({literals(OPEN)})"
"""The condition of the index task_mine, word for word."""
IS_OPEN = f"not {{t}}.deleted and {{t}}.status in ({literals(OPEN)})"
"""The condition of the index task_overdue."""

DUE_FACETS = {"overdue": "Overdue", "today": "Due today", "later": "Later", "none": "No due date"}


@dataclass(frozen=True, slots=True)
class View:
    """One list: "my", "all", "pool:<slug>", or, of threads, "threads:<tab>" and perhaps ":<slug>"."""

    key: str
    name: str
    pool: Pool | None = None

    @property
    def path(self) -> str:
        if self.is_threads:
            names = ("tab", "pool")
            given = zip(names, self.key.split(":")[1:], strict=False)
            return f"/worklist/threads?{urlencode(dict(given))}"
        return f"/worklist/pool/{self.pool.slug}" if self.pool else f"/worklist/{self.key}"

    @property
    def is_threads(self) -> bool:
        """A list of threads (tasks.threads), beside which Tasks are shown too."""
        return self.key.partition(":")[0] == "threads"

    @property
    def is_pool(self) -> bool:
        return self.pool is not None


@dataclass(frozen=True, slots=True)
class Facets:
    """What narrows a list: codes only, as they stand in the address."""

    priority: str = ""
    due: str = ""

    @classmethod
    def from_query(cls, query) -> "Facets":
        priority, due = query.get("priority", ""), query.get("due", "")
        if priority not in ("", *PRIORITY_RANK) or due not in ("", *DUE_FACETS):
            raise InvalidSearch("This list cannot be narrowed like that.")
        return cls(priority, due)

    def __bool__(self) -> bool:
        return bool(self.priority or self.due)

    @property
    def query(self) -> str:
        chosen = {"priority": self.priority, "due": self.due}
        return urlencode({name: value for name, value in chosen.items() if value})

    def condition(self, now: datetime) -> tuple[str, list]:
        """` and …` on the table alias {t}, and its parameters."""
        parts, params = [], []
        if self.priority:
            parts.append("{t}.priority = %s")
            params.append(PRIORITY_RANK[self.priority])
        tomorrow = end_of_day(now)
        conditions = {
            "overdue": ("{t}.due < %s", [now]),
            "today": ("{t}.due >= %s and {t}.due <= %s", [now, tomorrow]),
            "later": ("{t}.due > %s and {t}.due < %s", [tomorrow, NO_DUE]),
            "none": ("{t}.due = %s", [NO_DUE]),
        }
        if self.due:
            part, values = conditions[self.due]
            parts.append(part)
            params += values
        return "".join(f" and {part}" for part in parts), params


class Cursor(NamedTuple):
    """Where a page ended: the instant that overdue is judged by, and the last row's place."""

    judged_at: datetime
    step: int
    due: datetime
    resource_id: str

    def __str__(self) -> str:
        parts = (self.judged_at.isoformat(), str(self.step), self.due.isoformat(), self.resource_id)
        return base64.urlsafe_b64encode("|".join(parts).encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        try:
            padded = text + "=" * (-len(text) % 4)
            judged_at, step, due, resource_id = (
                base64.urlsafe_b64decode(padded).decode("ascii").split("|")
            )
            cursor = cls(
                datetime.fromisoformat(judged_at),
                int(step),
                datetime.fromisoformat(due),
                resource_id,
            )
        except ValueError as error:
            raise InvalidSearch("This page of the list cannot be found; open it anew.") from error
        if cursor.judged_at.tzinfo is None or cursor.due.tzinfo is None:
            raise InvalidSearch("This page of the list cannot be found; open it anew.")
        return cursor


class Listed(NamedTuple):
    """One row of a list as it comes from the database."""

    resource_id: str
    version_id: int
    pool_id: int | None
    document: dict
    due: datetime
    step: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list. `after` is the cursor of the next page, or None for the last."""

    listed: list[Listed]
    judged_at: datetime
    after: Cursor | None = None


def end_of_day(now: datetime) -> datetime:
    local = timezone.localtime(now)
    return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


# --- which lists there are ------------------------------------------------------------------------


def may_see_all(actor: Actor) -> bool:
    return actor.reads_everything or actor.role is Role.COORDINATOR


def pools_shown(actor: Actor) -> list[Pool]:
    """The pools in the navigation: the actor's own and those that she coordinates."""
    return list(Pool.objects.filter(pk__in={*actor.pools, *actor.coordinates}))


def view_named(key: str, actor: Actor) -> View:
    """The list of that key. Raises NotFound for what is none, or none of the actor's."""
    if key == "my":
        return View("my", "My tasks")
    if key.partition(":")[0] == "threads":
        return View(key, "Patient threads")
    if key == "all" and may_see_all(actor):
        return View("all", "All tasks")
    if key.startswith("pool:"):
        pool = Pool.objects.filter(slug=key.removeprefix("pool:")).first()
        allowed = {*actor.pools, *actor.coordinates}
        if pool and (actor.reads_everything or pool.pk in allowed):
            return View(key, pool.name, pool)
    raise NotFound("This list is not one of yours.")


def first_view(actor: Actor) -> View:
    """Where the worklist opens: my tasks if there are any, else a pool where work waits."""
    mine, by_pool = counts(actor, now=timezone.now())
    waiting = [pool for pool in pools_shown(actor) if by_pool[pool.pk].total]
    if not mine.total and waiting:
        return View(f"pool:{waiting[0].slug}", waiting[0].name, waiting[0])
    return view_named("all" if not mine.total and actor.reads_everything else "my", actor)


# --- their rows -----------------------------------------------------------------------------------


@dataclass
class _Union:
    """Branches of one `union all`, each of (step, due, resource_id), with their parameters."""

    branches: list[str] = field(default_factory=list)
    params: list = field(default_factory=list)

    def add(self, branch: str, params: Sequence) -> None:
        self.branches.append(f"({branch})")
        self.params += params


def page(
    view: View,
    actor: Actor,
    *,
    facets: Facets | None = None,
    limit: int = PAGE,
    after: Cursor | None = None,
    now: datetime | None = None,
) -> Page:
    """The rows of a list in its order."""
    judged_at = after.judged_at if after else now or timezone.now()
    union = _Union()
    narrowed = (facets or Facets()).condition(judged_at)
    if view.is_pool:
        _add_waiting(union, view.pool.pk, judged_at, narrowed, limit, after)
        _add_second_pools(union, view.pool.pk, judged_at, narrowed)
        _add_mine(union, actor, judged_at, narrowed, limit, after, pool_id=view.pool.pk)
    elif view.key == "my":
        _add_mine(union, actor, judged_at, narrowed, limit, after)
    else:
        _add_all(union, actor, judged_at, narrowed, limit, after)
    return _read(union, judged_at, limit, after)


def _add_waiting(union, pool_id, judged_at, narrowed, limit, after) -> None:
    _add_ranges(union, "q.pool_id = %s", [pool_id], WAITING, judged_at, narrowed, limit, after)


def _add_mine(union, actor, judged_at, narrowed, limit, after, *, pool_id=None) -> None:
    if not actor.reference:
        return
    condition, params = "q.owner = %s", [actor.reference]
    if pool_id is not None:
        condition += " and q.pool_id = %s"
        params.append(pool_id)
    _add_ranges(union, condition, params, MINE, judged_at, narrowed, limit, after)


def _add_ranges(union, condition, params, index, judged_at, narrowed, limit, after) -> None:
    """The seven ranges of an index, each read only as far as the page can need."""
    more, more_params = narrowed
    for step, (priority, judged) in enumerate(RANGES):
        if after and step < after.step:
            continue
        where = f"{condition} and {priority} and {index}{more}".format(t="q")
        values = [*params, *([judged_at] if judged else []), *more_params]
        if after and step == after.step:
            where += " and (q.due, q.resource_id) > (%s, %s)"
            values += [after.due, after.resource_id]
        union.add(
            f"select {step} step, q.due, q.resource_id from tasks_task q where {where}"
            f" order by q.due, q.resource_id limit {int(limit) + 1}",
            values,
        )


def _add_second_pools(union, pool_id, judged_at, narrowed) -> None:
    """Tasks that wait in this pool besides the one that their row names."""
    more, more_params = narrowed
    where = f"s.pool_id = %s and {WAITING}{more}".format(t="q")
    union.add(
        f"select {STEP.format(t='q')}, q.due, q.resource_id"
        f" from tasks_taskpool s join tasks_task q on q.id = s.task_id where {where}",
        [judged_at, pool_id, *more_params],
    )


def _add_all(union, actor, judged_at, narrowed, limit, after) -> None:
    """Everything open that the actor may see, by due time. A coordinator's are those of her pools."""
    more, more_params = narrowed
    seen, seen_params = Task.readable_condition(actor).for_table("q", columns_of(Task))
    where, params = IS_OPEN.format(t="q") + more.format(t="q"), [*more_params]
    where += f" and {seen}"
    params += seen_params
    if after:
        where += " and (q.due, q.resource_id) > (%s, %s)"
        params += [after.due, after.resource_id]
    union.add(
        f"select 0 step, q.due, q.resource_id from tasks_task q where {where}"
        f" order by q.due, q.resource_id limit {int(limit) + 1}",
        params,
    )


def _read(union: _Union, judged_at: datetime, limit: int, after: Cursor | None) -> Page:
    if not union.branches:
        return Page([], judged_at)
    beyond, params = "", list(union.params)
    if after:
        beyond = " where (l.step, l.due, l.resource_id) > (%s, %s, %s)"
        params += [after.step, after.due, after.resource_id]
    found = sql.rows(
        "with listed as materialized (select * from ("
        + " union all ".join(union.branches)
        + f") l{beyond} order by step, due, resource_id limit {int(limit) + 1})"
        " select t.resource_id, t.version_id, t.pool_id, t.document, l.due, l.step"
        " from listed l join tasks_task t on t.resource_id = l.resource_id"
        " order by l.step, l.due, l.resource_id",
        params,
        prepare=None,
    )
    rows = [
        Listed(row[0], row[1], row[2], json.loads_stored(row[3]), row[4], row[5])
        for row in found[:limit]
    ]
    more = len(found) > limit
    last = rows[-1] if rows else None
    cursor = Cursor(judged_at, last.step, last.due, last.resource_id) if last and more else None
    return Page(rows, judged_at, cursor)


def rows_of(ids: Iterable[str], view: View, actor: Actor, *, now: datetime) -> dict[str, Listed]:
    """Those of `ids` that belong in a list now."""
    wanted = list(ids)
    condition, params = _belongs(view, actor)
    found = sql.rows(
        f"select q.resource_id, q.version_id, q.pool_id, q.document, q.due, {STEP.format(t='q')}"
        f" from tasks_task q where q.resource_id = any(%s) and {condition}",
        [now, wanted, *params],
        prepare=None,
    )
    return {
        row[0]: Listed(row[0], row[1], row[2], json.loads_stored(row[3]), row[4], row[5])
        for row in found
    }


def _belongs(view: View, actor: Actor) -> tuple[str, list]:
    """SQL on the alias q: the Task stands in this list of this actor."""
    mine = f"(q.owner = %s and {MINE})".format(t="q")
    if view.is_pool:
        waiting = WAITING.format(t="q")
        return (
            f"((q.pool_id = %s and {waiting}) or (q.pool_id = %s and {mine})"
            f" or ({waiting} and exists (select 1 from tasks_taskpool s"
            " where s.task_id = q.id and s.pool_id = %s)))",
            [view.pool.pk, view.pool.pk, actor.reference, view.pool.pk],
        )
    if view.key == "my":
        return mine, [actor.reference]
    seen, params = Task.readable_condition(actor).for_table("q", columns_of(Task))
    return f"({IS_OPEN.format(t='q')} and {seen})", list(params)


# --- counts ---------------------------------------------------------------------------------------


class Count(NamedTuple):
    """How many, and how many of them are overdue; both stop at COUNT_UP_TO."""

    total: int = 0
    overdue: int = 0

    def __str__(self) -> str:
        return f"{COUNT_UP_TO - 1}+" if self.total >= COUNT_UP_TO else str(self.total)


def counts(actor: Actor, *, now: datetime) -> tuple[Count, dict[int, Count]]:
    """My open Tasks, and the unclaimed ones of each pool in the navigation."""
    by_pool = count_pools({*actor.pools, *actor.coordinates}, now=now)
    mine = (
        sql.rows(
            "select " + _counted("q.owner = %s", MINE), [actor.reference, actor.reference, now]
        )
        if actor.reference
        else [(0, 0)]
    )
    return Count(*mine[0]), by_pool


def count_pools(pool_ids: Iterable[int], *, now: datetime) -> dict[int, Count]:
    """The unclaimed Tasks of each pool, in one query."""
    found = sql.rows(
        "select p.id, "
        + _counted("q.pool_id = p.id", WAITING)
        + " from unnest(%s::bigint[]) p(id)",
        [now, sorted(pool_ids)],
    )
    return {pool_id: Count(*numbers) for pool_id, *numbers in found}


def _counted(condition: str, index: str) -> str:
    """`total, overdue` of an index's rows, neither counted beyond COUNT_UP_TO."""
    where = f"{condition} and {index}".format(t="q")
    some = f"(select count(*) from (select 1 from tasks_task q where {where}{{}} limit {COUNT_UP_TO}) c)"
    return some.format("") + ", " + some.format(" and q.due < %s")


def count_pool(pool_id: int, *, now: datetime) -> Count:
    """One pool's, for who reads it without being of it."""
    counted = "select " + _counted("q.pool_id = %s", WAITING)
    return Count(*sql.rows(counted, [pool_id, pool_id, now])[0])


def count_all(actor: Actor, *, now: datetime) -> Count:
    seen, params = Task.readable_condition(actor).for_table("q", columns_of(Task))
    return Count(
        *sql.rows("select " + _counted(seen, IS_OPEN), [*params, *params, now], prepare=None)[0]
    )


# --- the change feed ------------------------------------------------------------------------------

FEED_BATCH = 500


class Position(NamedTuple):
    """A place in the change feed: everything up to it has been told."""

    transaction: int
    id: int

    def __str__(self) -> str:
        return f"{self.transaction}.{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        transaction, _, number = text.partition(".")
        if not (transaction.isdecimal() and number.isdecimal() and len(text) < 40):
            raise InvalidSearch("`since` is a position that a former answer gave.")
        return cls(int(transaction), int(number))


# Rows of transactions that may still commit others before them are not told yet.
SETTLED = "v.transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


def position() -> Position:
    """The newest settled place in the feed."""
    found = sql.rows(
        f"select v.transaction, v.id from fhir_resourceversion v where {SETTLED}"
        " order by v.transaction desc, v.id desc limit 1"
    )
    return Position(*found[0]) if found else Position(0, 0)


def changed_since(since: Position) -> tuple[Position, list[str]]:
    """The Tasks that changed after a place in the feed, and the place that this tells up to."""
    found = sql.rows(
        "select v.transaction, v.id, v.resource_type, v.resource_id"
        f" from fhir_resourceversion v where (v.transaction, v.id) > (%s, %s) and {SETTLED}"
        f" order by v.transaction, v.id limit {FEED_BATCH}",
        (since.transaction, since.id),
    )
    if not found:
        return since, []
    ids = dict.fromkeys(row[3] for row in found if row[2] == "Task")
    return Position(*found[-1][:2]), list(ids)
