"""What happened to the ended Tasks of the demo clinic: their versions, at the times at which they would
have been written, so that clocks and statistics have something to tell from the first day on.

Pure, and by chance of the Task's id alone: the same Task has the same past each time.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from fhir.actor import SYSTEM
from fhir.datatypes import display_of, to_instant
from tasks.demo import codes
from tasks.demo.documents import resource
from tasks.demo.pools import TO_CLAIM
from tasks.demo.staff import members_of
from tasks.task_types import Coded

ENDED = ("completed", "failed", "cancelled", "rejected")
TYPES = (
    *(codes.LAB_REVIEW, codes.MESSAGE_RESPONSE, codes.INTAKE, codes.IDENTITY),
    *(codes.ENCOUNTER_NOTE, *codes.ERRANDS.values()),
)
MISSENT = {
    "doctor": ("registered-nurse", "wrong-pool"),
    "cardiologist": ("doctor", "specialty-referral"),
    "registered-nurse": ("care-coordinator", "wrong-pool"),
    "care-coordinator": ("registered-nurse", "workload"),
    "nurse-practitioner": ("doctor", "workload"),
    "medical-billing-specialist": ("care-coordinator", "wrong-pool"),
}
"""Pool → where some of its Tasks were first, and why they were sent on."""
OFTEN_MISSENT, OFTEN_HELD, OFTEN_UNEXPLAINED = 0.22, 0.35, 0.12


class Version(NamedTuple):
    """`actor` is the reference of who wrote it."""

    at: datetime
    actor: str
    document: dict


def has_past(document: dict) -> bool:
    """Of Tasks that ended some time after they were asked for, and stood in a stage."""
    period = document.get("executionPeriod", {})
    return (
        document["resourceType"] == "Task"
        and document["status"] in ENDED
        and "businessStatus" in document
        and document["authoredOn"] < period.get("end", "")
    )


def versions(task: dict) -> list[Version]:
    """From the one that was asked for to the one that it has become."""
    rng = Random(task["id"])
    asked, ended = (datetime.fromisoformat(each) for each in _ends(task))
    steps = sorted(_steps(rng, task, asked, ended), key=lambda each: each.at)
    document = _at_first(rng, task, asked)
    found = [Version(asked, SYSTEM.name, document)]
    for at, actor, changes in steps:
        at = max(at, found[-1].at + timedelta(seconds=1))
        if at >= ended:
            break
        if all(document.get(name) == value for name, value in changes.items()):
            continue
        changed = {**document, **changes, "lastModified": to_instant(at)}
        document = {name: value for name, value in changed.items() if value is not None}
        found.append(Version(at, actor, document))
    last = found[-1].at + timedelta(seconds=1)
    by = task.get("owner", {}).get("reference", SYSTEM.name)
    return [*found, Version(max(ended, last), by, task)]


def provenance(task: dict, past: list[Version]) -> Iterator[dict]:
    """Why it was sent on to another pool."""
    for number, (before, after) in enumerate(zip(past, past[1:], strict=False), start=2):
        if before.document.get("performerType") != after.document.get("performerType"):
            _, reason = MISSENT[_pool(task)]
            yield resource(
                "Provenance",
                f"sent-on-{task['id']}",
                target=[{"reference": f"Task/{task['id']}/_history/{number}"}],
                recorded=to_instant(after.at),
                reason=[codes.REROUTE_REASONS[reason].as_concept()],
                agent=[{"who": {"reference": after.actor}}],
            )


def _ends(task: dict) -> tuple[str, str]:
    return task["authoredOn"], task["executionPeriod"]["end"]


def _pool(task: dict) -> str:
    """The pool that it ended in; "" for none."""
    text = display_of(task["performerType"][0]) if "performerType" in task else ""
    return next((slug for slug in MISSENT if codes.ROLES[slug].name == text), "")


def _at_first(rng: Random, task: dict, asked: datetime) -> dict:
    later = ("statusReason", "executionPeriod", "output", "note")
    document = {name: value for name, value in task.items() if name not in later}
    if "performerType" in task:
        document.pop("owner", None)
        if _pool(task) and rng.random() < OFTEN_MISSENT:
            document["performerType"] = [codes.role_concept(MISSENT[_pool(task)][0])]
    return document | {
        "status": "requested",
        "businessStatus": (_stages(task) or [task["businessStatus"]])[0],
        "lastModified": to_instant(asked),
    }


def _stages(task: dict) -> list[dict]:
    """The stages of its type up to the one that it ended in."""
    known = {(each["system"], each["code"]) for each in task["code"].get("coding", [])}
    stages: tuple[Coded, ...] = next(
        (each.stages for each in TYPES if (each.system, each.code) in known), ()
    )
    names = [each.display for each in stages]
    here = display_of(task["businessStatus"])
    if here not in names:
        return []
    return [each.as_concept() for each in stages[: names.index(here) + 1]]


class Step(NamedTuple):
    """`changes` are elements of the Task; None takes one away."""

    at: datetime
    by: str
    changes: dict


def _steps(rng: Random, task: dict, asked: datetime, ended: datetime) -> Iterator[Step]:
    """What changed between its first and its last version."""
    start = task["executionPeriod"].get("start")
    taken = datetime.fromisoformat(start) if start else ended
    claimed = min(taken, asked + _wait(rng, task))
    if _pool(task):
        sender = members_of(MISSENT[_pool(task)][0])[0].reference["reference"]
        sent = asked + (claimed - asked) * rng.uniform(0.2, 0.7)
        yield Step(sent, sender, {"performerType": task["performerType"]})
    if not start:
        return
    by = task["owner"]["reference"]
    yield Step(claimed, by, {"owner": task["owner"], "status": "accepted"})
    yield Step(taken, by, {"status": "in-progress", "executionPeriod": {"start": start}})
    stages = _stages(task)[1:]
    for number, stage in enumerate(stages, start=1):
        share = (number - rng.uniform(0.2, 0.8)) / (len(stages) + 0.3)
        yield Step(taken + (ended - taken) * share, by, {"businessStatus": stage})
    if rng.random() < OFTEN_HELD:
        held = taken + (ended - taken) * rng.uniform(0.55, 0.7)
        reason = rng.choice([each for each in codes.HOLD if each.code != "other"]).as_concept()
        why = None if rng.random() < OFTEN_UNEXPLAINED else reason
        yield Step(held, by, {"status": "on-hold", "statusReason": why})
        resumed = held + (ended - held) * rng.uniform(0.3, 0.9)
        yield Step(resumed, by, {"status": "in-progress", "statusReason": None})


def _wait(rng: Random, task: dict) -> timedelta:
    """Until it was claimed: most of them in time."""
    allowed = TO_CLAIM.get(_pool(task), (60, 60, 60, 60))
    priority = ("stat", "asap", "urgent", "routine").index(task.get("priority", "routine"))
    return timedelta(minutes=allowed[priority] * rng.uniform(0.1, 1.12))
