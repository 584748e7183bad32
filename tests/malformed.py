"""Documents that are not valid R4, each with the status it earns and the element at fault.

`MALFORMED` is a list of `(name, body, status, expression)`; the expression is None where the
fault is in no element: broken JSON, no object, no resourceType.
"""

from fhir import json

MALFORMED: list[tuple[str, bytes, int, str | None]] = []


def body(name, status, expression, text):
    MALFORMED.append((name, text if isinstance(text, bytes) else text.encode(), status, expression))


def task(name, expression, **elements):
    """A Task that would be valid without these elements; None takes one away."""
    document = {"resourceType": "Task", "status": "requested", "intent": "order"}
    document |= {key.rstrip("."): value for key, value in elements.items()}
    document = {key: value for key, value in document.items() if value is not ABSENT}
    MALFORMED.append((name, json.dumps(document), 422, expression))


ABSENT = object()
PATIENT = {"resourceType": "Patient", "id": "p"}

# --- not a resource at all: 400 -------------------------------------------------------------------
body("empty", 400, None, "")
body("not-json", 400, None, "status=requested&intent=order")
body("xml", 400, None, '<Task xmlns="http://hl7.org/fhir"><status value="ready"/></Task>')
body("cut-off", 400, None, '{"resourceType":"Task","status":"requ')
body("comment", 400, None, '{"resourceType":"Task" /* new */,"status":"ready","intent":"order"}')
body("trailing-comma", 400, None, '{"resourceType":"Task","status":"ready","intent":"order",}')
body("two-documents", 400, None, '{"resourceType":"Task"}{"resourceType":"Task"}')
body("list", 400, None, '[{"resourceType":"Task","status":"ready","intent":"order"}]')
body("string", 400, None, '"Task"')
body("null", 400, None, "null")
body("latin-1", 400, None, '{"resourceType":"Task","description":"Müller"}'.encode("latin-1"))
body("byte-order-mark", 400, None, b'\xef\xbb\xbf{"resourceType":"Task"}')
body("half-surrogate", 400, None, '{"resourceType":"Task","description":"\\ud83d"}')
body("nul", 400, None, '{"resourceType":"Task","description":"a\\u0000b"}')
body("not-a-number", 400, None, '{"resourceType":"Task","input":[{"valueDecimal":NaN}]}')
body("doubled", 400, None, '{"resourceType":"Task","status":"ready","status":"draft"}')
body("deep", 400, None, '{"resourceType":"Task","extension":' + "[" * 70 + "]" * 70 + "}")
body("no-type", 400, "resourceType", '{"status":"requested","intent":"order"}')
body("unknown-type", 400, "resourceType", '{"resourceType":"Chore","status":"ready"}')
body("other-case", 400, "resourceType", '{"resourceType":"task","status":"ready"}')
body("type-not-text", 400, "resourceType", '{"resourceType":["Task"],"status":"ready"}')
body("abstract-type", 400, "resourceType", '{"resourceType":"DomainResource"}')

# --- elements that are not there, or should not be ------------------------------------------------
task("no-status", "Task.status", status=ABSENT)
task("no-intent", "Task.intent", intent=ABSENT)
task("unknown-element", "Task.assignee", assignee={"reference": "Practitioner/1"})
task("unknown-nested", "Task.code.label", code={"label": "x"})
task("unknown-sibling", "Task._nothing", _nothing={"id": "a"})
task("sibling-of-complex", "Task._code", _code={"id": "a"})
task("input-without-type", "Task.input[0].type", input=[{"valueString": "x"}])
task(
    "input-without-value",
    "Task.input[1].value",
    input=[{"type": {"text": "a"}, "valueString": "x"}, {"type": {"text": "a"}}],
)
task(
    "two-values",
    "Task.input[0].value",
    input=[{"type": {"text": "a"}, "valueString": "x", "valueInteger": 1}],
)
task("note-without-text", "Task.note[0].text", note=[{"time": "2026-03-01T10:00:00Z"}])
task(
    "two-authors",
    "Task.note[0].author",
    note=[{"text": "x", "authorString": "a", "authorReference": {"reference": "Patient/1"}}],
)

# --- shapes ---------------------------------------------------------------------------------------
task("list-for-one", "Task.owner", owner=[{"reference": "Practitioner/1"}])
task("one-for-list", "Task.note", note={"text": "x"})
task("text-for-object", "Task.code", code="Complete PHQ-9")
task("object-for-text", "Task.description", description={"value": "x"})
task("number-for-text", "Task.description", description=7)
task(
    "text-for-boolean",
    "Task.input[0].valueBoolean",
    input=[{"type": {"text": "a"}, "valueBoolean": "true"}],
)
task("text-for-number", "Task.restriction.repetitions", restriction={"repetitions": "3"})
task("empty-text", "Task.description", description="")
task("empty-list", "Task.note", note=[])
task("empty-object", "Task.code", code={})
task("only-an-id", "Task.code", code={"id": "a"})
task("null-element", "Task.priority", priority=None)
task("null-in-list", "Task.note[1]", note=[{"text": "x"}, None])

