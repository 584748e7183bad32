"""Django admin for what admins set up: users, roles, pools, API clients.

Resources are shown read-only: they are changed by their actions, which check, keep versions and
write permissions; a form that saves rows would not.
"""

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import transaction

from accounts.actions import set_reference
from accounts.models import Patient, Pool, Practitioner, PractitionerRole, User
from accounts.pools import create_pool, save_codes

admin.site.site_header = admin.site.site_title = "Taskward"
admin.site.index_title = "Set up"


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
    list_display = ["username", "first_name", "last_name", "reference", "is_active"]
    search_fields = ["username", "first_name", "last_name", "reference"]
    fieldsets = [
        *DjangoUserAdmin.fieldsets,
        ("FHIR", {"fields": ["reference"]}),
        ("Display", {"fields": ["theme", "density"]}),
    ]
    add_fieldsets = [
        *DjangoUserAdmin.add_fieldsets,
        (None, {"fields": ["first_name", "last_name", "reference", "groups"]}),
    ]

    def save_model(self, request, obj, form, change):
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if "reference" in form.changed_data:
                set_reference(obj, obj.reference)


class PoolForm(forms.ModelForm):
    class Meta:
        model = Pool
        fields = ["name", "slug", "codes", "coordinators"]


@admin.register(Pool)
class PoolAdmin(admin.ModelAdmin):
    form = PoolForm
    list_display = ["name", "slug", "codes"]
    search_fields = ["name", "slug"]
    filter_horizontal = ["coordinators"]
    prepopulated_fields = {"slug": ["name"]}

    def save_model(self, request, obj, form, change):
        if change:
            save_codes(obj)
        else:
            made = create_pool(obj.name, obj.codes, obj.slug)
            obj.pk, obj.group = made.pk, made.group

    def has_delete_permission(self, request, obj=None):
        """Tasks point at pools; one that is not used any more is left without members."""
        return False


admin.site.register([Patient, Practitioner, PractitionerRole], ReadOnlyAdmin)
