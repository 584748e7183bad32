"""The rows behind every resource: the document as it is sent, its index columns, and its versions."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from fhir import access
from fhir.search import indexing


class FhirIdField(models.CharField):
    """A FHIR id: compared byte by byte, so that its index also serves keyset paging."""

    def __init__(self, *args, **kwargs):
        kwargs |= {"max_length": 64, "db_collation": "C"}
        super().__init__(*args, **kwargs)


class ReferenceField(models.CharField):
    """The relative reference ("Practitioner/x") of one element; empty when absent."""

    def __init__(self, *args, **kwargs):
        kwargs |= {"max_length": 255, "db_collation": "C", "default": "", "blank": True}
        super().__init__(*args, **kwargs)


class ResourceQuerySet(models.QuerySet):
    def readable_by(self, actor, *, shown: models.Q | None = None) -> "ResourceQuerySet":
        """The only gate for reads: what `actor` may see of this type (requirements.md T2, T19).

        `shown` is what a row that the actor may read points at.
        """
        return self.filter(access.readable(self.model, actor, shown=shown))


class Resource(models.Model):
    """One FHIR resource of a type that has a model of its own.

    `document` is what is sent; every other column is an index of it, derived by `index_columns`.
    """

    resource_type: ClassVar[str] = ""
    """The FHIR type of the model's rows; ClinicalResource, which holds many, has a column."""

    id = models.BigAutoField(primary_key=True)
    resource_id = FhirIdField()
    version_id = models.PositiveIntegerField(default=1)
    last_updated = models.DateTimeField()
    deleted = models.BooleanField(default=False)
    document = models.TextField()
    tokens = ArrayField(models.TextField(), default=list)
    """`fhir.search.indexing` says what is in these three."""
    strings = ArrayField(models.TextField(), default=list)
    ranges = models.JSONField(default=dict)

    objects = ResourceQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["resource_id"], name="one_row_per_%(class)s")
        ]
        indexes = [
            # Lists newest first; polling by _lastUpdated.
            models.Index(fields=["-last_updated", "resource_id"], name="%(class)s_newest"),
            # Every token, reference and string-prefix search.
            GinIndex(fields=["tokens"], name="%(class)s_tokens"),
        ]

    def __str__(self) -> str:
        return f"{self.resource_type}/{self.resource_id}"

    @classmethod
    def index_columns(cls, document: dict) -> dict[str, Any]:
        """Column name → value for everything that is an index of the document. Pure."""
        return indexing.index_columns(document, skip=cls.indexed_by_column)

    indexed_by_column: ClassVar[frozenset[str]] = frozenset()
    """Search parameters that a column of the model answers, so that `tokens` need not hold them."""

    derived_tables: ClassVar[tuple[tuple[str, str], ...]] = ()
    """(table, column of the row's id) of rows that are an index of the document and nothing else."""

    @classmethod
    def lookup_columns(cls, before: dict | None, after: dict) -> dict[str, Any]:
        """Columns that need a look at other tables; those that stay as they are are left out."""
        return {}

    @classmethod
    def dependent_rows(cls, before: dict | None, after: dict) -> list[tuple[str, tuple]]:
        """SQL that writes rows of other tables together with this one.

        Each is (data-modifying statement, parameters); `written` holds the row's id in it, as in
        `insert into t (task_id, …) select written.id, … from written`. They run on one snapshot:
        no two may touch the same row.
        """
        return []

    @classmethod
    def rows_after_deletion(cls, before: dict) -> list[tuple[str, tuple]]:
        """The same for a deletion: what hangs on the row stays, as it says who may know of it, but
        for what other resources take from it."""
        return []

    reveals: ClassVar[str] = ""
    """The column with the `Type/id` of all that a row reveals to whoever may read it (T19)."""

    @classmethod
    def readable_condition(cls, actor) -> access.Condition:
        """What `actor` may read. Everything clinical: what a readable Task points at (T19)."""
        if actor.reads_everything:
            return access.EVERYTHING
        return access.revealed(actor, f"'{cls.resource_type}/' || {{resource_id}}")


