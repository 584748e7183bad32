"""The change feed: every version has a number, and followers take them in turn.

Numbers are given after the write, not in it: a counter in each write would make writers wait for
each other. They follow (transaction, id) of versions below the oldest running transaction, so that
nothing that commits late is skipped (design.md §3), and have no gaps.
"""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import OperationalError, transaction

from fhir import json, sql

logger = logging.getLogger(__name__)

SETTLED = "v.transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
"""Of a version `v`: no transaction that still runs can come before it."""


class FeedChange(NamedTuple):
    """One version in the feed; `document` is its JSON text, "" for a deletion."""

    number: int
    resource_type: str
    resource_id: str
    version_id: int
    last_updated: datetime
    interaction: str
    actor: str
    document: str

    @property
    def reference(self) -> str:
        return f"{self.resource_type}/{self.resource_id}"

    def parsed(self) -> dict:
        """The document. Not for a deletion."""
        return json.loads_stored(self.document)


class Follower(NamedTuple):
    handle: Callable[[list[FeedChange]], None]
    batch: int
    from_start: bool


_followers: dict[str, Follower] = {}
_asleep: dict[str, tuple[float, float]] = {}
"""Name of a follower that failed → (when to try again, the pause before that), in seconds."""
LONGEST_PAUSE = 30.0


def add_follower(
    name: str,
    handle: Callable[[list[FeedChange]], None],
    *,
    batch: int = 100,
    from_start: bool = False,
) -> None:
    """Have `handle` called with each batch of changes, in order, by the worker.

    Called in one transaction together with the move of the follower's cursor: what it writes, and
    that it has seen the changes, are kept both or not at all. When it raises, the same changes come
    again later. A new follower starts at the present end, or `from_start`.
    """
    _followers[name] = Follower(handle, batch, from_start)


def number_changes(limit: int = 5000) -> int:
    """Give the next numbers to the versions that have none yet; how many. One does it at a time."""
    known = "select 1 from fhir_numbering n, pg_control_system() c"
    is_known = sql.rows(f"{known} where n.system_identifier = c.system_identifier")
    return _number_next(limit, None if is_known else _last_of_all())


@transaction.atomic
def _last_of_all() -> int:
    """The id of a version before which none will appear any more: writers are waited for."""
    sql.rows("set local lock_timeout = '2s'")
    sql.rows("lock table fhir_resourceversion in share mode")
    return sql.rows("select coalesce(max(id), 0) from fhir_resourceversion")[0][0]


@transaction.atomic
def _number_next(limit: int, known_until: int | None) -> int:
    """`known_until`, of a cluster that is new to the database, is the last id that it began with.

    In a restored backup transaction ids are of another cluster and say nothing here: what it holds
    is numbered at once, and only what comes after it is compared by them.
    """
    sql.rows("insert into fhir_numbering (id) values (1) on conflict do nothing")
    [(number, transaction_id, version_id, after, known_cluster, cluster)] = sql.rows(
        "select n.number, n.transaction, n.version_id, n.after_version_id, n.system_identifier,"
        " c.system_identifier from fhir_numbering n, pg_control_system() c for update of n"
    )
    if known_cluster != cluster and known_until is not None:
        unnumbered = "not exists (select 1 from fhir_change c where c.version_id = v.id)"
        last = _number(f"v.id <= %s and {unnumbered}", (known_until,), number, None)
        count = last[0] - number if last else 0
        sql.rows(
            "update fhir_numbering set number = %s, transaction = 0, version_id = 0,"
            " system_identifier = %s, after_version_id = %s",
            (number + count, cluster, known_until),
        )
        return count
    last = _number(
        f"(v.transaction, v.id) > (%s, %s) and v.id > %s and {SETTLED}",
        (transaction_id, version_id, after),
        number,
        limit,
    )
    if last is None:
        return 0
    sql.rows("update fhir_numbering set number = %s, transaction = %s, version_id = %s", last)
    return last[0] - number


