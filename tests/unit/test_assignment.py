"""Who is picked among people as random as they come. Pure: no database."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from accounts.availability import State
from tasks.assignment import LEAST_LOADED, ROUND_ROBIN, pick, same_person
from tasks.eligible import Need, Person, why_not

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
STATES = ("IL", "TX", "WI")
POOLS = (1, 2)

limits = st.none() | st.integers(0, 4)
people = st.lists(
    st.builds(
        Person,
        reference=st.integers(1, 9).map(lambda n: f"Practitioner/{n}"),
        name=st.just("Somebody"),
        state=st.sampled_from(list(State)),
        delegate=st.integers(0, 9).map(lambda n: f"Practitioner/{n}" if n else ""),
        load=st.integers(0, 5),
        limits=st.dictionaries(st.sampled_from(POOLS), limits),
        licences=st.frozensets(st.sampled_from(STATES)),
    ),
    max_size=9,
    unique_by=lambda person: person.reference,
)
needs = st.builds(
    Need,
    pools=st.just(frozenset({1})),
    licensed_pools=st.frozensets(st.just(1)),
    licensed_type=st.booleans(),
    patient=st.booleans(),
    state=st.sampled_from(("", *STATES)),
    owner=st.just(""),
    stat=st.booleans(),
    due=st.just(NOW),
)
turns = st.integers(0, 9).map(lambda n: f"Practitioner/{n}" if n else "")
histories = st.lists(st.integers(1, 9).map(lambda n: f"Practitioner/{n}"))


def may(person, need):
    """The rules said once more, without reading how they are written."""
    if 1 not in person.limits or person.state != "on":
        return False
    if need.patient and (need.licensed_type or 1 in need.licensed_pools):
        if need.state not in person.licences:
            return False
    return person.limits[1] is None or person.load < person.limits[1]


@given(people, needs)
def test_the_reason_is_empty_for_those_who_may_and_for_nobody_else(found, need):
    for person in found:
        assert (why_not(person, need, at=NOW, pool_id=1) == "") == may(person, need)


@given(people, needs, turns, histories)
def test_nobody_is_picked_who_may_not_and_somebody_when_one_may(found, need, turn, last):
    able = [each for each in found if not why_not(each, need, at=NOW, pool_id=1)]
    allowed = {each.reference for each in found if may(each, need)}
    for strategy in (LEAST_LOADED, ROUND_ROBIN):
        picked = pick(able, strategy, turn)
        assert picked in allowed if allowed else picked is None
    assert same_person(able, found, last) in allowed | {None}


@given(people, turns)
def test_the_least_loaded_has_no_more_than_any_other(found, turn):
    picked = pick(found, LEAST_LOADED, turn)
    loads = {each.reference: each.load for each in found}
    assert picked is None if not found else loads[picked] == min(loads.values())


@given(people, turns, st.lists(st.frozensets(st.integers(1, 9)), max_size=40))
def test_in_turn_is_fair_to_those_who_are_always_there(found, turn, absences):
    """Whoever comes and goes in between, nobody who stays is ever two ahead of another."""
    always = {each.reference for each in found} - {
        f"Practitioner/{n}" for absent in absences for n in absent
    }
    given_to = Counter()
    for absent in absences:
        able = [each for each in found if int(each.reference[13:]) not in absent]
        turn = pick(able, ROUND_ROBIN, turn) or turn
        given_to[turn] += bool(able)
    counts = [given_to[reference] for reference in always]
    assert not counts or max(counts) - min(counts) <= 1


@given(people, turns, st.integers(0, 30))
def test_work_given_to_the_least_loaded_evens_out(found, turn, more):
    """What is added makes no difference larger than it was, or than one."""
    before = [each.load for each in found]
    for _ in range(more):
        picked = pick(found, LEAST_LOADED, turn)
        turn = picked or turn
        found = [replace(each, load=each.load + (each.reference == picked)) for each in found]
    after = [each.load for each in found]
    assert not found or max(after) - min(after) <= max(1, max(before) - min(before))


@given(people, needs, histories)
def test_who_had_the_patient_last_keeps_him_when_she_may(found, need, last):
    able = [each for each in found if not why_not(each, need, at=NOW, pool_id=1)]
    by_reference = {each.reference: each for each in found}
    latest = next((by_reference[each] for each in last if each in by_reference), None)
    kept = same_person(able, found, last)
    if latest is None:
        assert kept is None
    elif may(latest, need):
        assert kept == latest.reference
    else:
        stands_in = latest.delegate if latest.state == "leave" else None
        assert kept in (None, stands_in or None)
