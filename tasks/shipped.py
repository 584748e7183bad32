"""What a new site begins with: kinds of work, reasons and routing rules, for admins to change.

They are made once. What an admin has changed since stays as it is; what he switched off stays off.
"""

from typing import Any

from django.apps import apps
from django.db import connection, transaction

from tasks import activity_definitions
from tasks.task_types import (
    MESSAGE_STAGE,
    OTHER,
    REROUTE_REASON,
    TASK_CATEGORY,
    TASK_STAGE,
    Coded,
    Reason,
    TaskType,
)

CATEGORIES = {
    code: Coded(TASK_CATEGORY, code, display)
    for code, display in (
        ("care-coordination", "Care Coordination"),
        ("medication-reconciliation", "Medication Reconciliation"),
        ("lab-follow-up", "Lab Follow-up"),
        ("patient-outreach", "Patient Outreach"),
        ("documentation", "Documentation"),
        ("referral-management", "Referral Management"),
    )
}
"""The six categories of work (requirements.md S81)."""

DESCRIPTIONS = {
    "care-coordination": "Coordinate care across providers",
    "medication-reconciliation": "Review and update medication list",
    "lab-follow-up": "Review and act on lab results",
    "patient-outreach": "Contact patient for follow-up",
    "documentation": "Complete clinical documentation",
    "referral-management": "Process specialist referrals",
}

PRIORITIES = {
    "routine": ("Normal priority", "Scheduled tasks, documentation"),
    "urgent": ("Higher priority", "Follow-up on test results"),
    "asap": ("As soon as possible", "Patient callbacks, medication issues"),
    "stat": ("Immediate action required", "Critical lab values, safety alerts"),
}
"""What each priority means, and what it is for (requirements.md S79)."""


def _stages(*codes: tuple[str, str], system: str = TASK_STAGE) -> tuple[Coded, ...]:
    return tuple(Coded(system, code, display) for code, display in codes)


INTAKE = TaskType(
    "complete-intake-questionnaire",
    "Complete patient intake questionnaire",
    CATEGORIES["patient-outreach"],
    _stages(
        ("questionnaire-sent", "Questionnaire sent to patient"),
        ("first-reminder-sent", "First reminder sent"),
        ("second-reminder-sent", "Second reminder sent"),
        ("questionnaire-completed", "Questionnaire completed by patient"),
        ("responses-reviewed", "Responses reviewed by care coordinator"),
    ),
    focus_types=("Questionnaire", "QuestionnaireResponse"),
    pool="care-coordinator",
    priority="routine",
    due_days=7,
)
LAB_REVIEW = TaskType(
    "review-lab-report",
    "Review lab report",
    CATEGORIES["lab-follow-up"],
    _stages(
        ("report-available", "Report available"),
        ("assigned-to-physician", "Assigned to physician"),
        ("reviewed-by-physician", "Reviewed by physician"),
        ("discussed-with-patient", "Discussed with patient"),
    ),
    focus_types=("DiagnosticReport",),
    pool="doctor",
    priority="urgent",
    due_days=1,
)
IDENTITY = TaskType(
    "verify-patient-identity",
    "Verify patient identity",
    CATEGORIES["documentation"],
    _stages(
        ("identification-requested", "Identification document requested"),
        ("documentation-received", "Documentation received"),
        ("documentation-verified", "Documentation verified"),
    ),
    focus_types=("DocumentReference",),
    pool="care-coordinator",
    priority="routine",
    due_days=3,
)
ENCOUNTER_NOTE = TaskType(
    "complete-encounter-notes",
    "Complete encounter notes",
    CATEGORIES["documentation"],
    _stages(
        ("note-required", "Encounter complete. Physician note required"),
        ("note-drafted", "Note drafted"),
        ("note-finalized", "Note finalized"),
    ),
    focus_types=("ClinicalImpression",),
    pool="doctor",
    priority="routine",
    due_days=2,
)
MESSAGE_RESPONSE = TaskType(
    "message-response",
    "Message response",
    CATEGORIES["patient-outreach"],
    _stages(
        ("unassigned", "Unassigned"),
        ("claimed", "Claimed"),
        ("escalated", "Escalated"),
        system=MESSAGE_STAGE,
    ),
    focus_types=("Communication",),
    pool="registered-nurse",
    priority="routine",
    due_days=1,
)
ERRANDS = {
    code: TaskType(
        code,
        category.display,
        category,
        _stages(("to-do", "To do"), ("under-way", "Under way"), ("done", "Done")),
        priority="routine",
    )
    for code, category in CATEGORIES.items()
}
"""Work of a category that is none of the use cases."""

TYPES = (INTAKE, LAB_REVIEW, IDENTITY, ENCOUNTER_NOTE, MESSAGE_RESPONSE, *ERRANDS.values())
"""The use cases of the task guide (requirements.md S42–S45), messages, and the categories."""

