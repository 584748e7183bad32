"""158 valid R4 documents as exact JSON text, of the shapes that the official examples have.

All content is invented. `EXAMPLES` is a list of `(name, body)`; the bytes are the same in every
run. Some are written out by hand where spacing, escapes or digits matter.
"""

from decimal import Decimal

from fhir import json

SNOMED, LOINC, UCUM = "http://snomed.info/sct", "http://loinc.org", "http://unitsofmeasure.org"
HL7 = "http://terminology.hl7.org/CodeSystem/"
OUR = "https://example.org/fhir/StructureDefinition/"

EXAMPLES: list[tuple[str, bytes]] = []


def D(text):
    """A decimal with exactly these digits."""
    return Decimal(text)


def concept(text=None, *codings):
    found = {"coding": [coding(*each) for each in codings]} if codings else {}
    return found | ({"text": text} if text else {})


def coding(system, code, display=None):
    return {"system": system, "code": code} | ({"display": display} if display else {})


def ref(reference, display=None):
    return {"reference": reference} | ({"display": display} if display else {})


def period(start=None, end=None):
    return {key: value for key, value in (("start", start), ("end", end)) if value}


def quantity(value, unit, code=None):
    return {"value": D(value), "unit": unit, "system": UCUM, "code": code or unit}


def identifier(value, system="https://example.org/ids", **more):
    return {"system": system, "value": value, **more}


def extension(name, **value):
    return {"url": OUR + name, **value}


