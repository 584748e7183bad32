"""Task/{id}/$timeline tells what happened in words, each thing once, and only what one may see."""

import pytest
from django.test import Client

from accounts.models import Pool
from accounts.tokens import issue
from fhir import actions, resources, store
from fhir.actor import SYSTEM
from fhir.validation import check_document
from tasks import moves
from tasks.actions import claim, complete, hold, release, resume
from tasks.models import Rule, RuleRun
from tasks.moves import ToPerson, ToPool
from tasks.replies import reply
from tasks.timeline import timeline
from tests.factories import (
    CARDIOLOGIST_ROLE,
    NURSE_ROLE,
    SNOMED,
    create,
    owned_task,
    pool_task,
    put,
    role,
    task_document,
)

REFERRAL = {
    "coding": [
        {
            "system": "https://medplum.com/CodeSystem/reroute-reason",
            "code": "specialty-referral",
            "display": "Specialty referral",
        }
    ]
}
NEW_SYMPTOMS = "new cardiac symptoms"


def events(answer) -> list[dict]:
    """Oldest first, each as {name of the part: its value}."""
    assert answer.status_code == 200, answer.content
    document = answer.json()
    check_document(document)
    told = [
        {
            part["name"]: next(value for name, value in part.items() if name.startswith("value"))
            for part in event["part"]
        }
        for event in document.get("parameter", [])
    ]
    return told[::-1]


def of(task: dict, client) -> list[dict]:
    return events(client.get(f"Task/{task['id']}/$timeline"))


def texts(told: list[dict]) -> list[str]:
    return [event["text"] for event in told]


def cardiology() -> Pool:
    return Pool.objects.get(codes__contains=[f"{SNOMED}|{CARDIOLOGIST_ROLE}"])


def test_a_move_with_its_note_and_its_provenance_is_one_event(api, cast):
    task = pool_task()
    claim(task["id"], actor=cast["nurse"].actor)
    pool = cardiology()
    moves.reroute(
        task["id"],
        to=ToPool(pool.pk),
        reason=REFERRAL,
        note=NEW_SYMPTOMS,
        actor=cast["nurse"].actor,
    )
    told = of(task, api("cardiologist"))
    assert texts(told) == [
        "Taskward created it",
        "Maya Lindqvist claimed it",
        f"Maya Lindqvist → {pool.name} pool · specialty referral · “{NEW_SYMPTOMS}”",
    ]
    move = told[-1]
    assert move["kind"] == "reroute" and move["note"] == NEW_SYMPTOMS
    assert move["who"] == {"reference": "Practitioner/maya", "display": "Maya Lindqvist"}
    assert move["to"] == {"display": f"{pool.name} pool"}
    assert move["reason"]["coding"][0]["code"] == "specialty-referral"
    assert move["version"] == {"reference": f"Task/{task['id']}/_history/3"}
    assert move["source"]["reference"].startswith("Provenance/")


def test_so_is_a_move_by_two_requests_of_a_client(api, cast):
    """As printed: a PATCH with a note, and a Provenance after it (S116, S117)."""
    task = owned_task(cast["physician"])
    note = {"authorReference": {"reference": "Practitioner/ines"}, "text": NEW_SYMPTOMS}
    owner = {"reference": "Practitioner/carl", "display": "Dr. Cardio"}
    api("service").patch(
        f"Task/{task['id']}",
        [
            {"op": "replace", "path": "/owner", "value": owner},
            {"op": "add", "path": "/note/-", "value": note},
        ],
    )
    create(
        {
            "resourceType": "Provenance",
            "target": [{"reference": f"Task/{task['id']}"}],
            "recorded": "2026-11-20T10:00:00Z",
            "agent": [{"who": {"reference": "Practitioner/ines", "display": "Dr. Ines"}}],
            "reason": [REFERRAL],
        },
        actor=cast["service"].actor,
    )
    told = of(task, api("cardiologist"))
    assert texts(told)[1:] == [
        f"Ines Cardoso → Carl Ostrow · specialty referral · “{NEW_SYMPTOMS}”"
    ]


