"""Who must be told of the case by which way, and who must not."""

from collections.abc import Callable, Iterable, Sequence

from django.db import transaction

from fhir.actor import Actor, Role
from fhir.scopes import allows
from tests.integration.fhir.leaks.clinic import (
    DELETED,
    READERS,
    READS_EVERYTHING,
    Reader,
    client_of,
    is_seen,
    send_once,
)
from tests.integration.fhir.leaks.way import Way

Ask = Callable[[Sequence[Way]], dict[Way, str]]


def expected(relation, reader: Reader, way: Way) -> bool | None:
    """Whether the answer differs once the case is there; None where it may or may not."""
    if not is_seen(relation, reader):
        return False
    if way.silent or way.some or not way.reads:
        return None
    if relation in DELETED:
        return None if reader.person in READS_EVERYTHING or way.past else False
    return _is_within_scopes(reader, way)


def _is_within_scopes(reader: Reader, way: Way) -> bool | None:
    """Whether the token lets the way tell; None for a way that tells of several types."""
    if not reader.scope:
        return True
    if way.scopes is None:
        return None
    actor = Actor(0, "", Role.PRACTITIONER, scopes=frozenset(reader.scope.split()))
    return all(allows(actor, *needed.split(".")) for needed in way.scopes)


def put_case(relation, cast: dict) -> None:
    send_once(client_of(READERS["admin"], cast))
    relation(cast)


def told(
    asks: dict[str, Ask], ways: Sequence[Way], relations: Iterable, cast: dict
) -> dict[tuple, set[Way]]:
    """(reader's name, relation) → the ways whose answer differs once the case is there."""
    before = {name: ask(ways) for name, ask in asks.items()}
    found = {}
    for relation in relations:
        with transaction.atomic():
            put_case(relation, cast)
            for name, ask in asks.items():
                after = ask(ways)
                found[name, relation] = {way for way in ways if after[way] != before[name][way]}
            transaction.set_rollback(True)
    return found


def faults(found: dict[tuple, set[Way]], ways: Sequence[Way]) -> list[str]:
    """Where `told` is not as expected, a line each."""
    return [
        f"{name}, {relation.__name__}: {way.name} {'tells' if way in telling else 'tells nothing'}"
        for (name, relation), telling in found.items()
        for way in ways
        if expected(relation, READERS[name], way) not in (None, way in telling)
    ]
