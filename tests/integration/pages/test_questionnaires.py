"""Answering a questionnaire where its task is, and reading what was answered."""

import re
from decimal import Decimal

import pytest

from fhir import store
from fhir.errors import Forbidden
from fhir.validation import check_document
from tasks import actions, answering, responses
from tasks.questionnaires import Form
from tests import factories
from tests.factories import SYSTEM, owned_task, pool_task, put
from tests.faults import statements
from tests.integration.pages.test_pages import htmx, text

ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
OPTIONS = [
    {"valueCoding": {"system": "urn:x", "code": code, "display": display,
                     "extension": [{"url": ORDINAL, "valueDecimal": weight}]}}
    for weight, (code, display) in enumerate((("no", "Not at all"), ("some", "Several days"), ("all", "Every day")))
]  # fmt: skip
ITEMS = [
    {"linkId": "intro", "type": "display", "text": "About the last two weeks."},
    {"linkId": "low", "type": "choice", "text": "Feeling down", "required": True, "answerOption": OPTIONS},
    {"linkId": "tired", "type": "choice", "text": "Feeling tired", "answerOption": OPTIONS},
    {"linkId": "help", "type": "boolean", "text": "Do you want help?"},
    {"linkId": "which", "type": "string", "text": "Which help?", "required": True, "maxLength": 20,
     "enableWhen": [{"question": "help", "operator": "=", "answerBoolean": True}]},
    {"linkId": "house", "type": "group", "text": "At home", "item": [
        {"linkId": "people", "type": "integer", "text": "How many people?"},
        {"linkId": "height", "type": "quantity", "text": "Height", "extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/questionnaire-unit",
             "valueCoding": {"system": "http://unitsofmeasure.org", "code": "cm", "display": "cm"}}]},
        {"linkId": "since", "type": "date", "text": "Since when?"},
    ]},
    {"linkId": "medicines", "type": "group", "text": "Medicine", "repeats": True, "item": [
        {"linkId": "name", "type": "string", "text": "Name", "required": True},
        {"linkId": "dose", "type": "decimal", "text": "Dose"},
    ]},
    {"linkId": "photo", "type": "attachment", "text": "A photograph"},
]  # fmt: skip


def questionnaire(items=ITEMS, **elements) -> dict:
    return put(
        {
            "resourceType": "Questionnaire",
            "id": "mood",
            "url": "http://northgate.example/Questionnaire/mood",
            "version": "2",
            "title": "Mood screening",
            "status": "active",
            "item": items,
            **elements,
        }
    )


def hers(people, **elements) -> dict:
    questionnaire()
    return owned_task(
        people["nurse"],
        focus={"reference": "Questionnaire/mood"},
        **{"for": {"reference": "Patient/okonkwo"}},
        encounter={"reference": "Encounter/e"},
        basedOn=[{"reference": "CarePlan/c"}, {"reference": "Communication/m"}],
        **elements,
    )


def started(people) -> dict:
    task = hers(people)
    return actions.start(task["id"], actor=people["nurse"].actor).parsed()


def sent(task: dict, **fields) -> dict:
    version = task["meta"]["versionId"]
    return {"version": version, "list": "my", "seen": "0", "do": "save"} | fields


def url(task: dict) -> str:
    return f"/worklist/t/{task['id']}"


def response_of(task: dict) -> dict:
    stored = store.read(factories.actions.resources.get("Task"), task["id"], actor=SYSTEM).parsed()
    return responses.response_of(stored, questionnaire_document()).parsed()


def questionnaire_document() -> dict:
    kind = factories.actions.resources.get("Questionnaire")
    return store.read(kind, "mood", actor=SYSTEM).parsed()


def items(task: dict) -> dict:
    """linkId → what was answered first, of what is not in a group."""
    return {
        each["linkId"]: next(iter(each["answer"][0].values()))
        for each in response_of(task)["item"]
        if "answer" in each
    }


# --- saving ---------------------------------------------------------------------------------------


