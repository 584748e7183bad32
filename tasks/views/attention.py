"""What needs a coordinator: work that nobody can do, and threads that went astray."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Pool
from fhir.actor import Actor
from fhir.errors import NotFound, VersionConflict
from tasks import drift
from tasks import worklist as lists
from tasks.astray import astray
from tasks.unserved import warnings
from tasks.views.answers import SeeOther, page, part, version_of, wants_part
from tasks.views.context import base_context
from tasks.worklist import View

VIEW = View("drift", gettext_lazy("Needs attention"))


@page
@require_GET
def attention(request: HttpRequest) -> HttpResponse:
    _check(request.actor)
    return render(request, "tasks/attention.html", _context(request))


@page
@require_POST
def repair(request: HttpRequest, task_id: str) -> HttpResponse:
    """Make the thread go to whoever has the task."""
    _check(request.actor)
    try:
        drift.repair(task_id, actor=request.actor, if_match=version_of(request))
        text = _("The thread goes to whoever has the task now")
    except VersionConflict:
        text = _("The task has changed meanwhile: this is how it stands now")
    if not wants_part(request):
        messages.info(request, f"{text}.")
        return SeeOther(VIEW.path)
    context = _context(request) | {"toast": {"text": text}}
    return part(request, "tasks/attention.html#changed", context)


def _check(actor: Actor) -> None:
    if not lists.may_see_all(actor):
        raise NotFound(_("There is no such list for you."))


def _context(request: HttpRequest) -> dict:
    context = base_context(request, VIEW)
    now = context["now"]
    return context | {
        "warnings": _warnings(request.actor),
        "astray": astray(request.actor, at=now),
    }


def _warnings(actor: Actor) -> list[dict]:
    """What the notices of the day tell the coordinators, as it is at this minute."""
    pools = (
        Pool.objects.all()
        if actor.reads_everything
        else Pool.objects.filter(pk__in=actor.coordinates)
    )
    known = {each.pk: each for each in pools}
    return [
        {"text": each.text, "pools": [known[pk] for pk in each.pools if pk in known]}
        for each in warnings(known.keys(), at=timezone.now())
        if known.keys() & {*each.pools}
    ]
