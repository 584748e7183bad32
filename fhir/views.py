"""The door of the FHIR API over HTTP: a request becomes a Request, an Answer becomes a response.

What it can be asked is in fhir.routes. Whatever is refused is raised as a FhirError and becomes an
OperationOutcome in `exception_handler`.
"""

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpResponse
from django.http.request import HttpHeaders
from rest_framework import exceptions
from rest_framework.views import APIView

from fhir import errors, pages, parsers, resources, sql
from fhir.errors import FhirError
from fhir.idempotency import once
from fhir.interactions import Request
from fhir.renderers import FhirNegotiation, http_response, outcome_response
from fhir.routes import Interaction, Route

logger = logging.getLogger(__name__)


class FhirView(APIView):
    """One route. `prefix` is the path of the API that the client used: it answers under two."""

    content_negotiation_class = FhirNegotiation
    prefix = ""
    route: Route | None = None

    @cached_property
    def base(self) -> str:
        """The base URL as this client wrote it: paging links must begin with it (clients.md 5)."""
        return f"{self.request.scheme}://{self.request.get_host()}{self.prefix}"

    @cached_property
    def interaction(self) -> Interaction | None:
        method = "GET" if self.request.method == "HEAD" else self.request.method
        return self.route.methods.get(method)

    @property
    def allowed_methods(self) -> list[str]:
        return [*self.route.methods, *(["HEAD"] if "GET" in self.route.methods else []), "OPTIONS"]

    @property
    def default_response_headers(self) -> dict:
        """Not an Allow on every answer: only on what is refused for its method."""
        return {}

    def get_parsers(self):
        return [parser() for parser in self.interaction.body] if self.interaction else []

    def get_authenticators(self):
        return [] if self.interaction and self.interaction.is_open else super().get_authenticators()

    def get_permissions(self):
        return [] if self.interaction and self.interaction.is_open else super().get_permissions()

    def answer(self, request, **segments) -> HttpResponse:
        if self.interaction is None:
            raise errors.MethodNotAllowed(allow=", ".join(self.allowed_methods))
        if "type_name" in segments:
            resources.get(segments["type_name"])
        # Without DRF's wrapper, which looks for each attribute in two places.
        sent = request._request
        asked = Request(
            method=sent.method,
            base=self.base,
            actor=request.user,
            query=_query(sent),
            headers=SentHeaders(sent.META),
            body=self.body(request),
            content_type=(sent.content_type or "").partition(";")[0].strip().lower(),
        )
        return http_response(
            once(asked, sent.path, lambda: self.interaction.run(asked, **segments)),
            base=self.base,
            has_body=sent.method != "HEAD",
        )

    def body(self, request):
        """What was sent, parsed; whatever it is, or the server would drop the connection."""
        if not self.interaction.body:
            return None
        if "Transfer-Encoding" in request.headers:
            raise errors.LengthRequired
        data = request.data
        if request.stream is None and not self.interaction.may_be_empty:
            raise errors.MalformedRequest(parsers.NO_BODY)
        return data

    get = head = post = put = patch = delete = answer

    def options(self, request, **segments):
        """What may be done here; the answer of https://hl7.org/fhir/R4/http.html is /metadata."""
        return HttpResponse(status=204, headers={"Allow": ", ".join(self.allowed_methods)})


class SentHeaders(Mapping):
    """Headers by name, read from the WSGI environment as they are asked for: most never are."""

    def __init__(self, environment: Mapping[str, str]):
        self._environment = environment

    def __getitem__(self, name: str) -> str:
        return self._environment[HttpHeaders.to_wsgi_name(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(HttpHeaders(self._environment))

    def __len__(self) -> int:
        return len(HttpHeaders(self._environment))


def _query(request) -> str:
    """The query string as text: WSGI hands bytes that were not escaped over as Latin-1."""
    query = request.META.get("QUERY_STRING", "")
    try:
        return query if query.isascii() else query.encode("latin-1").decode()
    except UnicodeDecodeError as error:
        raise errors.MalformedRequest("The query is not UTF-8.") from error


class UnknownView(FhirView):
    """Any other path below the base."""

    route = Route("", {})

    def answer(self, request, **segments):
        raise errors.NotFound("There is nothing at this path of the API.")

    get = head = post = put = patch = delete = options = answer


TRANSLATED = {
    exceptions.NotAuthenticated: errors.NotSignedIn,
    exceptions.AuthenticationFailed: errors.NotSignedIn,
    exceptions.PermissionDenied: errors.Forbidden,
    exceptions.UnsupportedMediaType: errors.UnsupportedMediaType,
    exceptions.NotAcceptable: errors.NotAcceptable,
    exceptions.ParseError: errors.MalformedRequest,
    RequestDataTooBig: errors.TooLarge,
}


def exception_handler(error: Exception, context: dict) -> HttpResponse | None:
    """Every error of the API as an OperationOutcome. Nothing of the request is quoted or logged."""
    if isinstance(error, FhirError):
        return outcome_response(error)
    if isinstance(error, exceptions.MethodNotAllowed):
        allow = ", ".join(context["view"].allowed_methods)
        return outcome_response(errors.MethodNotAllowed(allow=allow))
    for known, ours in TRANSLATED.items():
        if isinstance(error, known):
            return outcome_response(ours())
    if isinstance(error, OperationalError | InterfaceError | DataError):
        return outcome_response(errors.of_database(error))
    logger.error("A request failed in %s.", type(context.get("view")).__name__, exc_info=error)
    return outcome_response(errors.Unexpected())


def bad_request(request, exception):
    """What Django refuses before any view: for the API an OperationOutcome, else its own page."""
    if request.path.startswith(tuple(f"/{path}" for path in settings.FHIR_PATHS)):
        return outcome_response(errors.MalformedRequest("A header of the request is not valid."))
    return pages.bad_request(request, exception)


def health(request):
    """200 when the database answers, 503 when it does not."""
    try:
        sql.rows("select 1")
    except (OperationalError, InterfaceError):
        return HttpResponse('{"status":"unavailable"}', status=503, content_type="application/json")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return HttpResponse(f'{{"status":"ok","time":"{now}"}}', content_type="application/json")
