"""Claim next: the most pressing Task of a pool, or of all the actor's pools."""

from datetime import timedelta

import pytest

from accounts.models import Pool
from fhir import store
from fhir.actions import delete
from fhir.datatypes import to_instant
from fhir.errors import Forbidden
from tasks import actions
from tasks.transitions import CLAIMABLE, Status
from tests.agreement import assert_agrees, interactions, viewers
from tests.factories import (
    CARDIOLOGIST_ROLE,
    DOCTOR_ROLE,
    NURSE_ROLE,
    create,
    owned_task,
    pool_task,
    role,
    task_document,
)


def due(hours: int) -> dict:
    at = store.now() + timedelta(hours=hours)
    return {"restriction": {"period": {"end": to_instant(at)}}}


def claim_all(actor, **arguments) -> list[str]:
    """Press `Claim next` until nothing waits; the ids in the order in which they came."""
    ids = []
    while stored := actions.claim_next(actor=actor, **arguments):
        ids.append(stored.resource_id)
    return ids


def test_the_most_pressing_comes_first(cast):
    """Stat; then what is overdue, by priority and due time; then the rest likewise."""
    wanted = [
        ("stat", due(90)),
        ("stat", {}),
        ("asap", due(-1)),
        ("urgent", due(-9)),
        ("urgent", due(-2)),
        ("routine", due(-50)),
        ("asap", due(5)),
        ("asap", {}),
        ("urgent", due(3)),
        ("routine", due(1)),
        ("routine", due(2)),
        (None, {}),
    ]
    made = [
        pool_task(**({"priority": priority} if priority else {}), **period)["id"]
        for priority, period in reversed(wanted)
    ]
    assert claim_all(cast["nurse"].actor) == made[::-1]


def test_what_is_claimed_next_is_claimed(cast):
    task = pool_task(status="ready")
    stored = actions.claim_next(actor=cast["nurse"].actor)
    claimed = stored.parsed()
    assert claimed["id"] == task["id"]
    assert claimed["status"] == "accepted"
    assert claimed["owner"] == {"reference": "Practitioner/maya", "display": "Maya Lindqvist"}
    assert claimed["executionPeriod"] == {"start": claimed["meta"]["lastUpdated"]}
    assert assert_agrees(task["id"]).version_id == 2
    assert interactions(task["id"]) == ["create", "claim"]
    assert viewers(task["id"]) == {"maya"}


def test_nothing_but_what_waits_is_claimed(cast):
    for status in {*Status.values} - CLAIMABLE:
        pool_task(status=status)
    for name in ("nurse", "nurse2"):
        owned_task(cast[name], performerType=role(NURSE_ROLE))
    pool_task(CARDIOLOGIST_ROLE)
    deleted = pool_task()
    delete("Task", deleted["id"], actor=cast["admin"].actor)
    assert actions.claim_next(actor=cast["nurse"].actor) is None


def test_a_task_of_two_roles_is_next_in_both_pools(cast):
    both = role(DOCTOR_ROLE) + role(NURSE_ROLE)
    first = create(task_document(performerType=both, priority="stat"))["id"]
    second = create(task_document(performerType=both))["id"]
    assert actions.claim_next(actor=cast["nurse"].actor).resource_id == first
    assert actions.claim_next(actor=cast["physician"].actor).resource_id == second


def test_one_pool_of_several_may_be_named(cast):
    nurses = Pool.objects.get(slug="registered-nurse")
    assert actions.claim_next(actor=cast["nurse"].actor, pool_id=nurses.pk) is None
    task = pool_task()
    assert (
        actions.claim_next(actor=cast["nurse"].actor, pool_id=nurses.pk).resource_id == task["id"]
    )


def test_only_members_claim_from_a_pool(cast, unchanged):
    task = pool_task(CARDIOLOGIST_ROLE)
    cardiologists = Pool.objects.get(slug="cardiologist")
    for name in ("nurse", "physician", "coordinator", "admin"):
        with unchanged(task["id"]), pytest.raises(Forbidden):
            actions.claim_next(actor=cast[name].actor, pool_id=cardiologists.pk)


@pytest.mark.parametrize("name", ["auditor", "service"])
def test_who_does_no_work_claims_nothing(cast, name, unchanged):
    task = pool_task()
    with unchanged(task["id"]), pytest.raises(Forbidden):
        actions.claim_next(actor=cast[name].actor)


def test_a_failure_leaves_nothing(cast, failing):
    task = pool_task()
    with failing(task["id"]):
        actions.claim_next(actor=cast["nurse"].actor)
