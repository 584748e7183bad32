"""Writes that cannot be done: patches, steps of the workflow, ids that do not agree."""

# fmt: off
from tests.malformed.cases import SECRET, TARGET, Group

PATCHES = Group("patch")
STEPS = Group("step")
WRITES = Group("write")

# --- JSON Patch: not one at all 400, one that does not fit 422 ------------------------------------
JSON_PATCH = "application/json-patch+json"


def body(name: str, text: str, status: int = 400, code: str = "structure", **headers: str) -> None:
    headers = {"Content_Type": JSON_PATCH} | headers
    PATCHES.request(name, f"PATCH {TARGET}", status, code, None, text, **headers)


body("empty", "")
body("not-json", "op=add")
body("object", '{"op":"remove","path":"/priority"}')
body("text", '"remove"')
body("null", "null")
body("a-task", '{"resourceType":"Task","status":"ready","intent":"order"}')
body("merge-patch", '{"priority":"stat"}', 415, "not-supported", Content_Type="application/merge-patch+json")
body("as-json", '[{"op":"remove","path":"/priority"}]', 415, "not-supported", Content_Type="application/json")
body("as-xml", "<diff/>", 415, "not-supported", Content_Type="application/xml-patch+xml")
body("as-text", "[]", 415, "not-supported", Content_Type="text/plain")
PATCHES.request("fhir-task", f"PATCH {TARGET}", 400, "structure", "resourceType", {"resourceType": "Task"})

