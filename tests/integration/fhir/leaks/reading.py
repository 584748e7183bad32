"""The ways of reading."""

from tests.factories import task_document
from tests.integration.fhir.leaks.clinic import to
from tests.integration.fhir.leaks.way import Way, conditional, get, parameters, search_form

# --- one resource ---------------------------------------------------------------------------------

FUTURE = "Fri, 01 Jan 2100 00:00:00 GMT"
DIRECT = [
    get("Task/case", past=True),
    get("Task/case/", past=True),
    get("Task/case?_format=json", past=True),
    get("Task/case?_elements=status", past=True),
    Way("HEAD", "Task/case", past=True),
    conditional("Task/case", If_None_Match='W/"1"'),
    conditional("Task/case", If_None_Match='W/"99"'),
    conditional("Task/case", If_None_Match="*"),
    conditional("Task/case", If_Modified_Since=FUTURE),
    get("Task/case/_history/1", past=True),
    Way("HEAD", "Task/case/_history/1", past=True),
    conditional("Task/case/_history/1", If_None_Match='W/"1"'),
    get("Task/case/_history/99", past=True, silent=True),
    get("Task/case/_history/none", past=True, silent=True),
    get("Task/second-case", past=True),
    *(
        get(f"{type_name}/{each}", needs=f"{type_name}.r")
        for type_name in (
            "Patient",
            "Encounter",
            "DiagnosticReport",
            "QuestionnaireResponse",
            "List",
        )
        for each in ("case", "case/_history", "case/_history/1")
    ),
    *(
        get(f"Communication/{each}{rest}")
        for each in ("header", "message")
        for rest in ("", "/_history", "/_history/1")
    ),
    *(get(f"Provenance/case{rest}", past=True) for rest in ("", "/_history", "/_history/1")),
    Way("HEAD", "Patient/case"),
]

# --- history --------------------------------------------------------------------------------------

HISTORY = [
    get("Task/case/_history", past=True),
    Way("HEAD", "Task/case/_history", past=True),
    get("Task/case/_history?_count=1", past=True),
    get("Task/case/_history?_count=0", past=True),
    get("Task/case/_history?_since=2020-01-01T00:00:00Z", past=True),
    get("Task/_history", past=True),
    get("Task/_history?_count=0", past=True),
    get("Task/_history?_count=1&_offset=1", past=True, some=True),
    get("Task/_history?_count=1", past=True, pages=True),
    get("Task/_history?_since=2020-01-01T00:00:00Z", past=True),
    get("Task/_history?_since=2020-01-01T00:00:00Z&_count=2", past=True, pages=True),
    *(
        get(f"{type_name}/_history")
        for type_name in ("Patient", "Communication", "Encounter", "DiagnosticReport", "List")
    ),
    get("Provenance/_history", past=True),
    get("_history", needs=None, past=True),
    get("_history?_count=0", needs=None, past=True),
    get("_history?_count=5", needs=None, past=True, pages=True),
    get("_history?_since=2020-01-01T00:00:00Z", needs=None, past=True),
    Way("HEAD", "_history", needs=None, past=True),
]

# --- search ---------------------------------------------------------------------------------------

