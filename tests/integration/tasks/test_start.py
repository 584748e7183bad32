"""Start: begin the work."""

import pytest

from fhir.errors import Forbidden, VersionConflict
from tasks import actions
from tasks.transitions import FINAL, BadTransition
from tests.agreement import assert_agrees, interactions, viewers
from tests.factories import NURSE_ROLE, owned_task, pool_task, role

NOT_STARTED_YET = ["draft", "requested", "received", "ready"]


@pytest.mark.parametrize("status", NOT_STARTED_YET)
def test_starting_sets_the_start_of_the_work(cast, status):
    task = owned_task(cast["nurse"], status=status)
    started = actions.start(task["id"], actor=cast["nurse"].actor).parsed()
    assert started["status"] == "in-progress"
    assert started["executionPeriod"] == {"start": started["meta"]["lastUpdated"]}
    assert assert_agrees(task["id"]).status == "in-progress"
    assert interactions(task["id"]) == ["create", "start"]
    assert viewers(task["id"]) == {"maya"}


def test_a_start_that_is_known_is_never_moved(cast):
    period = {"start": "2026-01-02T03:04:05Z"}
    task = owned_task(cast["nurse"], executionPeriod=period)
    started = actions.start(task["id"], actor=cast["nurse"].actor).parsed()
    assert started["executionPeriod"] == period


@pytest.mark.parametrize("status", ["accepted", "on-hold"])
def test_only_leaving_the_queue_sets_the_start(cast, status):
    """T14: `start` is set as a Task first leaves draft, requested, received or ready."""
    task = owned_task(cast["nurse"], status=status)
    started = actions.start(task["id"], actor=cast["nurse"].actor).parsed()
    assert started["status"] == "in-progress"
    assert "executionPeriod" not in started


def test_starting_twice_is_starting_once(cast, unchanged):
    task = owned_task(cast["nurse"])
    first = actions.start(task["id"], actor=cast["nurse"].actor)
    with unchanged(task["id"]):
        assert actions.start(task["id"], actor=cast["nurse"].actor) == first


@pytest.mark.parametrize("name", ["nurse2", "physician", "auditor"])
def test_others_do_not_start_it(cast, name, unchanged):
    task = owned_task(cast["nurse"], performerType=role(NURSE_ROLE))
    with unchanged(task["id"]), pytest.raises(Forbidden):
        actions.start(task["id"], actor=cast[name].actor)


def test_the_pool_does_not_start_what_is_in_no_pool_of_the_actor(cast, unchanged):
    task = pool_task()
    with unchanged(task["id"]), pytest.raises(Forbidden):
        actions.start(task["id"], actor=cast["cardiologist"].actor)


@pytest.mark.parametrize("status", sorted(FINAL))
def test_what_has_ended_is_not_started_again(cast, status, unchanged):
    task = owned_task(cast["nurse"], status=status)
    with unchanged(task["id"]), pytest.raises(BadTransition) as refusal:
        actions.start(task["id"], actor=cast["nurse"].actor)
    assert f"that is {status} cannot become in-progress" in str(refusal.value)


def test_a_stale_version_is_refused(cast, unchanged):
    task = owned_task(cast["nurse"])
    with unchanged(task["id"]), pytest.raises(VersionConflict):
        actions.start(task["id"], actor=cast["nurse"].actor, if_match=[2])


def test_a_failure_leaves_nothing(cast, failing):
    task = owned_task(cast["nurse"])
    with failing(task["id"]):
        actions.start(task["id"], actor=cast["nurse"].actor)
