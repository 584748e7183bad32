"""The only code that writes resources and their versions.

One statement writes the row, its version, which is also the event of the change feed, and the rows
of other tables that hang on it: a version costs next to nothing over the row alone when they go
together (design.md §3). There is no NOTIFY in a write: it takes group commit away.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import uuid_utils
from django.db import transaction
from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb

from fhir import json, sql
from fhir.access import columns_of
from fhir.actor import Actor
from fhir.datatypes import ID, to_instant
from fhir.errors import Conflict, Gone, NotFound
from fhir.models import ClinicalResource, Resource, ResourceVersion
from fhir.resources import ResourceType
from fhir.scopes import allows, check_scope


class Stored(NamedTuple):
    """A resource as it lies in the database; `document` is the JSON text that is sent."""

    row_id: int
    resource_type: str
    resource_id: str
    version_id: int
    last_updated: datetime
    deleted: bool
    document: str

    @property
    def reference(self) -> str:
        return f"{self.resource_type}/{self.resource_id}"

    def parsed(self) -> dict:
        return json.loads_stored(self.document)


def new_id() -> str:
    """A server-made id: a UUIDv7, so that new rows lie together in the index."""
    return str(uuid_utils.uuid7())


COLUMNS = "id, resource_id, version_id, last_updated, deleted, document"


def _table(model: type[Resource]) -> str:
    return model._meta.db_table


def _of_type(model: type[Resource], name: str) -> str:
    """What a ClinicalResource row must be besides. The name comes from the official definitions."""
    return f" and resource_type = '{name}'" if model is ClinicalResource else ""


def find(
    resource_type: ResourceType, resource_id: str, *, actor: Actor, lock: bool = False
) -> Stored | None:
    """The resource, deleted or not, or None when the actor may not see it or it never was.

    `lock` takes the row for the rest of the transaction.
    """
    if not ID.fullmatch(resource_id):
        return None
    model = resource_type.model
    condition, params = model.readable_condition(actor).for_table(_table(model), columns_of(model))
    statement = (
        f"select {COLUMNS} from {_table(model)} where resource_id = %s"
        f"{_of_type(model, resource_type.name)} and {condition}"
        + (f" for update of {_table(model)}" if lock else "")
    )
    found = sql.rows(statement, (resource_id, *params))
    if lock and not found:
        # Whoever waited for the lock judged by the permissions of before: the change that it
        # waited for may have given the actor this very resource.
        found = sql.rows(statement, (resource_id, *params))
    if not found:
        return None
    row_id, *rest = found[0]
    return Stored(row_id, resource_type.name, *rest)


def find_all(resource_type: ResourceType, ids: Iterable[str], *, actor: Actor) -> list[Stored]:
    """Those of `ids`, in their order, that are not deleted and that the actor may see: one query."""
    if not allows(actor, resource_type.name, "r"):
        return []
    model = resource_type.model
    condition, params = model.readable_condition(actor).for_table(_table(model), columns_of(model))
    wanted = list(ids)
    rows = sql.rows(
        f"select {COLUMNS} from {_table(model)} where resource_id = any(%s) and not deleted"
        f"{_of_type(model, resource_type.name)} and {condition}",
        (wanted, *params),
    )
    found = {row[1]: Stored(row[0], resource_type.name, *row[1:]) for row in rows}
    return [found[each] for each in wanted if each in found]


def documents(
    model: type[Resource], condition: str, params: Sequence, *, actor: Actor, limit: int
) -> list[dict]:
    """The documents of the rows that an SQL condition chooses, with the order that it ends in.

    Of a model of its own type; of those that are not deleted and that the actor may see. It is
    prepared, unlike a query of Django's, so the condition is of a fixed text.
    """
    seen, seen_params = model.readable_condition(actor).for_table(_table(model), columns_of(model))
    rows = sql.rows(
        f"select document from {_table(model)} where not deleted and {seen} and {condition}"
        f" limit {int(limit)}",
        (*seen_params, *params),
    )
    return [json.loads_stored(text) for (text,) in rows]


def read(resource_type: ResourceType, resource_id: str, *, actor: Actor) -> Stored:
    """The current version. Raises NotFound, or Gone for a deleted one that the actor could see."""
    check_scope(actor, resource_type.name, "r")
    stored = find(resource_type, resource_id, actor=actor)
    if stored is None:
        raise NotFound
    if stored.deleted:
        raise Gone
    return stored


def insert(
    resource_type: ResourceType,
    resource_id: str,
    document: dict,
    *,
    actor: Actor,
    interaction: str,
    at: datetime,
) -> Stored | None:
    """Write the first version. None when there is a resource with this id already."""
    model = resource_type.model
    document = {**document, "id": resource_id}
    text = _stamped(document, resource_id, 1, at)
    values = _index_values(model, None, document) | {
        "resource_id": resource_id,
        "version_id": 1,
        "last_updated": at,
        "deleted": False,
        "document": text,
    }
    if model is ClinicalResource:
        values["resource_type"] = resource_type.name
    written = (
        f"insert into {_table(model)} ({', '.join(values)}) values ({_marks(len(values))})"
        " on conflict do nothing returning id"
    )
    row_id = _write(
        written,
        tuple(values.values()),
        model.dependent_rows(None, document),
        (resource_type.name, resource_id, 1, at, text, interaction, actor.name),
    )
    return row_id and Stored(row_id, resource_type.name, resource_id, 1, at, False, text)


def update(
    resource_type: ResourceType,
    before: Stored,
    document: dict,
    *,
    actor: Actor,
    interaction: str,
    at: datetime,
) -> Stored:
    """Write the next version over `before`, whose row is locked."""
    model = resource_type.model
    version_id = before.version_id + 1
    text = _stamped(document, before.resource_id, version_id, at)
    known = _last_document(before)
    values = _index_values(model, known, document) | {
        "version_id": version_id,
        "last_updated": at,
        "deleted": False,
        "document": text,
    }
    return _replace(
        resource_type, before, values, model.dependent_rows(known, document), actor, interaction
    )


def _last_document(before: Stored) -> dict:
    """The document that the rows of other tables belong to: a deletion leaves them, as they say
    who may know that there was something to delete."""
    if not before.deleted:
        return before.parsed()
    found = sql.rows(
        "select document from fhir_resourceversion where resource_type = %s and resource_id = %s"
        " and document <> '' order by version_id desc limit 1",
        (before.resource_type, before.resource_id),
    )
    return json.loads_stored(found[0][0])


def delete(resource_type: ResourceType, before: Stored, *, actor: Actor, at: datetime) -> Stored:
    """Write a tombstone: the row stays, so that its id is never used again."""
    values = {
        "version_id": before.version_id + 1,
        "last_updated": at,
        "deleted": True,
        "document": "",
    }
    dependents = resource_type.model.rows_after_deletion(_last_document(before))
    return _replace(resource_type, before, values, dependents, actor, "delete")


def _replace(resource_type, before, values, dependents, actor, interaction) -> Stored:
    written = (
        f"update {_table(resource_type.model)} set {', '.join(f'{name} = %s' for name in values)}"
        " where id = %s and version_id = %s returning id"
    )
    version_id, at, text = values["version_id"], values["last_updated"], values["document"]
    row_id = _write(
        written,
        (*values.values(), before.row_id, before.version_id),
        dependents,
        (
            resource_type.name,
            before.resource_id,
            version_id,
            at,
            text,
            interaction,
            actor.name,
        ),
    )
    if row_id is None:
        raise Conflict(_("Somebody else changed this resource at the same moment."))
    return before._replace(
        version_id=version_id, last_updated=at, deleted=values["deleted"], document=text
    )


def stored_types(model: type[ClinicalResource | ResourceVersion]) -> set[str]:
    """The resource types of which the model has rows, by one look at an index a type."""
    table = _table(model)
    found = sql.rows(
        f"with recursive present(name) as ("
        f"(select resource_type from {table} order by resource_type limit 1) union all"
        f" select (select t.resource_type from {table} t where t.resource_type > present.name"
        " order by t.resource_type limit 1) from present where present.name is not null)"
        " select name from present where name is not null"
    )
    return {name for (name,) in found}


def stale_columns(row: Resource) -> list[str]:
    """The index columns of `row` that are not what its document gives."""
    if row.deleted:
        return []
    document = json.loads_stored(row.document)
    values = row.index_columns(document) | row.lookup_columns(None, document)
    return [name for name, value in values.items() if getattr(row, name) != value]


@transaction.atomic
def reindex(row: Resource) -> None:
    """Derive the index columns and the rows of other tables anew; no new version."""
    model, document = type(row), json.loads_stored(row.document)
    values = _index_values(model, None, document)
    for table, column in model.derived_tables:
        sql.rows(f"delete from {table} where {column} = %s", (row.pk,))
    statements = [
        f"with written as (update {_table(model)} set "
        f"{', '.join(f'{name} = %s' for name in values)} where id = %s returning id)"
    ]
    params = (*values.values(), row.pk)
    for number, (statement, statement_params) in enumerate(model.dependent_rows(None, document)):
        statements.append(f"dependent{number} as ({statement})")
        params += statement_params
    sql.rows(", ".join(statements) + " select id from written", params)


VERSION_COLUMNS = (
    "resource_type, resource_id, version_id, last_updated, document, interaction, actor"
)


def _write(written: str, params: tuple, dependents: list, version: tuple) -> int | None:
    """Run the one statement; the id of the written row, or None when there was none to write."""
    parts = [f"with written as ({written})"]
    parts.append(
        f"version as (insert into fhir_resourceversion ({VERSION_COLUMNS}, transaction)"
        f" select {_marks(len(version), VERSION_TYPES)}, pg_current_xact_id()::text::bigint"
        " from written)"
    )
    params += version
    for number, (statement, statement_params) in enumerate(dependents):
        parts.append(f"dependent{number} as ({statement})")
        params += statement_params
    found = sql.rows(", ".join(parts) + " select id from written", params)
    return found[0][0] if found else None


VERSION_TYPES = ("text", "text", "int", "timestamptz", "text", "text", "text")


@cache
def _marks(count: int, types: tuple[str, ...] = ()) -> str:
    """`%s, %s, …`, with casts where PostgreSQL cannot see the type from a column."""
    return ", ".join(f"%s::{types[n]}" if types else "%s" for n in range(count))


def _index_values(model: type[Resource], before: dict | None, after: dict) -> dict[str, Any]:
    values = model.index_columns(after)
    values["ranges"] = Jsonb(values["ranges"])
    return values | model.lookup_columns(before, after)


def _stamped(document: dict, resource_id: str, version_id: int, at: datetime) -> str:
    """The document as it will be sent: id and meta are the server's, all else as it came."""
    meta = {**document.get("meta", {}), "versionId": str(version_id), "lastUpdated": to_instant(at)}
    body = {"resourceType": document["resourceType"], "id": resource_id, "meta": meta}
    body |= {name: value for name, value in document.items() if name not in body}
    return json.dumps(body).decode()


