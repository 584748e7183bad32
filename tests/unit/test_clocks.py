"""The clocks of a Task by its versions: the parts add up, and odd histories come out right."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.hours import Hours
from fhir.datatypes import to_instant
from tasks.clocks import Clocks, Concept, Hold, Pools, Recorded, Stage, clocks
from tasks.transitions import FINAL, Status

START = datetime(2026, 3, 2, 8, tzinfo=UTC)  # a Monday
MINUTE = 60_000
MAYA, TOMAS = "Practitioner/maya", "Practitioner/tomas"
NURSES, HEART = 1, 2
POOLS = Pools(
    lambda performer_type: [each["pool"] for each in performer_type if "pool" in each],
    lambda pool, start, end: HOURS[pool].open_seconds(start, end),
)
HOURS = {
    NURSES: Hours(),
    HEART: Hours(tuple((day, time(9), time(17)) for day in range(5)), UTC),
}


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def task(status: str = "requested", owner: str = "", pool: int = NURSES, **elements) -> dict:
    document = {"status": status, "intent": "order", **elements}
    if pool:
        document["performerType"] = [{"pool": pool, "text": f"pool {pool}"}]
    if owner:
        document["owner"] = {"reference": owner}
    return document


def stage(code: str) -> dict:
    return {"businessStatus": {"coding": [{"system": "urn:stages", "code": code}]}}


def history(*steps: tuple[float, dict | None], actor: str = MAYA) -> list[Recorded]:
    """Versions of (minutes after START, document)."""
    return [
        Recorded(number, at(minutes), actor, document)
        for number, (minutes, document) in enumerate(steps, start=1)
    ]


def measured(*steps: tuple[float, dict | None], until: float | None = None) -> Clocks:
    ends = None if until is None else at(until)
    return clocks(history(*steps), pools=POOLS, until=ends)


def minutes(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / MINUTE


# --- one plain history ----------------------------------------------------------------------------

PLAIN = (
    (0, task(**stage("new"))),
    (10, task("accepted", MAYA, **stage("new"))),
    (15, task("in-progress", MAYA, **stage("doing"))),
    (20, task("on-hold", MAYA, statusReason={"text": "Waiting on patient"}, **stage("doing"))),
    (50, task("in-progress", MAYA, **stage("doing"))),
    (60, task("completed", MAYA, **stage("doing"))),
)


def test_a_plain_history():
    found = measured(*PLAIN)
    assert (found.created, found.claimed, found.started) == (at(0), at(10), at(10))
    assert found.ended == at(60)
    times = (found.to_claim, found.to_start, found.waiting, found.owned, found.hold)
    assert [minutes(each) for each in times] == [10, 10, 10, 50, 30]
    assert (minutes(found.turnaround), minutes(found.working)) == (60, 30)
    assert found.pools == {NURSES: 10 * MINUTE}
    assert found.stages == (
        Stage(Concept("urn:stages", "new"), 15 * MINUTE, True, 15 * MINUTE),
        Stage(Concept("urn:stages", "doing"), 45 * MINUTE, True, 45 * MINUTE),
    )
    assert found.holds == (Hold(Concept("", "", "Waiting on patient"), 30 * MINUTE, True),)
    assert found.reroutes == 0 and [move.kind for move in found.moves] == ["claim"]


def test_what_goes_on_is_counted_until_now_and_not_without():
    steps = (0, task()), (10, task("accepted", MAYA))
    assert minutes(measured(*steps, until=70).owned) == 60
    assert minutes(measured(*steps).owned) == 0
    assert measured(*steps, until=70).ended is None


# --- odd histories --------------------------------------------------------------------------------


def test_a_hold_that_is_reopened_counts_twice():
    held = task("on-hold", MAYA, statusReason={"text": "A"})
    other = task("on-hold", MAYA, statusReason={"text": "B"})
    working = task("in-progress", MAYA)
    found = measured((0, working), (1, held), (3, working), (6, held), (10, other), (15, working))
    assert minutes(found.hold) == 11
    assert [(hold.reason.label, minutes(hold.ms)) for hold in found.holds] == [
        ("A", 2),
        ("A", 4),
        ("B", 5),
    ]


def test_a_hold_that_goes_on_has_not_ended():
    [hold] = measured((0, task()), (5, task("on-hold"))).holds
    assert not hold.ended


def test_time_deleted_counts_nowhere():
    found = measured((0, task()), (5, None), (65, task()), (70, task("completed")))
    assert (minutes(found.turnaround), minutes(found.waiting)) == (10, 10)
    assert found.ended == at(70)


def test_an_ended_task_that_was_deleted_and_restored_ended_when_it_did():
    done = task("completed")
    found = measured((0, task()), (5, done), (10, None), (20, done))
    assert (found.ended, minutes(found.turnaround)) == (at(5), 5)


def test_one_that_came_back_from_its_end_goes_on():
    found = measured((0, task()), (5, task("completed")), (10, None), (20, task()), until=30)
    assert found.ended is None and minutes(found.turnaround) == 15


def test_an_imported_completed_task_tells_of_its_past():
    document = task(
        "completed",
        MAYA,
        authoredOn=to_instant(at(-120)),
        executionPeriod={"start": to_instant(at(-90)), "end": to_instant(at(-60))},
        **stage("reviewed"),
    )
    found = measured((0, document))
    assert (found.created, found.claimed, found.ended) == (at(-120), at(-90), at(-60))
    assert (minutes(found.to_claim), minutes(found.turnaround)) == (30, 60)
    assert found.pools == {NURSES: 30 * MINUTE}
    assert found.stages == (Stage(Concept("urn:stages", "reviewed"), 0, True, None),)
    assert found.hold == 0


def test_of_a_past_without_times_nothing_is_made_up():
    days = {"start": "2026-01-01", "end": "2026-02-01"}
    found = measured((0, task("completed", MAYA, authoredOn="2026-01-01", executionPeriod=days)))
    assert (found.created, found.ended, found.turnaround) == (at(0), at(0), 0)
    assert found.to_claim is None


def test_a_past_in_the_wrong_order_is_put_right():
    document = task(
        "completed",
        authoredOn=to_instant(at(500)),
        executionPeriod={"start": to_instant(at(-50)), "end": to_instant(at(-90))},
    )
    found = measured((0, document))
    assert found.created == found.ended == at(0)
    assert found.turnaround == 0


def test_an_imported_hold_is_held_from_when_it_is_known():
    document = task("on-hold", MAYA, authoredOn=to_instant(at(-60)))
    found = measured((0, document), (10, task("in-progress", MAYA)), until=20)
    assert (minutes(found.hold), minutes(found.turnaround)) == (10, 80)


def test_one_who_had_it_from_the_beginning_did_not_wait_for_it():
    found = measured((0, task("accepted", MAYA)), (5, task("completed", MAYA)))
    assert found.claimed == at(0) and found.to_claim is None and found.waiting == 0


def test_a_draft_is_not_asked_for_yet():
    found = measured((0, task("draft")), (30, task()), (40, task("accepted", MAYA)))
    assert (found.created, minutes(found.to_claim)) == (at(30), 10)


def test_a_clock_that_steps_back_makes_no_time_negative():
    versions = history((0, task()), (10, task("accepted", MAYA)), (60, task("completed", MAYA)))
    versions[1] = versions[1]._replace(at=at(-600))
    found = clocks(versions, pools=POOLS)
    assert (minutes(found.waiting), minutes(found.owned)) == (0, 60)


def test_versions_of_one_instant_stand_in_the_order_of_their_numbers():
    steps = (0, task()), (5, task("accepted", MAYA)), (5, task(pool=HEART)), (9, task("completed"))
    found = measured(*steps)
    assert [move.kind for move in found.moves] == ["claim", "reroute", "reroute"]
    assert clocks(history(*steps)[::-1], pools=POOLS) == found


def test_two_pools_are_waited_in_at_once():
    both = [{"pool": NURSES}, {"pool": HEART}]
    found = measured((0, task() | {"performerType": both}), (5, task("accepted", MAYA)))
    assert found.pools == {NURSES: 5 * MINUTE, HEART: 5 * MINUTE}
    assert minutes(found.waiting) == 5


def test_only_opening_hours_are_worked():
    """Open from 9: from 8 to 9, and by night, the heart pool is closed."""
    day = 24 * 60
    found = measured((0, task(pool=HEART)), (day + 120, task("completed", pool=HEART)))
    assert minutes(found.turnaround) == day + 120
    assert minutes(found.working) == 8 * 60 + 60


def test_who_takes_it_out_of_a_pool_works_by_its_hours():
    found = measured((0, task(pool=HEART)), (30, task("accepted", MAYA, pool=0)), until=120)
    assert minutes(found.working) == 60


# --- stages ---------------------------------------------------------------------------------------


def test_a_stage_is_passed_by_going_on_or_by_completing():
    on, off = task(**stage("a")), task(**stage("b"))
    found = measured((0, on), (5, off), (7, on), (10, task("cancelled", **stage("a"))))
    by_code = {each.stage.code: each for each in found.stages}
    assert (minutes(by_code["a"].ms), minutes(by_code["a"].to_next)) == (8, 5)
    assert by_code["b"].passed
    [only] = measured((0, on), (5, task("cancelled", **stage("a")))).stages
    assert not only.passed
    [only] = measured((0, on), (5, task("completed"))).stages
    assert only.passed and minutes(only.to_next) == 5


def test_a_stage_that_comes_with_the_end_is_reached():
    found = measured((0, task(**stage("a"))), (5, task("completed", **stage("z"))))
    assert [(each.stage.code, each.passed) for each in found.stages] == [("a", True), ("z", True)]


# --- moves ----------------------------------------------------------------------------------------

REROUTED = {"coding": [{"system": "urn:taskward:status-reason", "code": "rerouted"}]}


@pytest.mark.parametrize(
    ("before", "after", "kind", "places"),
    [
        (task(), task("accepted", MAYA), "claim", ("pool:1", MAYA)),
        (task(), task("accepted", TOMAS), "assign", ("pool:1", TOMAS)),
        (task("accepted", MAYA), task(), "release", ("pool:1", "pool:1")),
        (task("accepted", MAYA), task("accepted", TOMAS), "reroute", ("pool:1", TOMAS)),
        (task("accepted", MAYA, 0), task(pool=HEART), "reroute", (MAYA, "pool:2")),
        (task(), task(pool=HEART), "reroute", ("pool:1", "pool:2")),
        (task("draft"), task(pool=HEART), "", ()),
        (task("accepted", MAYA), task("accepted", MAYA, HEART), "", ()),
        (task("completed"), task("entered-in-error", MAYA), "", ()),
        (
            task("accepted", MAYA),
            task("cancelled", MAYA, statusReason=REROUTED),
            "handover",
            ("pool:1", ""),
        ),
    ],
)
def test_moves(before, after, kind, places):
    found = measured((0, before), (5, after)).moves
    assert [(move.kind, (move.before, move.after)) for move in found] == (
        [(kind, places)] if kind else []
    )


# --- overdue --------------------------------------------------------------------------------------


def due(minute: float) -> dict:
    return {"restriction": {"period": {"end": to_instant(at(minute))}}}


def test_it_is_overdue_from_its_due_time_to_its_end():
    found = measured((0, task(**due(10))), (30, task("completed", **due(10))))
    assert found.overdue == (at(10), at(30))
    assert measured((0, task(**due(10))), (5, task("completed", **due(10)))).overdue == ()
    assert measured((0, task(**due(10)))).overdue == (at(10),)


def test_a_later_due_time_ends_it():
    steps = (0, task(**due(10))), (20, task(**due(40))), (50, task("accepted", MAYA, **due(40)))
    assert measured(*steps).overdue == (at(10), at(20), at(40))


# --- all histories --------------------------------------------------------------------------------

STATUSES = st.sampled_from([status.value for status in Status])
DOCUMENTS = st.builds(
    lambda status, owner, pool, code, reason, due_at: task(
        status,
        owner,
        pool,
        **(stage(code) if code else {}),
        **({"statusReason": {"text": reason}} if reason else {}),
        **(due(due_at) if due_at is not None else {}),
    ),
    STATUSES,
    st.sampled_from(["", MAYA, TOMAS]),
    st.sampled_from([0, NURSES, HEART]),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["", "x", "y"]),
    st.none() | st.integers(-100, 5000),
)
STEPS = st.lists(
    st.tuples(st.integers(0, 3000), st.none() | DOCUMENTS, st.sampled_from([MAYA, TOMAS])),
    min_size=1,
    max_size=8,
)


@st.composite
def histories(draw) -> list[Recorded]:
    """Any statuses in any order, with steps of the clock; the first is no deletion."""
    steps = draw(STEPS)
    first = draw(DOCUMENTS)
    for name in ("authoredOn", "start", "end"):
        minute = draw(st.none() | st.integers(-2000, 200))
        if minute is None:
            continue
        if name == "authoredOn":
            first = {**first, name: to_instant(at(minute))}
        else:
            period = {**first.get("executionPeriod", {}), name: to_instant(at(minute))}
            first = {**first, "executionPeriod": period}
    versions = [Recorded(1, at(draw(st.integers(0, 100))), MAYA, first)]
    now = versions[0].at
    for number, (passed, document, actor) in enumerate(steps, start=2):
        now += timedelta(minutes=passed - 100)
        versions.append(Recorded(number, now, actor, document))
    return versions


@given(histories(), st.integers(0, 20_000))
def test_the_parts_are_the_whole(versions, minute):
    found = clocks(versions, pools=POOLS, until=at(minute))
    assert found.waiting + found.owned == found.turnaround
    assert 0 <= found.staged <= found.turnaround
    assert sum(hold.ms for hold in found.holds) == found.hold <= found.turnaround
    assert 0 <= found.working <= found.turnaround - found.hold
    assert all(0 <= waited <= found.waiting for waited in found.pools.values())
    for part in (found.to_claim, found.to_start):
        assert part is None or 0 <= part <= found.turnaround


@given(histories())
def test_instants_are_in_order(versions):
    found = clocks(versions, pools=POOLS)
    for later in (found.claimed, found.started):
        assert later is None or later >= found.created
    assert found.ended is None or found.ended >= found.created
    last = next(each.document for each in reversed(versions) if each.document)
    assert (found.ended is not None) == (last["status"] in FINAL)
    assert list(found.overdue) == sorted(found.overdue)


@given(histories(), st.data())
def test_a_version_that_changes_nothing_measured_changes_no_clock(versions, data):
    """As an edited note does: it makes a version, and no more."""
    place = data.draw(st.integers(0, len(versions) - 1))
    before = versions[place]
    following = versions[place + 1].at if place + 1 < len(versions) else before.at
    noted = before._replace(
        at=max(before.at, min(following, before.at + timedelta(minutes=1))),
        document=before.document and {**before.document, "note": [{"text": "edited"}]},
    )
    edited = [*versions[: place + 1], noted, *versions[place + 1 :]]
    numbered = [each._replace(number=number) for number, each in enumerate(edited, start=1)]
    until = max(each.at for each in numbered) + timedelta(minutes=5)
    found = clocks(numbered, pools=POOLS, until=until)
    known = clocks(versions, pools=POOLS, until=until)
    assert [move._replace(number=0) for move in found.moves] == [
        move._replace(number=0) for move in known.moves
    ]
    assert (found.turnaround, found.waiting, found.hold) == (
        known.turnaround,
        known.waiting,
        known.hold,
    )
    assert (found.stages, found.holds, found.pools, found.overdue, found.working) == (
        known.stages,
        known.holds,
        known.pools,
        known.overdue,
        known.working,
    )
    assert (found.created, found.claimed, found.started, found.ended) == (
        known.created,
        known.claimed,
        known.started,
        known.ended,
    )


@given(histories())
def test_the_order_in_which_versions_are_given_does_not_matter(versions):
    assert clocks(versions[::-1], pools=POOLS) == clocks(versions, pools=POOLS)
