"""The doors of the FHIR API: one class a level, one method an interaction.

They read headers and bodies, call one action or one read, and write headers. What they refuse is
raised as a FhirError and becomes an OperationOutcome in `exception_handler`.
https://hl7.org/fhir/R4/http.html
"""

import logging
from datetime import UTC, datetime

from django.core.exceptions import RequestDataTooBig
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpResponse
from rest_framework import exceptions
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from fhir import actions, batch, errors, json, parsers, resources, store
from fhir.capability import capability_statement
from fhir.errors import FhirError
from fhir.history import instance_history
from fhir.parameters import string_values
from fhir.preconditions import if_match_versions, matches_none, refuse_condition
from fhir.renderers import (
    FhirNegotiation,
    fhir_response,
    outcome_response,
    resource_response,
)
from fhir.search.answer import search

logger = logging.getLogger(__name__)


class FhirView(APIView):
    """`prefix` is the path of the API that the client used: the same API answers under two."""

    content_negotiation_class = FhirNegotiation
    parser_classes = [parsers.FhirJsonParser, parsers.JsonParser]
    prefix = "/api/fhir"

    @property
    def base(self) -> str:
        """The base URL as this client wrote it: paging links must begin with it (clients.md 5)."""
        return f"{self.request.scheme}://{self.request.get_host()}{self.prefix}"

    @property
    def if_match(self) -> list[int] | None:
        return if_match_versions(self.request.headers.get("If-Match"))

    @property
    def prefer(self) -> dict[str, str]:
        """https://hl7.org/fhir/R4/http.html#return · RFC 7240"""
        items = self.request.headers.get("Prefer", "").replace(";", ",").split(",")
        return dict(item.strip().partition("=")[::2] for item in items if item.strip())

    @property
    def strict(self) -> bool:
        return self.prefer.get("handling") == "strict"

    def written(self, stored: store.Stored, *, created: bool = False) -> HttpResponse:
        """The answer to a write: the resource, or nothing when the client prefers so."""
        return resource_response(
            stored,
            status=201 if created else 200,
            base=self.base if created else None,
            body=self.prefer.get("return") != "minimal",
        )


class SystemView(FhirView):
    parser_classes = [parsers.BundleParser, parsers.PlainBundleParser]

    def post(self, request):
        """https://hl7.org/fhir/R4/http.html#transaction"""
        return fhir_response(batch.process_bundle(request.data, actor=request.user, base=self.base))


class MetadataView(FhirView):
    authentication_classes = []
    permission_classes = [AllowAny]

    def get(self, request):
        """https://hl7.org/fhir/R4/http.html#capabilities"""
        return fhir_response(json.dumps(capability_statement(self.base)))


class TypeView(FhirView):
    def get(self, request, type_name):
        """https://hl7.org/fhir/R4/http.html#search"""
        return self.search(type_name, request.META.get("QUERY_STRING", ""))

    def post(self, request, type_name):
        """https://hl7.org/fhir/R4/http.html#create"""
        refuse_condition(request.headers.get("If-None-Exist"))
        stored = actions.create(type_name, request.data, actor=request.user)
        return self.written(stored, created=True)

    def search(self, type_name: str, query: str) -> HttpResponse:
        found = search(
            resources.get(type_name),
            query,
            actor=self.request.user,
            base=self.base,
            strict=self.strict,
        )
        return fhir_response(found)


class SearchView(TypeView):
    parser_classes = [parsers.FormParser]
    http_method_names = ["post", "options"]

    def post(self, request, type_name):
        """https://hl7.org/fhir/R4/http.html#search by POST: parameters of the form and the URL."""
        query = request.META.get("QUERY_STRING", "")
        return self.search(type_name, "&".join(part for part in (query, request.data) if part))


