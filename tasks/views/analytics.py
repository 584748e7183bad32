"""The page of analytics, its cards, and what is in them as files.

With htmx a card is fetched when it comes into sight, one after the other: they share one count, which
is kept for a minute. Without scripts a link shows all of them at once.
"""

import csv
import io

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.site import setting
from fhir.errors import DatabaseUnavailable
from tasks import analytics_cards as cards
from tasks.analytics import PERIODS, Asked, Seen, may_read, pools_of, seen, types
from tasks.analytics_cards import ABOUT, CARDS, TITLES
from tasks.rows import PRIORITIES
from tasks.views.answers import page, part, wants_part
from tasks.views.context import base_context
from tasks.worklist import View

VIEW = View("analytics", gettext_lazy("Analytics"))


@page
@require_GET
def analytics(request: HttpRequest) -> HttpResponse:
    """The page with the places of its cards, or with the cards themselves."""
    asked = _asked(request)
    context = base_context(request, VIEW) | _filters(request, asked)
    if request.GET.get("show") == "all":
        context |= _shown(request, asked, CARDS)
    return render(request, "tasks/analytics.html", context)


@page
@require_GET
def card(request: HttpRequest, key: str) -> HttpResponse:
    """One card, or the figures at the top, as a part of the page."""
    asked = _asked(request)
    if not wants_part(request):
        return HttpResponseRedirect(_all_at_once(asked))
    names = [] if key == "figures" else [key]
    context = _filters(request, asked) | {"key": key, "title": TITLES.get(key, "")}
    context |= _shown(request, asked, names)
    template = "figures" if key == "figures" else "card"
    return part(request, f"tasks/_analytics.html#{template}", context)


@page
@require_GET
def as_file(request: HttpRequest, key: str) -> HttpResponse:
    """A card as a file for a spreadsheet, or all of them one below the other."""
    asked = _asked(request)
    found = seen(asked, request.actor)
    keys = list(CARDS) if key == "all" else [key]
    stream = io.StringIO()
    writer = csv.writer(stream)
    for number, name in enumerate(keys):
        shown = cards.card(name, found, asked)
        if len(keys) > 1:
            writer.writerows([*([[]] if number else []), [cards.safe(shown.title)]])
        writer.writerows(cards.table(shown))
    response = HttpResponse(stream.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"{key}-{found.today.isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _asked(request: HttpRequest) -> Asked:
    """Raises PermissionDenied, which is a page, for those who coordinate nothing by their role."""
    if not may_read(request.actor):
        raise PermissionDenied(_("coordinator, auditor or admin"))
    return Asked.parse(request.GET, request.actor)


def _all_at_once(asked: Asked) -> str:
    query = asked.query
    return f"{reverse('tasks:analytics')}{query}{'&' if query else '?'}show=all"


def _filters(request: HttpRequest, asked: Asked) -> dict:
    return {
        "asked": asked,
        "query": asked.query,
        "all_at_once": _all_at_once(asked),
        "pools": pools_of(request.actor),
        "types": types(),
        "priorities": [(code, word) for code, (_bars, word) in PRIORITIES.items()],
        "periods": PERIODS,
        "titles": TITLES,
        "about": [(key, TITLES[key], text) for key, text in ABOUT.items()],
    }


def _shown(request: HttpRequest, asked: Asked, keys) -> dict:
    """The figures and the cards, or why there are none."""
    try:
        found = seen(asked, request.actor)
    except DatabaseUnavailable as error:
        return {"problem": error.issues[0].diagnostics}
    return {
        "found": found,
        "figures": cards.figures(found, asked),
        "cards": [cards.card(key, found, asked) for key in keys],
        "notes": _notes(found, asked),
    }


def _notes(found: Seen, asked: Asked) -> list[str]:
    """What the numbers do not say."""
    notes = []
    if not found.number("total"):
        notes.append(_("No tasks were asked for in this period."))
    if any(each["name"] == "behind" for each in found.now):
        notes.append(_("A large load has not been counted yet: these numbers will change."))
    if found.recorded and localdate(found.recorded) > asked.days(found.today)[0]:
        notes.append(
            _(
                "Nothing was recorded here before %(day)s. Of tasks that came from another system"
                " stages, holds and reroutes before that are not known."
            )
            % {"day": cards.day(localdate(found.recorded))}
        )
    if found.number("left-out"):
        notes.append(
            _("Groups of fewer than %(number)s tasks are left out.")
            % {"number": setting("stats_smallest")}
        )
    return notes
