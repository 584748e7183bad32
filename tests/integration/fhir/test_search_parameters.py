"""Every kind of search parameter, and those that the source documents print (S4–S128)."""

from contextlib import suppress

import pytest

from fhir import actions, definitions, resources
from fhir.actor import SYSTEM
from fhir.errors import FhirError, InvalidSearch
from fhir.search.searchset import search
from tests.factories import NURSE_ROLE, SNOMED, put, role, task_document
from tests.integration.fhir.search import BASE, bundle, ids

pytestmark = pytest.mark.django_db

SOC = "https://www.bls.gov/soc"


def task(id, **elements):
    elements["for"] = elements.pop("for_", {"reference": "Patient/homer"})
    return put(task_document(id=id, **elements))


def concept(code, system="http://x", **more):
    return {"coding": [{"system": system, "code": code}], **more}


SPECIAL = {"_content", "_list", "_text"}
"""What every type has and R4 defines in words only."""

# --- what every SearchSet is ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["Task", "Provenance", "Communication", "Patient", "Practitioner", "PractitionerRole"],
)
def test_every_official_parameter_is_in_the_table(name):
    search_set = resources.get(name).search()
    official = definitions.search_parameters(name)
    assert set(search_set.base_filters) == set(official) | SPECIAL
    for parameter in set(search_set.base_filters) - SPECIAL:
        filter_ = search_set.base_filters[parameter]
        assert filter_.type == official[parameter].type
        assert filter_.parameter is not None


def test_a_type_without_a_table_of_its_own_has_its_official_parameters():
    search_set = resources.get("Observation").search()
    official = set(definitions.search_parameters("Observation"))
    assert set(search_set.base_filters) == official | SPECIAL
    put({"resourceType": "Organization", "id": "o1", "name": "Northgate"})
    put({"resourceType": "Location", "id": "l1", "name": "Northgate"})
    assert ids("Organization?name=north") == ["o1"]
    assert ids("Organization") == ["o1"]


def test_the_table_tells_what_it_includes():
    search_set = resources.get("Task").search()
    assert "Task:focus" in search_set.includes()
    assert "Provenance:target" in search_set.revincludes()
    assert ("performer", "token", "Task.performerType") in search_set.parameters()


# --- token ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", [f"code={SNOMED}|715252007", "code=715252007", f"code={SNOMED}|", "code:not=other"]
)
def test_code(query):
    task("t1", code=concept("715252007", SNOMED, text="Complete PHQ-9"))
    task("t2", code=concept("other"))
    assert ids(f"Task?{query}") == ["t1"]


def test_a_code_with_no_system_is_asked_for_with_a_bar():
    task("t1", code={"coding": [{"code": "a"}]})
    task("t2", code=concept("a"))
    assert ids("Task?code=|a") == ["t1"]
    assert sorted(ids("Task?code=a")) == ["t1", "t2"]
    assert ids("Task?code=http://y|a") == []


def test_not_finds_what_has_no_code_at_all():
    task("t1")
    task("t2", code=concept("a"))
    assert ids("Task?code:not=a") == ["t1"]


def test_text_of_a_code():
    task("t1", code=concept("a", text="Complete PHQ-9"))
    assert ids("Task?code:text=complete") == ["t1"]
    assert ids("Task?code:text=PHQ") == []


@pytest.mark.parametrize("code", [f"{SNOMED}|56542007", f"{SOC}|15-1253", "56542007", "15-1253"])
def test_performer_matches_on_either_coding(code):
    both = [
        {
            "coding": [
                {"system": SNOMED, "code": "56542007"},
                {"system": SOC, "code": "15-1253"},
            ]
        }
    ]
    task("t1", performerType=both)
    task("t2", performerType=role(NURSE_ROLE))
    assert ids(f"Task?performer={code}") == ["t1"]


def test_performer_means_the_codes_that_were_written():
    """The crosswalk leads SOC's code to the same pool, but this Task does not carry it."""
    task("t1", performerType=role(NURSE_ROLE))
    assert ids(f"Task?performer={SNOMED}|{NURSE_ROLE}") == ["t1"]
    assert ids(f"Task?performer={SOC}|29-1141") == []


