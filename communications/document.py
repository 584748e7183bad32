"""The Communication document: what it is in its thread, and its index columns. Pure."""

from datetime import datetime
from typing import Any

from communications import categories
from fhir.datatypes import EARLIEST, parse_date

DRAFT, RETRACTED = "preparation", "entered-in-error"
UNSAID = frozenset({DRAFT, RETRACTED, "not-done"})
"""Statuses of what nobody has been told. https://hl7.org/fhir/R4/valueset-event-status.html"""
FINISHED = frozenset({"completed", "stopped", "not-done", RETRACTED})
"""Statuses of a thread in which nothing more is expected."""

PATIENT, THANKS, STAFF = "patient", "thanks", "staff"
"""Who speaks: the patient's side, and waits for an answer; she, and waits for none; the clinic."""


def is_patient_side(reference: str) -> bool:
    """Names a patient or who speaks for one."""
    return reference.startswith(("Patient/", "RelatedPerson/"))


def thread_of(document: dict) -> str:
    """The header of a message (its first partOf); "" for a header."""
    headers = [parent.get("reference", "") for parent in document.get("partOf", [])]
    return next((header for header in headers if header), "")


def sender_of(document: dict) -> str:
    return document.get("sender", {}).get("reference", "")


def recipients_of(document: dict) -> list[str]:
    references = [recipient.get("reference", "") for recipient in document.get("recipient", [])]
    return [reference for reference in references if reference]


def said_at(document: dict) -> datetime:
    """When it was sent, else when it was received; what tells neither was said before all else."""
    for element in ("sent", "received"):
        if element in document:
            return parse_date(document[element]).low
    return EARLIEST


def voice_of(document: dict) -> str:
    """Who speaks in a message; "" for what is no word between patient and clinic.

    Drafts, retracted messages, internal notes and notices are none, nor is a header that only
    names the topic. A patient's message waits for an answer unless all that its category says is
    that it is for information (S104).
    """
    if document.get("status") in UNSAID or not document.get("payload"):
        return ""
    if categories.is_internal(document) or categories.is_notice(document):
        return ""
    if not is_patient_side(sender_of(document)):
        return STAFF
    informs = categories.has_category(document, categories.INFORMATION)
    asks = categories.has_category(document, categories.NEEDS_RESPONSE)
    return THANKS if informs and not asks else PATIENT


def index_columns(document: dict) -> dict[str, Any]:
    """The columns of Communication that the generic search does not derive."""
    return {
        "sender": sender_of(document),
        "recipients": recipients_of(document),
        "subject": document.get("subject", {}).get("reference", ""),
        "thread": thread_of(document),
        "sent": parse_date(document["sent"]).low if "sent" in document else None,
        "draft": document.get("status") == DRAFT,
        "internal": categories.is_not_for_patients(document),
        "voice": voice_of(document),
        "said_at": said_at(document),
        "finished": document.get("status") in FINISHED,
    }


def newest_alone(document: dict) -> dict[str, Any]:
    """The columns that tell of a thread's newest message, of a header that nothing hangs on."""
    voice = "" if thread_of(document) else voice_of(document)
    return {
        "newest": document.get("id", "") if voice else "",
        "newest_at": said_at(document) if voice else None,
        "newest_voice": voice,
    }
