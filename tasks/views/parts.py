"""What is done to a part of a task's page: a note put right, a subtask, and whether it is watched."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fhir.actor import Role
from fhir.errors import InvalidResource
from tasks import actions, parts, watching
from tasks import detail as details
from tasks.available import check_available
from tasks.forms import NoteForm, ReasonForm
from tasks.history import written
from tasks.reasons import choices
from tasks.views.answers import SeeOther, found_to_change, page, part, version_of, wants_part
from tasks.views.changed import show_changed
from tasks.views.context import base_context, named_view, task_url, view_of


@page
@require_POST
def watch(request: HttpRequest, task_id: str) -> HttpResponse:
    """Tell her, or no more, what becomes of the task."""
    stored, view = details.get(task_id, request.actor), named_view(request)
    wanted = request.POST.get("watch") == "on"
    (watching.watch if wanted else watching.unwatch)(stored, request.actor)
    if not wants_part(request):
        return SeeOther(task_url(task_id, view))
    context = {"task": {"id": task_id, "watched": wanted}, "view": view}
    context["watching"] = watching.count(request.actor)
    return part(request, "tasks/_watch.html", context)


@page
@require_POST
def edit_note(request: HttpRequest, task_id: str, number: int) -> HttpResponse:
    form = NoteForm(request.POST)
    if not form.is_valid():
        raise InvalidResource(form.errors["text"][0], expression="Task.note.text")
    check_available("note", request.actor, found_to_change(request, task_id).parsed())
    done = actions.edit_note(task_id, number, form.cleaned_data["text"], actor=request.actor)
    return show_changed(request, done, named_view(request), _("Note changed"))


@page
@require_POST
def add_subtask(request: HttpRequest, task_id: str) -> HttpResponse:
    """A new part of the task, and the task with it."""
    whole = found_to_change(request, task_id)
    parts.add(whole, request.POST.get("title", ""), actor=request.actor)
    return _show(request, task_id, _("Subtask added"))


@page
@require_POST
def complete_subtask(request: HttpRequest, task_id: str, part_id: str) -> HttpResponse:
    whole, found = found_to_change(request, task_id), found_to_change(request, part_id)
    parts.complete(whole, found, actor=request.actor, if_match=version_of(request))
    return _show(request, task_id, _("Subtask completed"))


@page
@require_POST
def waive_subtask(request: HttpRequest, task_id: str, part_id: str) -> HttpResponse:
    """It is not needed: the reason is asked beside it."""
    whole, found = found_to_change(request, task_id), found_to_change(request, part_id)
    form = ReasonForm(choices("cancel", found.parsed()), request.POST)
    if not form.is_valid():
        [problem, *_more] = [each for errors in form.errors.values() for each in errors]
        raise InvalidResource(problem, expression="Task.statusReason")
    why: dict[str, Any] = {
        "reason": form.cleaned_data["concept"],
        "note": form.cleaned_data["note"],
    }
    parts.waive(whole, found, **why, actor=request.actor, if_match=version_of(request))
    return _show(request, task_id, _("Subtask waived"))


@page
@require_GET
def fhir(request: HttpRequest, task_id: str) -> HttpResponse:
    """The task as the API gives it, for admins."""
    if request.actor.role is not Role.ADMIN:
        raise PermissionDenied
    stored = details.get(task_id, request.actor)
    view = view_of(request, stored)
    context = base_context(request, view) | {
        "version": stored.version_id,
        "document": written(stored.parsed()),
        "here": task_url(task_id, view),
    }
    return render(request, "tasks/raw.html", context)


def _show(request: HttpRequest, task_id: str, said: str) -> HttpResponse:
    """The task of which something became, and what."""
    stored = details.get(task_id, request.actor)
    return show_changed(request, stored, named_view(request), said)
