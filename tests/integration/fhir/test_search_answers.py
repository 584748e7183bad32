"""The Bundle of a search: order, pages, totals, links and subsets."""

import pytest

from fhir.errors import InvalidSearch
from tests.factories import NURSE_ROLE, SNOMED, put, role, task_document
from tests.integration.fhir.search import BASE, bundle, ids, pages

pytestmark = pytest.mark.django_db


def task(id, **elements):
    return put(task_document(id=id, **elements))


def link(answer, relation):
    return next((each["url"] for each in answer["link"] if each["relation"] == relation), None)


# --- the Bundle -----------------------------------------------------------------------------------


def test_an_answer():
    stored = task("t1", priority="stat")
    answer = bundle("Task?priority=stat")
    assert answer == {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 1,
        "link": [{"relation": "self", "url": f"{BASE}/Task?priority=stat"}],
        "entry": [{"fullUrl": f"{BASE}/Task/t1", "resource": stored, "search": {"mode": "match"}}],
    }


def test_an_empty_answer_has_no_entries():
    answer = bundle("Task")
    assert answer["total"] == 0 and "entry" not in answer


def test_the_self_link_is_encoded_and_complete():
    answer = bundle(
        f"Task?performer={SNOMED}%7C1&_sort=-_lastUpdated&nonsense=1&owner:missing=true"
    )
    assert link(answer, "self") == (
        f"{BASE}/Task?performer=http://snomed.info/sct%7C1&_sort=-_lastUpdated&owner:missing=true"
    )


def test_only_the_total():
    task("t1")
    for query in ("_count=0", "_summary=count", "_count=0&_totalMethod=count"):
        answer = bundle(f"Task?{query}")
        assert answer["total"] == 1 and "entry" not in answer
        assert link(answer, "next") is None


# --- totals ---------------------------------------------------------------------------------------


def test_a_total_stays_through_the_pages():
    for number in range(5):
        task(f"t{number}")
    first = bundle("Task?_count=2")
    assert first["total"] == 5
    second = bundle(link(first, "next").removeprefix(f"{BASE}/"))
    assert second["total"] == 5


def test_a_large_total_is_left_out_unless_it_is_asked_for(monkeypatch):
    monkeypatch.setattr("fhir.search.answer.COUNTED", 3)
    for number in range(5):
        task(f"t{number}")
    assert "total" not in bundle("Task?_count=2")
    assert "total" not in bundle("Task?_count=2&_total=none")
    assert bundle("Task?_count=2&_total=accurate")["total"] == 5
    assert bundle("Task?_count=0")["total"] == 5
    assert bundle("Task?_count=10")["total"] == 5


def test_a_total_that_costs_too_much_is_left_out(monkeypatch):
    monkeypatch.setattr("fhir.search.answer.AFFORDABLE", 0)
    for number in range(5):
        task(f"t{number}")
    assert "total" not in bundle("Task?_count=2")
    assert bundle("Task?_count=2&_total=accurate")["total"] == 5
    assert bundle("Task?_count=2&_summary=count")["total"] == 5
    assert bundle("Task?_count=5")["total"] == 5
    following = link(bundle("Task?_count=2&_total=accurate"), "next")
    assert bundle(following.removeprefix(f"{BASE}/"))["total"] == 5


def test_an_estimate_is_always_there(monkeypatch, cast):
    monkeypatch.setattr("fhir.search.answer.AFFORDABLE", 0)
    for number in range(5):
        task(f"t{number}", owner={"reference": cast["nurse"].reference})
    task("other", owner={"reference": cast["nurse2"].reference})
    assert bundle("Task?_count=2&_total=estimate")["total"] > 2
    # The planner knows of all rows: who reads only some is told their number, no estimate.
    assert bundle("Task?_count=2&_total=estimate", actor=cast["nurse"].actor)["total"] == 5
    monkeypatch.setattr("fhir.search.answer.AFFORDABLE", float("inf"))
    assert bundle("Task?_count=2&_total=estimate")["total"] == 6


# --- order ----------------------------------------------------------------------------------------


