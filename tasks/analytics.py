"""The page of analytics: what Task/$stats tells of some pools, as cards with a chart and a table each.

Every number is read from the Parameters that the API answers to the same question, so that the page
and the API say the same, of what the reader may see, and leave out the same small groups. Nothing
here is of a patient, and nothing of a single person.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from hashlib import sha256

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import OperationalError, transaction
from django.http import QueryDict
from django.utils.http import urlencode
from django.utils.timezone import get_default_timezone, localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg.errors import QueryCanceled

from accounts.models import Pool
from accounts.site import setting
from fhir import sql, store
from fhir.actor import Actor, Role
from fhir.errors import DatabaseUnavailable, InvalidSearch, NotFound
from tasks import statistics, task_types
from tasks.document import PRIORITY_RANK
from tasks.models import Rule
from tasks.task_types import TaskType

READERS = (Role.COORDINATOR, Role.ADMIN, Role.AUDITOR)
PERIODS = {
    "4": gettext_lazy("Last 4 weeks"),
    "12": gettext_lazy("Last 12 weeks"),
    "26": gettext_lazy("Last 26 weeks"),
}
"""How many weeks, the present one included, and what that is called."""
USUAL = "12"
MORNING = "08:00"
FRESH, KEPT = 60, 60 * 60
"""Seconds for which an answer is as good as a new one, and better than none."""
PATIENCE, LONGEST = "2s", "15s"
"""How long a question may take where there is an earlier answer, and where there is none."""
MOST_MARKS = 3


# --- what is asked --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """What narrows the page: codes only, as they stand in the address."""

    pool: Pool | None = None
    type: TaskType | None = None
    priority: str = ""
    weeks: str = USUAL

    @classmethod
    def parse(cls, data: QueryDict, actor: Actor) -> "Asked":
        """Raises InvalidSearch, and NotFound for a pool that is none of hers."""
        weeks = data.get("period") or USUAL
        if weeks not in PERIODS:
            raise InvalidSearch(_("There is no such period."))
        slug, code = data.get("pool", ""), data.get("type", "")
        pool = next((each for each in pools_of(actor) if each.slug == slug), None)
        if slug and pool is None:
            raise NotFound(_("This pool is not one of yours."))
        kind = next((each for each in types() if each.code == code), None)
        if code and kind is None:
            raise InvalidSearch(_("There is no such type of task."))
        priority = data.get("priority", "")
        if priority and priority not in PRIORITY_RANK:
            raise InvalidSearch(_("There is no such priority."))
        return cls(pool, kind, priority, weeks)

    @property
    def fields(self) -> dict[str, str]:
        found = {
            "pool": self.pool.slug if self.pool else "",
            "type": self.type.code if self.type else "",
            "priority": self.priority,
        }
        found["period"] = self.weeks if self.weeks != USUAL else ""
        return {name: value for name, value in found.items() if value}

    @property
    def query(self) -> str:
        return f"?{urlencode(self.fields)}" if self.fields else ""

    def days(self, today: date, *, before: bool = False) -> tuple[date, date]:
        """From a Monday on, up to today; or as much of the same number of weeks before."""
        weeks = timedelta(weeks=int(self.weeks))
        first = today - timedelta(days=today.weekday()) - weeks + timedelta(weeks=1)
        return (first - weeks, today - weeks) if before else (first, today)

    def question(self, today: date, *, before: bool = False) -> list[tuple[str, str]]:
        """The parameters of Task/$stats that ask for it."""
        first, last = self.days(today, before=before)
        found = [("periodStart", first.isoformat()), ("periodEnd", last.isoformat())]
        if self.pool:
            found.append(("pool", self.pool.slug))
        if self.type:
            found.append(("code", f"{self.type.system}|{self.type.code}"))
        if self.priority:
            # Also of Tasks that say none, which are routine.
            found.append(("priority-order", str(PRIORITY_RANK[self.priority] - 1)))
        if before:
            return found
        interval = "day" if int(self.weeks) <= 4 else "week"
        return [
            *found,
            ("groupBy", "week,pool,stage"),
            ("interval", interval),
            ("overdueAt", MORNING),
        ]


def may_read(actor: Actor) -> bool:
    return actor.role in READERS


def pools_of(actor: Actor) -> list[Pool]:
    """Those that she coordinates; all, for who reads everything."""
    if actor.reads_everything:
        return list(Pool.objects.all())
    return list(Pool.objects.filter(pk__in=actor.coordinates))


def types() -> list[TaskType]:
    return sorted(task_types.setup().types.values(), key=lambda each: each.title)


# --- what is answered -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """An answer: the Parameters of the period and of the one before, and when they were counted."""

    at: datetime
    today: date
    now: list[dict]
    before: list[dict]
    marks: list[tuple[datetime, str]] = field(default_factory=list)
    """When a rule was changed, and its name."""
    recorded: datetime | None = None
    """Since when Tasks are recorded here."""
    stale: bool = False
    """Counting anew took too long, so this is an earlier answer."""

    def groups(self, name: str, *, before: bool = False) -> list[dict]:
        """The parts of each parameter of this name, by their names."""
        return [
            {part["name"]: _value(part) for part in each["part"]}
            for each in (self.before if before else self.now)
            if each["name"] == name
        ]

    def number(self, name: str, *, before: bool = False) -> int:
        parameters = self.before if before else self.now
        return next((_value(each) for each in parameters if each["name"] == name), 0)

    def clock(self, name: str, *, before: bool = False) -> dict:
        return next(
            (each for each in self.groups("clock", before=before) if each["name"] == name), {}
        )

    def by(self, name: str) -> list[dict]:
        """The groups of one kind. Their clocks stand in them by name."""
        found = []
        for each in self.now:
            parts = each.get("part", ())
            if each["name"] == "group" and _value(parts[0]) == name:
                clocks = [part for part in parts if part["name"] == "clock"]
                group = {part["name"]: _value(part) for part in parts if part["name"] != "clock"}
                for clock in clocks:
                    values = {part["name"]: _value(part) for part in clock["part"]}
                    group[values["name"]] = values
                found.append(group)
        return found


def _value(part: dict):
    value = next((each for name, each in part.items() if name.startswith("value")), None)
    # A Duration is told in seconds.
    return float(value["value"]) if isinstance(value, dict) and value.get("unit") == "s" else value


def seen(asked: Asked, actor: Actor) -> Seen:
    """The answer, which is kept for a minute. Raises DatabaseUnavailable where it takes too long."""
    today = localdate(store.now(), get_default_timezone())
    key = _key(asked, actor, today)
    kept: Seen | None = cache.get(key)
    if kept and (store.now() - kept.at).total_seconds() < FRESH:
        return kept
    try:
        with transaction.atomic():
            sql.rows(
                f"set local statement_timeout = '{PATIENCE if kept else LONGEST}'", prepare=False
            )
            found = Seen(
                store.now(),
                today,
                statistics.told(asked.question(today), actor),
                statistics.told(asked.question(today, before=True), actor),
                _changes_of_rules(asked, today),
                _recorded_since(),
            )
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        if kept:
            return replace(kept, stale=True)
        raise DatabaseUnavailable(
            _("Counting took too long. Choose one pool, one type or a shorter period.")
        ) from error
    cache.set(key, found, KEPT)
    return found


def _key(asked: Asked, actor: Actor, today: date) -> str:
    """Of what decides what she may see as well: what she may see no more is not kept for her."""
    rights = (actor.user_id, actor.role, sorted(actor.coordinates), sorted(actor.pools))
    text = f"{rights} {asked.fields} {today} {setting('stats_smallest')}"
    return f"analytics:{sha256(text.encode()).hexdigest()}"


def _recorded_since() -> datetime | None:
    """When the first version of any Task was written: the end of an index."""
    found = sql.rows(
        "select last_updated from fhir_resourceversion where resource_type = 'Task'"
        " order by last_updated, id limit 1"
    )
    return found[0][0] if found else None


def _changes_of_rules(asked: Asked, today: date) -> list[tuple[datetime, str]]:
    """What admins did to rules in the period, the last of them."""
    first, _last = asked.days(today)
    entries = (
        LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(Rule), action_time__date__gte=first
        )
        .exclude(action_flag=3)
        .order_by("-action_time")
        .values_list("action_time", "object_repr")[:MOST_MARKS]
    )
    return sorted(entries)
