"""The dialogs that move a Task: what each asks, and what would happen with what is chosen.

A dialog is built anew at each request from the Task as it is and from the fields as they were sent,
so that a page without scripts, a part of it for htmx and a refused form are the same thing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import people
from accounts.people import Patient
from fhir.actor import Actor
from fhir.store import Stored
from tasks import moves, times
from tasks.available import supervises
from tasks.clock_rows import clocks_of
from tasks.document import NO_DUE, PRIORITY_RANK, due_by, due_of, end_of, reference_of
from tasks.forms import ReasonForm
from tasks.reasons import Reason, choices
from tasks.rows import PRIORITIES, description_of, due, headline_of, priority_of, title_of
from tasks.stages import Stop, find, next_stage, way
from tasks.targets import Target, targets
from tasks.task_types import Coded, label_of
from tasks.times import Due

TITLES = {
    "reroute": gettext_lazy("Reroute this task"),
    "assign": gettext_lazy("Assign this task"),
    "escalate": gettext_lazy("Escalate this task"),
    "prioritize": gettext_lazy("Change the priority"),
    "reschedule": gettext_lazy("Change the due date"),
    "stage": gettext_lazy("Change the stage"),
}
KINDS = (
    ("person", gettext_lazy("Person"), "user-round"),
    ("pool", gettext_lazy("Pool"), "users-round"),
)
KEEPS = (
    ("", gettext_lazy("Hand over fully"), gettext_lazy("Moves this task. It leaves your list.")),
    (
        "yes",
        gettext_lazy("Hand over and keep watching"),
        gettext_lazy("New task for them, about the same record. Yours closes as rerouted."),
    ),
)
ESCALATE_REASON = "urn:taskward:escalate-reason"
ESCALATE_REASONS = (
    Reason("worse", "The patient is worse", ESCALATE_REASON),
    Reason("new-findings", "New findings", ESCALATE_REASON),
    Reason("nobody-takes-it", "Nobody takes it", ESCALATE_REASON),
    Reason("too-late", "It will not be done in time", ESCALATE_REASON),
    Reason("other", "Other", ESCALATE_REASON),
)
DUE_REASON = "urn:taskward:due-reason"
DUE_REASONS = (
    Reason("waiting", "Waiting for somebody else", DUE_REASON),
    Reason("agreed", "Agreed with who asked for it", DUE_REASON),
    Reason("sooner", "Needed sooner", DUE_REASON),
    Reason("mistake", "It was wrong", DUE_REASON),
    Reason("other", "Other", DUE_REASON),
)
MANY_REROUTES = 2
"""So many before make the next one worth a question."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The fields that say what shall happen, as they were sent; unknown ones are as if not sent."""

    kind: str
    query: str
    to: str
    keep: bool
    priority: str
    stage: str
    day: str | None
    time: str

    @classmethod
    def parse(cls, code: str, data: Mapping[str, str]) -> "Chosen":
        kind = data.get("kind", "")
        if code != "reroute":
            kind = "person"
        elif kind not in ("person", "pool"):
            kind = "pool"
        priority = data.get("priority", "")
        return cls(
            kind=kind,
            query=data.get("q", "").strip()[:80],
            to=data.get("to", ""),
            keep=code == "reroute" and data.get("keep") == "yes",
            priority=priority if priority in PRIORITY_RANK else "",
            stage=data.get("stage", ""),
            day=data.get("day"),
            time=data.get("time", ""),
        )