def test_newest_first_by_default():
    stored = [task(id) for id in ("t1", "t2", "t3")]
    stored[0] = task("t1", description="changed")
    # Several may be of the same millisecond.
    newest = sorted(stored, key=lambda each: each["id"])
    newest.sort(key=lambda each: each["meta"]["lastUpdated"], reverse=True)
    assert ids("Task") == [each["id"] for each in newest]


def due(day):
    return {"period": {"end": f"2024-03-{day}T12:00:00Z"}}


def test_a_queue_is_sorted_by_urgency_and_due_time(cast):
    nurses = {"performerType": role(NURSE_ROLE)}
    task("routine", **nurses, restriction=due(10))
    task("stat-later", priority="stat", **nurses, restriction=due(20))
    task("stat-soon", priority="stat", **nurses, restriction=due(11))
    task("urgent-whenever", priority="urgent", **nurses)
    order = ["stat-soon", "stat-later", "urgent-whenever", "routine"]
    query = f"Task?performer={SNOMED}|{NURSE_ROLE}&status=requested&owner:missing=true"
    assert ids(query) == order
    assert ids(query, actor=cast["nurse"].actor) == order
    assert sum(pages(f"{query}&_count=1"), []) == order


def test_priority_is_sorted_by_rank():
    for priority in ("asap", "routine", "stat", "urgent"):
        task(priority, priority=priority)
    assert ids("Task?_sort=priority") == ["routine", "urgent", "asap", "stat"]
    assert ids("Task?_sort=-priority") == ["stat", "asap", "urgent", "routine"]


