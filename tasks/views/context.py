"""What the templates are given: the list, the task, the counts, and who changed what."""

from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts import people
from fhir.actor import Actor
from fhir.store import Stored
from tasks import detail as details
from tasks import times
from tasks import worklist as lists
from tasks.facets import menus, narrowed_to
from tasks.permissions import lost_claim
from tasks.rows import group_of, grouped
from tasks.rows import rows as display_rows
from tasks.transitions import FINAL, Status
from tasks.views.inbox import inbox_context
from tasks.worklist import Cursor, Facets, View


def base_context(request: HttpRequest, view: View) -> dict:
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
        "clinic_zone": times.clinic_zone(now),
        "zone_minutes": int(offset.total_seconds() // 60) if offset else 0,
    }


def _count(view: View, actor: Actor, mine, by_pool: dict, now: datetime) -> lists.Count:
    if view.is_threads:
        return lists.Count()
    if view.pool:
        return by_pool.get(view.pool.pk) or lists.count_pool(view.pool.pk, now=now)
    if view.key == "my":
        return mine
    return lists.count_all(actor, now=now) if view.key == "all" else lists.Count()


def list_context(request: HttpRequest, view: View) -> dict:
    if view.is_threads:
        return base_context(request, view) | inbox_context(request, view)
    context = base_context(request, view)
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


def page_context(request: HttpRequest, stored: Stored, view: View) -> dict:
    """A task beside its list."""
    context = list_context(request, view)
    return context | _task(request, stored, view, context["now"])


def detail_context(request: HttpRequest, stored: Stored, view: View) -> dict:
    """A task alone."""
    context = base_context(request, view)
    return context | _task(request, stored, view, context["now"])


def _task(request: HttpRequest, stored: Stored, view: View, now: datetime) -> dict:
    return {
        "task": details.detail(stored, request.actor, now=now),
        "ask": request.GET.get("ask", ""),
        "selected": stored.resource_id,
        "here": task_url(stored.resource_id, view),
    }


def task_url(task_id: str, view: View) -> str:
    return reverse("tasks:task", args=[task_id]) + "?" + urlencode({"list": view.key})


def named_view(request: HttpRequest) -> View:
    key = request.POST.get("list") or request.GET.get("list") or "my"
    return lists.view_named(key, request.actor)


def view_of(request: HttpRequest, stored: Stored) -> View:
    """The list that a task is shown beside: the one named, else one that it stands in."""
    if "list" in request.GET or "list" in request.POST:
        return named_view(request)
    actor, now = request.actor, timezone.now()
    keys = [f"pool:{each.slug}" for each in lists.pools_shown(actor)]
    for key in ("my", *keys, *(("all",) if lists.may_see_all(actor) else ())):
        view = lists.view_named(key, actor)
        if lists.rows_of([stored.resource_id], view, actor, now=now):
            return view
    return lists.view_named("all" if actor.reads_everything else "my", actor)


def why_left(task_id: str, actor: Actor) -> str:
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


def news_of(stored: Stored, actor: Actor) -> dict[str, str]:
    """Who brought a task to its present version, and when."""
    last = details.history.versions_of(stored.resource_id)[-1]
    named = people.names([last.actor], actor=actor)
    who = "You" if last.actor == actor.name else named.get(last.actor, "Somebody")
    return {"who": who, "at": times.moment(last.at, timezone.now()), "version": stored.version_id}
