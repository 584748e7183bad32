"""Telling receivers: the worker's loops that send what waits, until it is acknowledged.

Each Subscription is told its events in the order of their numbers, one notification at a time; none
waits for another Subscription's receiver. Who sends holds a lease, renewed at each attempt: a worker
that was killed lets go when it ends, and what it may have sent is sent again.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import OuterRef, Q, Subquery

from fhir import json, sql
from fhir.models import ClinicalResource
from fhir.subscriptions import document as says
from fhir.subscriptions.authors import author_of
from fhir.subscriptions.document import TYPE, Content, Status
from fhir.subscriptions.models import Attempt, Event, Subscriber
from fhir.subscriptions.notifications import WITH_FOCUS, Told, notification, told_to
from fhir.subscriptions.resource import say_status
from fhir.subscriptions.sending import Line, Undelivered
from fhir.subscriptions.signing import signed

TURN = 2.0
"""Seconds that one Subscription has until others get their turn."""
FIRST_PAUSE = timedelta(seconds=1)
"""After the first failure; each further one doubles it."""
PAUSES = (
    (timedelta(hours=2), None),
    (timedelta(days=1), timedelta(minutes=5)),
    (timedelta.max, timedelta(hours=1)),
)
"""(failing for less than this, the longest pause); None is TASKWARD_DELIVERY_PAUSE."""
FAILURES_TO_SAY = 3
"""So many in a row, and the Subscription says that it is in error."""
REFUSED_FOR = timedelta(hours=1)
"""An event that its receiver refuses by itself is given up after this, and the next one told."""
ABOUT_THE_EVENT = frozenset({400, 406, 409, 411, 412, 413, 414, 415, 422, 431})
"""Statuses by which a receiver may mean this event rather than every one."""
NOBODY = "Its author may not read for it any more."


@dataclass(frozen=True, slots=True)
class Lease:
    subscriber_id: int
    number: int


def step(*, only_healthy: bool = False, at: datetime | None = None) -> bool:
    """One turn of one Subscription that has something to tell; whether there was one.

    `only_healthy`: none of those whose last attempt failed, so that hanging receivers cannot take
    up every loop.
    """
    lease = take(only_healthy=only_healthy, at=at)
    if lease is None:
        return False
    ends_at = time.monotonic() + TURN
    line: Line | None = None
    waiting: list[Event] = []
    try:
        while True:
            work = _next(lease, waiting)
            if work is None:
                break
            if line is None or line.url != work.url:
                if line is not None:
                    line.close()
                line = Line(work.url, limit=settings.DELIVERY_LIMIT)
            if not _attempt(lease, work, line, at):
                return True
            if time.monotonic() > ends_at:
                break
        release(lease, at=at)
    finally:
        if line is not None:
            line.close()
    return True


def _now(at: datetime | None) -> datetime:
    return at or datetime.now(UTC)


def _lease_ends(at: datetime) -> datetime:
    """Longer than an attempt can take, and no longer than a receiver can wait for a killed worker."""
    return at + timedelta(seconds=2 * settings.DELIVERY_LIMIT)


def take(*, only_healthy: bool = False, at: datetime | None = None) -> Lease | None:
    """The lease of the Subscription that has waited longest, those that do not fail first."""
    now = _now(at)
    healthy = " and s.failures = 0" if only_healthy else ""
    found = sql.rows(
        "update fhir_subscriber set leased_until = %s, lease = lease + 1 where id = ("
        "select s.id from fhir_subscriber s where s.next_attempt_at <= %s"
        f" and (s.leased_until is null or s.leased_until <= %s){healthy}"
        " order by s.failures > 0, s.next_attempt_at limit 1 for update skip locked)"
        " returning id, lease",
        (_lease_ends(now), now, now),
    )
    return Lease(*found[0]) if found else None


def _held(lease: Lease) -> Subscriber | None:
    """The row, locked; None when the lease has ended and is another's."""
    return (
        Subscriber.objects.select_for_update()
        .filter(pk=lease.subscriber_id, lease=lease.number, leased_until__isnull=False)
        .first()
    )


@transaction.atomic
def release(lease: Lease, *, at: datetime | None = None) -> None:
    held = _held(lease)
    if held is not None:
        # The row is locked, so that no event can come in between.
        held.next_attempt_at = _now(at) if _waits(held) else None
        held.leased_until = None
        held.save(update_fields=["next_attempt_at", "leased_until"])


def _waits(subscriber: Subscriber) -> bool:
    waiting = subscriber.events.filter(outcome=Event.Outcome.WAITING).exists()
    return _document_of(subscriber) is not None and (waiting or not subscriber.is_greeted)


