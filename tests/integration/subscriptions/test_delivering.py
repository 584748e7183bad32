"""What is told to whom: the right changes, in order, with the rights of the moment, and signed."""

import base64
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Q

from accounts.models import User
from accounts.tokens import create_client
from fhir import actions
from fhir.actor import SYSTEM
from fhir.models import FeedCursor
from fhir.subscriptions import delivering
from fhir.subscriptions.document import MAX_COUNT_URL, SECRET_URL
from fhir.subscriptions.models import Event
from fhir.validation import check_document
from tests.conftest import ApiClient
from tests.factories import create, owned_task, pool_task, put, task_document
from tests.integration.subscriptions.conftest import (
    allow,
    deliver,
    follow,
    subscribe,
    subscriber,
    subscription,
)
from tests.integration.subscriptions.receiver import answers, hangs_up

pytestmark = pytest.mark.django_db(transaction=True)

KEY = b"a key of twenty-four bytes or more"


@pytest.fixture(autouse=True)
def listed(receiver):
    follow()
    allow(receiver.url)


def change(task: dict, **elements) -> None:
    put(task | elements)


def status_of(resource_id: str) -> tuple[str, str]:
    document = delivering.ClinicalResource.objects.get(
        resource_type="Subscription", resource_id=resource_id
    ).document
    parsed = delivering.json.loads_stored(document)
    return parsed["status"], parsed.get("error", "")


def outcomes(resource_id: str) -> list[str]:
    events = subscriber(resource_id).events.order_by("number")
    return list(events.values_list("outcome", flat=True))


# --- what is told ---------------------------------------------------------------------------------


def test_a_handshake_makes_it_active(receiver):
    made = subscribe(receiver.url)
    assert status_of(made) == ("requested", "")
    deliver()
    [greeting] = receiver.requests
    assert greeting.status["type"] == "handshake"
    assert greeting.status["status"] == "requested"
    assert greeting.headers["Taskward-Event"] == "0"
    assert status_of(made) == ("active", "")


def test_changes_that_meet_the_criteria_are_told_in_order(receiver):
    made = subscribe(receiver.url, "Task?status=requested,accepted")
    task, other = create(task_document()), create(task_document(status="draft"))
    change(task, status="accepted")
    change(task, status="in-progress")
    change(other, status="requested")
    create({"resourceType": "Patient"})
    follow()
    deliver()
    assert receiver.numbers == [1, 2, 3]
    focuses = [event["focus"]["reference"] for each in receiver.requests for event in each.events]
    assert focuses == [f"Task/{task['id']}", f"Task/{task['id']}", f"Task/{other['id']}"]
    assert outcomes(made) == ["delivered"] * 3


def test_a_state_that_lasted_a_moment_is_told(receiver):
    subscribe(receiver.url, "Task?status=accepted", content="full-resource")
    task = create(task_document())
    change(task, status="accepted")
    change(task, status="completed")
    actions.delete("Task", task["id"], actor=SYSTEM)
    follow()
    create(task_document())
    follow()
    deliver()
    assert receiver.numbers == [1]


def test_what_was_before_it_is_not_told(receiver):
    create(task_document())
    subscribe(receiver.url)
    follow()
    deliver()
    assert receiver.numbers == []


def test_what_happens_before_there_is_a_worker_is_told_when_there_is(receiver):
    FeedCursor.objects.all().delete()
    subscribe(receiver.url)
    create(task_document())
    follow()
    deliver()
    assert receiver.numbers == [1]


@pytest.mark.parametrize("content", ["empty", "id-only", "full-resource"])
def test_a_notification_says_as_much_as_was_asked_for(receiver, content):
    subscribe(receiver.url, content=content)
    task = create(task_document(description="Biopsy"))
    follow()
    deliver()
    notification = receiver.requests[-1]
    bundle = notification.bundle
    check_document(bundle, "Bundle")
    assert bundle["type"] == "history"
    assert notification.headers["Content-Type"] == "application/fhir+json"
    assert notification.status["events-since-subscription-start"] == "1"
    [event] = notification.events
    assert ("focus" in event) == (content != "empty")
    assert (b"Biopsy" in notification.body) == (content == "full-resource")
    assert len(bundle["entry"]) == (1 if content == "empty" else 2)
    if content == "full-resource":
        assert bundle["entry"][1]["resource"]["id"] == task["id"]
        assert bundle["entry"][1]["fullUrl"].endswith(f"/api/fhir/Task/{task['id']}")


def test_unasked_a_notification_names_what_it_is_about_and_no_more(receiver):
    subscribe(receiver.url)
    create(task_document(description="Biopsy"))
    follow()
    deliver()
    assert receiver.requests[-1].events[0]["focus"]
    assert b"Biopsy" not in receiver.requests[-1].body


