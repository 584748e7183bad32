"""A DiagnosticReport and its results."""

from collections.abc import Iterable
from datetime import datetime

from accounts import people
from fhir.actor import Actor
from fhir.datatypes import display_of
from tasks.focal.cards import Card, Result
from tasks.focal.values import moment, number, said, value_of

CRITICAL = ("AA", "HH", "LL")
FLAG_WORDS = {"H": "High", "L": "Low", "HH": "Critically high", "LL": "Critically low",
              "A": "Abnormal", "AA": "Critically abnormal"}  # fmt: skip


def report(report: dict, reference: str, actor: Actor, now: datetime) -> Card:
    inside = {f"#{each.get('id')}": each for each in report.get("contained", [])}
    wanted = [result.get("reference", "") for result in report.get("result", [])]
    found = inside | people.documents([each for each in wanted if each not in inside], actor=actor)
    results = []
    for named in report.get("result", []):
        observation = found.get(named.get("reference", ""))
        if observation:
            results += _results(observation)
        elif named.get("display"):
            results.append(Result(named["display"], "", "", "", ""))
    at = report.get("effectiveDateTime") or report.get("issued") or ""
    return Card(
        "report",
        "flask-conical",
        display_of(report.get("code")) or "Report",
        status=said(report.get("status", "")),
        aside=moment(at, now),
        results=results,
        text=report.get("conclusion", ""),
    )


def _results(observation: dict) -> Iterable[Result]:
    """An Observation, and those of its components that have a value of their own."""
    parts = [observation, *observation.get("component", [])]
    for part in parts:
        value = value_of(part)
        if not value and part is observation and len(parts) > 1:
            continue
        codes = [
            coding.get("code", "")
            for concept in part.get("interpretation", [])
            for coding in concept.get("coding", [])
        ]
        code = next((each for each in codes if each in FLAG_WORDS), "")
        flag = "crit" if code in CRITICAL else "abnormal" if code else ""
        yield Result(
            display_of(part.get("code")) or "Result",
            value,
            _range(part.get("referenceRange", [])),
            flag,
            FLAG_WORDS.get(code, ""),
        )


def _range(ranges: list[dict]) -> str:
    """3.5–5.1, ≥ 60, or the text of it."""
    first = ranges[0] if ranges else {}
    if first.get("text"):
        return first["text"]
    low, high = (number(first.get(end, {}).get("value")) for end in ("low", "high"))
    if low and high:
        return f"{low}–{high}"
    return f"≥ {low}" if low else f"≤ {high}" if high else ""
