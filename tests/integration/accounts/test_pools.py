"""Pools: what codes lead to them, who is in them, and how work follows when that changes."""

import pytest
from django.utils import timezone

from accounts.care_team_roles import CARE_TEAM_ROLES, SNOMED, SOC
from accounts.models import Pool
from accounts.pools import create_pool, pool_ids, save_codes
from fhir import resources, store
from tasks.models import Task
from tests.factories import CARDIOLOGIST_ROLE, NURSE_ROLE, create, pool_task, put, role

HEALTH_COACH = [{"text": "Health coach", "coding": [{"system": "urn:roles", "code": "coach"}]}]


def sees(person, task: dict) -> bool:
    return store.find(resources.get("Task"), task["id"], actor=person.actor) is not None


def pool_of(task: dict) -> str | None:
    row = Task.objects.get(resource_id=task["id"])
    return row.pool and row.pool.slug


def nurse_role(**elements) -> dict:
    return put(
        {
            "resourceType": "PractitionerRole",
            "id": f"maya-{NURSE_ROLE}",
            "practitioner": {"reference": "Practitioner/maya"},
            "code": role(NURSE_ROLE),
            "active": True,
            **elements,
        }
    )


@pytest.mark.parametrize("row", CARE_TEAM_ROLES, ids=lambda row: row.slug)
def test_every_role_of_the_table_is_a_pool_by_either_code(db, row):
    pool = Pool.objects.get(slug=row.slug)
    assert pool.pk in pool_ids([f"{SNOMED}|{row.snomed}"])
    assert pool.pk in pool_ids([f"{SOC}|{row.soc}"])


def test_a_task_asked_for_by_soc_reaches_the_nurses(cast):
    task = create(
        {
            "resourceType": "Task",
            "status": "requested",
            "intent": "order",
            "performerType": [{"coding": [{"system": SOC, "code": "29-1141"}]}],
        }
    )
    assert pool_of(task) == "registered-nurse"
    assert sees(cast["nurse"], task) and not sees(cast["physician"], task)


def test_a_task_of_two_roles_is_in_both_queues(cast):
    task = create(
        {
            "resourceType": "Task",
            "status": "requested",
            "intent": "order",
            "performerType": role(NURSE_ROLE) + role(CARDIOLOGIST_ROLE),
        }
    )
    assert sees(cast["nurse"], task) and sees(cast["cardiologist"], task)
    assert not sees(cast["physician"], task)


@pytest.mark.parametrize(
    "ended",
    [
        {"active": False},
        {"period": {"end": "2020-01-01"}},
        {"period": {"start": "2999-01-01"}},
        {"code": role(CARDIOLOGIST_ROLE)},
    ],
)
def test_membership_follows_the_role_at_once(cast, ended):
    task = pool_task()
    assert sees(cast["nurse"], task)
    nurse_role(**ended)
    assert not sees(cast["nurse"], task)
    nurse_role(period={"start": "2020-01-01", "end": f"{timezone.now().year + 1}-01-01"})
    assert sees(cast["nurse"], task)


def test_a_new_role_code_makes_a_pool_and_takes_the_work_that_waits_for_it(cast):
    waiting = create(
        {
            "resourceType": "Task",
            "status": "requested",
            "intent": "order",
            "performerType": HEALTH_COACH,
        }
    )
    assert pool_of(waiting) is None
    put(
        {
            "resourceType": "PractitionerRole",
            "id": "coach",
            "practitioner": {"reference": "Practitioner/maya"},
            "code": HEALTH_COACH,
        }
    )
    assert pool_of(waiting) == "health-coach"
    assert sees(cast["nurse"], waiting) and not sees(cast["nurse2"], waiting)


def test_codes_that_an_admin_moves_take_their_tasks_along(cast):
    task = create(
        {
            "resourceType": "Task",
            "status": "requested",
            "intent": "order",
            "performerType": HEALTH_COACH,
        }
    )
    nurses = Pool.objects.get(slug="registered-nurse")
    nurses.codes.append("urn:roles|coach")
    save_codes(nurses)
    assert pool_of(task) == "registered-nurse" and sees(cast["nurse"], task)


def test_pools_of_the_same_name_get_slugs_of_their_own(db):
    slugs = [create_pool("Health coach", [f"urn:roles|{n}"]).slug for n in range(3)]
    assert slugs == ["health-coach", "health-coach-2", "health-coach-3"]


def test_a_coordinator_sees_owned_work_of_her_pools_alone(cast):
    task, other = pool_task(), pool_task(CARDIOLOGIST_ROLE)
    owned = create(
        {
            "resourceType": "Task",
            "status": "accepted",
            "intent": "order",
            "owner": {"reference": cast["nurse2"].reference},
            "performerType": role(NURSE_ROLE),
        }
    )
    assert sees(cast["coordinator"], task) and sees(cast["coordinator"], owned)
    assert not sees(cast["coordinator"], other)


def test_a_task_whose_owner_is_known_by_name_only_is_not_free(cast, api):
    task = create(
        {
            "resourceType": "Task",
            "status": "requested",
            "intent": "order",
            "owner": {"display": "Night shift, St. Elsewhere"},
            "performerType": role(NURSE_ROLE),
        }
    )
    assert not sees(cast["nurse"], task)
    missing = api("admin").get(f"Task?_id={task['id']}&owner:missing=true").json()
    present = api("admin").get(f"Task?_id={task['id']}&owner:missing=false").json()
    assert (missing["total"], present["total"]) == (0, 1)
