"""Release: give a Task back to its pool."""

import pytest

from accounts.models import Pool
from fhir import store
from fhir.errors import BusinessRuleViolation, Forbidden
from fhir.resources import get
from tasks import actions
from tasks.transitions import FINAL, OPEN, BadTransition
from tests.agreement import assert_agrees, interactions, viewers
from tests.factories import NURSE_ROLE, owned_task, pool_task, role

POOL = {"performerType": role(NURSE_ROLE)}


@pytest.mark.parametrize("status", sorted(OPEN))
def test_a_released_task_waits_in_its_pool(cast, status):
    task = owned_task(cast["nurse"], status=status, statusReason={"text": "Old"}, **POOL)
    released = actions.release(task["id"], actor=cast["nurse"].actor).parsed()
    assert released["status"] == "requested"
    assert "owner" not in released
    assert "statusReason" not in released
    row = assert_agrees(task["id"])
    assert (row.owner, row.pool) == ("", Pool.objects.get(slug="registered-nurse"))
    assert interactions(task["id"]) == ["create", "release"]
    assert viewers(task["id"]) == set()


def test_a_released_task_can_be_claimed_by_a_colleague_only_in_the_pool(cast):
    task = pool_task()
    actions.claim(task["id"], actor=cast["nurse"].actor)
    actions.release(task["id"], actor=cast["nurse"].actor)
    assert store.find(get("Task"), task["id"], actor=cast["nurse2"].actor)
    assert store.find(get("Task"), task["id"], actor=cast["cardiologist"].actor) is None
    actions.claim(task["id"], actor=cast["nurse2"].actor)
    assert viewers(task["id"]) == {"tomas"}


def test_what_came_from_no_pool_is_kept(cast, unchanged):
    task = owned_task(cast["nurse"])
    with unchanged(task["id"]), pytest.raises(BusinessRuleViolation, match="from no pool"):
        actions.release(task["id"], actor=cast["nurse"].actor)


@pytest.mark.parametrize("name", ["nurse2", "physician", "cardiologist", "auditor"])
def test_others_do_not_release_it(cast, name, unchanged):
    task = owned_task(cast["nurse"], **POOL)
    with unchanged(task["id"]), pytest.raises(Forbidden):
        actions.release(task["id"], actor=cast[name].actor)


@pytest.mark.parametrize("status", sorted(FINAL))
def test_what_has_ended_is_not_released(cast, status, unchanged):
    task = owned_task(cast["nurse"], status=status, **POOL)
    with unchanged(task["id"]), pytest.raises(BadTransition) as refusal:
        actions.release(task["id"], actor=cast["nurse"].actor)
    assert f"that is {status} cannot become requested" in str(refusal.value)


def test_a_failure_leaves_nothing(cast, failing):
    task = owned_task(cast["nurse"], **POOL)
    with failing(task["id"]):
        actions.release(task["id"], actor=cast["nurse"].actor)
