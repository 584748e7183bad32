"""A DiagnosticReport: its results with what is normal, how they were before, and what is abnormal.

https://hl7.org/fhir/R4/diagnosticreport.html
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import people
from fhir import json
from fhir.actor import Actor
from fhir.datatypes import codings, display_of
from fhir.models import ClinicalResource
from tasks.files import File, files_of
from tasks.focal.cards import Card
from tasks.focal.trends import Point, Trend, trend
from tasks.focal.values import (
    TONES,
    moment,
    number,
    quantity,
    range_of,
    said,
    short_day,
    span,
    value_of,
)

FLAGS = {
    "HH": ("critical", gettext_lazy("Critically high")),
    "LL": ("critical", gettext_lazy("Critically low")),
    "AA": ("critical", gettext_lazy("Critically abnormal")),
    "HU": ("critical", gettext_lazy("Very high")),
    "LU": ("critical", gettext_lazy("Very low")),
    "HX": ("critical", gettext_lazy("Above the critical range")),
    "LX": ("critical", gettext_lazy("Below the critical range")),
    "H": ("abnormal", gettext_lazy("High")),
    "L": ("abnormal", gettext_lazy("Low")),
    "A": ("abnormal", gettext_lazy("Abnormal")),
    ">": ("abnormal", gettext_lazy("Off the scale, high")),
    "<": ("abnormal", gettext_lazy("Off the scale, low")),
    "R": ("abnormal", gettext_lazy("Resistant")),
    "POS": ("abnormal", gettext_lazy("Positive")),
    "DET": ("abnormal", gettext_lazy("Detected")),
    "W": ("abnormal", gettext_lazy("Worse")),
    "I": ("", gettext_lazy("Intermediate")),
    "S": ("", gettext_lazy("Susceptible")),
}
"""Interpretation code → how much it matters, and the word for it.
http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"""
WEIGHTS = {"critical": 0, "abnormal": 1, "": 2}
VOID = ("entered-in-error", "cancelled")
"""Statuses of an Observation whose value must not be read."""
AT_MOST = 400
"""Earlier Observations that are looked at for the trends of one report."""


class Limits(NamedTuple):
    """What is normal: the ends that a number is held to, and the text of them."""

    low: float | None = None
    high: float | None = None
    text: str = ""


@dataclass(slots=True)
class Result:
    """One line of a report. `flag` is "critical", "abnormal" or ""; the members of a group are
    told by their depth, and its heading by having no value."""

    name: str
    value: str = ""
    limits: Limits = Limits()
    flag: str = ""
    flag_word: str = ""
    status: str = ""
    note: str = ""
    depth: int = 0
    is_heading: bool = False
    trend: Trend | None = None
    previous: str = ""
    previous_at: str = ""
    codes: frozenset[str] = frozenset()
    measured: tuple[float, str] | None = None
    """The number and its unit, where it is one."""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    results: list[Result] = field(default_factory=list)
    conclusion: list[str] = field(default_factory=list)
    files: list[File] = field(default_factory=list)

    @property
    def has_past(self) -> bool:
        """Whether the columns of what was before have anything in them."""
        return any(each.trend or each.previous for each in self.results)


def report(document: dict, task: dict, actor: Actor, now: datetime) -> Card:
    found = _observations(document, actor)
    groups = [_lines(each, found, now) for each in document.get("result", [])]
    results = [line for group in sorted(groups, key=_weight) for line in group]
    _add_past(results, document, actor, now, apart_from=set(found))
    status = document.get("status", "")
    collected = document.get("effectiveDateTime") or (document.get("effectivePeriod") or {}).get(
        "start", ""
    )
    at = moment(collected, now)
    issued = moment(document.get("issued", ""), now)
    aside = _("Issued %(time)s") % {"time": issued} if issued else ""
    conclusion = [document.get("conclusion", "")]
    conclusion += [display_of(each) for each in document.get("conclusionCode", [])]
    return Card(
        "report",
        "flask-conical",
        display_of(document.get("code")) or _("Report"),
        status=said(status),
        tone=TONES.get(status, ""),
        aside=_("Collected %(time)s") % {"time": at} if at else aside,
        body=Report(results, [each for each in conclusion if each], files_of(document)),
    )


# --- the lines ------------------------------------------------------------------------------------


def _observations(document: dict, actor: Actor) -> dict[str, dict]:
    """Every Observation that the report names, and the members of those that are groups."""
    inside = {f"#{each.get('id')}": each for each in document.get("contained", [])}
    wanted = [each.get("reference", "") for each in document.get("result", [])]
    found = inside | people.documents([each for each in wanted if each not in inside], actor=actor)
    members = [
        each.get("reference", "")
        for observation in list(found.values())
        for each in observation.get("hasMember", [])
    ]
    missing = [each for each in members if each and each not in found]
    return found | people.documents(missing, actor=actor) if missing else found


def _lines(named: dict, found: dict[str, dict], now: datetime, depth: int = 0) -> list[Result]:
    """The lines of one result: itself, its components and its members."""
    observation = found.get(named.get("reference", ""))
    if observation is None:
        return [_unseen(named)]
    members = observation.get("hasMember", []) if depth < 2 else []
    groups = [_lines(each, found, now, depth + 1) for each in members]
    groups += [
        [_line(each, now, depth + 1, _at(observation))] for each in observation.get("component", [])
    ]
    own = _line(observation, now, depth, _at(observation))
    own.is_heading = bool(groups) and not own.value
    return [own, *(line for group in sorted(groups, key=_weight) for line in group)]


def _unseen(named: dict) -> Result:
    name = named.get("display") or _("A result")
    return Result(name, note=_("This value is not here, or you may not see it."))


def _line(part: dict, now: datetime, depth: int, at: datetime | None) -> Result:
    status = part.get("status", "")
    name = display_of(part.get("code")) or _("Result")
    if status in VOID:
        return Result(name, status=said(status), depth=depth)
    limits, measured = _limits(part.get("referenceRange", [])), _measured(part)
    flag, word = _flag(part, limits, measured)
    return Result(
        name,
        value_of(part, now),
        limits,
        flag,
        word,
        status=said(status) if status not in ("final", "") else "",
        note=" ".join(each.get("text", "") for each in part.get("note", [])),
        depth=depth,
        codes=frozenset(f"{system or ''}|{code}" for system, code in codings(part.get("code"))),
        measured=measured,
        at=at,
    )


def _at(observation: dict) -> datetime | None:
    text = (
        observation.get("effectiveDateTime")
        or observation.get("effectiveInstant")
        or (observation.get("effectivePeriod") or {}).get("start")
        or observation.get("issued")
        or ""
    )
    found = range_of(text)
    return found.low if found else None


def _measured(part: dict) -> tuple[float, str] | None:
    value = part.get("valueQuantity") or {}
    if "value" in value:
        return float(value["value"]), value.get("code") or value.get("unit") or ""
    for name in ("valueInteger", "valueDecimal"):
        if isinstance(part.get(name), int | float | Decimal):
            return float(part[name]), ""
    return None


def _limits(ranges: list[dict]) -> Limits:
    """3.5–5.1, ≥ 60, ≤ 16, or the text of it; of several, the one that is called normal."""
    first = next((each for each in ranges if _is_normal(each)), ranges[0] if ranges else {})
    low, high = (first.get(end, {}).get("value") for end in ("low", "high"))
    said_so = first.get("text", "")
    if low is not None and high is not None:
        text = f"{number(low)}–{number(high)}"
    else:
        text = span(
            {end: {"value": first[end].get("value")} for end in ("low", "high") if end in first}
        )
    return Limits(
        None if low is None else float(low),
        None if high is None else float(high),
        said_so or text,
    )


def _is_normal(limits: dict) -> bool:
    return any(code == "normal" for _system, code in codings(limits.get("type")))


def _flag(part: dict, limits: Limits, measured: tuple[float, str] | None) -> tuple[str, str]:
    """What the laboratory says of it, or, where it says nothing, how it stands to the range."""
    told = [code for _system, code in codings(part.get("interpretation"))]
    known = sorted(
        (FLAGS[code] for code in told if code in FLAGS), key=lambda each: WEIGHTS[each[0]]
    )
    if known:
        return known[0][0], str(known[0][1])
    if told or measured is None:
        return "", ""
    if limits.high is not None and measured[0] > limits.high:
        return "abnormal", _("Above the range")
    if limits.low is not None and measured[0] < limits.low:
        return "abnormal", _("Below the range")
    return "", ""


def _weight(lines: list[Result]) -> int:
    """What is critical comes first, then what is abnormal; else in the order of the report."""
    return min(WEIGHTS[line.flag] for line in lines)


# --- how it was before ----------------------------------------------------------------------------


class Earlier(NamedTuple):
    at: datetime
    codes: frozenset[str]
    value: float
    unit: str
    text: str


def _add_past(
    results: list[Result], document: dict, actor: Actor, now: datetime, *, apart_from: set[str]
) -> None:
    """Give each line that is a number its trend and its previous value, with one query for all."""
    lines = [each for each in results if each.measured and each.codes and each.at]
    subject = (document.get("subject") or {}).get("reference", "")
    if not lines or not subject:
        return
    codes = frozenset().union(*(each.codes for each in lines))
    earlier = sorted(_earlier(subject, codes, actor, apart_from))
    for line in lines:
        value, unit = line.measured
        past = [
            each
            for each in earlier
            if each.at < line.at and each.unit == unit and each.codes & line.codes
        ]
        if not past:
            continue
        line.previous, line.previous_at = past[-1].text, short_day(past[-1].at, now)
        points = [
            Point(each.at, each.value, f"{each.text} ({short_day(each.at, now)})") for each in past
        ]
        points.append(Point(line.at, value, _("now %(value)s") % {"value": line.value}))
        line.trend = trend(
            points,
            low=line.limits.low,
            high=line.limits.high,
            normal=line.limits.text,
            name=line.name,
        )


def _earlier(
    subject: str, codes: frozenset[str], actor: Actor, apart_from: set[str]
) -> Iterator[Earlier]:
    """What was measured of the same patient with one of these codes, as far as the actor may read."""
    found = (
        ClinicalResource.objects.readable_by(actor)
        .filter(
            resource_type="Observation",
            deleted=False,
            tokens__contains=[f"subject={subject}"],
            tokens__overlap=[f"combo-code={each}" for each in sorted(codes)],
        )
        .order_by("-id")
        .values_list("resource_id", "document")[:AT_MOST]
    )
    for resource_id, text in found:
        observation = json.loads_stored(text)
        at = _at(observation)
        if f"Observation/{resource_id}" in apart_from or observation["status"] in VOID or not at:
            continue
        for part in (observation, *observation.get("component", [])):
            measured = _measured(part)
            if measured:
                kept = frozenset(f"{s or ''}|{code}" for s, code in codings(part.get("code")))
                text = _plain(part)
                yield Earlier(at, kept, *measured, text)


def _plain(part: dict) -> str:
    """The number without its unit, which stands beside it already."""
    value = part.get("valueQuantity")
    if value:
        return quantity({name: value[name] for name in value if name in ("value", "comparator")})
    return number(part.get("valueInteger", part.get("valueDecimal")))
