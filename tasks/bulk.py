"""The same done to several Tasks at once: each is a transaction of its own, judged and answered on
its own, as it is by the operations of the API on several (tasks.operations).
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property, partial
from typing import Any, NamedTuple

from django.db import DataError, OperationalError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from accounts.pools import codes_of
from fhir import errors
from fhir.actor import Actor
from fhir.datatypes import display_of
from fhir.errors import BusinessRuleViolation, FhirError
from fhir.store import Stored
from tasks import actions, moves
from tasks import detail as details
from tasks.available import VERBS, check_available
from tasks.consequences import thread_of
from tasks.dialogs import Dialog
from tasks.document import reference_of
from tasks.eligible import anybody_there
from tasks.moves import ToPool
from tasks.permissions import lost_claim
from tasks.reasons import Reason, choices
from tasks.rows import PRIORITIES
from tasks.targets import Target, targets
from tasks.undo import take_back

MOST = 300
"""So many Tasks are taken at once."""
UNASKED = 25
"""So many are done without asking first."""
ASKED = ("hold", "reroute", "assign", "prioritize", "complete")
"""What needs an answer first, or cannot be undone."""
TAKEN_BACK_BY = {
    "claim": "release",
    "release": "claim",
    "hold": "take-back",
    "reroute": "take-back",
    "assign": "take-back",
    "prioritize": "take-back",
}
"""What takes it back, as the undo of one Task does."""

SAID = {
    "claim": (
        ngettext_lazy("Claimed %(count)s task", "Claimed %(count)s tasks", "count"),
        gettext_lazy("Claimed %(done)s of %(count)s."),
    ),
    "release": (
        ngettext_lazy("Released %(count)s task", "Released %(count)s tasks", "count"),
        gettext_lazy("Released %(done)s of %(count)s."),
    ),
    "hold": (
        ngettext_lazy("%(count)s task is on hold", "%(count)s tasks are on hold", "count"),
        gettext_lazy("%(done)s of %(count)s are on hold."),
    ),
    "reroute": (
        ngettext_lazy("Sent %(count)s task to %(to)s", "Sent %(count)s tasks to %(to)s", "count"),
        gettext_lazy("Sent %(done)s of %(count)s to %(to)s."),
    ),
    "assign": (
        ngettext_lazy(
            "Assigned %(count)s task to %(to)s", "Assigned %(count)s tasks to %(to)s", "count"
        ),
        gettext_lazy("Assigned %(done)s of %(count)s to %(to)s."),
    ),
    "prioritize": (
        ngettext_lazy("%(count)s task is %(to)s now", "%(count)s tasks are %(to)s now", "count"),
        gettext_lazy("%(done)s of %(count)s are %(to)s now."),
    ),
    "complete": (
        ngettext_lazy("Completed %(count)s task", "Completed %(count)s tasks", "count"),
        gettext_lazy("Completed %(done)s of %(count)s."),
    ),
    "take-back": (
        ngettext_lazy("Took back %(count)s task", "Took back %(count)s tasks", "count"),
        gettext_lazy("Took back %(done)s of %(count)s."),
    ),
}
"""What is said when all of them were done, and when some were."""


class Named(NamedTuple):
    """One of the Tasks chosen, and the version that was shown of it."""

    id: str
    version: int | None

    @classmethod
    def parse(cls, text: str) -> "Named":
        """`id/version`, or an id alone."""
        task_id, _slash, version = text.partition("/")
        return cls(task_id, int(version) if version.isdecimal() else None)

    @property
    def if_match(self) -> list[int] | None:
        return None if self.version is None else [self.version]


class Answer(NamedTuple):
    """What became of one of them: the Task now, or why nothing was done."""

    id: str
    stored: Stored | None
    refusal: str = ""


def do_each(
    named: Iterable[Named], code: str, act: Callable[..., Stored], *, actor: Actor
) -> list[Answer]:
    """Do to each what `act(task_id, actor=, if_match=)` does to one; none keeps another from it."""
    return [_answer(each, code, act, actor) for each in named]


def _answer(named: Named, code: str, act: Callable[..., Stored], actor: Actor) -> Answer:
    try:
        with transaction.atomic():
            known = details.find(named.id, actor)
            if known and code in VERBS and named.version in (None, known.version_id):
                check_available(code, actor, known.parsed())
            return Answer(named.id, act(named.id, actor=actor, if_match=named.if_match))
    except FhirError as error:
        refusal = error
    except (OperationalError, DataError) as error:
        refusal = errors.of_database(error)
    return Answer(named.id, None, _why_not(named.id, refusal, actor))


def _why_not(task_id: str, refusal: FhirError, actor: Actor) -> str:
    """Which, and why: it may be out of the actor's sight by now."""
    stored = details.find(task_id, actor)
    lost = None if stored else lost_claim(actor, task_id)
    if lost:
        told = {"who": lost.winner, "task": _called(lost.document)}
        return _("%(who)s has “%(task)s”.") % told
    if isinstance(refusal, errors.VersionConflict):
        reason = _("it has changed meanwhile.")
    else:
        reason = refusal.issues[0].diagnostics
    return _("“%(task)s”: %(reason)s") % {
        "task": _called(stored.parsed()) if stored else _("One of them"),
        "reason": reason,
    }


