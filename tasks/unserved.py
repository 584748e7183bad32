"""Telling coordinators of work that nobody can do: in pools that no one serves, and with people
who are on leave. Once a day each; the words name no patient.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.availability import State
from accounts.hours import hours_of
from accounts.members import Staff, everybody
from accounts.models import Pool
from communications.notices import notify
from fhir import json, sql
from fhir.actor import SYSTEM
from fhir.store import Stored
from tasks.eligible import needs_in, why_nobody_serves, why_pool_cannot, with_loads
from tasks.queue import WAITING
from tasks.rules.acts import coordinators

LOOKED_AT = 500
"""Waiting Tasks of a pool, the most pressing first: enough to know of all that are stuck."""
NAMED = 20
"""Tasks that a notice points at."""


@dataclass(frozen=True, slots=True)
class Warned:
    """What the coordinators of some pools are to be told; `key` makes it happen once."""

    key: str
    text: str
    pools: tuple[int, ...]
    about: tuple[str, ...] = ()


def tell_coordinators(*, at: datetime) -> list[Stored]:
    """Write the notices that are not written yet, to admins where nobody coordinates."""
    coordinated = set(Pool.objects.exclude(coordinators=None).values_list("pk", flat=True))
    written = []
    for warned in warnings(coordinated, at=at):
        notice = notify(
            coordinators(warned.pools),
            about=warned.about,
            text=warned.text,
            actor=SYSTEM,
            key=warned.key,
        )
        if notice:
            written.append(notice)
    return written


def warnings(coordinated: Collection[int], *, at: datetime) -> Iterator[Warned]:
    """Once a day: of each pool with work that it cannot do, of each member on leave who has work, and
    of each stat Task that waits where nobody is available.

    Of `coordinated` pools that can serve nothing also when nothing waits: it may have been refused.
    """
    staff = everybody(at=at)
    pools = list(Pool.objects.all())
    hours = hours_of(each.pk for each in pools)
    today = localdate(at)
    waiting = _waiting([each.pk for each in pools])
    needs = needs_in([(document, frozenset([pool])) for pool, _id, document in waiting], at=at)
    in_pool = defaultdict(list)
    for (pool_id, task_id, _document), need in zip(waiting, needs, strict=True):
        in_pool[pool_id].append((task_id, need))
    for pool in pools:
        members = [each for each in staff if pool.pk in each.limits]
        there = hours[pool.pk].is_open(at) and any(each.presence.is_on for each in members)
        stuck = defaultdict(list)
        for task_id, need in in_pool[pool.pk]:
            reference = f"Task/{task_id}"
            if reason := why_pool_cannot(pool, members, need, hours[pool.pk], at=at):
                stuck[reason].append(reference)
            elif need.stat and not there:
                text = _("A stat task waits in %(pool)s, and nobody there is available.") % {
                    "pool": pool.name
                }
                yield Warned(f"stat-alone:{reference}:{today}", text, (pool.pk,), (reference,))
        if not stuck and pool.pk in coordinated:
            if reason := why_nobody_serves(pool, members) or _unlicensed(pool, members):
                stuck[reason] = []
        if stuck:
            yield Warned(
                f"unserved:{pool.slug}:{today}",
                " ".join(_sentence(reason, len(tasks)) for reason, tasks in stuck.items()),
                (pool.pk,),
                tuple(each for tasks in stuck.values() for each in tasks)[:NAMED],
            )
    for person in with_loads([each for each in staff if each.presence.state is State.LEAVE]):
        if person.load:
            text = ngettext(
                "%(name)s is on leave and has %(count)s open task.",
                "%(name)s is on leave and has %(count)s open tasks.",
                person.load,
            ) % {"name": person.name, "count": person.load}
            yield Warned(f"on-leave:{person.reference}:{today}", text, tuple(sorted(person.pools)))


def _unlicensed(pool: Pool, members: list[Staff]) -> str:
    if pool.requires_licence and not any(each.licences for each in members):
        return _(
            "%(pool)s requires a licence in the patient's state, and nobody there has any."
        ) % {"pool": pool.name}
    return ""


def _sentence(reason: str, count: int) -> str:
    if not count:
        return reason
    text = ngettext("%(reason)s %(count)s task waits.", "%(reason)s %(count)s tasks wait.", count)
    return text % {"reason": reason, "count": count}


def _waiting(pool_ids: list[int]) -> list[tuple[int, str, dict]]:
    """(pool, id, document) of unclaimed Tasks, the most pressing of each pool first."""
    rows = sql.rows(
        "select p.id, w.resource_id, w.document from unnest(%s::bigint[]) p(id)"
        " cross join lateral (select t.resource_id, t.document from tasks_task t"
        f" where t.pool_id = p.id and {WAITING.format(t='t')}"
        f" order by t.priority desc, t.due, t.resource_id limit {LOOKED_AT}) w",
        (pool_ids,),
    )
    return [(pool_id, task_id, json.loads_stored(text)) for pool_id, task_id, text in rows]
