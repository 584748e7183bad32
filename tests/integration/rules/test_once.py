"""Nothing is lost and nothing is done twice: failing statements, killed workers, two at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest
from django.db import connections

from fhir import feed, store
from fhir.models import Change, ResourceVersion
from tasks.models import Rule, RuleRun, Task
from tasks.rules import engine
from tasks.rules.events import RULES, events_of
from tests.factories import pool_task
from tests.faults import nothing_or_everything
from tests.integration.rules.world import (
    changes,
    header,
    latest,
    message,
    only,
    patient,
    pool,
    rule,
    runs,
    task_type,
    tasks,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(cast):
    patient()
    Rule.objects.update(active=False)
    return cast


def number_all():
    """Whatever else the database server is busy with may hold the numbers back for a moment."""
    deadline = monotonic() + 60
    while Change.objects.count() < ResourceVersion.objects.count():
        feed.number_changes()
        assert monotonic() < deadline, "versions stay without a number"


def event_of(after):
    [event] = events_of(changes(after))
    return event


ACTS = {
    "create": lambda cast: {"kind": "create", "task_type": task_type(), "strategy": "round-robin"},
    "create for a person": lambda cast: {
        "kind": "create", "task_type": task_type(), "person": cast["nurse"].reference,
    },
    "notify": lambda cast: {
        "kind": "notify", "whom": "person", "person": cast["nurse"].reference, "text": "Look"
    },
}  # fmt: skip


@pytest.mark.parametrize("name", ACTS)
def test_a_run_about_a_message_is_whole_or_not_at_all(world, name):
    made = rule("message", ACTS[name](world))
    after = latest()
    message()
    event = event_of(after)
    nothing_or_everything(lambda: engine.attempt(made, event))
    assert [each.state for each in runs(made)] == ["done"]


def test_a_run_with_subtasks_and_several_acts_is_whole_or_not_at_all(world):
    task_type().subtasks.create(subtype=task_type("review-lab-report"))
    tell = {"kind": "notify", "whom": "coordinators"}
    made = rule("message", ACTS["create"](world), {"kind": "escalate"}, tell)
    after = latest()
    message(header())
    event = events_of(changes(after))[-1]
    nothing_or_everything(lambda: engine.attempt(made, event))
    assert len(tasks()) == 2


@pytest.mark.parametrize("kind", ["priority", "escalate", "reroute"])
def test_a_run_about_a_task_is_whole_or_not_at_all(world, kind):
    target = {"pool": pool("doctor")} if kind == "reroute" else {}
    made = rule("resource", {"kind": kind, **target}, resource_type="Task")
    after = latest()
    pool_task()
    event = event_of(after)
    nothing_or_everything(lambda: engine.attempt(made, event))


def test_a_step_of_the_follower_is_whole_or_not_at_all(world):
    only("patient-message")
    number_all()
    while feed.follow(engine.FOLLOWER):
        pass
    message()
    message()
    number_all()
    nothing_or_everything(lambda: feed.follow(engine.FOLLOWER))
    assert len(tasks()) == 2


def test_a_fault_in_one_rule_keeps_no_other_from_its_work(world, monkeypatch, caplog):
    broken = rule("message", ACTS["notify"](world), position=1)
    works = rule("message", ACTS["create"](world), position=2)
    after = latest()
    message(text="Private words")
    acted = engine.act

    def act(each, event, *, at):
        if each == broken:
            raise KeyError("Private words")
        return acted(each, event, at=at)

    monkeypatch.setattr(engine, "act", act)
    engine.handle(changes(after))
    assert [each.state for each in runs(broken)] == ["failed"]
    assert runs(broken)[0].result == "A fault of the program: KeyError."
    assert [each.state for each in runs(works)] == ["done"]
    monkeypatch.undo()
    assert engine.retry() == 1
    assert [each.state for each in runs(broken)] == ["done"]


def in_threads(count, job):
    together = threading.Barrier(count, timeout=60)

    def run(_):
        together.wait()
        try:
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_two_workers_make_one_task_of_each_message(world):
    only("patient-message")
    after = latest()
    for _ in range(5):
        message()
    events = changes(after)
    in_threads(4, lambda: engine.handle(events))
    assert len(tasks()) == 5
    assert RuleRun.objects.count() == 5


def test_two_workers_that_look_at_waits_act_once(world):
    made = rule("unclaimed", {"kind": "priority"}, minutes=1, checked=store.now())
    for _ in range(5):
        pool_task()
    at = store.now() + 2 * (store.now() - made.checked) + engine.OVERLAP
    in_threads(4, lambda: engine.look(at=at))
    assert len(runs(made)) == 5
    assert {each["priority"] for each in tasks()} == {"urgent"}
    assert {each["meta"]["versionId"] for each in tasks()} == {"2"}


def test_two_messages_of_one_thread_at_once_make_one_task(world):
    only("patient-message")
    thread = header()
    batches = []
    for _ in range(4):
        after = latest()
        message(thread)
        batches.append(changes(after))
    in_threads(4, lambda: engine.handle(batches.pop()))
    assert len(tasks()) == 1
    assert RuleRun.objects.count() == 4


def test_a_worker_that_dies_before_it_is_done_has_done_nothing(world):
    """Its transaction is gone with it; the next one finds the same event."""
    only("patient-message")
    number_all()
    while feed.follow(engine.FOLLOWER):
        pass
    message()
    number_all()

    def dies():
        handled = feed._followers[engine.FOLLOWER].handle

        def handle(batch):
            handled(batch)
            assert Task.objects.count() == 1
            raise SystemExit

        follower = feed._followers[engine.FOLLOWER]
        feed._followers[engine.FOLLOWER] = follower._replace(handle=handle)
        try:
            with pytest.raises(SystemExit):
                feed.follow(engine.FOLLOWER)
        finally:
            feed._followers[engine.FOLLOWER] = follower

    dies()
    assert not tasks()
    assert not RuleRun.objects.exists()
    feed.follow(engine.FOLLOWER)
    assert len(tasks()) == 1


def test_what_rules_write_is_in_their_name(world):
    only("patient-message")
    after = latest()
    message()
    engine.handle(changes(after))
    written = changes(after)[1:]
    assert {each.actor for each in written} == {RULES.name}
    assert {each.resource_type for each in written} == {"Task", "Provenance"}
