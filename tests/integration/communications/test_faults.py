"""Writing in threads, and what it does to their Tasks: whole or not at all (tests/faults.py)."""

import pytest

from communications import actions as messages
from communications.notices import notify
from tasks import replies
from tests.factories import NURSE_ROLE, create, owned_task, put, role
from tests.faults import nothing_or_everything

pytestmark = pytest.mark.django_db(transaction=True)

THREAD = "Communication/thread"
HOMER = {"reference": "Patient/homer"}


@pytest.fixture
def question(cast) -> str:
    """The id of a patient's message, in a thread that went to somebody else than its Task."""
    put(
        {
            "resourceType": "Communication",
            "id": "thread",
            "status": "in-progress",
            "subject": HOMER,
            "sender": HOMER,
            "recipient": [{"reference": "Practitioner/tomas"}],
        }
    )
    return create(
        {
            "resourceType": "Communication",
            "status": "completed",
            "partOf": [{"reference": THREAD}],
            "sender": HOMER,
            "sent": "2026-11-20T08:00:00Z",
            "payload": [{"contentString": "May I?"}],
        }
    )["id"]


@pytest.fixture
def task(cast, question) -> str:
    roles = role(NURSE_ROLE)
    return owned_task(cast["nurse"], performerType=roles, focus={"reference": THREAD})["id"]


@pytest.fixture
def drafted(cast, task):
    messages.draft(THREAD, "You may", actor=cast["nurse"].actor)


@pytest.mark.parametrize("complete", [False, True])
def test_a_reply_is_whole_or_not_at_all(cast, task, question, drafted, complete):
    nurse = cast["nurse"].actor
    nothing_or_everything(
        lambda: replies.reply(task, "You may", seen=question, complete=complete, actor=nurse)
    )


def test_completing_without_a_reply_is_whole_or_not_at_all(cast, task):
    nurse, why = cast["nurse"].actor, {"text": "By phone"}
    nothing_or_everything(
        lambda: replies.complete_without_reply(task, reason=why, note="At ten", actor=nurse)
    )


WRITES = {
    "send": lambda actor: messages.send(THREAD, "You may", actor=actor),
    "note": lambda actor: messages.send(THREAD, "She may", internal=True, actor=actor),
    "draft": lambda actor: messages.draft(THREAD, "You might", actor=actor),
    "discard": lambda actor: messages.discard(THREAD, actor=actor),
    "notify": lambda actor: notify(
        ["Practitioner/cora"], about=[THREAD], text="x", actor=actor, key="once"
    ),
}


@pytest.mark.parametrize("name", WRITES)
def test_what_is_written_is_whole_or_not_at_all(cast, task, drafted, name):
    actor = cast["nurse"].actor
    nothing_or_everything(lambda: WRITES[name](actor))
