"""Messages between patients and staff, and the threads that they make.

A thread is a Communication without partOf, its header; a message is one whose partOf names it.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from communications import document as documents
from communications.document import PATIENT, STAFF, is_patient_side
from fhir import access, sql
from fhir.access import EVERYTHING, Condition
from fhir.datatypes import EARLIEST
from fhir.models import FhirIdField, ReferenceField, Resource


class Communication(Resource):
    resource_type = "Communication"

    sender = ReferenceField()
    recipients = ArrayField(models.TextField(), default=list)
    subject = ReferenceField()
    thread = ReferenceField()
    """The header of a message (its first partOf); empty for a header."""
    sent = models.DateTimeField(null=True)

    draft = models.BooleanField(db_default=False)
    """Being written: for nobody but its sender."""
    internal = models.BooleanField(db_default=False)
    """Labelled as not for patients."""
    voice = models.CharField(max_length=8, db_collation="C", db_default="")
    """communications.document.voice_of"""
    said_at = models.DateTimeField(db_default=EARLIEST)

    # What the list of threads goes by: columns of headers.
    finished = models.BooleanField(db_default=False)
    newest = FhirIdField(db_default="")
    """The id of the newest message with a voice, which may be the header itself."""
    newest_at = models.DateTimeField(null=True)
    newest_voice = models.CharField(max_length=8, db_collation="C", db_default="")

    class Meta(Resource.Meta):
        # As in tasks.models, the conditions must stand in the SQL of a query word for word.
        indexes = [
            *Resource.Meta.indexes,
            # The messages of a thread in the order of sending.
            models.Index(fields=["thread", "sent"], name="communication_thread"),
            # Threads in which it is our turn.
            models.Index(
                fields=["newest_at", "resource_id"],
                name="communication_our_turn",
                condition=Q(deleted=False, newest_voice=PATIENT),
            ),
            # Threads that wait for the patient.
            models.Index(
                fields=["newest_at", "resource_id"],
                name="communication_their_turn",
                condition=Q(deleted=False, finished=False, newest_voice=STAFF),
            ),
            # All threads, by when something was last said in them.
            models.Index(
                fields=["-newest_at", "-resource_id"],
                name="communication_last_said",
                condition=Q(deleted=False) & ~Q(newest=""),
            ),
            # What somebody is writing.
            models.Index(
                fields=["thread", "sender"],
                name="communication_draft",
                condition=Q(deleted=False, draft=True),
            ),
        ]

    @classmethod
    def index_columns(cls, document):
        return super().index_columns(document) | documents.index_columns(document)

    @classmethod
    def lookup_columns(cls, before, after):
        """The newest message of a header."""
        alone = documents.newest_alone(after)
        if documents.thread_of(after) or not after.get("id"):
            return alone
        if before and not documents.thread_of(before) and documents.newest_alone(before) == alone:
            return {}
        found = sql.rows(
            "select m.resource_id, m.said_at, m.voice from communications_communication m"
            " where m.thread = %s and m.voice <> '' and not m.deleted"
            " order by m.said_at desc, m.resource_id desc limit 1",
            (f"Communication/{after['id']}",),
        )
        if (
            not found
            or alone["newest"]
            and (alone["newest_at"], after["id"]) > (found[0][1], found[0][0])
        ):
            return alone
        return dict(zip(("newest", "newest_at", "newest_voice"), found[0], strict=True))

    @classmethod
    def dependent_rows(cls, before, after):
        """A message's header follows what is newest in its thread."""
        statements = []
        thread = documents.thread_of(after)
        if before is None:
            if thread and documents.voice_of(after):
                statements.append(_spoken(thread, after))
            return statements
        left = documents.thread_of(before)
        if left and left != thread:
            statements.append(_silenced(left, after["id"]))
        if thread and (documents.voice_of(before) or documents.voice_of(after)):
            statements.append(_retold(thread, after))
        return statements

    @classmethod
    def rows_after_deletion(cls, before):
        thread = documents.thread_of(before)
        return [_silenced(thread, before["id"])] if thread and documents.voice_of(before) else []

    @classmethod
    def readable_condition(cls, actor):
        """T19: mine as sender or recipient, or of a thread that a readable Task points at.

        A draft is for its sender, whatever thread it is of. What is labelled as not for patients is
        for no user who is one, or who speaks for one.
        """
        if actor.reads_everything:
            return EVERYTHING
        through = access.revealed(actor, "{thread}")
        condition = access.revealed(actor, "'Communication/' || {resource_id}")
        condition |= Condition(f"(not {{draft}} and {through.sql})", through.params)
        if actor.reference:
            condition |= Condition(
                "({sender} = %s or (not {draft} and {recipients} @> array[%s]::text[]))",
                (actor.reference, actor.reference),
            )
        if is_patient_side(actor.reference):
            return Condition(f"(not {{internal}} and {condition.sql})", condition.params)
        return condition


class Snippet(models.Model):
    """A text that a reply may begin with. `[dose]` is a field that must be filled before it is sent."""

    name = models.CharField(max_length=80, unique=True)
    text = models.TextField(
        help_text=_(
            "What stands in square brackets, for example [dose], must be filled in by whoever sends the reply."
        )
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


NEWEST = "newest = {0}.resource_id, newest_at = {0}.said_at, newest_voice = {0}.voice"


def _spoken(thread: str, message: dict) -> tuple[str, tuple]:
    """A new message is the newest of its thread, unless a newer one came before it.

    The comparison is with the header as it is when its row is free: of two messages at once, the
    newer one stays.
    """
    return (
        f"update communications_communication h set {NEWEST.format('m')}"
        " from written, (values (%s::varchar, %s::timestamptz, %s::varchar))"
        " m (resource_id, said_at, voice)"
        " where h.resource_id = %s and (h.newest = '' or (h.newest_at, h.newest)"
        ' <= (m.said_at, m.resource_id collate "C"))',
        (message["id"], documents.said_at(message), documents.voice_of(message), _id(thread)),
    )


def _retold(thread: str, message: dict) -> tuple[str, tuple]:
    """A message changed: what is newest may be it, or no longer be it."""
    return (
        f"update communications_communication h set {NEWEST.format('n')} from written,"
        f" ({_others('union all select %s::varchar, %s::timestamptz, %s::varchar')}) n"
        " where h.resource_id = %s and (h.newest in ('', %s) or (h.newest_at, h.newest)"
        ' <= (n.said_at, n.resource_id collate "C"))',
        (
            thread,
            message["id"],
            _id(thread),
            message["id"],
            documents.said_at(message),
            documents.voice_of(message),
            _id(thread),
            message["id"],
        ),
    )


def _silenced(thread: str, message_id: str) -> tuple[str, tuple]:
    """A message is gone from its thread."""
    return (
        f"update communications_communication h set {NEWEST.format('n')} from written,"
        f" ({_others()}) n where h.resource_id = %s and h.newest = %s",
        (thread, message_id, _id(thread), _id(thread), message_id),
    )


def _others(besides: str = "") -> str:
    """The newest of a thread's messages but one, of its header and of what stands `besides`."""
    return (
        "select * from ("
        "select m.resource_id, m.said_at, m.voice from communications_communication m"
        " where m.thread = %s and m.resource_id <> %s and not m.deleted"
        " union all select t.resource_id, t.said_at, t.voice from communications_communication t"
        f" where t.resource_id = %s {besides}"
        " union all select '', null, '') c where voice <> '' or resource_id = ''"
        " order by voice = '', said_at desc, resource_id collate \"C\" desc limit 1"
    )


def _id(reference: str) -> str:
    return reference.removeprefix("Communication/")
