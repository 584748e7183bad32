"""What is typed, as `value[x]` of an answer, and the way back."""

import re
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fhir.datatypes import parse_date
from tasks.questionnaires.options import HIGHEST, LOWEST, UNITS, extension, extensions

NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,10})?|\.\d{1,10})")


def short_enough(item: dict, text: str) -> str:
    longest = item.get("maxLength")
    if longest and len(text) > longest:
        raise ValueError(
            ngettext(
                "This may have %(longest)s character at most; it has %(count)s.",
                "This may have %(longest)s characters at most; it has %(count)s.",
                longest,
            )
            % {"longest": longest, "count": len(text)}
        )
    return text


def typed(item: dict, text: str, unit: str = "") -> dict:
    """An answer from what is typed. Raises ValueError, with a sentence, for what is none."""
    match item.get("type"):
        case "integer":
            return {"valueInteger": int(_within(item, _number(text, whole=True)))}
        case "decimal":
            return {"valueDecimal": _within(item, _number(text))}
        case "quantity":
            return {"valueQuantity": _quantity(item, text, unit.strip())}
        case "date":
            return {"valueDate": _date(text)}
        case "dateTime":
            return {"valueDateTime": _date_time(text)}
        case "time":
            return {"valueTime": _time(text)}
        case "url":
            if not text.startswith(("http://", "https://")) or " " in text:
                raise ValueError(_("Write a whole address, for example https://example.org."))
            return {"valueUri": short_enough(item, text)}
        case "reference":
            return {"valueReference": {"display": short_enough(item, text)}}
    return {"valueString": short_enough(item, text)}


def _number(text: str, *, whole: bool = False) -> Decimal:
    if not NUMBER.fullmatch(text):
        if "," in text:
            raise ValueError(_("Write the number with a point and without commas: 0.5."))
        raise ValueError(_("Write a whole number.") if whole else _("Write a number."))
    found = Decimal(text)
    if whole and (found != found.to_integral_value() or abs(found) >= 2**31):
        raise ValueError(_("Write a whole number."))
    return found


def _within(item: dict, value: Decimal) -> Decimal:
    lowest, highest = extension(item, LOWEST), extension(item, HIGHEST)
    if isinstance(lowest, int | Decimal) and value < lowest:
        raise ValueError(_("This must be %(lowest)s or more.") % {"lowest": lowest})
    if isinstance(highest, int | Decimal) and value > highest:
        raise ValueError(_("This must be %(highest)s or less.") % {"highest": highest})
    return value


def _quantity(item: dict, text: str, unit: str) -> dict:
    found = {"value": _within(item, _number(text))}
    known = [value for url in UNITS for value in extensions(item, url)]
    coding = next(
        (each for each in known if unit in (each.get("display"), each.get("code"))),
        known[0] if len(known) == 1 else None,
    )
    if coding:
        found["unit"] = coding.get("display") or coding.get("code", "")
        if "code" in coding and "system" in coding:
            found |= {"system": coding["system"], "code": coding["code"]}
    elif unit:
        found["unit"] = unit[:100]
    return found


def _date(text: str) -> str:
    try:
        parse_date(text)
    except ValueError:
        raise ValueError(_("Write a date, for example 2026-11-21.")) from None
    if len(text) > 10:
        raise ValueError(_("Write a date without a time."))
    return text


def _date_time(text: str) -> str:
    """What a browser sends has no zone: it is the reader's own time."""
    if len(text) <= 10:
        return _date(text)
    try:
        return timezone.make_aware(datetime.fromisoformat(text)).isoformat(timespec="seconds")
    except ValueError:
        raise ValueError(_("Write a date and a time, for example 2026-11-21T09:30.")) from None


def _time(text: str) -> str:
    try:
        return time.fromisoformat(text).replace(microsecond=0, tzinfo=None).isoformat()
    except ValueError:
        raise ValueError(_("Write a time, for example 09:30.")) from None


def as_typed(name: str, value: Any) -> str | None:
    """How an answer is typed."""
    match name, value:
        case "valueDateTime", str() if len(value) > 10:
            return timezone.localtime(parse_date(value).low).strftime("%Y-%m-%dT%H:%M")
        case "valueTime", str():
            return value[:5]
        case _, str():
            return value
        case _, bool():
            return None
        case _, int() | Decimal():
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
        case "valueQuantity", {"value": amount}:
            return f"{amount:f}" if isinstance(amount, Decimal) else str(amount)
        case "valueReference", dict():
            return value.get("display", "")
        case "valueCoding", dict():
            return value.get("display") or value.get("code")
    return None
