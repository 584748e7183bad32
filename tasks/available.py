"""What somebody can do with a Task now, and for what she cannot, what would enable it.

The pages draw their buttons from this and their POSTs are held to it (`check_available`), so that
a button and its refusal cannot disagree. It asks the same rules as every write: the table in
tasks.transitions and `tasks.permissions.check_change`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pools import codes_of, pool_ids
from fhir.actor import Actor, Role
from fhir.errors import BusinessRuleViolation, FhirError
from fhir.store import now
from tasks import document as documents
from tasks.consequences import thread_of
from tasks.eligible import why_not_claim
from tasks.permissions import check_change, is_claimable_by, name_of
from tasks.responses import Unanswered
from tasks.stages import why_no_next, why_no_stage
from tasks.transitions import CLAIMABLE, FINAL, Status, can_follow

REASON = {"text": "-"}
"""Stands for the reason that a person has yet to choose."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One button.

    `after` gives the document that it would make; None where that depends on what is chosen.
    `asks` is whether it needs a reason, `opens` whether a dialog of its own asks for more than that.
    """

    code: str
    label: str
    icon: str
    key: str
    after: Callable[[dict, Actor], dict] | None
    asks: bool = False
    opens: bool = False


def _status(status: str):
    return lambda document, actor: documents.with_status(document, status)


def _reason(status: str):
    return lambda document, actor: documents.with_reason(document, status, REASON)


VERBS = {
    verb.code: verb
    for verb in (
        Verb("claim", gettext_lazy("Claim"), "hand", "C",
             lambda document, actor: documents.claimed(document, {"reference": actor.reference})),
        Verb("start", gettext_lazy("Start work"), "play", "S", _status("in-progress")),
        Verb("resume", gettext_lazy("Resume"), "play", "H", _status("in-progress")),
        Verb("complete", gettext_lazy("Complete"), "check", "E",
             lambda document, actor: documents.completed(document, ())),
        # What is sent with it answers the questions.
        Verb("finish", gettext_lazy("Save and complete the task"), "check", "",
             lambda document, actor: documents.completed(document, ())),
        Verb("close", gettext_lazy("Complete without replying"), "check", "",
             lambda document, actor: documents.completed(document, ()), asks=True),
        Verb("hold", gettext_lazy("Hold"), "pause", "H", _reason("on-hold"), asks=True),
        Verb("release", gettext_lazy("Release"), "undo-2", "U",
             lambda document, actor: documents.released(document)),
        Verb("note", gettext_lazy("Add note"), "sticky-note", "M",
             lambda document, actor: documents.with_note(
                 document, "-", author={"authorString": "-"}, at=now())),
        Verb("reroute", gettext_lazy("Reroute"), "corner-up-right", "R", None, opens=True),
        Verb("assign", gettext_lazy("Assign"), "user-round-plus", "A", None, opens=True),
        Verb("escalate", gettext_lazy("Escalate"), "siren", "", None, opens=True),
        Verb("prioritize", gettext_lazy("Change priority"), "arrow-up", "", None, opens=True),
        Verb("reschedule", gettext_lazy("Change due date"), "calendar-clock", "D", None, opens=True),
        Verb("next-stage", gettext_lazy("Next stage"), "milestone", ".", None),
        Verb("stage", gettext_lazy("Change stage"), "milestone", "", None, opens=True),
        Verb("answer", gettext_lazy("Save answers"), "clipboard-list", "", None),
        Verb("subtask", gettext_lazy("Add subtask"), "plus", "", None),
        Verb("reply", gettext_lazy("Reply"), "message-square", "A", None),
        Verb("reject", gettext_lazy("Reject"), "ban", "", _reason("rejected"), asks=True),
        Verb("fail", gettext_lazy("Could not be done"), "circle-x", "", _reason("failed"), asks=True),
        Verb("cancel", gettext_lazy("Cancel this task"), "x", "", _reason("cancelled"), asks=True),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Action:
    """A verb as it stands for one person and one Task."""

    verb: Verb
    reason: str
    primary: bool = False

    @property
    def code(self) -> str:
        return self.verb.code

    @property
    def enabled(self) -> bool:
        return not self.reason


IN_MENU = ("close", "escalate", "prioritize", "reschedule", "reject", "fail", "cancel")
"""What is done seldom stands in a menu."""


def allowed_actions(actor: Actor, document: dict) -> list[Action]:
    """The buttons in their order, with those of the menu last. Empty for a final Task."""
    status = document["status"]
    if status in FINAL:
        return []
    owned = bool(documents.reference_of(document, "owner"))
    first = "resume" if status == "on-hold" else "start"
    codes = [first, "complete", "reroute", "hold", "release", "note", *IN_MENU]
    # A patient who wrote gets an answer, which completes the Task, or a reason why there is none.
    codes.remove("complete" if thread_of(document) else "close")
    if status == "on-hold":
        codes.remove("hold")
    if not owned:
        codes.remove("release")
        codes = ["claim", *codes]
    if supervises(actor, document):
        codes.insert(codes.index("reroute"), "assign")
    if status in ("in-progress", "on-hold"):
        codes.remove("reject")
        if status == "in-progress":
            codes.remove("start")
    primary = "claim" if not owned else "complete" if status == "in-progress" else first
    return [Action(VERBS[code], blocker(code, actor, document), code == primary) for code in codes]


def check_available(code: str, actor: Actor, document: dict) -> None:
    """Raise BusinessRuleViolation (422) with the reason that the button shows."""
    reason = blocker(code, actor, document)
    if reason:
        raise BusinessRuleViolation(reason, expression="Task.status")


def blocker(code: str, actor: Actor, document: dict) -> str:
    """What keeps `actor` from doing this now, as a sentence; "" when nothing does."""
    return (
        _of_the_person(code, actor, document)
        or _of_the_status(code, document)
        or _of_the_rules(code, actor, document)
    )


def _of_the_person(code: str, actor: Actor, document: dict) -> str:
    if actor.role is Role.AUDITOR:
        return _("An auditor reads everything and changes nothing.")
    owner = documents.reference_of(document, "owner")
    if code == "claim":
        if owner and owner != actor.reference:
            return _("%(name)s has this task.") % {"name": name_of(document["owner"])}
        if not actor.reference:
            return _("You have no Practitioner of your own, so you cannot own a task.")
        return ""
    if code == "note" or supervises(actor, document):
        return ""
    if code == "assign":
        return _("Only a coordinator of its pool can assign a task to somebody.")
    if owner and owner == actor.reference:
        return ""
    # What nobody has yet may be sent to another pool by those who could claim it.
    if code == "reroute" and is_claimable_by(actor, document):
        return ""
    return (
        _("Only %(name)s or a coordinator can do this.") % {"name": name_of(document["owner"])}
        if owner
        else (_("Claim this task first."))
    )


def _of_the_status(code: str, document: dict) -> str:
    status = document["status"]
    if status in FINAL:
        return _("This task is %(label)s: nothing leads out of it.") % {
            "label": Status(status).label.lower()
        }
    if code == "claim":
        return (
            ""
            if status in CLAIMABLE
            else _("A task that is %(said)s cannot be claimed.") % {"said": _said(status)}
        )
    if code == "resume":
        return "" if status == "on-hold" else _("Only a task that is on hold can be resumed.")
    if code == "release":
        if not pool_ids(codes_of(document.get("performerType", []))):
            return _("This task came from no pool, so it cannot go back to one.")
        return (
            ""
            if can_follow(status, "requested") or status == "requested"
            else (
                _("A task that is %(said)s cannot go back to its pool.") % {"said": _said(status)}
            )
        )
    if code == "reply" and not thread_of(document):
        return _("This task is about no message, so there is nobody to reply to.")
    if code == "stage":
        return why_no_stage(document)
    if code == "next-stage":
        return why_no_next(document)
    if code == "note" or (after := VERBS[code].after) is None:
        return ""
    target = after(document, _NOBODY)["status"]
    if can_follow(status, target):
        return ""
    if status == "on-hold":
        return _("Resume it first: it is on hold.")
    return _("A task that is %(said)s cannot become %(said_2)s.") % {
        "said": _said(status),
        "said_2": _said(target),
    }


def _of_the_rules(code: str, actor: Actor, document: dict) -> str:
    """Of those whose next document depends on a choice, the action itself asks the rules."""
    if (after := VERBS[code].after) is None:
        return ""
    try:
        check_change(actor, document, after(document, actor))
    except Unanswered as refusal:
        return "" if code == "finish" else refusal.issues[0].diagnostics
    except FhirError as refusal:
        return refusal.issues[0].diagnostics
    if code == "claim" and not document.get("owner"):
        return why_not_claim(document, actor.reference, at=now())
    return ""


def supervises(actor: Actor, document: dict) -> bool:
    """May act on a Task that somebody else, or nobody, has: admins, and its pool's coordinators."""
    if actor.writes_everything:
        return True
    if actor.role is not Role.COORDINATOR:
        return False
    return bool({*pool_ids(codes_of(document.get("performerType", [])))} & {*actor.coordinates})


def _said(status: str) -> str:
    return Status(status).label.lower()


_NOBODY = Actor(user_id=0, username="", role=Role.PRACTITIONER)
