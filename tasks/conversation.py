"""One thread as a page shows it: what was said, and the reply that is being written."""

from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import people
from communications import categories
from communications.actions import draft_of, recipient_in
from communications.document import FINISHED, PATIENT, RETRACTED, is_patient_side, sender_of
from communications.models import Snippet
from communications.reading import drafts_in, last_arrived, messages_in
from fhir import sql
from fhir.actor import Actor, Role
from fhir.datatypes import display_of, parse_date
from tasks import times
from tasks.available import blocker
from tasks.consequences import header_of
from tasks.files import files_of
from tasks.threads import waited
from tasks.transitions import FINAL

MESSAGES_SHOWN = 100
UNFOLDED = 6
"""Messages that stand open; the earlier ones are unfolded on request."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """`url` is "" for what the page does not lead to."""

    title: str
    url: str = ""
    about: str = ""
    """What it is and how large: "PDF, 740 kB"."""


@dataclass(frozen=True, slots=True)
class Message:
    """`outgoing` is what staff wrote; `is_trigger` the message that the Task is about."""

    id: str
    sender: str
    at: datetime | None
    day: str
    time: str
    text: str
    attachments: list[Attachment]
    outgoing: bool
    is_trigger: bool
    internal: bool = False
    retracted: bool = False
    retractable: bool = False
    medium: str = ""

    @property
    def initials(self) -> str:
        return people.initials(self.sender)


@dataclass(frozen=True, slots=True)
class Composer:
    """What the reply is written in. `why_not` keeps her from answering the patient; internal notes
    are for all who see the thread. `outcome` is what sending and completing brings about; without a
    Task there is none, and `why_open` is what keeps it from being completed.
    """

    seen: str
    to: str
    medium: str
    task_id: str = ""
    task_version: int = 0
    may_note: bool = True
    why_not: str = ""
    why_open: str = ""
    outcome: list[str] = field(default_factory=list)
    text: str = ""
    internal: bool = False
    saved: str = ""
    snippets: list[Snippet] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Conversation:
    header_id: str
    title: str
    earlier: list[Message]
    messages: list[Message]
    opened: str
    waiting: str
    finished: bool
    replying: str
    composer: Composer | None

    @property
    def url(self) -> str:
        return f"/worklist/th/{self.header_id}"

    @property
    def aside(self) -> str:
        """4 messages · opened Wed 18 Nov"""
        count = len(self.earlier) + len(self.messages)
        said = ngettext("%(count)s message", "%(count)s messages", count) % {"count": count}
        if not self.opened:
            return said
        opened = _("opened %(day)s") % {"day": times.within(self.opened)}
        return f"{said} · {opened}"


def conversation(
    focus: dict, actor: Actor, *, now: datetime, task: dict | None = None
) -> Conversation:
    """The thread of a header, or of a message of it, that the actor may read; `task` is the Task
    that it is shown for."""
    header_id = header_of(focus) or focus["id"]
    thread = f"Communication/{header_id}"
    header = people.documents([thread], actor=actor).get(thread) or focus
    said = messages_in(thread, actor)[:MESSAGES_SHOWN][::-1]
    if header.get("payload") and header["id"] == header_id:
        said = [header, *said]
    elif not said and focus.get("payload"):
        said = [focus]
    drafting = drafts_in([thread], actor=actor)[:1]
    to = recipient_in(header | {"id": header_id}) or {}
    named = people.names(
        {sender_of(message) for message in said}
        | {sender for _, sender in drafting}
        | {to.get("reference", "")},
        actor=actor,
    )
    trigger = focus["id"] if focus["id"] != header_id else ""
    messages = [_message(each, named, trigger, actor, now) for each in said]
    messages = [each for each in messages if each.text or each.attachments or each.retracted]
    unfolded = min((n for n, each in enumerate(messages) if each.is_trigger), default=len(messages))
    cut = max(0, min(len(messages) - UNFOLDED, unfolded))
    opened = next((each.at for each in messages if each.at), None)
    return Conversation(
        header_id=header_id,
        title=display_of(header.get("topic")) or _("Thread with patient"),
        earlier=messages[:cut],
        messages=messages[cut:],
        opened=times.day(opened, now) if opened else "",
        waiting=_waiting(thread, now),
        finished=header.get("status") in FINISHED,
        replying=next((named.get(sender, "A colleague") for _, sender in drafting), ""),
        composer=_composer(header, thread, to, named, actor, task),
    )


def _waiting(thread: str, now: datetime) -> str:
    """How long ago the patient wrote, when it is our turn."""
    found = sql.rows(
        "select newest_at from communications_communication"
        " where resource_id = %s and newest_voice = %s",
        (thread.removeprefix("Communication/"), PATIENT),
    )
    return waited(*found[0], now) if found else ""


def _composer(
    header: dict, thread: str, to: dict, named: dict, actor: Actor, task: dict | None
) -> Composer | None:
    if actor.role is Role.AUDITOR:
        return None
    last = last_arrived(thread, actor=actor)
    name = (
        named.get(to.get("reference", "")) or to.get("display") or (_("the patient") if to else "")
    )
    medium = next((display_of(each) for each in header.get("medium", [])), "")
    if not actor.reference:
        why_not = _("You have no Practitioner of your own, so you cannot write messages.")
    elif not to:
        why_not = _("This thread names no patient to write to.")
    else:
        why_not = blocker("reply", actor, task) if task and task["status"] not in FINAL else ""
    kept = draft_of(thread, actor)
    document = kept.parsed() if kept else {}
    return Composer(
        last["id"] if last else "",
        name,
        medium,
        task_id=task["id"] if task else "",
        task_version=int(task["meta"]["versionId"]) if task else 0,
        may_note=bool(actor.reference),
        why_not=why_not,
        why_open=blocker("complete", actor, task) if task else "",
        outcome=_outcome(name, medium, task),
        text=_text(document),
        internal=categories.is_internal(document),
        saved=times.time_of(kept.last_updated) if kept else "",
        snippets=list(Snippet.objects.all()),
    )


def _outcome(name: str, medium: str, task: dict | None) -> list[str]:
    """What "Send and complete" brings about, in the order in which it is written."""
    if task is None or task["status"] in FINAL:
        return []
    answered = (
        _("%(name)s gets your answer (%(medium)s)") if medium else _("%(name)s gets your answer")
    )
    return [
        answered % {"name": f"{name[:1].upper()}{name[1:]}", "medium": medium},
        _("The answer is kept as the result of this task"),
        _("The task is completed and the thread closed"),
        _("It cannot be taken back"),
    ]


def _message(message: dict, named: dict, trigger: str, actor: Actor, now: datetime) -> Message:
    sender = message.get("sender") or {}
    reference = sender.get("reference", "")
    at = parse_date(message["sent"]).low if "sent" in message else None
    retracted = message.get("status") == RETRACTED
    return Message(
        id=message["id"],
        sender=named.get(reference) or sender.get("display") or reference or _("Unknown sender"),
        at=at,
        day=times.day(at, now) if at else "",
        time=times.time_of(at) if at else "",
        text="" if retracted else _text(message),
        attachments=[] if retracted else _attachments(message),
        outgoing=not is_patient_side(reference),
        is_trigger=message["id"] == trigger,
        internal=categories.is_internal(message),
        retracted=retracted,
        retractable=not retracted
        and (actor.writes_everything or bool(reference) and reference == actor.reference),
        medium=next((display_of(each) for each in message.get("medium", [])), ""),
    )


def _text(message: dict) -> str:
    parts = message.get("payload", [])
    return "\n\n".join(part["contentString"] for part in parts if "contentString" in part)


def _attachments(message: dict) -> list[Attachment]:
    """What came with a message, by name. What is elsewhere is never fetched: a link is the reader's
    to follow."""
    found = []
    here = f"/worklist/th/{header_of(message) or message['id']}/file/{message['id']}"
    files = iter(files_of(message))
    for part in message.get("payload", []):
        if "contentAttachment" in part:
            file, url = next(files), part["contentAttachment"].get("url", "")
            found.append(
                Attachment(
                    part["contentAttachment"].get("title") or _("Attachment"),
                    _link(url) if file.why_not else f"{here}/{file.number}",
                    ", ".join(filter(None, (file.kind, file.size))),
                )
            )
        elif "contentReference" in part:
            reference = part["contentReference"]
            title = reference.get("display") or reference.get("reference") or _("Attachment")
            found.append(Attachment(title, _link(reference.get("reference", ""))))
    return found


def _link(url: str) -> str:
    """Only https, or a resource of this server; anything else is not followed from here."""
    if url.startswith("https://"):
        return url
    type_name, resource_id = people.split(url)
    return f"/api/fhir/{type_name}/{resource_id}" if resource_id else ""