# --- codes, numbers, dates ------------------------------------------------------------------------
task("bogus-status", "Task.status", status="bogus")
task("status-in-capitals", "Task.status", status="REQUESTED")
task("bogus-intent", "Task.intent", intent="wish")
task("bogus-priority", "Task.priority", priority="high")
task("nested-code", "Task.identifier[0].use", identifier=[{"use": "best", "value": "1"}])
task("code-with-spaces", "Task.code.coding[0].code", code={"coding": [{"code": " a "}]})
task("uri-with-space", "Task.code.coding[0].system", code={"coding": [{"system": "a b"}]})
task("id-with-underscore", "Task.id", id="my_task")
task("id-too-long", "Task.id", id="x" * 65)
task("zero-repetitions", "Task.restriction.repetitions", restriction={"repetitions": 0})
task("no-such-day", "Task.authoredOn", authoredOn="2024-02-30")
task("no-leap-year", "Task.authoredOn", authoredOn="2023-02-29T10:00:00Z")
task("no-zone", "Task.lastModified", lastModified="2024-03-01T10:00:00")
task("no-seconds", "Task.lastModified", lastModified="2024-03-01T10:00Z")
task("hour-24", "Task.lastModified", lastModified="2024-03-01T24:00:00Z")
task("german-date", "Task.authoredOn", authoredOn="01.03.2024")
task("instant-without-time", "Task.meta.lastUpdated", meta={"lastUpdated": "2024-03-01"})
task("note-time", "Task.note[1].time", note=[{"text": "a"}, {"text": "b", "time": "yesterday"}])
task(
    "period-backwards",
    "Task.executionPeriod",
    executionPeriod={"start": "2024-03-02", "end": "2024-03-01"},
)
task(
    "not-base64",
    "Task.input[0].valueBase64Binary",
    input=[{"type": {"text": "a"}, "valueBase64Binary": "***"}],
)
task("control-character", "Task.description", description="bell \x07")

# --- references and contained resources -----------------------------------------------------------
task("reference-nonsense", "Task.owner.reference", owner={"reference": "Dr. House"})
task("reference-unknown-type", "Task.for.reference", **{"for": {"reference": "Person_/1"}})
task("reference-made-up-type", "Task.focus.reference", focus={"reference": "Chore/1"})
task("reference-without-id", "Task.for.reference", **{"for": {"reference": "Patient/"}})
task("reference-by-search", "Task.owner.reference", owner={"reference": "Practitioner?name=a"})
task("wrong-target", "Task.owner.reference", owner={"reference": "Medication/1"})
task(
    "wrong-target-in-list",
    "Task.partOf[1].reference",
    partOf=[{"reference": "Task/1"}, {"reference": "Patient/1"}],
)
task(
    "type-contradicts", "Task.for.reference", **{"for": {"reference": "Patient/1", "type": "Group"}}
)
task("contained-not-there", "Task.for.reference", **{"for": {"reference": "#p"}})
task(
    "contained-other-id", "Task.for.reference", contained=[PATIENT], **{"for": {"reference": "#q"}}
)
task("contained-without-id", "Task.contained[0].id", contained=[{"resourceType": "Patient"}])
task("contained-twice", "Task.contained[1].id", contained=[PATIENT, PATIENT])
task(
    "contained-in-contained",
    "Task.contained[0].contained",
    contained=[PATIENT | {"contained": [PATIENT | {"id": "q"}]}],
)
task("contained-no-type", "Task.contained[0]", contained=[{"id": "p"}])
task("contained-invalid", "Task.contained[0].gender", contained=[PATIENT | {"gender": "f"}])

# --- extensions and narratives --------------------------------------------------------------------
task("extension-without-url", "Task.extension[0].url", extension=[{"valueString": "x"}])
task("extension-empty", "Task.extension[0]", extension=[{"url": "https://example.org/x"}])
task(
    "extension-both",
    "Task.extension[0]",
    extension=[{"url": "a:b", "valueCode": "x", "extension": [{"url": "c", "valueCode": "y"}]}],
)
task(
    "extension-in-primitive",
    "Task.description.extension[0].url",
    description="x",
    _description={"extension": [{"valueString": "x"}]},
)
task(
    "narrative-script",
    "Task.text.div",
    text={"status": "generated", "div": "<div><script>alert(1)</script></div>"},
)
task(
    "narrative-event",
    "Task.text.div",
    text={"status": "generated", "div": '<div><img src="x" onerror="alert(1)"/></div>'},
)
task(
    "narrative-link",
    "Task.text.div",
    text={"status": "generated", "div": '<div><a href=" java\tscript:alert(1)">x</a></div>'},
)
task(
    "narrative-entity",
    "Task.text.div",
    text={"status": "generated", "div": '<!DOCTYPE div [<!ENTITY a "b">]><div>&a;</div>'},
)
task("narrative-not-div", "Task.text.div", text={"status": "generated", "div": "<p>x</p>"})
task("narrative-broken", "Task.text.div", text={"status": "generated", "div": "<div><b></div>"})

# --- other types ----------------------------------------------------------------------------------
body(
    "patient-sibling-length",
    422,
    "Patient.name[0].given",
    '{"resourceType":"Patient","name":[{"given":["a","b"],"_given":[{"id":"x"}]}]}',
)
body(
    "patient-null-alone",
    422,
    "Patient.name[0].given[1]",
    '{"resourceType":"Patient","name":[{"given":["a",null]}]}',
)
body(
    "patient-two-deaths",
    422,
    "Patient.deceased",
    '{"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2020"}',
)
body(
    "patient-birth-time",
    422,
    "Patient.birthDate",
    '{"resourceType":"Patient","birthDate":"1960-01-01T10:00:00Z"}',
)
body(
    "observation-no-code",
    422,
    "Observation.code",
    '{"resourceType":"Observation","status":"final"}',
)
body(
    "bundle-entry",
    422,
    "Bundle.entry[1].resource.status",
    '{"resourceType":"Bundle","type":"collection","entry":['
    '{"resource":{"resourceType":"Patient"}},'
    '{"resource":{"resourceType":"Task","intent":"order"}}]}',
)
body(
    "bundle-entry-no-type",
    422,
    "Bundle.entry[0].resource",
    '{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"id":"a"}}]}',
)
