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
NO_STORE = {"Cache-Control": "no-store"}
"""What is answered is of patients, and of one person's rights at one moment."""
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
        """The parser of the Content-Type; none for other charsets, versions and encodings."""
        name, parameters = _media_type(request.content_type or "")
        encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
        if parameters.get("charset", "utf-8") not in ("utf-8", "utf8", "us-ascii"):
            return None
        if encoding != "identity" or not _is_r4(parameters):
            return None
        return next((each for each in parsers if each.media_type == name), None)

    def select_renderer(self, request, renderers, format_suffix=None):
        query = request.META.get("QUERY_STRING", "")
        wanted = _format(query) or request.META.get("HTTP_ACCEPT") or "*/*"
        if wanted != FHIR_JSON and not any(map(_is_accepted, wanted.split(","))):
            raise NotAcceptable
        return renderers[0], FHIR_JSON


def _is_accepted(part: str) -> bool:
    # A "+" in an unescaped _format=application/fhir+json arrives as a space.
    name, parameters = _media_type(part.strip().replace(" json", "+json"))
    weight = parameters.get("q", "1")
    return name in ACCEPTED and weight.strip("0.") != "" and _is_r4(parameters)


def _media_type(text: str) -> tuple[str, dict[str, str]]:
    """The name and the parameters, all in lower case."""
    name, *parameters = text.lower().split(";")
    pairs = (each.partition("=") for each in parameters)
    return name.strip(), {key.strip(): value.strip().strip('"') for key, _, value in pairs}


def _is_r4(parameters: dict[str, str]) -> bool:
    """https://hl7.org/fhir/R4/http.html#version-parameter"""
    return parameters.get("fhirversion", "4.0") in ("4.0", "4.0.1")


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
    headers = dict(NO_STORE)
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
    headers = NO_STORE | error.headers
    return HttpResponse(body, status=error.status, headers=headers, content_type=FHIR_JSON)


def bundle(head: dict, entries: Iterable[str]) -> str:
    """A Bundle from its head and ready entry texts; no empty `entry`, which strict clients refuse."""
    text = json.dumps({"resourceType": "Bundle", **head}).decode()
    joined = ",".join(entries)
    return f'{text[:-1]},"entry":[{joined}]}}' if joined else text
