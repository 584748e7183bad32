"""Reply: answer the patient in the thread that a Task is about, and complete the Task with it."""

import pytest

from communications import actions as messages
from communications import categories
from communications.models import Communication, Snippet
from fhir import actions as resource_actions
from fhir.errors import BusinessRuleViolation, Forbidden, InvalidResource, VersionConflict
from tasks import actions
from tasks.models import Provenance
from tasks.replies import AnsweredMeanwhile, complete_without_reply, reply
from tasks.transitions import FINAL, BadTransition
from tests.agreement import assert_agrees, interactions
from tests.factories import NURSE_ROLE, create, owned_task, pool_task, put, role

HOMER, NURSE = {"reference": "Patient/homer"}, {"reference": "Practitioner/maya"}


def message(thread="thread", *, sender=HOMER, text="My chest feels tight.", **elements) -> dict:
    return {
        "resourceType": "Communication",
        "status": "completed",
        "partOf": [{"reference": f"Communication/{thread}"}],
        "subject": HOMER,
        "sender": sender,
        "sent": "2026-11-20T08:00:00Z",
        "payload": [{"contentString": text}],
    } | elements


@pytest.fixture
def thread(cast) -> dict:
    """The patient's question, in a thread."""
    put({"resourceType": "Patient", "id": "homer"})
    put(
        {
            "resourceType": "Communication",
            "id": "thread",
            "status": "in-progress",
            "subject": HOMER,
            "sender": HOMER,
            "recipient": [NURSE],
            "medium": [{"text": "Patient portal"}],
        }
    )
    return create(message())


@pytest.fixture
def task(cast, thread) -> str:
    return owned_task(
        cast["nurse"],
        performerType=role(NURSE_ROLE),
        focus={"reference": "Communication/thread"},
        **{"for": HOMER},
    )["id"]


def written() -> list[dict]:
    """What the thread holds, less the patient's question."""
    rows = Communication.objects.filter(thread="Communication/thread", deleted=False)
    return [each for row in rows.order_by("id") if (each := _parsed(row))["sender"] != HOMER]


def _parsed(row) -> dict:
    from fhir import json

    return json.loads_stored(row.document)


def header() -> Communication:
    return Communication.objects.get(resource_id="thread")


def test_an_answer_completes_the_task(cast, task, thread):
    replied = reply(
        task, " Sit down, please. ", seen=thread["id"], complete=True, actor=cast["nurse"].actor
    )
    sent, done = replied.message.parsed(), replied.task.parsed()
    assert sent["partOf"] == [{"reference": "Communication/thread"}]
    assert sent["inResponseTo"] == [{"reference": f"Communication/{thread['id']}"}]
    assert (sent["status"], sent["subject"], sent["recipient"]) == ("completed", HOMER, [HOMER])
    assert sent["sender"] == NURSE | {"display": "Maya Lindqvist"}
    assert sent["payload"] == [{"contentString": "Sit down, please."}]
    assert sent["medium"] == [{"text": "Patient portal"}]
    assert sent["sent"] <= sent["meta"]["lastUpdated"]
    assert done["status"] == "completed"
    [output] = done["output"]
    assert output["valueReference"] == {"reference": f"Communication/{sent['id']}"}
    assert output["type"]["coding"][0]["code"] == "response"
    assert done["executionPeriod"]["end"] == done["meta"]["lastUpdated"]
    assert interactions(task) == ["create", "complete"]
    assert_agrees(task)
    [why] = Provenance.objects.filter(targets=[f"Task/{task}"])
    assert '"code":"complete"' in why.document
    assert (header().finished, header().newest, header().newest_voice) == (
        True,
        sent["id"],
        "staff",
    )
    assert header().recipients == ["Practitioner/maya"]


def test_an_answer_that_leaves_the_task_open_waits_for_the_patient(cast, task, thread):
    replied = reply(task, "How is it now?", seen=thread["id"], actor=cast["nurse"].actor)
    assert replied.task.version_id == 1, "the Task stays as it is"
    assert (header().finished, header().newest_voice) == (False, "staff")
    # It is finished with the Task, and open again with the next question that we ask.
    put({**_parsed(header()), "status": "completed"})
    reply(task, "And today?", seen=replied.message.resource_id, actor=cast["nurse"].actor)
    assert not header().finished


