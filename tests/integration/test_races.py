"""Many at once: one winner for every claim, and every note of everybody (security.md R4, R5).

Each writer is a thread with a connection of its own, and all start a round together. What is
asserted holds whatever the order in which they come.
"""

import fcntl
import json
import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client

from accounts.models import Pool
from fhir.actor import Role
from tasks import actions
from tasks.models import Task
from tests.agreement import assert_agrees, versions
from tests.conftest import ApiClient
from tests.factories import NURSE_ROLE, owned_task, person, pool_task, role

pytestmark = pytest.mark.django_db(transaction=True)

CLAIMERS = 64
NURSES = 8


@pytest.fixture(autouse=True)
def connections_enough(transactional_db, caplog):
    """PostgreSQL has a hundred connections, and xdist's workers share it: one race at a time."""
    caplog.set_level(logging.ERROR, "django.request")
    with (settings.TASKWARD_DATA / "races.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture
def nurses(cast):
    names = ("Ada", "Ben", "Cleo", "Dev", "Edie", "Finn", "Gus")
    others = [
        person(f"nurse-{name.lower()}", Role.PRACTITIONER, f"{name} Nurse", NURSE_ROLE)
        for name in names
    ]
    return [cast["nurse"], *others][:NURSES]


def at_once(jobs):
    """Run each job in a thread of its own; their results. A job takes what waits for the others."""
    together = Barrier(len(jobs), timeout=120)

    def run(job):
        try:
            return job(together.wait)
        except BaseException:
            together.abort()
            raise
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        futures = [pool.submit(run, job) for job in jobs]
    return [future.result() for future in futures]


def signed_in(who) -> Client:
    client = Client()
    client.force_login(who.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


# Ways to claim: person → (task id → (status, body)).


def by_patch(who, **headers):
    """The two operations that the guide prints."""
    client = ApiClient(who.user)
    owner = {"reference": who.reference, "display": who.user.get_full_name()}
    operations = [
        {"op": "replace", "path": "/status", "value": "accepted"},
        {"op": "replace", "path": "/owner", "value": owner},
    ]

    def claim(task_id):
        answer = client.patch(f"Task/{task_id}", operations, **headers)
        return answer.status_code, answer.content.decode()

    return claim


def by_patch_if_match(who):
    return by_patch(who, **{"If-Match": 'W/"1"'})


def by_operation(who):
    client = ApiClient(who.user)

    def claim(task_id):
        answer = client.post(f"Task/{task_id}/$claim")
        return answer.status_code, answer.content.decode()

    return claim


def by_page(who):
    client = signed_in(who)

    def claim(task_id):
        path = f"/worklist/t/{task_id}/claim"
        answer = client.post(path, {"version": "1", "view": "pool:registered-nurse"})
        status = 200 if answer.status_code in (302, 303) else answer.status_code
        return status, answer.content.decode()

    return claim


def by_transaction(who):
    client = ApiClient(who.user)

    def claim(task_id):
        entry = {"request": {"method": "POST", "url": f"Task/{task_id}/$claim"}}
        answer = client.post(
            "", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        )
        return answer.status_code, answer.content.decode()

    return claim


WAYS = [by_patch, by_patch_if_match, by_operation, by_page, by_transaction]


def race(claimers, tasks):
    """Let all claim each task at once: (person, status, body) of every answer, by task id."""

    def job(who, claim):
        def run(wait):
            answers = []
            for task_id in tasks:
                wait()
                answers.append((who, *claim(task_id)))
            return answers

        return run

    rows = at_once([job(who, claim) for who, claim in claimers])
    return dict(zip(tasks, zip(*rows, strict=True), strict=True))


def assert_one_winner(task_id, answers):
    first, *rest = versions(task_id)
    owners = [json.loads(version.document).get("owner", {}).get("reference") for version in rest]
    assert len({*owners}) == 1, "the Task changed hands"
    assert "owner" not in json.loads(first.document)
    winners = {who.reference for who, status, _ in answers if status == 200}
    assert winners == {*owners}
    winner = next(who.user.get_full_name() for who, status, _ in answers if status == 200)
    for who, status, body in answers:
        if who.reference not in winners:
            assert status in (409, 412), body[:300]
            assert winner in body, "the answer does not say who was faster"
        else:
            assert status in (200, 409, 412), body[:300]
    assert len(rest) == 1, "a claim is one version"
    assert_agrees(task_id)


def test_fifty_tasks_have_one_winner_each_whichever_way_they_are_claimed(nurses):
    tasks = [pool_task()["id"] for _ in range(50)]
    claimers = [
        (nurses[number % NURSES], WAYS[number % len(WAYS)](nurses[number % NURSES]))
        for number in range(CLAIMERS)
    ]
    for task_id, answers in race(claimers, tasks).items():
        assert_one_winner(task_id, answers)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_claiming_has_one_winner(nurses, way):
    tasks = [pool_task()["id"] for _ in range(3)]
    claimers = [(who, way(who)) for who in nurses * (CLAIMERS // NURSES)]
    for task_id, answers in race(claimers, tasks).items():
        assert_one_winner(task_id, answers)


@pytest.mark.parametrize("way", [by_patch, by_operation, by_transaction])
def test_a_double_click_of_the_winner_is_no_loss(cast, way):
    """Claiming twice is once: nobody is told that she was faster than herself."""
    tasks = [pool_task()["id"] for _ in range(20)]
    claimers = [(cast["nurse"], way(cast["nurse"])) for _ in range(8)]
    for task_id, answers in race(claimers, tasks).items():
        assert {status for _, status, _ in answers} == {200}, [body for *_, body in answers]
        assert len(versions(task_id)) == 2


def test_claim_next_gives_every_task_to_one_and_nobody_nothing_while_work_waits(nurses):
    tasks = {pool_task()["id"] for _ in range(50)}
    clients = [ApiClient(who.user) for who in nurses * (CLAIMERS // NURSES)]

    def job(client):
        def run(wait):
            wait()
            answer = client.post("Task/$claim-next")
            return answer.status_code, answer.json()["id"] if answer.content else None

        return run

    answers = at_once([job(client) for client in clients])
    assert Counter(status for status, _ in answers) == {200: 50, 204: CLAIMERS - 50}
    assert {task_id for _, task_id in answers if task_id} == tasks
    for task_id in tasks:
        assert assert_agrees(task_id).version_id == 2


def test_a_cancelled_task_is_not_claimed_and_a_claimed_one_is_cancelled_once(cast, nurses):
    tasks = [pool_task()["id"] for _ in range(12)]
    coordinator = ApiClient(cast["coordinator"].user)
    reason = [
        {"op": "replace", "path": "/status", "value": "cancelled"},
        {"op": "add", "path": "/statusReason", "value": {"text": "Duplicate"}},
    ]

    def cancel(task_id):
        answer = coordinator.patch(f"Task/{task_id}", reason)
        return answer.status_code, answer.content.decode()

    claimers = [(who, by_operation(who)) for who in nurses * 2]
    for task_id, answers in race([*claimers, (cast["coordinator"], cancel)], tasks).items():
        *claims, (_, cancelled, _) = answers
        assert cancelled == 200, "a coordinator cancels a Task of her pool in any open status"
        last = assert_agrees(task_id)
        assert last.status == "cancelled"
        statuses = [json.loads(version.document)["status"] for version in versions(task_id)]
        assert statuses in (["requested", "cancelled"], ["requested", "accepted", "cancelled"])
        winners = {who.reference for who, status, _ in claims if status == 200}
        assert winners == ({last.owner} if last.owner else set())
        assert {status for _, status, _ in claims} <= {200, 403, 409, 422}


def test_who_gives_a_task_to_somebody_and_who_claims_it_do_not_both_win(cast, nurses):
    tasks = [pool_task()["id"] for _ in range(12)]
    coordinator = ApiClient(cast["coordinator"].user)
    to_ines = [
        {"op": "test", "path": "/meta/versionId", "value": "1"},
        {"op": "replace", "path": "/owner", "value": {"reference": "Practitioner/ines"}},
    ]

    def assign(task_id):
        answer = coordinator.patch(f"Task/{task_id}", to_ines)
        return answer.status_code, answer.content.decode()

    claimers = [(who, by_operation(who)) for who in nurses * 2]
    for task_id, answers in race([*claimers, (cast["coordinator"], assign)], tasks).items():
        *claims, (_, assigned, _) = answers
        winners = {who.reference for who, status, _ in claims if status == 200}
        if assigned == 200:
            winners.add("Practitioner/ines")
        else:
            assert assigned == 412
        assert winners == {assert_agrees(task_id).owner}
        assert len(versions(task_id)) == 2


# Notes.

WRITERS, EACH = 32, 20


def note_by_patch(who):
    client = ApiClient(who.user)

    def write(task_id, text):
        operations = [{"op": "add", "path": "/note/-", "value": {"text": text}}]
        return client.patch(f"Task/{task_id}", operations).status_code

    return write


def note_by_action(who):
    def write(task_id, text):
        actions.add_note(task_id, text, actor=who.actor)
        return 200

    return write


def note_by_page(who):
    client = signed_in(who)

    def write(task_id, text):
        path = f"/worklist/t/{task_id}/note"
        answer = client.post(path, {"version": "1", "view": "my", "text": text})
        return 200 if answer.status_code in (302, 303) else answer.status_code

    return write


def test_every_note_of_everybody_is_there_once(nurses):
    task_id = pool_task()["id"]
    ways = [note_by_patch, note_by_action, note_by_page]
    texts = [
        [f"Note {number} of writer {writer}" for number in range(EACH)] for writer in range(WRITERS)
    ]

    def job(writer):
        write = ways[writer % len(ways)](nurses[writer % NURSES])

        def run(wait):
            wait()
            return [write(task_id, text) for text in texts[writer]]

        return run

    answers = at_once([job(writer) for writer in range(WRITERS)])
    assert Counter(status for row in answers for status in row) == {200: WRITERS * EACH}
    row = assert_agrees(task_id)
    assert row.version_id == 1 + WRITERS * EACH
    stored = [note["text"] for note in json.loads(row.document)["note"]]
    assert Counter(stored) == Counter(text for texts_of_one in texts for text in texts_of_one)
    for texts_of_one in texts:
        assert [text for text in stored if text in {*texts_of_one}] == texts_of_one
    # Nothing is ever taken away on the way.
    counts = [len(json.loads(version.document).get("note", [])) for version in versions(task_id)]
    assert counts == list(range(WRITERS * EACH + 1))


def test_who_names_the_version_that_she_read_loses_nobodys_note(cast):
    """R5: a stale If-Match is 412 and writes nothing; reading again and trying again succeeds."""
    task_id = owned_task(cast["nurse"], performerType=role(NURSE_ROLE))["id"]
    writers, each = 8, 5
    people = [cast["nurse"], cast["coordinator"], cast["admin"], cast["service"]]
    assert Pool.objects.get(slug="registered-nurse").coordinators.get() == cast["coordinator"].user

    def job(writer):
        client = ApiClient(people[writer % len(people)].user)

        def add(text):
            # Whoever fails was overtaken by a success of another: that can happen this often only.
            for _ in range(writers * each):
                task = client.get(f"Task/{task_id}")
                body = task.json()
                body["note"] = [*body.get("note", []), {"text": text}]
                answer = client.put(f"Task/{task_id}", body, **{"If-Match": task["ETag"]})
                if answer.status_code == 200:
                    return
                assert answer.status_code == 412
            raise AssertionError("no progress")

        def run(wait):
            wait()
            for number in range(each):
                add(f"{writer}.{number}")

        return run

    at_once([job(writer) for writer in range(writers)])
    row = assert_agrees(task_id)
    assert row.version_id == 1 + writers * each
    stored = [note["text"] for note in json.loads(row.document)["note"]]
    assert sorted(stored) == sorted(f"{w}.{n}" for w in range(writers) for n in range(each))


def sent_by_all(send, *, times=16):
    """(status, id) of each answer to the same request, sent at the same moment."""

    def job(wait):
        wait()
        answer = send()
        return answer.status_code, answer.json().get("id")

    return at_once([job] * times)


def test_equal_conditional_creates_make_one(cast):
    document = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "identifier": [{"system": "urn:orders", "value": "7"}],
    }
    condition = {"If-None-Exist": "identifier=urn:orders|7"}
    entry = {
        "resource": document,
        "request": {"method": "POST", "url": "Task", "ifNoneExist": condition["If-None-Exist"]},
    }
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    admin = cast["admin"].user
    alone = sent_by_all(lambda: ApiClient(admin).post("Task", document, **condition))
    assert sorted(status for status, _ in alone) == [200] * 15 + [201]
    assert len({made for _, made in alone}) == 1
    sent_by_all(lambda: ApiClient(admin).post("", bundle))
    sent_by_all(lambda: ApiClient(admin).put(f"Task?{condition['If-None-Exist']}", document))
    assert Task.objects.count() == 1


def test_equal_idempotency_keys_do_a_thing_once(cast):
    document = {"resourceType": "Task", "status": "requested", "intent": "order"}
    admin = cast["admin"].user
    key = {"Idempotency-Key": "once"}
    answers = sent_by_all(lambda: ApiClient(admin).post("Task", document, **key))
    assert {status for status, _ in answers} == {201} and len({made for _, made in answers}) == 1
    assert Task.objects.count() == 1
