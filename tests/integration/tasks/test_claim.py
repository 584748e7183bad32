"""Claim: take a Task from a pool."""

import pytest

from accounts.models import Pool
from fhir.errors import Conflict, Forbidden, NotFound, VersionConflict
from tasks import actions
from tasks.transitions import CLAIMABLE, FINAL, BadTransition, Status
from tests.agreement import assert_agrees, everything, interactions, viewers
from tests.factories import (
    CARDIOLOGIST_ROLE,
    NURSE_ROLE,
    create,
    owned_task,
    pool_task,
    role,
    task_document,
)
from tests.faults import statements


@pytest.mark.parametrize("status", sorted(CLAIMABLE))
def test_a_nurse_claims_a_task_of_her_pool(cast, status):
    task = pool_task(status=status, priority="stat")
    claimed = actions.claim(task["id"], actor=cast["nurse"].actor).parsed()
    assert claimed["status"] == "accepted"
    assert claimed["owner"] == {"reference": "Practitioner/maya", "display": "Maya Lindqvist"}
    assert claimed["performerType"] == role(NURSE_ROLE), "the pool is kept for a release"
    assert claimed["executionPeriod"] == {"start": claimed["meta"]["lastUpdated"]}
    assert claimed["lastModified"] == claimed["meta"]["lastUpdated"]
    row = assert_agrees(task["id"])
    assert (row.owner, row.status, row.version_id) == ("Practitioner/maya", "accepted", 2)
    assert row.pool == Pool.objects.get(slug="registered-nurse")
    assert interactions(task["id"]) == ["create", "claim"]
    assert viewers(task["id"]) == {"maya"}


def test_a_task_of_two_pools_is_claimed_from_the_second(cast):
    roles = role(CARDIOLOGIST_ROLE) + role(NURSE_ROLE)
    task = create(task_document(performerType=roles))
    actions.claim(task["id"], actor=cast["nurse"].actor)
    assert assert_agrees(task["id"]).owner == "Practitioner/maya"


def test_claiming_twice_is_claiming_once(cast, unchanged):
    task = pool_task()
    first = actions.claim(task["id"], actor=cast["nurse"].actor)
    with unchanged(task["id"]):
        assert actions.claim(task["id"], actor=cast["nurse"].actor) == first


def test_whoever_comes_second_is_told_who_was_faster(cast, unchanged):
    task = pool_task()
    actions.claim(task["id"], actor=cast["nurse2"].actor)
    with unchanged(task["id"]), pytest.raises(Conflict, match="Tomás Rivera just claimed this"):
        actions.claim(task["id"], actor=cast["nurse"].actor)


def test_whoever_sees_the_task_still_is_told_who_has_it(cast, unchanged):
    task = pool_task()
    actions.claim(task["id"], actor=cast["nurse"].actor)
    for name in ("coordinator", "admin"):
        with unchanged(task["id"]), pytest.raises(Conflict, match="Maya Lindqvist has this"):
            actions.claim(task["id"], actor=cast[name].actor)


def test_nobody_is_told_of_a_task_that_never_was_to_be_claimed(cast, unchanged):
    """409 is for those who could have claimed it a moment ago; for others it is 403 (T5)."""
    task = owned_task(cast["nurse2"], performerType=role(NURSE_ROLE))
    with unchanged(task["id"]), pytest.raises(Forbidden) as theirs:
        actions.claim(task["id"], actor=cast["nurse"].actor)
    with pytest.raises(Forbidden) as never:
        actions.claim("never-was", actor=cast["nurse"].actor)
    assert theirs.value.as_outcome() == never.value.as_outcome()


def test_a_claim_is_told_of_only_to_the_pool_it_was_claimed_from(cast, unchanged):
    task = pool_task()
    actions.claim(task["id"], actor=cast["nurse"].actor)
    with unchanged(task["id"]), pytest.raises(Forbidden):
        actions.claim(task["id"], actor=cast["cardiologist"].actor)


@pytest.mark.parametrize("name", ["physician", "cardiologist", "auditor", "service"])
def test_outsiders_claim_nothing(cast, name, unchanged):
    task = pool_task()
    with unchanged(task["id"]), pytest.raises(Forbidden):
        actions.claim(task["id"], actor=cast[name].actor)


def test_who_writes_everything_is_told_what_never_was(cast):
    with pytest.raises(NotFound):
        actions.claim("never-was", actor=cast["admin"].actor)


@pytest.mark.parametrize("status", sorted({*Status.values} - CLAIMABLE))
def test_what_does_not_wait_is_not_claimed(cast, status, unchanged):
    task = pool_task(status=status)
    with unchanged(task["id"]), pytest.raises(BadTransition) as refusal:
        actions.claim(task["id"], actor=cast["nurse"].actor)
    assert f" {status} " in str(refusal.value)
    assert " accepted" in str(refusal.value)
    assert refusal.value.status == 422


@pytest.mark.parametrize("status", sorted(FINAL))
def test_who_owns_what_has_ended_claims_nothing_more(cast, status, unchanged):
    task = owned_task(cast["nurse"], status=status)
    with unchanged(task["id"]):
        assert actions.claim(task["id"], actor=cast["nurse"].actor).version_id == 1


def test_a_stale_version_is_refused(cast, unchanged):
    task = pool_task()
    with unchanged(task["id"]), pytest.raises(VersionConflict):
        actions.claim(task["id"], actor=cast["nurse"].actor, if_match=[7])
    actions.claim(task["id"], actor=cast["nurse"].actor, if_match=[1])
    assert everything(task["id"])["row"][0]["owner"] == "Practitioner/maya"


def test_a_failure_leaves_nothing(cast, failing):
    task = pool_task()
    with failing(task["id"]):
        actions.claim(task["id"], actor=cast["nurse"].actor)


@pytest.mark.parametrize(("about", "sent"), [("", 5), ("header", 7), ("message", 8)])
def test_a_claim_sends_few_statements(cast, thread, about, sent):
    """The Task, two looks at its pools (for what they ask, and for the write), the Task written, and
    the Provenance; of a thread the header, and the header written.
    """
    nurse, colleague = cast["nurse"].actor, cast["nurse2"].actor
    focus = {"": "Patient/homer", "header": "Communication/header"}
    named = focus.get(about, f"Communication/{thread['id']}")
    task = pool_task(focus={"reference": named})
    actions.claim(task["id"], actor=colleague)  # reads the types of work, which are kept
    actions.release(task["id"], actor=colleague)
    with statements() as told:
        actions.claim(task["id"], actor=nurse)
    savepoints = 2  # where a test ends, a transaction would
    assert told.sent - savepoints == sent


def owner_by_fhirpath(person):
    part = [
        {"name": "type", "valueCode": "add"},
        {"name": "path", "valueString": "Task"},
        {"name": "name", "valueString": "owner"},
        {"name": "value", "valueReference": {"reference": person.reference}},
    ]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": part}]}


def test_a_claim_by_fhirpath_patch_is_won_once(api, cast):
    """Whoever comes second is told who was first, as by JSON Patch; Parameters are no Task."""
    task = pool_task()
    path = f"Task/{task['id']}"
    won = api("nurse").request("PATCH", path, owner_by_fhirpath(cast["nurse"]))
    assert won.status_code == 200, won.content
    lost = api("nurse2").request("PATCH", path, owner_by_fhirpath(cast["nurse2"]))
    assert lost.status_code == 409 and "Maya Lindqvist" in lost.json()["issue"][0]["diagnostics"]
    odd = {"resourceType": "Parameters", "owner": "x"}
    assert api("nurse2").request("PATCH", path, odd).status_code == 400
