"""The URLs of the FHIR API: its routes, each also with a slash at its end."""

from django.urls import include, path

from fhir.routes import ROUTES
from fhir.views import FhirView, UnknownView


def fhir_urls(prefix: str) -> list:
    """The routes below `prefix`, for example "api/fhir"; first those that most requests take."""
    base = f"/{prefix}"
    views = [(route, FhirView.as_view(prefix=base, route=route)) for route in ROUTES]
    [root] = [path(prefix, view) for route, view in views if not route.path]
    plain = [path(route.path, view) for route, view in views]
    with_slash = [path(f"{route.path}/", view) for route, view in views if route.path]
    unknown = path("<path:rest>", UnknownView.as_view(prefix=base))
    return [root, path(f"{prefix}/", include([*plain, *with_slash, unknown]))]
