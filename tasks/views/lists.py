"""The lists of the worklist, and a task beside the list that it was opened from."""

import re

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import people
from fhir.actor import Role
from fhir.errors import InvalidSearch, NotFound
from tasks import detail as details
from tasks import facets, kept_views, secret_filters
from tasks import look as looks
from tasks import worklist as lists
from tasks.history import changes_in, versions_of, written
from tasks.look import Look
from tasks.narrowing import Facets
from tasks.views.answers import SeeOther, page, part, wants_part
from tasks.views.changed import kept_undo
from tasks.views.context import (
    asked_view,
    base_context,
    detail_context,
    list_context,
    named_view,
    page_context,
    task_url,
    view_of,
)

INDENTATION = re.compile(rb"\s*\n\s*")


@page
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(lists.first_view(request.actor).path)


@page
@require_GET
def worklist(request: HttpRequest, key: str) -> HttpResponse:
    """A list beside an empty place for a task; for htmx the list alone, or its next rows."""
    view = asked_view(request, lists.view_named(key, request.actor), request.GET)
    if wants_part(request):
        part = "tasks/worklist.html#list"
        if "after" in request.GET:
            part = "tasks/_table.html#more" if view.look.table else "tasks/worklist.html#more"
        return render(request, part, list_context(request, view))
    return _slim(_whole(request, list_context(request, view)))


def _slim(response: HttpResponse) -> HttpResponse:
    """The same without what templates are indented by: a tenth of a page. No text in a list has
    lines of its own."""
    response.content = INDENTATION.sub(b"\n", response.content)
    return response


def pool(request: HttpRequest, slug: str) -> HttpResponse:
    return worklist(request, f"pool:{slug}")


def kept(request: HttpRequest, view_id: str) -> HttpResponse:
    return worklist(request, f"view:{view_id}")


@page
@require_GET
def facet(request: HttpRequest, name: str) -> HttpResponse:
    """What one menu of a list offers; it is asked for when it is opened."""
    view = named_view(request)
    if name not in facets.names_of(view):
        raise NotFound(_("This list has no such menu."))
    offered = facets.choices(name, view, request.actor, now=timezone.now())
    context = {"opened": {"name": name, "label": facets.NAMES[name], "choices": offered}}
    return render(request, "tasks/_facet.html", context | {"view": view})


@page
@require_POST
def patient(request: HttpRequest) -> HttpResponse:
    """Narrow a list to a patient: the address gets a token that only this session knows."""
    view, reference = named_view(request), request.POST.get("patient", "")
    if not people.names([reference], actor=request.actor):
        raise NotFound(_("This patient does not exist, or you may not see them."))
    token = secret_filters.keep(request, "patient", reference)
    return SeeOther(view.narrowed(Facets(view.facets.codes, token, reference)).url)


@page
@require_POST
def look(request: HttpRequest) -> HttpResponse:
    """Keep how she looks at lists: with the view that she looks at if it is hers, else for all."""
    view, chosen = named_view(request, looked_at=False), Look.from_query(request.POST)
    if chosen is None:
        raise InvalidSearch(_("A list cannot look like that."))
    if view.saved and view.saved.owner_id == request.actor.user_id:
        kept_views.keep_look(view.saved, chosen)
        return SeeOther(view.url)
    looks.keep(request.user, chosen)
    extra = f"{'&' if view.query else '?'}{chosen.query}" if view.saved else ""
    return SeeOther(view.url + extra)


@page
@require_GET
def task(request: HttpRequest, task_id: str) -> HttpResponse:
    """A task beside the list that it was opened from."""
    stored = details.get(task_id, request.actor)
    view = view_of(request, stored)
    if wants_part(request):
        context = detail_context(request, stored, view)
        if not context["ask"]:
            return render(request, "tasks/_detail.html", context)
        if asked := context["task"].dialog(context["ask"]):
            return render(request, "tasks/_ask.html", context | {"asked": asked, "alone": True})
        # It cannot be done any more: what is true now says why.
        return part(request, "tasks/_detail.html", context, retarget="#detail", reswap="outerHTML")
    return _whole(request, page_context(request, stored, view))


@page
@require_GET
def raw(request: HttpRequest, task_id: str, version: int) -> HttpResponse:
    """A version of a task as it is stored, for admins."""
    if request.actor.role is not Role.ADMIN:
        raise PermissionDenied(_("admin"))
    stored = details.get(task_id, request.actor)
    versions = versions_of(task_id)
    found = next((each for each in versions if each.number == version), None)
    if found is None:
        raise NotFound(_("There is no such version."))
    view = view_of(request, stored)
    context = {
        "version": version,
        "document": written(found.document),
        "changes": changes_in(versions, found),
    }
    if wants_part(request):
        return render(request, "tasks/raw.html#raw", context)
    context |= base_context(request, view) | {"here": task_url(task_id, view)}
    return render(request, "tasks/raw.html", context)


def _whole(request: HttpRequest, context: dict) -> HttpResponse:
    """The page, with what was just done without scripts and how to take it back, said once."""
    context["undo"] = kept_undo(request)
    return render(request, "tasks/worklist.html", context)
