"""Every request that the source documents print, in the order printed, against the demo clinic.

A = Using Tasks to Manage Clinical Workflow, B = the Task API, C = Message Response Tracking and
Routing, D = FHIR workflow, E = the Task API's second printing. What they leave open is settled in
requirements.md (T1–T21). Each test plays one document from its top to its end.
"""

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from tests.conftest import ApiClient

NURSE_POOL = "http://snomed.info/sct|224535009"
CARDIOLOGY_POOL = "http://snomed.info/sct|17561000"
OMNI = "Practitioner/65f9876543210abcdef98765"
ALICE = "Practitioner/doctor-alice-smith"
HOUSE = {"reference": "Practitioner/doctor-gregory-house", "display": "Dr. Gregory House"}
CARDIO = {"reference": "Practitioner/dr-cardio", "display": "Dr. Cardio"}


@pytest.fixture
def clinic(db, settings, tmp_path):
    settings.TASKWARD_DATA = tmp_path
    call_command("demo_data", verbosity=0)


@pytest.fixture
def signed_in(clinic):
    """signed_in(reference) → an API client of the member of staff with this Practitioner."""

    def sign_in(reference_or_username):
        user = User.objects.filter(reference=reference_or_username).first()
        return ApiClient(user or User.objects.get(username=reference_or_username))

    return sign_in


def ids(response) -> set[str]:
    assert response.status_code == 200, response.content
    return {
        entry["resource"]["id"]
        for entry in response.json().get("entry", [])
        if entry["search"]["mode"] == "match"
    }


def refused(response, status=403, code="forbidden"):
    assert response.status_code == status, response.content
    outcome = response.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert {issue["code"] for issue in outcome["issue"]} == {code}
    return outcome


def changed(response):
    assert response.status_code == 200, response.content
    return response.json()


def now() -> str:
    return timezone.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_a_tasks_manage_clinical_workflow(signed_in):
    admin = signed_in("admin")
    printed = {
        "resourceType": "Task",
        "id": "example-task",
        "code": {
            "text": "Complete PHQ-9",
            "coding": [{"code": "715252007", "system": "http://snomed.info/sct"}],
        },
        "description": "Patient to complete PHQ-9 depression screening",
    }
    # The page prints the example without status and intent, which R4 requires.
    example = {**printed, "status": "ready", "intent": "order"}
    response = admin.put("Task/example-task", example)
    assert response.status_code in (200, 201)
    assert {name: response.json()[name] for name in printed} == printed
    for search in ("code=http://snomed.info/sct|715252007", "code=715252007"):
        assert "example-task" in ids(admin.get(f"Task?{search}"))

    # await medplum.searchResources('Task', 'owner:missing=true')
    unassigned = admin.get("Task?owner:missing=true&_count=1000&_total=accurate").json()
    assigned = admin.get("Task?owner:missing=false&_count=1000&_total=accurate").json()
    every = admin.get("Task?_summary=count").json()["total"]
    assert all("owner" not in entry["resource"] for entry in unassigned["entry"])
    assert all("owner" in entry["resource"] for entry in assigned["entry"])
    assert unassigned["total"] + assigned["total"] == every > 300

    medical_coder = {
        "text": "Medical Billing Specialist",
        "coding": [
            {"system": "http://snomed.info/sct", "code": "1251542004", "display": "Medical Coder"},
            {
                "system": "https://www.bls.gov/soc",
                "code": "29-2072",
                "display": "Medical Records Specialists",
            },
        ],
    }
    task = admin.post("Task", {
        "resourceType": "Task", "status": "ready", "intent": "order",
        "performerType": [medical_coder],
    }).json()  # fmt: skip
    assert task["performerType"] == [medical_coder]
    for coding in medical_coder["coding"]:
        found = admin.get(f"Task?performer={coding['system']}|{coding['code']}&_count=1000")
        assert task["id"] in ids(found)

    # The task tree by partOf, with _revinclude and :iterate.
    child = admin.post("Task", {
        "resourceType": "Task", "status": "ready", "intent": "order",
        "partOf": [{"reference": f"Task/{task['id']}"}],
    }).json()  # fmt: skip
    grandchild = admin.post("Task", {
        "resourceType": "Task", "status": "ready", "intent": "order",
        "partOf": [{"reference": f"Task/{child['id']}"}],
    }).json()  # fmt: skip
    assert ids(admin.get(f"Task?part-of=Task/{task['id']}")) == {child["id"]}
    one = admin.get(f"Task?_id={task['id']}&_revinclude=Task:part-of").json()["entry"]
    assert [(e["resource"]["id"], e["search"]["mode"]) for e in one] == [
        (task["id"], "match"),
        (child["id"], "include"),
    ]
    tree = admin.get(f"Task?_id={task['id']}&_revinclude:iterate=Task:part-of").json()["entry"]
    assert [e["resource"]["id"] for e in tree] == [task["id"], child["id"], grandchild["id"]]
    up = admin.get(f"Task?_id={grandchild['id']}&_include:iterate=Task:part-of").json()["entry"]
    assert [e["resource"]["id"] for e in up] == [grandchild["id"], child["id"], task["id"]]


