"""The verbs as FHIR operations: what they take, what they refuse, and what many of them answer.

What each does is asked of the actions; here is only the door.
"""

import pytest

from accounts.models import Pool
from fhir.models import ResourceVersion
from tasks.operations import MOST_AT_ONCE, OPERATIONS
from tasks.reasons import REROUTE_SYSTEM
from tests.agreement import interactions, provenances
from tests.factories import NURSE_ROLE, SNOMED, owned_task, pool_task, role

REROUTE = {"coding": [{"system": REROUTE_SYSTEM, "code": "workload"}]}
NURSES = {"performerType": role(NURSE_ROLE)}
BECAUSE = ("reason", "valueCodeableConcept", {"text": "Because"})
TO_TOMAS = ("owner", "valueReference", {"reference": "Practitioner/tomas"})


def parameters(*given):
    listed = [{"name": name, key: value} for name, key, value in given]
    return {"resourceType": "Parameters"} | ({"parameter": listed} if listed else {})


def issues(answer):
    return [(issue["code"], issue.get("expression", [""])[0]) for issue in answer.json()["issue"]]


# Of one Task

OF_ONE = {
    "claim": ("requested", (), "accepted"),
    "release": ("accepted", (), "requested"),
    "assign": ("accepted", (TO_TOMAS,), "accepted"),
    "reroute": (
        "accepted",
        (("pool", "valueString", "doctor"), ("reason", "valueCodeableConcept", REROUTE)),
        "requested",
    ),
    "escalate": ("accepted", (BECAUSE,), "accepted"),
    "prioritize": ("accepted", (("priority", "valueCode", "asap"),), "accepted"),
    "reschedule": ("accepted", (("due", "valueDate", "2031-05-04"),), "accepted"),
    "advance": (
        "accepted",
        (("businessStatus", "valueCodeableConcept", {"text": "Drafted"}),),
        "accepted",
    ),
    "start": ("accepted", (), "in-progress"),
    "hold": ("accepted", (BECAUSE,), "on-hold"),
    "resume": ("on-hold", (), "accepted"),
    "complete": ("accepted", (), "completed"),
    "reject": ("accepted", (BECAUSE,), "rejected"),
    "fail": ("accepted", (BECAUSE,), "failed"),
    "cancel": ("accepted", (BECAUSE,), "cancelled"),
    "note": ("accepted", (("text", "valueString", "Seen"),), "accepted"),
}


def task_for(cast, code, status):
    if code == "claim":
        return pool_task(status=status)
    return owned_task(cast["nurse"], status=status, **NURSES)


@pytest.mark.parametrize("code", OF_ONE)
def test_of_one_task(cast, api, code):
    before, given, after = OF_ONE[code]
    task = task_for(cast, code, before)
    body = parameters(*given) if given else None
    answer = api("nurse").post(f"Task/{task['id']}/${code}", body, **{"If-Match": 'W/"1"'})
    assert answer.status_code == 200, answer.content
    assert answer["ETag"] == 'W/"2"'
    assert answer.json()["status"] == after, "she gets the body, though she may see it no more"
    assert interactions(task["id"]) == ["create", code]


@pytest.mark.parametrize("code", OF_ONE)
def test_of_a_version_that_is_not_the_last(cast, api, code):
    before, given, _ = OF_ONE[code]
    task = task_for(cast, code, before)
    body = parameters(*given) if given else None
    answer = api("nurse").post(f"Task/{task['id']}/${code}", body, **{"If-Match": 'W/"7"'})
    assert answer.status_code == 412
    assert interactions(task["id"]) == ["create"]


def test_every_operation_is_tried_here():
    assert {each.code for each in OPERATIONS} == {*OF_ONE, "repair"}
    assert {each.code for each in OPERATIONS if each.each} == {*OF_MANY}


