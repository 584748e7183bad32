"""What Tasks add to R4, as conformance resources."""

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
from tasks.reasons import (
    OTHER,
    REASONS,
    REROUTE_REASONS,
    REROUTE_SYSTEM,
    REROUTED,
    SYSTEM,
    Reason,
)

CLAIM = operation(
    "Task-claim",
    "claim",
    on="Task",
    levels=("instance",),
    name="Claim",
    description="Take a Task from a pool: you own it, and its status is accepted. Whoever comes"
    " second is told who was faster (409); claiming twice is once.",
    affectsState=True,
    parameter=[parameter("return", "Task", "The Task as it is now.", use="out", min=1)],
)

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
    " Search parameters of Task narrow it.",
    parameter=[parameter("return", "Parameters", "The counts.", use="out", min=1)],
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

SEARCH_PARAMETERS = json.loads(
    (Path(__file__).parent / "definitions" / "search_parameters.json").read_bytes()
)

ALL_REASONS = {
    each.code: each.display
    for listed in (*REASONS.values(), (REROUTED,))
    for each in listed
    if each is not OTHER  # is only its text
}

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


def _codes(reasons: tuple[Reason, ...]) -> dict[str, str]:
    return {each.code: each.display for each in reasons if each is not OTHER}


STATUS_REASONS = (
    _reasons("status-reason", "StatusReasons", "waits, or has ended uncompleted", ALL_REASONS),
    _reasons("hold-reason", "HoldReasons", "is on hold", _codes(REASONS["hold"])),
    _reasons("reject-reason", "RejectReasons", "was rejected", _codes(REASONS["reject"])),
    _reasons("fail-reason", "FailReasons", "has failed", _codes(REASONS["fail"])),
    _reasons("cancel-reason", "CancelReasons", "was cancelled", _codes(REASONS["cancel"])),
)

REROUTE_REASON = value_set(
    "reroute-reason",
    {REROUTE_SYSTEM: REROUTE_REASONS},
    name="RerouteReasons",
    description="Why a Task was given to somebody else: codes of Provenance.reason.",
)

DEFINITIONS = (
    CLAIM,
    CLAIM_NEXT,
    STATS,
    WORKLIST,
    WORKLIST_COUNT,
    *SEARCH_PARAMETERS,
    STATUS_REASON,
    *STATUS_REASONS,
    REROUTE_REASON,
)