REASONS: dict[str, tuple[Reason, ...]] = {
    "hold": (
        Reason("waiting-on-patient", "Waiting on patient"),
        Reason("waiting-on-result", "Waiting on a result"),
        Reason("waiting-on-colleague", "Waiting on a colleague"),
        Reason("waiting-on-outside", "Waiting on another organization"),
        OTHER,
    ),
    "reject": (
        Reason("wrong-pool", "Wrong pool"),
        Reason("outside-my-licence", "Outside my licence"),
        Reason("not-enough-information", "Not enough information"),
        OTHER,
    ),
    "fail": (
        Reason("patient-not-reached", "Patient not reached"),
        Reason("patient-declined", "Patient declined"),
        Reason("not-possible", "Could not be done"),
        OTHER,
    ),
    "cancel": (
        Reason("duplicate", "Duplicate"),
        Reason("not-needed", "No longer needed"),
        Reason("done-elsewhere", "Done elsewhere"),
        OTHER,
    ),
    "reroute": (
        Reason("specialty-referral", "Specialty referral", REROUTE_REASON),
        Reason("wrong-pool", "Wrong pool", REROUTE_REASON),
        Reason("workload", "Workload", REROUTE_REASON),
        Reason("end-of-shift", "End of shift", REROUTE_REASON),
        Reason("outside-my-licence", "Outside my licence", REROUTE_REASON),
        Reason("patient-asked", "Patient asked", REROUTE_REASON),
    ),
}
"""Kind → what the whole site chooses from, in the order shown."""

RULES: tuple[dict[str, Any], ...] = (
    {
        "slug": "patient-message",
        "name": "A patient's message that needs an answer",
        "description": "A task for the nurses, or for who has the thread's task already. It looks"
        " at nothing but messages of patients and related persons that carry the category"
        " “needs-response”, or whose thread does.",
        "active": True,
        "position": 10,
        "trigger": "message",
        "sender_types": ["Patient", "RelatedPerson"],
        "needs_answer": True,
        "actions": [{"kind": "create", "type": MESSAGE_RESPONSE}],
    },
    {
        "slug": "abnormal-report",
        "name": "A final report with an abnormal result",
        "description": "A task for the physicians when a DiagnosticReport turns final and an"
        " Observation of it has an interpretation that is not normal.",
        "position": 20,
        "trigger": "resource",
        "resource_type": "DiagnosticReport",
        "criteria": "status=final,amended,corrected",
        "abnormal": True,
        "actions": [{"kind": "create", "type": LAB_REVIEW}],
    },
    {
        "slug": "unclaimed-stat",
        "name": "Nobody claims a stat task",
        "description": "Its coordinators are told, and it is marked as escalated.",
        "position": 30,
        "trigger": "unclaimed",
        "criteria": "priority=stat",
        "minutes": 15,
        "actions": [
            {"kind": "escalate", "text": "Nobody has claimed this for 15 minutes."},
        ],
    },
)
"""The rules of a new site: at work where nothing can set them off but what was made to.

One that is deleted would come back: they are switched off instead.
"""


def ship(**signal: Any) -> None:
    """Make what a site begins with, as far as it was never there; called after each migration."""
    if "tasks_rulerun" not in connection.introspection.table_names():
        return  # migrated back to before there were task types
    with transaction.atomic():
        made = {each.code: _category(n, each) for n, each in enumerate(CATEGORIES.values())}
        types = {each.code: _task_type(each, made) for each in TYPES}
        for kind, reasons in REASONS.items():
            _reasons(kind, reasons)
        for rule in RULES:
            _rule(rule, types)
    activity_definitions.export()


def _model(name: str):
    return apps.get_model("tasks", name)


def _category(position: int, category: Coded):
    row, _ = _model("TaskCategory").objects.get_or_create(
        system=category.system,
        code=category.code,
        defaults={
            "title": category.display,
            "description": DESCRIPTIONS[category.code],
            "position": position,
        },
    )
    return row


def _task_type(shipped: TaskType, categories: dict):
    pool = apps.get_model("accounts", "Pool").objects.filter(slug=shipped.pool).first()
    row, new = _model("TaskType").objects.get_or_create(
        system=shipped.system,
        code=shipped.code,
        defaults={
            "title": shipped.title,
            "category": categories[shipped.category.code],
            "focus_types": list(shipped.focus_types),
            "pool": pool,
            "priority": shipped.priority,
            "due_minutes": shipped.due_minutes,
            "due_days": shipped.due_days,
        },
    )
    if new:
        for position, stage in enumerate(shipped.stages):
            row.stages.create(position=position, **stage._asdict())
    return row


def _reasons(kind: str, reasons: tuple[Reason, ...]) -> None:
    ReasonChoice = _model("ReasonChoice")
    if ReasonChoice.objects.filter(task_type=None, kind=kind).exists():
        return
    for position, reason in enumerate(reasons):
        ReasonChoice.objects.create(kind=kind, position=position, **reason._asdict())


def _rule(shipped: dict[str, Any], types: dict) -> None:
    values = {name: value for name, value in shipped.items() if name not in ("slug", "actions")}
    row, new = _model("Rule").objects.get_or_create(slug=shipped["slug"], defaults=values)
    for position, action in enumerate(shipped["actions"] if new else ()):
        action = dict(action)
        task_type = action.pop("type", None)
        row.actions.create(
            position=position,
            task_type=types[task_type.code] if task_type else None,
            **action,
        )
