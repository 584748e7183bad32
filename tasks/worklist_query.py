"""`Task?_query=worklist`: my open Tasks and those that I may claim, most pressing first.

Other parameters narrow it: `_query=worklist&patient=x`. The order is that of tasks.queue, judged for
all pages by the instant of the first. With the first page comes an OperationOutcome that says how
much there is of mine and in each pool of mine: a Bundle has no place of its own for that, and an
entry that is neither a match nor included must be an OperationOutcome.
https://hl7.org/fhir/R4/search.html#query
"""

from datetime import datetime

from django.db.models import DateTimeField, F, IntegerField, Q
from django.utils import timezone

from accounts.models import Pool
from fhir.actor import Actor
from fhir.resources import ResourceType
from fhir.search.answer import Asked, NamedQuery, Plan, part_of
from fhir.search.expressions import Sql, is_one_of
from fhir.search.parts import Part, constant_key
from fhir.search.sorting import ID, SortKey, column_key
from tasks.models import TaskPool
from tasks.queue import RANGES, STEP
from tasks.transitions import CLAIMABLE, OPEN
from tasks.worklist import Count, counts

COUNT = "http://taskward.example/fhir/StructureDefinition/worklist-count"
"""On an issue: how many Tasks a list has (`total`), and how many of them are overdue (`overdue`).
Both stop at 1,000."""

DUE = column_key("due", field=DateTimeField())


def _sql(text: str, judged_at: datetime, *, judged: bool = True, **options) -> Sql:
    """SQL of tasks.queue for a queryset."""
    text = text.replace("{t}.priority", "{0}").replace("{t}.due", "{1}")
    return Sql(text, F("priority"), F("due"), params=[judged_at] if judged else [], **options)


def _plan(resource_type: ResourceType, asked: Asked, state: str | None) -> Plan:
    """`state` is the instant that "overdue" is judged by."""
    judged_at = datetime.fromisoformat(state) if state else timezone.now()
    actor = asked.actor
    found = part_of(resource_type, asked, [DUE]).candidates
    waiting = Q(owner="") & is_one_of("status", sorted(CLAIMABLE))
    lists = [waiting & Q(pool_id=pool_id) for pool_id in actor.pools]
    if actor.reference:
        lists.append(Q(owner=actor.reference) & is_one_of("status", sorted(OPEN)))
    parts = [
        Part(
            resource_type,
            found.filter(Q(_sql(priority, judged_at, judged=judged))),
            [constant_key("step", step, field=IntegerField()), DUE, ID],
            lists,
        )
        for step, (priority, judged) in enumerate(RANGES)
        if lists
    ]
    if actor.pools:
        # Tasks that wait in one of the pools besides the one that their row names.
        second = TaskPool.objects.filter(pool_id__in=actor.pools).values("task_id")
        step = SortKey("step", _sql(STEP, judged_at, output_field=IntegerField()), IntegerField())
        elsewhere = waiting & Q(pk__in=second) & ~Q(pool_id__in=actor.pools)
        parts.append(Part(resource_type, found.filter(elsewhere), [step, DUE, ID]))
    return Plan(parts, judged_at.isoformat(), lambda: _issues(actor, judged_at))


def _issues(actor: Actor, judged_at: datetime) -> list[dict]:
    """How much there is of mine, and in each of my pools."""
    mine, by_pool = counts(actor, now=judged_at)
    pools = Pool.objects.filter(pk__in=by_pool).order_by("name", "pk")
    return [
        _issue(mine, {"text": "Mine"}),
        *(
            _issue(by_pool[pool.pk], {"coding": _codings(pool), "text": pool.name})
            for pool in pools
        ),
    ]


def _codings(pool: Pool) -> list[dict]:
    pairs = (code.rpartition("|") for code in pool.codes)
    return [{"system": system, "code": code} for system, _, code in pairs]


def _issue(number: Count, details: dict) -> dict:
    numbers = (("total", number.total), ("overdue", number.overdue))
    return {
        "extension": [
            {
                "url": COUNT,
                "extension": [{"url": url, "valueUnsignedInt": value} for url, value in numbers],
            }
        ],
        "severity": "information",
        "code": "informational",
        "details": details,
        "diagnostics": f"{number}, {number.overdue} overdue",
    }


WORKLIST = NamedQuery(
    "http://taskward.example/fhir/OperationDefinition/Task-worklist",
    "My open Tasks and those that I may claim, most pressing first, with the counts of my pools.",
    _plan,
)
