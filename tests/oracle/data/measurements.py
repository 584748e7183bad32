"""Observations and RiskAssessments: numbers and quantities."""

from tests.oracle.data.elements import LOINC, UCUM, coding, concept, ref


def observation(id: str, code: dict, **elements) -> dict:
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": concept(code),
        **elements,
    }


def glucose(id: str, value: float | int, unit: str = "mg/dL", **quantity) -> dict:
    amount = {"value": value, "unit": unit, "system": UCUM, "code": unit} | quantity
    amount = {name: part for name, part in amount.items() if part is not None}
    return observation(
        id,
        coding(LOINC, "2339-0", "Glucose"),
        subject=ref("Patient/p01"),
        valueQuantity=amount,
        effectiveDateTime="2024-02-01T08:00:00Z",
    )


MEASUREMENTS = [
    glucose("o01", 5.4),
    glucose("o02", 5.40),
    glucose("o03", 5.36),
    glucose("o04", 100),
    glucose("o05", 100.4),
    glucose("o06", 99.5),
    glucose("o07", 100.5),
    glucose("o08", 0.0054, "g/L"),
    glucose("o09", -3, "Cel"),
    glucose("o10", 100, "milligrams", code="mg/dL"),
    glucose("o11", 100, "mg/dL", system=None, code=None),
    glucose("o12", 7000000000),
    observation(
        "o13",
        coding(LOINC, "8867-4", "Heart rate"),
        subject=ref("Patient/p02"),
        effectivePeriod={"start": "2024-02-01", "end": "2024-02-03"},
        valueQuantity={"value": 72, "unit": "beats"},
        performer=[ref("Practitioner/d01")],
    ),
    observation(
        "o14",
        coding(LOINC, "11506-3", "Note"),
        subject=ref("Patient/p03"),
        effectiveInstant="2024-02-01T08:00:00.500Z",
        valueString="Résumé of the visit",
        performer=[ref("PractitionerRole/r01")],
    ),
    {
        "resourceType": "RiskAssessment",
        "id": "k01",
        "status": "final",
        "subject": ref("Patient/p01"),
        "prediction": [{"probabilityDecimal": 0.8}, {"probabilityDecimal": 0.25}],
    },
    {
        "resourceType": "RiskAssessment",
        "id": "k02",
        "status": "final",
        "subject": ref("Patient/p02"),
        "prediction": [{"probabilityDecimal": 0.84}],
    },
    {
        "resourceType": "RiskAssessment",
        "id": "k03",
        "status": "final",
        "subject": ref("Patient/p03"),
    },
    {
        "resourceType": "RiskAssessment",
        "id": "k04",
        "status": "final",
        "subject": ref("Patient/p04"),
        "prediction": [{"probabilityDecimal": 1}, {"probabilityDecimal": 0}],
    },
]
