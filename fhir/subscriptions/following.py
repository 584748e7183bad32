"""From the change feed to the events of Subscriptions: what matches whose criteria.

A version is judged as it was when it was written, so that no state of a resource is missed that
lasted a moment; what chains lead to, and what the author may read, is looked at as it is now. As in
R4, what is created or changed into meeting the criteria is told of: deletions, and versions that no
longer meet them, are for `$changes`. https://hl7.org/fhir/R4/subscription.html
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import DatabaseError, OperationalError, transaction

from fhir import json, sql
from fhir.actor import Actor
from fhir.errors import FhirError
from fhir.feed import FeedChange
from fhir.models import ClinicalResource
from fhir.scopes import allows
from fhir.search.matching import as_rows, matching
from fhir.subscriptions import document as says
from fhir.subscriptions.authors import author_of, readable
from fhir.subscriptions.document import TYPE, Status
from fhir.subscriptions.models import Event, Subscriber
from fhir.subscriptions.resource import say_status

logger = logging.getLogger(__name__)

LONGEST = "5s"
"""That one statement may take: criteria that are slow must not hold up all others."""


def handle(changes: list[FeedChange]) -> None:
    """Give each Subscription a numbered event for each change that it tells of.

    Runs in the transaction that moves the cursor of the feed.
    """
    sql.rows(f"select set_config('statement_timeout', '{LONGEST}', true)")
    batch = _Batch(changes)
    for subscriber, document in listening(batch.types):
        found = [
            each
            for each in batch.told_to(subscriber, document)
            if each.number > subscriber.starts_after
        ]
        if found:
            _add_events(subscriber, found)


def listening(types: set[str]) -> Iterator[tuple[Subscriber, dict]]:
    """Those that tell of these types, each with its document, in one order for all workers."""
    now = datetime.now(UTC)
    there = ClinicalResource.objects.filter(resource_type=TYPE, deleted=False)
    documents = dict(there.values_list("resource_id", "document")) if types else {}
    wanted = {}
    for resource_id, text in documents.items():
        document = json.loads_stored(text)
        if says.criteria(document)[0] in types and says.is_listening(document, now):
            wanted[resource_id] = document
    if wanted:
        for subscriber in Subscriber.objects.filter(resource_id__in=wanted).order_by("pk"):
            yield subscriber, wanted[subscriber.resource_id]


class _Batch:
    """Some changes, and what has been found out about them: equal criteria are asked once."""

    def __init__(self, changes: list[FeedChange]):
        self.changes: dict[str, list[FeedChange]] = {}
        for each in changes:
            if each.document:
                self.changes.setdefault(each.resource_type, []).append(each)
        self.types = set(self.changes)
        self.authors: dict[tuple, Actor | None] = {}
        self.documents: dict[str, tuple[list[dict], str]] = {}
        self.known: dict[tuple, list[FeedChange]] = {}

    def told_to(self, subscriber: Subscriber, document: dict) -> list[FeedChange]:
        author = self._author_of(subscriber)
        type_name, query = says.criteria(document)
        if author is None or not allows(author, type_name, "s"):
            return []
        key = (type_name, query, author.user_id, author.scopes)
        if key not in self.known:
            self.known[key] = self._matching(type_name, query, author, subscriber)
        return self.known[key]

    def _author_of(self, subscriber: Subscriber) -> Actor | None:
        key = (subscriber.user_id, subscriber.grant, str(subscriber.scopes))
        if key not in self.authors:
            self.authors[key] = author_of(subscriber)
        return self.authors[key]

    def _matching(
        self, type_name: str, query: str, author: Actor, subscriber: Subscriber
    ) -> list[FeedChange]:
        changes = self.changes[type_name]
        if type_name not in self.documents:
            parsed = [each.parsed() for each in changes]
            self.documents[type_name] = parsed, as_rows(type_name, parsed)
        documents, rows = self.documents[type_name]
        try:
            with transaction.atomic():
                meets = matching(type_name, query, documents, actor=author, rows=rows)
        except (FhirError, DatabaseError) as error:
            if isinstance(error, OperationalError) and not error.__cause__.sqlstate:
                raise  # The database went away.
            # What cannot be asked must not keep the others from being told.
            logger.error("The criteria of Subscription/%s failed.", subscriber.resource_id)
            say_status(subscriber.resource_id, Status.ERROR, "The criteria cannot be searched.")
            return []
        found = [each for each, met in zip(changes, meets, strict=True) if met]
        rights = readable(author, [(each.resource_type, each.resource_id) for each in found])
        return [each for each in found if (each.resource_type, each.resource_id) in rights]


def _add_events(subscriber: Subscriber, changes: list[FeedChange]) -> None:
    # The lock of the row keeps numbers without gaps, and who sends from falling asleep meanwhile.
    [(last,)] = sql.rows(
        "update fhir_subscriber set last_number = last_number + %s,"
        " next_attempt_at = coalesce(next_attempt_at, now()) where id = %s returning last_number",
        (len(changes), subscriber.pk),
    )
    Event.objects.bulk_create(
        Event(
            subscriber=subscriber,
            number=number,
            change=each.number,
            resource_type=each.resource_type,
            resource_id=each.resource_id,
            version_id=each.version_id,
            happened_at=each.last_updated,
        )
        for number, each in enumerate(changes, last - len(changes) + 1)
    )
