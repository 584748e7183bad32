"""The documents that the oracle knows: few of each type, as awkward as R4 allows.

The ids tell the order (`t01`, `p01`, …); each document's comment or name tells what it is there for.
"""

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


def task(id: str, status: str = "requested", intent: str = "order", **elements) -> dict:
    if "for_" in elements:
        elements["for"] = elements.pop("for_")
    return {"resourceType": "Task", "id": id, "status": status, "intent": intent, **elements}


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


def patient(id: str, *names: dict, **elements) -> dict:
    named = {"name": list(names)} if names else {}
    return {"resourceType": "Patient", "id": id, **named, **elements}


def practitioner(id: str, *names: dict, **elements) -> dict:
    return patient(id, *names, **elements) | {"resourceType": "Practitioner"}


def practitioner_role(id: str, **elements) -> dict:
    return {"resourceType": "PractitionerRole", "id": id, **elements}


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


DIRECTORY = [
    {
        "resourceType": "Organization",
        "id": "org1",
        "active": True,
        "name": "Northgate Clinic",
        "alias": ["The Gate"],
        "identifier": [identifier("http://clinic.example/npi", "111")],
        "address": [{"city": "Springfield", "state": "IL"}],
    },
    {
        "resourceType": "Organization",
        "id": "org2",
        "active": False,
        "name": "Südklinik",
        "partOf": ref("Organization/org1"),
    },
    {
        "resourceType": "Organization",
        "id": "org3",
        "name": "Ward 3",
        "partOf": ref("Organization/org2"),
    },
    {
        "resourceType": "Location",
        "id": "loc1",
        "status": "active",
        "name": "Room 12",
        "address": {"city": "Springfield", "state": "IL"},
        "managingOrganization": ref("Organization/org1"),
    },
    {"resourceType": "Location", "id": "loc2", "status": "suspended", "name": "Annex"},
    {
        "resourceType": "HealthcareService",
        "id": "hs1",
        "active": True,
        "name": "Cardiology consults",
        "providedBy": ref("Organization/org1"),
    },
    {
        "resourceType": "Encounter",
        "id": "enc1",
        "status": "in-progress",
        "class": coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", "AMB"),
        "subject": ref("Patient/p01"),
        "serviceProvider": ref("Organization/org1"),
        "period": {"start": "2024-01-10T08:00:00Z"},
        "length": {"value": 40, "unit": "min", "system": UCUM, "code": "min"},
    },
    {
        "resourceType": "Encounter",
        "id": "enc2",
        "status": "finished",
        "class": coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", "IMP"),
        "subject": ref("Patient/p02"),
        "period": {"start": "2023-05-01", "end": "2023-05-09"},
        "length": {"value": 9, "unit": "d", "system": UCUM, "code": "d"},
    },
    {
        "resourceType": "List",
        "id": "list1",
        "status": "current",
        "mode": "working",
        "title": "Rounds",
        "entry": [{"item": ref("Patient/p01")}, {"item": ref("Patient/p03")}],
    },
    {
        "resourceType": "List",
        "id": "list2",
        "status": "current",
        "mode": "working",
        "entry": [{"item": ref("Task/t01")}, {"item": ref("Patient/p02")}],
    },
    {
        "resourceType": "Group",
        "id": "grp1",
        "type": "person",
        "actual": True,
        "member": [{"entity": ref("Patient/p02")}, {"entity": ref("Patient/p04")}],
    },
]

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

