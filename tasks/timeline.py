"""Why a Task is where it is: one stream of what was done with it, by whom and why, in words.

It is told from the versions, the Provenances, the messages of the thread and the Tasks before and
after it. What was done at once is one event: a move with its note and its Provenance, a completion
with the reply that came with it. Of all but the Task itself only what the reader may read is told.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from django.utils.translation import gettext as _

from accounts import people
from accounts.pools import codes_of, pool_names
from communications import categories
from communications.document import DRAFT, RETRACTED, is_patient_side, said_at
from communications.reading import messages_in
from fhir import sql, store
from fhir.access import columns_of
from fhir.actor import Actor
from fhir.datatypes import EARLIEST, display_of, parse_date
from fhir.scopes import allows
from fhir.search.references import unversioned
from fhir.store import Stored
from tasks import explanations
from tasks.clocks import kind_of_move
from tasks.consequences import header_of, thread_of
from tasks.document import due_of, reference_of
from tasks.explanations import Explanation, Written
from tasks.history import STATUS_WORDS, Version, all_versions_of, priority_word
from tasks.models import Provenance, Task
from tasks.task_types import label_of
from tasks.transitions import CLAIMABLE, ENDED, Status

AT_ONCE = timedelta(minutes=1)
"""So far apart a note and a Provenance of the same person may be and tell of one thing, where no
version tells them together."""

ICONS = {
    "created": "plus",
    "claim": "hand",
    "assign": "corner-up-right",
    "reroute": "corner-up-right",
    "handover": "corner-up-right",
    "release": "undo-2",
    "stage": "milestone",
    "priority": "arrow-up",
    "due": "calendar-clock",
    "output": "file-text",
    "note": "sticky-note",
    "message": "message-square",
    "resume": "play",
    "why": "info",
    "restored": "undo-2",
    "deleted": "x",
    "edited": "pencil",
}
KINDS = {
    "in-progress": "start",
    "accepted": "accept",
    "completed": "complete",
    "on-hold": "hold",
    "rejected": "reject",
    "failed": "fail",
    "cancelled": "cancel",
    "entered-in-error": "error",
}
"""Status that a Task has come to → kind of the event; for others it is "status"."""


@dataclass(frozen=True, slots=True)
class Event:
    """`who_name words to_name; also …`, with the reason and the note that belong to it.

    `who` and `to` are references, or "" where there is none. `version` is the Task's, `source` the
    reference of what else tells of it: a message, a Provenance, or the Task before or after.
    """

    at: datetime
    kind: str
    who: str = ""
    words: str = ""
    who_name: str = ""
    to: str = ""
    to_name: str = ""
    also: tuple[str, ...] = ()
    reason: dict | None = None
    note: str = ""
    version: int | None = None
    source: str = ""
    rule: str = ""
    icon: str = "pencil"

    @property
    def is_said(self) -> bool:
        """Something was said, and the Task did not change otherwise."""
        return self.kind in ("message", "note", "why")

    @property
    def text(self) -> str:
        """All of it in one line: “Dr. House → Cardiologist pool · specialty referral · “note””."""
        done = " ".join(filter(None, (self.who_name, self.words, self.to_name)))
        told = ["; ".join((done, *self.also))]
        if reason := display_of(self.reason):
            told.append(reason if reason[1:2].isupper() else reason[:1].lower() + reason[1:])
        if self.note:
            told.append(f"“{self.note}”")
        return " · ".join(told)


def timeline(stored: Stored, *, actor: Actor) -> list[Event]:
    """Everything that happened to a Task which the actor may read, newest first."""
    return _Timeline(stored, actor).events()


# --- what one version did -------------------------------------------------------------------------


@dataclass(slots=True)
class Change:
    """What is told of a version: what it did first of all, and what besides."""

    kind: str = ""
    words: str = ""
    to: str = ""
    to_name: str = ""
    icon: str = ""
    also: list[str] = field(default_factory=list)
    reason: dict | None = None
    notes: list[str] = field(default_factory=list)

    def add(
        self, kind: str, words: str, *, icon: str = "", to: str = "", to_name: str = ""
    ) -> None:
        if self.kind:
            self.also.append(" ".join(filter(None, (words, to_name))))
        else:
            self.kind, self.words, self.to, self.to_name = kind, words, to, to_name
            self.icon = icon or ICONS.get(kind, "pencil")


def change_between(before: dict, after: dict, actor: str, pool_of) -> Change:
    """What turned one document into the other. `pool_of(document)` names where it waits."""
    found = Change()
    move = kind_of_move(before, after, actor)
    if move:
        _tell_move(found, move, before, after, pool_of)
    _tell_status(found, move, before, after)
    if before.get("businessStatus") != after.get("businessStatus"):
        stage = label_of(after.get("businessStatus"))
        words = (
            _("moved it to the stage “%(stage)s”") % {"stage": stage}
            if stage
            else _("took its stage away")
        )
        found.add("stage", words)
    if before.get("priority") != after.get("priority"):
        was, now = (priority_word(document) for document in (before, after))
        found.add(
            "priority", _("changed the priority from %(was)s to %(now)s") % {"was": was, "now": now}
        )
    if due_of(before) != due_of(after):
        found.add("due", _("changed when it is due"))
    if len(after.get("output", [])) > len(before.get("output", [])):
        found.add("output", _("recorded a result"))
    notes, known = after.get("note", []), before.get("note", [])
    added = [note.get("text", "") for note in notes[len(known) :]]
    found.notes = [text for text in added if text]
    if found.notes and not found.kind:
        found.add("note", _("added a note"))
    if len(notes) < len(known) or notes[: len(known)] != known:
        found.add("edited", _("edited a note"))
    if not found.kind:
        found.add("edited", _("edited it"))
    return found


def _tell_move(found: Change, move: str, before: dict, after: dict, pool_of) -> None:
    owner = after.get("owner") or {}
    has = reference_of(after, "owner")
    if move == "claim":
        found.add("claim", _("claimed it"))
    elif move == "release":
        found.add("release", _("gave it back to"), to_name=pool_of(after) or "nobody")
    elif move == "handover":
        found.add("handover", _("handed it over"))
        found.reason = None
    elif has and has != reference_of(before, "owner"):
        found.add(move, "→", to=has, to_name=owner.get("display", ""))
    else:
        found.add(move, "→", to_name=pool_of(after) or "nobody")


def _tell_status(found: Change, move: str, before: dict, after: dict) -> None:
    was, status = before["status"], after["status"]
    if was == status or move == "handover":
        return
    if move and status in {"accepted", *CLAIMABLE}:
        return  # A claim accepts and a release requests again: the move has said so.
    found.reason = after.get("statusReason")
    if was == "on-hold" and status in ("in-progress", "accepted", *CLAIMABLE):
        found.add("resume", _("resumed it"))
        return
    icon, words = STATUS_WORDS.get(
        status, ("pencil", _("set it to %(status)s") % {"status": Status(status).label.lower()})
    )
    found.add(KINDS.get(status, "status"), str(words), icon=icon)


# --- all of it ------------------------------------------------------------------------------------


class _Timeline:
    def __init__(self, stored: Stored, actor: Actor):
        self.stored, self.actor = stored, actor
        self.versions = all_versions_of(stored.resource_id)
        self.displays: dict[str, str] = {}
        """What references are called where they stand."""

    def events(self) -> list[Event]:
        told = [*self._of_versions()]
        told = self._with_explanations(told)
        told = [*self._with_messages(told), *self._of_first_version()]
        told = self._with_rules(self._with_other_tasks(told))
        # Versions stay in their order whatever the clock did.
        told.sort(key=lambda event: (event.at, event.version or 0), reverse=True)
        return self._named(told)

    @cached_property
    def document(self) -> dict:
        """As it is, or as it was before it was deleted."""
        return next((each.document for each in reversed(self.versions) if each.document), {})

    def _of_versions(self) -> Iterator[Event]:
        before: Version | None = None
        for version in self.versions:
            if not version.document:
                yield self._event(
                    version, Change("deleted", _("deleted it"), icon=ICONS["deleted"])
                )
            elif before is None:
                if version.number == 1:
                    change = Change("created", _("created it"), icon=ICONS["created"])
                    if self._is_asked_by_its_actor(version):
                        change.notes = [
                            note.get("text", "") for note in version.document.get("note", [])
                        ]
                    yield self._event(version, change)
            elif not before.document:
                yield self._event(version, Change("restored", _("restored it"), icon="undo-2"))
            else:
                change = change_between(
                    before.document, version.document, version.actor, self._pool_of
                )
                yield self._event(version, change)
            if version.document:
                self._remember(version.document.get("owner"), version.document.get("requester"))
            before = version

    def _event(self, version: Version, change: Change) -> Event:
        if change.to and change.to_name:
            self.displays.setdefault(change.to, change.to_name)
        return Event(
            version.at,
            change.kind,
            version.actor,
            change.words,
            to=change.to,
            to_name="" if change.to else change.to_name,
            also=tuple(change.also),
            reason=change.reason,
            note="\n".join(change.notes),
            version=version.number,
            icon=change.icon or ICONS.get(change.kind, "pencil"),
        )

    def _pool_of(self, document: dict) -> str:
        concepts = document.get("performerType", [])
        names = pool_names(codes_of(concepts)) or map(display_of, concepts)
        name = next(iter(names), "")
        return _("%(name)s pool") % {"name": name} if name else ""

    def _remember(self, *references: dict | None) -> None:
        for each in references:
            if each and each.get("reference") and each.get("display"):
                self.displays[unversioned(each["reference"])] = each["display"]

    # --- what came with the first version -----------------------------------------------------

    def _is_asked_by_its_actor(self, first: Version) -> bool:
        """Whether it was made here, and not brought here with a past of its own."""
        return self._asked_at(first) is None

    @staticmethod
    def _asked_at(first: Version) -> datetime | None:
        asked = _instant(first.document.get("authoredOn"))
        return asked if asked and first.at - asked > AT_ONCE else None

    def _of_first_version(self) -> Iterator[Event]:
        """What it says of the time before it was recorded here."""
        first = self.versions[0] if self.versions else None
        if first is None or first.number != 1 or self._is_asked_by_its_actor(first):
            return
        document = first.document
        period = document.get("executionPeriod") or {}
        owner, requester = reference_of(document, "owner"), reference_of(document, "requester")
        asked = self._asked_at(first)
        yield Event(asked, "asked", requester, _("asked for it"), icon="plus")
        start, end = _instant(period.get("start")), _instant(period.get("end"))
        if start and start <= first.at:
            yield Event(start, "start", owner, _("took it up"), icon="play")
        if end and end <= first.at and document["status"] in ENDED:
            icon, words = STATUS_WORDS[document["status"]]
            reason = document.get("statusReason")
            yield Event(end, KINDS[document["status"]], owner, str(words), reason=reason, icon=icon)

    # --- Provenance and notes -----------------------------------------------------------------

    def _with_explanations(self, told: list[Event]) -> list[Event]:
        """Each event with the reason that its Provenance gives; the others are events themselves,
        with the note of the first version that belongs to them."""
        written = [
            Written(each.number, each.at, each.actor, each.transaction, moved)
            for each, moved in zip(self.versions, self._moved(), strict=True)
        ]
        by_version, rest = explanations.matched(
            self.stored.resource_id, written, self._explanations()
        )
        told = [self._explained(event, by_version.get(event.version, [])) for event in told]
        events = [self._of_explanation(each) for each in rest]
        for note in self._first_notes():
            near = [
                number
                for number, event in enumerate(events)
                if not event.note and event.who == note.who and abs(event.at - note.at) <= AT_ONCE
            ]
            if near:
                events[near[0]] = replace(events[near[0]], note=note.note)
            else:
                events.append(note)
        return told + events

    def _moved(self) -> Iterator[bool]:
        before: dict | None = None
        for version in self.versions:
            after = version.document
            yield bool(before and after and kind_of_move(before, after, version.actor))
            before = after or before

    def _explanations(self) -> list[Explanation]:
        if not allows(self.actor, "Provenance", "r"):
            return []
        readable, params = Provenance.readable_condition(self.actor).for_table(
            "p", columns_of(Provenance)
        )
        task_id = self.stored.resource_id
        found = explanations.explanations_of([task_id], readable=readable, params=params)
        for each in found.get(task_id, ()):
            self._remember(*each.agents)
        return found.get(task_id, [])

    def _explained(self, event: Event, why: list[Explanation]) -> Event:
        for each in why:
            event = replace(
                event,
                reason=each.reason or event.reason,
                source=event.source or each.reference,
                who=self._agent(each) or event.who,
            )
        return event

    @staticmethod
    def _agent(explanation: Explanation) -> str:
        references = (each.get("reference", "") for each in explanation.agents)
        return next((unversioned(each) for each in references if each), "")

    def _of_explanation(self, explanation: Explanation) -> Event:
        recorded = parse_date(explanation.document["recorded"]).low
        return Event(
            min(recorded, explanation.at),
            "why",
            self._agent(explanation) or explanation.actor,
            _("said why"),
            reason=explanation.reason,
            source=explanation.reference,
            icon=ICONS["why"],
        )

    def _first_notes(self) -> Iterator[Event]:
        """Those that the first version brought from elsewhere, each with its time and author."""
        first = self.versions[0] if self.versions else None
        if first is None or first.number != 1 or self._is_asked_by_its_actor(first):
            return
        for note in first.document.get("note", []):
            author = note.get("authorReference") or {}
            self._remember(author)
            at = _instant(note.get("time"))
            yield Event(
                min(at, first.at) if at else first.at,
                "note",
                unversioned(author.get("reference", "")),
                _("added a note"),
                who_name=note.get("authorString", ""),
                note=note.get("text", ""),
                version=None,
                icon=ICONS["note"],
            )

    # --- messages -----------------------------------------------------------------------------

    def _with_messages(self, told: list[Event]) -> list[Event]:
        """The thread since the Task was made, and the message before; a reply that completed the
        Task is one event with that."""
        by_reference = {f"Communication/{each['id']}": each for each in self._messages()}
        events = []
        for event in told:
            reply = self._reply_of(event, by_reference)
            if reply:
                message = by_reference.pop(reply)
                event = replace(
                    event,
                    words=_("replied and %(words)s") % {"words": event.words}
                    if event.kind == "complete"
                    else event.words,
                    also=tuple(each for each in event.also if each != _("recorded a result")),
                    note=event.note or _text(message),
                    source=reply,
                )
            events.append(event)
        return events + [self._of_message(*each) for each in by_reference.items()]

    def _messages(self) -> list[dict]:
        header = self._header()
        if not header:
            return []
        thread = f"Communication/{header}"
        begun = people.documents([thread], actor=self.actor).values()
        messages = [*messages_in(thread, self.actor), *begun]
        messages = [each for each in messages if each.get("payload") and each["status"] != DRAFT]
        messages.sort(key=said_at, reverse=True)
        first = self.versions[0]
        begin = min(first.at, _instant(first.document.get("authoredOn")) or first.at)
        since = [each for each in messages if _written_at(each) >= begin]
        return since + [each for each in messages if _written_at(each) < begin][:1]

    def _header(self) -> str:
        """The id of the header of the thread, if the reader may see what the Task is about."""
        focus = thread_of(self.document)
        if not focus or not self.versions:
            return ""
        reference = f"Communication/{focus}"
        about = people.documents([reference], actor=self.actor).get(reference)
        return header_of(about) or focus if about else ""

    def _reply_of(self, event: Event, messages: dict[str, dict]) -> str:
        """The message among the results that came with this version."""
        if event.version is None:
            return ""
        documents = {each.number: each.document for each in self.versions}
        before = _results(documents.get(event.version - 1, {}))
        results = _results(documents[event.version])
        return next((each for each in results if each in messages and each not in before), "")

    def _of_message(self, reference: str, message: dict) -> Event:
        sender = message.get("sender") or {}
        self._remember(sender)
        who = unversioned(sender.get("reference", ""))
        if message["status"] == RETRACTED:
            words, text = _("wrote a message, and took it back"), ""
        elif categories.is_internal(message):
            words, text = _("wrote to colleagues"), _text(message)
        else:
            words = "wrote" if is_patient_side(who) else _("wrote to the patient")
            text = _text(message)
        return Event(
            _written_at(message),
            "message",
            who,
            words,
            note=text,
            source=reference,
            who_name=sender.get("display", ""),
            icon=ICONS["message"],
        )

    # --- the Tasks before and after it --------------------------------------------------------

    def _with_other_tasks(self, told: list[Event]) -> list[Event]:
        """A handover links to the Task that goes on, and the creation of that one back."""
        events = []
        for event in told:
            if event.kind in ("handover", "cancel") and (after := self._successor(event)):
                owner = reference_of(after, "owner")
                self._remember(after.get("owner"))
                event = replace(
                    event,
                    kind="handover",
                    words="→",
                    to=owner,
                    to_name="" if owner else self._pool_of(after),
                    source=f"Task/{after['id']}",
                )
            elif event.kind in ("created", "asked") and (before := self._predecessor(event)):
                words = _("rerouted it here from another task")
                event = replace(event, words=words, source=f"Task/{before['id']}")
            events.append(event)
        return events

    def _successor(self, ended: Event) -> dict | None:
        """The Task that is based on this one; or, when it was cancelled without more, one that its
        owner asked for at that time about the same thread (requirements.md S121)."""
        if ended.kind == "handover":
            based = self._tasks_about([self.stored.reference])
            return next((each for each in based if self.stored.reference in _based_on(each)), None)
        owner = reference_of(self.document, "owner")
        return next(
            (
                each
                for each in self._tasks_about(_focus_of(self.document))
                if owner
                and reference_of(each, "requester") == owner
                and not _based_on(each)
                and _is_near(each.get("authoredOn"), ended.at)
            ),
            None,
        )

    def _predecessor(self, made: Event) -> dict | None:
        """The other way round."""
        wanted = [each.removeprefix("Task/") for each in _based_on(self.document)]
        for document in people.documents(_based_on(self.document), actor=self.actor).values():
            if (
                document["status"] == "cancelled"
                and kind_of_move({"status": "requested"}, document, "") == "handover"
            ):
                return document
        requester = reference_of(self.document, "requester")
        if wanted or not requester:
            return None
        return next(
            (
                each
                for each in self._tasks_about(_focus_of(self.document))
                if each["status"] == "cancelled"
                and reference_of(each, "owner") == requester
                and _is_near((each.get("executionPeriod") or {}).get("end"), made.at)
            ),
            None,
        )

    def _tasks_about(self, links: list[str]) -> list[dict]:
        """Other Tasks that point at one of the links, oldest first."""
        if not links:
            return []
        condition = "links && %s::text[] and resource_id <> %s order by id + 0"
        params = [links, self.stored.resource_id]
        return store.documents(Task, condition, params, actor=self.actor, limit=50)

    # --- names --------------------------------------------------------------------------------

    def _with_rules(self, told: list[Event]) -> list[Event]:
        """What a rule did is told as the rule's."""
        references = {
            f"{self.stored.reference}/_history/{event.version}": event.version
            for event in told
            if event.version
        }
        runs = sql.rows(
            "select r.name, x.wrote from tasks_rulerun x join tasks_rule r on r.id = x.rule_id"
            " where x.wrote && %s::varchar[]",
            ([*references],),
        )
        rules = {
            references[each]: name for name, wrote in runs for each in wrote if each in references
        }
        return [
            replace(event, rule=rules[event.version]) if event.version in rules else event
            for event in told
        ]

    def _named(self, told: list[Event]) -> list[Event]:
        wanted = {reference for event in told for reference in (event.who, event.to)}
        named = people.names(wanted, actor=self.actor)

        def name(reference: str) -> str:
            if reference == "User/system":
                return "Taskward"
            known = named.get(reference) or self.displays.get(reference)
            return known or reference.removeprefix("User/")

        return [
            replace(
                event,
                who_name=_("Rule “%(rule)s”") % {"rule": event.rule}
                if event.rule
                else event.who_name or name(event.who),
                to_name=event.to_name or name(event.to),
            )
            for event in told
        ]


def _instant(text: str | None) -> datetime | None:
    return parse_date(text).low if text and len(text) > 10 else None


def _is_near(text: str | None, at: datetime) -> bool:
    instant = _instant(text)
    return instant is not None and abs(instant - at) <= explanations.NEAR


def _written_at(message: dict) -> datetime:
    at = said_at(message)
    return parse_date(message["meta"]["lastUpdated"]).low if at == EARLIEST else at


def _text(message: dict) -> str:
    return "\n".join(
        each["contentString"] for each in message.get("payload", []) if "contentString" in each
    )


def _results(document: dict) -> list[str]:
    references = (each.get("valueReference") or {} for each in document.get("output", []))
    return [unversioned(each.get("reference", "")) for each in references]


def _focus_of(document: dict) -> list[str]:
    focus = reference_of(document, "focus")
    return [focus] if focus.startswith("Communication/") else []


def _based_on(document: dict) -> Iterable[str]:
    references = (unversioned(each.get("reference", "")) for each in document.get("basedOn", []))
    return [each for each in references if each.startswith("Task/")]