SEARCH = [
    get("Task"),
    Way("HEAD", "Task"),
    get("Task?_id=case"),
    get("Task?_id=own-{me},case"),
    get("Task?_id:not=own-{me}"),
    get("Task?_count=0"),
    get("Task?_count=1", pages=True),
    get("Task?_count=1&_total=accurate", pages=True),
    get("Task?_count=1&_total=estimate"),
    get("Task?_count=1&_offset=1", some=True),
    get("Task?_count=1&_total=none", pages=True),
    get("Task?_summary=count"),
    get("Task?_summary=true"),
    get("Task?_summary=text"),
    get("Task?_summary=data"),
    get("Task?_summary=false"),
    get("Task?_elements=status,code"),
    get("Task?_elements=status&_count=1&_sort=-priority", pages=True),
    get("Task?_sort=-priority,_lastUpdated&_count=1&_summary=text", pages=True),
    get("Task?_sort=code"),
    get("Task?code:not=urn:x|y"),
    get("Task?code:text=secret"),
    get("Task?code:in=ValueSet/secret", silent=True),
    get("Task?code:not-in=http://hl7.org/fhir/ValueSet/request-status"),
    get("Task?code:above=urn:secret|code", silent=True),
    get("Task?based-on:below=DiagnosticReport/case", silent=True),
    get("Task?focus:identifier=urn:secret|communication", silent=True),
    get("Task?focus:Communication=header"),
    get("Patient?family:exact=Simpson"),
    get("Task?_text=biopsy"),
    get("Task?_content=biopsy"),
    get("Task?status:not=completed&_format=json&_pretty=true"),
    get("Task?identifier:of-type=urn:x|MR|task&_total=accurate", silent=True),
    get("Task?part-of:Task=own-{me}"),
    get("Task?patient=Patient/shared"),
    get("Task?patient=Patient/shared&_sort=-_lastUpdated"),
    get("Task?modified=ge2031&_sort=modified"),
    search_form("Task/_search", "_id=case"),
    search_form("Task/_search?_id=case", ""),
    search_form("Task/_search", "identifier=urn:secret|task&_summary=count"),
    search_form("Patient/_search", "family=Simpson"),
    get("Patient?family=Simpson"),
    get("Patient?name:contains=imps&_summary=count"),
    get("Communication?_content=malignant"),
    get("Communication?_sort=sent"),
    get("Encounter?status=onleave"),
    get("DiagnosticReport?status=amended"),
    get("QuestionnaireResponse?_total=accurate"),
    get("Provenance?target=Task/case", past=True),
    get("Provenance?_total=accurate", past=True),
    get("Task?_contained=false&_containedType=container"),
    get("Task?_query=worklist", some=True),
    get("Task?_query=worklist&_count=1", pages=True, some=True),
    get("Task?_query=worklist&_summary=count", some=True),
    get("Task?_query=drift"),
    get("Task?_query=drift&_count=1", pages=True),
    get("Task?_query=drift&_summary=count"),
]

# --- joins ----------------------------------------------------------------------------------------

INCLUDES = [
    get("Task?_id=own-{me}&_include=Task:part-of"),
    get("Task?_id=own-{me}&_include=Task:based-on:Task"),
    get("Task?_id=own-{me}&_include=Task:requester", needs="Task.s Task.r Patient.r"),
    get("Task?_id=own-{me}&_include=*"),
    get("Task?_id=own-{me}&_include=Task:*"),
    get("Task?_id=own-{me}&_include=Task:part-of&_count=0", silent=True),
    get("Task?_id=own-{me}&_revinclude=Task:part-of"),
    get("Task?_id=own-{me}&_revinclude=Provenance:target", silent=True),
    get("Task?_id=own-{me}&_include=Task:part-of&_include:iterate=*"),
    get(
        "Task?_id=second-{me}&_include=Task:requester&_revinclude:iterate=Communication:subject",
        needs="Task.s Task.r Patient.r",
    ),
    get(
        "Task?_id=second-{me}&_include=Task:patient&_revinclude:iterate=Task:patient",
        needs="Task.s Task.r Patient.r",
    ),
    get("Patient?_id=shared&_include=Patient:link"),
    get("Patient?_id=shared&_include:iterate=Patient:link&_include:recurse=Patient:organization"),
    get("Patient?_id=shared&_revinclude=Patient:link"),
    get("Patient?_id=shared&_revinclude=Task:patient", needs="Patient.s Patient.r Task.r"),
    get("Patient?_id=shared&_revinclude=Task:subject", needs="Patient.s Patient.r Task.r"),
    get("Practitioner?_id=other-carl&_revinclude=Task:requester", needs="Practitioner.s Task.r"),
    get(
        "Practitioner?_id=other-carl&_revinclude=Communication:sender&_revinclude=Provenance:agent",
        needs="Practitioner.s Communication.r",
        past=True,
    ),
    get(
        "Practitioner?_id=other-carl&_revinclude=Patient:general-practitioner",
        needs="Practitioner.s Patient.r",
    ),
    get("Organization?_id=ward&_revinclude=Patient:organization", needs="Organization.s Patient.r"),
    get("Communication?_id=mine-{me}&_include=Communication:part-of"),
    get(
        "Communication?_id=mine-{me}&_include=Communication:based-on",
        needs="Communication.s Task.r",
    ),
    get(
        "Communication?_id=mine-{me}&_include=Communication:subject",
        needs="Communication.s Patient.r",
    ),
    get(
        "Communication?_id=mine-{me}&_include=Communication:encounter",
        needs="Communication.s Encounter.r",
    ),
    get("Communication?_id=mine-{me}&_include=*"),
    get("Provenance?_id=mine-{me}&_include=Provenance:target", needs="Provenance.s Task.r"),
    get("Provenance?_id=mine-{me}&_include=Provenance:entity", needs="Provenance.s Task.r"),
    get("Provenance?_id=mine-{me}&_include=Provenance:patient", needs="Provenance.s Patient.r"),
    get("List?_id=mine-{me}&_include=List:item", needs="List.s Task.r"),
    get("List?_id=mine-{me}&_include=List:subject", needs="List.s Patient.r"),
]

