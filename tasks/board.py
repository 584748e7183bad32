"""The board of a pool: what waits in it, who has what of it, and who could have more.

Columns are read from the same ranges of the same indexes as the lists (tasks.queue), each only as
far as it is shown; how much there is besides is counted. The number of queries is the same for one
card as for a thousand.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from django.http import QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import people
from accounts.availability import State
from accounts.limits import MOST, may_limit
from accounts.models import Pool
from fhir import json, sql
from fhir.actor import Actor, Role
from fhir.datatypes import display_of
from fhir.errors import InvalidSearch, NotFound
from fhir.store import Stored
from tasks import eligible, task_types
from tasks.available import blocker
from tasks.document import due_of, reference_of
from tasks.eligible import Need, Person, day_or_time
from tasks.queue import RANGES, STEP, WAITING
from tasks.rows import Row, group_of
from tasks.rows import rows as display_rows
from tasks.worklist import COUNT_UP_TO, MINE, Count, Listed, View

VIEWS = {
    "member": gettext_lazy("By member"),
    "stage": gettext_lazy("By stage"),
    "due": gettext_lazy("By due time"),
}
CARDS, FEWEST, AT_ONCE = 20, 4, 120
"""Of each column at most, of each in any case, and of all together: a page is not to weigh more."""
CARDS_ALONE = 100
SORTED_WAITING, SORTED_OF_EACH = 200, 50
"""What is sorted into stages and due times: so many that wait, and so many of each member."""
MEMBERS = 15
"""So many stand side by side; the others come after them."""
UNCLAIMED = "unclaimed"


def may_coordinate(actor: Actor) -> bool:
    """Whether boards are for her at all; which ones, `pool_of` and `pools_of` say."""
    return actor.role in (Role.COORDINATOR, Role.ADMIN)


def pools_of(actor: Actor) -> list[Pool]:
    """The pools that she coordinates, by name: all of them, for an admin."""
    if actor.role is Role.ADMIN:
        return list(Pool.objects.all())
    return list(Pool.objects.filter(pk__in=actor.coordinates))


def pool_named(slug: str, pools: Iterable[Pool]) -> Pool:
    """Raises NotFound for a pool that is none, or none of hers."""
    for pool in pools:
        if pool.slug == slug:
            return pool
    raise NotFound(_("This board is not one of yours."))


# --- what is shown --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """How a board is looked at: codes only, as they stand in the address."""

    by: str = "member"
    column: str = ""
    """The key of the one column that is shown; "" for all."""
    start: int = 0
    """How many members come before the first that is shown."""

    @classmethod
    def parse(cls, data: QueryDict) -> "Shown":
        by, start = data.get("by") or "member", data.get("start") or "0"
        if by not in VIEWS or not (start.isdecimal() and len(start) < 6):
            raise InvalidSearch(_("This board cannot be shown like that."))
        return cls(by, data.get("column", "")[:64], int(start))

    @property
    def fields(self) -> dict[str, str]:
        """What differs from the usual."""
        found = {"by": self.by if self.by != "member" else "", "column": self.column}
        found["start"] = str(self.start) if self.start else ""
        return {name: value for name, value in found.items() if value}

    @property
    def query(self) -> str:
        return f"?{urlencode(self.fields)}" if self.fields else ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the bar of somebody's work, in hundredths of its length."""

    kind: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the pool with her work: `here` of it is this pool's, `late` of that overdue."""

    person: Person
    limit: int | None
    here: int
    late: int
    most: int
    """The length of her bar: her limit, or the most that anybody of the pool has."""
    at: datetime

    @property
    def available(self) -> bool:
        return self.person.state is State.ON

    @property
    def full(self) -> bool:
        return self.limit is not None and self.person.load >= self.limit

    @property
    def elsewhere(self) -> int:
        return max(0, self.person.load - self.here)

    @property
    def state(self) -> str:
        if self.available:
            return _("Available") if self.person.until else _("In clinic")
        return _("On leave") if self.person.state is State.LEAVE else _("Away")

    @property
    def until(self) -> str:
        if self.person.until is None:
            return ""
        text = _("until %(time)s") if self.available else _("back %(time)s")
        return text % {"time": day_or_time(self.person.until, self.at)}

    @property
    def load(self) -> str:
        if self.limit is None:
            return ngettext("%(count)s open", "%(count)s open", self.person.load) % {
                "count": self.person.load
            }
        return _("%(load)s of %(limit)s") % {"load": self.person.load, "limit": self.limit}

    @property
    def bar(self) -> list[Segment]:
        parts = (("late", self.late), ("here", self.here - self.late), ("else", self.elsewhere))
        found, x = [], 0.0
        for kind, count in parts:
            width = min(100 * count / self.most, 100 - x) if self.most else 0.0
            if width > 0:
                found.append(Segment(kind, round(x, 2), round(width, 2)))
            x += width
        return found


