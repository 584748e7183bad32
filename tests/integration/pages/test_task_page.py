"""What stands on a task's page around the work: the patient, parts, notes, and who watches."""

import re

import pytest

from fhir import json
from tasks import actions, moves, watching
from tasks.models import Task, TaskWatch
from tests.agreement import interactions
from tests.factories import NURSE_ROLE, create, owned_task, pool_task, put, role, task_document
from tests.faults import statements
from tests.integration.pages.test_pages import htmx, text

AMARA = {"reference": "Patient/amara"}


@pytest.fixture
def amara(db):
    return put(
        {
            "resourceType": "Patient",
            "id": "amara",
            "name": [{"family": "Okonkwo", "given": ["Amara"]}],
            "gender": "female",
            "birthDate": "1964-02-14",
        }
    )


@pytest.fixture
def hers(cast, amara):
    """A Task of the nurse, from her pool, about Amara."""
    return owned_task(
        cast["nurse"], performerType=role(NURSE_ROLE), status="in-progress", **{"for": AMARA}
    )


def url(task, rest="") -> str:
    return f"/worklist/t/{task['id']}{rest}"


def stored(task) -> dict:
    return json.loads_stored(Task.objects.get(resource_id=task["id"]).document)


def allergy(identifier, code, **elements):
    active = {"coding": [{"code": "active"}]}
    found = {"patient": AMARA, "code": code, "clinicalStatus": active} | elements
    said = {name: value for name, value in found.items() if value is not None}
    return put({"resourceType": "AllergyIntolerance", "id": identifier, **said})


# --- what it is called ---


@pytest.mark.parametrize(
    ("code", "description", "heading", "kind"),
    [
        ("Review lab report", "Potassium 6.1 mmol/L", "Potassium 6.1 mmol/L", "Review lab report"),
        ("Review lab report", "Potassium, " * 20, "Review lab report", ""),
        ("Review lab report", "Potassium\nand sodium", "Review lab report", ""),
        ("Call about potassium", "Before noon", "Call about potassium", ""),
    ],
)
def test_a_task_is_called_what_says_most(cast, page, code, description, heading, kind):
    task = owned_task(cast["nurse"], code={"text": code}, description=description)
    shown = page("nurse").get(url(task)).content.decode()
    said = re.sub(r"<[^>]+>", "", re.search(r"<h1 id=\"task-title\".*?</h1>", shown, re.S)[0])
    assert said == (f"{heading}, {kind}" if kind else heading)
    row = re.search(r"<a class=\"t\" .*?</a>", shown, re.S)[0]
    assert re.sub(r"<[^>]+>", "", row).strip().startswith(heading)
    # Words of people are hidden with what else is said of patients; kinds of work are not.
    hidden = re.search(r"<span class=\"(?:kind )?phi\">(.*?)</span>", row, re.S)[1]
    assert hidden == description


# --- the patient ----------------------------------------------------------------------------------


def test_the_banner_says_what_is_dangerous_first(page, hers):
    allergy("pollen", {"text": "Pollen"}, criticality="low")
    allergy(
        "penicillin",
        {"text": "Penicillin"},
        criticality="high",
        reaction=[{"manifestation": [{"text": "Anaphylaxis"}]}],
    )
    over = {"coding": [{"code": "resolved"}]}
    allergy("milk", {"text": "Milk"}, clinicalStatus=over)
    system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
    wrong = {"coding": [{"system": system, "code": "entered-in-error"}]}
    allergy("nuts", {"text": "Nuts"}, clinicalStatus=None, verificationStatus=wrong)
    response = page("nurse").get(url(hers))
    assert "Severe allergy: Penicillin: anaphylaxis Pollen" in text(response)
    assert "Milk" not in text(response) and "Nuts" not in text(response)


def test_that_there_are_no_allergies_is_not_that_nobody_asked(page, hers):
    assert "No allergies recorded" in text(page("nurse").get(url(hers)))
    allergy("none", {"coding": [{"system": "http://snomed.info/sct", "code": "716186003"}]})
    assert "No known allergies" in text(page("nurse").get(url(hers)))


def test_who_has_died_is_said(page, hers, amara):
    put({**amara, "deceasedDateTime": "2026-11-20T08:00:00Z"})
    assert "Amara Died 20-Nov-2026" in text(page("nurse").get(url(hers)))
    put({**amara, "deceasedBoolean": True})
    assert "Amara Deceased" in text(page("nurse").get(url(hers)))


