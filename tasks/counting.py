"""The SQL of Task/$stats: one statement over the rows of TaskClocks that a search finds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fhir import sql
from fhir.access import columns_of
from fhir.actor import Actor
from tasks.models import Task
from tasks.periods import Period, Trend

CLOCKS = {
    "to-claim": "to_claim",
    "to-start": "to_start",
    "waiting": "waiting",
    "hold": "hold",
    "turnaround": "turnaround",
    "working": "working",
}
"""Code → column."""
OF_COMPLETED = ("waiting", "hold", "turnaround", "working")
"""Of these only Tasks that were completed are counted: others did not go all the way."""
MOST_GROUPS = 100

SHARES = "percentile_cont(array[0.5, 0.75, 0.9]) within group (order by {})"
LABEL = "case when {0}code = '' then {0}label else '' end"
"""What stands for a concept without a code."""

GROUPS = {
    "type": (
        "c.code_system as system, c.code, max(c.code_label) as label",
        "c.code_system, c.code, case when c.code = '' then c.code_label else '' end",
    ),
    "pool": ("c.pool_id as pool", "c.pool_id"),
    "owner": ("c.owner", "c.owner"),
    "week": ("{week} as week", "{week}"),
}
"""What Tasks can be divided by: (columns, what to group by)."""
STAGE = "stage"
"""Tasks can be divided by pool and stage, too: one counts for each stage that it had."""
WEEK = "to_char(date_trunc('week', c.created at time zone '{zone}'), 'YYYY-MM-DD')"


@dataclass(frozen=True)
class Found:
    """`where` is a condition on TaskClocks `c`: the Tasks that a search finds and the actor may
    read."""

    where: str
    params: Sequence[Any]
    period: Period
    pool_id: int | None = None

    def rows(self, *, whole_period: bool = True) -> tuple[str, list]:
        """The same of the Tasks that were asked for in the period, or of all that there were in it."""
        parts, params = [self.where], [*self.params]
        if self.pool_id is not None:
            parts.append("c.pool_id = %s")
            params.append(self.pool_id)
        if self.period.end:
            parts.append("c.created < %s")
            params.append(self.period.end)
        if self.period.start and whole_period:
            parts.append("c.created >= %s")
            params.append(self.period.start)
        return " and ".join(parts), params


@dataclass
class Counted:
    """Rows by the names of their columns."""

    total: int = 0
    statuses: list[dict] = field(default_factory=list)
    priorities: list[dict] = field(default_factory=list)
    concepts: dict[str, list[dict]] = field(default_factory=dict)
    """By the name of the search parameter."""
    executed: dict = field(default_factory=dict)
    whole: dict = field(default_factory=dict)
    waits: list[dict] = field(default_factory=list)
    limits: list[dict] = field(default_factory=list)
    stages: list[dict] = field(default_factory=list)
    reasons: dict[str, list[dict]] = field(default_factory=dict)
    moves: list[dict] = field(default_factory=list)
    overdue: list[dict] = field(default_factory=list)
    groups: dict[str, list[dict]] = field(default_factory=dict)


def count(found: Found, groups: Sequence[str], trend: Trend, *, actor: Actor) -> Counted:
    """Everything but the trend is of one snapshot and one look at the rows."""
    condition, params = found.rows()
    readable, readable_params = Task.readable_condition(actor).for_table("t", columns_of(Task))
    parts: dict[str, tuple[str, Sequence]] = {
        "status": (_of_column("status"), ()),
        "priority": (_of_column("priority"), ()),
        "code": (_of_concept("code_", "c.code"), ()),
        "business-status": (_of_concept("stage_", "c.stage"), ()),
        "status-reason": (_of_concept("reason_", "c.reason"), ()),
        "executed": (EXECUTED, ()),
        "whole": (f"select {_figures()} from picked c", ()),
        "waits": (WAITS, ()),
        "limits": (LIMITS, ()),
        "stages": (STAGES, ()),
        "hold-reason": (HOLDS, ()),
        **{name: (_of_reason(status), ()) for name, status in ENDS.items()},
        "moves": (MOVES.format(readable=readable), readable_params),
        **{name: (_of_group(name, str(trend.zone)), ()) for name in groups},
    }
    selected = ", ".join(
        f"(select coalesce(json_agg(r), '[]') from ({text}) r)" for text, _ in parts.values()
    )
    [values] = sql.rows(
        f"with picked as materialized (select c.* from tasks_taskclocks c where {condition})"
        f" select {selected}",
        [*params, *(param for _, of_part in parts.values() for param in of_part)],
        prepare=False,
    )
    rows = dict(zip(parts, values, strict=True))
    [whole], [executed] = rows["whole"], rows["executed"]
    return Counted(
        total=whole["count"],
        statuses=rows["status"],
        priorities=rows["priority"],
        concepts={name: rows[name] for name in ("code", "business-status", "status-reason")},
        executed=executed,
        whole=whole,
        waits=rows["waits"],
        limits=rows["limits"],
        stages=rows["stages"],
        reasons={name: rows[name] for name in rows if name.endswith("-reason") and name in REASONS},
        moves=rows["moves"],
        overdue=_overdue(found, trend),
        groups={name: rows[name] for name in groups},
    )


ENDS = {"cancel-reason": "cancelled", "reject-reason": "rejected", "fail-reason": "failed"}
REASONS = ("hold-reason", *ENDS)


def _of_column(name: str) -> str:
    return (
        f"select {name} as key, count(*) from picked where {name} <> ''"
        f" group by 1 order by 2 desc, 1"
    )


def _of_concept(prefix: str, code: str, where: str = "true") -> str:
    return (
        f"select c.{prefix}system as system, {code} as code, max(c.{prefix}label) as label, count(*)"
        f" from picked c where {where} and (c.{prefix}system, {code}, c.{prefix}label)"
        f" <> ('', '', '') group by 1, 2, case when {code} = '' then c.{prefix}label end"
        f" order by 4 desc, 1, 2, 3 limit {MOST_GROUPS}"
    )


def _of_reason(status: str) -> str:
    """Those without a reason as well."""
    return (
        "select c.reason_system as system, c.reason as code, max(c.reason_label) as label, count(*)"
        f" from picked c where c.status = '{status}'"
        " group by 1, 2, case when c.reason = '' then c.reason_label end"
        f" order by 4 desc, 1, 2, 3 limit {MOST_GROUPS}"
    )


def _figures() -> str:
    """How many, and each clock."""
    columns = ["count(*)", "count(c.ended) as ended", "coalesce(sum(c.reroutes), 0) as reroutes"]
    columns.append("count(*) filter (where c.reroutes > 0) as rerouted")
    for column in CLOCKS.values():
        value = f"c.{column}"
        if column in OF_COMPLETED:
            value = f"case when c.status = 'completed' then c.{column} end"
        columns.append(f"count({value}) as {column}_count, {SHARES.format(value)} as {column}")
    return ", ".join(columns)


def _of_group(name: str, zone: str) -> str:
    if name == STAGE:
        return OF_STAGES
    week = WEEK.format(zone=zone.replace("'", ""))
    columns, key = (each.format(week=week) for each in GROUPS[name])
    order = "week desc" if name == "week" else f"count desc, {key}"
    return (
        f"select {columns}, {_figures()} from picked c group by {key} order by {order}"
        f" limit {MOST_GROUPS}"
    )


EXECUTED = f"""
    select count(executed), {SHARES.format("executed")} as shares
    from picked where status = 'completed'
