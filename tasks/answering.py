"""Answering the Questionnaire that a Task is about: the answers are kept as its output.

One transaction: the Task first, then the QuestionnaireResponse, then the Provenance. Answers are a
draft (in-progress) until the Task is completed with them. Whoever saves names the version that she
has seen; when a colleague saved meanwhile nothing is written and she is told of it (409).
"""

from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import people
from fhir import json, resources, store
from fhir.actions import change, consequence, new_consequence
from fhir.actor import SYSTEM, Actor
from fhir.datatypes import to_instant
from fhir.errors import BusinessRuleViolation, Conflict
from fhir.models import ClinicalResource
from fhir.search.references import unversioned
from fhir.store import Stored
from tasks import document as documents
from tasks.available import check_available
from tasks.consequences import as_agent, record
from tasks.questionnaires import Form, ValueSets, canonical_of, value_set_urls
from tasks.replies import OUTPUT_SYSTEM

TYPE = "QuestionnaireResponse"
DRAFT = "in-progress"
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


def questionnaire_of(task: dict, actor: Actor) -> dict | None:
    """The Questionnaire that a Task is about, as far as the actor may read it."""
    focus = documents.reference_of(task, "focus")
    if not focus.startswith("Questionnaire/"):
        return None
    return people.documents([focus], actor=actor).get(focus)


def response_of(task: dict, questionnaire: dict) -> Stored | None:
    """The answers to it that the Task has as its output, the newest; None for none.

    They are read with the Task, whose output reveals them (T19).
    """
    url = canonical_of(questionnaire).partition("|")[0]
    for output in reversed(task.get("output", [])):
        reference = unversioned((output.get("valueReference") or {}).get("reference", ""))
        type_name, resource_id = people.split(reference)
        if type_name != TYPE:
            continue
        stored = store.find(resources.get(TYPE), resource_id, actor=SYSTEM)
        if stored is None or stored.deleted:
            continue
        named = stored.parsed().get("questionnaire", "").partition("|")[0]
        if named in (url, f"Questionnaire/{questionnaire['id']}"):
            return stored
    return None


def value_sets_of(questionnaire: dict, actor: Actor) -> ValueSets:
    """The value sets that its questions choose from, as far as they are kept here."""
    urls = value_set_urls(questionnaire)
    if not urls:
        return {}
    found = (
        ClinicalResource.objects.readable_by(actor)
        .filter(
            resource_type="ValueSet",
            deleted=False,
            tokens__overlap=[f"url={each}" for each in sorted(urls)],
        )
        .order_by("id")
        .values_list("document", flat=True)
    )
    return {each["url"]: each for each in map(json.loads_stored, found)}


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
    response_id = store.new_id()
    before: Stored | None = None
    made: dict = {}

    def next_document(document: dict) -> dict:
        nonlocal response_id, before, made
        check_available("complete" if complete else "answer", actor, document)
        questionnaire = questionnaire_of(document, actor)
        if questionnaire is None:
            raise BusinessRuleViolation(
                _("This task is about no questionnaire."), expression="Task.focus"
            )
        before = response_of(document, questionnaire)
        made = _response(form, questionnaire, document, actor, complete=complete)
        output = []
        if before is None:
            value = {"reference": f"{TYPE}/{response_id}"}
            output = [{"type": ANSWERS, "valueReference": value}]
        else:
            _check_seen(before, seen)
            response_id = before.resource_id
        if complete:
            return documents.completed(document, output)
        kept = [*document.get("output", []), *output]
        return {**document, "output": kept} if output else document

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
        return Answered(_write(response_id, made, before, actor), task)


def _check_seen(before: Stored, seen: int) -> None:
    if before.parsed()["status"] != DRAFT:
        raise BusinessRuleViolation(
            _("These answers are final already: they cannot be changed here."),
            expression="QuestionnaireResponse.status",
        )
    if before.version_id != seen:
        raise AnsweredMeanwhile(before)


def _write(response_id: str, made: dict, before: Stored | None, actor: Actor) -> Stored:
    if before is None:
        return new_consequence(TYPE, made, actor=actor, resource_id=response_id)
    return consequence(
        TYPE,
        response_id,
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
