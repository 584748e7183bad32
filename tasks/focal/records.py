"""A document, and every other record: its key facts."""

from datetime import datetime
from typing import Any

from fhir.actor import Actor
from fhir.datatypes import display_of
from tasks.focal.cards import Card
from tasks.focal.values import moment, said


def document(found: dict, reference: str, actor: Actor, now: datetime) -> Card:
    facts = [("Type", display_of(found.get("type")))]
    for content in found.get("content", []):
        attachment = content.get("attachment", {})
        named = attachment.get("title") or attachment.get("contentType") or "Attachment"
        facts.append(("File", named))
    return Card(
        "facts",
        "image",
        found.get("description") or display_of(found.get("type")) or "Document",
        status=said(found.get("docStatus") or found.get("status", "")),
        aside=moment(found.get("date", ""), now),
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


def facts(found: dict, reference: str, actor: Actor, now: datetime) -> Card:
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
        status=said(found.get("status", "")),
        facts=facts,
        text="",
    )


def _say(value: Any, now: datetime, *, code: bool = False) -> str:
    """A value of an unknown element in words; "" when there is nothing short to say."""
    match value:
        case str() if code:
            return said(value)
        case str():
            return moment(value, now) or value
        case list():
            return ", ".join(filter(None, (_say(each, now) for each in value[:5])))
        case {"reference": _}:
            return value.get("display", "")
        case {"member": member}:
            return _say(member, now)
        case {"start": start}:
            return moment(start, now)
        case dict():
            return display_of(value)
    return ""
