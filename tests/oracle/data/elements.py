"""Data types, put together in one call."""

BASE = "http://testserver/api/fhir"

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
LOCAL = "http://clinic.example/codes"
MRN = "http://clinic.example/mrn"
SSN = "http://hl7.org/fhir/sid/us-ssn"
V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"
NURSE, DOCTOR, CARDIOLOGIST = "224535009", "158965000", "17561000"


NARRATIVE = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Told</div>'}


def ref(reference: str = "", **more) -> dict:
    return {"reference": reference, **more} if reference else more


def coding(system: str, code: str = "", display: str = "", **more) -> dict:
    parts = {"system": system, "code": code, "display": display}
    return {name: value for name, value in parts.items() if value} | more


def concept(*codings: dict, text: str = "") -> dict:
    return ({"coding": list(codings)} if codings else {}) | ({"text": text} if text else {})


def identifier(system: str, value: str, *, type_code: str = "", type_text: str = "") -> dict:
    made = {"system": system, "value": value} if system else {"value": value}
    codings = [coding(V2_0203, type_code)] if type_code else []
    return made | ({"type": concept(*codings, text=type_text)} if codings or type_text else {})


def telecom(system: str, value: str, **more) -> dict:
    return {"system": system, "value": value, **more}