CHAINS = [
    get("Task?_id=own-{me}&part-of.code=urn:secret|code"),
    get("Task?_id=own-{me}&part-of.code:not=urn:x|y"),
    get("Task?_id=own-{me}&part-of.code:missing=false"),
    get("Task?_id=own-{me}&part-of._lastUpdated=ge2020"),
    get("Task?_id=own-{me}&based-on:Task.status=requested,accepted,in-progress"),
    get("Task?requester:Patient.family=Simpson", needs="Task.s Task.r Patient.r"),
    get("Task?requester:Patient.birthdate=lt1957&_summary=count", needs="Task.s Task.r Patient.r"),
    get("Task?part-of.patient.family=Simpson", needs="Task.s Task.r Patient.r"),
    get("Task?part-of.part-of._id=own-{me}"),
    get("Patient?_id=shared&link:Patient.family=Simpson"),
    get("Communication?based-on:Task.code=urn:secret|code", needs="Communication.s Task.r"),
    get("Communication?_id=mine-{me}&part-of:Communication.status=in-progress"),
    get(
        "Communication?_id=mine-{me}&subject:Patient.gender=male", needs="Communication.s Patient.r"
    ),
    get("Provenance?_id=mine-{me}&target:Task.code=urn:secret|code", needs="Provenance.s Task.r"),
    get("Provenance?_id=mine-{me}&patient.family=Simpson", needs="Provenance.s Patient.r"),
    get("List?_id=mine-{me}&item:Task.code=urn:secret|code", needs="List.s Task.r"),
    get("Patient?_id=shared&_has:Task:patient:priority=asap", needs="Patient.s Patient.r Task.r"),
    get("Patient?_id=shared&_has:Task:subject:_id=second-case", needs="Patient.s Patient.r Task.r"),
    get("Task?_id=own-{me}&_has:Task:part-of:code=urn:secret|code"),
    get("Task?_id=own-{me}&_has:Task:part-of:code:not=urn:x|y"),
    get(
        "Task?_id=own-{me}&_has:Task:part-of:_has:Communication:based-on:status=in-progress",
        needs="Task.s Task.r Communication.r",
    ),
    get("Task?_id=own-{me}&_has:Task:part-of:patient.family=Simpson", needs="Task.s Patient.r"),
    get("Practitioner?_has:Task:requester:priority=asap", needs="Practitioner.s Task.r"),
    get(
        "Practitioner?_has:Communication:sender:status=in-progress",
        needs="Practitioner.s Communication.r",
    ),
    get(
        "Practitioner?_has:Provenance:agent:recorded=2031",
        needs="Practitioner.s Provenance.r",
        past=True,
    ),
    get(
        "Practitioner?_has:Patient:general-practitioner:family=Simpson",
        needs="Practitioner.s Patient.r",
    ),
    get("Organization?_has:Patient:organization:family=Simpson", needs="Organization.s Patient.r"),
    get("Task?_list=mine-{me}", needs="Task.s Task.r List.r"),
    get("Task?_list=mine-{me}&_summary=count", needs="Task.s Task.r List.r"),
    get("Task?_list=case", needs="Task.s Task.r List.r"),
    get("Patient?_list=mine-{me}", needs="Patient.s Patient.r List.r"),
]

# --- several types, compartments and operations that read -----------------------------------------

SYSTEM = [
    get("?_type=Task", needs="Task.s Task.r"),
    get("?_type=Task&_id=case", needs="Task.s Task.r"),
    get(
        "?_type=Task,Patient,Communication&_total=accurate",
        needs="Task.s Patient.s Communication.r",
    ),
    get("?_type=Task&_count=1", needs="Task.s Task.r", pages=True),
    get("?_type=Task&_summary=count", needs="Task.s Task.r"),
    get("?_lastUpdated=ge2020", needs=None, past=True),
    search_form("_search", "_type=Task&_id=case", needs="Task.s Task.r"),
]
COMPARTMENTS = [
    get("Patient/case/Task", needs="Task.s Task.r"),
    get("Patient/shared/Task?_total=accurate", needs="Task.s Task.r"),
    get("Patient/shared/Task?_count=1", needs="Task.s Task.r", pages=True),
    get("Practitioner/other-carl/Task", needs="Task.s Task.r"),
    get("Practitioner/tomas/Task?_summary=count", needs="Task.s Task.r", some=True),
    get("Encounter/case/Task", needs="Task.s Task.r"),
    search_form("Patient/shared/Task/_search", "_sort=priority", needs="Task.s Task.r"),
    get("Patient/case/Communication", needs="Communication.s Communication.r"),
    get("Patient/case/Encounter", needs="Encounter.s Encounter.r"),
    get("Patient/case/Patient", needs="Patient.s Patient.r"),
    get("Patient/case/*", needs=None, past=True),
    get("Patient/shared/*", needs=None),
    get("Patient/shared/Patient", needs="Patient.s Patient.r"),
    get("Practitioner/other-carl/Communication", needs="Communication.s Communication.r"),
    get("Practitioner/other-carl/Provenance?_total=accurate", past=True),
    get("Practitioner/other-carl/Patient?_summary=count", needs="Patient.s Patient.r"),
    get("Practitioner/other-carl/*", needs=None, past=True),
    get("Encounter/case/Communication", needs="Communication.s Communication.r"),
    get("Encounter/case/Encounter", needs="Encounter.s Encounter.r"),
    get("Device/secret/Communication", silent=True),
    get("RelatedPerson/secret/Communication", silent=True),
    search_form("Patient/case/Communication/_search", "", needs="Communication.s Communication.r"),
    search_form("Practitioner/other-carl/*/_search", "_type=Patient", needs="Patient.s Patient.r"),
]


