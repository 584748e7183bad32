"""A new task: a page without scripts, a dialog in a page with them.

GET opens it, with the draft if there is one; a POST with a `step` fills in what follows from the
fields so far, any other makes the task. Nothing of a patient stands in an address: all is posted.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import drafts
from fhir.errors import BusinessRuleViolation, Conflict, Forbidden, InvalidResource
from tasks.new_task import FIELDS, NewTask, NewTaskForm, may_create
from tasks.times import time_of
from tasks.views.answers import SeeOther, page, part, wants_part
from tasks.views.context import base_context
from tasks.worklist import View

DRAFT = "new-task"
FOLLOWING = ("patients", "type", "fill")
"""Steps whose answers are parts of the dialog."""


@page
@require_http_methods(["GET", "POST"])
def new_task(request: HttpRequest) -> HttpResponse:
    _check(request)
    if request.method == "GET":
        return _open(request)
    new = NewTask(request.POST, actor=request.actor, at=timezone.now())
    step = request.POST.get("step")
    if step == "discard":
        drafts.discard(request.user.pk, DRAFT)
        return _show(request, NewTask({}, actor=request.actor, at=new.at), _Unsent())
    if step in FOLLOWING:
        return _follow(request, new, step)
    form = NewTaskForm(new, request.POST)
    if not form.is_valid():
        return _show(request, new, form, status=422)
    if new.unseen_similar:
        return _show(request, new, form, status=409)
    try:
        stored = new.create(form.cleaned_data)
    except (BusinessRuleViolation, Conflict, Forbidden, InvalidResource) as refusal:
        form.add_error(None, refusal.issues[0].diagnostics)
        return _show(request, new, form, status=refusal.status)
    drafts.discard(request.user.pk, DRAFT)
    messages.success(request, _("Task created."))
    target = reverse("tasks:task", args=[stored.resource_id])
    if not wants_part(request):
        return SeeOther(target)
    return HttpResponse(headers={"HX-Redirect": target})


@page
@require_POST
def similar(request: HttpRequest) -> HttpResponse:
    """Open tasks that may be the one that is about to be made."""
    _check(request)
    new = NewTask(request.POST, actor=request.actor, at=timezone.now())
    return part(request, "tasks/_similar.html", {"new": new})


@page
@require_POST
def save_draft(request: HttpRequest) -> HttpResponse:
    """Keep what is typed, every few seconds."""
    _check(request)
    now = timezone.now()
    fields = {name: request.POST.get(name, "") for name in FIELDS}
    kept = drafts.keep(request.user.pk, DRAFT, fields, at=now)
    saved = _("Draft saved %(time)s") % {"time": time_of(now)} if kept else ""
    if not wants_part(request):
        return SeeOther(reverse("tasks:new"))
    return HttpResponse(saved, content_type="text/plain; charset=utf-8")


def _check(request: HttpRequest) -> None:
    if not may_create(request.actor):
        raise Forbidden(_("You may read tasks, not create them."))


class _Unsent(NamedTuple):
    """A form that nobody has sent yet."""

    errors: Mapping[str, list[str]] = MappingProxyType({})


def _open(request: HttpRequest) -> HttpResponse:
    """With the draft, unless a record is named that the task shall be about."""
    focus, kind = request.GET.get("focus", ""), request.GET.get("type", "")
    draft = None if focus else drafts.kept(request.user.pk, DRAFT)
    data = draft.fields if draft else {"focus": focus, "type": kind}
    new = NewTask(data, actor=request.actor, at=timezone.now())
    if focus and (about := new.patient_of_focus):
        new = NewTask({**data, "patient": about}, actor=request.actor, at=new.at)
    return _show(request, new, _Unsent(), draft=draft)


def _follow(request: HttpRequest, new: NewTask, step: str) -> HttpResponse:
    """What follows from the choice of a type or a patient, or from what was typed to find one."""
    if not wants_part(request):
        return _show(request, new, _Unsent())
    context = {"new": new, "form": _Unsent(), "step": step}
    template = "patients" if step == "patients" else "follow"
    return part(request, f"tasks/new.html#{template}", context)


def _show(
    request: HttpRequest,
    new: NewTask,
    form: NewTaskForm | _Unsent,
    *,
    draft: drafts.Draft | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"new": new, "form": form, "draft": draft, "asks": status == 409}
    if not wants_part(request):
        view = View("new", _("New task"))
        context |= base_context(request, view)
        return render(request, "tasks/new.html", context, status=status)
    if request.method == "GET":
        return part(request, "tasks/new.html#dialog", context)
    return part(
        request, "tasks/_new.html", context, status=status,
        retarget="#new-form", reswap="outerHTML",
    )  # fmt: skip