class InstanceView(FhirView):
    def get_parsers(self):
        if self.request.method == "PATCH":
            return [parsers.JsonPatchParser()]
        return super().get_parsers()

    def get(self, request, type_name, resource_id):
        """https://hl7.org/fhir/R4/http.html#read"""
        stored = store.read(resources.get(type_name), resource_id, actor=request.user)
        if matches_none(request.headers.get("If-None-Match"), stored.version_id):
            return resource_response(stored, status=304, body=False)
        return resource_response(stored)

    def put(self, request, type_name, resource_id):
        """https://hl7.org/fhir/R4/http.html#update"""
        stored, created = actions.put(
            type_name, resource_id, request.data, actor=request.user, if_match=self.if_match
        )
        return self.written(stored, created=created)

    def patch(self, request, type_name, resource_id):
        """https://hl7.org/fhir/R4/http.html#patch"""
        stored = actions.patch(
            type_name,
            resource_id,
            request.data,
            actor=request.user,
            if_match=self.if_match,
            strict=self.strict,
        )
        return self.written(stored)

    def delete(self, request, type_name, resource_id):
        """https://hl7.org/fhir/R4/http.html#delete"""
        stored = actions.delete(type_name, resource_id, actor=request.user, if_match=self.if_match)
        return resource_response(stored, status=204, body=False)


class HistoryView(FhirView):
    def get(self, request, type_name, resource_id):
        """https://hl7.org/fhir/R4/http.html#history"""
        return fhir_response(
            instance_history(
                resources.get(type_name),
                resource_id,
                request.query_params,
                actor=request.user,
                base=self.base,
            )
        )


class VersionView(FhirView):
    def get(self, request, type_name, resource_id, version_id):
        """https://hl7.org/fhir/R4/http.html#vread"""
        if not (version_id.isascii() and version_id.isdigit() and len(version_id) < 10):
            raise errors.NotFound
        return resource_response(
            store.version(
                resources.get(type_name), resource_id, int(version_id), actor=request.user
            )
        )


class OperationView(FhirView):
    """https://hl7.org/fhir/R4/operations.html"""

    parser_classes = [parsers.OptionalJsonParser]

    def post(self, request, type_name, name, resource_id=None):
        level = "instance" if resource_id else "type"
        operation = resources.get(type_name).operation(name, level)
        parameters = string_values(request.data) | dict(request.query_params.items())
        stored = operation.run(resource_id, parameters, actor=request.user, if_match=self.if_match)
        return fhir_response(b"", 204) if stored is None else self.written(stored)


class UnknownView(FhirView):
    def dispatch(self, request, *args, **kwargs):
        self.get = self.post = self.put = self.patch = self.delete = self.refuse
        return super().dispatch(request, *args, **kwargs)

    def refuse(self, request, **kwargs):
        """Any other path below the base."""
        raise errors.NotFound("There is nothing at this path of the API.")


TRANSLATED = {
    exceptions.NotAuthenticated: errors.NotSignedIn,
    exceptions.AuthenticationFailed: errors.NotSignedIn,
    exceptions.PermissionDenied: errors.Forbidden,
    exceptions.MethodNotAllowed: errors.MethodNotAllowed,
    exceptions.UnsupportedMediaType: errors.UnsupportedMediaType,
    exceptions.NotAcceptable: errors.NotAcceptable,
    exceptions.ParseError: errors.MalformedRequest,
    RequestDataTooBig: errors.TooLarge,
}


def exception_handler(error: Exception, context: dict) -> HttpResponse | None:
    """Every error of the API as an OperationOutcome. Nothing of the request is quoted or logged."""
    if isinstance(error, FhirError):
        return outcome_response(error)
    for known, ours in TRANSLATED.items():
        if isinstance(error, known):
            return outcome_response(ours())
    if isinstance(error, OperationalError | InterfaceError | DataError):
        return outcome_response(database_error(error))
    logger.error("A request failed in %s.", type(context.get("view")).__name__, exc_info=error)
    return outcome_response(errors.Unexpected())


def database_error(error: Exception) -> FhirError:
    """What a database error means to the client, by its SQLSTATE."""
    state = getattr(error.__cause__, "sqlstate", None) or ""
    if state in ("40001", "40P01", "55P03"):
        return errors.Conflict("Two changes were in each other's way; try again.")
    if state == "57014":
        return errors.TooCostly()
    if state.startswith("22"):
        return errors.MalformedRequest("A value cannot be stored.")
    logger.error("The database does not answer (SQLSTATE %s).", state or "none")
    return errors.DatabaseUnavailable()


def health(request):
    """200 when the database answers, 503 when it does not."""
    from fhir import sql

    try:
        sql.rows("select 1")
    except (OperationalError, InterfaceError):
        return HttpResponse('{"status":"unavailable"}', status=503, content_type="application/json")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return HttpResponse(f'{{"status":"ok","time":"{now}"}}', content_type="application/json")
