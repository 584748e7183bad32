"""The record that a Task is about (`Task.focus`), made ready for its card on the page.

Every resource comes through `readable_by`, so a card never shows more than the API would.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts import people
from fhir.actor import Actor
from fhir.datatypes import display_of, parse_date
from tasks import times
from tasks.conversation import Conversation, conversation
from tasks.document import reference_of
from tasks.rows import title_of


@dataclass(frozen=True, slots=True)
class Result:
    """One line of a report. `flag` is "", "abnormal" or "crit"."""

    name: str
    value: str
    range: str
    flag: str
    flag_word: str


@dataclass(frozen=True, slots=True)
class Card:
    """`kind` chooses the template: thread, report, answers, facts or missing."""

    kind: str
    icon: str
    title: str
    status: str = ""
    aside: str = ""
    thread: Conversation | None = None
    results: list[Result] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""

    @property
    def is_done(self) -> bool:
        return self.status in ("Final", "Completed", "Amended")


def card(document: dict, actor: Actor, *, now: datetime) -> Card | None:
    """The card of a Task's focus; None for a Task that names none."""
    reference = reference_of(document, "focus")
    if not reference:
        return None
    found = people.documents([reference], actor=actor).get(reference)
    if found is None:
        return Card(
            "missing", "circle-question-mark", (document["focus"].get("display") or "Linked record")
        )
    if found["resourceType"] == "Communication":
        return _thread(found, document, actor, now)
    makers = {
        "DiagnosticReport": _report,
        "QuestionnaireResponse": _answers,
        "Questionnaire": _questions,
        "DocumentReference": _document,
    }
    maker = makers.get(found["resourceType"], _facts)
    return maker(found, reference, actor, now)


# --- a thread of messages -------------------------------------------------------------------------


def _thread(focus: dict, task: dict, actor: Actor, now: datetime) -> Card:
    """The header's topic and every message of it; a focus that is a message leads to its thread."""
    thread = conversation(focus, actor, now=now, task=task)
    said = {title_of(task), task.get("description", "")}
    title = "Thread with patient" if thread.title in said else thread.title
    return Card("thread", "message-square", title, aside=thread.aside, thread=thread)


# --- a report and its results ---------------------------------------------------------------------

CRITICAL = ("AA", "HH", "LL")
FLAG_WORDS = {"H": "High", "L": "Low", "HH": "Critically high", "LL": "Critically low",
              "A": "Abnormal", "AA": "Critically abnormal"}  # fmt: skip


def _report(report: dict, reference: str, actor: Actor, now: datetime) -> Card:
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
        status=_said(report.get("status", "")),
        aside=_moment(at, now),
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
    low, high = (_number(first.get(end, {}).get("value")) for end in ("low", "high"))
    if low and high:
        return f"{low}–{high}"
    return f"≥ {low}" if low else f"≤ {high}" if high else ""


# --- answers, documents, and everything else ------------------------------------------------------


def _answers(response: dict, reference: str, actor: Actor, now: datetime) -> Card:
    return Card(
        "answers",
        "clipboard-list",
        "Answers",
        status=_said(response.get("status", "")),
        aside=_moment(response.get("authored", ""), now),
        facts=list(_items(response.get("item", []))),
    )


def _questions(asked: dict, reference: str, actor: Actor, now: datetime) -> Card:
    title = asked.get("title") or asked.get("name") or "Questionnaire"
    questions = [(text, "") for text in _texts(asked.get("item", []))]
    status, count = _said(asked.get("status", "")), len(questions)
    aside = f"{count} question{'' if count == 1 else 's'}"
    return Card("answers", "clipboard-list", title, status=status, aside=aside, facts=questions)


def _texts(items: list[dict]) -> Iterable[str]:
    for item in items:
        if item.get("text") and item.get("type") not in ("group", "display"):
            yield item["text"]
        yield from _texts(item.get("item", []))


def _items(items: list[dict]) -> Iterable[tuple[str, str]]:
    for item in items:
        answers = [value_of(answer) for answer in item.get("answer", [])]
        if answers:
            yield item.get("text") or item.get("linkId", ""), ", ".join(filter(None, answers))
        yield from _items(item.get("item", []))
        for answer in item.get("answer", []):
            yield from _items(answer.get("item", []))


def _document(found: dict, reference: str, actor: Actor, now: datetime) -> Card:
    facts = [("Type", display_of(found.get("type")))]
    for content in found.get("content", []):
        attachment = content.get("attachment", {})
        named = attachment.get("title") or attachment.get("contentType") or "Attachment"
        facts.append(("File", named))
    return Card(
        "facts",
        "image",
        found.get("description") or display_of(found.get("type")) or "Document",
        status=_said(found.get("docStatus") or found.get("status", "")),
        aside=_moment(found.get("date", ""), now),
        facts=[fact for fact in facts if fact[1]],
    )


KEY_FACTS = (
    ("code", "What"), ("type", "Type"), ("medicationCodeableConcept", "Medication"),
    ("category", "Category"), ("description", "Description"), ("summary", "Summary"),
    ("intent", "Intent"), ("priority", "Priority"), ("authoredOn", "Written"), ("date", "Date"),
    ("period", "When"), ("requester", "Requested by"), ("assessor", "Assessed by"),
    ("performer", "Performer"), ("reasonCode", "Reason"), ("participant", "Members"),
)  # fmt: skip
CODES = ("intent", "priority")


def _facts(found: dict, reference: str, actor: Actor, now: datetime) -> Card:
    facts = [
        (label, said)
        for element, label in KEY_FACTS
        if (said := _say(found.get(element), now, code=element in CODES))
    ]
    facts += [
        ("Dosage", dose["text"]) for dose in found.get("dosageInstruction", []) if "text" in dose
    ]
    words = "".join(
        f" {each}" if each.isupper() else each for each in found["resourceType"]
    ).strip()
    title = (
        found.get("title")
        or found.get("name")
        or display_of(found.get("code"))
        or words.capitalize()
    )
    return Card(
        "facts",
        "file-text",
        title if isinstance(title, str) else words.capitalize(),
        status=_said(found.get("status", "")),
        facts=facts,
        text="",
    )


def _say(value: Any, now: datetime, *, code: bool = False) -> str:
    """A value of an unknown element in words; "" when there is nothing short to say."""
    match value:
        case str() if code:
            return _said(value)
        case str():
            return _moment(value, now) or value
        case list():
            return ", ".join(filter(None, (_say(each, now) for each in value[:5])))
        case {"reference": _}:
            return value.get("display", "")
        case {"member": member}:
            return _say(member, now)
        case {"start": start}:
            return _moment(start, now)
        case dict():
            return display_of(value)
    return ""


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
                return _number(value)
            case {"value": number}:
                unit = value.get("unit") or value.get("code") or ""
                return f"{value.get('comparator', '')}{_number(number)}\u00a0{unit}".strip()
            case {"display": display}:
                return display
            case dict():
                return display_of(value) or value.get("code", "")
    return ""


def _number(value: Any) -> str:
    return "" if value is None else f"{value}"


def _said(code: str) -> str:
    return code.upper() if code in ("stat", "asap") else code.replace("-", " ").capitalize()


def _moment(text: str, now: datetime) -> str:
    """A FHIR date or dateTime in words; "" for what is none."""
    try:
        at = parse_date(text).low
    except ValueError:
        return ""
    return (
        times.moment(at, now) if len(text) > 10 else times.day(at.date(), timezone.localtime(now))
    )
