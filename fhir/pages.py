"""Refusals and failures as pages, for a person to read: what happened, what is safe, what to do.

For htmx each is a toast with the same status; the rest of the page stays as it is.
"""

import logging
import secrets
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fhir.errors import FhirError, of_database

logger = logging.getLogger(__name__)

TITLES = {
    403: gettext_lazy("You cannot do this"),
    409: gettext_lazy("Somebody else was first"),
    412: gettext_lazy("This has changed in the meantime"),
    413: gettext_lazy("This is too large"),
    429: gettext_lazy("Slow down"),
    503: gettext_lazy("The database does not answer"),
}
MISSING = {
    "task_id": (
        gettext_lazy("There is no task here for you"),
        gettext_lazy("This task does not exist, or you may not see it."),
    ),
    "thread_id": (
        gettext_lazy("There is no conversation here for you"),
        gettext_lazy("This conversation does not exist, or you may not see it."),
    ),
    "": (
        gettext_lazy("There is no page here for you"),
        gettext_lazy("This page does not exist, or you may not see it."),
    ),
}
"""Title and explanation of what is not there, by what its address names."""
ALONE = "500.html"
"""A page that asks the database for nothing, not even for who is signed in."""


class ErrorPageMiddleware:
    """A FhirError that is raised by the view of a page."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, error):
        """None leaves any other exception to Django."""
        return refusal(request, error) if isinstance(error, FhirError) else None


def refusal(request: HttpRequest, error: FhirError) -> HttpResponse:
    title = TITLES.get(error.status, _("This was not done"))
    if error.status == 404:
        title, _line = _missing(request)
    lines = [issue.diagnostics for issue in error.issues]
    if wait := error.headers.get("Retry-After"):
        lines.append(_("Try again in %(seconds)s s.") % {"seconds": wait})
    template = ALONE if error.status == 503 else "error.html"
    return _answer(request, template, title, lines, error.status, headers=error.headers)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What Django refuses before any view."""
    lines = [_("Nothing was changed. Go back and try again.")]
    return _answer(request, ALONE, _("This request cannot be read"), lines, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A page of a role that she does not have. The reference leads to the line in the log."""
    reference = _reference()
    logger.warning("%s was refused to user %s: %s", request.path, request.user.pk, reference)
    title = _("You cannot open this page")
    lines = [_("Your account has no role that may see it.")]
    more = {"needed": str(exception), "reference": reference}
    return _answer(request, "403.html", title, lines, 403, **more)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    title, line = _missing(request)
    return _answer(request, "error.html", title, [line], 404)


def _missing(request: HttpRequest) -> tuple[str, str]:
    named = request.resolver_match.kwargs if request.resolver_match else {}
    return MISSING[next((name for name in MISSING if name in named), "")]


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Its token is no longer that of the session, mostly because somebody signed in anew."""
    title = _("This page was open too long")
    lines = [_("Nothing was sent. Go back, load the page again, and send it once more.")]
    return _answer(request, "error.html", title, lines, 403)


def server_error(request: HttpRequest) -> HttpResponse:
    """What nobody expected; where it is the database, that is said instead."""
    error = sys.exception()
    if isinstance(error, OperationalError | InterfaceError):
        return refusal(request, of_database(error))
    reference = _reference()
    logger.error("%s failed: %s", request.path, reference)
    title = _("The server could not answer")
    lines = [
        _(
            "What you sent was not saved; nothing else is lost. Try again. If it happens twice, tell"
            " your administrator this reference: %(reference)s."
        )
        % {"reference": reference}
    ]
    return _answer(request, ALONE, title, lines, 500)


def _reference() -> str:
    """Eight characters that can be said on the phone."""
    word = "".join(secrets.choice("23456789ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(8))
    return f"{word[:4]}-{word[4:]}"


def _answer(
    request: HttpRequest,
    template: str,
    title: str,
    lines: list[str],
    status: int,
    *,
    headers: dict[str, str] | None = None,
    **more: object,
) -> HttpResponse:
    partial = "HX-Request" in request.headers
    context = {"title": title, "diagnostics": lines, "status": status, **more}
    asked = None if template == ALONE else request
    response = render(asked, "error.html#toast" if partial else template, context, status=status)
    response["Cache-Control"] = "no-store"
    for name, value in (headers or {}).items():
        response[name] = value
    if partial:
        # What asked may have been swapped out while it waited, and from there htmx finds nothing but
        # the body; swap.js says it where messages stand.
        response["HX-Retarget"] = "body"
        response["HX-Reswap"] = "beforeend"
    return response
