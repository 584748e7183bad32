"""fhir.patching.json_patch: RFC 6902 with two liberties, errors that name the operation, and limits."""

from copy import deepcopy
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir import json
from fhir.errors import FhirError, MalformedRequest, TooLarge
from fhir.patching import PatchFailed, VersionTestFailed, apply_patch

TASK = {
    "resourceType": "Task",
    "id": "t1",
    "meta": {"versionId": "3"},
    "status": "requested",
    "intent": "order",
    "description": "Call the patient",
    "input": [{"type": {"text": "dose"}, "valueDecimal": Decimal("1.00")}],
    "partOf": [{"reference": "Task/a"}, {"reference": "Task/b"}],
}


def patch(*operations, strict=False, document=TASK):
    before, sent = deepcopy(document), deepcopy(operations)
    try:
        return apply_patch(document, list(operations), resource_type="Task", strict=strict)
    finally:
        assert document == before
        assert operations == sent


def op(name, path, *value, **more):
    operation = {"op": name, "path": path, **more}
    return operation | ({"value": value[0]} if value else {})


def test_the_claim_that_clients_print_works():
    owner = {"reference": "Practitioner/doctor-gregory-house", "display": "Dr. House"}
    claimed = patch(op("replace", "/status", "accepted"), op("replace", "/owner", owner))
    assert claimed == {**TASK, "status": "accepted", "owner": owner}


def test_a_note_can_be_added_where_there_is_none():
    noted = patch(op("add", "/note/-", {"text": "a"}), op("add", "/note/-", {"text": "b"}))
    assert noted["note"] == [{"text": "a"}, {"text": "b"}]


@pytest.mark.parametrize(
    "operation",
    [op("replace", "/owner", {"display": "x"}), op("add", "/note/-", {"text": "a"})],
)
def test_strict_handling_takes_no_liberties(operation):
    with pytest.raises(PatchFailed):
        patch(operation, strict=True)


def test_rfc_6902_operations():
    patched = patch(
        op("test", "/status", "requested"),
        op("add", "/priority", "urgent"),
        op("add", "/partOf/0", {"reference": "Task/first"}),
        op("remove", "/partOf/2"),
        op("copy", "/partOf/-", **{"from": "/partOf/0"}),
        op("move", "/groupIdentifier", **{"from": "/description"}),
        op("replace", "/partOf/1/reference", "Task/second"),
    )
    assert patched["priority"] == "urgent"
    assert patched["groupIdentifier"] == "Call the patient"
    assert "description" not in patched
    assert [each["reference"] for each in patched["partOf"]] == [
        "Task/first",
        "Task/second",
        "Task/first",
    ]


def test_an_empty_patch_changes_nothing():
    assert patch() == TASK
    assert patch() is not TASK


def test_decimals_keep_their_digits():
    patched = patch(op("replace", "/input/0/type", {"text": "amount"}))
    assert b'"valueDecimal":1.00' in json.dumps(patched)


@pytest.mark.parametrize(
    ("value", "equal"),
    [(1, True), (Decimal("1.0"), True), (Decimal("1.01"), False), ("1.00", False), (True, False)],
)
def test_numbers_are_tested_as_numbers(value, equal):
    operation = op("test", "/input/0/valueDecimal", value)
    if equal:
        assert patch(operation) == TASK
    else:
        with pytest.raises(PatchFailed):
            patch(operation)


@pytest.mark.parametrize(
    "operation",
    [
        op("remove", "/owner"),
        op("remove", "/partOf/2"),
        op("remove", "/partOf/-"),
        op("remove", ""),
        op("replace", "/owner/display", "x"),
        op("replace", "/partOf/2", {}),
        op("replace", "/partOf/-", {}),
        op("replace", "/partOf/01", {}),
        op("add", "/partOf/3", {}),
        op("add", "/partOf/-1", {}),
        op("add", "/partOf/01", {}),
        op("add", "/partOf/1e0", {}),
        op("add", "/partOf/" + "9" * 5000, {}),
        op("add", "/owner/display", "x"),
        op("add", "/owner/-", "x"),
        op("add", "/restriction/recipient/-", {}),
        op("add", "/nonsense/-", "x"),
        op("add", "/note/0", {"text": "a"}),
        op("add", "/status/deeper", "x"),
        op("test", "/status", "completed"),
        op("test", "/owner", None),
        op("copy", "/owner", **{"from": "/nothing"}),
        op("move", "/owner", **{"from": "/nothing"}),
        op("move", "/meta/inside", **{"from": "/meta"}),
        op("replace", "", {}),
        op("replace", "", []),
        op("replace", "", "text"),
        op("replace", "/id", "other"),
        op("remove", "/id"),
        op("replace", "/resourceType", "Patient"),
    ],
)
def test_what_does_not_fit_is_422(operation):
    with pytest.raises(PatchFailed) as refusal:
        patch(operation)
    assert refusal.value.status == 422


