"""Conditions on other resources: `owner:Practitioner.family=x` and `_has:Task:subject:status=x`.

Whatever is joined passes through `readable_by` of its own type. The ids that match are looked up
first, and when they are few they become a condition that an index can answer.

https://hl7.org/fhir/R4/search.html#chaining · https://hl7.org/fhir/R4/search.html#has
"""

from dataclasses import replace

from django.core.exceptions import EmptyResultSet
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from fhir import access, definitions, resources, sql
from fhir.errors import InvalidSearch
from fhir.models import ClinicalResource
from fhir.resources import ResourceType
from fhir.search import words
from fhir.search.expressions import NEVER, Sql, is_any_of, literal
from fhir.search.filters import ReferenceFilter, Scope, any_of
from fhir.search.parse import Clause
from fhir.store import stored_types

FEW = 1_000


def rows_of(resource_type: ResourceType, condition: Q) -> QuerySet:
    """What meets the condition, of what may be found of a type; deleted resources never are."""
    condition = Q(deleted=False) & condition
    if resource_type.model is ClinicalResource:
        condition &= Q(resource_type=resource_type.name)
    return resource_type.model.objects.filter(condition)


def fetch(rows: QuerySet) -> list[tuple]:
    """The rows of a `values_list`, without the ORM's way to them."""
    statement, params = united([rows])
    # Planned anew for its values: a plan for any code or owner is a bad one for most.
    return sql.rows(statement, params, prepare=False) if statement else []


def united(parts: list[QuerySet]) -> tuple[str, list]:
    """The SQL of all the parts together; empty when none of them can have rows."""
    statements, params = [], []
    for part in parts:
        try:
            statement, of_part = part.query.sql_with_params()
        except EmptyResultSet:
            continue
        statements.append(statement)
        params += of_part
    if len(statements) == 1:
        return statements[0], params
    return " union all ".join(f"({statement})" for statement in statements), params


def chained(filter_: ReferenceFilter, clause: Clause, scope: Scope) -> Q:
    """`reference.parameter=value`: by the Type that is named, or else by each that there may be."""
    if clause.modifier and clause.modifier not in filter_.target_types:
        raise InvalidSearch(f"{clause.key}: the reference cannot lead to this type.")
    types = [clause.modifier] if clause.modifier else _types_with(filter_, clause.chain)
    if not types:
        raise InvalidSearch(f"{clause.key}: nothing that it leads to has this parameter.")
    if len(types) > 1:
        types = sorted(_types_with_rows().intersection(types))
        scope = replace(scope, ways=scope.ways * len(types))
    if scope.ways > MAX_WAYS:
        raise InvalidSearch(f"{clause.key} leads to too many types: name them, as in subject:Type.")
    return any_of([_chained_to(name, filter_, clause, scope) for name in types])


MAX_WAYS = 200
"""The types that the links of a chain may lead to, multiplied; each is a query of its own."""


def _types_with(filter_: ReferenceFilter, clause: Clause) -> list[str]:
    """The types that the reference may lead to and that have the chain's next parameter."""
    if filter_.only:
        return [filter_.only]
    if clause.name == "_has" or clause.name in words.PARAMETERS:
        return sorted(filter_.target_types)
    found = {
        type_name: parameters[clause.name].type
        for type_name in filter_.target_types
        if clause.name in (parameters := definitions.search_parameters(type_name))
    }
    if len(set(found.values())) > 1:
        raise InvalidSearch(f"{clause.key} means different things: name the type of the reference.")
    return sorted(found)


def _types_with_rows() -> set[str]:
    """The types of which there may be anything."""
    own = {each.name for each in resources.all_types() if each.model is not ClinicalResource}
    return own | stored_types(ClinicalResource)


def _chained_to(type_name: str, filter_: ReferenceFilter, clause: Clause, scope: Scope) -> Q:
    target = resources.get(type_name)
    matching = _matching(target, clause.chain, scope)
    few = _first(matching, "resource_id")
    if few == []:
        return NEVER
    found = Q()
    if few is not None:
        found = filter_.is_any([f"{type_name}/{row[0]}" for row in few])
        if not access.readable(target.model, scope.actor):
            return found
    # The row itself must be readable. When it shows what it points at, nothing else need be asked.
    column = resources.get(scope.resource_type).model.reveals
    shown = Q(_named_in(column, type_name)) if column else None
    readable = matching.readable_by(scope.actor, shown=shown)
    return found & _any(readable.filter(Q(filter_.leads_to(type_name))), scope)


def _any(rows: QuerySet, scope: Scope) -> Q:
    """There is such a row. Where rows are read in order, it is asked of each that is looked at: as
    EXISTS it would become a join, which finds all that there are before the first is given.
    """
    if not scope.in_order:
        return Q(Exists(rows))
    return Q(Sql("{0} is not null", Subquery(rows.values("pk")[:1])))


def _named_in(column: str, type_name: str) -> Sql:
    """In a subquery on rows of the type: a column of the outer row has this one's `Type/id`."""
    return Sql(
        f'({literal(type_name + "/")} || {{0}}) collate "default" = any({{1}})',
        F("resource_id"),
        OuterRef(column),
    )


def has(clause: Clause, scope: Scope) -> Q:
    """Resources that a `Type` points at by `reference`, where that Type's rest of it holds."""
    type_name, _, reference = clause.modifier.partition(":")
    if type_name not in definitions.resource_types():
        raise InvalidSearch("_has names a type that R4 does not have.")
    source = resources.get(type_name)
    filter_ = source.search().base_filters.get(reference)
    if not isinstance(filter_, ReferenceFilter):
        raise InvalidSearch(f"{clause.key}: {type_name} has no such reference.")
    if scope.resource_type not in filter_.target_types:
        raise InvalidSearch(f"{clause.key}: the reference cannot lead to {scope.resource_type}.")
    matching = _matching(source, clause.chain, scope)
    few = _first(matching, filter_.source)
    if few == []:
        return NEVER
    found = Q()
    if few is not None:
        start = f"{scope.resource_type}/"
        references = {each for (value,) in few for each in filter_.references_in(value)}
        ids = sorted(each.removeprefix(start) for each in references if each.startswith(start))
        found = is_any_of("resource_id", ids)
    readable = matching.readable_by(scope.actor)
    return found & _any(readable.filter(Q(filter_.comes_from(scope.resource_type))), scope)


def _matching(resource_type: ResourceType, clause: Clause, scope: Scope) -> QuerySet:
    """What meets one clause, of a type that a reference leads to or comes from."""
    if clause.name in words.PARAMETERS:
        words.check_affordable(rows_of(resource_type, Q()))
    inside = replace(scope, resource_type=resource_type.name)
    return rows_of(resource_type, resource_type.search().condition(clause, inside))


def _first(matching: QuerySet, column: str) -> list[tuple] | None:
    """The rows, or None when they are more than a few."""
    found = fetch(matching.order_by().values_list(column)[: FEW + 1])
    return found if len(found) <= FEW else None
