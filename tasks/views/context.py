"""What the templates are given: the list, the task, the counts, and who changed what."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import people
from fhir.actor import Actor
from fhir.once import reading
from fhir.store import Stored
from tasks import detail as details
from tasks import facets as menus
from tasks import look as looks
from tasks import times
from tasks import watching as watched
from tasks import worklist as lists
from tasks.last_claim import last_claim
from tasks.look import Look
from tasks.narrowing import FACETS, Facets
from tasks.permissions import lost_claim
from tasks.rows import group_of, grouped
from tasks.rows import rows as display_rows
from tasks.transitions import FINAL, Status
from tasks.views.inbox import inbox_context
from tasks.worklist import Cursor, Listed, View


@reading
def base_context(request: HttpRequest, view: View) -> dict:
    """What every part of a page may need: the list that it belongs to, and the counts."""
    actor, now = request.actor, timezone.now()
    mine, by_pool = lists.counts(actor, now=now)
    pools = lists.pools_shown(actor)
    nav = [View(f"pool:{pool.slug}", pool.name, pool) for pool in pools]
    waiting = [by_pool[each.pool.pk] for each in nav]
    if view.pool and view.pool not in pools:
        nav.append(View(f"pool:{view.pool.slug}", view.pool.name, view.pool))
        waiting.append(lists.count_pool(view.pool.pk, now=now))
    kept = lists.saved_views(actor)
    offset = timezone.localtime(now).utcoffset()
    return {
        "actor": actor,
        "view": view,
        "now": now,
        "mine": mine,
        "pool_views": list(zip(nav, waiting, strict=True)),
        "kept_views": [each for each in kept if lists.opens(each, actor, pools)],
        "waiting": sum(count.total for count in waiting),
        "count": _count(view, actor, mine, by_pool, now),
        "watching": watched.count(actor),
        "sees_all": lists.may_see_all(actor),
        "claims": bool(actor.reference and actor.pools)
        and view.kind != "all"
        and (view.pool is None or view.pool.pk in actor.pools),
        "zone": times.zone_name(now),
        "clinic_zone": times.clinic_zone(now),
        "zone_minutes": int(offset.total_seconds() // 60) if offset else 0,
    }


def _count(view: View, actor: Actor, mine, by_pool: dict, now: datetime) -> lists.Count:
    if view.is_threads:
        return lists.Count()
    if view.facets or view.condition:
        return lists.count_matching(view, actor, now=now)
    if view.pool:
        return by_pool.get(view.pool.pk) or lists.count_pool(view.pool.pk, now=now)
    if view.kind == "my":
        return mine
    return lists.count_all(actor, now=now) if view.kind == "all" else lists.Count()


@reading
def list_context(request: HttpRequest, view: View) -> dict:
    if view.is_threads:
        return base_context(request, view) | inbox_context(request, view)
    context, actor = base_context(request, view), request.actor
    now = context["now"]
    after = Cursor.parse(request.GET["after"]) if request.GET.get("after") else None
    limit = lists.PAGE if after else lists.FIRST_PAGE
    found = lists.page(view, actor, limit=limit, after=after, now=now)
    shown = display_rows(found.listed, view, actor, now=now)
    before = group_of(view, after.step, after.due, found.judged_at) if after else ""
    beyond = urlencode({"after": found.after}) if found.after else ""
    chosen, others = menus.menus(view)
    return (
        context
        | told_of(view, found.listed, actor, now)
        | {
            "position": lists.position(),
            "groups": grouped(shown, more=bool(found.after), after_group=before),
            "first_claimable": next((row for row in shown if row.claimable), None),
            "more": f"{view.path}?{'&'.join(filter(None, (view.query, beyond)))}" if beyond else "",
            "menus": chosen,
            "other_menus": others,
            "chips": menus.chips(view, actor),
            "sorts": menus.sorts(view),
            "opened": _opened(request, view, now),
            "mine_to_change": bool(view.saved) and view.saved.owner_id == actor.user_id,
            "last_claim": last_claim(view.pool.pk, actor)
            if view.is_pool and not shown and not after
            else None,
            "elsewhere": next(
                (
                    (each, n)
                    for each, n in context["pool_views"]
                    if n.total and each.key != view.key
                ),
                None,
            ),
        }
    )


def _opened(request: HttpRequest, view: View, now: datetime) -> dict | None:
    """The menu that a page without scripts has open."""
    name = request.GET.get("facet", "")
    if name not in menus.names_of(view):
        return None
    return {
        "name": name,
        "first": name in menus.FIRST,
        "label": menus.NAMES[name],
        "choices": menus.choices(name, view, request.actor, now=now),
    }


def told_of(view: View, listed: Iterable[Listed], actor: Actor, now: datetime) -> dict:
    """What became of the rows of a list of watched tasks."""
    return {"told": watched.news(listed, actor, now=now)} if view.key == "watching" else {}


@reading
def page_context(request: HttpRequest, stored: Stored, view: View) -> dict:
    """A task beside its list."""
    context = list_context(request, view)
    return context | _task(request, stored, view, context["now"])


@reading
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
    return reverse("tasks:task", args=[task_id]) + "?" + view.task_query


def named_view(request: HttpRequest, *, looked_at: bool = True) -> View:
    key = request.POST.get("list") or request.GET.get("list") or "my"
    return asked_view(request, lists.view_named(key, request.actor), looked_at=looked_at)


def asked_view(
    request: HttpRequest, view: View, query: QueryDict | None = None, *, looked_at: bool = True
) -> View:
    """The list as its address narrows and orders it, and as its reader looks at it.

    `query` is the address's; of a part of a page that says nothing of it, it is that of the page.
    """
    if view.is_threads:
        return view
    query = _query_of(request) if query is None else query
    if _asks(query):
        view = lists.asked_of(view, Facets.of(request, query), query)
    if not looked_at:
        return view
    kept = view.look if view.saved and view.look.table else None
    given = Look.from_query(query)
    look = given or kept or looks.asked(request)
    if (mode := request.headers.get("Taskward-Look")) in looks.MODES:
        look = replace(look, mode=mode)
    return replace(view, look=look, look_given=given is not None)


def _asks(query: QueryDict) -> bool:
    return any(name in query for name in (*FACETS, "patient", "sort"))


OF_A_LIST = re.compile(r"/worklist/(t/|pool/|view/|my\b|all\b|watching\b)")


def _query_of(request: HttpRequest) -> QueryDict:
    if request.htmx and not _asks(request.GET):
        page, _mark, query = (request.htmx.current_url_abs_path or "").partition("?")
        if OF_A_LIST.match(page):
            return QueryDict(query)
    return request.GET


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
        return _("Back in the pool")
    if document["owner"].get("reference") == actor.reference:
        return _("Yours now")
    return _("Moved to another list")


def lost_to(actor: Actor, task_id: str) -> str:
    """Who has a task that just left the actor's sight, if she could have claimed it."""
    lost = lost_claim(actor, task_id)
    return (
        _("%(winner)s claimed this") % {"winner": lost.winner}
        if lost
        else _("No longer yours to see")
    )


def news_of(stored: Stored, actor: Actor) -> dict[str, str]:
    """Who brought a task to its present version, and when."""
    last = details.history.versions_of(stored.resource_id)[-1]
    named = people.names([last.actor], actor=actor)
    who = _("You") if last.actor == actor.name else named.get(last.actor, "Somebody")
    return {"who": who, "at": times.moment(last.at, timezone.now()), "version": stored.version_id}
