"""Several who write in a thread at once: one answer to the patient, one draft a person, and a header
that knows what was said last."""

from functools import partial

import pytest

from communications import actions as messages
from communications.models import Communication
from fhir import store
from tasks.replies import AnsweredMeanwhile, Replied, reply
from tests.agreement import assert_agrees
from tests.factories import create, pool_task, put
from tests.integration.test_races import at_once, connections_enough  # noqa: F401 - one at a time

pytestmark = pytest.mark.django_db(transaction=True)

THREAD = "Communication/thread"
HOMER = {"reference": "Patient/homer"}


def message(sender: dict, sent: str = "2026-11-20T08:00:00Z") -> dict:
    return {
        "resourceType": "Communication",
        "status": "completed",
        "partOf": [{"reference": THREAD}],
        "sender": sender,
        "sent": sent,
        "payload": [{"contentString": "x"}],
    }


@pytest.fixture
def question(cast) -> str:
    put(
        {"resourceType": "Communication", "id": "thread", "status": "in-progress"}
        | {"sender": HOMER}
    )
    return create(message(HOMER))["id"]


def answer(wait, **how) -> object:
    """The Replied, or the refusal."""
    wait()
    try:
        return reply(text="Rest", **how)
    except AnsweredMeanwhile as refusal:
        return refusal


@pytest.mark.parametrize("complete", [False, True])
def test_of_two_who_answer_at_once_one_does(cast, question, complete):
    nurses = [cast["nurse"].actor, cast["nurse2"].actor]
    for _ in range(4):
        task = pool_task(focus={"reference": THREAD})["id"]
        said = Communication.objects.filter(thread=THREAD)
        how = {"seen": said.latest("id").resource_id, "complete": complete, "task_id": task}
        count = said.count()
        found = at_once([partial(answer, actor=actor, **how) for actor in nurses])
        [sent] = [each for each in found if isinstance(each, Replied)]
        [refused] = [each for each in found if isinstance(each, AnsweredMeanwhile)]
        assert refused.message["id"] == sent.message.resource_id, "and is told what was sent"
        assert said.count() == count + 1
        row = assert_agrees(task)
        assert row.status == ("completed" if complete else "requested")


def test_two_pages_of_one_person_keep_one_draft(cast, question):
    actor = cast["nurse"].actor
    pool_task(focus={"reference": THREAD})

    def keep(wait, text):
        wait()
        messages.draft(THREAD, text, actor=actor)

    at_once([lambda wait, n=n: keep(wait, f"Draft {n}") for n in range(6)])
    assert Communication.objects.filter(draft=True, deleted=False).count() == 1


def test_whoever_comes_last_the_header_knows_the_newest(cast, question):
    senders = [HOMER, {"reference": "Practitioner/maya"}]

    def say(wait, n):
        wait()
        return create(message(senders[n % 2], f"2026-11-21T0{n}:00:00Z"))["id"]

    for _ in range(3):
        ids = at_once([lambda wait, n=n: say(wait, n) for n in range(8)])
        header = Communication.objects.get(resource_id="thread")
        assert store.stale_columns(header) == []
        assert header.newest_voice == "staff"
        assert header.newest in ids