def test_every_step_is_told(api, cast):
    task, nurse = pool_task(), cast["nurse"].actor
    claim(task["id"], actor=nurse)
    hold(task["id"], actor=nurse, reason="Waiting on patient", note="Left a message")
    resume(task["id"], actor=nurse)
    release(task["id"], actor=nurse)
    operations = [
        {"op": "add", "path": "/priority", "value": "stat"},
        {"op": "add", "path": "/businessStatus", "value": {"text": "Seen"}},
    ]
    api("admin").patch(f"Task/{task['id']}", operations)
    claim(task["id"], actor=nurse)
    complete(task["id"], actor=nurse, output=[{"type": {"text": "Note"}, "valueString": "done"}])
    told = of(task, api("nurse"))
    assert [event["kind"] for event in told] == [
        *("created", "claim", "hold", "resume", "release", "stage", "claim", "complete")
    ]
    assert texts(told)[2] == (
        "Maya Lindqvist put it on hold · waiting on patient · “Left a message”"
    )
    assert texts(told)[4].startswith("Maya Lindqvist gave it back to ")
    assert texts(told)[5] == (
        "Ada Moss moved it to the stage “Seen”; changed the priority from Routine to STAT"
    )
    assert texts(told)[7] == "Maya Lindqvist completed it; recorded a result"
    numbers = [int(event["version"]["reference"].rpartition("/")[2]) for event in told]
    assert numbers == list(range(1, 9))


def test_deleting_and_restoring_are_told(api, cast):
    task = owned_task(cast["nurse"])
    actions.delete("Task", task["id"], actor=SYSTEM)
    assert api("nurse").get(f"Task/{task['id']}/$timeline").status_code == 410
    put({name: value for name, value in task.items() if name != "meta"})
    told = of(task, api("nurse"))
    assert [event["kind"] for event in told] == ["created", "deleted", "restored"]


# --- successors -----------------------------------------------------------------------------------


@pytest.fixture
def handed_over(cast):
    task = owned_task(cast["nurse"], performerType=role(NURSE_ROLE))
    return moves.reroute(
        task["id"],
        to=ToPerson("Practitioner/carl"),
        reason=REFERRAL,
        note=NEW_SYMPTOMS,
        keep_view=True,
        actor=cast["nurse"].actor,
    )


def test_a_handover_and_its_successor_lead_to_each_other(api, cast, handed_over):
    old, new = handed_over.task.parsed(), handed_over.successor.parsed()
    [*_, last] = of(old, api("admin"))
    assert last["kind"] == "handover"
    assert last["text"].startswith("Maya Lindqvist → Carl Ostrow · specialty referral · “")
    assert NEW_SYMPTOMS in last["note"]
    assert last["source"] == {"reference": f"Task/{new['id']}"}
    [first] = of(new, api("admin"))
    assert first["source"] == {"reference": f"Task/{old['id']}"}
    assert "rerouted it here from another task · specialty referral" in first["text"]


def test_who_may_not_see_the_other_task_is_not_told_of_it(api, cast, handed_over):
    old, new = handed_over.task.parsed(), handed_over.successor.parsed()
    [*_, last] = of(old, api("nurse"))
    assert last["kind"] == "handover" and "to" not in last
    assert last["source"] != {"reference": f"Task/{new['id']}"}
    [first] = of(new, api("cardiologist"))
    assert first["kind"] == "created" and "another task" not in first["text"]
    assert first["source"] != {"reference": f"Task/{old['id']}"}


def test_a_successor_made_by_a_client_is_found_by_its_thread(api, cast):
    """As printed: a new Task for the same focus, and the old one cancelled with a note (S121)."""
    put({"resourceType": "Communication", "id": "header", "status": "in-progress"})
    thread = {"reference": "Communication/header"}
    old = owned_task(cast["nurse"], focus=thread)
    new = api("nurse").post(
        "Task",
        task_document(
            owner={"reference": "Practitioner/carl"},
            requester={"reference": "Practitioner/maya"},
            focus=thread,
            authoredOn=old["meta"]["lastUpdated"],
        ),
    )
    assert new.status_code == 201, new.content
    api("nurse").patch(
        f"Task/{old['id']}", [{"op": "replace", "path": "/status", "value": "cancelled"}]
    )
    [*_, last] = of(old, api("admin"))
    assert last["source"] == {"reference": f"Task/{new.json()['id']}"}
    [*_, first] = of(new.json(), api("admin"))
    assert first["source"] == {"reference": f"Task/{old['id']}"}


# --- messages -------------------------------------------------------------------------------------


