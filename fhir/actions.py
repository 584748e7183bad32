"""Everything that changes a resource: each action turns a document into the next, and is one
transaction.

The checks stand in one visible order in `change` and `create`: may the actor see it, is the ETag
fresh, is the new document valid, may this actor make this change, is it a step of the workflow.
"""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from fhir import resources, store
from fhir.actor import SYSTEM, Actor, Role
from fhir.errors import Forbidden, Gone, MalformedRequest, NotFound, VersionConflict
from fhir.once import reading
from fhir.patching import apply_fhirpath_patch, apply_patch, intended
from fhir.resources import ResourceType
from fhir.scopes import check_scope
from fhir.store import Stored
from fhir.validation import check_document


def create(
    type_name: str, document: Any, *, actor: Actor, resource_id: str | None = None
) -> Stored:
    """https://hl7.org/fhir/R4/http.html#create

    The server makes the id: a transaction makes it before, as other entries refer to it.
    """
    resource_type = resources.get(type_name)
    check_writer(actor)
    check_scope(actor, type_name, "c")
    check_document(document, type_name)
    return _insert(
        resource_type,
        resource_id or store.new_id(),
        document,
        actor=actor,
        interaction="create",
    )


def put(
    type_name: str,
    resource_id: str,
    document: Any,
    *,
    actor: Actor,
    if_match: list[int] | None = None,
) -> tuple[Stored, bool]:
    """https://hl7.org/fhir/R4/http.html#update

    Returns the resource, and whether it is new. Only those who write everything may make a
    resource with an id of their own, or bring back a deleted one (requirements.md T5, T9).
    """
    resource_type = resources.get(type_name)
    check_writer(actor)
    check_scope(actor, type_name, "u")
    check_document(document, type_name)
    if document.get("id") != resource_id:
        raise MalformedRequest(
            _("The id in the body must be the id in the URL."), expression=f"{type_name}.id"
        )
    with transaction.atomic():
        before = store.find(resource_type, resource_id, actor=actor, lock=True)
        if before is None and actor.writes_everything:
            check_scope(actor, type_name, "c")
            if if_match:
                raise VersionConflict(_("There is no version to match yet."))
            created = _insert(
                resource_type, resource_id, document, actor=actor, interaction="create"
            )
            return created, True
        if before is None:
            _refuse(resource_type, actor, resource_id, document)
        if before.deleted:
            if not actor.writes_everything:
                raise Gone
            _check_version(before, if_match)
            common = {"actor": actor, "interaction": "update"}
            return write(resource_type, before, None, document, **common), True
        return _change(resource_type, before, lambda _: document, actor, "update", if_match), False


def patch(
    type_name: str,
    resource_id: str,
    operations: Any,
    *,
    actor: Actor,
    if_match: list[int] | None = None,
    strict: bool = False,
) -> Stored:
    """https://hl7.org/fhir/R4/http.html#patch with RFC 6902, and two liberties (T1)."""
    return change(
        type_name,
        resource_id,
        lambda document: apply_patch(document, operations, resource_type=type_name, strict=strict),
        actor=actor,
        interaction="patch",
        if_match=if_match,
        intent=operations,
    )


def fhirpath_patch(
    type_name: str,
    resource_id: str,
    parameters: Any,
    *,
    actor: Actor,
    if_match: list[int] | None = None,
) -> Stored:
    """https://hl7.org/fhir/R4/fhirpatch.html"""
    return change(
        type_name,
        resource_id,
        lambda document: apply_fhirpath_patch(document, parameters, resource_type=type_name),
        actor=actor,
        interaction="patch",
        if_match=if_match,
        intent=intended(parameters, type_name),
    )


def delete(
    type_name: str, resource_id: str, *, actor: Actor, if_match: list[int] | None = None
) -> Stored:
    """https://hl7.org/fhir/R4/http.html#delete; deleting what is deleted changes nothing."""
    resource_type = resources.get(type_name)
    check_writer(actor)
    check_scope(actor, type_name, "d")
    with transaction.atomic():
        before = store.find(resource_type, resource_id, actor=actor, lock=True)
        if before is None:
            _refuse(resource_type, actor, resource_id, ())
        _check_version(before, if_match)
        if before.deleted:
            return before
        resource_type.check_change(actor, before.parsed(), None)
        return store.delete(resource_type, before, actor=actor, at=store.now(before.last_updated))


def change(
    type_name: str,
    resource_id: str,
    next_document: Callable[[dict], dict],
    *,
    actor: Actor,
    interaction: str,
    if_match: list[int] | None = None,
    intent: Any = (),
    then: Callable[[Stored], None] | None = None,
) -> Stored:
    """Replace the document by `next_document(document)`: what every other action is made of.

    `intent` says what was meant, as the operations of a patch, for the refusal of those who cannot
    see the resource (any more). `then(stored)` runs in the same transaction once a new version is
    written; not when nothing has changed.
    """
    resource_type = resources.get(type_name)
    check_writer(actor)
    check_scope(actor, type_name, "u")
    with transaction.atomic():
        before = store.find(resource_type, resource_id, actor=actor, lock=True)
        if before is None:
            _refuse(resource_type, actor, resource_id, intent)
        if before.deleted:
            raise Gone
        stored = _change(resource_type, before, next_document, actor, interaction, if_match)
        if then and stored is not before:
            then(stored)
        return stored


