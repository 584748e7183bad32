"""A clinic whose pages are in every state that they know: for what goes to all of them."""

from datetime import UTC, datetime

from django.test import Client

from fhir import actions as plain
from fhir.actor import SYSTEM
from tasks import actions, handover, task_types
from tasks.moves import ToPerson
from tests import factories
from tests.browser import clinic
from tests.factories import NURSE_ROLE, owned_task, pool_task, role
from tests.integration.pages.test_questionnaires import hers
from tests.integration.pages.test_threads import about, talk


def every_state() -> dict[str, factories.Person]:
    """The morning, and whatever else a page can be about; who is there."""
    people = clinic.morning()
    people["nurse"].user.set_password("an-old-password")
    people["nurse"].user.save()
    for build in (_work_in_every_state, _threads, _what_is_offered_and_kept):
        build(people)
    return people


def _work_in_every_state(people):
    nurse = people["nurse"]
    stage = {"businessStatus": {"text": "Report available"}}
    accepted, started, held = (
        owned_task(
            nurse, performerType=role(NURSE_ROLE), status=status, code={"text": status}, **more
        )
        for status, more in (("accepted", {}), ("in-progress", stage), ("on-hold", {}))
    )
    actions.add_note(started["id"], "Called, no answer.", actor=nurse.actor)
    whole = {"partOf": [{"reference": f"Task/{accepted['id']}"}]}
    owned_task(nurse, performerType=role(NURSE_ROLE), code={"text": "Part"}, **whole)
    kind = task_types.find("review-lab-report").as_concept()
    lab = factories.task_document(code=kind, performerType=role(NURSE_ROLE))
    actions.claim(factories.create(lab)["id"], actor=nurse.actor)
    hers(people)


def _threads(people):
    nurse = people["nurse"]
    owned_task(nurse, **about(talk("mine")))
    talk("loose", recipient=[{"reference": nurse.reference}])
    signed_in(nurse).post("/worklist/th/mine/draft", {"text": "Hello"})
    factories.put({"resourceType": "Communication", "id": "astray", "status": "preparation"})
    strayed = pool_task(focus={"reference": "Communication/astray"})
    actions.claim(strayed["id"], actor=nurse.actor)
    elsewhere = [{"reference": people["physician"].reference}]
    change = {"op": "replace", "path": "/recipient", "value": elsewhere}
    plain.patch("Communication", "astray", [change], actor=SYSTEM)


def _what_is_offered_and_kept(people):
    nurse, other = people["nurse"], people["nurse2"]
    for giver, receiver in ((nurse, other), (other, nurse)):
        given = owned_task(giver, performerType=role(NURSE_ROLE), code={"text": "Handed over"})
        to = ToPerson(receiver.reference)
        handover.offer({given["id"]: ""}, to=to, note="", actor=giver.actor, at=datetime.now(UTC))
    asked = {"list": "pool:registered-nurse", "name": "Urgent ones"}
    signed_in(nurse).post("/worklist/views/save?priority=urgent", asked)


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person.user, backend="django.contrib.auth.backends.ModelBackend")
    return client