@pytest.mark.parametrize("count", [1, 2, 3, 100])
@pytest.mark.parametrize(
    "sort",
    [
        "_id",
        "-_id",
        "_lastUpdated",
        "-_lastUpdated,_id",
        "priority,-authored-on",
        "-priority,authored-on,status",
        "authored-on",
        "-authored-on",
        "-modified,priority",
        "period",
        "code",
        "-code,-period",
        "owner,-status",
        "-requester",
        "focus",
        "business-status",
        "status",
        "patient",
        "identifier",
    ],
)
def test_pages_meet_over_ties_missing_values_and_mixed_directions(sort, count):
    priorities, dates = ("routine", "stat", None), ("2024", "2024-03-15", None)
    for number in range(12):
        elements = {
            "priority": priorities[number % 3],
            "authoredOn": dates[number % 2 + number // 8],
            "status": ("requested", "accepted")[number % 2],
            "code": {"coding": [{"code": "ab"[number % 2]}]} if number % 5 else None,
            "owner": {"reference": f"Practitioner/{number % 2}"} if number % 4 else None,
            "requester": {"reference": "Practitioner/a"} if number % 3 else None,
            "executionPeriod": {"end": "2024-03-15"} if number % 2 else None,
        }
        task(f"t{number:02}", **{key: value for key, value in elements.items() if value})
    whole = ids(f"Task?_sort={sort}")
    assert len(whole) == 12
    assert sum(pages(f"Task?_sort={sort}&_count={count}"), []) == whole


def test_missing_values_come_last_in_both_directions():
    task("without")
    task("early", authoredOn="2023")
    task("late", authoredOn="2024")
    assert ids("Task?_sort=authored-on") == ["early", "late", "without"]
    assert ids("Task?_sort=-authored-on") == ["late", "early", "without"]


def test_names_are_sorted_by_their_beginnings():
    for id, family in (("p1", "Simpson"), ("p2", "Ábel"), ("p3", "müller")):
        put({"resourceType": "Patient", "id": id, "name": [{"family": family}]})
    assert ids("Patient?_sort=family") == ["p2", "p3", "p1"]
    assert ids("Patient?_sort=-name") == ["p1", "p3", "p2"]
    assert pages("Patient?_sort=family&_count=1")[-1] == ["p1"]


# --- pages ----------------------------------------------------------------------------------------


def test_a_next_link_holds_all_parameters_in_any_order():
    for number in range(3):
        task(f"t{number}")
    following = link(bundle("Task?_count=1&status=requested&_sort=_id"), "next")
    assert following.startswith(f"{BASE}/Task?_count=1&status=requested&_sort=_id&_cursor=")
    cursor = following.rpartition("_cursor=")[2]
    assert ids(f"Task?_cursor={cursor}&_sort=_id&status=requested&_count=1") == ["t1"]
    assert ids(f"Task?_cursor={cursor}&_sort=_id&status=requested&_count=1000") == ["t1", "t2"]


@pytest.mark.parametrize(
    "change",
    [
        lambda cursor: cursor[:-1] + ("A" if cursor[-1] != "A" else "B"),
        lambda cursor: "A" + cursor,
        lambda cursor: cursor[:20],
        lambda cursor: "é",
        lambda cursor: "!",
        lambda cursor: "",
        lambda cursor: "x" * 9_000,
    ],
)
def test_a_changed_cursor_is_refused(change):
    for number in range(3):
        task(f"t{number}")
    following = link(bundle("Task?_count=1&_sort=_id"), "next")
    changed = change(following.rpartition("_cursor=")[2])
    if not changed:
        assert ids(f"Task?_count=1&_sort=_id&_cursor={changed}") == ["t0"]
        return
    with pytest.raises(InvalidSearch):
        bundle(f"Task?_count=1&_sort=_id&_cursor={changed}")


def test_a_cursor_belongs_to_its_order_and_type():
    for number in range(3):
        task(f"t{number}")
    cursor = link(bundle("Task?_count=1&_sort=_id"), "next").rpartition("_cursor=")[2]
    for url in (f"Task?_sort=-_id&_cursor={cursor}", f"Patient?_sort=_id&_cursor={cursor}"):
        with pytest.raises(InvalidSearch):
            bundle(url)


def test_a_cursor_tells_nothing_of_the_patient():
    for id in ("p1", "p2"):
        put({"resourceType": "Patient", "id": id, "name": [{"family": "Simpson"}]})
    cursor = link(bundle("Patient?_sort=family&_count=1"), "next").rpartition("_cursor=")[2]
    import base64

    assert b"simpson" not in base64.urlsafe_b64decode(cursor + "==").lower()


@pytest.mark.parametrize("offset", [0, 1, 2, 3, 5, 6, 9])
def test_a_page_by_its_number(offset):
    for number in range(6):
        task(f"t{number}")
    answer = bundle(f"Task?_sort=_id&_count=2&_offset={offset}")
    whole = [f"t{number}" for number in range(6)]
    assert [each["resource"]["id"] for each in answer.get("entry", [])] == whole[offset:][:2]
    assert answer["total"] == 6
    assert link(answer, "self") == f"{BASE}/Task?_sort=_id&_count=2&_offset={offset}"
    if following := link(answer, "next"):
        assert "_offset" not in following
        assert ids(following.removeprefix(f"{BASE}/")) == whole[offset + 2 :][:2]


@pytest.mark.parametrize("offset", ["-1", "x", "10001"])
def test_a_wrong_or_far_offset_is_refused(offset):
    with pytest.raises(InvalidSearch) as refused:
        bundle(f"Task?_offset={offset}")
    assert refused.value.issues[0].expression == "http._offset"


# --- subsets --------------------------------------------------------------------------------------

NARRATIVE = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}


def sent(url):
    [entry] = bundle(url)["entry"]
    assert entry["resource"]["meta"]["tag"][-1]["code"] == "SUBSETTED"
    return entry["resource"]


MANDATORY = {"resourceType", "id", "meta", "status", "intent"}


def test_elements():
    task("t1", description="x", code={"text": "y"})
    assert set(sent("Task?_elements=description,Task.for")) == MANDATORY | {"description"}
    assert set(sent("Task?_elements=nonsense")) == MANDATORY


def test_elements_of_a_choice_and_of_primitives_with_extensions():
    extension = [{"url": "http://example.org/x", "valueCode": "y"}]
    put(
        {
            "resourceType": "Patient",
            "id": "p1",
            "birthDate": "1970",
            "_birthDate": {"extension": extension},
            "deceasedBoolean": False,
            "gender": "female",
        }
    )
    always = {"resourceType", "id", "meta"}
    assert set(sent("Patient?_elements=birthDate")) == always | {"birthDate", "_birthDate"}
    assert set(sent("Patient?_elements=deceased")) == always | {"deceasedBoolean"}
    assert set(sent("Patient?_elements=deceased[x]")) == always | {"deceasedBoolean"}


