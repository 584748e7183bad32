"""Who a page is about: the patient, with what must not be missed when something is done for her.

Whoever may read the Patient is shown her allergies here, although no Task points at them: who acts
for a patient without knowing them does harm.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from accounts import people
from accounts.people import Patient
from fhir import json, sql, store
from fhir.actor import Actor
from fhir.datatypes import codings, display_of
from tasks import times
from tasks.models import Task
from tasks.queue import literals
from tasks.rows import due, priority_of, title_of
from tasks.times import Due
from tasks.transitions import OPEN

OTHERS_SHOWN = 10
ALLERGIES_SHOWN = 50
NO_ALLERGY = {"716186003", "409137002", "429625007"}
"""SNOMED CT: no known allergy, of drugs, of food."""


class Allergy(NamedTuple):
    """`grave` is one of high criticality."""

    text: str
    grave: bool


class OtherTask(NamedTuple):
    id: str
    title: str
    priority: str
    due: Due


@dataclass(frozen=True, slots=True)
class Banner:
    patient: Patient
    born: str
    age: str
    deceased: str
    """When, or that she is; "" for the living."""
    allergies: list[Allergy]
    allergies_known: bool
    """Whether anybody has said whether there are any."""
    others: list[OtherTask]

    @property
    def others_shown(self) -> list[OtherTask]:
        return self.others[:OTHERS_SHOWN]

    @property
    def has_more_others(self) -> bool:
        return len(self.others) > OTHERS_SHOWN


def banner(subject: dict, actor: Actor, *, now: datetime, besides: str = "") -> Banner | None:
    """Of the subject, a Reference; `besides` is the Task that the page shows. None for nobody."""
    reference = subject.get("reference", "")
    document = people.documents([reference], actor=actor).get(reference)
    patient = people.patient(document, subject.get("display", ""))
    if patient is None:
        return None
    told = _allergies(reference) if document and document["resourceType"] == "Patient" else []
    return Banner(
        patient,
        times.born(patient.birth_date) if patient.birth_date else "",
        times.age(patient.birth_date, now) if patient.birth_date else "",
        _deceased(document or {}, now),
        _worst_first(told),
        bool(told),
        _others(reference, besides, actor, now) if document else [],
    )


def _deceased(document: dict, now: datetime) -> str:
    if at := document.get("deceasedDateTime"):
        return _("Died %(date)s") % {"date": times.born(at[:10])}
    return _("Deceased") if document.get("deceasedBoolean") else ""


def _allergies(patient: str) -> list[dict]:
    """The AllergyIntolerances that hold."""
    found = sql.rows(
        "select document from fhir_clinicalresource where resource_type = 'AllergyIntolerance'"
        f" and tokens @> array[%s]::text[] and not deleted limit {ALLERGIES_SHOWN}",
        (f"patient={patient}",),
    )
    return [each for (text,) in found if _holds(each := json.loads_stored(text))]


def _holds(allergy: dict) -> bool:
    verified = {code for _system, code in codings(allergy.get("verificationStatus"))}
    status = {code for _system, code in codings(allergy.get("clinicalStatus"))}
    return not verified & {"entered-in-error", "refuted"} and not status & {"inactive", "resolved"}


def _worst_first(allergies: Iterable[dict]) -> list[Allergy]:
    known = [each for each in allergies if not _is_denial(each)]
    said = [Allergy(_said(each), each.get("criticality") == "high") for each in known]
    return sorted(dict.fromkeys(said), key=lambda each: (not each.grave, each.text.lower()))


def _is_denial(allergy: dict) -> bool:
    return any(code in NO_ALLERGY for _system, code in codings(allergy.get("code")))


def _said(allergy: dict) -> str:
    """Penicillin: anaphylaxis"""
    what = display_of(allergy.get("code")) or _("Unnamed allergy")
    reactions = [
        display_of(manifestation)
        for reaction in allergy.get("reaction", [])
        for manifestation in reaction.get("manifestation", [])
    ]
    shown = ", ".join(each[:1].lower() + each[1:] for each in dict.fromkeys(reactions) if each)
    return f"{what}: {shown}" if shown else what


def _others(patient: str, besides: str, actor: Actor, now: datetime) -> list[OtherTask]:
    """Her other open Tasks that the actor may read, one more than is shown."""
    condition = (
        f"subject = %s and status in ({literals(OPEN)}) and resource_id <> %s"
        " order by priority desc, due, id"
    )
    documents = store.documents(
        Task, condition, [patient, besides], actor=actor, limit=OTHERS_SHOWN + 1
    )
    return [
        OtherTask(each["id"], title_of(each), priority_of(each), due(each, now))
        for each in documents
    ]
