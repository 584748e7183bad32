"""The pages of the worklist: one function a page, one a button.

A button's function calls one action and answers with the parts of the page that changed, or, when
the browser runs no scripts, with a redirect to the page. Refusals are FhirErrors: fhir.pages turns
them into a page or a toast; only the two that a person can act on, a lost claim (409) and a stale
page (412), are answered here, with what is true now.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from accounts import people
from fhir.actor import Actor
from fhir.errors import Conflict, FhirError, InvalidResource, VersionConflict
from fhir.store import Stored
from tasks import actions, times
from tasks import detail as details
from tasks import worklist as lists
from tasks.available import VERBS, check_available
from tasks.facets import menus, narrowed_to
from tasks.forms import NoteForm, ReasonForm
from tasks.permissions import lost_claim
from tasks.rows import group_of, grouped
from tasks.rows import rows as display_rows
from tasks.transitions import FINAL, Status
from tasks.worklist import Cursor, Facets, Position, View

DONE = {
    "claim": "Claimed",
    "start": "Started",
    "resume": "Resumed",
    "complete": "Completed",
    "release": "Released to the pool",
    "hold": "On hold",
    "reject": "Rejected",
    "fail": "Closed as not done",
    "cancel": "Cancelled",
    "note": "Note added",
}
"""What a toast says of each action; the history uses the same words."""

UNDO = {"claim": "release", "release": "claim", "hold": "resume"}
"""What takes an action back; what ends a Task cannot be taken back."""

SHOWN_AT_MOST = 300
"""Ids that a poll may name."""


def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page of the worklist: for those with a role, and kept by no cache (ui.md 2.11)."""

    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not request.actor:
            raise PermissionDenied
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        response["Vary"] = "HX-Request, Cookie"
        return response

    return guarded


# --- lists and tasks ------------------------------------------------------------------------------


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
        return render(request, f"tasks/worklist.html#{part}", _list(request, view))
    return render(request, "tasks/worklist.html", _list(request, view))


def pool(request: HttpRequest, slug: str) -> HttpResponse:
    return worklist(request, f"pool:{slug}")


@page
@require_GET
def task(request: HttpRequest, task_id: str) -> HttpResponse:
    """A task beside the list that it was opened from."""
    stored = details.get(task_id, request.actor)
    view = _view_of(request, stored)
    if wants_part(request):
        return render(request, "tasks/_detail.html", _detail(request, stored, view))
    return render(request, "tasks/worklist.html", _page(request, stored, view))


def wants_part(request: HttpRequest) -> bool:
    return bool(request.htmx) and not request.htmx.history_restore_request


# --- live -----------------------------------------------------------------------------------------


@page
@require_GET
def changes(request: HttpRequest) -> HttpResponse:
    """Which tasks changed after `since`, as ids: of those shown, and new ones for this list.

    204 when there is nothing to tell; `Taskward-Position` is where to go on from.
    """
    view = _named_view(request)
    upto, changed = lists.changed_since(Position.parse(request.GET.get("since", "")))
    shown = set(_ids(request, "shown"))
    others = [each for each in changed if each not in shown]
    new = lists.rows_of(others, view, request.actor, now=timezone.now()) if others else {}
    rows = [each for each in changed if each in shown]
    if not rows and not new:
        response = HttpResponse(status=204)
    else:
        response = JsonResponse({"rows": rows, "new": list(new)})
    response["Taskward-Position"] = str(upto)
    return response


@page
@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """The rows of `ids` as they are now, the counts, and a word on the open task if it changed."""
    actor, view, now = request.actor, _named_view(request), timezone.now()
    wanted = _ids(request, "ids")
    found = lists.rows_of(wanted, view, actor, now=now)
    shown = display_rows([found[each] for each in wanted if each in found], view, actor, now=now)
    context = _context(request, view) | {
        "shown": shown,
        "left": [
            {"id": each, "because": _why_left(each, actor)} for each in wanted if each not in found
        ],
    }
    opened = request.GET.get("open", "")
    if opened in wanted:
        stored = details.find(opened, actor)
        if stored is None:
            context["gone"] = lost_to(actor, opened)
        else:
            context["news"] = _news(stored, actor)
    return render(request, "tasks/_rows.html", context)


