"""Questionnaires that patients fill in and documents that prove who they are (S42, S44)."""

from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from tasks.demo.codes import IDENTITY, INTAKE, LOINC, OUTPUT_TYPE, SNOMED, coding, concept
from tasks.demo.documents import Case, instant, reference, resource
from tasks.demo.patients import Person
from tasks.demo.pictures import card
from tasks.demo.staff import BY_USERNAME, ORGANIZATION

HOW_OFTEN = (
    ("LA6568-5", "Not at all"),
    ("LA6569-3", "Several days"),
    ("LA6570-1", "More than half the days"),
    ("LA6571-9", "Nearly every day"),
)


class Form(NamedTuple):
    key: str
    title: str
    code: dict
    questions: tuple[tuple[str, str], ...]
    """(linkId, text); those of a scored form have LOINC codes as linkIds."""
    scored: bool
    task_title: str


FORMS = (
    Form("phq-9", "PHQ-9 depression screening", coding(LOINC, "44249-1", "PHQ-9 panel"), (
        ("44250-9", "Little interest or pleasure in doing things"),
        ("44255-8", "Feeling down, depressed, or hopeless"),
        ("44259-0", "Trouble falling or staying asleep, or sleeping too much"),
        ("44254-1", "Feeling tired or having little energy"),
        ("44251-7", "Poor appetite or overeating"),
        ("44258-2", "Feeling bad about yourself"),
        ("44252-5", "Trouble concentrating on things"),
        ("44253-3", "Moving or speaking slowly, or being restless"),
        ("44260-8", "Thoughts that you would be better off dead, or of hurting yourself"),
    ), True, "PHQ-9 before the first visit"),
    Form("gad-7", "GAD-7 anxiety screening", coding(LOINC, "69737-5", "GAD-7 panel"), (
        ("69725-0", "Feeling nervous, anxious or on edge"),
        ("68509-9", "Not being able to stop or control worrying"),
        ("69733-4", "Worrying too much about different things"),
        ("69734-2", "Trouble relaxing"),
        ("69735-9", "Being so restless that it is hard to sit still"),
        ("69689-8", "Becoming easily annoyed or irritable"),
        ("69736-7", "Feeling afraid as if something awful might happen"),
    ), True, "GAD-7 before the follow-up"),
    Form("new-patient-intake", "New patient intake",
         coding(LOINC, "96777-8", "Accountable health communities screening"), (
        ("medications", "Which medicines do you take, and how often?"),
        ("allergies", "Which allergies do you have?"),
        ("surgeries", "Which operations have you had?"),
        ("family", "Which illnesses run in your family?"),
        ("goals", "What would you like to talk about at your first visit?"),
    ), False, "New patient intake before the first visit"),
)  # fmt: skip
BY_KEY = {form.key: form for form in FORMS}
ANSWERS = {
    "medications": ("Lisinopril 10 mg each morning", "Metformin 500 mg twice a day", "None"),
    "allergies": ("Penicillin, a rash as a child", "None that I know of", "Cats and pollen"),
    "surgeries": ("Appendix, 1998", "None", "Left knee, two years ago"),
    "family": (
        "Father had a heart attack at 61",
        "Diabetes on my mother's side",
        "Nothing special",
    ),
    "goals": ("My back pain", "Sleeping better", "Whether I still need all these tablets"),
}


def questionnaires() -> list[dict]:
    return [
        resource(
            "Questionnaire",
            form.key,
            url=f"http://northgate.example/Questionnaire/{form.key}",
            title=form.title,
            status="active",
            subjectType=["Patient"],
            code=[form.code],
            item=[_question(form, link_id, text) for link_id, text in form.questions],
        )
        for form in FORMS
    ]


def _question(form: Form, link_id: str, text: str) -> dict:
    if not form.scored:
        return {"linkId": link_id, "text": text, "type": "text"}
    options = [{"valueCoding": _how_often(points)} for points in range(len(HOW_OFTEN))]
    return {"linkId": link_id, "text": text, "type": "choice", "answerOption": options}


def _how_often(points: int) -> dict:
    """An answer that says what it counts in the score."""
    code, label = HOW_OFTEN[points]
    weight = {"url": "http://hl7.org/fhir/StructureDefinition/ordinalValue", "valueDecimal": points}
    return {"extension": [weight]} | coding(LOINC, code, label)


