"""Two give work to the same person at once: her last place is given once."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from accounts.models import MemberLimit, Pool
from fhir.actor import SYSTEM
from fhir.errors import BusinessRuleViolation, Conflict
from tasks import actions, moves
from tasks.assignment import choose
from tasks.models import Task
from tests import factories
from tests.factories import NURSE_ROLE, create, pool_task, role, task_document
from tests.integration.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

MAYA = "Practitioner/maya"


@pytest.fixture
def nurses():
    factories.cast()
    pool = Pool.objects.get(slug="registered-nurse")
    MemberLimit.objects.create(pool=pool, practitioner=MAYA, limit=2)
    MemberLimit.objects.create(pool=pool, practitioner="Practitioner/tomas", limit=0)
    return pool


def by_choice(pool):
    """As a rule does: choose and create in one transaction."""

    def give(together):
        document = task_document(performerType=role(NURSE_ROLE))
        together()
        with transaction.atomic():
            owner = choose(document, pool.pk, strategy="least-loaded", at=datetime.now(UTC))
            create(document | ({"owner": {"reference": owner}} if owner else {}), actor=SYSTEM)
        return owner

    return give


def by_assignment(task_id):
    def give(together):
        together()
        try:
            moves.assign(task_id, to=MAYA, actor=SYSTEM)
        except (BusinessRuleViolation, Conflict):
            return None
        return MAYA

    return give


def by_claim(task_id, actor):
    def give(together):
        together()
        try:
            actions.claim(task_id, actor=actor)
        except (BusinessRuleViolation, Conflict):
            return None
        return MAYA

    return give


def test_nobody_gets_more_than_she_may_have(nurses):
    ids = [pool_task()["id"] for _ in range(4)]
    actor = factories.Person(factories.User.objects.get(username="maya")).actor
    jobs = [by_choice(nurses), by_choice(nurses)]
    jobs += [by_assignment(each) for each in ids[:2]] + [by_claim(each, actor) for each in ids[2:]]
    given = at_once(jobs)
    assert given.count(MAYA) == 2
    assert Task.objects.filter(owner=MAYA).count() == 2