def test_elements_of_what_is_included():
    put({"resourceType": "Patient", "id": "p1", "birthDate": "1970", "gender": "female"})
    task("t1", description="x", **{"for": {"reference": "Patient/p1"}})

    def parts(elements):
        answer = bundle(f"Task?_include=Task:patient&_elements={elements}")
        return [set(entry["resource"]) for entry in answer["entry"]]

    always = {"resourceType", "id", "meta"}
    assert parts("description,gender") == [MANDATORY | {"description"}, always | {"gender"}]
    assert parts("Task.description") == [
        MANDATORY | {"description"},
        always | {"birthDate", "gender"},
    ]
    assert parts("Patient.gender") == [MANDATORY | {"description", "for"}, always | {"gender"}]


def test_a_summary_of_text():
    task("t1", description="x", text=NARRATIVE)
    assert set(sent("Task?_summary=text")) == MANDATORY | {"text"}


def test_a_summary_of_data():
    task("t1", description="x", text=NARRATIVE)
    assert set(sent("Task?_summary=data")) == MANDATORY | {"description"}


def test_no_summary():
    stored = task("t1", description="x", text=NARRATIVE)
    [entry] = bundle("Task?_summary=false")["entry"]
    assert entry["resource"] == stored


def test_a_summary_has_the_elements_that_the_definition_marks():
    task(
        "t1",
        description="x",
        text=NARRATIVE,
        priority="stat",
        authoredOn="2024",
        note=[{"text": "not in a summary"}],
        owner={"reference": "Practitioner/a", "display": "A"},
        restriction={"repetitions": 1},
    )
    found = sent("Task?_summary=true")
    assert set(found) == MANDATORY | {"description", "owner"}
    assert found["owner"] == {"reference": "Practitioner/a", "display": "A"}


def test_a_summary_goes_into_the_elements():
    put(
        {
            "resourceType": "Observation",
            "id": "o1",
            "status": "final",
            "code": {"text": "x", "extension": [{"url": "http://example.org/x", "valueCode": "y"}]},
            "component": [
                {
                    "code": {"text": "y"},
                    "valueString": "z",
                    "interpretation": [{"text": "not in a summary"}],
                }
            ],
        }
    )
    found = sent("Observation?_summary=true")
    assert found["code"] == {"text": "x"}
    assert found["component"] == [{"code": {"text": "y"}, "valueString": "z"}]


def test_a_tag_that_is_there_already_is_not_put_twice():
    subsetted = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
        "code": "SUBSETTED",
    }
    task("t1", meta={"tag": [subsetted]})
    assert sent("Task?_summary=data")["meta"]["tag"] == [subsetted]


# --- what is used ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["nonsense=1", "_nonsense=1", "Status=x", "_type=Task", "status="]
)
def test_what_is_not_known_or_empty_is_left_out_of_the_self_link_and_refused_when_strict(query):
    task("t1")
    answer = bundle(f"Task?_id=t1&{query}")
    assert link(answer, "self") == f"{BASE}/Task?_id=t1" and answer["total"] == 1
    with pytest.raises(InvalidSearch) as refused:
        bundle(f"Task?_id=t1&{query}", strict=True)
    assert refused.value.issues[0].expression == f"http.{query.partition('=')[0]}"


def test_all_that_is_known_may_be_asked_for_strictly():
    query = "status=requested&_count=5000&_contained=false&_containedType=container&_total=none"
    query += "&_elements=status&_sort=_id&_include=Task:focus&_format=json&_pretty=true"
    answer = bundle(f"Task?{query}", strict=True)
    assert link(answer, "self") == f"{BASE}/Task?{query}".replace("5000", "1000")


@pytest.mark.parametrize(
    "key",
    ["status:exact", "owner:missing", "authored-on", "status.family", "_has:Task:owner:status"]
    + ["_lastUpdated", "owner:Patient"],
)
def test_a_refusal_names_the_parameter(key):
    with pytest.raises(InvalidSearch) as refused:
        bundle(f"Task?_id=t1&{key}=Simp son")
    [issue] = refused.value.issues
    assert issue.expression == f"http.{key}"
    assert "Simp" not in issue.diagnostics


def test_a_wrong_sort_is_named():
    with pytest.raises(InvalidSearch) as refused:
        bundle("Task?_sort=nonsense")
    assert refused.value.issues[0].expression == "http._sort"


