"""What follows in the same transaction when a Task moves: its thread's recipient, and Provenance.

The Task is written first, then the header's `Communication.recipient`, then the Provenance, so
that whoever reads the history in its order sees the truth first (requirements.md T21, S98).
"""

from fhir.actions import consequence, new_consequence
from fhir.actor import Actor
from fhir.datatypes import parse_reference, to_instant
from fhir.search.references import local, unversioned
from fhir.store import Stored
from tasks.document import reference_of

ACTIVITY_SYSTEM = "urn:taskward:activity"
ACTIVITIES = {
    "create": "Created",
    "claim": "Claimed",
    "release": "Released to the pool",
    "assign": "Assigned",
    "reroute": "Rerouted",
    "escalate": "Escalated",
    "prioritize": "Priority changed",
    "reschedule": "Due date changed",
    "answer": "Answered",
    "complete": "Completed",
    "undo": "Taken back",
}
"""Code → display of `Provenance.activity`: what was done to the Task."""


def moved(stored: Stored, activity: str, *, actor: Actor, reason: dict | None = None) -> None:
    """The thread follows the Task to whom it went, and it is recorded who moved it, and why."""
    keep_recipient(stored.parsed(), actor=actor, interaction=activity)
    record(stored, activity, actor=actor, reason=reason)


def record(
    stored: Stored,
    activity: str,
    *,
    actor: Actor,
    reason: dict | None = None,
    source: str = "",
) -> Stored:
    """Write a Provenance of this version of a Task; `source` is the reference of what it replaces.

    It is recorded at the very instant of the version that it tells of.
    """
    display = ACTIVITIES[activity]
    document = {
        "resourceType": "Provenance",
        "target": [{"reference": stored.reference}],
        "recorded": to_instant(stored.last_updated),
        "activity": {
            "coding": [{"system": ACTIVITY_SYSTEM, "code": activity, "display": display}],
            "text": display,
        },
        "agent": [{"who": as_agent(actor)}],
    }
    if reason:
        document["reason"] = [reason]
    if source:
        document["entity"] = [{"role": "source", "what": {"reference": source}}]
    return new_consequence("Provenance", document, actor=actor)


def as_agent(actor: Actor) -> dict:
    """The actor as a Reference: the user's resource, or a name alone."""
    name = actor.display or actor.username
    return {"reference": actor.reference, "display": name} if actor.reference else {"display": name}


def keep_recipient(task: dict, *, actor: Actor, interaction: str) -> Stored | None:
    """Make the header of the thread that a Task is about go to the Task's owner, and to nobody
    while the Task waits in a pool. None when there is no thread.
    """
    focus = thread_of(task)
    if not focus:
        return None
    header = ""

    def next_document(communication: dict) -> dict:
        nonlocal header
        header = header_of(communication)
        return communication if header else with_recipient(communication, task.get("owner"))

    found = consequence("Communication", focus, next_document, actor=actor, interaction=interaction)
    if found and header:
        return consequence(
            "Communication",
            header,
            lambda communication: with_recipient(communication, task.get("owner")),
            actor=actor,
            interaction=interaction,
        )
    return found


def thread_of(task: dict) -> str:
    """The id of the Communication that a Task is about: a header or a message; "" for none."""
    return _id_of_communication(reference_of(task, "focus"))


def header_of(communication: dict) -> str:
    """The id of a message's header; "" for a header."""
    for parent in communication.get("partOf", []):
        if found := _id_of_communication(unversioned(parent.get("reference", ""))):
            return found
    return ""


def _id_of_communication(reference: str) -> str:
    try:
        parsed = parse_reference(local(reference))
    except ValueError:
        return ""
    return parsed.id if parsed.is_relative and parsed.type == "Communication" else ""


def with_recipient(communication: dict, owner: dict | None) -> dict:
    """The header as it is addressed to the owner of its Task; just as it is when it agrees."""
    if agrees(communication, owner):
        return communication
    rest = {name: value for name, value in communication.items() if name != "recipient"}
    return rest | {"recipient": [owner]} if owner else rest


def agrees(communication: dict, owner: dict | None) -> bool:
    """Whether a header goes to the owner of its Task and to nobody else."""
    recipients = communication.get("recipient", [])
    if not owner:
        return not recipients
    if "reference" not in owner:
        return recipients == [owner]
    return [unversioned(each.get("reference", "")) for each in recipients] == [
        unversioned(owner["reference"])
    ]