def test_a_task_of_two_roles_is_in_both_queues(cast):
    task("t1", performerType=[*role("158965000"), *role(NURSE_ROLE)])
    task("t2", performerType=role(NURSE_ROLE))
    assert sorted(ids(f"Task?performer={SNOMED}|{NURSE_ROLE}&status=requested")) == ["t1", "t2"]
    assert ids(f"Task?performer={SNOMED}|158965000&status=requested") == ["t1"]


def test_a_code_that_two_roles_share_finds_both():
    shared = {"system": SOC, "code": "11-9111"}
    for id, code in (("t1", "768820003"), ("t2", "768821004")):
        task(id, performerType=[{"coding": [{"system": SNOMED, "code": code}, shared]}])
    assert sorted(ids(f"Task?performer={SOC}|11-9111")) == ["t1", "t2"]


def test_status():
    for status in ("requested", "accepted", "completed"):
        task(status, status=status)
    assert ids("Task?status=requested") == ["requested"]
    assert sorted(ids("Task?status=requested,completed")) == ["completed", "requested"]
    assert sorted(ids("Task?status:not=completed")) == ["accepted", "requested"]
    assert ids("Task?status=http://hl7.org/fhir/task-status|accepted") == ["accepted"]
    assert ids("Task?status=http://example.org/other|accepted") == []
    assert ids("Task?status=nonsense") == []
    assert ids("Task?status:missing=true") == []
    assert len(ids("Task?status:missing=false")) == 3
    assert ids("Task?status=requested' or true --") == []


def test_priority_business_status_intent_and_identifiers():
    task(
        "t1",
        priority="urgent",
        businessStatus=concept("first-reminder"),
        identifier=[{"system": "http://ids", "value": "7", "type": concept("MR")}],
        groupIdentifier={"value": "g"},
    )
    task("t2", priority="stat", intent="plan")
    assert ids("Task?priority=urgent") == ["t1"]
    assert ids("Task?business-status=http://x|first-reminder") == ["t1"]
    assert ids("Task?business-status:missing=true") == ["t2"]
    assert ids("Task?intent=plan") == ["t2"]
    assert ids("Task?identifier=http://ids|7") == ["t1"]
    assert ids("Task?identifier:of-type=http://x|MR|7") == ["t1"]
    assert ids("Task?group-identifier=g") == ["t1"]


def test_ids():
    task("t1")
    assert ids("Task?_id=t1") == ["t1"]
    assert ids("Task?_id=t1,t9") == ["t1"]
    unknown = bundle("Task?_id=no such id")
    assert unknown["total"] == 0 and "entry" not in unknown


def test_tags_profiles_and_security_labels():
    task("t1", meta={"tag": [{"system": "http://x", "code": "a"}], "profile": ["http://p"]})
    task("t2")
    assert ids("Task?_tag=http://x|a") == ["t1"]
    assert ids("Task?_profile=http://p") == ["t1"]
    assert ids("Task?_profile:below=http://") == ["t1"]
    assert ids("Task?_security:missing=true&_tag:missing=false") == ["t1"]


# --- reference ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "for=Patient/homer",
        "patient=Patient/homer",
        "patient=homer",
        "subject=Patient/homer",
        "for=homer",
        "subject=homer",
        "subject:Patient=homer",
        "patient=http://testserver/api/fhir/Patient/homer",
        "subject=Patient/homer/_history/2",
    ],
)
def test_whom_a_task_is_for_in_all_its_forms(query):
    task("t1")
    task("t2", for_={"reference": "Patient/marge"})
    task("t3", for_={"reference": "Group/homer"})
    found = ids(f"Task?{query}")
    assert found == ["t1"] or (
        query in ("for=homer", "subject=homer") and set(found) == {"t1", "t3"}
    )


def test_patient_missing():
    task("t1")
    task("t2", for_={"reference": "Group/g"})
    assert ids("Task?patient:missing=true") == ["t2"]
    assert ids("Task?patient:missing=false") == ["t1"]
    assert ids("Task?subject:missing=true") == []


