"""The Task and what hangs on it, and Provenance: why it moved."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from guardian.models import UserObjectPermissionBase

from accounts import pools
from fhir import access
from fhir.access import EVERYTHING, Condition
from fhir.actor import Role
from fhir.models import ReferenceField, Resource
from tasks import document as documents
from tasks import title_words
from tasks.document import NO_DUE, reference_of
from tasks.transitions import CLAIMABLE, FINAL, OPEN


class Task(Resource):
    """A piece of work: who needs it, for whom, how urgent, by when, and who has it."""

    resource_type = "Task"
    derived_tables = (("tasks_tasknote", "task_id"), ("tasks_taskpool", "task_id"))
    indexed_by_column = frozenset(
        {"for", "owner", "patient", "priority-order", "status", "subject"}
    )

    status = models.CharField(max_length=16, db_collation="C")
    priority = models.PositiveSmallIntegerField(default=1)
    """1 routine or absent, 2 urgent, 3 asap, 4 stat."""
    owner = ReferenceField()
    pool = models.ForeignKey(
        "accounts.Pool", on_delete=models.PROTECT, null=True, related_name="tasks", db_index=False
    )
    """The first pool of performerType; TaskPool has the others."""
    subject = ReferenceField()
    """`Task.for`."""
    due = models.DateTimeField(default=NO_DUE)
    """`Task.restriction.period.end`."""
    links = ArrayField(models.TextField(), default=list)
    reveals = "links"
    """Relative references to what a reader of this Task may read too (requirements.md T19)."""

    class Meta(Resource.Meta):
        # The lists of statuses must stand in the SQL of a query, not in its parameters, for the
        # planner to prove that it may use these.
        indexes = [
            *Resource.Meta.indexes,
            # A pool's queue, `Claim next`, and the search for a pool's unclaimed Tasks.
            models.Index(
                fields=["pool", "-priority", "due", "resource_id"],
                name="task_queue",
                condition=Q(deleted=False, status__in=sorted(CLAIMABLE)),
            ),
            # What is in a pool without an owner and does not wait there: hardly anything, but a
            # search for a pool's Tasks without an owner has to look.
            models.Index(
                fields=["pool", "-priority", "due", "resource_id"],
                name="task_unclaimed",
                condition=Q(owner="", deleted=False) & ~Q(status__in=sorted(CLAIMABLE)),
            ),
            # My tasks.
            models.Index(
                fields=["owner", "-priority", "due", "resource_id"],
                name="task_mine",
                condition=Q(deleted=False, status__in=sorted(OPEN)) & ~Q(owner=""),
            ),
            # What I have done: the rest of a search for an owner.
            models.Index(
                fields=["owner", "-priority", "due", "resource_id"],
                name="task_done",
                condition=Q(deleted=False, status__in=sorted(FINAL)) & ~Q(owner=""),
            ),
            # Polling by `modified`.
            models.Index(
                RawSQL("(ranges #> '{modified,0,1}')::bigint", ()).desc(nulls_last=True),
                name="task_modified",
            ),
            # What is to be done by when, for searches by `due-date`.
            models.Index(
                RawSQL("(ranges #> '{due-date,0,0}')::bigint", ()),
                name="task_due_date",
                condition=Q(deleted=False, status__in=sorted(OPEN)),
            ),
            # What is overdue.
            models.Index(
                fields=["due", "resource_id"],
                name="task_overdue",
                condition=Q(deleted=False, status__in=sorted(OPEN)),
            ),
            # What has been open longest: ids rise as rows are made.
            models.Index(
                fields=["id"],
                name="task_oldest",
                condition=Q(deleted=False, status__in=sorted(OPEN)),
            ),
            # A patient's Tasks.
            models.Index(fields=["subject", "-last_updated", "resource_id"], name="task_subject"),
            # Who may see a patient, a thread, a report: the Tasks that point at it.
            GinIndex(fields=["links"], name="task_links", fastupdate=False),
        ]

    @classmethod
    def index_columns(cls, document):
        columns = super().index_columns(document) | documents.index_columns(document)
        words = title_words.tokens(document)
        return columns | {"tokens": sorted({*columns["tokens"], *words})}

    @classmethod
    def lookup_columns(cls, before, after):
        if before and before.get("performerType") == after.get("performerType"):
            return {}
        found = pools.pool_ids(pools.codes_of(after.get("performerType", [])))
        return {"pool_id": found[0] if found else None}

    @classmethod
    def dependent_rows(cls, before, after):
        before = before or {}
        return [
            *_owner_permission(reference_of(before, "owner"), reference_of(after, "owner")),
            *_other_pools(before.get("performerType", []), after.get("performerType", [])),
            *_notes(before.get("note", []), after.get("note", [])),
        ]

    @classmethod
    def readable_condition(cls, actor):
        """T2: mine, granted to me, or without an owner in a pool of mine. T18 for coordinators."""
        if actor.reads_everything:
            return EVERYTHING
        condition = Condition(
            # What costs least to look at stands first.
            "(({owner} = '' and {pool_id} = any(%s::bigint[]))"
            " or (select 1 from tasks_taskuserobjectpermission p"
            " where p.content_object_id = {id} and p.user_id = %s limit 1) is not null"
            " or ({owner} = '' and (select 1 from tasks_taskpool s"
            " where s.task_id = {id} and s.pool_id = any(%s::bigint[]) limit 1) is not null))",
            (list(actor.pools), actor.user_id, list(actor.pools)),
        )
        if actor.role is Role.COORDINATOR:
            condition = (
                Condition("{pool_id} = any(%s::bigint[])", (list(actor.coordinates),))
                | condition
                | Condition(
                    "(select 1 from tasks_taskpool s where s.task_id = {id}"
                    " and s.pool_id = any(%s::bigint[]) limit 1) is not null",
                    (list(actor.coordinates),),
                )
            )
        return condition


class TaskPool(models.Model):
    """The second and later pools of a Task that may be done by several roles."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="other_pools")
    pool = models.ForeignKey("accounts.Pool", on_delete=models.PROTECT)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "pool"], name="one_row_per_task_and_pool")
        ]

    def __str__(self) -> str:
        return f"{self.task_id} in {self.pool_id}"


