"""Who may be given a Task, and which pool can serve it; if not, why, in the words that people read.

Operations, rules and pages ask here and refuse (422) with the same sentence. A plain write of a
client is held to it only where a pool of the Task refuses what nobody can do (`check_write`).
The sentences name staff and pools, and nothing of a patient, not even the state of the home.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.availability import State
from accounts.hours import Hours, hours_of
from accounts.licences import home_state
from accounts.members import Staff
from accounts.members import members as members_of
from accounts.members import named as staff_named
from accounts.models import Patient, Pool
from accounts.pools import codes_of, pool_ids, pools_of_codes, restricts_claims
from fhir import json, sql
from fhir.actor import Actor
from fhir.errors import BusinessRuleViolation
from tasks import times
from tasks.document import due_of, reference_of
from tasks.queue import literals
from tasks.task_types import setup, type_of
from tasks.transitions import OPEN

OWNED = f"not t.deleted and t.owner <> '' and t.status in ({literals(OPEN)})"
"""Work that somebody has: in literals, for the index task_mine."""

ASSIGNING = 7_302_117
"""The advisory lock of whoever gives work to others: two must not both take the last place."""


@dataclass(frozen=True, slots=True)
class Person:
    """One who can own a Task, as she is at an instant, with the open Tasks that she owns."""

    reference: str
    name: str
    state: State = State.ON
    until: datetime | None = None
    delegate: str = ""
    load: int = 0
    limits: dict[int, int | None] | None = None
    """Her pools, each with how many open Tasks she may have in all; None for any number."""
    licences: frozenset[str] = frozenset()
    """USPS codes of US states."""

    @property
    def pools(self) -> frozenset[int]:
        return frozenset(self.limits or ())

    def limit_in(self, pool_ids: Iterable[int]) -> int | None:
        """The limit in those of the pools that she is in, or else in all of hers: the highest."""
        limits = self.limits or {}
        found = [limits[each] for each in {*pool_ids} & limits.keys()] or list(limits.values())
        return None if None in found else max(found, default=None)


@dataclass(frozen=True, slots=True)
class Need:
    """What a Task asks of whoever does it."""

    pools: frozenset[int]
    """The pools of the Task, or the one that it is to go to."""
    licensed_pools: frozenset[int]
    """Those of them that require a licence in the patient's state."""
    licensed_type: bool
    """Whether its type requires one."""
    patient: bool
    """Whether it is about a patient."""
    state: str
    """USPS code of the patient's home; "" when it is not known."""
    owner: str
    stat: bool
    due: datetime

    def licence_in(self, pools: Iterable[int]) -> bool:
        """Whether doing it as a member of `pools` takes a licence: one that asks for none will do."""
        held = {*pools}
        return self.patient and (self.licensed_type or (bool(held) and held <= self.licensed_pools))


def need_of(document: dict, *, pools: Iterable[int] | None = None, at: datetime) -> Need:
    """`pools` are those that the Task may go to, if not the ones that it names."""
    return needs_of([document], task_pools(document) if pools is None else pools, at=at)[0]


def needs_of(documents: Sequence[dict], pools: Iterable[int], *, at: datetime) -> list[Need]:
    """What each of some Tasks of the same pools asks for, in two queries."""
    together = frozenset(pools)
    return needs_in([(document, together) for document in documents], at=at)


def needs_in(tasks: Sequence[tuple[dict, frozenset[int]]], *, at: datetime) -> list[Need]:
    """What each of some Tasks asks for as one of these pools, in two queries for all."""
    pools = sorted({pool for _document, each in tasks for pool in each})
    licensed = frozenset(
        row[0]
        for row in sql.rows(
            "select id from accounts_pool where id = any(%s::bigint[]) and requires_licence",
            (pools,),
        )
    )
    types = [_licensed_type(document) for document, _pools in tasks]
    patients = [reference_of(document, "for") for document, _pools in tasks]
    patients = [each if each.startswith("Patient/") else "" for each in patients]
    states = _states_of(
        {
            patient
            for (_document, each), patient, by_type in zip(tasks, patients, types, strict=True)
            if by_type or licensed & each
        },
        at,
    )
    return [
        Need(
            each,
            licensed & each,
            by_type,
            bool(patient),
            states.get(patient, ""),
            reference_of(document, "owner"),
            document.get("priority") == "stat",
            due_of(document),
        )
        for (document, each), by_type, patient in zip(tasks, types, patients, strict=True)
    ]


def task_pools(document: dict) -> list[int]:
    return pool_ids(codes_of(document.get("performerType", [])))


def _states_of(patients: set[str], at: datetime) -> dict[str, str]:
    """Reference → USPS code of the home, of those that are known."""
    ids = [each.removeprefix("Patient/") for each in patients if each]
    rows = (
        Patient.objects.filter(resource_id__in=ids, deleted=False)
        if ids
        else Patient.objects.none()
    )
    return {
        f"Patient/{resource_id}": home_state(json.loads_stored(text), at=at)
        for resource_id, text in rows.values_list("resource_id", "document")
    }


