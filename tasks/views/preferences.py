"""What people set for themselves."""

from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from tasks.views.answers import SeeOther, page, wants_part


@page
@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Theme and density of the user, and whether patient details are hidden in this session."""
    user = request.user
    choices = {"theme": ("", "light", "dark"), "density": ("compact", "comfortable")}
    for name, allowed in choices.items():
        if request.POST.get(name) in allowed:
            setattr(user, name, request.POST[name])
            user.save(update_fields=[name])
    if "hide" in request.POST:
        request.session["hide_details"] = request.POST["hide"] == "on"
    if wants_part(request):
        return HttpResponse(status=204)
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return SeeOther(target if safe else "/worklist/")
