"""Whether documents meet the criteria of a search, be they stored so now or long ago.

A version of the past is no row any more. Its index columns are derived anew and stand in for the
table in the same SQL that a search would run, so that criteria mean the same here as there. What
chains lead to is looked at as it is now.
"""

from collections.abc import Sequence

from fhir import json, resources, sql
from fhir.actor import Actor
from fhir.errors import InvalidSearch
from fhir.models import ClinicalResource
from fhir.resources import ResourceType
from fhir.search.answer import blaming_clauses
from fhir.search.chains import rows_of, united
from fhir.search.filters import Scope
from fhir.search.parse import RESULT_PARAMETERS, blamed, parse_query
from fhir.search.searchset import all_of


def check_criteria(type_name: str, criteria: str, *, actor: Actor, base: str = "") -> None:
    """Raise InvalidSearch, or NotFound for no resource type, unless criteria can be matched."""
    _condition(resources.get(type_name), criteria, actor, base)


def as_rows(type_name: str, documents: Sequence[dict]) -> str:
    """The rows that the documents would be, for `matching` them against several criteria."""
    resource_type = resources.get(type_name)
    # The version of a row is the place of its document in the list.
    return json.dumps(
        [_row(resource_type, document, n) for n, document in enumerate(documents)]
    ).decode()


def matching(
    type_name: str,
    criteria: str,
    documents: Sequence[dict],
    *,
    actor: Actor,
    base: str = "",
    rows: str | None = None,
) -> list[bool]:
    """Of each document, whether it meets the criteria, a query string; the empty one asks nothing.

    Every parameter must be known, as one that is left out would make more of them match. `actor`
    is who follows chains. Raises InvalidSearch.
    """
    if not documents:
        return []
    resource_type = resources.get(type_name)
    condition = _condition(resource_type, criteria, actor, base)
    table = f'"{resource_type.model._meta.db_table}"'
    statement, params = united([rows_of(resource_type, condition).values("version_id")])
    if not statement:  # nothing can meet it
        return [False] * len(documents)
    head, from_table, where = statement.partition(f" FROM {table}")
    found = sql.rows(
        f"{head} FROM jsonb_populate_recordset(null::{table}, %s::jsonb) as {table}{where}",
        (as_rows(type_name, documents) if rows is None else rows, *params),
        prepare=False,
    )
    places = {place for (place,) in found}
    return [n in places for n in range(len(documents))]


def _condition(resource_type: ResourceType, criteria: str, actor: Actor, base: str):
    query = parse_query(criteria)
    for name, _ in query.pairs:
        if name in RESULT_PARAMETERS:
            raise InvalidSearch(f"{name} is no criterion.", expression=blamed(name))
    search_set, scope = resource_type.search(), Scope(resource_type.name, actor, base)
    with blaming_clauses(search_set, query.clauses, scope):
        return all_of([found for _, found in search_set.conditions(query.clauses, scope)])


def _row(resource_type: ResourceType, document: dict, place: int) -> dict:
    model, meta = resource_type.model, document.get("meta", {})
    row = model.index_columns(document) | model.lookup_columns(None, document)
    row |= {
        "id": 0,
        "resource_id": document.get("id", ""),
        "version_id": place,
        "last_updated": meta.get("lastUpdated"),
        "deleted": False,
        "document": json.dumps(document).decode(),
    }
    if model is ClinicalResource:
        row["resource_type"] = resource_type.name
    return row
