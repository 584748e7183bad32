"""What people set for themselves."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.locale import language_of
from accounts.models import User
from accounts.profile import ProfileForm
from fhir.actor import Role
from tasks.views.answers import SeeOther, page, wants_part
from tasks.views.context import base_context
from tasks.worklist import View


@page
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """All that she chooses for herself. What is saved holds from the next page on: this one."""
    # A form changes what it is given, also where it refuses.
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if form.is_valid():
        request.user = form.save()
        with translation.override(language_of(request)):
            messages.success(request, _("Your profile was saved."))
        return SeeOther(reverse("tasks:profile"))
    context = base_context(request, View("profile", _("Profile"))) | {
        "form": form,
        "works": bool(request.actor.reference) and request.actor.role is not Role.AUDITOR,
    }
    return render(request, "accounts/profile.html", context, status=422 if form.errors else 200)


@page
@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """What stands in the top bar of every page: theme, density, and hiding patient details."""
    user = request.user
    choices = {"theme": ("", "light", "dark"), "density": ("compact", "comfortable")}
    for name, allowed in choices.items():
        if request.POST.get(name) in allowed:
            setattr(user, name, request.POST[name])
            user.save(update_fields=[name])
    if "hide" in request.POST:
        user.hides_details = request.POST["hide"] == "on"
        user.save(update_fields=["hides_details"])
    if wants_part(request):
        return HttpResponse(status=204)
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return SeeOther(target if safe else "/worklist/")