PRINTED_TASK = {
    "resourceType": "Task",
    "status": "requested",
    "intent": "order",
    "priority": "urgent",
    "code": {
        "coding": [
            {
                "system": "http://hl7.org/fhir/CodeSystem/task-code",
                "code": "fulfill",
                "display": "Fulfill the focal request",
            }
        ]
    },
    "description": "Review abnormal lab results and contact patient",
    "for": {"reference": "Patient/65f1234567890abcdef12345"},
    "authoredOn": "2024-03-15T08:00:00Z",
    "requester": {"reference": OMNI},
    "owner": {"reference": OMNI},
    "restriction": {"period": {"end": "2024-03-16T17:00:00Z"}},
    "note": [{"text": "HbA1c results came back at 8.2%, need to discuss treatment adjustment"}],
}
PRINTED_COMPLETION = {
    "resourceType": "Task",
    "id": "65f8901234567abcdef89012",
    "status": "completed",
    "intent": "order",
    "priority": "urgent",
    "description": "Review abnormal lab results and contact patient",
    "for": {"reference": "Patient/65f1234567890abcdef12345"},
    "owner": {"reference": OMNI},
    "note": [{"text": "Contacted patient, scheduled follow-up appointment"}],
}


def test_b_the_task_api(signed_in):
    omni = signed_in(OMNI)
    # curl -X POST …/api/fhir/Task, sent as application/json as curl prints it.
    response = omni.request("POST", "Task", PRINTED_TASK, "application/json")
    assert response.status_code == 201, response.content
    created = response.json()
    assert {name: created[name] for name in PRINTED_TASK} == PRINTED_TASK
    assert response["Location"].endswith(f"/api/fhir/Task/{created['id']}/_history/1")
    assert response["ETag"] == 'W/"1"'

    # curl -X GET …/api/fhir/Task?owner=…&status=requested
    found = omni.get(f"Task?owner={OMNI}&status=requested").json()
    assert found["type"] == "searchset" and found["total"] == len(found["entry"])
    assert {created["id"], "65f8901234567abcdef89012"} <= {
        entry["resource"]["id"] for entry in found["entry"]
    }
    for entry in found["entry"]:
        assert entry["resource"]["owner"]["reference"] == OMNI
        assert entry["resource"]["status"] == "requested"

    # "Filter by patient", in every form that T7 names.
    patient = "65f1234567890abcdef12345"
    forms = ("patient=Patient/", "patient=", "for=Patient/", "subject=Patient/")
    answers = [ids(omni.get(f"Task?{form}{patient}")) for form in forms]
    assert created["id"] in answers[0]
    assert all(answer == answers[0] for answer in answers)

    # GET /api/fhir/Task/:id
    got = changed(omni.get("Task/65f8901234567abcdef89012"))
    assert got["status"] == "requested" and got["owner"]["reference"] == OMNI

    # PUT …/Task/65f8901234567abcdef89012: mark as completed.
    done = omni.request(
        "PUT", "Task/65f8901234567abcdef89012", PRINTED_COMPLETION, "application/json"
    )
    body = changed(done)
    assert {name: body[name] for name in PRINTED_COMPLETION} == PRINTED_COMPLETION
    assert body["meta"]["versionId"] == "2" and "end" in body["executionPeriod"]

    # The status workflow: requested → accepted → in progress → completed.
    for status in ("accepted", "in-progress", "completed"):
        response = omni.put(f"Task/{created['id']}", {**created, "status": status})
        assert changed(response)["status"] == status


