"""Work that somebody hands over at the end of a shift, and the sheets that were opened for it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from fhir.models import FhirIdField, ReferenceField


class HandOver(models.Model):
    """What somebody offers to a person, or to whoever of a pool takes it on; nothing has moved yet."""

    giver = ReferenceField()
    receiver = ReferenceField()
    pool = models.ForeignKey("accounts.Pool", on_delete=models.PROTECT, null=True, db_index=False)
    note = models.TextField(blank=True)
    offered_at = models.DateTimeField()
    is_open = models.BooleanField(default=True)
    """Whether anything in it is still to be answered."""

    class Meta:
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")
        constraints = [
            models.CheckConstraint(
                condition=Q(receiver="", pool__isnull=False)
                | (Q(pool__isnull=True) & ~Q(receiver="")),
                name="to_a_person_or_to_a_pool",
            )
        ]
        # What is to be answered, on each page: by whom, by whose pool, and whose it is.
        indexes = [
            models.Index(fields=[who], name=f"handover_open_{who}", condition=Q(is_open=True))
            for who in ("receiver", "pool", "giver")
        ]

    def __str__(self) -> str:
        return f"{self.giver} to {self.receiver or self.pool_id}"


class HandOverItem(models.Model):
    """One Task of a hand-over, and what became of it."""

    class State(models.TextChoices):
        OPEN = "open", _("To be answered")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Taken back")
        GONE = "gone", _("No longer to be handed over")

    hand_over = models.ForeignKey(HandOver, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField()
    task_id = FhirIdField()
    note = models.TextField(blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    answered_by = ReferenceField()
    answered_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)
    """Why it was declined."""

    class Meta:
        ordering = ["hand_over", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["task_id"], condition=Q(state="open"), name="one_open_offer_per_task"
            )
        ]

    def __str__(self) -> str:
        return f"{self.task_id}: {self.state}"


class SheetOpening(models.Model):
    """Somebody opened a sheet of names and diagnoses, to print it: who, when, which and how many."""

    opened_by = models.CharField(max_length=255)
    """The reference of who, or `User/<username>`."""
    opened_at = models.DateTimeField()
    pool = models.ForeignKey(
        "accounts.Pool", on_delete=models.SET_NULL, null=True, blank=True, db_index=False
    )
    """None for her own tasks."""
    tasks = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("opened hand-over sheet")
        verbose_name_plural = _("opened hand-over sheets")
        indexes = [models.Index(fields=["-opened_at"], name="sheetopening_newest")]

    def __str__(self) -> str:
        return f"{self.opened_by} at {self.opened_at:%Y-%m-%d %H:%M}"
