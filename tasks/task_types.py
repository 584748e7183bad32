"""Kinds of work as values, read from what admins set up: the type of a Task, its stages, its reasons.

They are read all at once, with one query, and kept for half a minute: lists ask for the type of each
row. Whoever changes them calls `forget`; other processes see it when their half minute is over.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple

from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext

from fhir import sql
from fhir.conformance import canonical
from fhir.datatypes import codings, display_of, to_instant

TASK_TYPE = canonical("CodeSystem", "task-type")
TASK_CATEGORY = canonical("CodeSystem", "task-category")
TASK_STAGE = canonical("CodeSystem", "task-stage")
MESSAGE_STAGE = "urn:taskward:message-stage"
"""Of Tasks about messages: unassigned, claimed, escalated (requirements.md S101)."""
STATUS_REASON = "urn:taskward:status-reason"
REROUTE_REASON = "https://medplum.com/CodeSystem/reroute-reason"

KEPT_FOR = 30.0
"""Seconds."""


def translated(text: str) -> str:
    """A word that a site begins with, in the reader's language; its own words stay as they are."""
    return gettext(text) if text else ""


def label_of(concept: dict | None) -> str:
    """What a CodeableConcept is called, for a reader."""
    return translated(display_of(concept))


class Coded(NamedTuple):
    """A code with what it is called."""

    system: str
    code: str
    display: str

    @property
    def label(self) -> str:
        """What it is called, for a reader; what is written stays as it is set up."""
        return translated(self.display)

    def as_coding(self) -> dict:
        return {"system": self.system, "code": self.code, "display": self.display}

    def as_concept(self) -> dict:
        """A CodeableConcept."""
        return {"coding": [self.as_coding()], "text": self.display}


class Reason(NamedTuple):
    """One of the reasons that people choose from. "other" is only the text that they type."""

    code: str
    display: str
    system: str = STATUS_REASON

    @property
    def is_other(self) -> bool:
        return self.code == "other"

    @property
    def label(self) -> str:
        return translated(self.display)

    def as_concept(self) -> dict:
        return Coded(self.system, self.code, self.display).as_concept()


OTHER = Reason("other", "Other")


class PlannedSubtask(NamedTuple):
    """A Task that is made with each Task of a type: of which type, and what it is called."""

    system: str
    code: str
    title: str


@dataclass(frozen=True)
class TaskType:
    """A kind of work. `pool` is the slug of where its Tasks go by default."""

    code: str
    title: str
    category: Coded | None = None
    stages: tuple[Coded, ...] = ()
    system: str = TASK_TYPE
    description: str = ""
    focus_types: tuple[str, ...] = ()
    pool: str = ""
    priority: str = ""
    due_minutes: int | None = None
    due_days: int | None = None
    requires_licence: bool = False
    active: bool = True
    subtasks: tuple[PlannedSubtask, ...] = ()
    reasons: dict[str, tuple[Reason, ...]] = field(default_factory=dict)
    """Kind of reason → what may be chosen, where that is not what the whole site has."""
    id: int = 0

    @property
    def coded(self) -> Coded:
        return Coded(self.system, self.code, self.title)

    def as_concept(self, text: str = "") -> dict:
        """`Task.code`: what it is called, its type and its category."""
        found = [each.as_coding() for each in (self.coded, self.category) if each]
        return {"coding": found, "text": text or self.title}

    def stage(self, position: int) -> dict:
        """`Task.businessStatus` at a place of the way; negative ones count from its end."""
        return self.stages[position].as_concept()

    def due(self, at: datetime) -> str | None:
        """`restriction.period.end` of a Task that is asked for at `at`; None without a due rule.

        A day is the clinic's, whatever its length: a date without a time is due when it ends.
        """
        if self.due_minutes is not None:
            return to_instant(at + timedelta(minutes=self.due_minutes))
        if self.due_days is not None:
            day = at.astimezone(get_default_timezone()).date()
            return (day + timedelta(days=self.due_days)).isoformat()
        return None


