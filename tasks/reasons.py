"""The reasons that people choose from when they pause, end or give away a Task.

They are written as a coding, to `Task.statusReason` or `Provenance.reason`, so that they can be
counted; "other" is only its text. Admins say what there is to choose (tasks.models.ReasonChoice):
for one type of work, or for all types that have none of their own.
"""

from tasks import task_types
from tasks.task_types import OTHER, Reason
from tasks.task_types import REROUTE_REASON as REROUTE_SYSTEM
from tasks.task_types import STATUS_REASON as SYSTEM

__all__ = ["OTHER", "REROUTED", "REROUTE_SYSTEM", "SYSTEM", "Reason", "choices"]

REROUTED = Reason("rerouted", "Rerouted")
"""Of a Task that a successor replaces."""

WITHOUT_REPLY = (
    Reason("answered-otherwise", "Answered by phone or in person"),
    Reason("duplicate", "Duplicate"),
    Reason("no-answer-needed", "No answer needed"),
    OTHER,
)
"""Why a patient's message gets no answer in its thread."""


def choices(kind: str, document: dict) -> tuple[Reason, ...]:
    """What may be chosen for a Task, in the order shown: its type's own, or else the site's.

    `kind` is hold, cancel, reject, fail, reroute, or close: to complete without replying.
    """
    if kind == "close":
        return WITHOUT_REPLY
    found = task_types.type_of(document)
    own = found.reasons.get(kind) if found else None
    return own or task_types.setup().reasons.get(kind, (OTHER,))
