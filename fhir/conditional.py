"""Interactions with the one resource that meets search criteria, instead of an id.

The criteria are searched as the actor, so that they tell nothing of what may not be seen, and every
parameter must be known: one that is left out would make them match more. Until the end of the
transaction, nobody else can act on the same criteria: of equal conditional creates, one creates.
https://hl7.org/fhir/R4/http.html#ccreate · https://hl7.org/fhir/R4/http.html#cond-update
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from fhir import actions, resources, sql, store
from fhir.actor import Actor
from fhir.errors import FhirError, InvalidSearch, MalformedRequest
from fhir.resources import ResourceType
from fhir.scopes import check_scope
from fhir.search.chains import fetch, rows_of
from fhir.search.filters import Scope
from fhir.search.parse import parse_query
from fhir.store import Stored


class SeveralMatches(FhirError):
    """The criteria match several resources, where one is needed."""

    status = 412
    code = "multiple-matches"


def create(
    type_name: str, document: Any, criteria: str, *, actor: Actor, base: str
) -> tuple[Stored, bool]:
    """The resource that meets the criteria, or a new one; and whether it is new."""
    with one(type_name, criteria, actor=actor, base=base) as resource_id:
        if resource_id is None:
            return actions.create(type_name, document, actor=actor), True
        return store.read(resources.get(type_name), resource_id, actor=actor), False


def update(
    type_name: str,
    document: Any,
    criteria: str,
    *,
    actor: Actor,
    base: str,
    if_match: list[int] | None = None,
) -> tuple[Stored, bool]:
    """Replace the resource that meets the criteria, or create one; and whether it is new."""
    named = document.get("id") if isinstance(document, dict) else None
    with one(type_name, criteria, actor=actor, base=base) as resource_id:
        if resource_id is None and named is None:
            return actions.create(type_name, document, actor=actor), True
        resource_id = resource_id or named
        document = with_id(document, type_name, resource_id)
        return actions.put(type_name, resource_id, document, actor=actor, if_match=if_match)


def with_id(document: Any, type_name: str, resource_id: str) -> Any:
    """The document with the id of what its criteria match. Raises MalformedRequest for another."""
    if not isinstance(document, dict):
        return document
    if document.get("id") not in (None, resource_id):
        raise MalformedRequest(
            "The id in the body is not that of the resource that meets the criteria.",
            expression=f"{type_name}.id",
        )
    return {**document, "id": resource_id}


@contextmanager
def one(type_name: str, criteria: str, *, actor: Actor, base: str) -> Iterator[str | None]:
    """A transaction with the id of the one resource that meets the criteria, or None.

    Raises SeveralMatches, and InvalidSearch for criteria that are none.
    """
    with transaction.atomic():
        yield locked_match(type_name, criteria, actor=actor, base=base)


def locked_match(type_name: str, criteria: str, *, actor: Actor, base: str) -> str | None:
    """The same inside a transaction that is open already: what follows is a write."""
    resource_type = resources.get(type_name)
    actions.check_writer(actor)
    sql.rows("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"{type_name}?{criteria}",))
    return match(resource_type, criteria, actor=actor, base=base)


def match(resource_type: ResourceType, criteria: str, *, actor: Actor, base: str) -> str | None:
    """The id, for a reference by criteria too. Raises Forbidden unless the token may search."""
    check_scope(actor, resource_type.name, "s")
    clauses = parse_query(criteria).clauses
    if not clauses:
        raise InvalidSearch("The criteria name no search parameter.")
    scope = Scope(resource_type.name, actor, base)
    plan = resource_type.search().plan(clauses, scope, sorted_by=True)
    rows = rows_of(resource_type, plan.condition).readable_by(actor).values_list("resource_id")
    found = fetch(rows[:2])
    if len(found) > 1:
        raise SeveralMatches
    return found[0][0] if found else None
