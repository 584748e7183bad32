"""What is proposed to even out the work of a pool: pure, with invented people."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from accounts.availability import State
from tasks.balance import MOST, UNDER_WAY, Proposal, Work, propose
from tasks.document import NO_DUE
from tasks.eligible import Need, Person, why_not
from tasks.worklist import Listed

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
POOL = 7


def person(name: str, load: int = 0, *, limit: int | None = None, **more) -> Person:
    return Person(f"Practitioner/{name}", name, load=load, limits={POOL: limit}, **more)


def work(
    number: int,
    owner: str = "",
    *,
    status: str = "accepted",
    stat: bool = False,
    due: datetime = NO_DUE,
    licence: bool = False,
    state: str = "",
) -> Work:
    pools = frozenset([POOL])
    need = Need(
        pools=pools,
        licensed_pools=pools if licence else frozenset(),
        licensed_type=False,
        patient=licence,
        state=state,
        owner=f"Practitioner/{owner}" if owner else "",
        stat=stat,
        due=due,
    )
    document = {"status": status if owner else "requested"}
    return Work(Listed(str(number), 1, POOL, document, due, 0), need)


def said(members: list[Person], tasks: list[Work]) -> list[tuple[str, str, str, str]]:
    """(task, from, to, why)"""
    return [
        (each.work.id, each.giver.name if each.giver else "", each.taker.name, each.why)
        for each in propose(members, tasks, pool_id=POOL, at=NOW)
    ]


def test_from_who_has_most_to_who_has_least():
    members = [person("Priya", 6), person("Tomás", 2)]
    tasks = [work(n, "Priya") for n in range(6)] + [work(n, "Tomás") for n in (8, 9)]
    assert said(members, tasks) == [
        ("0", "Priya", "Tomás", "Priya has 6 open tasks, Tomás 2"),
        ("1", "Priya", "Tomás", "Priya has 5 open tasks, Tomás 3"),
    ]


def test_what_is_under_way_stays_where_it_is():
    members = [person("Priya", 3), person("Tomás")]
    tasks = [work(n, "Priya", status=status) for n, status in enumerate(sorted(UNDER_WAY))]
    assert said(members, tasks) == []


def test_a_difference_of_one_is_even():
    members = [person("Priya", 2), person("Tomás", 1)]
    assert said(members, [work(1, "Priya"), work(2, "Priya")]) == []


def test_what_those_have_who_are_on_leave_goes_to_others_even_when_begun():
    members = [person("Jo", 1, state=State.LEAVE), person("Tomás", 5)]
    tasks = [work(1, "Jo", status="in-progress")]
    assert said(members, tasks) == [("1", "Jo", "Tomás", "Jo is on leave")]


def test_who_is_away_keeps_what_can_wait_until_she_is_back():
    back = NOW + timedelta(hours=2)
    members = [person("Jo", 3, state=State.OFF, until=back), person("Tomás", 5)]
    tasks = [
        work(1, "Jo", stat=True),
        work(2, "Jo", due=NOW + timedelta(hours=1)),
        work(3, "Jo", due=NOW + timedelta(hours=3)),
    ]
    assert [each[:3] for each in said(members, tasks)] == [
        ("1", "Jo", "Tomás"),
        ("2", "Jo", "Tomás"),
    ]


def test_what_is_above_a_limit_goes_first_the_least_pressing_of_it():
    members = [person("Priya", 4, limit=3), person("Tomás", 3)]
    tasks = [work(n, "Priya") for n in range(4)]
    [(task, giver, taker, why)] = said(members, tasks)
    assert (task, giver, taker) == ("3", "Priya", "Tomás")
    assert why == "Priya has 4 open tasks; the limit is 3"


def test_of_what_nobody_has_only_what_cannot_wait():
    members = [person("Priya", 1), person("Tomás")]
    tasks = [work(1, stat=True), work(2, due=NOW - timedelta(minutes=12)), work(3)]
    assert said(members, tasks) == [
        ("1", "", "Tomás", "STAT, and nobody has it"),
        ("2", "", "Priya", "Overdue 12 min, and nobody has it"),
    ]


def test_nobody_gets_what_she_may_not_have():
    members = [
        person("Amy", 0, state=State.OFF),
        person("Ben", 1, limit=1),
        person("Cy", 2, licences=frozenset({"WI"})),
        person("Di", 3, licences=frozenset({"IL"})),
    ]
    [(_, _, taker, _)] = said(members, [work(1, stat=True, licence=True, state="IL")])
    assert taker == "Di"
    assert said(members, [work(1, stat=True, licence=True, state="TX")]) == []


people = st.lists(
    st.builds(
        lambda name, load, limit, state: person(name, load, limit=limit, state=state),
        st.sampled_from("ABCDEFG"),
        st.just(0),
        st.none() | st.integers(0, 6),
        st.sampled_from(list(State)),
    ),
    unique_by=lambda each: each.reference,
    max_size=6,
)


@given(people, st.data())
def test_no_proposal_breaks_a_rule_even_when_all_are_done(members, data):
    """Done one after the other, each is allowed at its turn, and no Task moves twice."""
    names = ["", *(each.name for each in members)]
    tasks = [
        work(
            number,
            data.draw(st.sampled_from(names)),
            status=data.draw(st.sampled_from(["accepted", "in-progress", "on-hold"])),
            stat=data.draw(st.booleans()),
            due=data.draw(st.sampled_from([NO_DUE, NOW - timedelta(1), NOW + timedelta(1)])),
        )
        for number in range(data.draw(st.integers(0, 40)))
    ]
    loads = {each.reference: 0 for each in members}
    for each in tasks:
        if each.owner:
            loads[each.owner] += 1
    members = [_with_load(each, loads[each.reference]) for each in members]
    found = propose(members, tasks, pool_id=POOL, at=NOW)
    assert len(found) <= MOST
    assert len({each.work.id for each in found}) == len(found)
    for each in found:
        _do(each, loads, members)
    # It settles: what is proposed next is not to take it all back.
    there = [each for each in members if each.state is State.ON and each.limit_in([POOL]) is None]
    if len(found) < MOST and all(not each.under_way for each in tasks):
        spread = [loads[each.reference] for each in there]
        assert max(spread, default=0) - min(spread, default=0) < 2


def _do(proposal: Proposal, loads: dict[str, int], members: list[Person]) -> None:
    taker = next(each for each in members if each.reference == proposal.taker.reference)
    now = _with_load(taker, loads[taker.reference])
    assert why_not(now, proposal.work.need, at=NOW, pool_id=POOL) == ""
    assert proposal.taker.load == loads[taker.reference]
    loads[taker.reference] += 1
    assert (proposal.giver.reference if proposal.giver else "") == proposal.work.owner
    if proposal.giver:
        loads[proposal.giver.reference] -= 1


def _with_load(each: Person, load: int) -> Person:
    return person(each.name, load, limit=each.limit_in([POOL]), state=each.state)