def test_without_a_payload_the_post_is_empty(receiver):
    document = subscription(receiver.url)
    del document["channel"]["payload"]
    create(document)
    create(task_document())
    follow()
    deliver()
    assert [each.body for each in receiver.requests] == [b"", b""]
    assert [each.headers["Taskward-Event"] for each in receiver.requests] == ["0", "1"]


def test_several_events_come_in_one_notification_when_it_is_asked_for(receiver):
    count = {"extension": [{"url": MAX_COUNT_URL, "valuePositiveInt": 3}]}
    subscribe(receiver.url, channel=count)
    for _ in range(4):
        create(task_document())
    follow()
    deliver()
    assert [each.headers["Taskward-Event"] for each in receiver.requests] == ["0", "1-3", "4"]
    assert receiver.numbers == [1, 2, 3, 4]
    check_document(receiver.requests[1].bundle, "Bundle")


def test_each_subscription_counts_for_itself(receiver):
    one = subscribe(receiver.url, "Task?")
    two = subscribe(f"{receiver.url}/two", "Task?priority=stat")
    for priority in ("routine", "stat", "asap", "stat"):
        create(task_document(priority=priority))
    follow()
    deliver()
    assert subscriber(one).last_number == 4 and subscriber(two).last_number == 2
    found = [
        (each.path, event["event-number"]) for each in receiver.requests for event in each.events
    ]
    assert [number for path, number in found if path == "/hook/two"] == ["1", "2"]
    assert [number for path, number in found if path == "/hook"] == ["1", "2", "3", "4"]


def test_headers_and_signature_come_with_every_notification(receiver):
    key = f"whsec_{base64.b64encode(KEY).decode()}"
    channel = {
        "header": ["Authorization: Bearer 9-secret-9"],
        "extension": [{"url": SECRET_URL, "valueString": key}],
    }
    made = subscribe(receiver.url, channel=channel)
    create(task_document())
    follow()
    deliver()
    for request, number in zip(receiver.requests, (0, 1), strict=True):
        assert request.headers["Authorization"] == "Bearer 9-secret-9"
        message_id, at = request.headers["Webhook-Id"], request.headers["Webhook-Timestamp"]
        assert message_id == f"{made}-{number}"
        signed = f"{message_id}.{at}.".encode() + request.body
        digest = base64.b64encode(hmac.digest(KEY, signed, "sha256")).decode()
        assert request.headers["Webhook-Signature"] == f"v1,{digest}"
        assert b"9-secret-9" not in request.body


def test_without_a_key_there_is_no_signature(receiver):
    subscribe(receiver.url)
    deliver()
    assert "Webhook-Signature" not in receiver.requests[0].headers


# --- rights ---------------------------------------------------------------------------------------


def test_a_disabled_author_is_told_nothing(receiver, cast):
    made = subscribe(receiver.url, actor=cast["service"].actor)
    create(task_document())
    follow()
    User.objects.filter(pk=cast["service"].user.pk).update(is_active=False)
    create(task_document())
    follow()
    deliver()
    assert receiver.requests == []
    assert subscriber(made).last_number == 1
    assert "author" in subscriber(made).attempts.get().fault


def test_a_revoked_token_ends_what_was_made_with_it(receiver, cast):
    client = ApiClient(cast["service"].user)
    made = client.post("Subscription", subscription(receiver.url)).json()["id"]
    deliver()
    cast["service"].user.oauth2_provider_accesstoken.all().delete()
    create(task_document())
    follow()
    deliver()
    assert len(receiver.requests) == 1 and subscriber(made).last_number == 0


def test_a_client_that_is_gone_ends_what_was_made_with_it(receiver, cast, client):
    client_id, secret = create_client("ehr", cast["service"].user)
    token = client.post(
        "/oauth2/token",
        {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret},
    ).json()["access_token"]
    made = client.post(
        "/api/fhir/Subscription",
        subscription(receiver.url),
        content_type="application/fhir+json",
        headers={"Authorization": f"Bearer {token}"},
    ).json()["id"]
    assert subscriber(made).grant.startswith("client:")
    user = cast["service"].user
    user.oauth2_provider_accesstoken.all().delete()
    deliver()
    assert len(receiver.requests) == 1  # tokens end each quarter of an hour; the client is there
    user.oauth2_provider_application.all().delete()
    create(task_document())
    follow()
    deliver()
    assert len(receiver.requests) == 1


def demote(user: User) -> None:
    """An admin who is only a nurse from now on."""
    from django.contrib.auth.models import Group

    user.groups.set([Group.objects.get(name="practitioner")])


