"""What Tasks add to R4, as conformance resources."""

from collections.abc import Iterable
from pathlib import Path

from fhir import json
from fhir.conformance import (
    canonical,
    code_system,
    extension,
    operation,
    parameter,
    value_set,
)
from tasks import drift, operations, shipped, timeline_operations
from tasks.consequences import ACTIVITIES, ACTIVITY_SYSTEM
from tasks.reasons import REROUTE_SYSTEM, REROUTED, SYSTEM, WITHOUT_REPLY, Reason
from tasks.task_types import MESSAGE_STAGE, TASK_STAGE

CLAIM_NEXT = operation(
    "Task-claim-next",
    "claim-next",
    on="Task",
    name="ClaimNext",
    description="Claim the most pressing Task of your pools; 204 when none waits.",
    affectsState=True,
    parameter=[
        parameter("pool", "string", "Only of this pool: its name, or system|code of its role."),
        parameter("return", "Task", "The Task as it is now.", use="out"),
    ],
)

STATS = operation(
    "Task-stats",
    "stats",
    on="Task",
    name="Stats",
    description="How many Tasks a search would find: in all, by status, priority, code, business"
    " status and status reason; and the median and 90th percentile of how long completed ones took."
    " Besides these the median, 75th and 90th percentile of each clock (docs/clocks.md), the wait in"
    " each pool, how many reached and passed each stage, why Tasks were held, cancelled, rejected"
    " and failed, from where to where they were rerouted, and how many were overdue when. Only Tasks"
    " that you may read are counted. Search parameters of Task narrow it; behind says that a large"
    " load has not been counted yet.",
    parameter=[
        parameter("periodStart", "date", "Of Tasks asked for since then."),
        parameter("periodEnd", "date", "Of Tasks asked for until then, that day included."),
        parameter("pool", "string", "Of one pool: its name, or system|code of its role."),
        parameter(
            "groupBy",
            "string",
            "The clocks of each, too: some of type, pool, owner and week; and of stage, the time in"
            " each stage by pool.",
        ),
        parameter("interval", "code", "day or week: how finely it tells what was overdue."),
        parameter("overdueAt", "time", "At which time of day, instead of the end of it: 08:00."),
        parameter("return", "Parameters", "The counts.", use="out", min=1),
    ],
)

WORKLIST = operation(
    "Task-worklist",
    "worklist",
    on="Task",
    kind="query",
    name="Worklist",
    description="_query=worklist: your open Tasks and those that you may claim, the most pressing"
    " first; the first page says how many wait in each of your pools. Other search parameters"
    " narrow it.",
    parameter=[parameter("return", "Bundle", "A searchset of Tasks.", use="out", min=1)],
)

WORKLIST_COUNT = extension(
    "worklist-count",
    on="OperationOutcome.issue",
    name="WorklistCount",
    description="How many Tasks a list of _query=worklist has (total), and how many of them are"
    " overdue (overdue). Both stop at 1,000.",
    elements=[
        {"path": "Extension.extension", "min": 2},
        *(
            element
            for name in ("total", "overdue")
            for element in (
                {
                    "id": f"Extension.extension:{name}",
                    "path": "Extension.extension",
                    "sliceName": name,
                    "min": 1,
                    "max": "1",
                },
                {
                    "id": f"Extension.extension:{name}.url",
                    "path": "Extension.extension.url",
                    "fixedUri": name,
                },
                {
                    "id": f"Extension.extension:{name}.value[x]",
                    "path": "Extension.extension.value[x]",
                    "min": 1,
                    "type": [{"code": "unsignedInt"}],
                },
            )
        ),
    ],
)

EXPECTED_RESUME = extension(
    "expected-resume",
    on="Task.statusReason",
    name="ExpectedResume",
    description="When the work on a Task that is on hold is expected to go on. It goes with the"
    " reason of the hold.",
    elements=[
        {"path": "Extension.extension", "max": "0"},
        {"path": "Extension.value[x]", "min": 1, "type": [{"code": "dateTime"}]},
    ],
)

