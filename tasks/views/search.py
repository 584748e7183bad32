"""Searching for patients and tasks. What was typed stands in no address: a token stands for it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from fhir.errors import NotFound
from tasks import detail as details
from tasks.find import LONGEST, SEARCH, Asked, find, find_of
from tasks.secret_filters import keep, kept
from tasks.views.answers import SeeOther, page
from tasks.views.context import base_context


@page
@require_http_methods(["GET", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """Keep what was typed, or the patient that was chosen, and go to what it finds."""
    if request.method == "GET":
        return render(request, "tasks/search.html", base_context(request, SEARCH))
    patient, text = request.POST.get("patient", ""), request.POST.get("q", "").strip()[:LONGEST]
    if patient:
        token = keep(request, "patient", patient)
    elif text:
        task_id = Asked(text).task_id
        if task_id and details.find(task_id, request.actor):
            return SeeOther(reverse("tasks:task", args=[task_id]))
        token = keep(request, "search", text)
    else:
        return SeeOther(reverse("tasks:search"))
    return SeeOther(reverse("tasks:found", args=[token]))


@page
@require_GET
def found(request: HttpRequest, token: str) -> HttpResponse:
    """What a search finds now. A token is of the session that it was made in."""
    text, patient = kept(request, "search", token), kept(request, "patient", token)
    if text is None and patient is None:
        raise NotFound(_("This search has ended. Search again."))
    context = base_context(request, SEARCH)
    arguments = {"actor": request.actor, "now": context["now"]}
    context["found"] = find_of(patient, **arguments) if patient else find(text, **arguments)
    context["asked"] = text or ""
    return render(request, "tasks/search.html", context)
