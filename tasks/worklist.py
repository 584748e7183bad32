"""The lists of the worklist: which Tasks stand on which page, in which order, and what changed.

Pool pages and "my tasks" go by "most pressing" (tasks.queue), "all tasks" by due time. Every page
is a few ordered, limited scans of the indexes of tasks.models; cursors carry the instant that
"overdue" was judged by, so that a list keeps its order while it is read.
"""

import base64
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import Pool
from fhir import json, sql
from fhir.access import columns_of
from fhir.actor import Actor, Role
from fhir.errors import InvalidSearch, NotFound
from fhir.once import once
from tasks.look import SPLIT, Look
from tasks.models import SavedView, Task
from tasks.narrowing import Facets, Sort
from tasks.queue import RANGES, STEP, WAITING, literals
from tasks.transitions import OPEN

PAGE = 50
FIRST_PAGE = 12
"""Rows of a page, and of the first one, which is to come at once."""
COUNT_UP_TO = 1000
"""Counts are exact below this; beyond it people only need to know that it is a lot."""

ON_HOLD = len(RANGES)
"""The step of my Tasks that are on hold, after all that can be done."""
STEPS = {Sort.PRESSING: range(len(RANGES)), Sort.DUE: (0, 0, 0, 0, 1, 1, 1)}
"""Order → the step of each of RANGES. By due time, what is stat or overdue still comes first."""
STEP_OF = {
    Sort.PRESSING: STEP,
    Sort.DUE: "case when {t}.priority = 4 or {t}.due < %s then 0 else 1 end",
}
"""The same of a single row; takes the instant that overdue is judged by."""
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

MINE = f"{{t}}.owner <> '' and not {{t}}.deleted and {{t}}.status in ({literals(OPEN)})"
"""The condition of the index task_mine, word for word."""
NOT_NARROWED = Facets()
IS_OPEN = f"not {{t}}.deleted and {{t}}.status in ({literals(OPEN)})"
"""The condition of the index task_overdue."""


