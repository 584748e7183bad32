"""What Tasks and Provenances can be searched by. https://hl7.org/fhir/R4/task.html#search"""

from django.db.models import PositiveSmallIntegerField, Q
from django.db.models.fields import DateTimeField

from fhir import sql
from fhir.search.filters import CodeColumnFilter, DateFilter, ReferenceFilter, TokenFilter
from fhir.search.searchset import SearchSet
from fhir.search.sorting import column_key

MOST_PRESSING = [
    column_key("priority", descending=True, field=PositiveSmallIntegerField()),
    column_key("due", field=DateTimeField()),
]
"""The order of the indexes task_queue and task_mine; ties are by id."""


class PerformerFilter(TokenFilter):
    """The codings of performerType, just as they were written."""

    def is_any(self, tokens):
        found = super().is_any(tokens)
        pool_id = only_pool(tokens[0]) if len(tokens) == 1 else None
        # Redundant, and what lets a search for a pool's work read the index task_queue.
        return found if pool_id is None else found & Q(pool_id=pool_id)


def only_pool(token: str) -> int | None:
    """The pool that every Task with this code has as its first one, if that is sure.

    It is when the code leads to one pool only and no Task has that pool as a second one: then a
    Task with the code was given this pool when it was written. A SOC code that two roles share
    leads to two pools.
    """
    system, bar, code = token.partition("|")
    if not (bar and system and code):
        return None
    rows = sql.rows(
        "select p.id, exists (select 1 from tasks_taskpool s where s.pool_id = p.id)"
        " from accounts_pool p where p.codes @> array[%s]::varchar[]",
        (token,),
    )
    return rows[0][0] if len(rows) == 1 and not rows[0][1] else None


class TaskSearch(SearchSet):
    resource_type = "Task"
    filters_by_name = {
        "authored-on": DateFilter(),
        "based-on": ReferenceFilter(),
        "business-status": TokenFilter(),
        "code": TokenFilter(),
        "encounter": ReferenceFilter(),
        "focus": ReferenceFilter(),
        "for": ReferenceFilter(column="subject", alias_of="subject"),  # requirements.md T7
        "group-identifier": TokenFilter(),
        "identifier": TokenFilter(),
        "intent": TokenFilter(),
        "modified": DateFilter(),
        "owner": ReferenceFilter(column="owner"),
        "part-of": ReferenceFilter(),
        "patient": ReferenceFilter(column="subject"),
        "performer": PerformerFilter(),
        "period": DateFilter(),
        "priority": TokenFilter(),
        "requester": ReferenceFilter(),
        "status": CodeColumnFilter(column="status"),
        "subject": ReferenceFilter(column="subject"),
    }
    sort_keys = {
        # By urgency, never by the alphabet (requirements.md S16).
        "priority": column_key("priority", field=PositiveSmallIntegerField()),
    }

    @classmethod
    def default_order(cls, clauses):
        named = {clause.name for clause in clauses}
        return MOST_PRESSING if named & {"owner", "performer"} else super().default_order(clauses)


class ProvenanceSearch(SearchSet):
    resource_type = "Provenance"
    filters_by_name = {
        "agent": ReferenceFilter(),
        "agent-role": TokenFilter(),
        "agent-type": TokenFilter(),
        "entity": ReferenceFilter(),
        "location": ReferenceFilter(),
        "patient": ReferenceFilter(),
        "recorded": DateFilter(),
        "signature-type": TokenFilter(),
        "target": ReferenceFilter(),
        "when": DateFilter(),
    }
