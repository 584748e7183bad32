"""What tasks keeps in the database, one module a noun."""

from tasks.models.task import (
    VIEW_TASK,
    Provenance,
    Task,
    TaskNote,
    TaskPool,
    TaskUserObjectPermission,
)

__all__ = [
    "VIEW_TASK",
    "Provenance",
    "Task",
    "TaskNote",
    "TaskPool",
    "TaskUserObjectPermission",
]
