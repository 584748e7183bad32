"""fhir.validation: every valid shape passes, every fault is named by its element."""

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir import json
from fhir.definitions import elements, resource_types
from fhir.errors import FhirError, InvalidResource, MalformedRequest
from fhir.validation import check_document
from fhir.validation.primitives import CHECKS
from tests.examples import EXAMPLES
from tests.malformed import DOCUMENTS

TASK = {"resourceType": "Task", "status": "requested", "intent": "order"}


def issues_of(document):
    with pytest.raises(InvalidResource) as refusal:
        check_document(document)
    return refusal.value.issues


def of(**elements):
    return TASK | {key.rstrip("_"): value for key, value in elements.items()}


def test_there_are_158_examples_with_names_of_their_own():
    assert len(EXAMPLES) == len({name for name, _ in EXAMPLES}) == 158
    assert len({json.loads(body)["resourceType"] for _, body in EXAMPLES}) > 60


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in EXAMPLES])
def test_examples_are_valid_and_come_back_with_the_same_digits(body):
    document = json.loads(body)
    check_document(document, document["resourceType"])
    again = json.dumps(document)
    assert json.loads(again) == document
    assert json.dumps(json.loads(again)) == again


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in DOCUMENTS])
def test_malformed_documents_are_refused_at_their_fault(case):
    with pytest.raises(FhirError) as refusal:
        check_document(json.loads(case.body), case.path)
    assert refusal.value.status == case.status
    found = [(issue.code, issue.expression) for issue in refusal.value.issues]
    # What stands for something required is missing besides.
    assert (case.code, case.expression) in found and len(found) <= 2


def test_another_type_than_expected_is_400():
    with pytest.raises(MalformedRequest):
        check_document({"resourceType": "Patient"}, "Task")
    check_document({"resourceType": "Patient"}, "Patient")


def test_all_issues_come_at_once_in_the_order_of_the_document():
    found = issues_of(
        {
            "resourceType": "Task",
            "status": "bogus",
            "note": [{"text": "x"}, {"text": "y", "time": "2024-02-30"}],
            "foo": 1,
            "owner": {"reference": "Group/1"},
        }
    )
    assert [(issue.expression, issue.code) for issue in found] == [
        ("Task.status", "code-invalid"),
        ("Task.note[1].time", "value"),
        ("Task.foo", "structure"),
        ("Task.owner.reference", "value"),
        ("Task.intent", "required"),
    ]


def test_sentences():
    found = issues_of({"resourceType": "Task", "status": "bogus", "foo": 1})
    assert [issue.diagnostics for issue in found] == [
        "Task.status: 'bogus' is not one of draft, requested, received, accepted, rejected, ready, "
        "cancelled, in-progress, on-hold, failed, completed, entered-in-error.",
        "Task.foo is not an element of Task.",
        "Task.intent is required.",
    ]


@pytest.mark.parametrize(
    "document",
    [
        of(status="Mrs Smith has a secret"),
        of(status="secret" * 10),
        of(authoredOn="secret"),
        of(owner={"reference": "secret place"}),
        of(description="secret\x00\x07"),
        of(**{"secret of Mrs Smith": 1}),
        of(code={"coding": [{"code": " secret"}]}),
        of(text={"status": "generated", "div": "<div>secret"}),
    ],
)
def test_what_people_wrote_is_never_quoted(document):
    for issue in issues_of(document):
        assert "secret" not in issue.diagnostics + issue.expression


def test_a_sibling_counts_as_its_choice():
    one = {"url": "a:b", "valueString": "x", "_valueString": {"id": "i"}}
    check_document(of(extension=[one]))
    by = {"extension": [{"url": "a:c", "valueCode": "x"}]}
    check_document(of(extension=[{"url": "a:b", "_valueString": by}]))
    two = {"url": "a:b", "valueString": "x", "_valueCode": by}
    assert issues_of(of(extension=[two]))[0].expression == "Task.extension[0].value"


def test_an_id_alone_is_no_element_but_may_stand_beside_a_value():
    check_document(of(description="x", _description={"id": "i"}))
    name = {"given": ["a", "b"], "_given": [{"id": "i"}, None]}
    check_document({"resourceType": "Patient", "name": [name]})
    assert issues_of(of(_description={"id": "i"}))[0].expression == "Task.description"
    assert issues_of(of(code={"id": "i"}))[0].expression == "Task.code"


