"""What the worklist's templates draw with: icons, times and people."""

import json
from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import keys, people
from accounts.site import setting
from fhir.actor import SYSTEM
from tasks import assets, times
from tasks import words as texts
from tasks.rows import PRIORITIES, headline_of, is_patient
from tasks.rules.events import RULES
from tasks.task_types import label_of

register = template.Library()


@register.simple_tag
def asset(name: str) -> str:
    """The address of our style sheet, script or sheet of icons."""
    return assets.url(name)


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """A decorative icon; what it means stands beside it in words. `size` is "s" or "l"."""
    if name not in assets.ICONS:
        raise template.TemplateSyntaxError(f"{name} is not among the icons of the pages.")
    return format_html(
        '<svg class="i{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f" i-{size}" if size else "",
        assets.url("icons.svg"),
        name,
    )


@register.simple_tag
def words() -> str:
    """What the scripts say, as JSON for an attribute."""
    return json.dumps(texts.words(), ensure_ascii=False, separators=(",", ":"))


@register.simple_tag(takes_context=True)
def key(context: template.Context, default: str, *, told: bool = False) -> str:
    """The hint of a single key, as its reader has chosen it; `told` to those who listen, too."""
    found = _pressed(context, default.lower()).upper()
    if not found:
        return _("none") if told else ""
    return format_html("<kbd{}>{}</kbd>", "" if told else mark_safe(' aria-hidden="true"'), found)


@register.simple_tag(takes_context=True)
def shortcut(context: template.Context, default: str) -> str:
    """The attributes of what a single key presses."""
    if not default:
        return ""
    found = _pressed(context, default.lower())
    told = format_html(' aria-keyshortcuts="{}"', found.upper()) if found else ""
    return format_html('data-key="{}"{}', default.lower(), told)


@register.simple_tag(takes_context=True)
def remap(context: template.Context) -> str:
    """What keys stand for which, as JSON for an attribute; "" where all are as at first."""
    found = keys.remapped(_chosen(context))
    return json.dumps(found, separators=(",", ":")) if found else ""


def _pressed(context: template.Context, default: str) -> str:
    return keys.pressed(default, _chosen(context))


def _chosen(context: template.Context) -> dict[str, str]:
    return getattr(context.get("user"), "keys", None) or {}


@register.simple_tag
def clinic_name() -> str:
    return setting("name")


@register.simple_tag
def priority(code: str) -> SafeString:
    """Bars, word and weight of fill: three channels besides colour (ui.md 2.7)."""
    _bars, word = PRIORITIES.get(code, (1, code))
    return format_html('<span class="prio {}">{}</span>', code, word)


register.filter("is_patient", is_patient)

ROLES = {
    "admin": gettext_lazy("Admin"),
    "coordinator": gettext_lazy("Coordinator"),
    "practitioner": gettext_lazy("Practitioner"),
    "auditor": gettext_lazy("Auditor"),
    "service": gettext_lazy("Service"),
}


@register.filter
def headline(task) -> str:
    """What a row or a Task is called before its title; "" where its title says it best."""
    return headline_of(task.title, task.description)


@register.filter
def role_name(role: str) -> str:
    return ROLES.get(role, role)


@register.filter
def moment(at: datetime | None, now: datetime) -> str:
    return times.moment(at, now)


@register.filter
def ago(at: datetime, now: datetime) -> str:
    return times.ago(at, now)


@register.filter
def iso(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""


@register.filter
def initials(name: str) -> str:
    return people.initials(name)


@register.filter
def display(concept: dict | None) -> str:
    """What a CodeableConcept is called."""
    return label_of(concept)


@register.filter
def task_id(reference: str) -> str:
    """The id in a reference to a Task; "" for a reference to anything else."""
    name, _, found = reference.partition("/")
    return found if name == "Task" else ""


SERVER = {SYSTEM.name: "Taskward", RULES.name: RULES.display}
"""What acts without anybody."""


@register.simple_tag(takes_context=True)
def news_of(context: template.Context, task_id: str) -> list:
    """What became of a watched Task since the reader looked."""
    return context["told"].get(task_id, [])


@register.simple_tag(takes_context=True)
def called(context: template.Context, reference: str, *, start: bool = True) -> str:
    """The name of who brought a step; "You" for the reader."""
    task = context["task"]
    if reference == task.you:
        return _("You") if start else _("you")
    return task.named.get(reference) or SERVER.get(reference, reference)
