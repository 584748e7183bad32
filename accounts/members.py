"""Who could be given work: the staff with their pools, limits, availability and licences.

One query, however many they are. What is asked of a Task is in tasks.eligible.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from accounts.availability import Presence
from accounts.licences import licences
from accounts.pools import MEMBERSHIP
from fhir import json, sql

STAFF = f"""
with wanted as materialized (
  select u.id, u.reference, u.username, u.first_name, u.last_name from accounts_user u
  where u.is_active and u.reference <> '' and {{condition}}
    and (u.is_superuser or exists (
      select 1 from accounts_user_groups ug join auth_group g on g.id = ug.group_id
      where ug.user_id = u.id and g.name in ('admin', 'coordinator', 'practitioner', 'service')))),
member as (
  select m.user_id, array_agg(m.pool_id order by m.pool_id) as pools,
    array_agg(coalesce(l.limit, p.member_limit) order by m.pool_id) as limits
  from (select w.id as user_id, w.reference, m.pool_id from wanted w cross join lateral (
          select distinct m.pool_id from ({MEMBERSHIP}) m where m.user_id = w.id) m) m
  join accounts_pool p on p.id = m.pool_id
  left join accounts_memberlimit l on l.pool_id = p.id and l.practitioner = m.reference
  group by m.user_id)
select w.reference, coalesce(nullif(trim(w.first_name || ' ' || w.last_name), ''), w.username),
  a.state, a.until, a.delegate, d.document, m.pools, m.limits
from wanted w
left join member m on m.user_id = w.id
left join accounts_availability a on a.practitioner = w.reference
left join accounts_practitioner d
  on d.resource_id = substr(w.reference, 14) and starts_with(w.reference, 'Practitioner/')
where not coalesce(d.deleted, false)
order by 2, 1
""".format(at="%(at)s", condition="{condition}")
"""Auditors write nothing, so they can do no work."""

IN_POOLS = f"""u.id in (
  select m.user_id from ({MEMBERSHIP.format(at="%(at)s")}) m
  where m.pool_id = any(%(pools)s::bigint[]))"""
NAMED = "u.reference = any(%(references)s::text[])"


@dataclass(frozen=True, slots=True)
class Staff:
    """One who signs in here and can own a Task."""

    reference: str
    name: str
    presence: Presence
    licences: frozenset[str]
    """Codes of US states."""
    limits: dict[int, int | None]
    """Her pools, each with how many open Tasks she may have in all; None for any number."""


def members(pool_ids: Iterable[int], *, at: datetime) -> list[Staff]:
    """The members of any of the pools, by name."""
    return _staff(IN_POOLS, at, pools=list(pool_ids))


def named(references: Iterable[str], *, at: datetime) -> list[Staff]:
    """Those of the references who can own a Task here, by name."""
    return _staff(NAMED, at, references=list(references))


def everybody(*, at: datetime) -> list[Staff]:
    return _staff("true", at)


def _staff(condition: str, at: datetime, **params) -> list[Staff]:
    found = sql.rows(STAFF.format(condition=condition), params | {"at": at}, prepare=None)
    staff = []
    for reference, name, state, until, delegate, text, pool_ids, limits in found:
        document = json.loads_stored(text) if text else {}
        if document.get("active", True):
            staff.append(
                Staff(
                    reference,
                    name,
                    Presence.at(state, until, delegate, at=at),
                    licences(document, at=at),
                    dict(zip(pool_ids or (), limits or (), strict=True)),
                )
            )
    return staff
