"""Tasks in Django admin: to look at, with the way to the worklist; never to change or delete."""

from django.contrib import admin
from django.utils.html import format_html

from accounts.admin import ReadOnlyAdmin
from tasks.models import Provenance, Task


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    list_display = ["resource_id", "status", "priority", "owner", "pool", "due", "last_updated"]
    list_filter = ["status", "priority", "pool", "deleted"]
    list_select_related = ["pool"]
    search_fields = ["resource_id", "owner"]
    readonly_fields = ["worklist"]

    @admin.display(description="Worklist")
    def worklist(self, task):
        return format_html('<a href="/worklist/t/{}">Open in the worklist</a>', task.resource_id)


admin.site.register(Provenance, ReadOnlyAdmin)
