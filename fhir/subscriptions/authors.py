"""Who a Subscription reads for: its author, with the rights of now (security.md, threats 7 and 8)."""

from collections.abc import Callable, Iterable

from fhir import resources
from fhir.actor import SYSTEM, Actor
from fhir.models import ClinicalResource
from fhir.subscriptions.models import Subscriber

Lookup = Callable[[int, str, frozenset[str] | None], Actor | None]

_lookups: list[Lookup] = []


def set_lookup(lookup: Lookup) -> None:
    """`lookup(user_id, grant, scopes)`: the actor, or None for one who may not act any more."""
    _lookups[:] = [lookup]


def author_of(subscriber: Subscriber) -> Actor | None:
    """None when nobody reads for it: the user is disabled, or the client or token is gone."""
    if subscriber.user_id == SYSTEM.user_id:
        return SYSTEM
    scopes = None if subscriber.scopes is None else frozenset(subscriber.scopes)
    return _lookups[0](subscriber.user_id, subscriber.grant, scopes)


def readable(actor: Actor, references: Iterable[tuple[str, str]]) -> dict[tuple[str, str], bool]:
    """(type, id) → whether it is deleted, of those that the actor may read now."""
    ids: dict[str, set[str]] = {}
    for type_name, resource_id in references:
        ids.setdefault(type_name, set()).add(resource_id)
    found = {}
    for type_name, wanted in ids.items():
        model = resources.get(type_name).model
        rows = model.objects.readable_by(actor).filter(resource_id__in=wanted)
        if model is ClinicalResource:
            rows = rows.filter(resource_type=type_name)
        for resource_id, deleted in rows.values_list("resource_id", "deleted"):
            found[type_name, resource_id] = deleted
    return found
