"""Whether somebody takes work now, and who may say so.

`until` ends what the state says: one who is available until 19:00 is away after it, one who is away
or on leave until then is back. Nobody has to say anything: without a row, she is there.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Availability
from accounts.pools import MEMBERSHIP
from fhir import sql
from fhir.actor import Actor, Role

State = Availability.State


@dataclass(frozen=True, slots=True)
class Presence:
    """What holds at an instant."""

    state: State = State.ON
    until: datetime | None = None
    delegate: str = ""
    """Who takes over while she is on leave; "" when the work goes back to its pools."""

    @classmethod
    def at(
        cls, state: str | None, until: datetime | None, delegate: str | None, *, at: datetime
    ) -> "Presence":
        """What a row of Availability, or none, means at `at`."""
        if state is None:
            return cls()
        if until is not None and until <= at:
            return cls(State.OFF if state == State.ON else State.ON)
        return cls(State(state), until, (delegate or "") if state == State.LEAVE else "")

    @property
    def is_on(self) -> bool:
        return self.state is State.ON

    @property
    def label(self) -> str:
        return str(self.state.label)


def presence_of(reference: str, *, at: datetime) -> Presence:
    row = Availability.objects.filter(practitioner=reference).first()
    return Presence.at(row.state, row.until, row.delegate, at=at) if row else Presence()


def may_set(actor: Actor, reference: str, *, at: datetime) -> bool:
    """Herself, an admin, or a coordinator of a pool that she is in."""
    pools = sql.rows(
        f"select m.pool_id from ({MEMBERSHIP.format(at='%s')}) m"
        " join accounts_user u on u.id = m.user_id where u.reference = %s",
        (at, at, reference),
    )
    return bool(may_set_each(actor, {reference: {row[0] for row in pools}}))


def may_set_each(actor: Actor, pools: Mapping[str, Collection[int]]) -> set[str]:
    """Those of whom the actor may say it. `pools` are those that each reference is a member of."""
    if actor.role is Role.AUDITOR:
        return set()
    return {
        reference
        for reference, theirs in pools.items()
        if reference
        and (
            actor.role is Role.ADMIN
            or actor.reference == reference
            or (actor.role is Role.COORDINATOR and {*actor.coordinates} & {*theirs})
        )
    }
