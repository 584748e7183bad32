"""`Task/x/$reply`: answer the patient, and complete the Task with the answer."""

from fhir import json
from fhir.answers import Answer, Request
from fhir.conformance import operation, parameter
from fhir.parameters import Parameter, arguments
from fhir.resources import Operation
from tasks.replies import reply

PARAMETERS = (
    Parameter("text", ("string", "markdown"), "What to write to the patient.", min=1),
    Parameter(
        "complete",
        ("boolean",),
        "Whether the Task is completed with this answer, which becomes its output.",
    ),
    Parameter(
        "seen",
        ("id", "string"),
        "The newest message of the thread that the writer has seen. When another one came since,"
        " nothing is sent (409): read that one, and name it to send yours all the same.",
    ),
)

REPLY = operation(
    "Task-reply",
    "reply",
    on="Task",
    levels=("instance",),
    name="Reply",
    description="Answer the patient whose message a Task is about, in its thread, and complete the"
    " Task with it: message, output, status, thread and Provenance are written together or not at"
    " all.",
    affectsState=True,
    parameter=[
        *(each.definition() for each in PARAMETERS),
        parameter("message", "Communication", "The message as it was sent.", use="out", min=1),
        parameter("task", "Task", "The Task as it is now.", use="out", min=1),
    ],
)

DEFINITIONS = (REPLY,)


def run(request: Request, resource_id: str) -> Answer:
    given = arguments(request.body, PARAMETERS)
    replied = reply(
        resource_id,
        given.value("text"),
        complete=given.value("complete", False),
        seen=given.value("seen", ""),
        actor=request.actor,
        if_match=request.if_match,
    )
    written = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "message", "resource": replied.message.parsed()},
            {"name": "task", "resource": replied.task.parsed()},
        ],
    }
    return Answer(body=json.dumps(written), stored=replied.task, writes=True)


OPERATION = Operation("reply", "instance", run, definition=REPLY["url"])
