"""Who may change what: the rule of T3 as truth tables, the same on every way in.

`before` says what the Task is to the nurse; `after` what a write would make of its owner and pool.
Every cell is tried as PATCH, as PUT, as an entry of a batch and as one of a transaction.
"""

import base64
import json

import pytest

from tests.agreement import assert_agrees, everything
from tests.factories import (
    CARDIOLOGIST_ROLE,
    NURSE_ROLE,
    create,
    owned_task,
    pool_task,
    put,
    role,
    task_document,
)

FOCUS = {"reference": "Communication/thread"}
IN_POOL = {"performerType": role(NURSE_ROLE)}

BEFORE = {
    "hers": lambda cast: owned_task(cast["nurse"]),
    "hers, of the pool": lambda cast: owned_task(cast["nurse"], **IN_POOL),
    "waits in her pool": lambda cast: pool_task(),
    "waits in another pool": lambda cast: pool_task(CARDIOLOGIST_ROLE),
    "a colleague's": lambda cast: owned_task(cast["nurse2"]),
    "a colleague's, of the pool": lambda cast: owned_task(cast["nurse2"], **IN_POOL),
    "nobody's": lambda cast: create(task_document()),
}


def owned_by(reference):
    return lambda document: {**document, "owner": {"reference": reference}}


def unowned(document, **elements):
    return {name: value for name, value in document.items() if name != "owner"} | elements


AFTER = {
    "owner as it was": lambda document: {**document, "priority": "urgent"},
    "herself": owned_by("Practitioner/maya"),
    "somebody else": owned_by("Practitioner/ines"),
    "another pool": lambda document: unowned(document, performerType=role(CARDIOLOGIST_ROLE)),
    "no pool": lambda document: {
        name: value for name, value in unowned(document).items() if name != "performerType"
    },
}
EVERYTHING = {(before, after) for before in BEFORE for after in AFTER}

MAY = {
    "nurse": {
        ("hers", "owner as it was"),
        ("hers", "herself"),
        ("hers", "somebody else"),
        ("hers", "another pool"),
        ("hers, of the pool", "owner as it was"),
        ("hers, of the pool", "herself"),
        ("hers, of the pool", "somebody else"),
        ("hers, of the pool", "another pool"),
        ("waits in her pool", "owner as it was"),
        ("waits in her pool", "herself"),
        ("waits in her pool", "another pool"),
    },
    # She coordinates the nurses' pool, and no other.
    "coordinator": {
        (before, after)
        for before in ("hers, of the pool", "waits in her pool", "a colleague's, of the pool")
        for after in AFTER
    },
    "physician": set(),
    "auditor": set(),
    "admin": EVERYTHING,
    "service": EVERYTHING,
}
"""The cells where a change is made; every other is 403. For the nurse, "her" is she herself."""


def by_patch(client, before, after):
    answer = client.patch(f"Task/{before['id']}", operations(before, after))
    return answer.status_code


def operations(before, after) -> list[dict]:
    removed = [{"op": "remove", "path": f"/{name}"} for name in before if name not in after]
    return removed + [
        {"op": "replace", "path": f"/{name}", "value": value}
        for name, value in after.items()
        if before.get(name) != value
    ]


def by_put(client, before, after):
    return client.put(f"Task/{before['id']}", after).status_code


def by_batch(client, before, after):
    data = base64.b64encode(json.dumps(operations(before, after)).encode()).decode()
    entry = {
        "request": {"method": "PATCH", "url": f"Task/{before['id']}"},
        "resource": {
            "resourceType": "Binary",
            "contentType": "application/json-patch+json",
            "data": data,
        },
    }
    answer = client.post("", {"resourceType": "Bundle", "type": "batch", "entry": [entry]})
    assert answer.status_code == 200
    return int(answer.json()["entry"][0]["response"]["status"][:3])


def by_transaction(client, before, after):
    entry = {"request": {"method": "PUT", "url": f"Task/{before['id']}"}, "resource": after}
    answer = client.post("", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    if answer.status_code == 200:
        return int(answer.json()["entry"][0]["response"]["status"][:3])
    return answer.status_code


WAYS = [by_patch, by_put, by_batch, by_transaction]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MAY)
def test_a_change_is_judged_by_the_task_before_and_after(cast, api, name, way):
    client, found, expected = api(name), {}, {}
    for before_name, make in BEFORE.items():
        for after_name, change in AFTER.items():
            cell = (before_name, after_name)
            before = make(cast)
            stored = everything(before["id"])
            found[cell] = way(client, before, change(before))
            expected[cell] = 200 if cell in MAY[name] else 403
            if found[cell] >= 400:
                assert everything(before["id"]) == stored, cell
            else:
                assert_agrees(before["id"])
    assert found == expected


