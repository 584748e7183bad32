"""The route table of the FHIR API. Every path is also right with a slash at its end.

https://hl7.org/fhir/R4/http.html#summary
"""

from django.urls import path

from fhir import views

ROUTES = (
    ("", views.SystemView),
    ("/metadata", views.MetadataView),
    ("/<str:type_name>", views.TypeView),
    ("/<str:type_name>/_search", views.SearchView),
    ("/<str:type_name>/$<str:name>", views.OperationView),
    ("/<str:type_name>/<str:resource_id>", views.InstanceView),
    ("/<str:type_name>/<str:resource_id>/_history", views.HistoryView),
    ("/<str:type_name>/<str:resource_id>/_history/<str:version_id>", views.VersionView),
    ("/<str:type_name>/<str:resource_id>/$<str:name>", views.OperationView),
    ("/<path:rest>", views.UnknownView),
)


def fhir_urls(prefix: str) -> list:
    """The routes below `prefix`, for example "api/fhir"."""
    return [
        path(prefix + route + slash, view.as_view(prefix=f"/{prefix}"))
        for route, view in ROUTES
        for slash in ("", "/")
    ]
