"""The two shapes of an answer: a page for a browser without scripts, a part of one for htmx."""

from collections.abc import Callable
from functools import wraps

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import is_valid_path
from django.utils.translation import gettext as _

from fhir.errors import Forbidden, NotFound
from fhir.store import Stored
from tasks import detail as details

SHOWN_AT_MOST = 300
"""Ids that a poll may name."""


def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page of the worklist: for those with a role, and kept by no cache (ui.md 2.11).

    Where only forms are sent to, a browser still comes back: from a page that says there what was
    refused. It is shown the page above.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not request.actor:
            raise PermissionDenied(_("any role: ask an admin for one"))
        response = view(request, *args, **kwargs)
        if request.method == "GET" and response.status_code == 405:
            response = HttpResponseRedirect(page_above(request.path))
        response["Cache-Control"] = "no-store"
        response["Vary"] = "HX-Request, Cookie"
        return response

    return guarded


def page_above(path: str) -> str:
    """The nearest address above this one that leads anywhere."""
    parts = path.strip("/").split("/")[:-1]
    above = ["/" + "/".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((each for each in above if is_valid_path(each)), "/worklist/")


def wants_part(request: HttpRequest) -> bool:
    return bool(request.htmx) and not request.htmx.history_restore_request


def version_of(request: HttpRequest) -> list[int] | None:
    """The version that the page showed, as actions take it; None when it names none."""
    text = request.POST.get("version", "")
    return [int(text)] if text.isdecimal() else None


def ids_of(request: HttpRequest, name: str) -> list[str]:
    return [each for each in request.GET.get(name, "").split(",") if each][:SHOWN_AT_MOST]


class SeeOther(HttpResponseRedirect):
    """303: after a POST, the page to look at."""

    status_code = 303


def part(
    request: HttpRequest,
    template: str,
    context: dict,
    *,
    status: int = 200,
    retarget: str | None = None,
    reswap: str | None = None,
) -> HttpResponse:
    response = HttpResponse(render_to_string(template, context, request), status=status)
    if retarget:
        response["HX-Retarget"] = retarget
    if reswap:
        response["HX-Reswap"] = reswap
    return response


def found_to_change(request: HttpRequest, task_id: str) -> Stored:
    """The task that a form or a dialog is about. What she cannot see, she may not change (T5)."""
    stored = details.find(task_id, request.actor)
    if stored is not None:
        return stored
    if request.method == "POST" and not request.actor.reads_everything:
        raise Forbidden(_("You may not change this Task."))
    raise NotFound(_("This task does not exist, or you may not see it."))
