"""Saving answers writes the task, the answers and who did it together, or nothing (tests/faults.py)."""

import pytest

from tasks import actions, answering
from tasks.questionnaires import Form
from tests.factories import owned_task, put
from tests.faults import nothing_or_everything

pytestmark = pytest.mark.django_db(transaction=True)

QUESTIONNAIRE = {
    "resourceType": "Questionnaire",
    "id": "q",
    "status": "active",
    "item": [{"linkId": "1", "type": "string", "initial": [{"valueString": "Well"}]}],
}


def test_answers_are_final_with_their_task_or_both_stay_open(cast):
    actor = cast["nurse"].actor
    questionnaire = put(QUESTIONNAIRE)
    task = owned_task(cast["nurse"], status="in-progress", focus={"reference": "Questionnaire/q"})[
        "id"
    ]
    answering.save(task, Form.of(questionnaire, {}, None), actor=actor)
    nothing_or_everything(lambda: actions.complete(task, actor=actor))


@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize("again", [False, True])
def test_answers_are_saved_whole_or_not_at_all(cast, complete, again):
    actor = cast["nurse"].actor
    questionnaire = put(QUESTIONNAIRE)
    task = owned_task(cast["nurse"], status="in-progress", focus={"reference": "Questionnaire/q"})[
        "id"
    ]
    form = Form.of(questionnaire, {}, None)
    if again:
        answering.save(task, Form.of({**questionnaire, "item": []}, {}, None), actor=actor)
    nothing_or_everything(
        lambda: answering.save(task, form, actor=actor, seen=int(again), complete=complete)
    )