def now(after: datetime | None = None) -> datetime:
    """The server's time to the millisecond; never before `after`, should the clock step back."""
    at = datetime.now(UTC)
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    return at if after is None or at > after else after + timedelta(milliseconds=1)


def is_same(one: dict, other: dict) -> bool:
    """Whether two documents differ in nothing but what the server keeps in `meta`.

    1.50 and 1.5 are equal numbers and different decimals: https://hl7.org/fhir/R4/datatypes.html#decimal
    """
    one, other = _without_server_meta(one), _without_server_meta(other)
    return one == other and [*_digits(one)] == [*_digits(other)]


def _digits(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name in sorted(value):
            yield from _digits(value[name])
    elif isinstance(value, list):
        for each in value:
            yield from _digits(each)
    elif not isinstance(value, str):
        yield str(value)


def _without_server_meta(document: dict) -> dict:
    meta = {
        name: value
        for name, value in document.get("meta", {}).items()
        if name not in ("versionId", "lastUpdated")
    }
    rest = {name: value for name, value in document.items() if name != "meta"}
    return {**rest, "meta": meta} if meta else rest


def version(
    resource_type: ResourceType, resource_id: str, version_id: int, *, actor: Actor
) -> Stored:
    """One version (vread). Raises NotFound, or Gone for the version that deleted it."""
    check_scope(actor, resource_type.name, "r")
    current = find(resource_type, resource_id, actor=actor)
    if current is None:
        raise NotFound
    found = sql.rows(
        "select id, resource_id, version_id, last_updated, document = '', document"
        " from fhir_resourceversion"
        " where resource_type = %s and resource_id = %s and version_id = %s",
        (resource_type.name, resource_id, version_id),
    )
    if not found:
        raise NotFound
    row_id, *rest = found[0]
    stored = Stored(row_id, resource_type.name, *rest)
    if stored.deleted:
        raise Gone
    return stored
