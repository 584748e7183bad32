"""Types of work as values: when their Tasks are due, and what they are called."""

from datetime import UTC, datetime

import pytest
from django.test import override_settings
from django.utils import timezone

from tasks.document import due_of
from tasks.shipped import CATEGORIES, DESCRIPTIONS, ERRANDS, LAB_REVIEW, PRIORITIES, TYPES
from tasks.task_types import TaskType


@pytest.fixture
def chicago():
    with override_settings(TIME_ZONE="America/Chicago"):
        timezone.get_default_timezone.cache_clear()
        yield
    timezone.get_default_timezone.cache_clear()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "asked", "due"),
    [
        ({}, "2026-11-21T12:00", None),
        ({"due_minutes": 90}, "2026-11-21T12:00", "2026-11-21T13:30:00.000Z"),
        ({"due_minutes": 90}, "2026-11-01T05:30", "2026-11-01T07:00:00.000Z"),
        ({"due_days": 0}, "2026-11-21T12:00", "2026-11-21"),
        # In Chicago it is still the day before.
        ({"due_days": 0}, "2026-11-22T03:00", "2026-11-21"),
        ({"due_days": 1}, "2026-11-22T03:00", "2026-11-22"),
        # The clocks go back and forth: a day is a day.
        ({"due_days": 1}, "2026-10-31T12:00", "2026-11-01"),
        ({"due_days": 1}, "2026-03-07T12:00", "2026-03-08"),
    ],
)
def test_when_a_task_is_due(chicago, rule, asked, due):
    assert TaskType("x", "X", **rule).due(at(asked)) == due


@pytest.mark.parametrize(
    ("asked", "ends"),
    [
        ("2026-10-31T12:00", "2026-11-02T06:00"),  # a day of 25 hours, then UTC-6
        ("2026-03-07T12:00", "2026-03-09T05:00"),  # a day of 23 hours, then UTC-5
    ],
)
def test_a_due_day_ends_with_the_day_of_the_clinic(chicago, asked, ends):
    period = {"end": TaskType("x", "X", due_days=1).due(at(asked))}
    assert due_of({"restriction": {"period": period}}) == at(ends)


def test_what_the_guides_list_is_shipped():
    assert {each.code for each in TYPES} >= {
        "complete-intake-questionnaire",
        "review-lab-report",
        "verify-patient-identity",
        "complete-encounter-notes",
        "message-response",
        *CATEGORIES,
    }
    assert len(CATEGORIES) == 6
    assert DESCRIPTIONS.keys() == CATEGORIES.keys() == ERRANDS.keys()
    assert [*PRIORITIES] == ["routine", "urgent", "asap", "stat"]
    assert [each.display for each in LAB_REVIEW.stages] == [
        "Report available",
        "Assigned to physician",
        "Reviewed by physician",
        "Discussed with patient",
    ]