def test_a_draft_is_saved_without_scripts_and_is_what_the_api_has(cast, page, api):
    task = hers(cast)
    answer = page("nurse").post(
        f"{url(task)}/answers", sent(task, q1="1", **{"q5-0": "3", "q5-1": "171.5", "q6_0-0": "Metformin", "q6_0-1": "500", "q6-copies": "1"})
    )  # fmt: skip
    assert answer.status_code == 303
    assert answer["Location"] == f"{url(task)}?list=my"
    known = api("nurse").get(f"Task/{task['id']}").json()
    assert known["status"] == "requested" and len(known["output"]) == 1
    reference = known["output"][0]["valueReference"]["reference"]
    found = api("nurse").get(reference).json()
    check_document(found, "QuestionnaireResponse")
    assert found["status"] == "in-progress"
    assert found["questionnaire"] == "http://northgate.example/Questionnaire/mood|2"
    assert found["subject"] == {"reference": "Patient/okonkwo"}
    assert found["author"]["reference"] == cast["nurse"].reference
    assert found["basedOn"] == [{"reference": "CarePlan/c"}]
    assert found["encounter"] == {"reference": "Encounter/e"}
    assert [each["linkId"] for each in found["item"]] == ["low", "house", "medicines"]
    assert found["item"][1]["item"][1]["answer"] == [
        {"valueQuantity": {"value": 171.5, "unit": "cm", "system": "http://unitsofmeasure.org", "code": "cm"}}
    ]  # fmt: skip
    told = api("admin").get(f"Provenance?target=Task/{task['id']}").json()["entry"]
    assert "answer" in [
        each["resource"]["activity"]["coding"][0]["code"] for each in told if "resource" in each
    ]
    shown = page("nurse").get(url(task)).content.decode()
    assert 'value="Metformin"' in shown and 'value="171.5"' in shown and "Draft saved" in shown
    assert re.search(r'name="q1" value="1" checked', shown)


def test_the_answers_complete_the_task(cast, page, api):
    task = started(cast)
    client = page("nurse")
    answer = htmx(client, "post", f"{url(task)}/answers", sent(task, q1="2", do="complete"))
    assert answer.status_code == 200
    assert "Answers saved and task completed" in text(answer)
    known = api("nurse").get(f"Task/{task['id']}").json()
    assert known["status"] == "completed"
    assert response_of(task)["status"] == "completed"
    shown = text(client.get(url(task)))
    assert "Total score, Mood screening 2 of 4" in shown
    assert "Only 1 of 2 scored questions are answered." in shown
    assert "Feeling tired Not answered" in shown


def test_a_saved_draft_is_changed_and_completed(cast, page):
    task = started(cast)
    client = page("nurse")
    client.post(f"{url(task)}/answers", sent(task, q1="1", q2="1"))
    seen = response_of(task)["meta"]["versionId"]
    now = factories.actions.resources.get("Task")
    version = store.read(now, task["id"], actor=SYSTEM).version_id
    client.post(
        f"{url(task)}/answers", sent(task, seen=seen, version=version, q1="2", do="complete")
    )
    assert list(items(task)) == ["low"]
    assert response_of(task)["meta"]["versionId"] == "2"
    assert len(store.read(now, task["id"], actor=SYSTEM).parsed()["output"]) == 1


@pytest.mark.parametrize("scripts", [True, False])
def test_what_is_wrong_is_said_beside_the_question_and_nothing_is_saved(cast, page, scripts):
    task = started(cast)
    fields = sent(
        task,
        q3="yes",
        q4="x" * 21,
        do="complete",
        **{"q5-0": "many", "q5-1": "1,5", "q5-2": "soon"},
    )
    client = page("nurse")
    answer = (
        htmx(client, "post", f"{url(task)}/answers", fields)
        if scripts
        else client.post(f"{url(task)}/answers", fields)
    )
    assert answer.status_code == 422
    body = answer.content.decode()
    for name, said in (
        ("q1", "Answer this question."),
        ("q4", "This may have 20 characters at most; it has 21."),
        ("q5-0", "Write a whole number."),
        ("q5-1", "Write the number with a point and without commas: 0.5."),
        ("q5-2", "Write a date, for example 2026-11-21."),
    ):
        assert f'href="#field-{name}"' in body
        assert re.search(rf'id="error-{name}">{re.escape(said)}', body)
    assert 'value="many"' in body and 'value="1,5"' in body
    assert 'role="alert" tabindex="-1" data-focus' in body
    assert (
        "output"
        not in store.read(
            factories.actions.resources.get("Task"), task["id"], actor=SYSTEM
        ).parsed()
    )