def consequence(
    type_name: str,
    resource_id: str,
    next_document: Callable[[dict], dict],
    *,
    actor: Actor,
    interaction: str,
) -> Stored | None:
    """Change what has to follow from a change that the actor was allowed to make.

    It is found without her eyes and held to no rights of hers, as by now she may not see it any
    more; it must be valid and a step of the workflow, and is recorded in her name. None when there
    is no such resource (T20). Belongs into the transaction of the change that it follows from.
    """
    resource_type = resources.get(type_name)
    with transaction.atomic(savepoint=False):
        before = store.find(resource_type, resource_id, actor=SYSTEM, lock=True)
        if before is None or before.deleted:
            return None
        known = before.parsed()
        document = next_document(known)
        if store.is_same(document, known):
            return before
        check_document(document, type_name)
        resource_type.check_change(SYSTEM, known, document)
        at = store.now(before.last_updated)
        return store.update(
            resource_type,
            before,
            resource_type.stamp(known, document, at),
            actor=actor,
            interaction=interaction,
            at=at,
        )


def new_consequence(
    type_name: str, document: dict, *, actor: Actor, resource_id: str | None = None
) -> Stored:
    """Create what has to follow from a change that the actor was allowed to make: see consequence."""
    resource_type = resources.get(type_name)
    check_document(document, type_name)
    resource_type.check_change(SYSTEM, None, document)
    at = store.now()
    return store.insert(
        resource_type,
        resource_id or store.new_id(),
        resource_type.stamp(None, document, at),
        actor=actor,
        interaction="create",
        at=at,
    )


def check_writer(actor: Actor) -> None:
    if actor.role is Role.AUDITOR:
        raise Forbidden(_("An auditor reads everything and writes nothing."))


def _refuse(resource_type: ResourceType, actor: Actor, resource_id: str, intent: Any) -> None:
    if actor.reads_everything:
        raise NotFound
    resource_type.refuse_unreadable(actor, resource_id, intent)


def _check_version(before: Stored, if_match: list[int] | None) -> None:
    if if_match is not None and before.version_id not in if_match:
        raise VersionConflict(
            _("The resource is at version %(version_id)s now; read it again first.")
            % {"version_id": before.version_id}
        )


def _change(resource_type, before, next_document, actor, interaction, if_match) -> Stored:
    _check_version(before, if_match)
    known = before.parsed()
    document = next_document(known)
    if document is not known and interaction in ("patch", "update"):
        document = _own_identity(document, known)
    if store.is_same(document, known):
        resource_type.check_change(actor, known, known)
        return before
    check_document(document, resource_type.name)
    return write(resource_type, before, known, document, actor=actor, interaction=interaction)


def _own_identity(document: dict, known: dict) -> dict:
    """What clients may not change by a write: the id, and the server's part of `meta`."""
    meta = {name: known["meta"][name] for name in ("versionId", "lastUpdated")}
    return {**document, "id": known["id"], "meta": {**document.get("meta", {}), **meta}}


def write(
    resource_type: ResourceType,
    before: Stored,
    known: dict | None,
    document: dict,
    *,
    actor: Actor,
    interaction: str,
) -> Stored:
    """Check and write the next version over `before`, whose row is locked, and do what follows.

    `known` is the document of `before`; None for one that was deleted.
    """
    stored, document = _checked(resource_type, before, known, document, actor, interaction)
    if known is not None:
        resource_type.follow(actor, known, document)
    return stored


@reading
def _checked(resource_type, before, known, document, actor, interaction) -> tuple[Stored, dict]:
    resource_type.check_change(actor, known, document)
    at = store.now(before.last_updated)
    document = resource_type.stamp(known, document, at)
    if resource_type.set_aside:
        document = resource_type.set_aside(actor, before.resource_id, known, document)
    stored = store.update(
        resource_type, before, document, actor=actor, interaction=interaction, at=at
    )
    return stored, document


@reading
def _insert(
    resource_type: ResourceType,
    resource_id: str,
    document: dict,
    *,
    actor: Actor,
    interaction: str,
) -> Stored:
    resource_type.check_change(actor, None, document)
    at: datetime = store.now()
    document = resource_type.stamp(None, document, at)
    with transaction.atomic() if resource_type.set_aside else nullcontext():
        if resource_type.set_aside:
            document = resource_type.set_aside(actor, resource_id, None, document)
        stored = store.insert(
            resource_type, resource_id, document, actor=actor, interaction=interaction, at=at
        )
    if stored is None:
        # Somebody else made it between our look and our write.
        raise VersionConflict(_("This id has just been used by somebody else; read it first."))
    return stored