def test_b_and_e_role_permissions(signed_in):
    """The matrix: admin everything, practitioner her own, auditor reads everything."""
    omni, admin, auditor, alice = (signed_in(who) for who in (OMNI, "admin", "auditor", ALICE))
    for_alice = {**PRINTED_TASK, "owner": {"reference": ALICE}, "requester": {"reference": ALICE}}

    assert admin.post("Task", for_alice).status_code == 201
    others = admin.post("Task", for_alice).json()
    assert omni.post("Task", PRINTED_TASK).status_code == 201
    refused(omni.post("Task", for_alice))
    refused(auditor.post("Task", PRINTED_TASK))

    url = f"Task/{others['id']}"
    assert changed(admin.get(url))["id"] == others["id"]
    assert changed(auditor.get(url))["id"] == others["id"]
    assert changed(alice.get(url))["id"] == others["id"]
    never = refused(omni.get("Task/never-was"), 404, "not-found")
    assert refused(omni.get(url), 404, "not-found") == never

    edit = [{"op": "replace", "path": "/priority", "value": "stat"}]
    for write in (
        lambda client: client.put(url, {**others, "priority": "stat"}),
        lambda client: client.patch(url, edit),
        lambda client: client.delete(url),
        lambda client: client.post(f"{url}/$claim"),
    ):
        refused(write(omni))
        refused(write(auditor))
    assert changed(admin.get(url)) == others
    assert changed(alice.patch(url, edit))["priority"] == "stat"
    assert changed(admin.put(url, {**others, "priority": "asap"}))["priority"] == "asap"

    every = admin.get("Task?_summary=count").json()["total"]
    assert auditor.get("Task?_summary=count").json()["total"] == every
    mine = omni.get("Task?_count=1000").json()["entry"]
    assert 0 < len(mine) < every
    assert ids(omni.get(f"Task?owner={ALICE}")) == set()
    assert others["id"] in ids(auditor.get(f"Task?owner={ALICE}&_count=1000"))
    assert auditor.get(f"{url}/_history").status_code == 200
    assert auditor.get(f"Provenance?target={url}").status_code == 200

    in_bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"resource": for_alice, "request": {"method": "POST", "url": "Task"}}],
    }
    refused(omni.post("", in_bundle))


def thread_of_homer(client) -> dict:
    """The header of a thread of Homer Simpson's that Dr. House takes part in."""
    found = client.get("Communication?subject=Patient/homer-simpson&part-of:missing=true").json()
    return next(
        entry["resource"]
        for entry in found["entry"]
        if HOUSE["reference"]
        in [each["reference"] for each in entry["resource"].get("recipient", [])]
    )


