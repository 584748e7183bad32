"""The Questionnaires that a Task asks, the answers that it has, and whether they are whole.

A Task asks what it is about (`focus`) and what it was given (`input`). Answers that were begun keep
it from being completed until whatever is required is answered, and become final with it, whoever
completes it and in whichever way.
"""

from typing import NamedTuple

from django.utils.translation import ngettext

from accounts import people
from fhir import json, resources, store
from fhir.actions import consequence
from fhir.actor import SYSTEM, Actor
from fhir.datatypes import to_instant
from fhir.errors import BusinessRuleViolation
from fhir.models import ClinicalResource
from fhir.search.references import local, unversioned
from fhir.store import Stored
from tasks import document as documents
from tasks.consequences import as_agent
from tasks.questionnaires import Form, ValueSets, canonical_of, value_set_urls

TYPE = "QuestionnaireResponse"
DRAFT = "in-progress"


class Unanswered(BusinessRuleViolation):
    """Answers were begun, and what is required of them is not answered yet."""


class Begun(NamedTuple):
    """Answers that are not final yet, with what they answer."""

    questionnaire: dict
    response: Stored


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


# --- completing -----------------------------------------------------------------------------------


def check_answered(task: dict) -> None:
    """Raise Unanswered (422) for a Task with answers that were begun and lack what is required."""
    reason = why_unanswered(sum(_missing(each) for each in _begun(task)))
    if reason:
        raise Unanswered(reason, expression="Task.status")


def why_unanswered(count: int) -> str:
    if not count:
        return ""
    said = ngettext(
        "Completing opens once the questions are answered: %(count)s required is left.",
        "Completing opens once the questions are answered: %(count)s required are left.",
        count,
    )
    return said % {"count": count}


def finish(actor: Actor, task: dict) -> None:
    """The answers of a Task that was completed are final with it, as hers who completed it."""
    for each in _begun(task):
        final = {
            "status": "completed",
            "authored": to_instant(store.now()),
            "author": as_agent(actor),
        }
        consequence(
            TYPE,
            each.response.resource_id,
            lambda document, final=final: {**document, **final},
            actor=actor,
            interaction="complete",
        )


def _begun(task: dict) -> list[Begun]:
    if not any(
        people.split(unversioned((output.get("valueReference") or {}).get("reference", "")))[0]
        == TYPE
        for output in task.get("output", [])
    ):
        return []
    pairs = [(each, response_of(task, each)) for each in _asked(task)]
    return [
        Begun(asked, response)
        for asked, response in pairs
        if response is not None and response.parsed()["status"] == DRAFT
    ]


def _asked(task: dict) -> list[dict]:
    """The Questionnaires in its focus and its inputs. What they ask holds for whoever reads them."""
    given = [task.get("focus"), *(each.get("valueReference") for each in task.get("input", []))]
    references = [unversioned(local((each or {}).get("reference", ""))) for each in given]
    named = [each for each in references if people.split(each)[0] == "Questionnaire"]
    return [*people.documents(named, actor=SYSTEM).values()] if named else []


def _missing(begun: Begun) -> int:
    value_sets = value_sets_of(begun.questionnaire, SYSTEM)
    return len(Form.of(begun.questionnaire, value_sets, begun.response.parsed()).missing())
