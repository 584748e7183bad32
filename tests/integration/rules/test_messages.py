"""A new message makes the work of answering it, once, and only when an answer is asked for."""

import pytest

from communications.categories import INFORMATION, category
from fhir.actor import SYSTEM
from fhir.datatypes import codings
from tasks import actions
from tasks.models import RuleRun
from tasks.rules import engine
from tests.factories import NURSE_ROLE, SNOMED
from tests.integration.rules.world import (
    Feed,
    changes,
    header,
    latest,
    message,
    only,
    patient,
    rule,
    runs,
    task_type,
    tasks,
)


@pytest.fixture
def feed(cast):
    patient()
    only("patient-message")
    return Feed()


def test_a_message_that_needs_an_answer_makes_a_task_in_the_nurse_pool(feed):
    thread = header()
    said = message(thread)
    feed.run()
    [task] = tasks()
    assert task["focus"] == {"reference": f"Communication/{thread['id']}"}
    assert task["for"] == {"reference": "Patient/homer"}
    assert task["requester"] == {"reference": "Patient/homer"}
    assert (SNOMED, NURSE_ROLE) in codings(task["performerType"])
    assert (task["status"], task["intent"], task["priority"]) == ("requested", "order", "routine")
    assert ("urn:taskward:message-stage", "unassigned") in codings(task["businessStatus"])
    assert "owner" not in task
    assert task["restriction"]["period"]["end"] > task["authoredOn"][:10]
    [ran] = RuleRun.objects.all()
    assert ran.event == f"Communication/{said['id']}/_history/1"
    assert (ran.state, ran.tasks) == ("done", [f"Task/{task['id']}"])


@pytest.mark.parametrize(
    "elements",
    [
        {"category": None},
        {"category": [category(INFORMATION)]},
        {"category": [{"coding": [{"system": "http://x.example", "code": "needs-response"}]}]},
        {"sender": "Practitioner/ines"},
        {"status": "preparation"},
        {"status": "entered-in-error"},
    ],
)
def test_what_does_not_ask_for_an_answer_makes_none(feed, elements):
    message(**elements)
    feed.run()
    assert not tasks()
    assert not RuleRun.objects.exists()


def test_a_thread_that_needs_an_answer_says_so_for_its_messages(feed):
    thread = header(category=[category("needs-response")])
    message(thread, category=None)
    feed.run()
    assert len(tasks()) == 1


def test_what_is_for_information_needs_no_answer_in_any_thread(feed):
    thread = header(category=[category("needs-response")])
    message(thread, category=[category(INFORMATION)])
    feed.run()
    assert not tasks()


def test_a_draft_makes_the_task_when_it_is_sent(feed, api):
    draft = message(status="preparation")
    feed.run()
    assert not tasks()
    api("service").put(f"Communication/{draft['id']}", {**draft, "status": "completed"})
    feed.run()
    assert len(tasks()) == 1


def test_a_second_message_joins_the_task_that_is_open(feed):
    thread = header()
    message(thread)
    feed.run()
    message(thread, text="One more thing")
    feed.run()
    [task] = tasks()
    [first, second] = RuleRun.objects.order_by("id")
    assert first.tasks == second.tasks == [f"Task/{task['id']}"]
    assert second.result == "Left it to the open task about the same."


def test_its_owner_hears_of_the_second_message(feed, cast):
    thread = header()
    message(thread)
    feed.run()
    actions.claim(tasks()[0]["id"], actor=cast["nurse"].actor)
    message(thread, text="One more thing")
    feed.run()
    notices = [
        each.parsed()
        for each in changes()
        if each.actor == "User/rules" and each.resource_type == "Communication"
    ]
    told = [each for each in notices if "about" in each]
    assert [each["recipient"] for each in told] == [[{"reference": cast["nurse"].reference}]]
    assert "One more thing" not in str(told)


def test_after_it_is_answered_the_next_message_makes_another(feed, cast):
    thread = header()
    message(thread)
    feed.run()
    actions.claim(tasks()[0]["id"], actor=cast["nurse"].actor)
    actions.complete(tasks()[0]["id"], actor=cast["nurse"].actor)
    message(thread, text="Another question")
    feed.run()
    assert [each["status"] for each in tasks()] == ["completed", "requested"]


def test_the_same_event_makes_one_task_however_often_it_comes(feed):
    before = latest()
    message()
    feed.run()
    for _ in range(3):
        engine.handle(changes(before))
    assert len(tasks()) == 1
    assert RuleRun.objects.count() == 1


def test_a_correction_of_a_message_makes_no_second_task(feed, api):
    said = message()
    feed.run()
    actions.cancel(tasks()[0]["id"], reason="Not needed", actor=SYSTEM)
    api("service").put(f"Communication/{said['id']}", {**said, "note": [{"text": "Read"}]})
    feed.run()
    assert len(tasks()) == 1


LAB = {"coding": [{"system": "http://x.example", "code": "lab"}]}


def create_messages(**fields):
    return rule("message", {"kind": "create", "task_type": task_type()}, **fields)


@pytest.mark.parametrize(
    ("fields", "elements", "fires"),
    [
        ({"categories": ["http://x.example|lab"]}, {"category": [LAB]}, True),
        ({"categories": ["http://x.example|lab"]}, {}, False),
        ({"sender_types": ["Practitioner"]}, {"sender": "Practitioner/ines"}, True),
        ({"sender_types": ["Practitioner"]}, {}, False),
        ({"states": ["IL"]}, {}, True),
        ({"states": ["Illinois"]}, {}, True),
        ({"states": ["WI", "IA"]}, {}, False),
        ({"text": "absent"}, {"text": ""}, True),
        ({"text": "absent"}, {}, False),
        ({"text": "present"}, {"text": "  "}, False),
        ({"text": "present"}, {}, True),
        ({"criteria": "category=needs-response"}, {}, True),
        ({"criteria": "category=needs-response"}, {"category": None}, False),
        ({"criteria": "subject:Patient.address-state=IL"}, {}, True),
    ],
)
def test_each_condition_of_a_message(feed, fields, elements, fires):
    only("unclaimed-stat")
    made = create_messages(**fields)
    message(**elements)
    feed.run()
    assert bool(runs(made)) == bool(tasks()) == fires


def test_all_rules_that_apply_act_in_order_unless_one_stops(feed, cast):
    only("unclaimed-stat")
    notify = {"kind": "notify", "whom": "person", "person": cast["nurse"].reference, "text": "Hi"}
    last = rule("message", notify, position=3)
    first = rule("message", notify, position=1)
    second = rule("message", notify, position=2, stop=True)
    message()
    feed.run()
    assert [len(runs(each)) for each in (first, second, last)] == [1, 1, 0]
    second.active = False
    second.save()
    message()
    feed.run()
    assert [len(runs(each)) for each in (first, second, last)] == [2, 1, 1]
    assert runs(first)[1].pk < runs(last)[0].pk