def test_after_a_reroute_she_sees_it_no_more(cast, api):
    task = owned_task(cast["nurse"])
    nurse = api("nurse")
    given = [
        ("owner", "valueReference", {"reference": "Practitioner/carl"}),
        ("note", "valueString", "x"),
    ]
    body = parameters(*given, ("reason", "valueCodeableConcept", REROUTE))
    assert nurse.post(f"Task/{task['id']}/$reroute", body).json()["note"][0]["text"] == "x"
    assert nurse.get(f"Task/{task['id']}").status_code == 404
    assert nurse.post(f"Task/{task['id']}/$reroute", body).status_code == 403
    [told] = api("cardiologist").get(f"Provenance?target=Task/{task['id']}").json()["entry"]
    assert told["resource"]["reason"] == [REROUTE]


def test_with_a_successor_the_old_one_is_answered_and_names_it(cast, api):
    task = owned_task(cast["nurse"])
    body = parameters(
        ("pool", "valueCodeableConcept", role("17561000")[0]),
        ("reason", "valueCoding", REROUTE["coding"][0]),
        ("keepView", "valueBoolean", True),
    )
    old = api("nurse").post(f"Task/{task['id']}/$reroute", body).json()
    assert old["status"] == "cancelled"
    found = api("cardiologist").get(f"Task?based-on=Task/{task['id']}").json()
    [successor] = [entry["resource"] for entry in found["entry"]]
    assert f"see Task/{successor['id']}." in old["note"][0]["text"]


@pytest.mark.parametrize(
    "named",
    [
        ("pool", "valueString", "cardiologist"),
        ("pool", "valueString", f"{SNOMED}|17561000"),
        ("pool", "valueCodeableConcept", role("17561000")[0]),
        ("pool", "valueCoding", role("17561000")[0]["coding"][0]),
    ],
)
def test_a_pool_is_named_in_four_ways(cast, api, named):
    task = owned_task(cast["nurse"])
    body = parameters(named, ("reason", "valueCodeableConcept", REROUTE))
    answer = api("nurse").post(f"Task/{task['id']}/$reroute", body)
    assert answer.json()["performerType"][0]["text"] == "Cardiologist"


def test_a_result_has_a_type_or_is_a_value_alone(cast, api):
    task = owned_task(cast["nurse"])
    reply = {"reference": "Communication/reply"}
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "output", "valueReference": reply},
            {
                "name": "output",
                "part": [
                    {"name": "type", "valueCodeableConcept": {"text": "Weight"}},
                    {"name": "value", "valueQuantity": {"value": 80, "unit": "kg"}},
                ],
            },
            {"name": "output", "valueDate": "2026-01-02"},
        ],
    }
    answer = api("nurse").post(f"Task/{task['id']}/$complete", body)
    assert answer.json()["output"] == [
        {"type": {"text": "Result"}, "valueReference": reply},
        {"type": {"text": "Weight"}, "valueQuantity": {"value": 80, "unit": "kg"}},
        {"type": {"text": "Result"}, "valueDate": "2026-01-02"},
    ]


# What is given is what is declared


