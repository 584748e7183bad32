"""Threads that go to somebody else than their Task: they are found, and repaired from the Task."""

import pytest

from fhir import json, resources, store
from fhir.actor import SYSTEM
from fhir.errors import Forbidden, VersionConflict
from fhir.resources import get
from fhir.search.searchset import search
from tasks import actions, drift
from tasks.transitions import FINAL, OPEN, BadTransition
from tests.agreement import provenances
from tests.factories import CARDIOLOGIST_ROLE, NURSE_ROLE, create, owned_task, pool_task, put, role

NURSES = {"performerType": role(NURSE_ROLE)}


def header(name="header"):
    return store.find(get("Communication"), name, actor=SYSTEM)


def listed(actor, query=""):
    found = search(
        resources.get("Task"),
        f"_query=drift{query}",
        actor=actor,
        base="http://testserver/api/fhir",
    )
    ids = [each["resource"]["id"] for each in json.loads(found).get("entry", ())]
    if not query:
        assert ids == [each.task_id for each in drift.drifted(actor)]
    return ids


@pytest.fixture
def about(thread):
    return {"focus": {"reference": f"Communication/{thread['id']}"}}


# Found


@pytest.mark.parametrize("status", sorted(OPEN))
def test_an_owner_who_is_not_the_recipient_is_found(cast, about, status):
    task = owned_task(cast["nurse2"], status=status, **about)
    assert listed(cast["admin"].actor) == [task["id"]]


def test_a_thread_that_goes_to_somebody_while_its_task_waits_is_found(cast, about):
    task = pool_task(**about)
    assert listed(cast["nurse2"].actor) == [task["id"]]


def test_a_thread_that_goes_to_two_or_to_nobody_is_found(cast):
    nobody = put({"resourceType": "Communication", "id": "nobody", "status": "in-progress"})
    both = [{"reference": "Practitioner/maya"}, {"reference": "Practitioner/tomas"}]
    put({"resourceType": "Communication", "id": "two", "status": "in-progress", "recipient": both})
    tasks = [
        owned_task(cast["nurse"], focus={"reference": f"Communication/{name}"})["id"]
        for name in (nobody["id"], "two")
    ]
    assert listed(cast["nurse"].actor) == tasks


def test_what_agrees_is_not_found(cast, about):
    owned_task(cast["nurse"], **about)
    put({"resourceType": "Communication", "id": "free", "status": "in-progress"})
    pool_task(focus={"reference": "Communication/free"})
    pool_task(focus={"reference": "DiagnosticReport/r"})
    pool_task(focus={"reference": "Communication/elsewhere"})
    pool_task()
    versioned = [{"reference": "http://testserver/api/fhir/Practitioner/maya"}]
    put(
        {"resourceType": "Communication", "id": "url", "status": "in-progress"}
        | {"recipient": versioned}
    )
    owned_task(cast["nurse"], focus={"reference": "Communication/url"})
    assert listed(cast["admin"].actor) == []


@pytest.mark.parametrize("status", sorted(FINAL))
def test_what_is_over_says_nothing_of_its_thread(cast, about, status):
    owned_task(cast["nurse2"], status=status, **about)
    assert listed(cast["admin"].actor) == []


def test_each_is_told_of_what_she_sees(cast, about):
    hers = owned_task(cast["nurse2"], **about)["id"]
    nurses = pool_task(**about)["id"]
    hearts = create({**pool_task(CARDIOLOGIST_ROLE, **about), "description": "x"})["id"]
    assert {hers, nurses} == {*listed(cast["nurse2"].actor)}
    assert listed(cast["coordinator"].actor) == [nurses]
    assert hearts in listed(cast["cardiologist"].actor)
    assert hers not in listed(cast["cardiologist"].actor)
    assert listed(cast["physician"].actor) == []


def test_the_list_has_pages_and_takes_other_parameters(cast, about):
    tasks = [pool_task(**about)["id"] for _ in range(3)]
    pool_task(priority="stat", **about)
    actor = cast["admin"].actor
    assert listed(actor, "&_count=2") == tasks[:2]
    assert len(listed(actor, "&priority=stat")) == 1
    assert len(drift.drifted(actor, limit=2)) == 2


