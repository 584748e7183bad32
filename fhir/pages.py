"""The same refusals as a page: a FhirError raised by a page view, for a person to read.

For htmx it is a toast with the same status; the rest of the page stays as it is.
"""

from django.shortcuts import render

from fhir.errors import FhirError

TITLES = {
    403: "You cannot do this",
    404: "There is no task here for you",
    409: "Somebody else was first",
    412: "This has changed in the meantime",
    503: "The database does not answer",
}


class ErrorPageMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, error):
        """None leaves any other exception to Django."""
        if not isinstance(error, FhirError):
            return None
        context = {
            "title": TITLES.get(error.status, "This was not done"),
            "diagnostics": [issue.diagnostics for issue in error.issues],
        }
        partial = bool(getattr(request, "htmx", False))
        template = "error.html#toast" if partial else "error.html"
        response = render(request, template, context, status=error.status)
        response["Cache-Control"] = "no-store"
        for name, value in error.headers.items():
            response[name] = value
        if partial:
            # Wherever what asked is by now: it may have been swapped out while it waited.
            response["HX-Retarget"] = "global #toasts"
            response["HX-Reswap"] = "beforeend"
        return response