@pytest.mark.parametrize(
    ("code", "given", "expected"),
    [
        ("claim", [("owner", "valueString", "x")], ("not-supported", "Parameters.parameter[0].name")),
        ("note", [], ("required", "Parameters.parameter")),
        ("note", [("text", "valueBoolean", True)], ("value", "Parameters.parameter[0]")),
        ("note", [("text", "valueString", "a")] * 2, ("structure", "Parameters.parameter[1]")),
        ("prioritize", [("priority", "valueString", "stat")], ("value", "Parameters.parameter[0]")),
        ("prioritize", [("priority", "valueCode", "soon")], ("invalid", "Task.priority")),
        ("assign", [("owner", "valueString", "x")], ("value", "Parameters.parameter[0]")),
        ("assign", [("owner", "valueReference", {"display": "x"})], ("invalid", "owner")),
        ("reroute", [BECAUSE], ("required", "Parameters.parameter")),
        (
            "reroute",
            [BECAUSE, TO_TOMAS, ("pool", "valueString", "doctor")],
            ("required", "Parameters.parameter"),
        ),
        ("reroute", [BECAUSE, ("pool", "valueString", "nowhere")], ("invalid", "pool")),
        (
            "reroute",
            [BECAUSE, ("pool", "valueCodeableConcept", {"text": "Nowhere"})],
            ("invalid", "pool"),
        ),
        ("reroute", [BECAUSE, TO_TOMAS], ("business-rule", "Provenance.reason")),
        (
            "reroute",
            [BECAUSE, TO_TOMAS, ("keepView", "valueString", "true")],
            ("value", "Parameters.parameter[2]"),
        ),
        ("assign", [("owner", "valueReference", {"reference": 1})], None),
        ("hold", [("reason", "valueCodeableConcept", {"coding": "x"})], None),
        ("complete", [("output", "resource", {"resourceType": "Patient"})], None),
        ("complete", [("output", "part", [{"name": "value", "valueCode": "x"}])],
         ("required", "Parameters.parameter[0].part")),
        ("complete", [("output", "part", [{"name": "unheard-of", "valueCode": "x"}])],
         ("not-supported", "Parameters.parameter[0].part[0].name")),
    ],
)  # fmt: skip
def test_what_is_not_declared_is_refused(cast, api, code, given, expected):
    task = owned_task(cast["nurse"], **NURSES)
    answer = api("nurse").post(f"Task/{task['id']}/${code}", parameters(*given))
    assert answer.status_code == 422, answer.content
    assert expected is None or expected in issues(answer)
    assert interactions(task["id"]) == ["create"]


def test_every_fault_is_told_at_once(cast, api):
    task = owned_task(cast["nurse"])
    body = parameters(("x", "valueString", "x"), ("priority", "valueString", "stat"))
    found = issues(api("nurse").post(f"Task/{task['id']}/$prioritize", body))
    assert [code for code, _ in found] == ["not-supported", "value"]


@pytest.mark.parametrize("body", [[1], "x", {"resourceType": "Task"}, {"parameter": []}])
def test_what_is_no_parameters_is_malformed(cast, api, body):
    task = owned_task(cast["nurse"], **NURSES)
    assert api("nurse").post(f"Task/{task['id']}/$release", body).status_code == 400


def test_it_is_asked_by_post(cast, api):
    assert api("nurse").get("Task/x/$reroute").status_code == 405
    assert api("nurse").post("Task/$complete").status_code == 404, "of one at a time"


# Of many

OF_MANY = {
    "claim": (),
    "release": (),
    "assign": (TO_TOMAS,),
    "reroute": (("pool", "valueString", "doctor"), ("reason", "valueCodeableConcept", REROUTE)),
    "prioritize": (("priority", "valueCode", "asap"),),
    "reschedule": (("due", "valueDateTime", "2031-05-04T10:00:00Z"),),
    "hold": (BECAUSE,),
    "cancel": (BECAUSE,),
}


def of_many(code, *named):
    return parameters(
        *(("task", "valueReference", {"reference": each}) for each in named), *OF_MANY[code]
    )


@pytest.mark.parametrize("code", OF_MANY)
def test_each_of_many_is_answered_on_its_own(cast, api, code):
    before, _, after = OF_ONE[code]
    mine, hers, last = (
        task_for(cast, code, before),
        owned_task(cast["physician"]),
        task_for(cast, code, before),
    )
    body = of_many(code, *(f"Task/{each['id']}" for each in (mine, hers, last)), "Task/never-was")
    answer = api("nurse").post(f"Task/${code}", body)
    assert answer.status_code == 200
    bundle = answer.json()
    assert bundle["type"] == "batch-response"
    first, refused, third, never = bundle["entry"]
    for entry, task in ((first, mine), (third, last)):
        assert entry["response"]["status"] == "200"
        assert entry["response"]["etag"] == 'W/"2"'
        assert entry["resource"]["id"] == task["id"]
        assert entry["resource"]["status"] == after
        assert interactions(task["id"]) == ["create", code]
    assert refused == never, "of what she cannot see she is told nothing (T5)"
    assert refused["response"]["status"] == "403"
    assert refused["response"]["outcome"]["issue"][0]["code"] == "forbidden"
    assert "resource" not in refused
    assert interactions(hers["id"]) == ["create"]


