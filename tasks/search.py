"""What Tasks and Provenances can be searched by. https://hl7.org/fhir/R4/task.html#search"""

from django.db.models import PositiveSmallIntegerField, Q
from django.db.models.fields import DateTimeField

from fhir import sql
from fhir.search.expressions import Sql, is_one_of
from fhir.search.filters import CodeColumnFilter, DateFilter, ReferenceFilter, TokenFilter
from fhir.search.parse import Clause
from fhir.search.searchset import SearchSet
from fhir.search.sorting import column_key
from tasks.transitions import CLAIMABLE, FINAL, OPEN

MOST_PRESSING = [
    column_key("priority", descending=True, field=PositiveSmallIntegerField()),
    column_key("due", field=DateTimeField()),
]
"""The order of the indexes task_queue and task_mine; ties are by id."""


def in_queue(clause: Clause, codes: Q) -> Q:
    """The clause `performer=system|code` for a search that reads the index task_queue.

    The codes are those that were written, and `pool_id` is redundant. The planner must not take
    one for a further narrowing of the other, or it sorts where the index has the order; a `case`
    hides the codes from it.
    """
    pool_id = only_pool(clause.values[0].text) if len(clause.values) == 1 else None
    if pool_id is None:
        return codes
    return Q(pool_id=pool_id) & Q(Sql("case when {0} then true end", codes))


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
        "performer": TokenFilter(),
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
    def conditions(cls, clauses, scope):
        queued = any(statuses == CLAIMABLE for statuses in cls._ranges(clauses))
        found = Q()
        for clause in clauses:
            condition = cls.condition(clause, scope)
            is_code = clause.name == "performer" and not clause.modifier
            found &= in_queue(clause, condition) if queued and is_code else condition
        return found

    @classmethod
    def default_order(cls, clauses):
        """A queue or a person's Tasks by urgency, as far as an index holds them so."""
        return MOST_PRESSING if cls._ranges(clauses) else super().default_order(clauses)

    @classmethod
    def branches(cls, clauses):
        """The statuses that one partial index of Task holds, each list by itself."""
        ranges = cls._ranges(clauses)
        named = _statuses(clauses)
        if not ranges or any(named and named <= statuses for statuses in ranges):
            return super().branches(clauses)
        return [is_one_of("status", sorted(statuses)) for statuses in ranges]

    @staticmethod
    def _ranges(clauses: list[Clause]) -> tuple[frozenset[str], ...]:
        """The statuses of the indexes that hold what the clauses ask for; none for other searches."""
        named = _statuses(clauses)
        plain = {clause.name for clause in clauses if not clause.modifier and not clause.chain}
        unowned = any(
            clause.name == "owner" and clause.modifier == "missing" and clause.is_true
            for clause in clauses
        )
        if "owner" in plain:
            return OPEN, FINAL
        if "performer" in plain and unowned:
            return CLAIMABLE, (OPEN | FINAL) - CLAIMABLE
        if "performer" in plain and named and named <= CLAIMABLE:
            return (CLAIMABLE,)
        return ()


def _statuses(clauses: list[Clause]) -> set[str]:
    """The statuses that a search is limited to; empty when it is not."""
    for clause in clauses:
        if clause.name == "status" and not clause.modifier:
            return {value.text for value in clause.values}
    return set()


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