@dataclass(frozen=True, slots=True)
class View:
    """One list: "my", "all", "pool:<slug>", "view:<id>" of a kept one, one of OTHER_VIEWS, or, of
    threads, "threads:<tab>" and perhaps ":<slug>".
    """

    key: str
    name: str
    pool: Pool | None = None
    saved: SavedView | None = None
    condition: tuple[str, list] | None = None
    """SQL on tasks_task q, and its parameters, that says what stands in one of OTHER_VIEWS.

    It is to pick few rows by an index, as they are sorted as a whole.
    """
    facets: Facets = NOT_NARROWED
    sort: Sort = Sort.PRESSING
    look: Look = SPLIT
    look_given: bool = False
    """The address says how it looks, so those that lead on from it do too."""

    @property
    def kind(self) -> str:
        """ "my", "all", "pool", "threads" or one of OTHER_VIEWS: for a kept view that of its list."""
        return (self.saved.base if self.saved else self.key).partition(":")[0]

    @property
    def path(self) -> str:
        if self.is_threads:
            names = ("tab", "pool")
            given = zip(names, self.key.split(":")[1:], strict=False)
            return f"/worklist/threads?{urlencode(dict(given))}"
        if self.saved:
            return f"/worklist/view/{self.saved.pk}"
        return f"/worklist/pool/{self.pool.slug}" if self.pool else f"/worklist/{self.key}"

    @property
    def is_threads(self) -> bool:
        """A list of threads (tasks.threads), beside which Tasks are shown too."""
        return self.kind == "threads"

    @property
    def is_pool(self) -> bool:
        return self.pool is not None

    @property
    def sorts(self) -> tuple[Sort, ...]:
        """The orders that it can have, the first unless another is asked for."""
        return (Sort.DUE, Sort.OLDEST) if self.kind == "all" else tuple(Sort)

    @property
    def query(self) -> str:
        """What its address says besides: "" for the list as it is."""
        order = urlencode({"sort": self.sort}) if self.sort is not self.sorts[0] else ""
        look = self.look.query if self.look_given else ""
        asked = "&".join(filter(None, (self.facets.query, order, look)))
        # A kept view that is narrowed no more must say so: its bare address means all it keeps.
        return asked or (urlencode({"sort": self.sort}) if self.saved else "")

    @property
    def url(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def task_query(self) -> str:
        """What the address of a Task that is opened from it says."""
        named = urlencode({"list": self.key})
        return f"{named}&{self.query}" if self.query else named

    def narrowed(self, facets: Facets) -> "View":
        return replace(self, facets=facets)

    def sorted(self, sort: Sort) -> "View":
        return replace(self, sort=sort)


OTHER_VIEWS: dict[str, Callable[[Actor], View]] = {}
"""Key → what makes a list that another module brings: a View with a condition."""


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
            raise InvalidSearch(
                _("This page of the list cannot be found; open it anew.")
            ) from error
        if cursor.judged_at.tzinfo is None or cursor.due.tzinfo is None:
            raise InvalidSearch(_("This page of the list cannot be found; open it anew."))
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


# --- which lists there are ------------------------------------------------------------------------


def may_see_all(actor: Actor) -> bool:
    return actor.reads_everything or actor.role is Role.COORDINATOR


def pools_shown(actor: Actor) -> list[Pool]:
    """The pools in the navigation: the actor's own and those that she coordinates."""
    return list(Pool.objects.filter(pk__in={*actor.pools, *actor.coordinates}))


def view_named(key: str, actor: Actor) -> View:
    """The list of that key. Raises NotFound for what is none, or none of the actor's."""
    if key == "my":
        return View("my", _("My tasks"))
    if key.partition(":")[0] == "threads":
        return View(key, _("Patient threads"))
    if key == "all" and may_see_all(actor):
        return View("all", _("All tasks"), sort=Sort.DUE)
    if key in OTHER_VIEWS:
        return OTHER_VIEWS[key](actor)
    if key.startswith("view:"):
        return _kept_view(key.removeprefix("view:"), actor)
    if key.startswith("pool:"):
        pool = _pool_of(key.removeprefix("pool:"))
        allowed = {*actor.pools, *actor.coordinates}
        if pool and (actor.reads_everything or pool.pk in allowed):
            return View(key, pool.name, pool)
    raise NotFound(_("This list is not one of yours."))


@once
def _pool_of(slug: str) -> Pool | None:
    return Pool.objects.filter(slug=slug).first()


def _kept_view(view_id: str, actor: Actor) -> View:
    """One that the actor kept, or that is shared with a pool of hers."""
    saved = saved_views(actor).filter(pk=view_id).first() if UUID_TEXT.fullmatch(view_id) else None
    if saved is None:
        raise NotFound(_("This list is not one of yours."))
    return as_kept(saved, actor)


def as_kept(saved: SavedView, actor: Actor) -> View:
    """The list as it was kept. Raises NotFound for a list that is no more one of hers."""
    view = replace(view_named(saved.base, actor), key=f"view:{saved.pk}", name=saved.name)
    query = QueryDict(saved.query)
    view = replace(view, saved=saved, look=Look.from_query(query) or SPLIT)
    return asked_of(view, Facets.from_query(query), query)


def saved_views(actor: Actor):
    """Her own, and those shared with her pools."""
    return SavedView.objects.filter(
        Q(owner_id=actor.user_id) | Q(pool_id__in={*actor.pools, *actor.coordinates})
    )


def opens(saved: SavedView, actor: Actor, pools: Iterable[Pool]) -> bool:
    """Whether its list is still one of hers."""
    if saved.base.startswith("pool:"):
        return actor.reads_everything or saved.base[5:] in {pool.slug for pool in pools}
    return saved.base != "all" or may_see_all(actor)


def asked_of(view: View, facets: Facets, query: QueryDict) -> View:
    """The list as an address asks for it: narrowed, and in an order that it has."""
    order = query.get("sort") or view.sorts[0]
    if order not in view.sorts:
        raise InvalidSearch(_("This list cannot be sorted like that."))
    return replace(view, facets=facets, sort=Sort(order))


def first_view(actor: Actor) -> View:
    """Where the worklist opens: my tasks if there are any, else a pool where work waits."""
    mine, by_pool = counts(actor, now=timezone.now())
    waiting = [pool for pool in pools_shown(actor) if by_pool[pool.pk].total]
    if not mine.total and waiting:
        return View(f"pool:{waiting[0].slug}", waiting[0].name, waiting[0])
    return view_named("all" if not mine.total and actor.reads_everything else "my", actor)


# --- their rows -----------------------------------------------------------------------------------


class _Source(NamedTuple):
    """Rows of a list, of one index."""

    condition: str
    params: list
    index: str = ""
    """The condition of an index that begins with those of RANGES; "" where there is none."""
    rows: str = "tasks_task q"
    step: int | None = None
    """Of all of its rows, where that does not go by RANGES."""


def _sources(view: View, actor: Actor) -> list[_Source]:
    if view.condition:
        return [_Source(*view.condition)]
    if view.pool:
        waiting = WAITING.format(t="q")
        second = "tasks_taskpool s join tasks_task q on q.id = s.task_id"
        sources = [
            _Source("q.pool_id = %s", [view.pool.pk], waiting),
            # Tasks that wait in this pool besides the one that their row names.
            _Source(f"s.pool_id = %s and {waiting}", [view.pool.pk], rows=second),
        ]
        if actor.reference:
            hers = [actor.reference, view.pool.pk]
            sources.append(_Source("q.owner = %s and q.pool_id = %s", hers, MINE.format(t="q")))
        return sources
    if view.kind == "my":
        if not actor.reference:
            return []
        mine, hers = MINE.format(t="q"), "q.owner = %s and q.status {} 'on-hold'"
        return [
            _Source(hers.format("<>"), [actor.reference], mine),
            _Source(f"{hers.format('=')} and {mine}", [actor.reference], step=ON_HOLD),
        ]
    # Everything open that the actor may see. A coordinator's are those of her pools.
    seen, params = Task.readable_condition(actor).for_table("q", columns_of(Task))
    return [_Source(f"{IS_OPEN.format(t='q')} and {seen}", list(params), step=0)]


@dataclass
class _Union:
    """Branches of one `union all`, each of (step, due, resource_id), with their parameters."""

    judged_at: datetime
    narrowed: tuple[str, list]
    limit: int
    after: Cursor | None = None
    branches: list[str] = field(default_factory=list)
    params: list = field(default_factory=list)

    def add(self, source: _Source, step: str, step_params: Sequence = ()) -> None:
        """All rows of a source, by due time within a step."""
        more, more_params = self.narrowed
        where, params = source.condition + more.format(t="q"), [*source.params, *more_params]
        if self.after and source.step is not None:
            if source.step < self.after.step:
                return
            if source.step == self.after.step:
                where += " and (q.due, q.resource_id) > (%s, %s)"
                params += [self.after.due, self.after.resource_id]
        order = "q.due, q.resource_id" if source.step is not None else ""
        self._add(step, source, where, [*step_params, *params], order)

    def add_ranges(self, source: _Source, steps: Sequence[int]) -> None:
        """The seven ranges of an index, each read only as far as the page can need."""
        more, more_params = self.narrowed
        for step, (priority, judged) in zip(steps, RANGES, strict=True):
            if self.after and step < self.after.step:
                continue
            where = f"{source.condition} and {priority} and {source.index}{more}".format(t="q")
            params = [*source.params, *([self.judged_at] if judged else []), *more_params]
            if self.after and step == self.after.step:
                where += " and (q.due, q.resource_id) > (%s, %s)"
                params += [self.after.due, self.after.resource_id]
            self._add(str(step), source, where, params, "q.due, q.resource_id")

    def add_oldest(self, source: _Source) -> None:
        """By the number of the row, which rises with each that is made, in place of a step.

        What waits in a pool, and what is mine, is read whole by its own index and put in order:
        an index for that would be taken for other lists too, whose order it does not have.
        """
        number = "(q.id + 0)" if source.index else "q.id"
        more, more_params = self.narrowed
        index = f" and {source.index}" if source.index else ""
        where = f"{source.condition}{index}{more}".format(t="q")
        params = [*source.params, *more_params]
        if self.after:
            where += f" and {number} > %s"
            params.append(self.after.step)
        self._add("q.id", source, where, params, number)

    def _add(self, step: str, source: _Source, where: str, params: Sequence, order: str) -> None:
        limit = f" order by {order} limit {int(self.limit) + 1}" if order else ""
        self.branches.append(
            f"(select {step} step, q.due, q.resource_id from {source.rows} where {where}{limit})"
        )
        self.params += params


def page(
    view: View,
    actor: Actor,
    *,
    limit: int = PAGE,
    after: Cursor | None = None,
    now: datetime | None = None,
) -> Page:
    """The rows of a list in its order."""
    judged_at = after.judged_at if after else now or timezone.now()
    narrowed = view.facets.condition(judged_at, actor.reference)
    union = _Union(judged_at, narrowed, limit, after)
    for source in _sources(view, actor):
        if view.sort is Sort.OLDEST:
            union.add_oldest(source)
        elif source.step is not None:
            union.add(source, str(source.step))
        elif source.index:
            union.add_ranges(source, STEPS[view.sort])
        else:
            union.add(source, STEP_OF[view.sort].format(t="q"), [judged_at])
    return _read(union)


def _read(union: _Union) -> Page:
    judged_at, limit, after = union.judged_at, union.limit, union.after
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


def rows_of(
    ids: Iterable[str], view: View, actor: Actor, *, now: datetime, narrowed: bool = False
) -> dict[str, Listed]:
    """Those of `ids` that belong in a list now, and with `narrowed` are what it is narrowed to."""
    wanted = list(ids)
    condition, params = _belongs(view, actor)
    if narrowed:
        more, more_params = view.facets.condition(now, actor.reference)
        condition, params = condition + more.format(t="q"), [*params, *more_params]
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
    if view.condition:
        condition, params = view.condition
        return f"({condition})", list(params)
    if view.is_pool:
        waiting = WAITING.format(t="q")
        return (
            f"((q.pool_id = %s and {waiting}) or (q.pool_id = %s and {mine})"
            f" or ({waiting} and exists (select 1 from tasks_taskpool s"
            " where s.task_id = q.id and s.pool_id = %s)))",
            [view.pool.pk, view.pool.pk, actor.reference, view.pool.pk],
        )
    if view.kind == "my":
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
        sql.rows(_counted("q.owner = %s", MINE), [actor.reference, now, now, actor.reference])
        if actor.reference
        else [(0, 0)]
    )
    return Count(*mine[0]), by_pool


