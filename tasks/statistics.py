"""`Task/$stats`: how many Tasks there are by status, urgency, type, stage and reason, and how long
they took.

It counts what a search with the same parameters would find, of what the actor may read:
`Task/$stats?business-status=x` says for which reasons the Tasks of one stage wait.
"""

from urllib.parse import parse_qsl

from fhir import json, resources, sql
from fhir.actor import Actor
from fhir.answers import Answer, Request
from fhir.errors import InvalidSearch
from fhir.parameters import string_values
from fhir.scopes import check_scope
from fhir.search.answer import Asked, part_of
from fhir.search.chains import united
from fhir.search.parse import blamed, parse_query

CONCEPTS = {"code": "code", "business-status": "businessStatus", "status-reason": "statusReason"}
"""The search parameters of concepts that are counted, and their elements."""
MOST_GROUPS = 100
"""Of one kind, the largest; words of one's own can make any number."""

FOUND = "with found as materialized ({}) "
OF_CODE = """
    select document::json ->> '{0}' code, count(*) from found
    where document::json ->> '{0}' is not null group by 1 order by 2 desc, 1
"""
OF_CONCEPT = f"""
    select system, code, max(label), count(*) from (
        select document::json #>> '{{{{{{0}},coding,0,system}}}}' system,
               document::json #>> '{{{{{{0}},coding,0,code}}}}' code,
               coalesce(document::json #>> '{{{{{{0}},text}}}}',
                        document::json #>> '{{{{{{0}},coding,0,display}}}}') label
        from found where document::json -> '{{0}}' is not null) each
    group by system, code, case when code is null then label end
    order by 4 desc, 1, 2, 3 limit {MOST_GROUPS}
"""
TURNAROUND = """
    select count(*), percentile_cont(array[0.5, 0.9]) within group (
        order by extract(epoch from ended::timestamptz - started::timestamptz))
    from (select document::json #>> '{executionPeriod,start}' started,
                 document::json #>> '{executionPeriod,end}' ended
          from found where document::json ->> 'status' = 'completed') each
    where length(started) > 10 and length(ended) > 10
"""
"""Of days without a time it cannot be said."""


def stats(request: Request, resource_id: None) -> Answer:
    """The Parameters of the answer. Raises InvalidSearch, for an unknown parameter too."""
    document = {"resourceType": "Parameters", "parameter": _counted(request)}
    return Answer(body=json.dumps(document))


def _counted(request: Request) -> list[dict]:
    pairs = parse_qsl(request.query, keep_blank_values=True)
    if request.method == "POST":
        pairs += string_values(request.body).items()
    statement, params = _found(pairs, request.actor, request.base)
    if not statement:
        return [_total(0)]

    def rows(select: str) -> list[tuple]:
        return sql.rows(FOUND.format(statement) + select, params, prepare=False)

    [(total,)] = rows("select count(*) from found")
    answer = [_total(total)]
    for name in ("status", "priority"):
        answer += [
            _group(name, {"name": "code", "valueCode": code}, count)
            for code, count in rows(OF_CODE.format(name))
        ]
    for name, element in CONCEPTS.items():
        answer += [
            _group(name, {"name": "concept", "valueCodeableConcept": concept}, count)
            for *words, count in rows(OF_CONCEPT.format(element))
            if (concept := _concept(*words))
        ]
    [(measured, shares)] = rows(TURNAROUND)
    if measured:
        times = [
            _seconds(name, value) for name, value in zip(("median", "p90"), shares, strict=True)
        ]
        counted = {"name": "count", "valueUnsignedInt": measured}
        answer.append({"name": "turnaround", "part": [counted, *times]})
    return answer


def _found(pairs: list[tuple[str, str]], actor: Actor, base: str) -> tuple[str, list]:
    resource_type = resources.get("Task")
    check_scope(actor, "Task", "s")
    asked = parse_query(pairs)
    for clause in asked.clauses:
        if not resource_type.search().knows(clause):
            raise InvalidSearch("Task has no such search parameter.", expression=blamed(clause.key))
    part = part_of(resource_type, Asked(asked, asked.clauses, actor, base))
    readable = part.candidates.readable_by(actor).order_by().values_list("document")
    return united([readable.filter(branch) for branch in part.branches])


def _total(count: int) -> dict:
    return {"name": "total", "valueUnsignedInt": count}


def _group(name: str, value: dict, count: int) -> dict:
    return {"name": name, "part": [value, {"name": "count", "valueUnsignedInt": count}]}


def _concept(system: str | None, code: str | None, label: str | None) -> dict:
    coding = {name: value for name, value in (("system", system), ("code", code)) if value}
    return ({"coding": [coding]} if coding else {}) | ({"text": label} if label else {})


def _seconds(name: str, value: float) -> dict:
    quantity = {
        "value": round(value),
        "unit": "s",
        "system": "http://unitsofmeasure.org",
        "code": "s",
    }
    return {"name": name, "valueDuration": quantity}
