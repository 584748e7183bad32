"""Answers: FHIR JSON, put together from the text that is stored.

https://hl7.org/fhir/R4/http.html#mime-type
"""

from collections.abc import Iterable
from urllib.parse import unquote_plus

from django.http import HttpResponse
from django.utils.http import http_date
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer

from fhir import json
from fhir.answers import Answer
from fhir.errors import FhirError, NotAcceptable
from fhir.store import Stored

FHIR_JSON = "application/fhir+json"
ACCEPTED = ("*/*", "application/*", FHIR_JSON, "application/json", "text/json", "json")


class FhirJsonRenderer(BaseRenderer):
    """Only names the format for Django REST framework: views answer with ready bytes."""

    media_type = FHIR_JSON
    format = "json"
    charset = None

    def render(self, data, accepted_media_type=None, renderer_context=None):
        return json.dumps(data)


class FhirNegotiation(BaseContentNegotiation):
    """JSON for whoever takes any JSON; `_format` goes before `Accept`."""

    def select_parser(self, request, parsers):
        sent = (request.content_type or "").partition(";")[0].strip().lower()
        return next((each for each in parsers if each.media_type in (sent, "*/*")), None)

    def select_renderer(self, request, renderers, format_suffix=None):
        query = request.META.get("QUERY_STRING", "")
        wanted = _format(query) or request.META.get("HTTP_ACCEPT") or "*/*"
        # A "+" in an unescaped _format=application/fhir+json arrives as a space.
        names = [part.partition(";")[0].strip().replace(" ", "+") for part in wanted.split(",")]
        if not any(name.lower() in ACCEPTED for name in names):
            raise NotAcceptable
        return renderers[0], FHIR_JSON


def _format(query: str) -> str:
    """The `_format` of a query string, which may hold more parameters than Django would read."""
    for pair in query.split("&") if "_format=" in query else ():
        name, _, value = pair.partition("=")
        if name == "_format":
            return unquote_plus(value)
    return ""


def etag(version_id: int) -> str:
    return f'W/"{version_id}"'


def http_response(answer: Answer, *, base: str, has_body: bool = True) -> HttpResponse:
    """The answer with its headers; `base` begins the Location of a new resource."""
    headers = {}
    if stored := answer.stored:
        headers["ETag"] = etag(stored.version_id)
        headers["Last-Modified"] = http_date(stored.last_updated.timestamp())
        if answer.status == 201:
            headers["Location"] = location(base, stored)
    response = HttpResponse(
        answer.body, status=answer.status, headers=headers, content_type=FHIR_JSON
    )
    if not has_body:
        response["Content-Length"] = len(response.content)
        response.content = b""
    return response


def location(base: str, stored: Stored) -> str:
    return f"{base}/{stored.reference}/_history/{stored.version_id}"


def outcome_response(error: FhirError) -> HttpResponse:
    body = json.dumps(error.as_outcome())
    return HttpResponse(body, status=error.status, headers=error.headers, content_type=FHIR_JSON)


def bundle(head: dict, entries: Iterable[str]) -> str:
    """A Bundle from its head and ready entry texts; no empty `entry`, which strict clients refuse."""
    text = json.dumps({"resourceType": "Bundle", **head}).decode()
    joined = ",".join(entries)
    return f'{text[:-1]},"entry":[{joined}]}}' if joined else text
