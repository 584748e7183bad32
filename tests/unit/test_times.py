"""Times as staff read them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from accounts.locale import hours
from tasks import times

NOW = datetime(2026, 11, 20, 16, 42, tzinfo=UTC)


@pytest.fixture(autouse=True)
def chicago():
    with timezone.override("America/Chicago"):
        yield


def said(minutes: float, *, end: str = "2026-11-20T00:00:00Z") -> tuple[str, str]:
    due = times.due(end, NOW + timedelta(minutes=minutes), NOW)
    return due.text, due.kind


@pytest.mark.parametrize(
    ("minutes", "text", "kind"),
    [
        (-12, "12 min", "late"),
        (-65, "1 h 05 min", "late"),
        (-60 * 24 * 3, "3 days", "late"),
        (0, "under 1 min", "late"),
        (0.5, "in under 1 min", "soon"),
        (18, "in 18 min", "soon"),
        (59, "in 59 min", "soon"),
        (80, "in 1 h 20 min", ""),
        (138, "13:00", ""),
        (60 * 24, "Tomorrow 10:42", ""),
        (60 * 24 * 4, "Tue 24 Nov 10:42", ""),
        (60 * 24 * 400, "25 Dec 2027 10:42", ""),
    ],
)
def test_due_is_relative_only_when_it_is_near(minutes, text, kind):
    assert said(minutes) == (text, kind)


def test_a_date_without_a_time_is_said_without_one():
    end_of_day = datetime(2026, 11, 21, tzinfo=UTC)
    assert times.due("2026-11-20", end_of_day, NOW).text == "today"
    assert times.due("2026-11-24", datetime(2026, 11, 25, tzinfo=UTC), NOW).text == "Tue 24 Nov"
    assert times.due("2026-11", datetime(2026, 12, 1, tzinfo=UTC), NOW).text == "Mon 30 Nov"
    assert times.due(None, None, NOW).sentence == "No due date"
    late = times.due("2026-11-18", datetime(2026, 11, 19, tzinfo=UTC), NOW)
    assert late.sentence == "Overdue 1 day"


def test_a_day_within_a_sentence_is_written_small():
    assert times.due("2026-11-21T16:42:00Z", NOW + timedelta(days=1), NOW).sentence == (
        "Due tomorrow 10:42"
    )


def test_moments_and_lengths():
    assert times.moment(NOW - timedelta(minutes=6), NOW) == "10:36"
    assert times.moment(NOW - timedelta(days=1), NOW) == "Yesterday 10:42"
    assert times.moment(None, NOW) == ""
    assert times.ago(NOW - timedelta(minutes=44), NOW) == "44 min ago"
    assert times.ago(NOW, NOW) == "just now"
    assert times.ago(NOW - timedelta(days=2), NOW) == "Wed 18 Nov 10:42"


@pytest.mark.parametrize(
    ("born", "age"),
    [
        ("1964-02-14", "62y"),
        ("1964-11-21", "61y"),
        ("2025-09-20", "14 mo"),
        ("2026-11-11", "9 d"),
        ("1964", "62y"),
        ("1964-02", "62y"),
        ("2026", ""),
    ],
)
def test_age_in_the_unit_that_fits(born, age):
    assert times.age(born, NOW) == age


def test_birth_dates_as_clinical_systems_write_them():
    assert times.born("1964-02-14") == "14-Feb-1964"
    assert times.born("1964-02") == "Feb-1964"
    assert times.born("1964") == "1964"


def test_the_zone_is_named_with_its_offset():
    assert times.zone_name(NOW) == "CST (UTC−6)"
    with timezone.override("Asia/Kolkata"):
        assert times.zone_name(NOW) == "IST (UTC+5:30)"
    with timezone.override(UTC):
        assert times.zone_name(NOW) == "UTC"


@pytest.fixture
def twelve_hours():
    with hours("12"):
        yield


def test_the_halves_of_a_day_have_names_for_those_who_count_to_twelve(twelve_hours):
    assert times.halves() == ["AM", "PM"]
    with hours("24"):
        assert times.halves() == []


def test_times_in_twelve_hours(twelve_hours):
    assert times.moment(NOW + timedelta(hours=3), NOW) == "1:42 PM"
    assert times.moment(NOW - timedelta(days=1), NOW) == "Yesterday 10:42 AM"
    assert said(138) == ("1:00 PM", "")
    midnight = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
    assert times.time_of(midnight) == "12:00 AM" and times.is_midnight(midnight)


def test_days_and_months_in_the_language_of_the_page():
    with translation.override("es"):
        assert times.day(NOW + timedelta(days=4), NOW).startswith("mar")
        assert "Ene" in times.born("1964-01-14")


def test_the_clinics_zone_is_said_where_it_differs():
    with timezone.override("Europe/Madrid"):
        assert times.clinic_zone(NOW) == "UTC"
    with timezone.override("Africa/Abidjan"):
        assert times.clinic_zone(NOW) == ""