class Dialog:
    """One dialog as its template shows it; what it does not ask for is empty."""

    def __init__(
        self, code: str, stored: Stored, data: Mapping[str, str], *, actor: Actor, at: datetime
    ):
        self.code, self.stored, self.actor, self.at = code, stored, actor, at
        self.document = stored.parsed()
        self.chosen = self._parsed(data)
        self.version = stored.version_id
        self.url = f"/worklist/t/{stored.resource_id}/{code}"
        self.title = TITLES.get(code, "")

    def _parsed(self, data: Mapping[str, str]) -> Chosen:
        chosen = Chosen.parse(self.code, data)
        if self.code == "reroute" and not self.names_people:
            return replace(chosen, kind="pool")
        return chosen

    # --- which task ---

    @property
    def task_title(self) -> str:
        return title_of(self.document)

    @property
    def headline(self) -> str:
        """What the task is called before its title, as in a row."""
        return headline_of(self.task_title, description_of(self.document))

    @property
    def priority(self) -> str:
        return priority_of(self.document)

    @property
    def due(self) -> Due:
        return due(self.document, self.at)

    @cached_property
    def patient(self) -> Patient | None:
        subject = self.document.get("for") or {}
        reference = subject.get("reference", "")
        found = people.documents([reference], actor=self.actor).get(reference)
        return people.patient(found, subject.get("display", ""))

    # --- whom it goes to ---

    @property
    def moves_on(self) -> bool:
        """Whether somebody else gets it."""
        return self.code in ("reroute", "assign")

    @property
    def kinds(self) -> tuple:
        return KINDS if self.code == "reroute" and self.names_people else ()

    @property
    def names_people(self) -> bool:
        """What nobody has she sends to a pool; by name she gives what is hers (T3)."""
        return self._names_people(self.document)

    def _names_people(self, document: dict) -> bool:
        mine = reference_of(document, "owner") == self.actor.reference != ""
        return mine or supervises(self.actor, document)

    @property
    def keeps(self) -> tuple:
        return KEEPS if self.code == "reroute" else ()

    @cached_property
    def targets(self) -> list[Target]:
        if not self.moves_on:
            return []
        return targets(
            self.document,
            actor=self.actor,
            kind=self.chosen.kind,
            query=self.chosen.query,
            at=self.at,
        )

    @cached_property
    def target(self) -> Target | None:
        """The one chosen, if it is among those that are shown and can take the Task."""
        return next(
            (each for each in self.targets if each.value == self.chosen.to and not each.reason),
            None,
        )

    @property
    def to(self) -> moves.Target | None:
        if self.target is None:
            return None
        pool = self.chosen.kind == "pool"
        return moves.ToPool(self.target.pool_id) if pool else moves.ToPerson(self.target.reference)

    @property
    def matches(self) -> str:
        if not self.chosen.query:
            return ""
        count = len(self.targets)
        return ngettext("%(count)s match", "%(count)s matches", count) % {"count": count}

    @property
    def nothing(self) -> str:
        if self.chosen.kind == "pool":
            named, other = _("No pool is called that."), _("There is no other pool.")
        else:
            named, other = _("No person is called that."), _("There is no other person.")
        return named if self.chosen.query else other

    @property
    def hint(self) -> str:
        if self.code == "reroute" and not self.names_people:
            return _("Claim this task first to give it to a person.")
        if not any(each.reason for each in self.targets):
            return ""
        if self.chosen.kind == "pool":
            return _("Pools that can take it come first.")
        return _("People who can take it come first.")

    # --- where it stands ---

    @cached_property
    def way(self) -> list[Stop]:
        return way(self.document) if self.code == "stage" else []

    @property
    def stage(self) -> Coded | None:
        """The stage chosen; of a dialog just opened the next one."""
        return find(self.document, self.chosen.stage) or next_stage(self.document)

    # --- by when ---

    @property
    def is_due_asked(self) -> bool:
        return self.code == "reschedule"

    @cached_property
    def due_fields(self) -> tuple[str, str]:
        """(day, time) as the fields say, of a dialog just opened as it is due now."""
        if self.chosen.day is None:
            return self._due_now()
        return self.chosen.day, self.chosen.time

    def _due_now(self) -> tuple[str, str]:
        end, at = end_of(self.document), due_of(self.document)
        if at == NO_DUE:
            return "", ""
        if "T" not in end:
            return times.local_day(end, at).isoformat(), ""
        local = timezone.localtime(at)
        return local.date().isoformat(), f"{local:%H:%M}"

    @cached_property
    def chosen_due(self) -> str | None:
        """The date or the instant that is chosen, "" for none; None when the fields say neither."""
        day, clock = self.due_fields
        if self.due_fields == self._due_now():
            return end_of(self.document)
        try:
            return times.written(day, clock)
        except ValueError:
            return None

    def _at_due(self) -> list[str]:
        if self.chosen_due is None:
            return []
        was = self.due.clock or _("no due date")
        after = due(due_by(self.document, self.chosen_due), self.at)
        if self.chosen_due == end_of(self.document):
            told = [_("It stays as it is: %(due)s") % {"due": was}]
        else:
            told = [_("The due date goes from %(was)s to %(due)s")
                    % {"was": was, "due": after.clock or _("no due date")}]  # fmt: skip
            if after.kind == "late":
                told.append(_("That has passed: it will be overdue"))
        return [*told, _("The reason is recorded")]

    # --- how urgent it becomes ---

    @property
    def priorities(self) -> list[tuple[str, str]]:
        """(code, what it means for this Task), from the most urgent: for escalating only upwards."""
        if self.code not in ("escalate", "prioritize"):
            return []
        now = PRIORITY_RANK[self.priority]
        return [
            (code, _("as it is now") if rank == now else "")
            for code, rank in sorted(PRIORITY_RANK.items(), key=lambda each: -each[1])
            if self.code == "prioritize" or rank > now or rank == max(PRIORITY_RANK.values())
        ]

    @property
    def chosen_priority(self) -> str:
        if self.chosen.priority or self.code == "prioritize":
            return self.chosen.priority or self.priority
        steps = [code for code, about in self.priorities]
        return steps[-1] if steps else ""

    # --- why ---

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        if self.code == "escalate":
            return ESCALATE_REASONS
        if self.code == "reschedule":
            return DUE_REASONS
        return choices("reroute", self.document) if self.code == "reroute" else ()

    @property
    def takes_note(self) -> bool:
        return True

    @property
    def has_other(self) -> bool:
        return any(each.is_other for each in self.reasons)

    # --- what will happen ---

    @property
    def wanted(self) -> dict:
        """The Task as it would be, in what the dialog asks for."""
        if self.to:
            return moves.handed_over(self.document, self.to, self.actor)
        if self.code in ("prioritize", "escalate"):
            return {**self.document, "priority": self.chosen_priority}
        if self.code == "stage" and self.stage:
            return {**self.document, "businessStatus": self.stage.as_concept()}
        if self.is_due_asked and self.chosen_due is not None:
            return due_by(self.document, self.chosen_due)
        return self.document

    @cached_property
    def outcome(self) -> list[str]:
        """What the action would do now; empty while it is not known what is meant."""
        if self.moves_on:
            return self._handed_over() if self.to else []
        if self.code == "stage":
            return self._at_stage()
        if self.is_due_asked:
            return self._at_due()
        word = PRIORITIES[self.chosen_priority][1]
        if self.chosen_priority == self.priority:
            told = [_("The priority stays %(word)s") % {"word": word}]
        else:
            was = PRIORITIES[self.priority][1]
            told = [_("The priority goes from %(was)s to %(word)s") % {"was": was, "word": word}]
        if self.code == "escalate":
            told += [_("The stage becomes Escalated"), _("The coordinators of its pool are told")]
        return [*told, _("Recorded with your name")]

    def _at_stage(self) -> list[str]:
        if self.stage is None:
            return []
        was = label_of(self.document.get("businessStatus"))
        said = {"was": was, "stage": self.stage.label}
        text = (
            _("The stage goes from %(was)s to %(stage)s")
            if was
            else _("The stage goes to %(stage)s")
        )
        return [text % said, _("The status does not change"), _("Recorded with your name")]

    def _handed_over(self) -> list[str]:
        arguments = {"keep_view": self.chosen.keep, "actor": self.actor, "at": self.at}
        return moves.what_will_happen(self.document, to=self.to, **arguments)

    @property
    def choose(self) -> str:
        if self.code == "stage":
            return _("Choose a stage to see it.")
        if self.is_due_asked:
            return _("Say a day to see it.")
        if self.chosen.kind == "pool":
            return _("Choose a pool to see it.")
        return _("Choose a person to see it.")

    @cached_property
    def warnings(self) -> list[str]:
        found = self._many_reroutes() if self.code == "reroute" else ""
        return [found] if found else []

    def _many_reroutes(self) -> str:
        count = clocks_of(self.stored, now=self.at).reroutes
        if count < MANY_REROUTES:
            return ""
        return _("It has been rerouted %(count)s times already. Ask a coordinator?") % {
            "count": count
        }

    @property
    def undo_hint(self) -> str:
        if self.code == "escalate":
            return _("The coordinators are told at once, so this cannot be undone.")
        if self.code in ("prioritize", "reschedule", "stage"):
            return _("You can undo until somebody changes the task.")
        if self.chosen.keep:
            return _("Yours closes for good: this cannot be undone.")
        if self.chosen.kind == "pool":
            return _("You can undo until someone claims it.")
        name = self.target.name if self.target else _("the new owner")
        return _("You can undo until %(name)s acts.") % {"name": name}

    @property
    def button(self) -> str:
        if self.moves_on:
            if self.target is None:
                return _("Reroute") if self.code == "reroute" else _("Assign")
            text = _("Reroute to %(name)s") if self.code == "reroute" else _("Assign to %(name)s")
            return text % {"name": self.target.name}
        return _("Escalate") if self.code == "escalate" else _("Change it")


class MoveForm(ReasonForm):
    """Where a Task shall go, and why, as the dialog that asked for it reads it."""

    to = forms.CharField(required=False)
    stage = forms.CharField(required=False)
    due = forms.CharField(required=False)

    def __init__(self, dialog: Dialog, *args, **kwargs):
        super().__init__(dialog.reasons, *args, **kwargs)
        self.dialog = dialog

    def clean(self):
        if self.dialog.moves_on and self.dialog.to is None:
            is_pool = self.dialog.chosen.kind == "pool"
            text = (
                _("Choose the pool that gets it.")
                if is_pool
                else _("Choose the person that gets it.")
            )
            self.add_error("to", text)
        if self.dialog.code == "stage" and self.dialog.stage is None:
            self.add_error("stage", _("Choose a stage."))
        if self.dialog.is_due_asked:
            if self.dialog.chosen_due is None:
                self.add_error("due", _("Say on which day, or leave day and time empty."))
            self.cleaned_data["due"] = self.dialog.chosen_due
        if self.dialog.reasons:
            return super().clean()
        return self.cleaned_data | {"note": self.cleaned_data.get("note", "").strip()}
