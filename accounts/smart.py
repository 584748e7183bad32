"""Where a client finds how to sign in. https://hl7.org/fhir/smart-app-launch/conformance.html"""

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe


@require_safe
def smart_configuration(request: HttpRequest) -> JsonResponse:
    return JsonResponse(
        {
            "token_endpoint": request.build_absolute_uri("/oauth2/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "grant_types_supported": ["client_credentials"],
            "scopes_supported": list(settings.OAUTH2_PROVIDER["SCOPES"]),
            "capabilities": ["client-confidential-symmetric", "permission-user", "permission-v2"],
        }
    )