@pytest.mark.parametrize("way", WAYS)
def test_what_never_was_is_refused_as_what_is_not_hers(cast, api, way):
    """T5: a write to an id that she cannot see tells nothing of it."""
    theirs, never = owned_task(cast["nurse2"]), task_document(id="never-was")
    after = AFTER["herself"]
    assert way(api("nurse"), never, after(never)) == way(api("nurse"), theirs, after(theirs)) == 403
    assert api("nurse").get("Task/never-was").status_code == 404
    for name, made in (("auditor", 403), ("coordinator", 403), ("admin", 201), ("service", 201)):
        never = task_document(id=f"not-yet-{name}")
        expected = made if way in (by_put, by_transaction) or made == 403 else 404
        assert way(api(name), never, after(never)) == expected


# What may be made, and by whom.

NEW = {
    "for herself": {"owner": {"reference": "Practitioner/maya"}},
    "for a pool": IN_POOL,
    "for a colleague": {"owner": {"reference": "Practitioner/tomas"}},
    "for a colleague in a pool": {"owner": {"reference": "Practitioner/tomas"}, **IN_POOL},
    "for nobody": {},
    "for a role without a pool": {"performerType": [{"text": "Anybody"}]},
}
MAY_CREATE = {
    "nurse": {"for herself", "for a pool"},
    "physician": {"for a pool"},
    "auditor": set(),
    "coordinator": {*NEW},
    "admin": {*NEW},
    "service": {*NEW},
}


def post(client, document):
    return client.post("Task", document).status_code


def post_in_batch(client, document):
    entry = {"request": {"method": "POST", "url": "Task"}, "resource": document}
    answer = client.post("", {"resourceType": "Bundle", "type": "batch", "entry": [entry]})
    return int(answer.json()["entry"][0]["response"]["status"][:3])


