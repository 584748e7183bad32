"""fhir.definitions: what R4 says, read from the data that make.py made."""

import pytest

from fhir import definitions
from fhir.definitions import evaluate, search_parameters


def test_there_are_146_concrete_resource_types():
    types = definitions.resource_types()
    assert len(types) == 146
    assert {"Task", "Patient", "Bundle", "Parameters"} <= types
    assert not {"Resource", "DomainResource", "Element", "HumanName", "SubscriptionStatus"} & types


def test_every_type_has_elements_and_search_parameters():
    for name in definitions.resource_types():
        assert {"id", "meta", "implicitRules", "language"} <= definitions.elements(name).keys()
        assert {"_id", "_lastUpdated", "_tag", "_profile"} <= search_parameters(name).keys()


def test_every_datatype_that_is_named_exists():
    primitives = set()
    seen, waiting = set(), set(definitions.resource_types())
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for element in definitions.elements(name).values():
            if definitions.contains_elements(element.datatype):
                waiting |= {element.datatype} - seen
            else:
                primitives.add(element.datatype)
    assert primitives == set(
        "base64Binary boolean canonical code date dateTime decimal id instant integer markdown oid "
        "positiveInt string time unsignedInt uri url uuid xhtml".split()
    )


def test_the_elements_of_a_task():
    task = definitions.elements("Task")
    assert task["status"].required
    assert len(task["status"].codes) == 12
    assert task["priority"].code_list == ("routine", "urgent", "asap", "stat")
    assert task["note"].repeating and task["note"].datatype == "Annotation"
    assert task["input"].datatype == "Task.input"
    value = definitions.elements("Task.input")["valueQuantity"]
    assert (value.choice, value.required, value.datatype) == ("value", True, "Quantity")
    with pytest.raises(KeyError):
        definitions.elements("Nonsense")


def test_elements_know_whether_they_are_of_the_summary():
    task = definitions.elements("Task")
    assert task["status"].summary and task["owner"].summary and task["id"].summary
    assert not task["note"].summary and not task["text"].summary
    patient = definitions.elements("Patient")
    assert patient["deceasedBoolean"].summary and not patient["contact"].summary


def test_a_recursive_element_leads_back_to_its_own_type():
    assert definitions.elements("Questionnaire.item")["item"].datatype == "Questionnaire.item"


def test_repeating_elements():
    assert definitions.is_repeating("Task", "note")
    assert definitions.is_repeating("Task", "contained")
    assert not definitions.is_repeating("Task", "owner")
    assert not definitions.is_repeating("Task", "nonsense")


def test_targets_of_references():
    assert definitions.reference_targets("Task", "partOf") == {"Task"}
    assert "Practitioner" in definitions.reference_targets("Task", "owner")
    assert definitions.reference_targets("Task", "for") == frozenset()
    assert "Group" in definitions.reference_targets("Task", "restriction.recipient")
    assert definitions.reference_targets("Task", "status.deeper") == frozenset()
    assert definitions.reference_targets("Task", "nonsense") == frozenset()


