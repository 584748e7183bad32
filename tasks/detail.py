"""One Task as its page shows it, gathered from everything that hangs on it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import people
from accounts.pools import codes_of, pool_names
from fhir import resources, store
from fhir.actor import Actor, Role
from fhir.datatypes import display_of, parse_date
from fhir.errors import NotFound
from fhir.store import Stored
from tasks import focal, history, stages, times, watching
from tasks.actions import author_of
from tasks.available import IN_MENU, Action, allowed_actions, blocker
from tasks.banner import Banner, banner
from tasks.clock_rows import clocks_of
from tasks.clocks import Clocks
from tasks.document import is_note_open, reference_of
from tasks.history import Step
from tasks.parts import Part, Tree
from tasks.reasons import choices
from tasks.rows import description_of, due, is_patient, priority_of, resumes, title_of
from tasks.stages import Stop
from tasks.subtasks import open_children, why_open
from tasks.task_types import label_of
from tasks.timeline import Event, timeline
from tasks.times import Due
from tasks.transitions import FINAL, Status


@dataclass(frozen=True, slots=True)
class Note:
    """`number` is its place in the Task, `open` whether the reader may still change it."""

    number: int
    author: str
    at: datetime | None
    text: str
    by_patient: bool = False
    open: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A dialog that asks for a reason."""

    action: Action
    title: str
    lead: str
    button: str
    keep: str
    reasons: tuple
    danger: bool = False


class Refusal(NamedTuple):
    """`labels` of the disabled buttons, none when it is all of them; `reason` says what would
    enable them, and `place` is the id of where on the page that can be done."""

    labels: str
    reason: str
    place: str = ""


@dataclass(frozen=True)
class Detail:
    id: str
    version: int
    title: str
    description: str
    priority: str
    status: str
    reason: str
    due: Due
    banner: Banner | None
    owner: str
    owner_reference: str
    mine: bool
    pools: list[str]
    requester: str
    requester_is_patient: bool
    created: datetime
    stage: str
    way: list[Stop]
    next_stage: str
    """What the next stage is called; "" when there is none, or she may not bring it there."""
    changes_stage: bool
    actions: list[Action]
    asked: list[Asked]
    steps: list[Step]
    resumes: Due
    """When paused work is expected to go on."""
    card: focal.Card | None
    notes: list[Note]
    subtasks: list[Part]
    places: dict[str, str]
    """Where on the page something can be done about a reason: the reason → the id of a heading."""
    events: list[Event]
    clocks: list[str]
    """How long it waited, was held and took, a phrase each."""
    shows_raw: bool
    takes_parts: bool
    watched: bool
    named: dict[str, str]
    you: str

    @property
    def url(self) -> str:
        return f"/worklist/t/{self.id}"

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def status_label(self) -> str:
        return Status(self.status).label

    @property
    def buttons(self) -> list[Action]:
        return [action for action in self.actions if action.code not in IN_MENU]

    @property
    def menu(self) -> list[Action]:
        return [action for action in self.actions if action.code in IN_MENU]

    @property
    def refusals(self) -> list[Refusal]:
        """What keeps buttons disabled, one line a reason."""
        lines: dict[str, list[str]] = {}
        for action in self.buttons:
            if action.reason:
                lines.setdefault(action.reason, []).append(action.verb.label)
        if len(lines) == 1 and all(action.reason for action in self.buttons):
            return [Refusal("", reason) for reason in lines]
        return [
            Refusal(", ".join(map(str, labels)), reason, self.places.get(reason, ""))
            for reason, labels in lines.items()
        ]

    @property
    def other_stage(self) -> str:
        """A stage that is none of its type's: kept, and shown as it is."""
        return "" if any(stop.state == "now" for stop in self.way) else self.stage

    @property
    def owner_is_patient(self) -> bool:
        return is_patient(self.owner_reference)

    @property
    def takes_notes(self) -> bool:
        return any(action.code == "note" and action.enabled for action in self.actions)

    def dialog(self, code: str) -> Asked | None:
        """What is asked before this is done; None for what cannot be done now."""
        return next((each for each in self.asked if each.action.code == code), None)

    @property
    def done_subtasks(self) -> int:
        return sum(subtask.done for subtask in self.subtasks)

    @property
    def blocking(self) -> int:
        """How many of its own parts keep it from being completed."""
        return sum(subtask.blocks and subtask.depth == 1 for subtask in self.subtasks)

    @property
    def reschedules(self) -> bool:
        return any(action.code == "reschedule" and action.enabled for action in self.actions)

    @property
    def step(self) -> tuple[int, Step] | None:
        """(its number, the step that it is at); None for one that is not on the way."""
        found = ((n, each) for n, each in enumerate(self.steps, 1) if each.state == "now")
        return next(found, None)

    @property
    def owner_initials(self) -> str:
        return people.initials(self.owner)