def test_what_is_needed_is_asked_for_only_to_complete(cast, page):
    task = started(cast)
    assert page("nurse").post(f"{url(task)}/answers", sent(task)).status_code == 303
    assert "item" not in response_of(task)


def test_what_is_not_asked_is_not_kept(cast, page):
    task = started(cast)
    page("nurse").post(f"{url(task)}/answers", sent(task, q3="no", q4="Canary"))
    assert items(task) == {"help": False}


def test_what_else_is_asked_comes_and_goes_with_an_answer(cast, page):
    task = started(cast)
    client = page("nurse")
    shown = client.get(url(task)).content.decode()
    assert '<div id="when-q4">' in shown and 'name="q4"' not in shown
    assert f'hx-post="{url(task)}/answers/asked"' in shown
    body = htmx(client, "post", f"{url(task)}/answers/asked", sent(task, q3="yes")).content.decode()
    assert re.search(r'id="when-q4" hx-swap-oob="true"', body) and 'name="q4"' in body
    again = sent(task, q3="yes", asked="q4")
    assert (
        "when-q4" not in htmx(client, "post", f"{url(task)}/answers/asked", again).content.decode()
    )
    gone = htmx(client, "post", f"{url(task)}/answers/asked", sent(task, q3="no", asked="q4"))
    assert "when-q4" in gone.content.decode() and 'name="q4"' not in gone.content.decode()
    assert client.post(f"{url(task)}/answers/asked", sent(task)).status_code == 303


# --- who, and in what order -----------------------------------------------------------------------


def test_answers_of_somebody_else_are_not_overwritten(cast, page):
    task = started(cast)
    client = page("nurse")
    client.post(f"{url(task)}/answers", sent(task, q1="1"))
    put({
        **{name: value for name, value in response_of(task).items() if name != "item"},
        "author": {"display": "Priya Nair"},
    })  # fmt: skip
    answer = htmx(client, "post", f"{url(task)}/answers", sent(task, q1="2", seen="1"))
    assert answer.status_code == 409
    assert "Priya Nair saved other answers at" in text(answer)
    assert "Feeling down – Every day" in text(answer)
    body = answer.content.decode()
    assert re.search(r'name="q1" value="2" checked', body) and 'name="seen" value="2"' in body
    assert response_of(task)["author"] == {"display": "Priya Nair"}
    assert client.post(f"{url(task)}/answers", sent(task, q1="2", seen="2")).status_code == 303


def test_a_stale_page_completes_nothing_and_loses_nothing(cast, page):
    task = started(cast)
    actions.add_note(task["id"], "Her daughter helps.", actor=cast["nurse"].actor)
    answer = htmx(page("nurse"), "post", f"{url(task)}/answers", sent(task, q1="1", do="complete"))
    assert answer.status_code == 412
    assert "You changed this task at" in text(answer)
    assert re.search(r'name="q1" value="1" checked', answer.content.decode())


LEFT = "Completing opens once the questions are answered: 1 required is left."


def begun(people, page, **fields) -> dict:
    """A task under way whose questionnaire has answers that are kept."""
    task = started(people)
    page("nurse").post(f"{url(task)}/answers", sent(task, **fields))
    return store.read(factories.actions.resources.get("Task"), task["id"], actor=SYSTEM).parsed()


