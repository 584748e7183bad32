"""A Subscription as a resource: who may write what, and what is never read back."""

import pytest

from fhir.subscriptions.document import CONTENT_URL, PLACEHOLDER, SECRET_URL
from fhir.subscriptions.models import Subscriber
from tests.conftest import ApiClient
from tests.factories import create
from tests.integration.subscriptions.conftest import allow, subscriber, subscription

pytestmark = pytest.mark.django_db

URL = "https://ehr.example/hooks/taskward"
KEY = "whsec_" + "QUJD" * 8
HEADER = "Authorization: Bearer 9-secret-9"


@pytest.fixture(autouse=True)
def listed(db):
    allow(URL, path_prefix="/hooks")


@pytest.fixture
def admin(api) -> ApiClient:
    return api("admin")


def with_secrets(**elements) -> dict:
    keyed = {"header": [HEADER, "X-Tenant: 7"]}
    keyed["extension"] = [{"url": SECRET_URL, "valueString": KEY}]
    return subscription(URL, channel=keyed, **elements)


def test_a_new_one_is_requested_whatever_it_says(admin):
    for status in ("requested", "active", "error"):
        made = admin.post("Subscription", subscription(URL, status=status, error="mine"))
        assert made.status_code == 201
        assert made.json()["status"] == "requested" and "error" not in made.json()
    off = admin.post("Subscription", subscription(URL, status="off")).json()
    assert off["status"] == "off"
    assert subscriber(off["id"]).next_attempt_at is None


@pytest.mark.parametrize("who", ["nurse", "coordinator", "auditor"])
def test_only_admins_and_services_write_them(api, admin, who):
    made = admin.post("Subscription", subscription(URL)).json()
    client = api(who)
    assert client.post("Subscription", subscription(URL)).status_code == 403
    assert client.put(f"Subscription/{made['id']}", made | {"status": "off"}).status_code == 403
    assert client.delete(f"Subscription/{made['id']}").status_code == 403
    read = client.get(f"Subscription/{made['id']}").status_code
    assert read == (200 if who == "auditor" else 404)


def test_the_author_and_her_token_are_kept(api):
    service = api("service")
    made = service.post("Subscription", subscription(URL)).json()
    kept = subscriber(made["id"])
    assert (kept.user_id, kept.scopes) == (service.user.pk, None)
    assert kept.grant.startswith("token:")


def test_who_changes_what_is_told_is_the_author_from_then_on(api, admin):
    made = api("service").post("Subscription", subscription(URL)).json()
    path = f"Subscription/{made['id']}"
    admin.put(path, made | {"reason": "Another"})
    assert subscriber(made["id"]).user_id == api("service").user.pk
    admin.put(path, made | {"criteria": "Patient?"})
    assert subscriber(made["id"]).user_id == admin.user.pk


# --- secrets --------------------------------------------------------------------------------------


def test_secrets_are_never_read_back(admin, api):
    made = admin.post("Subscription", with_secrets(), **{"Idempotency-Key": "one"})
    path = f"Subscription/{made.json()['id']}"
    answers = [
        made,
        admin.post("Subscription", with_secrets(), **{"Idempotency-Key": "one"}),
        admin.get(path),
        admin.get(f"{path}/_history/1"),
        admin.get(f"{path}/_history"),
        admin.get("Subscription/_history"),
        admin.get("_history"),
        admin.get("Subscription?url=" + URL),
        admin.get("Subscription?_content=secret"),
        admin.get("?_type=Subscription"),
        admin.get(f"{path}/$status"),
        admin.get(f"{path}/$events"),
        admin.post(f"{path}/$validate", made.json()),
        admin.patch(path, [{"op": "test", "path": "/channel/header/0", "value": HEADER}]),
        admin.put(path, made.json() | {"reason": "Another"}),
        api("auditor").get(path),
    ]
    for answer in answers:
        assert b"9-secret-9" not in answer.content and KEY.encode() not in answer.content
    assert admin.get(path).json()["channel"]["header"] == [
        f"Authorization: {PLACEHOLDER}",
        f"X-Tenant: {PLACEHOLDER}",
    ]
    assert admin.get("Subscription?_content=secret").json()["total"] == 0