def test_an_unknown_named_query_is_refused():
    for type_name in ("Task", "Patient"):
        with pytest.raises(InvalidSearch) as refused:
            bundle(f"{type_name}?_query=nonsense")
        assert refused.value.issues[0].expression == "http._query"


# --- includes -------------------------------------------------------------------------------------


def includes(url, **options):
    return sorted(ids(url, mode="include", **options))


@pytest.mark.parametrize(
    "wrong",
    [
        "_include=*:patient",
        "_include=Nonsense:patient",
        "_include=Task:nonsense",
        "_include=Task:status",
        "_include=Task:patient:Nonsense",
        "_include=Task:patient:Practitioner",
        "_revinclude=Task:part-of:Patient",
        "_revinclude=*:*",
        "_revinclude=*:subject",
        "_revinclude=Nonsense:*",
        "_revinclude:deep=Task:patient",
    ],
)
def test_wrong_includes_are_refused(wrong):
    with pytest.raises(InvalidSearch) as refused:
        bundle(f"Task?{wrong}")
    name = wrong.partition("=")[0].partition(":")[0]
    assert refused.value.issues[0].expression == f"http.{name}"
    assert name in refused.value.issues[0].diagnostics


def family():
    """A grandparent, its child and the child's child, for a patient with a practitioner."""
    put({"resourceType": "Practitioner", "id": "gp"})
    general = [{"reference": "Practitioner/gp"}]
    put({"resourceType": "Patient", "id": "p1", "generalPractitioner": general})
    task("t1", **{"for": {"reference": "Patient/p1"}})
    task("t2", partOf=[{"reference": "Task/t1"}])
    task("t3", partOf=[{"reference": "Task/t2"}], owner={"reference": "Practitioner/gp"})


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("_id=t3&_include=Task:part-of", ["t2"]),
        ("_id=t3&_include:iterate=Task:part-of", ["t1", "t2"]),
        ("_id=t3&_include:recurse=Task:part-of", ["t1", "t2"]),
        ("_id=t1&_revinclude=Task:part-of", ["t2"]),
        ("_id=t1&_revinclude:iterate=Task:part-of", ["t2", "t3"]),
        ("_id=t2&_include:iterate=Task:part-of&_revinclude:iterate=Task:part-of", ["t1", "t3"]),
        ("_id=t1&_revinclude:iterate=Task:part-of&_include:iterate=Task:owner", ["gp", "t2", "t3"]),
        ("_id=t1&_include=Task:patient&_include=Patient:general-practitioner", ["p1"]),
        (
            "_id=t1&_include=Task:patient&_include:iterate=Patient:general-practitioner",
            ["gp", "p1"],
        ),
        ("_id=t3&_include=*", ["gp", "t2"]),
        ("_id=t3&_include=Task:*", ["gp", "t2"]),
        ("_id=t3&_include=Task:*:Task", ["t2"]),
        ("_id=t3&_include:iterate=*", ["gp", "p1", "t1", "t2"]),
        ("_id=t1&_include=Patient:*", []),
        ("_id=t1&_include=Task:patient:Patient", ["p1"]),
        ("_id=t1&_include=Task:subject:Group", []),
        ("_id=t1&_revinclude=Task:*", ["t2"]),
        ("_id=t1&_revinclude:iterate=Task:*", ["t2", "t3"]),
        ("_id=t1&_include=Task:patient,Task:part-of", ["p1"]),
    ],
)
def test_includes(query, expected):
    family()
    assert includes(f"Task?{query}") == expected


def test_what_is_included_is_neither_counted_nor_there_twice():
    family()
    answer = bundle("Task?_include:iterate=*&_revinclude:iterate=Task:*&_total=accurate")
    assert answer["total"] == 3
    found = [entry["fullUrl"] for entry in answer["entry"]]
    assert len(found) == len(set(found)) == 5


def test_circles_end():
    task("t1", partOf=[{"reference": "Task/t2"}])
    task("t2", partOf=[{"reference": "Task/t1"}])
    task("t3", partOf=[{"reference": "Task/t3"}])
    for include in ("_include", "_revinclude"):
        assert includes(f"Task?_id=t1&{include}:iterate=Task:part-of") == ["t2"]
        assert includes(f"Task?_id=t3&{include}:iterate=Task:part-of") == []