def test_what_is_half_answered_cannot_be_completed(cast, page, api):
    task = begun(cast, page, q2="1")
    shown = page("nurse").get(url(task)).content.decode()
    assert f'<a class="link" href="#field-q1">{LEFT}</a>' in shown
    assert 'name="do" value="complete"' in shown  # with what is about to be typed
    pressed = page("nurse").post(f"{url(task)}/complete", {"list": "my"})
    assert pressed.status_code == 422 and LEFT in text(pressed)
    final = {"op": "replace", "path": "/status", "value": "completed"}
    for answer in (
        api("nurse").post(f"Task/{task['id']}/$complete"),
        api("nurse").patch(f"Task/{task['id']}", [final]),
        api("admin").put(f"Task/{task['id']}", task | {"status": "completed"}),
    ):
        assert answer.status_code == 422
        assert answer.json()["issue"][0]["diagnostics"] == LEFT
    assert response_of(task)["status"] == "in-progress"


def test_what_else_was_asked_counts_too(cast, page, api):
    put({
        "resourceType": "Questionnaire", "id": "falls", "status": "active",
        "item": [{"linkId": str(n), "type": "boolean", "required": True} for n in range(2)],
    })  # fmt: skip
    put({
        "resourceType": "QuestionnaireResponse", "id": "falls", "status": "in-progress",
        "questionnaire": "Questionnaire/falls",
    })  # fmt: skip
    kind = {"text": "Questionnaire"}
    task = owned_task(
        cast["nurse"],
        status="in-progress",
        input=[{"type": kind, "valueReference": {"reference": "Questionnaire/falls"}}],
        output=[{"type": kind, "valueReference": {"reference": "QuestionnaireResponse/falls"}}],
    )
    answer = api("nurse").post(f"Task/{task['id']}/$complete")
    assert answer.status_code == 422 and "2 required are left" in answer.content.decode()


@pytest.mark.parametrize("patched", [True, False])
def test_whole_answers_become_final_with_the_task(cast, page, api, patched):
    task = begun(cast, page, q1="1")
    if patched:
        final = {"op": "replace", "path": "/status", "value": "completed"}
        assert api("admin").patch(f"Task/{task['id']}", [final]).status_code == 200
    else:
        assert page("nurse").post(f"{url(task)}/complete", {"list": "my"}).status_code == 303
    made = response_of(task)
    by = cast["admin" if patched else "nurse"].user
    assert (made["status"], made["author"]["display"]) == ("completed", by.get_full_name())
    assert made["item"][0]["linkId"] == "low"


def test_answers_that_were_not_begun_keep_nothing_open(cast, page):
    task = started(cast)
    assert page("nurse").post(f"{url(task)}/complete", {"list": "my"}).status_code == 303


def test_it_is_completed_only_when_the_task_can_be(cast, page):
    task = started(cast)
    held = actions.hold(task["id"], actor=cast["nurse"].actor, reason="Asleep").parsed()
    shown = page("nurse").get(url(task)).content.decode()
    assert "Resume it first: it is on hold." in shown
    assert 'aria-describedby="why-answers-open">Save and complete' in shown
    answer = page("nurse").post(f"{url(task)}/answers", sent(held, q1="1", do="complete"))
    assert answer.status_code == 422
    assert re.search(r'name="q1" value="1" checked', answer.content.decode())


def test_only_who_has_the_task_answers_it(cast, page):
    questionnaire()
    task = pool_task(focus={"reference": "Questionnaire/mood"})
    shown = page("nurse").get(url(task))
    assert "To answer it here: Claim this task first." in text(shown)
    assert 'name="q1"' not in shown.content.decode()
    assert page("nurse").post(f"{url(task)}/answers", sent(task, q1="1")).status_code == 422
    assert page("cardiologist").post(f"{url(task)}/answers", sent(task)).status_code == 403
    with pytest.raises(Forbidden):
        form = Form.of(questionnaire_document(), {}, None)
        answering.save(task["id"], form, actor=cast["auditor"].actor)


def test_final_answers_are_read_and_not_changed(cast, page):
    task = started(cast)
    client = page("nurse")
    client.post(f"{url(task)}/answers", sent(task, q1="1"))
    put(response_of(task) | {"status": "completed"})
    shown = client.get(url(task))
    assert 'name="q1"' not in shown.content.decode()
    assert "Feeling down Several days 1" in text(shown)
    assert client.post(f"{url(task)}/answers", sent(task, q1="2", seen="2")).status_code == 422