def test_c_message_response_tracking_and_routing(signed_in):
    alice, house, cardio, admin = (
        signed_in(who) for who in (ALICE, HOUSE["reference"], CARDIO["reference"], "admin")
    )
    thread = thread_of_homer(house)

    # Create a Task for a thread.
    printed = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "priority": "routine",
        "focus": {"reference": f"Communication/{thread['id']}"},
        "for": {"reference": "Patient/homer-simpson", "display": "Homer Simpson"},
        "performerType": [
            {
                "coding": [
                    {
                        "system": "http://snomed.info/sct",
                        "code": "224535009",
                        "display": "Registered nurse",
                    }
                ]
            }
        ],
        "requester": {"reference": ALICE},
        "authoredOn": now(),
    }
    response = alice.post("Task", printed)
    assert response.status_code == 201, response.content
    task = response.json()
    assert {name: task[name] for name in printed} == printed and "owner" not in task
    url = f"Task/{task['id']}"

    # "To see unclaimed Task resources in a pool, query by performerType" (printed after the claim;
    # asked before it, so that there is something to see).
    query = f"Task?performer={NURSE_POOL}&status=requested&_count=1000"
    assert task["id"] in ids(house.get(query))

    # Claim a Task from the pool.
    claim = [
        {"op": "replace", "path": "/status", "value": "accepted"},
        {"op": "replace", "path": "/owner", "value": HOUSE},
    ]
    claimed = changed(house.patch(url, claim))
    assert claimed["status"] == "accepted" and claimed["owner"] == HOUSE
    assert task["id"] not in ids(house.get(query))

    # Reroute to a different provider: the Task first, then the thread.
    rerouted = changed(
        house.patch(
            url,
            [
                {"op": "replace", "path": "/owner", "value": CARDIO},
                {"op": "remove", "path": "/performerType"},
            ],
        )
    )
    assert rerouted["owner"] == CARDIO and "performerType" not in rerouted
    synced = changed(
        house.patch(
            f"Communication/{thread['id']}",
            [{"op": "replace", "path": "/recipient", "value": [CARDIO]}],
        )
    )
    assert synced["recipient"] == [CARDIO]
    assert {name: synced.get(name) for name in ("sender", "payload", "subject")} == {
        name: thread.get(name) for name in ("sender", "payload", "subject")
    }
    refused(house.get(url), 404, "not-found")
    assert changed(cardio.get(url))["id"] == task["id"]

    # Reroute to a provider pool.
    pooled = changed(
        cardio.patch(
            url,
            [
                {"op": "remove", "path": "/owner"},
                {"op": "replace", "path": "/status", "value": "requested"},
                {
                    "op": "add",
                    "path": "/performerType",
                    "value": [
                        {
                            "coding": [
                                {
                                    "system": "http://snomed.info/sct",
                                    "code": "17561000",
                                    "display": "Cardiologist",
                                }
                            ]
                        }
                    ],
                },
            ],
        )
    )
    assert pooled["status"] == "requested" and "owner" not in pooled
    unsent = changed(
        cardio.patch(f"Communication/{thread['id']}", [{"op": "remove", "path": "/recipient"}])
    )
    assert "recipient" not in unsent

    # Find Tasks routed to a pool, with their threads.
    found = cardio.get(
        f"Task?performer={CARDIOLOGY_POOL}&owner:missing=true&_include=Task:focus&_count=1000"
    )
    assert task["id"] in ids(found)
    included = [
        entry["resource"] for entry in found.json()["entry"] if entry["search"]["mode"] == "include"
    ]
    assert thread["id"] in {each["id"] for each in included}
    assert {each["resourceType"] for each in included} >= {"Communication"}
    refused(house.get(url), 404, "not-found")  # no cardiologist

    # medplum.readHistory('Task', task.id)
    history = admin.get(f"{url}/_history").json()
    assert history["type"] == "history"
    assert [e["resource"]["meta"]["versionId"] for e in history["entry"]] == ["4", "3", "2", "1"]
    assert [e["extension"][0]["valueReference"]["reference"] for e in history["entry"]] == [
        CARDIO["reference"],
        HOUSE["reference"],
        HOUSE["reference"],
        ALICE,
    ]
    for entry in history["entry"]:
        version = entry["resource"]["meta"]["versionId"]
        assert admin.get(f"{url}/_history/{version}").json() == entry["resource"]

    # Free text reasons: `replace /owner` on a Task of a pool, `add /note/-` where there is no note.
    note = {
        "authorReference": {"reference": HOUSE["reference"]},
        "time": now(),
        "text": "Rerouting to cardiology — patient has new cardiac symptoms",
    }
    noted = changed(
        cardio.patch(
            url,
            [
                {"op": "replace", "path": "/owner", "value": CARDIO},
                {"op": "add", "path": "/note/-", "value": note},
            ],
        )
    )
    assert noted["owner"] == CARDIO and noted["note"] == [note]

    # Structured reason codes.
    provenance = {
        "resourceType": "Provenance",
        "target": [{"reference": url}],
        "recorded": now(),
        "agent": [{"who": HOUSE}],
        "reason": [
            {
                "coding": [
                    {
                        "system": "https://medplum.com/CodeSystem/reroute-reason",
                        "code": "specialty-referral",
                        "display": "Specialty referral",
                    }
                ]
            }
        ],
    }
    response = house.post("Provenance", provenance)
    assert response.status_code == 201, response.content
    recorded = response.json()
    assert {name: recorded[name] for name in provenance} == provenance
    assert recorded["id"] in ids(cardio.get(f"Provenance?target={url}"))
    assert ids(house.get(f"Provenance?target={url}")) == set()  # T4


