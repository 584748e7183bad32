"""The workflow as data: which status may follow which (requirements.md T6).

The edges are those of the R4 state machine (https://hl7.org/fhir/R4/task.html#statemachine) and
those that the task guides use besides: a Task may be completed from `requested`, goes back to
`requested` when it returns to a pool, and `ready` and `on-hold` lead to each other.
`manage.py workflow_diagram` draws docs/workflow.md from this table.
"""

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fhir.actor import Actor
from fhir.errors import FhirError, Forbidden


class Status(TextChoices):
    """https://hl7.org/fhir/R4/valueset-task-status.html"""

    DRAFT = "draft", gettext_lazy("Draft")
    REQUESTED = "requested", gettext_lazy("Requested")
    RECEIVED = "received", gettext_lazy("Received")
    ACCEPTED = "accepted", gettext_lazy("Accepted")
    REJECTED = "rejected", gettext_lazy("Rejected")
    READY = "ready", gettext_lazy("Ready")
    CANCELLED = "cancelled", gettext_lazy("Cancelled")
    IN_PROGRESS = "in-progress", gettext_lazy("In progress")
    ON_HOLD = "on-hold", gettext_lazy("On hold")
    FAILED = "failed", gettext_lazy("Failed")
    COMPLETED = "completed", gettext_lazy("Completed")
    ENTERED_IN_ERROR = "entered-in-error", gettext_lazy("Entered in error")


CLAIMABLE = frozenset({"requested", "received", "ready"})
"""Waiting for somebody: what `Claim` takes, when there is no owner."""
OPEN = CLAIMABLE | {"draft", "accepted", "in-progress", "on-hold"}
FINAL = frozenset({"completed", "cancelled", "failed", "rejected", "entered-in-error"})
"""Nothing leads out but a correction to entered-in-error."""
STARTED = frozenset({"accepted", "in-progress"})
"""Work has been taken up: the first of these sets executionPeriod.start (T14)."""
NOT_STARTED = frozenset({"draft", "requested", "received", "ready"})
ENDED = frozenset({"completed", "failed", "cancelled", "rejected"})
"""Work is over: these set executionPeriod.end (T14)."""

TRANSITIONS: dict[str, tuple[str, ...]] = {
    "draft": ("requested", "received", "accepted", "ready", "in-progress", "on-hold", "cancelled"),
    "requested": (
        "received", "accepted", "rejected", "ready", "in-progress", "on-hold",
        "completed", "failed", "cancelled",
    ),
    "received": (
        "requested", "accepted", "rejected", "ready", "in-progress", "on-hold",
        "completed", "failed", "cancelled",
    ),
    "accepted": (
        "requested", "received", "rejected", "ready", "in-progress", "on-hold",
        "completed", "failed", "cancelled",
    ),
    "ready": (
        "requested", "received", "accepted", "rejected", "in-progress", "on-hold",
        "completed", "failed", "cancelled",
    ),
    "in-progress": (
        "requested", "accepted", "ready", "on-hold", "completed", "failed", "cancelled",
    ),
    "on-hold": ("requested", "accepted", "ready", "in-progress", "failed", "cancelled"),
    "completed": (),
    "cancelled": (),
    "failed": (),
    "rejected": (),
    "entered-in-error": (),
}  # fmt: skip
"""Every status, and what may follow it. Each also leads to entered-in-error, for an admin."""


class BadTransition(FhirError):
    """This status may not follow that one."""

    status = 422
    code = "business-rule"


def can_follow(before: str, after: str) -> bool:
    return after in TRANSITIONS[before]


def check_transition(actor: Actor, before: str, after: str) -> None:
    """Raise BadTransition (422) or Forbidden (403) unless `after` may follow `before`."""
    if before == after or can_follow(before, after):
        return
    if after == Status.ENTERED_IN_ERROR:
        if not actor.writes_everything:
            raise Forbidden(_("Only an admin may mark a Task as entered in error."))
        return
    raise BadTransition(
        _("A Task that is %(before)s cannot become %(after)s.")
        % {"before": before, "after": after},
        expression="Task.status",
    )
