"""Practitioners and their roles."""

from tests.oracle.data.elements import (
    BASE,
    CARDIOLOGIST,
    DOCTOR,
    LOCAL,
    NURSE,
    SNOMED,
    coding,
    concept,
    identifier,
    ref,
    telecom,
)
from tests.oracle.data.patients import patient


def practitioner(id: str, *names: dict, **elements) -> dict:
    return patient(id, *names, **elements) | {"resourceType": "Practitioner"}


def practitioner_role(id: str, **elements) -> dict:
    return {"resourceType": "PractitionerRole", "id": id, **elements}


PRACTITIONERS = [
    practitioner(
        "d01",
        {"family": "Lindqvist", "given": ["Maya"], "prefix": ["Dr."]},
        active=True,
        gender="female",
        identifier=[identifier("http://hl7.org/fhir/sid/us-npi", "1234567893", type_code="NPI")],
        telecom=[telecom("phone", "+1 555 0200"), telecom("email", "maya@clinic.example")],
        address=[{"use": "work", "city": "Springfield", "state": "IL", "country": "US"}],
        communication=[concept(coding("urn:ietf:bcp:47", "sv"), text="Swedish")],
        meta={
            "tag": [coding(LOCAL, "staff")],
            "source": "urn:uuid:0d1f8e0a-0000-4000-8000-000000000001",
        },
    ),
    practitioner(
        "d02",
        {"family": "Rivera", "given": ["Tomás"]},
        active=False,
        gender="male",
        identifier=[identifier("", "1234567893"), identifier(LOCAL, "E\\1")],
        telecom=[telecom("phone", "555,0200")],
        address=[{"use": "home", "line": ["1 Rue de l'Église"], "city": "Orléans", "state": "CVL"}],
        communication=[
            concept(coding("urn:ietf:bcp:47", "es")),
            concept(coding("urn:ietf:bcp:47", "en")),
        ],
    ),
    practitioner("d03", {"text": "Dr. Gregory House"}, gender="male"),
    practitioner("d04", {"family": "Riverasson", "given": ["Ines", "Maya"]}, active=True),
    practitioner("d05"),
    practitioner(  # shares an id with nobody, but a family with a patient
        "d06",
        {"family": "Simpson", "given": ["Abraham"]},
        gender="male",
        telecom=[telecom("email", "Abe@Clinic.Example", use="work")],
        address=[{"text": "Retirement Castle", "postalCode": "62701"}],
        meta={"profile": ["http://clinic.example/profiles/practitioner"]},
    ),
    practitioner("p01", {"family": "Samesies", "given": ["Ida"]}),  # the id of a patient
]

ROLES = [
    practitioner_role(
        "r01",
        active=True,
        period={"start": "2020-01-01", "end": "2020-12-31"},
        practitioner=ref("Practitioner/d01"),
        organization=ref("Organization/org1"),
        code=[
            concept(
                coding(SNOMED, NURSE, "Registered nurse"),
                coding("https://www.bls.gov/soc", "29-1141"),
            )
        ],
        specialty=[concept(coding(SNOMED, "394579002", "Cardiology"), text="Heart things")],
        location=[ref("Location/loc1"), ref("Location/loc2")],
        healthcareService=[ref("HealthcareService/hs1")],
        telecom=[telecom("phone", "555-0300"), telecom("email", "ward@clinic.example")],
        identifier=[identifier(LOCAL, "role-1", type_code="EI", type_text="Employee number")],
        endpoint=[ref("Endpoint/e1")],
    ),
    practitioner_role(
        "r02",
        active=False,
        period={"start": "2021-06"},
        practitioner=ref("Practitioner/d02"),
        organization=ref("Organization/org2"),
        code=[concept(coding(SNOMED, DOCTOR, "Doctor"), text="Doctor")],
    ),
    practitioner_role(
        "r03",
        period={"end": "2019"},
        practitioner=ref(f"{BASE}/Practitioner/d01"),
        code=[concept(coding("", NURSE)), concept(text="Nurse of nights")],
        specialty=[concept(coding(LOCAL, "Ward|3,b"))],
    ),
    practitioner_role(
        "r04",
        active=True,
        practitioner={"identifier": identifier("http://hl7.org/fhir/sid/us-npi", "1234567893")},
    ),
    practitioner_role("r05"),
    practitioner_role(
        "r06",
        period={"start": "2020-06-15T08:00:00+02:00", "end": "2020-06-15T18:00:00.500+02:00"},
        practitioner=ref("https://other.example/fhir/Practitioner/d01"),
        code=[concept(coding(SNOMED, CARDIOLOGIST, "Cardiologist"))],
        telecom=[telecom("phone", "555-0300", use="mobile")],
    ),
    practitioner_role(
        "r07",
        period={"start": "2020-03-14", "end": "2020-03-14"},
        practitioner=ref("Practitioner/d04/_history/1"),
        location=[ref("Location/loc2")],
        organization=ref("Organization/org3"),
        meta={"tag": [coding(LOCAL, "staff")], "security": [coding(LOCAL, "hr")]},
    ),
]
