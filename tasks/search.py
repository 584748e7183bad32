"""What Tasks and Provenances can be searched by. https://hl7.org/fhir/R4/task.html#search

What R4 has no parameter for is defined in definitions/search_parameters.json.
"""

from dataclasses import replace

from django.db.models import BigIntegerField, F, PositiveSmallIntegerField, Q
from django.db.models.fields import DateTimeField

from fhir import sql
from fhir.search.expressions import Sql, is_one_of
from fhir.search.filters import (
    CodeColumnFilter,
    DateFilter,
    NumberFilter,
    ReferenceFilter,
    StringFilter,
    TokenFilter,
)
from fhir.search.parse import Clause
from fhir.search.searchset import Plan, SearchSet, all_of
from fhir.search.sorting import SortKey, column_key
from tasks.drift import DRIFT
from tasks.transitions import CLAIMABLE, FINAL, OPEN
from tasks.worklist_query import WORKLIST

MOST_PRESSING = [
    column_key("priority", descending=True, field=PositiveSmallIntegerField()),
    column_key("due", field=DateTimeField()),
]
"""The order of the indexes task_queue and task_mine; ties are by id."""


MODIFIED = SortKey(
    "modified",
    Sql("({0} #> '{{modified,0,1}}')::bigint", F("ranges"), output_field=BigIntegerField()),
    BigIntegerField(),
    nullable=True,
)


class TaskSearch(SearchSet):
    resource_type = "Task"
    named_queries = {"worklist": WORKLIST, "drift": DRIFT}
    filters_by_name = {
        "authored-on": DateFilter(),
        "based-on": ReferenceFilter(),
        "business-status": TokenFilter(),
        "code": TokenFilter(),
        "encounter": ReferenceFilter(),
        "focus": ReferenceFilter(),
        "for": ReferenceFilter(column="subject", alias_of="subject"),  # requirements.md T7
        "due-date": DateFilter(),
        "group-identifier": TokenFilter(),
        "identifier": TokenFilter(),
        "input": ReferenceFilter(),
        "intent": TokenFilter(),
        "modified": DateFilter(),
        "note": StringFilter(),
        "output": ReferenceFilter(),
        "owner": ReferenceFilter(column="owner"),
        "part-of": ReferenceFilter(),
        "patient": ReferenceFilter(column="subject"),
        "performer": TokenFilter(),
        "period": DateFilter(),
        "priority": TokenFilter(),
        "priority-order": NumberFilter(column="priority", offset=1),
        "requester": ReferenceFilter(),
        "start-date": DateFilter(),
        "status": CodeColumnFilter(column="status"),
        "status-reason": TokenFilter(),
        "subject": ReferenceFilter(column="subject"),
    }
    sort_keys = {
        # By urgency, never by the alphabet (requirements.md S16).
        "priority": column_key("priority", field=PositiveSmallIntegerField()),
        "priority-order": column_key("priority", field=PositiveSmallIntegerField()),
        # By the end of what was written, as the index task_modified holds it.
        "modified": MODIFIED,
    }

    @classmethod
    def plan(cls, clauses, scope, *, sorted_by):
        """A queue or a person's Tasks come by urgency, as far as an index holds them so."""
        ranges = () if sorted_by else _ranges(clauses)
        if not ranges:
            return super().plan(clauses, scope, sorted_by=sorted_by)
        conditions = cls.conditions(clauses, replace(scope, in_order=True))
        named = _statuses(clauses)
        branches = [is_one_of("status", sorted(statuses)) for statuses in ranges]
        if any(named and named <= statuses for statuses in ranges):
            branches = [Q()]
        queue = [] if OPEN in ranges else [each for each in clauses if each.name == "performer"]
        pools = pool_branches(queue[0]) if len(queue) == 1 else []
        if pools:
            branches = [pool & branch for pool in pools for branch in branches]
            # Whoever is in a branch of the pool has the codes, or nearly so. The planner must not
            # take them for a further narrowing, or it sorts where the index has the order.
            conditions = [
                (clause, Q(Sql("case when {0} then true end", found)) if clause in queue else found)
                for clause, found in conditions
            ]
        return Plan(all_of([found for _, found in conditions]), MOST_PRESSING, branches)


MAX_SHARED = 1_000


def pool_branches(clause: Clause) -> list[Q]:
    """Where the Tasks with the code `performer=system|code` are: by their first pool, or by id.

    When the code leads to one pool, every Task with it has that pool, as its first one in
    `pool_id` or as a further one in TaskPool: it was given the pool when it was written, or when
    the pool was made. Empty when there is no telling, as for a SOC code that two roles share.
    """
    system, bar, code = clause.values[0].text.partition("|")
    if len(clause.values) > 1 or not (bar and system and code):
        return []
    found = sql.rows(
        "select p.id, array(select s.task_id from tasks_taskpool s where s.pool_id = p.id limit %s)"
        " from accounts_pool p where p.codes @> array[%s]::varchar[]",
        (MAX_SHARED + 1, f"{system}|{code}"),
    )
    if len(found) != 1 or len(found[0][1]) > MAX_SHARED:
        return []
    [(pool_id, shared)] = found
    first = Q(pool_id=pool_id)
    return [first, ~first & Q(pk__in=shared)] if shared else [first]


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
