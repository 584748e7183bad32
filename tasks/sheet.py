"""Tasks as the lines of a paper: who needs what by when, what was said last, and what to hand over.

A sheet holds what its reader may see and no more (requirements.md T2), at most MOST of it, the most
pressing first; that it was opened is recorded, as paper is out of our hands.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from accounts import people
from accounts.members import members
from accounts.models import Pool
from fhir import json
from fhir.actor import Actor
from fhir.datatypes import display_of, parse_date
from tasks import board as boards
from tasks import worklist as lists
from tasks.document import reference_of
from tasks.models import HandOverItem, SheetOpening, Task
from tasks.rows import Row
from tasks.rows import rows as display_rows
from tasks.worklist import Listed, View

MOST = 200
EACH = 50
"""Of each member, for those who see what the others have."""


class LastNote(NamedTuple):
    text: str
    author: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """`note` is what is to be said at the hand-over; `why` is the reason of its status, if it has one."""

    row: Row
    last: LastNote | None
    note: str = ""
    why: str = ""

    @property
    def waits(self) -> bool:
        """Whether the next step is somebody else's."""
        return self.row.status == "on-hold"

    @property
    def comes_first(self) -> bool:
        return self.row.priority in ("stat", "asap") or self.row.due.kind == "late"


class Group(NamedTuple):
    key: str
    name: str
    lines: list[Line]


class Sheet(NamedTuple):
    """`more` says that there was more than fits."""

    groups: list[Group]
    count: int
    more: bool

    @property
    def lines(self) -> list[Line]:
        return [line for group in self.groups for line in group.lines]

    def of(self, priority: str) -> int:
        return sum(each.row.priority == priority for each in self.lines)

    @property
    def stat(self) -> int:
        return self.of("stat")

    @property
    def asap(self) -> int:
        return self.of("asap")

    @property
    def overdue(self) -> int:
        return sum(each.row.due.kind == "late" for each in self.lines)

    @property
    def waiting(self) -> int:
        return sum(each.waits for each in self.lines)


def sheet(view: View, actor: Actor, *, now: datetime) -> Sheet:
    """Of her own tasks, or of a pool: those that she may see."""
    listed, more = _listed(view, actor, now)
    made = lines(listed, view, actor, notes=_notes(listed, actor), now=now)
    return Sheet(_grouped(made), len(made), more)


def _listed(view: View, actor: Actor, now: datetime) -> tuple[list[Listed], bool]:
    """In the order of the list. Who coordinates the pool sees what each member has of it, too."""
    if view.pool and (actor.reads_everything or view.pool.pk in actor.coordinates):
        owners = [each.reference for each in members([view.pool.pk], at=now)]
        found = boards.read(view.pool.pk, owners, waiting=MOST + 1, of_each=EACH, now=now)
        return found[:MOST], len(found) > MOST
    found = lists.page(view, actor, limit=MOST, now=now)
    return found.listed, bool(found.after)


def _notes(listed: Iterable[Listed], actor: Actor) -> dict[str, str]:
    """What she said, or was told, of those that are being handed over."""
    found = HandOverItem.objects.filter(
        task_id__in=[each.resource_id for each in listed],
        state=HandOverItem.State.OPEN,
        hand_over__giver=actor.reference,
    )
    return dict(found.values_list("task_id", "note"))


def lines(
    listed: Collection[Listed],
    view: View,
    actor: Actor,
    *,
    notes: Mapping[str, str],
    now: datetime,
) -> list[Line]:
    """With everybody that they name looked up together."""
    rows = display_rows(listed, view, actor, now=now)
    said = [(each.document.get("note") or [None])[-1] for each in listed]
    reasons = [display_of(each.document.get("statusReason")) for each in listed]
    authors = {reference_of(each, "authorReference") for each in said if each} - {"", "?"}
    named = people.names(authors, actor=actor) if authors else {}
    return [
        Line(row, _last(note, named), notes.get(row.id, ""), why)
        for row, note, why in zip(rows, said, reasons, strict=True)
    ]


def lines_of(
    ids: Collection[str], view: View, actor: Actor, *, notes: Mapping[str, str], now: datetime
) -> dict[str, Line]:
    """The same of single Tasks, as far as the actor may see them."""
    found = Task.objects.readable_by(actor).filter(resource_id__in=ids, deleted=False)
    columns = found.values_list("resource_id", "version_id", "pool_id", "document", "due")
    listed = [
        Listed(task_id, version, pool, json.loads_stored(text), due, 0)
        for task_id, version, pool, text, due in columns
    ]
    return {each.row.id: each for each in lines(listed, view, actor, notes=notes, now=now)}


def _last(note: dict | None, named: Mapping[str, str]) -> LastNote | None:
    if not note:
        return None
    who = note.get("authorReference") or {}
    author = named.get(who.get("reference", "")) or who.get("display") or note.get("authorString")
    at = parse_date(note["time"]).low if "time" in note else None
    return LastNote(note.get("text", ""), author or "", at)


def _grouped(made: list[Line]) -> list[Group]:
    """Each line once: what waits on somebody else is no work of the next shift's yet."""
    first = [each for each in made if not each.waits and each.comes_first]
    waiting = [each for each in made if each.waits]
    rest = [each for each in made if not each.waits and not each.comes_first]
    groups = [
        Group("first", _("Do first"), first),
        Group("waiting", _("Waiting on someone else"), waiting),
        Group("rest", _("Can wait"), rest),
    ]
    return [each for each in groups if each.lines]


def record(view: View, made: Sheet, *, actor: Actor, at: datetime) -> None:
    """That somebody took a sheet, and how much stood on it; nothing of any patient."""
    pool: Pool | None = view.pool
    SheetOpening.objects.create(opened_by=actor.name, opened_at=at, pool=pool, tasks=made.count)
