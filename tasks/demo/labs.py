"""Laboratory reports that somebody must review (use case S43)."""

from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from tasks.demo.codes import LAB_REVIEW, LOINC, OUTPUT_TYPE, TERMINOLOGY, UCUM, coding, concept
from tasks.demo.documents import Case, instant, reference, resource
from tasks.demo.patients import Person
from tasks.demo.staff import ORGANIZATION


class Result(NamedTuple):
    """One line of a report: value, unit (as shown, UCUM), reference range, interpretation code."""

    loinc: str
    name: str
    value: float | str
    unit: tuple[str, str] = ("", "")
    low: float | None = None
    high: float | None = None
    flag: str = "N"


class Report(NamedTuple):
    key: str
    loinc: str
    name: str
    title: str
    priority: str
    pools: tuple[str, ...]
    results: tuple[Result, ...]
    note: str = ""
    conclusion: str = ""


MMOL, MG, G = ("mmol/L", "mmol/L"), ("mg/dL", "mg/dL"), ("g/dL", "g/dL")
UNITS, PERCENT = ("U/L", "U/L"), ("%", "%")
INTERPRETATIONS = {
    "N": "Normal",
    "H": "High",
    "L": "Low",
    "HH": "Critical high",
    "LL": "Critical low",
    "A": "Abnormal",
}
NURSE, DOCTOR, HEART, NP = "registered-nurse", "doctor", "cardiologist", "nurse-practitioner"