def _called(document: dict) -> str:
    """Its kind of work alone: a description may be about the patient."""
    return display_of(document.get("code")) or _("Task")


def summary(code: str, done: int, count: int, *, to: str = "") -> str:
    """One line about all of them."""
    said, partly = SAID[code]
    if done == count:
        return said % {"count": count, "to": to}
    if not done:
        return _("None of these was changed.")
    return partly % {"done": done, "count": count, "to": to}


# --- what is asked --------------------------------------------------------------------------------


class Several(Dialog):
    """A dialog about several Tasks: what can be chosen is what can be for all, or for some, of them."""

    def __init__(
        self,
        code: str,
        named: list[Named],
        data: Mapping[str, str],
        *,
        actor: Actor,
        at: datetime,
    ):
        self.code, self.named, self.actor, self.at = code, named, actor, at
        self.documents = [each.parsed() for each in details.find_all([n.id for n in named], actor)]
        self.document = self.documents[0] if self.documents else {"status": "requested"}
        self.url = f"/worklist/bulk/{code}"
        self.title = _title(code, self.count)
        self.chosen = self._parsed(data)

    @property
    def count(self) -> int:
        return len(self.named)

    @cached_property
    def names_people(self) -> bool:
        """Only when every one of them may go to a person: one of each kind tells."""
        kinds = {
            (reference_of(each, "owner"), *sorted(codes_of(each.get("performerType", [])))): each
            for each in self.documents
        }
        return all(self._names_people(each) for each in kinds.values())

    @cached_property
    def targets(self) -> list[Target]:
        if not self.moves_on:
            return []
        first, *others = self.documents
        return targets(
            first,
            actor=self.actor,
            kind=self.chosen.kind,
            query=self.chosen.query,
            at=self.at,
            others=others,
        )

    @property
    def hint(self) -> str:
        if self.code == "reroute" and not self.names_people:
            return _("Claim these tasks first to give them to a person.")
        return super().hint

    @property
    def priorities(self) -> list[tuple[str, str]]:
        return [(each, "") for each in PRIORITIES] if self.code == "prioritize" else []

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """Those that every one of their types offers."""
        if self.code not in ("reroute", "hold"):
            return ()
        first, *others = (choices(self.code, each) for each in self.documents)
        return tuple(each for each in first if all(each in other for other in others))

    @property
    def takes_note(self) -> bool:
        return self.code in ("reroute", "assign", "prioritize", "hold")

    @cached_property
    def outcome(self) -> list[str]:
        if self.moves_on and self.to is None:
            return []
        return [*self._of_the_verb(), _("Each is judged on its own: what cannot be done stays")]

    def _of_the_verb(self) -> list[str]:
        count = {"count": self.count}
        if self.moves_on:
            return self._going()
        if self.code == "prioritize":
            word = {"to": PRIORITIES[self.chosen_priority][1]}
            return [_("The priority of each becomes %(to)s") % word, _("Recorded with your name")]
        if self.code == "hold":
            return [
                ngettext("%(count)s task waits", "%(count)s tasks wait", self.count) % count,
                _("The reason is recorded with each"),
            ]
        if self.code == "complete":
            return [
                ngettext("%(count)s task closes", "%(count)s tasks close", self.count) % count,
                _("A task that needs a reply stays open"),
            ]
        return []

    def _going(self) -> list[str]:
        told = {"count": self.count, "to": self.target.name}
        in_pool = isinstance(self.to, ToPool)
        if self.chosen.keep:
            lines = [
                ngettext(
                    "%(count)s new task for %(to)s", "%(count)s new tasks for %(to)s", self.count
                ),
                _("These close as rerouted"),
            ]
        elif in_pool:
            lines = [
                ngettext(
                    "%(count)s task waits in %(to)s, unclaimed",
                    "%(count)s tasks wait in %(to)s, unclaimed",
                    self.count,
                )
            ]
        else:
            lines = [
                ngettext("%(to)s has %(count)s more task", "%(to)s has %(count)s more tasks", self.count)
            ]  # fmt: skip
        if in_pool and not anybody_there(self.to.pool_id, at=self.at):
            lines.append(_("Nobody there is available now"))
        lines.append(_("Priority and due time do not change"))
        if self.code == "reroute":
            lines.append(_("The reason is recorded with each"))
        return [line % told for line in lines]

    @property
    def warnings(self) -> list[str]:
        return []

    @property
    def undo_hint(self) -> str:
        if self.code == "complete":
            return _("This cannot be undone.")
        if self.moves_on and self.chosen.keep:
            return _("Yours close for good: this cannot be undone.")
        return _("You can undo each until somebody acts on it.")

    @property
    def button(self) -> str:
        return _button(self.code, self.count, self.target.name if self.target else "")

    @property
    def destination(self) -> str:
        """Where they go, or what they become, for what is said when it is done."""
        if self.moves_on:
            return self.target.name if self.target else ""
        return PRIORITIES[self.chosen_priority][1] if self.code == "prioritize" else ""

    def act(self, said: dict[str, Any]) -> Callable[..., Stored]:
        """What is done to each, with what the dialog's form says."""
        note = said.get("note", "")
        if self.code == "reroute":
            return lambda task_id, **how: moves.reroute(
                task_id, to=self.to, reason=said["concept"], note=note,
                keep_view=self.chosen.keep, **how,
            ).task  # fmt: skip
        if self.code == "assign":
            return partial(moves.assign, to=self.target.reference, note=note)
        if self.code == "prioritize":
            return partial(moves.prioritize, priority=self.chosen_priority, note=note)
        if self.code == "hold":
            return partial(actions.hold, reason=said["concept"], note=note)
        return PLAIN[self.code]

    @property
    def undone_by(self) -> str:
        """The verb that takes it back; "" when it cannot be taken back."""
        return "" if self.chosen.keep else TAKEN_BACK_BY.get(self.code, "")


