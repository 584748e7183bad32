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


# --- subsets --------------------------------------------------------------------------------------


def test_elements():
    task("t1", description="x", code={"text": "y"})
    [entry] = bundle("Task?_elements=description,Task.for")["entry"]
    assert set(entry["resource"]) == {
        "resourceType",
        "id",
        "meta",
        "status",
        "intent",
        "description",
    }
    assert entry["resource"]["meta"]["tag"][-1]["code"] == "SUBSETTED"


def test_summaries_of_text_and_data():
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}
    task("t1", description="x", text=text)
    [entry] = bundle("Task?_summary=text")["entry"]
    assert "text" in entry["resource"] and "description" not in entry["resource"]
    [entry] = bundle("Task?_summary=data")["entry"]
    assert "text" not in entry["resource"] and "description" in entry["resource"]
    [entry] = bundle("Task?_summary=false")["entry"]
    assert {"text", "description"} <= set(entry["resource"])