REPORTS = (
    Report("potassium", "51990-0", "Basic metabolic panel",
           "Potassium 6.1 mmol/L on today's metabolic panel", "stat", (NURSE, DOCTOR), (
               Result("2823-3", "Potassium", 6.1, MMOL, 3.5, 5.1, "HH"),
               Result("2160-0", "Creatinine", 1.9, MG, 0.6, 1.1, "H"),
               Result("98979-8", "eGFR", 34, ("mL/min", "mL/min/{1.73_m2}"), 60, None, "L"),
               Result("2951-2", "Sodium", 138, MMOL, 136, 145),
           ), "Sample slightly hemolysed, index 1+. Please confirm with the lab before you call."),
    Report("inr", "34528-0", "Prothrombin time and INR", "INR 4.6, on warfarin", "asap",
           (NURSE, DOCTOR), (
               Result("6301-6", "INR", 4.6, ("", "{INR}"), 2.0, 3.0, "H"),
               Result("5902-2", "Prothrombin time", 44.1, ("s", "s"), 11.0, 13.5, "H"),
           ), "Started trimethoprim last week. Ask about bleeding and bruises."),
    Report("troponin", "89579-7", "Troponin I, high sensitivity",
           "Troponin 62 ng/L, chest tightness yesterday", "stat", (HEART, DOCTOR), (
               Result("89579-7", "Troponin I, high sensitivity", 62, ("ng/L", "ng/L"), None, 16, "HH"),
           ), "Drawn in clinic before discharge home. Patient lives alone."),
    Report("sodium", "51990-0", "Basic metabolic panel", "Sodium 124 mmol/L after new diuretic",
           "asap", (NURSE, DOCTOR), (
               Result("2951-2", "Sodium", 124, MMOL, 136, 145, "LL"),
               Result("2823-3", "Potassium", 3.4, MMOL, 3.5, 5.1, "L"),
               Result("2160-0", "Creatinine", 0.9, MG, 0.6, 1.1),
           ), "On hydrochlorothiazide since three weeks."),
    Report("digoxin", "10535-3", "Digoxin level", "Digoxin 2.4 ng/mL, nausea reported", "asap",
           (HEART,), (Result("10535-3", "Digoxin", 2.4, ("ng/mL", "ng/mL"), 0.8, 2.0, "H"),)),
    Report("bnp", "33762-6", "NT-proBNP", "NT-proBNP 1,850 pg/mL, weight up 3 kg", "urgent",
           (HEART, DOCTOR), (
               Result("33762-6", "NT-proBNP", 1850, ("pg/mL", "pg/mL"), None, 125, "H"),
           )),
    Report("hemoglobin", "58410-2", "Complete blood count", "Hemoglobin 8.9 g/dL, was 11.8",
           "urgent", (NURSE, DOCTOR, NP), (
               Result("718-7", "Hemoglobin", 8.9, G, 12.0, 15.5, "L"),
               Result("787-2", "MCV", 74, ("fL", "fL"), 80, 100, "L"),
               Result("777-3", "Platelets", 412, ("10³/µL", "10*3/uL"), 150, 400, "H"),
               Result("6690-2", "Leukocytes", 6.8, ("10³/µL", "10*3/uL"), 4.0, 11.0),
           ), "No black stools reported at the last call."),
    Report("hba1c", "4548-4", "Hemoglobin A1c", "HbA1c 9.4 %, up from 7.9", "urgent",
           (NURSE, NP, DOCTOR), (Result("4548-4", "Hemoglobin A1c", 9.4, PERCENT, 4.0, 5.6, "H"),),
           "Missed two visits. Ask about the metformin, and whether cost is the reason."),
    Report("tsh", "24348-5", "Thyroid panel", "TSH 9.8 mIU/L with tiredness", "routine",
           (NP, DOCTOR), (
               Result("3016-3", "TSH", 9.8, ("mIU/L", "m[IU]/L"), 0.4, 4.0, "H"),
               Result("3024-7", "Free T4", 0.8, ("ng/dL", "ng/dL"), 0.9, 1.7, "L"),
           )),
    Report("lipids", "57698-3", "Lipid panel", "LDL 192 mg/dL at annual check", "routine",
           (NP, DOCTOR, HEART), (
               Result("13457-7", "LDL cholesterol", 192, MG, None, 130, "H"),
               Result("2085-9", "HDL cholesterol", 41, MG, 40, None),
               Result("2571-8", "Triglycerides", 210, MG, None, 150, "H"),
               Result("2093-3", "Total cholesterol", 275, MG, None, 200, "H"),
           )),
    Report("liver", "24325-3", "Liver panel", "ALT 148 U/L on a statin", "urgent", (DOCTOR, NP), (
               Result("1742-6", "ALT", 148, UNITS, 7, 56, "H"),
               Result("1920-8", "AST", 97, UNITS, 10, 40, "H"),
               Result("1975-2", "Bilirubin, total", 0.9, MG, 0.2, 1.2),
           )),
    Report("urine", "630-4", "Urine culture", "Urine culture: E. coli, resistant to trimethoprim",
           "urgent", (NURSE, NP), (
               Result("630-4", "Urine culture", "Escherichia coli, more than 100,000 CFU/mL", flag="A"),
           ), "On trimethoprim since Monday. Needs another antibiotic."),
    Report("lithium", "14334-7", "Lithium level", "Lithium 1.4 mmol/L", "asap", (DOCTOR, NURSE), (
               Result("14334-7", "Lithium", 1.4, MMOL, 0.6, 1.2, "H"),
           )),
    Report("calcium", "17861-6", "Calcium and PTH", "Calcium 11.6 mg/dL, PTH high", "routine",
           (DOCTOR,), (
               Result("17861-6", "Calcium", 11.6, MG, 8.6, 10.3, "H"),
               Result("2731-8", "Parathyroid hormone", 92, ("pg/mL", "pg/mL"), 15, 65, "H"),
           )),
    Report("fit", "29771-3", "Fecal immunochemical test", "FIT positive, no colonoscopy on file",
           "urgent", (NURSE, DOCTOR), (
               Result("29771-3", "Hemoglobin in stool", "Positive", flag="A"),
           )),
    Report("xray", "36643-5", "Chest X-ray, two views", "Chest X-ray report for sign-off", "routine",
           (DOCTOR, NURSE), (), "", "No focal consolidation. Heart size at the upper limit of normal."),
    Report("vitamin-d", "1989-3", "Vitamin D", "Vitamin D 12 ng/mL", "routine", (NURSE, NP), (
               Result("1989-3", "25-hydroxyvitamin D", 12, ("ng/mL", "ng/mL"), 30, 100, "L"),
           )),
    Report("psa", "2857-1", "PSA", "PSA 6.8 ng/mL, discuss repeat", "routine", (DOCTOR,), (
               Result("2857-1", "PSA", 6.8, ("ng/mL", "ng/mL"), None, 4.0, "H"),
           )),
)  # fmt: skip
BY_KEY = {report.key: report for report in REPORTS}
EARLIER = 3
"""How many earlier values of each result a report comes with, for the trend."""


