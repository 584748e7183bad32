"""Who is given a Task by each strategy, from what is stored."""

from datetime import UTC, datetime, time

import pytest
from django.db import transaction

from accounts.actions import set_availability
from accounts.models import OpeningHours, Pool
from tasks.assignment import STRATEGIES, choose
from tests.factories import NURSE_ROLE, owned_task, pool_task, put, role, task_document

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MAYA, TOMAS = "Practitioner/maya", "Practitioner/tomas"
HOMER = {"reference": "Patient/homer"}


@pytest.fixture
def nurses(cast):
    return Pool.objects.get(slug="registered-nurse")


def chosen(nurses, strategy, *, keep=True, at=NOON, **elements):
    document = task_document(performerType=role(NURSE_ROLE), **elements)
    with transaction.atomic():
        return choose(document, nurses.pk, strategy=strategy, at=at, keep=keep)


def test_pull_leaves_it_in_the_pool(nurses):
    assert chosen(nurses, "pull") is None


def test_least_loaded_is_who_has_fewest_open_tasks(cast, nurses):
    owned_task(cast["nurse"])
    owned_task(cast["nurse2"], status="completed")
    assert chosen(nurses, "least-loaded") == TOMAS


def test_least_loaded_goes_in_turn_among_equals(nurses):
    assert [chosen(nurses, "least-loaded") for _ in range(4)] == [MAYA, TOMAS, MAYA, TOMAS]


def test_round_robin_goes_in_turn_whatever_they_have(cast, nurses):
    owned_task(cast["nurse"])
    assert [chosen(nurses, "round-robin") for _ in range(3)] == [MAYA, TOMAS, MAYA]


def test_asking_only_takes_no_turn(nurses):
    assert {chosen(nurses, "round-robin", keep=False) for _ in range(3)} == {MAYA}


def test_a_turn_that_was_not_taken_in_the_end_is_given_back(nurses):
    with pytest.raises(RuntimeError), transaction.atomic():
        choose(pool_task(), nurses.pk, strategy="round-robin", at=NOON)
        raise RuntimeError
    assert chosen(nurses, "round-robin") == MAYA


def test_the_same_person_as_last_time(cast, nurses):
    assert chosen(nurses, "same-person", **{"for": HOMER}) is None
    owned_task(cast["nurse2"], status="completed", **{"for": HOMER})
    assert chosen(nurses, "same-person", **{"for": HOMER}) == TOMAS
    owned_task(cast["cardiologist"], **{"for": HOMER})
    assert chosen(nurses, "same-person", **{"for": HOMER}) == TOMAS
    assert chosen(nurses, "same-person") is None


def test_the_delegate_stands_in_for_the_same_person(cast, nurses):
    owned_task(cast["nurse2"], status="completed", **{"for": HOMER})
    tomas = cast["nurse2"].actor
    set_availability(TOMAS, "off", actor=tomas, at=NOON)
    assert chosen(nurses, "same-person", **{"for": HOMER}) is None
    set_availability(TOMAS, "leave", delegate=MAYA, actor=tomas, at=NOON)
    assert chosen(nurses, "same-person", **{"for": HOMER}) == MAYA


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nobody_above_her_limit_and_nobody_who_is_away(cast, nurses, strategy):
    owned_task(cast["nurse"], **{"for": HOMER})
    nurses.member_limit = 1
    nurses.save()
    set_availability(TOMAS, "off", actor=cast["nurse2"].actor, at=NOON)
    assert chosen(nurses, strategy, **{"for": HOMER}) is None


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nobody_while_the_pool_is_closed(cast, nurses, strategy):
    owned_task(cast["nurse"], status="completed", **{"for": HOMER})
    OpeningHours.objects.create(pool=nurses, weekday=4, opens=time(13), closes=time(17))
    assert chosen(nurses, strategy, **{"for": HOMER}) is None
    open_again = NOON.replace(hour=13)
    found = chosen(nurses, strategy, at=open_again, **{"for": HOMER})
    assert found == (None if strategy == "pull" else MAYA)


def test_one_whose_role_ends_is_not_chosen_any_more(nurses):
    put(
        {
            "resourceType": "PractitionerRole",
            "id": f"maya-{NURSE_ROLE}",
            "practitioner": {"reference": MAYA},
            "code": role(NURSE_ROLE),
            "period": {"end": "2026-11-19"},
        }
    )
    assert {chosen(nurses, "round-robin") for _ in range(3)} == {TOMAS}


def test_a_strategy_of_nobody_is_an_error(nurses):
    with pytest.raises(ValueError, match="at-random is no strategy"):
        chosen(nurses, "at-random")