def test_what_is_written_back_as_it_was_read_keeps_the_secrets(admin):
    made = admin.post("Subscription", with_secrets()).json()
    path = f"Subscription/{made['id']}"
    assert admin.put(path, made | {"reason": "Another"}).status_code == 200
    kept = subscriber(made["id"])
    assert kept.headers == {"Authorization": "Bearer 9-secret-9", "X-Tenant": "7"}
    assert kept.secret == KEY
    new = [f"Authorization: {PLACEHOLDER}", "X-Tenant: 8"]
    changes = [{"op": "replace", "path": "/channel/header", "value": new}]
    assert admin.patch(path, changes).status_code == 200
    assert subscriber(made["id"]).headers == {"Authorization": "Bearer 9-secret-9", "X-Tenant": "8"}
    admin.patch(path, [{"op": "remove", "path": "/channel/header"}])
    assert subscriber(made["id"]).headers == {}


def test_secrets_do_not_move_to_another_endpoint(admin):
    made = admin.post("Subscription", with_secrets()).json()
    moved = made | {"channel": made["channel"] | {"endpoint": "https://ehr.example/hooks/mine"}}
    answer = admin.put(f"Subscription/{made['id']}", moved)
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["expression"] == ["Subscription.channel.header[0]"]
    assert subscriber(made["id"]).secret == KEY


def test_a_placeholder_that_stands_for_nothing_is_refused(admin):
    body = subscription(URL, channel={"header": [f"X: {PLACEHOLDER}"]})
    assert admin.post("Subscription", body).status_code == 422
    assert not Subscriber.objects.exists()


# --- rules ----------------------------------------------------------------------------------------

