"""The period that statistics are asked for, and its days or weeks, in the clinic's time. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from django.utils.timezone import get_default_timezone

from fhir.datatypes import LATEST, parse_date
from fhir.errors import InvalidSearch
from fhir.search.parse import blamed

DAYS = 31
"""The longest period that is told by days unless weeks are asked for."""
WEEKS = 13
"""Without a period, the trend of so many weeks is told."""
MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class Period:
    """start ≤ instant < end; None where it is open."""

    start: datetime | None = None
    end: datetime | None = None


def period_of(start: str, end: str) -> Period:
    """Of FHIR dates, the end included. Raises InvalidSearch."""
    period = Period(
        _instant(start, "periodStart", end=False) if start else None,
        _instant(end, "periodEnd", end=True) if end else None,
    )
    if period.start and period.end and period.end <= period.start:
        raise InvalidSearch("periodEnd is before periodStart.", expression=blamed("periodEnd"))
    return period


def _instant(text: str, name: str, *, end: bool) -> datetime:
    """A date without a time is a day, month or year of the clinic's calendar."""
    text = text.replace(" ", "+")
    try:
        found = parse_date(text)
    except ValueError as error:
        raise InvalidSearch(f"{name} must be a date.", expression=blamed(name)) from error
    at = found.high if end else found.low
    if "T" in text or at == LATEST:
        return at
    return at.replace(tzinfo=get_default_timezone())


@dataclass(frozen=True, slots=True)
class Point:
    """A day or a week from its first day on, or what there was of it."""

    date: date
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Trend:
    points: tuple[Point, ...]
    zone: tzinfo


def time_of_day(text: str) -> time:
    """Raises InvalidSearch."""
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise InvalidSearch(
            "overdueAt must be a time of day: 08:00.", expression=blamed("overdueAt")
        ) from error


def trend_of(period: Period, interval: str, *, now: datetime, at: time | None = None) -> Trend:
    """The days or weeks of the period up to now; of a very long one without an interval the last
    weeks. With `at`, each ends at that time of day, and they are told back from the last one.
    Raises InvalidSearch.
    """
    if interval not in ("", "day", "week"):
        raise InvalidSearch("interval must be day or week.", expression=blamed("interval"))
    zone = get_default_timezone()
    end = min(period.end or now, now)
    start = period.start or end - timedelta(weeks=WEEKS)
    if not interval:
        start = max(start, end - timedelta(weeks=MOST_POINTS))
        interval = "day" if end - start <= timedelta(days=DAYS) else "week"
    length = timedelta(days=1 if interval == "day" else 7)
    first = start.astimezone(zone).date()
    if interval == "week":
        first -= timedelta(days=first.weekday())
    if (end - start) / length > MOST_POINTS:
        raise InvalidSearch(
            f"A period of more than {MOST_POINTS} {interval}s is too long for this interval.",
            expression=blamed("interval"),
        )
    if at is not None:
        return Trend(tuple(_back_from(end, start, length, at, zone)), zone)
    points = []
    while (begin := _midnight(first, zone)) < end:
        following = _midnight(first + length, zone)
        points.append(Point(first, max(begin, start), min(following, end)))
        first += length
    return Trend(tuple(points), zone)


def _back_from(
    end: datetime, start: datetime, length: timedelta, at: time, zone: tzinfo
) -> list[Point]:
    day = end.astimezone(zone).date()
    if datetime.combine(day, at, zone) > end:
        day -= timedelta(days=1)
    points: list[Point] = []
    while (until := datetime.combine(day, at, zone)) > start:
        points.append(Point(day, datetime.combine(day - length, at, zone), until))
        day -= length
    return points[::-1]


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)
