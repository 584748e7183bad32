"""Whom the dialogs offer: who can, what they have, and last, with the reason, who cannot."""

from datetime import UTC, datetime, time, timedelta

import pytest

from accounts.actions import set_availability
from accounts.models import OpeningHours, Pool
from tasks.targets import targets, waiting
from tests.factories import (
    CARDIOLOGIST_ROLE,
    NURSE_ROLE,
    create,
    owned_task,
    pool_task,
    role,
    task_document,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""A Friday."""


@pytest.fixture
def nurses(cast):
    return Pool.objects.get(slug="registered-nurse")


def offered(cast, kind, query="", document=None, at=NOON):
    document = document or task_document(performerType=role(NURSE_ROLE))
    found = targets(document, actor=cast["nurse"].actor, kind=kind, query=query, at=at)
    return {each.name: each for each in found}


def test_people_of_the_pool_come_first_and_those_who_cannot_last(cast):
    owned_task(cast["nurse2"])
    set_availability(
        "Practitioner/maya", "leave", actor=cast["nurse"].actor, at=NOON,
        until=datetime(2026, 11, 24, tzinfo=UTC),
    )  # fmt: skip
    found = offered(cast, "person")
    names = list(found)
    assert names[0] == "Tomás Rivera" and names[-1] == "Maya Lindqvist (you)"
    assert "Audrey Finch" not in names
    tomas, maya = found["Tomás Rivera"], found["Maya Lindqvist (you)"]
    assert (tomas.about, tomas.first, tomas.second) == ("Registered nurse", "In clinic", "1 open")
    assert tomas.ready and tomas.value == tomas.reference == "Practitioner/tomas"
    assert maya.first == "On leave until Tue 24 Nov" and not maya.ready
    assert maya.reason == "Maya Lindqvist is on leave until Tue 24 Nov."


def test_load_and_limit(cast, nurses):
    nurses.member_limit = 1
    nurses.save()
    owned_task(cast["nurse2"])
    found = offered(cast, "person")
    assert found["Tomás Rivera"].second == "1 open of 1"
    assert "the limit is 1" in found["Tomás Rivera"].reason
    assert found["Maya Lindqvist (you)"].second == "0 open of 1"


def test_who_has_it_already_cannot_get_it(cast):
    task = owned_task(cast["nurse2"])
    assert offered(cast, "person", document=task)["Tomás Rivera"].reason == "Has this task already."


@pytest.mark.parametrize("query", ["tomas", "RIVERA", " tomás "])
def test_a_name_is_found_without_case_and_accents(cast, query):
    assert list(offered(cast, "person", query)) == ["Tomás Rivera"]


def test_people_are_found_by_their_work_too(cast):
    assert list(offered(cast, "person", "cardiologist")) == ["Carl Ostrow"]
    assert offered(cast, "person", "nobody of this name") == {}


def test_pools_say_who_is_there_and_what_waits(cast, nurses):
    for _ in range(2):
        pool_task(CARDIOLOGIST_ROLE)
    now = datetime.now(UTC) + timedelta(minutes=7)
    found = offered(cast, "pool", at=now)
    heart = found["Cardiologist"]
    assert (heart.first, heart.second) == ("1 available", "2 waiting, oldest 7 min")
    assert (heart.value, heart.about, heart.ready) == ("cardiologist", "Carl Ostrow", True)
    assert found["Doctor"].second == "None waiting"
    assert found["Quality assurance"].reason == "Quality assurance has no members."
    assert list(found)[-1] in {name for name, each in found.items() if each.reason}


def test_a_task_in_two_pools_waits_in_both(cast, nurses):
    create(task_document(performerType=role(NURSE_ROLE) + role(CARDIOLOGIST_ROLE)))
    create(task_document(performerType=role(NURSE_ROLE), status="completed"))
    heart = Pool.objects.get(slug="cardiologist")
    found = waiting([nurses.pk, heart.pk])
    assert {pool: count for pool, (count, _) in found.items()} == {nurses.pk: 1, heart.pk: 1}


def test_members_who_are_away_are_not_available(cast):
    for name in ("nurse", "nurse2"):
        person = cast[name]
        set_availability(person.reference, "off", actor=person.actor, at=NOON)
    document = task_document(performerType=role(CARDIOLOGIST_ROLE))
    found = offered(cast, "pool", document=document)["Registered nurse"]
    assert (found.first, found.ready, found.reason) == ("Nobody is available", False, "")


def test_a_closed_pool_says_when_it_opens(cast, nurses):
    OpeningHours.objects.create(pool=nurses, weekday=0, opens=time(8), closes=time(17))
    document = task_document(performerType=role(CARDIOLOGIST_ROLE))
    found = offered(cast, "pool", document=document)["Registered nurse"]
    assert (found.first, found.ready, found.reason) == ("Opens Mon 23 Nov 08:00", False, "")
    found = offered(cast, "pool", document=document | {"priority": "stat"})["Registered nurse"]
    assert found.reason.startswith("Registered nurse is closed until Mon 23 Nov 08:00")


def test_where_it_waits_it_cannot_go(cast):
    found = offered(cast, "pool")["Registered nurse"]
    assert found.reason == "Waits here already."


def test_the_keys_fit_an_id(cast):
    for kind in ("person", "pool"):
        for each in offered(cast, kind).values():
            assert each.key.replace("-", "").replace("_", "").isalnum()


def test_another_kind_is_an_error(cast):
    with pytest.raises(ValueError, match="person or a pool"):
        offered(cast, "place")
