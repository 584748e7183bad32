"""Rules on time: what has waited too long, each wait once."""

from datetime import UTC, datetime, timedelta

import pytest

from fhir import sql
from tasks import actions
from tasks.models import Rule
from tasks.rules import engine
from tasks.rules.waits import Version, overdue, stalled, unclaimed, waits
from tests.factories import NURSE_ROLE, owned_task, pool_task, role
from tests.integration.rules.world import (
    header,
    message,
    only,
    patient,
    pool,
    rule,
    runs,
    tasks,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TELL = {"kind": "notify", "whom": "coordinators"}


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.fixture
def clock(cast):
    """clock(reference, minutes before NOW, …): when the versions of a resource were written."""
    patient()
    Rule.objects.update(active=False)

    def set_back(task: dict, *ago: float) -> None:
        for number, each in enumerate(ago, start=1):
            sql.rows(
                "update fhir_resourceversion set last_updated = %s"
                " where resource_id = %s and version_id = %s",
                (NOW - minutes(each), task["id"], number),
            )

    return set_back


def waiting(trigger, *acts, **fields) -> Rule:
    return rule(trigger, *(acts or [TELL]), minutes=30, checked=NOW - minutes(60), **fields)


def look(at=NOW) -> int:
    return engine.look(at=at)


def test_a_task_that_nobody_claims(clock):
    made = waiting("unclaimed")
    old, new = pool_task(), pool_task()
    clock(old, 31)
    clock(new, 29)
    assert look() == 1
    assert [each.event for each in runs(made)] == [f"unclaimed/Task/{old['id']}/_history/1"]
    assert runs(made)[0].happened == NOW - minutes(1)


def test_each_wait_is_told_of_once(clock):
    made = waiting("unclaimed")
    task = pool_task()
    clock(task, 45)
    assert [look(NOW + minutes(step)) for step in (0, 1, 2, 90)] == [1, 0, 0, 0]
    assert len(runs(made)) == 1


def test_a_wait_that_has_ended_is_none(clock, cast):
    made = waiting("unclaimed")
    task = pool_task()
    actions.claim(task["id"], actor=cast["nurse"].actor)
    clock(task, 45, 20)
    assert look() == 0
    assert not runs(made)


def test_going_back_to_the_pool_begins_another_wait(clock, cast):
    made = waiting("unclaimed")
    task = pool_task()
    actions.claim(task["id"], actor=cast["nurse"].actor)
    actions.release(task["id"], actor=cast["nurse"].actor)
    clock(task, 90, 80, 40)
    assert look() == 1
    assert [each.event for each in runs(made)] == [f"unclaimed/Task/{task['id']}/_history/3"]


def test_a_note_ends_no_wait_for_a_claim(clock, cast):
    made = waiting("unclaimed")
    task = pool_task()
    actions.add_note(task["id"], "Called twice", actor=cast["nurse"].actor)
    clock(task, 45, 5)
    assert look() == 1
    assert len(runs(made)) == 1


def test_criteria_are_a_search_of_the_task_as_it_was_then(clock, cast):
    made = waiting("unclaimed", criteria="priority=stat")
    stat, routine = pool_task(priority="stat"), pool_task()
    clock(stat, 31)
    clock(routine, 31)
    assert look() == 1
    assert f"Task/{stat['id']}" in runs(made)[0].event


def test_what_is_overdue(clock, cast):
    made = waiting("overdue")

    def due(before: float) -> dict:
        end = (NOW - minutes(before)).isoformat()
        task = pool_task(restriction={"period": {"end": end}})
        clock(task, 600)
        return task

    late, _, done = due(31), due(29), due(40)
    actions.claim(done["id"], actor=cast["nurse"].actor)
    clock(done, 600, 50)
    actions.complete(done["id"], actor=cast["nurse"].actor)
    clock(done, 600, 50, 45)
    assert look() == 1
    assert [each.event for each in runs(made)] == [f"overdue/Task/{late['id']}/_history/1"]


def test_what_was_late_when_it_came(clock):
    made = waiting("overdue")
    end = (NOW - minutes(5000)).isoformat()
    task = pool_task(restriction={"period": {"end": end}})
    clock(task, 35)
    assert look() == 1
    assert len(runs(made)) == 1


def test_what_nobody_has_touched(clock, cast):
    made = waiting("stalled")
    still = owned_task(cast["nurse"], status="accepted")
    moving = owned_task(cast["nurse"], status="accepted")
    actions.add_note(moving["id"], "Called", actor=cast["nurse"].actor)
    clock(still, 40)
    clock(moving, 40, 10)
    assert look() == 1
    assert [each.event for each in runs(made)] == [f"stalled/Task/{still['id']}/_history/1"]


def test_what_the_rule_does_is_no_touch(clock, cast):
    made = waiting("stalled", {"kind": "priority"})
    task = owned_task(cast["nurse"], status="accepted")
    clock(task, 40)
    assert look() == 1
    clock(task, 40, 0)
    assert look(NOW + minutes(45)) == 0
    assert tasks()[0]["priority"] == "urgent"
    assert len(runs(made)) == 1


def test_a_message_that_nobody_answers(clock, cast):
    made = waiting("unanswered", {"kind": "escalate"})
    thread = header()
    first = message(thread)
    again = message(thread, text="Hello?")
    clock(first, 40)
    clock(again, 5)
    task = pool_task(focus={"reference": f"Communication/{thread['id']}"})
    clock(task, 39)
    answered = header()
    question = message(answered)
    reply = message(answered, sender=cast["nurse"].reference, category=None)
    clock(question, 40)
    clock(reply, 35)
    assert look() == 1
    assert [each.event for each in runs(made)] == [
        f"unanswered/Communication/{first['id']}/_history/1"
    ]
    assert tasks()[0]["businessStatus"]["coding"][0]["code"] == "escalated"
    assert [look(NOW + minutes(step)) for step in (1, 30, 60)] == [0, 0, 0]


def test_a_rule_begins_when_it_is_switched_on(clock):
    made = rule("unclaimed", TELL, minutes=30)
    old = pool_task()
    clock(old, 300)
    assert look() == 0
    assert look(NOW + minutes(1)) == 0
    fresh = pool_task()
    clock(fresh, 5)
    assert look(NOW + minutes(26)) == 1
    assert [each.event for each in runs(made)] == [f"unclaimed/Task/{fresh['id']}/_history/1"]


def test_a_worker_that_was_away_finds_what_it_missed(clock):
    made = waiting("unclaimed")
    task = pool_task()
    clock(task, 31)
    assert look(NOW + minutes(600)) == 1
    assert len(runs(made)) == 1


def test_the_shipped_rule_escalates_stat_work(clock, cast):
    made = only("unclaimed-stat")
    Rule.objects.filter(pk=made.pk).update(checked=NOW - minutes(30))
    task = pool_task(priority="stat")
    clock(task, 16)
    assert look() == 1
    [now] = tasks()
    assert now["businessStatus"]["coding"][0]["code"] == "escalated"
    assert now["note"][0]["text"] == "Nobody has claimed this for 15 minutes."


def test_reroutes_of_rules_do_not_go_round(clock):
    there = rule(
        "unclaimed", {"kind": "reroute", "pool": pool("doctor")}, minutes=30,
        checked=NOW - minutes(60), criteria=f"performer={NURSE_ROLE}",
    )  # fmt: skip
    back = rule(
        "unclaimed", {"kind": "reroute", "pool": pool()}, minutes=30,
        checked=NOW - minutes(60), criteria="performer=158965000",
    )  # fmt: skip
    task = pool_task()
    clock(task, 40)
    for step in range(8):
        look(NOW + minutes(35 * step))
        clock(task, *[40 - 35 * n for n in range(step + 2)])
    assert (len(runs(there)), len(runs(back))) == (1, 1)


# Waits, without a database.


def versions(*documents):
    return [
        Version(number, NOW + minutes(number), "Practitioner/x", each)
        for number, each in enumerate(documents, start=1)
    ]


def told(documents, key):
    return [
        (each.since.version_id, each.until and (each.until - NOW) // minutes(1))
        for each in waits(versions(*documents), key)
    ]


FREE = {"status": "requested", "performerType": role(NURSE_ROLE)}
TAKEN = {**FREE, "status": "accepted", "owner": {"reference": "Practitioner/x"}}
OTHER_POOL = {**FREE, "performerType": role("1")}
DUE = {**FREE, "restriction": {"period": {"end": "2026-11-21T12:00:00Z"}}}


@pytest.mark.parametrize(
    ("documents", "key", "expected"),
    [
        ([], unclaimed, []),
        ([FREE], unclaimed, [(1, None)]),
        ([FREE, FREE, TAKEN], unclaimed, [(1, 3)]),
        ([FREE, TAKEN, FREE], unclaimed, [(1, 2), (3, None)]),
        ([FREE, OTHER_POOL], unclaimed, [(1, 2), (2, None)]),
        ([FREE, None], unclaimed, [(1, 2)]),
        ([{"status": "requested"}], unclaimed, []),
        ([DUE, {**DUE, "status": "completed"}], overdue, [(1, 2)]),
        ([FREE, DUE], overdue, [(2, None)]),
        ([TAKEN, TAKEN], stalled, [(1, 2), (2, None)]),
        ([FREE, TAKEN, {**TAKEN, "status": "on-hold"}], stalled, [(2, 3)]),
    ],
)
def test_waits_are_read_from_versions(documents, key, expected):
    assert told(documents, key) == expected