def test_the_other_open_tasks_are_those_that_she_may_read(cast, page, hers):
    nurse = page("nurse")
    assert "other open task" not in text(nurse.get(url(hers)))
    create(
        task_document(performerType=role(NURSE_ROLE), code={"text": "Call her"}, **{"for": AMARA})
    )
    owned_task(cast["physician"], code={"text": "Canary"}, **{"for": AMARA})
    owned_task(cast["nurse"], status="completed", code={"text": "Over"}, **{"for": AMARA})
    shown = text(htmx(nurse, "get", url(hers)))
    assert "1 other open task" in shown and "Call her" in shown
    assert "Canary" not in shown and "Over" not in shown
    for _each in range(11):
        pool_task(**{"for": AMARA})
    assert "More than 10 other open tasks" in text(nurse.get(url(hers)))


# --- subtasks -------------------------------------------------------------------------------------


def part_of(task, title, **elements):
    document = task_document(
        partOf=[{"reference": f"Task/{task['id']}"}], code={"text": title}, **elements
    )
    return create(document)


def test_a_subtask_is_added_completed_and_the_whole_with_it(cast, page, hers):
    nurse = page("nurse")
    response = htmx(nurse, "post", url(hers, "/subtask"), {"title": " Call  patient "})
    assert "Subtask added" in text(response) and "0 of 1" in text(response)
    part = Task.objects.get(tokens__contains=[f"part-of=Task/{hers['id']}"])
    document = json.loads_stored(part.document)
    assert document["code"]["text"] == "Call patient" and document["for"] == AMARA
    assert document["owner"] == hers["owner"] and document["status"] == "accepted"
    assert "The open one keeps this task from being completed" in text(response)
    path = url(hers, f"/subtask/{part.resource_id}/complete")
    response = htmx(nurse, "post", path, {"version": 1})
    assert "Subtask completed" in text(response) and "1 of 1" in text(response)
    assert interactions(part.resource_id) == ["create", "complete"]
    assert nurse.post(url(hers, "/complete"), {"version": 1}).status_code == 303
    assert stored(hers)["status"] == "completed"


def test_a_subtask_is_waived_with_a_reason(cast, page, hers):
    part = part_of(hers, "Order repeat", owner=hers["owner"], status="accepted")
    nurse, path = page("nurse"), url(hers, f"/subtask/{part['id']}/waive")
    refused = nurse.post(path, {"version": 1})
    assert refused.status_code == 422 and "Choose a reason." in text(refused)
    body = htmx(nurse, "get", url(hers)).content.decode()
    reason = re.search(r'<select[^>]*name="reason".*?<option value="([a-z-]+)">', body, re.S)[1]
    assert nurse.post(path, {"version": 1, "reason": reason}).status_code == 303
    assert stored(part)["status"] == "cancelled" and "statusReason" in stored(part)


