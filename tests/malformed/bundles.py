"""Bundles that cannot be carried out: each is refused whole, and names its entry."""

# fmt: off
from tests.malformed.cases import SECRET, TARGET, Group

BUNDLES = Group("bundle")
ENTRIES = Group("entry")

TASK = {"resourceType": "Task", "status": "requested", "intent": "order", "description": SECRET}
POST = {"method": "POST", "url": "Task"}
GOOD = {"resource": TASK, "request": POST}

request = BUNDLES.request
request("empty", "POST ", 400, "structure")
request("broken", "POST ", 400, "structure", None, '{"resourceType":"Bundle"')
request("list", "POST ", 400, "structure", "Bundle", [])
request("a-task", "POST ", 400, "structure", "Bundle", TASK)
request("untyped", "POST ", 400, "structure", "Bundle", {"type": "batch", "entry": []})
request("to-the-type", "POST Task", 400, "structure", "resourceType", {"resourceType": "Bundle", "type": "transaction"})
request("deep", "POST ", 400, "structure", None, b'{"resourceType":"Bundle","entry":' + b"[" * 70 + b"]" * 70 + b"}")

bundle = BUNDLES.bundle
bundle("no-type", 400, "structure", "Bundle.type", GOOD, type=None)
bundle("type-unknown", 400, "structure", "Bundle.type", GOOD, type="transactions")
bundle("type-collection", 400, "structure", "Bundle.type", GOOD, type="collection")
bundle("type-document", 400, "structure", "Bundle.type", GOOD, type="document")
bundle("type-searchset", 400, "structure", "Bundle.type", GOOD, type="searchset")
bundle("type-response", 400, "structure", "Bundle.type", GOOD, type="transaction-response")
bundle("type-in-capitals", 400, "structure", "Bundle.type", GOOD, type="Transaction")
bundle("type-list", 400, "structure", "Bundle.type", GOOD, type=["transaction"])
bundle("entry-object", 400, "structure", "Bundle.entry", entry=GOOD)
bundle("entry-text", 400, "structure", "Bundle.entry", entry="Task")
bundle("entries-1001", 413, "too-long", None, *[{"request": {"method": "GET", "url": "Task/x"}}] * 1001)

