from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir.datatypes import parse_date
from fhir.search import indexing
from fhir.search.indexing import index_columns, to_microseconds
from fhir.search.texts import folded, longest_prefix

SNOMED, SOC = "http://snomed.info/sct", "https://www.bls.gov/soc"


def of(name, document, skip=frozenset()):
    """The tokens of one parameter."""
    tokens = index_columns(document, skip)["tokens"]
    return [each for each in tokens if each == name or each.startswith((f"{name}=", f"{name}:"))]


def task(**elements):
    return {"resourceType": "Task", "status": "requested", "intent": "order", **elements}


def test_a_concept_has_every_coding_in_every_form():
    concept = {
        "text": "Registered nurse",
        "coding": [
            {"system": SNOMED, "code": "224535009", "display": "Nurse"},
            {"code": "local"},
            {"system": SOC},
        ],
    }
    document = task(performerType=[concept])
    assert of("performer", document) == [
        "performer",
        "performer=224535009",
        f"performer={SNOMED}|",
        f"performer={SNOMED}|224535009",
        f"performer={SOC}|",
        "performer=local",
        "performer=|local",
    ]
    assert index_columns(document)["strings"] == [
        "performer:text~nurse",
        "performer:text~registered nurse",
    ]


def test_a_concept_of_text_only_is_not_missing():
    assert of("code", task(code={"text": "Call back"})) == ["code"]


def test_codes_booleans_and_contact_points():
    assert of("intent", task()) == ["intent", "intent=order"]
    patient = {
        "resourceType": "Patient",
        "active": False,
        "telecom": [{"system": "email", "value": "Homer@Example.org"}],
    }
    assert of("active", patient) == ["active", "active=false"]
    assert "email=homer@example.org" in of("email", patient)
    assert of("phone", patient) == []


@pytest.mark.parametrize(
    ("reference", "forms"),
    [
        ("Patient/p1", ["subject=Patient/p1", "subject=p1"]),
        ("Patient/p1/_history/3", ["subject=Patient/p1", "subject=p1"]),
        ("http://other/fhir/Patient/p1", ["subject=http://other/fhir/Patient/p1"]),
        ("http://other/Patient/p1/_history/2", ["subject=http://other/Patient/p1"]),
        ("urn:uuid:c757873d-ec9a-4326-a141-556f43239520", None),
        ("#contained", []),
    ],
)
def test_references(reference, forms):
    expected = [f"subject={reference}"] if forms is None else forms
    assert of("subject", task(**{"for": {"reference": reference}})) == ["subject", *expected]


def test_patient_is_only_a_patient():
    assert of("patient", task(**{"for": {"reference": "Patient/p1"}}))
    assert of("patient", task(**{"for": {"reference": "http://other/Patient/p1"}}))
    assert of("patient", task(**{"for": {"type": "Patient", "display": "Homer"}}))
    assert not of("patient", task(**{"for": {"reference": "Group/g1"}}))


def test_the_identifier_of_a_reference():
    document = task(owner={"identifier": {"system": "http://npi", "value": "7"}})
    identifiers = [
        "owner:identifier",
        "owner:identifier=7",
        "owner:identifier=http://npi|",
        "owner:identifier=http://npi|7",
    ]
    assert of("owner", document) == ["owner", *identifiers]
    assert of("owner", document, frozenset({"owner"})) == identifiers


def test_what_a_column_answers_is_left_out():
    skip = frozenset({"status", "owner", "subject"})
    document = task(owner={"reference": "Practitioner/a"}, **{"for": {"reference": "Patient/p"}})
    tokens = index_columns(document, skip)["tokens"]
    assert not [each for each in tokens if each.startswith(("status", "owner", "subject"))]
    assert "patient=Patient/p" in tokens


def test_names_are_found_by_the_beginnings_of_their_parts():
    patient = {
        "resourceType": "Patient",
        "name": [{"family": "Müller-Lüdenscheidt", "given": ["Zoë"], "text": "Dr Loriot"}],
    }
    found = index_columns(patient)
    tokens = found["tokens"]
    assert {"name^m", "name^mullerludens", "name^zoe", "name^dr lo"} <= set(tokens)
    assert {"family^mul", "given^z"} <= set(tokens)
    assert "family^mull" not in tokens
    assert "name^mullerludensc" not in tokens
    assert "name^loriot" not in tokens
    assert "family=Müller-Lüdenscheidt" in found["strings"]
    assert "family~mullerludenscheidt" in found["strings"]