def test_the_error_names_the_operation_and_its_element():
    with pytest.raises(PatchFailed) as refusal:
        patch(op("add", "/priority", "urgent"), op("remove", "/partOf/7/display"))
    issue = refusal.value.issues[0]
    assert issue.diagnostics == (
        "Operation 1 (remove /partOf/7/display) does not fit the resource."
    )
    assert issue.expression == "Task.partOf[7].display"
    assert issue.code == "processing"


def test_a_failing_version_test_is_a_version_conflict():
    assert patch(op("test", "/meta/versionId", "3")) == TASK
    with pytest.raises(VersionTestFailed) as refusal:
        patch(op("test", "/meta/versionId", "2"))
    assert (refusal.value.status, refusal.value.code) == (412, "conflict")


@pytest.mark.parametrize(
    "operations",
    [
        {},
        None,
        "[]",
        {"op": "add", "path": "/a", "value": 1},
        ["add"],
        [None],
        [[]],
        [{}],
        [{"op": "add", "path": "/a"}],
        [{"op": "add", "value": 1}],
        [{"op": "append", "path": "/a", "value": 1}],
        [{"op": ["add"], "path": "/a", "value": 1}],
        [{"op": "ADD", "path": "/a", "value": 1}],
        [{"op": "add", "path": "status", "value": 1}],
        [{"op": "add", "path": 7, "value": 1}],
        [{"op": "add", "path": None, "value": 1}],
        [{"op": "add", "path": "/a~2b", "value": 1}],
        [{"op": "copy", "path": "/a"}],
        [{"op": "move", "path": "/a", "from": "b"}],
        [{"op": "copy", "path": "/a", "from": {}}],
    ],
)
def test_what_is_no_json_patch_is_400(operations):
    with pytest.raises(MalformedRequest):
        apply_patch(TASK, operations, resource_type="Task")


def test_a_bad_operation_is_found_before_any_is_applied():
    with pytest.raises(MalformedRequest):
        patch(op("remove", "/nothing"), {"op": "nonsense", "path": ""})


def test_at_most_500_operations():
    assert patch(*[op("test", "/status", "requested")] * 500) == TASK
    with pytest.raises(TooLarge):
        patch(*[op("test", "/status", "requested")] * 501)


def test_a_copy_bomb_is_refused_before_it_is_built():
    doubling = op("copy", "/input/-", **{"from": "/input"})
    with pytest.raises(TooLarge):
        patch(*[doubling] * 100)


def test_nesting_without_end_is_refused():
    deeper = op("copy", "/meta/x", **{"from": "/meta"})
    with pytest.raises(MalformedRequest):
        patch(*[deeper] * 400)
    with pytest.raises(TooLarge):
        patch(*[op("copy", "/meta" + "/x" * each, **{"from": "/meta"}) for each in range(1, 400)])


def test_copying_to_and_fro_has_an_end():
    large = {**TASK, "description": "x" * 900_000}
    with pytest.raises(TooLarge):
        patch(*[op("copy", "/instantiatesUri", **{"from": "/description"})] * 20, document=large)


def test_a_large_element_may_be_replaced_by_another():
    large = {**TASK, "description": "x" * 1_000_000}
    patched = patch(
        op("replace", "/description", "y" * 1_000_000),
        op("remove", "/description"),
        op("replace", "/description", "z" * 1_000_000),
        document=large,
    )
    assert patched["description"][0] == "z"


names = st.sampled_from(["status", "partOf", "owner", "meta", "0", "1", "-", "", "01", "a~1b", "é"])
paths = st.lists(names, max_size=4).map(lambda parts: "".join(f"/{each}" for each in parts))
values = st.none() | st.integers() | st.text(max_size=3) | st.just([]) | st.just({"a": [1]})
operations = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "x"])},
    optional={"path": paths, "from": paths, "value": values},
)


@given(st.lists(operations, max_size=6), st.booleans())
def test_any_patch_gives_a_task_or_a_refusal(patch_document, strict):
    try:
        patched = patch(*patch_document, strict=strict)
    except FhirError as refusal:
        assert refusal.status in (400, 412, 413, 422)
    else:
        assert (patched["resourceType"], patched["id"]) == ("Task", "t1")
        json.dumps(patched)
