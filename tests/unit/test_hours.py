"""Opening hours of a pool as instants, also across the two nights when the clocks change."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.hours import Counter, Hours

CHICAGO = ZoneInfo("America/Chicago")
OFFICE = Hours(tuple((day, time(8), time(17)) for day in range(5)), CHICAGO)
NIGHT = Hours(tuple((day, time(19), time(7)) for day in range(7)), CHICAGO)
ROUND_THE_CLOCK = Hours(tuple((day, time(0), time(0)) for day in range(7)), CHICAGO)


def local(*parts, fold=0):
    return datetime(*parts, tzinfo=CHICAGO, fold=fold)


def test_a_pool_without_hours_is_always_open():
    hours = Hours()
    start, end = local(2026, 11, 21, 3), local(2026, 11, 22, 4)
    assert hours.is_open(start) and hours.next_opening(start) == start
    assert hours.open_seconds(start, end) == 25 * 3600
    assert hours.next_closing(start) is None


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        (local(2026, 11, 20, 7, 59, 59), False),
        (local(2026, 11, 20, 8), True),
        (local(2026, 11, 20, 16, 59, 59), True),
        (local(2026, 11, 20, 17), False),
        (local(2026, 11, 21, 12), False),
    ],
)
def test_open_from_the_first_second_to_the_last(at, is_open):
    assert OFFICE.is_open(at) is is_open


def test_friday_evening_waits_for_monday():
    assert OFFICE.next_opening(local(2026, 11, 20, 17)) == local(2026, 11, 23, 8)
    assert OFFICE.open_seconds(local(2026, 11, 20, 16), local(2026, 11, 23, 9)) == 2 * 3600
    assert OFFICE.next_closing(local(2026, 11, 20, 16)) == local(2026, 11, 20, 17)
    assert OFFICE.next_closing(local(2026, 11, 21, 16)) is None


def test_one_day_a_week_waits_for_the_next_week():
    mondays = Hours(((0, time(8), time(9)),), CHICAGO)
    assert mondays.next_opening(local(2026, 11, 23, 9)) == local(2026, 11, 30, 8)


def test_a_night_belongs_to_the_evening_it_began_in():
    sunday = Hours(((6, time(19), time(7)),), CHICAGO)
    assert sunday.is_open(local(2026, 11, 23, 6, 59))
    assert not sunday.is_open(local(2026, 11, 22, 6, 59))


def test_the_long_and_the_short_night():
    """Clocks go back on 1 November 2026 and forward on 14 March 2027."""
    assert NIGHT.open_seconds(local(2026, 10, 31, 12), local(2026, 11, 1, 12)) == 13 * 3600
    assert NIGHT.open_seconds(local(2027, 3, 13, 12), local(2027, 3, 14, 12)) == 11 * 3600
    assert Hours().open_seconds(local(2026, 10, 31, 12), local(2026, 11, 1, 12)) == 25 * 3600


def test_what_opens_in_the_hour_that_comes_twice_opens_the_first_time():
    early = Hours(((6, time(1, 30), time(3)),), CHICAGO)
    assert early.is_open(local(2026, 11, 1, 1, 45))
    assert early.open_seconds(local(2026, 11, 1, 0), local(2026, 11, 1, 12)) == 2.5 * 3600


def test_what_lies_within_the_hour_that_is_left_out_does_not_open():
    gone = Hours(((6, time(2), time(3)),), CHICAGO)
    start = local(2027, 3, 14, 0)
    assert gone.open_seconds(start, start + timedelta(days=1)) == 0
    assert gone.next_opening(start) == local(2027, 3, 21, 2)


def test_around_the_clock_is_one_stretch():
    start = local(2026, 10, 30, 10).astimezone(UTC)
    assert len(list(ROUND_THE_CLOCK.windows(start, start + timedelta(days=5)))) == 1
    assert ROUND_THE_CLOCK.next_closing(start) is None
    assert ROUND_THE_CLOCK.open_seconds(start, start + timedelta(days=5)) == 5 * 86400


def test_hours_that_overlap_count_once():
    twice = Hours(((0, time(8), time(12)), (0, time(10), time(14))), CHICAGO)
    monday = local(2026, 11, 23)
    assert twice.open_seconds(monday, monday + timedelta(days=1)) == 6 * 3600


def test_no_time_passes_backwards():
    assert OFFICE.open_seconds(local(2026, 11, 20, 16), local(2026, 11, 20, 9)) == 0
    assert Hours().open_seconds(local(2026, 11, 20, 16), local(2026, 11, 20, 9)) == 0


# Whole quarters of an hour, so that stepping through them finds every second.
quarter = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))
weeks = st.lists(st.tuples(st.integers(0, 6), quarter, quarter), max_size=6).map(tuple)
starts = st.sampled_from([local(2026, 10, 29, 5), local(2027, 3, 11, 22), local(2026, 6, 1)])


def open_by_the_wall(week, at):
    """Whether the clock on the wall is within some hours; the clocks do not change just then."""
    wall = at.astimezone(CHICAGO)
    now, today, yesterday = wall.time(), wall.weekday(), (wall.weekday() - 1) % 7
    for weekday, opens, closes in week:
        over_night = closes <= opens
        if weekday == today and opens <= now and (over_night or now < closes):
            return True
        if weekday == yesterday and over_night and now < closes:
            return True
    return not week


@given(weeks, st.integers(0, 4 * 24 * 9), st.integers(0, 4 * 24 * 8))
def test_open_seconds_are_those_that_a_clock_on_the_wall_counts(week, offset, length):
    hours = Hours(week, CHICAGO)
    start = datetime(2026, 6, 1, tzinfo=UTC) + timedelta(minutes=15 * offset)
    steps = [start + timedelta(minutes=15 * n) for n in range(length)]
    counted = sum(900 for each in steps if open_by_the_wall(week, each))
    end = start + timedelta(minutes=15 * length)
    assert hours.open_seconds(start, end) == counted
    assert all(hours.is_open(each) == open_by_the_wall(week, each) for each in steps[:96])


@given(weeks, starts, st.integers(0, 9 * 86400), st.integers(0, 9 * 86400))
def test_time_adds_up_and_a_counter_counts_the_same(week, start, first, second):
    hours = Hours(week, CHICAGO)
    start = start.astimezone(UTC)
    middle = start + timedelta(seconds=first)
    end = middle + timedelta(seconds=second)
    whole = hours.open_seconds(start, end)
    assert whole == hours.open_seconds(start, middle) + hours.open_seconds(middle, end)
    counter = Counter(hours, start, end)
    assert counter.open_seconds(start, end) == whole
    assert counter.open_seconds(middle, end) == hours.open_seconds(middle, end)
    assert counter.open_seconds(end, start) == 0


@given(weeks, starts, st.integers(0, 9 * 86400))
def test_the_next_opening_is_the_first_open_instant(week, start, offset):
    hours = Hours(week, CHICAGO)
    at = start.astimezone(UTC) + timedelta(seconds=offset)
    if week and not list(hours.windows(at, at + timedelta(days=14))):
        return
    opening = hours.next_opening(at)
    assert hours.is_open(opening)
    assert hours.open_seconds(at, opening) == 0
