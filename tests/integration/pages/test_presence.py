"""Who else has a page open, and who is writing there, as the poll tells it."""

from datetime import UTC, datetime, timedelta

import pytest

from tasks import presence, worklist
from tasks.models import Viewer
from tests.factories import NURSE_ROLE, owned_task, pool_task, put, role

NOW = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
LATER = timedelta(seconds=10)


@pytest.fixture
def look(cast):
    """look("nurse") → what she is told of the others who have the page of the Task open."""
    task = pool_task()

    def at(name, seconds=0, *, opened=task["id"], writing=False):
        now = NOW + timedelta(seconds=seconds)
        return presence.others_at(opened, cast[name].actor, writing=writing, now=now)

    return at


def test_two_in_one_task_see_each_other(look):
    assert not look("nurse")
    assert look("nurse2") == ("Also viewing: Maya Lindqvist", "")
    assert look("nurse") == ("Also viewing: Tomás Rivera", "")
    look("coordinator")
    assert look("nurse").viewing == "Also viewing: Cora Blake and Tomás Rivera"


def test_who_writes_is_said_instead(look):
    look("nurse")
    look("nurse2", 1, writing=True)
    assert look("nurse", 2) == ("", "Tomás Rivera is writing a reply")
    look("nurse2", 30)
    assert look("nurse", 40).writing, "the last word was less than 45 s ago"
    assert look("nurse", 46) == ("Also viewing: Tomás Rivera", "")


def test_who_has_left_is_forgotten(look):
    look("nurse2")
    assert look("nurse", 44)
    assert not look("nurse", 45)
    look("nurse2", 100, opened=pool_task()["id"])
    assert not Viewer.objects.filter(user__username="tomas", at__lt=NOW + LATER)


def test_who_may_not_see_it_is_told_nothing_and_not_shown(cast, look):
    hidden = owned_task(cast["nurse"], performerType=role(NURSE_ROLE))["id"]
    look("nurse", opened=hidden)
    assert not look("nurse2", opened=hidden)
    assert not look("nurse", opened=hidden)
    assert not look("nurse", opened="none")
    assert set(Viewer.objects.values_list("opened", flat=True)) == {hidden}


def test_a_thread_without_a_task_has_readers_too(cast, look):
    header = put(
        {
            "resourceType": "Communication",
            "id": "thread",
            "status": "in-progress",
            "recipient": [{"reference": cast[name].reference} for name in ("nurse", "nurse2")],
        }
    )["id"]
    look("nurse", opened=header)
    assert look("nurse2", opened=header).viewing == "Also viewing: Maya Lindqvist"


def test_it_is_written_only_when_it_is_about_to_be_forgotten(look):
    def written(seconds, *, writing=False):
        before = Viewer.objects.values().first()
        look("nurse", seconds, writing=writing)
        return Viewer.objects.values().first() != before

    assert written(0)
    assert not written(3)
    assert not written(19)
    assert written(20)
    assert written(21, writing=True)
    assert not written(24, writing=True)


def test_the_poll_tells_it(cast, page):
    task = pool_task()["id"]
    query = {"list": "pool:registered-nurse", "since": str(worklist.position()), "open": task}
    one, other = page("nurse"), page("nurse2")
    assert one.get("/worklist/changes", query).status_code == 204
    told = other.get("/worklist/changes", query | {"writing": ""}).json()
    assert told == {
        "rows": [],
        "new": [],
        "others": {"viewing": "Also viewing: Maya Lindqvist", "writing": ""},
    }
    told = one.get("/worklist/changes", query).json()["others"]
    assert told["writing"] == "Tomás Rivera is writing a reply"
    assert one.get("/worklist/changes", query | {"open": "x" * 65}).status_code == 204