@pytest.mark.parametrize(
    ("resource_type", "name", "document", "found"),
    [
        ("Task", "_id", {"id": "1"}, [("id", "1")]),
        ("Task", "_tag", {"meta": {"tag": [{"code": "a"}]}}, [("Coding", {"code": "a"})]),
        ("Task", "owner", {}, []),
        ("Task", "owner", {"owner": {"display": "x"}}, [("Reference", {"display": "x"})]),
        (
            "Task",
            "patient",
            {"for": {"reference": "Patient/1"}},
            [("Reference", {"reference": "Patient/1"})],
        ),
        ("Task", "patient", {"for": {"reference": "Group/1"}}, []),
        ("Task", "patient", {"for": {"display": "somebody"}}, []),
        (
            "Task",
            "patient",
            {"for": {"reference": "https://ehr.example/fhir/Patient/1/_history/2"}},
            [("Reference", {"reference": "https://ehr.example/fhir/Patient/1/_history/2"})],
        ),
        (
            "Task",
            "patient",
            {"for": {"type": "Patient", "identifier": {"value": "1"}}},
            [("Reference", {"type": "Patient", "identifier": {"value": "1"}})],
        ),
        (
            "Patient",
            "phone",
            {"telecom": [{"system": "email", "value": "a"}, {"system": "phone", "value": "b"}]},
            [("ContactPoint", {"system": "phone", "value": "b"})],
        ),
        (
            "Patient",
            "given",
            {"name": [{"given": ["A", None, "B"]}, {"text": "C"}, {"given": ["D"]}]},
            [("string", "A"), ("string", "B"), ("string", "D")],
        ),
        ("Patient", "deceased", {}, [("boolean", False)]),
        ("Patient", "deceased", {"deceasedBoolean": False}, [("boolean", False)]),
        ("Patient", "deceased", {"deceasedDateTime": "2020"}, [("boolean", True)]),
        (
            "Observation",
            "value-quantity",
            {"valueQuantity": {"value": 1}},
            [("Quantity", {"value": 1})],
        ),
        ("Observation", "value-quantity", {"valueString": "x"}, []),
        (
            "Observation",
            "value-string",
            {"valueCodeableConcept": {"text": "x"}},
            [("string", "x")],
        ),
        ("Observation", "date", {"effectiveDateTime": "2020"}, [("dateTime", "2020")]),
        ("Condition", "onset-age", {"onsetAge": {"value": 3}}, [("Age", {"value": 3})]),
        (
            "Bundle",
            "composition",
            {"entry": [{"resource": {"id": "a"}}, {"resource": {"id": "b"}}]},
            [("Resource", {"id": "a"})],
        ),
        (
            "Library",
            "successor",
            {
                "relatedArtifact": [
                    {"type": "successor", "resource": "http://a"},
                    {"type": "predecessor", "resource": "http://b"},
                ]
            },
            [("canonical", "http://a")],
        ),
        (
            "InsurancePlan",
            "name",
            {"name": "a", "alias": ["b"]},
            [("string", "a"), ("string", "b")],
        ),
    ],
)
def test_what_a_parameter_finds(resource_type, name, document, found):
    assert evaluate(document, search_parameters(resource_type)[name]) == found


def test_parameters_say_their_type_and_targets():
    owner = search_parameters("Task")["owner"]
    assert owner.type == "reference"
    assert "PractitionerRole" in owner.target
    assert search_parameters("Task")["focus"].target == ("*",)
    assert search_parameters("Task")["patient"].target == ("Patient",)


def test_what_is_not_supported_is_listed_with_its_reason():
    unsupported = definitions.unsupported_search_parameters()
    assert unsupported["Resource:_content"] == "no expression"
    assert unsupported["Location:near"] == "special"
    assert set(unsupported) == {
        "DeviceDefinition:classification",  # R4 names an element that it has not
        "DomainResource:_text",
        "Location:near",
        "Resource:_content",
        "Resource:_query",
    }


def test_a_composite_names_the_values_within_its_element():
    parameter = search_parameters("Observation")["combo-code-value-quantity"]
    assert parameter.type == "composite"
    assert [path.names for path in parameter.paths] == [(), ("component",)]
    code, value = parameter.components
    assert (code.type, code.paths[0].names) == ("token", ("code",))
    assert (value.type, value.paths[0].names) == ("quantity", ("valueQuantity",))
    relation, kind = search_parameters("DocumentReference")["relationship"].components
    assert (relation.paths[0].names, kind.paths[0].names) == (("target",), ("code",))
    sequence = search_parameters("MolecularSequence")["chromosome-variant-coordinate"]
    assert [each.of_resource for each in sequence.components] == [True, False, False]


def test_codes_know_their_system():
    assert (
        "stat"
        in definitions.codes_by_system("request-priority")["http://hl7.org/fhir/request-priority"]
    )
    assert definitions.codes_by_system("nonsense") is None
    assert definitions.element_at("Patient", ["address", "use"]).value_set == "address-use"
    assert definitions.element_at("Patient", ["nonsense"]) is None
    assert definitions.element_at("Patient", ["gender", "deeper"]) is None


def test_every_path_of_every_parameter_can_be_evaluated():
    for name in definitions.resource_types():
        for parameter in search_parameters(name).values():
            assert parameter.paths
            evaluate({}, parameter)