SEARCH_PARAMETERS = json.loads(
    (Path(__file__).parent / "definitions" / "search_parameters.json").read_bytes()
)


def _codes(reasons: Iterable[Reason]) -> dict[str, str]:
    """Code → display; "other" is no code but the text that somebody types."""
    return {each.code: each.display for each in reasons if not each.is_other}


ALL_REASONS = _codes(
    each
    for kind, listed in (*shipped.REASONS.items(), ("", (REROUTED, *WITHOUT_REPLY)))
    for each in listed
    if kind != "reroute"
)

STATUS_REASON = code_system(
    "status-reason",
    ALL_REASONS,
    url=SYSTEM,
    name="StatusReason",
    title="Reasons for a status",
    description="Why a Task waits, or has ended without being completed.",
    valueSet=canonical("ValueSet", "status-reason"),
)


def _reasons(id: str, name: str, when: str, codes: dict[str, str]) -> dict:
    return value_set(
        id,
        {SYSTEM: codes},
        name=name,
        description=f"Why a Task {when}: codes of Task.statusReason.",
    )


STATUS_REASONS = (
    _reasons("status-reason", "StatusReasons", "waits, or has ended uncompleted", ALL_REASONS),
    _reasons("hold-reason", "HoldReasons", "is on hold", _codes(shipped.REASONS["hold"])),
    _reasons("reject-reason", "RejectReasons", "was rejected", _codes(shipped.REASONS["reject"])),
    _reasons("fail-reason", "FailReasons", "has failed", _codes(shipped.REASONS["fail"])),
    _reasons("cancel-reason", "CancelReasons", "was cancelled", _codes(shipped.REASONS["cancel"])),
)

ACTIVITY = code_system(
    "activity",
    ACTIVITIES,
    url=ACTIVITY_SYSTEM,
    name="Activity",
    title="What was done to a Task",
    description="What a Provenance tells of: codes of Provenance.activity.",
)

REROUTE_REASON = value_set(
    "reroute-reason",
    {REROUTE_SYSTEM: _codes(shipped.REASONS["reroute"])},
    name="RerouteReasons",
    description="Why a Task was given to somebody else: codes of Provenance.reason.",
)

SHIPPED_TYPES = code_system(
    "task-type",
    {each.code: each.title for each in shipped.TYPES},
    name="TaskType",
    title="Types of work",
    description="The types of work that Taskward is shipped with; admins add their own.",
)
SHIPPED_CATEGORIES = code_system(
    "task-category",
    {each.code: each.display for each in shipped.CATEGORIES.values()},
    name="TaskCategory",
    title="Categories of work",
    description="What types of work have in common, as a second coding of Task.code.",
)
SHIPPED_STAGES = code_system(
    "task-stage",
    {
        stage.code: stage.display
        for each in shipped.TYPES
        for stage in each.stages
        if stage.system == TASK_STAGE
    },
    name="TaskStage",
    title="Stages of work",
    description="The stages of the types of work: codes of Task.businessStatus.",
)
MESSAGE_STAGES = code_system(
    "message-stage",
    {each.code: each.display for each in shipped.MESSAGE_RESPONSE.stages},
    url=MESSAGE_STAGE,
    name="MessageStage",
    title="Stages of a message's answer",
    description="Where the answer to a message stands: codes of Task.businessStatus.",
)

DEFINITIONS = (
    SHIPPED_TYPES,
    SHIPPED_CATEGORIES,
    SHIPPED_STAGES,
    MESSAGE_STAGES,
    ACTIVITY,
    *operations.DEFINITIONS,
    drift.DEFINITION,
    CLAIM_NEXT,
    STATS,
    timeline_operations.TIMELINE,
    timeline_operations.CLOCKS,
    WORKLIST,
    WORKLIST_COUNT,
    EXPECTED_RESUME,
    *SEARCH_PARAMETERS,
    STATUS_REASON,
    *STATUS_REASONS,
    REROUTE_REASON,
)