patch = PATCHES.patch
patch("not-an-object", 400, "structure", None, "remove")
patch("null-operation", 400, "structure", None, None)
patch("list-in-list", 400, "structure", None, [{"op": "remove", "path": "/priority"}])
patch("no-op", 400, "structure", None, {"path": "/priority", "value": "stat"})
patch("op-null", 400, "structure", None, {"op": None, "path": "/priority"})
patch("op-number", 400, "structure", None, {"op": 1, "path": "/priority"})
patch("op-list", 400, "structure", None, {"op": ["add"], "path": "/priority"})
patch("op-unknown", 400, "structure", None, {"op": "delete", "path": "/priority"})
patch("op-in-capitals", 400, "structure", None, {"op": "ADD", "path": "/priority", "value": "stat"})
patch("op-spaced", 400, "structure", None, {"op": "add ", "path": "/priority", "value": "stat"})
patch("no-path", 400, "structure", None, {"op": "add", "value": "stat"})
patch("path-null", 400, "structure", None, {"op": "add", "path": None, "value": "stat"})
patch("path-number", 400, "structure", None, {"op": "remove", "path": 1})
patch("path-list", 400, "structure", None, {"op": "remove", "path": ["priority"]})
patch("path-without-slash", 400, "structure", None, {"op": "remove", "path": "priority"})
patch("path-as-fhirpath", 400, "structure", None, {"op": "remove", "path": "Task.priority"})
patch("path-as-fragment", 400, "structure", None, {"op": "remove", "path": "#/priority"})
patch("path-tilde", 400, "structure", None, {"op": "remove", "path": "/priority~2"})
patch("path-tilde-at-end", 400, "structure", None, {"op": "remove", "path": "/priority~"})
patch("add-without-value", 400, "structure", None, {"op": "add", "path": "/priority"})
patch("replace-without-value", 400, "structure", None, {"op": "replace", "path": "/priority"})
patch("test-without-value", 400, "structure", None, {"op": "test", "path": "/priority"})
patch("move-without-from", 400, "structure", None, {"op": "move", "path": "/priority"})
patch("copy-without-from", 400, "structure", None, {"op": "copy", "path": "/priority"})
patch("from-number", 400, "structure", None, {"op": "copy", "path": "/priority", "from": 1})
patch("from-without-slash", 400, "structure", None, {"op": "move", "path": "/x", "from": "priority"})
patch("second-is-bad", 400, "structure", None, {"op": "remove", "path": "/note"}, {"op": "x", "path": "/note"})
patch("remove-absent", 422, "processing", "Task.priority", {"op": "remove", "path": "/priority"})
patch("remove-unknown", 422, "processing", "Task.nothing", {"op": "remove", "path": "/nothing"})
patch("remove-twice", 422, "processing", "Task.note", {"op": "remove", "path": "/note"}, {"op": "remove", "path": "/note"})
patch("replace-below-absent", 422, "processing", "Task.code.text", {"op": "replace", "path": "/code/text", "value": SECRET})
patch("add-below-absent", 422, "processing", "Task.code.text", {"op": "add", "path": "/code/text", "value": SECRET})
patch("add-below-text", 422, "processing", "Task.description.x", {"op": "add", "path": "/description/x", "value": "y"})
patch("replace-absent-index", 422, "processing", "Task.note[9]", {"op": "replace", "path": "/note/9", "value": {"text": "x"}})
patch("add-beyond-end", 422, "processing", "Task.note[9]", {"op": "add", "path": "/note/9", "value": {"text": "x"}})
patch("index-negative", 422, "processing", "Task.note", {"op": "remove", "path": "/note/-1"})
patch("index-leading-zero", 422, "processing", "Task.note[01]", {"op": "remove", "path": "/note/01"})
patch("index-word", 422, "processing", "Task.note.first", {"op": "remove", "path": "/note/first"})
patch("index-huge", 422, "processing", "Task.note[" + "9" * 30 + "]", {"op": "remove", "path": "/note/" + "9" * 30})
patch("index-arabic", 422, "processing", "Task.note", {"op": "remove", "path": "/note/٠"})
patch("remove-after-last", 422, "processing", "Task.note", {"op": "remove", "path": "/note/-"})
patch("member-of-list", 422, "processing", "Task.note.text", {"op": "replace", "path": "/note/text", "value": "x"})
patch("move-absent", 422, "processing", "Task.priority", {"op": "move", "path": "/priority", "from": "/code"})
patch("copy-absent", 422, "processing", "Task.priority", {"op": "copy", "path": "/priority", "from": "/code"})
patch("move-into-itself", 422, "processing", "Task.note[0].x", {"op": "move", "path": "/note/0/x", "from": "/note/0"})
patch("test-other-value", 422, "processing", "Task.status", {"op": "test", "path": "/status", "value": "ready"})
patch("test-absent", 422, "processing", "Task.priority", {"op": "test", "path": "/priority", "value": "stat"})
patch("test-other-type", 422, "processing", "Task.status", {"op": "test", "path": "/status", "value": ["requested"]})
patch("test-version", 412, "conflict", "Task.meta.versionId", {"op": "test", "path": "/meta/versionId", "value": "99"})
patch("all-or-nothing", 422, "processing", "Task.code", {"op": "add", "path": "/priority", "value": "stat"}, {"op": "remove", "path": "/code"})
patch("whole-by-text", 422, "processing", "Task", {"op": "replace", "path": "", "value": SECRET})
patch("whole-by-null", 422, "processing", "Task", {"op": "replace", "path": "", "value": None})
patch("whole-removed", 422, "processing", "Task", {"op": "remove", "path": ""})
patch("id-changed", 422, "processing", "Task.id", {"op": "replace", "path": "/id", "value": "other"})
patch("id-removed", 422, "processing", "Task.id", {"op": "remove", "path": "/id"})
patch("type-changed", 422, "processing", "Task.resourceType", {"op": "replace", "path": "/resourceType", "value": "Patient"})
patch("type-removed", 422, "processing", "Task.resourceType", {"op": "remove", "path": "/resourceType"})
patch("result-without-status", 422, "required", "Task.status", {"op": "remove", "path": "/status"})
patch("result-bad-code", 422, "code-invalid", "Task.priority", {"op": "add", "path": "/priority", "value": "high"})
patch("result-unknown-element", 422, "structure", "Task.assignee", {"op": "add", "path": "/assignee", "value": SECRET})
patch("result-null", 422, "structure", "Task.priority", {"op": "add", "path": "/priority", "value": None})
patch("result-empty-list", 422, "structure", "Task.note", {"op": "remove", "path": "/note/0"})
patch("result-bad-date", 422, "value", "Task.authoredOn", {"op": "add", "path": "/authoredOn", "value": "2024-02-30"})
patch("result-wrong-target", 422, "value", "Task.owner.reference", {"op": "replace", "path": "/owner/reference", "value": "Medication/1"})
patch("result-wrong-type", 422, "structure", "Task.note", {"op": "replace", "path": "/note", "value": SECRET})
patch("intent-changed", 422, "business-rule", "Task.intent", {"op": "replace", "path": "/intent", "value": "plan"})
patch("status-refused", 422, "business-rule", "Task.status", {"op": "replace", "path": "/status", "value": "draft"})
patch("501-operations", 413, "too-long", None, *[{"op": "add", "path": "/priority", "value": "stat"}] * 501)
COPY = [{"op": "copy", "path": "/note/-", "from": "/note/0"}] * 20
GROW = {"op": "add", "path": "/note/0/text", "value": "x" * 2**19}
patch("copy-bomb", 413, "too-long", None, GROW, *COPY)
PATCHES.request("of-nothing", "PATCH Task/never-was", 404, "not-found", None, [{"op": "remove", "path": "/note"}], Content_Type=JSON_PATCH)
PATCHES.request("of-deleted", "PATCH Task/deleted", 410, "deleted", None, [{"op": "remove", "path": "/note"}], Content_Type=JSON_PATCH)
PATCHES.request("of-the-type", "PATCH Task", 400, "structure", None, [{"op": "remove", "path": "/note"}], Content_Type=JSON_PATCH)

