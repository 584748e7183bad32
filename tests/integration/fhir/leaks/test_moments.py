"""What was hers, or somebody else's, a moment ago: late claims, repeated requests, others' pages."""

import json

import pytest

from fhir import actions
from fhir.actor import SYSTEM
from tasks import actions as work
from tests.conftest import ApiClient
from tests.factories import NURSE_ROLE, owned_task, pool_task, role
from tests.integration.fhir.leaks.asking import Door
from tests.integration.fhir.leaks.clinic import GIVEN_AWAY, READERS, open_clinic, to, write_case
from tests.integration.fhir.leaks.judging import told
from tests.integration.fhir.leaks.reading import READS
from tests.integration.fhir.leaks.writing import WRITES

pytestmark = pytest.mark.django_db


def claimed_before_her(cast):
    write_case(performerType=role(NURSE_ROLE))
    work.claim("case", actor=cast["nurse2"].actor)
    actions.patch("Task", "second-case", GIVEN_AWAY, actor=SYSTEM)


def test_who_claims_too_late_is_told_by_the_claim_and_by_nothing_else(db):
    """She could see it a moment ago: so she is told who was faster, when she says what she wants."""
    cast = open_clinic()
    door = Door(READERS["nurse"], cast)
    found = told({"nurse": door.answers}, READS + WRITES, [claimed_before_her], cast)
    telling = found["nurse", claimed_before_her]
    assert telling
    for way in telling:
        claims = way.path.endswith("/$claim") or to("Practitioner/{me}") in owners(way.body)
        assert claims, way.name
        claimed_before_her(cast)
        answer = door.answer(way)
        assert "Tomás Rivera just claimed this" in answer, way.name


def owners(body) -> list:
    """Every owner that a body of a write names, however deep."""
    if isinstance(body, dict):
        found = [body["owner"]] if "owner" in body else []
        found += [body["value"]] if body.get("path") == "/owner" else []
        return found + [each for value in body.values() for each in owners(value)]
    return [each for value in body for each in owners(value)] if isinstance(body, list) else []


# --- repeated requests ----------------------------------------------------------------------------


def keyed(client, method, path, body, content_type="application/fhir+json"):
    return client.request(method, path, body, content_type, **{"Idempotency-Key": "key"})


@pytest.mark.parametrize(
    ("path", "body", "content_type"),
    [
        ("Task/_search", "_id={id}", "application/x-www-form-urlencoded"),
        (
            "",
            json.dumps(
                {
                    "resourceType": "Bundle",
                    "type": "batch",
                    "entry": [{"request": {"method": "GET", "url": "Task/{id}"}}],
                }
            ),
            "application/fhir+json",
        ),
        ("Task/{id}/$validate", "", "application/fhir+json"),
    ],
    ids=["search", "batch", "validate"],
)
def test_a_repeated_read_is_read_anew(cast, api, path, body, content_type):
    """S3: rights that end, end with the next request, whatever key it has."""
    task = owned_task(cast["nurse"], description="Biopsy")
    path, body = path.replace("{id}", task["id"]), body.replace("{id}", task["id"])
    nurse = api("nurse")
    first = keyed(nurse, "POST", path, body, content_type)
    assert first.status_code == 200
    actions.patch("Task", task["id"], GIVEN_AWAY, actor=SYSTEM)
    again = keyed(nurse, "POST", path, body, content_type)
    plain = nurse.request("POST", path, body, content_type)
    assert (again.status_code, again.content) == (plain.status_code, plain.content)


def test_a_repeated_request_keeps_to_the_scopes_of_its_token(cast, api):
    nurse = api("nurse")
    body = {"resourceType": "Task", "status": "requested", "intent": "order"}
    body["owner"] = to(cast["nurse"].reference)
    assert keyed(nurse, "POST", "Task", body).status_code == 201
    narrow = ApiClient(cast["nurse"].user)
    narrow.client = Door(READERS["nurse, user/Patient.rs"], cast).client
    again = keyed(narrow, "POST", "Task", body)
    assert again.status_code == 403 and b"Practitioner/maya" not in again.content


# --- pages of others ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["Task?_count=1&_total=accurate", "Task/_history?_count=1", "_history?_count=1"]
)
def test_the_link_to_an_admins_next_page_tells_no_total_of_hers(cast, api, path):
    for _ in range(3):
        owned_task(cast["physician"])
        pool_task()
    first = api("admin").get(path).json()
    [following] = [link["url"] for link in first["link"] if link["relation"] == "next"]
    answer = api("nurse").get(following.removeprefix("http://testserver/api/fhir/"))
    assert answer.status_code == 400 or answer.json().get("total") != first["total"]


# --- totals that are left out ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["Task?_count=1", "?_type=Task,Practitioner&_count=1", "Task?_query=worklist&_count=1"]
    + ["Task/_history?_count=1", "_history?_count=1"],
)
def test_whether_a_total_is_counted_tells_nothing_of_what_is_not_seen(cast, api, monkeypatch, path):
    for _ in range(2):
        owned_task(cast["nurse"])
    monkeypatch.setattr("fhir.search.answer.COUNTED", 60)
    monkeypatch.setattr("fhir.history.COUNTED", 60)
    before = api("nurse").get(path).json()
    for _ in range(61):
        owned_task(cast["physician"])
    after = api("nurse").get(path).json()
    assert before.get("total") == after.get("total")
