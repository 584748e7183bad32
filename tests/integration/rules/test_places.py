"""Where a rule's Task goes: to who can do it, and never nowhere."""

import pytest

from accounts.models import Availability
from accounts.models import Pool as PoolRow
from fhir import store
from tasks.models import RuleRun
from tasks.rules import engine
from tests.factories import put
from tests.integration.rules.world import (
    Feed,
    changes,
    message,
    only,
    patient,
    pool,
    rule,
    runs,
    task_type,
    tasks,
)


@pytest.fixture
def feed(cast):
    patient()
    only("unclaimed-stat")
    return Feed()


def creating(**action):
    return rule("message", {"kind": "create", "task_type": task_type(), **action})


def owners():
    return [each.get("owner", {}).get("reference", "") for each in tasks()]


def pools_of_tasks():
    return [each["performerType"][0]["text"] for each in tasks()]


def notices():
    return [
        each.parsed()
        for each in changes()
        if each.actor == "User/rules"
        and each.resource_type == "Communication"
        and "notification" in each.document
    ]


def leave(*references):
    for reference in references:
        Availability.objects.create(
            practitioner=reference, state="leave", changed_by="x", changed_at=store.now()
        )


def test_the_pool_of_the_rule_wins_over_that_of_the_type(feed):
    creating(pool=pool("doctor"))
    message()
    feed.run()
    assert pools_of_tasks() == ["Doctor"]


def test_a_person_gets_it_as_a_member_of_the_pool(feed, cast):
    creating(person=cast["nurse"].reference)
    message()
    feed.run()
    [task] = tasks()
    assert owners() == [cast["nurse"].reference]
    assert pools_of_tasks() == ["Registered nurse"]
    assert task["businessStatus"]["text"] == "Claimed"


def test_the_thread_goes_to_whom_the_task_goes(feed, cast):
    creating(person=cast["nurse"].reference)
    said = message(recipient=[{"reference": cast["physician"].reference}])
    feed.run()
    [now] = [each for each in changes() if each.reference == f"Communication/{said['id']}"][-1:]
    recipients = [each["reference"] for each in now.parsed()["recipient"]]
    assert recipients == [cast["nurse"].reference]


def test_one_who_is_on_leave_gets_nothing(feed, cast):
    leave(cast["nurse"].reference)
    creating(person=cast["nurse"].reference)
    message()
    feed.run()
    assert owners() == [""]
    assert pools_of_tasks() == ["Registered nurse"]


def test_the_least_loaded_get_it_in_turn(feed, cast):
    creating(strategy="least-loaded")
    for number in range(4):
        message(subject={"reference": "Patient/homer"}, text=f"Message {number}")
    feed.run()
    both = sorted([cast["nurse"].reference, cast["nurse2"].reference])
    assert sorted(owners()) == sorted(both * 2)


def test_never_above_a_limit(feed, cast):
    PoolRow.objects.filter(slug="registered-nurse").update(member_limit=1)
    creating(strategy="round-robin")
    for number in range(4):
        message(text=f"Message {number}")
    feed.run()
    assert sorted(owners()) == sorted(["", "", cast["nurse"].reference, cast["nurse2"].reference])


def test_a_pool_that_cannot_serve_it_is_passed_over(feed, cast):
    leave(cast["cardiologist"].reference)
    creating(pool=pool("cardiologist"))
    message()
    feed.run()
    assert pools_of_tasks() == ["Registered nurse"]


def test_what_nobody_can_do_waits_in_its_pool_and_the_coordinators_are_told(feed, cast):
    leave(cast["nurse"].reference, cast["nurse2"].reference)
    made = creating()
    message()
    feed.run()
    [task], [notice] = tasks(), notices()
    assert pools_of_tasks() == ["Registered nurse"]
    assert notice["recipient"] == [{"reference": cast["coordinator"].reference}]
    assert notice["about"] == [{"reference": f"Task/{task['id']}"}]
    assert "Everybody in Registered nurse is on leave." in runs(made)[0].result


def test_what_its_pool_refuses_is_tried_again_until_it_has_a_place(feed, cast):
    PoolRow.objects.filter(slug="registered-nurse").update(refuses_unserved=True)
    leave(cast["nurse"].reference, cast["nurse2"].reference)
    made = creating()
    message()
    feed.run()
    assert not tasks()
    [notice] = notices()
    assert notice["recipient"] == [{"reference": cast["coordinator"].reference}]
    assert engine.retry() == 0
    assert len(notices()) == 1
    [failed] = runs(made)
    assert (failed.state, failed.tries) == ("failed", 2)
    Availability.objects.all().delete()
    assert engine.retry() == 1
    assert pools_of_tasks() == ["Registered nurse"]
    assert [each.state for each in runs(made)] == ["done"]
    assert engine.retry() == 0
    assert len(tasks()) == 1


def test_a_licence_that_the_pool_requires(feed, cast):
    PoolRow.objects.filter(slug="registered-nurse").update(requires_licence=True)
    licence = {
        "identifier": [{"system": "urn:example:il", "value": "041"}],
        "code": {"text": "RN license"},
        "issuer": {"display": "Illinois Department of Professional Regulation"},
    }
    put({"resourceType": "Practitioner", "id": "tomas", "qualification": [licence]})
    creating(strategy="least-loaded")
    for number in range(3):
        message(text=f"Message {number}")
    feed.run()
    assert owners() == [cast["nurse2"].reference] * 3


def test_subtasks_come_with_it(feed):
    parent = task_type()
    parent.subtasks.create(subtype=task_type("lab-follow-up"), title="Look up the last results")
    parent.subtasks.create(subtype=task_type("review-lab-report"), position=1)
    creating()
    message()
    feed.run()
    [whole, first, second] = tasks()
    assert first["partOf"] == second["partOf"] == [{"reference": f"Task/{whole['id']}"}]
    assert [each["code"]["text"] for each in (first, second)] == [
        "Look up the last results",
        "Review lab report",
    ]
    assert pools_of_tasks() == ["Registered nurse", "Registered nurse", "Doctor"]
    assert "focus" in first and "focus" not in second
    assert len(RuleRun.objects.get().tasks) == 3