def test_rights_are_those_of_the_moment_a_change_is_matched(receiver, cast):
    made = subscribe(receiver.url, actor=cast["admin"].actor)
    demote(cast["admin"].user)
    pool_task()
    mine = owned_task(cast["admin"])
    follow()
    deliver()
    focuses = [event["focus"]["reference"] for each in receiver.requests for event in each.events]
    assert focuses == [f"Task/{mine['id']}"]
    assert subscriber(made).last_number == 1


@pytest.mark.parametrize("content", ["id-only", "full-resource"])
def test_rights_are_read_again_at_each_send(receiver, cast, content):
    made = subscribe(receiver.url, actor=cast["admin"].actor, content=content)
    theirs = owned_task(cast["nurse"], description="Biopsy")
    mine = owned_task(cast["admin"])
    follow()
    demote(cast["admin"].user)
    deliver()
    assert b"Biopsy" not in b"".join(each.body for each in receiver.requests)
    assert theirs["id"].encode() not in b"".join(each.body for each in receiver.requests)
    # The number is told, so that none is missed; nothing else is.
    assert receiver.numbers == [1, 2]
    assert [list(each.events[0]) for each in receiver.requests[1:]] == [
        ["event-number", "timestamp"],
        ["event-number", "timestamp", "focus"],
    ]
    assert receiver.requests[2].events[0]["focus"]["reference"] == f"Task/{mine['id']}"
    assert outcomes(made) == ["withheld", "delivered"]


def test_a_chain_in_the_criteria_goes_by_the_rights_of_the_author(receiver, cast):
    hidden, shown = create(task_document()), owned_task(cast["admin"])
    criteria = "Task?part-of:Task.status=requested"
    made = subscribe(receiver.url, criteria, actor=cast["admin"].actor)
    demote(cast["admin"].user)
    for parent in (hidden, shown):
        owned_task(cast["admin"], partOf=[{"reference": f"Task/{parent['id']}"}])
    follow()
    assert subscriber(made).last_number == 1


def test_the_scopes_of_the_token_hold_at_the_send(receiver, cast):
    from dataclasses import replace

    narrow = replace(cast["service"].actor, scopes=frozenset({"system/*.cruds"}))
    made = subscribe(receiver.url, actor=narrow, content="full-resource")
    create(task_document(description="Biopsy"))
    follow()
    kept = subscriber(made)
    kept.scopes = ["system/Patient.rs"]
    kept.save()
    create(task_document(description="Biopsy"))
    follow()
    deliver()
    assert b"Biopsy" not in b"".join(each.body for each in receiver.requests)
    assert outcomes(made) == ["withheld"]


def test_what_has_been_deleted_is_not_shown(receiver):
    subscribe(receiver.url, content="full-resource")
    task = create(task_document(description="Biopsy"))
    follow()
    actions.delete("Task", task["id"], actor=SYSTEM)
    deliver()
    assert receiver.numbers == [1]
    assert b"Biopsy" not in receiver.requests[-1].body


# --- failures -------------------------------------------------------------------------------------

T0 = datetime(2032, 1, 1, tzinfo=UTC)


def later(**more) -> datetime:
    return T0 + timedelta(**more)


def due(resource_id: str, at: datetime) -> None:
    """As if what waits had been due at a moment."""
    kept = subscriber(resource_id)
    kept.next_attempt_at = at
    kept.save()


def test_after_a_failure_it_waits_longer_and_longer_and_tells_in_the_end(receiver):
    made = subscribe(receiver.url)
    create(task_document())
    follow()
    due(made, T0)
    receiver.behave = answers(500)
    pauses, at = [], T0
    for _ in range(8):
        assert delivering.step(at=at)
        assert not delivering.step(at=at)
        pauses.append((subscriber(made).next_attempt_at - at).total_seconds())
        at = subscriber(made).next_attempt_at
    assert pauses == [1, 2, 4, 8, 16, 20, 20, 20]
    assert status_of(made) == ("error", "The answer was 500.")
    receiver.behave = receiver.works
    assert delivering.step(at=at)
    assert receiver.numbers == [1]
    assert status_of(made) == ("active", "")
    kept = subscriber(made)
    assert (kept.failures, kept.failing_since, kept.next_attempt_at) == (0, None, None)
    assert [each.status for each in kept.attempts.order_by("pk")] == [500] * 8 + [200, 200]


def test_pauses_grow_to_an_hour_within_days(receiver):
    kept = subscriber(subscribe(receiver.url))
    kept.failures, kept.failing_since = 500, T0
    longest = [delivering.pause(kept, later(hours=hours)) for hours in (1, 3, 30, 100)]
    assert longest == [timedelta(seconds=20), timedelta(minutes=5), *[timedelta(hours=1)] * 2]


