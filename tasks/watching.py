"""What somebody watches: Tasks that she does not have and wants to know about.

A Task that has ended stays on the list until she has looked at it once more.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from fhir import json, sql
from fhir.access import columns_of
from fhir.actor import Actor
from fhir.store import Stored
from tasks.differences import Difference, between
from tasks.models import Task, TaskWatch
from tasks.queue import literals
from tasks.transitions import OPEN
from tasks.worklist import OTHER_VIEWS, Listed, View

MOST = 200
"""So many can be watched; beyond, the list would tell nobody anything."""

WATCHED = f"not {{t}}.deleted and ({{t}}.status in ({literals(OPEN)}) or {{t}}.version_id > w.seen)"
"""SQL on the table aliases {t} and w: the watched Task stands on the list."""


class Watched(NamedTuple):
    """How many Tasks are on the list, and how many of them changed since she looked."""

    total: int
    changed: int


def watch(stored: Stored, actor: Actor) -> None:
    """Tell her from now on what becomes of a Task that she may read. Watching twice is once."""
    task = Task.objects.only("pk").get(resource_id=stored.resource_id)
    TaskWatch.objects.get_or_create(
        user_id=actor.user_id, task=task, defaults={"seen": stored.version_id}
    )


def unwatch(stored: Stored, actor: Actor) -> None:
    _of(stored, actor).delete()


def look(stored: Stored, actor: Actor) -> bool:
    """Whether she watches a Task; what is shown of it now, she has seen."""
    seen = _of(stored, actor).values_list("seen", flat=True).first()
    if seen is not None and seen < stored.version_id:
        _of(stored, actor).update(seen=stored.version_id)
    return seen is not None


def _of(stored: Stored, actor: Actor):
    return TaskWatch.objects.filter(user_id=actor.user_id, task__resource_id=stored.resource_id)


def count(actor: Actor) -> Watched:
    readable, params = Task.readable_condition(actor).for_table("q", columns_of(Task))
    found = sql.rows(
        "select count(*), count(*) filter (where n.version_id > n.seen) from ("
        "select q.version_id, w.seen from tasks_taskwatch w join tasks_task q on q.id = w.task_id"
        f" where w.user_id = %s and {WATCHED.format(t='q')} and {readable} limit {MOST}) n",
        [actor.user_id, *params],
        prepare=None,
    )
    return Watched(*found[0])


def view(actor: Actor) -> View:
    """The list of what she watches, as far as she may still read it."""
    readable, params = Task.readable_condition(actor).for_table("q", columns_of(Task))
    watched = (
        "select w.task_id from tasks_taskwatch w join tasks_task t on t.id = w.task_id"
        f" where w.user_id = %s and {WATCHED.format(t='t')} limit {MOST}"
    )
    condition = f"q.id = any(array({watched})) and {readable}"
    return View("watching", _("Watching"), condition=(condition, [actor.user_id, *params]))


def register() -> None:
    OTHER_VIEWS["watching"] = view


def news(listed: Iterable[Listed], actor: Actor, *, now: datetime) -> dict[str, list[Difference]]:
    """Id → what became of it since she looked; of those that are as she left them, nothing."""
    current = {each.resource_id: each.document for each in listed}
    found = sql.rows(
        "select v.resource_id, v.document from tasks_taskwatch w"
        " join tasks_task q on q.id = w.task_id and q.version_id > w.seen"
        " join fhir_resourceversion v on v.resource_type = 'Task'"
        " and v.resource_id = q.resource_id and v.version_id = w.seen"
        " where w.user_id = %s and q.resource_id = any(%s) and v.document <> ''",
        [actor.user_id, list(current)],
    )
    pairs = {row[0]: (json.loads_stored(row[1]), current[row[0]]) for row in found}
    return between(pairs, actor=actor, at=now)
