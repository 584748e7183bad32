"""What changes while a page is open: ids first, then the rows and the counts as they are now."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.lock import unattended
from tasks import detail as details
from tasks import presence, threads
from tasks import worklist as lists
from tasks.rows import rows as display_rows
from tasks.views.answers import ids_of, page
from tasks.views.context import base_context, lost_to, named_view, news_of, told_of, why_left
from tasks.worklist import Position


@unattended
@page
@require_GET
def changes(request: HttpRequest) -> HttpResponse:
    """Which tasks changed after `since`, as ids: of those shown, and new ones for this list.

    With them who else has the page of `open`; `writing` says that a reply is being typed there.
    204 when there is nothing to tell; `Taskward-Position` is where to go on from.
    """
    since, now = Position.parse(request.GET.get("since", "")), timezone.now()
    upto, changed = lists.changed_since(since)
    shown, new = set(ids_of(request, "shown")), {}
    of_threads = request.GET.get("list", "").startswith("threads")
    # Mostly nothing has changed: then it does not matter which list it is.
    if changed or of_threads:
        view = named_view(request, looked_at=False)
        others = [each for each in changed if each not in shown]
        if of_threads:
            changed, new = threads.changed_since(
                since, changed, shown, view.key, request.actor, now=now
            )
        elif others:
            new = lists.rows_of(others, view, request.actor, now=now, narrowed=True)
    rows = [each for each in changed if each in shown]
    present = _others(request, now)
    if not rows and not new and not present:
        response = HttpResponse(status=204)
    else:
        others = {"others": present._asdict()} if present else {}
        response = JsonResponse({"rows": rows, "new": list(new)} | others)
    response["Taskward-Position"] = str(upto)
    return response


def _others(request: HttpRequest, now: datetime) -> presence.Others:
    opened = request.GET.get("open", "")
    if not opened or len(opened) > 64:
        return presence.Others()
    writing = "writing" in request.GET
    return presence.others_at(opened, request.actor, writing=writing, now=now)


@unattended
@page
@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """The rows of `ids` as they are now, the counts, and a word on the open task if it changed."""
    actor, view, now = request.actor, named_view(request), timezone.now()
    wanted = ids_of(request, "ids")
    if view.is_threads:
        context = base_context(request, view)
        context["thread_rows"] = threads.rows_of_tasks(wanted, actor, now=now)
        return render(request, "tasks/_rows.html", context | _news(request, wanted))
    found = lists.rows_of(wanted, view, actor, now=now)
    shown = display_rows([found[each] for each in wanted if each in found], view, actor, now=now)
    context = (
        base_context(request, view)
        | told_of(view, found.values(), actor, now)
        | {
            "shown": shown,
            "left": [
                {"id": each, "because": why_left(each, actor)}
                for each in wanted
                if each not in found
            ],
        }
    )
    return render(request, "tasks/_rows.html", context | _news(request, wanted))


def _news(request: HttpRequest, wanted: list[str]) -> dict:
    """A word on the open task, when it is among those that changed."""
    opened = request.GET.get("open", "")
    if opened not in wanted:
        return {}
    stored = details.find(opened, request.actor)
    if stored is None:
        return {"gone": lost_to(request.actor, opened)}
    return {"news": news_of(stored, request.actor)}
