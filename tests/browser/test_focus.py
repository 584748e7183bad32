"""Work that is done on the record that a task is about: a lab review, and a questionnaire."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tasks.demo.pictures import card
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.patience import holds
from tests.browser.test_accessibility import assert_accessible
from tests.factories import owned_task, put

NOW = datetime.now(UTC)
LOINC = "http://loinc.org"
FLAGS = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


def observation(identifier, code, name, value, unit, limits, flag="", days=0) -> dict:
    document = {
        "resourceType": "Observation",
        "id": identifier,
        "status": "final",
        "code": {"text": name, "coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": "Patient/okonkwo"},
        "effectiveDateTime": (NOW - timedelta(days=days, hours=2)).isoformat(timespec="seconds"),
        "valueQuantity": {"value": value, "unit": unit},
        "referenceRange": [{end: {"value": number} for end, number in limits.items()}],
    }
    if flag:
        document["interpretation"] = [{"coding": [{"system": FLAGS, "code": flag}]}]
    return put(document)


def lab_review(people) -> dict:
    """A potassium that is critically high, with how it was in the last year."""
    panel = (
        ("na", "2951-2", "Sodium", "mmol/L", {"low": 136, "high": 145}, "", (138, 139, 137, 140, 138)),
        ("k", "2823-3", "Potassium", "mmol/L", {"low": 3.5, "high": 5.1}, "HH", (6.1, 4.8, 4.6, 4.5, 4.3)),
        ("crea", "2160-0", "Creatinine", "mg/dL", {"low": 0.6, "high": 1.1}, "H", (1.9, 1.4, 1.3, 1.2, 1.1)),
        ("egfr", "98979-8", "eGFR", "mL/min", {"low": 60}, "L", (34, 49, 52, 55, 58)),
    )  # fmt: skip
    shown = []
    for key, code, name, unit, limits, flag, values in panel:
        for number, value in enumerate(values):
            told = flag if number == 0 else ""
            identifier = f"{key}-{number}" if number else key
            observation(identifier, code, name, value, unit, limits, told, days=number * 80)
            shown.append(identifier)
    put(
        {
            "resourceType": "DiagnosticReport",
            "id": "panel",
            "status": "final",
            "code": {"text": "Basic metabolic panel"},
            "subject": {"reference": "Patient/okonkwo"},
            "effectiveDateTime": (NOW - timedelta(hours=2)).isoformat(timespec="seconds"),
            "result": [{"reference": f"Observation/{key}"} for key, *_rest in panel],
            "conclusion": "Sample slightly hemolysed, index 1+.",
        }
    )
    return owned_task(
        people["physician"],
        status="in-progress",
        priority="stat",
        code={"text": "Review lab report"},
        description="Potassium 6.1 mmol/L on today's metabolic panel",
        focus={"reference": "DiagnosticReport/panel"},
        input=[
            {"type": {"text": "Result"}, "valueReference": {"reference": f"Observation/{each}"}}
            for each in shown
        ],
        **{"for": {"reference": "Patient/okonkwo"}},
    )


OPTIONS = [
    {
        "valueCoding": {
            "system": LOINC,
            "code": code,
            "display": display,
            "extension": [
                {"url": "http://hl7.org/fhir/StructureDefinition/ordinalValue", "valueDecimal": weight}
            ],
        }
    }
    for weight, (code, display) in enumerate(
        (
            ("LA6568-5", "Not at all"),
            ("LA6569-3", "Several days"),
            ("LA6570-1", "More than half the days"),
            ("LA6571-9", "Nearly every day"),
        )
    )
]  # fmt: skip


def screening(people) -> dict:
    put(
        {
            "resourceType": "Questionnaire",
            "id": "screening",
            "url": "http://northgate.example/Questionnaire/screening",
            "title": "Mood screening",
            "status": "active",
            "item": [
                {"linkId": "0", "type": "display", "text": "Over the last two weeks:"},
                {"linkId": "1", "type": "choice", "required": True, "answerOption": OPTIONS,
                 "text": "Little interest or pleasure in doing things"},
                {"linkId": "2", "type": "choice", "answerOption": OPTIONS,
                 "text": "Feeling down, depressed or hopeless"},
                {"linkId": "3", "type": "boolean", "text": "Would you like a call from a nurse?"},
                {"linkId": "4", "type": "string", "text": "Which number?", "required": True,
                 "maxLength": 20,
                 "enableWhen": [{"question": "3", "operator": "=", "answerBoolean": True}]},
                {"linkId": "5", "type": "group", "text": "Medicine", "repeats": True, "item": [
                    {"linkId": "5.1", "type": "string", "text": "Name"},
                    {"linkId": "5.2", "type": "quantity", "text": "Dose"}]},
                {"linkId": "6", "type": "date", "text": "Last visit"},
                {"linkId": "7", "type": "text", "text": "Anything else?"},
                {"linkId": "8", "type": "attachment", "text": "A photograph"},
            ],
        }
    )  # fmt: skip
    return owned_task(
        people["nurse"],
        status="in-progress",
        code={"text": "Mood screening before the visit"},
        focus={"reference": "Questionnaire/screening"},
        **{"for": {"reference": "Patient/delacroix"}},
    )


def picture_of_a_card(people) -> dict:
    put(
        {
            "resourceType": "DocumentReference",
            "id": "card",
            "status": "current",
            "docStatus": "final",
            "description": "Insurance card",
            "type": {"text": "Insurance card"},
            "content": [
                {"attachment": {"contentType": "image/png", "title": "front.png", "data": card()}},
                {"attachment": {"contentType": "application/pdf", "title": "Letter"}},
            ],
        }
    )
    return about(people, "DocumentReference/card", "Verify the insurance card", "delacroix")


def prescription(people) -> dict:
    put(
        {
            "resourceType": "MedicationRequest",
            "id": "metformin",
            "status": "active",
            "intent": "order",
            "subject": {"reference": "Patient/whitcombe"},
            "medicationCodeableConcept": {"text": "Metformin"},
            "dosageInstruction": [
                {
                    "doseAndRate": [{"doseQuantity": {"value": 500, "unit": "mg"}}],
                    "timing": {"code": {"coding": [{"code": "BID"}]}},
                    "route": {"text": "by mouth"},
                }
            ],
            "dispenseRequest": {"quantity": {"value": 60, "unit": "tablets"}},
            "text": {
                "status": "generated",
                "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>With <b>meals</b>.</p></div>',
            },
        }
    )
    return about(people, "MedicationRequest/metformin", "Refill: metformin", "whitcombe")


def about(people, focus: str, title: str, patient: str) -> dict:
    return owned_task(
        people["nurse"],
        status="in-progress",
        code={"text": title},
        focus={"reference": focus},
        **{"for": {"reference": f"Patient/{patient}"}},
    )


def open_task(visit, name: str, task: dict, **options) -> Page:
    return visit(name, f"/worklist/t/{task['id']}?list=my", **options)


def test_a_physician_reviews_a_lab_report(visit, people, api, picture):
    task, told = lab_review(people), api("physician")
    page = open_task(visit, "physician", task)
    results = page.get_by_role("table", name="Results")
    first = results.get_by_role("row").nth(1)
    expect(first).to_contain_text("Potassium")
    expect(first).to_contain_text("6.1\u00a0mmol/L")
    expect(first).to_contain_text("Critically high")
    expect(first).to_contain_text("3.5–5.1")
    expect(first.get_by_role("img")).to_have_accessible_name(
        re.compile(
            r"^Potassium, 5 values in the last 12 months.*now 6\.1\smmol/L\. Normal is 3\.5–5\.1\.$"
        )
    )
    expect(first).to_contain_text("4.8")
    expect(page.get_by_text("Sample slightly hemolysed")).to_be_visible()
    picture(page, "lab-review")

    complete = page.locator("#act-complete")
    for title in ("Call patient", "Order repeat potassium"):
        add_subtask(page, title)
        expect(complete).to_have_attribute("aria-disabled", "true")
    picture(page, "lab-review-subtasks")
    for title in ("Call patient", "Order repeat potassium"):
        page.get_by_role("button", name=f"Complete {title}").click()
        expect(page.get_by_role("button", name=f"Complete {title}")).to_have_count(0)
    complete.click()
    expect(page.get_by_text("Nothing leads out of this state.")).to_be_visible()

    done = told.read(f"Task/{task['id']}")
    assert done["status"] == "completed" and "end" in done["executionPeriod"]
    assert told.reasons(task["id"])[-1] == ("complete", "ines", "")
    below = told.found(f"Task?part-of=Task/{task['id']}")
    assert {each["code"]["text"] for each in below} == {"Call patient", "Order repeat potassium"}
    for each in below:
        assert (each["status"], each["for"]) == ("completed", task["for"])
        assert told.reasons(each["id"])[-1] == ("complete", "ines", "")


def add_subtask(page: Page, title: str) -> None:
    subtasks = page.get_by_role("region", name="Subtasks")
    subtasks.get_by_text("Add subtask").click()
    subtasks.get_by_label("What is to be done?").fill(title)
    subtasks.get_by_role("button", name="Add", exact=True).click()
    expect(subtasks.get_by_role("link", name=title)).to_be_visible()


def test_a_nurse_answers_a_questionnaire_and_completes_the_task(visit, people, api, picture):
    task, told = screening(people), api("nurse")
    page = open_task(visit, "nurse", task)
    page.get_by_role("group", name="Little interest").get_by_label("Nearly every day").check()
    number = page.get_by_label("Which number?")
    expect(number).to_have_count(0)
    wants = page.get_by_role("group", name="Would you like a call")
    wants.get_by_label("Yes").check()
    expect(number).to_be_visible()
    page.get_by_label("Anything else?").fill("Sleeps badly.")

    page.get_by_role("button", name="Save and complete the task").click()
    alert = page.get_by_role("alert").filter(has_text="Nothing is saved yet")
    expect(alert).to_be_focused()
    alert.get_by_role("link", name="Which number?").click()
    expect(number).to_be_focused()
    picture(page, "questionnaire-faults")
    assert_accessible(page)

    page.keyboard.type("555 0134")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Draft saved")).to_be_visible()
    known = told.read(f"Task/{task['id']}")
    reference = known["output"][0]["valueReference"]["reference"]
    assert told.read(reference)["status"] == "in-progress"

    wants.get_by_label("No", exact=True).check()
    expect(number).to_have_count(0)
    expect(page.get_by_label("Anything else?")).to_have_value("Sleeps badly.")
    page.get_by_role("button", name="Save and complete the task").click()
    expect(page.get_by_text("Total score, Mood screening")).to_be_visible()
    expect(page.get_by_text("3 of 6", exact=True)).to_be_visible()
    picture(page, "questionnaire-done")

    assert told.read(f"Task/{task['id']}")["status"] == "completed"
    answers = told.read(reference)
    assert answers["status"] == "completed"
    assert [each["linkId"] for each in answers["item"]] == ["1", "3", "7"]
    assert answers["item"][1]["answer"] == [{"valueBoolean": False}]


def test_a_note_added_meanwhile_keeps_what_is_typed(visit, people):
    page = open_task(visit, "nurse", screening(people))
    typed = page.get_by_label("Anything else?")
    typed.fill("Half a sentence")
    page.locator("#note-text").fill("Called her daughter.")
    page.get_by_role("button", name="Add note").last.click()
    expect(page.get_by_text("Called her daughter.").first).to_be_visible()
    expect(typed).to_have_value("Half a sentence")
    page.get_by_role("group", name="Little interest").get_by_label("Not at all").check()
    page.get_by_role("button", name="Save and complete the task").click()
    expect(page.get_by_text("Answers saved and task completed")).to_be_visible()


def test_what_is_typed_outlives_what_a_colleague_saved(visit, people, picture):
    task = screening(people)
    page = open_task(visit, "nurse", task)
    typed = page.get_by_label("Anything else?")
    typed.fill("Half a sentence")
    other = open_task(visit, "nurse", task)
    other.get_by_label("Anything else?").fill("She sleeps badly.")
    other.get_by_role("button", name="Save", exact=True).click()
    expect(other.get_by_text("Draft saved")).to_be_visible()
    other.get_by_role("link", name="1 required is left").click()
    expect(
        other.get_by_role("group", name="Little interest").get_by_label("Not at all")
    ).to_be_focused()

    page.locator("#note-text").fill("Called her daughter.")
    page.get_by_role("button", name="Add note").last.click()
    expect(page.get_by_text("Called her daughter.").first).to_be_visible()
    expect(typed).to_have_value("Half a sentence")
    page.get_by_role("button", name="Save", exact=True).click()
    alert = page.get_by_role("alert").filter(has_text="saved other answers at")
    expect(alert).to_be_focused()
    expect(alert.get_by_role("row").last).to_contain_text("She sleeps badly. Half a sentence")
    expect(typed).to_have_value("Half a sentence")
    picture(page, "questionnaire-meanwhile")
    assert_accessible(page)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Answers saved", exact=True)).to_be_visible()

    # Nothing is typed here, so what was saved shows.
    other.locator("#note-text").fill("Nothing new.")
    other.get_by_role("button", name="Add note").last.click()
    expect(other.get_by_label("Anything else?")).to_have_value("Half a sentence")


def test_a_questionnaire_is_answered_without_scripts(visit, people):
    task = screening(people)
    page = open_task(visit, "nurse", task, javascript=False)
    page.get_by_role("group", name="Would you like a call").get_by_label("Yes").check()
    page.get_by_role("group", name="Medicine 1").get_by_label("Name").fill("Metformin")
    page.get_by_role("button", name=re.compile("Save and add another.*Medicine")).click()
    expect(page.get_by_label("Which number?")).to_be_visible()
    expect(page.get_by_role("group", name="Medicine 2")).to_be_visible()
    assert page.url.endswith(f"/worklist/t/{task['id']}?list=my")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_cards_are_accessible_and_fit(visit, people, picture, theme, size):
    kind = "phone" if size is PHONE else "desktop"
    for name, who, task in (
        ("report", "physician", lab_review(people)),
        ("questionnaire", "nurse", screening(people)),
        ("picture", "nurse", picture_of_a_card(people)),
        ("prescription", "nurse", prescription(people)),
    ):
        page = open_task(visit, who, task, size=size, color_scheme=theme)
        expect(page.locator("#focus-title")).to_be_visible()
        assert_accessible(page)
        drawn = "[...document.querySelectorAll('.files img')].every((each) => each.naturalWidth)"
        holds(page, drawn)
        holds(page, "document.documentElement.scrollWidth <= innerWidth")
        if size is PHONE:
            page.locator("#focus-title").scroll_into_view_if_needed()
        picture(page, f"{name}-{kind}-{theme}")
        if name == "questionnaire":
            page.get_by_text("“Save” keeps a draft").scroll_into_view_if_needed()
            picture(page, f"{name}-end-{kind}-{theme}")
