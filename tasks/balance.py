"""What would even out the work of a pool: moves that a coordinator may confirm, each with its reason.

Nothing is done here. What is proposed keeps to the rules of tasks.eligible as they stand now; who
confirms is held to them again, Task by Task (tasks.moves.assign).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import people
from accounts.availability import State
from accounts.licences import home_state
from accounts.models import Pool
from accounts.pools import codes_of
from fhir.actor import SYSTEM
from tasks import task_types
from tasks.document import due_of, reference_of
from tasks.eligible import Need, Person, why_not
from tasks.times import duration
from tasks.worklist import Listed

MOST = 25
"""Moves that are proposed at once."""
UNDER_WAY = frozenset({"in-progress", "on-hold"})
"""Begun by somebody: it stays with her, unless she is not there to go on."""


@dataclass(frozen=True, slots=True)
class Work:
    """An open Task of the pool, with what decides who can have it. `owner` is "" while it waits."""

    listed: Listed
    need: Need

    @property
    def id(self) -> str:
        return self.listed.resource_id

    @property
    def owner(self) -> str:
        return self.need.owner

    @property
    def under_way(self) -> bool:
        return self.listed.document["status"] in UNDER_WAY


@dataclass(frozen=True, slots=True)
class Proposal:
    """`giver` is None for what nobody has."""

    work: Work
    giver: Person | None
    taker: Person
    why: str


def propose(
    members: Sequence[Person], work: Sequence[Work], *, pool_id: int, at: datetime
) -> list[Proposal]:
    """At most MOST moves, each Task at most once, none that the rules would refuse. Pure.

    `work` is in the order "most pressing". First what those have who are not there, then what is
    above a limit, then what is urgent and nobody has; last from who has most to who has least.
    """
    balance = _Balance(members, work, pool_id, at)
    balance.of_the_absent()
    balance.above_limits()
    balance.unclaimed()
    balance.unevenness()
    return balance.proposals[:MOST]


class _Balance:
    """The loads as they would be after the moves so far."""

    def __init__(self, members: Sequence[Person], work: Sequence[Work], pool_id: int, at: datetime):
        self.people = {each.reference: each for each in members}
        self.work = list(work)
        self.pool_id, self.at = pool_id, at
        self.proposals: list[Proposal] = []
        self.moved: set[str] = set()

    def of_the_absent(self) -> None:
        for person in self._named():
            if person.state is State.ON:
                continue
            text = (
                _("%(name)s is on leave") if person.state is State.LEAVE else _("%(name)s is away")
            )
            for each in self._of(person):
                if self._cannot_wait(each, person):
                    self._move(each, text % {"name": person.name})

    def _cannot_wait(self, work: Work, person: Person) -> bool:
        """Who is away comes back: only what is due before then has to go to somebody else."""
        if person.state is State.LEAVE or person.until is None:
            return True
        return work.need.stat or work.need.due < person.until

    def above_limits(self) -> None:
        for person in self._named():
            limit = person.limit_in([self.pool_id])
            for each in reversed(self._of(person)):
                load = self.people[person.reference].load
                if limit is not None and load > limit and not each.under_way:
                    text = ngettext(
                        "%(name)s has %(load)s open task; the limit is %(limit)s",
                        "%(name)s has %(load)s open tasks; the limit is %(limit)s",
                        load,
                    )
                    self._move(each, text % {"name": person.name, "load": load, "limit": limit})

    def unclaimed(self) -> None:
        for each in self.work:
            if each.owner or not (each.need.stat or each.need.due < self.at):
                continue
            if each.need.due < self.at:
                late = duration(self.at - each.need.due)
                why = _("Overdue %(time)s, and nobody has it") % {"time": late}
            else:
                why = _("STAT, and nobody has it")
            self._move(each, why)

    def unevenness(self) -> None:
        """One by one from who has most; what she has not begun, the most pressing first."""
        done: set[str] = set()
        while len(self.proposals) < MOST:
            there = [each for each in self.people.values() if each.state is State.ON]
            rest = [each for each in there if each.reference not in done]
            if not rest:
                return
            most = max(rest, key=lambda each: (each.load, each.reference))
            able = (each for each in self._of(most) if not each.under_way)
            if not any(self._evens_out(each, most) for each in able):
                done.add(most.reference)

    def _evens_out(self, work: Work, giver: Person) -> bool:
        taker = self._taker(work)
        if taker is None or giver.load - taker.load < 2:
            return False
        text = ngettext(
            "%(name)s has %(load)s open task, %(other)s %(others)s",
            "%(name)s has %(load)s open tasks, %(other)s %(others)s",
            giver.load,
        )
        said = {"name": giver.name, "load": giver.load, "other": taker.name}
        return self._move(work, text % (said | {"others": taker.load or _("none")}))

    def _named(self) -> list[Person]:
        return sorted(self.people.values(), key=lambda each: (each.name, each.reference))

    def _of(self, person: Person) -> list[Work]:
        """What she has that no move has taken from her yet."""
        return [
            each
            for each in self.work
            if each.owner == person.reference and each.id not in self.moved
        ]

    def _taker(self, work: Work) -> Person | None:
        """Who of those who can have it has least."""
        able = (
            each
            for each in self.people.values()
            if each.reference != work.owner
            and not why_not(each, work.need, at=self.at, pool_id=self.pool_id)
        )
        return min(able, key=lambda each: (each.load, each.name, each.reference), default=None)

    def _move(self, work: Work, why: str) -> bool:
        taker = self._taker(work)
        if taker is None or len(self.proposals) >= MOST:
            return False
        giver = self.people.get(work.owner)
        self.proposals.append(Proposal(work, giver, taker, why))
        self.moved.add(work.id)
        self.people[taker.reference] = replace(taker, load=taker.load + 1)
        if giver:
            self.people[giver.reference] = replace(giver, load=giver.load - 1)
        return True


# --- what Tasks need ------------------------------------------------------------------------------


def works(listed: Iterable[Listed], *, at: datetime) -> list[Work]:
    """What each Task asks of whoever does it: as eligible.need_of, for many with three queries."""
    listed = list(listed)
    pools = Pool.objects.order_by("pk").values_list("pk", "codes", "requires_licence")
    by_code: dict[str, list[int]] = {}
    licensed = set()
    for pool_id, codes, requires_licence in pools:
        for code in codes:
            by_code.setdefault(code, []).append(pool_id)
        if requires_licence:
            licensed.add(pool_id)
    states = _home_states(listed, by_code, licensed, at)
    return [Work(each, _need(each.document, by_code, licensed, states)) for each in listed]


def _home_states(
    listed: Iterable[Listed], by_code: Mapping[str, list[int]], licensed: set[int], at: datetime
) -> dict[str, str]:
    """Where the patients live of whose Tasks that matters."""
    patients = {
        reference_of(each.document, "for")
        for each in listed
        if _requires(each.document, by_code, licensed)
    }
    # Only a code of a state comes of it, and that is shown to nobody.
    found = people.documents(patients - {""}, actor=SYSTEM)
    return {reference: home_state(document, at=at) for reference, document in found.items()}


def _requires(document: dict, by_code: Mapping[str, list[int]], licensed: set[int]) -> bool:
    is_patients = reference_of(document, "for").startswith("Patient/")
    return is_patients and (_type_requires(document) or bool(_pools(document, by_code) & licensed))


def _type_requires(document: dict) -> bool:
    found = task_types.type_of(document)
    return bool(found and found.requires_licence)


def _pools(document: dict, by_code: Mapping[str, list[int]]) -> frozenset[int]:
    codes = codes_of(document.get("performerType", []))
    return frozenset(pool for code in codes for pool in by_code.get(code, ()))


def _need(
    document: dict, by_code: Mapping[str, list[int]], licensed: set[int], states: Mapping[str, str]
) -> Need:
    patient = reference_of(document, "for")
    pools = _pools(document, by_code)
    return Need(
        pools=pools,
        licensed_pools=pools & licensed,
        licensed_type=_type_requires(document),
        patient=patient.startswith("Patient/"),
        state=states.get(patient, ""),
        owner=reference_of(document, "owner"),
        stat=document.get("priority") == "stat",
        due=due_of(document),
    )
