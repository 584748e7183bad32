"""What is sent, and what `$events` and `$status` answer: Bundles that begin with a status.

R4 has no SubscriptionStatus; the backport says it as Parameters.
https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html
"""

from collections.abc import Sequence
from uuid import uuid4

from fhir import json
from fhir.datatypes import to_instant
from fhir.renderers import bundle, etag
from fhir.subscriptions.document import BACKPORT, TYPE, Content
from fhir.subscriptions.models import Event

STATUS_PROFILE = f"{BACKPORT}/backport-subscription-status-r4"


class Told:
    """One event as it is told: `shows` its focus or not, `document` with its resource or not."""

    __slots__ = ("document", "event", "interaction", "shows")

    def __init__(self, event: Event, *, shows: bool, document: str = "", interaction: str = ""):
        self.event, self.shows = event, shows
        self.document, self.interaction = document, interaction


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

    https://hl7.org/fhir/uv/subscriptions-backport/ValueSet-backport-notification-type... of R5:
    https://hl7.org/fhir/R5/valueset-subscription-notification-type.html
    """
    shows = content in (Content.ID_ONLY, Content.FULL_RESOURCE)
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
    return bundle({"type": "history", "timestamp": _now(told)}, entries)


def _now(told: Sequence[Told]) -> str:
    from datetime import UTC, datetime

    return to_instant(datetime.now(UTC))


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
