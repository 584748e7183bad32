"""`Task/{id}/$timeline` and `Task/{id}/$clocks`, as Parameters."""

from datetime import datetime
from decimal import Decimal

from accounts.models import Pool
from fhir import json, resources, store
from fhir.answers import Answer, Request
from fhir.conformance import operation, parameter
from fhir.datatypes import to_instant
from fhir.resources import Operation
from fhir.store import Stored
from tasks.clock_rows import clocks_of
from tasks.clocks import Clocks, Concept
from tasks.timeline import Event, timeline

TIMELINE = operation(
    "Task-timeline",
    "timeline",
    on="Task",
    levels=("instance",),
    name="Timeline",
    description="Why a Task is where it is: everything that was done with it, newest first, told"
    " from its versions, notes, Provenances, the messages of its thread and the Tasks before and"
    " after it. What was done at once is one event. Of each event: time, kind, who, text (all of it"
    " in one line), to (whom it went to, or the name of the pool), reason, note, rule (the name of"
    " the routing rule that did it), version (of the Task) and source (the Provenance, the message,"
    " or the Task before or after it). The newest 200 versions and messages are told.",
    parameter=[parameter("event", "Element", "What was done.", use="out", max="*")],
)
CLOCKS = operation(
    "Task-clocks",
    "clocks",
    on="Task",
    levels=("instance",),
    name="Clocks",
    description="How long a Task waited, was held and took, by its recorded versions; what goes on"
    " is counted up to now. The instants created, claimed, started and ended; the durations"
    " to-claim, to-start, waiting, owned, hold, turnaround and working (without hold and outside"
    " opening hours); pool, stage and hold with their durations; and how often it was rerouted.",
    parameter=[parameter("return", "Parameters", "The clocks.", use="out", min=1)],
)


def operations() -> tuple[Operation, ...]:
    return tuple(
        Operation(each["code"], "instance", run, affects_state=False, definition=each["url"])
        for each, run in ((TIMELINE, _timeline), (CLOCKS, _clocks))
    )


def _timeline(request: Request, resource_id: str) -> Answer:
    stored = _read(request, resource_id)
    events = timeline(stored, actor=request.actor)
    return _answer([{"name": "event", "part": _event(stored, event)} for event in events])


def _clocks(request: Request, resource_id: str) -> Answer:
    return _answer(_told(clocks_of(_read(request, resource_id))))


def _read(request: Request, resource_id: str) -> Stored:
    """Raises NotFound, as a read does, and Gone."""
    return store.read(resources.get("Task"), resource_id, actor=request.actor)


def _answer(parameters: list[dict]) -> Answer:
    document: dict = {"resourceType": "Parameters"}
    return Answer(body=json.dumps(document | ({"parameter": parameters} if parameters else {})))


# --- an event -------------------------------------------------------------------------------------


def _event(stored: Stored, event: Event) -> list[dict]:
    version = event.version and f"{stored.reference}/_history/{event.version}"
    parts = {
        "time": ("valueInstant", to_instant(event.at)),
        "kind": ("valueCode", event.kind),
        "who": ("valueReference", _reference(event.who, event.who_name)),
        "text": ("valueString", event.text),
        "to": ("valueReference", _reference(event.to, event.to_name)),
        "reason": ("valueCodeableConcept", event.reason),
        "note": ("valueString", event.note),
        "rule": ("valueString", event.rule),
        "version": ("valueReference", version and {"reference": version}),
        "source": ("valueReference", event.source and {"reference": event.source}),
    }
    return [{"name": name, type_: value} for name, (type_, value) in parts.items() if value]


def _reference(reference: str, display: str) -> dict:
    """Users without a resource of their own, and pools, have a name only."""
    named = {"display": display} if display else {}
    return (
        {"reference": reference} if "/" in reference and _is_resource(reference) else {}
    ) | named


def _is_resource(reference: str) -> bool:
    return not reference.startswith("User/")


# --- clocks ---------------------------------------------------------------------------------------

INSTANTS = ("created", "claimed", "started", "ended")
DURATIONS = ("to_claim", "to_start", "waiting", "owned", "hold", "turnaround", "working")


def _told(found: Clocks) -> list[dict]:
    told = [_instant(name, getattr(found, name)) for name in INSTANTS if getattr(found, name)]
    told += [
        _duration(name.replace("_", "-"), value)
        for name in DURATIONS
        if (value := getattr(found, name)) is not None
    ]
    pools = Pool.objects.in_bulk(found.pools)
    for pool_id, waited in found.pools.items():
        pool = pools[pool_id]
        coding = {"name": "name", "valueCoding": {"code": pool.slug, "display": pool.name}}
        told.append({"name": "pool", "part": [coding, _duration("waiting", waited)]})
    for stage in found.stages:
        passed = {"name": "passed", "valueBoolean": stage.passed}
        part = [*_concept("name", stage.stage), _duration("duration", stage.ms), passed]
        told.append({"name": "stage", "part": part})
    for hold in found.holds:
        part = [*_concept("reason", hold.reason), _duration("duration", hold.ms)]
        told.append({"name": "hold", "part": part})
    return [*told, {"name": "reroutes", "valueUnsignedInt": found.reroutes}]


def _instant(name: str, at: datetime) -> dict:
    return {"name": name, "valueInstant": to_instant(at)}


def _duration(name: str, milliseconds: int) -> dict:
    value = Decimal(milliseconds) / 1000
    quantity = {"value": value, "unit": "s", "system": "http://unitsofmeasure.org", "code": "s"}
    return {"name": name, "valueDuration": quantity}


def _concept(name: str, concept: Concept) -> list[dict]:
    coding = {
        key: value for key, value in (("system", concept.system), ("code", concept.code)) if value
    }
    value = ({"coding": [coding]} if coding else {}) | (
        {"text": concept.label} if concept.label else {}
    )
    return [{"name": name, "valueCodeableConcept": value}] if value else []