# --- steps of the workflow that are none ----------------------------------------------------------
REFUSED = {
    "draft": "rejected completed failed",
    "requested": "draft",
    "received": "draft",
    "accepted": "draft",
    "ready": "draft",
    "in-progress": "draft received rejected",
    "on-hold": "draft received rejected completed",
    "completed": "draft requested accepted in-progress on-hold failed cancelled rejected",
    "cancelled": "draft requested ready in-progress completed",
    "failed": "requested in-progress completed",
    "rejected": "requested accepted completed",
    "entered-in-error": "draft requested in-progress completed cancelled",
}
for before, refused in REFUSED.items():
    for after in refused.split():
        STEPS.request(
            f"{before}-to-{after}",
            f"PATCH Task/is-{before}",
            422,
            "business-rule",
            "Task.status",
            [{"op": "replace", "path": "/status", "value": after}],
            Content_Type=JSON_PATCH,
        )
STATES = tuple(REFUSED)

# --- bodies and addresses that do not agree -------------------------------------------------------
TASK = {"resourceType": "Task", "id": "target", "status": "requested", "intent": "order"}
request = WRITES.request
request("put-another-id", f"PUT {TARGET}", 400, "structure", "Task.id", TASK | {"id": "other"})
request("put-no-id", f"PUT {TARGET}", 400, "structure", "Task.id", {k: v for k, v in TASK.items() if k != "id"})
request("put-another-type", "PUT Patient/target", 400, "structure", "resourceType", TASK)
request("put-new-another-id", "PUT Task/new", 400, "structure", "Task.id", TASK)
request("put-intent", f"PUT {TARGET}", 422, "business-rule", "Task.intent", TASK | {"intent": "plan"})
request("put-completed-again", "PUT Task/is-completed", 422, "business-rule", "Task.status", TASK | {"id": "is-completed"})
request("put-without-status-value", f"PUT {TARGET}", 422, "required", "Task.status", {k: v for k, v in TASK.items() if k != "status"} | {"_status": {"extension": [{"url": "a:b", "valueCode": "unknown"}]}})
request("post-without-status-value", "POST Task", 422, "required", "Task.status", {k: v for k, v in TASK.items() if k != "status"} | {"_status": {"extension": [{"url": "a:b", "valueCode": "unknown"}]}})
request("post-without-intent-value", "POST Task", 422, "required", "Task.intent", {k: v for k, v in TASK.items() if k != "intent"} | {"_intent": {"extension": [{"url": "a:b", "valueCode": "unknown"}]}})
request("post-modified-before-authored", "POST Task", 422, "invariant", "Task.lastModified", TASK | {"authoredOn": "2024-03-02", "lastModified": "2024-03-01T10:00:00Z"})
request("claim-nothing", "POST Task/never-was/$claim", 404, "not-found")
request("claim-next-of-no-pool", "POST Task/$claim-next?pool=nowhere", 422, "invalid", "pool")
request("claim-next-with-a-task", "POST Task/$claim-next", 400, "structure", None, TASK)
request("claim-next-with-a-list", "POST Task/$claim-next", 400, "structure", None, [])
request("claim-next-with-text", "POST Task/$claim-next", 400, "structure", None, SECRET)
request("claim-next-with-bad-parameters", "POST Task/$claim-next", 400, "structure", None, {"resourceType": "Parameters", "parameter": {"name": "pool"}})