class TaskNote(models.Model):
    """One `Task.note`, in the order of the document."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="notes", db_index=False)
    position = models.PositiveIntegerField()
    author = models.CharField(max_length=255, blank=True)
    """The reference of the author, or the name where there is no reference."""
    time = models.DateTimeField(null=True)
    text = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "position"], name="one_row_per_note")
        ]
        ordering = ["task", "position"]

    def __str__(self) -> str:
        return f"{self.task_id} note {self.position}"


class TaskUserObjectPermission(UserObjectPermissionBase):
    """Who may view a Task: its owner (kept by the store), and whoever was granted a view."""

    content_object = models.ForeignKey(Task, on_delete=models.CASCADE)


class Provenance(Resource):
    """Why a Task moved: who readable Tasks are targets of may read it."""

    resource_type = "Provenance"

    targets = ArrayField(models.TextField(), default=list)

    @classmethod
    def index_columns(cls, document):
        references = [target.get("reference", "") for target in document.get("target", [])]
        return super().index_columns(document) | {
            "targets": [reference.split("/_history/")[0] for reference in references if reference]
        }

    @classmethod
    def readable_condition(cls, actor):
        if actor.reads_everything:
            return EVERYTHING
        sql, params = Task.readable_condition(actor).for_table("t", access.columns_of(Task))
        return Condition(
            "((select 1 from tasks_task t where t.resource_id = any(array("
            "select substr(e, 6) from unnest({targets}) e where starts_with(e, 'Task/')))"
            f" and {sql} limit 1) is not null)",
            params,
        )


VIEW_TASK = (
    "(select p.id from auth_permission p join django_content_type c on c.id = p.content_type_id"
    " where c.app_label = 'tasks' and p.codename = 'view_task')"
)


_USER = "u.reference = %s and u.reference <> ''"
"""In the words of the index of references: without them, a plan that is made once for all values
cannot use it, and PostgreSQL plans the whole write anew each time.
"""


def _owner_permission(before: str, after: str) -> list[tuple[str, tuple]]:
    """guardian's row for the owner, written here because `assign_perm` costs 5 ms (design.md §4)."""
    if before == after:
        return []
    statements = []
    if before:
        statements.append(
            (
                "delete from tasks_taskuserobjectpermission g using written, accounts_user u"
                " where g.content_object_id = written.id and g.user_id = u.id"
                f" and {_USER}",
                (before,),
            )
        )
    if after:
        statements.append(
            (
                "insert into tasks_taskuserobjectpermission"
                " (content_object_id, user_id, permission_id)"
                f" select written.id, u.id, {VIEW_TASK} from written, accounts_user u"
                f" where {_USER} on conflict do nothing",
                (after,),
            )
        )
    return statements


def _other_pools(before: list, after: list) -> list[tuple[str, tuple]]:
    if before == after:
        return []
    statements = []
    others = pools.pool_ids(pools.codes_of(after))[1:]
    if before:
        statements.append(
            (
                "delete from tasks_taskpool s using written where s.task_id = written.id"
                " and s.pool_id <> all(%s::bigint[])",
                (others,),
            )
        )
    if others:
        statements.append(
            (
                "insert into tasks_taskpool (task_id, pool_id)"
                " select written.id, unnest(%s::bigint[]) from written on conflict do nothing",
                (others,),
            )
        )
    return statements


def _notes(before: list, after: list) -> list[tuple[str, tuple]]:
    if before == after:
        return []
    same = 0
    for old, new in zip(before, after, strict=False):
        if old != new:
            break
        same += 1
    statements = []
    if len(before) > len(after):
        statements.append(
            (
                "delete from tasks_tasknote n using written"
                " where n.task_id = written.id and n.position >= %s",
                (len(after),),
            )
        )
    rows = documents.note_rows(after)[same:]
    if rows:
        positions, authors, times, texts = (list(column) for column in zip(*rows, strict=True))
        statements.append(
            (
                "insert into tasks_tasknote (task_id, position, author, time, text)"
                " select written.id, n.* from written, unnest("
                "%s::int[], %s::text[], %s::timestamptz[], %s::text[]) n"
                " on conflict (task_id, position) do update"
                " set author = excluded.author, time = excluded.time, text = excluded.text",
                (positions, authors, times, texts),
            )
        )
    return statements