def _document_of(subscriber: Subscriber) -> dict | None:
    """What the Subscription says; None when it is off, has ended or was deleted."""
    found = ClinicalResource.objects.filter(
        resource_type=TYPE, resource_id=subscriber.resource_id, deleted=False
    ).values_list("document", flat=True)
    document = json.loads_stored(found[0]) if found else None
    if document is None or not says.is_listening(document, datetime.now(UTC)):
        return None
    return document


@dataclass(slots=True)
class Work:
    """What is to be sent next: some events, or the handshake when there are none."""

    subscriber: Subscriber
    document: dict
    events: list[Event]

    @property
    def url(self) -> str:
        return says.endpoint(self.document)

    @property
    def first(self) -> int:
        return self.events[0].number if self.events else 0

    @property
    def last(self) -> int:
        return self.events[-1].number if self.events else 0


def _next(lease: Lease, waiting: list[Event]) -> Work | None:
    """What the Subscription says by now, and the next events; `waiting` has those to come."""
    document = ClinicalResource.objects.filter(
        resource_type=TYPE, resource_id=OuterRef("resource_id"), deleted=False
    ).values("document")
    subscriber = (
        Subscriber.objects.filter(pk=lease.subscriber_id, lease=lease.number)
        .annotate(document=Subquery(document))
        .first()
    )
    said = subscriber and subscriber.document and json.loads_stored(subscriber.document)
    if not said or not says.is_listening(said, datetime.now(UTC)):
        return None
    if not subscriber.is_greeted:
        return Work(subscriber, said, [])
    if not waiting:
        found = subscriber.events.filter(outcome=Event.Outcome.WAITING).order_by("number")
        waiting[:] = found[: 2 * says.MAX_EVENTS]
    # One that was refused goes alone, so that it is known which one it is.
    count = 1 if any(each.failing_since for each in waiting[:1]) else says.max_count(said)
    events, waiting[:] = waiting[:count], waiting[count:]
    return Work(subscriber, said, events) if events else None


# --- one attempt ----------------------------------------------------------------------------------


def _attempt(lease: Lease, work: Work, line: Line, at: datetime | None) -> bool:
    """Send it; whether it was acknowledged, and the lease is still ours."""
    started = time.monotonic()
    now = _now(at)
    shown: set[int] = set()
    try:
        author = author_of(work.subscriber)
        if author is None:
            raise Undelivered(NOBODY)
        told = told_to(author, work.events, says.content(work.document))
        shown = {each.event.pk for each in told if each.shows}
        status, fault = line.post(*_message(work, told, now)), ""
    except Undelivered as error:
        status, fault = error.status, error.fault
    took = time.monotonic() - started
    attempt = Attempt(
        subscriber_id=lease.subscriber_id,
        first_number=work.first,
        last_number=work.last,
        started_at=now,
        milliseconds=int(took * 1000),
        status=status,
        fault=fault,
    )
    if fault:
        _record_failure(lease, work, attempt, at)
        return False
    return _record_success(lease, work, attempt, shown, at)


def _message(work: Work, told: Sequence[Told], now: datetime) -> tuple[bytes | None, dict]:
    """The body, None for R4's own form of no payload, and the headers."""
    subscriber, content = work.subscriber, says.content(work.document)
    numbers = str(work.first) if work.first == work.last else f"{work.first}-{work.last}"
    body = None
    headers = dict(subscriber.headers) | {"User-Agent": "Taskward", "Taskward-Event": numbers}
    if content is not Content.NOTHING:
        body = notification(
            "event-notification" if work.events else "handshake",
            subscriber.resource_id,
            work.document["status"],
            subscriber.last_number,
            told,
            base=settings.FHIR_BASE_URL,
            content=content,
        ).encode()
        headers["Content-Type"] = "application/fhir+json"
    message_id = f"{subscriber.resource_id}-{numbers}"
    return body, headers | signed(message_id, int(now.timestamp()), body or b"", subscriber.secret)


TOLD = """
with held as (
  update fhir_subscriber set failures = 0, failing_since = null, is_greeted = true,
    leased_until = %s
  where id = %s and lease = %s and leased_until is not null returning id),
told as (
  update fhir_event e set failing_since = null,
    outcome = case when e.id = any(%s::bigint[]) then 'withheld' else 'delivered' end
  from held where e.id = any(%s::bigint[])),
logged as (
  insert into fhir_attempt
    (subscriber_id, first_number, last_number, started_at, milliseconds, status, fault)
  select held.id, %s, %s, %s, %s, %s, '' from held)
select id from held
"""


