"""Complete: finish the work and record its result."""

import pytest

from fhir.errors import Forbidden, InvalidResource
from tasks import actions
from tasks.transitions import FINAL, BadTransition
from tests.agreement import assert_agrees, interactions, viewers
from tests.factories import NURSE_ROLE, owned_task, pool_task, role

RESULT = {
    "type": {"text": "Response"},
    "valueReference": {"reference": "Communication/response"},
}


@pytest.mark.parametrize("status", ["requested", "received", "accepted", "ready", "in-progress"])
def test_finished_work_has_its_end_and_its_result(cast, status):
    task = owned_task(cast["nurse"], status=status)
    done = actions.complete(task["id"], actor=cast["nurse"].actor, output=[RESULT]).parsed()
    assert done["status"] == "completed"
    assert done["output"] == [RESULT]
    assert done["executionPeriod"] == {"end": done["meta"]["lastUpdated"]}
    row = assert_agrees(task["id"])
    assert row.status == "completed"
    assert row.links == ["Communication/response"]
    assert interactions(task["id"]) == ["create", "complete"]
    assert viewers(task["id"]) == {"maya"}, "who did the work still sees it"


def test_results_are_added_to_those_that_are_there(cast):
    other = {"type": {"text": "Draft"}, "valueString": "1.50"}
    task = owned_task(cast["nurse"], output=[other])
    done = actions.complete(task["id"], actor=cast["nurse"].actor, output=[RESULT]).parsed()
    assert done["output"] == [other, RESULT]


def test_the_whole_of_the_work_is_in_the_execution_period(cast):
    actor = cast["nurse"].actor
    task = pool_task()
    claimed = actions.claim(task["id"], actor=actor).parsed()
    done = actions.complete(task["id"], actor=actor).parsed()
    assert done["executionPeriod"] == {
        "start": claimed["meta"]["lastUpdated"],
        "end": done["meta"]["lastUpdated"],
    }


def test_an_end_that_is_known_is_never_moved(cast):
    period = {"start": "2026-01-02T03:04:05Z", "end": "2026-01-02T04:00:00Z"}
    task = owned_task(cast["nurse"], executionPeriod=period)
    done = actions.complete(task["id"], actor=cast["nurse"].actor).parsed()
    assert done["executionPeriod"] == period


def test_completing_twice_is_completing_once(cast, unchanged):
    task = owned_task(cast["nurse"])
    first = actions.complete(task["id"], actor=cast["nurse"].actor)
    with unchanged(task["id"]):
        assert actions.complete(task["id"], actor=cast["nurse"].actor) == first


@pytest.mark.parametrize("name", ["nurse2", "physician", "cardiologist", "auditor"])
def test_others_do_not_complete_it(cast, name, unchanged):
    task = owned_task(cast["nurse"], performerType=role(NURSE_ROLE))
    with unchanged(task["id"]), pytest.raises(Forbidden):
        actions.complete(task["id"], actor=cast[name].actor)


@pytest.mark.parametrize("status", sorted({"draft", "on-hold"} | FINAL - {"completed"}))
def test_what_is_not_being_done_is_not_completed(cast, status, unchanged):
    task = owned_task(cast["nurse"], status=status)
    with unchanged(task["id"]), pytest.raises(BadTransition) as refusal:
        actions.complete(task["id"], actor=cast["nurse"].actor)
    assert f"that is {status} cannot become completed" in str(refusal.value)


def test_a_result_that_is_no_output_is_refused(cast, unchanged):
    task = owned_task(cast["nurse"])
    with unchanged(task["id"]), pytest.raises(InvalidResource):
        actions.complete(task["id"], actor=cast["nurse"].actor, output=[{"valueString": "?"}])


def test_a_failure_leaves_nothing(cast, failing):
    task = owned_task(cast["nurse"])
    with failing(task["id"]):
        actions.complete(task["id"], actor=cast["nurse"].actor, output=[RESULT])