def test_the_task_may_be_about_a_message_of_the_thread(cast, thread):
    focus = {"reference": f"Communication/{thread['id']}"}
    task = owned_task(cast["nurse"], focus=focus)["id"]
    put({**_parsed(header()), "recipient": []} | {"recipient": [{"reference": "Practitioner/x"}]})
    reply(task, "Yes", seen=thread["id"], complete=True, actor=cast["nurse"].actor)
    assert header().finished
    assert header().recipients == ["Practitioner/maya"], "the thread follows its Task (T21)"


def test_two_who_answer_at_once_do_not_both(cast, thread, unchanged):
    task = pool_task(focus={"reference": "Communication/thread"}, **{"for": HOMER})["id"]
    first, second = cast["nurse"].actor, cast["nurse2"].actor
    draft = messages.draft("Communication/thread", "I would rest.", actor=second)
    answer = reply(task, "Please rest.", seen=thread["id"], actor=first).message
    with unchanged(task), pytest.raises(AnsweredMeanwhile) as refusal:
        reply(task, "I would rest.", seen=thread["id"], complete=True, actor=second)
    assert refusal.value.message["id"] == answer.resource_id
    assert "Maya Lindqvist wrote in this thread" in str(refusal.value)
    assert f"Communication/{answer.resource_id}" in str(refusal.value)
    assert messages.draft_of("Communication/thread", second) == draft, "nothing she wrote is lost"
    # Once she has seen it, she may send hers all the same.
    done = reply(
        task, "I would rest.", seen=answer.resource_id, complete=True, actor=second
    ).task.parsed()
    assert done["status"] == "completed"
    assert messages.draft_of("Communication/thread", second) is None


@pytest.mark.parametrize("who", ["patient", "herself", "a colleague, internally"])
def test_whatever_came_since_has_to_be_seen(cast, task, thread, who, unchanged):
    named = {"patient": "The patient", "herself": "You", "a colleague, internally": "Ines Cardoso"}
    if who == "patient":
        create(message(text="It is worse", sent="2020-01-01T00:00:00Z"))
    elif who == "herself":
        reply(task, "Twice", seen=thread["id"], actor=cast["nurse"].actor)
    else:
        coding = {"system": categories.SYSTEM, "code": categories.INTERNAL_NOTE}
        create(
            message(
                sender={"reference": "Practitioner/ines"},
                category=[{"coding": [coding]}],
                meta={"security": [categories.NOT_FOR_PATIENTS]},
            )
        )
    with unchanged(task), pytest.raises(AnsweredMeanwhile, match=named[who]):
        reply(task, "Twice", seen=thread["id"], actor=cast["nurse"].actor)


def test_what_nobody_was_told_need_not_be_seen(cast, task, thread):
    doctor = {"reference": "Practitioner/ines"}
    create(message(sender=doctor, status="preparation", text="A draft"))
    wrong = create(message(sender=doctor, text="Of somebody else"))
    messages.retract(wrong["id"], actor=cast["admin"].actor)
    reply(task, "Rest", seen=thread["id"], actor=cast["nurse"].actor)


@pytest.mark.parametrize("name", ["nurse2", "physician", "cardiologist", "auditor"])
def test_others_do_not_answer(cast, task, thread, name, unchanged):
    with unchanged(task), pytest.raises(Forbidden):
        reply(task, "Rest", seen=thread["id"], complete=True, actor=cast[name].actor)
    assert written() == []


@pytest.mark.parametrize("status", sorted({"draft", "on-hold"} | FINAL - {"completed"}))
def test_what_is_not_being_done_is_not_completed(cast, thread, status, unchanged):
    focus = {"reference": "Communication/thread"}
    task = owned_task(cast["nurse"], status=status, focus=focus)["id"]
    with unchanged(task), pytest.raises(BadTransition):
        reply(task, "Rest", seen=thread["id"], complete=True, actor=cast["nurse"].actor)
    assert written() == []


def test_what_is_completed_is_not_completed_again(cast, task, thread, unchanged):
    actions.complete(task, actor=cast["nurse"].actor)
    with unchanged(task), pytest.raises(BadTransition, match="cannot be completed again"):
        reply(task, "Rest", seen=thread["id"], complete=True, actor=cast["nurse"].actor)


def test_a_stale_version_and_a_task_without_a_thread_are_refused(cast, task, thread, unchanged):
    with unchanged(task), pytest.raises(VersionConflict):
        reply(task, "Rest", seen=thread["id"], actor=cast["nurse"].actor, if_match=[7])
    bare = owned_task(cast["nurse"])["id"]
    with unchanged(bare), pytest.raises(BusinessRuleViolation, match="about no thread"):
        reply(bare, "Rest", actor=cast["nurse"].actor)


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_answer_is_none(cast, task, thread, text, unchanged):
    with unchanged(task), pytest.raises(BusinessRuleViolation, match="Write something"):
        reply(task, text, seen=thread["id"], complete=True, actor=cast["nurse"].actor)


