"""Django admin as an admin of a clinic looks for things: what she sets up first, in her words."""

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

SECTIONS = {
    "work": (
        _("Work"),
        ("tasks.TaskType", "tasks.TaskCategory", "tasks.ReasonChoice", "tasks.Rule"),
        ("tasks.RuleRun", "tasks.SavedView", "communications.Snippet"),
    ),
    "people": (
        _("People and pools"),
        ("accounts.Pool", "accounts.User", "auth.Group", "accounts.Availability"),
    ),
    "site": (_("This site"), ("accounts.SiteSettings",)),
    "connections": (
        _("Other systems"),
        ("oauth2_provider.Application", "fhir.Endpoint", "fhir.Subscriber", "fhir.Event"),
        ("fhir.Attempt",),
    ),
    "records": (
        _("Records, to look at"),
        ("tasks.Task", "tasks.Provenance", "communications.Communication", "tasks.HandOver"),
        ("tasks.SheetOpening", "accounts.Patient", "accounts.Practitioner"),
        ("accounts.PractitionerRole",),
    ),
}
"""Section → what it is called, and its models in order. What is in none stands in the last one."""
REST = "rest"


class Site(AdminSite):
    site_title = site_header = "Taskward"
    index_title = _("Set up")
    site_url = "/worklist/"

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict]:
        """By section instead of by app; the page of one app is as it always is."""
        apps = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        models = {each["model"]._meta.label: each for app in apps for each in app["models"]}
        sections = [
            (code, name, [models.pop(label) for part in parts for label in part if label in models])
            for code, (name, *parts) in SECTIONS.items()
        ]
        sections.append((REST, _("Sign-ins, tokens and jobs"), list(models.values())))
        index = reverse("admin:index", current_app=self.name)
        return [
            {
                "name": name,
                "app_label": code,
                "app_url": f"{index}#{code}",
                "has_module_perms": True,
                "models": found,
            }
            for code, name, found in sections
            if found
        ]
