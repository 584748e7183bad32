"""`$status`, `$events` and `$resend` of Subscriptions, as the backport of R5 has them.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/artifacts.html
"""

from urllib.parse import parse_qsl

from django.db.models import Q

from fhir import actions, json, resources, store
from fhir.answers import Answer, Request
from fhir.errors import MalformedRequest, information
from fhir.models import ClinicalResource
from fhir.parameters import string_values
from fhir.scopes import check_scope
from fhir.subscriptions import delivering
from fhir.subscriptions.document import CONTENTS, TYPE, Content
from fhir.subscriptions.models import Subscriber
from fhir.subscriptions.notifications import notification, status_parameters, statuses, told_to

MOST_EVENTS = 1_000
MOST_DOCUMENTS = 100


def status(request: Request, resource_id: str) -> Answer:
    """https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-status.html"""
    document = _read(request, resource_id)
    return Answer(body=statuses([_status(request, document)], base=request.base))


def status_of_all(request: Request, resource_id: None) -> Answer:
    """The same of all that the actor may read, or of those that `id` and `status` name."""
    check_scope(request.actor, TYPE, "s")
    given = _given(request)
    rows = ClinicalResource.objects.readable_by(request.actor).filter(
        resource_type=TYPE, deleted=False
    )
    if ids := _values(given, "id"):
        rows = rows.filter(resource_id__in=ids)
    texts = rows.order_by("resource_id").values_list("document", flat=True)
    documents = map(json.loads_stored, texts.iterator())
    wanted = set(_values(given, "status"))
    found = [_status(request, each) for each in documents if not wanted or each["status"] in wanted]
    return Answer(body=statuses(found[:MOST_EVENTS], base=request.base))


def _status(request: Request, document: dict) -> dict:
    kept = Subscriber.objects.filter(resource_id=document["id"]).first()
    return status_parameters(
        "query-status",
        document["id"],
        document["status"],
        kept.last_number if kept else 0,
        base=request.base,
        error=document.get("error", ""),
    )


def events(request: Request, resource_id: str) -> Answer:
    """https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-events.html

    By the rights of who asks: an event of what she may not see now has its number, and no focus.
    """
    document = _read(request, resource_id)
    given = _given(request)
    content = (_values(given, "content") or [Content.ID_ONLY.value])[0]
    if content not in CONTENTS:
        raise MalformedRequest(f"content is one of {', '.join(CONTENTS)}.", expression="content")
    kept = Subscriber.objects.filter(resource_id=resource_id).first()
    most = MOST_DOCUMENTS if content == Content.FULL_RESOURCE else MOST_EVENTS
    found = list(kept.events.filter(_between(given)).order_by("number")[:most]) if kept else []
    told = told_to(request.actor, found, Content(content))
    body = notification(
        "query-event",
        resource_id,
        document["status"],
        kept.last_number if kept else 0,
        told,
        base=request.base,
        content=Content(content),
        error=document.get("error", ""),
    )
    return Answer(body=body)


def resend(request: Request, resource_id: str) -> Answer:
    """https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-resend.html"""
    actions.check_writer(request.actor)
    check_scope(request.actor, TYPE, "u")
    document = _read(request, resource_id)
    resources.get(TYPE).check_change(request.actor, document, None)
    kept = Subscriber.objects.filter(resource_id=resource_id).first()
    count = delivering.resend(kept.pk, _between(_given(request))) if kept else 0
    outcome = information(f"{count} events are sent again.")
    return Answer(body=json.dumps(outcome), writes=True, reads=False)


def _read(request: Request, resource_id: str) -> dict:
    return store.read(resources.get(TYPE), resource_id, actor=request.actor).parsed()


def _given(request: Request) -> list[tuple[str, str]]:
    """The parameters of the URL and of the body, which may be repeated."""
    body = request.body if request.method == "POST" else None
    string_values(body)  # of the right form
    of_body = [
        (each["name"], value)
        for each in (body or {}).get("parameter", ())
        if isinstance(each.get("name"), str)
        for key, value in each.items()
        if key.startswith("value") and isinstance(value, str)
    ]
    return parse_qsl(request.query) + of_body


def _values(given: list[tuple[str, str]], name: str) -> list[str]:
    """With commas between values, or repeated."""
    return [each for key, value in given if key == name for each in value.split(",") if each]


def _between(given: list[tuple[str, str]]) -> Q:
    bounds = {"eventsSinceNumber": "number__gte", "eventsUntilNumber": "number__lte"}
    found = Q()
    for name, lookup in bounds.items():
        for value in _values(given, name):
            if not (value.isascii() and value.isdecimal()) or len(value) > 15:
                raise MalformedRequest(f"{name} is a whole number.", expression=name)
            found &= Q(**{lookup: int(value)})
    return found