def test_the_fields_of_a_snippet_must_be_filled(cast, task, thread, unchanged):
    Snippet.objects.create(name="Pills", text="Take [number] of [pills], [number] times.")
    text = "Take 2 of [pills] [as you like], [number] times. [pills]"
    with unchanged(task), pytest.raises(InvalidResource) as refusal:
        reply(task, text, seen=thread["id"], complete=True, actor=cast["nurse"].actor)
    assert "Fill in [pills], [number] before" in str(refusal.value)


def test_a_failure_leaves_nothing(cast, task, thread, failing):
    messages.draft("Communication/thread", "Rest", actor=cast["nurse"].actor)
    before = written()
    with failing(task):
        reply(task, "Rest", seen=thread["id"], complete=True, actor=cast["nurse"].actor)
    assert written() == before


# --- without an answer ----------------------------------------------------------------------------

BY_PHONE = {"text": "Answered by phone"}


def test_a_message_that_needs_no_answer_says_why(cast, task):
    done = complete_without_reply(
        task, reason=BY_PHONE, note="She called at ten.", actor=cast["nurse"].actor
    ).parsed()
    assert (done["status"], done["statusReason"], "output" in done) == (
        "completed",
        BY_PHONE,
        False,
    )
    assert done["note"][0]["text"] == "She called at ten."
    assert header().finished and written() == []
    [why] = Provenance.objects.filter(targets=[f"Task/{task}"])
    assert "Answered by phone" in why.document
    assert_agrees(task)


@pytest.mark.parametrize("name", ["nurse2", "physician", "auditor"])
def test_others_do_not_end_it_without_an_answer(cast, task, name, unchanged):
    with unchanged(task), pytest.raises(Forbidden):
        complete_without_reply(task, reason=BY_PHONE, actor=cast[name].actor)


def test_what_waits_is_not_ended_without_an_answer(cast, task, unchanged):
    actions.hold(task, reason="Waits", actor=cast["nurse"].actor)
    with unchanged(task), pytest.raises(BadTransition):
        complete_without_reply(task, reason=BY_PHONE, actor=cast["nurse"].actor)


def test_a_failure_to_end_it_leaves_nothing(cast, task, failing):
    with failing(task):
        complete_without_reply(task, reason=BY_PHONE, actor=cast["nurse"].actor)
    assert not header().finished


# --- by the API -----------------------------------------------------------------------------------


def parameters(**given) -> dict:
    kinds = {str: "valueString", bool: "valueBoolean"}
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": name, kinds[type(value)]: value} for name, value in given.items()],
    }


def test_the_operation_answers_with_the_message_and_the_task(cast, task, thread, api):
    body = parameters(text="Please rest.", complete=True, seen=thread["id"])
    answer = api("nurse").post(f"Task/{task}/$reply", body)
    assert answer.status_code == 200, answer.content
    said = {each["name"]: each["resource"] for each in answer.json()["parameter"]}
    assert said["task"]["status"] == "completed"
    output = said["task"]["output"][0]["valueReference"]["reference"]
    assert output == f"Communication/{said['message']['id']}"
    assert answer["ETag"] == 'W/"2"'


def test_the_operation_names_the_message_that_came_first(cast, task, thread, api):
    newer = create(message(text="It is worse"))
    answer = api("nurse").post(f"Task/{task}/$reply", parameters(text="Rest", seen=thread["id"]))
    assert answer.status_code == 409
    [issue] = answer.json()["issue"]
    assert issue["code"] == "conflict"
    assert f"Communication/{newer['id']}" in issue["diagnostics"]
    assert "worse" not in answer.content.decode()


def test_the_operation_takes_what_is_declared(cast, task, api):
    for body in (parameters(), parameters(text="x", unheard="x"), parameters(text=True)):
        answer = api("nurse").post(f"Task/{task}/$reply", body)
        assert answer.status_code == 422, answer.content
    stale = api("nurse").post(f"Task/{task}/$reply", parameters(text="x"), If_Match='W/"9"')
    assert stale.status_code == 412


def test_a_message_that_is_gone_is_no_thread(cast, task, thread):
    for each in (thread["id"], "thread"):
        resource_actions.delete("Communication", each, actor=cast["admin"].actor)
    with pytest.raises(BusinessRuleViolation, match="about no thread"):
        reply(task, "Rest", actor=cast["nurse"].actor)