@dataclass(frozen=True)
class Setup:
    """All that is set up, as it was read at one time."""

    types: dict[tuple[str, str], TaskType]
    reasons: dict[str, tuple[Reason, ...]]
    """Kind → the reasons of the whole site."""


def type_of(document: dict) -> TaskType | None:
    """The type of a Task: that of the first coding of Task.code which is one's."""
    types = setup().types
    return next(
        (types[key] for key in codings(document.get("code")) if key in types),
        None,
    )


def stages(document: dict) -> tuple[Coded, ...]:
    """The stages that a Task goes through, in order; none when its type is not known."""
    found = type_of(document)
    return found.stages if found else ()


def stage_of(document: dict) -> Coded | None:
    """Where on the way of its type a Task is; None for a stage that is not of its type's."""
    here = {*codings(document.get("businessStatus"))}
    return next((each for each in stages(document) if (each.system, each.code) in here), None)


def offered() -> list[TaskType]:
    """What may be chosen when a Task is created, by title."""
    found = [each for each in setup().types.values() if each.active]
    return sorted(found, key=lambda each: each.title)


def find(code: str, system: str = TASK_TYPE) -> TaskType | None:
    return setup().types.get((system, code))


def is_kind(title: str) -> bool:
    """Whether it says no more than what kind of work a Task is."""
    return any(each.title == title for each in setup().types.values())


_kept: tuple[float, Setup] | None = None


def setup() -> Setup:
    """What is set up, at most half a minute old."""
    global _kept
    if _kept is None or monotonic() > _kept[0]:
        _kept = (monotonic() + KEPT_FOR, _read())
    return _kept[1]


def forget(**signal) -> None:
    """Read anew what is set up when it is needed next."""
    global _kept
    _kept = None


def _read() -> Setup:
    [(types, stages, subtasks, reasons)] = sql.rows(
        "select"
        " (select json_agg(t) from (select t.*, p.slug as pool, c.system as category_system,"
        "   c.code as category_code, c.title as category_title from tasks_tasktype t"
        "   left join accounts_pool p on p.id = t.pool_id"
        "   left join tasks_taskcategory c on c.id = t.category_id) t),"
        " (select json_agg(s order by s.position, s.id) from tasks_stage s),"
        " (select json_agg(s order by s.position, s.id) from (select s.*, t.system, t.code,"
        "   t.title as type_title from tasks_plannedsubtask s"
        "   join tasks_tasktype t on t.id = s.subtype_id) s),"
        " (select json_agg(r order by r.position, r.id) from tasks_reasonchoice r)"
    )
    reasons = reasons or []
    found = [
        TaskType(
            id=row["id"],
            system=row["system"],
            code=row["code"],
            title=row["title"],
            description=row["description"],
            category=Coded(row["category_system"], row["category_code"], row["category_title"])
            if row["category_code"]
            else None,
            focus_types=tuple(row["focus_types"]),
            pool=row["pool"] or "",
            priority=row["priority"],
            due_minutes=row["due_minutes"],
            due_days=row["due_days"],
            requires_licence=row["requires_licence"],
            active=row["active"],
            stages=tuple(
                Coded(each["system"], each["code"], each["display"])
                for each in _of(row, stages or [])
            ),
            subtasks=tuple(
                PlannedSubtask(each["system"], each["code"], each["title"] or each["type_title"])
                for each in _of(row, subtasks or [])
            ),
            reasons=_by_kind(_of(row, reasons)),
        )
        for row in types or []
    ]
    site = [each for each in reasons if each["task_type_id"] is None]
    return Setup({(each.system, each.code): each for each in found}, _by_kind(site))


def _of(task_type: dict, rows: list[dict]) -> Iterator[dict]:
    return (each for each in rows if each["task_type_id"] == task_type["id"])


def _by_kind(rows) -> dict[str, tuple[Reason, ...]]:
    found: dict[str, tuple[Reason, ...]] = {}
    for each in rows:
        reason = Reason(each["code"], each["display"], each["system"])
        found[each["kind"]] = (*found.get(each["kind"], ()), reason)
    return found
