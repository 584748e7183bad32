"""Who may be given a Task and which pool can serve it, and the sentence when not."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.utils import timezone

from accounts.actions import set_availability
from accounts.models import MemberLimit, OpeningHours, Pool
from accounts.pools import create_pool
from fhir.actor import SYSTEM
from fhir.errors import BusinessRuleViolation
from tasks import actions, eligible
from tasks.available import blocker
from tasks.models import TaskType
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

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""A Friday."""


@pytest.fixture
def nurses(cast):
    return Pool.objects.get(slug="registered-nurse")


@pytest.fixture
def homer(db):
    """A patient in Illinois."""
    return patient("homer", state="IL")


def patient(resource_id, **address):
    put({"resourceType": "Patient", "id": resource_id, "address": [{"use": "home", **address}]})
    return {"reference": f"Patient/{resource_id}"}


def license_in(person, *states, **elements):
    qualification = [
        {"code": {"text": "RN"}, "issuer": {"display": f"State of {state}"}, **elements}
        for state in states
    ]
    resource_id = person.reference.removeprefix("Practitioner/")
    document = {"resourceType": "Practitioner", "id": resource_id}
    put(document | ({"qualification": qualification} if states else {}))


def away(person, state="off", **more):
    set_availability(person.reference, state, actor=person.actor, at=NOON, **more)


def why(document, person, **more):
    return eligible.why_not_person(document, person.reference, at=NOON, **more)


def for_nurses(**elements):
    return task_document(performerType=role(NURSE_ROLE), **elements)


def test_members_come_with_what_they_have(cast, nurses):
    for status in ("accepted", "in-progress", "on-hold"):
        owned_task(cast["nurse"], **{"status": status})
    owned_task(cast["nurse"], status="completed")
    MemberLimit.objects.create(pool=nurses, practitioner="Practitioner/tomas", limit=4)
    nurses.member_limit = 9
    nurses.save()
    found = {each.reference: each for each in eligible.members(nurses.pk, at=timezone.now())}
    assert found.keys() == {"Practitioner/maya", "Practitioner/tomas"}
    maya, tomas = found["Practitioner/maya"], found["Practitioner/tomas"]
    assert (maya.name, maya.load, maya.limit_in([nurses.pk])) == ("Maya Lindqvist", 3, 9)
    assert (tomas.load, tomas.limit_in([nurses.pk])) == (0, 4)


def test_loads_of_all_members_are_one_query(cast, nurses, django_assert_num_queries):
    with django_assert_num_queries(0):  # neither of the two goes through Django's own cursor
        assert len(eligible.members(nurses.pk, at=NOON)) == 2


@pytest.mark.parametrize("name", ["nurse", "cardiologist", "coordinator", "admin"])
def test_who_signs_in_can_be_given_a_task_in_a_pool_of_hers_or_not(cast, name):
    assert why(for_nurses(), cast[name]) == ""


def test_as_a_member_she_must_be_one(cast, nurses):
    assert why(for_nurses(), cast["nurse"], pool_id=nurses.pk) == ""
    sentence = "Carl Ostrow is not in this pool."
    assert why(for_nurses(), cast["cardiologist"], pool_id=nurses.pk) == sentence


@pytest.mark.parametrize("reference", ["Practitioner/nobody", "Patient/homer", "Organization/x"])
def test_one_who_cannot_sign_in_would_never_see_it(cast, reference):
    assert eligible.why_not_person(for_nurses(), reference, at=NOON) == eligible.NOBODY


def test_neither_an_auditor_nor_a_disabled_user_nor_an_inactive_practitioner(cast):
    assert why(for_nurses(), cast["auditor"]) == eligible.NOBODY
    cast["nurse"].user.is_active = False
    cast["nurse"].user.save()
    assert why(for_nurses(), cast["nurse"]) == eligible.NOBODY
    put({"resourceType": "Practitioner", "id": "tomas", "active": False})
    assert why(for_nurses(), cast["nurse2"]) == eligible.NOBODY


def test_availability_ends_at_its_time(cast):
    away(cast["nurse"], until=NOON + timedelta(hours=2))
    assert why(for_nurses(), cast["nurse"]) == "Maya Lindqvist is away until 14:00."
    back = NOON + timedelta(hours=2)
    assert eligible.why_not_person(for_nurses(), "Practitioner/maya", at=back) == ""
    away(cast["nurse"], "leave", until=datetime(2026, 11, 24, tzinfo=UTC))
    assert why(for_nurses(), cast["nurse"]) == "Maya Lindqvist is on leave until Tue 24 Nov."
    away(cast["nurse"], "on", until=NOON + timedelta(hours=2))
    assert why(for_nurses(), cast["nurse"]) == ""
    gone = eligible.why_not_person(for_nurses(), "Practitioner/maya", at=back)
    assert gone == "Maya Lindqvist is away."


