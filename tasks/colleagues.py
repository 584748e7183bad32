"""The people page: the members of somebody's pools, as they are now, and what she may say of them.

Who is there, how much each has and where each is licensed is of no patient: all staff may see it
of the pools that they work in or coordinate, admins and auditors of all.
"""

from dataclasses import dataclass
from datetime import datetime

from accounts.availability import State, may_set_each
from accounts.licences import US_STATES
from accounts.limits import may_limit
from accounts.members import members, named
from accounts.models import Pool
from fhir.actor import Actor
from tasks.eligible import Person, with_loads
from tasks.targets import presence


@dataclass(frozen=True, slots=True)
class Colleague:
    """One row of the page."""

    person: Person
    pools: tuple[str, ...]
    presence: str
    """Available until 19:00"""
    may_change: bool
    """Whether whoever looks may say when she is there."""
    may_limit: bool
    """Whether whoever looks may say how much she may have, in one pool at least."""
    is_me: bool
    stands_in: str
    """The name of who stands in for her."""

    @property
    def key(self) -> str:
        return self.person.reference.replace("/", "-").replace(".", "_")

    @property
    def limit(self) -> int | None:
        return self.person.limit_in(())

    @property
    def full(self) -> bool:
        return self.limit is not None and self.person.load >= self.limit

    @property
    def left_behind(self) -> bool:
        """On leave, and with work all the same."""
        return self.person.state is State.LEAVE and self.person.load > 0

    @property
    def licences(self) -> str:
        return ", ".join(sorted(self.person.licences))

    @property
    def licence_names(self) -> str:
        return ", ".join(US_STATES[code] for code in sorted(self.person.licences))


def colleagues(actor: Actor, *, at: datetime) -> list[Colleague]:
    """By name; she herself too, whatever pools she is in."""
    names = dict(Pool.objects.values_list("pk", "name"))
    shown = names.keys() if actor.reads_everything else {*actor.pools, *actor.coordinates}
    staff = {each.reference: each for each in members(shown, at=at)}
    if actor.reference:
        staff |= {each.reference: each for each in named([actor.reference], at=at)}
    people = sorted(with_loads(list(staff.values())), key=lambda each: each.name)
    may_change = may_set_each(actor, {each.reference: each.pools for each in people})
    stand_ins = {each.delegate for each in people if each.delegate}
    called = {each.reference: each.name for each in (named(stand_ins, at=at) if stand_ins else ())}
    return [
        Colleague(
            person,
            tuple(sorted(names[each] for each in person.pools)),
            presence(person.state, person.until, at),
            person.reference in may_change,
            any(may_limit(actor, each) for each in person.pools),
            person.reference == actor.reference,
            called.get(person.delegate, ""),
        )
        for person in people
    ]
