"""The way that a Task goes, as its page shows it: the ordered stages of its type, and the next one."""

from typing import NamedTuple

from django.utils.translation import gettext as _

from fhir.datatypes import display_of
from tasks.task_types import Coded, stage_of, stages


class Stop(NamedTuple):
    """One stage of the way; `state` is done, now or "" (to come)."""

    stage: Coded
    state: str

    @property
    def value(self) -> str:
        return f"{self.stage.system}|{self.stage.code}"


def way(document: dict) -> list[Stop]:
    """Every stage of the Task's type in order; none when it has no stages."""
    offered, here = stages(document), stage_of(document)
    at = offered.index(here) if here else -1
    return [
        Stop(stage, "done" if number < at else "now" if number == at else "")
        for number, stage in enumerate(offered)
    ]


def unknown(document: dict) -> str:
    """What a stage is called that is none of its type's: it is kept, and shown as it is."""
    return "" if stage_of(document) else display_of(document.get("businessStatus"))


def next_stage(document: dict) -> Coded | None:
    """The stage after the present one, the first for a Task that has none yet."""
    offered, here = stages(document), stage_of(document)
    if here is None:
        return offered[0] if offered and not document.get("businessStatus") else None
    return next(iter(offered[offered.index(here) + 1 :]), None)


def why_no_next(document: dict) -> str:
    """Why there is no next stage, as a sentence; "" when there is one."""
    if next_stage(document):
        return ""
    if none := why_no_stage(document):
        return none
    if stage_of(document):
        return _("This is the last stage.")
    return _("Its stage is not one of this kind of task: choose one from the menu.")


def why_no_stage(document: dict) -> str:
    return "" if stages(document) else _("This kind of task has no stages.")


def find(document: dict, value: str) -> Coded | None:
    """The stage that `value` (system|code) names, of those of the Task's type."""
    return next((stop.stage for stop in way(document) if stop.value == value), None)
