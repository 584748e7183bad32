"""Kinds of work, their stages, subtasks and reasons."""

from django import forms
from django.contrib import admin
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fhir.definitions import resource_types
from tasks import activity_definitions, shipped, task_types
from tasks.models import PlannedSubtask, ReasonChoice, Stage, TaskCategory, TaskType


class Labelled:
    """Says of each field what it is called: in a table, Django says it in the head alone."""

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field:
            field.widget.attrs.setdefault("aria-label", capfirst(db_field.verbose_name))
        return field


class Remembered(Labelled, admin.ModelAdmin):
    """What is kept in memory is read anew once it is saved, and other systems are told."""

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        activity_definitions.export()

    def delete_model(self, request, obj):
        super().delete_model(request, obj)
        activity_definitions.export()

    def delete_queryset(self, request, queryset):
        super().delete_queryset(request, queryset)
        activity_definitions.export()


class LabelledFormSet(forms.BaseInlineFormSet):
    def add_fields(self, form, index):
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].widget.attrs["aria-label"] = _("Delete")


class InOrder(Labelled, admin.TabularInline):
    formset = LabelledFormSet
    extra = 0
    ordering = ["position", "id"]


class StageInline(InOrder):
    """Steps on the way, in the order in which they are offered."""

    model = Stage
    fields = ["position", "display", "code", "system"]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "system":
            kwargs["initial"] = task_types.TASK_STAGE
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class SubtaskInline(InOrder):
    model = PlannedSubtask
    fk_name = "task_type"
    fields = ["position", "subtype", "title"]
    autocomplete_fields = ["subtype"]
    verbose_name_plural = gettext_lazy("subtasks that are made with it")


class ReasonInline(InOrder):
    model = ReasonChoice
    fields = ["kind", "position", "display", "code", "system"]
    ordering = ["kind", "position", "id"]
    verbose_name_plural = gettext_lazy("reasons of its own, instead of those of the site")

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "system":
            kwargs["initial"] = task_types.STATUS_REASON
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class TaskTypeForm(forms.ModelForm):
    def clean_focus_types(self):
        names = [each.strip() for each in self.cleaned_data["focus_types"] or ()]
        unknown = [each for each in names if each not in resource_types()]
        if unknown:
            raise forms.ValidationError(
                _("No resource type of FHIR R4: %(unknown)s.") % {"unknown": ", ".join(unknown)}
            )
        return names


@admin.register(TaskType)
class TaskTypeAdmin(Remembered):
    form = TaskTypeForm
    list_display = ["title", "code", "category", "pool", "priority", "due", "way", "active"]
    list_filter = ["active", "category", "pool"]
    list_select_related = ["category", "pool"]
    search_fields = ["title", "code"]
    autocomplete_fields = ["pool", "category"]
    inlines = [StageInline, SubtaskInline, ReasonInline]
    fieldsets = [
        (None, {"fields": ["title", "description", "category", "active"]}),
        (
            gettext_lazy("Code"),
            {
                "fields": ["code", "system"],
                "description": gettext_lazy("The first coding of Task.code."),
            },
        ),
        (
            gettext_lazy("Its tasks"),
            {"fields": ["focus_types", "pool", "priority", "requires_licence"]},
        ),
        (gettext_lazy("Due"), {"fields": ["due_minutes", "due_days"]}),
    ]

    def get_readonly_fields(self, request, obj=None):
        """Tasks are known by their type's code, which cannot change under them."""
        return ["code", "system"] if obj else []

    def get_changeform_initial_data(self, request):
        return {"system": task_types.TASK_TYPE, **super().get_changeform_initial_data(request)}

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("stages")

    def has_delete_permission(self, request, obj=None):
        """One that is shipped would come back; it is switched off instead."""
        if obj and (obj.system, obj.code) in {(each.system, each.code) for each in shipped.TYPES}:
            return False
        return super().has_delete_permission(request, obj)

    @admin.display(description="due")
    def due(self, task_type):
        if task_type.due_minutes is not None:
            return _("after %(due_minutes)s min") % {"due_minutes": task_type.due_minutes}
        if task_type.due_days is not None:
            days = task_type.due_days
            return (
                _("end of the day")
                if days == 0
                else _("end of the day, %(days)s d later") % {"days": days}
            )
        return ""

    @admin.display(description="stages")
    def way(self, task_type):
        return " → ".join(each.display for each in task_type.stages.all())


@admin.register(TaskCategory)
class TaskCategoryAdmin(Remembered):
    list_display = ["title", "code", "description", "position"]
    list_editable = ["position"]
    search_fields = ["title", "code"]

    def get_readonly_fields(self, request, obj=None):
        return ["code", "system"] if obj else []

    def get_changeform_initial_data(self, request):
        return {"system": task_types.TASK_CATEGORY, **super().get_changeform_initial_data(request)}

    def has_delete_permission(self, request, obj=None):
        if obj and obj.code in shipped.CATEGORIES:
            return False
        return super().has_delete_permission(request, obj)


@admin.register(ReasonChoice)
class ReasonChoiceAdmin(Remembered):
    """Of the whole site; those of one type of work are shown with it."""

    list_display = ["display", "kind", "code", "task_type", "position"]
    list_editable = ["position"]
    list_filter = ["kind", ("task_type", admin.EmptyFieldListFilter), "task_type"]
    list_select_related = ["task_type"]
    search_fields = ["display", "code"]
    autocomplete_fields = ["task_type"]
    fields = ["kind", "task_type", "position", "display", "code", "system"]

    def get_changeform_initial_data(self, request):
        return {"system": task_types.STATUS_REASON, **super().get_changeform_initial_data(request)}

    def changelist_view(self, request, extra_context=None):
        answer = super().changelist_view(request, extra_context)
        if request.method == "POST":
            task_types.forget()
        return answer
