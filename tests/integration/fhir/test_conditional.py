"""Conditional interactions: what is meant is found by search criteria, or by what changed."""

import pytest

from fhir.models import ResourceVersion
from tests.factories import NURSE_ROLE, create, owned_task, role, task_document

ORDERS = "urn:orders"


def order(number, **elements):
    return task_document(identifier=[{"system": ORDERS, "value": str(number)}], **elements)


def outcome(response, status, code):
    assert response.status_code == status, response.content
    assert response.json()["issue"][0]["code"] == code
    return response.json()["issue"][0]


@pytest.fixture
def admin(api):
    return api("admin")


# --- create ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["identifier=urn:orders|7", "?identifier=urn:orders%7C7"])
def test_a_conditional_create_creates_once(admin, form):
    first = admin.post("Task", order(7), **{"If-None-Exist": form})
    assert first.status_code == 201 and "Location" in first
    again = admin.post("Task", order(7, priority="stat"), **{"If-None-Exist": form})
    assert again.status_code == 200 and again.json() == first.json()
    assert again["ETag"] == 'W/"1"' and "Location" not in again
    assert admin.get("Task?_summary=count").json()["total"] == 1


def test_criteria_in_the_url_of_a_create_are_a_condition_too(admin):
    """fhirpy's get_or_create sends them so; without any, and for the format, there is none."""
    first = admin.post("Task?identifier=urn:orders|7", order(7))
    again = admin.post("Task?identifier=urn:orders|7", order(7))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    for query in ("", "?", "?_format=json", "?_pretty=true"):
        assert admin.post(f"Task{query}", order(7)).status_code == 201
    outcome(admin.post("Task?color=red", order(7)), 400, "invalid")


def test_a_conditional_create_with_several_matches_is_412(admin):
    create(order(7)), create(order(7))
    refused = admin.post("Task", order(7), **{"If-None-Exist": "identifier=urn:orders|7"})
    outcome(refused, 412, "multiple-matches")
    assert admin.get("Task?_summary=count").json()["total"] == 2


@pytest.mark.parametrize("criteria", ["_count=1", "_sort=status", "color=red", "identifier:x=1"])
def test_criteria_must_be_search_parameters_that_are_known(admin, criteria):
    """What is left out of criteria would make them match anything."""
    create(order(7))
    count = ResourceVersion.objects.count()
    outcome(admin.post("Task", order(7), **{"If-None-Exist": criteria}), 400, "invalid")
    outcome(admin.put(f"Task?{criteria}", order(7)), 400, "invalid")
    outcome(admin.delete(f"Task?{criteria}"), 400, "invalid")
    outcome(admin.patch(f"Task?{criteria}", []), 400, "invalid")
    assert ResourceVersion.objects.count() == count


def test_criteria_find_only_what_the_actor_may_see(api, cast):
    """To her there is no such order; so she may make one."""
    owned_task(cast["physician"], identifier=[{"system": ORDERS, "value": "7"}])
    own = order(7, owner={"reference": cast["nurse"].reference})
    made = api("nurse").post("Task", own, **{"If-None-Exist": "identifier=urn:orders|7"})
    assert made.status_code == 201
    updated = api("nurse").put("Task?identifier=urn:orders|7", {**own, "priority": "stat"})
    assert updated.status_code == 200 and updated.json()["id"] == made.json()["id"]


# --- update ---------------------------------------------------------------------------------------


def test_a_conditional_update_creates_then_replaces(admin):
    made = admin.put("Task?identifier=urn:orders|7", order(7))
    assert made.status_code == 201 and made["Location"].endswith(f"{made.json()['id']}/_history/1")
    again = admin.put("Task?identifier=urn:orders|7", order(7, priority="stat"))
    assert again.status_code == 200
    assert again.json()["id"] == made.json()["id"] and again.json()["priority"] == "stat"
    assert again.json()["meta"]["versionId"] == "2"


def test_a_conditional_update_minds_the_id_of_the_body(admin):
    named = admin.put("Task?identifier=urn:orders|7", order(7, id="seven"))
    assert named.status_code == 201 and named.json()["id"] == "seven"
    same = admin.put("Task?identifier=urn:orders|7", order(7, id="seven", priority="stat"))
    assert same.status_code == 200
    other = admin.put("Task?identifier=urn:orders|7", order(7, id="eight"))
    issue = outcome(other, 400, "structure")
    assert issue["expression"] == ["Task.id"]


