"""The URLs of the FHIR API: its routes, each also with a slash at its end."""

from django.urls import path

from fhir.routes import ROUTES
from fhir.views import FhirView, UnknownView


def fhir_urls(prefix: str) -> list:
    """The routes below `prefix`, for example "api/fhir"."""
    found = [
        path(
            "/".join(part for part in (prefix, route.path) if part) + slash,
            FhirView.as_view(prefix=f"/{prefix}", route=route),
        )
        for route in ROUTES
        for slash in ("", "/")
    ]
    return [*found, path(f"{prefix}/<path:rest>", UnknownView.as_view(prefix=f"/{prefix}"))]
