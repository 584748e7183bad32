"""The ways of writing: by id, by criteria, in a transaction, again."""

from tasks.reasons import REROUTE_SYSTEM
from tests.factories import task_document
from tests.integration.fhir.leaks.clinic import REPEATED, SECRET, to
from tests.integration.fhir.leaks.way import (
    Way,
    bundle,
    entry,
    get,
    keyed,
    parameters,
    patch,
    search_form,
    silent,
    write,
)

MINE = task_document(owner=to("Practitioner/{me}"), description="Mine")
MINE_AS_CASE = MINE | {"id": "case"}
IDENTIFIED = MINE | {"identifier": [{"system": SECRET, "value": "task"}]}

MESSAGE = {"resourceType": "Communication", "status": "completed"}
TEST_RIGHT = [{"op": "test", "path": "/status", "value": "requested"}]
TEST_WRONG = [{"op": "test", "path": "/status", "value": "failed"}]
TAKE = [{"op": "replace", "path": "/owner", "value": to("Practitioner/{me}")}]
FHIRPATH_PATCH = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "replace"},
                {"name": "path", "valueString": "Task.priority"},
                {"name": "value", "valueCode": "routine"},
            ],
        }
    ],
}
BECAUSE = parameters(("reason", "valueCodeableConcept", {"text": "Because"}))
URGENT = parameters(("priority", "valueCode", "urgent"))
TO_CARL = parameters(("owner", "valueReference", to("Practitioner/carl")))
WRONG_POOL = {"system": REROUTE_SYSTEM, "code": "wrong-pool"}
REROUTED = parameters(
    ("pool", "valueString", "doctor"), ("reason", "valueCodeableConcept", {"coding": [WRONG_POOL]})
)


def and_keep_view(body: dict) -> dict:
    return body | {"parameter": [*body["parameter"], {"name": "keepView", "valueBoolean": True}]}


def of_several(body: dict | None) -> dict:
    """The case, and what everybody has of her own."""
    named = [("task", "valueReference", to(f"Task/{each}")) for each in ("case", "own-{me}")]
    several = parameters(*named)
    return several | {"parameter": several["parameter"] + (body or {}).get("parameter", [])}


BY_IDENTIFIER = "identifier=urn:secret|task"
BY_ID = [
    patch("Task/case", []),
    patch("Task/case", TEST_RIGHT),
    patch("Task/case", TEST_WRONG),
    patch("Task/case", TAKE),
    patch("Task/case", TAKE, If_Match='W/"1"'),
    patch("Task/case", TAKE, If_Match='W/"99"'),
    patch("Task/case", [{"op": "remove", "path": "/owner"}]),
    patch(
        "Task/case",
        [{"op": "add", "path": "/note/-", "value": {"text": "Seen"}}],
        Prefer="return=minimal",
    ),
    write("PATCH", "Task/case", FHIRPATH_PATCH),
    write("PATCH", "Task/case", FHIRPATH_PATCH, If_Match='W/"99"'),
    write("PUT", "Task/case", MINE_AS_CASE),
    write("PUT", "Task/case", MINE_AS_CASE, If_Match='W/"1"'),
    write("PUT", "Task/case", MINE_AS_CASE, If_Match='W/"99"'),
    write("PUT", "Task/case", MINE_AS_CASE | {"owner": to("Practitioner/other-carl")}),
    write("PUT", "Task/case", MINE_AS_CASE | {"intent": "plan"}),
    write("PUT", "Task/case", MINE_AS_CASE | {"status": "completed"}),
    silent(write("PUT", "Task/case", MINE)),
    silent(write("PUT", "Task/case", MINE_AS_CASE | {"status": "unheard-of"})),
    write("DELETE", "Task/case"),
    write("DELETE", "Task/case", If_Match='W/"1"'),
    write("DELETE", "Task/case", If_Match='W/"99"'),
    write("POST", "Task/case/$claim"),
    write("POST", "Task/case/$claim", If_Match='W/"1"'),
    write("POST", "Task/case/$claim", If_Match='W/"99"'),
    *(
        write("POST", f"Task/case/${name}", body)
        for name, body in {
            "release": None,
            "assign": TO_CARL,
            "reroute": REROUTED,
            "escalate": BECAUSE,
            "prioritize": URGENT,
            "reschedule": parameters(("due", "valueDate", "2031-05-04")),
            "advance": parameters(("businessStatus", "valueCodeableConcept", {"text": "Seen"})),
            "start": None,
            "hold": BECAUSE,
            "resume": None,
            "complete": parameters(("output", "valueReference", to("List/mine-{me}"))),
            "reject": BECAUSE,
            "fail": BECAUSE,
            "cancel": BECAUSE,
            "note": parameters(("text", "valueString", "Seen")),
            "repair": None,
        }.items()
    ),
    write("POST", "Task/case/$reroute", and_keep_view(REROUTED)),
    write("POST", "Task/case/$reroute", REROUTED, If_Match='W/"99"'),
    *(
        write("POST", f"Task/${name}", of_several(body))
        for name, body in {
            "claim": None,
            "release": None,
            "assign": TO_CARL,
            "reroute": REROUTED,
            "prioritize": URGENT,
            "reschedule": parameters(("due", "valueDate", "2031-05-04")),
            "hold": BECAUSE,
            "cancel": BECAUSE,
        }.items()
    ),
    silent(write("POST", "Task/case/$reroute", parameters(("unheard-of", "valueString", "x")))),
    write("POST", "Task/$claim-next"),
    write("POST", "Task/$claim-next", parameters(("pool", "valueString", "registered-nurse"))),
    get("Task/case/$claim", silent=True),
    write("POST", "Task/case/$reply", parameters(("text", "valueString", "Rest"))),
    write(
        "POST",
        "Task/case/$reply",
        parameters(
            ("text", "valueString", "Rest"),
            ("seen", "valueId", "message"),
            ("complete", "valueBoolean", True),
        ),
    ),
    # With criteria.
    write("POST", "Task", IDENTIFIED, If_None_Exist=BY_IDENTIFIER),
    write("POST", "Task", IDENTIFIED, If_None_Exist=f"{BY_IDENTIFIER}&patient.family=Simpson"),
    write("POST", "Task", MINE, If_None_Exist="_id=case"),
    write("PUT", f"Task?{BY_IDENTIFIER}", IDENTIFIED),
    write("PUT", f"Task?{BY_IDENTIFIER}", IDENTIFIED | {"id": "case"}),
    write("PUT", "Task?identifier=urn:secret|none", MINE_AS_CASE),
    write("PUT", f"Task?{BY_IDENTIFIER}", IDENTIFIED, If_Match='W/"99"'),
    patch(f"Task?{BY_IDENTIFIER}", TAKE),
    patch(f"Task?{BY_IDENTIFIER}", TEST_WRONG),
    write("DELETE", f"Task?{BY_IDENTIFIER}"),
    patch("Task?requester:Patient.family=Simpson&_id=own-{me}", TEST_WRONG),
    patch("Task?_id=own-{me}&_has:Task:part-of:code=urn:secret|code", TEST_WRONG),
    write(
        "POST",
        "Communication",
        {"resourceType": "Communication", "status": "completed"},
        If_None_Exist="_id=header",
    ),
    # What hangs on it.
    write("PUT", "Patient/case", {"resourceType": "Patient", "id": "case"}),
    patch("Patient/case", [{"op": "test", "path": "/gender", "value": "female"}]),
    write("DELETE", "Patient/case"),
    write("DELETE", "Patient?family=Simpson"),
    patch("Communication/header", [{"op": "test", "path": "/status", "value": "completed"}]),
    patch("Communication/message", []),
    write(
        "PUT",
        "Communication/header",
        {"resourceType": "Communication", "id": "header", "status": "completed"}
        | {"sender": to("Practitioner/{me}")},
    ),
    write("DELETE", "Communication/message"),
    write("DELETE", "Provenance/case"),
    patch("Provenance/case", []),
    # What only points at it.
    silent(write("POST", "Task", MINE | {"partOf": [to("Task/case")]})),
    # Allowed as the second half of a reroute, when she owns the case.
    write(
        "POST",
        "Task",
        task_document(
            owner=to("Practitioner/other-carl"),
            requester=to("Practitioner/{me}"),
            focus=to("Communication/header"),
        ),
    ),
    silent(
        write(
            "POST",
            "Communication",
            MESSAGE
            | {"sender": to("Practitioner/{me}"), "partOf": [to("Communication/header")]}
            | {"subject": to("Patient/case")},
        )
    ),
    silent(
        write(
            "POST",
            "Provenance",
            {"resourceType": "Provenance", "recorded": "2026-01-02T03:04:05Z"}
            | {"target": [to("Task/case")], "agent": [{"who": to("Practitioner/{me}")}]},
        )
    ),
]


