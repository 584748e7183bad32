"""What people do with messages. Each is one transaction, and fhir.actions does the writing.

Whoever writes in a thread does so one after the other (`lock_thread`): what somebody was told to
be the newest message, still is when hers is written.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from communications import categories
from communications import document as documents
from communications.document import DRAFT, RETRACTED, is_patient_side, sender_of
from communications.models import Communication
from fhir import actions, json, resources, sql, store
from fhir.actor import SYSTEM, Actor
from fhir.datatypes import to_instant
from fhir.errors import BusinessRuleViolation, Forbidden, Gone, NotFound
from fhir.store import Stored

LONGEST = 20_000
"""Characters of a message."""


@transaction.atomic
def send(thread: str, text: str, *, actor: Actor, internal: bool = False) -> Stored:
    """Write in a thread ("Communication/x"), to its patient or, `internal`, to colleagues only."""
    header = lock_thread(thread, actor=actor)
    return write(header, text, actor=actor, internal=internal)


def write(
    header: dict,
    text: str,
    *,
    actor: Actor,
    internal: bool = False,
    message_id: str | None = None,
    attachments: Sequence[dict] = (),
) -> Stored:
    """The message itself, once the thread is locked. The actor's draft in the thread goes."""
    message = document_of(header, text, actor=actor, internal=internal)
    message["payload"] += [{"contentAttachment": each} for each in attachments]
    sent = actions.create("Communication", message, actor=actor, resource_id=message_id)
    _remove_draft(_reference(header), actor)
    return sent


@transaction.atomic
def draft(thread: str, text: str, *, actor: Actor, internal: bool = False) -> Stored | None:
    """Keep what the actor is writing: one draft an author and thread. An empty text discards it."""
    if not text.strip():
        discard(thread, actor=actor)
        return None
    header = lock_thread(thread, actor=actor)
    message = document_of(header, text, actor=actor, internal=internal) | {"status": DRAFT}
    del message["sent"]
    known = draft_of(thread, actor)
    if known is None:
        return actions.create("Communication", message, actor=actor)

    def next_document(document: dict) -> dict:
        kept = {"versionId", "lastUpdated"} & document["meta"].keys()
        meta = {name: document["meta"][name] for name in kept} | message.get("meta", {})
        return message | {"id": document["id"], "meta": meta}

    return actions.change(
        "Communication", known.resource_id, next_document, actor=actor, interaction="draft"
    )


@transaction.atomic
def discard(thread: str, *, actor: Actor) -> None:
    """Throw the actor's draft in the thread away, if there is one."""
    actions.check_writer(actor)
    _remove_draft(thread, actor)


def retract(
    message_id: str, *, actor: Actor, reason: str = "", if_match: list[int] | None = None
) -> Stored:
    """Take back a message that should not have been sent: by its sender, or an admin.

    It stays in the record with its text; the pages show that it was retracted, and no more.
    """

    def next_document(document: dict) -> dict:
        if document["status"] == DRAFT:
            raise BusinessRuleViolation(
                _("A draft is discarded, not retracted."), expression="Communication.status"
            )
        after = {**document, "status": RETRACTED}
        return after | ({"statusReason": {"text": reason.strip()}} if reason.strip() else {})

    return actions.change(
        "Communication",
        message_id,
        next_document,
        actor=actor,
        interaction="retract",
        if_match=if_match,
    )


def lock_thread(thread: str, *, actor: Actor) -> dict:
    """The header, with nobody else writing in the thread until the transaction ends.

    She may write in a thread whose header she can read, or a message that somebody else sent; to
    whoever sees neither, a thread that is there and one that is not are the same 403 (T5).
    """
    actions.check_writer(actor)
    sql.rows("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"thread|{thread}",))
    found = store.find(resources.get("Communication"), _id(thread), actor=SYSTEM)
    if not actor.reads_everything:
        mine = Q(resource_id=_id(thread)) | Q(thread=thread) & ~Q(sender=actor.reference)
        if not found or not Communication.objects.readable_by(actor).filter(mine).exists():
            raise Forbidden(_("You may not write in this thread."))
    if found is None:
        raise NotFound
    if found.deleted:
        raise Gone
    return found.parsed()


def document_of(header: dict, text: str, *, actor: Actor, internal: bool = False) -> dict:
    """A message of the actor's in a thread. Raises for one without a text or a sender."""
    words = text.strip()
    if not words:
        raise BusinessRuleViolation(_("Write something first."), expression="Communication.payload")
    if len(words) > LONGEST:
        raise BusinessRuleViolation(
            _("A message has at most %(count)s characters.") % {"count": f"{LONGEST:,}"},
            expression="Communication.payload",
        )
    if not actor.reference:
        raise Forbidden(_("You have no Practitioner of your own, so you cannot write messages."))
    name = {"display": actor.display} if actor.display else {}
    message = {
        "resourceType": "Communication",
        "partOf": [{"reference": _reference(header)}],
        "status": "completed",
        "category": [categories.category(categories.INFORMATION)],
        "subject": header.get("subject"),
        "topic": header.get("topic"),
        "encounter": header.get("encounter"),
        "sent": to_instant(store.now()),
        "sender": {"reference": actor.reference} | name,
        "payload": [{"contentString": words}],
    }
    if internal:
        message["category"] = [categories.category(categories.INTERNAL_NOTE)]
        message["meta"] = {"security": [categories.NOT_FOR_PATIENTS]}
    else:
        asked, to = asking(_reference(header)), recipient_in(header)
        message["inResponseTo"] = asked and [{"reference": _reference(asked)}]
        message["medium"] = header.get("medium")
        message["recipient"] = to and [to]
    return {element: value for element, value in message.items() if value}


def asking(thread: str) -> dict | None:
    """The newest message from the patient's side: what an answer answers, and whom."""
    found = sql.rows(
        "select document from communications_communication"
        " where thread = %s and voice = any(%s) and not deleted"
        " order by said_at desc, resource_id desc limit 1",
        (thread, [documents.PATIENT, documents.THANKS]),
    )
    return json.loads_stored(*found[0]) if found else None


def recipient_in(header: dict) -> dict | None:
    """To whom an answer goes: who last wrote from the patient's side, else who began the thread,
    else its subject; None when the thread names nobody of that side."""
    asked = asking(_reference(header)) or {}
    known = (asked.get("sender"), header.get("sender"), header.get("subject"))
    return next((who for who in known if who and is_patient_side(who.get("reference", ""))), None)


def draft_of(thread: str, actor: Actor) -> Stored | None:
    """What the actor is writing in a thread."""
    if not actor.reference:
        return None
    found = sql.rows(
        "select resource_id from communications_communication"
        " where thread = %s and sender = %s and draft and not deleted order by id desc limit 1",
        (thread, actor.reference),
    )
    return store.find(resources.get("Communication"), *found[0], actor=SYSTEM) if found else None


def _remove_draft(thread: str, actor: Actor) -> None:
    """It is the actor's own, whatever her token says of deleting: it follows from what she did."""
    known = draft_of(thread, actor)
    if known is not None and sender_of(known.parsed()) == actor.reference:
        communication = resources.get("Communication")
        at = store.now(known.last_updated)
        store.delete(communication, known, actor=actor, at=at)


def _reference(document: dict) -> str:
    return f"Communication/{document['id']}"


def _id(reference: str) -> str:
    return reference.removeprefix("Communication/")