def test_owner():
    task("t1", owner={"reference": "Practitioner/a"})
    task("t2", owner={"reference": "Practitioner/b"})
    task("t3", performerType=role(NURSE_ROLE))
    task("t4", owner={"reference": "CareTeam/a"})
    assert ids("Task?owner=Practitioner/a") == ["t1"]
    assert sorted(ids("Task?owner=a")) == ["t1", "t4"]
    assert sorted(ids("Task?owner=Practitioner/a,Practitioner/b")) == ["t1", "t2"]
    assert ids("Task?owner:missing=true") == ["t3"]
    assert sorted(ids("Task?owner%3Amissing=false")) == ["t1", "t2", "t4"]
    assert ids("Task?owner:CareTeam=a") == ["t4"]
    assert ids("Task?owner=Practitioner/a&status=requested") == ["t1"]


def test_references_that_tokens_answer():
    task("t1")
    task(
        "t2",
        focus={"reference": "Communication/c1"},
        encounter={"reference": "Encounter/e1"},
        requester={"reference": "Practitioner/a"},
        partOf=[{"reference": "Task/t1"}],
        basedOn=[{"reference": "http://other/fhir/ServiceRequest/1"}],
    )
    for query in (
        "focus=Communication/c1",
        "focus=c1",
        "focus:missing=false",
        "encounter=Encounter/e1",
        "requester=Practitioner/a",
        "requester=a",
        "part-of=Task/t1",
        "based-on=http://other/fhir/ServiceRequest/1",
    ):
        assert ids(f"Task?{query}") == ["t2"], query
    assert ids("Task?focus:missing=true") == ["t1"]
    assert ids("Task?focus:DiagnosticReport=c1") == []


def test_the_identifier_of_a_reference():
    task("t1", owner={"reference": "Practitioner/a", "identifier": {"system": "u", "value": "7"}})
    task("t2", owner={"reference": "Practitioner/a"})
    assert ids("Task?owner:identifier=u|7") == ["t1"]


# --- string ---------------------------------------------------------------------------------------


def test_strings():
    put(
        {
            "resourceType": "Patient",
            "id": "p1",
            "name": [{"family": "Müller-Lüdenscheidt", "given": ["Zoë"]}],
            "address": [{"state": "IL", "city": "Springfield", "line": ["742 Evergreen Terrace"]}],
            "birthDate": "1956-05-12",
            "telecom": [{"system": "email", "value": "Zoe@Example.org"}],
        }
    )
    put({"resourceType": "Patient", "id": "p2", "name": [{"family": "Simpson"}]})
    for query in (
        "family=mull",
        "family=MULLER-LUDENSCHEID",
        "family:exact=Müller-Lüdenscheidt",
        "family:contains=lüden",
        "name=zoe",
        "phonetic=zoe",
        "given=zoë",
        "name=zoe&name=mull",
        "name=homer,zoe",
        "address=742 ever",
        "address-state=IL",
        "address-city=spring",
        "birthdate=1956",
        "birthdate=1956-05-12",
        "birthdate=lt1960",
        "email=zoe@example.org",
        "telecom=zoe@example.org",
    ):
        assert ids(f"Patient?{query}") == ["p1"], query
    for query in ("family=uller", "family:exact=müller-lüdenscheidt", "family=muller-ludensx"):
        assert ids(f"Patient?{query}") == [], query
    assert ids("Patient?address:missing=true") == ["p2"]
    assert sorted(ids("Patient?deceased=false")) == ["p1", "p2"]


# --- date -----------------------------------------------------------------------------------------

DAY, MARCH = "2024-03-15T10:30:00Z", {"start": "2024-03-10", "end": "2024-03-20"}


@pytest.mark.parametrize(
    ("value", "matches"),
    [
        ("2024-03-15", True),
        ("eq2024-03", True),
        ("2024-03-15T10:30:00Z", True),
        ("2024-03-15T11:30:00%2B01:00", True),
        ("2024-03-15T11:30:00 01:00", True),
        ("2024-03-15T10:30", True),
        ("2024-03-15T11:30%2B01:00", True),
        ("2024-03-15T10:29", False),
        ("gt2024-03-15T10:30", False),
        ("2024-03-15T10:30:00.000Z", False),
        ("ne2024-03-15", False),
        ("ne2024-03-16", True),
        ("gt2024-03-14", True),
        ("gt2024-03-15", False),
        ("ge2024-03-15", True),
        ("ge2024-03-16", False),
        ("lt2024-03-15", False),
        ("lt2024-03-16", True),
        ("le2024-03-15", True),
        ("le2024-03-14", False),
        ("sa2024-03-14", True),
        ("sa2024-03-15", False),
        ("eb2024-03-16", True),
        ("eb2024-03-15", False),
        ("ap2024-03", True),
        ("ap1990", False),
    ],
)
def test_the_prefixes_of_a_date(value, matches):
    task("t1", authoredOn=DAY)
    assert ids(f"Task?authored-on={value}") == (["t1"] if matches else [])


