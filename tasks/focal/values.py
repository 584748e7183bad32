"""FHIR values in words."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from fhir.datatypes import display_of, parse_date
from tasks import times


def value_of(part: dict) -> str:
    """`value[x]` of an Observation, a component or an answer, with its unit."""
    for name, value in part.items():
        if not name.startswith("value"):
            continue
        match value:
            case bool():
                return "Yes" if value else "No"
            case str():
                return value
            case int() | Decimal():
                return number(value)
            case {"value": amount}:
                unit = value.get("unit") or value.get("code") or ""
                return f"{value.get('comparator', '')}{number(amount)}\u00a0{unit}".strip()
            case {"display": display}:
                return display
            case dict():
                return display_of(value) or value.get("code", "")
    return ""


def number(value: Any) -> str:
    return "" if value is None else f"{value}"


def said(code: str) -> str:
    return code.upper() if code in ("stat", "asap") else code.replace("-", " ").capitalize()


def moment(text: str, now: datetime) -> str:
    """A FHIR date or dateTime in words; "" for what is none."""
    try:
        at = parse_date(text).low
    except ValueError:
        return ""
    return (
        times.moment(at, now) if len(text) > 10 else times.day(at.date(), timezone.localtime(now))
    )