def test_each_names_the_version_that_was_seen(cast, api):
    stale, fresh, any_of_them = (owned_task(cast["nurse"])["id"] for _ in range(3))
    nurse = api("nurse")
    nurse.post(f"Task/{stale}/$start")
    nurse.post(f"Task/{any_of_them}/$start")
    body = parameters(
        ("task", "valueReference", {"reference": f"Task/{stale}/_history/1"}),
        ("task", "valueString", f"Task/{fresh}/_history/1"),
        ("task", "valueId", any_of_them),
        BECAUSE,
    )
    found = nurse.post("Task/$hold", body).json()["entry"]
    assert [each["response"]["status"] for each in found] == ["412", "200", "200"]


def test_the_same_task_twice_is_done_once(cast, api):
    task = owned_task(cast["nurse"], **NURSES)
    body = of_many("cancel", *[f"Task/{task['id']}"] * 2)
    found = api("nurse").post("Task/$cancel", body).json()["entry"]
    assert [each["response"]["etag"] for each in found] == ['W/"2"'] * 2
    assert interactions(task["id"]) == ["create", "cancel"]


def test_as_a_client_prefers_it(cast, api):
    task = owned_task(cast["nurse"])
    body = of_many("hold", f"Task/{task['id']}")
    [entry] = api("nurse").post("Task/$hold", body, Prefer="return=minimal").json()["entry"]
    assert "resource" not in entry and entry["response"]["etag"] == 'W/"2"'


@pytest.mark.parametrize(
    "named", ["Patient/x", "https://elsewhere.example/Task/x", "Task/x/_history/y", "#x", "a b"]
)
def test_what_names_no_task_refuses_all(cast, api, named):
    task = owned_task(cast["nurse"])
    body = of_many("hold", f"Task/{task['id']}", named)
    answer = api("nurse").post("Task/$hold", body)
    assert answer.status_code == 422
    assert interactions(task["id"]) == ["create"]


def test_there_are_at_least_one_and_at_most_five_hundred(cast, api):
    nurse = api("nurse")
    assert issues(nurse.post("Task/$hold", parameters(BECAUSE))) == [
        ("required", "Parameters.parameter")
    ]
    many = of_many("hold", *["Task/never-was"] * (MOST_AT_ONCE + 1))
    assert nurse.post("Task/$hold", many).status_code == 413
    many["parameter"].pop(0)
    answer = nurse.post("Task/$hold", many)
    assert len(answer.json()["entry"]) == MOST_AT_ONCE == 500


def test_of_one_task_it_takes_no_list(cast, api):
    task = owned_task(cast["nurse"])
    answer = api("nurse").post(f"Task/{task['id']}/$hold", of_many("hold", "Task/x"))
    assert answer.status_code == 422


def test_many_by_a_key_are_done_once(cast, api):
    task = pool_task()
    body, key = of_many("claim", f"Task/{task['id']}"), {"Idempotency-Key": "once"}
    first = api("nurse").post("Task/$claim", body, **key)
    again = api("nurse").post("Task/$claim", body, **key)
    assert first.content == again.content
    assert ResourceVersion.objects.filter(resource_type="Provenance").count() == 1


def test_a_coordinator_clears_a_pool_at_once(cast, api):
    tasks = [pool_task()["id"] for _ in range(20)]
    body = of_many("assign", *(f"Task/{each}" for each in tasks))
    found = api("coordinator").post("Task/$assign", body).json()["entry"]
    assert {each["response"]["status"] for each in found} == {"200"}
    assert {each["resource"]["owner"]["display"] for each in found} == {"Tomás Rivera"}
    assert all(len(provenances(each)) == 1 for each in tasks)


def test_a_limit_holds_within_one_request(cast, api):
    nurses = Pool.objects.get(slug="registered-nurse")
    nurses.member_limit = 3
    nurses.save()
    tasks = [pool_task()["id"] for _ in range(5)]
    body = of_many("assign", *(f"Task/{each}" for each in tasks))
    found = api("coordinator").post("Task/$assign", body).json()["entry"]
    assert [each["response"]["status"] for each in found] == ["200"] * 3 + ["422"] * 2
