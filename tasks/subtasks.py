"""A Task of several parts: it is complete when none of them is open any more.

A part is done when it has ended, however it ended: one that is not needed is waived by cancelling
it, with a reason. Grandchildren count by keeping their own parent open.
"""

from django.utils.translation import ngettext

from tasks.models import Task
from tasks.transitions import OPEN


def open_children(task_id: str) -> int:
    """How many of the Tasks that are part of this one have not ended.

    All of them count, seen or not: whoever completes the whole must know that something is left,
    and is told no more of what she may not see than their number.
    """
    return Task.objects.filter(
        tokens__contains=[f"part-of=Task/{task_id}"], deleted=False, status__in=OPEN
    ).count()


def blocker(document: dict) -> str:
    """What keeps a Task from being completed, as a sentence; "" when nothing does."""
    return why_open(open_children(document["id"]) if "id" in document else 0)


def why_open(count: int) -> str:
    if not count:
        return ""
    said = ngettext("%(count)s subtask is open.", "%(count)s subtasks are open.", count)
    return said % {"count": count}
