"""The resource types that the server holds: the one table behind routes, search and /metadata."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from fhir import definitions
from fhir.actor import Actor
from fhir.errors import Forbidden, NotFound
from fhir.models import ClinicalResource, Resource


def refuse_unreadable(actor: Actor, resource_id: str, intent: Any) -> None:
    """Refuse a write to an id that the actor cannot see, whether it exists or not (T5).

    `intent` is the document of a PUT or the operations of a PATCH.
    """
    raise Forbidden("You may not change this resource.")


def only_writers(actor: Actor, before: dict | None, after: dict | None) -> None:
    """The rule for types without one of their own: admins and services write."""
    if not actor.writes_everything:
        raise Forbidden("Only an admin or a service may write resources of this type.")


@dataclass(frozen=True)
class Operation:
    """A `$operation`: `run(request, resource_id or None)` returns the Answer, or the resource that
    it has written, or None for nothing.

    `level` is "instance", "type" or "system". Only what does not affect the state can be asked by GET.
    `definition` is the canonical URL of its OperationDefinition.
    https://hl7.org/fhir/R4/operations.html
    """

    name: str
    level: str
    run: Callable
    affects_state: bool = True
    definition: str = ""


@dataclass(frozen=True)
class ResourceType:
    """What the FHIR layer needs to know of one resource type.

    `check_change(actor, before, after)` raises when the actor may not turn one document into the
    other, or the workflow forbids it (`before` is None for a create, `after` for a delete).
    `stamp(before, after, at)` returns the document with the elements that the server keeps.
    `set_aside(actor, resource_id, before, after)` returns it without what must not be in it, and
    keeps that elsewhere; it is called in the transaction of the write.
    `follow(actor, before, after)` writes what has to follow from a change in the same transaction.
    """

    name: str
    model: type[Resource]
    search: Callable[[], type]
    check_change: Callable[[Actor, dict | None, dict | None], None] = only_writers
    stamp: Callable[[dict | None, dict, Any], dict] = lambda before, after, at: after
    set_aside: Callable[[Actor, str, dict | None, dict], dict] | None = None
    follow: Callable[[Actor, dict, dict], None] = lambda actor, before, after: None
    refuse_unreadable: Callable[[Actor, str, Any], None] = refuse_unreadable
    operations: tuple[Operation, ...] = field(default=())

    def operation(self, name: str, level: str) -> Operation:
        """The operation `$name` at this level. Raises NotFound."""
        for operation in self.all_operations():
            if (operation.name, operation.level) == (name, level):
                return operation
        raise NotFound("There is no such operation here.")

    def all_operations(self) -> tuple[Operation, ...]:
        return self.operations + _operations_of_every_type(self.name)


_registered: dict[str, ResourceType] = {}
_of_every_type: list[Callable[[str], tuple[Operation, ...]]] = []


def register_for_all(operations: Callable[[str], tuple[Operation, ...]]) -> None:
    """Operations that every type has, made for the name of each."""
    _of_every_type.append(operations)


_of_the_system: dict[str, Operation] = {}


def register_for_system(operation: Operation) -> None:
    """An operation that is of no type."""
    _of_the_system[operation.name] = operation


def system_operation(name: str) -> Operation:
    """Raises NotFound."""
    if name not in _of_the_system:
        raise NotFound("There is no such operation here.")
    return _of_the_system[name]


def system_operations() -> tuple[Operation, ...]:
    return tuple(_of_the_system.values())


@cache
def _operations_of_every_type(name: str) -> tuple[Operation, ...]:
    return tuple(operation for make in _of_every_type for operation in make(name))


def register(resource_type: ResourceType) -> None:
    """Called once a type, from `AppConfig.ready`."""
    _registered[resource_type.name] = resource_type


@cache
def get(name: str) -> ResourceType:
    """The resource type called `name`. Raises NotFound for what is no R4 type."""
    if name in _registered:
        return _registered[name]
    if name not in definitions.resource_types():
        raise NotFound("This is not a resource type of FHIR R4.")
    from fhir.search.searchset import search_set_for

    return ResourceType(name, ClinicalResource, lambda: search_set_for(name, ClinicalResource))


def all_types() -> list[ResourceType]:
    return [get(name) for name in sorted(definitions.resource_types())]
