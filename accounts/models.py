"""People and places: users, their roles and tokens, pools, and the directory of practitioners."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser, Group
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models.expressions import RawSQL
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase

from accounts import branding, numbers, pools, site
from fhir.access import EVERYTHING
from fhir.datatypes import period_range
from fhir.models import ReferenceField, Resource


class User(AbstractUser):
    """Someone, or some client, that signs in. The groups say the role (fhir.actor.Role)."""

    reference = ReferenceField(
        help_text=_("The FHIR resource of this user, for example Practitioner/dr-cardio."),
    )
    theme = models.CharField(
        max_length=8,
        blank=True,
        choices=[("", _("System")), ("light", _("Light")), ("dark", _("Dark"))],
    )
    density = models.CharField(
        max_length=12,
        default="compact",
        choices=[("compact", _("Compact")), ("comfortable", _("Comfortable"))],
    )
    language = models.CharField(max_length=16, blank=True, choices=settings.LANGUAGES)
    """Of the pages; empty for what the browser asks for."""
    time_zone = models.CharField(max_length=64, blank=True)
    """An IANA name, for example America/Chicago; empty for the clinic's."""
    hour_cycle = models.CharField(
        max_length=2, default="24", choices=[("24", "24 hours"), ("12", "12 hours")]
    )
    single_keys = models.BooleanField(_("single-key shortcuts"), default=True)
    keys = models.JSONField(_("keys of their own"), default=dict, blank=True)
    """What stands in place of which single key: see accounts.keys."""
    hides_details = models.BooleanField(_("patient details hidden"), default=False)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["reference"],
                condition=~models.Q(reference=""),
                name="one_user_per_reference",
            )
        ]


