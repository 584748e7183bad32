"""A Task of several parts: it is complete when none of them is open any more.

A part is done when it has ended, however it ended: one that is not needed is waived by cancelling
it, with a reason. Grandchildren count by keeping their own parent open.
"""

from django.utils.translation import ngettext

from fhir import sql
from fhir.once import once
from tasks.queue import literals
from tasks.transitions import OPEN


@once
def open_children(task_id: str) -> int:
    """How many of the Tasks that are part of this one have not ended.

    All of them count, seen or not: whoever completes the whole must know that something is left,
    and is told no more of what she may not see than their number.
    """
    [(count,)] = sql.rows(
        "select count(*) from tasks_task where tokens @> array[%s]::text[] and not deleted"
        f" and status in ({literals(OPEN)})",
        (f"part-of=Task/{task_id}",),
    )
    return count


def blocker(document: dict) -> str:
    """What keeps a Task from being completed, as a sentence; "" when nothing does."""
    return why_open(open_children(document["id"]) if "id" in document else 0)


def why_open(count: int) -> str:
    if not count:
        return ""
    said = ngettext("%(count)s subtask is open.", "%(count)s subtasks are open.", count)
    return said % {"count": count}
