"""What needs a coordinator: pools that cannot do their work, threads that went astray."""

import re

import pytest
from django.utils import timezone

from accounts.models import Availability, Pool
from communications.models import Communication
from fhir import actions as plain
from tasks import actions
from tests import factories
from tests.factories import CARDIOLOGIST_ROLE, DOCTOR_ROLE, owned_task, pool_task
from tests.faults import statements
from tests.integration.pages.test_pages import htmx, text, waiting

PAGE = "/worklist/drift"


@pytest.fixture
def astray(cast):
    """A claimed Task whose thread a client has sent to somebody else, or to nobody."""
    made = []
    for number, recipient in enumerate(([{"reference": cast["physician"].reference}], [])):
        thread = {
            "resourceType": "Communication",
            "id": f"thread-{number}",
            "status": "preparation",
        }
        factories.put(thread)
        task = waiting(
            {"text": f"Answer {number}"},
            focus={"reference": f"Communication/thread-{number}"},
            **{"for": {"reference": "Patient/homer", "display": "Homer Simpson"}},
        )
        actions.claim(task["id"], actor=cast["nurse"].actor)
        operation = {"op": "replace", "path": "/recipient", "value": recipient}
        operation = operation if recipient else {"op": "remove", "path": "/recipient"}
        plain.patch("Communication", thread["id"], [operation], actor=factories.SYSTEM)
        made.append(task["id"])
    return made


def test_only_those_who_see_all_tasks_have_the_page(page):
    for name, status in (("nurse", 404), ("coordinator", 200), ("auditor", 200), ("admin", 200)):
        response = page(name).get(PAGE)
        assert response.status_code == status, name
    assert page("nurse").post(f"{PAGE}/x/repair").status_code == 404
    assert "Every thread goes to whoever has its task." in text(page("coordinator").get(PAGE))


def test_a_thread_is_repaired_from_its_task_with_one_button(cast, page, astray):
    coordinator = page("coordinator")
    response = coordinator.get(PAGE)
    shown = text(response)
    assert "Maya Lindqvist has the task; the thread goes to Ines Cardoso ." in shown
    assert "the thread goes to nobody" in shown
    assert "Homer" not in re.search("<title>.*?</title>", response.content.decode())[0]
    first, second = astray
    assert coordinator.post(f"{PAGE}/{first}/repair", {"version": 2}).status_code == 303
    answer = htmx(coordinator, "post", f"{PAGE}/{second}/repair", {"version": 2})
    assert "Every thread goes to whoever has its task." in text(answer)
    assert 'hx-swap-oob="beforeend:#toasts"' in answer.content.decode()
    for thread in Communication.objects.filter(resource_id__startswith="thread-"):
        assert cast["nurse"].reference in thread.document


def test_a_repair_of_what_has_changed_shows_what_is_true_now(cast, page, astray):
    actions.release(astray[0], actor=cast["nurse"].actor)
    answer = htmx(page("coordinator"), "post", f"{PAGE}/{astray[0]}/repair", {"version": 2})
    assert "has changed meanwhile" in text(answer)
    assert "Answer 0" not in text(answer) and "Answer 1" in text(answer)


def test_an_auditor_sees_why_she_repairs_nothing(page, astray):
    body = page("auditor").get(PAGE).content.decode()
    assert "An auditor reads everything and changes nothing." in body
    assert "/repair" not in body


def test_the_page_asks_no_more_for_many_than_for_one(cast, page, astray):
    admin = page("admin")
    admin.get(PAGE)
    with statements() as two:
        admin.get(PAGE)
    for number in range(2, 8):
        thread = f"thread-{number}"
        factories.put({"resourceType": "Communication", "id": thread, "status": "preparation"})
        task = pool_task(focus={"reference": f"Communication/{thread}"})["id"]
        actions.claim(task, actor=cast["nurse"].actor)
        removal = [{"op": "remove", "path": "/recipient"}]
        plain.patch("Communication", thread, removal, actor=factories.SYSTEM)
    with statements() as eight:
        assert text(admin.get(PAGE)).count("has the task") == 8
    assert eight.sent <= two.sent


def test_a_pool_that_nobody_serves_is_told_to_its_coordinator(cast, page):
    role = {"resourceType": "PractitionerRole", "active": False}
    for who in ("maya", "tomas"):
        document = {
            **role,
            "id": f"{who}-{factories.NURSE_ROLE}",
            "practitioner": {"reference": f"Practitioner/{who}"},
            "code": factories.role(factories.NURSE_ROLE),
        }
        factories.put(document)
    pool_task()
    shown = text(page("coordinator").get(PAGE))
    assert "Registered nurse has no members. 1 task waits." in shown
    assert Pool.objects.count() > 1 and "Cardiologist" not in shown


def test_warnings_are_of_her_pools_alone_and_of_many_as_quick_as_of_one(cast, page):
    """No query for each pool, nor for each warning."""
    codes = [CARDIOLOGIST_ROLE, DOCTOR_ROLE]
    admin = page("admin")
    Availability.objects.create(
        practitioner=cast["nurse"].reference, state="leave", changed_at=timezone.now()
    )
    owned_task(cast["nurse"])
    pool_task()
    admin.get(PAGE)
    with statements() as one:
        assert text(admin.get(PAGE)).count("is on leave and has 1 open task.") == 1
    for name, code in zip(("cardiologist", "physician"), codes, strict=True):
        Availability.objects.create(
            practitioner=cast[name].reference, state="leave", changed_at=timezone.now()
        )
        owned_task(cast[name])
        pool_task(code, priority="stat")
    with statements() as more:
        said = text(admin.get(PAGE))
    assert said.count("is on leave and has 1 open task.") == 3
    assert said.count("1 task waits") == 2
    assert more.sent <= one.sent
    hers = text(page("coordinator").get(PAGE))
    assert "Maya Lindqvist is on leave" in hers and "Carl Ostrow" not in hers