def test_includes_are_those_of_the_page():
    for number in range(3):
        put({"resourceType": "Patient", "id": f"p{number}"})
        task(f"t{number}", **{"for": {"reference": f"Patient/p{number}"}})
    assert pages("Task?_sort=_id&_count=1&_include=Task:patient") == [
        ["t0", "p0"],
        ["t1", "p1"],
        ["t2", "p2"],
    ]


@pytest.mark.parametrize(
    "reference",
    ["Patient/p1", "Patient/p1/_history/1", f"{BASE}/Patient/p1", f"{BASE}/Patient/p1/_history/1"],
)
def test_however_the_reference_is_written(reference):
    put({"resourceType": "Patient", "id": "p1"})
    task("t1", focus={"reference": reference})
    assert includes("Task?_include=Task:focus") == ["p1"]
    assert includes("Patient?_revinclude=Task:focus") == ["t1"]


def test_references_to_elsewhere_lead_nowhere():
    put({"resourceType": "Patient", "id": "p1"})
    task("t1", focus={"reference": "http://elsewhere.example/fhir/Patient/p1"})
    assert includes("Task?_include=Task:focus") == []
    assert includes("Patient?_revinclude=Task:focus") == []


def questionnaire(id, **elements):
    url = {"url": "http://example.org/Questionnaire/phq-9"}
    put({"resourceType": "Questionnaire", "id": id, "status": "active", **url, **elements})


def response(id, canonical):
    document = {"resourceType": "QuestionnaireResponse", "id": id, "status": "completed"}
    put({**document, "questionnaire": canonical})


def test_canonical_references_are_followed_by_url():
    questionnaire("q1", version="1")
    questionnaire("q2", version="2")
    response("r1", "http://example.org/Questionnaire/phq-9|2")
    response("r2", "http://example.org/Questionnaire/other")
    include = "_include=QuestionnaireResponse:questionnaire"
    assert includes(f"QuestionnaireResponse?_id=r1&{include}") == ["q2"]
    assert includes(f"QuestionnaireResponse?_id=r2&{include}") == []
    assert includes("Questionnaire?_id=q2&_revinclude=QuestionnaireResponse:questionnaire") == [
        "r1"
    ]
    response("r1", "http://example.org/Questionnaire/phq-9")
    assert includes(f"QuestionnaireResponse?_id=r1&{include}") == ["q1", "q2"]


def test_no_include_shows_what_the_actor_may_not_see(cast):
    mine = {"reference": cast["nurse"].reference}
    theirs = {"reference": cast["nurse2"].reference}
    task("mine", owner=mine, partOf=[{"reference": "Task/theirs"}])
    task("theirs", owner=theirs)
    task("child", owner=theirs, partOf=[{"reference": "Task/mine"}])
    task("grandchild", owner=mine, partOf=[{"reference": "Task/child"}])
    tree = "_include:iterate=Task:part-of&_revinclude:iterate=Task:part-of"
    nurse = cast["nurse"].actor
    assert includes(f"Task?_id=mine&{tree}") == ["child", "grandchild", "theirs"]
    assert includes(f"Task?_id=mine&{tree}", actor=nurse) == []
    everything = "_include:iterate=*&_revinclude:iterate=Task:*"
    # By way of herself, who owns both.
    assert includes(f"Task?_id=mine&{everything}", actor=nurse) == ["grandchild", "maya"]
    answer = bundle(f"Task?_id=mine&{everything}&_total=accurate", actor=nurse)
    assert answer["total"] == 1


def test_more_than_may_be_included_is_said(monkeypatch):
    monkeypatch.setattr("fhir.search.includes.MAX_INCLUDED", 2)
    task("t1")
    for number in range(3):
        task(f"child{number}", partOf=[{"reference": "Task/t1"}])
    answer = bundle("Task?_id=t1&_revinclude=Task:part-of")
    assert [entry["search"]["mode"] for entry in answer["entry"]] == [
        "match",
        "include",
        "include",
        "outcome",
    ]
    assert answer["entry"][-1]["resource"]["issue"][0]["code"] == "incomplete"
