"""The Task document: its index columns, and the next document of every action. Pure.

Next documents never change the one they are given: the store compares the two.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import get_default_timezone

from fhir.datatypes import LATEST, codings, parse_date, parse_reference, to_instant
from fhir.errors import InvalidResource, Issue
from fhir.search.references import local, unversioned
from tasks.transitions import ENDED, NOT_STARTED, STARTED

PRIORITY_RANK = {"routine": 1, "urgent": 2, "asap": 3, "stat": 4}
"""https://hl7.org/fhir/R4/valueset-request-priority.html in its order of urgency."""

NO_DUE = LATEST
"""Sorts a Task without a due time last, and lets keyset paging compare it."""


def reference_of(document: dict, element: str) -> str:
    """The reference string of one Reference element.

    "" when the element is absent, "?" when it names somebody by identifier or display alone: a Task
    whose owner is known by a name only is not free for others to take.
    """
    value = document.get(element)
    return unversioned(value.get("reference", "?")) if value else ""


def end_of(document: dict) -> str:
    """restriction.period.end as it is written; "" where there is none."""
    return ((document.get("restriction") or {}).get("period") or {}).get("end", "")


def due_of(document: dict) -> datetime:
    """restriction.period.end; a date without a time is due at the end of the clinic's day."""
    return instant_of(end_of(document))


def instant_of(written: str) -> datetime:
    """The instant that a date or dateTime ends at, a date in the clinic's zone; NO_DUE for ""."""
    if not written:
        return NO_DUE
    found = parse_date(written)
    if "T" in written:
        return found.low
    return NO_DUE if found.high == LATEST else found.high.replace(tzinfo=get_default_timezone())


def due_by(document: dict, due: str) -> dict:
    """The document with another restriction.period.end, a date or an instant; "" for none."""
    restriction = dict(document.get("restriction") or {})
    period = dict(restriction.pop("period", None) or {})
    period.pop("end", None)
    if due:
        period["end"] = due
    if period:
        restriction["period"] = period
    rest = {name: value for name, value in document.items() if name != "restriction"}
    return rest | ({"restriction": restriction} if restriction else {})


def index_columns(document: dict) -> dict[str, Any]:
    """The columns of Task that the generic search does not derive."""
    return {
        "status": document["status"],
        "priority": PRIORITY_RANK.get(document.get("priority"), 1),
        "owner": reference_of(document, "owner"),
        "subject": reference_of(document, "for"),
        "due": due_of(document),
        "links": sorted(set(_links(document))),
    }


def _links(document: dict) -> Iterable[str]:
    """What a reader of the Task may read too, as Type/id (requirements.md T19)."""
    references = [document.get(element) for element in ("for", "focus", "encounter")]
    references += document.get("basedOn", [])
    references += [
        parameter.get("valueReference")
        for element in ("input", "output")
        for parameter in document.get(element, [])
    ]
    for reference in references:
        text = (reference or {}).get("reference")
        target = parse_reference(local(text)) if text else None
        if target and target.is_relative:
            yield f"{target.type}/{target.id}"


def note_rows(notes: list[dict]) -> list[tuple[int, str, datetime | None, str]]:
    """(position, author, time, text) of every note."""
    return [
        (
            position,
            note.get("authorReference", {}).get("reference") or note.get("authorString", ""),
            parse_date(note["time"]).low if "time" in note else None,
            note.get("text", ""),
        )
        for position, note in enumerate(notes)
    ]


def check_elements(before: dict | None, after: dict) -> None:
    """What R4 asks of a Task besides its elements, or allows and a workflow cannot use.

    A status that is only an extension (`_status`) is valid R4. inv-1 is checked of what a client
    says at first; from then on the server keeps lastModified. Raises InvalidResource (422).
    """
    for name in ("status", "intent"):
        if name not in after:
            issue = Issue(f"Task.{name} needs a value.", "required", expression=f"Task.{name}")
            raise InvalidResource(issues=[issue])
    authored, modified = after.get("authoredOn"), after.get("lastModified")
    if before is None and authored and modified:
        if parse_date(modified).high <= parse_date(authored).low:
            sentence = "Task.lastModified must not be before authoredOn (inv-1)."
            issue = Issue(sentence, "invariant", expression="Task.lastModified")
            raise InvalidResource(issues=[issue])


def stamp(before: dict | None, after: dict, at: datetime) -> dict:
    """The elements that the server keeps (requirements.md T14)."""
    if before is None:
        return after
    instant = to_instant(at)
    after = {**after, "lastModified": instant}
    was, status = before["status"], after["status"]
    if was == status:
        return after
    period = dict(after.get("executionPeriod") or {})
    if was in NOT_STARTED and status in STARTED:
        period.setdefault("start", instant)
    # A start that somebody planned for later than now leaves no room for an end.
    if status in ENDED and not ("start" in period and parse_date(period["start"]).low > at):
        period.setdefault("end", instant)
    return {**after, "executionPeriod": period} if period else after


