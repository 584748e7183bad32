"""Who opened which hand-over sheet, and what was handed over to whom: to look at, as in a log."""

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin
from tasks.models import HandOver, HandOverItem, SheetOpening


@admin.register(SheetOpening)
class SheetOpeningAdmin(ReadOnlyAdmin):
    list_display = ["opened_at", "opened_by", "pool", "tasks"]
    list_filter = ["pool"]
    list_select_related = ["pool"]
    search_fields = ["opened_by"]
    date_hierarchy = "opened_at"
    ordering = ["-opened_at"]


class ItemInline(admin.TabularInline):
    model = HandOverItem
    fields = ["task_id", "state", "answered_by", "answered_at"]
    can_delete = False


@admin.register(HandOver)
class HandOverAdmin(ReadOnlyAdmin):
    """The notes, which say more of patients than a log should, are on the pages alone."""

    list_display = ["offered_at", "giver", "receiver", "pool", "is_open"]
    list_filter = ["is_open", "pool"]
    list_select_related = ["pool"]
    search_fields = ["giver", "receiver"]
    exclude = ["note"]
    date_hierarchy = "offered_at"
    ordering = ["-offered_at"]
    inlines = [ItemInline]
