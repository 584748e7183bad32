"""The rows of TaskClocks: derived from a Task's versions, and kept behind the change feed.

`derive` makes a row; everything here that writes one calls it: the follower of the feed, whoever
asks for statistics and finds that the follower is behind, and `manage.py clocks`, which compares
every row with what it gives, or writes them all anew.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import batched
from typing import Any

from django.db import transaction
from psycopg.types.json import Jsonb

from accounts import hours, pools
from fhir import feed, sql, store
from fhir.datatypes import parse_date, parse_reference
from fhir.search.references import unversioned
from fhir.store import Stored
from tasks import explanations
from tasks.clocks import (
    ELEMENTS,
    MILLISECOND,
    Clocks,
    Concept,
    Pools,
    Recorded,
    clocks,
    concept_of,
    kind_of_move,
    place_of,
)
from tasks.document import reference_of
from tasks.explanations import Explanation, Written
from tasks.models import TaskClocks

FOLLOWER = "clocks"
FOLLOWED = ("Task", "Provenance")
BATCH = 500
MOST, STEPS = 2_000, 4
"""The versions, and besides them the batches, that one request looks after before it counts."""


# --- what is read ---------------------------------------------------------------------------------


def recorded(task_ids: Collection[str]) -> dict[str, list[tuple[Recorded, Written]]]:
    """All versions of each Task, oldest first, with no more of them than clocks need.

    Of the documents only ELEMENTS are read: a Task may have thousands of versions with long notes.
    """
    columns = ", ".join(f'd."{name}"' for name in ELEMENTS)
    types = ", ".join(f'"{name}" json' for name in ELEMENTS)
    rows = sql.rows(
        "select v.resource_id, v.version_id, v.last_updated, v.actor, v.transaction,"
        f" case when v.document <> '' then array[{columns}] end"
        " from fhir_resourceversion v"
        f" left join lateral json_to_record(nullif(v.document, '')::json) d({types}) on true"
        " where v.resource_type = 'Task' and v.resource_id = any(%s)"
        " order by v.resource_id, v.version_id",
        (sorted(task_ids),),
    )
    found = defaultdict(list)
    before: dict | None = None
    for resource_id, number, at, actor, transaction_id, values in rows:
        document = None
        if values is not None:
            document = {
                name: value
                for name, value in zip(ELEMENTS, values, strict=True)
                if value is not None
            }
        if number == 1:
            before = None
        moved = bool(before and document and kind_of_move(before, document, actor))
        found[resource_id].append(
            (
                Recorded(number, at, actor, document),
                Written(number, at, actor, transaction_id, moved),
            )
        )
        before = document or before
    return found


def known_pools() -> Pools:
    """The pools and their hours as they are now, read once."""
    by_code = defaultdict(list)
    known = pools.pools_known()
    for pool_id, (_name, codes) in known.items():
        for code in codes:
            by_code[code].append(pool_id)
    open_hours = hours.hours_of(known)

    def ids_of(performer_type: list[dict]) -> Sequence[int]:
        """As accounts.pools.pool_ids."""
        found = (pool for code in pools.codes_of(performer_type) for pool in by_code.get(code, ()))
        return list(dict.fromkeys(found))

    return Pools(ids_of, lambda pool, start, end: open_hours[pool].open_seconds(start, end))


def clocks_of(stored: Stored, *, now: datetime | None = None) -> Clocks:
    """The clocks of one Task, with what goes on counted up to `now`."""
    versions = recorded([stored.resource_id])[stored.resource_id]
    at = max(now or store.now(), stored.last_updated)
    return clocks([each for each, _ in versions], pools=known_pools(), until=at)


# --- a row ----------------------------------------------------------------------------------------


def derive(
    task_id: str,
    versions: Sequence[tuple[Recorded, Written]],
    explained_by: Iterable[Explanation],
    *,
    pools: Pools,
) -> dict[str, Any]:
    """The columns of a Task's row, but for its key. Pure."""
    found = clocks([each for each, _ in versions], pools=pools)
    # Of a deleted Task, what it was last.
    document = next(each.document for each, _ in reversed(versions) if each.document)
    first = versions[0][0].document or document
    why, _ = explanations.matched(task_id, [each for _, each in versions], explained_by)
    ids = pools.ids_of(document.get("performerType", []))
    return {
        "resource_id": task_id,
        "version_id": versions[-1][0].number,
        "deleted": versions[-1][0].document is None,
        "status": document["status"],
        "priority": document.get("priority", ""),
        **_columns("code", document.get("code")),
        **_columns("stage", document.get("businessStatus")),
        **_columns("reason", document.get("statusReason")),
        "pool_id": ids[0] if ids else None,
        "owner": reference_of(document, "owner"),
        "predecessor": _predecessor(document),
        "arrived": place_of(first, pools=pools),
        "created": found.created,
        "claimed": found.claimed,
        "started": found.started,
        "ended": found.ended,
        "executed": _executed(document),
        "to_claim": found.to_claim,
        "to_start": found.to_start,
        **_ended_clocks(found),
        "reroutes": found.reroutes,
        "pools": [{"pool": pool, "ms": ms} for pool, ms in found.pools.items()],
        "stages": [
            {**_named(each.stage), "ms": each.ms, "passed": each.passed, "to_next": each.to_next}
            for each in found.stages
        ],
        "holds": [
            {**_named(each.reason), "ms": each.ms if each.ended else None} for each in found.holds
        ],
        "moves": [
            {
                "before": move.before,
                "after": move.after,
                **_named(_reason(why.get(move.number, ()))),
            }
            for move in found.moves
            if move.is_reroute
        ],
        "overdue": list(found.overdue),
    }


