"""The order "most pressing", in one place: the lists and `Claim next` share it.

Stat first; then what is overdue, by priority and due time; then the rest by priority and due time
(ui.md 2.8). Each of the seven steps is one contiguous range of the index of a pool's queue, or of
an owner's Tasks, so that a page reads only what it shows.
"""

from collections.abc import Callable
from datetime import datetime

from accounts.pools import RESTRICTS_CLAIMS
from fhir import json, sql
from fhir.store import Stored
from tasks.transitions import CLAIMABLE

RANGES = (
    ("{t}.priority = 4", False),
    *((f"{{t}}.priority = {rank} and {{t}}.due < %s", True) for rank in (3, 2, 1)),
    *((f"{{t}}.priority = {rank} and {{t}}.due >= %s", True) for rank in (3, 2, 1)),
)
"""(condition on the table alias {t}, whether it takes the instant that overdue is judged by)"""

STEP = (
    "case when {t}.priority = 4 then 0 when {t}.due < %s then 4 - {t}.priority"
    " else 7 - {t}.priority end"
)
"""The number of a row's range in RANGES; takes the instant too."""


def literals(statuses) -> str:
    """A list of statuses as it stands in the partial indexes of Task."""
    return ", ".join(f"'{status}'" for status in sorted(statuses))


WAITING = f"{{t}}.owner = '' and not {{t}}.deleted and {{t}}.status in ({literals(CLAIMABLE)})"
"""Unclaimed, in literals: the planner must see that the index task_queue holds all of it."""


def lock_most_pressing(
    pool_ids: list[int], *, now: datetime, allowed: Callable[[dict], bool] | None = None
) -> Stored | None:
    """Lock and return the most pressing unclaimed Task of the pools that nobody else has locked.

    With `allowed` the first whose document it says yes to: those before it are not locked. Without
    it none, if any of the pools may keep a member from claiming.
    """
    for limit in (8, 64, 512):
        parts, params = [], []
        for step, (condition, judged) in enumerate(RANGES):
            for pool_id in pool_ids:
                where = f"{condition} and {WAITING}".format(t="q")
                parts.append(
                    f"(select q.id, {step} step, q.priority, q.due, q.resource_id"
                    f" from tasks_task q where q.pool_id = %s and {where}"
                    f" order by q.priority desc, q.due, q.resource_id limit {limit})"
                )
                params += [pool_id, now] if judged else [pool_id]
        if not parts:
            return None
        # Tasks that wait in one of the pools besides the one that their row names.
        parts.append(
            f"(select q.id, {STEP} step, q.priority, q.due, q.resource_id"
            " from tasks_taskpool s join tasks_task q on q.id = s.task_id"
            f" where s.pool_id = any(%s) and {WAITING}"
            f" order by step, q.priority desc, q.due, q.resource_id limit {limit})".format(t="q")
        )
        params += [now, pool_ids]
        candidates = (
            "with candidate as materialized (select * from ("
            + " union all ".join(parts)
            + f") c order by step, priority desc, due, resource_id limit {limit})"
        )
        if allowed is None:
            found = _lock_first(candidates, params, NOT_RESTRICTED, pool_ids)
        else:
            found = _lock_allowed(candidates, params, allowed)
        if found:
            return found
    return None


NOT_RESTRICTED = (
    "not exists (select 1 from accounts_pool p where p.id = any(%s::bigint[])"
    f" and {RESTRICTS_CLAIMS})"
)


def _lock_first(
    candidates: str, params: list, condition: str = "true", *condition_params
) -> Stored | None:
    """The first candidate that can be locked and still waits, if the condition holds."""
    found = sql.rows(
        f"{candidates} select t.id, t.resource_id, t.version_id, t.last_updated, t.deleted,"
        " t.document from candidate c join tasks_task t on t.id = c.id"
        f" where {WAITING.format(t='t')} and {condition} order by c.step, c.priority desc, c.due, c.resource_id"
        " limit 1 for update of t skip locked",
        (*params, *condition_params),
    )
    if not found:
        return None
    row_id, *rest = found[0]
    return Stored(row_id, "Task", *rest)


def _lock_allowed(candidates: str, params: list, allowed: Callable[[dict], bool]) -> Stored | None:
    """The first that is allowed and can be locked."""
    found = sql.rows(
        f"{candidates} select t.id, t.document from candidate c join tasks_task t on t.id = c.id"
        " order by c.step, c.priority desc, c.due, c.resource_id",
        params,
    )
    one = (
        "with candidate as (select q.id, 0 step, q.priority, q.due, q.resource_id"
        " from tasks_task q where q.id = %s)"
    )
    for row_id, text in found:
        if allowed(json.loads_stored(text)) and (locked := _lock_first(one, [row_id])):
            return locked
    return None
