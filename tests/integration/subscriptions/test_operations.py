"""`$status`, `$events` and `$resend`: what a receiver asks that has missed something."""

import pytest

from fhir.subscriptions.models import Event
from fhir.validation import check_document
from tests.conftest import ApiClient
from tests.factories import create, owned_task, put, task_document
from tests.integration.subscriptions.conftest import (
    allow,
    deliver,
    follow,
    subscribe,
    subscriber,
)
from tests.integration.subscriptions.receiver import Request

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin(api) -> ApiClient:
    return api("admin")


@pytest.fixture
def made(admin, receiver) -> str:
    """A Subscription that has told four events."""
    follow()
    allow(receiver.url)
    found = subscribe(receiver.url)
    task = create(task_document(description="Biopsy"))
    for status in ("accepted", "in-progress", "completed"):
        put(task | {"status": status})
    follow()
    deliver()
    return found


def notification(answer) -> Request:
    assert answer.status_code == 200, answer.content
    check_document(answer.json(), "Bundle")
    return Request("", {}, answer.content)


def numbers(answer) -> list[int]:
    return [int(each["event-number"]) for each in notification(answer).events]


def test_events_are_asked_for_by_their_numbers(admin, made):
    path = f"Subscription/{made}/$events"
    assert numbers(admin.get(path)) == [1, 2, 3, 4]
    assert numbers(admin.get(f"{path}?eventsSinceNumber=2&eventsUntilNumber=3")) == [2, 3]
    assert numbers(admin.get(f"{path}?eventsSinceNumber=5")) == []
    asked = {
        "resourceType": "Parameters",
        "parameter": [{"name": "eventsSinceNumber", "valueString": "4"}],
    }
    assert numbers(admin.post(path, asked)) == [4]
    found = notification(admin.get(path))
    assert found.bundle["type"] == "history"
    assert found.status["type"] == "query-event"
    assert found.status["events-since-subscription-start"] == "4"


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "9" * 40, "٣"])
def test_a_number_that_is_none_is_refused(admin, made, value):
    for name in ("eventsSinceNumber", "eventsUntilNumber"):
        assert admin.get(f"Subscription/{made}/$events?{name}={value}").status_code == 400


def test_events_say_as_much_as_is_asked_for(admin, made):
    path = f"Subscription/{made}/$events"
    assert b"focus" not in admin.get(f"{path}?content=empty").content
    assert b"focus" in admin.get(path).content
    assert b"Biopsy" not in admin.get(path).content
    full = notification(admin.get(f"{path}?content=full-resource"))
    statuses = [each["resource"]["status"] for each in full.bundle["entry"][1:]]
    assert statuses == ["requested", "accepted", "in-progress", "completed"]
    assert admin.get(f"{path}?content=all").status_code == 400


def test_events_show_what_who_asks_may_read(cast, made, admin):
    from tests.integration.fhir.leaks.clinic import Reader, client_of

    narrow = client_of(Reader("service", "", "system/Subscription.rs"), cast)
    answer = narrow.get(f"/api/fhir/Subscription/{made}/$events?content=full-resource")
    assert numbers(answer) == [1, 2, 3, 4]
    assert b"Task/" not in answer.content


def test_nobody_else_asks(api, made):
    for who in ("nurse", "coordinator"):
        client = api(who)
        for name in ("$events", "$status"):
            assert client.get(f"Subscription/{made}/{name}").status_code == 404
        assert client.get("Subscription/$status").json()["total"] == 0
        assert client.post(f"Subscription/{made}/$resend").status_code in (403, 404)
    assert api("auditor").post(f"Subscription/{made}/$resend").status_code == 403


def test_the_status_of_one_and_of_all(admin, made, receiver):
    one = admin.get(f"Subscription/{made}/$status").json()
    check_document(one, "Bundle")
    assert (one["type"], one["total"]) == ("searchset", 1)
    values = {
        each["name"]: next(value for key, value in each.items() if key != "name")
        for each in one["entry"][0]["resource"]["parameter"]
    }
    assert values["status"] == "active" and values["type"] == "query-status"
    assert values["events-since-subscription-start"] == "4"
    other = subscribe(receiver.url)
    assert admin.get("Subscription/$status").json()["total"] == 2
    assert admin.get("Subscription/$status?status=active").json()["total"] == 1
    assert admin.get(f"Subscription/$status?id={other},{made}").json()["total"] == 2
    asked = {
        "resourceType": "Parameters",
        "parameter": [{"name": "id", "valueId": other}, {"name": "status", "valueCode": "active"}],
    }
    assert admin.post("Subscription/$status", asked).json()["total"] == 0


def test_events_are_sent_again(admin, made, receiver):
    asked = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "eventsSinceNumber", "valueString": "2"},
            {"name": "eventsUntilNumber", "valueString": "3"},
        ],
    }
    answer = admin.post(f"Subscription/{made}/$resend", asked)
    assert answer.status_code == 200
    assert "2 events" in answer.json()["issue"][0]["diagnostics"]
    deliver()
    assert receiver.numbers == [1, 2, 3, 4, 2, 3]
    assert admin.get(f"Subscription/{made}/$resend").status_code == 405


def test_what_was_given_up_is_asked_for_too(admin, made, receiver, cast):
    owned_task(cast["nurse"])
    follow()
    subscriber(made).events.filter(outcome="").update(outcome=Event.Outcome.DEAD)
    assert numbers(admin.get(f"Subscription/{made}/$events?eventsSinceNumber=5")) == [5]
