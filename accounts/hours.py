"""When a pool is open: its opening hours in the clinic's time, as instants.

A pool without hours is always open. Hours are wall-clock times of the clinic's zone, so a day on
which the clocks change is an hour shorter or longer.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from django.utils.timezone import get_default_timezone

from accounts.models import OpeningHours

DAY = timedelta(days=1)
WEEK = 7


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of being open: opens ≤ instant < closes, in UTC."""

    opens: datetime
    closes: datetime


@dataclass(frozen=True, slots=True)
class Hours:
    """The week of one pool: (weekday, opens, closes) each; none for a pool that never closes.

    Weekdays count from Monday, 0. A closing time at or before the opening one is the next day's.
    """

    week: tuple[tuple[int, time, time], ...] = ()
    zone: tzinfo = UTC

    @property
    def always(self) -> bool:
        return not self.week

    def is_open(self, at: datetime) -> bool:
        at = at.astimezone(UTC)
        return self.always or any(
            window.opens <= at < window.closes for window in self.windows(at, at + DAY)
        )

    def next_opening(self, at: datetime) -> datetime:
        """`at` itself while it is open; else when it opens next."""
        if self.is_open(at):
            return at
        at = at.astimezone(UTC)
        # Everything opens at least once a week; a second one covers a week cut by its own start.
        return next(
            window.opens for window in self.windows(at, at + 2 * WEEK * DAY) if window.opens > at
        )

    def next_closing(self, at: datetime) -> datetime | None:
        """When what is open at `at` closes; None while it is closed, and for what never closes.

        A pool that is open around the clock on every day never closes either.
        """
        at = at.astimezone(UTC)
        end = at + 2 * WEEK * DAY
        for window in () if self.always else self.windows(at, end):
            if window.opens <= at < window.closes:
                return window.closes if window.closes < end else None
        return None

    def open_seconds(self, start: datetime, end: datetime) -> float:
        """Seconds of being open in start ≤ instant < end; 0 when `end` is not after `start`."""
        # In UTC: between two times of one zone, Python counts by the clock on the wall.
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if end <= start:
            return 0.0
        if self.always:
            return (end - start).total_seconds()
        return sum(
            (min(window.closes, end) - max(window.opens, start)).total_seconds()
            for window in self.windows(start, end)
        )

    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        """The stretches of being open that touch start ≤ instant < end, whole, none overlapping."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if self.always:
            yield Window(start, end)
            return
        day = start.astimezone(self.zone).date() - DAY  # what opened yesterday may still be open
        last = end.astimezone(self.zone).date() + DAY  # and what closes late be joined to the next
        joined: Window | None = None
        while day <= last:
            for window in self._windows_of(day):
                if joined and window.opens <= joined.closes:
                    joined = Window(joined.opens, max(joined.closes, window.closes))
                    continue
                if joined and joined.opens < end and joined.closes > start:
                    yield joined
                joined = window
            day += DAY
        if joined and joined.opens < end and joined.closes > start:
            yield joined

    def _windows_of(self, day: date) -> list[Window]:
        """What opens on one day, in order."""
        found = []
        for weekday, opens, closes in self.week:
            if weekday == day.weekday():
                closing_day = day + DAY if closes <= opens else day
                window = Window(self._instant(day, opens), self._instant(closing_day, closes))
                if window.opens < window.closes:  # the clocks may have left out all of it
                    found.append(window)
        return sorted(found, key=lambda window: window.opens)

    def _instant(self, day: date, at: time) -> datetime:
        """A wall-clock time as an instant; one that comes twice is meant the first time."""
        return datetime.combine(day, at, self.zone).astimezone(UTC)


class Counter:
    """Open seconds of many stretches of time of one pool: the windows are worked out once.

    `start` and `end` bound every stretch that will be asked for.
    """

    def __init__(self, hours: Hours, start: datetime, end: datetime):
        self._windows = list(hours.windows(start, end)) if end > start else []
        self._opens = [window.opens for window in self._windows]
        self._before = [0.0]
        for window in self._windows:
            self._before.append(self._before[-1] + (window.closes - window.opens).total_seconds())

    def open_seconds(self, start: datetime, end: datetime) -> float:
        return max(0.0, self._until(end) - self._until(start))

    def _until(self, at: datetime) -> float:
        """Open seconds from the first window to `at`."""
        at = at.astimezone(UTC)
        place = bisect_right(self._opens, at)
        if not place:
            return 0.0
        window = self._windows[place - 1]
        return self._before[place - 1] + (min(window.closes, at) - window.opens).total_seconds()


def hours_of(pool_ids: Iterable[int]) -> dict[int, Hours]:
    """The hours of each pool, in one query."""
    weeks = defaultdict(list)
    wanted = set(pool_ids)
    rows = OpeningHours.objects.filter(pool_id__in=wanted).order_by("weekday", "opens")
    for pool_id, *opening in rows.values_list("pool_id", "weekday", "opens", "closes"):
        weeks[pool_id].append(tuple(opening))
    zone = get_default_timezone()
    return {pool_id: Hours(tuple(weeks[pool_id]), zone) for pool_id in wanted}


def is_open(pool_id: int, at: datetime) -> bool:
    return hours_of([pool_id])[pool_id].is_open(at)


def next_opening(pool_id: int, at: datetime) -> datetime:
    """`at` itself while the pool is open; else when it opens next."""
    return hours_of([pool_id])[pool_id].next_opening(at)


def open_seconds(pool_id: int, start: datetime, end: datetime) -> float:
    """Seconds of the pool's opening hours between two instants."""
    return hours_of([pool_id])[pool_id].open_seconds(start, end)