"""
WAITS = f"""
    select w.pool, count(*), {SHARES.format("w.ms")} as shares
    from picked c, jsonb_to_recordset(c.pools) w(pool bigint, ms bigint)
    where c.pools <> '[]' and (c.ended is not null or c.owner <> '')
    group by w.pool order by count desc, w.pool
"""
LIMITS = f"""
    select c.pool_id as pool, l.priority, l.minutes, count(*), {SHARES.format("c.to_claim")} as shares,
        count(*) filter (where c.to_claim <= l.minutes * 60000::bigint) as within
    from picked c join accounts_pool p on p.id = c.pool_id
    join lateral (values ('stat', p.sla_stat), ('asap', p.sla_asap), ('urgent', p.sla_urgent),
        ('routine', p.sla_routine)) l(priority, minutes)
        on l.priority = coalesce(nullif(c.priority, ''), 'routine') and l.minutes is not null
    where c.to_claim is not null or c.claimed is null and c.ended is null
        and c.created < now() - l.minutes * interval '1 minute'
    group by 1, 2, 3 order by 1, array_position(array['stat', 'asap', 'urgent', 'routine'], l.priority)
"""
"""What was claimed, and what waits longer than it may: how much of it was claimed in time."""
STAGES = f"""
    select c.code_system as type_system, c.code as type_code, max(c.code_label) as type_label,
        case when c.code = '' then c.code_label else '' end as type_text,
        s.system, s.code, max(s.label) as label,
        case when s.code = '' then s.label else '' end as text,
        count(*), count(*) filter (where s.passed) as passed,
        percentile_cont(0.5) within group (order by s.to_next) as to_next,
        {SHARES.format("case when s.passed or c.ended is not null then s.ms end")} as shares
    from picked c, jsonb_to_recordset(c.stages)
        s(system text, code text, label text, ms bigint, passed boolean, to_next bigint)
    where c.stages <> '[]'
    group by c.code_system, c.code, type_text, s.system, s.code, text
    order by count desc, type_code, s.code limit {10 * MOST_GROUPS}