def test_another_button_keeps_what_is_typed(cast, page):
    task = started(cast)
    shown = page("nurse").get(url(task)).content.decode()
    assert re.search(rf'id="asked-{task["id"]}" class="questions"[^>]* hx-preserve="true"', shown)
    refused = htmx(page("nurse"), "post", f"{url(task)}/answers", sent(task, **{"q5-0": "many"}))
    assert re.search(
        rf'id="asked-{task["id"]}" class="questions"[^>]* data-typed>', refused.content.decode()
    )


def test_queries_do_not_grow_with_questions(cast, page):
    def asked(count: int) -> int:
        each = {"type": "choice", "answerValueSet": "urn:nowhere", "required": False}
        questionnaire([each | {"linkId": str(n), "text": f"Question {n}"} for n in range(count)])
        here = url(owned_task(cast["nurse"], focus={"reference": "Questionnaire/mood"}))
        client = page("nurse")
        client.get(here)
        with statements() as told:
            client.get(here)
        return told.sent

    assert asked(3) == asked(30)


# --- the form -------------------------------------------------------------------------------------


def form(*questions: dict, response=None, value_sets=None, **elements) -> Form:
    document = {"id": "f", "item": list(questions), **elements}
    return Form.of(document, value_sets or {}, response)


def posted(*questions: dict, response=None, **fields) -> Form:
    from django.http import QueryDict

    sent = QueryDict(mutable=True)
    for name, value in fields.items():
        sent.setlist(name, value if isinstance(value, list) else [value])
    return Form.posted({"id": "f", "item": list(questions)}, {}, response, sent)


@pytest.mark.parametrize(
    ("question", "typed", "answer"),
    [
        ({"type": "boolean"}, "yes", {"valueBoolean": True}),
        ({"type": "decimal"}, "0.50", {"valueDecimal": Decimal("0.50")}),
        ({"type": "integer"}, "-3", {"valueInteger": -3}),
        ({"type": "date"}, "2019-05", {"valueDate": "2019-05"}),
        ({"type": "dateTime"}, "2026-03-01T09:30", {"valueDateTime": "2026-03-01T09:30:00-06:00"}),
        ({"type": "time"}, "09:30", {"valueTime": "09:30:00"}),
        ({"type": "string"}, "Left", {"valueString": "Left"}),
        ({"type": "text"}, "Two\nlines", {"valueString": "Two\nlines"}),
        ({"type": "url"}, "https://a.example/x", {"valueUri": "https://a.example/x"}),
        ({"type": "reference"}, "Dr. Nair", {"valueReference": {"display": "Dr. Nair"}}),
        ({"type": "quantity"}, "70", {"valueQuantity": {"value": Decimal(70)}}),
        ({"type": "choice", "answerOption": [{"valueInteger": 7}]}, "0", {"valueInteger": 7}),
    ],
)  # fmt: skip
def test_every_type_is_understood_and_shown_again(settings, question, typed, answer):
    settings.TIME_ZONE = "America/Chicago"
    item = {"linkId": "a", "text": "?"} | question
    read = posted(item, q0=typed)
    assert read.check(complete=True) == []
    assert read.items() == [{"linkId": "a", "text": "?", "answer": [answer]}]
    check_document(
        {"resourceType": "QuestionnaireResponse", "status": "completed", "item": read.items()}
    )
    again = Form.of({"id": "f", "item": [item]}, {}, {"item": read.items()})
    assert again.fields[0].values == [typed]


