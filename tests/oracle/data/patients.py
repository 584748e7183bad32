"""Patients: names, dates of birth and death, addresses of every kind."""

from tests.oracle.data.elements import (
    BASE,
    LOCAL,
    MRN,
    SSN,
    coding,
    concept,
    identifier,
    ref,
    telecom,
)


def patient(id: str, *names: dict, **elements) -> dict:
    named = {"name": list(names)} if names else {}
    return {"resourceType": "Patient", "id": id, **named, **elements}


PATIENTS = [
    patient(
        "p01",
        {"use": "official", "family": "Simpson", "given": ["Homer", "Jay"], "prefix": ["Mr."]},
        {"use": "nickname", "given": ["Homie"]},
        active=True,
        gender="male",
        birthDate="1956-05-12",
        deceasedBoolean=False,
        identifier=[
            identifier(MRN, "12345", type_code="MR", type_text="Medical record number"),
            identifier(SSN, "444-22-2222", type_code="SS"),
        ],
        telecom=[
            telecom("phone", "+1 555 0100", use="home"),
            telecom("email", "homer@example.org"),
        ],
        address=[
            {
                "use": "home",
                "line": ["742 Evergreen Terrace"],
                "city": "Springfield",
                "state": "IL",
                "postalCode": "62701",
                "country": "USA",
            }
        ],
        communication=[
            {"language": concept(coding("urn:ietf:bcp:47", "en-US", "English"))},
            {"language": concept(coding("urn:ietf:bcp:47", "fr", "French"))},
        ],
        generalPractitioner=[ref("Practitioner/d01"), ref("Organization/org1")],
        managingOrganization=ref("Organization/org1"),
        link=[{"other": ref("Patient/p02"), "type": "seealso"}],
        meta={
            "profile": ["http://clinic.example/profiles/patient"],
            "tag": [coding(LOCAL, "vip", "Very important")],
            "security": [
                coding(
                    "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R", "restricted"
                )
            ],
            "source": "http://clinic.example/source/a",
        },
    ),
    patient(  # accents, two family names, an address abroad, exact day of death
        "p02",
        {"family": "Núñez Quiñones", "given": ["José", "María"], "suffix": ["Jr."]},
        active=False,
        gender="male",
        birthDate="1970-06",
        deceasedDateTime="2020-03-14",
        identifier=[identifier(MRN, "12346", type_code="MR")],
        telecom=[telecom("phone", "555-0100"), telecom("fax", "555-0199")],
        address=[
            {"use": "work", "city": "Málaga", "state": "AN", "country": "España"},
            {"use": "old", "text": "Calle Larga 3, Cádiz"},
        ],
        communication=[{"language": concept(coding("urn:ietf:bcp:47", "es"), text="Español")}],
        generalPractitioner=[ref("PractitionerRole/r01")],
        managingOrganization=ref("Organization/org2"),
    ),
    patient(  # a name of text only, a birth year only, a year of death
        "p03",
        {"text": "Søren Müller-Strauß"},
        gender="other",
        birthDate="1970",
        deceasedDateTime="2019",
        identifier=[identifier("", "12345")],
        telecom=[telecom("url", "https://example.org/~soren")],
        address=[{"use": "temp", "line": ["Große Straße 7", "Hinterhaus"], "city": "Köln"}],
        meta={"tag": [coding("", "vip"), coding(LOCAL, "follow-up")]},
    ),
    patient(  # separators within values
        "p04",
        {"family": "O'Brien, Jr", "given": ["A|B", "C$D", "E\\F"]},
        gender="female",
        birthDate="1970-06-15",
        deceasedDateTime="2020-03-14T10:30:00+02:00",
        identifier=[
            identifier("http://clinic.example/a,b", "x|y"),
            identifier(MRN, "a,b$c\\d", type_code="MR", type_text="Odd number"),
        ],
        telecom=[telecom("other", "a,b|c"), telecom("pager", "0100")],
        managingOrganization=ref("https://other.example/fhir/Organization/org1"),
        link=[{"other": ref("Patient/p01"), "type": "refer"}],
    ),
    patient("p05"),  # nothing at all
    patient(  # combining characters rather than composed ones, capital letters
        "p06",
        {"family": "LE\u0301VY", "given": ["Zoe\u0308"]},
        active=True,
        gender="unknown",
        birthDate="1999-12-31",
        deceasedBoolean=True,
        identifier=[identifier(MRN, "abc"), identifier("", "AbC")],
        address=[{"city": "SPRINGFIELD", "state": "MA", "postalCode": "01101-1234"}],
        communication=[{"language": concept(text="Sign language")}],
        generalPractitioner=[ref(f"{BASE}/Practitioner/d02")],
    ),
    patient(  # the same family again, and a second name with another one
        "p07",
        {"family": "Simpson", "given": ["Marge"]},
        {"use": "maiden", "family": "Bouvier"},
        active=True,
        gender="female",
        birthDate="1956-03-19",
        address=[{"city": "Spring Valley", "state": "NY", "postalCode": "10977"}],
        telecom=[telecom("email", "marge@example.org"), telecom("sms", "+1 555 0101")],
        generalPractitioner=[ref("Practitioner/d01/_history/1")],
        managingOrganization=ref(f"{BASE}/Organization/org1"),
    ),
    patient(  # identifiers of other kinds, references that only identify
        "p08",
        {"family": "Simpsonsen", "given": ["Bart Jojo"]},
        gender="male",
        birthDate="2000-01-01",
        identifier=[identifier("urn:oid:1.2.36.146.595.217.0.1", "12345")],
        managingOrganization={"identifier": identifier("http://clinic.example/npi", "111")},
        generalPractitioner=[ref(display="Dr. Nobody")],
        meta={
            "profile": [
                "http://clinic.example/profiles/patient/special",
                "http://clinic.example/profiles/other",
            ],
            "security": [coding("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N")],
            "source": "http://clinic.example/source/a/b",
        },
    ),
]