TASKS = [
    task(
        "t01",
        priority="urgent",
        authoredOn="2024-01-15",
        lastModified="2024-01-16T08:00:00Z",
        identifier=[
            identifier(LOCAL, "T-1", type_code="PLAC", type_text="Placer"),
            identifier("", "T-2"),
        ],
        groupIdentifier=identifier(LOCAL, "G-1"),
        code=concept(
            coding("http://hl7.org/fhir/CodeSystem/task-code", "fulfill", "Fulfill"),
            text="Fulfil it",
        ),
        businessStatus=concept(coding(LOCAL, "waiting", "Waiting for lab"), text="Waiting"),
        for_=ref("Patient/p01"),
        owner=ref("Practitioner/d01"),
        requester=ref("Practitioner/d02"),
        encounter=ref("Encounter/enc1"),
        focus=ref("Observation/o01"),
        performerType=[concept(coding(SNOMED, NURSE, "Registered nurse"))],
        executionPeriod={"start": "2024-01-15T09:00:00Z", "end": "2024-01-15T17:30:00Z"},
        meta={
            "tag": [coding(LOCAL, "vip"), coding("http://other.example/tags", "vip")],
            "profile": ["http://clinic.example/profiles/task"],
            "source": "http://clinic.example/source",
        },
    ),
    task(
        "t02",
        "accepted",
        priority="stat",
        authoredOn="2024-01-15T10:30:00Z",
        lastModified="2024-01-15T10:30:00.250Z",
        identifier=[identifier("http://other.example/ids", "T-1")],
        code=concept(coding(LOCAL, "call", "Call the patient"), coding(SNOMED, "183452005")),
        for_=ref("Patient/p02"),
        owner=ref("PractitionerRole/r01"),
        requester=ref(f"{BASE}/Practitioner/d02"),
        encounter=ref("Encounter/enc2"),
        partOf=[ref("Task/t01")],
        focus=ref("Communication/c01"),
        performerType=[
            concept(coding(SNOMED, DOCTOR, "Doctor"), coding("https://www.bls.gov/soc", "29-1210")),
            concept(coding(SNOMED, CARDIOLOGIST, "Cardiologist")),
        ],
        executionPeriod={"start": "2024-01-15"},
    ),
    task(
        "t03",
        "in-progress",
        "plan",
        priority="routine",
        authoredOn="2024-01-15T23:30:00-05:00",
        lastModified="2024-02",
        code=concept(text="Call the family"),
        businessStatus=concept(coding("", "waiting")),
        for_=ref("Group/grp1"),
        owner=ref("Organization/org1"),
        requester=ref("Patient/p01"),
        partOf=[ref("Task/t01"), ref("Task/t02")],
        basedOn=[ref("ServiceRequest/sr1")],
        focus=ref("Task/t01"),
        executionPeriod={"end": "2024-02-01"},
    ),
    task(
        "t04",
        "completed",
        "proposal",
        priority="asap",
        authoredOn="2024",
        lastModified="2024-03-01",
        groupIdentifier=identifier("", "G-1"),
        code=concept(coding(LOCAL, "Call"), coding("", "call")),
        for_=ref(f"{BASE}/Patient/p01"),
        owner=ref(f"{BASE}/Practitioner/d01"),
        requester=ref("https://other.example/fhir/Practitioner/d02"),
        partOf=[ref("Task/t03")],
        basedOn=[ref("Task/t01"), ref("ServiceRequest/sr2")],
        executionPeriod={"start": "2024-01", "end": "2024-02-10T12:00:00Z"},
    ),
    task("t05"),  # only what must be there
    task(  # an unusual separator in each place
        "t06",
        "on-hold",
        "option",
        authoredOn="2024-01",
        identifier=[identifier("http://clinic.example/a,b", "x|y"), identifier(LOCAL, "c$d\\e")],
        groupIdentifier=identifier(LOCAL, "G,1|2$3\\4"),
        code=concept(coding(LOCAL, "a,b|c")),
        businessStatus=concept(text="Waiting, still"),
        for_=ref("Patient/p04"),
        owner=ref("https://other.example/fhir/Practitioner/d01"),
        requester={"identifier": identifier("http://hl7.org/fhir/sid/us-npi", "1234567893")},
        focus=ref("https://other.example/fhir/Observation/o01"),
    ),
    task(  # what is contained, and references to versions
        "t07",
        "rejected",
        "filler-order",
        authoredOn="2023-12-31T23:59:59.999Z",
        lastModified="2023-12-31T23:59:59Z",
        contained=[
            {"resourceType": "Practitioner", "id": "inside", "name": [{"family": "Hidden"}]}
        ],
        for_=ref("Patient/p03/_history/1"),
        requester=ref("#inside"),
        owner=ref("Practitioner/d02/_history/1"),
        focus=ref("Communication/c02/_history/1"),
        partOf=[ref("Task/t99")],
        code=concept(coding(SNOMED, "183452005", "Ärztliche Überweisung")),
    ),
    task(  # references without a target
        "t08",
        "ready",
        priority="urgent",
        authoredOn="2024-02-29T12:00:00+01:00",
        for_=ref("Patient/p01", identifier=identifier(MRN, "12345"), display="Homer"),
        owner={
            "identifier": identifier("http://hl7.org/fhir/sid/us-npi", "1234567893"),
            "display": "Maya",
        },
        requester=ref("Organization/org2"),
        focus={"identifier": identifier("", "T-2")},
        basedOn=[{"identifier": identifier(LOCAL, "order-1")}],
        executionPeriod={"start": "2024-03-01", "end": "2024-03-01"},
        performerType=[concept(text="Registered nurse of the night")],
    ),
    task(
        "t09",
        "cancelled",
        "original-order",
        priority="routine",
        authoredOn="2024-02-29T12:00:00.123+01:00",
        lastModified="2024-02-29T11:00:00.123Z",
        for_=ref("Patient/p07"),
        owner=ref("Patient/p01"),
        requester=ref("PractitionerRole/r02"),
        code=concept(coding("http://other.example/codes", "call", "CALL BACK")),
        focus=ref("Patient/p07"),
        performerType=[concept(coding("", NURSE)), concept(coding(SNOMED, NURSE), text="RN")],
        meta={"tag": [coding(LOCAL, "VIP")], "security": [coding(LOCAL, "hr"), coding("", "R")]},
    ),
    task(
        "t10",
        "failed",
        "order",
        authoredOn="1999-12-31",
        lastModified="2000-01-01T00:00:00+14:00",
        for_=ref("Patient/p06"),
        owner=ref("Practitioner/p01"),
        requester=ref("Practitioner/d03"),
        partOf=[ref(f"{BASE}/Task/t02")],
        executionPeriod={"start": "2024-01-15T09:00:00.250Z", "end": "2024-01-15T09:00:00.750Z"},
        code=concept(coding(LOCAL, "no-text")),
        meta={
            "profile": [
                "http://clinic.example/profiles/task/child",
                "http://clinic.example/profiles/patient",
            ]
        },
    ),
    task(
        "t11",
        "draft",
        "unknown",
        authoredOn="2024-01-14T10:00:00Z",
        for_=ref("Patient/unknown"),
        owner=ref("Practitioner/unknown"),
        requester=ref("Practitioner/d02"),
        encounter=ref("Encounter/unknown"),
        focus=ref("Provenance/v01"),
        executionPeriod={"start": "2024-01-15T00:00:00+05:00", "end": "2024-01-16"},
        businessStatus=concept(coding(LOCAL, "done", "Done")),
    ),
    task(
        "t12",
        "received",
        "instance-order",
        priority="asap",
        authoredOn="2024-01-16T00:00:00Z",
        lastModified="2025-12",
        for_=ref("Patient/p02"),
        requester=ref("Practitioner/d06"),
        owner=ref("Practitioner/d04"),
        partOf=[ref("Task/t13")],
        code=concept(coding("http://hl7.org/fhir/CodeSystem/task-code", "approve", "Approve")),
        executionPeriod={"start": "2024-12-31T23:59:59Z", "end": "2025-01-01T00:00:00Z"},
    ),
    task(  # t12 and t13 are each part of the other
        "t13",
        "entered-in-error",
        "reflex-order",
        authoredOn="2024-01-31T23:59:59Z",
        for_=ref("Patient/p08"),
        requester=ref("Practitioner/d01"),
        owner=ref("Practitioner/d01"),
        partOf=[ref("Task/t12")],
        basedOn=[ref("Task/t12")],
        executionPeriod={"start": "2023", "end": "2024"},
    ),
]

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

DOCUMENTS = (
    DIRECTORY
    + PATIENTS
    + PRACTITIONERS
    + ROLES
    + TASKS
    + COMMUNICATIONS
    + PROVENANCES
    + MEASUREMENTS
)

for document in DOCUMENTS:
    if document["id"].endswith("01"):
        document["text"] = NARRATIVE
