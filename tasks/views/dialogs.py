"""The dialogs that move a task: a page without scripts, a part of one for htmx.

GET shows what can be chosen, `targets` and `outcome` are the parts that follow a choice, POST does
it. Nobody is sent to a page that refuses: what the dialog was refused for stands in it, with
everything that was typed.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fhir.errors import (
    BusinessRuleViolation,
    Forbidden,
    InvalidResource,
    NotFound,
    VersionConflict,
)
from fhir.store import Stored
from tasks import moves
from tasks.available import check_available
from tasks.dialogs import TITLES, Dialog, MoveForm
from tasks.rows import PRIORITIES, due
from tasks.transitions import BadTransition
from tasks.undo import take_back as undo
from tasks.views.answers import found_to_change, page, part, version_of, wants_part
from tasks.views.changed import conflict_of, show_changed, undo_by
from tasks.views.context import base_context, named_view, task_url, view_of


class Done(NamedTuple):
    """What an action made of the task, what the toast says of it, and whether it can be undone."""

    stored: Stored
    text: str
    undoable: bool = True


# --- what is asked --------------------------------------------------------------------------------


@page
@require_http_methods(["GET", "POST"])
def reroute(request: HttpRequest, task_id: str) -> HttpResponse:
    """Hand the task over to a person or a pool, for a coded reason."""
    return _dialog(request, task_id, "reroute", _reroute)


@page
@require_http_methods(["GET", "POST"])
def assign(request: HttpRequest, task_id: str) -> HttpResponse:
    """Give the task to a person; it stays in its pool."""
    return _dialog(request, task_id, "assign", _assign)


@page
@require_http_methods(["GET", "POST"])
def escalate(request: HttpRequest, task_id: str) -> HttpResponse:
    return _dialog(request, task_id, "escalate", _escalate)


@page
@require_http_methods(["GET", "POST"])
def prioritize(request: HttpRequest, task_id: str) -> HttpResponse:
    return _dialog(request, task_id, "prioritize", _prioritize)


@page
@require_http_methods(["GET", "POST"])
def reschedule(request: HttpRequest, task_id: str) -> HttpResponse:
    """Change by when the task is to be done."""
    return _dialog(request, task_id, "reschedule", _reschedule)


@page
@require_http_methods(["GET", "POST"])
def stage(request: HttpRequest, task_id: str) -> HttpResponse:
    """Bring the task to any stage of its type, back too."""
    return _dialog(request, task_id, "stage", _advance)


@page
@require_GET
def targets(request: HttpRequest, task_id: str, code: str) -> HttpResponse:
    """Who can get it, of those who are called what was typed; with what would happen now."""
    return _follow(request, task_id, code, "tasks/_targets.html")


@page
@require_GET
def outcome(request: HttpRequest, task_id: str, code: str) -> HttpResponse:
    """What would happen with the current choice."""
    return _follow(request, task_id, code, "tasks/move.html#outcome")


@page
@require_POST
def take_back(request: HttpRequest, task_id: str) -> HttpResponse:
    """Undo a reroute, an assignment, a priority, a due date or a stage, until somebody acts."""
    [version] = version_of(request) or [0]
    done = undo(task_id, version=version, actor=request.actor)
    return show_changed(request, done, named_view(request), _("Taken back"))


# --- what is done ---------------------------------------------------------------------------------


def _reroute(dialog: Dialog, said: dict[str, Any], **arguments: Any) -> Done:
    done = moves.reroute(
        dialog.stored.resource_id,
        to=dialog.to,
        reason=said["concept"],
        note=said["note"],
        keep_view=dialog.chosen.keep,
        **arguments,
    )
    return Done(
        done.task,
        _("Sent to %(name)s") % {"name": dialog.target.name},
        undoable=done.successor is None,
    )


def _assign(dialog: Dialog, said: dict[str, Any], **arguments: Any) -> Done:
    to = dialog.target.reference
    done = moves.assign(dialog.stored.resource_id, to=to, note=said["note"], **arguments)
    return Done(done, _("Assigned to %(name)s") % {"name": dialog.target.name})


def _escalate(dialog: Dialog, said: dict[str, Any], **arguments: Any) -> Done:
    done = moves.escalate(
        dialog.stored.resource_id,
        reason=said["concept"],
        note=said["note"],
        priority=dialog.chosen_priority,
        **arguments,
    )
    return Done(done, _("Escalated"), undoable=False)


def _prioritize(dialog: Dialog, said: dict[str, Any], **arguments: Any) -> Done:
    priority = dialog.chosen_priority
    done = moves.prioritize(
        dialog.stored.resource_id, priority=priority, note=said["note"], **arguments
    )
    return Done(done, _("Priority is %(priority)s now") % {"priority": PRIORITIES[priority][1]})


def _reschedule(dialog: Dialog, said: dict[str, Any], **arguments: Any) -> Done:
    done = moves.reschedule(
        dialog.stored.resource_id,
        due=said["due"],
        reason=said["concept"],
        note=said["note"],
        **arguments,
    )
    clock = due(done.parsed(), dialog.at).clock
    text = _("Due %(time)s now") % {"time": clock} if clock else _("No due date now")
    return Done(done, text)


def _advance(dialog: Dialog, said: dict[str, Any], **arguments: Any) -> Done:
    to = dialog.stage
    done = moves.advance(
        dialog.stored.resource_id, stage=to.as_concept(), note=said["note"], **arguments
    )
    return Done(done, _("Stage is %(stage)s now") % {"stage": to.label})


# --- the mechanism of all of them -----------------------------------------------------------------


def _dialog(
    request: HttpRequest, task_id: str, code: str, action: Callable[..., Done]
) -> HttpResponse:
    stored = found_to_change(request, task_id)
    shown = version_of(request)
    stale = bool(shown) and stored.version_id not in shown
    if not stale:
        check_available(code, request.actor, stored.parsed())
    if request.method == "GET":
        return _show(request, _built(request, stored, code, request.GET))
    dialog = _built(request, stored, code, request.POST)
    if request.POST.get("step") == "find":
        return _show(request, dialog, Kept(request.POST))
    if stale:
        return _show_stale(request, dialog, shown)
    form = MoveForm(dialog, request.POST)
    if not form.is_valid():
        return _show(request, dialog, form, status=422)
    try:
        done = action(dialog, form.cleaned_data, actor=request.actor, if_match=shown)
    except VersionConflict:
        now = _built(request, found_to_change(request, task_id), code, request.POST)
        return _show_stale(request, now, shown)
    except (BadTransition, BusinessRuleViolation, Forbidden, InvalidResource) as refusal:
        form.add_error("to" if dialog.moves_on else None, refusal.issues[0].diagnostics)
        return _show(request, dialog, form, status=refusal.status)
    undoable = done.undoable and done.stored.version_id != stored.version_id
    undo_it = undo_by("take_back", done.stored, unseen=True) if undoable else None
    view = view_of(request, stored)
    return show_changed(request, done.stored, view, done.text, undo_it, code=code)


def _follow(request: HttpRequest, task_id: str, code: str, template: str) -> HttpResponse:
    """The parts of a dialog that follow from a choice."""
    if code not in TITLES:
        raise NotFound(_("There is no such page."))
    stored = found_to_change(request, task_id)
    check_available(code, request.actor, stored.parsed())
    dialog = _built(request, stored, code, request.GET)
    context = {
        "move": dialog,
        "form": Kept(request.GET),
        "here": task_url(task_id, view_of(request, stored)),
        "part": True,
    }
    return part(request, template, context)


def _built(request: HttpRequest, stored: Stored, code: str, data: Mapping[str, str]) -> Dialog:
    return Dialog(code, stored, data, actor=request.actor, at=timezone.now())


class Kept(NamedTuple):
    """What was typed, for a form that nobody has sent yet."""

    data: Mapping[str, str]
    errors: Mapping[str, list[str]] = MappingProxyType({})


def _show(
    request: HttpRequest,
    dialog: Dialog,
    form: MoveForm | Kept | None = None,
    *,
    conflict: dict | None = None,
    status: int = 200,
) -> HttpResponse:
    view = view_of(request, dialog.stored)
    context = base_context(request, view) | {
        "move": dialog,
        "form": form or Kept(MappingProxyType({})),
        "conflict": conflict,
        "here": task_url(dialog.stored.resource_id, view),
    }
    if not wants_part(request):
        return render(request, "tasks/move.html", context, status=status)
    if request.method == "GET":
        return part(request, "tasks/move.html#dialog", context)
    return part(
        request, "tasks/_move.html", context, status=status,
        retarget="#move-form", reswap="outerHTML",
    )  # fmt: skip


def _show_stale(request: HttpRequest, dialog: Dialog, shown: list[int]) -> HttpResponse:
    """Who changed the task meanwhile, and what: to do it all the same, or to leave it."""
    conflict = conflict_of(
        request, dialog.stored, dialog.code, dialog.wanted, version=shown[0], at=dialog.at
    )
    return _show(request, dialog, Kept(request.POST), conflict=conflict, status=412)