def narrative(html, status="generated"):
    return {"status": status, "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{html}</div>'}


def add(name, resource_type, /, **elements):
    renamed = {key.rstrip("_"): value for key, value in elements.items()}
    document = {"resourceType": resource_type, "id": name, **renamed}
    EXAMPLES.append((name, json.dumps(document)))


def add_text(name, text):
    EXAMPLES.append((name, text.encode()))


# --- Task: every status, every element ------------------------------------------------------------


def task(name, status, intent="order", /, **elements):
    add(f"task-{name}", "Task", status=status, intent=intent, **elements)


PHQ9 = concept("Complete PHQ-9", (SNOMED, "715252007", "Depression screening using PHQ-9"))
NURSE = concept(None, (SNOMED, "224535009", "Registered nurse"))
DOCTOR = concept(None, (SNOMED, "309343006", "Physician"))

task("draft", "draft", "proposal", code=PHQ9)
task("requested", "requested", code=PHQ9, description="Patient to complete PHQ-9 screening")
task("received", "received", owner=ref("PractitionerRole/night-ward"))
task("accepted", "accepted", owner=ref("Practitioner/ama-owusu", "Ama Owusu"))
task(
    "rejected",
    "rejected",
    owner=ref("Organization/home-care"),
    statusReason=concept("Outside our area", (OUR + "reasons", "area")),
)
task("ready", "ready", "plan", performerType=[NURSE])
task(
    "cancelled",
    "cancelled",
    statusReason=concept("Ordered twice"),
    executionPeriod=period(end="2026-03-01T10:00:00Z"),
)
task(
    "in-progress",
    "in-progress",
    businessStatus=concept("Waiting for the interpreter"),
    executionPeriod=period(start="2026-03-01T09:15:00+01:00"),
)
task("on-hold", "on-hold", statusReason=concept("Reagent out of stock"), priority="routine")
task(
    "failed",
    "failed",
    statusReason=concept("Sample haemolysed", (SNOMED, "281279002")),
    executionPeriod=period("2026-03-01T09:15:00.123+01:00", "2026-03-01T09:15:00.124+01:00"),
)
task(
    "completed",
    "completed",
    executionPeriod=period("2026-03-01", "2026-03-01"),
    output=[{"type": concept("Report"), "valueReference": ref("DiagnosticReport/potassium")}],
)
task("entered-in-error", "entered-in-error", "unknown")
for _intent in ("original-order", "reflex-order", "filler-order", "instance-order", "option"):
    task(f"intent-{_intent}", "requested", _intent, authoredOn="2026-02")
for _priority in ("urgent", "asap", "stat"):
    task(f"priority-{_priority}", "requested", priority=_priority, performerType=[DOCTOR, NURSE])
task(
    "identifiers",
    "requested",
    identifier=[
        identifier("T-1", use="usual", type=concept(None, (HL7 + "v2-0203", "FILL"))),
        identifier("1.2.840.1", "urn:ietf:rfc:3986", assigner=ref("Organization/lab")),
        {"use": "old", "value": "only a value", "period": period("2020", "2021")},
    ],
    groupIdentifier=identifier("order-set-7"),
)
task(
    "definitions",
    "requested",
    instantiatesCanonical="https://example.org/ActivityDefinition/screening|2.1",
    instantiatesUri="https://example.org/protocols/falls.html#step-4",
)
task(
    "graph",
    "requested",
    basedOn=[ref("ServiceRequest/echo"), ref("CarePlan/heart-failure")],
    partOf=[ref("Task/admission"), ref("Task/admission/_history/2")],
    focus=ref("https://ehr.example/fhir/MedicationRequest/12"),
    for_=ref("Patient/lena"),
    encounter=ref("Encounter/er-1"),
    relevantHistory=[ref("Provenance/claimed")],
    insurance=[ref("Coverage/c1"), ref("ClaimResponse/cr1")],
)
task(
    "logical-references",
    "requested",
    for_={"type": "Patient", "identifier": identifier("MRN-7")},
    owner={"display": "Whoever is on call"},
    requester={"type": "Practitioner", "reference": "Practitioner/1", "display": "Dr. One"},
    location=ref("urn:uuid:6f1a2a80-6f5e-4e3f-8f0b-0d1a0b5b8f63"),
    focus=ref("urn:oid:1.2.36.146.595.217.0.1"),
)
task(
    "times",
    "requested",
    authoredOn="2024-02-29T23:59:60Z",
    lastModified="2026-01-02T03:04:05.678901-11:30",
)
task(
    "reasons",
    "requested",
    reasonCode=concept("Fall at home", (SNOMED, "217082002", "Accidental fall")),
    reasonReference=ref("Condition/hip-fracture"),
    location=ref("Location/ward-4"),
)
task(
    "restriction",
    "requested",
    restriction={
        "repetitions": 3,
        "period": period("2026-03-01", "2026-03-31T17:00:00Z"),
        "recipient": [ref("Patient/lena"), ref("Group/diabetics"), ref("RelatedPerson/mother")],
    },
)
task("restriction-open", "requested", restriction={"period": period(end="2026")})
task(
    "notes",
    "requested",
    note=[
        {"text": "Called; no answer."},
        {
            "authorReference": ref("Practitioner/ama-owusu"),
            "time": "2026-03-01T10:00:00Z",
            "text": "Called again.\n\n- daughter answered\n- will *call back*",
        },
        {"authorString": "Front desk", "text": "Daughter called back."},
    ],
)
task("note-long", "requested", note=[{"text": "The wound is clean and dry. " * 2000}])
task("many-notes", "requested", note=[{"text": f"Entry {n}"} for n in range(60)])
task(
    "inputs-primitive",
    "requested",
    input=[
        {"type": concept("a"), "valueBoolean": False},
        {"type": concept("b"), "valueInteger": -7},
        {"type": concept("c"), "valueDecimal": D("0.0100")},
        {"type": concept("d"), "valueString": "½ tablet"},
        {"type": concept("e"), "valueCode": "bid"},
        {"type": concept("f"), "valueDate": "2026-03"},
        {"type": concept("g"), "valueDateTime": "2026-03-01T08:00:00Z"},
        {"type": concept("h"), "valueInstant": "2026-03-01T08:00:00.5+05:45"},
        {"type": concept("i"), "valueTime": "08:30:00"},
        {"type": concept("j"), "valueUri": "urn:example:a"},
        {"type": concept("k"), "valueUrl": "https://example.org/a?b=c&d=e"},
        {"type": concept("l"), "valueCanonical": "https://example.org/Questionnaire/1|3"},
        {"type": concept("m"), "valueId": "a-1.B"},
        {"type": concept("n"), "valueOid": "urn:oid:2.16.840.1.113883"},
        {"type": concept("o"), "valueUuid": "urn:uuid:0193a1b2-0000-7000-8000-00000000000a"},
        {"type": concept("p"), "valuePositiveInt": 2147483647},
        {"type": concept("q"), "valueUnsignedInt": 0},
        {"type": concept("r"), "valueBase64Binary": "VGFza3dhcmQ="},
        {"type": concept("s"), "valueMarkdown": "# Heading\n\n> quoted"},
    ],
)
task(
    "inputs-complex",
    "requested",
    input=[
        {"type": concept("dose"), "valueQuantity": quantity("1.00", "mg")},
        {"type": concept("age"), "valueAge": quantity("64", "years", "a")},
        {"type": concept("money"), "valueMoney": {"value": D("19.90"), "currency": "EUR"}},
        {
            "type": concept("range"),
            "valueRange": {"low": quantity("3.5", "mmol/L"), "high": quantity("5.10", "mmol/L")},
        },
        {
            "type": concept("ratio"),
            "valueRatio": {"numerator": quantity("1", "mg"), "denominator": quantity("8", "mL")},
        },
        {"type": concept("who"), "valueHumanName": {"family": "Ångström", "given": ["Åsa"]}},
        {"type": concept("where"), "valueAddress": {"line": ["1 Main St"], "city": "Accra"}},
        {"type": concept("phone"), "valueContactPoint": {"system": "phone", "value": "+49 30 1"}},
        {"type": concept("file"), "valueAttachment": {"contentType": "text/plain", "data": "QQ=="}},
        {
            "type": concept("when"),
            "valueTiming": {
                "repeat": {
                    "boundsPeriod": period("2026-03-01"),
                    "frequency": 1,
                    "period": D("8"),
                    "periodUnit": "h",
                    "dayOfWeek": ["mon", "thu"],
                    "timeOfDay": ["08:00:00", "20:00:00"],
                }
            },
        },
        {"type": concept("sig"), "valueDosage": {"text": "Two puffs when needed", "sequence": 1}},
        {"type": concept("meta"), "valueMeta": {"tag": [coding(OUR + "tags", "pilot")]}},
        {"type": concept("expr"), "valueExpression": {"language": "text/cql", "expression": "a"}},
    ],
)
task(
    "outputs",
    "completed",
    output=[
        {"type": concept("Result"), "valueReference": ref("Observation/potassium")},
        {"type": concept("Answers"), "valueReference": ref("QuestionnaireResponse/phq9-lena")},
        {"type": concept("Score"), "valueInteger": 17},
        {"type": concept("Coded"), "valueCodeableConcept": concept("Severe")},
    ],
)
task(
    "contained",
    "requested",
    contained=[
        {"resourceType": "Patient", "id": "p", "name": [{"text": "Walk-in"}]},
        {"resourceType": "Organization", "id": "o", "name": "Street clinic"},
        {
            "resourceType": "Practitioner",
            "id": "dr",
            "qualification": [{"code": concept("MD"), "issuer": ref("#o")}],
        },
    ],
    for_=ref("#p"),
    requester=ref("#dr", "Dr. Contained"),
    note=[{"authorReference": ref("#dr"), "text": "Seen in the street clinic."}],
)
task(
    "contained-refers-to-container",
    "requested",
    contained=[
        {
            "resourceType": "Provenance",
            "id": "why",
            "target": [ref("#")],
            "recorded": "2026-03-01T00:00:00Z",
            "agent": [{"who": ref("Practitioner/1")}],
        }
    ],
    relevantHistory=[ref("#why")],
)
task(
    "extensions",
    "requested",
    extension=[
        extension("pool", valueReference=ref("HealthcareService/dialysis")),
        extension("due", valueDateTime="2026-03-05"),
        extension(
            "escalation",
            extension=[
                {"url": "level", "valueInteger": 2},
                {"url": "after", "valueDuration": quantity("1.50", "h")},
                {"url": "to", "extension": [{"url": "who", "valueString": "charge nurse"}]},
            ],
        ),
    ],
    modifierExtension=[extension("dry-run", valueBoolean=True)],
    restriction={
        "extension": [extension("soft", valueBoolean=True)],
        "modifierExtension": [extension("excluding-weekends", valueCode="yes")],
        "repetitions": 1,
    },
)
task(
    "primitive-extensions",
    "requested",
    _status={"id": "s1", "extension": [extension("set-by", valueString="rule 7")]},
    description="Übergabe",
    _description={"extension": [extension("translation", valueString="Handover")]},
    _authoredOn={
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                "valueCode": "unknown",
            }
        ]
    },
)
task(
    "status-only-as-extension",
    "requested",
    code={"id": "c", "coding": [{"_code": {"extension": [extension("nil", valueCode="nil")]}}]},
)
task(
    "meta",
    "requested",
    meta={
        "versionId": "17",
        "lastUpdated": "2026-03-01T10:00:00.001Z",
        "source": "https://ehr.example/tasks#1",
        "profile": ["https://example.org/fhir/StructureDefinition/our-task"],
        "security": [coding(HL7 + "v3-Confidentiality", "R")],
        "tag": [coding(OUR + "tags", "demo", "Demo data")],
    },
    implicitRules="https://example.org/rules",
    language="de-CH",
)
task("hebrew", "requested", description="להתקשר למטופלת לפני הצהריים")
task("arabic", "requested", description="اتصل بالمريض ‏(عاجل)‏ قبل ١٢:٠٠", language="ar")
task("emoji", "requested", note=[{"text": "👩🏽‍⚕️ called 👨‍👩‍👧‍👦 — all fine 👍🏿 🇬🇭"}])
task(
    "combining", "requested", description="e\u0301 and \u00e9 differ; Z\u0351\u036b\u0343a\u0327lgo"
)
task("chinese", "requested", code=concept("完成抑郁症筛查"), for_=ref("Patient/li", "李秀英"))
task("astral", "requested", description="𝒯𝒶𝓈𝓀 𠜎𠜱 \U0001f9ec")
task("markup-as-text", "requested", description="<b>5 < 6</b> & \"quotes\" 'too' \\ / {{x}}")
task("white-space", "requested", description="  kept:\ttab, \r\n line ends and trailing  ")
task("separators", "requested", description="line\u2028paragraph\u2029nbsp\u00a0zero\u200bwidth")
task(
    "narrative",
    "requested",
    text=narrative(
        '<h1>Call</h1><p class="x">Mrs&#160;L, <b>today</b> &amp; tomorrow&nbsp;<br/></p>'
        '<table border="1"><tr><td>a</td></tr></table><img src="#pic" alt="x"/>'
        '<a href="https://example.org/a">more</a><a name="here"></a>'
    ),
)
add_text(
    "task-pretty-printed",
    """{
  "resourceType" : "Task",
  "id" : "task-pretty-printed",
  "status" : "requested",
  "intent" : "order",
  "description" : "caf\\u00e9 \\ud83d\\ude00 \\/ \\"x\\" \\\\ \\u0022",
  "input" : [ {
    "type" : { "text" : "digits" },
    "valueDecimal" : 1.00
  }, {
    "type" : { "text" : "more" },
    "valueDecimal" : 0.0100
  } ]
}
""",
)
add_text(
    "task-digits",
    '{"resourceType":"Task","id":"task-digits","status":"ready","intent":"plan","input":['
    + ",".join(
        f'{{"type":{{"text":"n"}},"valueDecimal":{digits}}}'
        for digits in "0 -0.0 1.0 1.00 100 1.500E+3 6.02214076E+23 1E-9 0.10000000000000001".split()
    )
    + "]}",
)
add_text("task-minimal", '{"resourceType":"Task","status":"requested","intent":"order"}')
add_text("task-odd-order", '{"intent":"order","status":"ready","id":"a","resourceType":"Task"}')

