"""The buttons of a task: one function each, which calls one action."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fhir.actor import Actor
from fhir.errors import InvalidResource
from fhir.store import Stored
from tasks import actions, moves, replies, stages
from tasks.available import VERBS
from tasks.forms import HoldForm, NoteForm, ReasonForm
from tasks.reasons import choices
from tasks.views.answers import SeeOther, found_to_change, page, part, version_of, wants_part
from tasks.views.changed import DONE, UNDO, act, conflict_of, show_changed, undo_by
from tasks.views.context import detail_context, named_view, page_context, view_of


@page
@require_POST
def claim(request: HttpRequest, task_id: str) -> HttpResponse:
    return act(request, task_id, "claim", actions.claim)


@page
@require_POST
def claim_next(request: HttpRequest) -> HttpResponse:
    """Claim the most pressing task of a pool, or of all my pools."""
    view = named_view(request)
    stored = actions.claim_next(actor=request.actor, pool_id=view.pool.pk if view.pool else None)
    if stored is not None:
        undo = undo_by(UNDO["claim"], stored)
        return show_changed(request, stored, view, DONE["claim"], undo, code="claim")
    text = _("Nothing is waiting in your pools.")
    if view.is_pool:
        text = _("Nothing is waiting in %(name)s.") % {"name": view.name}
    if not wants_part(request):
        messages.info(request, text)
        return SeeOther(view.path)
    return part(request, "tasks/_toast.html", {"toast": {"text": text}}, reswap="none")


@page
@require_POST
def start(request: HttpRequest, task_id: str) -> HttpResponse:
    return act(request, task_id, "start", actions.start)


@page
@require_POST
def resume(request: HttpRequest, task_id: str) -> HttpResponse:
    return act(request, task_id, "resume", actions.resume)


@page
@require_POST
def complete(request: HttpRequest, task_id: str) -> HttpResponse:
    return act(request, task_id, "complete", actions.complete)


@page
@require_POST
def close(request: HttpRequest, task_id: str) -> HttpResponse:
    return _with_reason(request, task_id, "close", replies.complete_without_reply)


@page
@require_POST
def release(request: HttpRequest, task_id: str) -> HttpResponse:
    return act(request, task_id, "release", actions.release)


@page
@require_POST
def hold(request: HttpRequest, task_id: str) -> HttpResponse:
    return _with_reason(request, task_id, "hold", actions.hold, HoldForm)


@page
@require_POST
def reject(request: HttpRequest, task_id: str) -> HttpResponse:
    return _with_reason(request, task_id, "reject", actions.reject)


@page
@require_POST
def fail(request: HttpRequest, task_id: str) -> HttpResponse:
    return _with_reason(request, task_id, "fail", actions.fail)


@page
@require_POST
def cancel(request: HttpRequest, task_id: str) -> HttpResponse:
    return _with_reason(request, task_id, "cancel", actions.cancel)


@page
@require_POST
def next_stage(request: HttpRequest, task_id: str) -> HttpResponse:
    """Bring the task to the stage after the present one."""
    to = stages.next_stage(found_to_change(request, task_id).parsed())

    def run(task_id: str, **arguments: Any) -> Stored:
        return moves.advance(task_id, stage=to.as_concept() if to else {}, **arguments)

    return act(request, task_id, "next-stage", run)


@page
@require_POST
def note(request: HttpRequest, task_id: str) -> HttpResponse:
    """Notes are added to whatever version is current: two people's notes do not disagree."""
    form = NoteForm(request.POST)
    if not form.is_valid():
        raise InvalidResource(form.errors["text"][0], expression="Task.note.text")

    def add(task_id: str, *, actor: Actor, if_match: list[int] | None) -> Stored:
        return actions.add_note(task_id, form.cleaned_data["text"], actor=actor)

    return act(request, task_id, "note", add, versioned=False)


def _with_reason(
    request: HttpRequest,
    task_id: str,
    code: str,
    action: Callable,
    form_type: type[ReasonForm] = ReasonForm,
) -> HttpResponse:
    stored = found_to_change(request, task_id)
    document, shown = stored.parsed(), version_of(request)
    form = form_type(choices(code, document), request.POST)
    if form.is_valid() and (not shown or stored.version_id in shown):

        def run(task_id: str, **arguments: Any) -> Stored:
            return action(task_id, **form.said, **arguments)

        return act(request, task_id, code, run)
    view = view_of(request, stored)
    refused = {"ask": code, "form": form}
    status = 422
    if form.is_valid():
        after = VERBS[code].after(document, request.actor)
        mine = after | {"statusReason": form.cleaned_data["concept"]}
        arguments = {"version": shown[0], "at": timezone.now()}
        refused["conflict"] = conflict_of(request, stored, code, mine, **arguments)
        status = 412
    if wants_part(request):
        context = detail_context(request, stored, view) | refused
        asked = context["task"].dialog(code)
        return part(
            request, "tasks/_ask.html#reason", context | {"asked": asked}, status=status,
            retarget=f"#fields-{code}", reswap="outerHTML",
        )  # fmt: skip
    context = page_context(request, stored, view) | refused
    return render(request, "tasks/worklist.html", context, status=status)