def _why_left(task_id: str, actor: Actor) -> str:
    """Why a row leaves the list, as far as the actor may know it."""
    stored = details.find(task_id, actor)
    if stored is None:
        return lost_to(actor, task_id)
    document = stored.parsed()
    if document["status"] in FINAL:
        return Status(document["status"]).label
    if not document.get("owner"):
        return "Back in the pool"
    if document["owner"].get("reference") == actor.reference:
        return "Yours now"
    return "Moved to another list"


def lost_to(actor: Actor, task_id: str) -> str:
    """Who has a task that just left the actor's sight, if she could have claimed it."""
    lost = lost_claim(actor, task_id)
    return f"{lost.winner} claimed this" if lost else "No longer yours to see"


def _news(stored: Stored, actor: Actor) -> dict[str, str]:
    """Who brought a task to its present version, and when."""
    last = details.history.versions_of(stored.resource_id)[-1]
    named = people.names([last.actor], actor=actor)
    who = "You" if last.actor == actor.name else named.get(last.actor, "Somebody")
    return {"who": who, "at": times.moment(last.at, timezone.now()), "version": stored.version_id}


# --- buttons --------------------------------------------------------------------------------------


@page
@require_POST
def claim(request: HttpRequest, task_id: str) -> HttpResponse:
    return _act(request, task_id, "claim", actions.claim)


@page
@require_POST
def claim_next(request: HttpRequest) -> HttpResponse:
    """Claim the most pressing task of a pool, or of all my pools."""
    view = _named_view(request)
    stored = actions.claim_next(actor=request.actor, pool_id=view.pool.pk if view.pool else None)
    if stored is not None:
        return _changed(request, stored.resource_id, "claim", view, UNDO["claim"])
    text = f"Nothing is waiting in {view.name if view.is_pool else 'your pools'}."
    if not wants_part(request):
        messages.info(request, text)
        return SeeOther(view.path)
    return _part(request, "tasks/_toast.html", {"toast": {"text": text}}, reswap="none")


@page
@require_POST
def start(request: HttpRequest, task_id: str) -> HttpResponse:
    return _act(request, task_id, "start", actions.start)


@page
@require_POST
def resume(request: HttpRequest, task_id: str) -> HttpResponse:
    return _act(request, task_id, "resume", actions.resume)


@page
@require_POST
def complete(request: HttpRequest, task_id: str) -> HttpResponse:
    return _act(request, task_id, "complete", actions.complete)


@page
@require_POST
def release(request: HttpRequest, task_id: str) -> HttpResponse:
    return _act(request, task_id, "release", actions.release)


@page
@require_POST
def hold(request: HttpRequest, task_id: str) -> HttpResponse:
    return _with_reason(request, task_id, "hold", actions.hold)


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
def note(request: HttpRequest, task_id: str) -> HttpResponse:
    """Notes are added to whatever version is current: two people's notes do not disagree."""
    form = NoteForm(request.POST)
    if not form.is_valid():
        raise InvalidResource(form.errors["text"][0], expression="Task.note.text")

    def add(task_id: str, *, actor: Actor, if_match: list[int] | None) -> Stored:
        return actions.add_note(task_id, form.cleaned_data["text"], actor=actor)

    return _act(request, task_id, "note", add, versioned=False)


def _with_reason(request: HttpRequest, task_id: str, code: str, action: Callable) -> HttpResponse:
    form = ReasonForm(code, request.POST)
    if form.is_valid():
        reason, text = form.cleaned_data["concept"], form.cleaned_data["note"]

        def run(task_id: str, **arguments: Any) -> Stored:
            return action(task_id, reason=reason, note=text, **arguments)

        return _act(request, task_id, code, run)
    stored = details.get(task_id, request.actor)
    view = _view_of(request, stored)
    refused = {"ask": code, "form": form}
    if wants_part(request):
        context = _detail(request, stored, view) | refused
        asked = next((each for each in context["task"].asked if each.action.code == code), None)
        return _part(
            request, "tasks/_ask.html#reason", context | {"asked": asked}, status=422,
            retarget=f"#fields-{code}", reswap="outerHTML",
        )  # fmt: skip
    context = _page(request, stored, view) | refused
    return render(request, "tasks/worklist.html", context, status=422)


