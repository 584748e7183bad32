"""The idle lock: whoever walks away leaves nothing on the screen, and nothing to be had behind it.

A session in which nobody was there for so many minutes (accounts.site) is answered with the lock page alone,
whatever is asked, until the password is given again. The page locks itself at the same time
(static/js/lock.js). What scripts send says nothing of anybody being there, as lists ask for changes
by themselves; when somebody is, the page says so (`accounts:active`).
"""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.site import setting

SEEN_EVERY = timedelta(seconds=20)
"""That somebody is there is written no more often than this. The lock waits as much longer, so that
it never comes before its time."""


class IdleLockMiddleware:
    """Stands before each view that needs a sign-in; the API, which takes no sessions, is none."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view, args, kwargs) -> HttpResponse | None:
        if not getattr(view, "login_required", True) or not request.user.is_authenticated:
            return None
        now = timezone.now()
        if is_locked(request, now):
            return None if getattr(view, "opens_while_locked", False) else lock_page(request)
        if not (sent_by_script(request) or getattr(view, "is_unattended", False)):
            see(request, now)
        return None


def open_while_locked(view):
    """Mark a view as one that a locked session may use: it shows nothing."""
    view.opens_while_locked = True
    return view


def unattended(view):
    """Mark a view that pages ask by themselves, whether anybody is there or not."""
    view.is_unattended = True
    return view


def idle_limit() -> timedelta | None:
    """None when nothing locks by itself."""
    return timedelta(minutes=setting("idle_minutes")) or None


def is_locked(request: HttpRequest, now: datetime) -> bool:
    seen_at, limit = request.session.seen_at, idle_limit()
    return seen_at is None or (limit is not None and now - seen_at > limit + SEEN_EVERY)


def see(request: HttpRequest, now: datetime) -> None:
    if idle_limit() and now - request.session.seen_at >= SEEN_EVERY:
        request.session.see(now)


def sent_by_script(request: HttpRequest) -> bool:
    """Rather than by following a link or sending a form."""
    return (
        "HX-Request" in request.headers
        or "X-Requested-With" in request.headers
        or request.headers.get("Sec-Fetch-Dest") == "empty"
    )


def lock_page(request: HttpRequest, *, wrong: bool = False) -> HttpResponse:
    """What a locked session gets for anything: the way back in, and nothing else."""
    if sent_by_script(request):
        response = HttpResponse(status=403, headers={"HX-Refresh": "true"})
    else:
        context = {"next": page_to_return_to(request), "wrong": wrong}
        response = render(request, "accounts/lock.html", context, status=403)
    response["Cache-Control"] = "no-store"
    return response


def page_to_return_to(request: HttpRequest) -> str:
    """Where she was: named by the form, else this page, else the one whose form was sent."""
    named = request.POST.get("next") or (
        request.get_full_path() if request.method == "GET" else request.headers.get("Referer", "")
    )
    safe = url_has_allowed_host_and_scheme(named, {request.get_host()}, request.is_secure())
    own = urlsplit(named).path.startswith("/accounts/")
    return named if safe and not own else settings.LOGIN_REDIRECT_URL