# --- people ---------------------------------------------------------------------------------------

add(
    "patient-lena",
    "Patient",
    identifier=[identifier("MRN-1", type=concept(None, (HL7 + "v2-0203", "MR")))],
    active=True,
    name=[
        {"use": "official", "family": "Hoffmann", "given": ["Lena", "Marie"], "suffix": ["PhD"]},
        {"use": "maiden", "family": "Krüger", "period": period(end="2011")},
    ],
    telecom=[
        {"system": "phone", "value": "+49 30 5550 101", "use": "mobile", "rank": 1},
        {"system": "email", "value": "lena@example.org"},
    ],
    gender="female",
    birthDate="1961-07-04",
    _birthDate={
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime",
                "valueDateTime": "1961-07-04T04:30:00+01:00",
            }
        ]
    },
    deceasedBoolean=False,
    address=[{"use": "home", "type": "both", "line": ["Am Park 3"], "postalCode": "10115"}],
    maritalStatus=concept("Married", (HL7 + "v3-MaritalStatus", "M")),
    communication=[{"language": concept(None, ("urn:ietf:bcp:47", "de")), "preferred": True}],
    generalPractitioner=[ref("Practitioner/ama-owusu")],
)
add("patient-died", "Patient", deceasedDateTime="2025-12-31T23:10:00+01:00", gender="male")
add("patient-unknown", "Patient", gender="unknown", name=[{"text": "Unknown, found in park"}])
add("patient-year-only", "Patient", birthDate="1938", multipleBirthInteger=2)
add("patient-twin", "Patient", birthDate="2020-02-29", multipleBirthBoolean=True)
add(
    "patient-null-beside-extension",
    "Patient",
    name=[
        {
            "given": ["Ana", None, "Sofía"],
            "_given": [None, {"extension": [extension("nick", valueString="Ani")]}, None],
        }
    ],
)
add(
    "patient-given-only-extensions",
    "Patient",
    name=[{"_given": [{"extension": [extension("masked", valueCode="masked")]}]}],
)
add("patient-no-birth-date", "Patient", _birthDate={"extension": [extension("x", valueCode="x")]})
add(
    "patient-merged",
    "Patient",
    active=False,
    link=[{"other": ref("Patient/lena"), "type": "replaced-by"}],
    contact=[
        {
            "relationship": [concept("Mother")],
            "name": {"text": "Noor"},
            "gender": "other",
            "period": period("2001-01-01", "2001-01-01"),
        }
    ],
    photo=[{"contentType": "image/png", "url": "https://example.org/p.png", "size": 1024}],
)
add("patient-bare", "Patient")
add(
    "practitioner-ama",
    "Practitioner",
    name=[{"family": "Owusu", "given": ["Ama"], "prefix": ["Dr."]}],
    qualification=[
        {"code": concept("RN"), "period": period("2012"), "issuer": ref("Organization/b")}
    ],
    birthDate="1980-11",
    communication=[concept("Twi")],
)
add(
    "practitionerrole-nurse",
    "PractitionerRole",
    practitioner=ref("Practitioner/ama-owusu"),
    organization=ref("Organization/hospital"),
    code=[NURSE],
    specialty=[concept("Cardiology", (SNOMED, "394579002"))],
    location=[ref("Location/ward-4")],
    healthcareService=[ref("HealthcareService/dialysis")],
    availableTime=[
        {
            "daysOfWeek": ["mon", "tue", "wed"],
            "availableStartTime": "07:00:00",
            "availableEndTime": "15:30:00",
        },
        {"daysOfWeek": ["sat"], "allDay": True},
    ],
    notAvailable=[{"description": "Holiday", "during": period("2026-07-01", "2026-07-14")}],
)
add("practitionerrole-past", "PractitionerRole", active=False, period=period("2019", "2023"))
add(
    "relatedperson-mother",
    "RelatedPerson",
    patient=ref("Patient/lena"),
    relationship=[concept("Mother", (HL7 + "v3-RoleCode", "MTH"))],
    telecom=[{"system": "sms", "value": "5550123"}],
)
add(
    "person-lena",
    "Person",
    name=[{"text": "Lena"}],
    link=[{"target": ref("Patient/lena"), "assurance": "level3"}],
)
add(
    "group-diabetics",
    "Group",
    type="person",
    actual=True,
    name="Diabetics of ward 4",
    quantity=2,
    characteristic=[
        {"code": concept("HbA1c"), "valueRange": {"low": quantity("6.5", "%")}, "exclude": False}
    ],
    member=[{"entity": ref("Patient/lena")}, {"entity": ref("Patient/li"), "inactive": True}],
)
add("group-definition", "Group", type="practitioner", actual=False, code=concept("On call"))

