"""The code systems and concepts of the demo clinic, in one place."""

from typing import NamedTuple

from accounts.care_team_roles import CARE_TEAM_ROLES, SNOMED, SOC, CareTeamRole
from tasks import reasons

OURS = "http://taskward.example/fhir/CodeSystem"
TASK_TYPE = f"{OURS}/task-type"
TASK_CATEGORY = f"{OURS}/task-category"
TASK_STAGE = f"{OURS}/task-stage"
MESSAGE_CATEGORY = f"{OURS}/message-category"
OUTPUT_TYPE = f"{OURS}/task-output"
REROUTE_REASON = reasons.REROUTE_SYSTEM
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


class TaskType(NamedTuple):
    """A kind of work: its code, title, category (S81) and stages in order (S42–S45)."""

    code: str
    title: str
    category: str
    stages: tuple[tuple[str, str], ...]

    def as_concept(self) -> dict:
        return concept(
            self.title,
            coding(TASK_TYPE, self.code, self.title),
            coding(TASK_CATEGORY, self.category, CATEGORIES[self.category]),
        )

    def stage(self, position: int) -> dict:
        """`Task.businessStatus` at a position of the funnel; negative ones count from its end."""
        code, display = self.stages[position]
        return concept(display, coding(TASK_STAGE, code, display))


CATEGORIES = {
    "care-coordination": "Care Coordination",
    "medication-reconciliation": "Medication Reconciliation",
    "lab-follow-up": "Lab Follow-up",
    "patient-outreach": "Patient Outreach",
    "documentation": "Documentation",
    "referral-management": "Referral Management",
}

INTAKE = TaskType(
    "complete-intake-questionnaire",
    "Complete patient intake questionnaire",
    "patient-outreach",
    (
        ("questionnaire-sent", "Questionnaire sent to patient"),
        ("first-reminder-sent", "First reminder sent"),
        ("second-reminder-sent", "Second reminder sent"),
        ("questionnaire-completed", "Questionnaire completed by patient"),
        ("responses-reviewed", "Responses reviewed by care coordinator"),
    ),
)
LAB_REVIEW = TaskType(
    "review-lab-report",
    "Review lab report",
    "lab-follow-up",
    (
        ("report-available", "Report available"),
        ("assigned-to-physician", "Assigned to physician"),
        ("reviewed-by-physician", "Reviewed by physician"),
        ("discussed-with-patient", "Discussed with patient"),
    ),
)
IDENTITY = TaskType(
    "verify-patient-identity",
    "Verify patient identity",
    "documentation",
    (
        ("identification-requested", "Identification document requested"),
        ("documentation-received", "Documentation received"),
        ("documentation-verified", "Documentation verified"),
    ),
)
ENCOUNTER_NOTE = TaskType(
    "complete-encounter-notes",
    "Complete encounter notes",
    "documentation",
    (
        ("note-required", "Encounter complete. Physician note required"),
        ("note-drafted", "Note drafted"),
        ("note-finalized", "Note finalized"),
    ),
)
MESSAGE_RESPONSE = TaskType(
    "message-response",
    "Message response",
    "patient-outreach",
    (("unassigned", "Unassigned"), ("claimed", "Claimed"), ("escalated", "Escalated")),
)
ERRANDS = {
    category: TaskType(
        category,
        title,
        category,
        (("to-do", "To do"), ("under-way", "Under way"), ("done", "Done")),
    )
    for category, title in CATEGORIES.items()
}
"""Work of a category that is none of the use cases."""

HOLD, REJECT, FAIL, CANCEL = (
    reasons.REASONS[name] for name in ("hold", "reject", "fail", "cancel")
)
REROUTED = reasons.REROUTED.as_concept()

REROUTE_REASONS = reasons.REROUTE_REASONS

NEEDS_RESPONSE = concept(
    "Needs a response", coding(MESSAGE_CATEGORY, "needs-response", "Needs a response")
)
INFORMATION = concept("For information", coding(MESSAGE_CATEGORY, "information", "For information"))
