"""A Dosage in words, with nothing abbreviated: 10.0 has been read as 100, U as 0, and QD as QID.

https://hl7.org/fhir/R4/dosage.html
"""

from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from fhir.datatypes import codings, display_of
from tasks.focal.values import number, quantity, ratio, span

UNITS = {
    "ug": gettext_lazy("micrograms"),
    "µg": gettext_lazy("micrograms"),
    "μg": gettext_lazy("micrograms"),
    "mcg": gettext_lazy("micrograms"),
    "u": gettext_lazy("units"),
    "[u]": gettext_lazy("units"),
    "iu": gettext_lazy("international units"),
    "[iu]": gettext_lazy("international units"),
}
"""Units that have been misread, in full."""
TIMINGS = {
    "QD": gettext_lazy("once a day"),
    "BID": gettext_lazy("twice a day"),
    "TID": gettext_lazy("three times a day"),
    "QID": gettext_lazy("four times a day"),
    "QOD": gettext_lazy("every second day"),
    "AM": gettext_lazy("in the morning"),
    "PM": gettext_lazy("in the afternoon"),
    "Q1H": gettext_lazy("every hour"),
    "Q2H": gettext_lazy("every 2 hours"),
    "Q3H": gettext_lazy("every 3 hours"),
    "Q4H": gettext_lazy("every 4 hours"),
    "Q6H": gettext_lazy("every 6 hours"),
    "Q8H": gettext_lazy("every 8 hours"),
    "BED": gettext_lazy("at bedtime"),
    "WK": gettext_lazy("once a week"),
    "MO": gettext_lazy("once a month"),
}
"""http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"""


def dosage(dose: dict) -> str:
    """What its author wrote, else its parts: 5 mg, twice a day, by mouth, as needed."""
    if dose.get("text"):
        return dose["text"]
    said = [_amount(each) for each in dose.get("doseAndRate", [])]
    said += [_timing(dose.get("timing") or {}), display_of(dose.get("route"))]
    if dose.get("asNeededBoolean"):
        said.append(_("as needed"))
    elif reason := display_of(dose.get("asNeededCodeableConcept")):
        said.append(_("as needed for %(reason)s") % {"reason": reason})
    said += [display_of(each) for each in dose.get("additionalInstruction", [])]
    said.append(dose.get("patientInstruction", ""))
    return ", ".join(filter(None, said))


def _amount(given: dict) -> str:
    if "doseQuantity" in given:
        return _in_full(given["doseQuantity"])
    if "doseRange" in given:
        return span(
            {end: _spelled(each) for end, each in given["doseRange"].items() if end != "id"},
            trimmed=True,
        )
    if "rateRatio" in given:
        return ratio(given["rateRatio"])
    return _in_full(given["rateQuantity"]) if "rateQuantity" in given else ""


def _in_full(value: dict) -> str:
    return quantity(_spelled(value), trimmed=True)


def _spelled(value: dict) -> dict:
    unit = value.get("unit") or value.get("code") or ""
    return value | {"unit": str(UNITS.get(unit.lower(), unit))}


def _timing(timing: dict) -> str:
    for _system, code in codings(timing.get("code")):
        if code in TIMINGS:
            return str(TIMINGS[code])
    if text := display_of(timing.get("code")):
        return text
    repeat = timing.get("repeat") or {}
    count, length = repeat.get("frequency", 1), repeat.get("period")
    if length is None or repeat.get("periodUnit") not in ("s", "min", "h", "d", "wk", "mo", "a"):
        return ""
    every = _every(length, repeat["periodUnit"])
    if count == 1:
        return every
    return ngettext("%(count)s time %(every)s", "%(count)s times %(every)s", count) % {
        "count": count,
        "every": every,
    }


def _every(length: int | Decimal, unit: str) -> str:
    whole = int(length) if length == int(length) else 2
    said = {
        "s": ngettext("every second", "every %(n)s seconds", whole),
        "min": ngettext("every minute", "every %(n)s minutes", whole),
        "h": ngettext("every hour", "every %(n)s hours", whole),
        "d": ngettext("every day", "every %(n)s days", whole),
        "wk": ngettext("every week", "every %(n)s weeks", whole),
        "mo": ngettext("every month", "every %(n)s months", whole),
        "a": ngettext("every year", "every %(n)s years", whole),
    }[unit]
    return said % {"n": number(length, trimmed=True)}
