"""Django admin for what admins set up: users, roles, pools, API clients.

Resources are shown read-only: they are changed by their actions, which check, keep versions and
write permissions; a form that saves rows would not.
"""

from datetime import time

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import branding, site
from accounts.actions import check_availability, set_availability, set_reference
from accounts.members import everybody, members
from accounts.models import (
    Availability,
    MemberLimit,
    OpeningHours,
    Patient,
    Pool,
    Practitioner,
    PractitionerRole,
    SiteSettings,
    User,
)
from accounts.pools import create_pool, save_codes
from fhir.actor import Role
from fhir.errors import FhirError


class ReadOnlyAdmin(admin.ModelAdmin):
    """For looking at resources; nothing can be added, changed or deleted here."""

    list_display = ["resource_id", "version_id", "last_updated", "deleted"]
    list_filter = ["deleted"]
    search_fields = ["resource_id"]
    ordering = ["-last_updated"]
    show_full_result_count = False

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    list_display = ["username", "first_name", "last_name", "role", "reference", "is_active"]
    search_fields = ["username", "first_name", "last_name", "reference"]
    fieldsets = [
        *DjangoUserAdmin.fieldsets,
        ("FHIR", {"fields": ["reference"]}),
        (gettext_lazy("Display"), {"fields": ["theme", "density"]}),
    ]
    add_fieldsets = [
        *DjangoUserAdmin.add_fieldsets,
        (None, {"fields": ["first_name", "last_name", "reference", "groups"]}),
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description=gettext_lazy("role"))
    def role(self, user: User) -> str:
        """Her groups that are roles: those of pools follow from her PractitionerRoles."""
        return ", ".join(each.name for each in user.groups.all() if each.name in {*Role})

    def save_model(self, request, obj, form, change):
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if "reference" in form.changed_data:
                set_reference(obj, obj.reference)


class PoolForm(forms.ModelForm):
    class Meta:
        model = Pool
        fields = [
            *("name", "slug", "codes", "coordinators"),
            *("requires_licence", "refuses_unserved", "member_limit"),
            *("sla_stat", "sla_asap", "sla_urgent", "sla_routine"),
        ]


class OpeningHoursInline(admin.TabularInline):
    """A pool without hours is always open."""

    model = OpeningHours
    extra = 0
    ordering = ["weekday", "opens"]
    verbose_name_plural = gettext_lazy("opening hours, in the clinic's time (none: always open)")


class MemberLimitInline(admin.TabularInline):
    """For members with more or fewer than the pool's limit."""

    model = MemberLimit
    extra = 0
    verbose_name_plural = gettext_lazy("limits of single members")

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "practitioner":
            return practitioner_field()
        return super().formfield_for_dbfield(db_field, request, **kwargs)


def practitioner_field(*, required: bool = True) -> forms.ChoiceField:
    """Those who sign in here, by name; the choice is the reference."""

    def choices():
        found = [(each.reference, each.name) for each in everybody(at=timezone.now())]
        return [("", "---------"), *found]

    return forms.ChoiceField(choices=choices, required=required)


@admin.register(Pool)
class PoolAdmin(admin.ModelAdmin):
    form = PoolForm
    list_display = ["name", "slug", "codes", "member_limit", "requires_licence", "hours"]
    list_filter = ["requires_licence", "refuses_unserved"]
    search_fields = ["name", "slug"]
    autocomplete_fields = ["coordinators"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["members_now"]
    inlines = [OpeningHoursInline, MemberLimitInline]
    actions = ["open_on_weekdays"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "codes"]}),
        (gettext_lazy("People"), {"fields": ["members_now", "coordinators", "member_limit"]}),
        (gettext_lazy("What it takes"), {"fields": ["requires_licence", "refuses_unserved"]}),
        (
            gettext_lazy("Minutes of opening time until a task is to be claimed"),
            {"fields": [("sla_stat", "sla_asap", "sla_urgent", "sla_routine")]},
        ),
    ]

    @admin.display(description=_("Members now"))
    def members_now(self, pool: Pool) -> str:
        """Who is in it follows from active PractitionerRoles with one of its codes."""
        found = members([pool.pk], at=timezone.now()) if pool.pk else []
        return ", ".join(f"{each.name} ({each.presence.label})" for each in found) or _("Nobody")

    @admin.display(description=_("Open"))
    def hours(self, pool: Pool) -> str:
        return _("%(days)s days a week") % {"days": pool.days} if pool.days else _("Always")

    def get_queryset(self, request):
        days = Count("opening_hours__weekday", distinct=True)
        return super().get_queryset(request).annotate(days=days)

    @admin.action(permissions=["change"], description=_("Open Monday to Friday, 08:00 to 17:00"))
    def open_on_weekdays(self, request, queryset):
        """In place of the hours that they have."""
        with transaction.atomic():
            OpeningHours.objects.filter(pool__in=queryset).delete()
            OpeningHours.objects.bulk_create(
                OpeningHours(pool=pool, weekday=weekday, opens=time(8), closes=time(17))
                for pool in queryset
                for weekday in range(5)
            )
        self.message_user(request, _("The opening hours are set."))

    def save_model(self, request, obj, form, change):
        if change:
            save_codes(obj)
            return
        with transaction.atomic():
            made = create_pool(obj.name, obj.codes, obj.slug)
            obj.pk, obj.group = made.pk, made.group
            obj.save(force_update=True)

    def has_delete_permission(self, request, obj=None):
        """Tasks point at pools; one that is not used any more is left without members."""
        return False


