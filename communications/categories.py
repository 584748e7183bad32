"""What a message is for, in `Communication.category`: whether it waits for an answer, who may see it.

The rules of routing read the same codes (requirements.md S104).
"""

from fhir.conformance import canonical
from fhir.datatypes import codings

SYSTEM = canonical("CodeSystem", "message-category")
NEEDS_RESPONSE, INFORMATION, INTERNAL_NOTE = "needs-response", "information", "internal-note"
DISPLAYS = {
    NEEDS_RESPONSE: "Needs a response",
    INFORMATION: "For information",
    INTERNAL_NOTE: "Internal note",
}

NOTICE = {
    "system": "http://terminology.hl7.org/CodeSystem/communication-category",
    "code": "notification",
    "display": "Notification",
}
"""What the server, or a colleague through it, tells staff: no part of a talk with a patient."""

NOT_FOR_PATIENTS = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    "code": "NOPAT",
    "display": "no disclosure to patient, family or caregivers",
}
"""The security label of internal notes. https://hl7.org/fhir/R4/security-labels.html"""


def category(code: str) -> dict:
    """A CodeableConcept of our system."""
    display = DISPLAYS[code]
    return {"coding": [{"system": SYSTEM, "code": code, "display": display}], "text": display}


def has_category(document: dict, code: str) -> bool:
    return (SYSTEM, code) in codings(document.get("category", []))


def is_internal(document: dict) -> bool:
    """A note among staff, in a thread that is read beside it."""
    return has_category(document, INTERNAL_NOTE)


def is_notice(document: dict) -> bool:
    return (NOTICE["system"], NOTICE["code"]) in codings(document.get("category", []))


def is_not_for_patients(document: dict) -> bool:
    """Whether the document carries the label that keeps it from patients."""
    labels = document.get("meta", {}).get("security", [])
    return any(
        (label.get("system"), label.get("code"))
        == (NOT_FOR_PATIENTS["system"], NOT_FOR_PATIENTS["code"])
        for label in labels
    )
