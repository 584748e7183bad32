"""Django admin: the allow-list, the log, and sending again; secrets are set and never shown."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fhir.subscriptions import delivering
from fhir.subscriptions.document import SECRET_URL
from fhir.subscriptions.models import Endpoint, Event
from tests.factories import create, task_document
from tests.integration.subscriptions.conftest import (
    allow,
    deliver,
    follow,
    subscribe,
    subscriber,
)
from tests.integration.subscriptions.receiver import answers

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "whsec_" + "QUJD" * 8


@pytest.fixture(autouse=True)
def listed(receiver):
    follow()
    allow(receiver.url)


@pytest.fixture
def admin(page):
    return page("admin")


def told(receiver, count: int) -> str:
    """A Subscription that has told some events."""
    made = subscribe(receiver.url, channel={"header": ["Authorization: Bearer 9-secret-9"]})
    for _ in range(count):
        create(task_document(description="Biopsy"))
    follow()
    deliver()
    return made


def test_every_page_opens_and_shows_neither_secrets_nor_what_was_sent(admin, receiver):
    made = told(receiver, 2)
    admin.post(f"/admin/fhir/subscriber/{subscriber(made).pk}/change/", {"new_key": KEY})
    kept = subscriber(made)
    assert kept.secret == KEY
    for path in (
        "endpoint/",
        "endpoint/add/",
        f"endpoint/{Endpoint.objects.get().pk}/change/",
        "subscriber/",
        f"subscriber/?q={made}",
        f"subscriber/{kept.pk}/change/",
        "event/",
        f"event/{kept.events.first().pk}/change/",
        "attempt/",
        f"attempt/{kept.attempts.first().pk}/change/",
    ):
        answer = admin.get(f"/admin/fhir/{path}")
        assert answer.status_code == 200, path
        for secret in (b"9-secret-9", KEY.encode(), b"Biopsy"):
            assert secret not in answer.content, path


def test_nobody_else_opens_them(page, receiver):
    for who in ("nurse", "coordinator", "auditor"):
        assert page(who).get("/admin/fhir/endpoint/").status_code == 302


def test_an_entry_of_the_list_is_written_in_one_spelling(admin):
    entry = {"scheme": "https", "port": 443, "path_prefix": "/"}
    refused = admin.post("/admin/fhir/endpoint/add/", entry | {"host": "EHR.example"})
    assert b"lower case" in refused.content
    admin.post("/admin/fhir/endpoint/add/", entry | {"host": "ehr.example"})
    assert Endpoint.objects.filter(host="ehr.example").exists()


def test_a_key_that_is_set_here_signs_and_stays_whose_it_was(admin, api, receiver):
    made = told(receiver, 0)
    author = subscriber(made).user_id
    url = f"/admin/fhir/subscriber/{subscriber(made).pk}/change/"
    assert b"not such a key" in admin.post(url, {"new_key": "short"}).content
    assert admin.post(url, {"new_key": KEY}).status_code == 302
    read = api("admin").get(f"Subscription/{made}").json()
    assert read["channel"]["extension"] == [{"url": SECRET_URL, "valueString": "****"}]
    assert api("admin").put(f"Subscription/{made}", read).status_code == 200
    assert (subscriber(made).secret, subscriber(made).user_id) == (KEY, author)
    create(task_document())
    follow()
    deliver()
    assert receiver.requests[-1].headers["Webhook-Signature"].startswith("v1,")


def test_events_are_sent_again_from_a_number(admin, receiver):
    made = told(receiver, 4)
    url = f"/admin/fhir/subscriber/{subscriber(made).pk}/change/"
    admin.post(url, {"resend_from": 2, "resend_until": 3})
    deliver()
    assert receiver.numbers == [1, 2, 3, 4, 2, 3]
    admin.post(url, {"resend_from": 4})
    deliver()
    assert receiver.numbers[-1] == 4


def test_one_event_is_sent_again(admin, receiver):
    made = told(receiver, 3)
    chosen = subscriber(made).events.get(number=2).pk
    data = {"action": "send_again", "_selected_action": [chosen]}
    assert admin.post("/admin/fhir/event/", data).status_code == 302
    deliver()
    assert receiver.numbers == [1, 2, 3, 2]


def test_what_was_given_up_is_sent_again(admin, receiver):
    made = told(receiver, 3)
    subscriber(made).events.filter(number__gte=2).update(outcome=Event.Outcome.DEAD)
    data = {"action": "send_what_was_given_up", "_selected_action": [subscriber(made).pk]}
    admin.post("/admin/fhir/subscriber/", data)
    deliver()
    assert receiver.numbers == [1, 2, 3, 2, 3]


def test_a_pause_can_be_cut_short(admin, receiver):
    made = told(receiver, 0)
    receiver.behave = answers(500)
    create(task_document())
    follow()
    deliver()
    receiver.behave = receiver.works
    assert not delivering.step()
    data = {"action": "try_now", "_selected_action": [subscriber(made).pk]}
    admin.post("/admin/fhir/subscriber/", data)
    deliver()
    assert receiver.numbers == [1]


def test_a_list_of_more_takes_no_more_queries(admin, receiver):
    subscribe(receiver.url)
    with CaptureQueriesContext(connection) as few:
        text = admin.get("/admin/fhir/subscriber/").content.decode()
    assert receiver.url in text
    for _ in range(5):
        subscribe(receiver.url)
    with CaptureQueriesContext(connection) as many:
        admin.get("/admin/fhir/subscriber/")
    assert len(many) == len(few)