@pytest.mark.parametrize(
    ("value", "matches"),
    [
        ("2024-03", True),
        ("2024-03-15", False),
        ("gt2024-03-15", True),
        ("gt2024-03-20", False),
        ("lt2024-03-15", True),
        ("lt2024-03-10", False),
        ("ge2024-03-20", False),
        ("ge2024-03-10", True),
        ("le2024-03-10", False),
        ("sa2024-03-09", True),
        ("sa2024-03-10", False),
        ("eb2024-03-21", True),
        ("ap2024-03-15", True),
    ],
)
def test_the_prefixes_of_a_period(value, matches):
    task("t1", executionPeriod=MARCH)
    assert ids(f"Task?period={value}") == (["t1"] if matches else [])


def test_a_period_without_an_end_goes_on():
    task("t1", executionPeriod={"start": "2024-03-10"})
    assert ids("Task?period=gt2030") == ["t1"]
    assert ids("Task?period=2024") == []
    assert ids("Task?period:missing=false") == ["t1"]
    assert ids("Task?authored-on:missing=true") == ["t1"]


def test_polling():
    before = task("t1", lastModified=DAY)["meta"]["lastUpdated"]
    assert ids(f"Task?_lastUpdated={before}") == ["t1"]
    assert ids(f"Task?_lastUpdated=gt{before}") == []
    assert ids(f"Task?_lastUpdated=ge{before}") == ["t1"]
    assert ids("Task?_lastUpdated=gt2020&_lastUpdated=lt2999") == ["t1"]
    assert ids("Task?_lastUpdated=le2020") == []
    assert ids("Task?modified=gt2024-03-14") == ["t1"]
    assert ids("Task?modified=2024-03-15T10:30:00Z") == ["t1"]


# --- number and quantity --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "matches"),
    [
        ("8.2", True),
        ("8.20", True),
        ("8", True),
        ("8.21", False),
        ("gt8", True),
        ("lt8.2", False),
        ("ap9", True),
        ("8.2|http://unitsofmeasure.org|%25", True),
        ("8.2||%25", True),
        ("8.2|http://unitsofmeasure.org|mg", False),
        ("1e999", False),
        ("lt1e999", True),
        ("gt-1e999", True),
        ("gt1e-999", True),
        ("8.15", False),
        ("ap8.9", True),
        ("ap9.2", False),
        ("1e1", True),
        ("8.2||mg", False),
        ("8.2|http://unitsofmeasure.org|", True),
        ("8.2|http://other|", False),
    ],
)
def test_quantities(value, matches):
    put(
        {
            "resourceType": "Observation",
            "id": "o1",
            "status": "final",
            "code": {"text": "HbA1c"},
            "valueQuantity": {
                "value": 8.2,
                "unit": "%",
                "system": "http://unitsofmeasure.org",
                "code": "%",
            },
        }
    )
    assert ids(f"Observation?value-quantity={value}") == (["o1"] if matches else [])


@pytest.mark.parametrize(
    "value",
    ["5e", "+-5", "e", ".", "", "1_000", "inf", "nan", "٣", "1e99999999999", "-", "0x1", "9" * 70],
)
def test_what_is_no_number_is_refused_or_finds_nothing(value):
    with suppress(InvalidSearch):
        ids(f"Observation?value-quantity=gt{value}")
        ids(f"Observation?value-quantity={value}|http://unitsofmeasure.org|mg")


