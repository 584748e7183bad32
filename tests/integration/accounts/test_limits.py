"""How many open Tasks a member of a pool may have, and who says so."""

import pytest
from django.utils import timezone

from accounts.limits import set_limits
from accounts.models import MemberLimit, Pool
from fhir.errors import BusinessRuleViolation, Forbidden
from tasks import eligible

MAYA = "Practitioner/maya"


@pytest.fixture
def nurses(cast):
    return Pool.objects.get(slug="registered-nurse")


def say(cast, who, pool, limit, reference=MAYA):
    set_limits(reference, {pool.pk: limit}, actor=cast[who].actor, at=timezone.now())


def limit_of(pool):
    [maya] = eligible.persons([MAYA], at=timezone.now())
    return maya.limit_in([pool.pk])


@pytest.mark.parametrize("who", ["coordinator", "admin"])
def test_a_coordinator_and_an_admin_say_it(cast, nurses, who):
    say(cast, who, nurses, 3)
    assert limit_of(nurses) == 3
    say(cast, who, nurses, 0)
    assert limit_of(nurses) == 0
    say(cast, who, nurses, None)
    assert limit_of(nurses) is None and not MemberLimit.objects.exists()


@pytest.mark.parametrize("who", ["nurse", "nurse2", "auditor"])
def test_nobody_else_does(cast, nurses, who):
    with pytest.raises(Forbidden):
        say(cast, who, nurses, 99)


def test_of_her_own_pools_and_their_members_alone(cast, nurses):
    heart = Pool.objects.get(slug="cardiologist")
    with pytest.raises(Forbidden):
        say(cast, "coordinator", heart, 5)
    for reference in ("Practitioner/ines", "Practitioner/nobody"):
        with pytest.raises(BusinessRuleViolation):
            say(cast, "coordinator", nurses, 5, reference)


@pytest.mark.parametrize("limit", [-1, 1000])
def test_what_is_no_limit_changes_nothing(cast, nurses, limit):
    say(cast, "coordinator", nurses, 4)
    with pytest.raises(BusinessRuleViolation):
        say(cast, "coordinator", nurses, limit)
    assert limit_of(nurses) == 4
