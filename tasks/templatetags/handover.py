"""What the pages of the hand-over say besides, and the word in the navigation that one waits."""

from collections.abc import Mapping
from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.formats import date_format

from tasks import handover, times
from tasks.handover import Answer
from tasks.models import HandOverItem

register = template.Library()


@register.simple_tag(takes_context=True)
def hand_overs_waiting(context: template.Context) -> int:
    """How many hand-overs wait for an answer of hers."""
    actor = context["request"].actor
    return handover.waiting_for(actor).count() if actor and actor.reference else 0


@register.filter
def stamp(at: datetime) -> str:
    """Fri 20 Nov 2026, 18:45: on paper, today is not today for long."""
    return f"{date_format(timezone.localtime(at), 'D j M Y')}, {times.time_of(at)}"


@register.simple_tag
def answer_to(item: HandOverItem, answers: Mapping[str, Answer]) -> Answer | None:
    """What became of it just now."""
    return answers.get(item.task_id)


@register.simple_tag
def answered_by(item: HandOverItem, named: Mapping[str, str]) -> str:
    return named.get(item.answered_by, item.answered_by)
