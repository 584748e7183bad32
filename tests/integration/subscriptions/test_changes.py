"""`$changes`: the feed for pollers, of which each sees what she may read now."""

from urllib.parse import urlsplit

import pytest

from fhir import actions, changes
from fhir.actor import SYSTEM
from fhir.validation import check_document
from tests.conftest import ApiClient
from tests.factories import create, owned_task, pool_task, put, task_document
from tests.integration.fhir.leaks.clinic import Reader, client_of
from tests.integration.subscriptions.conftest import settle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def start(cast) -> int:
    """The feed's end before the test wrote anything."""
    return settle()


class Poller(ApiClient):
    """Asks once the feed has come to its end."""

    def get(self, path, **headers):
        settle()
        return super().get(path, **headers)

    def post(self, path, body=None, **headers):
        settle()
        return super().post(path, body, **headers)


@pytest.fixture
def api(cast):
    return lambda name: Poller(cast[name].user)


def link(bundle: dict, relation: str) -> str:
    [found] = [each["url"] for each in bundle["link"] if each["relation"] == relation]
    url = urlsplit(found)
    return f"{url.path.rpartition('/')[2]}?{url.query}"


def numbers(bundle: dict) -> list[int]:
    return [each["extension"][0]["valuePositiveInt"] for each in bundle.get("entry", [])]


def told(bundle: dict) -> list[str]:
    return [
        f"{each['request']['method']} {urlsplit(each['fullUrl']).path.partition('/fhir/')[2]}"
        for each in bundle.get("entry", [])
    ]


def test_every_change_is_there_in_order_with_its_number(api, start):
    task = create(task_document(id="a"))
    put(task | {"status": "accepted"})
    actions.delete("Task", task["id"], actor=SYSTEM)
    found = api("admin").get(f"$changes?since={start}").json()
    check_document(found, "Bundle")
    path = f"Task/{task['id']}"
    assert told(found) == [f"POST {path}", f"PUT {path}", f"DELETE {path}"]
    assert numbers(found) == [start + 1, start + 2, start + 3]
    assert [each["response"]["etag"] for each in found["entry"]] == ['W/"1"', 'W/"2"', 'W/"3"']
    assert "resource" not in found["entry"][0]


def test_the_next_link_leads_on_also_from_an_empty_page(api, start):
    admin = api("admin")
    empty = admin.get(f"$changes?since={start}").json()
    assert "entry" not in empty
    for _ in range(3):
        create(task_document())
    first = admin.get(link(empty, "next") + "&_count=2").json()
    assert numbers(first) == [start + 1, start + 2]
    second = admin.get(link(first, "next")).json()
    assert numbers(second) == [start + 3]
    assert numbers(admin.get(link(second, "next")).json()) == []
    assert numbers(admin.get(link(second, "self")).json()) == [start + 3]


def test_without_a_position_it_begins_now(api, start):
    create(task_document())
    admin = api("admin")
    now = admin.get("$changes").json()
    assert "entry" not in now
    task = create(task_document())
    assert told(admin.get(link(now, "next")).json()) == [f"POST Task/{task['id']}"]


def test_it_can_be_narrowed_to_types_and_widened_to_resources(api, start):
    create(task_document(description="Biopsy"))
    create({"resourceType": "Patient"})
    admin = api("admin")
    query = f"$changes?since={start}&_type=Patient,Basic&content=full-resource"
    found = admin.get(query).json()
    check_document(found, "Bundle")
    assert [each["resource"]["resourceType"] for each in found["entry"]] == ["Patient"]
    again = admin.get(link(found, "next")).json()
    assert "entry" not in again
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "_type", "valueCode": "Task"},
            {"name": "since", "valueInteger": start},
        ],
    }
    posted = admin.post("$changes", body).json()
    assert len(posted["entry"]) == 1


def test_each_sees_what_she_may_read_now(api, cast, start):
    mine = owned_task(cast["nurse"])
    waiting = pool_task()
    hidden = owned_task(cast["cardiologist"])
    given_away = owned_task(cast["nurse"])
    owner = {"reference": cast["cardiologist"].reference}
    put(given_away | {"owner": owner})
    found = api("nurse").get("$changes?since=0&_type=Task&content=full-resource")
    assert told(found.json()) == [f"POST Task/{mine['id']}", f"POST Task/{waiting['id']}"]
    for task in (hidden, given_away):
        assert task["id"].encode() not in found.content


def test_a_scope_narrows_it(cast, start):
    create(task_document())
    patient = create({"resourceType": "Patient"})
    client = client_of(Reader("service", "", "system/Patient.rs"), cast)
    settle()
    found = client.get("/api/fhir/$changes?since=0").json()
    assert "_cursor=" in link(found, "next")
    assert told(found) == [f"POST Patient/{patient['id']}"]


def test_nobody_is_told_how_much_happens_that_she_does_not_see(api, cast, start):
    """The answers are alike, but for what is sealed, whatever others do."""
    nurse = api("nurse")

    def asked() -> str:
        bundle = nurse.get("$changes?since=0&_type=Task").json()
        assert "_cursor=" in link(bundle, "next") and "extension" not in bundle["entry"][0]
        return str([bundle["entry"], len(str(bundle))])

    owned_task(cast["nurse"])
    before = asked()
    for _ in range(30):
        owned_task(cast["cardiologist"])
    assert asked() == before
    for since in (1, start, 10**9):
        assert nurse.get(f"$changes?since={since}").status_code == 400


def test_her_position_is_hers_alone_and_moves_past_what_she_does_not_see(api, cast, start):
    nurse = api("nurse")
    now = nurse.get("$changes").json()
    owned_task(cast["cardiologist"])
    passed = nurse.get(link(now, "next")).json()
    assert "entry" not in passed
    mine = owned_task(cast["nurse"])
    following = nurse.get(link(passed, "next")).json()
    assert told(following) == [f"POST Task/{mine['id']}"]
    assert api("nurse2").get(link(passed, "next")).status_code == 400


def test_one_request_looks_at_so_many_and_the_next_goes_on(api, cast, start, monkeypatch):
    monkeypatch.setattr(changes, "LOOKED_AT", 3)
    for _ in range(7):
        owned_task(cast["cardiologist"])
    mine = owned_task(cast["nurse"])
    nurse, path, pages = api("nurse"), "$changes?since=0&_type=Task", 0
    while True:
        bundle = nurse.get(path).json()
        if bundle.get("entry"):
            break
        path, pages = link(bundle, "next"), pages + 1
        assert pages < 10
    assert told(bundle) == [f"POST Task/{mine['id']}"]


def test_a_token_is_needed(client, db):
    assert client.get("/api/fhir/$changes").status_code == 401


def test_it_can_be_an_entry_of_a_batch(api, start):
    create(task_document())
    entry = {"request": {"method": "GET", "url": f"$changes?since={start}"}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    [answer] = api("admin").post("", bundle).json()["entry"]
    assert numbers(answer["resource"]) == [start + 1]