def test_two_patches_agree_again(cast, api, about):
    """The way of the guides: the Task first, then the thread."""
    task = owned_task(cast["nurse"], **about)
    nurse = api("nurse")
    to_carl = {"reference": "Practitioner/carl"}
    path = f"Task/{task['id']}"
    nurse.patch(path, [{"op": "replace", "path": "/owner", "value": to_carl}])
    assert header().version_id == 1, "a plain patch changes nothing else"
    assert not provenances(task["id"])
    assert listed(cast["cardiologist"].actor) == [task["id"]]
    moved = [{"op": "replace", "path": "/recipient", "value": [to_carl]}]
    assert nurse.patch("Communication/header", moved).status_code == 200
    assert listed(cast["cardiologist"].actor) == []


# Repaired


def test_the_thread_goes_to_the_owner(cast, about):
    task = owned_task(cast["nurse2"], **about)
    stored = drift.repair(task["id"], actor=cast["nurse2"].actor)
    assert stored.version_id == 1, "the Task is the truth, and stays"
    assert header().parsed()["recipient"] == [{"reference": "Practitioner/tomas"}]
    assert listed(cast["admin"].actor) == []


def test_the_thread_goes_to_nobody_while_the_task_waits(cast, about):
    task = pool_task(**about)
    drift.repair(task["id"], actor=cast["coordinator"].actor)
    assert "recipient" not in header().parsed()


def test_repairing_what_agrees_changes_nothing(cast, about):
    task = owned_task(cast["nurse"], **about)
    drift.repair(task["id"], actor=cast["nurse"].actor)
    assert header().version_id == 1


@pytest.mark.parametrize("name", ["nurse", "physician", "cardiologist", "auditor"])
def test_others_repair_nothing(cast, about, name):
    task = owned_task(cast["nurse2"], **NURSES, **about)
    with pytest.raises(Forbidden):
        drift.repair(task["id"], actor=cast[name].actor)
    assert header().version_id == 1


@pytest.mark.parametrize("status", sorted(FINAL))
def test_what_is_over_repairs_nothing(cast, about, status):
    task = owned_task(cast["nurse2"], status=status, **about)
    with pytest.raises(BadTransition, match=f"that is {status} says nothing"):
        drift.repair(task["id"], actor=cast["nurse2"].actor)
    assert header().version_id == 1


def test_a_stale_version_is_refused(cast, about):
    task = owned_task(cast["nurse2"], **about)
    with pytest.raises(VersionConflict):
        drift.repair(task["id"], actor=cast["nurse2"].actor, if_match=[7])
    assert header().version_id == 1


# The other actions keep it right


def test_claim_release_and_claim_next_move_the_thread_with_the_task(cast, about):
    task = pool_task(**about)
    nurse = cast["nurse2"].actor
    for act, recipient in (
        (lambda: actions.claim(task["id"], actor=nurse), "Practitioner/tomas"),
        (lambda: actions.release(task["id"], actor=nurse), None),
        (lambda: actions.claim_next(actor=nurse), "Practitioner/tomas"),
        (lambda: actions.complete(task["id"], actor=nurse), "Practitioner/tomas"),
    ):
        act()
        recipients = [each["reference"] for each in header().parsed().get("recipient", ())]
        assert recipients == ([recipient] if recipient else [])
    told = [each["activity"]["coding"][0]["code"] for each in provenances(task["id"])]
    assert told == ["claim", "release", "claim", "complete"]


def test_completing_does_not_take_the_thread_from_whoever_has_it(cast, about):
    """Two Tasks of one thread: who ends hers leaves the other's thread alone."""
    mine = owned_task(cast["nurse"], **about)
    hers = pool_task(**about)
    actions.claim(hers["id"], actor=cast["nurse2"].actor)
    actions.complete(mine["id"], actor=cast["nurse"].actor)
    assert header().parsed()["recipient"][0]["reference"] == "Practitioner/tomas"