def test_the_parts_of_a_family_name_are_found_independently():
    found = index_columns(
        {"resourceType": "Patient", "name": [{"family": "Carreño Quiñones", "given": ["Ana Eva"]}]}
    )
    assert {"family^quinones", "name^quinones", "family^carreno quin"} <= set(found["tokens"])
    assert "given^eva" not in found["tokens"]
    assert "family:part~quinones" in found["strings"]


def test_punctuation_is_ignored_and_what_could_be_a_wildcard_is_not():
    assert folded("O’Brien-Ngô,  St. John") == "obrienngo st john"
    assert folded("100% *_?") == "100% *_?"


def test_nothing_is_indexed_by_its_sound():
    patient = {"resourceType": "Patient", "name": [{"family": "Simpson"}]}
    assert not of("phonetic", patient)


def test_a_deceased_patient_is_one_with_a_date_too():
    assert of("deceased", {"resourceType": "Patient", "deceasedDateTime": "2020"}) == [
        "deceased",
        "deceased=true",
    ]
    assert of("deceased", {"resourceType": "Patient"}) == ["deceased", "deceased=false"]


@pytest.mark.parametrize(
    "text",
    [
        "2024",
        "2024-02",
        "2024-02-29",
        "2024-03-16T17:00:00Z",
        "2024-03-16T17:00:00.5Z",
        "2024-03-16T17:00:00.123456+02:00",
        "2024-03-16T17:00:00.123456789-11:30",
        "2016-12-31T23:59:60Z",
        "9999-12-31T23:59:59Z",
    ],
)
def test_the_short_way_to_a_date_agrees_with_the_long_one(text):
    expected = parse_date(text)
    low, high = indexing.date_range(text)
    assert low == to_microseconds(expected.low)
    assert abs(high - to_microseconds(expected.high)) <= 1


def test_dates_and_periods_are_ranges():
    ranges = index_columns(
        task(
            authoredOn="2024-03-15",
            lastModified="2024-03-15T10:00:00.123Z",
            executionPeriod={"start": "2024-03-15T10:00:00Z"},
        )
    )["ranges"]
    [[low, high]] = ranges["authored-on"]
    assert high - low == 24 * 3600 * 1_000_000
    [[low, high]] = ranges["modified"]
    assert high - low == 1_000
    assert ranges["period"][0][1] == indexing.END


def test_quantities_keep_their_units():
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "valueQuantity": {
            "value": Decimal("8.20"),
            "unit": "%",
            "system": "http://unitsofmeasure.org",
            "code": "%",
        },
    }
    assert index_columns(observation)["ranges"]["value-quantity"] == [
        [8.2, 8.2, "http://unitsofmeasure.org", "%", "%"]
    ]


def test_what_cannot_be_a_date_is_present_all_the_same():
    document = {"resourceType": "Condition", "onsetString": "in her youth", "subject": {}}
    found = index_columns(document)
    assert "onset-info" in found["tokens"] or "onset-date" not in found["ranges"]


def test_a_long_value_fits_the_index():
    document = task(code={"coding": [{"system": "http://x", "code": "é" * 5_000}]})
    tokens = index_columns(document)["tokens"]
    assert max(len(token.encode()) for token in tokens) < 2_700
    assert indexing.fitted("code=" + "é" * 5_000) in tokens


def test_one_document_cannot_flood_the_index():
    document = task(performerType=[{"coding": [{"code": f"c{n}"}]} for n in range(20_000)])
    tokens = index_columns(document)["tokens"]
    assert len(tokens) == indexing.MAX_TOKENS
    assert "performer" in tokens and "intent" in tokens
    patient = {
        "resourceType": "Patient",
        "name": [{"family": f"{n:012}"} for n in range(1_000)],
    }
    prefixes = [each for each in index_columns(patient)["tokens"] if "^" in each]
    assert len(prefixes) == indexing.MAX_PREFIX_TOKENS


@given(st.text(min_size=1, max_size=30))
def test_any_name_is_found_by_its_beginning(name):
    patient = {"resourceType": "Patient", "name": [{"family": name}]}
    tokens = index_columns(patient)["tokens"]
    bare = folded(name)
    assert not bare or f"family^{longest_prefix(bare)}" in tokens