def count_pools(pool_ids: Iterable[int], *, now: datetime) -> dict[int, Count]:
    """The unclaimed Tasks of each pool, in one query."""
    found = sql.rows(
        "select p.id, n.* from unnest(%s::bigint[]) p(id), lateral ("
        + _counted("q.pool_id = p.id", WAITING)
        + ") n",
        [sorted(pool_ids), now, now],
    )
    return {pool_id: Count(*numbers) for pool_id, *numbers in found}


def _counted(condition: str, index: str) -> str:
    """SQL of (total, overdue) of an index's rows, neither counted beyond COUNT_UP_TO.

    One look at the rows tells both, unless it stopped before the last. The parameters of the
    condition are wanted twice, with the present instant twice between them.
    """
    rows = f"from tasks_task q where {condition} and {index}".format(t="q")
    overdue = f"select count(*) from (select 1 {rows} and q.due < %s limit {COUNT_UP_TO}) o"
    return (
        f"select c.total, case when c.total < {COUNT_UP_TO} then c.overdue else ({overdue}) end"
        " from (select count(*) as total, count(*) filter (where r.due < %s) as overdue"
        f" from (select q.due {rows} limit {COUNT_UP_TO}) r) c"
    )


def count_pool(pool_id: int, *, now: datetime) -> Count:
    """One pool's, for who reads it without being of it."""
    counted = _counted("q.pool_id = %s", WAITING)
    return Count(*sql.rows(counted, [pool_id, now, now, pool_id])[0])


