"""What Task/$stats counts: one row for each Task, derived from its versions."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from fhir.models import FhirIdField, ReferenceField


class TaskClocks(models.Model):
    """The clocks of one Task (tasks.clocks), and what they are counted by, as of `version_id`.

    Kept behind the change feed by tasks.clock_rows. Times are in milliseconds; those of a Task
    that has not ended are null, as they go on.
    """

    task = models.OneToOneField(
        "tasks.Task", on_delete=models.DO_NOTHING, primary_key=True, db_constraint=False
    )
    resource_id = FhirIdField()
    version_id = models.PositiveIntegerField()
    deleted = models.BooleanField(db_default=False)

    status = models.CharField(max_length=16, db_collation="C")
    priority = models.TextField(blank=True)
    code_system = models.TextField(blank=True)
    code = models.TextField(blank=True)
    code_label = models.TextField(blank=True)
    stage_system = models.TextField(blank=True)
    stage = models.TextField(blank=True)
    stage_label = models.TextField(blank=True)
    reason_system = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    reason_label = models.TextField(blank=True)
    """Of Task.code, businessStatus and statusReason: the first coding, and the text or display."""
    pool_id = models.BigIntegerField(null=True)
    """The first pool of performerType, as in Task."""
    owner = ReferenceField()
    predecessor = FhirIdField(blank=True)
    """The Task that it is based on, which it replaces if that one was handed over (T16)."""
    arrived = models.TextField(blank=True)
    """Where its first version was: "pool:3", or a reference."""

    created = models.DateTimeField()
    claimed = models.DateTimeField(null=True)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    executed = models.BigIntegerField(null=True)
    """executionPeriod from start to end."""
    to_claim = models.BigIntegerField(null=True)
    to_start = models.BigIntegerField(null=True)
    waiting = models.BigIntegerField(null=True)
    hold = models.BigIntegerField(null=True)
    turnaround = models.BigIntegerField(null=True)
    working = models.BigIntegerField(null=True)
    reroutes = models.PositiveIntegerField(default=0)

    pools = models.JSONField(default=list)
    """[{pool, ms}]"""
    stages = models.JSONField(default=list)
    """[{system, code, label, ms, passed, to_next}]"""
    holds = models.JSONField(default=list)
    """[{system, code, label, ms}]; ms is null for one that goes on"""
    moves = models.JSONField(default=list)
    """The reroutes: [{before, after, system, code, label}]; `after` is "" for a handover."""
    overdue = ArrayField(models.DateTimeField(), default=list)
    """When it became overdue and ceased to be, in turns."""

    class Meta:
        indexes = [
            # A pool's Tasks of a period.
            models.Index(fields=["pool_id", "created"], name="clocks_of_pool"),
            # Everybody's Tasks of a period.
            models.Index(fields=["created"], name="clocks_created"),
            # Where a Task that was handed over went on.
            models.Index(
                fields=["predecessor"],
                name="clocks_predecessor",
                condition=~models.Q(predecessor=""),
            ),
            # What was ever overdue, of a pool.
            models.Index(
                fields=["pool_id", "ended"],
                name="clocks_overdue",
                condition=~models.Q(overdue=[]),
            ),
        ]

    def __str__(self) -> str:
        return f"clocks of Task/{self.resource_id}"
