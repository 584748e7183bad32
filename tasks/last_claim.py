"""Who took the last Task of a pool, for those who look at it when it is empty."""

from datetime import datetime
from typing import NamedTuple

from accounts import people
from fhir import sql
from fhir.actor import Actor

LOOKED_AT = 2_000
"""So many versions back; of what is longer ago nothing is said."""


class LastClaim(NamedTuple):
    name: str
    at: datetime
    mine: bool


def last_claim(pool_id: int, actor: Actor) -> LastClaim | None:
    """The newest claim from the pool, of a Task that is of it still: a name and a time, no more."""
    found = sql.rows(
        "select v.actor, v.last_updated from (select resource_id, actor, interaction, last_updated, id"
        " from fhir_resourceversion where resource_type = 'Task'"
        f" order by last_updated desc, id desc limit {LOOKED_AT}) v"
        " join tasks_task q on q.resource_id = v.resource_id"
        " where v.interaction = 'claim' and q.pool_id = %s"
        " order by v.last_updated desc, v.id desc limit 1",
        (pool_id,),
    )
    if not found:
        return None
    [(who, at)] = found
    name = people.names([who], actor=actor).get(who, "")
    return LastClaim(name, at, who == actor.name) if name or who == actor.name else None
