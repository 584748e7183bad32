"""The lists of the worklist, and a task beside the list that it was opened from."""

import json

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET

from fhir.actor import Role
from fhir.errors import NotFound
from tasks import detail as details
from tasks import worklist as lists
from tasks.history import versions_of
from tasks.views.answers import page, wants_part
from tasks.views.changed import kept_undo
from tasks.views.context import (
    base_context,
    detail_context,
    list_context,
    page_context,
    task_url,
    view_of,
)


@page
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(lists.first_view(request.actor).path)


@page
@require_GET
def worklist(request: HttpRequest, key: str) -> HttpResponse:
    """A list beside an empty place for a task; for htmx the list alone, or its next rows."""
    view = lists.view_named(key, request.actor)
    if wants_part(request):
        part = "more" if "after" in request.GET else "list"
        return render(request, f"tasks/worklist.html#{part}", list_context(request, view))
    return _whole(request, list_context(request, view))


def pool(request: HttpRequest, slug: str) -> HttpResponse:
    return worklist(request, f"pool:{slug}")


@page
@require_GET
def task(request: HttpRequest, task_id: str) -> HttpResponse:
    """A task beside the list that it was opened from."""
    stored = details.get(task_id, request.actor)
    view = view_of(request, stored)
    if wants_part(request):
        return render(request, "tasks/_detail.html", detail_context(request, stored, view))
    return _whole(request, page_context(request, stored, view))


@page
@require_GET
def raw(request: HttpRequest, task_id: str, version: int) -> HttpResponse:
    """A version of a task as it is stored, for admins."""
    if request.actor.role is not Role.ADMIN:
        raise PermissionDenied
    stored = details.get(task_id, request.actor)
    found = next((each for each in versions_of(task_id) if each.number == version), None)
    if found is None:
        raise NotFound("There is no such version.")
    view = view_of(request, stored)
    context = {
        "version": version,
        "document": json.dumps(found.document, ensure_ascii=False, indent=2),
    }
    if wants_part(request):
        return render(request, "tasks/raw.html#raw", context)
    context |= base_context(request, view) | {"here": task_url(task_id, view)}
    return render(request, "tasks/raw.html", context)


def _whole(request: HttpRequest, context: dict) -> HttpResponse:
    """The page, with what was just done without scripts and how to take it back, said once."""
    context["undo"] = kept_undo(request)
    return render(request, "tasks/worklist.html", context)
