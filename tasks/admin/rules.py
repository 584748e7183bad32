"""Routing rules: what they are about, what they do, what they would do, and what they did."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.db.models import Count, Q
from django.forms.models import BaseInlineFormSet
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin import ReadOnlyAdmin
from accounts.licences import state_code
from fhir.definitions import resource_types
from fhir.errors import FhirError
from fhir.search.matching import check_criteria
from tasks import shipped
from tasks.admin.types import Labelled
from tasks.models import Rule, RuleAction, RuleRun, TaskType
from tasks.rules import engine
from tasks.rules.conditions import ON_TIME, type_searched
from tasks.rules.events import RULES
from tasks.rules.rehearsal import AT_MOST, WEEK, perform, rehearse

Trigger, Kind = Rule.Trigger, RuleAction.Kind

OF_MESSAGES = ("categories", "sender_types", "text", "needs_answer")
OF_RESOURCES = ("resource_type", "only_new", "abnormal")


class RuleForm(forms.ModelForm):
    """Holds a rule to what its trigger can look at."""

    def clean_states(self):
        names = self.cleaned_data["states"] or []
        unknown = [each for each in names if not state_code(each)]
        if unknown:
            raise forms.ValidationError(
                _("No state of the US: %(unknown)s.") % {"unknown": ", ".join(unknown)}
            )
        return [state_code(each) for each in names]

    def clean_sender_types(self):
        return _types(self.cleaned_data["sender_types"] or [])

    def clean_categories(self):
        names = [each.strip() for each in self.cleaned_data["categories"] or ()]
        if any("|" not in each for each in names):
            raise forms.ValidationError(_("Write each as system|code."))
        return names

    def clean(self):
        data = super().clean()
        trigger = data.get("trigger")
        if trigger == Trigger.RESOURCE:
            if data.get("abnormal"):
                data["resource_type"] = data.get("resource_type") or "DiagnosticReport"
                if data["resource_type"] != "DiagnosticReport":
                    self.add_error("abnormal", _("Only a DiagnosticReport has results."))
            if data.get("resource_type") not in resource_types():
                self.add_error("resource_type", _("Say which resource type of FHIR R4."))
        else:
            self._refuse(OF_RESOURCES, _("Only a rule on a new or changed resource looks at this."))
        if trigger != Trigger.MESSAGE:
            self._refuse(OF_MESSAGES, _("Only a rule on a new message looks at this."))
        if trigger in ON_TIME:
            self._refuse(("stop",), _("A rule on time stops no other."))
            if not data.get("minutes"):
                self.add_error("minutes", _("Say after how many minutes."))
        else:
            self._refuse(("minutes",), _("Only a rule on time waits."))
        if data.get("criteria") and trigger and not self.errors:
            self._check_criteria(data)
        return data

    def _refuse(self, names, sentence):
        for name in names:
            if self.cleaned_data.get(name):
                self.add_error(name, sentence)

    def _check_criteria(self, data):
        rule = Rule(**{each: data[each] for each in ("trigger", "resource_type", "abnormal")})
        try:
            check_criteria(type_searched(rule), data["criteria"], actor=RULES)
        except FhirError as refusal:
            self.add_error("criteria", refusal.issues[0].diagnostics)


def _types(names: list[str]) -> list[str]:
    names = [each.strip() for each in names]
    unknown = [each for each in names if each not in resource_types()]
    if unknown:
        raise forms.ValidationError(
            _("No resource type of FHIR R4: %(unknown)s.") % {"unknown": ", ".join(unknown)}
        )
    return names


class ActionForm(forms.ModelForm):
    """Holds an action to what it needs."""

    def clean(self):
        data = super().clean()
        kind = data.get("kind")
        if kind == Kind.CREATE:
            task_type: TaskType | None = data.get("task_type")
            if task_type is None:
                self.add_error("task_type", _("Say which type of task."))
            elif data.get("pool") is None and task_type.pool is None:
                self.add_error(
                    "pool",
                    _("Its type has no pool: name one, also for when the person cannot do it."),
                )
        if kind == Kind.REROUTE and bool(data.get("pool")) == bool(data.get("person")):
            self.add_error("pool", _("Name a pool or a person."))
        if kind == Kind.NOTIFY:
            if not data.get("whom"):
                self.add_error("whom", _("Say whom."))
            elif data["whom"] == RuleAction.Whom.PERSON and not data.get("person"):
                self.add_error("person", _("Say which person."))
        return data


class ActionFormSet(BaseInlineFormSet):
    def clean(self):
        super().clean()
        kept = [each for each in self.forms if each.cleaned_data and not self._is_deleted(each)]
        if self.instance.active and not kept:
            raise forms.ValidationError(_("Say what the rule does."))

    def _is_deleted(self, form):
        return form.cleaned_data.get("DELETE")


class ActionInline(admin.StackedInline):
    model = RuleAction
    form = ActionForm
    formset = ActionFormSet
    extra = 0
    autocomplete_fields = ["task_type", "pool"]
    fieldsets = [
        (None, {"fields": [("position", "kind"), ("task_type", "priority")]}),
        (None, {"fields": [("pool", "person"), ("strategy", "reason"), ("whom", "text")]}),
    ]


@admin.register(Rule)
class RuleAdmin(Labelled, admin.ModelAdmin):
    form = RuleForm
    change_form_template = "admin/tasks/rule/change_form.html"
    list_display = ["name", "position", "trigger", "does", "active", "stop", "week"]
    list_editable = ["position"]
    list_filter = ["active", "trigger"]
    search_fields = ["name", "slug", "description"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [ActionInline]
    fieldsets = [
        (None, {"fields": ["name", "slug", "description", "active", ("position", "stop")]}),
        (gettext_lazy("When"), {"fields": [("trigger", "minutes"), "criteria", "states"]}),
        (gettext_lazy("Of a message"), {"fields": [*OF_MESSAGES]}),
        (gettext_lazy("Of a resource"), {"fields": [*OF_RESOURCES]}),
    ]

    def get_prepopulated_fields(self, request, obj=None):
        return {} if obj else self.prepopulated_fields

    def get_readonly_fields(self, request, obj=None):
        return ["slug"] if obj else []

    def get_queryset(self, request):
        ran = Count("runs", filter=Q(runs__ran__gt=now() - WEEK))
        found = super().get_queryset(request).annotate(ran_this_week=ran)
        return found.prefetch_related("actions__task_type", "actions__pool")

    def has_delete_permission(self, request, obj=None):
        """What has run keeps its log, and what is shipped would come back: switch it off."""
        if obj is None:
            return False
        if obj.slug in {each["slug"] for each in shipped.RULES} or obj.runs.exists():
            return False
        return super().has_delete_permission(request, obj)

    def save_model(self, request, obj, form, change):
        if {"active", "trigger", "minutes"} & {*form.changed_data}:
            obj.checked = now()  # what waits too long from now on
        super().save_model(request, obj, form, change)

    @admin.display(description="does")
    def does(self, rule):
        said = [
            f"{each.get_kind_display()}{f': {each.task_type}' if each.task_type else ''}"
            for each in rule.actions.all()
        ]
        return "; ".join(said)

    @admin.display(description=_("runs of the last week"))
    def week(self, rule):
        url = reverse("admin:tasks_rulerun_changelist")
        count = rule.ran_this_week
        return format_html('<a href="{}?rule__id__exact={}">{}</a>', url, rule.pk, count)

    def get_urls(self):
        view = self.admin_site.admin_view(self.rehearsal)
        own = path("<int:pk>/rehearsal/", view, name="tasks_rule_rehearsal")
        return [own, *super().get_urls()]

    def rehearsal(self, request, pk):
        """What the rule would have done over the last week; a POST does it."""
        rule = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_change_permission(request, rule):
            raise PermissionDenied
        if request.method == "POST":
            return self._perform(request, rule)
        try:
            listed = rehearse(rule, until=now())
        except OperationalError:
            self.message_user(
                request,
                _("Somebody is changing what this rule is about at the moment. Try again."),
                messages.WARNING,
            )
            return HttpResponseRedirect(reverse("admin:tasks_rule_change", args=[pk]))
        task = request.GET.get("task", "").strip().rpartition("/")[2]
        if task:
            listed.lines[:] = [each for each in listed.lines if _is_about(each, f"Task/{task}")]
        context = {
            **self.admin_site.each_context(request),
            "task": task,
            "opts": self.opts,
            "original": rule,
            "title": _("Dry run: %(rule)s") % {"rule": rule},
            "listed": listed,
            "most": AT_MOST,
            "open": [each for each in listed.lines if each.state != "over" and not each.before],
        }
        return TemplateResponse(request, "admin/tasks/rule/rehearsal.html", context)

    def _perform(self, request, rule):
        until = parse_datetime(request.POST.get("until", "")) or now()
        did = perform(rule, since=until - WEEK, until=until)
        count = sum(each.state == "done" and not each.before for each in did.lines)
        self.message_user(
            request,
            _("The rule acted on %(count)s of %(all)s events.")
            % {"count": count, "all": len(did.lines)},
        )
        self.log_change(request, rule, "Acted on what happened in the week before.")
        url = reverse("admin:tasks_rulerun_changelist")
        return HttpResponseRedirect(f"{url}?rule__id__exact={rule.pk}")


def _is_about(line, task: str) -> bool:
    """Whether it happened to a Task, or to a resource that the rule then has that Task for."""
    focus = (line.event.document.get("focus") or {}).get("reference")
    return task in (line.event.reference, focus, *line.tasks)


@admin.register(RuleRun)
class RuleRunAdmin(ReadOnlyAdmin):
    """The log of what rules did."""

    list_display = ["ran", "rule", "event", "state", "result"]
    list_filter = ["state", "rule"]
    list_select_related = ["rule"]
    search_fields = ["event"]
    date_hierarchy = "ran"
    ordering = ["-id"]
    fields = ["rule", "event", "happened", "ran", "state", "result", "work", "cause", "tries"]
    readonly_fields = fields
    actions = ["try_again", "give_up"]

    def has_retry_permission(self, request):
        """The log itself is nobody's to change."""
        return request.user.has_perm("tasks.change_rulerun")

    @admin.display(description="tasks")
    def work(self, run):
        ids = [(each.removeprefix("Task/"),) * 2 for each in run.tasks]
        return format_html_join(" ", '<a href="/worklist/t/{}">{}</a>', ids)

    @admin.action(permissions=["retry"], description=_("Try again now what has failed"))
    def try_again(self, request, queryset):
        count = engine.retry(only=[each.pk for each in queryset])
        self.message_user(request, _("%(count)s done.") % {"count": count})

    @admin.action(permissions=["retry"], description=_("Give up what has failed"))
    def give_up(self, request, queryset):
        failed = queryset.filter(state=RuleRun.State.FAILED)
        count = failed.update(state=RuleRun.State.GIVEN_UP)
        self.message_user(request, _("%(count)s will not be tried again.") % {"count": count})
