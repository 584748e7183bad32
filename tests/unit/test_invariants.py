"""fhir.validation.invariants: R4's own rules, and the part of FHIRPath that they are written in."""

import pytest

from fhir.definitions import invariants, types_with_invariants
from fhir.errors import TooCostly
from fhir.validation import check_document
from fhir.validation.invariants import Unsupported, compile_invariant


def holds(expression, element, resource=None):
    return compile_invariant(expression)(element, resource or element)


@pytest.mark.parametrize("type_name", types_with_invariants())
def test_every_invariant_of_r4_can_be_evaluated(type_name):
    for invariant in invariants(type_name):
        assert holds(invariant.expression, {}) in (True, False)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a.exists()", True),
        ("b.exists()", False),
        ("b.empty() and c.count() = 2", True),
        ("value.exists()", True),
        ("only.exists() and only.hasValue().not()", True),
        ("b", False),
        ("b = 1", False),
        ("b = 1 or a = 1", True),
        ("b = 1 and true", False),
        ("b = 1 implies false", False),
        ("false implies b = 1", True),
        ("a = 1 xor a = 2", True),
        ("a != 1", False),
        ("a in (1 | 2)", True),
        ("(1 | 2) contains a", True),
        ("c.all($this > 1)", True),
        ("c.where($this > 2).exists()", True),
        ("c.exists($this = 9)", False),
        ("c.select($this + 1).isDistinct()", True),
        ("c.first() < c.tail()", True),
        ("deep.x.text.isDistinct()", False),
        ("deep.descendants().text.count() = 2", True),
        ("iif(a = 1, true, false)", True),
        ("early <= late", True),
        ("late < early", False),
        ("month <= early", True),
        ("text.startsWith('ab') and text.contains('bc') and text.matches('^a')", True),
        ("missing.contains('x').not()", True),
        ("'7'.toInteger() = 7", True),
        ("%resource.a = 1 and %context.a = 1", True),
        ("resource.is(Patient)", True),
        ("flag is Boolean", True),
        ("text&'d' = 'abcd'", True),
    ],
)
def test_expressions(expression, expected):
    element = {
        "a": 1,
        "c": [2, 3],
        "valueString": "x",
        "_only": {"extension": [{"url": "a:b", "valueCode": "c"}]},
        "deep": {"x": [{"text": "t"}, {"text": "t"}]},
        "early": "2024-03-01",
        "late": "2024-03-02T10:00:00Z",
        "month": "2024-03",
        "text": "abc",
        "resource": {"resourceType": "Patient"},
        "flag": False,
    }
    assert holds(expression, element) is expected


@pytest.mark.parametrize("expression", ["resolve()", "a ~ b", "%nothing", "a.", "(a", "a b", "a."])
def test_what_is_not_understood_is_said_at_once(expression):
    with pytest.raises(Unsupported):
        compile_invariant(expression)


def test_what_compares_everything_with_everything_has_an_end():
    codings = [{"code": str(number)} for number in range(3_000)]
    document = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": codings},
        "valueString": "x",
        "component": [{"code": {"coding": [{"code": "x"}]}, "valueString": "y"}] * 3_000,
    }
    with pytest.raises(TooCostly):
        check_document(document)


def test_a_rule_about_each_element_looks_once_at_the_first():
    snapshot = {"element": [{"path": "Patient"}] + [{"path": "Patient.x"}] * 20_000}
    resource = {"type": "Patient", "kind": "resource", "snapshot": snapshot}
    (rule,) = [each for each in invariants("StructureDefinition.snapshot") if each.key == "sdf-8"]
    assert holds(rule.expression, snapshot, resource)
