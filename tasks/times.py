"""Times as staff read them: clinic time, 24 h, relative only within a day. Pure but for the zone.

"12 min", "in 18 min", "13:00", "Sat 21 Nov"; never "soon" (ui.md 2.10).
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

SOON = timedelta(hours=1)
RELATIVE = timedelta(hours=2)


class Due(NamedTuple):
    """When a Task is due: the instant, how it is said, and whether that is "late" or "soon"."""

    at: datetime | None
    text: str
    kind: str = ""
    clock: str = ""
    """The time by itself ("Today 10:30"), for places that have room for both."""
    day_only: bool = False

    @property
    def sentence(self) -> str:
        if self.at is None:
            return "No due date"
        if self.kind == "late":
            return f"Overdue {self.text}"
        near = self.text.startswith(("Today", "Tomorrow", "Yesterday"))
        return f"Due {self.text[0].lower() if near else self.text[0]}{self.text[1:]}"


def due(end: str | None, at: datetime | None, now: datetime) -> Due:
    """`end` is restriction.period.end as written; `at` the instant that it is judged by (UTC)."""
    if not end or at is None:
        return Due(None, "")
    day_only = len(end) <= 10
    clock = day(_local_day(end, at), now) if day_only else f"{day(at, now)} {time_of(at)}"
    if at <= now:
        return Due(at, duration(now - at), "late", clock, day_only)
    if day_only:
        return Due(at, clock.lower() if clock in ("Today", "Tomorrow") else clock, "", clock, True)
    left = at - now
    if left < RELATIVE:
        return Due(at, f"in {duration(left)}", "soon" if left < SOON else "", clock)
    local = timezone.localtime(at).date()
    text = time_of(at) if local == timezone.localtime(now).date() else clock
    return Due(at, text, "", clock)


def _local_day(end: str, at: datetime) -> date:
    """The day that a date without a time names; a year or a month stands for its last day."""
    return date.fromisoformat(end) if len(end) == 10 else (at - timedelta(seconds=1)).date()


def duration(length: timedelta) -> str:
    """under 1 min · 12 min · 1 h 05 min · 3 days"""
    minutes = int(length.total_seconds() // 60)
    if minutes < 1:
        return "under 1 min"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    days = minutes // (24 * 60)
    return f"{days} day{'s' if days > 1 else ''}"


def time_of(at: datetime) -> str:
    return timezone.localtime(at).strftime("%H:%M")


def day(at: datetime | date, now: datetime) -> str:
    """Today · Tomorrow · Yesterday · Sat 21 Nov · 21 Nov 2027"""
    on = timezone.localtime(at).date() if isinstance(at, datetime) else at
    today = timezone.localtime(now).date()
    near = {0: "Today", 1: "Tomorrow", -1: "Yesterday"}.get((on - today).days)
    if near:
        return near
    text = f"{on.day} {on:%b}"
    return f"{on:%a} {text}" if abs((on - today).days) < 180 else f"{text} {on.year}"


def moment(at: datetime | None, now: datetime) -> str:
    """10:36 today, with its day otherwise."""
    if at is None:
        return ""
    name = day(at, now)
    return time_of(at) if name == "Today" else f"{name} {time_of(at)}"


def ago(at: datetime, now: datetime) -> str:
    """ "44 min ago" within a day, else the day and time."""
    length = now - at
    if length < timedelta(minutes=1):
        return "just now"
    return f"{duration(length)} ago" if length < timedelta(days=1) else moment(at, now)


def age(born: str, now: datetime) -> str:
    """62y, 14 mo or 9 d, from a FHIR birthDate of any precision; "" when it cannot be said."""
    today = timezone.localtime(now).date()
    parts = [int(part) for part in born.split("-")]
    if len(parts) < 3:
        return f"{today.year - parts[0]}y" if today.year - parts[0] > 2 else ""
    on = date(*parts)
    months = (today.year - on.year) * 12 + today.month - on.month - (today.day < on.day)
    if months >= 24:
        return f"{months // 12}y"
    return f"{months} mo" if months >= 1 else f"{max((today - on).days, 0)} d"


def born(birth_date: str) -> str:
    """14-Feb-1964, as clinical systems write it."""
    parts = birth_date.split("-")
    if len(parts) == 3:
        return f"{date.fromisoformat(birth_date):%d-%b-%Y}"
    return f"{date(int(parts[0]), int(parts[1]), 1):%b-%Y}" if len(parts) == 2 else birth_date


def zone_name(now: datetime) -> str:
    """CST (UTC−6)"""
    local = timezone.localtime(now)
    offset = local.utcoffset() or timedelta()
    minutes = int(offset.total_seconds() // 60)
    sign = "−" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    shown = f"UTC{sign}{hours}{f':{rest:02d}' if rest else ''}" if minutes else "UTC"
    name = local.tzname() or ""
    return shown if name in ("", "UTC") or name[0] in "+-" else f"{name} ({shown})"
