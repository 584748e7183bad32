"""A morning's work for the browser to show: invented patients, whose names are canaries too."""

from datetime import UTC, datetime, timedelta

from tests.factories import (
    CARDIOLOGIST_ROLE,
    NURSE_ROLE,
    Person,
    cast,
    create,
    put,
    role,
    task_document,
)

PATIENTS = (
    ("okonkwo", "Okonkwo", "Amara", "female", "1964-02-14", "0047 1820"),
    ("oyelaran", "Oyelaran", "Rosalind", "female", "1955-09-03", "0051 0932"),
    ("bergstrom", "Bergström", "Nils", "male", "1979-05-21", "0033 7714"),
    ("castellanos", "Castellanos", "Miguel", "male", "1958-01-30", "0029 4401"),
    ("whitcombe", "Whitcombe", "George", "male", "1967-07-08", "0018 6652"),
    ("delacroix", "Delacroix", "Simone", "female", "1993-03-17", "0062 1175"),
    ("nakamura", "Nakamura", "Kenji", "male", "1971-11-02", "0040 9083"),
)
CANARIES = [text for patient in PATIENTS for text in (*patient[1:3], patient[4], patient[5])]
"""What must never stand in a title, an address or the browser's storage."""


def morning() -> dict[str, Person]:
    people = cast()
    for identifier, family, given, sex, born, mrn in PATIENTS:
        put(
            {
                "resourceType": "Patient",
                "id": identifier,
                "name": [{"use": "official", "family": family, "given": [given]}],
                "gender": sex,
                "birthDate": born,
                "identifier": [
                    {
                        "type": {
                            "coding": [
                                {
                                    "system": "http://terminology.hl7.org/CodeSystem/v2-0203",
                                    "code": "MR",
                                }
                            ]
                        },
                        "value": mrn,
                    }
                ],
            }
        )
    _focus()
    requester = {"reference": people["physician"].reference, "display": "Ines Cardoso"}
    for title, patient, priority, minutes, focus, stage, code in (
        ("Potassium 6.1 mmol/L", "okonkwo", "stat", -12, "DiagnosticReport/bmp", "Report available", NURSE_ROLE),
        ("Wound photo: possible infection", "bergstrom", "urgent", -65, "DocumentReference/photo", "Photo received", NURSE_ROLE),
        ("Dizzy since starting new tablet", "oyelaran", "asap", 18, "Communication/dizzy", "Awaiting reply", NURSE_ROLE),
        ("INR 4.6, on warfarin", "castellanos", "asap", 41, "", "Report available", NURSE_ROLE),
        ("Refill: metformin 500 mg", "whitcombe", "urgent", 180, "", "Needs review", NURSE_ROLE),
        ("PHQ-9 answered, score 16", "delacroix", "routine", 60 * 26, "QuestionnaireResponse/phq", "Answers in", NURSE_ROLE),
        ("Chest X-ray report for sign-off", "nakamura", "routine", None, "", "", NURSE_ROLE),
        ("Holter report", "nakamura", "urgent", 300, "", "", CARDIOLOGIST_ROLE),
    ):  # fmt: skip
        create(task(title, patient, priority, minutes, focus, stage, code, requester=requester))
    return people


def task(title, patient, priority, minutes, focus="", stage="", code=NURSE_ROLE, **elements):
    """`minutes` from now is when it is due; None for no due date."""
    document = task_document(
        priority=priority,
        code={"text": title},
        performerType=role(code),
        **{"for": {"reference": f"Patient/{patient}"}},
        **elements,
    )
    if minutes is not None:
        due = datetime.now(UTC) + timedelta(minutes=minutes, seconds=30)
        document["restriction"] = {"period": {"end": due.isoformat(timespec="seconds")}}
    if focus:
        document["focus"] = {"reference": focus}
    if stage:
        document["businessStatus"] = {"text": stage}
    return document


def _focus() -> None:
    now = datetime.now(UTC)
    put(
        {
            "resourceType": "DiagnosticReport",
            "id": "bmp",
            "status": "final",
            "code": {"text": "Basic metabolic panel"},
            "subject": {"reference": "Patient/okonkwo"},
            "effectiveDateTime": (now - timedelta(hours=3)).isoformat(timespec="seconds"),
            "contained": [
                _observation("k", "Potassium", 6.1, "mmol/L", 3.5, 5.1, "HH"),
                _observation("crea", "Creatinine", 1.9, "mg/dL", 0.6, 1.1, "H"),
                _observation("egfr", "eGFR", 34, "mL/min", 60, None, "L"),
                _observation("na", "Sodium", 138, "mmol/L", 136, 145, ""),
            ],
            "result": [{"reference": f"#{each}"} for each in ("k", "crea", "egfr", "na")],
        }
    )
    put(
        {
            "resourceType": "DocumentReference",
            "id": "photo",
            "status": "current",
            "description": "Photo of the wound, left shin",
            "type": {"text": "Patient photo"},
            "date": (now - timedelta(hours=5)).isoformat(timespec="seconds"),
            "content": [{"attachment": {"contentType": "image/jpeg", "title": "left-shin.jpg"}}],
        }
    )
    put(
        {
            "resourceType": "QuestionnaireResponse",
            "id": "phq",
            "status": "completed",
            "authored": (now - timedelta(hours=1)).isoformat(timespec="seconds"),
            "item": [
                {
                    "linkId": "1",
                    "text": "Little interest or pleasure in doing things",
                    "answer": [{"valueString": "Nearly every day"}],
                },
                {"linkId": "t", "text": "Total score", "answer": [{"valueInteger": 16}]},
            ],
        }
    )
    put(
        {
            "resourceType": "Communication",
            "id": "dizzy",
            "status": "in-progress",
            "topic": {"text": "Dizzy since starting new tablet"},
            "subject": {"reference": "Patient/oyelaran"},
        }
    )
    for number, (sender, hours, text) in enumerate(
        (
            ("Patient/oyelaran", 26, "I feel dizzy since I started the new tablet on Monday."),
            ("Practitioner/tomas", 25, "Thank you for telling us. Can you send a blood pressure?"),
            ("Patient/oyelaran", 1, "It was 94/58 this morning sitting down, 86/52 standing."),
        )
    ):
        put(
            {
                "resourceType": "Communication",
                "id": f"dizzy-{number}",
                "status": "completed",
                "partOf": [{"reference": "Communication/dizzy"}],
                "subject": {"reference": "Patient/oyelaran"},
                "sender": {"reference": sender},
                "sent": (now - timedelta(hours=hours)).isoformat(timespec="seconds"),
                "payload": [{"contentString": text}],
            }
        )


def _observation(identifier, name, value, unit, low, high, flag) -> dict:
    ends = {"low": low, "high": high}
    observation = {
        "resourceType": "Observation",
        "id": identifier,
        "status": "final",
        "code": {"text": name},
        "valueQuantity": {"value": value, "unit": unit},
        "referenceRange": [
            {end: {"value": number} for end, number in ends.items() if number is not None}
        ],
    }
    if flag:
        system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
        observation["interpretation"] = [{"coding": [{"system": system, "code": flag}]}]
    return observation
