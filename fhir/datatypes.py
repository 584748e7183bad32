"""FHIR datatypes as values: dates with their precision, references, codings, names. Pure.

https://hl7.org/fhir/R4/datatypes.html
"""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

# Open ends of a period: earlier and later than any date that FHIR can write.
EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
TYPE_NAME = re.compile(r"[A-Z][A-Za-z]{1,63}")
DATE_TIME = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>0[1-9]|[12][0-9]|3[01])"
    r"(?:T(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9])"
    r":(?P<second>[0-5][0-9]|60)(?:\.(?P<fraction>[0-9]+))?"
    r"(?P<zone>Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00)))?)?)?"
)


@dataclass(frozen=True, slots=True)
class DateRange:
    """The instants that a date of some precision stands for: low ≤ instant < high, in UTC."""

    low: datetime
    high: datetime


def parse_date(text: str) -> DateRange:
    """The range of a FHIR date, dateTime or instant; without a zone, UTC is taken.

    Raises ValueError for another form or for a day that no calendar has.
    https://hl7.org/fhir/R4/search.html#date
    """
    match = DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("not a FHIR date")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if month is None:
        low = datetime(int(year), 1, 1, tzinfo=UTC)
        return DateRange(low, _start_of_next_year(low))
    if day is None:
        low = datetime(int(year), int(month), 1, tzinfo=UTC)
        return DateRange(low, _later(low, timedelta(monthrange(low.year, low.month)[1])))
    if hour is None:
        low = datetime(int(year), int(month), int(day), tzinfo=UTC)
        return DateRange(low, _later(low, timedelta(days=1)))
    # Second 60 is a leap second: FHIR allows it, Python does not know it.
    local = datetime(
        int(year), int(month), int(day), int(hour), int(minute), min(int(second), 59)
    ).replace(tzinfo=_offset(zone))
    try:
        low = local.astimezone(UTC)
    except OverflowError:  # the first or the last day of the calendar, in a zone beyond it
        low = EARLIEST if local.year == EARLIEST.year else LATEST
    if second == "60":
        low = _later(low, timedelta(seconds=1))
        fraction = None
    if fraction is None:
        return DateRange(low, _later(low, timedelta(seconds=1)))
    digits = fraction[:6]
    low = low.replace(microsecond=int(digits.ljust(6, "0")))
    return DateRange(low, _later(low, timedelta(microseconds=10 ** (6 - len(digits)))))


def _offset(zone: str) -> timezone:
    if zone == "Z":
        return UTC
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))


def _later(moment: datetime, step: timedelta) -> datetime:
    try:
        return moment + step
    except OverflowError:
        return LATEST


def _start_of_next_year(moment: datetime) -> datetime:
    return LATEST if moment.year == LATEST.year else moment.replace(year=moment.year + 1)


def period_range(period: dict) -> DateRange:
    """The range of a Period; an open end reaches EARLIEST or LATEST.

    Raises ValueError like parse_date. https://hl7.org/fhir/R4/datatypes.html#Period
    """
    start, end = period.get("start"), period.get("end")
    return DateRange(
        parse_date(start).low if start else EARLIEST,
        parse_date(end).high if end else LATEST,
    )


def to_instant(moment: datetime) -> str:
    """An aware datetime as a FHIR instant in UTC with milliseconds: 2026-01-02T03:04:05.678Z."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds") + "Z"


# --- references -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reference:
    """A literal reference, taken apart. https://hl7.org/fhir/R4/references.html#literal

    Relative: type and id. Absolute and ending like a REST address: those and the url before them.
    Any other URL or URN: url only. `#id`: contained only; `#` alone is the container itself.
    """

    type: str | None = None
    id: str | None = None
    version: str | None = None
    url: str | None = None
    contained: str | None = None

    @property
    def is_relative(self) -> bool:
        return self.type is not None and self.url is None


def parse_reference(text: str) -> Reference:
    """Raises ValueError for what is neither relative nor absolute nor contained."""
    if text.startswith("#"):
        if len(text) > 1 and not ID.fullmatch(text, 1):
            raise ValueError("not a contained id")
        return Reference(contained=text[1:])
    if text.split() != [text]:
        raise ValueError("a reference has no spaces")
    scheme, colon, rest = text.partition(":")
    absolute = bool(colon) and scheme.replace("+", "").replace("-", "").isalnum()
    if absolute and (not rest or not scheme[0].isalpha()):
        raise ValueError("not a URL")
    base, type_name, id, version = _rest_address(text)
    if absolute:
        if not scheme.lower().startswith("http") or type_name is None or not base:
            return Reference(url=text)
        return Reference(type_name, id, version, base)
    if type_name is None or base or text.startswith("/"):
        raise ValueError("not a reference")
    return Reference(type_name, id, version)


def _rest_address(text: str) -> tuple[str, str | None, str | None, str | None]:
    """`base/Type/id/_history/version` in its four parts; no type when it has another form."""
    segments, version = text.split("/"), None
    if len(segments) >= 4 and segments[-2] == "_history":
        version = segments[-1]
        if not ID.fullmatch(version):
            return "", None, None, None
        segments = segments[:-2]
    if len(segments) < 2 or not ID.fullmatch(segments[-1]) or not TYPE_NAME.fullmatch(segments[-2]):
        return "", None, None, None
    return "/".join(segments[:-2]), segments[-2], segments[-1], version


# --- identifiers, codings and what a person reads -------------------------------------------------


def identifiers(value: dict | list | None) -> Iterator[tuple[str | None, str]]:
    """`(system, value)` of an Identifier or of a list of them, those with a value."""
    for each in [value] if isinstance(value, dict) else value or ():
        if each and each.get("value"):
            yield each.get("system"), each["value"]


def codings(concept: dict | list | None) -> Iterator[tuple[str | None, str]]:
    """`(system, code)` of every coding with a code, of a CodeableConcept or of a list of them."""
    for each in [concept] if isinstance(concept, dict) else concept or ():
        for coding in each.get("coding", ()):
            if coding.get("code"):
                yield coding.get("system"), coding["code"]


def display_of(concept: dict | None) -> str:
    """What to show for a CodeableConcept: its text, else the first display, else the first code."""
    if not concept:
        return ""
    if concept.get("text"):
        return concept["text"]
    shown = concept.get("coding", ())
    for key in ("display", "code"):
        for coding in shown:
            if coding.get(key):
                return coding[key]
    return ""


def format_name(name: dict | list | None) -> str:
    """A HumanName, or the best of a list of them, as one line: its text, else its parts.

    https://hl7.org/fhir/R4/datatypes.html#HumanName
    """
    if isinstance(name, list):
        name = _best_name(name)
    if not name:
        return ""
    if name.get("text"):
        return name["text"]
    given = [part for part in name.get("given", ()) if part]
    family = [name["family"]] if name.get("family") else []
    prefix = [part for part in name.get("prefix", ()) if part]
    suffix = [part for part in name.get("suffix", ()) if part]
    return " ".join(prefix + given + family + suffix)


def _best_name(names: list[dict]) -> dict | None:
    order = ("official", "usual", None, "nickname", "temp", "anonymous", "maiden", "old")

    def rank(name: dict) -> int:
        use = name.get("use")
        return order.index(use) if use in order else len(order)

    return min(names, key=rank, default=None)


def fold(text: str) -> str:
    """The text without case and accents, spaces made single: how `string` searches compare.

    https://hl7.org/fhir/R4/search.html#string
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(each for each in decomposed if not unicodedata.combining(each))
    return " ".join(bare.casefold().split())
