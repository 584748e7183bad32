"""Keeping a list under a name, and changing what is kept."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fhir.errors import NotFound
from tasks import kept_views
from tasks.views.answers import SeeOther, page
from tasks.views.context import named_view


@page
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    given = request.POST
    saved = kept_views.save(
        named_view(request), given.get("name", ""), request.actor, share=given.get("share", "")
    )
    messages.success(request, _("View saved."))
    return SeeOther(f"/worklist/view/{saved.pk}")


@page
@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Rename a view, share it, or keep what it shows now; or delete it."""
    view, given = named_view(request), request.POST
    if view.saved is None:
        raise NotFound(_("This list is not one of yours."))
    if given.get("do") == "delete":
        kept_views.delete(view.saved, request.actor)
        messages.success(request, _("View deleted."))
        return SeeOther("/worklist/")
    kept_views.change(
        view.saved,
        request.actor,
        name=given.get("name", ""),
        share=given.get("share", ""),
        view=view,
    )
    messages.success(request, _("View saved."))
    return SeeOther(view.path)


@page
@require_GET
def counts(request: HttpRequest) -> HttpResponse:
    """How many Tasks each kept view has: counted after the page is there, as none waits for it."""
    actor, now = request.actor, timezone.now()
    counted = kept_views.counts(actor, now=now)
    return render(request, "tasks/_view_counts.html", {"counted": counted})
