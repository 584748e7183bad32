"""The record that a Task is about (`Task.focus`), made ready for its card on the page.

Every resource comes through `readable_by`, so a card never shows more than the API would. A module
a kind of record makes its card; `card` chooses.
"""

from datetime import datetime

from accounts import people
from fhir.actor import Actor
from tasks.conversation import conversation
from tasks.document import reference_of
from tasks.focal.answers import answers, questions
from tasks.focal.cards import Card
from tasks.focal.records import document as a_document
from tasks.focal.records import facts
from tasks.focal.reports import report
from tasks.rows import title_of

MAKERS = {
    "DiagnosticReport": report,
    "QuestionnaireResponse": answers,
    "Questionnaire": questions,
    "DocumentReference": a_document,
}


def card(document: dict, actor: Actor, *, now: datetime) -> Card | None:
    """The card of a Task's focus; None for a Task that names none."""
    reference = reference_of(document, "focus")
    if not reference:
        return None
    found = people.documents([reference], actor=actor).get(reference)
    if found is None:
        return Card(
            "missing", "circle-question-mark", (document["focus"].get("display") or "Linked record")
        )
    if found["resourceType"] == "Communication":
        return _thread(found, document, actor, now)
    maker = MAKERS.get(found["resourceType"], facts)
    return maker(found, reference, actor, now)


def _thread(focus: dict, task: dict, actor: Actor, now: datetime) -> Card:
    """The header's topic and every message of it; a focus that is a message leads to its thread."""
    thread = conversation(focus, actor, now=now, task=task)
    said = {title_of(task), task.get("description", "")}
    title = "Thread with patient" if thread.title in said else thread.title
    return Card("thread", "message-square", title, aside=thread.aside, thread=thread)