# --- organisations and places ---------------------------------------------------------------------

add(
    "organization-hospital",
    "Organization",
    active=True,
    type=[concept(None, (HL7 + "organization-type", "prov"))],
    name="Sankt Änne",
    alias=["St. Anne", "القديسة آن"],
    address=[{"country": "DE"}],
    contact=[{"purpose": concept("Admin"), "telecom": [{"system": "fax", "value": "1"}]}],
)
add("organization-ward", "Organization", name="Ward 4", partOf=ref("Organization/hospital"))
add(
    "location-ward-4",
    "Location",
    status="active",
    operationalStatus=coding(HL7 + "v2-0116", "O"),
    name="Ward 4",
    mode="instance",
    position={"longitude": D("13.37690"), "latitude": D("52.52630"), "altitude": D("-0.50")},
    hoursOfOperation=[{"daysOfWeek": ["sun"], "openingTime": "09:00:00"}],
    partOf=ref("Location/house-b"),
)
add("location-vehicle", "Location", status="suspended", mode="kind", physicalType=concept("Van"))
add(
    "healthcareservice-dialysis",
    "HealthcareService",
    providedBy=ref("Organization/hospital"),
    name="Dialysis",
    extraDetails="**No** appointment needed",
    appointmentRequired=False,
    eligibility=[{"code": concept("Referral"), "comment": "from any GP"}],
)
add(
    "careteam-lena",
    "CareTeam",
    status="active",
    subject=ref("Patient/lena"),
    period=period("2026-01-01"),
    participant=[
        {"role": [concept("Lead")], "member": ref("Practitioner/ama-owusu")},
        {"member": ref("RelatedPerson/mother"), "period": period("2026-01")},
    ],
)
add(
    "endpoint-push",
    "Endpoint",
    status="active",
    connectionType=coding(HL7 + "endpoint-connection-type", "hl7-fhir-rest"),
    payloadType=[concept("any")],
    payloadMimeType=["application/fhir+json"],
    address="https://ehr.example/hook",
    header=["X-Kind: task"],
)
add("device-pump", "Device", status="active", deviceName=[{"name": "Pump 3", "type": "other"}])
add(
    "schedule-clinic",
    "Schedule",
    actor=[ref("Practitioner/ama-owusu"), ref("Location/ward-4")],
    planningHorizon=period("2026-01-01T00:00:00Z", "2026-12-31T23:59:59Z"),
)
add(
    "slot-morning",
    "Slot",
    schedule=ref("Schedule/clinic"),
    status="free",
    start="2026-03-02T08:00:00+01:00",
    end="2026-03-02T08:30:00+01:00",
)
add(
    "appointment-echo",
    "Appointment",
    status="booked",
    start="2026-03-02T08:00:00+01:00",
    end="2026-03-02T08:30:00+01:00",
    minutesDuration=30,
    priority=0,
    participant=[
        {"actor": ref("Patient/lena"), "required": "required", "status": "accepted"},
        {"type": [concept("Interpreter")], "status": "needs-action"},
    ],
)

# --- messages and where things come from ----------------------------------------------------------

