"""fhir.datatypes: dates by precision, references by form, names as people read them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir import datatypes
from fhir.datatypes import Reference, parse_date, parse_reference


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2024", utc(2024, 1, 1), utc(2025, 1, 1)),
        ("2024-02", utc(2024, 2, 1), utc(2024, 3, 1)),
        ("2024-12", utc(2024, 12, 1), utc(2025, 1, 1)),
        ("2024-02-29", utc(2024, 2, 29), utc(2024, 3, 1)),
        ("2024-02-29T10:20:30Z", utc(2024, 2, 29, 10, 20, 30), utc(2024, 2, 29, 10, 20, 31)),
        ("2024-01-01T00:30:00+02:00", utc(2023, 12, 31, 22, 30), utc(2023, 12, 31, 22, 30, 1)),
        ("2024-01-01T00:00:00-05:30", utc(2024, 1, 1, 5, 30), utc(2024, 1, 1, 5, 30, 1)),
        (
            "2024-01-01T00:00:00.5Z",
            utc(2024, 1, 1, 0, 0, 0, 500000),
            utc(2024, 1, 1, 0, 0, 0, 600000),
        ),
        (
            "2024-01-01T00:00:00.123Z",
            utc(2024, 1, 1, 0, 0, 0, 123000),
            utc(2024, 1, 1, 0, 0, 0, 124000),
        ),
        (
            "2024-01-01T00:00:00.123456789Z",
            utc(2024, 1, 1, 0, 0, 0, 123456),
            utc(2024, 1, 1, 0, 0, 0, 123457),
        ),
        ("2016-12-31T23:59:60Z", utc(2017, 1, 1), utc(2017, 1, 1, 0, 0, 1)),
        ("9999", utc(9999, 1, 1), datatypes.LATEST),
        ("9999-12-31T23:59:59-01:00", datatypes.LATEST, datatypes.LATEST),
        ("0001-01-01T00:00:00+14:00", utc(1, 1, 1), utc(1, 1, 1, 0, 0, 1)),
        ("9999-12-31", utc(9999, 12, 31), datatypes.LATEST),
        ("9999-12", utc(9999, 12, 1), datatypes.LATEST),
        ("0001", utc(1, 1, 1), utc(2, 1, 1)),
    ],
)
def test_a_date_is_a_range_by_its_precision(text, low, high):
    found = parse_date(text)
    assert (found.low, found.high) == (low, high)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "24",
        "0000",
        "2024-13",
        "2024-00",
        "2024-1",
        "2024-02-30",
        "2023-02-29",
        "2024-04-31",
        "2024-01-01T",
        "2024-01-01T10:00Z",
        "2024-01-01T10:00:00",
        "2024-01-01T24:00:00Z",
        "2024-01-01T10:00:61Z",
        "2024-01-01T10:00:00.Z",
        "2024-01-01T10:00:00+15:00",
        "2024-01-01T10:00:00+0200",
        "2024-01-01 10:00:00Z",
        "20240101",
        "2024-01-01\n",
        "٢٠٢٤",
    ],
)
def test_other_forms_and_impossible_days_are_refused(text):
    with pytest.raises(ValueError):
        parse_date(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_comes_back_to_the_millisecond(moment):
    assert parse_date(datatypes.to_instant(moment)).low == moment.replace(
        microsecond=moment.microsecond // 1000 * 1000
    )


def test_an_instant_is_in_utc_with_milliseconds():
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=2)))
    assert datatypes.to_instant(moment) == "2026-01-02T01:04:05.678Z"


def test_a_period_may_be_open_at_either_end():
    both = datatypes.period_range({"start": "2024-01", "end": "2024-02"})
    assert (both.low, both.high) == (utc(2024, 1, 1), utc(2024, 3, 1))
    assert datatypes.period_range({"start": "2024"}).high == datatypes.LATEST
    assert datatypes.period_range({"end": "2024"}).low == datatypes.EARLIEST


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("Patient/1", Reference("Patient", "1")),
        ("Patient/a-b.c/_history/2", Reference("Patient", "a-b.c", "2")),
        ("#p1", Reference(contained="p1")),
        ("#", Reference(contained="")),
        (
            "https://ehr.example/fhir/Patient/1",
            Reference("Patient", "1", None, "https://ehr.example/fhir"),
        ),
        (
            "http://ehr.example/Patient/1/_history/7",
            Reference("Patient", "1", "7", "http://ehr.example"),
        ),
        ("https://ehr.example/scan.pdf", Reference(url="https://ehr.example/scan.pdf")),
        (
            "urn:uuid:6f1a2a80-6f5e-4e3f-8f0b-0d1a0b5b8f63",
            Reference(url="urn:uuid:6f1a2a80-6f5e-4e3f-8f0b-0d1a0b5b8f63"),
        ),
        ("urn:oid:1.2.3", Reference(url="urn:oid:1.2.3")),
    ],
)
def test_references_are_taken_apart(text, reference):
    assert parse_reference(text) == reference


def test_only_a_type_and_an_id_are_relative():
    assert parse_reference("Patient/1").is_relative
    assert not parse_reference("https://ehr.example/Patient/1").is_relative
    assert not parse_reference("#p").is_relative


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Patient",
        "Patient/",
        "/Patient/1",
        "patient/1",
        "Patient/1/2",
        "Patient/a b",
        " Patient/1",
        "Patient/1\n",
        "Patient/" + "x" * 65,
        "Patient/1/_history/",
        "Patient/1/_history",
        "Patient?identifier=1",
        "../Patient/1",
        "Dr Smith",
        "#a b",
        "http:",
        ":x",
    ],
)
def test_other_references_are_refused(text):
    with pytest.raises(ValueError):
        parse_reference(text)


def test_codings_of_one_concept_and_of_many():
    concept = {"coding": [{"system": "s", "code": "a"}, {"code": "b"}, {"display": "no code"}]}
    assert list(datatypes.codings(concept)) == [("s", "a"), (None, "b")]
    assert list(datatypes.codings([concept, {"text": "x"}])) == [("s", "a"), (None, "b")]
    assert list(datatypes.codings(None)) == []


def test_identifiers_with_a_value():
    assert list(datatypes.identifiers({"system": "s", "value": "1"})) == [("s", "1")]
    assert list(datatypes.identifiers([{"value": "1"}, {"system": "s"}])) == [(None, "1")]
    assert list(datatypes.identifiers(None)) == []


@pytest.mark.parametrize(
    ("concept", "shown"),
    [
        ({"text": "PHQ-9", "coding": [{"display": "x", "code": "1"}]}, "PHQ-9"),
        ({"coding": [{"code": "1"}, {"code": "2", "display": "Second"}]}, "Second"),
        ({"coding": [{"system": "s"}, {"code": "715252007"}]}, "715252007"),
        ({}, ""),
        (None, ""),
    ],
)
def test_what_is_shown_for_a_concept(concept, shown):
    assert datatypes.display_of(concept) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ({"text": "Ama Owusu"}, "Ama Owusu"),
        (
            {"family": "Owusu", "given": ["Ama", "B."], "prefix": ["Dr."], "suffix": ["MD"]},
            "Dr. Ama B. Owusu MD",
        ),
        ({"given": [None, "Ama"], "family": "Owusu"}, "Ama Owusu"),
        ([{"use": "old", "text": "Before"}, {"use": "official", "text": "Now"}], "Now"),
        ([{"use": "nickname", "text": "Nick"}, {"text": "Plain"}], "Plain"),
        ([], ""),
        (None, ""),
        ({"use": "official"}, ""),
    ],
)
def test_names_are_one_line(name, shown):
    assert datatypes.format_name(name) == shown


def test_folding_takes_case_and_accents_away():
    assert datatypes.fold("  ÉMILE   Straße ") == "emile strasse"
    assert datatypes.fold("e\u0301") == datatypes.fold("É")
    assert datatypes.fold("ＡＢＣ") == "abc"
    assert datatypes.fold("İstanbul") == "istanbul"


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert datatypes.fold(datatypes.fold(text)) == datatypes.fold(text)
