"""Tasks in Django admin: to look at, with the way to the worklist; never to change or delete."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin import ReadOnlyAdmin
from tasks.document import NO_DUE, PRIORITY_RANK
from tasks.models import Provenance, Task
from tasks.rows import PRIORITIES
from tasks.transitions import Status

WORDS = {PRIORITY_RANK[code]: word for code, (_bars, word) in PRIORITIES.items()}


class Choice(admin.SimpleListFilter):
    """A filter by what there can be: Django's own looks through all rows for what there is."""

    def queryset(self, request, queryset):
        return queryset.filter(**{self.parameter_name: self.value()}) if self.value() else queryset


class StatusFilter(Choice):
    title = gettext_lazy("status")
    parameter_name = "status"

    def lookups(self, request, model_admin):
        return Status.choices


class PriorityFilter(Choice):
    title = gettext_lazy("priority")
    parameter_name = "priority"

    def lookups(self, request, model_admin):
        return WORDS.items()


def worklist_link(task_id: str):
    return format_html(
        '<a href="{}">{}</a>', reverse("tasks:task", args=[task_id]), _("Open in worklist")
    )


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    list_display = ["resource_id", "worklist", "state", "urgency", "owner", "pool", "due_at"]
    list_display += ["last_updated"]
    list_filter = [StatusFilter, PriorityFilter, "pool", "deleted"]
    list_select_related = ["pool"]
    show_facets = admin.ShowFacets.ALLOW
    search_fields = ["=resource_id", "=owner"]
    search_help_text = gettext_lazy("The whole id of a task, or of its owner: Practitioner/x.")
    readonly_fields = ["worklist"]

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, task):
        return Status(task.status).label if task.status in Status else task.status

    @admin.display(description=gettext_lazy("priority"), ordering="priority")
    def urgency(self, task):
        return WORDS.get(task.priority, task.priority)

    @admin.display(description=gettext_lazy("due"), ordering="due")
    def due_at(self, task):
        return None if task.due == NO_DUE else task.due

    @admin.display(description=gettext_lazy("worklist"))
    def worklist(self, task):
        return worklist_link(task.resource_id)


@admin.register(Provenance)
class ProvenanceAdmin(ReadOnlyAdmin):
    list_display = ["resource_id", "last_updated", "tasks"]
    search_fields = ["=resource_id"]
    search_help_text = gettext_lazy("The whole id of a provenance.")
    readonly_fields = ["tasks"]

    @admin.display(description=gettext_lazy("worklist"))
    def tasks(self, provenance):
        ids = [
            each.removeprefix("Task/") for each in provenance.targets if each.startswith("Task/")
        ]
        return format_html_join(" ", "{}", [(worklist_link(each),) for each in ids])
