"""The OpenAPI document, and a page to read it and to try the API. Neither holds any data."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from fhir.openapi.document import text


@login_not_required
@require_safe
def schema(request):
    origin = f"{request.scheme}://{request.get_host()}"
    return HttpResponse(text(origin), content_type="application/json")


@login_not_required
@require_safe
def docs(request):
    return render(request, "api_docs.html")
