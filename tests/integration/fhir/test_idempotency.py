"""A request that is sent again with its Idempotency-Key is done once, and answered twice."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from accounts.jobs import clear_expired
from accounts.tokens import issue
from fhir.models import KeptAnswer, ResourceVersion
from tests.factories import create, pool_task, put, task_document

FHIR_JSON, FORM = "application/fhir+json", "application/x-www-form-urlencoded"
KEY = {"Idempotency-Key": "b7f0c1de"}
URGENT = [{"op": "add", "path": "/priority", "value": "urgent"}]


def same(one, other):
    assert one.status_code == other.status_code
    assert one.content == other.content
    for name in ("ETag", "Location", "Last-Modified", "Content-Type"):
        assert one.get(name) == other.get(name), name


def test_a_create_is_done_once(api):
    admin = api("admin")
    first = admin.post("Task", task_document(), **KEY)
    same(first, admin.post("Task", task_document(), **KEY))
    assert first.status_code == 201
    assert admin.get("Task?_summary=count").json()["total"] == 1


def test_a_patch_and_an_operation_are_done_once(api, cast):
    task = create(task_document(note=[{"text": "a"}]))
    note = [{"op": "add", "path": "/note/-", "value": {"text": "b"}}]
    admin = api("admin")
    same(
        admin.patch(f"Task/{task['id']}", note, **KEY),
        admin.patch(f"Task/{task['id']}", note, **KEY),
    )
    assert len(admin.get(f"Task/{task['id']}").json()["note"]) == 2
    pool_task(), pool_task()
    nurse = api("nurse")
    first = nurse.post("Task/$claim-next", **KEY)
    same(first, nurse.post("Task/$claim-next", **KEY))
    assert first.status_code == 200
    assert nurse.get("Task?owner=Practitioner/maya&_summary=count").json()["total"] == 1


def test_a_transaction_is_done_once(api):
    entry = {"request": {"method": "POST", "url": "Task"}, "resource": task_document()}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    admin = api("admin")
    same(admin.post("", bundle, **KEY), admin.post("", bundle, **KEY))
    assert admin.get("Task?_summary=count").json()["total"] == 1


def test_what_is_read_is_read_anew(api, cast):
    """Kept, it would show for a day what has been rerouted away since."""
    put(task_document(id="hers", owner={"reference": cast["nurse"].reference}))
    nurse = api("nurse")

    def asked():
        found = nurse.request("POST", "Task/_search", "_id=hers", FORM, **KEY)
        return found.json()["total"]

    assert asked() == 1
    put(task_document(id="hers", owner={"reference": cast["physician"].reference}))
    assert asked() == 0
    assert not KeptAnswer.objects.exists()


def test_a_bundle_that_reads_and_writes_takes_no_key(api):
    admin, count = api("admin"), ResourceVersion.objects.count()
    entries = [
        {"request": {"method": "POST", "url": "Task"}, "resource": task_document()},
        {"request": {"method": "GET", "url": "Task"}},
    ]
    for kind in ("batch", "transaction"):
        bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
        assert admin.post("", bundle, **KEY).status_code == 400
        reads = {**bundle, "entry": entries[1:]}
        assert admin.post("", reads, **KEY).status_code == 200
    assert ResourceVersion.objects.count() == count


def test_a_key_is_of_one_set_of_scopes(api, cast):
    own = task_document(owner={"reference": cast["nurse"].reference})
    assert api("nurse").post("Task", own, **KEY).status_code == 201
    narrow = Client(
        headers={"Authorization": f"Bearer {issue(cast['nurse'].user, scope='user/Patient.rs')}"}
    )
    answer = narrow.post("/api/fhir/Task", json.dumps(own), FHIR_JSON, headers=KEY)
    assert answer.status_code == 403


def test_a_key_of_another_request_is_refused(api):
    admin = api("admin")
    admin.post("Task", task_document(), **KEY)
    count = ResourceVersion.objects.count()
    for other in (
        admin.post("Task", task_document(priority="stat"), **KEY),
        admin.post("Patient", {"resourceType": "Patient"}, **KEY),
    ):
        assert other.status_code == 422
        assert other.json()["issue"][0]["code"] == "duplicate"
    assert ResourceVersion.objects.count() == count


def test_a_key_is_of_one_user(api):
    pool_task(), pool_task()
    mine = api("nurse").post("Task/$claim-next", **KEY).json()
    hers = api("nurse2").post("Task/$claim-next", **KEY).json()
    assert mine["id"] != hers["id"]


def test_what_was_refused_may_be_tried_again(api):
    admin = api("admin")
    assert admin.patch("Task/soon", URGENT, **KEY).status_code == 404
    admin.put("Task/soon", task_document(id="soon"))
    assert admin.patch("Task/soon", URGENT, **KEY).status_code == 200


def test_reads_and_updates_take_no_notice(api):
    admin = api("admin")
    assert admin.put("Task/a", task_document(id="a"), **KEY).status_code == 201
    assert admin.put("Task/a", task_document(id="a", priority="stat"), **KEY).status_code == 200
    assert admin.get("Task/a", **KEY).json()["priority"] == "stat"
    assert not KeptAnswer.objects.exists()


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_that_is_none_is_refused(api, key):
    refused = api("admin").post("Task", task_document(), **{"Idempotency-Key": key})
    assert refused.status_code == 400
    assert api("admin").get("Task?_summary=count").json()["total"] == 0


def test_kept_answers_are_deleted_after_a_day(api):
    api("admin").post("Task", task_document(), **KEY)
    clear_expired(0)
    assert KeptAnswer.objects.count() == 1
    KeptAnswer.objects.update(created_at=datetime.now(UTC) - timedelta(hours=25))
    clear_expired(0)
    assert not KeptAnswer.objects.exists()