class AvailabilityForm(forms.ModelForm):
    practitioner = practitioner_field()
    delegate = practitioner_field(required=False)

    class Meta:
        model = Availability
        fields = ["practitioner", "state", "until", "delegate"]

    def clean(self):
        said = super().clean()
        reference = said.get("practitioner") or self.instance.practitioner
        if reference and said.keys() >= {"state", "delegate"}:
            try:
                check_availability(
                    reference,
                    said["state"],
                    until=said.get("until"),
                    delegate=said["delegate"],
                    at=timezone.now(),
                )
            except FhirError as error:
                raise forms.ValidationError(str(error)) from error
        return said


@admin.register(Availability)
class AvailabilityAdmin(admin.ModelAdmin):
    """Whether somebody takes work. The People page also moves the work of one who goes on leave."""

    form = AvailabilityForm
    list_display = ["practitioner", "state", "until", "delegate", "changed_by", "changed_at"]
    list_filter = ["state"]
    search_fields = ["practitioner"]

    def save_model(self, request, obj, form, change):
        set_availability(
            obj.practitioner,
            obj.state,
            until=obj.until,
            delegate=obj.delegate,
            actor=request.actor,
            at=timezone.now(),
        )
        obj.pk = Availability.objects.get(practitioner=obj.practitioner).pk

    def get_readonly_fields(self, request, obj=None):
        return ["practitioner"] if obj else []


@admin.register(SiteSettings)
class SiteSettingsAdmin(admin.ModelAdmin):
    """One row, with the form of it in place of a list. What is empty is as the server is set."""

    readonly_fields = ["sample", "zone"]
    fieldsets = [
        (None, {"fields": ["name", "zone"]}),
        (
            gettext_lazy("Colours"),
            {
                "fields": ["brand", "on_brand", "brand_tint", "sample"],
                "description": gettext_lazy(
                    "#rrggbb for both themes, or two with a comma between them: light and dark."
                    " What could not be read is refused."
                ),
            },
        ),
        (gettext_lazy("Pages"), {"fields": ["idle_minutes", "undo_seconds"]}),
        (gettext_lazy("Statistics"), {"fields": ["stats_smallest", "sla_goal"]}),
    ]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        """Where nothing is chosen, what holds stands in its place."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name in site.ENVIRONMENT:
            holds = site.unset(db_field.name)
            tokens = {name: token for token, name in branding.FIELDS.items()}
            if db_field.name in tokens:
                holds = ",".join(holds or branding.tokens()[tokens[db_field.name]])
            field.widget.attrs["placeholder"] = holds
        return field

    @admin.display(description=gettext_lazy("how it looks now"))
    def sample(self, row: SiteSettings) -> str:
        """A button and a chosen row in both themes."""
        colours = branding.tokens() | branding.site_colours()
        drawn = [
            (colours["brand-tint"][n], colours["brand"][n], colours["on-brand"][n], name)
            for n, name in enumerate((_("Light"), _("Dark")))
        ]
        return format_html_join(
            " ",
            '<svg class="sample" width="150" height="52" role="img" aria-label="{3}">'
            '<rect width="150" height="52" rx="6" fill="{0}"/>'
            '<rect x="12" y="11" width="70" height="30" rx="6" fill="{1}"/>'
            '<text x="47" y="31" text-anchor="middle" fill="{2}">{3}</text>'
            '<text x="116" y="31" text-anchor="middle" fill="{1}">{3}</text></svg>',
            drawn,
        )

    @admin.display(description=gettext_lazy("time zone"))
    def zone(self, row: SiteSettings) -> str:
        said = _(
            "Days and hours are reckoned in it, so that it changes with TASKWARD_TIME_ZONE and a new"
            " start alone."
        )
        return format_html('{} <span class="help">{}</span>', settings.TIME_ZONE, said)

    def get_object(self, request, object_id, from_field=None):
        return SiteSettings.current()

    def changelist_view(self, request, extra_context=None):
        url = reverse("admin:accounts_sitesettings_change", args=[SiteSettings.ONLY])
        return HttpResponseRedirect(url)

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


admin.site.register([Patient, Practitioner, PractitionerRole], ReadOnlyAdmin)
