"""How a client signs in, and where it finds that out.

https://hl7.org/fhir/smart-app-launch/conformance.html
"""

import json

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from oauth2_provider.views import TokenView


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


DESCRIPTIONS = {
    "invalid_client": "The client_id or the client_secret is wrong.",
    "invalid_grant": "The grant is not valid, has expired or was revoked.",
    "invalid_request": "The request lacks a parameter, or has one twice.",
    "invalid_scope": "A scope is not known, or not this client's.",
    "unauthorized_client": "This client may not use this grant type.",
    "unsupported_grant_type": "Only client_credentials is supported.",
}


class DescribedTokenView(TokenView):
    """Every refusal with an error_description: clients show nothing else (clients.md 21)."""

    def create_token_response(self, request):
        url, headers, body, status = super().create_token_response(request)
        if status >= 400:
            error = json.loads(body)
            if not error.get("error_description"):
                error["error_description"] = DESCRIPTIONS.get(error.get("error"), "Refused.")
            body = json.dumps(error)
        return url, headers, body, status