@dataclass(frozen=True, slots=True)
class Column:
    """Cards under one heading. `total` is how many belong there, of which `rows` are shown."""

    key: str
    name: str
    rows: list[Row]
    total: int
    goes_on: bool = False
    """Whether there may be even more than `total`."""
    member: Member | None = None

    @property
    def count(self) -> str:
        return f"{self.total}{'+' if self.goes_on else ''}"

    @property
    def more(self) -> str:
        """How many are not shown; "" when all are."""
        rest = self.total - len(self.rows)
        return f"{rest}{'+' if self.goes_on else ''}" if rest > 0 else ""

    @property
    def assigns(self) -> bool:
        """Whether to drop a card here gives it to somebody, or back to the pool."""
        return self.key == UNCLAIMED or self.member is not None

    @property
    def to(self) -> str:
        return self.member.person.reference if self.member else ""


@dataclass(frozen=True, slots=True)
class Board:
    pool: Pool
    shown: Shown
    columns: list[Column]
    waiting: str
    in_hand: int
    available: int
    members: int
    before: int | None = None
    """Where the members before these begin."""
    after: int | None = None
    beyond: bool = False
    """Whether not all was sorted into the columns."""

    @property
    def path(self) -> str:
        return f"/worklist/board/{self.pool.slug}"

    @property
    def left_out(self) -> int:
        """How many members come after those that are shown."""
        return self.members - self.after if self.after else 0


def board(pool: Pool, shown: Shown, *, waiting: Count, actor: Actor, now: datetime) -> Board:
    """`waiting` is how many are unclaimed. Raises NotFound for a column that there is not."""
    staff = in_order(eligible.members(pool.pk, at=now))
    work = work_of(pool.pk, [each.reference for each in staff], now=now)
    most = max((each.load for each in staff), default=0)
    members = [_member(each, pool, work, most, now) for each in staff]
    page = members[shown.start : shown.start + MEMBERS]
    beyond = False
    if shown.by == "member":
        columns = _by_member(pool, shown, page, members, waiting, actor, now)
    else:
        columns, beyond = _sorted(pool, shown, members, waiting, actor, now)
    if shown.column:
        columns = [each for each in columns if each.key == shown.column]
        if not columns:
            raise NotFound(_("There is no such column."))
    side_by_side = shown.by == "member" and not shown.column
    after = shown.start + MEMBERS
    return Board(
        pool,
        shown,
        columns,
        waiting=str(waiting),
        in_hand=sum(each.here for each in members),
        available=sum(each.available for each in members),
        members=len(members),
        before=max(0, shown.start - MEMBERS) if side_by_side and shown.start else None,
        after=after if side_by_side and after < len(members) else None,
        beyond=beyond,
    )


def in_order(staff: Iterable[Person]) -> list[Person]:
    """Those who are there first, and by name."""
    states = list(State)
    return sorted(staff, key=lambda each: states.index(each.state))


def _member(
    person: Person, pool: Pool, work: Mapping[str, "Work"], most: int, now: datetime
) -> Member:
    limit = person.limit_in([pool.pk])
    has = work.get(person.reference, Work(0, 0))
    return Member(person, limit, has.open, has.late, max(limit or most, person.load), now)


def _by_member(
    pool: Pool,
    shown: Shown,
    page: Sequence[Member],
    members: Sequence[Member],
    waiting: Count,
    actor: Actor,
    now: datetime,
) -> list[Column]:
    """What is unclaimed, and what each of the members has of this pool's."""
    alone = shown.column
    wanted = [each for each in (members if alone else page) if not alone or _key(each) == alone]
    cards = CARDS_ALONE if alone else cards_of_each(len(wanted) + 1)
    listed = read(
        pool.pk,
        [each.person.reference for each in wanted],
        waiting=cards if not alone or alone == UNCLAIMED else 0,
        of_each=cards,
        now=now,
    )
    by_owner = _by_owner(display_rows(listed, VIEW, actor, now=now))
    many = waiting.total >= COUNT_UP_TO
    total = min(waiting.total, COUNT_UP_TO - 1)
    columns = [Column(UNCLAIMED, _("Unclaimed"), by_owner.get("", []), total, goes_on=many)]
    for each in wanted:
        rows = by_owner.get(each.person.reference, [])
        columns.append(Column(_key(each), each.person.name, rows, each.here, member=each))
    return columns


