"""The language, the time zone and the hours of the pages: those of the user, else the browser's
language, the clinic's zone and 24 hours. The API speaks English and UTC offsets of the clinic,
whoever asks.
"""

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone, translation

API = tuple(f"/{path}" for path in settings.FHIR_PATHS)

_hours: ContextVar[str] = ContextVar("hours", default="24")


def hour_cycle() -> str:
    """Whether times are to be said in "24" or in "12" hours."""
    return _hours.get()


@contextmanager
def hours(cycle: str) -> Iterator[None]:
    """Say times so for a while."""
    before = _hours.set(cycle)
    try:
        yield
    finally:
        _hours.reset(before)


class LocaleMiddleware:
    """Sets all three for one request; a thread that answers another starts anew."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest):
        if request.path_info.startswith(API):
            return self.get_response(request)
        language = language_of(request)
        cycle = getattr(request.user, "hour_cycle", "24")
        with translation.override(language), timezone.override(zone_of(request)), hours(cycle):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


def language_of(request: HttpRequest) -> str:
    """A code of settings.LANGUAGES."""
    chosen = getattr(request.user, "language", "")
    known = dict(settings.LANGUAGES)
    return chosen if chosen in known else translation.get_language_from_request(request)


def zone_of(request: HttpRequest) -> zoneinfo.ZoneInfo | None:
    """None for the clinic's, also where the user's is not known here."""
    try:
        return zoneinfo.ZoneInfo(request.user.time_zone)
    except (AttributeError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        return None
