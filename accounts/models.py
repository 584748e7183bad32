"""People and places: users, their roles and tokens, pools, and the directory of practitioners."""

from django.contrib.auth.models import AbstractUser, Group
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from guardian.models import GroupObjectPermissionBase

from accounts import pools
from fhir.access import EVERYTHING
from fhir.datatypes import period_range
from fhir.models import ReferenceField, Resource


class User(AbstractUser):
    """Someone, or some client, that signs in. The groups say the role (fhir.actor.Role)."""

    reference = ReferenceField(
        help_text="The FHIR resource of this user, for example Practitioner/dr-cardio.",
    )
    theme = models.CharField(
        max_length=8, blank=True, choices=[("", "System"), ("light", "Light"), ("dark", "Dark")]
    )
    density = models.CharField(
        max_length=12,
        default="compact",
        choices=[("compact", "Compact"), ("comfortable", "Comfortable")],
    )

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
        help_text="The role's codes, as system|code: every one of them leads to this pool.",
    )
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="pool")
    coordinators = models.ManyToManyField(User, blank=True, related_name="coordinated_pools")

    class Meta:
        ordering = ["name"]
        indexes = [
            # The pool of a Task's or a PractitionerRole's codes, at each write.
            GinIndex(fields=["codes"], name="pool_codes"),
        ]
        permissions = [("claim_pool", "Can claim from pool"), ("assign_pool", "Can assign in pool")]

    def __str__(self) -> str:
        return self.name


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