@pytest.fixture
def asked(cast):
    """A Task of the nurse's about a patient's message."""
    put({"resourceType": "Patient", "id": "homer", "name": [{"text": "Homer Simpson"}]})
    put(
        {
            "resourceType": "Communication",
            "id": "talk",
            "status": "in-progress",
            "subject": {"reference": "Patient/homer"},
            "sender": {"reference": "Patient/homer"},
            "sent": "2026-11-01T08:00:00Z",
            "payload": [{"contentString": "My chest hurts"}],
        }
    )
    return owned_task(
        cast["nurse"],
        focus={"reference": "Communication/talk"},
        **{"for": {"reference": "Patient/homer"}},
    )


def test_a_reply_that_completes_is_one_event(api, cast, asked):
    reply(asked["id"], "Come in at once", actor=cast["nurse"].actor, seen="talk", complete=True)
    told = of(asked, api("nurse"))
    assert texts(told) == [
        "Homer Simpson wrote · “My chest hurts”",
        "Taskward created it",
        "Maya Lindqvist replied and completed it · “Come in at once”",
    ]
    assert told[0]["source"] == {"reference": "Communication/talk"}
    assert told[2]["source"]["reference"].startswith("Communication/")


def test_what_was_taken_back_is_not_quoted(api, cast, asked):
    message = {
        "resourceType": "Communication",
        "id": "wrong",
        "status": "entered-in-error",
        "partOf": [{"reference": "Communication/talk"}],
        "sender": {"reference": "Practitioner/maya"},
        "payload": [{"contentString": "For somebody else"}],
    }
    put(message)
    draft = message | {"id": "draft", "status": "preparation"}
    put(draft)
    told = of(asked, api("nurse"))
    assert "For somebody else" not in str(told)
    assert any("took it back" in text for text in texts(told))


def test_a_token_that_may_not_read_messages_is_told_of_none(cast, asked):
    token = issue(cast["nurse"].user, scope="user/Task.r")
    client = Client(headers={"Authorization": f"Bearer {token}"})
    told = events(client.get(f"/api/fhir/Task/{asked['id']}/$timeline"))
    assert [event["kind"] for event in told] == ["created"]


# --- what is not of here --------------------------------------------------------------------------


def test_the_past_of_an_imported_task_is_told_by_what_it_says(api, cast):
    start, end = "2026-03-01T08:00:00Z", "2026-03-01T10:00:00Z"
    author = {"reference": "Practitioner/ines"}
    task = owned_task(
        cast["nurse"],
        status="completed",
        requester=author,
        authoredOn="2026-03-01T07:00:00Z",
        executionPeriod={"start": start, "end": end},
        note=[{"authorReference": author, "time": start, "text": "Not mine"}],
    )
    create(
        {
            "resourceType": "Provenance",
            "target": [{"reference": f"Task/{task['id']}/_history/9"}],
            "recorded": start,
            "agent": [{"who": author}],
            "reason": [REFERRAL],
        }
    )
    told = of(task, api("nurse"))
    assert texts(told) == [
        "Ines Cardoso asked for it",
        "Maya Lindqvist took it up",
        "Ines Cardoso said why · specialty referral · “Not mine”",
        "Maya Lindqvist completed it",
        "Taskward created it",
    ]


def test_what_a_rule_did_is_told_as_the_rules(api, cast):
    task = pool_task()
    rule = Rule.objects.create(slug="urgent", name="Urgent messages", trigger="message")
    RuleRun.objects.create(
        rule=rule,
        event="Communication/x/_history/1",
        happened=store.now(),
        ran=store.now(),
        state="done",
        result="Made one task",
        wrote=[f"Task/{task['id']}/_history/1"],
    )
    [event] = of(task, api("nurse"))
    assert event["text"] == "Rule “Urgent messages” created it"
    assert event["rule"] == "Urgent messages"


def test_who_has_no_name_is_told_by_the_display(api, cast):
    task = owned_task(cast["nurse"])
    owner = {"reference": "Practitioner/elsewhere", "display": "Dr. Elsewhere"}
    api("admin").patch(f"Task/{task['id']}", [{"op": "replace", "path": "/owner", "value": owner}])
    assert texts(of(task, api("admin")))[-1] == "Ada Moss → Dr. Elsewhere"


def test_the_page_has_the_same_events(cast):
    task = pool_task()
    claim(task["id"], actor=cast["nurse"].actor)
    stored = store.read(resources.get("Task"), task["id"], actor=cast["nurse"].actor)
    newest, oldest = timeline(stored, actor=cast["nurse"].actor)
    assert (newest.kind, newest.version, newest.icon) == ("claim", 2, "hand")
    assert (oldest.kind, oldest.who) == ("created", "User/system")
