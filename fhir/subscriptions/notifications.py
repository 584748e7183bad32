"""What is sent, and what `$events` and `$status` answer: Bundles that begin with a status.

R4 has no SubscriptionStatus; the backport says it as Parameters.
https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from django.db.models import Q

from fhir import json
from fhir.actor import Actor
from fhir.datatypes import to_instant
from fhir.models import ResourceVersion
from fhir.renderers import bundle, etag
from fhir.subscriptions.authors import readable
from fhir.subscriptions.document import BACKPORT, TYPE, Content
from fhir.subscriptions.models import Event

STATUS_PROFILE = f"{BACKPORT}/backport-subscription-status-r4"


WITH_FOCUS = (Content.ID_ONLY, Content.FULL_RESOURCE)


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it is told: whether it shows what it is about, and the text of the resource."""

    event: Event
    shows: bool = False
    document: str = ""


def told_to(actor: Actor, events: Sequence[Event], content: Content) -> list[Told]:
    """The events with what the actor may read now; of the others only that there was one."""
    if content not in WITH_FOCUS:
        return [Told(each) for each in events]
    rights = readable(actor, [(each.resource_type, each.resource_id) for each in events])
    texts = _documents(events) if content is Content.FULL_RESOURCE else {}
    found = []
    for event in events:
        key = (event.resource_type, event.resource_id)
        # What has been deleted since is not shown any more.
        text = texts.get((*key, event.version_id), "") if rights.get(key) is False else ""
        found.append(Told(event, key in rights, text))
    return found


def _documents(events: Sequence[Event]) -> dict[tuple, str]:
    """The version that each event is about, by type, id and version."""
    wanted = Q(pk__in=())
    for each in events:
        wanted |= Q(
            resource_type=each.resource_type,
            resource_id=each.resource_id,
            version_id=each.version_id,
        )
    columns = ("resource_type", "resource_id", "version_id", "document")
    rows = ResourceVersion.objects.filter(wanted).values_list(*columns)
    return {row[:3]: row[3] for row in rows}


def notification(
    kind: str,
    resource_id: str,
    status: str,
    last_number: int,
    told: Sequence[Told],
    *,
    base: str,
    content: Content,
    error: str = "",
) -> str:
    """A Bundle of type history. `kind` is handshake, event-notification or query-event.

    https://hl7.org/fhir/R5/valueset-subscription-notification-type.html
    """
    shows = content in WITH_FOCUS
    parts = [_event_part(each, shows=shows) for each in told]
    entries = [
        _status_entry(
            status_parameters(
                kind, resource_id, status, last_number, parts, base=base, error=error
            ),
            resource_id,
        )
    ]
    if shows:
        entries += [_entry(each, base) for each in told if each.shows]
    return bundle({"type": "history", "timestamp": to_instant(datetime.now(UTC))}, entries)


def statuses(found: Sequence[dict], *, base: str) -> str:
    """A searchset of statuses."""
    entries = (
        json.dumps(
            {"fullUrl": f"urn:uuid:{each['id']}", "resource": each, "search": {"mode": "match"}}
        ).decode()
        for each in found
    )
    return bundle({"type": "searchset", "total": len(found)}, entries)


def status_parameters(
    kind: str,
    resource_id: str,
    status: str,
    last_number: int,
    parts: Sequence[dict] = (),
    *,
    base: str,
    error: str = "",
) -> dict:
    """A Parameters resource with the parts of SubscriptionStatus."""
    parameters = [
        {"name": "subscription", "valueReference": {"reference": f"{base}/{TYPE}/{resource_id}"}},
        {"name": "status", "valueCode": status},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(last_number)},
        *parts,
    ]
    if error:
        parameters.append({"name": "error", "valueCodeableConcept": {"text": error}})
    return {
        "resourceType": "Parameters",
        "id": str(uuid4()),
        "meta": {"profile": [STATUS_PROFILE]},
        "parameter": parameters,
    }


def _event_part(told: Told, *, shows: bool) -> dict:
    event = told.event
    part: list[dict] = [
        {"name": "event-number", "valueString": str(event.number)},
        {"name": "timestamp", "valueInstant": to_instant(event.happened_at)},
    ]
    if shows and told.shows:
        part.append({"name": "focus", "valueReference": {"reference": event.reference}})
    return {"name": "notification-event", "part": part}


def _status_entry(status: dict, resource_id: str) -> str:
    return json.dumps(
        {
            "fullUrl": f"urn:uuid:{status['id']}",
            "resource": status,
            "request": {"method": "GET", "url": f"{TYPE}/{resource_id}/$status"},
            "response": {"status": "200"},
        }
    ).decode()


def _entry(told: Told, base: str) -> str:
    """A resource, or only how it was written."""
    event = told.event
    created = event.version_id == 1
    entry = json.dumps(
        {
            "fullUrl": f"{base}/{event.reference}",
            "request": {
                "method": "POST" if created else "PUT",
                "url": event.resource_type if created else event.reference,
            },
            "response": {
                "status": "201" if created else "200",
                "etag": etag(event.version_id),
                "lastModified": to_instant(event.happened_at),
            },
        }
    ).decode()
    return f'{entry[:-1]},"resource":{told.document}}}' if told.document else entry