def _number(where: str, params: tuple, number: int, limit: int | None) -> tuple | None:
    """Number the versions `v` after `number`; (number, transaction, version) of the last, if any."""
    found = sql.rows(
        "with settled as (select v.id, v.transaction from fhir_resourceversion v"
        f" where {where} order by v.transaction, v.id limit %s::bigint),"
        " numbered as (insert into fhir_change (number, version_id)"
        " select %s + row_number() over (order by transaction, id), id from settled"
        " returning number, version_id)"
        " select n.number, s.transaction, s.id from numbered n join settled s on s.id = n.version_id"
        " order by n.number desc limit 1",
        (*params, limit, number),
    )
    return found[0] if found else None


def latest() -> int:
    """The last number that was given; 0 before the first."""
    return sql.rows("select coalesce(max(number), 0) from fhir_change")[0][0]


def changes(after: int, limit: int, *, types: Iterable[str] | None = None) -> list[FeedChange]:
    """The next changes after a number, of some resource types or of all, in order."""
    names = None if types is None else list(types)
    found = sql.rows(
        "select c.number, v.resource_type, v.resource_id, v.version_id, v.last_updated,"
        " v.interaction, v.actor, v.document"
        " from fhir_change c join fhir_resourceversion v on v.id = c.version_id"
        " where c.number > %s and (%s::text[] is null or v.resource_type = any(%s::text[]))"
        " order by c.number limit %s",
        (after, names, names, limit),
    )
    return [FeedChange(*row) for row in found]


def pending(name: str, *, types: Iterable[str], limit: int) -> tuple[list[tuple[str, str]], bool]:
    """The (type, id) of what has changed since a follower was there, as this transaction sees it,
    whether it has a number yet or not; and whether there are more than `limit` versions of it.

    For those whose answer must not wait for the follower.
    """
    named = list(types)
    found = sql.rows(
        "(select v.resource_type, v.resource_id from fhir_change c"
        " join fhir_resourceversion v on v.id = c.version_id"
        " where c.number > coalesce((select number from fhir_feedcursor where name = %s), 0)"
        " and v.resource_type = any(%s) order by c.number limit %s)"
        " union all"
        " (select v.resource_type, v.resource_id from fhir_resourceversion v"
        " where (v.transaction, v.id) > (coalesce((select transaction from fhir_numbering), 0),"
        " coalesce((select version_id from fhir_numbering), 0))"
        " and v.id > coalesce((select after_version_id from fhir_numbering), 0)"
        " and v.resource_type = any(%s) order by v.transaction, v.id limit %s)",
        (name, named, limit + 1, named, limit + 1),
    )
    return list(dict.fromkeys(found[:limit])), len(found) > limit


@transaction.atomic
def follow(name: str) -> int:
    """Hand the next changes to one follower; how many. 0 when another worker is at it."""
    follower = _followers[name]
    sql.rows(
        "insert into fhir_feedcursor (name, number) values (%s, %s) on conflict do nothing",
        (name, 0 if follower.from_start else latest()),
    )
    found = sql.rows(
        "select number from fhir_feedcursor where name = %s for update skip locked", (name,)
    )
    batch = changes(found[0][0], follower.batch) if found else []
    if batch:
        follower.handle(batch)
        sql.rows("update fhir_feedcursor set number = %s where name = %s", (batch[-1].number, name))
    return len(batch)


def run_followers() -> int:
    """Number what is new and take one step with each follower; how many changes were handled.

    A follower that fails rests, for longer each time, and keeps no other from going on.
    """
    handled = number_changes()
    for name in _followers:
        wake_at, pause = _asleep.get(name, (0.0, 0.5))
        if time.monotonic() < wake_at:
            continue
        try:
            handled += follow(name)
            _asleep.pop(name, None)
        except OperationalError:
            raise  # The database went away: the loop connects anew.
        except Exception:  # One follower's fault must not stop the feed of the others.
            logger.exception("The follower %s failed; it will be tried again.", name)
            _asleep[name] = (time.monotonic() + pause, min(2 * pause, LONGEST_PAUSE))
    return handled


def step() -> bool:
    """The worker's loop (fhir.loops): whether there was something to do."""
    return run_followers() > 0
