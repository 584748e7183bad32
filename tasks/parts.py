"""The parts of a Task as its page shows them, and what can be done with them from there.

Each is a Task of its own, with an owner and rights of its own: what a button here does, the same
action does on the page of the part.
"""

from collections import defaultdict
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts import people
from fhir import actions as resource_actions
from fhir import json, store
from fhir.actor import Actor
from fhir.datatypes import to_instant
from fhir.errors import InvalidResource, NotFound
from fhir.store import Stored, now
from tasks import actions
from tasks.available import check_available, supervises
from tasks.document import reference_of
from tasks.models import Task
from tasks.reasons import Reason, choices
from tasks.rows import is_patient, title_of
from tasks.transitions import FINAL, Status, can_follow

DEPTH = 3
SHOWN = 50
"""Of each level."""
TITLE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Part:
    """`depth` is 1 for the parts of the Task itself; `blocks` whether it keeps its whole open."""

    id: str
    version: int
    title: str
    status: str
    owner: str
    owner_is_patient: bool
    depth: int
    done: bool
    blocks: bool
    may_complete: bool
    may_waive: bool
    reasons: tuple[Reason, ...]

    @property
    def owner_initials(self) -> str:
        return people.initials(self.owner)


class Tree:
    """The parts of a Task that the actor may see, each followed by its own, to DEPTH."""

    def __init__(self, whole: Stored, actor: Actor):
        self.actor = actor
        self._below: dict[str, list[dict]] = defaultdict(list)
        level = [whole.reference]
        for _level in range(DEPTH):
            level = self._read(level) if level else []
        self.documents = [
            (document, depth) for document, depth in self._in_order(whole.reference, 1)
        ]

    def _read(self, wholes: list[str]) -> list[str]:
        parts = [f"part-of={each}" for each in wholes]
        condition = "tokens && %s::text[] order by id + 0"
        read = []
        for document in store.documents(Task, condition, [parts], actor=self.actor, limit=SHOWN):
            for whole in document.get("partOf", []):
                if whole.get("reference") in wholes:
                    self._below[whole["reference"]].append(document)
            read.append(f"Task/{document['id']}")
        return read

    def _in_order(self, whole: str, depth: int):
        if depth > DEPTH:
            return
        for document in self._below[whole]:
            yield document, depth
            yield from self._in_order(f"Task/{document['id']}", depth + 1)

    @property
    def owners(self) -> set[str]:
        return {reference_of(document, "owner") for document, _depth in self.documents}

    def parts(self, whole: dict, named: dict[str, str]) -> list[Part]:
        supervised = supervises(self.actor, whole)
        return [self._part(*each, named, supervised=supervised) for each in self.documents]

    def _part(self, document: dict, depth: int, named: dict, *, supervised: bool) -> Part:
        status, owner = document["status"], reference_of(document, "owner")
        acts = supervised or (bool(owner) and owner == self.actor.reference)
        own = self._below[f"Task/{document['id']}"] if depth < DEPTH else []
        waits = any(each["status"] not in FINAL for each in own)
        may_waive = acts and can_follow(status, "cancelled")
        return Part(
            id=document["id"],
            version=int(document["meta"]["versionId"]),
            title=title_of(document),
            status=Status(status).label,
            owner=named.get(owner) or (document.get("owner") or {}).get("display", ""),
            owner_is_patient=is_patient(owner),
            depth=depth,
            done=status in FINAL,
            blocks=status not in FINAL,
            may_complete=acts and not waits and can_follow(status, "completed"),
            may_waive=may_waive,
            reasons=choices("cancel", document) if may_waive else (),
        )


def add(whole: Stored, title: str, *, actor: Actor) -> Stored:
    """A new part: of who has the whole, or in its pool, about the same and as urgent.

    Raises BusinessRuleViolation (422) for who may not act on the whole, InvalidResource (422)
    without a title.
    """
    document, said = whole.parsed(), " ".join(title.split())
    check_available("subtask", actor, document)
    if not said or len(said) > TITLE_LENGTH:
        raise InvalidResource(_("Say what is to be done."), expression="Task.code.text")
    kept = ("performerType", "owner", "for", "focus", "encounter", "priority", "restriction")
    part = {
        "resourceType": "Task",
        "partOf": [{"reference": whole.reference}],
        "status": "accepted" if "owner" in document else "requested",
        "intent": "order",
        "code": {"text": said},
        "authoredOn": to_instant(now()),
        **{name: document[name] for name in kept if name in document},
    }
    if actor.reference:
        part["requester"] = {"reference": actor.reference}
    return resource_actions.create("Task", part, actor=actor)


def complete(
    whole: Stored, part: Stored, *, actor: Actor, if_match: list[int] | None = None
) -> Stored:
    _check_part(whole, part)
    return actions.complete(part.resource_id, actor=actor, if_match=if_match)


def waive(
    whole: Stored,
    part: Stored,
    *,
    reason: dict,
    note: str = "",
    actor: Actor,
    if_match: list[int] | None = None,
) -> Stored:
    """It is not needed: cancelled, for a reason."""
    _check_part(whole, part)
    return actions.cancel(
        part.resource_id, reason=reason, note=note, actor=actor, if_match=if_match
    )


def _check_part(whole: Stored, part: Stored) -> None:
    """Raise NotFound for a Task that is no part of the whole, however deep."""
    wholes, seen = {part.reference}, 0
    while whole.reference not in wholes:
        documents = Task.objects.filter(
            resource_id__in=[each.removeprefix("Task/") for each in wholes]
        ).values_list("document", flat=True)
        wholes = {
            each["reference"]
            for text in documents
            for each in json.loads_stored(text).get("partOf", [])
            if "reference" in each
        }
        seen += 1
        if seen > DEPTH or not wholes:
            raise NotFound(_("This task does not exist, or you may not see it."))
