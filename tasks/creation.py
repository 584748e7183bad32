"""Tasks of a type: what its setup says, and what whoever asks for one says besides."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accounts.models import Pool
from fhir import actions, store
from fhir.actor import Actor
from fhir.datatypes import to_instant
from fhir.errors import BusinessRuleViolation
from fhir.store import Stored
from tasks import task_types
from tasks.consequences import keep_recipient
from tasks.eligible import check_person, check_pool
from tasks.moves import role_of
from tasks.task_types import MESSAGE_STAGE, TaskType


@transaction.atomic
def create_of_type(
    task_type: TaskType,
    *,
    actor: Actor,
    focus: dict | None = None,
    subject: dict | None = None,
    pool_id: int | None = None,
    owner: dict | None = None,
    requester: dict | None = None,
    encounter: dict | None = None,
    priority: str = "",
    title: str = "",
    description: str = "",
    due: str = "",
    note: list[dict] | None = None,
    at: datetime | None = None,
    unserved: bool = False,
) -> Stored:
    """A new Task of a type, and the subtasks that belong to one, in one transaction.

    `focus`, `subject`, `owner`, `requester` and `encounter` are References. It goes to `pool_id`, or
    to the pool of its type; with an `owner` it is hers, as a member of that pool. Due, priority and
    first stage are those of the type, unless `due` or `priority` say otherwise. A thread that it is
    about goes to the owner (T21).

    Raises BusinessRuleViolation (422) when it is about what the type is not about, when there is
    no pool and no owner, and when the owner or, unless `unserved` is all right, the pool cannot do
    it; besides what every create raises.
    """
    return make(
        task_type,
        actor=actor,
        focus=focus,
        subject=subject,
        pool_id=pool_id,
        owner=owner,
        requester=requester,
        encounter=encounter,
        priority=priority,
        title=title,
        description=description,
        due=due,
        note=note,
        at=at,
        unserved=unserved,
    )[0]


@transaction.atomic
def make(
    task_type: TaskType,
    *,
    actor: Actor,
    pool_id: int | None = None,
    owner: dict | None = None,
    at: datetime | None = None,
    unserved: bool = False,
    **said,
) -> list[Stored]:
    """The same; returns the Task and all its subtasks."""
    at = at or store.now()
    pool = _pool(task_type, pool_id, owner)
    document = document_of(task_type, pool=pool, owner=owner, at=at, **said)
    _check_served(document, pool, owner, at, unserved=unserved)
    task = actions.create("Task", document, actor=actor)
    keep_recipient(task.parsed(), actor=actor, interaction="create")
    return [task, *_subtasks(task_type, task, pool, actor, at, {task_type.coded})]


def document_of(
    task_type: TaskType,
    *,
    pool: Pool | None,
    owner: dict | None,
    at: datetime,
    focus: dict | None = None,
    subject: dict | None = None,
    requester: dict | None = None,
    encounter: dict | None = None,
    part_of: str = "",
    priority: str = "",
    title: str = "",
    description: str = "",
    due: str = "",
    note: list[dict] | None = None,
) -> dict:
    """The document of a new Task. Raises BusinessRuleViolation for a focus that is none of its."""
    _check_focus(task_type, focus)
    elements = {
        "partOf": [{"reference": part_of}] if part_of else None,
        "status": "requested",
        "businessStatus": _first_stage(task_type, owned=bool(owner)),
        "intent": "order",
        "priority": priority or task_type.priority,
        "code": task_type.as_concept(title),
        "description": description,
        "focus": focus,
        "for": subject,
        "encounter": encounter,
        "authoredOn": to_instant(at),
        "requester": requester,
        "performerType": [role_of(pool)] if pool else None,
        "owner": owner,
        "note": note,
    }
    due = due or task_type.due(at)
    if due:
        elements["restriction"] = {"period": {"end": due}}
    said = {name: value for name, value in elements.items() if value}
    return {"resourceType": "Task", **said}


def _first_stage(task_type: TaskType, *, owned: bool) -> dict | None:
    """Where it begins; a message that somebody has already is claimed (S101)."""
    for stage in task_type.stages:
        if owned and stage.system == MESSAGE_STAGE and stage.code == "unassigned":
            continue
        return stage.as_concept()
    return None


def _check_focus(task_type: TaskType, focus: dict | None) -> None:
    if focus is None or not task_type.focus_types:
        return
    types = task_type.focus_types
    if focus.get("reference", "").partition("/")[0] not in types:
        raise BusinessRuleViolation(
            f"A task “{task_type.title}” is about a {' or a '.join(types)}.",
            expression="Task.focus",
        )


def _pool(task_type: TaskType, pool_id: int | None, owner: dict | None) -> Pool | None:
    if pool_id is not None:
        return Pool.objects.get(pk=pool_id)
    pool = Pool.objects.filter(slug=task_type.pool).first() if task_type.pool else None
    if pool is None and owner is None:
        raise BusinessRuleViolation(
            f"A task “{task_type.title}” needs a pool or a person.", expression="Task.performerType"
        )
    return pool


def _check_served(
    document: dict, pool: Pool | None, owner: dict | None, at: datetime, *, unserved: bool
) -> None:
    if owner is not None:
        # She does not have it yet: what she is given is judged as work that is free.
        free = {name: value for name, value in document.items() if name != "owner"}
        check_person(free, owner.get("reference", ""), at=at)
    elif pool is not None and not unserved:
        check_pool(document, pool.pk, at=at)


def _subtasks(
    task_type: TaskType,
    parent: Stored,
    pool: Pool | None,
    actor: Actor,
    at: datetime,
    above: set,
) -> Iterable[Stored]:
    """The subtasks of a Task and theirs; a type that would stand below itself is left out.

    Each goes to the pool of its own type, else with its parent.
    """
    document = parent.parsed()
    made = []
    for planned in task_type.subtasks:
        subtype = task_types.find(planned.code, planned.system)
        if subtype is None or subtype.coded in above:
            continue
        own = Pool.objects.filter(slug=subtype.pool).first() if subtype.pool else None
        owner = None if own or pool else document.get("owner")
        focus = document.get("focus")
        if focus and subtype.focus_types:
            kind = focus.get("reference", "").partition("/")[0]
            focus = focus if kind in subtype.focus_types else None
        part = document_of(
            subtype,
            pool=own or pool,
            owner=owner,
            at=at,
            focus=focus,
            subject=document.get("for"),
            requester=document.get("requester"),
            encounter=document.get("encounter"),
            part_of=parent.reference,
            priority=document.get("priority", ""),
            title=planned.title,
        )
        stored = actions.create("Task", part, actor=actor)
        made += [
            stored,
            *_subtasks(subtype, stored, own or pool, actor, at, above | {subtype.coded}),
        ]
    return made