def test_the_tree_goes_three_deep_and_shows_only_what_she_may_read(cast, page, hers):
    above = hers
    for title in ("First", "Second", "Third", "Fourth"):
        above = part_of(above, title, owner=hers["owner"])
    part_of(hers, "Canary", owner={"reference": cast["physician"].reference})
    body = htmx(page("nurse"), "get", url(hers)).content.decode()
    assert [title in body for title in ("First", "Second", "Third", "Fourth", "Canary")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    assert re.findall(r'class="deep-(\d)', body) == ["1", "2", "3"]


def test_what_is_no_part_is_not_found_and_others_add_none(cast, page, hers):
    stranger = owned_task(cast["nurse"], status="accepted")
    response = page("nurse").post(url(hers, f"/subtask/{stranger['id']}/complete"), {"version": 1})
    assert response.status_code == 404 and stored(stranger)["status"] == "accepted"
    answer = page("coordinator").post(url(pool_task(), "/subtask"), {"title": "  "})
    assert answer.status_code == 422 and "Say what is to be done." in text(answer)
    waiting = pool_task()
    answer = page("nurse").post(url(waiting, "/subtask"), {"title": "Call"})
    assert answer.status_code == 422 and "Claim this task first." in text(answer)
    assert "Add subtask" not in text(page("nurse").get(url(waiting)))
    answer = page("nurse2").post(url(hers, "/subtask"), {"title": "Call"})
    assert answer.status_code in (403, 404)


# --- notes ----------------------------------------------------------------------------------------


def test_an_own_note_is_changed_and_that_of_another_is_not(cast, page, hers):
    actions.add_note(hers["id"], "Caled her.", actor=cast["nurse"].actor)
    nurse, path = page("nurse"), url(hers, "/note/0")
    assert "this note; for 5 minutes" in text(nurse.get(url(hers)))
    assert "this note; for 5 minutes" not in text(page("coordinator").get(url(hers)))
    response = htmx(nurse, "post", path, {"text": "Called her."})
    assert "Note changed" in text(response) and "edited a note" in text(response)
    assert stored(hers)["note"][0]["text"] == "Called her."
    assert nurse.post(path, {"text": ""}).status_code == 422
    assert page("coordinator").post(path, {"text": "No"}).status_code == 422


# --- history and the document ---------------------------------------------------------------------


def test_admins_see_what_a_version_changed_and_the_whole_as_fhir(cast, page, hers):
    moves.prioritize(hers["id"], priority="stat", actor=cast["nurse"].actor)
    admin = page("admin")
    body = admin.get(url(hers, "/raw/2")).content.decode()
    assert re.search(r"<ins>\+ +&quot;priority&quot;: &quot;stat&quot;", body)
    assert "<ins>" not in admin.get(url(hers, "/raw/1")).content.decode()
    assert (
        "&quot;resourceType&quot;: &quot;Task&quot;"
        in admin.get(url(hers, "/fhir")).content.decode()
    )
    assert url(hers, "/fhir") in admin.get(url(hers)).content.decode()
    for name in ("nurse", "coordinator"):
        assert page(name).get(url(hers, "/fhir")).status_code == 403
        assert url(hers, "/fhir") not in page(name).get(url(hers)).content.decode()


# --- watching -------------------------------------------------------------------------------------


def test_who_watches_is_told_what_became_of_it(cast, page, hers):
    cora, nurse = page("coordinator"), cast["nurse"].actor
    response = htmx(cora, "post", url(hers, "/watch"), {"watch": "on"})
    assert 'aria-pressed="true"' in response.content.decode()
    assert 'id="count-watching"' in response.content.decode()
    assert watching.count(cast["coordinator"].actor) == (1, 0)
    assert f'id="row-{hers["id"]}"' in cora.get("/worklist/watching").content.decode()
    moves.prioritize(hers["id"], priority="stat", actor=nurse)
    assert watching.count(cast["coordinator"].actor) == (1, 1)
    assert "1 changed" in text(cora.get("/worklist/watching"))
    assert "Changed: Priority: Routine → STAT" in text(cora.get("/worklist/watching"))
    actions.complete(hers["id"], actor=nurse)
    assert f'id="row-{hers["id"]}"' in cora.get("/worklist/watching").content.decode()
    cora.get(url(hers))  # she has looked
    assert watching.count(cast["coordinator"].actor) == (0, 0)
    assert 'id="row-' not in cora.get("/worklist/watching").content.decode()
    assert cora.post(url(hers, "/watch"), {"watch": "off"}).status_code == 303
    assert not TaskWatch.objects.exists()


def test_what_she_may_not_see_any_more_leaves_the_list_unsaid(cast, page):
    task = pool_task()
    page("nurse").post(url(task, "/watch"), {"watch": "on"})
    page("nurse").post(url(task, "/watch"), {"watch": "on"})
    actions.claim(task["id"], actor=cast["nurse2"].actor)
    assert watching.count(cast["nurse"].actor) == (0, 0)
    assert task["id"] not in page("nurse").get("/worklist/watching").content.decode()
    assert page("nurse").post(url(task, "/watch"), {"watch": "off"}).status_code == 404


# --- speed ----------------------------------------------------------------------------------------


def test_the_page_asks_as_often_for_much_as_for_little(cast, page):
    """Subtasks, notes, versions, allergies and other tasks: no query for each."""

    def asked(count) -> int:
        task = owned_task(cast["nurse"], performerType=role(NURSE_ROLE), **{"for": AMARA})
        for number in range(count):
            actions.add_note(task["id"], f"Note {number}", actor=cast["nurse"].actor)
            part = part_of(task, f"Part {number}", owner=task["owner"])
            part_of(part, "Below", owner={"reference": cast["nurse2"].reference})
            pool_task(**{"for": AMARA})
            allergy(f"allergy-{count}-{number}", {"text": f"Allergen {number}"})
        nurse = page("nurse")
        nurse.get(url(task))
        with statements() as told:
            assert nurse.get(url(task)).status_code == 200
        return told.sent

    put({"resourceType": "Patient", "id": "amara", "name": [{"family": "Okonkwo"}]})
    assert asked(2) == asked(12)