def count_matching(view: View, actor: Actor, *, now: datetime) -> Count:
    """What a list is narrowed to, or all of one that has no count of its own."""
    return count_each([view], actor, now=now)[0]


def count_each(views: Sequence[View], actor: Actor, *, now: datetime) -> list[Count]:
    """The count of each list, in one query."""
    parts, params = [], []
    for number, view in enumerate(views):
        rows, given = matching(view, actor, now=now, limit=COUNT_UP_TO)
        if rows:
            parts.append(
                f"(select {number}, count(*), count(*) filter (where f.due < %s) from ({rows}) f)"
            )
            params += [now, *given]
    found = sql.rows(" union all ".join(parts), params, prepare=None) if parts else []
    counts = {number: Count(*numbers) for number, *numbers in found}
    return [counts.get(number, Count()) for number in range(len(views))]


def matching(view: View, actor: Actor, *, now: datetime, limit: int) -> tuple[str, list]:
    """SQL of (id, due) of what a list is narrowed to, no more than `limit` rows of it."""
    more, more_params = view.facets.condition(now, actor.reference)
    branches, params = [], []
    for source in _sources(view, actor):
        index = f" and {source.index}" if source.index else ""
        branches.append(
            f"(select q.id, q.due from {source.rows} where {source.condition}{index}{more}".format(
                t="q"
            )
            + f" limit {int(limit)})"
        )
        params += [*source.params, *more_params]
    found = " union all ".join(branches)
    return (f"select * from ({found}) m limit {int(limit)}" if branches else ""), params


def count_all(actor: Actor, *, now: datetime) -> Count:
    seen, params = Task.readable_condition(actor).for_table("q", columns_of(Task))
    return Count(*sql.rows(_counted(seen, IS_OPEN), [*params, now, now, *params], prepare=None)[0])


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