def _only(pool_id: int | None) -> list[int] | None:
    return None if pool_id is None else [pool_id]


def _licensed_type(document: dict) -> bool:
    task_type = type_of(document)
    return task_type is not None and task_type.requires_licence


def members(pool_id: int, *, at: datetime) -> list[Person]:
    """The members of a pool, by name."""
    return with_loads(members_of([pool_id], at=at))


def persons(references: Iterable[str], *, at: datetime) -> list[Person]:
    """Those of the references who can own a Task, by name."""
    return with_loads(staff_named(references, at=at))


def with_loads(staff: Sequence[Staff]) -> list[Person]:
    """With the number of open Tasks of each, in one query."""
    loads = dict(
        sql.rows(
            f"select t.owner, count(*) from tasks_task t where t.owner = any(%s::varchar[])"
            f" and {OWNED} group by t.owner",
            ([each.reference for each in staff],),
        )
        if staff
        else ()
    )
    return [
        Person(
            each.reference,
            each.name,
            each.presence.state,
            each.presence.until,
            each.presence.delegate,
            loads.get(each.reference, 0),
            each.limits,
            each.licences,
        )
        for each in staff
    ]


# --- persons --------------------------------------------------------------------------------------


def why_not_person(
    document: dict, reference: str, *, at: datetime, pool_id: int | None = None
) -> str:
    """Why she cannot be given this Task; "" when she can.

    `pool_id` says as a member of which pool; without it she need not be in the pools of the Task.
    """
    person = _person(reference, at)
    need = need_of(document, pools=_only(pool_id), at=at)
    return why_not(person, need, at=at, pool_id=pool_id) if person else NOBODY


def why_not_claim(document: dict, reference: str, *, at: datetime) -> str:
    """Why she cannot take this Task herself; who claims is there, whatever was said."""
    if _is_free_to_claim(document):
        return ""
    person = _person(reference, at)
    return _why_not_able(person, need_of(document, at=at)) if person else NOBODY


NOBODY = gettext_lazy("Only a practitioner who signs in here can be given a task.")


def why_not(person: Person, need: Need, *, at: datetime, pool_id: int | None = None) -> str:
    """The same of one who is known already. Pure."""
    if pool_id is not None and pool_id not in person.pools:
        return _("%(name)s is not in this pool.") % {"name": person.name}
    if person.state is not State.ON:
        return _why_not_here(person, at)
    return _why_not_able(person, need)


def _why_not_here(person: Person, at: datetime) -> str:
    said = {"name": person.name, "until": person.until and day_or_time(person.until, at)}
    if person.state is State.LEAVE:
        text = _("%(name)s is on leave until %(until)s.")
        return (text if person.until else _("%(name)s is on leave.")) % said
    text = _("%(name)s is away until %(until)s.")
    return (text if person.until else _("%(name)s is away.")) % said


def _why_not_able(person: Person, need: Need) -> str:
    as_member_of = (need.pools & person.pools) or need.pools
    if need.licence_in(as_member_of):
        if not need.state:
            return _("This needs a licence where the patient lives, and that is not known.")
        if need.state not in person.licences:
            return _("%(name)s has no licence in the patient's state.") % {"name": person.name}
    return "" if need.owner == person.reference else _why_full(person, as_member_of)


def _why_full(person: Person, pools: Iterable[int]) -> str:
    limit = person.limit_in(pools)
    if limit is None or person.load < limit:
        return ""
    text = ngettext(
        "%(name)s has %(load)s open task; the limit is %(limit)s.",
        "%(name)s has %(load)s open tasks; the limit is %(limit)s.",
        person.load,
    )
    return text % {"name": person.name, "load": person.load, "limit": limit}


def check_person(
    document: dict, reference: str, *, at: datetime, pool_id: int | None = None
) -> None:
    """Raise BusinessRuleViolation (422) when she cannot be given this Task.

    Called in the transaction that gives it: who has a limit is looked at alone.
    """
    need = need_of(document, pools=_only(pool_id), at=at)
    person = _alone(reference, at)
    _refuse(why_not(person, need, at=at, pool_id=pool_id) if person else NOBODY, "owner")


def check_claim(document: dict, reference: str, *, at: datetime) -> None:
    """Raise BusinessRuleViolation (422) when she cannot take this Task herself."""
    if _is_free_to_claim(document):
        return
    need = need_of(document, at=at)
    person = _alone(reference, at)
    _refuse(_why_not_able(person, need) if person else NOBODY, "owner")


def _refuse(reason: str, element: str) -> None:
    if reason:
        raise BusinessRuleViolation(reason, expression=f"Task.{element}")


def _alone(reference: str, at: datetime) -> Person | None:
    """With what she has now, which nobody adds to until the end of the transaction."""
    person = _person(reference, at)
    if person and any(limit is not None for limit in (person.limits or {}).values()):
        lock_assigning()
        return _person(reference, at)
    return person