def test_nobody_is_given_more_than_her_limit(cast, nurses):
    nurses.member_limit = 2
    nurses.save()
    held = [owned_task(cast["nurse"]) for _ in range(2)]
    sentence = "Maya Lindqvist has 2 open tasks; the limit is 2."
    assert why(for_nurses(), cast["nurse"]) == sentence
    assert why(task_document(), cast["nurse"]) == sentence
    assert why(held[0], cast["nurse"]) == ""
    MemberLimit.objects.create(pool=nurses, practitioner="Practitioner/maya", limit=3)
    assert why(for_nurses(), cast["nurse"]) == ""


def test_a_licence_is_asked_for_by_the_pool(cast, nurses, homer):
    task = for_nurses(**{"for": homer})
    assert why(task, cast["nurse"]) == ""
    nurses.requires_licence = True
    nurses.save()
    refusal = "Maya Lindqvist has no licence in the patient's state."
    assert why(task, cast["nurse"]) == refusal
    license_in(cast["nurse"], "TX", "IL")
    assert why(task, cast["nurse"]) == ""
    license_in(cast["nurse"], "IL", period={"end": "2026-11-19"})
    assert why(task, cast["nurse"]) == refusal
    assert why(for_nurses(), cast["nurse"]) == ""


def test_a_licence_is_asked_for_by_the_type(cast, homer):
    TaskType.objects.create(
        system="urn:types", code="refill", title="Refill", requires_licence=True
    )
    from tasks import task_types

    task_types.forget()
    code = {"coding": [{"system": "urn:types", "code": "refill"}]}
    task = task_document(code=code, **{"for": homer})
    assert why(task, cast["nurse"]) == "Maya Lindqvist has no licence in the patient's state."
    license_in(cast["nurse"], "IL")
    assert why(task, cast["nurse"]) == ""
    task_types.forget()


def test_without_a_home_nobody_can_be_sure_but_the_pool_takes_it(cast, nurses):
    nurses.requires_licence = True
    nurses.save()
    license_in(cast["nurse"], "IL")
    for who in (patient("ned", city="Springfield"), {"reference": "Patient/unknown"}):
        task = for_nurses(**{"for": who})
        assert "that is not known" in why(task, cast["nurse"])
        assert eligible.why_not_pool(task, nurses.pk, at=NOON) == ""


def test_a_second_pool_that_asks_for_no_licence_is_enough_for_its_members(cast, nurses, homer):
    nurses.requires_licence = True
    nurses.save()
    task = task_document(performerType=role(NURSE_ROLE) + role(CARDIOLOGIST_ROLE), **{"for": homer})
    assert why(task, cast["cardiologist"]) == ""
    assert "no licence" in why(task, cast["nurse"])


def test_a_claim_asks_for_licence_and_limit_but_not_for_presence(cast, nurses, homer):
    away(cast["nurse"])
    task = for_nurses(**{"for": homer})
    assert eligible.why_not_claim(task, "Practitioner/maya", at=NOON) == ""
    nurses.requires_licence = True
    nurses.save()
    assert "no licence" in eligible.why_not_claim(task, "Practitioner/maya", at=NOON)


def test_claim_next_leaves_what_she_has_no_licence_for_to_others(cast, nurses, homer):
    nurses.requires_licence = True
    nurses.save()
    license_in(cast["nurse"], "TX")
    license_in(cast["nurse2"], "IL")
    austin = patient("austin", state="Texas")
    urgent = pool_task(priority="stat", **{"for": homer})["id"]
    hers = pool_task(**{"for": austin})["id"]
    about_nobody = pool_task()["id"]
    claimed = [actions.claim_next(actor=cast["nurse"].actor) for _ in range(3)]
    assert [each and each.resource_id for each in claimed] == [hers, about_nobody, None]
    assert actions.claim_next(actor=cast["nurse2"].actor).resource_id == urgent


def test_claiming_stops_at_the_limit(cast, nurses):
    nurses.member_limit = 1
    nurses.save()
    first, second = pool_task()["id"], pool_task()["id"]
    assert actions.claim_next(actor=cast["nurse"].actor).resource_id == first
    with pytest.raises(BusinessRuleViolation, match="the limit is 1"):
        actions.claim_next(actor=cast["nurse"].actor)
    with pytest.raises(BusinessRuleViolation, match="the limit is 1"):
        actions.claim(second, actor=cast["nurse"].actor)
    assert actions.claim(first, actor=cast["nurse"].actor).resource_id == first


def test_one_who_has_no_licence_cannot_claim(cast, nurses, homer):
    nurses.requires_licence = True
    nurses.save()
    task = pool_task(**{"for": homer})
    with pytest.raises(BusinessRuleViolation, match="no licence"):
        actions.claim(task["id"], actor=cast["nurse"].actor)


def test_the_button_says_why_she_cannot_claim(cast, page, nurses, homer):
    task = pool_task(**{"for": homer})
    nurse = cast["nurse"].actor
    assert blocker("claim", nurse, task) == ""
    nurses.requires_licence = True
    nurses.save()
    sentence = "Maya Lindqvist has no licence in the patient's state."
    assert blocker("claim", nurse, task) == sentence
    assert (
        "has no licence in the patient"
        in page("nurse").get(f"/worklist/t/{task['id']}").content.decode()
    )
    assert page("nurse").post(f"/worklist/t/{task['id']}/claim").status_code == 422


