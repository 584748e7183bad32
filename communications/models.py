"""Messages between patients and staff, and the threads that they make.

A thread is a Communication without partOf, its header; a message is one whose partOf names it.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from fhir import access
from fhir.access import EVERYTHING, Condition
from fhir.datatypes import parse_date
from fhir.models import ReferenceField, Resource


class Communication(Resource):
    resource_type = "Communication"

    sender = ReferenceField()
    recipients = ArrayField(models.TextField(), default=list)
    subject = ReferenceField()
    thread = ReferenceField()
    """The header of a message (its first partOf); empty for a header."""
    sent = models.DateTimeField(null=True)

    class Meta(Resource.Meta):
        indexes = [
            *Resource.Meta.indexes,
            # The messages of a thread in the order of sending.
            models.Index(fields=["thread", "sent"], name="communication_thread"),
        ]

    @classmethod
    def index_columns(cls, document):
        headers = [parent.get("reference", "") for parent in document.get("partOf", [])]
        recipients = [recipient.get("reference", "") for recipient in document.get("recipient", [])]
        return super().index_columns(document) | {
            "sender": document.get("sender", {}).get("reference", ""),
            "recipients": [reference for reference in recipients if reference],
            "subject": document.get("subject", {}).get("reference", ""),
            "thread": next((header for header in headers if header), ""),
            "sent": parse_date(document["sent"]).low if "sent" in document else None,
        }

    @classmethod
    def readable_condition(cls, actor):
        """T19: mine as sender or recipient, or of a thread that a readable Task points at."""
        if actor.reads_everything:
            return EVERYTHING
        condition = access.revealed(actor, "'Communication/' || {resource_id}", "{thread}")
        if actor.reference:
            condition |= Condition(
                "({sender} = %s or {recipients} @> array[%s]::text[])",
                (actor.reference, actor.reference),
            )
        return condition
