"""Which URLs exist."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import RedirectView

from accounts.smart import DescribedTokenView, smart_configuration
from fhir.openapi import views as openapi
from fhir.urls import fhir_urls
from fhir.views import health
from tasks import assets


def fhir(prefix: str) -> list:
    """The FHIR API below `prefix`, and how to sign in to it."""
    well_known = path(
        f"{prefix}/.well-known/smart-configuration", login_not_required(smart_configuration)
    )
    return [well_known, *fhir_urls(prefix)]


handler400 = "fhir.views.bad_request"
handler403 = "fhir.pages.permission_denied"
handler404 = "fhir.pages.not_found"
handler500 = "fhir.pages.server_error"

urlpatterns = [
    *(pattern for prefix in settings.FHIR_PATHS for pattern in fhir(prefix)),
    path("", RedirectView.as_view(url="/worklist/")),
    path("worklist/", include("tasks.urls")),
    path("accounts/", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("oauth2/token", login_not_required(DescribedTokenView.as_view())),
    path("oauth2/token/", login_not_required(DescribedTokenView.as_view())),
    path("assets/<str:digest>/<str:name>", assets.serve, name="asset"),
    path("health", login_not_required(health)),
    path("api/schema/", openapi.schema),
    path("api/docs/", openapi.docs),
]
