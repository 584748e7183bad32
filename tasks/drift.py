"""Threads that go to somebody else than whoever has their Task, and how they are put right.

The Task is the truth about who has the work (requirements.md T21, S97). A client that moves one by
a plain PATCH moves the thread's recipient by another; where the second never came, the Task is
found by `Task?_query=drift`, and `Task/{id}/$repair` does the second from the first.
"""

from typing import NamedTuple

from django.db import transaction
from django.db.models import DateTimeField, F

from fhir.actions import change
from fhir.actor import Actor
from fhir.conformance import operation, parameter
from fhir.resources import ResourceType
from fhir.search.answer import Asked, NamedQuery, Plan, part_of
from fhir.search.expressions import Sql, is_one_of
from fhir.search.parts import Part
from fhir.search.sorting import ID, column_key
from fhir.store import Stored
from tasks.consequences import keep_recipient
from tasks.models import Task
from tasks.transitions import FINAL, OPEN, BadTransition

DISAGREES = """
exists (
  select 1 from unnest({0}) e
  join communications_communication f on f.resource_id = substr(e, 21) and not f.deleted
  join communications_communication h on not h.deleted and h.resource_id =
    case when f.thread = '' then f.resource_id else substr(f.thread, 15) end
  where starts_with(e, 'focus=Communication/') and {1} <> '?' and case when {1} = ''
    then cardinality(h.recipients) > 0
    else cardinality(h.recipients) <> 1
      or strpos('/' || h.recipients[1] || '/', '/' || {1} || '/') = 0 end)
"""
"""Of the tokens and the owner of a Task. A recipient may be written as a URL or with a version; an
owner who is only a name cannot be compared."""

DEFINITION = operation(
    "Task-drift",
    "drift",
    on="Task",
    kind="query",
    name="Drift",
    description="_query=drift: the open Tasks that you may see whose thread has another recipient"
    " than their owner, those first that have been so for longest. Other search parameters narrow"
    " it; Task/id/$repair puts one right.",
    parameter=[parameter("return", "Bundle", "A searchset of Tasks.", use="out", min=1)],
)

SINCE = column_key("last_updated", field=DateTimeField())


def disagreeing():
    """The condition on a queryset of Tasks."""
    return is_one_of("status", sorted(OPEN)) & Sql(DISAGREES, F("tokens"), F("owner"))


def _plan(resource_type: ResourceType, asked: Asked, state: str | None) -> Plan:
    found = part_of(resource_type, asked, [SINCE]).candidates
    return Plan([Part(resource_type, found.filter(disagreeing()), [SINCE, ID])])


DRIFT = NamedQuery(DEFINITION["url"], DEFINITION["description"], _plan)


class Drifted(NamedTuple):
    """A Task whose thread goes to somebody else, by id and owner ("" for a pool's)."""

    task_id: str
    owner: str
    document: str


def drifted(actor: Actor, *, limit: int = 50) -> list[Drifted]:
    """For a page of those who may put it right: the Tasks that the actor may see, oldest first."""
    rows = Task.objects.readable_by(actor).filter(disagreeing(), deleted=False)
    rows = rows.order_by("last_updated", "resource_id")[:limit]
    return [Drifted(*row) for row in rows.values_list("resource_id", "owner", "document")]


def repair(task_id: str, *, actor: Actor, if_match: list[int] | None = None) -> Stored:
    """Make the thread go to whoever has the Task; the Task stays as it is.

    For whoever may change the Task. Raises BadTransition (422) for one that is over.
    """

    def as_it_is(document: dict) -> dict:
        if document["status"] in FINAL:
            raise BadTransition(
                f"A Task that is {document['status']} says nothing about its thread any more.",
                expression="Task.status",
            )
        return document

    with transaction.atomic():
        stored = change(
            "Task", task_id, as_it_is, actor=actor, interaction="repair", if_match=if_match
        )
        keep_recipient(stored.parsed(), actor=actor, interaction="repair")
    return stored
