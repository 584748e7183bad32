"""The record that a Task is about (`Task.focus`), made ready for its card on the page.

Every resource comes through `readable_by`, so a card never shows more than the API would. A module
a kind of record makes its card; `card` chooses. A record of another server is named, never fetched.
"""

from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from accounts import people
from fhir import resources, store
from fhir.actor import Actor
from fhir.datatypes import parse_date
from fhir.errors import NotFound
from fhir.search.references import local, unversioned
from tasks import times
from tasks.conversation import conversation
from tasks.focal.answers import answers, questionnaire
from tasks.focal.cards import Card
from tasks.focal.files import document
from tasks.focal.records import record
from tasks.focal.reports import report
from tasks.rows import title_of

MAKERS = {
    "DiagnosticReport": report,
    "QuestionnaireResponse": answers,
    "Questionnaire": questionnaire,
    "DocumentReference": document,
}


def card(task: dict, actor: Actor, *, now: datetime) -> Card | None:
    """The card of a Task's focus; None for a Task that names none."""
    focus = task.get("focus")
    if not focus:
        return None
    found = focus_of(task, actor)
    if found is None:
        return _absent(focus, actor, now)
    if found["resourceType"] == "Communication":
        return _thread(found, task, actor, now)
    made = MAKERS.get(found["resourceType"], record)(found, task, actor, now)
    return replace(made, changed=_changed(found, task, now))


def focus_of(task: dict, actor: Actor) -> dict | None:
    """The record that a Task is about, as far as the actor may read it; one inside the Task too."""
    reference = (task.get("focus") or {}).get("reference", "")
    if reference.startswith("#"):
        inside = (each for each in task.get("contained", []) if f"#{each.get('id')}" == reference)
        return next(inside, None)
    reference = unversioned(local(reference))
    return people.documents([reference], actor=actor).get(reference)


def _thread(focus: dict, task: dict, actor: Actor, now: datetime) -> Card:
    """The header's topic and every message of it; a focus that is a message leads to its thread."""
    thread = conversation(focus, actor, now=now, task=task)
    said = {title_of(task), task.get("description", "")}
    title = _("Thread with patient") if thread.title in said else thread.title
    return Card("thread", "message-square", title, aside=thread.aside, thread=thread)


def _changed(found: dict, task: dict, now: datetime) -> str:
    """When the record was changed after the Task was made; "" when it is as it was then."""
    meta = found.get("meta") or {}
    if "authoredOn" not in task or meta.get("versionId", "1") == "1":
        return ""
    at = parse_date(meta["lastUpdated"]).low
    if at <= parse_date(task["authoredOn"]).high:
        return ""
    time = {"time": times.moment(at, now)}
    if found.get("status") in ("amended", "appended"):
        return _("Amended %(time)s") % time
    if found.get("status") == "corrected":
        return _("Corrected %(time)s") % time
    return _("Changed %(time)s") % time


# --- what is not to be had ------------------------------------------------------------------------


def _absent(focus: dict, actor: Actor, now: datetime) -> Card:
    """A record that cannot be shown: on another server, deleted, or not here."""
    title = focus.get("display") or _("Linked record")
    reference = local(focus.get("reference", ""))
    address = urlsplit(reference) if "://" in reference else None
    if address is not None:
        trusted = address.scheme == "https" and address.hostname in settings.RECORD_HOSTS
        text = _("This record is kept on another server, %(host)s.") % {
            "host": address.hostname or _("unknown")
        }
        return Card("absent", "link-2-off", title, text=text, body=reference if trusted else "")
    if not reference:
        text = _("The task names this record, but does not say where it is.")
    elif at := _deleted_at(unversioned(reference), actor):
        text = _("This record was deleted, %(time)s. The task is fine.") % {
            "time": times.moment(at, now)
        }
    else:
        text = _("This record is not here, or you may not see it. The task is fine.")
    return Card("absent", "link-2-off", title, text=text, body="")


def _deleted_at(reference: str, actor: Actor) -> datetime | None:
    type_name, resource_id = people.split(reference)
    try:
        stored = store.find(resources.get(type_name), resource_id, actor=actor)
    except NotFound:
        return None
    return stored.last_updated if stored and stored.deleted else None
