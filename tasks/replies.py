"""Answering the patient whose message a Task is about, and completing the Task with the answer.

One transaction: the Task first, then the message, the thread's header and the Provenance. Whoever
answers names the newest message that she has seen; when another came since, nothing is sent and
she is told of it (409), so that a patient does not get two answers, or one that is out of date.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from communications import actions as messages
from communications.document import FINISHED, is_patient_side, sender_of
from communications.reading import last_arrived
from communications.snippets import fields_left
from fhir import resources, store
from fhir.actions import change, check_writer, consequence
from fhir.actor import SYSTEM, Actor
from fhir.conformance import canonical
from fhir.errors import BusinessRuleViolation, Conflict, InvalidResource
from fhir.scopes import check_scope
from fhir.store import Stored
from tasks import attachments
from tasks import document as documents
from tasks.actions import author_of
from tasks.consequences import header_of, keep_recipient, record, thread_of
from tasks.permissions import name_of
from tasks.transitions import FINAL, BadTransition

OUTPUT_SYSTEM = canonical("CodeSystem", "task-output")
RESPONSE = {
    "coding": [{"system": OUTPUT_SYSTEM, "code": "response", "display": "Response"}],
    "text": "Response",
}
"""`Task.output.type` of the message that resolved a Task (S123)."""


class Replied(NamedTuple):
    message: Stored
    task: Stored


class AnsweredMeanwhile(Conflict):
    """Another message came after the one that you saw."""

    def __init__(self, message: dict, *, by: str):
        self.message, self.by = message, by
        super().__init__(
            _(
                "%(name)s wrote in this thread in the meantime. Read %(message)s first; name it as"
                " the one that you have seen to send yours all the same."
            )
            % {"name": by, "message": f"Communication/{message['id']}"}
        )


def reply(
    task_id: str,
    text: str,
    *,
    actor: Actor,
    seen: str = "",
    complete: bool = False,
    if_match: list[int] | None = None,
    files: Sequence[UploadedFile] = (),
) -> Replied:
    """Write to the patient in the thread that a Task is about, and complete the Task with it.

    `seen` is the id of the newest message that the writer saw. Raises AnsweredMeanwhile (409),
    BusinessRuleViolation (422) for a Task without a thread, InvalidResource (422) for a text in
    which a field of a snippet is left and for files that cannot be sent, and whatever a change of
    the Task raises.
    """
    check_writer(actor)
    check_scope(actor, "Communication", "c")
    check_text(text)
    attachments.check(files)
    message_id, thread = store.new_id(), {}

    def next_document(document: dict) -> dict:
        nonlocal thread
        header = thread_header(document)
        if not header:
            raise BusinessRuleViolation(
                _("This Task is about no thread of messages."), expression="Task.focus"
            )
        # Nobody else writes in the thread from here on.
        thread = messages.lock_thread(header, actor=SYSTEM)
        check_seen(header, seen, actor=actor)
        if complete and document["status"] in FINAL:
            raise BadTransition(
                _("A Task that is %(status)s cannot be completed again.")
                % {"status": document["status"]},
                expression="Task.status",
            )
        if not complete:
            return document
        output = {"type": RESPONSE, "valueReference": {"reference": f"Communication/{message_id}"}}
        return documents.completed(document, [output])

    with transaction.atomic():
        task = change(
            "Task",
            task_id,
            next_document,
            actor=actor,
            interaction="complete" if complete else "reply",
            if_match=if_match,
        )
        message = _say(thread, text, actor=actor, files=files, message_id=message_id)
        document = task.parsed()
        if complete or document["status"] not in FINAL:
            _set_header(thread["id"], "completed" if complete else "in-progress", actor=actor)
        if complete:
            keep_recipient(document, actor=actor, interaction="complete")
            record(task, "complete", actor=actor)
        return Replied(message, task)


@transaction.atomic
def write(
    thread: str, text: str, *, actor: Actor, seen: str = "", files: Sequence[UploadedFile] = ()
) -> Stored:
    """Write to the patient in a thread that no Task is about; raises as `reply` does."""
    check_text(text)
    header = messages.lock_thread(thread, actor=actor)
    check_seen(thread, seen, actor=actor)
    message = _say(header, text, actor=actor, files=files)
    _set_header(header["id"], "in-progress", actor=actor)
    return message


@transaction.atomic
def note(thread: str, text: str, *, actor: Actor, files: Sequence[UploadedFile] = ()) -> Stored:
    """Write to colleagues alone; raises InvalidResource for files that cannot be sent."""
    header = messages.lock_thread(thread, actor=actor)
    return _say(header, text, actor=actor, files=files, internal=True)


def _say(
    header: dict,
    text: str,
    *,
    actor: Actor,
    files: Sequence[UploadedFile],
    internal: bool = False,
    message_id: str = "",
) -> Stored:
    """The message with its files, once the thread is locked."""
    message_id = message_id or store.new_id()
    kept = attachments.keep(files, message_id, actor=actor)
    return messages.write(
        header,
        text,
        actor=actor,
        internal=internal,
        message_id=message_id,
        attachments=kept,
    )


def complete_without_reply(
    task_id: str,
    *,
    reason: dict,
    actor: Actor,
    note: str = "",
    if_match: list[int] | None = None,
) -> Stored:
    """Complete a Task about a thread that gets no answer there: the reason says why."""

    def next_document(document: dict) -> dict:
        document = documents.completed(document, ()) | {"statusReason": reason}
        if note.strip():
            document = documents.with_note(
                document, note.strip(), author=author_of(actor), at=store.now()
            )
        return document

    def then(task: Stored) -> None:
        header = thread_header(task.parsed())
        if header:
            _set_header(header.removeprefix("Communication/"), "completed", actor=actor)
        record(task, "complete", actor=actor, reason=reason)

    return change(
        "Task",
        task_id,
        next_document,
        actor=actor,
        interaction="complete",
        if_match=if_match,
        then=then,
    )


def check_text(text: str) -> None:
    """Raise InvalidResource (422) while a field of a snippet is left."""
    left = fields_left(text)
    if left:
        raise InvalidResource(
            _("Fill in %(left)s before you send this.") % {"left": ", ".join(left)},
            expression="Communication.payload.content",
        )


def thread_header(task: dict) -> str:
    """The reference of the header of the thread that a Task is about; "" for none."""
    focus = thread_of(task)
    found = focus and store.find(resources.get("Communication"), focus, actor=SYSTEM)
    if not found or found.deleted:
        return ""
    return f"Communication/{header_of(found.parsed()) or focus}"


def check_seen(header: str, seen: str, *, actor: Actor) -> None:
    """Raise AnsweredMeanwhile when a message came after the one that the actor saw.

    By the order in which they arrived: what was sent earlier and came late has not been seen.
    """
    last = last_arrived(header, actor=actor)
    if last is None or last["id"] == seen.removeprefix("Communication/"):
        return
    sender = sender_of(last)
    if is_patient_side(sender):
        by = _("The patient")
    elif sender and sender == actor.reference:
        by = _("You")
    else:
        by = name_of(last.get("sender") or {})
    raise AnsweredMeanwhile(last, by=by)


def _set_header(header_id: str, status: str, *, actor: Actor) -> None:
    """A thread is finished with its Task, and open again as soon as an answer leaves it open."""

    def next_document(document: dict) -> dict:
        if (document["status"] in FINISHED) == (status in FINISHED):
            return document
        return {**document, "status": status}

    consequence(
        "Communication",
        header_id,
        next_document,
        actor=actor,
        interaction="reply",
    )