def test_after_a_week_it_is_turned_off_and_its_events_wait_for_a_person(receiver):
    made = subscribe(receiver.url)
    deliver()
    create(task_document())
    create(task_document())
    follow()
    receiver.behave = answers(503)
    due(made, T0)
    delivering.step(at=T0)
    due(made, later(days=7))
    delivering.step(at=later(days=7))
    assert status_of(made) == ("off", "Given up. The answer was 503.")
    assert outcomes(made) == ["dead", "dead"]
    assert subscriber(made).next_attempt_at is None
    create(task_document())
    follow()
    assert subscriber(made).last_number == 2
    # Somebody repairs the receiver, and turns it on again.
    receiver.behave = receiver.works
    on = [{"op": "replace", "path": "/status", "value": "requested"}]
    actions.patch("Subscription", made, on, actor=SYSTEM)
    deliver()
    assert status_of(made)[0] == "active" and receiver.numbers == []
    assert delivering.resend(subscriber(made).pk, Q(outcome=Event.Outcome.DEAD)) == 2
    deliver()
    assert receiver.numbers == [1, 2]


def test_an_event_that_its_receiver_refuses_for_an_hour_is_passed_over(receiver):
    made = subscribe(receiver.url)
    deliver()
    create(task_document())
    create(task_document())
    follow()
    receiver.behave = answers(422)
    due(made, T0)
    delivering.step(at=T0)
    due(made, later(minutes=59))
    delivering.step(at=later(minutes=59))
    assert outcomes(made) == ["", ""]
    due(made, later(hours=1))
    delivering.step(at=later(hours=1))
    assert outcomes(made) == ["dead", ""]
    receiver.behave = receiver.works
    due(made, later(hours=2))
    delivering.step(at=later(hours=2))
    assert receiver.numbers == [2]


def test_a_refused_one_of_several_is_found_by_itself(receiver):
    count = {"extension": [{"url": MAX_COUNT_URL, "valuePositiveInt": 10}]}
    made = subscribe(receiver.url, channel=count)
    deliver()
    for _ in range(3):
        create(task_document())
    follow()
    receiver.behave = answers(413)
    due(made, T0)
    delivering.step(at=T0)
    receiver.behave = receiver.works
    due(made, later(seconds=1))
    delivering.step(at=later(seconds=1))
    assert [each.headers["Taskward-Event"] for each in receiver.requests] == ["0", "1-3"] + [
        "1",
        "2",
        "3",
    ]


def test_an_answer_that_is_cut_off_is_asked_for_again(receiver):
    made = subscribe(receiver.url)
    receiver.behave = hangs_up
    deliver()
    assert subscriber(made).failures == 1
    assert subscriber(made).attempts.get().fault == "The connection was cut."


def test_events_are_sent_again_from_a_number_in_order_and_before_what_waits(receiver):
    made = subscribe(receiver.url)
    for _ in range(5):
        create(task_document())
    follow()
    deliver()
    create(task_document())
    follow()
    assert delivering.resend(subscriber(made).pk, Q(number__gte=3, number__lte=4)) == 2
    deliver()
    assert receiver.numbers == [1, 2, 3, 4, 5, 3, 4, 6]


# --- leases ---------------------------------------------------------------------------------------


def test_while_one_sends_no_other_does(receiver):
    subscribe(receiver.url)
    assert delivering.take(at=later()) is not None
    assert delivering.take(at=later(seconds=19)) is None


def test_a_lease_that_has_ended_is_taken_over_and_the_old_one_counts_no_more(receiver):
    made = subscribe(receiver.url)
    old = delivering.take(at=later())
    new = delivering.take(at=later(seconds=20))
    assert new is not None and new.number == old.number + 1
    delivering.release(old, at=later(seconds=21))
    assert subscriber(made).leased_until is not None
    work = delivering._next(new, [])
    line = delivering.Line(work.url, limit=5)
    assert not delivering._attempt(old, work, line, later(seconds=21))
    assert not subscriber(made).is_greeted
    assert delivering._attempt(new, work, line, later(seconds=21))
    line.close()


def test_those_that_do_not_fail_come_first_and_have_loops_of_their_own(receiver):
    failing, healthy = subscribe(receiver.url), subscribe(receiver.url)
    kept = subscriber(failing)
    at = datetime.now(UTC)
    kept.failures, kept.failing_since, kept.next_attempt_at = 3, at, at
    kept.save()
    assert delivering.take(at=at).subscriber_id == subscriber(healthy).pk
    assert delivering.take(only_healthy=True, at=at) is None
    assert delivering.take(at=at).subscriber_id == kept.pk


# --- keeping --------------------------------------------------------------------------------------


def test_what_was_told_long_ago_is_forgotten_and_what_waits_is_not(receiver):
    made = subscribe(receiver.url)
    create(task_document())
    follow()
    deliver()
    create(task_document())
    follow()
    delivering.forget(at=datetime.now(UTC) + timedelta(days=31))
    assert outcomes(made) == [""]
    assert not subscriber(made).attempts.exists()
