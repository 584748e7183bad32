"""The switch in the foot of every page: whether she who looks takes work, and until when."""

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.availability import State, presence_of
from fhir.actor import Role
from tasks.eligible import day_or_time

register = template.Library()


@register.inclusion_tag("tasks/_availability.html", takes_context=True)
def availability(context) -> dict:
    """Nothing for those who do no work here: auditors, and users without a resource of their own."""
    actor, now = context["request"].actor, timezone.now()
    if not actor or not actor.reference or actor.role is Role.AUDITOR:
        return {"shown": False}
    found = presence_of(actor.reference, at=now)
    until = day_or_time(found.until, now) if found.until else ""
    return {
        "shown": True,
        "request": context["request"],
        "reference": actor.reference,
        "word": _("Available") if until and found.is_on else found.label,
        "until": until,
        "state": found.state.value,
        "on": found.state is State.ON,
    }
