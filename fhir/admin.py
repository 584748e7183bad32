"""Django admin for Subscriptions: where they may send to, how it goes, and sending again.

A Subscription itself is written by the API. Secrets can be set here and are never shown.
"""

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, OuterRef, Q, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fhir import json
from fhir.models import ClinicalResource
from fhir.subscriptions import delivering
from fhir.subscriptions import document as says
from fhir.subscriptions.models import Attempt, Endpoint, Event, Subscriber
from fhir.subscriptions.resource import set_key


class ShownAdmin(admin.ModelAdmin):
    """Rows that the server writes."""

    show_full_result_count = False

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Endpoint)
class EndpointAdmin(admin.ModelAdmin):
    list_display = ["__str__", "allows_private", "note"]
    search_fields = ["host", "note"]


class SubscriberForm(forms.ModelForm):
    """What can be done about one Subscription."""

    new_key = forms.CharField(
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy(
            "whsec_ and 24 to 64 bytes in base64. It takes the place of the present one."
        ),
    )
    resend_from = forms.IntegerField(
        required=False,
        min_value=1,
        help_text=gettext_lazy("Send the events from this number on again,"),
    )
    resend_until = forms.IntegerField(
        required=False, min_value=1, help_text=gettext_lazy("up to this one, or to the last.")
    )

    class Meta:
        model = Subscriber
        fields: list[str] = []

    def clean_new_key(self):
        key = self.cleaned_data["new_key"]
        if key and says.key_bytes(key) is None:
            raise forms.ValidationError(_("This is not such a key."))
        return key


@admin.register(Subscriber)
class SubscriberAdmin(ShownAdmin):
    form = SubscriberForm
    list_display = ["resource_id", "status", "endpoint", "last_number", "waiting", "given_up"]
    list_display += ["failures", "next_attempt_at"]
    search_fields = ["resource_id"]
    ordering = ["-failures", "resource_id"]
    actions = ["send_what_was_given_up", "try_now"]
    readonly_fields = ["resource_id", "status", "error", "criteria", "endpoint", "author", "scopes"]
    readonly_fields += ["names_of_headers", "is_signed", "last_number", "waiting", "given_up"]
    readonly_fields += ["failures", "failing_since", "next_attempt_at"]
    fieldsets = [
        (None, {"fields": readonly_fields}),
        (gettext_lazy("Send again"), {"fields": ["resend_from", "resend_until"]}),
        (gettext_lazy("Signature"), {"fields": ["new_key"]}),
    ]

    def get_queryset(self, request):
        outcomes = Event.Outcome
        document = ClinicalResource.objects.filter(
            resource_type=says.TYPE, resource_id=OuterRef("resource_id"), deleted=False
        )
        return (
            super()
            .get_queryset(request)
            .annotate(
                waiting=Count("events", filter=Q(events__outcome=outcomes.WAITING)),
                given_up=Count("events", filter=Q(events__outcome=outcomes.DEAD)),
                text=Subquery(document.values("document")[:1]),
            )
        )

    def _says(self, subscriber: Subscriber, *names: str) -> str:
        """An element of the Subscription's document."""
        if not hasattr(subscriber, "document"):
            subscriber.document = json.loads_stored(subscriber.text) if subscriber.text else {}
        found = subscriber.document
        for name in names:
            found = found.get(name, {})
        return found or ""

    def status(self, subscriber):
        return self._says(subscriber, "status") or "deleted"

    def error(self, subscriber):
        return self._says(subscriber, "error")

    def criteria(self, subscriber):
        return self._says(subscriber, "criteria")

    def endpoint(self, subscriber):
        return self._says(subscriber, "channel", "endpoint")

    def author(self, subscriber):
        return f"user {subscriber.user_id}, {subscriber.grant or 'no token'}"

    def names_of_headers(self, subscriber):
        return ", ".join(subscriber.headers)

    @admin.display(boolean=True)
    def is_signed(self, subscriber):
        return bool(subscriber.secret)

    def waiting(self, subscriber):
        return subscriber.waiting

    def given_up(self, subscriber):
        return subscriber.given_up

    def save_model(self, request, obj, form, change):
        given = form.cleaned_data
        if given["new_key"]:
            set_key(obj.resource_id, given["new_key"])
        if first := given["resend_from"]:
            wanted = Q(number__gte=first)
            if last := given["resend_until"]:
                wanted &= Q(number__lte=last)
            count = delivering.resend(obj.pk, wanted)
            self.message_user(request, _("%(count)s events are sent again.") % {"count": count})

    @admin.action(permissions=["change"], description=_("Send what was given up again"))
    def send_what_was_given_up(self, request, queryset):
        dead = Q(outcome=Event.Outcome.DEAD)
        count = sum(delivering.resend(each.pk, dead) for each in queryset)
        self.message_user(
            request, _("%(count)s events are sent again.") % {"count": count}, messages.SUCCESS
        )

    @admin.action(permissions=["change"], description=_("Try now what waits"))
    def try_now(self, request, queryset):
        for each in queryset:
            delivering.try_now(each.pk)
        self.message_user(request, _("What waits is tried now."), messages.SUCCESS)


@admin.register(Event)
class EventAdmin(ShownAdmin):
    list_display = ["subscriber", "number", "reference", "version_id", "happened_at", "outcome"]
    list_filter = ["outcome"]
    list_select_related = ["subscriber"]
    search_fields = ["subscriber__resource_id", "resource_id"]
    ordering = ["-pk"]
    actions = ["send_again"]
    date_hierarchy = "happened_at"

    def has_change_permission(self, request, obj=None):
        return False

    def has_resend_permission(self, request):
        return request.user.has_perm("fhir.change_event")

    @admin.action(permissions=["resend"], description=_("Send again"))
    def send_again(self, request, queryset):
        keys: dict[int, list[int]] = {}
        for subscriber_id, key in queryset.values_list("subscriber_id", "pk"):
            keys.setdefault(subscriber_id, []).append(key)
        count = sum(delivering.resend(each, Q(pk__in=keys[each])) for each in keys)
        self.message_user(
            request, _("%(count)s events are sent again.") % {"count": count}, messages.SUCCESS
        )


@admin.register(Attempt)
class AttemptAdmin(ShownAdmin):
    """The log of what was sent: when, for how long, and what came of it; nothing of the content."""

    list_display = ["subscriber", "first_number", "last_number", "started_at", "milliseconds"]
    list_display += ["status", "fault"]
    list_filter = ["status"]
    list_select_related = ["subscriber"]
    search_fields = ["subscriber__resource_id"]
    date_hierarchy = "started_at"
    ordering = ["-started_at"]

    def has_change_permission(self, request, obj=None):
        return False