def _act(
    request: HttpRequest, task_id: str, code: str, action: Callable, *, versioned: bool = True
) -> HttpResponse:
    """Do one thing to a task, held to what the button said, and show what it is now."""
    view, if_match = _named_view(request), _version(request) if versioned else None
    known = details.find(task_id, request.actor)
    if known and (if_match is None or known.version_id in if_match):
        check_available(code, request.actor, known.parsed())
    try:
        action(task_id, actor=request.actor, if_match=if_match)
    except (Conflict, VersionConflict) as refusal:
        return _refused(request, task_id, code, view, refusal)
    # A hold is taken back by resuming, which goes on with work that was under way.
    undo = UNDO.get(code)
    if code == "hold" and known and known.parsed()["status"] != "in-progress":
        undo = None
    return _changed(request, task_id, code, view, undo)


def _changed(
    request: HttpRequest, task_id: str, code: str, view: View, undo: str | None = None
) -> HttpResponse:
    stored = details.find(task_id, request.actor)
    here = _task_url(task_id, view)
    if not wants_part(request):
        messages.success(request, f"{DONE[code]}.")
        return SeeOther(here if stored else view.path)
    context = _after(request, task_id, stored, view)
    context["toast"] = {
        "text": DONE[code],
        "undo": VERBS[undo] if undo and stored else None,
        "next": code == "complete",
    }
    response = _part(request, "tasks/_changed.html", context)
    if code == "claim":
        response["HX-Push-Url"] = here
    return response


def _refused(
    request: HttpRequest, task_id: str, code: str, view: View, refusal: FhirError
) -> HttpResponse:
    """A lost claim or a stale page: say who was first, and show what is true now."""
    stored = details.find(task_id, request.actor)
    lost = isinstance(refusal, Conflict)
    text = refusal.issues[0].diagnostics
    if not lost and stored:
        news = _news(stored, request.actor)
        verb = VERBS[code].label.lower()
        text = (
            f"{news['who']} changed this task at {news['at']}. “{verb.capitalize()}” was not done."
        )
    notice = {"text": text, "next": lost}
    if not wants_part(request):
        context = _page(request, stored, view) if stored else _list(request, view)
        context["notice"] = notice
        return render(request, "tasks/worklist.html", context, status=refusal.status)
    context = _after(request, task_id, stored, view) | {
        "toast": notice | {"alert": True},
        "because": lost_to(request.actor, task_id) if not stored else "",
    }
    # From a row the task beside the list stays; from the task itself what is true now takes over.
    from_row = request.POST.get("from") == "row"
    template = "tasks/_changed.html#beside" if from_row else "tasks/_changed.html"
    return _part(
        request, template, context, status=refusal.status, reswap="none" if from_row else None
    )


def _after(request: HttpRequest, task_id: str, stored: Stored | None, view: View) -> dict:
    """What a change leaves to show: the task, its row or why it left, and the counts."""
    actor, now = request.actor, timezone.now()
    context = _detail(request, stored, view) if stored else _context(request, view)
    found = lists.rows_of([task_id], view, actor, now=now)
    if found:
        context["shown"] = display_rows(found.values(), view, actor, now=now)
    else:
        context["left"] = [{"id": task_id, "because": _why_left(task_id, actor)}]
    context["selected"] = task_id
    return context


# --- preferences ----------------------------------------------------------------------------------


