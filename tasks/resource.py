"""Task and Provenance as the FHIR layer sees them, and what a Task reveals."""

from django.db import connection

from accounts.actions import follow_reference
from accounts.pools import follow_codes
from fhir import store
from fhir.access import Condition, add_revealer, columns_of
from fhir.actor import Actor
from fhir.definitions import add_search_parameters
from fhir.resources import Operation, ResourceType
from fhir.resources import register as register_type
from tasks import (
    actions,
    clock_rows,
    operations,
    provenance,
    reply_operation,
    timeline_operations,
)
from tasks.conformance import CLAIM_NEXT, STATS
from tasks.definitions import search_parameters
from tasks.document import stamp
from tasks.models import VIEW_TASK, Provenance, Task
from tasks.permissions import check_change, is_completed, refuse_unreadable
from tasks.responses import finish


def register() -> None:
    add_search_parameters(search_parameters())
    register_type(
        ResourceType(
            "Task",
            Task,
            search=lambda: _search().TaskSearch,
            check_change=check_change,
            stamp=stamp,
            follow=follow,
            refuse_unreadable=refuse_unreadable,
            operations=(
                *operations.operations(),
                Operation("claim-next", "type", _claim_next, definition=CLAIM_NEXT["url"]),
                reply_operation.OPERATION,
                Operation(
                    "stats",
                    "type",
                    lambda *asked: _statistics().stats(*asked),
                    affects_state=False,
                    definition=STATS["url"],
                ),
                *timeline_operations.operations(),
            ),
        )
    )
    register_type(
        ResourceType(
            "Provenance",
            Provenance,
            search=lambda: _search().ProvenanceSearch,
            check_change=provenance.check_change,
        )
    )
    add_revealer(task_reveals)
    follow_reference(grant_owned_tasks)
    follow_codes(reroute_to_pools)


def follow(actor: Actor, before: dict, after: dict) -> None:
    """What is final with a Task that was completed."""
    if is_completed(before, after):
        finish(actor, after)


def _statistics():
    from tasks import statistics

    return statistics


def _search():
    from tasks import search

    return search


def task_reveals(actor: Actor, reference: str) -> Condition:
    """What a Task that the actor may read points at (requirements.md T19)."""
    sql, params = Task.readable_condition(actor).for_table("t", columns_of(Task))
    return Condition(
        # An id has the collation "C", which the index of the links does not have: it would not be
        # used, and every Task be looked at.
        f'((select 1 from tasks_task t where t.links @> array[({reference})::text collate "default"]'
        f" and not t.deleted and {sql} limit 1) is not null)",
        params,
    )


def grant_owned_tasks(user) -> None:
    """The owner's permission rows of a user whose reference is new."""
    with connection.cursor() as cursor:
        cursor.execute("delete from tasks_taskuserobjectpermission where user_id = %s", [user.pk])
        if user.reference:
            cursor.execute(
                "insert into tasks_taskuserobjectpermission"
                " (content_object_id, user_id, permission_id)"
                f" select t.id, %s, {VIEW_TASK} from tasks_task t where t.owner = %s",
                [user.pk, user.reference],
            )


def reroute_to_pools(codes: list[str]) -> None:
    """Tasks that wait for codes which lead to another pool now, go to that pool."""
    waiting = Task.objects.filter(tokens__overlap=[f"performer={code}" for code in codes])
    for task in waiting.filter(deleted=False).iterator():
        store.reindex(task)
        clock_rows.refresh([task.resource_id])


def _claim_next(request, resource_id):
    """`pool` (a slug, or the system|code of a role) narrows it to one pool."""
    name = request.parameters.get("pool")
    return actions.claim_next(
        actor=request.actor, pool_id=operations.pool_named(name) if name else None
    )