def test_a_conditional_update_of_several_is_412_and_without_criteria_400(admin):
    create(order(7)), create(order(7))
    outcome(admin.put("Task?identifier=urn:orders|7", order(7)), 412, "multiple-matches")
    outcome(admin.put("Task", order(7)), 400, "structure")
    outcome(admin.put("Task?", order(7)), 400, "structure")


def test_if_match_holds_for_what_is_found(admin):
    admin.put("Task?identifier=urn:orders|7", order(7))
    stale = admin.put(
        "Task?identifier=urn:orders|7", order(7, priority="stat"), **{"If-Match": 'W/"9"'}
    )
    outcome(stale, 412, "conflict")


# --- patch and delete -----------------------------------------------------------------------------


def test_a_conditional_patch(admin):
    stored = create(order(7))
    urgent = [{"op": "add", "path": "/priority", "value": "urgent"}]
    patched = admin.patch("Task?identifier=urn:orders|7", urgent)
    assert patched.status_code == 200
    assert patched.json()["id"] == stored["id"] and patched.json()["priority"] == "urgent"
    outcome(admin.patch("Task?identifier=urn:orders|8", urgent), 404, "not-found")
    create(order(7))
    outcome(admin.patch("Task?identifier=urn:orders|7", urgent), 412, "multiple-matches")


def test_a_conditional_delete(admin, api):
    stored = create(order(7))
    create(order(8)), create(order(8))
    assert api("auditor").delete("Task?identifier=urn:orders|9").status_code == 403
    assert admin.delete("Task?identifier=urn:orders|9").status_code == 204
    assert admin.delete("Task?identifier=urn:orders|7").status_code == 204
    assert admin.get(f"Task/{stored['id']}").status_code == 410
    outcome(admin.delete("Task?identifier=urn:orders|8"), 412, "multiple-matches")


def test_a_practitioner_cannot_delete_by_criteria_what_she_cannot_by_id(api, cast):
    owned_task(cast["nurse"], identifier=[{"system": ORDERS, "value": "7"}])
    assert api("nurse").delete("Task?identifier=urn:orders|7").status_code == 403


# --- read -----------------------------------------------------------------------------------------


def test_a_read_of_what_has_not_changed_is_304(admin):
    url = f"Task/{create(task_document())['id']}"
    last = admin.get(url)["Last-Modified"]
    for headers in (
        {"If-None-Match": 'W/"1"'},
        {"If-None-Match": "1"},  # as fhirpy writes it
        {"If-None-Match": 'W/"5", W/"1"'},
        {"If-Modified-Since": last},
        {"If-None-Match": 'W/"1"', "If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
    ):
        answer = admin.get(url, **headers)
        assert answer.status_code == 304 and not answer.content, headers
        assert answer["ETag"] == 'W/"1"'
    for headers in (
        {"If-None-Match": 'W/"2"'},
        {"If-None-Match": 'W/"2"', "If-Modified-Since": last},
        {"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
        {"If-Modified-Since": "yesterday"},
    ):
        assert admin.get(url, **headers).status_code == 200, headers


# --- Prefer and HEAD ------------------------------------------------------------------------------


def test_prefer_return(admin):
    for value, kind in {
        "return=minimal": None,
        "return=representation": "Task",
        "return=OperationOutcome": "OperationOutcome",
        "handling=lenient, return=OperationOutcome": "OperationOutcome",
        "return=nonsense": "Task",
    }.items():
        made = admin.post("Task", task_document(), Prefer=value)
        assert made.status_code == 201 and made["ETag"] and made["Location"]
        found = made.json()["resourceType"] if made.content else None
        assert found == kind, value
    said = admin.post("Task", task_document(), Prefer="return=OperationOutcome").json()
    assert said["issue"][0]["severity"] == "information"


def test_head_answers_as_get_without_a_body(admin):
    task = create(task_document(performerType=role(NURSE_ROLE)))
    for path in (f"Task/{task['id']}", "Task", f"Task/{task['id']}/_history/1", "metadata"):
        get, head = admin.get(path), admin.request("HEAD", path)
        assert head.status_code == 200 and not head.content
        assert head["Content-Type"] == get["Content-Type"]
        assert head.get("ETag") == get.get("ETag")
        assert int(head["Content-Length"]) == len(get.content)
    assert admin.request("HEAD", "Task/nobody").status_code == 404


def test_no_answer_may_be_stored_on_the_way(admin):
    for answer in (
        admin.get("Task"),
        admin.get("Task/nobody"),
        admin.post("Task", task_document()),
    ):
        assert answer["Cache-Control"] == "no-store"


def test_options_says_what_may_be_done(admin):
    answer = admin.request("OPTIONS", "Task/x")
    assert answer.status_code == 204
    assert answer["Allow"] == "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"
