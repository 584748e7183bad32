"""Times as staff read them: relative only within a day, in the language of the page, with the zone
and the hours that its reader has chosen (accounts.locale). Pure but for these three.

"12 min", "in 18 min", "13:00", "Sat 21 Nov"; never "soon" (ui.md 2.10).
"""

from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.locale import hour_cycle
from fhir.datatypes import to_instant

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
            return _("No due date")
        if self.kind == "late":
            return _("Overdue %(length)s") % {"length": self.text}
        return _("Due %(when)s") % {"when": within(self.text)}


def due(end: str | None, at: datetime | None, now: datetime) -> Due:
    """`end` is restriction.period.end as written; `at` the instant that it is judged by (UTC)."""
    if not end or at is None:
        return Due(None, "")
    day_only = len(end) <= 10
    clock = day(local_day(end, at), now) if day_only else f"{day(at, now)} {time_of(at)}"
    if at <= now:
        return Due(at, duration(now - at), "late", clock, day_only)
    if day_only:
        return Due(at, within(clock), "", clock, True)
    left = at - now
    if left < RELATIVE:
        text = _("in %(length)s") % {"length": duration(left)}
        return Due(at, text, "soon" if left < SOON else "", clock)
    return Due(at, time_of(at) if is_today(at, now) else clock, "", clock)


def written(on: str, clock: str) -> str:
    """What a field for a day and one for a time say, as FHIR writes it: a date or an instant, "" for
    neither. Raises ValueError for what is none, and for a time without its day.
    """
    if not on:
        if clock:
            raise ValueError
        return ""
    day_said = date.fromisoformat(on)
    if not clock:
        return day_said.isoformat()
    return to_instant(timezone.make_aware(datetime.combine(day_said, time.fromisoformat(clock))))


def local_day(end: str, at: datetime) -> date:
    """The day that a date without a time names; a year or a month stands for its last day."""
    return date.fromisoformat(end) if len(end) == 10 else (at - timedelta(seconds=1)).date()


def within(text: str) -> str:
    """A day or a moment as it stands within a sentence."""
    near = text.startswith((_("Today"), _("Tomorrow"), _("Yesterday")))
    return text[0].lower() + text[1:] if near else text


def duration(length: timedelta) -> str:
    """under 1 min · 12 min · 1 h 05 min · 3 days"""
    minutes = int(length.total_seconds() // 60)
    if minutes < 1:
        return _("under 1 min")
    if minutes < 60:
        return ngettext("%(count)d min", "%(count)d min", minutes) % {"count": minutes}
    if minutes < 24 * 60:
        return _("%(hours)d h %(minutes)02d min") % {
            "hours": minutes // 60,
            "minutes": minutes % 60,
        }
    days = minutes // (24 * 60)
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


def time_of(at: datetime) -> str:
    """13:05, or 1:05 PM for those who count to twelve."""
    written = "H:i" if hour_cycle() == "24" else pgettext("time of twelve hours", "g:i A")
    return date_format(timezone.localtime(at), written)


def halves() -> list[str]:
    """What the two halves of a day are called by those who count to twelve; none for others."""
    if hour_cycle() == "24":
        return []
    return [time_format(time(hour), "A") for hour in (0, 12)]


def day(at: datetime | date, now: datetime) -> str:
    """Today · Tomorrow · Yesterday · Sat 21 Nov · 21 Nov 2027"""
    on = local_date(at)
    away = (on - local_date(now)).days
    near = {0: _("Today"), 1: _("Tomorrow"), -1: _("Yesterday")}.get(away)
    if near:
        return near
    if abs(away) < 180:
        return date_format(on, pgettext("day of this year", "D j M"))
    return date_format(on, pgettext("day of another year", "j M Y"))


def local_date(at: datetime | date) -> date:
    return timezone.localtime(at).date() if isinstance(at, datetime) else at


def is_today(at: datetime | date, now: datetime) -> bool:
    return local_date(at) == local_date(now)


def is_midnight(at: datetime) -> bool:
    """Whether a day begins with it."""
    local = timezone.localtime(at)
    return (local.hour, local.minute) == (0, 0)


def moment(at: datetime | None, now: datetime) -> str:
    """10:36 today, with its day otherwise."""
    if at is None:
        return ""
    return time_of(at) if is_today(at, now) else f"{day(at, now)} {time_of(at)}"


def ago(at: datetime, now: datetime) -> str:
    """ "44 min ago" within a day, else the day and time."""
    length = now - at
    if length < timedelta(minutes=1):
        return _("just now")
    if length < timedelta(days=1):
        return _("%(length)s ago") % {"length": duration(length)}
    return moment(at, now)


def age(born: str, now: datetime) -> str:
    """62y, 14 mo or 9 d, from a FHIR birthDate of any precision; "" when it cannot be said."""
    today = local_date(now)
    parts = [int(part) for part in born.split("-")]
    if len(parts) < 3:
        years = today.year - parts[0]
        return _years(years) if years > 2 else ""
    on = date(*parts)
    months = (today.year - on.year) * 12 + today.month - on.month - (today.day < on.day)
    if months >= 24:
        return _years(months // 12)
    if months >= 1:
        return ngettext("%(count)d mo", "%(count)d mo", months) % {"count": months}
    days = max((today - on).days, 0)
    return ngettext("%(count)d d", "%(count)d d", days) % {"count": days}


def _years(count: int) -> str:
    return ngettext("%(count)dy", "%(count)dy", count) % {"count": count}


def born(birth_date: str) -> str:
    """14-Feb-1964, as clinical systems write it."""
    parts = birth_date.split("-")
    if len(parts) == 3:
        return date_format(date.fromisoformat(birth_date), "d-M-Y")
    return (
        date_format(date(int(parts[0]), int(parts[1]), 1), "M-Y") if len(parts) == 2 else parts[0]
    )


def zone_name(now: datetime, zone: tzinfo | None = None) -> str:
    """CST (UTC−6): of the reader's zone, or of another one."""
    local = timezone.localtime(now, zone)
    offset = local.utcoffset() or timedelta()
    minutes = int(offset.total_seconds() // 60)
    sign = "−" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    shown = f"UTC{sign}{hours}{f':{rest:02d}' if rest else ''}" if minutes else "UTC"
    name = local.tzname() or ""
    return shown if name in ("", "UTC") or name[0] in "+-" else f"{name} ({shown})"


def clinic_zone(now: datetime) -> str:
    """The clinic's zone, where its clocks differ from the reader's now; "" where they agree."""
    clinic = timezone.get_default_timezone()
    here, there = timezone.localtime(now), timezone.localtime(now, clinic)
    return "" if here.utcoffset() == there.utcoffset() else zone_name(now, clinic)