def _record_success(
    lease: Lease, work: Work, attempt: Attempt, shown: set[int], at: datetime | None
) -> bool:
    asked = says.content(work.document) in WITH_FOCUS
    keys = [each.pk for each in work.events]
    held = sql.rows(
        TOLD,
        (
            *(_lease_ends(_now(at)), lease.subscriber_id, lease.number),
            *([key for key in keys if asked and key not in shown], keys),
            *(attempt.first_number, attempt.last_number, attempt.started_at),
            *(attempt.milliseconds, attempt.status),
        ),
    )
    if not held:
        return False  # Another worker sends by now: it will be told once more.
    if work.document["status"] != Status.ACTIVE:
        say_status(work.subscriber.resource_id, Status.ACTIVE)
    return True


def _record_failure(lease: Lease, work: Work, attempt: Attempt, at: datetime | None) -> None:
    now = _now(at)
    with transaction.atomic():
        held = _held(lease)
        if held is None:
            return
        attempt.save()
        held.failures += 1
        held.failing_since = held.failing_since or now
        refused = attempt.status in ABOUT_THE_EVENT
        for event in work.events:
            event.failing_since = event.failing_since or now
            if refused and now - event.failing_since >= REFUSED_FOR:
                event.outcome = Event.Outcome.DEAD
        Event.objects.bulk_update(work.events, ["outcome", "failing_since"])
        gives_up = now - held.failing_since >= timedelta(days=settings.DELIVERY_DAYS)
        if gives_up:
            held.events.filter(outcome=Event.Outcome.WAITING).update(outcome=Event.Outcome.DEAD)
        held.next_attempt_at = None if gives_up else now + pause(held, now)
        held.leased_until = None
        held.save(update_fields=["failures", "failing_since", "next_attempt_at", "leased_until"])
    if gives_up:
        say_status(held.resource_id, Status.OFF, f"Given up. {attempt.fault}")
    elif held.failures >= FAILURES_TO_SAY and work.document["status"] != Status.ERROR:
        say_status(held.resource_id, Status.ERROR, attempt.fault)


def pause(subscriber: Subscriber, now: datetime) -> timedelta:
    """Until the next attempt: doubled each time, up to a third of a minute for the first hours."""
    failing_for = now - subscriber.failing_since
    longest = next(most for until, most in PAUSES if failing_for < until)
    if longest is None:
        longest = timedelta(seconds=settings.DELIVERY_PAUSE)
    doubled = FIRST_PAUSE * 2 ** min(subscriber.failures - 1, 20)
    return min(doubled, longest)


# --- by hand --------------------------------------------------------------------------------------


@transaction.atomic
def resend(subscriber_id: int, events: Q, *, at: datetime | None = None) -> int:
    """Have these events of a Subscription sent again, before what still waits; how many."""
    held = Subscriber.objects.select_for_update().get(pk=subscriber_id)
    count = held.events.filter(events).update(outcome=Event.Outcome.WAITING, failing_since=None)
    if count and _document_of(held) is not None:
        held.next_attempt_at = _now(at)
        held.save(update_fields=["next_attempt_at"])
    return count


@transaction.atomic
def try_now(subscriber_id: int, *, at: datetime | None = None) -> None:
    """Do not wait out the pause after a failure, when there is something to send."""
    held = Subscriber.objects.select_for_update().get(pk=subscriber_id)
    if held.next_attempt_at is not None:
        held.next_attempt_at = _now(at)
        held.save(update_fields=["next_attempt_at"])


@transaction.atomic
def forget(at: datetime | None = None) -> None:
    """Delete what is old, and the secrets of Subscriptions that are no more; end those that end."""
    now = _now(at)
    oldest = now - timedelta(days=settings.EVENT_DAYS)
    Event.objects.filter(happened_at__lt=oldest).exclude(outcome=Event.Outcome.WAITING).delete()
    Attempt.objects.filter(started_at__lt=oldest).delete()
    gone = ClinicalResource.objects.filter(resource_type=TYPE, deleted=True)
    Subscriber.objects.filter(resource_id__in=gone.values("resource_id")).update(
        headers={}, secret="", next_attempt_at=None
    )
    there = ClinicalResource.objects.filter(resource_type=TYPE, deleted=False)
    for resource_id, text in there.values_list("resource_id", "document"):
        if says.has_ended(json.loads_stored(text), now):
            say_status(resource_id, Status.OFF)