def claim_filter(
    reference: str, pools: list[int], *, at: datetime
) -> Callable[[dict], bool] | None:
    """What tells which Tasks of the pools she may claim; None when she may claim each of them.

    Raises BusinessRuleViolation (422) when she has all that she may have in every one of them.
    """
    if not types_restrict_claims() and not restricts_claims(pools):
        return None
    person = _alone(reference, at)
    if person is None:
        raise BusinessRuleViolation(NOBODY, expression="Task.owner")
    full = {_why_full(person, [each]) for each in pools}
    if pools and "" not in full:
        raise BusinessRuleViolation(max(full), expression="Task.owner")
    return lambda document: not _why_not_able(person, need_of(document, at=at))


def types_restrict_claims() -> bool:
    """Whether any type of Task requires a licence."""
    return any(each.requires_licence for each in setup().types.values())


def _is_free_to_claim(document: dict) -> bool:
    pools = pools_of_codes(codes_of(document.get("performerType", [])))
    return not _licensed_type(document) and not any(each.restricts_claims for each in pools)


def lock_assigning() -> None:
    """Until the end of the transaction, nobody else gives work to those who have a limit."""
    sql.rows("select pg_advisory_xact_lock(%s)", (ASSIGNING,))


def _person(reference: str, at: datetime) -> Person | None:
    return next(iter(persons([reference], at=at)), None)


def day_or_time(moment: datetime, at: datetime) -> str:
    """19:00, "Tomorrow 08:00", and the day alone for the midnight that it begins with."""
    text = times.moment(moment, at)
    plain = times.is_midnight(moment) and not times.is_today(moment, at)
    return times.day(moment, at) if plain else text


# --- pools ----------------------------------------------------------------------------------------


def why_not_pool(document: dict, pool_id: int, *, at: datetime) -> str:
    """Why this pool cannot serve the Task; "" when somebody in it can, now or in good time."""
    pool = Pool.objects.get(pk=pool_id)
    return why_pool_cannot(
        pool,
        members_of([pool_id], at=at),
        need_of(document, pools=[pool_id], at=at),
        hours_of([pool_id])[pool_id],
        at=at,
    )


def why_pool_cannot(
    pool: Pool, staff: Sequence[Staff], need: Need, hours: Hours, *, at: datetime
) -> str:
    """The same of a pool whose members and hours are known already. Pure.

    Members who are away, or who have all that they may have, come back to it; a closed pool opens
    again: it refuses only what cannot wait until then.
    """
    if reason := why_nobody_serves(pool, staff):
        return reason
    there = [each for each in staff if each.presence.state is not State.LEAVE]
    if need.licence_in([pool.pk]) and need.state:
        if not any(need.state in each.licences for each in there):
            return _("Nobody in %(name)s has a licence in the patient's state.") % {
                "name": pool.name
            }
    opening = hours.next_opening(at)
    if opening > at and (need.stat or need.due < opening):
        return _("%(name)s is closed until %(time)s, and this cannot wait.") % {
            "name": pool.name,
            "time": day_or_time(opening, at),
        }
    return ""


def anybody_there(pool_id: int, *, at: datetime) -> bool:
    """Whether the pool is open, and a member of it available."""
    is_open = hours_of([pool_id])[pool_id].is_open(at)
    return is_open and any(each.presence.is_on for each in members_of([pool_id], at=at))


def why_nobody_serves(pool: Pool, staff: Sequence[Staff]) -> str:
    """Why this pool can serve no Task at all; "" when it can. Pure."""
    if not staff:
        return _("%(name)s has no members.") % {"name": pool.name}
    if all(each.presence.state is State.LEAVE for each in staff):
        return _("Everybody in %(name)s is on leave.") % {"name": pool.name}
    return ""


def check_pool(document: dict, pool_id: int, *, at: datetime) -> None:
    """Raise BusinessRuleViolation (422) when this pool cannot serve the Task."""
    _refuse(why_not_pool(document, pool_id, at=at), "performerType")


# --- plain writes ---------------------------------------------------------------------------------


def check_write(actor: Actor, before: dict | None, after: dict, *, at: datetime) -> None:
    """Hold a write to the rules of those of its pools that refuse what nobody can do.

    Only what is new is judged: a pool that the Task goes to, or an owner who gets it. What goes
    back to the pool that it came from always may. Raises BusinessRuleViolation (422).
    """
    if after["status"] not in OPEN:
        return
    owner = reference_of(after, "owner")
    if before is not None and owner == reference_of(before, "owner"):
        if before.get("performerType") == after.get("performerType"):
            return
    pools = pools_of_codes(codes_of(after.get("performerType", [])))
    if not any(each.refuses_unserved for each in pools):
        return
    if owner:
        if before is None or owner != reference_of(before, "owner"):
            check = check_claim if owner == actor.reference else check_person
            check({**after, "owner": None}, owner, at=at)
        return
    had = {*task_pools(before)} if before else set()
    reasons = []
    for pool in pools:
        if not pool.refuses_unserved or pool.id in had:
            return
        reasons.append(why_not_pool(after, pool.id, at=at))
    if all(reasons):
        _refuse(reasons[0], "performerType")