def case(rng: Random, key: str, report: Report, patient: Person, at: datetime) -> Case:
    """A report that arrived at `at`, with its Observations and how they were before."""
    collected = at - timedelta(minutes=rng.randint(60, 180))
    observations = [
        _observation(f"{key}-{number + 1}", result, patient, collected, result.value)
        for number, result in enumerate(report.results)
    ]
    earlier = []
    if report.results and not isinstance(report.results[0].value, str):
        first = report.results[0]
        for number in range(EARLIER):
            when = collected - timedelta(days=75 * (number + 1) + rng.randint(0, 20))
            value = _earlier_value(rng, first)
            earlier.append(
                _observation(
                    f"{key}-earlier-{number + 1}", first._replace(flag="N"), patient, when, value
                )
            )
    for result in report.results[1:]:
        earlier += _past(key, result, patient, collected)
    document = resource(
        "DiagnosticReport",
        key,
        status="final",
        category=[concept("Laboratory", coding(f"{TERMINOLOGY}/v2-0074", "LAB", "Laboratory"))],
        code=concept(report.name, coding(LOINC, report.loinc, report.name)),
        subject=patient.reference,
        effectiveDateTime=instant(collected),
        issued=instant(at),
        performer=[{"display": "Northgate Laboratory"}],
        result=[reference(observation) for observation in observations] or None,
        conclusion=report.conclusion or None,
    )
    return Case(
        [*earlier, *observations, document],
        {
            "code": LAB_REVIEW.as_concept(),
            "description": report.title,
            "focus": reference(document, report.name),
            "for": patient.reference,
            # What a Task points at, whoever may read it may read (T19): the values too.
            "input": [
                {"type": concept(kind), "valueReference": reference(observation)}
                for kind, found in (("Result", observations), ("Earlier result", earlier))
                for observation in found
            ]
            or None,
            "requester": {
                "reference": f"Organization/{ORGANIZATION}",
                "display": "Northgate Family Health",
            },
        },
        output={
            "type": concept(
                "Reviewed report", coding(OUTPUT_TYPE, "reviewed-report", "Reviewed report")
            ),
            "valueReference": reference(document, report.name),
        },
        note=report.note,
    )


def _past(key: str, result: Result, patient: Person, collected: datetime) -> list[dict]:
    """How the result was before; of its own randomness, so that nothing else of the clinic moves."""
    if isinstance(result.value, str):
        return []
    rng, found = Random(f"{key} {result.loinc}"), []
    for number in range(EARLIER):
        at = collected - timedelta(days=75 * (number + 1) + rng.randint(0, 20))
        value = _earlier_value(rng, result)
        identifier = f"{key}-{result.loinc}-earlier-{number + 1}"
        found.append(_observation(identifier, result._replace(flag="N"), patient, at, value))
    return found


def _earlier_value(rng: Random, result: Result) -> float:
    """A value inside the reference range, with the digits that the result has."""
    low = result.low if result.low is not None else result.high * 0.6
    high = result.high if result.high is not None else result.low * 1.4
    value = low + (high - low) * rng.uniform(0.25, 0.95)
    return round(value, 1) if isinstance(result.value, float) else round(value)


def _observation(
    key: str, result: Result, patient: Person, at: datetime, value: float | str
) -> dict:
    shown, ucum = result.unit
    quantity = {"value": value} | ({"unit": shown} if shown else {})
    quantity |= {"system": UCUM, "code": ucum} if ucum else {}
    limits = {
        name: quantity | {"value": limit}
        for name, limit in (("low", result.low), ("high", result.high))
        if limit is not None
    }
    flag = coding(
        f"{TERMINOLOGY}/v3-ObservationInterpretation", result.flag, INTERPRETATIONS[result.flag]
    )
    return resource(
        "Observation",
        key,
        status="final",
        category=[
            concept("Laboratory", coding(f"{TERMINOLOGY}/observation-category", "laboratory"))
        ],
        code=concept(result.name, coding(LOINC, result.loinc, result.name)),
        subject=patient.reference,
        effectiveDateTime=instant(at),
        valueQuantity=None if isinstance(value, str) else quantity,
        valueString=value if isinstance(value, str) else None,
        interpretation=[concept(INTERPRETATIONS[result.flag], flag)],
        referenceRange=[limits] if limits else None,
    )