# --- pools ----------------------------------------------------------------------------------------


def test_a_pool_without_members_cannot_serve(cast):
    empty = create_pool("Night shift", ["urn:roles|night"])
    sentence = "Night shift has no members."
    assert eligible.why_not_pool(task_document(), empty.pk, at=NOON) == sentence


def test_a_pool_whose_members_are_all_on_leave_cannot_serve(cast, nurses):
    away(cast["nurse"], "leave")
    assert eligible.why_not_pool(for_nurses(), nurses.pk, at=NOON) == ""
    away(cast["nurse2"], "leave", until=NOON + timedelta(days=9))
    assert "on leave" in eligible.why_not_pool(for_nurses(), nurses.pk, at=NOON)
    later = NOON + timedelta(days=9)
    assert eligible.why_not_pool(for_nurses(), nurses.pk, at=later) == ""


def test_members_who_are_away_come_back(cast, nurses):
    away(cast["nurse"])
    away(cast["nurse2"])
    assert eligible.why_not_pool(for_nurses(), nurses.pk, at=NOON) == ""


def test_a_pool_without_anybody_licensed_cannot_serve(cast, nurses, homer):
    nurses.requires_licence = True
    nurses.save()
    task = for_nurses(**{"for": homer})
    assert eligible.why_not_pool(for_nurses(), nurses.pk, at=NOON) == ""
    sentence = "Nobody in Registered nurse has a licence in the patient's state."
    assert eligible.why_not_pool(task, nurses.pk, at=NOON) == sentence
    license_in(cast["nurse2"], "IL")
    assert eligible.why_not_pool(task, nurses.pk, at=NOON) == ""
    away(cast["nurse2"], "leave")
    assert eligible.why_not_pool(task, nurses.pk, at=NOON) == sentence


@pytest.mark.parametrize(
    ("elements", "waits"),
    [
        ({}, True),
        ({"priority": "asap"}, True),
        ({"priority": "stat"}, False),
        ({"restriction": {"period": {"end": "2026-11-22"}}}, False),
        ({"restriction": {"period": {"end": "2026-11-23T09:00:00Z"}}}, True),
    ],
)
def test_a_closed_pool_takes_what_can_wait(cast, nurses, elements, waits):
    OpeningHours.objects.create(pool=nurses, weekday=0, opens=time(8), closes=time(17))
    found = eligible.why_not_pool(for_nurses(**elements), nurses.pk, at=NOON)
    assert (found == "") is waits
    if found:
        assert found == ("Registered nurse is closed until Mon 23 Nov 08:00, and this cannot wait.")


# --- plain writes ---------------------------------------------------------------------------------


@pytest.fixture
def strict(nurses, homer):
    """The nurses take nothing that they cannot do, and have no licence in Illinois yet."""
    nurses.requires_licence = nurses.refuses_unserved = True
    nurses.save()
    return nurses


def test_other_systems_may_fill_a_pool_that_nobody_can_serve(cast, nurses, homer):
    nurses.requires_licence = True
    nurses.save()
    assert pool_task(**{"for": homer})["status"] == "requested"


def test_a_pool_that_refuses_is_refused_to_every_writer(cast, strict, homer):
    with pytest.raises(BusinessRuleViolation, match="Nobody in Registered nurse"):
        pool_task(**{"for": homer})
    license_in(cast["nurse"], "IL")
    assert pool_task(**{"for": homer})["status"] == "requested"


def test_an_owner_who_may_not_have_it_is_refused_there(cast, strict, homer):
    license_in(cast["nurse"], "IL")
    document = for_nurses(owner={"reference": "Practitioner/tomas"}, **{"for": homer})
    with pytest.raises(BusinessRuleViolation, match="Tomás Rivera has no licence"):
        create(document)
    assert create(document | {"owner": {"reference": "Practitioner/maya"}})


def test_what_went_out_of_the_pool_may_come_back_to_it(cast, api, strict, homer):
    license_in(cast["nurse"], "IL")
    task = pool_task(**{"for": homer})
    owner = [{"op": "add", "path": "/owner", "value": {"reference": "Practitioner/maya"}}]
    assert api("nurse").patch(f"Task/{task['id']}", owner).status_code == 200
    license_in(cast["nurse"])
    gone = [{"op": "remove", "path": "/owner"}]
    assert api("nurse").patch(f"Task/{task['id']}", gone).status_code == 200
    assert api("nurse").patch(f"Task/{task['id']}", owner).status_code == 422


def test_a_second_pool_that_takes_everything_is_enough(cast, strict, homer):
    both = role(NURSE_ROLE) + role(CARDIOLOGIST_ROLE)
    assert create(task_document(performerType=both, **{"for": homer}), actor=SYSTEM)
