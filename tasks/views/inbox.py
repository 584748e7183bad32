"""The list of threads, as its template is given it."""

from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils import timezone

from tasks import threads, told
from tasks import worklist as lists
from tasks.threads import TABS, Cursor, Inbox
from tasks.worklist import View


def inbox_context(request: HttpRequest, view: View) -> dict:
    """The rows of a tab, what each tab counts, and the pools that it can be narrowed to."""
    actor, now = request.actor, timezone.now()
    inbox = Inbox.of_key(view.key, actor)
    after = Cursor.parse(request.GET["after"]) if request.GET.get("after") else None
    context = {
        "inbox": inbox,
        "position": lists.position(),
        "tabs": [_tab(tab, inbox, actor) for tab in TABS],
        "pools": [
            (pool, Inbox(inbox.tab, pool).path)
            for pool in lists.pools_shown(actor)
            if inbox.tab != "notices"
        ],
        "all_pools": Inbox(inbox.tab).path,
    }
    if inbox.tab == "notices":
        shown, beyond = told.notices(actor, after=after)
        context["notices"] = shown
    else:
        page = threads.page(inbox, actor, after=after)
        context["rows"] = threads.rows(page.listed, actor, now=now)
        beyond = page.after
    context["more"] = f"{inbox.path}&{urlencode({'after': beyond})}" if beyond else ""
    return context


def _tab(tab: str, inbox: Inbox, actor) -> tuple[str, str, str, bool]:
    """(path, name, count, whether it is the one shown)"""
    each = Inbox(tab, inbox.pool if tab != "notices" else None)
    count = ""
    if tab in ("ours", "patient"):
        found = threads.count(each, actor)
        count = f"{found - 1}+" if found >= threads.COUNT_UP_TO else str(found)
    return each.path, TABS[tab], count, tab == inbox.tab