DIALOGS = {
    "close": (
        gettext_lazy("Complete without replying"),
        gettext_lazy("The patient gets no answer in this thread. Why is none needed?"),
        gettext_lazy("Complete without replying"),
        gettext_lazy("Keep it"),
    ),
    "hold": (
        gettext_lazy("Put this task on hold"),
        gettext_lazy("It stays yours. What is it waiting for?"),
        gettext_lazy("Hold"),
        gettext_lazy("Keep working"),
    ),
    "reject": (
        gettext_lazy("Reject this task"),
        gettext_lazy(
            "It ends here, undone, and cannot be opened again. To let a colleague do it, release it."
        ),
        gettext_lazy("Reject this task"),
        gettext_lazy("Keep it"),
    ),
    "fail": (
        gettext_lazy("Close as not done"),
        gettext_lazy(
            "It was tried and could not be done. It ends here and cannot be opened again."
        ),
        gettext_lazy("Close as not done"),
        gettext_lazy("Keep it"),
    ),
    "cancel": (
        gettext_lazy("Cancel this task"),
        gettext_lazy("It is not needed any more. It ends here and cannot be opened again."),
        gettext_lazy("Cancel this task"),
        gettext_lazy("Keep it"),
    ),
}


def find(task_id: str, actor: Actor) -> Stored | None:
    """The Task, or None for one that `actor` may not see, that was deleted, or that never was."""
    stored = store.find(resources.get("Task"), task_id, actor=actor)
    return None if stored is None or stored.deleted else stored


def find_all(ids: Iterable[str], actor: Actor) -> list[Stored]:
    """Those of `ids` that `actor` may see, in their order."""
    return store.find_all(resources.get("Task"), ids, actor=actor)


def get(task_id: str, actor: Actor) -> Stored:
    """The Task. Raises NotFound, the same for a hidden, a deleted and an unknown one (T5)."""
    stored = find(task_id, actor)
    if stored is None:
        raise NotFound(_("This task does not exist, or you may not see it."))
    return stored