def test_at_most_100_issues():
    assert len(issues_of(of(note=[{"text": ""}] * 500))) == 100


def test_nesting_ends_at_64_levels():
    extension = {"url": "a", "valueCode": "b"}
    for _ in range(3000):
        extension = {"url": "a", "extension": [extension]}
    assert issues_of(of(extension=[extension]))[0].code == "too-long"


def test_each_resource_of_a_bundle_has_its_own_contained_resources():
    inside = of(contained=[{"resourceType": "Patient", "id": "p"}], for_={"reference": "#p"})
    outside = of(for_={"reference": "#p"})
    entries = [{"resource": inside}, {"resource": outside}]
    found = issues_of({"resourceType": "Bundle", "type": "collection", "entry": entries})
    assert [issue.expression for issue in found] == ["Bundle.entry[1].resource.for.reference"]


def test_a_search_may_stand_for_a_reference_only_in_a_transaction():
    entry = {"resource": of(owner={"reference": "Practitioner?identifier=1"})}
    request = {"method": "POST", "url": "Task"}
    transaction = {"type": "transaction", "entry": [{**entry, "request": request}]}
    check_document({"resourceType": "Bundle", **transaction})
    issues_of({"resourceType": "Bundle", "type": "collection", "entry": [entry]})


PRIMITIVES = {
    "base64Binary": (["QQ==", "QUJD", "QU JD\n"], ["", "Q", "QQ=", "Q===", "ä===", " ", 1]),
    "boolean": ([True, False], ["true", 0, 1, None]),
    "canonical": (["https://a/b|1.0#x", "#a"], ["", "a b", 1]),
    "code": (["a", "a b", "²"], ["", " a", "a ", "a  b", "a\tb", "a\n", 1]),
    "date": (
        ["2024", "2024-02", "2024-02-29", "0001-01-01", "9999-12-31"],
        ["", "0000", "24", "2024-2", "2023-02-29", "2024-02-29T00:00:00Z", "2024-01-01\n", 2024],
    ),
    "dateTime": (
        [
            "2024",
            "2024-02-29T10:00:00Z",
            "2024-01-01T00:00:60.5+14:00",
            "2024-01-01T00:00:00-00:00",
        ],
        ["2024-01-01T10:00:00", "2024-01-01T24:00:00Z", "2024-01-01T1:00:00Z", "2100-02-29", "now"],
    ),
    "decimal": ([1, Decimal("1.00"), -0.5], ["1", True, None]),
    "id": (["a", "A-1.b", "x" * 64], ["", "x" * 65, "a_b", "a b", "ä", "a\n", 1]),
    "instant": (
        ["2024-02-29T10:00:00.123Z", "2024-02-29T10:00:00+01:00"],
        ["2024", "2024-02-29", "2024-02-30T10:00:00Z", "2024-02-29T10:00:00"],
    ),
    "integer": ([0, -(2**31), 2**31 - 1], [2**31, Decimal("1.0"), True, "1"]),
    "markdown": (["# a\n", " "], ["", 1]),
    "oid": (["urn:oid:1.2.3"], ["1.2.3", "urn:oid:3.1", "urn:oid:1.02", "urn:oid:1."]),
    "positiveInt": ([1, 2**31 - 1], [0, -1, 2**31, True]),
    "string": (["a", "\t\r\n", "\u00a0", "\U0001f600", "\x85"], ["", "\x00", "\x1f", None, []]),
    "time": (["00:00:00", "23:59:60.123"], ["24:00:00", "10:00", "10:00:00Z"]),
    "unsignedInt": ([0, 2**31 - 1], [-1, 2**31, False]),
    "uri": (["a", "urn:x", "https://ä.example/ö"], ["", "a b", "a\n", "a\u00a0b", 1]),
    "url": (["https://a"], ["https://a b"]),
    "uuid": (
        ["urn:uuid:0193a1b2-0000-7000-8000-000000000001"],
        ["0193a1b2-0000-7000-8000-000000000001", "urn:uuid:0193A1B2-0000-7000-8000-000000000001"],
    ),
    "xhtml": (
        ["<div>a</div>", '<div xmlns="http://www.w3.org/1999/xhtml">&nbsp;&#8212;</div>'],
        [
            "",
            "a",
            "<div/><div/>",
            "<div><iframe/></div>",
            "<div",
            '<div><x:script xmlns:x="a"/></div>',
        ],
    ),
}


