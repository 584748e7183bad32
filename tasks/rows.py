"""A Task as a row of a list: what a person needs to choose it by."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import people
from accounts.models import Pool
from accounts.people import Patient
from fhir.actor import Actor
from fhir.datatypes import display_of, parse_date
from tasks import times
from tasks.document import NO_DUE, due_of, expected_of, instant_of, reference_of
from tasks.narrowing import Sort, end_of_day
from tasks.task_types import is_kind, label_of
from tasks.times import Due
from tasks.transitions import CLAIMABLE, FINAL, OPEN, Status
from tasks.worklist import ON_HOLD, Listed, View

PRIORITIES = {
    "stat": (4, _("STAT")),
    "asap": (3, _("ASAP")),
    "urgent": (2, _("Urgent")),
    "routine": (1, _("Routine")),
}
"""Code → (bars, word), from the most to the least urgent."""

FOCUS_KINDS = {
    "Communication": ("message-square", _("Message")),
    "DiagnosticReport": ("flask-conical", _("Report")),
    "QuestionnaireResponse": ("clipboard-list", _("Answers")),
    "Questionnaire": ("clipboard-list", _("Questionnaire")),
    "DocumentReference": ("image", _("Document")),
    "MedicationRequest": ("pill", _("Prescription")),
    "ServiceRequest": ("stethoscope", _("Order")),
    "ClinicalImpression": ("file-text", _("Clinical note")),
    "Encounter": ("calendar-clock", _("Visit")),
}
"""Type of the focus → (icon, word)."""

HEADLINE = 100
"""Of a longer description nobody can tell at a glance what a Task is about."""


def is_patient(reference: str) -> bool:
    """Names a patient or who speaks for one: hidden with the other details of patients."""
    return reference.startswith(("Patient/", "RelatedPerson/"))


@dataclass(frozen=True, slots=True)
class Row:
    """`group` heads the part of the list that it stands in; `claimable` and `assignable` are for
    this actor."""

    id: str
    version: int
    title: str
    description: str
    priority: str
    due: Due
    patient: Patient | None
    age: str
    owner: str
    owner_reference: str
    stage: str
    status: str
    focus_icon: str
    focus_word: str
    group: str
    mine: bool
    claimable: bool
    assignable: bool
    supervised: bool
    waits: str = ""
    """How long it has been there; for a table, as is the pool."""
    pool: str = ""
    resumes: Due = Due(None, "")
    """When paused work is expected to go on."""

    @property
    def url(self) -> str:
        return f"/worklist/t/{self.id}"

    @property
    def owner_initials(self) -> str:
        return people.initials(self.owner)

    @property
    def owner_is_patient(self) -> bool:
        return is_patient(self.owner_reference)

    @property
    def can(self) -> str:
        """What the bar of the selected may do with it, as far as a row tells: the action decides."""
        held = self.mine or self.supervised
        paused = self.status == "on-hold"
        offered = {
            "claim": self.claimable,
            "assign": self.assignable,
            "reroute": held or self.claimable,
            "hold": held and not paused,
            "prioritize": held,
            "release": held and bool(self.owner_reference),
            "complete": held and not paused and self.focus_word != FOCUS_KINDS["Communication"][1],
        }
        return " ".join(code for code, can in offered.items() if can)

    @property
    def status_word(self) -> str:
        return Status(self.status).label

    @property
    def tag(self) -> str:
        """The stage; the status instead when work is paused or there is no stage to show."""
        if self.status == "on-hold":
            return on_hold(self.resumes)
        return self.stage or ("" if self.status in CLAIMABLE else Status(self.status).label)


def title_of(document: dict) -> str:
    """What kind of work it is: code.text, else its display, else its code (S1–S3)."""
    return display_of(document.get("code")) or document.get("description") or "Task"


def description_of(document: dict) -> str:
    """What this one is about, where that says more than its kind (S6)."""
    description = document.get("description", "")
    return "" if description == title_of(document) else description


def headline_of(title: str, description: str) -> str:
    """The description, where the title only names a kind of work and so says less; else ""."""
    short = len(description) <= HEADLINE and "\n" not in description
    return description if short and is_kind(title) else ""


def priority_of(document: dict) -> str:
    return document.get("priority") or "routine"


def due(document: dict, now: datetime) -> Due:
    """When it is, or was, due; what is over is not overdue."""
    end = ((document.get("restriction") or {}).get("period") or {}).get("end")
    at = due_of(document)
    found = times.due(end, None if at == NO_DUE else at, now)
    if found.at is None or document.get("status") not in FINAL:
        return found
    return Due(found.at, found.clock, "", found.clock, day_only=True)


def resumes(document: dict, now: datetime) -> Due:
    """When paused work is expected to go on."""
    written = expected_of(document)
    at = instant_of(written)
    found = times.due(written, None if at == NO_DUE else at, now)
    return found._replace(clock=times.within(found.clock))


def on_hold(expected: Due) -> str:
    if expected.at is None:
        return gettext("On hold")
    said = (
        gettext("On hold, expected %(when)s")
        if expected.kind == "late"
        else gettext("On hold until %(when)s")
    )
    return said % {"when": expected.clock}


def rows(listed: Iterable[Listed], view: View, actor: Actor, *, now: datetime) -> list[Row]:
    """Display rows in the order given, with the people that they name looked up together."""
    listed = list(listed)
    documents = [each.document for each in listed]
    subjects = {reference_of(document, "for") for document in documents} - {""}
    patients = people.documents(subjects, actor=actor)
    owners = {reference_of(document, "owner") for document in documents} - {"", actor.reference}
    named = people.names(owners, actor=actor) if owners else {}
    pools = {each.pool_id for each in listed} - {None} if view.look.table else set()
    called = dict(Pool.objects.filter(pk__in=pools).values_list("pk", "name")) if pools else {}
    return [_row(each, view, actor, patients, named, called, now) for each in listed]


def _row(listed: Listed, view: View, actor: Actor, patients, named, pools, now) -> Row:
    document = listed.document
    owner = reference_of(document, "owner")
    subject = document.get("for") or {}
    who = people.patient(patients.get(subject.get("reference", "")), subject.get("display", ""))
    age = times.age(who.birth_date, now) if who and who.birth_date else ""
    supervised = document["status"] in OPEN and (
        actor.writes_everything or listed.pool_id in actor.coordinates
    )
    icon, word = FOCUS_KINDS.get(reference_of(document, "focus").partition("/")[0], ("", ""))
    return Row(
        id=listed.resource_id,
        version=listed.version_id,
        title=title_of(document),
        description=description_of(document),
        priority=priority_of(document),
        due=due(document, now),
        patient=who,
        age=people.age_line(who, age) if who else "",
        owner=named.get(owner) or (document.get("owner") or {}).get("display", "") or owner,
        owner_reference=owner,
        stage=label_of(document.get("businessStatus")),
        status=document["status"],
        focus_icon=icon,
        focus_word=word,
        group=group_of(view, listed.step, listed.due, now),
        mine=bool(owner) and owner == actor.reference,
        claimable=not owner
        and document["status"] in CLAIMABLE
        and bool(actor.reference)
        and (view.pool.pk if view.pool else listed.pool_id) in actor.pools,
        assignable=view.kind == "all" and supervised,
        supervised=supervised,
        waits=_waits(document, now),
        pool=pools.get(listed.pool_id, ""),
        resumes=resumes(document, now),
    )


def _waits(document: dict, now: datetime) -> str:
    """How long ago it was asked for; "" where that is not said to the day."""
    authored = document.get("authoredOn", "")
    if len(authored) < 10:
        return ""
    return times.duration(max(now - parse_date(authored).low, timedelta()))


def group_of(view: View, step: int, due_at: datetime, now: datetime) -> str:
    """Headings follow the order of the list, so that no row stands apart from its place in it.

    "Most pressing" goes by priority once nothing is overdue, so its headings do; a list by due
    time is headed by due time, and what is oldest comes first under no heading.
    """
    if view.sort is Sort.OLDEST:
        return ""
    if step == ON_HOLD:
        return "On hold"
    if view.kind != "all" and view.sort is Sort.PRESSING:
        return {4: "ASAP", 5: "Urgent", 6: "Routine"}.get(step, "STAT and overdue")
    if view.kind != "all" and step == 0:
        return "STAT and overdue"
    if due_at < now:
        return "Overdue"
    if due_at == NO_DUE:
        return "No due date"
    return "Due today" if due_at <= end_of_day(now) else "Later"


GROUPS = {
    "STAT and overdue": _("STAT and overdue"),
    "ASAP": _("ASAP"),
    "Urgent": _("Urgent"),
    "Routine": _("Routine"),
    "Overdue": _("Overdue"),
    "Due today": _("Due today"),
    "Later": _("Later"),
    "No due date": _("No due date"),
    "On hold": _("On hold"),
}
"""Heading → what it says in the reader's language."""


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    rows: list[Row]
    goes_on: bool = False
    """The group has more rows on the next page."""
    continues: bool = False
    """The group began on the page before, where its heading is."""

    @property
    def heading(self) -> str:
        return str(GROUPS.get(self.name, ""))

    @property
    def collapsed(self) -> bool:
        return self.name == "On hold"

    @property
    def late(self) -> bool:
        return self.name in ("STAT and overdue", "Overdue")

    @property
    def count(self) -> str:
        return "" if self.continues else f"{len(self.rows)}{'+' if self.goes_on else ''}"


def grouped(shown: list[Row], *, more: bool, after_group: str = "") -> list[Group]:
    parts = [(name, list(each)) for name, each in groupby(shown, key=lambda row: row.group)]
    return [
        Group(name, each, more and number == len(parts) - 1, number == 0 and name == after_group)
        for number, (name, each) in enumerate(parts)
    ]