def post_in_transaction(client, document):
    entry = {"request": {"method": "POST", "url": "Task"}, "resource": document}
    answer = client.post("", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    if answer.status_code == 200:
        return int(answer.json()["entry"][0]["response"]["status"][:3])
    return answer.status_code


POSTS = [post, post_in_batch, post_in_transaction]


@pytest.mark.parametrize("way", POSTS)
@pytest.mark.parametrize("name", MAY_CREATE)
def test_who_may_create_what(cast, api, name, way):
    client = api(name)
    found = {new: way(client, task_document(**elements)) for new, elements in NEW.items()}
    assert found == {new: 201 if new in MAY_CREATE[name] else 403 for new in NEW}


@pytest.mark.parametrize("way", POSTS)
def test_the_successor_of_a_reroute_may_be_somebody_elses(cast, api, way):
    """Requester = herself, and the focus of an open Task that she owns (T3, T16)."""
    successor = task_document(
        focus=FOCUS,
        owner={"reference": "Practitioner/carl"},
        requester={"reference": "Practitioner/maya"},
    )
    nurse = api("nurse")
    assert way(nurse, successor) == 403, "she has no Task of this focus"
    owned_task(cast["nurse2"], focus=FOCUS)
    assert way(nurse, successor) == 403, "a colleague's is not hers"
    owned_task(cast["nurse"], focus=FOCUS, status="completed")
    assert way(nurse, successor) == 403, "hers has ended"
    pool_task(focus=FOCUS)
    assert way(nurse, successor) == 403, "one that waits in her pool is not hers yet"
    owned_task(cast["nurse"], focus=FOCUS, status="in-progress")
    assert way(nurse, {**successor, "focus": {"reference": "Communication/other"}}) == 403
    assert way(nurse, {**successor, "requester": {"reference": "Practitioner/tomas"}}) == 403
    assert way(nurse, {name: successor[name] for name in successor if name != "requester"}) == 403
    assert way(nurse, successor) == 201
    assert way(api("auditor"), successor) == 403


# What else writes.


@pytest.mark.parametrize("before", BEFORE)
def test_only_who_writes_everything_deletes(cast, api, before):
    for name in ("nurse", "physician", "coordinator", "auditor"):
        task = BEFORE[before](cast)
        stored = everything(task["id"])
        assert api(name).delete(f"Task/{task['id']}").status_code == 403
        assert everything(task["id"]) == stored
    for name in ("admin", "service"):
        task = BEFORE[before](cast)
        assert api(name).delete(f"Task/{task['id']}").status_code == 204
        assert assert_agrees(task["id"]).deleted


def test_a_deletion_of_what_never_was(cast, api):
    found = {name: api(name).delete("Task/never-was").status_code for name in MAY}
    assert found == {
        "nurse": 403,
        "coordinator": 403,
        "physician": 403,
        "auditor": 403,
        "admin": 404,
        "service": 404,
    }


def test_only_who_writes_everything_brings_back_what_was_deleted(cast, api):
    """An id is never used again (T9), and only admins and services choose one (T5)."""
    task = owned_task(
        cast["nurse"],
        performerType=role(CARDIOLOGIST_ROLE) + role(NURSE_ROLE),
        note=[{"text": "One"}, {"text": "Two"}],
    )
    api("admin").delete(f"Task/{task['id']}")
    stored = everything(task["id"])
    assert api("nurse").put(f"Task/{task['id']}", task).status_code == 410
    assert everything(task["id"]) == stored
    theirs = task_document(id=task["id"], owner={"reference": "Practitioner/tomas"})
    assert api("admin").put(f"Task/{task['id']}", theirs).status_code == 201
    assert assert_agrees(task["id"]).version_id == 3
    assert api("nurse").get(f"Task/{task['id']}").status_code == 404


@pytest.mark.parametrize("url", ["Task/{}/$claim", "Task/$claim-next"])
def test_claims_of_the_api_are_held_to_the_pool(cast, api, url):
    found = {}
    for name in ("nurse", "nurse2", "physician", "cardiologist", "coordinator", "auditor", "admin"):
        task = pool_task()
        stored = everything(task["id"])
        answer = api(name).post(url.format(task["id"]))
        found[name] = answer.status_code
        if answer.status_code != 200:
            assert everything(task["id"]) == stored
            api("admin").delete(f"Task/{task['id']}")
    nothing_waits_for_me = 204 if "next" in url else 403
    assert found == {
        "nurse": 200,
        "nurse2": 200,
        "physician": nothing_waits_for_me,
        "cardiologist": nothing_waits_for_me,
        # She assigns Tasks of her pool, to herself too, but is no member that Claim next feeds.
        "coordinator": 204 if "next" in url else 200,
        "auditor": 403,
        "admin": 204 if "next" in url else 200,
    }


@pytest.mark.parametrize("way", WAYS)
def test_nobody_changes_the_intent(cast, api, way):
    task = owned_task(cast["nurse"])
    stored = everything(task["id"])
    for name in ("nurse", "admin", "service"):
        assert way(api(name), task, {**task, "intent": "plan"}) == 422
    assert everything(task["id"]) == stored


@pytest.mark.parametrize("way", WAYS)
def test_an_entry_in_error_is_an_admins_correction(cast, api, way):
    for status in ("requested", "completed"):
        task = owned_task(cast["nurse"], status=status)
        wrong = {**task, "status": "entered-in-error"}
        assert way(api("nurse"), task, wrong) == 403
        assert way(api("admin"), task, wrong) == 200
        assert way(api("admin"), wrong, {**task, "status": "accepted"}) == 422


def test_a_refused_entry_undoes_the_whole_transaction(cast, api):
    hers, theirs = owned_task(cast["nurse"]), owned_task(cast["nurse2"])
    stored = everything(hers["id"])
    entries = [
        {
            "request": {"method": "PUT", "url": f"Task/{each['id']}"},
            "resource": {**each, "priority": "stat"},
        }
        for each in (hers, theirs)
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert api("nurse").post("", bundle).status_code == 403
    assert everything(hers["id"]) == stored
    answer = api("nurse").post("", {**bundle, "type": "batch"}).json()
    assert [entry["response"]["status"][:3] for entry in answer["entry"]] == ["200", "403"]
    assert everything(hers["id"]) != stored


def test_a_coordinator_who_may_claim_elsewhere_gives_nothing_away_there(cast, api):
    """As a member of a pool that she does not coordinate she is a practitioner (T3)."""
    put(
        {
            "resourceType": "PractitionerRole",
            "id": "cora-cardiologist",
            "practitioner": {"reference": "Practitioner/cora"},
            "code": role(CARDIOLOGIST_ROLE),
        }
    )
    task = pool_task(CARDIOLOGIST_ROLE)
    coordinator = api("coordinator")
    assert by_patch(coordinator, task, AFTER["somebody else"](task)) == 403
    assert by_patch(coordinator, task, AFTER["no pool"](task)) == 403
    assert by_patch(coordinator, task, owned_by("Practitioner/cora")(task)) == 200