class Pool(models.Model):
    """A queue of work for everyone with a role: it mirrors a code of PractitionerRole."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    codes = ArrayField(
        models.CharField(max_length=255),
        help_text=_("The role's codes, as system|code: every one of them leads to this pool."),
    )
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="pool")
    coordinators = models.ManyToManyField(User, blank=True, related_name="coordinated_pools")
    member_limit = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text=_("How many open tasks a member may have at once; empty for any number."),
    )
    requires_licence = models.BooleanField(
        _("requires a licence in the patient's state"),
        default=False,
        help_text=_(
            "Only members with a licence in the state of the patient's home may do the work."
        ),
    )
    refuses_unserved = models.BooleanField(
        _("refuses work that nobody can do"),
        default=False,
        help_text=_(
            "Also for other systems: a task for this pool that no member may do is refused. Without it, such a task is taken, and the coordinators are told."
        ),
    )
    sla_stat = models.PositiveIntegerField(_("Stat"), null=True, blank=True)
    sla_asap = models.PositiveIntegerField("ASAP", null=True, blank=True)
    sla_urgent = models.PositiveIntegerField(_("Urgent"), null=True, blank=True)
    sla_routine = models.PositiveIntegerField(_("Routine"), null=True, blank=True)
    """Minutes of opening time within which a Task of the priority is to be claimed."""
    turn = ReferenceField(editable=False)
    """Who was given a Task last when they are given in turn."""

    class Meta:
        ordering = ["name"]
        indexes = [
            # The pool of a Task's or a PractitionerRole's codes, at each write.
            GinIndex(fields=["codes"], name="pool_codes"),
        ]
        permissions = [("claim_pool", "Can claim from pool"), ("assign_pool", "Can assign in pool")]

    def __str__(self) -> str:
        return self.name

    def sla_minutes(self, priority: str | None) -> int | None:
        """How long a Task of this `Task.priority` may wait to be claimed; None for any time."""
        return getattr(self, f"sla_{priority or 'routine'}", None)


class OpeningHours(models.Model):
    """When a pool works, in the clinic's time. A pool without any is always open."""

    class Weekday(models.IntegerChoices):
        MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    opens = models.TimeField()
    closes = models.TimeField(
        help_text=_(
            "At or before the time of opening, it is that of the next day: 0:00 is midnight."
        ),
    )

    class Meta:
        ordering = ["pool", "weekday", "opens"]
        verbose_name_plural = _("opening hours")
        constraints = [
            models.UniqueConstraint(
                fields=["pool", "weekday", "opens"], name="one_opening_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M} to {self.closes:%H:%M}"


class MemberLimit(models.Model):
    """How many open tasks one member of a pool may have, where that is not the pool's limit."""

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="member_limits")
    practitioner = ReferenceField()
    limit = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["pool", "practitioner"]
        constraints = [
            models.UniqueConstraint(fields=["pool", "practitioner"], name="one_limit_per_member")
        ]

    def __str__(self) -> str:
        return f"{self.practitioner}: {self.limit}"


class Draft(models.Model):
    """What a user has begun to fill in on a page and not sent yet: hers alone."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="drafts")
    page = models.CharField(max_length=32)
    fields = models.JSONField(default=dict)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "page"], name="one_draft_per_user_and_page")
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.page}"


class Availability(models.Model):
    """Whether a practitioner takes work now: one row each, none for those who always do.

    accounts.availability says what holds at an instant: `until` ends what `state` says.
    """

    class State(models.TextChoices):
        ON = "on", _("In clinic")
        OFF = "off", _("Away")
        LEAVE = "leave", _("On leave")

    practitioner = ReferenceField(unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.ON)
    until = models.DateTimeField(null=True, blank=True)
    delegate = ReferenceField(
        help_text=_("Who takes over the work while on leave; empty to give it back to its pools."),
    )
    changed_by = models.CharField(max_length=255, editable=False)
    """The reference of who said so, or `User/<username>`."""
    changed_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["practitioner"]
        verbose_name_plural = "availability"

    def __str__(self) -> str:
        return f"{self.practitioner}: {self.get_state_display()}"


def colours(name: str, help_text: str) -> ArrayField:
    """One colour for both themes, or one for the light and one for the dark."""
    return ArrayField(
        models.CharField(max_length=7),
        size=2,
        default=list,
        blank=True,
        verbose_name=name,
        help_text=help_text,
    )


def number(name: str, least: int, most: int, help_text: str) -> models.PositiveSmallIntegerField:
    return models.PositiveSmallIntegerField(
        name,
        null=True,
        blank=True,
        validators=[MinValueValidator(least), MaxValueValidator(most)],
        help_text=help_text,
    )


class SiteSettings(models.Model):
    """What admins may change while the server runs, in one row (accounts.site)."""

    ONLY = 1

    name = models.CharField(
        _("name of the clinic"), max_length=60, blank=True, help_text=_("Beside the mark.")
    )
    brand = colours(_("accent"), _("Of buttons and links."))
    on_brand = colours(_("text on the accent"), _("Of the words on a button."))
    brand_tint = colours(_("ground of what is chosen"), _("Behind a row that is open."))
    idle_minutes = number(
        *(_("minutes until the lock"), 0, 30),
        _("After so many minutes in which nobody was there a page locks; 0 for no lock."),
    )
    undo_seconds = number(
        *(_("seconds to undo"), 5, 120),
        _("For so long a page says what was done and offers to take it back."),
    )
    stats_smallest = number(
        *(_("smallest group"), 1, 100),
        _("Groups of fewer tasks than this are left out of statistics."),
    )
    sla_goal = number(
        *(_("goal in percent"), 1, 100),
        _("Of a hundred tasks, how many should be claimed within the time that their pool allows."),
    )

    class Meta:
        verbose_name = verbose_name_plural = _("site settings")
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="one_row_of_site_settings")
        ]

    def __str__(self) -> str:
        return capfirst(str(self._meta.verbose_name))

    def save(self, *args, **options) -> None:
        """Whoever saves sees it at once; so does who read the old row before this was committed."""
        super().save(*args, **options)
        site.forget()
        transaction.on_commit(site.forget)

    @classmethod
    def current(cls) -> "SiteSettings":
        """The row, or one that leaves everything to the environment."""
        return cls.objects.filter(pk=cls.ONLY).first() or cls(pk=cls.ONLY)

    def clean(self) -> None:
        """Colours are ones, and what is written in them can be read in both themes."""
        chosen = {token: getattr(self, name) for token, name in branding.FIELDS.items()}
        wrong = [
            name
            for token, name in branding.FIELDS.items()
            if not branding.are_colours(chosen[token])
        ]
        if wrong:
            sentence = _("Write #rrggbb for both themes, or #rrggbb,#rrggbb for light and dark.")
            raise ValidationError(dict.fromkeys(wrong, sentence))
        pairs = {
            token: chosen[token] or site.unset(name) for token, name in branding.FIELDS.items()
        }
        if unreadable := [*branding.unreadable(branding.themed(pairs))]:
            raise ValidationError(unreadable)


class PoolGroupObjectPermission(GroupObjectPermissionBase):
    """A pool's group may view it and claim from it; other groups may be let in too."""

    content_object = models.ForeignKey(Pool, on_delete=models.CASCADE)


class DirectoryResource(Resource):
    """What every signed-in member of staff may read (requirements.md T19)."""

    class Meta(Resource.Meta):
        abstract = True

    @classmethod
    def readable_condition(cls, actor):
        return EVERYTHING


class Patient(Resource):
    resource_type = "Patient"

    class Meta(Resource.Meta):
        indexes = [
            *Resource.Meta.indexes,
            # Who was born on a day.
            models.Index(
                RawSQL("(ranges #> '{birthdate,0,0}')::bigint", ()), name="patient_birth_date"
            ),
        ]

    @classmethod
    def index_columns(cls, document):
        columns = super().index_columns(document)
        return columns | {"tokens": sorted({*columns["tokens"], *numbers.tokens(document)})}


class Practitioner(DirectoryResource):
    resource_type = "Practitioner"


class PractitionerRole(DirectoryResource):
    """Who works in which role, where and when: an active one makes a member of its pools."""

    resource_type = "PractitionerRole"

    practitioner = ReferenceField()
    active = models.BooleanField(default=True)
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    pool_ids = ArrayField(models.BigIntegerField(), default=list)

    class Meta(Resource.Meta):
        indexes = [
            *Resource.Meta.indexes,
            # The pools of whoever acts, at each request.
            models.Index(fields=["practitioner"], name="practitionerrole_practitioner"),
        ]

    @classmethod
    def index_columns(cls, document):
        period = period_range(document.get("period", {}))
        return super().index_columns(document) | {
            "practitioner": document.get("practitioner", {}).get("reference", ""),
            "active": document.get("active", True),
            "period_start": period.low,
            "period_end": period.high,
        }

    @classmethod
    def lookup_columns(cls, before, after):
        return {"pool_ids": pools.pools_of_role(after)}


import accounts.sessions  # noqa: E402, F401 - Django looks for models here