bundle = ENTRIES.bundle
FIRST = "Bundle.entry[0]"
SECOND = "Bundle.entry[1]"
bundle("text", 400, "structure", f"{FIRST}.request", "Task")
bundle("null", 400, "structure", f"{FIRST}.request", None)
bundle("empty", 400, "structure", f"{FIRST}.request", {})
bundle("no-request", 400, "structure", f"{SECOND}.request", GOOD, {"resource": TASK})
bundle("request-text", 400, "structure", f"{FIRST}.request", {"resource": TASK, "request": "POST Task"})
bundle("request-list", 400, "structure", f"{FIRST}.request", {"resource": TASK, "request": [POST]})
bundle("no-method", 400, "structure", f"{FIRST}.request.method", {"resource": TASK, "request": {"url": "Task"}})
bundle("method-unknown", 400, "structure", f"{FIRST}.request.method", {"resource": TASK, "request": {"method": "BREW", "url": "Task"}})
bundle("method-lower-case", 400, "structure", f"{FIRST}.request.method", {"resource": TASK, "request": {"method": "post", "url": "Task"}})
bundle("method-number", 400, "structure", f"{FIRST}.request.method", {"resource": TASK, "request": {"method": 1, "url": "Task"}})
bundle("method-list", 400, "structure", f"{FIRST}.request.method", {"resource": TASK, "request": {"method": ["POST"], "url": "Task"}})
bundle("no-url", 400, "structure", f"{FIRST}.request.url", {"resource": TASK, "request": {"method": "POST"}})
bundle("url-empty", 400, "structure", f"{FIRST}.request.url", {"resource": TASK, "request": {"method": "POST", "url": ""}})
bundle("url-number", 400, "structure", f"{FIRST}.request.url", {"resource": TASK, "request": {"method": "POST", "url": 1}})
bundle("url-broken", 400, "structure", f"{FIRST}.request.url", {"resource": TASK, "request": {"method": "POST", "url": "http://[x"}})
bundle("url-elsewhere", 400, "structure", f"{FIRST}.request.url", {"resource": TASK, "request": {"method": "POST", "url": "https://example.org/fhir/Task"}})
bundle("full-url-number", 400, "structure", f"{FIRST}.fullUrl", GOOD | {"fullUrl": 1})
bundle("full-url-relative", 400, "structure", f"{FIRST}.fullUrl", GOOD | {"fullUrl": "Task/1"})
bundle("full-url-with-space", 400, "structure", f"{FIRST}.fullUrl", GOOD | {"fullUrl": "urn:uuid: x"})
bundle("full-url-twice", 400, "structure", f"{SECOND}.fullUrl", *[GOOD | {"fullUrl": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}] * 2)
bundle("resource-text", 400, "structure", f"{FIRST}.resource", {"resource": "Task", "request": POST})
bundle("resource-list", 400, "structure", f"{FIRST}.resource", {"resource": [TASK], "request": POST})
bundle("if-match-number", 400, "structure", f"{FIRST}.request.ifMatch", {"resource": TASK, "request": POST | {"ifMatch": 1}})
bundle("if-match-junk", 400, "structure", FIRST, {"resource": TASK | {"id": "target"}, "request": {"method": "PUT", "url": TARGET, "ifMatch": "1"}})
bundle("if-match-stale", 412, "conflict", FIRST, {"resource": TASK | {"id": "target"}, "request": {"method": "PUT", "url": TARGET, "ifMatch": 'W/"99"'}})
bundle("if-none-exist-number", 400, "structure", f"{FIRST}.request.ifNoneExist", {"resource": TASK, "request": POST | {"ifNoneExist": 1}})
bundle("if-none-exist-many", 412, "multiple-matches", FIRST, {"resource": TASK, "request": POST | {"ifNoneExist": "intent=order"}})
bundle("without-resource", 400, "structure", f"{FIRST}.resource", {"request": POST})
bundle("put-without-resource", 400, "structure", f"{FIRST}.resource", {"request": {"method": "PUT", "url": TARGET}})
bundle("unknown-type", 404, "not-found", FIRST, {"resource": {"resourceType": "Chore"}, "request": {"method": "POST", "url": "Chore"}})
bundle("another-type", 400, "structure", f"{FIRST}.resource.resourceType", {"resource": {"resourceType": "Patient"}, "request": POST})
bundle("another-id", 400, "structure", f"{FIRST}.resource.id", {"resource": TASK | {"id": "x"}, "request": {"method": "PUT", "url": TARGET}})
bundle("no-such-method-there", 405, "not-supported", FIRST, {"resource": TASK, "request": {"method": "POST", "url": TARGET}})
bundle("no-such-path", 404, "not-found", FIRST, {"resource": TASK, "request": {"method": "POST", "url": "Task/1/2/3/4"}})
bundle("no-such-resource", 404, "not-found", FIRST, {"request": {"method": "GET", "url": "Task/never-was"}})
bundle("bad-search", 400, "invalid", FIRST, {"request": {"method": "GET", "url": "Task?authored-on=yesterday"}})
bundle("nested-bundle", 400, "structure", FIRST, {"resource": {"resourceType": "Bundle", "type": "batch"}, "request": {"method": "POST", "url": "/"}})
bundle("invalid-second", 422, "code-invalid", f"{SECOND}.resource.status", GOOD, {"resource": TASK | {"status": "bogus"}, "request": POST})
bundle("unknown-element", 422, "structure", f"{FIRST}.resource.assignee", {"resource": TASK | {"assignee": SECRET}, "request": POST})
bundle("required-missing", 422, "required", f"{FIRST}.resource.intent", {"resource": {"resourceType": "Task", "status": "draft"}, "request": POST})
bundle("invariant", 422, "invariant", f"{FIRST}.resource.executionPeriod", {"resource": TASK | {"executionPeriod": {"start": "2025", "end": "2024"}}, "request": POST})
bundle("step-refused", 422, "business-rule", f"{FIRST}.resource.status", {"resource": TASK | {"id": "is-completed"}, "request": {"method": "PUT", "url": "Task/is-completed"}})
bundle("reference-by-search-of-none", 412, "not-found", FIRST, {"resource": TASK | {"owner": {"reference": "Practitioner?identifier=urn:x|none"}}, "request": POST})
bundle("reference-by-search-of-many", 412, "multiple-matches", FIRST, {"resource": TASK | {"partOf": [{"reference": "Task?intent=order"}]}, "request": POST})
bundle("reference-by-bad-search", 400, "invalid", FIRST, {"resource": TASK | {"partOf": [{"reference": "Task?nonsense=1"}]}, "request": POST})
bundle("reference-nonsense", 422, "value", f"{FIRST}.resource.owner.reference", {"resource": TASK | {"owner": {"reference": SECRET}}, "request": POST})
bundle("two-writes-to-one", 400, "structure", FIRST, {"resource": TASK | {"id": "target"}, "request": {"method": "PUT", "url": TARGET}}, {"request": {"method": "DELETE", "url": TARGET}})
bundle("patch-not-base64", 400, "structure", FIRST, {"resource": {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": "***"}, "request": {"method": "PATCH", "url": TARGET}})
bundle("patch-not-json", 400, "structure", FIRST, {"resource": {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": "QUJD"}, "request": {"method": "PATCH", "url": TARGET}})
bundle("patch-without-data", 400, "structure", FIRST, {"resource": {"resourceType": "Binary", "contentType": "application/json-patch+json"}, "request": {"method": "PATCH", "url": TARGET}})
