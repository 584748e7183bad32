"""What users choose for themselves: how the pages look, and how they say times."""

import zoneinfo
from functools import cache

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from accounts.keys import KEYS, pressed, shared
from accounts.models import User

REGIONS = (
    *("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia"),
    *("Europe", "Indian", "Pacific"),
)
"""The other names of IANA zones are old ones of the same zones."""


@cache
def zones() -> dict[str, list[tuple[str, str]]]:
    """Region → the zones in it, each with how it is shown: ("America/Chicago", "Chicago")."""
    found: dict[str, list[tuple[str, str]]] = {region: [] for region in REGIONS}
    for name in sorted(zoneinfo.available_timezones()):
        region, _slash, place = name.partition("/")
        if place and region in found:
            found[region].append((name, place.replace("_", " ").replace("/", ", ")))
    return found


class ProfileForm(forms.ModelForm):
    """Everything that the profile page asks for."""

    theme = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Theme"),
        choices=[
            ("", gettext_lazy("System")),
            ("light", gettext_lazy("Light")),
            ("dark", gettext_lazy("Dark")),
        ],
    )
    density = forms.ChoiceField(
        label=gettext_lazy("Rows"),
        choices=[
            ("compact", gettext_lazy("Compact")),
            ("comfortable", gettext_lazy("Comfortable")),
        ],
    )
    language = forms.ChoiceField(required=False, label=gettext_lazy("Language"))
    time_zone = forms.ChoiceField(required=False, label=gettext_lazy("Time zone"))
    hour_cycle = forms.ChoiceField(
        label=gettext_lazy("Clock"),
        choices=[
            ("24", gettext_lazy("24 hours, 13:05")),
            ("12", gettext_lazy("12 hours, 1:05 PM")),
        ],
    )

    class Meta:
        model = User
        fields = (
            *("theme", "density", "language", "time_zone", "hour_cycle"),
            *("single_keys", "hides_details"),
        )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        languages = sorted(settings.LANGUAGES, key=lambda each: each[1])
        self.fields["language"].choices = [("", _("As the browser asks")), *languages]
        clinic = _("The clinic’s: %(zone)s") % {"zone": settings.TIME_ZONE.replace("_", " ")}
        self.fields["time_zone"].choices = [("", clinic), ("UTC", "UTC"), *zones().items()]
        for name in ("language", "time_zone"):
            self.fields[name].widget.attrs |= {"class": "inp", "id": f"id-{name}"}
        for each in KEYS:
            self.fields[f"key-{each.code}"] = forms.CharField(
                required=False,
                max_length=1,
                label=each.label,
                initial=pressed(each.default, self.instance.keys).upper(),
                widget=forms.TextInput(attrs={"class": "inp", "id": f"id-key-{each.code}"}),
            )

    @property
    def keys(self) -> list[forms.BoundField]:
        return [self[f"key-{each.code}"] for each in KEYS]

    def clean(self):
        data = super().clean()
        # A form that does not ask for keys leaves them as they are.
        if not any(f"key-{each.code}" in self.data for each in KEYS):
            return data
        given = {each.code: (data.get(f"key-{each.code}") or "").lower() for each in KEYS}
        for each in shared(given):
            self.add_error(f"key-{each.code}", _("Another action has this key, too."))
        self.instance.keys = {
            each.code: given[each.code] for each in KEYS if given[each.code] != each.default
        }
        return data


@method_decorator(never_cache, name="dispatch")
class PasswordChange(PasswordChangeView):
    """A new password for the one that is known; Django ends the other sessions of the user."""

    template_name = "accounts/password.html"
    success_url = reverse_lazy("tasks:profile")

    def form_valid(self, form) -> HttpResponse:
        super().form_valid(form)
        messages.success(self.request, _("Your password was changed."))
        return HttpResponseRedirect(self.get_success_url(), status=303)