@page
@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Theme and density of the user, and whether patient details are hidden in this session."""
    user = request.user
    choices = {"theme": ("", "light", "dark"), "density": ("compact", "comfortable")}
    for name, allowed in choices.items():
        if request.POST.get(name) in allowed:
            setattr(user, name, request.POST[name])
            user.save(update_fields=[name])
    if "hide" in request.POST:
        request.session["hide_details"] = request.POST["hide"] == "on"
    if wants_part(request):
        return HttpResponse(status=204)
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return SeeOther(target if safe else "/worklist/")


# --- what the templates are given -----------------------------------------------------------------


def _context(request: HttpRequest, view: View) -> dict:
    """What every part of a page may need: the list that it belongs to, and the counts."""
    actor, now = request.actor, timezone.now()
    mine, by_pool = lists.counts(actor, now=now)
    pools = lists.pools_shown(actor)
    nav = [View(f"pool:{pool.slug}", pool.name, pool) for pool in pools]
    waiting = [by_pool[each.pool.pk] for each in nav]
    if view.is_pool and view.key not in [each.key for each in nav]:
        nav.append(view)
        waiting.append(lists.count_pool(view.pool.pk, now=now))
    offset = timezone.localtime(now).utcoffset()
    return {
        "actor": actor,
        "view": view,
        "now": now,
        "mine": mine,
        "pool_views": list(zip(nav, waiting, strict=True)),
        "waiting": sum(count.total for count in waiting),
        "count": _count(view, actor, mine, by_pool, now),
        "sees_all": lists.may_see_all(actor),
        "claims": bool(actor.reference and actor.pools)
        and view.key != "all"
        and (view.pool is None or view.pool.pk in actor.pools),
        "zone": times.zone_name(now),
        "zone_minutes": int(offset.total_seconds() // 60) if offset else 0,
        "hide_details": request.session.get("hide_details", False),
    }


def _count(view: View, actor: Actor, mine, by_pool: dict, now: datetime) -> lists.Count:
    if view.pool:
        return by_pool.get(view.pool.pk) or lists.count_pool(view.pool.pk, now=now)
    return mine if view.key == "my" else lists.count_all(actor, now=now)


def _list(request: HttpRequest, view: View) -> dict:
    context = _context(request, view)
    facets = Facets.from_query(request.GET)
    after = Cursor.parse(request.GET["after"]) if request.GET.get("after") else None
    found = lists.page(view, request.actor, facets=facets, after=after, now=context["now"])
    shown = display_rows(found.listed, view, request.actor, now=context["now"])
    before = group_of(view, after.step, after.due, found.judged_at) if after else ""
    query = urlencode({"after": found.after}) if found.after else ""
    return context | {
        "position": lists.position(),
        "groups": grouped(shown, more=bool(found.after), after_group=before),
        "first_claimable": next((row for row in shown if row.claimable), None),
        "more": f"{view.path}?{'&'.join(filter(None, (facets.query, query)))}" if query else "",
        "facets": facets,
        "menus": menus(view, facets),
        "narrowed_to": narrowed_to(facets),
        "elsewhere": next(
            ((each, n) for each, n in context["pool_views"] if n.total and each.key != view.key),
            None,
        ),
    }


def _page(request: HttpRequest, stored: Stored, view: View) -> dict:
    """A task beside its list."""
    context = _list(request, view)
    return context | _task(request, stored, view, context["now"])


def _detail(request: HttpRequest, stored: Stored, view: View) -> dict:
    """A task alone."""
    context = _context(request, view)
    return context | _task(request, stored, view, context["now"])


def _task(request: HttpRequest, stored: Stored, view: View, now: datetime) -> dict:
    return {
        "task": details.detail(stored, request.actor, now=now),
        "ask": request.GET.get("ask", ""),
        "selected": stored.resource_id,
        "here": _task_url(stored.resource_id, view),
    }


def _task_url(task_id: str, view: View) -> str:
    return reverse("tasks:task", args=[task_id]) + "?" + urlencode({"list": view.key})


def _named_view(request: HttpRequest) -> View:
    key = request.POST.get("list") or request.GET.get("list") or "my"
    return lists.view_named(key, request.actor)


def _view_of(request: HttpRequest, stored: Stored) -> View:
    """The list that a task is shown beside: the one named, else one that it stands in."""
    if "list" in request.GET or "list" in request.POST:
        return _named_view(request)
    actor, now = request.actor, timezone.now()
    keys = [f"pool:{each.slug}" for each in lists.pools_shown(actor)]
    for key in ("my", *keys, *(("all",) if lists.may_see_all(actor) else ())):
        view = lists.view_named(key, actor)
        if lists.rows_of([stored.resource_id], view, actor, now=now):
            return view
    return lists.view_named("all" if actor.reads_everything else "my", actor)


def _version(request: HttpRequest) -> list[int] | None:
    """The version that the page showed, as actions take it; None when it names none."""
    text = request.POST.get("version", "")
    return [int(text)] if text.isdecimal() else None


def _ids(request: HttpRequest, name: str) -> list[str]:
    return [each for each in request.GET.get(name, "").split(",") if each][:SHOWN_AT_MOST]


class SeeOther(HttpResponseRedirect):
    """303: after a POST, the page to look at."""

    status_code = 303


def _part(
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
