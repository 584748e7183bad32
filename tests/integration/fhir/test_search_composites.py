"""Composite parameters: values that one element has together."""

import pytest

from fhir.errors import InvalidSearch
from tests.factories import put
from tests.integration.fhir.search import ids

pytestmark = pytest.mark.django_db

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"


def concept(code, system=LOINC):
    return {"coding": [{"system": system, "code": code}]}


def quantity(value, unit="mmHg"):
    return {"value": value, "unit": unit, "system": UCUM, "code": "mm[Hg]"}


def observation(id, code, **elements):
    put(
        {
            "resourceType": "Observation",
            "id": id,
            "status": "final",
            "code": concept(code),
            **elements,
        }
    )


@pytest.fixture
def observations():
    observation("potassium", "2823-3", valueQuantity=quantity(5.5, "mmol/L"))
    observation(
        "pressure",
        "85354-9",
        component=[
            {"code": concept("8480-6"), "valueQuantity": quantity(120)},
            {"code": concept("8462-4"), "valueQuantity": quantity(55)},
        ],
    )
    observation("eyes", "eye", valueCodeableConcept=concept("blue", "http://colours"))
    observation("words", "said", valueString="Möhre, raw")
    observation("when", "date", valueDateTime="2024-03-15")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (f"code-value-quantity={LOINC}|2823-3$gt5.4|{UCUM}|mm[Hg]", ["potassium"]),
        ("code-value-quantity=2823-3$gt5.4", ["potassium"]),
        ("code-value-quantity=2823-3$5.5||mmol/L", ["potassium"]),
        ("code-value-quantity=2823-3$lt5.4", []),
        ("code-value-quantity=2823-3$gt5.4||mg", []),
        (f"code-value-quantity={LOINC}|$gt5.4", ["potassium"]),
        ("code-value-quantity=8462-4$lt60", []),
        ("component-code-value-quantity=8462-4$lt60", ["pressure"]),
        ("component-code-value-quantity=8480-6$lt60", []),
        ("combo-code-value-quantity=8462-4$lt60,2823-3$gt5", ["potassium", "pressure"]),
        ("code-value-concept=eye$http://colours|blue", ["eyes"]),
        ("code-value-concept=eye$brown", []),
        (r"code-value-string=said$mohre\, raw", ["words"]),
        ("code-value-string=said$raw", []),
        ("code-value-date=date$ge2024-03", ["when"]),
        ("code-value-date=date$lt2024-03", []),
    ],
)
def test_observations(observations, query, found):
    assert sorted(ids(f"Observation?{query}")) == found


def test_the_characteristics_of_a_group():
    for id, value in (("g1", concept("mixed", "http://x")), ("g2", concept("male", "http://x"))):
        put(
            {
                "resourceType": "Group",
                "id": id,
                "type": "person",
                "actual": True,
                "characteristic": [
                    {
                        "code": concept("gender", "http://x"),
                        "valueCodeableConcept": value,
                        "exclude": False,
                    },
                    {"code": concept("alive", "http://x"), "valueBoolean": True, "exclude": False},
                ],
            }
        )
    assert ids("Group?characteristic-value=gender$mixed") == ["g1"]
    assert ids("Group?characteristic-value=alive$mixed") == []
    assert sorted(ids("Group?characteristic-value=alive$true")) == ["g1", "g2"]


def test_a_document_and_what_it_replaces():
    put(
        {
            "resourceType": "DocumentReference",
            "id": "new",
            "status": "current",
            "relatesTo": [{"code": "replaces", "target": {"reference": "DocumentReference/old"}}],
            "content": [{"attachment": {"url": "http://x"}}],
        }
    )
    assert ids("DocumentReference?relationship=DocumentReference/old$replaces") == ["new"]
    assert ids("DocumentReference?relationship=old$replaces") == ["new"]
    assert ids("DocumentReference?relationship=old$appends") == []


def test_a_component_may_be_of_the_resource():
    put(
        {
            "resourceType": "MolecularSequence",
            "id": "m1",
            "coordinateSystem": 0,
            "referenceSeq": {
                "chromosome": concept("1", "http://c"),
                "genomeBuild": "GRCh 37",
                "strand": "watson",
                "windowStart": 5,
            },
            "variant": [{"start": 10, "end": 20}, {"start": 30, "end": 40}],
        }
    )
    search = "MolecularSequence?chromosome-variant-coordinate"
    assert ids(f"{search}=1$ge10$le20") == ["m1"]
    assert ids(f"{search}=1$ge20$le30") == []
    assert ids(f"{search}=2$ge10$le20") == []
    assert ids("MolecularSequence?chromosome-window-coordinate=1$5$5") == []


def test_a_chain_may_end_in_a_composite(observations):
    put(
        {
            "resourceType": "DiagnosticReport",
            "id": "r1",
            "status": "final",
            "code": {"text": "x"},
            "result": [{"reference": "Observation/potassium"}],
        }
    )
    assert ids("DiagnosticReport?result.code-value-quantity=2823-3$gt5.4") == ["r1"]


@pytest.mark.parametrize(
    "query",
    [
        "code-value-quantity=2823-3",
        "code-value-quantity=2823-3$",
        "code-value-quantity=2823-3$5$6",
        "code-value-quantity=2823-3$much",
        "code-value-quantity:missing=true",
        "code-value-quantity:not=2823-3$5",
        "_sort=code-value-quantity",
    ],
)
def test_what_is_no_composite_is_refused(query):
    with pytest.raises(InvalidSearch):
        ids(f"Observation?{query}")