def _ended_clocks(found: Clocks) -> dict[str, int | None]:
    names = ("waiting", "hold", "turnaround", "working")
    return {name: getattr(found, name) if found.ended else None for name in names}


def _named(concept: Concept) -> dict[str, str]:
    return concept._asdict()


def _columns(name: str, value: dict | None) -> dict[str, str]:
    concept = concept_of(value)
    return {f"{name}_system": concept.system, name: concept.code, f"{name}_label": concept.label}


def _reason(explained_by: Iterable[Explanation]) -> Concept:
    return next((concept_of(each.reason) for each in explained_by if each.reason), Concept())


def _predecessor(document: dict) -> str:
    for reference in document.get("basedOn", []):
        try:
            target = parse_reference(reference.get("reference", ""))
        except ValueError:
            continue
        if target.is_relative and target.type == "Task":
            return target.id or ""
    return ""


def _executed(document: dict) -> int | None:
    period = document.get("executionPeriod") or {}
    start, end = period.get("start", ""), period.get("end", "")
    if len(start) <= 10 or len(end) <= 10:
        return None
    return (parse_date(end).low - parse_date(start).low) // MILLISECOND


# --- writing them ---------------------------------------------------------------------------------


def rows_of(task_ids: Collection[str], *, pools: Pools | None = None) -> Iterator[dict[str, Any]]:
    """The rows as they have to be, of those Tasks that there are."""
    pools = pools or known_pools()
    versions = recorded(task_ids)
    why = explanations.explanations_of(versions)
    for task_id, each in versions.items():
        yield derive(task_id, each, why.get(task_id, ()), pools=pools)


COLUMNS = tuple(field.column for field in TaskClocks._meta.concrete_fields if field.name != "task")
JSON_COLUMNS = ("pools", "stages", "holds", "moves")


def write(rows: Iterable[dict[str, Any]]) -> None:
    """Insert or replace rows, but never a newer one: two may be at the same Task."""
    for row in sorted(rows, key=lambda each: each["resource_id"]):
        values = [Jsonb(row[name]) if name in JSON_COLUMNS else row[name] for name in COLUMNS]
        sql.rows(WRITE, (*values, row["resource_id"]))


WRITE = (
    f"insert into tasks_taskclocks (task_id, {', '.join(COLUMNS)})"
    f" select t.id, {', '.join('%s' for _ in COLUMNS)} from tasks_task t where t.resource_id = %s"
    " on conflict (task_id) do update set "
    + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS)
    + " where tasks_taskclocks.version_id <= excluded.version_id"
)


@transaction.atomic
def refresh(task_ids: Collection[str]) -> None:
    write(rows_of(task_ids))


def handle(changes: list[feed.FeedChange]) -> None:
    """The follower of the change feed."""
    if task_ids := _tasks_of((each.resource_type, each.resource_id) for each in changes):
        refresh(task_ids)


def _tasks_of(changed: Iterable[tuple[str, str]]) -> set[str]:
    """The ids of the Tasks that are changed, or that a changed Provenance explains or explained."""
    task_ids, provenances = set(), []
    for resource_type, resource_id in changed:
        if resource_type == "Task":
            task_ids.add(resource_id)
        elif resource_type == "Provenance":
            provenances.append(resource_id)
    if provenances:
        targets = sql.rows(
            "select distinct t ->> 'reference' from fhir_resourceversion v,"
            " json_array_elements(nullif(v.document, '')::json -> 'target') t"
            " where v.resource_type = 'Provenance' and v.resource_id = any(%s)",
            (provenances,),
        )
        references = (unversioned(target or "") for (target,) in targets)
        task_ids |= {each.removeprefix("Task/") for each in references if each.startswith("Task/")}
    return task_ids


def catch_up() -> bool:
    """Bring what the follower has not come to yet up to date, as this transaction sees it.

    False when that is more than a request may do: the rows are those of some moments ago then, and
    the worker has to go on.
    """
    pending, more = feed.pending(FOLLOWER, types=FOLLOWED, limit=MOST)
    if more:
        feed.number_changes()
        for _ in range(STEPS):
            if not feed.follow(FOLLOWER):
                break
        pending, more = feed.pending(FOLLOWER, types=FOLLOWED, limit=MOST)
    if task_ids := _tasks_of(pending):
        refresh(task_ids)
    return not more


# --- proving them ---------------------------------------------------------------------------------

AT_ONCE = 500


def all_task_ids() -> Iterator[tuple[str, ...]]:
    found = sql.rows("select resource_id from tasks_task order by resource_id")
    yield from batched((resource_id for (resource_id,) in found), AT_ONCE, strict=False)


def stale(task_ids: Collection[str], *, pools: Pools) -> list[dict[str, Any]]:
    """The right rows of those Tasks whose row is not so."""
    kept = {
        row["resource_id"]: row
        for row in TaskClocks.objects.filter(task__resource_id__in=task_ids).values(*COLUMNS)
    }
    return [row for row in rows_of(task_ids, pools=pools) if kept.get(row["resource_id"]) != row]