def detail(stored: Stored, actor: Actor, *, now: datetime) -> Detail:
    document = stored.parsed()
    actions = allowed_actions(actor, document)
    versions = history.versions_of(stored.resource_id)
    steps = history.steps(versions)
    owner, requester = (reference_of(document, element) for element in ("owner", "requester"))
    authors = {reference_of(note, "authorReference") for note in document.get("note", [])}
    tree = Tree(stored, actor)
    named = people.names(
        {owner, requester} | authors | {each.by for each in steps} | tree.owners,
        actor=actor,
    )
    card = focal.card(document, actor, now=now)
    for element in (document.get("owner"), document.get("requester"), *_authors(document)):
        if element and element.get("reference") and element.get("display"):
            named.setdefault(element["reference"], element["display"])
    return Detail(
        id=stored.resource_id,
        version=stored.version_id,
        title=title_of(document),
        description=description_of(document),
        priority=priority_of(document),
        status=document["status"],
        reason=label_of(document.get("statusReason")),
        due=_due(document, now),
        banner=banner(document.get("for") or {}, actor, now=now, besides=stored.resource_id),
        owner=named.get(owner, owner),
        owner_reference=owner,
        mine=bool(owner) and owner == actor.reference,
        pools=_pools(document),
        requester=named.get(requester) or (document.get("requester") or {}).get("display", ""),
        requester_is_patient=is_patient(requester),
        created=parse_date(document["authoredOn"]).low
        if "authoredOn" in document
        else versions[0].at,
        stage=label_of(document.get("businessStatus")),
        way=stages.way(document),
        next_stage=_next_stage(actor, document),
        changes_stage=not blocker("stage", actor, document),
        actions=actions,
        asked=_asked(actions, document),
        steps=steps,
        resumes=resumes(document, now),
        card=card,
        notes=[_note(*each, named, actor, now) for each in enumerate(document.get("note", []))][
            ::-1
        ],
        subtasks=tree.parts(document, named),
        places=_places(stored, tree, card),
        events=timeline(stored, actor=actor),
        clocks=_clocks(clocks_of(stored, now=now)),
        shows_raw=actor.role is Role.ADMIN,
        takes_parts=not blocker("subtask", actor, document),
        watched=watching.look(stored, actor),
        named=named,
        you=actor.name,
    )


def _places(stored: Stored, tree: Tree, card: focal.Card | None) -> dict[str, str]:
    places = {}
    if tree.documents:
        places[why_open(open_children(stored.resource_id))] = "subtasks-title"
    if card and card.kind == "questionnaire":
        places |= card.body.places
    return places


def _clocks(found: Clocks) -> list[str]:
    def said(milliseconds: int) -> str:
        return times.duration(timedelta(milliseconds=milliseconds))

    whole = _("took %(length)s") if found.ended else _("open for %(length)s")
    told = [whole % {"length": said(found.turnaround)}]
    if found.to_claim is not None:
        told.append(_("claimed after %(length)s") % {"length": said(found.to_claim)})
    if found.waiting != (found.to_claim or 0):
        told.append(_("unclaimed %(length)s in all") % {"length": said(found.waiting)})
    if found.hold:
        told.append(_("%(length)s on hold") % {"length": said(found.hold)})
    if found.reroutes:
        text = ngettext("rerouted once", "rerouted %(count)s times", found.reroutes)
        told.append(text % {"count": found.reroutes})
    return told


def _next_stage(actor: Actor, document: dict) -> str:
    following = stages.next_stage(document)
    return following.label if following and not blocker("next-stage", actor, document) else ""


def _asked(actions: list[Action], document: dict) -> list[Asked]:
    """The dialogs of the buttons that ask for a reason."""
    return [
        Asked(action, *DIALOGS[action.code], choices(action.code, document), action.code != "hold")
        for action in actions
        if action.verb.asks and action.enabled
    ]


def _due(document: dict, now: datetime) -> Due:
    """When it is, or was, due; what is over is not overdue."""
    found = due(document, now)
    if found.at is None or document["status"] not in FINAL:
        return found
    return Due(found.at, found.clock, "", found.clock, day_only=True)


def _authors(document: dict) -> list[dict]:
    return [
        note["authorReference"] for note in document.get("note", []) if "authorReference" in note
    ]


def _note(number: int, note: dict, named: dict, actor: Actor, now: datetime) -> Note:
    reference = reference_of(note, "authorReference")
    at = parse_date(note["time"]).low if "time" in note else None
    author = named.get(reference) or note.get("authorString") or reference or _("Unknown author")
    is_open = actor.role is not Role.AUDITOR and is_note_open(note, author_of(actor), at=now)
    return Note(number, author, at, note.get("text", ""), is_patient(reference), is_open)


def _pools(document: dict) -> list[str]:
    """The pools that the Task's roles lead to, or what the roles are called."""
    concepts = document.get("performerType", [])
    return pool_names(codes_of(concepts)) or [*map(display_of, concepts)]