def test_nothing_that_is_asked_is_an_error_of_the_server():
    """Hostile values for every kind of parameter: an answer, or a refusal."""
    values = (
        *(
            "'",
            '"',
            "%",
            "%s",
            "{0}",
            "{",
            "}",
            "\\",
            "\\,",
            "|",
            "||",
            "$",
            "é" * 600,
            "x" * 5_000,
        ),
        *("a/b/c", "#", "#x", "Patient/", "/x", "urn:", "http://", "http:// x", "Patient/a|b", " "),
        *("0000", "9999", "9999-12-31", "ap0001", "ap9999-12-31T23:59:59Z", "ge", "2024-02-30"),
        *("2024T", "T", "24:00", "2024-01-01T00:00:00+99:00", "-1", "true", "null", ",,", "\ufffd"),
    )
    names = [
        "_has:Task:part-of:_id",
        "part-of:Task.code",
        "patient.family",
        "code:text",
        "x",
        "_sort",
    ]
    for name in [*resources.get("Task").search().base_filters, *names, "_elements", "_include"]:
        for value in values:
            with suppress(FhirError):
                search(resources.get("Task"), [(name, value)], actor=SYSTEM, base=BASE)
    for name in ("family", "address", "birthdate", "family:contains", "name:exact", "email"):
        for value in values:
            with suppress(FhirError):
                search(resources.get("Patient"), [(name, value)], actor=SYSTEM, base=BASE)


def test_numbers():
    put(
        {
            "resourceType": "RiskAssessment",
            "id": "r1",
            "status": "final",
            "subject": {"reference": "Patient/homer"},
            "prediction": [{"probabilityDecimal": 0.75}],
        }
    )
    assert ids("RiskAssessment?probability=0.75") == ["r1"]
    assert ids("RiskAssessment?probability=gt0.8") == []


# --- other types ----------------------------------------------------------------------------------


def test_communications():
    put(
        {
            "resourceType": "Communication",
            "id": "header",
            "status": "in-progress",
            "subject": {"reference": "Patient/homer"},
            "recipient": [{"reference": "Practitioner/a"}, {"reference": "Practitioner/b"}],
            "category": [concept("needs-response")],
        }
    )
    put(
        {
            "resourceType": "Communication",
            "id": "message",
            "status": "completed",
            "partOf": [{"reference": "Communication/header"}],
            "sender": {"reference": "Patient/homer"},
            "sent": DAY,
            "received": DAY,
            "medium": [concept("portal")],
        }
    )
    for query, expected in {
        "part-of=Communication/header": "message",
        "part-of:missing=true": "header",
        "recipient=Practitioner/b": "header",
        "sender=Patient/homer": "message",
        "subject=Patient/homer": "header",
        "patient=homer": "header",
        "category=needs-response": "header",
        "status=completed": "message",
        "sent=2024-03-15": "message",
        "received=ge2024-03-15": "message",
        "medium=http://x|portal": "message",
        "sender:missing=true": "header",
    }.items():
        assert ids(f"Communication?{query}") == [expected], query


def test_provenance():
    task("t1")
    put(
        {
            "resourceType": "Provenance",
            "id": "v1",
            "target": [{"reference": "Task/t1"}],
            "recorded": DAY,
            "agent": [{"who": {"reference": "Practitioner/a", "display": "A"}}],
            "reason": [concept("specialty-referral")],
        }
    )
    assert ids("Provenance?target=Task/t1") == ["v1"]
    assert ids("Provenance?target=Task/t1/_history/1") == ["v1"]
    assert ids("Provenance?agent=Practitioner/a") == ["v1"]
    assert ids("Provenance?recorded=2024-03-15") == ["v1"]


def test_the_directory(cast):
    assert ids(f"PractitionerRole?role={SNOMED}|{NURSE_ROLE}&practitioner=maya") == [
        f"maya-{NURSE_ROLE}"
    ]
    assert ids("Practitioner?name=lindq") == ["maya"]
    assert ids("PractitionerRole?practitioner.family=Rivera") == [f"tomas-{NURSE_ROLE}"]
    assert ids("PractitionerRole?active=true&practitioner=Practitioner/maya")


# --- AND, OR and refusals -------------------------------------------------------------------------


def test_repeats_are_anded_and_commas_are_alternatives():
    two = [concept("a"), concept("b")]
    task("t1", performerType=two)
    task("t2", performerType=[concept("a")])
    assert ids("Task?performer=a&performer=b") == ["t1"]
    assert sorted(ids("Task?performer=a,b")) == ["t1", "t2"]


def test_categories_of_work():
    """By type of task, type of performer and status (S128)."""
    task("t1", code=concept("x"), performerType=role(NURSE_ROLE))
    task("t2", code=concept("x"), performerType=role(NURSE_ROLE), status="draft")
    task("t3", code=concept("y"), performerType=role(NURSE_ROLE))
    query = f"code=http://x|x&performer={SNOMED}|{NURSE_ROLE}&status=requested,ready"
    assert ids(f"Task?{query}") == ["t1"]


