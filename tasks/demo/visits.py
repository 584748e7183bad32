"""Visits whose notes are still to be written (use case S45)."""

from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from tasks.demo.codes import ENCOUNTER_NOTE, OUTPUT_TYPE, TERMINOLOGY, coding, concept
from tasks.demo.documents import Case, instant, reference, resource
from tasks.demo.patients import Person
from tasks.demo.staff import MAIN_CLINIC, ORGANIZATION, Member


class Visit(NamedTuple):
    reason: str
    summary: str
    kind: tuple[str, str]


AMB, VIDEO = ("AMB", "ambulatory"), ("VR", "virtual")
VISITS = (
    Visit("Hypertension follow-up", "Blood pressure above goal on two readings, adherent.", AMB),
    Visit("Low back pain", "Mechanical low back pain without red flags.", AMB),
    Visit("Diabetes check", "Type 2 diabetes, above goal; foot exam normal.", AMB),
    Visit("Video visit: cough", "Viral upper respiratory infection, afebrile.", VIDEO),
    Visit("Annual wellness visit", "Well; screening and vaccines brought up to date.", AMB),
    Visit("Chest pain, stable", "Atypical chest pain, normal ECG, low pretest probability.", AMB),
    Visit("Medication review after discharge", "Heart failure, euvolemic, doses adjusted.", AMB),
    Visit("Video visit: anxiety", "Generalized anxiety, improving on treatment.", VIDEO),
    Visit("Knee swelling", "Osteoarthritis flare, aspirated 20 mL of clear fluid.", AMB),
)


def case(
    rng: Random, key: str, visit: Visit, patient: Person, at: datetime, *, by: Member, final: bool
) -> Case:
    """A visit that ended at `at`, with its impression: a draft until the note is `final`."""
    code, display = visit.kind
    period = {
        "start": instant(at - timedelta(minutes=rng.randint(20, 45))),
        "end": instant(at),
    }
    encounter = resource(
        "Encounter",
        key,
        status="finished",
        **{"class": coding(f"{TERMINOLOGY}/v3-ActCode", code, display)},
        subject=patient.reference,
        participant=[{"individual": by.reference}],
        period=period,
        reasonCode=[concept(visit.reason)],
        location=[{"location": {"reference": f"Location/{MAIN_CLINIC}"}}],
        serviceProvider={"reference": f"Organization/{ORGANIZATION}"},
    )
    impression = resource(
        "ClinicalImpression",
        key,
        status="completed" if final else "in-progress",
        description=visit.reason,
        subject=patient.reference,
        encounter=reference(encounter),
        effectivePeriod=period,
        date=instant(at),
        assessor=by.reference,
        summary=visit.summary,
    )
    return Case(
        [encounter, impression],
        {
            "code": ENCOUNTER_NOTE.as_concept(),
            "description": f"Finish visit note: {visit.reason}",
            "focus": reference(impression, visit.reason),
            "encounter": reference(encounter, visit.reason),
            "for": patient.reference,
            "requester": {
                "reference": f"Organization/{ORGANIZATION}",
                "display": "Northgate Family Health",
            },
        },
        output={
            "type": concept("Visit note", coding(OUTPUT_TYPE, "visit-note", "Visit note")),
            "valueReference": reference(impression, visit.reason),
        },
    )
