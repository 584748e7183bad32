"""The past of the demo clinic's ended Tasks: valid, in order, and the same each time."""

from datetime import UTC, datetime

import pytest

from fhir import json
from fhir.validation import check_document
from tasks.demo import clinic, past
from tasks.transitions import can_follow

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def ended():
    return [each for each in clinic(NOW) if past.has_past(each)]


def test_most_of_what_ended_has_a_past_of_some_weeks(ended):
    assert len(ended) > 150
    first = min(past.versions(each)[0].at for each in ended)
    assert 120 <= (NOW - first).days <= 170


def test_each_version_is_valid_and_follows_the_one_before(ended):
    for task in ended:
        versions = past.versions(task)
        assert versions == past.versions(task)
        assert versions[-1].document == task
        assert [each.at for each in versions] == sorted({each.at for each in versions})
        assert versions[-1].at <= NOW
        for each in versions:
            check_document(json.loads(json.dumps(each.document)), "Task")
        for before, after in zip(versions, versions[1:], strict=False):
            statuses = (before.document["status"], after.document["status"])
            assert statuses[0] == statuses[1] or can_follow(*statuses)


def test_something_of_everything_happens(ended):
    versions = [each for task in ended for each in past.versions(task)]
    held = [each.document for each in versions if each.document["status"] == "on-hold"]
    assert len(held) > 20 and any("statusReason" not in each for each in held)
    why = [each for task in ended for each in past.provenance(task, past.versions(task))]
    assert len(why) > 15
    for each in why:
        check_document(json.loads(json.dumps(each)), "Provenance")
