"""What tasks keeps in the database, one module a noun."""

from tasks.models.clocks import TaskClocks
from tasks.models.handover import HandOver, HandOverItem, SheetOpening
from tasks.models.setup import (
    PlannedSubtask,
    Priority,
    ReasonChoice,
    Rule,
    RuleAction,
    RuleRun,
    Stage,
    TaskCategory,
    TaskType,
)
from tasks.models.task import (
    VIEW_TASK,
    Provenance,
    Task,
    TaskNote,
    TaskPool,
    TaskUserObjectPermission,
)
from tasks.models.viewers import TaskWatch, Viewer
from tasks.models.views import ListLook, SavedView

__all__ = [
    "VIEW_TASK",
    "HandOver",
    "HandOverItem",
    "ListLook",
    "PlannedSubtask",
    "Priority",
    "Provenance",
    "ReasonChoice",
    "Rule",
    "RuleAction",
    "RuleRun",
    "SavedView",
    "SheetOpening",
    "Stage",
    "Task",
    "TaskCategory",
    "TaskClocks",
    "TaskNote",
    "TaskPool",
    "TaskType",
    "TaskUserObjectPermission",
    "TaskWatch",
    "Viewer",
]