def with_status(document: dict, status: str) -> dict:
    """The document in another status; the reason of the former one goes, its history keeps it."""
    document = {**document, "status": status}
    document.pop("statusReason", None)
    return document


def with_reason(document: dict, status: str, reason: dict) -> dict:
    return {**document, "status": status, "statusReason": reason}


EXPECTED = "http://taskward.example/fhir/StructureDefinition/expected-resume"
"""The extension of a hold's reason that says when the work is expected to go on. There it goes with
the reason when the hold ends."""


def expecting(reason: dict, until: str) -> dict:
    """The reason of a hold that is expected to last until a date or a dateTime; "" for no telling."""
    others = [each for each in reason.get("extension", []) if each.get("url") != EXPECTED]
    if not until:
        return reason
    return {**reason, "extension": [*others, {"url": EXPECTED, "valueDateTime": until}]}


def expected_of(document: dict) -> str:
    """When paused work is expected to go on, as it is written; "" where nobody said."""
    found = (
        each.get("valueDateTime", "")
        for each in (document.get("statusReason") or {}).get("extension", [])
        if each.get("url") == EXPECTED
    )
    return next(found, "") if document["status"] == "on-hold" else ""


def with_note(document: dict, text: str, *, author: dict, at: datetime) -> dict:
    note = {**author, "time": to_instant(at), "text": text}
    return {**document, "note": [*document.get("note", []), note]}


NOTE_OPEN_FOR = timedelta(minutes=5)
"""So long an author may put her note right."""


def is_note_open(note: dict, author: dict, *, at: datetime) -> bool:
    """Whether `author`, the author of an Annotation, may change this note of hers."""
    if reference_of(author, "authorReference") != reference_of(note, "authorReference"):
        return False
    if author.get("authorString") != note.get("authorString") or "time" not in note:
        return False
    return parse_date(note["time"]).low > at - NOTE_OPEN_FOR


def with_note_changed(document: dict, number: int, text: str) -> dict:
    """The document with another text in its note of that number, counted from 0."""
    notes = list(document["note"])
    notes[number] = {**notes[number], "text": text}
    return {**document, "note": notes}


MESSAGE_STAGE_SYSTEM = "urn:taskward:message-stage"
MESSAGE_STAGES = {"unassigned": "Unassigned", "claimed": "Claimed", "escalated": "Escalated"}
"""Stages that follow from where a Task is; the operations set them (requirements.md S101)."""


def message_stage(code: str) -> dict:
    display = MESSAGE_STAGES[code]
    coding = {"system": MESSAGE_STAGE_SYSTEM, "code": code, "display": display}
    return {"coding": [coding], "text": display}


def at_message_stage(document: dict, code: str) -> dict:
    """The document at another of these stages, if it is at one of them; else as it is (S7)."""
    known = codings(document.get("businessStatus"))
    if any(system == MESSAGE_STAGE_SYSTEM for system, _ in known):
        return {**document, "businessStatus": message_stage(code)}
    return document


def claimed(document: dict, owner: dict) -> dict:
    document = with_status(document, "accepted")
    return at_message_stage({**document, "owner": owner}, "claimed")


def assigned(document: dict, owner: dict) -> dict:
    """With another owner, and as far as it was; its pool stays, so that she can release it."""
    return at_message_stage({**document, "owner": owner}, "claimed")


def released(document: dict) -> dict:
    """Back to the pool."""
    document = with_status(document, "requested")
    document.pop("owner", None)
    return at_message_stage(document, "unassigned")


def rerouted(document: dict, addressed: dict) -> dict:
    """Handed over in place: `addressed` is the new owner, or the performerType of a pool."""
    if "owner" in addressed:
        document = assigned(document, addressed["owner"])
        document.pop("performerType", None)
        return document
    return released(document) | addressed


HANDED_OVER = (
    "intent", "priority", "code", "description", "focus", "for", "encounter", "restriction",
    "input", "partOf", "businessStatus",
)  # fmt: skip


def successor(document: dict, addressed: dict, *, by: dict, at: datetime) -> dict:
    """The Task that replaces this one for whom it is `addressed` to (T16); `by` asks for it."""
    kept = {name: document[name] for name in HANDED_OVER if name in document}
    made = {
        "resourceType": "Task",
        "basedOn": [{"reference": f"Task/{document['id']}"}],
        "status": "requested",
        **kept,
        "authoredOn": to_instant(at),
        "requester": by,
        **addressed,
    }
    return at_message_stage(made, "claimed" if "owner" in addressed else "unassigned")


def completed(document: dict, output: Iterable[dict]) -> dict:
    document = with_status(document, "completed")
    results = [*document.get("output", []), *output]
    return {**document, "output": results} if results else document
