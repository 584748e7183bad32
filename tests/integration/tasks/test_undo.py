"""Taking a reroute back, by one who does not see the Task any more."""

import pytest

from accounts.models import Pool
from fhir.errors import BusinessRuleViolation, Forbidden, VersionConflict
from fhir.models import ResourceVersion
from tasks import actions, moves
from tasks.models import Provenance, Task
from tasks.reasons import REROUTE_SYSTEM
from tasks.undo import take_back
from tests import factories
from tests.factories import owned_task, pool_task

REASON = {"coding": [{"system": REROUTE_SYSTEM, "code": "specialty-referral"}]}


def heart() -> moves.ToPool:
    return moves.ToPool(Pool.objects.get(slug="cardiologist").pk)


@pytest.fixture
def hers(cast):
    """A Task that the nurse claimed, started and sent to the cardiologists: its id and version."""
    nurse = cast["nurse"].actor
    thread = {"resourceType": "Communication", "id": "thread", "status": "in-progress"}
    factories.put(thread)
    task = pool_task(focus={"reference": "Communication/thread"}, priority="asap")["id"]
    actions.claim(task, actor=nurse)
    actions.start(task, actor=nurse)
    done = moves.reroute(task, to=heart(), reason=REASON, note="Chest pain.", actor=nurse)
    return task, done.task.version_id


def test_a_reroute_is_taken_back_before_anybody_acted(cast, api, hers):
    task, version = hers
    assert api("nurse").get(f"Task/{task}").status_code == 404
    take_back(task, version=version, actor=cast["nurse"].actor)
    document = api("nurse").get(f"Task/{task}").json()
    assert document["owner"]["reference"] == cast["nurse"].reference
    assert document["status"] == "in-progress"
    assert document["performerType"] == factories.role(factories.NURSE_ROLE)
    assert [each["text"] for each in document["note"]] == ["Chest pain."]
    assert api("cardiologist").get(f"Task/{task}").status_code == 404
    thread = api("nurse").get("Communication/thread").json()
    assert [each["reference"] for each in thread["recipient"]] == [cast["nurse"].reference]
    last = Provenance.objects.order_by("-id").first()
    assert '"code":"undo"' in last.document


def test_what_somebody_took_up_cannot_be_taken_back(cast, hers):
    task, version = hers
    actions.claim(task, actor=cast["cardiologist"].actor)
    with pytest.raises(VersionConflict, match="taken this up since"):
        take_back(task, version=version, actor=cast["nurse"].actor)


def test_only_who_did_it_takes_it_back(cast, hers):
    task, version = hers
    for name in ("nurse2", "physician", "coordinator", "auditor"):
        with pytest.raises(Forbidden):
            take_back(task, version=version, actor=cast[name].actor)
    for unknown, number in ((task, version - 3), (task, 99), ("nothing", 1)):
        with pytest.raises(Forbidden):
            take_back(unknown, version=number, actor=cast["nurse"].actor)


def test_the_end_of_a_task_is_not_taken_back(cast):
    nurse = cast["nurse"].actor
    task = owned_task(cast["nurse"], status="accepted")["id"]
    done = actions.complete(task, actor=nurse)
    with pytest.raises(BusinessRuleViolation):
        take_back(task, version=done.version_id, actor=nurse)
    task = owned_task(cast["nurse"], status="accepted")["id"]
    done = moves.reroute(task, to=heart(), reason=REASON, keep_view=True, actor=nurse)
    with pytest.raises(BusinessRuleViolation):
        take_back(task, version=done.task.version_id, actor=nurse)


def test_a_refused_undo_leaves_nothing_behind(cast, hers):
    task, version = hers
    actions.claim(task, actor=cast["cardiologist"].actor)
    before = ResourceVersion.objects.count()
    with pytest.raises(VersionConflict):
        take_back(task, version=version, actor=cast["nurse"].actor)
    assert ResourceVersion.objects.count() == before
    assert Task.objects.get(resource_id=task).owner == cast["cardiologist"].reference