def _take_back(task_id: str, *, actor: Actor, if_match: list[int] | None) -> Stored:
    [version] = if_match or [0]
    return take_back(task_id, version=version, actor=actor)


def _complete(task_id: str, *, actor: Actor, if_match: list[int] | None) -> Stored:
    """What a patient wrote is answered on its own page."""
    known = details.find(task_id, actor)
    if known and thread_of(known.parsed()):
        raise BusinessRuleViolation(_("open it to reply, or to close it without a reply."))
    return actions.complete(task_id, actor=actor, if_match=if_match)


PLAIN = {
    "claim": actions.claim,
    "release": actions.release,
    "complete": _complete,
    "take-back": _take_back,
}
"""What takes nothing but who and which version."""


def _title(code: str, count: int) -> str:
    titles = {
        "claim": ngettext("Claim %(count)s task", "Claim %(count)s tasks", count),
        "release": ngettext("Release %(count)s task", "Release %(count)s tasks", count),
        "hold": ngettext("Hold %(count)s task", "Hold %(count)s tasks", count),
        "reroute": ngettext("Reroute %(count)s task", "Reroute %(count)s tasks", count),
        "assign": ngettext("Assign %(count)s task", "Assign %(count)s tasks", count),
        "prioritize": ngettext(
            "Change the priority of %(count)s task", "Change the priority of %(count)s tasks", count
        ),
        "complete": ngettext("Complete %(count)s task", "Complete %(count)s tasks", count),
        "take-back": ngettext("Take back %(count)s task", "Take back %(count)s tasks", count),
    }
    return titles[code] % {"count": count}


def _button(code: str, count: int, to: str) -> str:
    buttons = {
        "claim": _("Claim %(count)s"),
        "release": _("Release %(count)s"),
        "hold": _("Hold %(count)s"),
        "reroute": _("Reroute %(count)s to %(to)s") if to else _("Reroute %(count)s"),
        "assign": _("Assign %(count)s to %(to)s") if to else _("Assign %(count)s"),
        "prioritize": _("Change %(count)s"),
        "complete": _("Complete %(count)s"),
        "take-back": _("Take back %(count)s"),
    }
    return buttons[code] % {"count": count, "to": to}
