"""Who of a pool is given a Task: nobody, the least loaded, the next in turn, or the same as before.

`pull` leaves it to the members to claim it; `same-person` too, when who had the patient last cannot.
Never one who may not have it (tasks.eligible): none above her limit, none who is away or on leave,
none without the licence that it takes; and nobody while the pool is closed. A Task that no one can
be given stays in the pool.
"""

from collections.abc import Sequence
from datetime import datetime

from accounts.availability import State
from accounts.hours import is_open
from accounts.models import Pool
from fhir import sql
from tasks import eligible
from tasks.document import reference_of
from tasks.eligible import Person, lock_assigning, need_of, why_not

PULL = "pull"
LEAST_LOADED = "least-loaded"
ROUND_ROBIN = "round-robin"
SAME_PERSON = "same-person"
STRATEGIES = (PULL, LEAST_LOADED, ROUND_ROBIN, SAME_PERSON)


def choose(
    document: dict, pool_id: int, *, strategy: str, at: datetime, keep: bool = True
) -> str | None:
    """The reference of who is to be given this Task; None when it is to wait in the pool.

    To be called in the transaction that gives it to her: until its end nobody else is chosen, so
    that two Tasks cannot both take her last place. `keep=False` is for asking only: it locks
    nothing, and whose turn it is stays as it is. Raises ValueError for no strategy of ours.
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"{strategy} is no strategy.")
    if strategy == PULL or not is_open(pool_id, at):
        return None
    if keep:
        lock_assigning()
    people = eligible.members(pool_id, at=at)
    need = need_of(document, pools=[pool_id], at=at)
    able = [each for each in people if not why_not(each, need, at=at, pool_id=pool_id)]
    if strategy == SAME_PERSON:
        return same_person(able, people, last_owners(document))
    turn = Pool.objects.values_list("turn", flat=True).get(pk=pool_id)
    chosen = pick(able, strategy, turn)
    if chosen and keep:
        Pool.objects.filter(pk=pool_id).update(turn=chosen)
    return chosen


def pick(able: Sequence[Person], strategy: str, turn: str) -> str | None:
    """The next after `turn` in the order of references, or, of those with least, the next. Pure."""
    in_turn = sorted(able, key=lambda each: (each.reference <= turn, each.reference))
    if strategy == LEAST_LOADED:
        in_turn.sort(key=lambda each: each.load)
    return in_turn[0].reference if in_turn else None


def same_person(able: Sequence[Person], people: Sequence[Person], last: list[str]) -> str | None:
    """The member who had the patient last, or who stands in for her while she is on leave. Pure.

    `last` are the owners of the patient's Tasks, the latest first.
    """
    by_reference = {each.reference: each for each in people}
    found = next((each for each in last if each in by_reference), None)
    if found is None:
        return None
    person = by_reference[found]
    if person.state is State.LEAVE and person.delegate:
        found = person.delegate
    return found if found in {each.reference for each in able} else None


def last_owners(document: dict) -> list[str]:
    """Who owned the patient's Tasks, the latest first."""
    patient = reference_of(document, "for")
    if not patient.startswith("Patient/"):
        return []
    rows = sql.rows(
        "select t.owner from tasks_task t where t.subject = %s and t.owner <> '' and not t.deleted"
        " and t.resource_id <> %s order by t.last_updated desc, t.resource_id limit 200",
        (patient, document.get("id", "")),
    )
    return [row[0] for row in rows]
