"""The lists of the worklist, and a task beside the list that it was opened from."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tasks import detail as details
from tasks import worklist as lists
from tasks.views.answers import page, wants_part
from tasks.views.context import detail_context, list_context, page_context, view_of


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


def _whole(request: HttpRequest, context: dict) -> HttpResponse:
    """The page, with what was just done without scripts and how to take it back, said once."""
    path, version = request.session.pop("undo", None) or ("", 0)
    context["undo"] = {"path": path, "version": version} if path else None
    return render(request, "tasks/worklist.html", context)
