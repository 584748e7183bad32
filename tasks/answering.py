"""Answering the Questionnaire that a Task is about: the answers are kept as its output.

One transaction: with the Task locked the QuestionnaireResponse is written, then the Task, which can
be completed when its answers are whole (tasks.responses), then the Provenance. Answers are a draft
(in-progress) until the Task is completed with them. Whoever saves names the version that she has
seen; when a colleague saved meanwhile nothing is written and she is told of it (409).
"""

from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import people
from fhir import store
from fhir.actions import change, consequence, new_consequence
from fhir.actor import Actor
from fhir.datatypes import to_instant
from fhir.errors import BusinessRuleViolation, Conflict
from fhir.store import Stored
from tasks import document as documents
from tasks.available import check_available
from tasks.consequences import as_agent, record
from tasks.questionnaires import Form, canonical_of
from tasks.replies import OUTPUT_SYSTEM
from tasks.responses import DRAFT, TYPE, questionnaire_of, response_of

ANSWERS = {
    "coding": [{"system": OUTPUT_SYSTEM, "code": "questionnaire-response", "display": "Answers"}],
    "text": "Answers",
}
"""`Task.output.type` of the answers (requirements.md S42)."""
BASES = ("CarePlan", "ServiceRequest")
"""What of `Task.basedOn` answers can be based on: https://hl7.org/fhir/R4/questionnaireresponse.html"""


class Answered(NamedTuple):
    response: Stored
    task: Stored


class AnsweredMeanwhile(Conflict):
    """A colleague saved other answers after those that you saw."""

    def __init__(self, response: Stored):
        self.response = response
        super().__init__(_("Other answers were saved in the meantime. Yours were not."))


def save(
    task_id: str,
    form: Form,
    *,
    actor: Actor,
    seen: int = 0,
    complete: bool = False,
    if_match: list[int] | None = None,
) -> Answered:
    """Keep what stands in the form, and complete the Task with it.

    `seen` is the version of the answers that the writer saw, 0 for none. Raises AnsweredMeanwhile
    (409), BusinessRuleViolation (422) for a Task that is about no questionnaire or whose answers are
    final, and whatever a change of the Task raises.
    """
    saved: Stored

    def next_document(document: dict) -> dict:
        nonlocal saved
        check_available("answer", actor, document)
        questionnaire = questionnaire_of(document, actor)
        if questionnaire is None:
            raise BusinessRuleViolation(
                _("This task is about no questionnaire."), expression="Task.focus"
            )
        before = response_of(document, questionnaire)
        if before is not None:
            _check_seen(before, seen)
        made = _response(form, questionnaire, document, actor, complete=complete)
        saved = _write(made, before, actor)
        if before is None:
            output = {"type": ANSWERS, "valueReference": {"reference": saved.reference}}
            document = {**document, "output": [*document.get("output", []), output]}
        if not complete:
            return document
        check_available("complete", actor, document)
        return documents.completed(document, ())

    with transaction.atomic():
        task = change(
            "Task",
            task_id,
            next_document,
            actor=actor,
            interaction="complete" if complete else "answer",
            if_match=if_match if complete else None,
            then=lambda stored: record(stored, "complete" if complete else "answer", actor=actor),
        )
        return Answered(saved, task)


def _check_seen(before: Stored, seen: int) -> None:
    if before.parsed()["status"] != DRAFT:
        raise BusinessRuleViolation(
            _("These answers are final already: they cannot be changed here."),
            expression="QuestionnaireResponse.status",
        )
    if before.version_id != seen:
        raise AnsweredMeanwhile(before)


def _write(made: dict, before: Stored | None, actor: Actor) -> Stored:
    if before is None:
        return new_consequence(TYPE, made, actor=actor)
    return consequence(
        TYPE,
        before.resource_id,
        lambda document: {name: document[name] for name in ("id", "meta")} | made,
        actor=actor,
        interaction="answer",
    )


def _response(form: Form, questionnaire: dict, task: dict, actor: Actor, *, complete: bool) -> dict:
    elements = {
        "basedOn": [
            each
            for each in task.get("basedOn", [])
            if people.split(each.get("reference", ""))[0] in BASES
        ],
        "questionnaire": canonical_of(questionnaire),
        "status": "completed" if complete else DRAFT,
        "subject": task.get("for"),
        "encounter": task.get("encounter"),
        "authored": to_instant(store.now()),
        "author": as_agent(actor),
        "item": form.items(),
    }
    return {"resourceType": TYPE} | {name: value for name, value in elements.items() if value}
