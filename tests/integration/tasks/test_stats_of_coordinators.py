"""What Task/$stats tells besides for the page of analytics: limits, reroutes, missing reasons, stages."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Pool
from fhir import actions
from fhir.actor import SYSTEM
from fhir.validation import check_document
from tests.factories import CARDIOLOGIST_ROLE, NURSE_ROLE, create, pool_task, role, task_document

STAGE = {"coding": [{"system": "urn:stages", "code": "sent", "display": "Sent"}]}


def told(api, query="", name="coordinator"):
    answer = api(name).get(f"Task/$stats?{query}")
    assert answer.status_code == 200, answer.content
    check_document(answer.json())
    return answer.json()["parameter"]


def named(parameters, name):
    return [
        {part["name"]: next(v for k, v in part.items() if k != "name") for part in each["part"]}
        for each in parameters
        if each["name"] == name
    ]


def number(parameters, name):
    return next((each["valueUnsignedInt"] for each in parameters if each["name"] == name), 0)


def change(task, **elements):
    operations = [
        {"op": "add" if value is not None else "remove", "path": f"/{name}"}
        | ({"value": value} if value is not None else {})
        for name, value in elements.items()
    ]
    actions.patch("Task", task["id"], operations, actor=SYSTEM)


@pytest.fixture
def nurses(cast):
    pool = Pool.objects.get(slug="registered-nurse")
    pool.sla_urgent = 60
    pool.save()
    return pool


def ago(hours):
    return (timezone.now() - timedelta(hours=hours)).isoformat(timespec="seconds")


def test_what_was_claimed_in_time_and_what_waits_too_long(api, cast, nurses):
    owner = {"reference": cast["nurse"].reference}
    for hours, claims in ((0, True), (5, True), (5, False), (0, False)):
        task = pool_task(priority="urgent", authoredOn=ago(hours))
        if claims:
            change(task, status="accepted", owner=owner)
    pool_task(authoredOn=ago(9))
    [limit] = named(told(api), "claim-limit")
    assert (limit["pool"]["code"], limit["priority"]) == ("registered-nurse", "urgent")
    assert (limit["minutes"], limit["count"], limit["within"]) == (60, 3, 1)


def test_what_was_rerouted_at_least_once_and_ends_without_a_reason(api, cast):
    moved = pool_task()
    for code in (CARDIOLOGIST_ROLE, NURSE_ROLE):
        change(moved, performerType=role(code))
    why = {"text": "No answer"}
    create(task_document(status="cancelled", performerType=role(NURSE_ROLE)))
    create(task_document(status="cancelled", performerType=role(NURSE_ROLE), statusReason=why))
    held = pool_task()
    change(held, status="on-hold")
    parameters = told(api)
    assert number(parameters, "rerouted") == 1
    assert number(parameters, "no-cancel-reason") == 1
    assert number(parameters, "no-hold-reason") == 1
    assert number(parameters, "no-reject-reason") == 0
    assert [each["count"] for each in named(parameters, "cancel-reason")] == [1]


def test_the_time_in_a_stage_of_each_pool_is_what_the_pool_alone_has(api, cast):
    for code in (NURSE_ROLE, NURSE_ROLE, CARDIOLOGIST_ROLE):
        task = create(task_document(performerType=role(code), businessStatus=STAGE))
        change(task, businessStatus={"text": "Seen"})
    by_pool = [
        each
        for each in named(told(api, "groupBy=stage", "admin"), "group")
        if each["by"] == "stage"
    ]
    assert {(each["pool"]["code"], each["count"]) for each in by_pool} == {
        ("registered-nurse", 2),
        ("cardiologist", 1),
    }
    for pool in ("registered-nurse", "cardiologist"):
        alone = {
            str(each["stage"]): (each["reached"], each.get("p50"))
            for each in named(told(api, f"pool={pool}", "admin"), "stage")
        }
        assert alone == {
            str(each["stage"]): (each["count"], each.get("p50"))
            for each in by_pool
            if each["pool"]["code"] == pool
        }


def test_what_was_overdue_at_a_time_of_day(api, cast):
    pool_task(authoredOn=ago(60), restriction={"period": {"end": ago(50)}})
    days = named(told(api, "interval=day&overdueAt=08:00"), "overdue")
    assert [each["count"] for each in days[-2:]] == [1, 1]
    assert sum(each["new"] for each in days) == 1
    assert days == sorted(days, key=lambda each: each["date"])
    weeks = named(told(api, "overdueAt=08:00"), "overdue")
    assert weeks[-1] == {**days[-1], "new": weeks[-1]["new"]}
    assert api("coordinator").get("Task/$stats?overdueAt=noon").status_code == 400
