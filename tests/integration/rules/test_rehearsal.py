"""A rehearsal lists exactly what the rule then does, and leaves nothing behind."""

from datetime import timedelta

import pytest

from fhir import store
from tasks import actions
from tasks.models import Rule, RuleRun
from tasks.rules import engine
from tasks.rules.rehearsal import perform, rehearse
from tests.factories import pool_task
from tests.integration.rules.world import (
    Feed,
    changes,
    header,
    latest,
    message,
    observation,
    only,
    patient,
    report,
    rule,
    runs,
    task_type,
    tasks,
)


@pytest.fixture
def world(cast):
    """What happened while no rule was at work: messages in two threads, reports, work that waits."""
    patient()
    Rule.objects.update(active=False)
    one, other = header(), header()
    message(one)
    message(one, text="And another thing")
    message(other, category=None)
    message(other)
    message(sender="Practitioner/ines")
    report(observation("H"))
    report(observation("N"))
    pool_task(priority="stat")
    pool_task()
    return cast


def kinds_of_rules(cast):
    """(rule that is off, how many events it is about)"""
    answer = {"kind": "create", "task_type": task_type(), "strategy": "least-loaded"}
    review = {"kind": "create", "task_type": task_type("review-lab-report")}
    to_nurse = {"kind": "notify", "whom": "person", "person": cast["nurse"].reference}
    off = {"active": False}
    return {
        "messages": (rule("message", answer, needs_answer=True, **off), 4),
        "senders": (rule("message", answer, to_nurse, sender_types=["Practitioner"], **off), 1),
        "reports": (
            rule("resource", review, resource_type="DiagnosticReport", criteria="status=final",
                 abnormal=True, **off),
            1,
        ),
        "tasks": (
            rule("resource", {"kind": "priority"}, {"kind": "escalate"}, resource_type="Task",
                 criteria="priority:missing=true", **off),
            1,
        ),
        "refused": (
            rule("resource", {"kind": "reroute", "pool": task_type().pool}, resource_type="Task",
                 criteria="priority=stat", **off),
            1,
        ),
    }  # fmt: skip


def told(rehearsal):
    return [(each.event.key, each.state, each.result, each.tasks) for each in rehearsal.lines]


@pytest.mark.parametrize("name", ["messages", "senders", "reports", "tasks", "refused"])
def test_it_lists_exactly_what_the_rule_then_does(world, name):
    made, count = kinds_of_rules(world)[name]
    before = (latest(), tasks(), RuleRun.objects.count())
    listed = rehearse(made)
    assert len(listed.lines) == count
    assert (latest(), tasks(), RuleRun.objects.count()) == before
    made.active = True
    made.save()
    engine.handle(changes())
    did = runs(made)
    assert [(each.event, each.state, each.result) for each in did] == [
        each[:3] for each in told(listed)
    ]
    there = {f"Task/{each['id']}" for each in before[1]}
    assert [tuple(t for t in each.tasks if t in there) for each in did] == [
        each[3] for each in told(listed)
    ]


@pytest.mark.parametrize("name", ["messages", "senders", "reports", "tasks", "refused"])
def test_doing_what_was_rehearsed_does_just_that(world, name):
    made, _ = kinds_of_rules(world)[name]
    listed = rehearse(made)
    did = perform(made, since=listed.since, until=listed.until)
    assert told(did) == told(listed)
    assert len(runs(made)) == len(listed.lines)


def test_what_was_done_when_it_happened_is_told_from_the_log(world):
    made, _ = kinds_of_rules(world)["messages"]
    made.active = True
    made.save()
    engine.handle(changes())
    listed = rehearse(made)
    assert all(each.before for each in listed.lines)
    assert [each.result for each in listed.lines] == [each.result for each in runs(made)]


def test_a_rule_that_stops_the_others_keeps_them_from_it_in_a_rehearsal_too(world):
    made, count = kinds_of_rules(world)["messages"]
    assert len(rehearse(made).lines) == count
    rule("message", needs_answer=True, text="present", position=1, stop=True)
    assert rehearse(made).lines == []


def test_what_is_older_than_a_week_is_not_looked_at(world):
    made, _ = kinds_of_rules(world)["messages"]
    assert rehearse(made, until=store.now() + timedelta(days=8)).lines == []


def test_a_rule_on_time_lists_what_it_does_at_each_look(world, monkeypatch):
    """Minute by minute while people work, and afterwards all at once."""
    start = store.now() - timedelta(days=2)
    clock = [start]
    monkeypatch.setattr(store, "now", lambda after=None: clock[0])
    tell = {"kind": "notify", "whom": "coordinators"}
    made = {
        each: rule(each, tell, minutes=30, checked=start)
        for each in ("unclaimed", "overdue", "stalled")
    }
    nurse = world["nurse"].actor
    ends = (start + timedelta(minutes=40)).isoformat()
    tried = [pool_task(restriction={"period": {"end": ends}})["id"] for _ in range(4)]
    steps = {
        20: lambda: actions.claim(tried[0], actor=nurse),
        35: lambda: actions.claim(tried[1], actor=nurse),
        60: lambda: actions.release(tried[1], actor=nurse),
        70: lambda: actions.complete(tried[0], actor=nurse),
        80: lambda: actions.claim(tried[2], actor=nurse),
        130: lambda: actions.add_note(tried[2], "Called", actor=nurse),
    }
    for minute in range(1, 180):
        clock[0] = start + timedelta(minutes=minute)
        if minute in steps:
            steps[minute]()
        engine.look(at=clock[0])
    for each in made.values():
        did = {(run.event, run.happened) for run in runs(each)}
        assert did
        RuleRun.objects.filter(rule=each).delete()
        listed = rehearse(each, since=start, until=clock[0])
        assert {(line.event.key, line.event.at) for line in listed.lines} == did


def test_a_wait_that_has_ended_is_told_and_nothing_is_done(world):
    tell = {"kind": "escalate"}
    made = rule("unclaimed", tell, minutes=30, active=False)
    task = pool_task()
    actions.claim(task["id"], actor=world["nurse"].actor)
    listed = rehearse(
        made, since=store.now() - timedelta(minutes=1), until=store.now() + timedelta(minutes=31)
    )
    assert f"unclaimed/Task/{task['id']}/_history/1" not in {e.event.key for e in listed.lines}


def test_a_rehearsal_that_is_too_long_says_so(world, monkeypatch):
    monkeypatch.setattr("tasks.rules.rehearsal.AT_MOST", 2)
    made, _ = kinds_of_rules(world)["messages"]
    listed = rehearse(made)
    assert (len(listed.lines), listed.more) == (2, True)


def test_it_leaves_the_rules_that_are_shipped_as_they_are(world):
    for each in Rule.objects.all():
        rehearse(each)
    only("patient-message")
    Feed().run()
    assert not RuleRun.objects.exists()