def validate(path: str, body: dict | None = None, **more) -> Way:
    return Way("POST", path, body, **more)


MODE_DELETE = parameters(("mode", "valueCode", "delete"))


def in_mode(mode: str, resource: dict) -> dict:
    return parameters(("mode", "valueCode", mode), ("resource", "resource", resource))


MINE = task_document(owner=to("Practitioner/{me}"))
MINE_AS_CASE = MINE | {"id": "case"}
OPERATIONS = [
    validate("Task/case/$validate", past=True),
    validate("Task/case/$validate", MINE_AS_CASE, silent=True),
    validate("Task/case/$validate", in_mode("create", MINE_AS_CASE), silent=True),
    validate("Task/case/$validate", in_mode("update", MINE_AS_CASE), some=True, past=True),
    validate("Task/case/$validate", MODE_DELETE, some=True, past=True),
    validate("Task/$validate", in_mode("update", MINE_AS_CASE), some=True, past=True),
    validate("Task/$validate", MINE | {"partOf": [to("Task/case")]}, silent=True),
    validate("Patient/case/$validate"),
    validate("Communication/header/$validate", MODE_DELETE, some=True),
    get("Task/case/$validate", past=True),
    get("Task/case/$validate?mode=delete", some=True, past=True),
    get("Task/$validate", silent=True),
    get("Patient/case/$everything", needs="Patient.r"),
    get("Patient/case/$everything?_count=1", needs="Patient.r", pages=True),
    get("Patient/shared/$everything", needs=None),
    get("Patient/shared/$everything?_type=Task,Patient", needs="Patient.r Task.r"),
    get("Patient/shared/$everything?_summary=count", needs=None),
    get("Patient/$everything", needs="Patient.r"),
    get("Patient/$everything?_since=2020-01-01T00:00:00Z&_count=2", needs="Patient.r", pages=True),
    Way("POST", "Patient/case/$everything", needs="Patient.r"),
    Way("POST", "Patient/$everything", needs="Patient.r"),
    # By the number of the last change, which only those who read everything are given.
    get("$changes", needs=None, some=True),
    Way("POST", "$changes", needs=None, some=True),
    get("$changes?since=0&_type=Task&content=full-resource", needs="Task.r", past=True),
    get("Subscription/$status", needs=None, silent=True),
    Way("POST", "Subscription/$status", needs=None, silent=True),
    get("Subscription/case/$status", needs=None, silent=True),
    get("Subscription/case/$events", needs=None, silent=True),
    Way("POST", "Subscription/case/$resend", needs=None, silent=True),
    get("Task/$stats", needs="Task.s Task.r"),
    get("Task/$stats?_id=case", needs="Task.s Task.r"),
    Way("POST", "Task/$stats?_id=case", needs="Task.s Task.r"),
    get("Task/$stats?groupBy=type,pool,owner,week&periodStart=2020", needs="Task.s Task.r"),
    get("Task/case/$timeline", past=True),
    Way("POST", "Task/case/$timeline", past=True),
    get("Task/own-{me}/$timeline", silent=True),
    get("Task/case/$clocks", past=True),
    Way("POST", "Task/case/$clocks", past=True),
]

READS: list[Way] = [
    *(DIRECT + HISTORY + SEARCH + INCLUDES + CHAINS + SYSTEM + COMPARTMENTS + OPERATIONS),
    get("metadata", silent=True),
    Way("HEAD", "metadata", silent=True),
]