@pytest.mark.parametrize(
    "query",
    [
        "owner:missing=maybe",
        "status:exact=requested",
        "owner:contains=a",
        "authored-on:not=2024",
        "authored-on=yesterday",
        "authored-on=2024-13",
        "authored-on=xx2024",
        "code=a|b|c",
        "code=|",
        "owner=not a reference",
        "subject:Patient=Group/1",
        "patient:Group=1",
        "code:in=http://valueset",
        "_id:exact=x",
        "_has:Task:nothing:status=x",
        "_has:Nothing:subject:status=x",
        "status.code=x",
        "subject.subject.subject.status=x",
        "focus.type=x",
        "owner:Encounter.status=x",
        "patient.nothing=x",
        "_sort=nothing",
        "_include=Task:status",
        "_include=Nothing:focus",
    ],
)
def test_refusals_name_the_parameter_and_never_the_value(query):
    with pytest.raises(InvalidSearch) as refused:
        bundle(f"Task?{query}")
    assert "yesterday" not in str(refused.value) and "not a reference" not in str(refused.value)
    assert refused.value.status == 400


def test_unknown_parameters_are_left_out_unless_the_search_is_strict():
    task("t1")
    answer = bundle("Task?ower=Practitioner/a&_totalMethod=count&_id=t1&_count=10")
    assert answer["total"] == 1
    assert answer["link"][0]["url"].endswith("/Task?_id=t1&_count=10")
    for query in ("ower=x", "_totalMethod=count"):
        with pytest.raises(InvalidSearch):
            bundle(f"Task?{query}", strict=True)
    assert bundle("Task?_id=t1&_count=10&_format=json", strict=True)["total"] == 1


def test_deleted_resources_are_not_found():
    task("t1")
    actions.delete("Task", "t1", actor=SYSTEM)
    assert ids("Task") == [] and ids("Task?_id=t1") == []
    assert bundle("Task?_summary=count")["total"] == 0


def test_the_codes_decide_and_not_the_pool(cast):
    """A pool may have several codes; the queue is read by pool, the Tasks are found by code."""
    task("snomed", performerType=role(NURSE_ROLE))
    task("soc", performerType=[concept("29-1141", SOC)])
    task("second", performerType=[*role("158965000"), concept("29-1141", SOC)])
    for rest in ("status=requested", "owner:missing=true", "status=requested&owner:missing=true"):
        assert ids(f"Task?performer={SNOMED}|{NURSE_ROLE}&{rest}") == ["snomed"]
        assert sorted(ids(f"Task?performer={SOC}|29-1141&{rest}")) == ["second", "soc"]
        assert bundle(f"Task?performer={SOC}|29-1141&{rest}&_count=0")["total"] == 2
        assert bundle(f"Task?performer={SOC}|29-1141&{rest}&_count=1")["total"] == 2
        assert len(ids(f"Task?performer={SOC}|29-1141,{SNOMED}|{NURSE_ROLE}&{rest}")) == 3
        assert ids(f"Task?performer=29-1141&performer={NURSE_ROLE}&{rest}") == []
    assert ids(f"Task?performer:not={SNOMED}|{NURSE_ROLE}&owner:missing=true&_id=soc") == ["soc"]


def test_an_owners_tasks_of_every_status_come_in_one_order(cast):
    owner = {"reference": "Practitioner/maya"}
    for id, status, priority in (
        ("done-stat", "completed", "stat"),
        ("open-urgent", "accepted", "urgent"),
        ("open-routine", "requested", "routine"),
        ("done-asap", "failed", "asap"),
    ):
        task(id, owner=owner, status=status, priority=priority)
    order = ["done-stat", "done-asap", "open-urgent", "open-routine"]
    assert ids("Task?owner=Practitioner/maya") == order
    assert ids("Task?owner=Practitioner/maya", actor=cast["nurse"].actor) == order
    assert ids("Task?owner=Practitioner/maya&status=completed,accepted") == order[:3:2]
    assert ids("Task?owner=Practitioner/maya&status:not=failed") == ["done-stat", *order[2:]]