@pytest.mark.parametrize(
    ("question", "typed"),
    [
        ({"type": "integer"}, "2.5"),
        ({"type": "integer"}, "99999999999"),
        ({"type": "decimal"}, "NaN"),
        ({"type": "decimal"}, "1e9999999"),
        ({"type": "date"}, "2026-02-30"),
        ({"type": "date"}, "2026-02-03T10:00"),
        ({"type": "dateTime"}, "noon"),
        ({"type": "time"}, "25:00"),
        ({"type": "url"}, "javascript:alert(1)"),
        ({"type": "string", "maxLength": 3}, "long"),
        ({"type": "integer", "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/maxValue", "valueInteger": 10}]}, "11"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused(question, typed):
    read = posted({"linkId": "a", **question}, q0=typed)
    assert len(read.check(complete=False)) == 1 and read.fields[0].errors
    assert read.items() == []


def test_open_choices_repeats_and_what_a_page_cannot_answer():
    choice = {
        "linkId": "a",
        "type": "open-choice",
        "repeats": True,
        "answerOption": [{"valueString": "x"}, {"valueString": "y"}],
    }
    read = posted(choice, q0=["0", "1"], **{"q0-other": "z"})
    assert [each["valueString"] for each in read.items()[0]["answer"]] == ["x", "y", "z"]
    several = posted({"linkId": "a", "type": "string", "repeats": True}, q0=["one", " ", "two"])
    assert [each["valueString"] for each in several.items()[0]["answer"]] == ["one", "two"]
    assert several.fields[0].lines == ["one", "two", ""]
    file = {"linkId": "a", "type": "attachment", "required": True}
    assert posted(file).check(complete=True)[0].errors == [
        "This needs an answer that cannot be given here."
    ]
    kept = {"item": [{"linkId": "a", "answer": [{"valueAttachment": {"title": "scan.pdf"}}]}]}
    assert posted(file, response=kept).items() == kept["item"]


def test_an_answer_that_is_none_of_the_choices_is_kept_until_another_is_given():
    choice = {"linkId": "a", "type": "choice", "answerOption": [{"valueString": "x"}]}
    told = {"valueCoding": {"system": "urn:y", "code": "other", "display": "Other"}}
    stored = {"item": [{"linkId": "a", "answer": [told]}]}
    assert form(choice, response=stored).fields[0].fixed_text == "Other"
    assert posted(choice, response=stored).items() == stored["item"]
    assert posted(choice, response=stored, q0="0").items()[0]["answer"] == [{"valueString": "x"}]


def test_choices_come_from_value_sets():
    inside = {
        "resourceType": "ValueSet",
        "id": "v",
        "compose": {"include": [{"system": "urn:x", "concept": [{"code": "a", "display": "A"}]}]},
    }
    one = form({"linkId": "a", "type": "choice", "answerValueSet": "#v"}, contained=[inside])
    assert [each.label for each in one.fields[0].options] == ["A"]
    kept = {"urn:v": {"expansion": {"contains": [{"system": "urn:x", "code": "b"}]}}}
    other = form({"linkId": "a", "type": "choice", "answerValueSet": "urn:v|1"}, value_sets=kept)
    assert [each.label for each in other.fields[0].options] == ["b"]
    nowhere = form({"linkId": "a", "type": "choice", "answerValueSet": "urn:w"})
    assert nowhere.fields[0].control == "fixed"


def test_a_kept_value_set_is_found_by_its_address(cast, page):
    put({"resourceType": "ValueSet", "id": "v", "url": "urn:test:choices", "status": "active",
         "compose": {"include": [{"system": "urn:x", "concept": [{"code": "a", "display": "Azure"}]}]}})  # fmt: skip
    questionnaire(
        [{"linkId": "a", "type": "choice", "text": "Colour", "answerValueSet": "urn:test:choices"}]
    )
    task = owned_task(cast["nurse"], focus={"reference": "Questionnaire/mood"})
    assert "Azure" in text(page("nurse").get(url(task)))


def test_a_form_begins_with_its_initial_values():
    begun = form(
        {"linkId": "a", "type": "string", "initial": [{"valueString": "none"}]},
        {"linkId": "b", "type": "choice", "answerOption": [{"valueString": "x"}, {"valueString": "y", "initialSelected": True}]},
    )  # fmt: skip
    assert [each.values for each in begun.fields] == [["none"], ["1"]]


CONDITION = {"question": "n", "answerInteger": 5}


@pytest.mark.parametrize(
    ("operator", "shown_for"),
    [("=", "5"), ("!=", "46"), (">", "6"), ("<", "4"), (">=", "56"), ("<=", "45")],
)
def test_what_is_asked_depends_on_answers(operator, shown_for):
    asked = {"linkId": "b", "type": "string", "enableWhen": [CONDITION | {"operator": operator}]}
    number = {"linkId": "n", "type": "integer"}
    shown = "".join(each for each in "456" if posted(number, asked, q0=each).fields[1].shown)
    assert shown == shown_for


def test_conditions_are_joined_and_end_in_loops_of_their_own():
    number, flag = {"linkId": "n", "type": "integer"}, {"linkId": "f", "type": "boolean"}
    two = [
        CONDITION | {"operator": "="},
        {"question": "f", "operator": "exists", "answerBoolean": True},
    ]
    for behavior, wanted in (("any", True), ("all", False)):
        asked = {"linkId": "b", "type": "string", "enableWhen": two, "enableBehavior": behavior}
        assert posted(number, flag, asked, q0="5").fields[2].shown is wanted
    loop = [
        {"linkId": a, "type": "string", "enableWhen": [{"question": b, "operator": "exists", "answerBoolean": True}]}
        for a, b in (("a", "b"), ("b", "a"))
    ]  # fmt: skip
    assert [each.shown for each in posted(*loop, q0="x").fields] == [False, True]


def test_a_copy_of_a_group_asks_within_itself():
    group = {"linkId": "g", "type": "group", "text": "Child", "repeats": True, "item": [
        {"linkId": "school", "type": "boolean"},
        {"linkId": "where", "type": "string", "required": True,
         "enableWhen": [{"question": "school", "operator": "=", "answerBoolean": True}]},
    ]}  # fmt: skip
    read = posted(group, **{"q0-copies": "3", "q0_0-0": "yes", "q0_0-1": "Elm", "q0_1-0": "no"})
    assert [each.fields[1].shown for each in read.fields] == [True, False, False]
    assert read.check(complete=True) == []
    assert len(read.items()) == 2


def test_nested_questions_hang_on_their_answer():
    question = {"linkId": "a", "type": "boolean", "item": [{"linkId": "b", "type": "string"}]}
    read = posted(question, **{"q0": "yes", "q0-0": "more"})
    assert read.items() == [{"linkId": "a", "answer": [
        {"valueBoolean": True, "item": [{"linkId": "b", "answer": [{"valueString": "more"}]}]}]}]  # fmt: skip
    alone = posted(question, **{"q0-0": "more"})
    assert alone.check(complete=False)[0].errors == [
        "Answer this too: what is below belongs to it."
    ]


# --- answers that came from elsewhere -------------------------------------------------------------


def test_answers_are_shown_with_their_questions_and_score(cast, page):
    questionnaire()
    put({"resourceType": "QuestionnaireResponse", "id": "r", "status": "completed",
         "questionnaire": "http://northgate.example/Questionnaire/mood",
         "author": {"display": "Amara Okonkwo"},
         "item": [{"linkId": "low", "answer": [{"valueCoding": {"system": "urn:x", "code": "all"}}]},
                  {"linkId": "tired", "answer": [{"valueCoding": {"system": "urn:x", "code": "some"}}]}]})  # fmt: skip
    pointing = [{"type": {"text": "Form"}, "valueReference": {"reference": "Questionnaire/mood"}}]
    task = owned_task(cast["nurse"], focus={"reference": "QuestionnaireResponse/r"}, input=pointing)
    shown = text(page("nurse").get(url(task)))
    assert "Total score, Mood screening 3 of 4" in shown
    assert "Feeling down" in shown and "Do you want help? Not answered" in shown
    assert "Which help?" not in shown and "Answered by Amara Okonkwo" in shown


def test_answers_without_their_questionnaire_tell_what_they_know(cast, page):
    put({"resourceType": "QuestionnaireResponse", "id": "r", "status": "in-progress",
         "item": [{"linkId": "1", "text": "Pain", "answer": [{"valueInteger": 7}]},
                  {"linkId": "2", "text": "Where"}]})  # fmt: skip
    task = owned_task(cast["nurse"], focus={"reference": "QuestionnaireResponse/r"})
    shown = text(page("nurse").get(url(task)))
    assert "Pain 7" in shown and "Where Not answered" in shown and "Total score" not in shown
