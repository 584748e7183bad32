"""The rows that statistics are counted from agree with the versions, however they were written."""

from datetime import time

import pytest
from django.core.management import CommandError, call_command

from accounts.models import OpeningHours, Pool
from accounts.pools import save_codes
from fhir import actions, feed
from fhir.actor import SYSTEM
from tasks import clock_rows
from tasks.models import TaskClocks
from tests.factories import (
    CARDIOLOGIST_ROLE,
    NURSE_ROLE,
    create,
    owned_task,
    pool_task,
    put,
    role,
    task_document,
)

STAGE = {"coding": [{"system": "urn:stages", "code": "sent", "display": "Sent"}]}


def row(task: dict) -> TaskClocks:
    return TaskClocks.objects.get(resource_id=task["id"])


def change(task: dict, **elements) -> None:
    operations = [
        {"op": "add", "path": f"/{name}", "value": value}
        if value is not None
        else {"op": "remove", "path": f"/{name}"}
        for name, value in elements.items()
    ]
    actions.patch("Task", task["id"], operations, actor=SYSTEM)


def agree() -> bool:
    pools = clock_rows.known_pools()
    return not any(
        clock_rows.stale(task_ids, pools=pools) for task_ids in clock_rows.all_task_ids()
    )


def test_what_has_changed_is_caught_up_with(cast):
    code = {"text": "Call back"}
    task = create(task_document(performerType=role(NURSE_ROLE), code=code, businessStatus=STAGE))
    assert clock_rows.catch_up() and agree()
    found = row(task)
    assert (found.version_id, found.status, found.code_label) == (1, "requested", "Call back")
    assert (found.claimed, found.to_claim, found.turnaround) == (None, None, None)
    owner = {"reference": cast["nurse"].reference}
    change(task, status="accepted", owner=owner)
    change(task, status="completed")
    assert not agree()
    assert clock_rows.catch_up() and agree()
    found = row(task)
    assert (found.version_id, found.status, found.owner) == (3, "completed", owner["reference"])
    assert found.turnaround == (found.ended - found.created).total_seconds() * 1000
    assert (
        found.to_claim == found.waiting == (found.claimed - found.created) / clock_rows.MILLISECOND
    )
    assert found.stages == [
        {"system": "urn:stages", "code": "sent", "label": "Sent", "passed": True}
        | {"ms": found.turnaround, "to_next": found.turnaround}
    ]


def test_a_deleted_task_keeps_its_row_until_it_is_restored(cast):
    task = owned_task(cast["nurse"])
    actions.delete("Task", task["id"], actor=SYSTEM)
    clock_rows.catch_up()
    assert agree() and row(task).version_id == 2
    put({name: value for name, value in task.items() if name != "meta"})
    clock_rows.catch_up()
    assert agree() and row(task).version_id == 3


def test_a_reroute_has_the_reason_of_its_provenance(cast):
    task = owned_task(cast["nurse"], performerType=role(NURSE_ROLE))
    change(task, owner=None, performerType=role(CARDIOLOGIST_ROLE))
    clock_rows.catch_up()
    [move] = row(task).moves
    pools = clock_rows.known_pools()
    nurses, cardiologists = (
        pools.ids_of(role(code))[0] for code in (NURSE_ROLE, CARDIOLOGIST_ROLE)
    )
    assert (move["before"], move["after"]) == (f"pool:{nurses}", f"pool:{cardiologists}")
    assert move["code"] == ""
    provenance = create(
        {
            "resourceType": "Provenance",
            "target": [{"reference": f"Task/{task['id']}"}],
            "recorded": "2026-01-01T00:00:00Z",
            "agent": [{"who": {"reference": "Practitioner/x"}}],
            "reason": [{"coding": [{"system": "urn:r", "code": "specialty-referral"}]}],
        }
    )
    clock_rows.catch_up()
    assert agree() and row(task).moves[0]["code"] == "specialty-referral"
    actions.delete("Provenance", provenance["id"], actor=SYSTEM)
    clock_rows.catch_up()
    assert agree() and row(task).moves[0]["code"] == ""


def test_an_older_row_never_replaces_a_newer_one(cast):
    task = owned_task(cast["nurse"])
    [old] = clock_rows.rows_of([task["id"]])
    change(task, priority="stat")
    clock_rows.catch_up()
    clock_rows.write([old])
    assert agree() and row(task).priority == "stat"


@pytest.mark.django_db(transaction=True)
def test_the_feed_keeps_the_rows(monkeypatch):
    monkeypatch.setattr(clock_rows, "MOST", 1)
    while feed.number_changes() or feed.follow(clock_rows.FOLLOWER):
        pass
    tasks = [pool_task() for _ in range(5)]
    assert clock_rows.catch_up(), "more than a request looks after by itself: it takes batches"
    assert agree() and TaskClocks.objects.count() == len(tasks)
    change(tasks[0], priority="stat")
    feed.number_changes()
    assert feed.follow(clock_rows.FOLLOWER) == 1
    assert agree()


@pytest.mark.django_db(transaction=True)
def test_what_is_too_much_is_left_to_the_worker(monkeypatch):
    monkeypatch.setattr(clock_rows, "MOST", 1)
    monkeypatch.setattr(clock_rows, "STEPS", 0)
    while feed.number_changes() or feed.follow(clock_rows.FOLLOWER):
        pass
    pool_task(), pool_task()
    assert not clock_rows.catch_up()


@pytest.mark.django_db(transaction=True)
def test_the_command_finds_what_differs_and_puts_it_right(cast, capsys):
    task = pool_task()
    while feed.number_changes() or feed.follow(clock_rows.FOLLOWER):
        pass
    call_command("clocks", "--check")
    TaskClocks.objects.filter(resource_id=task["id"]).update(reroutes=7, stages=[{"ms": 1}])
    with pytest.raises(CommandError, match="1 tasks"):
        call_command("clocks", "--check")
    call_command("clocks")
    assert row(task).reroutes == 0
    call_command("clocks", "--check")
    TaskClocks.objects.all().delete()
    call_command("clocks")
    assert row(task).version_id == 1
    assert f"Task/{task['id']}" in capsys.readouterr().err


def test_codes_that_lead_to_another_pool_take_the_row_along(cast):
    task = pool_task()
    clock_rows.catch_up()
    pool = Pool.objects.get(pk=row(task).pool_id)
    pool.codes = ["urn:none|none"]
    save_codes(pool)
    assert row(task).pool_id is None and agree()


def test_opening_hours_that_change_are_counted_by_when_the_rows_are_made_anew(cast):
    task = pool_task()
    change(task, status="completed")
    clock_rows.catch_up()
    before = row(task)
    assert before.working == before.turnaround
    day = (before.created.weekday() + 3) % 7
    OpeningHours.objects.create(pool_id=before.pool_id, weekday=day, opens=time(9), closes=time(10))
    call_command("clocks")
    after = row(task)
    assert (after.working, after.turnaround) == (0, before.turnaround)