@pytest.mark.parametrize(
    "inside",
    [
        "<script/>",
        "<SCRIPT>x</SCRIPT>",
        '<img src="x" OnError="x"/>',
        '<a href="java&#10;script:x">x</a>',
        '<a href="data:text/html,x">x</a>',
        "<![CDATA[x><img src=x onerror=x>]]>",
        "<!--><img src=x onerror=x>-->",
        "<!---><img src=x onerror=x>-->",
        '<style><a title="</style><img src=x onerror=x>"></a></style>'.replace("</style><", "&lt;"),
        "<?php x ?>",
        '<svg xmlns="http://www.w3.org/2000/svg"/>',
    ],
)
def test_a_narrative_does_not_act(inside):
    assert CHECKS["xhtml"](f"<div>{inside}</div>")


def test_a_narrative_may_have_comments_images_and_links():
    inside = '<!-- a > b --><img src="data:image/png;base64,QQ=="/><a href="#a">one = 1</a>'
    assert CHECKS["xhtml"](f"<div title='on = off'>{inside}</div>") is None


def test_every_primitive_is_tried():
    assert PRIMITIVES.keys() == CHECKS.keys()


@pytest.mark.parametrize("datatype", PRIMITIVES)
def test_primitives(datatype):
    valid, invalid = PRIMITIVES[datatype]
    for value in valid:
        assert CHECKS[datatype](value) is None, value
    for value in invalid:
        assert CHECKS[datatype](value), value


def test_a_string_has_at_most_1_mb():
    assert CHECKS["string"]("x" * 1024 * 1024) is None
    assert CHECKS["string"]("x" * 1024 * 1024 + "x") == "must not be longer than 1 MB"


@pytest.mark.parametrize(
    ("start", "end", "valid"),
    [
        ("2024", "2024", True),
        ("2024-05", "2024", True),
        ("2024-05-01T10:00:00Z", "2024-05-01", True),
        ("2024-05-01T10:00:00+02:00", "2024-05-01T09:00:00+01:00", True),
        ("2024-05-01T10:00:00Z", "2024-05-01T10:00:00Z", True),
        ("2024-05-01T10:00:00Z", "2024-05-01T09:59:59Z", False),
        ("2024-05-01T10:00:00+01:00", "2024-05-01T10:00:00+02:00", False),
        ("2024-05-01T10:00:00.5Z", "2024-05-01T10:00:00.4Z", False),
        ("2025", "2024", False),
        ("2024-02", "2024-01-31", False),
    ],
)
def test_a_period_does_not_end_before_it_starts(start, end, valid):
    document = of(executionPeriod={"start": start, "end": end})
    if valid:
        check_document(document)
    else:
        assert issues_of(document)[0].expression == "Task.executionPeriod"


@pytest.mark.parametrize(
    "text",
    ["<" * 100_000, "<div " + "a " * 100_000, "<div>" + "<b>" * 50_000, "<div>&" + "a" * 900_000],
)
def test_hostile_text_takes_no_time(text):
    began = time.perf_counter()
    issues_of(of(text={"status": "generated", "div": text}))
    check_document(of(description=text[:1_000_000]))
    issues_of(of(owner={"reference": text}, authoredOn=text, instantiatesUri=text + " "))
    assert (
        time.perf_counter() - began < 60
    )  # what is not in proportion to the text would take hours


def test_every_type_can_be_walked():
    for name in resource_types():
        required = {each.name for each in elements(name).values() if each.required}
        try:
            check_document({"resourceType": name, "nothing": 1})
        except InvalidResource as refusal:
            found = {issue.expression for issue in refusal.issues}
            assert f"{name}.nothing" in found
            choices = {each for each in required if elements(name)[each].choice}
            assert {f"{name}.{each}" for each in required - choices} <= found


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("Task/1"),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "reference type id extension url valueString _valueString text coding code system "
                "resourceType contained start end time _text div status given _given".split()
            ),
            children,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(sorted(elements("Task"))), junk, max_size=5))
def test_any_document_is_valid_or_refused(members):
    try:
        check_document(TASK | members)
    except FhirError as refusal:
        assert refusal.status in (400, 422)
        assert all(issue.expression for issue in refusal.issues)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(EXAMPLES), st.data())
def test_an_example_with_junk_somewhere_is_valid_or_refused(example, data):
    document = json.loads(example[1])
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = data.draw(junk)
        break
    try:
        check_document(document)
    except FhirError as refusal:
        assert refusal.status in (400, 422)
