"""FHIR values in words: what a reader is shown of a `value[x]`, with its unit.

https://hl7.org/fhir/R4/datatypes.html
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fhir.datatypes import DateRange, display_of, parse_date
from tasks import times

SPACE = "\u00a0"
"""Between a number and its unit: they are never on two lines."""

STATUSES = {
    "registered": gettext_lazy("Registered"),
    "partial": gettext_lazy("Partial"),
    "preliminary": gettext_lazy("Preliminary"),
    "final": gettext_lazy("Final"),
    "amended": gettext_lazy("Amended"),
    "corrected": gettext_lazy("Corrected"),
    "appended": gettext_lazy("Added to"),
    "cancelled": gettext_lazy("Cancelled"),
    "entered-in-error": gettext_lazy("Entered in error"),
    "unknown": gettext_lazy("Unknown"),
    "draft": gettext_lazy("Draft"),
    "active": gettext_lazy("Active"),
    "inactive": gettext_lazy("Inactive"),
    "retired": gettext_lazy("Retired"),
    "revoked": gettext_lazy("Revoked"),
    "on-hold": gettext_lazy("On hold"),
    "stopped": gettext_lazy("Stopped"),
    "completed": gettext_lazy("Completed"),
    "in-progress": gettext_lazy("In progress"),
    "current": gettext_lazy("Current"),
    "superseded": gettext_lazy("Superseded"),
    "proposed": gettext_lazy("Proposed"),
    "pending": gettext_lazy("Pending"),
    "booked": gettext_lazy("Booked"),
    "arrived": gettext_lazy("Arrived"),
    "checked-in": gettext_lazy("Checked in"),
    "fulfilled": gettext_lazy("Took place"),
    "noshow": gettext_lazy("Did not come"),
    "waitlist": gettext_lazy("On the waiting list"),
    "planned": gettext_lazy("Planned"),
    "triaged": gettext_lazy("Triaged"),
    "onleave": gettext_lazy("On leave"),
    "finished": gettext_lazy("Finished"),
    "proposal": gettext_lazy("Proposal"),
    "plan": gettext_lazy("Plan"),
    "order": gettext_lazy("Order"),
    "routine": gettext_lazy("Routine"),
    "urgent": gettext_lazy("Urgent"),
    "asap": gettext_lazy("ASAP"),
    "stat": gettext_lazy("STAT"),
}
TONES = {
    "final": "ok",
    "completed": "ok",
    "amended": "warn",
    "corrected": "warn",
    "appended": "warn",
    "entered-in-error": "danger",
    "cancelled": "danger",
}


def said(code: str) -> str:
    """A code of FHIR in words."""
    return str(STATUSES.get(code) or code.replace("-", " ").capitalize())


def number(value: Any, *, trimmed: bool = False) -> str:
    """With the digits that it came with: they say how exact it is. A dose is `trimmed`, as 5.0 has
    been read as 50."""
    if value is None or isinstance(value, bool):
        return ""
    text = f"{value:f}" if isinstance(value, Decimal) else f"{value}"
    return text.rstrip("0").rstrip(".") if trimmed and "." in text else text


def quantity(value: dict, *, trimmed: bool = False) -> str:
    """6.1 mmol/L, or > 100 mg"""
    amount = number(value.get("value"), trimmed=trimmed)
    unit = value.get("unit") or value.get("code") or ""
    sign = COMPARATORS.get(value.get("comparator", ""), "")
    return " ".join(filter(None, (sign, SPACE.join(filter(None, (amount, unit))))))


COMPARATORS = {"<": "<", "<=": "≤", ">=": "≥", ">": ">"}


def span(value: dict, *, trimmed: bool = False) -> str:
    """A Range: 3.5–5.1 mmol/L, ≥ 60 mL/min"""
    low, high = value.get("low") or {}, value.get("high") or {}
    if low and high:
        return f"{number(low.get('value'), trimmed=trimmed)}–{quantity(high, trimmed=trimmed)}"
    if low:
        return f"≥{SPACE}{quantity(low, trimmed=trimmed)}"
    return f"≤{SPACE}{quantity(high, trimmed=trimmed)}" if high else ""


def ratio(value: dict) -> str:
    parts = (quantity(value.get("numerator") or {}), quantity(value.get("denominator") or {}))
    return " : ".join(filter(None, parts))


def period(value: dict, now: datetime) -> str:
    start, end = (moment(value.get(each, ""), now) for each in ("start", "end"))
    if start and end:
        return f"{start} – {end}"
    if end:
        return _("until %(end)s") % {"end": end}
    return _("since %(start)s") % {"start": start} if start else ""


def samples(value: dict) -> str:
    count = len(value.get("data", "").split())
    return _("%(count)s measured points") % {"count": count}


def coding(value: dict) -> str:
    return value.get("display") or value.get("code", "")


def reference(value: dict) -> str:
    return value.get("display") or value.get("reference", "")


def attachment(value: dict) -> str:
    return value.get("title") or value.get("contentType") or _("File")


def value_of(part: dict, now: datetime) -> str:
    """`value[x]` of an Observation, a component or an answer, with its unit; "" for none."""
    for name, value in part.items():
        if name.startswith("value") and name != "value":
            return say(name.removeprefix("value"), value, now)
    absent = display_of(part.get("dataAbsentReason"))
    return _("No value: %(reason)s") % {"reason": absent} if absent else ""


def say(kind: str, value: Any, now: datetime) -> str:
    """A value of a FHIR type in words."""
    match kind:
        case "Quantity" | "Age" | "Duration" | "Money":
            return quantity(value)
        case "CodeableConcept":
            return display_of(value)
        case "Range":
            return span(value)
        case "Ratio":
            return ratio(value)
        case "Period":
            return period(value, now)
        case "SampledData":
            return samples(value)
        case "Boolean":
            return _("Yes") if value else _("No")
        case "Coding":
            return coding(value)
        case "Reference":
            return reference(value)
        case "Attachment":
            return attachment(value)
        case "Date" | "DateTime" | "Instant":
            return moment(value, now) or value
        case "Time":
            return value[:5]
        case "Integer" | "Decimal" | "PositiveInt" | "UnsignedInt":
            return number(value)
    return value if isinstance(value, str) else ""


def range_of(text: str) -> DateRange | None:
    """The instants that a FHIR date stands for; None for what is no date."""
    try:
        return parse_date(text)
    except ValueError:
        return None


def moment(text: str, now: datetime) -> str:
    """A FHIR date or dateTime in words, as exact as it is; "" for what is none."""
    found = range_of(text)
    if found is None:
        return ""
    if len(text) > 10:
        return times.moment(found.low, now)
    if len(text) == 10:
        return times.day(found.low.date(), timezone.localtime(now))
    return text if len(text) == 4 else date_format(found.low.date(), "F Y")


def short_day(at: datetime, now: datetime) -> str:
    """21 Nov, with the year where it is another one."""
    local = timezone.localtime(at)
    return date_format(local, "j M" if local.year == timezone.localtime(now).year else "j M Y")