add(
    "communication-plain",
    "Communication",
    status="completed",
    subject=ref("Patient/lena"),
    sender=ref("Practitioner/ama-owusu"),
    recipient=[ref("Patient/lena"), ref("Group/diabetics")],
    sent="2026-03-01T10:00:00Z",
    received="2026-03-01T10:00:03Z",
    payload=[{"contentString": "Your results are here."}],
)
add(
    "communication-thread",
    "Communication",
    status="in-progress",
    partOf=[ref("Communication/plain")],
    inResponseTo=[ref("Communication/plain")],
    topic=concept("Dialysis on Monday"),
    category=[concept(None, (HL7 + "communication-category", "notification"))],
    priority="urgent",
    medium=[concept(None, (HL7 + "v3-ParticipationMode", "WRITTEN"))],
    payload=[
        {"contentReference": ref("DocumentReference/letter")},
        {"contentAttachment": {"contentType": "image/jpeg", "hash": "3q2+7w==", "title": "Wound"}},
        {"contentString": "תודה 🙏"},
    ],
    note=[{"text": "translated by the daughter"}],
)
add(
    "communication-not-done",
    "Communication",
    status="not-done",
    statusReason=concept(
        "No phone", (HL7 + "communication-not-done-reason", "invalid-phone-number")
    ),
)
add(
    "communicationrequest-1",
    "CommunicationRequest",
    status="active",
    doNotPerform=False,
    occurrencePeriod=period("2026-03-01", "2026-03-07"),
    payload=[{"contentString": "Please remind"}],
)
add(
    "provenance-claimed",
    "Provenance",
    target=[ref("Task/graph/_history/3")],
    occurredDateTime="2026-03-01T10:00:00+00:00",
    recorded="2026-03-01T10:00:00.020Z",
    activity=concept(None, (HL7 + "v3-DataOperation", "UPDATE")),
    agent=[
        {
            "type": concept(None, (HL7 + "provenance-participant-type", "author")),
            "who": ref("Practitioner/ama-owusu"),
            "onBehalfOf": ref("Organization/hospital"),
        }
    ],
    entity=[{"role": "revision", "what": ref("Task/graph/_history/2")}],
)
add(
    "provenance-signed",
    "Provenance",
    target=[ref("DocumentReference/letter")],
    recorded="2026-03-01T10:00:00Z",
    agent=[{"who": {"identifier": identifier("npi-1")}}],
    signature=[
        {
            "type": [coding("urn:iso-astm:E1762-95:2013", "1.2.840.10065.1.12.1.1")],
            "when": "2026-03-01T10:00:00Z",
            "who": ref("Practitioner/ama-owusu"),
            "sigFormat": "application/jose",
            "data": "QUJD\nREVG",
        }
    ],
)
add(
    "auditevent-read",
    "AuditEvent",
    type=coding(HL7 + "audit-event-type", "rest"),
    action="R",
    recorded="2026-03-01T10:00:00Z",
    outcome="0",
    agent=[
        {
            "who": ref("Practitioner/ama-owusu"),
            "requestor": True,
            "network": {"address": "192.0.2.1", "type": "2"},
        }
    ],
    source={"observer": ref("Device/pump")},
    entity=[{"what": ref("Patient/lena"), "detail": [{"type": "q", "valueString": "name=x"}]}],
)
add(
    "subscription-hook",
    "Subscription",
    status="requested",
    reason="Tell the EHR",
    criteria="Task?status=completed",
    end="2027-01-01T00:00:00Z",
    channel={"type": "rest-hook", "endpoint": "https://ehr.example/hook"},
)
add(
    "operationoutcome-two",
    "OperationOutcome",
    issue=[
        {"severity": "error", "code": "required", "expression": ["Task.status"]},
        {"severity": "information", "code": "informational", "details": concept("All good")},
    ],
)

# --- questions and answers ------------------------------------------------------------------------

add(
    "questionnaire-phq9",
    "Questionnaire",
    url="https://example.org/fhir/Questionnaire/phq9",
    version="1.0.0",
    status="active",
    subjectType=["Patient"],
    title="PHQ-9",
    effectivePeriod=period("2026-01-01"),
    item=[
        {
            "linkId": "1",
            "text": "Little interest?",
            "type": "choice",
            "required": True,
            "answerOption": [
                {"valueCoding": coding(LOINC, "LA6568-5", "Not at all"), "initialSelected": True},
                {"valueCoding": coding(LOINC, "LA6569-3", "Several days")},
            ],
            "item": [
                {
                    "linkId": "1.1",
                    "type": "group",
                    "item": [{"linkId": "1.1.1", "type": "text", "maxLength": 200}],
                }
            ],
        },
        {
            "linkId": "2",
            "type": "decimal",
            "enableWhen": [{"question": "1", "operator": ">", "answerDecimal": D("2.0")}],
            "enableBehavior": "all",
            "initial": [{"valueDecimal": D("36.60")}],
        },
        {"linkId": "3", "type": "display", "text": "Thank you", "prefix": "c)"},
    ],
)
add("questionnaire-draft", "Questionnaire", status="draft", experimental=True)
add(
    "questionnaireresponse-phq9-lena",
    "QuestionnaireResponse",
    questionnaire="https://example.org/fhir/Questionnaire/phq9|1.0.0",
    status="completed",
    subject=ref("Patient/lena"),
    authored="2026-03-01T11:00:00Z",
    source=ref("RelatedPerson/mother"),
    item=[
        {
            "linkId": "1",
            "answer": [
                {
                    "valueCoding": coding(LOINC, "LA6569-3"),
                    "item": [{"linkId": "1.1", "answer": [{"valueString": "since winter"}]}],
                }
            ],
        },
        {"linkId": "2", "answer": [{"valueDecimal": D("36.60")}, {"valueDate": "2026-03-01"}]},
        {"linkId": "4", "answer": [{"valueBoolean": False}, {"valueTime": "23:59:59.999"}]},
    ],
)
add("questionnaireresponse-stopped", "QuestionnaireResponse", status="stopped")

# --- findings -------------------------------------------------------------------------------------