def cards_of_each(columns: int) -> int:
    """How many cards of each column are shown when there are so many columns."""
    return min(CARDS, max(FEWEST, AT_ONCE // max(1, columns)))


def _by_owner(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[row.owner_reference].append(row)
    return found


def _key(member: Member) -> str:
    return people.split(member.person.reference)[1]


def _sorted(
    pool: Pool,
    shown: Shown,
    members: Sequence[Member],
    waiting: Count,
    actor: Actor,
    now: datetime,
) -> tuple[list[Column], bool]:
    """The most pressing by stage or by due time, and whether that is not all."""
    owners = [each.person.reference for each in members]
    listed = read(pool.pk, owners, waiting=SORTED_WAITING, of_each=SORTED_OF_EACH, now=now)
    named = _by_stage(listed) if shown.by == "stage" else _by_due(listed, now)
    cards = CARDS_ALONE if shown.column else cards_of_each(len(named))
    if shown.column:
        named = [each for each in named if each.key == shown.column]
    first = [each for part in named for each in part.listed[:cards]]
    rows = {row.id: row for row in display_rows(first, VIEW, actor, now=now)}
    columns = [
        Column(
            part.key,
            part.name,
            [rows[each.resource_id] for each in part.listed[:cards]],
            len(part.listed),
        )
        for part in named
    ]
    read_of_members = sum(1 for each in listed if reference_of(each.document, "owner"))
    in_hand = sum(each.here for each in members)
    return columns, waiting.total > len(listed) - read_of_members or in_hand > read_of_members


class Part(NamedTuple):
    key: str
    name: str
    listed: list[Listed]


DUE = {
    "Overdue": ("overdue", gettext_lazy("Overdue")),
    "Due today": ("today", gettext_lazy("Due today")),
    "Later": ("later", gettext_lazy("Later")),
    "No due date": ("none", gettext_lazy("No due date")),
}
"""Heading of a list → the key and the name of the column."""


def _by_due(listed: Iterable[Listed], now: datetime) -> list[Part]:
    found = defaultdict(list)
    for each in sorted(listed, key=lambda each: (each.due, each.resource_id)):
        found[group_of(ALL, 0, each.due, now)].append(each)
    return [Part(key, str(name), found[heading]) for heading, (key, name) in DUE.items()]


def _by_stage(listed: Iterable[Listed]) -> list[Part]:
    """In the order of the types' stages; what has another stage, or none, comes last."""
    places = stage_places()

    def stage(each: Listed) -> tuple[int, str]:
        name = display_of(each.document.get("businessStatus"))
        return (places.get(name, len(places)) if name else len(places) + 1, name)

    parts = groupby(sorted(listed, key=stage), key=stage)
    found = [(name or _("No stage"), list(each)) for (_place, name), each in parts]
    return [Part(str(number), name, each) for number, (name, each) in enumerate(found)]


def stage_places() -> dict[str, int]:
    """What a stage is called → its place among all: early ones first."""
    first: dict[str, int] = {}
    for task_type in task_types.setup().types.values():
        for number, stage in enumerate(task_type.stages):
            first[stage.display] = min(number, first.get(stage.display, number))
    in_turn = sorted(first, key=lambda name: (first[name], name))
    return {name: place for place, name in enumerate(in_turn)}


VIEW = View("board", gettext_lazy("Pool board"))
"""The list that the rows of a board are said to stand in."""
ALL = View("all", gettext_lazy("All tasks"))


# --- what is read ---------------------------------------------------------------------------------

IN_POOL = (
    "(q.pool_id = %(pool)s or exists (select 1 from tasks_taskpool s"
    " where s.task_id = q.id and s.pool_id = %(pool)s))"
)
ORDER = "step, due, resource_id"


def _ranges(condition: str, index: str, limit: str) -> str:
    """The seven ranges of "most pressing" of an index, each read as far as the column can need."""
    return " union all ".join(
        f"(select {step} step, q.due, q.resource_id, q.id from tasks_task q"
        f" where {condition} and {priority} and {index}"
        f" order by q.due, q.resource_id limit {limit})"
        for step, (priority, _) in enumerate(RANGES)
    ).format(t="q")


def _listed() -> str:
    here = _ranges("q.pool_id = %(pool)s", WAITING, "%(waiting)s")
    second = (
        f"(select {STEP}, q.due, q.resource_id, q.id from tasks_taskpool s"
        f" join tasks_task q on q.id = s.task_id where s.pool_id = %(pool)s and {WAITING})"
    ).format(t="q")
    hers = _ranges(f"q.owner = o.owner and {IN_POOL}", MINE, "%(of_each)s")
    text = (
        f"with waiting as materialized (select * from ({here} union all {second}) l"
        f" order by {ORDER} limit %(waiting)s),"
        " owned as materialized (select l.* from unnest(%(owners)s::varchar[]) o(owner)"
        f" cross join lateral (select * from ({hers}) r order by {ORDER} limit %(of_each)s) l)"
        " select t.resource_id, t.version_id, t.pool_id, t.document, l.due, l.step"
        " from (select * from waiting union all select * from owned) l"
        f" join tasks_task t on t.id = l.id order by l.step, l.due, l.resource_id"
    )
    # The ranges take the instant that "overdue" is judged by.
    return text.replace("%s", "%(now)s")


LISTED = _listed()


def read(
    pool_id: int, owners: Sequence[str], *, waiting: int, of_each: int, now: datetime
) -> list[Listed]:
    """Of a pool's Tasks, the most pressing that wait, and of each owner, in this order."""
    params = {
        "pool": pool_id,
        "owners": list(owners),
        "waiting": waiting,
        "of_each": of_each,
        "now": now,
    }
    return [
        Listed(row[0], row[1], row[2], json.loads_stored(row[3]), row[4], row[5])
        for row in sql.rows(LISTED, params, prepare=None)
    ]


class Work(NamedTuple):
    """How many open Tasks of a pool somebody has, and how many of them are overdue."""

    open: int
    late: int


WORK = (
    "select q.owner, count(*), count(*) filter (where q.due < %(now)s) from tasks_task q"
    f" where q.owner = any(%(owners)s::varchar[]) and {MINE} and {IN_POOL} group by 1"
).format(t="q")


def work_of(pool_id: int, owners: Sequence[str], *, now: datetime) -> dict[str, Work]:
    params = {"pool": pool_id, "owners": list(owners), "now": now}
    return {row[0]: Work(row[1], row[2]) for row in sql.rows(WORK, params, prepare=None)}


# --- who could have one ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """One to whom a Task can be given, or its pool for `to` ""; `reason` is why not, if so."""

    to: str
    name: str
    reason: str
    member: Member | None = None
    limit: int | None = None
    """What her limit had to be, where nothing else stands in the way and the actor may set it."""


def choices(pool: Pool, stored: Stored, *, actor: Actor, now: datetime) -> list[Choice]:
    """The pool, if somebody has the Task, and the members; first those who can have it."""
    document = stored.parsed()
    owner = reference_of(document, "owner")
    staff = in_order(eligible.members(pool.pk, at=now))
    work = work_of(pool.pk, [each.reference for each in staff], now=now)
    most = max((each.load for each in staff), default=0)
    need = eligible.need_of(document, at=now)
    found = [
        Choice(
            each.reference,
            each.name,
            eligible.why_not(each, need, at=now, pool_id=pool.pk),
            _member(each, pool, work, most, now),
            _limit_needed(each, need, pool, actor, now),
        )
        for each in staff
        if each.reference != owner
    ]
    found.sort(key=lambda each: bool(each.reason))
    if not owner:
        return found
    back = _("Nobody: back to %(pool)s") % {"pool": pool.name}
    return [Choice("", back, blocker("release", actor, document)), *found]


def limit_needed(pool: Pool, stored: Stored, to: str, *, actor: Actor, now: datetime) -> int | None:
    """The limit with which somebody could have the Task, if it is her limit alone that forbids it."""
    person = next(iter(eligible.persons([to], at=now)), None)
    if person is None:
        return None
    return _limit_needed(person, eligible.need_of(stored.parsed(), at=now), pool, actor, now)


def _limit_needed(
    person: Person, need: Need, pool: Pool, actor: Actor, now: datetime
) -> int | None:
    limit = person.load + 1
    if limit > MOST or not may_limit(actor, pool.pk):
        return None
    if not eligible.why_not(person, need, at=now, pool_id=pool.pk):
        return None
    raised = replace(person, limits={**(person.limits or {}), pool.pk: limit})
    return None if eligible.why_not(raised, need, at=now, pool_id=pool.pk) else limit


def card(stored: Stored, *, actor: Actor, now: datetime) -> Row:
    """One Task as a card, wherever it is."""
    document = stored.parsed()
    listed = Listed(stored.resource_id, stored.version_id, None, document, due_of(document), 0)
    return display_rows([listed], VIEW, actor, now=now)[0]
