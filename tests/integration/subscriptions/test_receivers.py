"""Receivers that are down, fail, hang, drip or send elsewhere, and workers that are killed: in the end
every event is told, in order, each number once or more (security.md R7, R8). Times are scaled.
"""

import time
from datetime import timedelta

import pytest
from django.db import connection

from fhir.subscriptions import delivering
from tests.factories import create, put, task_document
from tests.integration.subscriptions.conftest import allow, follow, settle, subscribe, subscriber
from tests.integration.subscriptions.receiver import (
    Receiver,
    answers,
    drips,
    floods,
    hangs,
    hangs_up,
)
from tests.integration.subscriptions.trial import Worker, faults, most_repeats, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def listed(receiver):
    follow()
    allow(receiver.url)


@pytest.fixture
def quick(settings, monkeypatch):
    settings.DELIVERY_LIMIT = 0.3
    settings.DELIVERY_PAUSE = 0.02
    monkeypatch.setattr(delivering, "FIRST_PAUSE", timedelta(milliseconds=5))


def step_until(condition, what: str) -> None:
    limit = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limit, what
        if not delivering.step():
            time.sleep(0.005)


BEHAVIOURS = {
    "down": (None, "refused"),
    "500": (answers(500), "500"),
    "404": (answers(404), "404"),
    "429": (answers(429), "429"),
    "hangs": (hangs, "within"),
    "drips": (drips, "within"),
    "hangs up": (hangs_up, "cut"),
    "redirects": (answers(302, Location="/elsewhere"), "redirect"),
    "not modified": (answers(304), "redirect"),
}


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_what_is_not_acknowledged_is_told_when_the_receiver_is_back(receiver, quick, name):
    behave, said = BEHAVIOURS[name]
    made = subscribe(receiver.url)
    step_until(lambda: receiver.acknowledged, "a handshake")
    if behave is None:
        receiver.stop()
    else:
        receiver.behave = behave
    tasks = [create(task_document()) for _ in range(3)]
    for status in ("accepted", "in-progress", "completed"):
        for task in tasks:
            put(task | {"status": status})
    follow()
    step_until(lambda: subscriber(made).failures >= 4, "attempts")
    assert said in subscriber(made).attempts.order_by("-pk")[0].fault
    assert receiver.numbers == []
    if behave is None:
        receiver.start()
    receiver.behave = receiver.works
    step_until(lambda: subscriber(made).next_attempt_at is None, "the end")
    assert faults(receiver, 12) == []
    assert receiver.numbers == list(range(1, 13))


def test_a_redirect_leads_nowhere(receiver, quick):
    elsewhere = Receiver().start()
    for status in (301, 302, 303, 307, 308):
        receiver.behave = answers(status, Location=elsewhere.url)
        made = subscribe(receiver.url)
        step_until(lambda made=made: subscriber(made).failures, "an attempt")
    elsewhere.stop()
    assert elsewhere.requests == []
    assert {each.path for each in receiver.requests} == {"/hook"}


def test_of_an_answer_without_an_end_little_is_read(receiver, quick):
    receiver.behave = floods
    made = subscribe(receiver.url)
    step_until(lambda: subscriber(made).is_greeted, "a handshake")
    assert subscriber(made).attempts.get().milliseconds < 300


def test_an_environment_with_a_proxy_changes_nothing(receiver, quick, monkeypatch):
    proxy = Receiver().start()
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    made = subscribe(receiver.url)
    step_until(lambda: subscriber(made).is_greeted, "a handshake")
    proxy.stop()
    assert proxy.requests == [] and len(receiver.requests) == 1


def test_one_connection_serves_many_events(receiver, quick, monkeypatch):
    from fhir.subscriptions import sending

    connected = []
    connect = sending._Pinned.connect
    monkeypatch.setattr(
        sending._Pinned, "connect", lambda self: (connected.append(1), connect(self))
    )
    made = subscribe(receiver.url)
    for _ in range(20):
        create(task_document())
    follow()
    step_until(lambda: subscriber(made).next_attempt_at is None, "the end")
    assert receiver.numbers == list(range(1, 21))
    assert len(connected) < 5


# --- workers --------------------------------------------------------------------------------------


@pytest.fixture
def worker():
    """A worker of the test's own database, in a hurry."""
    parameters = connection.get_connection_params()
    user, password, host = (parameters[name] for name in ("user", "password", "host"))
    url = f"postgresql://{user}:{password}@/{parameters['dbname']}?host={host}"
    started = Worker(
        {
            "TASKWARD_DATABASE_URL": url
            + (f"&port={parameters['port']}" if parameters.get("port") else ""),
            "TASKWARD_DELIVERY_LIMIT": "1",
            "TASKWARD_DELIVERY_PAUSE": "1",
        }
    )
    yield started
    started.kill()


def test_a_worker_that_is_killed_again_and_again_loses_nothing(receiver, worker):
    made = subscribe(receiver.url)
    worker.start()
    wait_until(lambda: receiver.acknowledged, "a handshake", 60)
    tasks = [create(task_document()) for _ in range(5)]
    written = 5
    for behave in (answers(500), hangs, receiver.works, answers(307, Location="/x")):
        receiver.behave = behave
        for task in tasks * 4:
            put(task | {"description": f"Change {written}"})
            written += 1
        asked = len(receiver.requests)
        wait_until(lambda asked=asked: len(receiver.requests) > asked, "an attempt", 60)
        worker.kill()
        worker.start()
    receiver.behave = receiver.works
    wait_until(lambda: len(set(receiver.numbers)) == written, "all is told", 60)
    settle()
    assert subscriber(made).last_number == written == 85
    assert faults(receiver, written) == []
    assert most_repeats(receiver) <= 3


def test_two_workers_tell_each_event_once(receiver, worker):
    made = subscribe(receiver.url)
    second = Worker({})
    second.environment = worker.environment
    worker.start()
    second.start()
    try:
        wait_until(lambda: receiver.acknowledged, "a handshake", 60)
        for number in range(60):
            create(task_document(description=f"Change {number}"))
        wait_until(lambda: len(receiver.numbers) >= 60, "all is told", 60)
        wait_until(lambda: subscriber(made).next_attempt_at is None, "rest", 60)
    finally:
        second.kill()
    assert receiver.numbers == list(range(1, 61))


def test_a_worker_ends_when_it_is_asked_to_and_tells_others_while_a_receiver_hangs(
    receiver, worker
):
    stuck = Receiver(behave=hangs).start()
    allow(stuck.url)
    for number in range(3):
        subscribe(f"{stuck.url}/{number}")
    worker.environment["TASKWARD_DELIVERY_LIMIT"] = "10"
    worker.start()
    wait_until(lambda: len(stuck.requests) == 3, "attempts", 60)
    subscribe(receiver.url)
    create(task_document())
    wait_until(lambda: receiver.numbers == [1], "the other is told", 60)
    for number in range(3, 6):
        subscribe(f"{stuck.url}/{number}")
    wait_until(lambda: len(stuck.requests) >= 4, "another attempt", 60)
    assert worker.stop(limit=30) < 30
    stuck.stop()