class ClinicalResource(Resource):
    """Every R4 resource type that has no model of its own."""

    resource_type = models.CharField(max_length=64, db_collation="C")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["resource_type", "resource_id"], name="one_row_per_clinical_resource"
            )
        ]
        indexes = [
            # Lists of one type, newest first.
            models.Index(
                fields=["resource_type", "-last_updated", "resource_id"], name="clinical_newest"
            ),
            # Every token and reference search.
            GinIndex(fields=["tokens"], name="clinical_tokens"),
        ]

    @classmethod
    def readable_condition(cls, actor):
        if actor.reads_everything:
            return access.EVERYTHING
        return access.in_directory("{resource_type}") | access.revealed(
            actor, "{resource_type} || '/' || {resource_id}"
        )


class ResourceVersion(models.Model):
    """One version of one resource: the history, and the change feed.

    Readers of the feed take rows below `pg_snapshot_xmin(pg_current_snapshot())` in
    (transaction, id) order, so that nothing that commits late is skipped.
    """

    id = models.BigAutoField(primary_key=True)
    resource_type = models.CharField(max_length=64, db_collation="C")
    resource_id = FhirIdField()
    version_id = models.PositiveIntegerField()
    last_updated = models.DateTimeField()
    document = models.TextField()
    """Empty for a deletion."""
    interaction = models.CharField(max_length=16)
    """create, update, patch, delete, or the name of the operation that made it."""
    actor = models.CharField(max_length=255)
    """The reference of who did it, or `User/<username>` for a user without one."""
    transaction = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["resource_type", "resource_id", "version_id"], name="one_row_per_version"
            )
        ]
        indexes = [
            # The change feed.
            models.Index(fields=["transaction", "id"], name="version_feed"),
            # The history of a type, newest first.
            models.Index(
                fields=["resource_type", "-last_updated", "-id"], name="version_newest_of_type"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource_type}/{self.resource_id}/_history/{self.version_id}"


class Change(models.Model):
    """A version's number in the change feed (fhir.feed): gapless, in the order of becoming visible."""

    number = models.BigIntegerField(primary_key=True)
    version = models.ForeignKey(
        # Versions are never deleted; a constraint would lock each of them to prove it.
        ResourceVersion,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
    )

    def __str__(self) -> str:
        return f"{self.number}"


class Numbering(models.Model):
    """The one row that says how far the versions are numbered. Its lock lets one do it at a time."""

    number = models.BigIntegerField(db_default=0)
    """The last that was given."""
    transaction = models.BigIntegerField(db_default=0)
    version_id = models.BigIntegerField(db_default=0)
    """Of the version that has it."""
    system_identifier = models.BigIntegerField(db_default=0)
    """The database cluster that the transaction ids are of: a backup that is restored into another
    one starts with lower ones."""
    after_version_id = models.BigIntegerField(db_default=0)
    """The last of what was there before this cluster numbered: its transaction id says nothing."""

    def __str__(self) -> str:
        return f"up to {self.number}"


class FeedCursor(models.Model):
    """How far a follower of the change feed has come."""

    name = models.CharField(max_length=40, primary_key=True)
    number = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name} at {self.number}"


class KeptAnswer(models.Model):
    """The answer to a request with an Idempotency-Key (fhir.idempotency)."""

    user_id = models.BigIntegerField()
    key = models.CharField(max_length=64)
    """A hash of the key and of the token's scopes."""
    fingerprint = models.CharField(max_length=64)
    """A hash of the request."""
    status = models.PositiveSmallIntegerField()
    body = models.TextField(blank=True)
    resource_type = models.CharField(max_length=64, blank=True)
    resource_id = FhirIdField(blank=True)
    version_id = models.PositiveIntegerField(null=True)
    last_updated = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user_id", "key"], name="one_answer_per_key")
        ]
        indexes = [
            # What is old enough to be deleted.
            models.Index(fields=["created_at"], name="keptanswer_created"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.status}"


import fhir.subscriptions.models  # noqa: E402, F401 - Django looks for models here
