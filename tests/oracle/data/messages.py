"""Communications, and the Provenance of what was done."""

from tests.oracle.data.elements import (
    BASE,
    LOCAL,
    MRN,
    NURSE,
    SNOMED,
    coding,
    concept,
    identifier,
    ref,
)


def communication(id: str, status: str = "completed", **elements) -> dict:
    return {"resourceType": "Communication", "id": id, "status": status, **elements}


def provenance(id: str, *targets: str, recorded: str, agents: list[dict], **elements) -> dict:
    return {
        "resourceType": "Provenance",
        "id": id,
        "target": [ref(target) for target in targets],
        "recorded": recorded,
        "agent": agents,
        **elements,
    }


COMMUNICATIONS = [
    communication(
        "c01",
        sent="2024-01-10T09:00:00Z",
        received="2024-01-10T09:05:00Z",
        identifier=[identifier(LOCAL, "C-1", type_code="PLAC")],
        category=[
            concept(coding(LOCAL, "question", "Question")),
            concept(coding(LOCAL, "urgent"), text="Quick"),
        ],
        medium=[
            concept(
                coding(
                    "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode",
                    "WRITTEN",
                    "written",
                )
            )
        ],
        subject=ref("Patient/p01"),
        sender=ref("Patient/p01"),
        recipient=[ref("Practitioner/d01"), ref("PractitionerRole/r01")],
        encounter=ref("Encounter/enc1"),
        basedOn=[ref("ServiceRequest/sr1")],
        instantiatesCanonical=["http://clinic.example/PlanDefinition/reply"],
        instantiatesUri=["http://clinic.example/protocols/reply", "urn:oid:1.2.3"],
        meta={"tag": [coding(LOCAL, "vip")], "source": "http://clinic.example/source/a"},
    ),
    communication(
        "c02",
        "in-progress",
        sent="2024-01-11",
        category=[concept(coding("", "question"))],
        medium=[concept(text="By written letter")],
        subject=ref("Group/grp1"),
        sender=ref("Practitioner/d01"),
        recipient=[ref("Patient/p01")],
        partOf=[ref("Communication/c01")],
        instantiatesUri=["http://clinic.example/protocols/reply/late"],
    ),
    communication(
        "c03",
        "preparation",
        received="2024-01",
        identifier=[identifier("", "C-1"), identifier("http://other.example/ids", "C-1")],
        subject=ref(f"{BASE}/Patient/p02"),
        sender=ref("Organization/org1"),
        recipient=[ref("Practitioner/d02"), ref("Patient/p01"), ref("Group/grp1")],
        partOf=[ref("Communication/c02"), ref("Task/t01")],
        basedOn=[ref("Task/t01")],
        category=[concept(coding("http://other.example/codes", "question", "Fräge"))],
        instantiatesUri=["http://clinic.example/protocols"],
    ),
    communication("c04", "unknown"),
    communication(
        "c05",
        "stopped",
        sent="2024-01-10T10:00:00+01:00",
        received="2024-01-10T09:05:00.500Z",
        subject=ref("Patient/p03/_history/1"),
        sender=ref("Practitioner/d01/_history/1"),
        recipient=[ref("https://other.example/fhir/Practitioner/d01")],
        encounter=ref(f"{BASE}/Encounter/enc2"),
        medium=[
            concept(
                coding(
                    "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode",
                    "PHONE",
                    "Telephone",
                )
            )
        ],
        instantiatesUri=["http://clinic.example/Protocols/Reply"],
        instantiatesCanonical=[
            "http://clinic.example/PlanDefinition/other",
            "http://clinic.example/Questionnaire/q",
        ],
    ),
    communication(
        "c06",
        "entered-in-error",
        sent="2023",
        received="2023-12-31T23:59:59Z",
        sender={"identifier": identifier("http://hl7.org/fhir/sid/us-npi", "1234567893")},
        recipient=[{"identifier": identifier(MRN, "12345", type_code="MR")}],
        category=[concept(text="Question of money")],
        meta={
            "profile": ["http://clinic.example/profiles/message"],
            "security": [coding(LOCAL, "hr")],
        },
    ),
]

AUTHOR = coding(
    "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "author", "Author"
)

PROVENANCES = [
    provenance(
        "v01",
        "Task/t01",
        "Patient/p01",
        recorded="2024-01-15T10:00:00Z",
        occurredDateTime="2024-01-15",
        agents=[
            {
                "type": concept(AUTHOR),
                "role": [concept(coding(SNOMED, NURSE, "Registered nurse"))],
                "who": ref("Practitioner/d01"),
            }
        ],
        entity=[{"role": "source", "what": ref("Communication/c01")}],
        location=ref("Location/loc1"),
        signature=[
            {
                "type": [
                    coding(
                        "urn:iso-astm:E1762-95:2013", "1.2.840.10065.1.12.1.1", "Author's Signature"
                    )
                ],
                "when": "2024-01-15T10:00:00Z",
                "who": ref("Practitioner/d01"),
            }
        ],
        meta={"tag": [coding(LOCAL, "audit")]},
    ),
    provenance(
        "v02",
        "Task/t02",
        recorded="2024-01-15T10:00:00.500+01:00",
        occurredPeriod={"start": "2024-01-10", "end": "2024-01-12"},
        agents=[
            {"type": concept(AUTHOR, text="Writer"), "who": ref("PractitionerRole/r01")},
            {"role": [concept(text="Registered witness")], "who": ref("Organization/org1")},
        ],
        entity=[
            {"role": "derivation", "what": ref("Task/t01")},
            {"role": "source", "what": ref("Patient/p02")},
        ],
    ),
    provenance(
        "v03",
        f"{BASE}/Patient/p02",
        "Task/t01/_history/1",
        recorded="2024-02-01T00:00:00Z",
        occurredDateTime="2024-01-31T23:30:00-05:00",
        agents=[{"who": ref("Patient/p01")}],
        location=ref("Location/loc2"),
        signature=[
            {
                "type": [
                    coding("urn:iso-astm:E1762-95:2013", "1.2.840.10065.1.12.1.5", "Verification"),
                    coding("", "seal"),
                ],
                "when": "2024-02-01T00:00:00Z",
                "who": ref("Patient/p01"),
            }
        ],
    ),
    provenance(
        "v04",
        "https://other.example/fhir/Task/t01",
        recorded="2023-12-31T23:59:59Z",
        occurredDateTime="2023",
        agents=[
            {
                "type": concept(
                    coding(
                        "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
                        "verifier",
                    )
                ),
                "role": [concept(coding(LOCAL, "author"))],
                "who": {"identifier": identifier("http://hl7.org/fhir/sid/us-npi", "1234567893")},
            }
        ],
        entity=[{"role": "source", "what": ref("https://other.example/fhir/Communication/c01")}],
    ),
    provenance(
        "v05",
        "Communication/c02",
        "Patient/p03",
        recorded="2024-02-29T12:00:00Z",
        agents=[{"who": ref("Practitioner/d02"), "onBehalfOf": ref("Organization/org1")}],
        meta={
            "security": [coding(LOCAL, "hr")],
            "profile": ["http://clinic.example/profiles/audit"],
        },
    ),
]
