"""Who looks at a Task: who watches what becomes of it, and who has it open now."""

from django.conf import settings
from django.db import models

from fhir.models import FhirIdField


class TaskWatch(models.Model):
    """Somebody wants to know what becomes of a Task; `seen` is the version that she saw last."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="watches", db_index=False
    )
    task = models.ForeignKey("tasks.Task", on_delete=models.CASCADE, related_name="watches")
    seen = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "task"], name="one_row_per_watcher_and_task")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} watches {self.task_id}"


class Viewer(models.Model):
    """Somebody has a page open: of a Task, or of a thread that has none.

    Of no worth after a minute, so its table is unlogged: a crash empties it, and nothing is lost.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    opened = FhirIdField()
    """The id of the Task, or of the header of the thread."""
    at = models.DateTimeField()
    writing_at = models.DateTimeField(null=True)
    """When she typed in a reply."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["opened", "user"], name="one_row_per_page_and_viewer")
        ]
        indexes = [
            # What a viewer has left.
            models.Index(fields=["user", "at"], name="viewer_left")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.opened}"
