"""The code systems and concepts of the demo clinic, in one place."""

from accounts.care_team_roles import CARE_TEAM_ROLES, SNOMED, SOC, CareTeamRole
from communications import categories
from communications.categories import category
from fhir.conformance import canonical
from tasks import reasons, shipped
from tasks.shipped import (
    CATEGORIES,
    ENCOUNTER_NOTE,
    ERRANDS,
    IDENTITY,
    INTAKE,
    LAB_REVIEW,
    MESSAGE_RESPONSE,
)
from tasks.task_types import TASK_CATEGORY

__all__ = [
    "CATEGORIES",
    "ENCOUNTER_NOTE",
    "ERRANDS",
    "IDENTITY",
    "INTAKE",
    "LAB_REVIEW",
    "MESSAGE_RESPONSE",
    "TASK_CATEGORY",
]

OUTPUT_TYPE = canonical("CodeSystem", "task-output")
TASK_CODE = "http://hl7.org/fhir/CodeSystem/task-code"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
MRN = "http://northgate.example/identifiers/mrn"
NPI = "http://hl7.org/fhir/sid/us-npi"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"

ROLES = {role.slug: role for role in CARE_TEAM_ROLES}
POOLS = (
    "registered-nurse",
    "doctor",
    "cardiologist",
    "care-coordinator",
    "medical-billing-specialist",
    "nurse-practitioner",
)
"""The pools of the clinic, as slugs of accounts.care_team_roles."""


def coding(system: str, code: str, display: str = "") -> dict:
    return {"system": system, "code": code} | ({"display": display} if display else {})


def concept(text: str, *codings: dict) -> dict:
    """A CodeableConcept."""
    return {"coding": list(codings), "text": text} if codings else {"text": text}


def role_concept(slug: str) -> dict:
    """A role as the guides print it: its text, the SNOMED code and the SOC code (S30)."""
    role: CareTeamRole = ROLES[slug]
    return concept(role.name, coding(SNOMED, role.snomed, role.name), coding(SOC, role.soc))


HOLD, REJECT, FAIL, CANCEL = (
    shipped.REASONS[name] for name in ("hold", "reject", "fail", "cancel")
)
REROUTED = reasons.REROUTED.as_concept()

REROUTE_REASONS = {each.code: each for each in shipped.REASONS["reroute"]}

NEEDS_RESPONSE = category(categories.NEEDS_RESPONSE)
INFORMATION = category(categories.INFORMATION)