def test_c_visibility_after_reroute_in_place(signed_in):
    house, cardio = signed_in(HOUSE["reference"]), signed_in(CARDIO["reference"])
    task = house.post(
        "Task",
        {"resourceType": "Task", "status": "accepted", "intent": "order", "owner": HOUSE},
    ).json()
    url = f"Task/{task['id']}"
    patch = [{"op": "replace", "path": "/owner", "value": {"reference": CARDIO["reference"]}}]
    assert changed(house.patch(url, patch))["owner"] == {"reference": CARDIO["reference"]}
    for path in (url, f"{url}/_history", f"{url}/_history/1"):
        refused(house.get(path), 404, "not-found")
    assert task["id"] not in ids(house.get("Task?_count=1000"))
    assert task["id"] in ids(cardio.get(f"Task?owner={CARDIO['reference']}&_count=1000"))


def test_c_visibility_after_reroute_by_a_new_task(signed_in):
    house, cardio = signed_in(HOUSE["reference"]), signed_in(CARDIO["reference"])
    thread = thread_of_homer(house)
    task = house.post(
        "Task",
        {
            "resourceType": "Task",
            "status": "accepted",
            "intent": "order",
            "priority": "routine",
            "focus": {"reference": f"Communication/{thread['id']}"},
            "for": {"reference": "Patient/homer-simpson"},
            "owner": HOUSE,
        },
    ).json()
    successor = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "priority": task["priority"],
        "focus": task["focus"],
        "for": task["for"],
        "owner": CARDIO,
        "requester": {"reference": HOUSE["reference"]},
        "authoredOn": now(),
        "note": [
            {
                "authorReference": {"reference": HOUSE["reference"]},
                "time": now(),
                "text": "Rerouted from original Task — needs cardiology review",
            }
        ],
    }
    response = house.post("Task", successor)
    assert response.status_code == 201, response.content
    made = response.json()
    assert {name: made[name] for name in successor} == successor
    closing = [
        {"op": "replace", "path": "/status", "value": "cancelled"},
        {
            "op": "add",
            "path": "/note/-",
            "value": {
                "authorReference": {"reference": HOUSE["reference"]},
                "time": now(),
                "text": "Rerouted to Dr. Cardio — see new Task",
            },
        },
    ]
    cancelled = changed(house.patch(f"Task/{task['id']}", closing))
    assert cancelled["status"] == "cancelled" and len(cancelled["note"]) == 1
    focus = f"Task?focus=Communication/{thread['id']}&_count=1000"
    assert task["id"] in ids(house.get(focus)) and made["id"] not in ids(house.get(focus))
    assert made["id"] in ids(cardio.get(focus)) and task["id"] not in ids(cardio.get(focus))
    assert {task["id"], made["id"]} <= ids(signed_in("admin").get(focus))


def test_d_the_queue_can_be_polled_and_categorised(signed_in):
    """By type of task, type of performer and status; and by what changed since."""
    nurse = signed_in("nurse")
    everything = nurse.get(f"Task?performer={NURSE_POOL}&status=requested&_count=1000").json()
    code = everything["entry"][0]["resource"]["code"]["coding"][0]
    narrowed = f"Task?code={code['system']}|{code['code']}&performer={NURSE_POOL}&status=requested"
    chosen = ids(nurse.get(f"{narrowed}&_count=1000"))
    assert chosen == {
        entry["resource"]["id"]
        for entry in everything["entry"]
        if any(
            (each.get("system"), each["code"]) == (code["system"], code["code"])
            for each in entry["resource"].get("code", {}).get("coding", [])
        )
    }
    task = nurse.post(f"Task/{sorted(chosen)[0]}/$claim").json()
    since = task["meta"]["lastUpdated"]
    assert task["id"] in ids(nurse.get(f"Task?_lastUpdated=ge{since}&_count=1000"))
    assert task["id"] in ids(nurse.get(f"Task?modified=ge{since}&_count=1000"))
