"""The workflow's verbs as FHIR operations: one table behind the operations of one Task and of many,
their OperationDefinitions, and what they take.

Of one Task it is `POST Task/{id}/$claim`; of many `POST Task/$claim` with a `task` parameter for
each. Each of many is a transaction of its own, locked, judged and answered on its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from accounts.models import Pool
from accounts.pools import codes_of, pool_ids
from fhir.actor import Actor
from fhir.answers import Answer, Request
from fhir.batch import answer_each
from fhir.conformance import operation as definition_of
from fhir.conformance import parameter
from fhir.datatypes import parse_reference
from fhir.errors import FhirError, InvalidResource, Issue, TooLarge
from fhir.interactions import written
from fhir.parameters import ANY, Arguments, Given, Parameter, arguments
from fhir.resources import Operation
from fhir.search.references import local
from fhir.store import Stored
from tasks import actions, drift, moves
from tasks.moves import Target, ToPerson, ToPool

MOST_AT_ONCE = 500


@dataclass(frozen=True)
class TaskOperation:
    """One verb. `act(task_id, given, actor=, if_match=)` does it; `each`: of many Tasks too."""

    code: str
    name: str
    description: str
    act: Callable[..., Stored]
    parameters: tuple[Parameter, ...] = ()
    each: bool = False

    @property
    def definition(self) -> dict:
        """The OperationDefinition, of both levels."""
        listed = (TASK, *self.parameters) if self.each else self.parameters
        also = (
            f" Of several Tasks, at most {MOST_AT_ONCE}, name them in the parameter task: each is"
            " done or refused on its own, and has an entry of its own in a batch-response."
        )
        returned = "The Task as it is now; of several a Bundle." if self.each else "The Task now."
        return definition_of(
            f"Task-{self.code}",
            self.code,
            on="Task",
            levels=("instance", "type") if self.each else ("instance",),
            name=self.name,
            description=self.description + (also if self.each else ""),
            affectsState=True,
            parameter=[
                *(each.definition() for each in listed),
                parameter(
                    "return", "Resource" if self.each else "Task", returned, use="out", min=1
                ),
            ],
        )

    def operations(self) -> tuple[Operation, ...]:
        """What the API has of it."""
        url = self.definition["url"]
        one = Operation(self.code, "instance", partial(_one, self), definition=url)
        many = Operation(self.code, "type", partial(_many, self), definition=url)
        return (one, many) if self.each else (one,)


def _one(operation: TaskOperation, request: Request, resource_id: str) -> Stored:
    given = arguments(request.body, operation.parameters)
    return operation.act(resource_id, given, actor=request.actor, if_match=request.if_match)


def _many(operation: TaskOperation, request: Request, resource_id: None) -> Answer:
    given = arguments(request.body, (TASK, *operation.parameters))
    named = [_named(each, n) for n, each in enumerate(given.pop("task"))]
    if len(named) > MOST_AT_ONCE:
        raise TooLarge(f"At most {MOST_AT_ONCE} Tasks are taken at once.")

    def act(task_id: str, if_match: list[int] | None) -> Answer:
        stored = operation.act(task_id, given, actor=request.actor, if_match=if_match)
        return written(request, stored)

    return answer_each(request, [partial(act, *each) for each in named])


# --- what was given -------------------------------------------------------------------------------

TASK = Parameter(
    "task",
    ("Reference", "id", "string"),
    "One of several Tasks, on the type only: Task/x, its id, or Task/x/_history/3 for no other"
    " version than that.",
    min=1,
    max="*",
)
NOTE = Parameter("note", ("string", "markdown"), "Added to Task.note, with author and time.")
WHY = ("CodeableConcept", "Coding", "string")
REASON = Parameter("reason", WHY, "Why: becomes Task.statusReason.", min=1)
REASON_OF_MOVE = Parameter("reason", WHY, "Why: recorded as Provenance.reason.")
PRIORITY = Parameter("priority", ("code",), "routine, urgent, asap or stat.")


def _needed(parameter: Parameter) -> Parameter:
    return Parameter(parameter.name, parameter.types, parameter.documentation, 1, parameter.max)


OWNER = Parameter("owner", ("Reference",), "The person who gets it: Practitioner/x.")
POOL = Parameter(
    "pool",
    ("string", "CodeableConcept", "Coding"),
    "The pool that it goes to: its name, system|code of its role, or that as a concept.",
)


def _named(given: Given, number: int) -> tuple[str, list[int] | None]:
    """(id, the only version or None) of a `task` parameter."""
    text = given.value.get("reference", "") if given.type == "Reference" else given.value
    if "/" not in text:
        return text, None
    try:
        found = parse_reference(local(text))
    except ValueError:
        found = None
    version = found.version if found and found.is_relative else None
    if not (found and found.is_relative and found.type == "Task") or not (version or "0").isdigit():
        raise InvalidResource(
            "A task is named as Task/x, x or Task/x/_history/3.",
            expression=f"Parameters.parameter.where(name='task')[{number}]",
        )
    return found.id, [int(version)] if version else None


def _concept(given: Given | None) -> dict | None:
    if given is None:
        return None
    if given.type == "Coding":
        display = given.value.get("display")
        return {"coding": [given.value]} | ({"text": display} if display else {})
    return {"text": given.value} if given.type == "string" else given.value


def _reason(given: Arguments) -> dict | None:
    return _concept(given.first("reason"))


def _reason_and_note(given: Arguments) -> dict:
    return {"reason": _reason(given), "note": given.value("note", "")}


def _person(given: Arguments) -> str:
    reference = local(given.value("owner").get("reference", ""))
    if not reference:
        raise InvalidResource("Name the owner by a reference.", expression="owner")
    return reference


def _target(given: Arguments) -> Target:
    """`owner` or `pool`, and not both."""
    if ("owner" in given) == ("pool" in given):
        raise InvalidResource(
            issues=[
                Issue("Name an owner or a pool.", "required", expression="Parameters.parameter")
            ]
        )
    return ToPerson(_person(given)) if "owner" in given else ToPool(_pool(given.first("pool")))


def _pool(given: Given) -> int:
    if given.type == "string":
        return pool_named(given.value)
    found = pool_ids(codes_of([_concept(given)]))
    if not found:
        raise _no_pool()
    return found[0]


def pool_named(name: str) -> int:
    """The id of a pool by its slug, or by system|code of its role."""
    pool = Pool.objects.filter(slug=name).first() or (
        Pool.objects.filter(codes__contains=[name]).first()
    )
    if pool is None:
        raise _no_pool()
    return pool.pk


def _no_pool() -> FhirError:
    return InvalidResource("There is no pool of this name or role.", expression="pool")


# --- the verbs ------------------------------------------------------------------------------------


def _plain(action: Callable[..., Stored]) -> Callable[..., Stored]:
    """An action that takes nothing but who and which version."""
    return lambda task_id, given, **how: action(task_id, **how)


def _with_reason(action: Callable[..., Stored]) -> Callable[..., Stored]:
    return lambda task_id, given, **how: action(task_id, **_reason_and_note(given), **how)


def _hold(task_id: str, given: Arguments, **how) -> Stored:
    return actions.hold(task_id, until=given.value("until", ""), **_reason_and_note(given), **how)


def _note(task_id: str, given: Arguments, *, actor: Actor, if_match) -> Stored:
    return actions.add_note(task_id, given.value("text"), actor=actor, if_match=if_match)


def _complete(task_id: str, given: Arguments, *, actor: Actor, if_match) -> Stored:
    output = [_output(each) for each in given.get("output", ())]
    return actions.complete(task_id, output=output, actor=actor, if_match=if_match)


def _output(given: Given) -> dict:
    """A Task.output: of its parts type and value, or of a value alone."""
    if given.parts is None:
        return {"type": {"text": "Result"}, given.key: given.value}
    value = given.parts.first("value")
    return {"type": given.parts.value("type"), value.key: value.value}


def _reroute(task_id: str, given: Arguments, *, actor: Actor, if_match) -> Stored:
    keep_view = given.value("keepView", False)
    return moves.reroute(
        task_id,
        to=_target(given),
        keep_view=keep_view,
        actor=actor,
        if_match=if_match,
        **_reason_and_note(given),
    ).task


def _assign(task_id: str, given: Arguments, **how) -> Stored:
    return moves.assign(task_id, to=_person(given), **_reason_and_note(given), **how)


def _escalate(task_id: str, given: Arguments, **how) -> Stored:
    priority = given.value("priority")
    return moves.escalate(task_id, priority=priority, **_reason_and_note(given), **how)


def _prioritize(task_id: str, given: Arguments, **how) -> Stored:
    priority = given.value("priority")
    return moves.prioritize(task_id, priority=priority, **_reason_and_note(given), **how)


def _reschedule(task_id: str, given: Arguments, **how) -> Stored:
    due = given.value("due", "")
    return moves.reschedule(task_id, due=due, **_reason_and_note(given), **how)


def _advance(task_id: str, given: Arguments, **how) -> Stored:
    stage = _concept(given.first("businessStatus"))
    return moves.advance(task_id, stage=stage, note=given.value("note", ""), **how)


OPERATIONS = (
    TaskOperation(
        "claim",
        "Claim",
        "Take a Task from a pool: you own it, and its status is accepted. Whoever comes second is"
        " told who was faster (409); claiming twice is once.",
        _plain(actions.claim),
        each=True,
    ),
    TaskOperation(
        "release",
        "Release",
        "Give a Task back to its pool: no owner, requested.",
        lambda task_id, given, **how: actions.release(task_id, reason=_reason(given), **how),
        (REASON_OF_MOVE,),
        each=True,
    ),
    TaskOperation(
        "assign",
        "Assign",
        "Give a Task to a person; it stays in its pool. For coordinators of the pool, and for whoever"
        " owns it.",
        _assign,
        (_needed(OWNER), REASON_OF_MOVE, NOTE),
        each=True,
    ),
    TaskOperation(
        "reroute",
        "Reroute",
        "Hand a Task over to a person or a pool, for a coded reason. In place, or, to keep your view,"
        " as a new Task for them (basedOn this one), while this one is cancelled as rerouted; both"
        " have a Provenance with the reason, and the thread's recipient follows.",
        _reroute,
        (
            OWNER,
            POOL,
            Parameter("reason", WHY[:2], "Why: one of ValueSet/reroute-reason.", min=1),
            NOTE,
            Parameter("keepView", ("boolean",), "Whether to make a new Task and keep this one."),
        ),
        each=True,
    ),
    TaskOperation(
        "escalate",
        "Escalate",
        "Make a Task more urgent, by one step unless a priority is named, bring it to the stage"
        " escalated, and tell the coordinators of its pool.",
        _escalate,
        (_needed(REASON_OF_MOVE), PRIORITY, NOTE),
    ),
    TaskOperation(
        "prioritize",
        "Prioritize",
        "Say how urgent a Task is.",
        _prioritize,
        (_needed(PRIORITY), REASON_OF_MOVE, NOTE),
        each=True,
    ),
    TaskOperation(
        "reschedule",
        "Reschedule",
        "Say by when a Task is to be done, or without `due` that it has no due date.",
        _reschedule,
        (
            Parameter("due", ("dateTime", "date"), "Becomes Task.restriction.period.end."),
            REASON_OF_MOVE,
            NOTE,
        ),
        each=True,
    ),
    TaskOperation(
        "advance",
        "Advance",
        "Bring a Task to another stage.",
        _advance,
        (Parameter("businessStatus", WHY[:2], "The stage.", min=1), NOTE),
    ),
    TaskOperation("start", "Start", "Begin the work.", _plain(actions.start)),
    TaskOperation(
        "hold",
        "Hold",
        "Pause the work; the reason says what it waits for.",
        _hold,
        (
            REASON,
            Parameter("until", ("dateTime", "date"), "When it is expected to go on."),
            NOTE,
        ),
        each=True,
    ),
    TaskOperation(
        "resume",
        "Resume",
        "Go on with a Task that was on hold: in progress if it was started, accepted or waiting else.",
        _plain(actions.resume),
    ),
    TaskOperation(
        "complete",
        "Complete",
        "Finish the work and record its result.",
        _complete,
        (
            Parameter(
                "output",
                (ANY,),
                "A Task.output: its type and its value, or a value alone.",
                max="*",
                parts=(
                    Parameter("type", ("CodeableConcept",), "Task.output.type", min=1),
                    Parameter("value", (ANY,), "Task.output.value[x]", min=1),
                ),
            ),
        ),
    ),
    TaskOperation(
        "reject",
        "Reject",
        "Refuse to do the work at all.",
        _with_reason(actions.reject),
        (REASON, NOTE),
    ),
    TaskOperation(
        "fail",
        "Fail",
        "End work that was tried and could not be done.",
        _with_reason(actions.fail),
        (REASON, NOTE),
    ),
    TaskOperation(
        "cancel",
        "Cancel",
        "End work that is not needed any more.",
        _with_reason(actions.cancel),
        (REASON, NOTE),
        each=True,
    ),
    TaskOperation(
        "note",
        "Note",
        "Add a comment with its author and time.",
        _note,
        (_needed(Parameter("text", ("string", "markdown"), "What to say.")),),
    ),
    TaskOperation(
        "repair",
        "Repair",
        "Make the recipient of the thread that a Task is about its owner, or nobody while it waits in"
        " a pool: the Task is the truth about who has the work.",
        _plain(drift.repair),
    ),
)

DEFINITIONS = tuple(each.definition for each in OPERATIONS)


def operations() -> tuple[Operation, ...]:
    """All of them, as the API asks for them."""
    return tuple(each for operation in OPERATIONS for each in operation.operations())