for _name, _value in {
    "quantity": {"valueQuantity": quantity("4.20", "mmol/L")},
    "below": {"valueQuantity": {"comparator": "<", "value": D("0.010"), "unit": "ng/mL"}},
    "concept": {"valueCodeableConcept": concept("Positive", (SNOMED, "10828004"))},
    "string": {"valueString": "hazy, straw-coloured"},
    "boolean": {"valueBoolean": True},
    "integer": {"valueInteger": 0},
    "range": {"valueRange": {"low": {"value": D("1.0")}, "high": {"value": D("2.50")}}},
    "ratio": {"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}},
    "sampled": {
        "valueSampledData": {
            "origin": {"value": D("0")},
            "period": D("10.0"),
            "factor": D("1.612"),
            "dimensions": 1,
            "data": "2041 2043 E U 2037",
        }
    },
    "time": {"valueTime": "06:00:00"},
    "datetime": {"valueDateTime": "2026-03-01"},
    "period": {"valuePeriod": period("2026-03-01T10:00:00Z", "2026-03-01T11:00:00+01:00")},
}.items():
    add(
        f"observation-{_name}",
        "Observation",
        status="final",
        code=concept(None, (LOINC, "2823-3", "Potassium")),
        subject=ref("Patient/lena"),
        effectiveDateTime="2026-03-01T07:00:00+01:00",
        **_value,
    )
add(
    "observation-pressure",
    "Observation",
    status="amended",
    category=[concept(None, (HL7 + "observation-category", "vital-signs"))],
    code=concept("Blood pressure", (LOINC, "85354-9")),
    effectivePeriod=period("2026-03-01T10:00:00Z", "2026-03-01T10:05:00Z"),
    issued="2026-03-01T10:06:00.000Z",
    component=[
        {"code": concept(None, (LOINC, "8480-6")), "valueQuantity": quantity("128", "mm[Hg]")},
        {"code": concept(None, (LOINC, "8462-4")), "dataAbsentReason": concept("not heard")},
    ],
    referenceRange=[{"high": quantity("140", "mm[Hg]"), "age": {"low": quantity("18", "a")}}],
    interpretation=[concept(None, (HL7 + "v3-ObservationInterpretation", "N"))],
)
add(
    "observation-panel",
    "Observation",
    status="preliminary",
    code=concept("Panel"),
    effectiveInstant="2026-03-01T10:00:00Z",
    hasMember=[ref("Observation/quantity"), ref("QuestionnaireResponse/phq9-lena")],
    derivedFrom=[ref("DocumentReference/letter")],
    specimen=ref("Specimen/blood"),
)
add(
    "diagnosticreport-potassium",
    "DiagnosticReport",
    basedOn=[ref("ServiceRequest/potassium")],
    status="final",
    code=concept("Electrolytes"),
    effectivePeriod=period("2026-03-01", "2026-03-01"),
    issued="2026-03-01T10:00:00+14:00",
    resultsInterpreter=[ref("Practitioner/ama-owusu")],
    result=[ref("Observation/quantity")],
    conclusion="Within range",
    conclusionCode=[concept(None, (SNOMED, "17621005"))],
    presentedForm=[{"contentType": "application/pdf", "language": "en", "size": 0}],
)
add(
    "diagnosticreport-partial",
    "DiagnosticReport",
    status="partial",
    code=concept("MRI"),
    media=[{"comment": "slice 3", "link": ref("Media/slice-3")}],
)
add(
    "media-slice",
    "Media",
    status="completed",
    height=512,
    width=512,
    frames=1,
    duration=D("0.040"),
    content={"url": "https://example.org/m", "creation": "2026"},
)
add(
    "specimen-blood",
    "Specimen",
    status="available",
    receivedTime="2026-03-01T07:10:00Z",
    collection={"quantity": quantity("4.50", "mL"), "fastingStatusDuration": quantity("8", "h")},
    container=[{"additiveCodeableConcept": concept("EDTA")}],
)
add(
    "condition-hip",
    "Condition",
    clinicalStatus=concept(None, (HL7 + "condition-clinical", "active")),
    verificationStatus=concept(None, (HL7 + "condition-ver-status", "confirmed")),
    severity=concept("Severe"),
    code=concept("Fracture of hip", (SNOMED, "5913000")),
    subject=ref("Patient/lena"),
    onsetDateTime="2026-02-28",
    stage=[{"summary": concept("II")}],
    evidence=[{"detail": [ref("Observation/quantity")]}],
)
add(
    "condition-age",
    "Condition",
    subject=ref("Patient/li"),
    onsetAge=quantity("52", "a"),
    clinicalStatus=concept(None, (HL7 + "condition-clinical", "resolved")),
    abatementString="about two years later",
)
add(
    "condition-range",
    "Condition",
    subject=ref("Group/diabetics"),
    onsetRange={"low": quantity("3", "a")},
    recordedDate="2026",
)
add(
    "clinicalimpression-1",
    "ClinicalImpression",
    status="completed",
    subject=ref("Patient/lena"),
    effectivePeriod=period("2026-03-01T10:00:00Z"),
    problem=[ref("Condition/hip")],
    investigation=[{"code": concept("Exam"), "item": [ref("Observation/pressure")]}],
    finding=[{"itemCodeableConcept": concept("Pneumonia"), "basis": "crackles"}],
    prognosisCodeableConcept=[concept("Good")],
)
add(
    "encounter-er",
    "Encounter",
    status="in-progress",
    statusHistory=[{"status": "arrived", "period": period("2026-03-01T09:00:00Z")}],
    class_=coding(HL7 + "v3-ActCode", "EMER"),
    subject=ref("Patient/lena"),
    participant=[{"individual": ref("Practitioner/ama-owusu")}],
    period=period("2026-03-01T09:00:00Z"),
    length={"value": D("90"), "unit": "min"},
    diagnosis=[{"condition": ref("Condition/hip"), "rank": 1}],
    hospitalization={"admitSource": concept("Ambulance")},
    location=[{"location": ref("Location/ward-4"), "status": "active"}],
)
add("encounter-planned", "Encounter", status="planned", class_=coding(HL7 + "v3-ActCode", "VR"))
add("episodeofcare-1", "EpisodeOfCare", status="onhold", patient=ref("Patient/lena"))
add(
    "allergy-nuts",
    "AllergyIntolerance",
    clinicalStatus=concept(None, (HL7 + "allergyintolerance-clinical", "active")),
    type="allergy",
    category=["food", "environment"],
    criticality="high",
    patient=ref("Patient/lena"),
    code=concept("Nuts"),
    reaction=[{"manifestation": [concept("Hives")], "severity": "mild", "onset": "2020-05"}],
)
add(
    "procedure-hip",
    "Procedure",
    status="completed",
    subject=ref("Patient/lena"),
    performedPeriod=period("2026-03-02T08:00:00Z", "2026-03-02T10:00:00Z"),
    focalDevice=[{"manipulated": ref("Device/pump")}],
    complication=[concept("none")],
)
add(
    "immunization-flu",
    "Immunization",
    status="completed",
    vaccineCode=concept("Flu"),
    patient=ref("Patient/lena"),
    occurrenceString="last autumn",
    expirationDate="2026-09-30",
    doseQuantity=quantity("0.50", "mL"),
    protocolApplied=[{"doseNumberPositiveInt": 1}],
)
add(
    "familyhistory-1",
    "FamilyMemberHistory",
    status="partial",
    patient=ref("Patient/lena"),
    relationship=concept("Father"),
    bornString="between the wars",
    deceasedBoolean=True,
    condition=[{"code": concept("Stroke"), "onsetString": "in his sixties"}],
)
add("flag-falls", "Flag", status="active", code=concept("Falls"), subject=ref("Patient/lena"))
add(
    "goal-walk",
    "Goal",
    lifecycleStatus="active",
    description=concept("Walk 100 m"),
    subject=ref("Patient/lena"),
    startDate="2026-03-03",
    target=[
        {"measure": concept("m"), "detailQuantity": quantity("100", "m"), "dueDate": "2026-04"}
    ],
)
add(
    "risk-falls",
    "RiskAssessment",
    status="final",
    subject=ref("Patient/lena"),
    prediction=[
        {"outcome": concept("Fall"), "probabilityDecimal": D("0.0500"), "relativeRisk": D("1.30")}
    ],
)

# --- orders and medication ------------------------------------------------------------------------

add(
    "servicerequest-echo",
    "ServiceRequest",
    status="active",
    intent="order",
    priority="stat",
    code=concept("Echo", (SNOMED, "40701008")),
    orderDetail=[concept("with contrast")],
    quantityRatio={"numerator": {"value": 1}, "denominator": {"value": 1}},
    subject=ref("Patient/lena"),
    occurrenceTiming={"event": ["2026-03-02", "2026-03-03T10:00:00Z"]},
    asNeededBoolean=False,
    requester=ref("PractitionerRole/nurse"),
    performer=[ref("HealthcareService/dialysis")],
    patientInstruction="Nothing by mouth",
)
add(
    "servicerequest-potassium",
    "ServiceRequest",
    status="on-hold",
    intent="reflex-order",
    subject=ref("Patient/lena"),
    doNotPerform=True,
    asNeededCodeableConcept=concept("pain"),
)
add(
    "careplan-heart",
    "CarePlan",
    status="active",
    intent="plan",
    subject=ref("Patient/lena"),
    activity=[
        {"reference": ref("Task/graph")},
        {
            "detail": {
                "kind": "Task",
                "status": "scheduled",
                "scheduledString": "weekly",
                "dailyAmount": quantity("1.0", "L"),
            }
        },
    ],
)
add(
    "requestgroup-1",
    "RequestGroup",
    status="draft",
    intent="proposal",
    action=[
        {
            "title": "either",
            "groupingBehavior": "logical-group",
            "selectionBehavior": "any",
            "action": [
                {
                    "resource": ref("Task/draft"),
                    "relatedAction": [
                        {
                            "actionId": "b",
                            "relationship": "before-start",
                            "offsetDuration": quantity("30", "min"),
                        }
                    ],
                }
            ],
        }
    ],
)
add(
    "medication-aspirin",
    "Medication",
    code=concept("Aspirin", (SNOMED, "387458008")),
    amount={"numerator": quantity("100", "mg"), "denominator": {"value": 1}},
    ingredient=[{"itemCodeableConcept": concept("ASA"), "isActive": True}],
    batch={"lotNumber": "L-1", "expirationDate": "2027-02"},
)
add(
    "medicationrequest-aspirin",
    "MedicationRequest",
    contained=[{"resourceType": "Medication", "id": "m", "code": concept("Aspirin")}],
    status="active",
    intent="order",
    reportedBoolean=False,
    medicationReference=ref("#m"),
    subject=ref("Patient/lena"),
    dosageInstruction=[
        {
            "timing": {
                "code": concept("BID"),
                "repeat": {
                    "boundsDuration": quantity("5", "d"),
                    "when": ["ACM", "PC"],
                    "offset": 30,
                },
            },
            "asNeededBoolean": False,
            "route": concept("oral"),
            "doseAndRate": [
                {"doseRange": {"low": quantity("1", "{tbl}"), "high": quantity("2", "{tbl}")}},
                {
                    "rateRatio": {
                        "numerator": quantity("0.250", "mL"),
                        "denominator": quantity("1", "h"),
                    }
                },
            ],
            "maxDosePerPeriod": {"numerator": quantity("4", "g"), "denominator": {"value": 1}},
        }
    ],
    dispenseRequest={"numberOfRepeatsAllowed": 0, "validityPeriod": period("2026-03-01")},
    substitution={"allowedBoolean": False},
)
add(
    "medicationstatement-1",
    "MedicationStatement",
    status="not-taken",
    medicationCodeableConcept=concept("Metformin"),
    subject=ref("Patient/lena"),
    effectiveDateTime="2026-02",
)
add(
    "medicationadministration-1",
    "MedicationAdministration",
    status="in-progress",
    medicationReference=ref("Medication/aspirin"),
    subject=ref("Patient/lena"),
    effectivePeriod=period("2026-03-01T08:00:00Z"),
    dosage={"dose": quantity("1.000", "mg")},
)
add(
    "medicationdispense-1",
    "MedicationDispense",
    status="declined",
    statusReasonCodeableConcept=concept("out of stock"),
    medicationCodeableConcept=concept("Aspirin"),
    daysSupply=quantity("10", "d"),
)
add(
    "nutritionorder-1",
    "NutritionOrder",
    status="active",
    intent="order",
    dateTime="2026-03-01",
    patient=ref("Patient/lena"),
    oralDiet={
        "instruction": "soft",
        "nutrient": [{"modifier": concept("Sodium"), "amount": quantity("2.0", "g")}],
    },
)
add(
    "devicerequest-1",
    "DeviceRequest",
    status="draft",
    intent="plan",
    subject=ref("Patient/lena"),
    codeCodeableConcept=concept("Walker"),
    parameter=[{"code": concept("h"), "valueBoolean": True}],
)
add(
    "supplyrequest-1",
    "SupplyRequest",
    status="active",
    quantity={"value": D("10")},
    itemCodeableConcept=concept("Gloves"),
    occurrenceDateTime="2026-03-05",
)
add(
    "coverage-c1",
    "Coverage",
    status="active",
    beneficiary=ref("Patient/lena"),
    payor=[ref("Organization/hospital")],
    costToBeneficiary=[{"valueMoney": {"value": D("20.00"), "currency": "USD"}}],
)
add(
    "claim-1",
    "Claim",
    status="active",
    type=concept("professional"),
    use="claim",
    patient=ref("Patient/lena"),
    created="2026-03-01",
    provider=ref("Practitioner/ama-owusu"),
    priority=concept("normal"),
    insurance=[{"sequence": 1, "focal": True, "coverage": ref("Coverage/c1")}],
    item=[
        {
            "sequence": 1,
            "productOrService": concept("Visit"),
            "factor": D("1.10"),
            "unitPrice": {"value": D("85.50"), "currency": "EUR"},
        }
    ],
)
add(
    "consent-1",
    "Consent",
    status="active",
    scope=concept("treatment"),
    category=[concept("x")],
    provision={"type": "deny", "provision": [{"type": "permit", "action": [concept("access")]}]},
    policyRule=concept("opt-out"),
)

# --- documents, lists, bundles --------------------------------------------------------------------

add(
    "documentreference-letter",
    "DocumentReference",
    masterIdentifier=identifier("urn:oid:1.2.3", "urn:ietf:rfc:3986"),
    status="current",
    docStatus="final",
    type=concept("Discharge letter", (LOINC, "18842-5")),
    subject=ref("Patient/lena"),
    date="2026-03-01T12:00:00.123+01:00",
    relatesTo=[{"code": "replaces", "target": ref("DocumentReference/draft")}],
    content=[
        {
            "attachment": {"contentType": "text/plain; charset=utf-8", "data": "R3LDvMOfZQ=="},
            "format": coding("urn:oid:1.3.6.1.4.1.19376.1.2.3", "urn:ihe:pcc:xds-ms:2007"),
        }
    ],
    context={"period": period("2026-02-28", "2026-03-01"), "related": [ref("Task/graph")]},
)
add(
    "documentreference-error",
    "DocumentReference",
    status="entered-in-error",
    content=[{"attachment": {"url": "https://example.org/scan.pdf", "title": "wrong patient"}}],
)
add(
    "composition-1",
    "Composition",
    status="final",
    type=concept("Note"),
    date="2026-03-01",
    author=[ref("Practitioner/ama-owusu")],
    title="Round",
    confidentiality="N",
    section=[
        {
            "title": "Plan",
            "text": narrative("<ul><li>Call</li></ul>", "additional"),
            "entry": [ref("Task/graph")],
            "section": [{"title": "Later", "entry": [ref("Task/graph")]}],
        }
    ],
)
add(
    "list-problems",
    "List",
    status="current",
    mode="changes",
    title="Problems",
    entry=[{"item": ref("Condition/hip"), "deleted": False}, {"item": ref("Condition/age")}],
)
add("basic-1", "Basic", code=concept("Handover sheet"), created="2026-03-01")
add("binary-note", "Binary", contentType="text/plain", data="QUJDRA==")
add(
    "parameters-1",
    "Parameters",
    parameter=[
        {"name": "pool", "valueReference": ref("HealthcareService/dialysis")},
        {
            "name": "parts",
            "part": [
                {"name": "n", "valueDecimal": D("3.140")},
                {
                    "name": "r",
                    "resource": {"resourceType": "Task", "status": "ready", "intent": "order"},
                },
            ],
        },
    ],
)
add(
    "valueset-1",
    "ValueSet",
    status="active",
    compose={
        "include": [
            {"system": SNOMED, "concept": [{"code": "1", "designation": [{"value": "eins"}]}]}
        ]
    },
)
add(
    "codesystem-1",
    "CodeSystem",
    status="draft",
    content="complete",
    count=2,
    caseSensitive=True,
    concept=[{"code": "a", "concept": [{"code": "a.1", "definition": "inner"}]}],
)
add(
    "plandefinition-1",
    "PlanDefinition",
    status="active",
    action=[
        {
            "title": "t",
            "condition": [
                {
                    "kind": "applicability",
                    "expression": {"language": "text/fhirpath", "expression": "true"},
                }
            ],
            "timingDuration": quantity("2", "d"),
            "action": [{"title": "inner"}],
        }
    ],
)
add(
    "activitydefinition-1",
    "ActivityDefinition",
    status="active",
    kind="Task",
    intent="order",
    participant=[{"type": "practitioner"}],
    dynamicValue=[
        {"path": "status", "expression": {"language": "text/fhirpath", "expression": "'ready'"}}
    ],
)
add(
    "bundle-transaction",
    "Bundle",
    type="transaction",
    entry=[
        {
            "fullUrl": "urn:uuid:0193a1b2-0000-7000-8000-000000000001",
            "resource": {"resourceType": "Patient", "name": [{"text": "New"}]},
            "request": {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=a|b"},
        },
        {
            "resource": {
                "resourceType": "Task",
                "status": "requested",
                "intent": "order",
                "for": ref("urn:uuid:0193a1b2-0000-7000-8000-000000000001"),
                "owner": ref("Practitioner?identifier=https://example.org|npi-1"),
            },
            "request": {"method": "PUT", "url": "Task/a", "ifMatch": 'W/"3"'},
        },
        {"request": {"method": "DELETE", "url": "Task/b"}},
    ],
)
add(
    "bundle-searchset",
    "Bundle",
    type="searchset",
    total=2,
    link=[{"relation": "self", "url": "https://example.org/Task?status=ready"}],
    entry=[
        {
            "fullUrl": "https://example.org/Task/1",
            "resource": {"resourceType": "Task", "id": "1", "status": "ready", "intent": "order"},
            "search": {"mode": "match", "score": D("0.50")},
        },
        {
            "resource": {
                "resourceType": "OperationOutcome",
                "issue": [{"severity": "warning", "code": "not-supported"}],
            },
            "search": {"mode": "outcome"},
        },
    ],
)
add(
    "bundle-history",
    "Bundle",
    type="history",
    entry=[
        {
            "request": {"method": "DELETE", "url": "Task/1"},
            "response": {"status": "204", "etag": 'W/"2"', "lastModified": "2026-03-01T00:00:00Z"},
        }
    ],
)
add(
    "bundle-contained-apart",
    "Bundle",
    type="collection",
    entry=[
        {
            "resource": {
                "resourceType": "Task",
                "status": "ready",
                "intent": "order",
                "for": ref("#p"),
                "contained": [{"resourceType": "Patient", "id": "p"}],
            }
        },
        {
            "resource": {
                "resourceType": "Task",
                "status": "ready",
                "intent": "plan",
                "for": ref("#p"),
                "contained": [
                    {"resourceType": "Group", "id": "p", "type": "person", "actual": True}
                ],
            }
        },
    ],
)
add("bundle-empty", "Bundle", type="batch")
