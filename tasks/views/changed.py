"""What a button answers: the task as it is now, or why it was not done and what is true instead."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fhir.errors import Conflict, FhirError, VersionConflict
from fhir.once import reading
from fhir.store import Stored
from tasks import detail as details
from tasks import threads
from tasks import worklist as lists
from tasks.available import VERBS, blocker, check_available
from tasks.differences import conflicting
from tasks.rows import rows as display_rows
from tasks.views.answers import SeeOther, part, version_of, wants_part
from tasks.views.context import (
    base_context,
    detail_context,
    list_context,
    lost_to,
    named_view,
    news_of,
    page_context,
    task_url,
    told_of,
    why_left,
)
from tasks.worklist import View

DONE = {
    "claim": gettext_lazy("Claimed"),
    "start": gettext_lazy("Started"),
    "resume": gettext_lazy("Resumed"),
    "complete": gettext_lazy("Completed"),
    "close": gettext_lazy("Completed"),
    "release": gettext_lazy("Released to the pool"),
    "hold": gettext_lazy("On hold"),
    "reject": gettext_lazy("Rejected"),
    "fail": gettext_lazy("Closed as not done"),
    "cancel": gettext_lazy("Cancelled"),
    "note": gettext_lazy("Note added"),
    "next-stage": gettext_lazy("Moved to the next stage"),
}
"""What a toast says of each action; the history uses the same words."""

UNDO = {"claim": "release", "release": "claim", "hold": "resume", "next-stage": "take_back"}
"""The page that takes an action back; what ends a Task cannot be taken back."""


@dataclass(frozen=True, slots=True)
class Undo:
    """What takes an action back: a button that posts `version` to `path`.

    `unseen` is whether it works for one who does not see the task any more; `ids` are the tasks, as
    id/version, of what was done to several.
    """

    path: str
    version: int = 0
    unseen: bool = False
    ids: tuple[str, ...] = ()


def act(
    request: HttpRequest, task_id: str, code: str, action: Callable, *, versioned: bool = True
) -> HttpResponse:
    """Do one thing to a task, held to what the button said, and show what it is now."""
    view, if_match = named_view(request), version_of(request) if versioned else None
    known = details.find(task_id, request.actor)
    if known and (if_match is None or known.version_id in if_match):
        check_available(code, request.actor, known.parsed())
    try:
        done = action(task_id, actor=request.actor, if_match=if_match)
    except (Conflict, VersionConflict) as refusal:
        return show_refused(request, task_id, code, view, refusal)
    # A hold is taken back by resuming, which goes on with work that was under way.
    undo = UNDO.get(code)
    if code == "hold" and known and known.parsed()["status"] != "in-progress":
        undo = "take_back"
    return show_changed(request, done, view, DONE[code], undo and undo_by(undo, done), code=code)


def undo_by(name: str, stored: Stored, *, unseen: bool = False) -> Undo:
    path = reverse(f"tasks:{name}", args=[stored.resource_id])
    return Undo(path, stored.version_id, unseen)


def keep_undo(request: HttpRequest, undo: Undo | None) -> None:
    """For the page that is shown next: see kept_undo."""
    request.session["undo"] = undo and [undo.path, undo.version, undo.unseen, undo.ids]


def kept_undo(request: HttpRequest) -> Undo | None:
    """How to take back what was just done without scripts; told once."""
    kept = request.session.pop("undo", None)
    return Undo(*kept) if kept else None


def show_changed(
    request: HttpRequest,
    done: Stored,
    view: View,
    text: str,
    undo: Undo | None = None,
    *,
    code: str = "",
) -> HttpResponse:
    """The task as it is now, for one who may still see it, and a toast that says what was done."""
    task_id = done.resource_id
    stored = details.find(task_id, request.actor)
    here = task_url(task_id, view)
    undo = undo if undo and (stored or undo.unseen) else None
    if not wants_part(request):
        messages.success(request, f"{text}.")
        keep_undo(request, undo)
        return SeeOther(here if stored else view.path)
    context = after_context(request, task_id, stored, view)
    if stored is None:  # She knows why it has left her sight: she has just sent it there.
        context["because"] = text
        context["left"] = [{"id": task_id, "because": text}]
    context["toast"] = {"text": text, "undo": undo, "next": code in ("complete", "close")}
    response = part(request, "tasks/_changed.html", context)
    if stored and code in ("claim", "assign"):  # also from the list, where another may be open
        response["HX-Push-Url"] = here
    return response


def show_refused(
    request: HttpRequest, task_id: str, code: str, view: View, refusal: FhirError
) -> HttpResponse:
    """A lost claim or a stale page: say who was first, and show what is true now."""
    stored = details.find(task_id, request.actor)
    lost = isinstance(refusal, Conflict)
    text = refusal.issues[0].diagnostics
    if not lost and stored:
        news = news_of(stored, request.actor)
        verb = VERBS[code].label.lower()
        text = _("%(who)s changed this task at %(at)s. “%(verb)s” was not done.") % {
            "who": news["who"],
            "at": news["at"],
            "verb": verb.capitalize(),
        }
    notice = {"text": text, "next": lost}
    if not wants_part(request):
        context = page_context(request, stored, view) if stored else list_context(request, view)
        context["notice"] = notice
        return render(request, "tasks/worklist.html", context, status=refusal.status)
    context = after_context(request, task_id, stored, view) | {
        "toast": notice | {"alert": True},
        "because": lost_to(request.actor, task_id) if not stored else "",
    }
    # From a row the task beside the list stays; from the task itself what is true now takes over.
    from_row = request.POST.get("from") == "row"
    template = "tasks/_changed.html#beside" if from_row else "tasks/_changed.html"
    return part(
        request, template, context, status=refusal.status, reswap="none" if from_row else None
    )


def conflict_of(
    request: HttpRequest, stored: Stored, code: str, mine: dict, *, version: int, at: datetime
) -> dict:
    """Who changed the task since `version`, and what: to do the same on top of it, or to leave it.

    What both have changed is not put on top of each other: it is looked at, and decided anew.
    """
    lines = conflicting(stored.resource_id, version, mine, actor=request.actor, at=at)
    both = any(each.mine and each.now != each.before for each in lines)
    news = news_of(stored, request.actor)
    return {
        "text": _("%(who)s changed this task at %(at)s. “%(verb)s” was not done.")
        % {"who": news["who"], "at": news["at"], "verb": VERBS[code].label},
        "lines": lines,
        "has_mine": any(each.mine for each in lines),
        "blocked": blocker(code, request.actor, stored.parsed())
        or (both and _("You were about to change the same. See it as it is now, then decide.")),
    }


@reading
def after_context(request: HttpRequest, task_id: str, stored: Stored | None, view: View) -> dict:
    """What a change leaves to show: the task, its row or why it left, and the counts."""
    actor, now = request.actor, timezone.now()
    context = detail_context(request, stored, view) if stored else base_context(request, view)
    if view.is_threads:
        return context | {
            "thread_rows": threads.rows_of_tasks([task_id], actor, now=now),
            "selected": task_id,
        }
    found = lists.rows_of([task_id], view, actor, now=now)
    if found:
        context |= told_of(view, found.values(), actor, now)
        context["shown"] = display_rows(found.values(), view, actor, now=now)
    else:
        context["left"] = [{"id": task_id, "because": why_left(task_id, actor)}]
    context["selected"] = task_id
    return context