BAD = {
    "websocket": ({"type": "websocket"}, "channel.type"),
    "email": ({"type": "email"}, "channel.type"),
    "message": ({"type": "message"}, "channel.type"),
    "xml": ({"payload": "application/fhir+xml"}, "channel.payload"),
    "text": ({"payload": "text/plain"}, "channel.payload"),
    "no endpoint": ({"endpoint": None}, "channel.endpoint"),
    "content": (
        {"_payload": {"extension": [{"url": CONTENT_URL, "valueCode": "all"}]}},
        "channel.payload",
    ),
    "header without a colon": ({"header": ["Authorization"]}, "channel.header[0]"),
    "header on two lines": ({"header": ["X: a\r\nY: b"]}, "channel.header[0]"),
    "header with a name on two lines": ({"header": ["X\r\nY: b"]}, "channel.header[0]"),
    "header with a space": ({"header": ["X Y: b"]}, "channel.header[0]"),
    "header of ours": ({"header": ["X: a", "Webhook-Signature: v1,x"]}, "channel.header[1]"),
    "host header": ({"header": ["host: a"]}, "channel.header[0]"),
    "length header": ({"header": ["Content-Length: 0"]}, "channel.header[0]"),
    "chunks": ({"header": ["transfer-encoding: chunked"]}, "channel.header[0]"),
    "header twice": ({"header": ["X: a", "x: b"]}, "channel.header[1]"),
    "header not of ASCII": ({"header": ["X: é"]}, "channel.header[0]"),
    "short key": (
        {"extension": [{"url": SECRET_URL, "valueString": "whsec_QUJD"}]},
        "channel.extension",
    ),
    "key of another form": (
        {"extension": [{"url": SECRET_URL, "valueString": "QUJD" * 10}]},
        "channel.extension",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_channel_that_cannot_be_is_refused(admin, name):
    elements, place = BAD[name]
    body = subscription(URL, channel=elements)
    body["channel"] = {key: value for key, value in body["channel"].items() if value is not None}
    answer = admin.post("Subscription", body)
    assert answer.status_code == 422
    places = [each["expression"] for each in answer.json()["issue"]]
    assert [f"Subscription.{place}"] in places


@pytest.mark.parametrize(
    "criteria",
    [
        "Chore?",
        "Task?color=red",
        "Task?status:below=x",
        "Task?authored-on=yesterday",
        "Task?_count=1",
        "Task?_include=Task:focus",
        "Task?_revinclude=Provenance:target",
        "Task?_sort=status",
        "Task?_summary=count",
        "Task?_elements=status",
        "Task?_total=accurate",
        "Task?_cursor=x",
        "Task?_offset=1",
        "Task?_query=worklist",
        "Task?_format=json",
        "Task?_type=Task",
        "Task?status=",
        "Task?=x",
        "Task?owner.color=red",
        "Task/x",
        "/Task?status=requested",
        "https://ehr.example/Task?status=requested",
        "?_type=Task",
        "status=requested",
        "Task?status=%",
        "Task?" + "&".join(["status=requested"] * 500),
    ],
)
def test_criteria_that_are_no_plain_search_are_refused(admin, criteria):
    answer = admin.post("Subscription", subscription(URL, criteria))
    assert answer.status_code == 422, answer.content
    assert ["Subscription.criteria"] in [each["expression"] for each in answer.json()["issue"]]


@pytest.mark.parametrize(
    "criteria",
    [
        "Task",
        "Task?",
        "Task?owner=Practitioner/maya&status=requested,accepted",
        "Task?owner:missing=true&performer=http://snomed.info/sct|224535009",
        "Task?patient.address-state=IL",
        "Patient?_has:Task:patient:status=requested",
        "Communication?category=x",
        "Observation?code=x",
        "Subscription?status=error",
    ],
)
def test_criteria_are_searches_of_any_type(admin, criteria):
    assert admin.post("Subscription", subscription(URL, criteria)).status_code == 201


def test_criteria_are_within_the_scopes_of_the_token(cast):
    def client(scope: str) -> ApiClient:
        from django.test import Client

        from accounts.tokens import issue

        found = ApiClient(cast["service"].user)
        token = issue(cast["service"].user, scope=scope)
        found.client = Client(headers={"Authorization": f"Bearer {token}"})
        return found

    narrow = client("system/Subscription.cruds system/Task.rs")
    assert narrow.post("Subscription", subscription(URL, "Patient?")).status_code == 403
    made = narrow.post("Subscription", subscription(URL, "Task?"))
    assert made.status_code == 201
    kept = subscriber(made.json()["id"])
    assert kept.scopes == ["system/Subscription.cruds", "system/Task.rs"]
    searches = client("system/Subscription.cruds system/Task.s")
    assert searches.post("Subscription", subscription(URL, "Task?")).status_code == 403


def test_one_can_be_turned_off_when_its_endpoint_is_not_listed_any_more(admin):
    from fhir.subscriptions.models import Endpoint

    made = admin.post("Subscription", subscription(URL)).json()
    Endpoint.objects.all().delete()
    path = f"Subscription/{made['id']}"
    assert admin.put(path, made | {"reason": "Another"}).status_code == 422
    off = [{"op": "replace", "path": "/status", "value": "off"}]
    assert admin.patch(path, off).status_code == 200
    on = [{"op": "replace", "path": "/status", "value": "requested"}]
    assert admin.patch(path, on).status_code == 422


def test_deleting_one_ends_it_and_takes_its_secrets(admin):
    from fhir.subscriptions import delivering

    made = admin.post("Subscription", with_secrets()).json()
    assert admin.delete(f"Subscription/{made['id']}").status_code == 204
    assert delivering.step() and not delivering.step()
    delivering.forget()
    kept = subscriber(made["id"])
    assert (kept.headers, kept.secret) == ({}, "")
    assert not kept.attempts.exists()


def test_one_that_has_ended_is_turned_off(admin):
    from fhir.subscriptions import delivering

    body = subscription(URL, end="2020-01-01T00:00:00Z")
    made = admin.post("Subscription", body).json()
    delivering.step()
    assert not subscriber(made["id"]).attempts.exists()
    delivering.forget()
    assert admin.get(f"Subscription/{made['id']}").json()["status"] == "off"


def test_no_search_for_subscriptions_finds_a_nurses(api):
    create(subscription(URL))
    assert api("nurse").get("Subscription").json()["total"] == 0
