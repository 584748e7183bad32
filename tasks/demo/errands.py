"""Work of the six categories of the guides (S81) that is none of the use cases."""

from datetime import datetime
from random import Random
from typing import NamedTuple

from tasks.demo.codes import ERRANDS, OUTPUT_TYPE, coding, concept
from tasks.demo.documents import Case, instant, reference, resource
from tasks.demo.patients import Person
from tasks.demo.staff import BY_USERNAME, CARE_TEAM, ORGANIZATION


class Errand(NamedTuple):
    category: str
    title: str
    priority: str | None
    pools: tuple[str, ...]
    focus: str
    """The kind of focus: MedicationRequest, ServiceRequest, CareTeam, Claim, or "" for none."""
    about: str
    note: str = ""


NURSE, DOCTOR, HEART, NP = "registered-nurse", "doctor", "cardiologist", "nurse-practitioner"
COORDINATOR, BILLING = "care-coordinator", "medical-billing-specialist"

ERRAND_LIST = (
    Errand("care-coordination", "Discharge tomorrow: arrange home nursing", "urgent",
           (COORDINATOR,), "ServiceRequest", "Home health care",
           "Second floor, no elevator. The daughter has the key."),
    Errand("care-coordination", "Agree on one care plan with the dialysis center", "routine",
           (COORDINATOR, DOCTOR), "CareTeam", "Northgate primary care team"),
    Errand("care-coordination", "Meals on wheels from next Monday", "routine", (COORDINATOR,), "", ""),
    Errand("care-coordination", "Oxygen concentrator: supplier has not delivered", "asap",
           (COORDINATOR, NURSE), "ServiceRequest", "Home oxygen therapy",
           "Two cylinders left, each lasts about five hours."),
    Errand("medication-reconciliation", "Reconcile medicines after hospital stay", "urgent",
           (NURSE, NP), "MedicationRequest", "Apixaban 5 mg twice a day",
           "Discharge letter lists apixaban and warfarin. Clarify today."),
    Errand("medication-reconciliation", "Two pharmacies, double prescription of zolpidem", "asap",
           (NURSE, DOCTOR), "MedicationRequest", "Zolpidem 5 mg at night"),
    Errand("medication-reconciliation", "Yearly medicine review, 11 medicines", "routine",
           (NP, NURSE), "MedicationRequest", "Amlodipine 5 mg daily"),
    Errand("medication-reconciliation", "Amiodarone and simvastatin 40 mg together", "urgent",
           (HEART,), "MedicationRequest", "Amiodarone 200 mg daily"),
    Errand("lab-follow-up", "Book repeat potassium for tomorrow morning", "urgent", (NURSE,),
           "ServiceRequest", "Potassium, repeat"),
    Errand("lab-follow-up", "Chase missing biopsy report", "urgent", (NURSE, DOCTOR),
           "ServiceRequest", "Skin biopsy", "Taken 12 days ago, the lab says sent."),
    Errand("lab-follow-up", "Fasting glucose not drawn, call patient", None, (NURSE,),
           "ServiceRequest", "Fasting glucose"),
    Errand("patient-outreach", "Call after missed visit", "routine", (NURSE, COORDINATOR),
           "", "", "Third missed visit this year. Ask whether she has a ride."),
    Errand("patient-outreach", "Mammogram overdue by 14 months", "routine", (COORDINATOR,),
           "ServiceRequest", "Screening mammography"),
    Errand("patient-outreach", "Call two days after discharge", "urgent", (NURSE,),
           "CareTeam", "Northgate primary care team"),
    Errand("patient-outreach", "Blood pressure diary not sent for three weeks", "routine",
           (NURSE, HEART), "CareTeam", "Northgate primary care team"),
    Errand("documentation", "Claim denied: diagnosis code missing", "urgent", (BILLING,),
           "Claim", "Office visit", "Payer wants the code by the 25th."),
    Errand("documentation", "Level of service unclear, query the physician", "routine", (BILLING,),
           "Claim", "Office visit"),
    Errand("documentation", "Insurance changed in the middle of the month", "routine",
           (BILLING, COORDINATOR), "Claim", "Physical therapy"),
    Errand("documentation", "Disability form for employer", "urgent", (DOCTOR, NP), "", ""),
    Errand("documentation", "Prior authorization for continuous glucose monitor", "asap",
           (BILLING,), "Claim", "Continuous glucose monitor",
           "Needs the HbA1c of this year and the note of the last visit."),
    Errand("referral-management", "Referral to cardiology: new murmur", "urgent", (HEART,),
           "ServiceRequest", "Cardiology consultation", "Echo of 2023 is attached to the order."),
    Errand("referral-management", "No answer from gastroenterology for 9 days", "urgent",
           (COORDINATOR,), "ServiceRequest", "Gastroenterology consultation"),
    Errand("referral-management", "Pre-operative clearance, surgery on Thursday", "asap",
           (HEART, DOCTOR), "ServiceRequest", "Pre-operative cardiac evaluation"),
    Errand("referral-management", "Out of network: find another podiatrist", "routine",
           (COORDINATOR, BILLING), "ServiceRequest", "Podiatry consultation"),
)  # fmt: skip
BY_TITLE = {errand.title: errand for errand in ERRAND_LIST}


def case(rng: Random, key: str, errand: Errand, patient: Person, at: datetime) -> Case:
    requester = rng.choice([BY_USERNAME["physician"], BY_USERNAME["alice"], BY_USERNAME["omni"]])
    focal = _focal(key, errand, patient, at, requester.reference)
    focus = None
    if focal is not None:
        focus = reference(focal, errand.about)
    elif errand.focus == "CareTeam":
        focus = {"reference": f"CareTeam/{CARE_TEAM}", "display": errand.about}
    task = {
        "code": ERRANDS[errand.category].as_concept(),
        "description": errand.title,
        "for": patient.reference,
        "requester": requester.reference,
    }
    if focus:
        task["focus"] = focus
    if errand.focus == "ServiceRequest":
        task["basedOn"] = [reference(focal)]
    output = {
        "type": concept("Result", coding(OUTPUT_TYPE, "result", "Result")),
        "valueString": rng.choice(("Done by phone.", "Done, patient informed.", "Sent by fax.")),
    }
    return Case([focal] if focal else [], task, output=output, note=errand.note)


def _focal(key: str, errand: Errand, patient: Person, at: datetime, requester: dict) -> dict | None:
    if errand.focus == "ServiceRequest":
        return resource(
            "ServiceRequest",
            key,
            status="active",
            intent="order",
            code=concept(errand.about),
            subject=patient.reference,
            authoredOn=instant(at),
            requester=requester,
        )
    if errand.focus == "MedicationRequest":
        medicine, _, dose = errand.about.partition(" ")
        return resource(
            "MedicationRequest",
            key,
            status="active",
            intent="order",
            medicationCodeableConcept=concept(medicine),
            subject=patient.reference,
            authoredOn=instant(at),
            requester=requester,
            dosageInstruction=[{"text": dose}],
        )
    if errand.focus == "Claim":
        provider = {"reference": f"Organization/{ORGANIZATION}"}
        return resource(
            "Claim",
            key,
            status="active",
            type=concept("Professional"),
            use="claim",
            patient=patient.reference,
            created=instant(at),
            provider=provider,
            priority=concept("Normal"),
            insurance=[
                {"sequence": 1, "focal": True, "coverage": {"display": "Prairie Health Plan"}}
            ],
            item=[{"sequence": 1, "productOrService": concept(errand.about)}],
        )
    return None
