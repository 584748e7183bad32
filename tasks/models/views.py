"""How people look at the lists: the views that they keep, and the look that they left."""

from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class SavedView(models.Model):
    """A list with what narrows it, its order and its look, kept under a name.

    `query` is what stands in the address of such a list: codes, and never a patient.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views"
    )
    name = models.CharField(_("name"), max_length=60)
    base = models.CharField(_("list"), max_length=80)
    """The key of the list that it narrows: "my", "all" or "pool:<slug>"."""
    query = models.TextField(blank=True)
    pool = models.ForeignKey(
        "accounts.Pool",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="saved_views",
        verbose_name=_("shared with"),
    )
    """Whose members may use it too; None for the owner alone."""

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def count_id(self) -> str:
        """Where the pages show how many Tasks it has."""
        return f"count-{self.pk}"


class ListLook(models.Model):
    """How a user looks at lists: beside the task or as a table, and which columns that has."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="list_look",
    )
    mode = models.CharField(max_length=8, default="split")
    columns = ArrayField(models.CharField(max_length=12), default=list, blank=True)
    """Empty for all of them."""

    def __str__(self) -> str:
        return f"{self.user_id}: {self.mode}"
