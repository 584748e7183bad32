"""Moves against each other: whatever happened, happened one after the other, or not at all."""

import json

import pytest

from communications.models import Communication
from fhir import store
from tasks.models import Task
from tasks.reasons import REROUTE_SYSTEM
from tests.agreement import assert_agrees, provenances, versions
from tests.conftest import ApiClient
from tests.factories import NURSE_ROLE, create, put, role, task_document
from tests.integration.test_races import at_once, connections_enough, nurses, race

__all__ = ["connections_enough", "nurses"]

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 15
NURSES = {"performerType": role(NURSE_ROLE)}
WRONG_POOL = {"coding": [{"system": REROUTE_SYSTEM, "code": "wrong-pool"}]}
REASON = ("reason", "valueCodeableConcept", WRONG_POOL)
TO_DOCTORS, TO_HEARTS = ("pool", "valueString", "doctor"), ("pool", "valueString", "cardiologist")
TO_INES = ("owner", "valueReference", {"reference": "Practitioner/ines"})
TO_CARL = ("owner", "valueReference", {"reference": "Practitioner/carl"})
KEEP_VIEW = ("keepView", "valueBoolean", True)
FIRST = {"If-Match": 'W/"1"'}


def asks(who, code, *given, **headers):
    """(person, task id → (status, body) of her operation)"""
    client = ApiClient(who.user)
    listed = [{"name": name, key: value} for name, key, value in given]
    body = {"resourceType": "Parameters", "parameter": listed} if listed else None

    def act(task_id):
        answer = client.post(f"Task/{task_id}/${code}", body, **headers)
        return answer.status_code, answer.content.decode()

    return who, act


def about_a_thread(**elements) -> str:
    """The id of a Task whose thread goes to whoever has it."""
    thread = store.new_id()
    owner = elements.get("owner")
    put(
        {"resourceType": "Communication", "id": thread, "status": "in-progress"}
        | ({"recipient": [owner]} if owner else {})
    )
    focus = {"reference": f"Communication/{thread}"}
    return create(task_document(focus=focus, **elements))["id"]


def of(who) -> dict:
    return {"owner": {"reference": who.reference}, **NURSES}


def assert_in_turn(task_id, answers, *, refusals) -> Task:
    """As many versions and records as successes; the thread goes to whoever has the Task."""
    statuses = [status for _, status, _ in answers]
    assert 200 in statuses, [body for *_, body in answers]
    assert {*statuses} <= {200, *refusals}, [body for *_, body in answers]
    assert len(versions(task_id)) == 1 + statuses.count(200)
    assert len(provenances(task_id)) == statuses.count(200)
    return assert_agrees(task_id)


def recipients(task_id) -> list[str]:
    focus = json.loads(versions(task_id)[0].document)["focus"]["reference"]
    return Communication.objects.get(resource_id=focus.split("/")[1]).recipients


def test_a_task_is_claimed_or_rerouted_away_by_its_pool(cast, nurses):
    """Members of one pool: one takes it, or one sends it to another pool."""
    tasks = [about_a_thread(**NURSES) for _ in range(ROUNDS)]
    people = [
        *(asks(who, "claim") for who in nurses[:4]),
        *(asks(who, "reroute", TO_DOCTORS, REASON) for who in nurses[4:]),
    ]
    for task_id, answers in race(people, tasks).items():
        row = assert_in_turn(task_id, answers, refusals={403, 409})
        assert [status for _, status, _ in answers].count(200) == 1, "one of them wins"
        assert row.owner or row.pool.slug == "doctor"
        assert recipients(task_id) == ([row.owner] if row.owner else [])


def test_a_coordinator_who_names_the_version_takes_nothing_from_a_claimer(cast, nurses):
    tasks = [about_a_thread(**NURSES) for _ in range(ROUNDS)]
    people = [
        *(asks(who, "claim") for who in nurses),
        asks(cast["coordinator"], "reroute", TO_INES, REASON, **FIRST),
        asks(cast["admin"], "assign", TO_CARL, **FIRST),
    ]
    for task_id, answers in race(people, tasks).items():
        row = assert_in_turn(task_id, answers, refusals={403, 409, 412})
        [winner] = [who for who, status, _ in answers if status == 200]
        given = {"Cora Blake": "Practitioner/ines", "Ada Moss": "Practitioner/carl"}
        assert row.owner == given.get(winner.user.get_full_name(), winner.reference)
        assert recipients(task_id) == [row.owner]


@pytest.mark.parametrize("more", [(), (KEEP_VIEW,)], ids=["in place", "as successors"])
def test_of_two_reroutes_of_hers_one_is_done(cast, nurses, more):
    tasks = [about_a_thread(**of(cast["nurse"])) for _ in range(ROUNDS)]
    people = [
        asks(cast["nurse"], "reroute", to, REASON, *more)
        for to in (TO_DOCTORS, TO_HEARTS, TO_INES, TO_CARL) * 2
    ]
    for task_id, answers in race(people, tasks).items():
        row = assert_in_turn(task_id, answers, refusals={403, 409, 422})
        assert [status for _, status, _ in answers].count(200) == 1
        holders = [row]
        if more:
            assert row.status == "cancelled"
            holders = Task.objects.filter(tokens__contains=[f"based-on=Task/{task_id}"])
        [holder] = holders
        assert_agrees(holder.resource_id)
        assert recipients(task_id) == ([holder.owner] if holder.owner else [])


def test_a_task_is_completed_or_rerouted(cast, nurses):
    tasks = [about_a_thread(**of(cast["nurse"])) for _ in range(ROUNDS)]
    people = [
        asks(cast["nurse"], "complete"),
        asks(cast["nurse"], "reroute", TO_CARL, REASON),
        asks(cast["nurse"], "complete", **FIRST),
        asks(cast["nurse"], "reroute", TO_DOCTORS, REASON, **FIRST),
    ]
    for task_id, answers in race(people, tasks).items():
        completed = [answers[0][1], answers[2][1]]
        statuses = [status for _, status, _ in answers]
        assert {*statuses} <= {200, 403, 412, 422}, [body for *_, body in answers]
        row = assert_agrees(task_id)
        assert len(versions(task_id)) == 2, "completing twice is once"
        if row.status == "completed":
            assert 200 in completed and 200 not in (statuses[1], statuses[3])
            assert row.owner == "Practitioner/maya"
        else:
            assert 200 not in completed and statuses.count(200) == 1
        assert recipients(task_id) == ([row.owner] if row.owner else [])


def test_one_who_has_a_limit_gets_no_more_by_many_at_once(cast, nurses):
    """Two coordinators who assign at once do not both give her the last place."""
    pool = cast["coordinator"].user.coordinated_pools.get()
    pool.member_limit = 5
    pool.save()
    to_maya = ("owner", "valueReference", {"reference": "Practitioner/maya"})
    people = [asks(cast[name], "assign", to_maya) for name in ("coordinator", "admin", "service")]

    def job(assign, tasks):
        def run(wait):
            wait()
            return [assign(task_id)[0] for task_id in tasks]

        return run

    own = [[about_a_thread(**NURSES) for _ in range(6)] for _ in people]
    answers = at_once([job(assign, tasks) for (_, assign), tasks in zip(people, own, strict=True)])
    statuses = [status for each in answers for status in each]
    assert (statuses.count(200), statuses.count(422)) == (5, 13)
    assert Task.objects.filter(owner="Practitioner/maya").count() == 5