URN = "urn:uuid:0c3f7a1e-7d57-4d2f-9a53-3f7a2a6f0c11"
BUNDLES = [
    bundle("transaction", entry("POST", "Task", MINE | {"for": to("Patient?family=Simpson")})),
    bundle("transaction", entry("POST", "Task", MINE | {"partOf": [to(f"Task?{BY_IDENTIFIER}")]})),
    bundle(
        "transaction",
        entry(
            "POST",
            "Task",
            MINE | {"partOf": [to("Task?_id=own-{me}&part-of.code=urn:secret|code")]},
        ),
    ),
    bundle(
        "transaction",
        {"fullUrl": URN, **entry("POST", "Task", IDENTIFIED, ifNoneExist=BY_IDENTIFIER)},
        entry("POST", "Communication", MESSAGE | {"basedOn": [to(URN)]}),
    ),
    bundle(
        "transaction",
        {"fullUrl": URN, **entry("PUT", f"Task?{BY_IDENTIFIER}", IDENTIFIED)},
        entry("POST", "Communication", MESSAGE | {"basedOn": [to(URN)]}),
        entry("GET", f"Task?{BY_IDENTIFIER}"),
    ),
    bundle(
        "transaction",
        entry("POST", "Task", MINE),
        entry("GET", "Task/case"),
    ),
    bundle("transaction", entry("POST", "Task", MINE), entry("DELETE", f"Task?{BY_IDENTIFIER}")),
    bundle("transaction", entry("GET", "Task?_id=case"), entry("GET", "Task?code:not=urn:x|y")),
    bundle("transaction", entry("PUT", "Task/case", MINE_AS_CASE), entry("POST", "Task", MINE)),
    bundle("transaction", entry("DELETE", "Task/case", ifMatch='W/"99"')),
    bundle("transaction", entry("GET", "Task/case", ifNoneMatch='W/"1"')),
    bundle("batch", entry("HEAD", "Task/case"), entry("HEAD", "Patient/case")),
]


REPEATS = [
    keyed(write("POST", "Task", REPEATED), "repeated"),
    keyed(write("POST", "Task", MINE), "repeated"),
    keyed(patch("Task/case", TAKE), "her-own"),
    keyed(search_form("Task/_search", "_id=case"), "her-own"),
]
WRITES: list[Way] = BY_ID + BUNDLES + REPEATS
