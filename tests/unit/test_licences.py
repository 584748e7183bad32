"""Where somebody is licensed, as the Practitioners of different systems say it."""

from datetime import UTC, datetime

import pytest

from accounts.licences import US_STATES, home_state, licences, state_code

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PLAN_NET = (
    "http://hl7.org/fhir/us/davinci-pdex-plan-net/StructureDefinition/practitioner-qualification"
)


def states(**qualification):
    return licences({"qualification": [qualification]}, at=NOW)


def where_valid(value, status="active"):
    parts = [{"url": "status", "valueCode": status}, {"url": "whereValid", **value}]
    return [{"url": PLAN_NET, "extension": parts}]


def usps(code):
    return {"valueCodeableConcept": {"coding": [{"system": "https://www.usps.com/", "code": code}]}}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("IL", "IL"),
        (" il ", "IL"),
        ("Illinois", "IL"),
        ("US-IL", "IL"),
        ("district of columbia", "DC"),
        ("ON", ""),
        ("", ""),
        ("Illinoi", ""),
    ],
)
def test_a_state_by_code_or_name(text, code):
    assert state_code(text) == code


def test_there_are_fifty_states_the_district_and_five_territories():
    assert len(US_STATES) == 56


@pytest.mark.parametrize(
    ("qualification", "expected"),
    [
        ({"extension": where_valid(usps("IL"))}, {"IL"}),
        ({"extension": where_valid({"valueCodeableConcept": {"text": "Illinois"}})}, {"IL"}),
        ({"extension": where_valid({"valueReference": {"display": "Illinois"}})}, {"IL"}),
        ({"extension": where_valid(usps("IL"), status="inactive")}, set()),
        ({"extension": where_valid(usps("IL")), "issuer": {"display": "State of TX"}}, {"IL"}),
        ({"identifier": [{"system": "http://x.example/identifiers/licence/il"}]}, {"IL"}),
        ({"identifier": [{"system": "urn:x:medical-license:TX", "value": "1"}]}, {"TX"}),
        ({"identifier": [{"system": "http://x.example/licenses", "value": "IL-1"}]}, {"IL"}),
        (
            {
                "identifier": [
                    {
                        "type": {"coding": [{"code": "MD"}]},
                        "value": "77",
                        "assigner": {"display": "State of Ohio"},
                    }
                ]
            },
            {"OH"},
        ),
        ({"identifier": [{"system": "http://x.example/ids/md", "value": "IN-1"}]}, set()),
        ({"identifier": [{"system": "http://x.example/licenses", "value": "IL204100"}]}, set()),
        ({"issuer": {"display": "State of IL"}}, {"IL"}),
        ({"issuer": {"display": "Illinois"}}, {"IL"}),
        ({"issuer": {"display": "Commonwealth of Virginia"}}, {"VA"}),
        ({"issuer": {"display": "West Virginia Board of Medicine"}}, {"WV"}),
        ({"issuer": {"display": "Medical Board of California"}}, {"CA"}),
        ({"issuer": {"display": "New York State Education Department"}}, {"NY"}),
        ({"issuer": {"display": "Washington, D.C. Board of Nursing"}}, {"DC"}),
        ({"issuer": {"display": "University of Illinois"}}, set()),
        ({"issuer": {"display": "State University of New York"}}, set()),
        ({"issuer": {"display": "American Board of Internal Medicine"}}, set()),
        ({"code": {"coding": [{"system": "urn:iso:std:iso:3166:-2", "code": "US-TX"}]}}, {"TX"}),
        ({"code": {"text": "Registered nurse license, Texas"}}, {"TX"}),
        ({"code": {"text": "Texas hold 'em champion"}}, set()),
        ({"code": {"coding": [{"system": "http://x.example", "code": "MD"}]}}, set()),
    ],
)
def test_a_qualification_names_its_state(qualification, expected):
    assert states(**qualification) == expected


@pytest.mark.parametrize(
    ("period", "holds"),
    [
        ({}, True),
        ({"end": "2026-11-21"}, True),
        ({"end": "2026-11-20"}, False),
        ({"start": "2026-11-22"}, False),
        ({"start": "2020", "end": "2027"}, True),
    ],
)
def test_a_licence_expires_with_its_period(period, holds):
    assert states(issuer={"display": "State of IL"}, period=period) == ({"IL"} if holds else set())


def test_several_qualifications_add_up():
    boards = [{"issuer": {"display": f"State of {code}"}} for code in ("IL", "TX")]
    assert licences({"qualification": boards}, at=NOW) == {"IL", "TX"}
    assert licences({}, at=NOW) == set()


@pytest.mark.parametrize(
    ("addresses", "state"),
    [
        ([], ""),
        ([{"state": "IL"}], "IL"),
        ([{"use": "work", "state": "TX"}, {"use": "home", "state": "Illinois"}], "IL"),
        ([{"use": "work", "state": "TX"}], "TX"),
        ([{"use": "old", "state": "TX"}], ""),
        ([{"use": "billing", "state": "TX"}], ""),
        ([{"use": "home", "type": "postal", "state": "TX"}, {"state": "IL"}], "IL"),
        ([{"use": "home", "state": "TX", "period": {"end": "2026-11-20"}}, {"state": "IL"}], "IL"),
        ([{"use": "home", "state": "TX", "period": {"start": "2026-11-21"}}], "TX"),
        ([{"use": "home", "state": "IL", "country": "USA"}], "IL"),
        ([{"use": "home", "state": "WA", "country": "AU"}, {"use": "work", "state": "IL"}], ""),
        ([{"use": "home", "city": "Springfield"}, {"use": "temp", "state": "IL"}], "IL"),
    ],
)
def test_a_patient_lives_in_a_state(addresses, state):
    assert home_state({"address": addresses}, at=NOW) == state