"""
OF_STAGES = f"""
    select c.pool_id as pool, s.system, s.code, max(s.label) as label, count(*),
        {SHARES.format("case when s.passed or c.ended is not null then s.ms end")} as shares
    from picked c, jsonb_to_recordset(c.stages)
        s(system text, code text, label text, ms bigint, passed boolean)
    where c.stages <> '[]' and c.pool_id is not null
    group by c.pool_id, s.system, s.code, case when s.code = '' then s.label end
    order by count desc, pool, s.system, s.code, label limit {10 * MOST_GROUPS}
"""
HOLDS = f"""
    select h.system, h.code, max(h.label) as label, count(*), {SHARES.format("h.ms")} as shares
    from picked c, jsonb_to_recordset(c.holds) h(system text, code text, label text, ms bigint)
    where c.holds <> '[]'
    group by h.system, h.code, case when h.code = '' then h.label end
    order by count desc, h.system, h.code limit {MOST_GROUPS}
"""
MOVES = """
    select m.before, case when m.after = '' then coalesce(n.arrived, '') else m.after end as after,
        m.system, m.code, max(m.label) as label, count(*)
    from picked c cross join lateral jsonb_to_recordset(c.moves)
        m(before text, after text, system text, code text, label text)
    left join lateral (
        select f.arrived from tasks_taskclocks f join tasks_task t on t.id = f.task_id
        where f.predecessor = c.resource_id and f.predecessor <> '' and not t.deleted
        and {readable} order by f.task_id limit 1) n on m.after = ''
    where c.moves <> '[]'
    group by 1, 2, m.system, m.code, case when m.code = '' then m.label end
    order by count desc, 1, 2
"""
"""A handover leads to the successor's place, as far as the actor may see the successor."""


def _overdue(found: Found, trend: Trend) -> list[dict]:
    """At the end of each day or week: how many were overdue, how many of these are stat or asap,
    and how many had become so in it."""
    if not trend.points:
        return []
    condition, params = found.rows(whole_period=False)
    begin = trend.points[0].begin
    rows = sql.rows(
        "select width_bucket(e.at, %s::timestamptz[]), count(*) filter (where e.place %% 2 = 1),"
        " count(*), coalesce(sum(case e.place %% 2 when 1 then 1 else -1 end)"
        " filter (where c.priority in ('stat', 'asap')), 0)"
        " from tasks_taskclocks c, unnest(c.overdue) with ordinality e(at, place)"
        f" where {condition} and c.overdue <> '{{}}' and (c.ended is null or c.ended >= %s)"
        " group by 1 order by 1",
        ([begin, *(point.end for point in trend.points)], *params, begin),
        prepare=False,
    )
    became = {
        bucket: (begun, begun - (total - begun), pressing)
        for bucket, begun, total, pressing in rows
    }
    _new, overdue, pressing = became.get(0, (0, 0, 0))
    told = []
    for bucket, point in enumerate(trend.points, start=1):
        new, change, of_pressing = became.get(bucket, (0, 0, 0))
        overdue, pressing = overdue + change, pressing + of_pressing
        told.append({"date": point.date, "count": overdue, "pressing": pressing, "new": new})
    return told
