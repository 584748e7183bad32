"""Subscription as a resource type: what may be written, and what is kept beside it.

Admins and services write Subscriptions, auditors read them (requirements.md T18): where patients'
data is sent to, and under whose name, is no one person's choice. Others poll `$changes`.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from django.db import transaction

from fhir import feed, resources, sql, store
from fhir.actor import SYSTEM, Actor
from fhir.errors import FhirError, InvalidResource, InvalidSearch, Issue, NotFound
from fhir.models import ClinicalResource
from fhir.resources import Operation, ResourceType, only_writers
from fhir.scopes import check_scope
from fhir.search.matching import check_criteria
from fhir.search.parse import CURSOR, parse_query
from fhir.subscriptions import document as says
from fhir.subscriptions import endpoints
from fhir.subscriptions.document import PLACEHOLDER, TYPE, Status
from fhir.subscriptions.models import Subscriber

MAX_CRITERIA = 4_000
FOLLOWER = "subscriptions"
"""Of the change feed."""


def register() -> None:
    resources.register(
        ResourceType(
            TYPE,
            ClinicalResource,
            search=_search,
            check_change=check_change,
            stamp=says.stamp,
            set_aside=set_aside,
            operations=_operations(),
        )
    )


def _search():
    from fhir.search.searchset import search_set_for

    return search_set_for(TYPE, ClinicalResource)


def _operations() -> tuple[Operation, ...]:
    from fhir.subscriptions.conformance import EVENTS, RESEND, STATUS

    return (
        Operation(
            "status", "type", _run("status_of_all"), affects_state=False, definition=STATUS["url"]
        ),
        Operation(
            "status", "instance", _run("status"), affects_state=False, definition=STATUS["url"]
        ),
        Operation(
            "events", "instance", _run("events"), affects_state=False, definition=EVENTS["url"]
        ),
        Operation("resend", "instance", _run("resend"), definition=RESEND["url"]),
    )


def _run(name: str) -> Callable:
    def run(request, resource_id):
        from fhir.subscriptions import operations

        return getattr(operations, name)(request, resource_id)

    return run


def check_change(actor: Actor, before: dict | None, after: dict | None) -> None:
    """Raises Forbidden, and InvalidResource with all that is wrong."""
    only_writers(actor, before, after)
    if after is None:
        return
    if before is not None and after["status"] == Status.OFF and says.tells_the_same(before, after):
        return  # It can be turned off whatever has become of its endpoint.
    found = list(says.issues(after))
    found += _issues_of_criteria(actor, after)
    if says.endpoint(after):
        try:
            endpoints.entry_for(endpoints.parse(says.endpoint(after)))
        except endpoints.Refused as error:
            found.append(Issue(str(error), "security", "error", f"{TYPE}.channel.endpoint"))
    if found:
        raise InvalidResource(issues=found)


def _issues_of_criteria(actor: Actor, document: dict) -> list[Issue]:
    """The criteria must be a search that the author may make, with nothing left out."""
    type_name, query = says.criteria(document)
    place = f"{TYPE}.criteria"
    if len(document["criteria"]) > MAX_CRITERIA:
        return [
            Issue(f"Criteria are {MAX_CRITERIA} characters at most.", "too-long", "error", place)
        ]
    try:
        resources.get(type_name)
        if parse_query(query, strict=True).cursor:
            raise InvalidSearch(f"{CURSOR} is no criterion.")
        check_criteria(type_name, query, actor=actor)
    except NotFound:
        return [Issue("Criteria are written Type?parameter=value.", "value", "error", place)]
    except FhirError as error:
        return [Issue(each.diagnostics, "value", "error", place) for each in error.issues]
    check_scope(actor, type_name, "r")
    check_scope(actor, type_name, "s")
    return []


def set_aside(actor: Actor, resource_id: str, before: dict | None, after: dict) -> dict:
    """Keep the secrets and the author of a Subscription; the document without the secrets.

    Raises InvalidResource when a secret is not said that is not known.
    """
    # Of two that make the same one at the same time, the second sees the first.
    sql.rows("select pg_advisory_xact_lock(hashtextextended(%s, 1))", (f"{TYPE}/{resource_id}",))
    known = Subscriber.objects.select_for_update().filter(resource_id=resource_id).first()
    kept = known or Subscriber(resource_id=resource_id)
    # What was told for one endpoint is not sent to another.
    same_place = before is not None and says.endpoint(before) == says.endpoint(after)
    headers = _headers(after, kept.headers if known and same_place else {})
    secret = _secret(after, kept.secret if known and same_place else "")
    rest = says.without_secrets(after)
    told = before is not None and says.tells_the_same(before, rest)
    if known is None or not told or (headers, secret) != (kept.headers, kept.secret):
        kept.user_id, kept.grant = actor.user_id, actor.grant
        kept.scopes = None if actor.scopes is None else sorted(actor.scopes)
    kept.headers, kept.secret = headers, secret
    if known is None:
        # What has happened before is not its matter.
        feed.number_changes(limit=1_000_000)
        kept.starts_after = feed.latest()
        # The first worker may come later than the first Subscription.
        sql.rows(
            "insert into fhir_feedcursor (name, number) values (%s, %s) on conflict do nothing",
            (FOLLOWER, kept.starts_after),
        )
    if after["status"] == Status.OFF:
        kept.next_attempt_at = None
    elif after["status"] == Status.REQUESTED:
        kept.is_greeted, kept.failures, kept.failing_since = False, 0, None
        kept.next_attempt_at = datetime.now(UTC)
    kept.save()
    return rest


def _headers(document: dict, known: dict[str, str]) -> dict[str, str]:
    found = {}
    for number, (name, value) in enumerate(says.headers(document)):
        if value == PLACEHOLDER and name not in known:
            raise InvalidResource(
                "The value of this header is not known for this endpoint: send it.",
                expression=f"{TYPE}.channel.header[{number}]",
            )
        found[name] = known[name] if value == PLACEHOLDER else value
    return found


def _secret(document: dict, known: str) -> str:
    said = says.secret(document)
    if said == PLACEHOLDER and not known:
        raise InvalidResource(
            "The key is not known for this endpoint: send it.",
            expression=f"{TYPE}.channel.extension",
        )
    return known if said == PLACEHOLDER else said


def say_status(resource_id: str, status: Status, error: str = "") -> None:
    """Write a version with what the server says of a Subscription, unless it says so already."""
    with transaction.atomic():
        before = store.find(resources.get(TYPE), resource_id, actor=SYSTEM, lock=True)
        if before is None or before.deleted:
            return
        document = before.parsed()
        if document["status"] in (status, Status.OFF):
            return
        said = {name: value for name, value in document.items() if name != "error"}
        said |= {"status": status.value} | ({"error": error} if error else {})
        store.update(
            resources.get(TYPE),
            before,
            said,
            actor=SYSTEM,
            interaction="update",
            at=store.now(before.last_updated),
        )


@transaction.atomic
def set_key(resource_id: str, key: str) -> None:
    """Sign what a Subscription sends with another key; whose it is, stays."""
    resource_type = resources.get(TYPE)
    before = store.find(resource_type, resource_id, actor=SYSTEM, lock=True)
    if before is None or before.deleted:
        raise NotFound
    document = before.parsed()
    others = [
        each
        for each in document["channel"].get("extension", ())
        if each.get("url") != says.SECRET_URL
    ]
    hidden = {"url": says.SECRET_URL, "valueString": PLACEHOLDER}
    said = document | {"channel": document["channel"] | {"extension": [*others, hidden]}}
    Subscriber.objects.filter(resource_id=resource_id).update(secret=key)
    if said != document:
        at = store.now(before.last_updated)
        store.update(resource_type, before, said, actor=SYSTEM, interaction="update", at=at)