def intake_case(
    rng: Random,
    key: str,
    form: Form,
    patient: Person,
    at: datetime,
    *,
    answered_at: datetime | None,
) -> Case:
    """A form that was sent at `at`, with the patient's answers when there are some."""
    form_reference = {"reference": f"Questionnaire/{form.key}", "display": form.title}
    documents, output, score = [], None, None
    if answered_at is not None:
        items, score = _answers(rng, form)
        response = resource(
            "QuestionnaireResponse",
            key,
            questionnaire=f"http://northgate.example/Questionnaire/{form.key}",
            status="completed",
            subject=patient.reference,
            authored=instant(answered_at),
            author=patient.reference,
            source=patient.reference,
            item=items,
        )
        documents.append(response)
        output = {
            "type": concept(
                "Answers", coding(OUTPUT_TYPE, "questionnaire-response", "Answers of the patient")
            ),
            "valueReference": reference(response, form.title),
        }
    title = form.task_title
    if form.scored and score is not None:
        title = f"{form.title.split()[0]} answered, score {score}"
    code = INTAKE.as_concept()
    if form.key == "phq-9":
        code["coding"].append(coding(SNOMED, "715252007", "Depression screening using PHQ-9"))
    return Case(
        documents,
        {
            "code": code,
            "description": title,
            "focus": form_reference,
            "for": patient.reference,
            "requester": BY_USERNAME["denise"].reference,
        },
        output=output,
        note="Prefers the form on paper, sent by post on request." if rng.random() < 0.15 else "",
    )


def _answers(rng: Random, form: Form) -> tuple[list[dict], int]:
    items, score = [], 0
    severity = rng.choice((0, 1, 1, 2))
    for link_id, text in form.questions:
        if form.scored:
            points = max(0, min(3, severity + rng.choice((-1, 0, 0, 1))))
            points = 0 if link_id == "44260-8" else points
            score += points
            answer = {"valueCoding": _how_often(points)}
        else:
            answer = {"valueString": rng.choice(ANSWERS[link_id])}
        items.append({"linkId": link_id, "text": text, "answer": [answer]})
    return items, score


class Proof(NamedTuple):
    key: str
    name: str
    title: str
    loinc: str


PROOFS = (
    Proof("licence", "Driver's license", "Verify driver's license", "64288-8"),
    Proof("insurance", "Insurance card", "Insurance card unreadable, verify plan", "64290-4"),
    Proof("passport", "Passport", "Verify passport, name differs from record", "64288-8"),
    Proof("guardian", "Guardianship papers", "Verify guardianship for portal access", "64293-8"),
    Proof("address", "Proof of address", "Verify new address in another state", "51851-4"),
)


def identity_case(
    rng: Random, key: str, proof: Proof, patient: Person, at: datetime, *, received: bool
) -> Case:
    """A document that was asked for at `at`; it has come when `received`."""
    document = resource(
        "DocumentReference",
        key,
        status="current",
        docStatus="final" if received else "preliminary",
        type=concept(proof.name, coding(LOINC, proof.loinc)),
        category=[concept("Identification")],
        subject=patient.reference,
        date=instant(at),
        author=[patient.reference],
        custodian={"reference": f"Organization/{ORGANIZATION}"},
        description=proof.name,
        content=[
            {
                "attachment": {
                    "contentType": "image/png",
                    "title": proof.name,
                    "creation": instant(at + timedelta(minutes=rng.randint(1, 50)))
                    if received
                    else None,
                }
            }
        ],
    )
    attachment = document["content"][0]["attachment"]
    if received:
        attachment["data"] = card()
    else:
        del attachment["creation"]
    return Case(
        [document],
        {
            "code": IDENTITY.as_concept(),
            "description": proof.title,
            "focus": reference(document, proof.name),
            "for": patient.reference,
            "requester": BY_USERNAME["denise"].reference,
        },
        output={
            "type": concept(
                "Verified document", coding(OUTPUT_TYPE, "verified-document", "Verified document")
            ),
            "valueReference": reference(document, proof.name),
        },
    )
