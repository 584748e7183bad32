"""The dialog that makes a task, in a browser without scripts and as htmx asks for its parts."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actions import set_availability
from accounts.availability import State
from accounts.models import Draft
from tasks import task_types
from tasks.models import Provenance, Task, TaskType
from tasks.new_task import value_of
from tests.factories import DOCTOR_ROLE, NURSE_ROLE, create, put, role, task_document
from tests.faults import statements
from tests.integration.pages.test_pages import htmx, text

NURSES = "pool:registered-nurse"
IDENTITY = "verify-patient-identity"


@pytest.fixture
def nils(cast):
    """A patient whom the nurses may see, as they have a task of his."""
    return seen_patient("nils", "Bergström", "Nils")


def seen_patient(identifier, family, given, code=NURSE_ROLE):
    put(
        {
            "resourceType": "Patient",
            "id": identifier,
            "name": [{"family": family, "given": [given]}],
            "birthDate": "1979-05-21",
            "identifier": [{"value": "0033 7714"}],
        }
    )
    reference = f"Patient/{identifier}"
    return create(
        task_document(
            code={"text": "Old"}, performerType=role(code), **{"for": {"reference": reference}}
        )
    )["for"]["reference"]


def kind(code=IDENTITY):
    return value_of(task_types.find(code))


def fields(patient="Patient/nils", **more):
    said = {"type": kind(), "filled": kind(), "title": "Check the licence", "priority": "routine"}
    return said | {"to": NURSES, "patient": patient} | more


def made():
    """The newest task, as it is kept."""
    from fhir import json

    return json.loads_stored(Task.objects.latest("pk").document)


def test_a_task_is_made_with_what_its_type_says(cast, page, nils):
    answer = page("nurse").post("/worklist/new", fields(description="Both sides"))
    assert answer.status_code == 303
    task = made()
    assert answer["Location"] == f"/worklist/t/{task['id']}"
    found = task_types.find(IDENTITY)
    assert task["code"]["coding"][0]["code"] == IDENTITY
    assert task["code"]["text"] == "Check the licence"
    assert task["description"] == "Both sides"
    assert task["businessStatus"]["text"] == found.stages[0].display
    assert task["for"]["reference"] == nils
    assert task["requester"]["reference"] == cast["nurse"].reference
    assert "owner" not in task and task["status"] == "requested"
    provenance = Provenance.objects.get(targets__contains=[f"Task/{task['id']}"])
    assert '"create"' in provenance.document and cast["nurse"].reference in provenance.document


def test_the_type_fills_in_the_rest_and_leaves_what_was_typed(cast, page, nils):
    refill = next(each for each in task_types.offered() if each.priority not in ("", "routine"))
    client = page("nurse")
    first = htmx(client, "post", "/worklist/new", {"type": value_of(refill), "step": "type",
                 "priority": "routine", "to": "me"})  # fmt: skip
    body = first.content.decode()
    assert f'value="{refill.title}"' in body
    assert re.search(rf'value="{refill.priority}" checked', body)
    typed = {"type": kind(), "filled": value_of(refill), "title": "My own words", "step": "type"}
    second = htmx(client, "post", "/worklist/new", typed | {"priority": "stat"}).content.decode()
    assert 'value="My own words"' in second and re.search('value="stat" checked', second)
    untouched = typed | {"title": refill.title, "priority": refill.priority}
    third = htmx(client, "post", "/worklist/new", untouched).content.decode()
    assert f'value="{task_types.find(IDENTITY).title}"' in third


def test_the_due_rule_is_said_with_its_time_and_can_be_overruled(cast, page, nils):
    TaskType.objects.filter(code=IDENTITY).update(due_minutes=240, due_days=None)
    task_types.forget()
    said = htmx(page("nurse"), "post", "/worklist/new", {"type": kind(), "step": "fill"})
    assert "4 h 00 min from now, by the rule of this type" in text(said)
    at = timezone.localtime(timezone.now() + timedelta(days=2)).replace(second=0, microsecond=0)
    page("nurse").post("/worklist/new", fields(due=f"{at:%Y-%m-%dT%H:%M}"))
    assert made()["restriction"]["period"]["end"].startswith(f"{at:%Y-%m-%dT%H:%M}")


@pytest.mark.parametrize(
    ("name", "more", "says"),
    [
        ("type", {"type": ""}, "Choose the type of work."),
        ("type", {"type": "urn:x|none"}, "Choose the type of work."),
        ("title", {"title": " "}, "Say what needs doing."),
        ("patient", {"patient": ""}, "Choose the patient"),
        ("patient", {"patient": "Patient/unknown"}, "Choose the patient"),
        ("to", {"to": "pool:nowhere"}, "Choose who gets it."),
        ("to", {"to": "pool:doctor"}, "Choose who gets it."),
        ("to", {"to": "Practitioner/tomas"}, "Choose who gets it."),
        ("callback", {"priority": "stat"}, "STAT needs a number"),
        ("due", {"due": "2020-01-01T10:00"}, "This due time has passed."),
        ("due", {"due": "soon"}, "Write the due time"),
    ],
)
@pytest.mark.parametrize("scripts", [False, True])
def test_what_is_missing_is_said_above_and_beside_it(cast, page, nils, name, more, says, scripts):
    before = Task.objects.count()
    client = page("nurse")
    sent = fields(description="Kept text", **more)
    answer = htmx(client, "post", "/worklist/new", sent) if scripts else client.post(
        "/worklist/new", sent)  # fmt: skip
    assert answer.status_code == 422
    body = answer.content.decode()
    assert f'href="#field-{name}"' in body and f'id="field-{name}"' in body
    assert text(answer).count(says) == 2 and "Kept text" in body
    assert Task.objects.count() == before


def test_stat_asks_for_a_number_and_keeps_it_as_a_note(cast, page, nils):
    page("nurse").post("/worklist/new", fields(priority="stat", callback="555-0100"))
    task = made()
    assert task["priority"] == "stat"
    assert task["note"][0]["text"] == "Call back: 555-0100"
    assert task["note"][0]["authorReference"]["reference"] == cast["nurse"].reference


def test_it_is_watched_by_whoever_says_so(cast, page, nils):
    page("nurse").post("/worklist/new", fields(watch="yes"))
    assert "Check the licence" in text(page("nurse").get("/worklist/watching"))
    assert "Check the licence" not in text(page("nurse2").get("/worklist/watching"))


def test_stat_work_for_a_pool_where_nobody_is_warns(cast, page, nils):
    client, said = page("nurse"), fields(step="fill", priority="stat")
    assert "Nobody is available" not in text(htmx(client, "post", "/worklist/new", said))
    for who in ("nurse", "nurse2"):
        set_availability(
            cast[who].reference, State.OFF, actor=cast["admin"].actor, at=timezone.now()
        )
    assert "Nobody is available" in text(htmx(client, "post", "/worklist/new", said))


# --- who may give work to whom --------------------------------------------------------------------


def offered(client):
    select = client.get("/worklist/new").content.decode().partition('id="new-to"')[2]
    return {*re.findall(r'<option value="([^"]+)"', select.partition("</select>")[0])}


def test_practitioners_give_to_themselves_and_their_pools(cast, page):
    assert offered(page("nurse")) == {"me", NURSES}


def test_coordinators_give_to_anybody_in_theirs_and_admins_to_all(cast, page):
    assert offered(page("coordinator")) == {
        *("me", NURSES),
        *(cast["nurse"].reference, cast["nurse2"].reference),
    }
    assert {"pool:doctor", cast["cardiologist"].reference} <= offered(page("admin"))


def test_auditors_create_nothing(cast, page):
    auditor = page("auditor")
    assert auditor.get("/worklist/new").status_code == 403
    assert auditor.post("/worklist/new", fields()).status_code == 403
    assert "New task" not in text(auditor.get("/worklist/my"))


def test_she_gives_it_to_herself_or_a_coordinator_to_a_nurse(cast, page, nils):
    page("nurse").post("/worklist/new", fields(to="me"))
    assert made()["owner"]["reference"] == cast["nurse"].reference
    page("coordinator").post(
        "/worklist/new", fields(to="Practitioner/tomas", type=kind(), seen=made()["id"])
    )
    assert made()["owner"]["reference"] == cast["nurse2"].reference


# --- patients -------------------------------------------------------------------------------------


def test_patients_are_found_among_those_that_she_may_see(cast, page, nils):
    seen_patient("secret", "Bergkanarie", "Nina", code=DOCTOR_ROLE)
    for asked in ("berg", "0033 7714", "1979-05-21"):
        said = {"step": "patients", "q": asked}
        shown = text(htmx(page("nurse"), "post", "/worklist/new", said))
        assert "Bergström" in shown and "Bergkanarie" not in shown
        assert "Bergström" in text(page("nurse").post("/worklist/new", said))
    refused = page("nurse").post("/worklist/new", fields(patient="Patient/secret"))
    assert refused.status_code == 422 and "Bergkanarie" not in text(refused)


def test_a_task_may_be_about_no_patient(cast, page):
    page("nurse").post("/worklist/new", fields(patient="", no_patient="yes"))
    assert "for" not in made()


# --- one that is there already --------------------------------------------------------------------


def test_a_similar_task_is_shown_before_it_is_made_again(cast, page, nils):
    client = page("nurse")
    client.post("/worklist/new", fields(title="Check it first"))
    first = made()["id"]
    shown = htmx(client, "post", "/worklist/new/similar", fields())
    assert (
        "A similar task is open" in text(shown) and f"/worklist/t/{first}" in shown.content.decode()
    )
    before = Task.objects.count()
    answer = client.post("/worklist/new", fields())
    assert answer.status_code == 409 and Task.objects.count() == before
    assert "Check it first" in text(answer) and "Nothing has been created yet" in text(answer)
    assert client.post("/worklist/new", fields(seen=first)).status_code == 303
    assert Task.objects.count() == before + 1


def test_similar_is_of_the_patient_and_the_type_and_open(cast, page, nils):
    other = seen_patient("other", "Okonkwo", "Amara")
    client = page("nurse")
    client.post("/worklist/new", fields())
    for said in (fields(other), fields(type=kind("review-lab-report"))):
        assert "similar" not in text(htmx(client, "post", "/worklist/new/similar", said))


def test_a_similar_task_that_she_may_not_read_is_not_told_of(cast, page, nils):
    document = fields()
    page("admin").post("/worklist/new", document | {"to": "pool:doctor", "title": "Canary"})
    assert "Canary" in made()["code"]["text"]
    answer = htmx(page("nurse"), "post", "/worklist/new/similar", document)
    assert "Canary" not in text(answer) and "similar" not in text(answer)
    assert page("nurse").post("/worklist/new", document).status_code == 303


def test_a_thread_brings_its_patient_and_its_topic(cast, page, nils):
    put(
        {
            "resourceType": "Communication",
            "id": "thread",
            "status": "in-progress",
            "topic": {"text": "Dizzy"},
            "subject": {"reference": nils},
            "recipient": [{"reference": cast["nurse"].reference}],
        }
    )
    shown = text(page("nurse").get("/worklist/new?focus=Communication/thread"))
    assert "Bergström" in shown and "Message: Dizzy" in shown
    hidden = text(page("cardiologist").get("/worklist/new?focus=Communication/thread"))
    assert "Bergström" not in hidden and "Dizzy" not in hidden


# --- drafts ---------------------------------------------------------------------------------------


def test_a_draft_is_kept_for_its_user_until_it_is_made_or_discarded(cast, page, nils):
    nurse = page("nurse")
    saved = htmx(nurse, "post", "/worklist/new/draft", fields(title="Half a thought"))
    assert "Draft saved" in saved.content.decode()
    assert "Half a thought" in page("nurse").get("/worklist/new").content.decode()
    assert "Half a thought" not in page("nurse2").get("/worklist/new").content.decode()
    nurse.post("/worklist/new", {"step": "discard"})
    assert not Draft.objects.exists()
    htmx(nurse, "post", "/worklist/new/draft", fields(title="Half a thought"))
    assert nurse.post("/worklist/new", fields()).status_code == 303
    assert not Draft.objects.exists()


def test_an_empty_draft_is_none(cast, page):
    htmx(page("nurse"), "post", "/worklist/new/draft", {"title": ""})
    assert not Draft.objects.exists()


# --- shape ----------------------------------------------------------------------------------------


def test_htmx_gets_a_dialog_and_then_a_redirect(cast, page, nils):
    opened = htmx(page("nurse"), "get", "/worklist/new").content.decode()
    assert opened.lstrip().startswith("<dialog") and "<html" not in opened
    answer = htmx(page("nurse"), "post", "/worklist/new", fields())
    assert answer["HX-Redirect"] == f"/worklist/t/{made()['id']}"


def test_no_more_queries_for_more_pools_people_and_patients(cast, page, nils):
    said = {"step": "patients", "q": "Bergström", "type": kind()}

    def count():
        client = page("coordinator")
        with statements() as seen:
            assert client.get("/worklist/new").status_code == 200
            assert htmx(client, "post", "/worklist/new", said).status_code == 200
        return seen.sent

    count()
    few = count()
    for number in range(25):
        seen_patient(f"p{number}", "Bergström", f"Nils {number}")
    assert count() == few
