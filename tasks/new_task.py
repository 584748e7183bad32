"""The dialog that asks for a new Task: what it offers, what it fills in, and what it warns of.

It is built anew at each request from the fields as they were sent, so that a page without scripts,
a part of it for htmx and a refused form are the same thing. The type comes first: title, priority
and pool are filled in from it, unless something else was typed since.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import people
from accounts.members import members
from fhir import json
from fhir.actor import Actor, Role
from fhir.datatypes import display_of, to_instant
from fhir.models import ClinicalResource
from fhir.store import Stored
from tasks import creation, find, task_types, times, watching
from tasks.consequences import as_agent, record
from tasks.document import PRIORITY_RANK, reference_of, with_note
from tasks.find import FoundPatient
from tasks.models import Task
from tasks.rows import FOCUS_KINDS, due, title_of
from tasks.targets import Target, targets
from tasks.task_types import TaskType
from tasks.transitions import OPEN

FIELDS = (
    *("type", "filled", "title", "description", "priority", "due", "to"),
    *("patient", "no_patient", "focus", "callback", "watch"),
)
"""What a draft keeps."""
RECORDS = 20
SIMILAR = 5
ME = "me"


def may_create(actor: Actor) -> bool:
    return actor.role is not Role.AUDITOR and bool(
        actor.reference or actor.pools or actor.coordinates or actor.writes_everything
    )


class Similar(NamedTuple):
    """An open Task that may be the one that is about to be made once more."""

    id: str
    title: str
    about: str


class Record(NamedTuple):
    """What a Task can be about."""

    reference: str
    label: str


class NewTask:
    """The dialog as its template shows it."""

    def __init__(self, data: Mapping[str, str], *, actor: Actor, at: datetime):
        self.data, self.actor, self.at = data, actor, at

    def said(self, name: str) -> str:
        return self.data.get(name, "").strip()

    # --- the type, and what follows from it ---

    @cached_property
    def types(self) -> list[tuple[str, list[TaskType]]]:
        """By the category that they are of."""

        def category(each: TaskType) -> str:
            return each.category.display if each.category else ""

        ordered = sorted(
            task_types.offered(), key=lambda each: (not category(each), category(each))
        )
        return [(name, list(each)) for name, each in groupby(ordered, key=category)]

    @cached_property
    def type(self) -> TaskType | None:
        return _type_of(self.said("type"))

    @property
    def filled(self) -> str:
        """The type that the rest was filled in from."""
        return value_of(self.type) if self.type else ""

    @cached_property
    def _before(self) -> TaskType | None:
        return _type_of(self.said("filled"))

    def _own(self, name: str, default: str) -> str:
        """What was typed, if it is not just what had been filled in for another type."""
        said = self.said(name)
        return "" if self.said("filled") != self.filled and said == default else said

    @property
    def title(self) -> str:
        return self._own("title", _title(self._before)) or _title(self.type)

    @property
    def priority(self) -> str:
        found = self._own("priority", _priority(self._before)) or _priority(self.type)
        return found if found in PRIORITY_RANK else "routine"

    @property
    def priorities(self) -> list[str]:
        """From the least to the most urgent."""
        return sorted(PRIORITY_RANK, key=PRIORITY_RANK.__getitem__)

    @property
    def stages(self) -> str:
        return " → ".join(each.display for each in self.type.stages) if self.type else ""

    @cached_property
    def due(self) -> times.Due:
        """By the rule of the type."""
        end = self.type.due(self.at) if self.type else None
        restricted = {"restriction": {"period": {"end": end}}} if end else {}
        return due(restricted, self.at)

    @property
    def rule(self) -> str:
        """The rule in words, with the time that it gives now."""
        if self.type is None:
            return ""
        if not self.due.at:
            return _("Without a due date, unless you choose one.")
        if self.type.due_minutes is None:
            return _("Left empty: %(clock)s, by the rule of this type.") % {"clock": self.due.clock}
        length = times.duration(timedelta(minutes=self.type.due_minutes))
        said = {"clock": self.due.clock, "length": length, "zone": times.zone_name(self.at)}
        return _("Left empty: %(clock)s, %(length)s from now, by the rule of this type. Times are"
                 " %(zone)s.") % said  # fmt: skip

    # --- the patient ---

    @cached_property
    def patient(self) -> FoundPatient | None:
        reference = self.said("patient")
        if not reference or self.said("no_patient"):
            return None
        return find.patient(reference, actor=self.actor, now=self.at)

    @cached_property
    def hits(self) -> tuple[list[FoundPatient], bool]:
        """Patients that the typed text finds, and whether there are more."""
        if len(self.said("q")) < 2:
            return [], False
        return find.patients(self.said("q"), actor=self.actor, now=self.at)

    @property
    def shown_patients(self) -> list[FoundPatient]:
        """The chosen one first, then those that were found."""
        chosen = [self.patient] if self.patient else []
        rest = [
            each for each in self.hits[0] if not chosen or each.reference != self.patient.reference
        ]
        return chosen + rest

    # --- what it is about ---

    @cached_property
    def records(self) -> list[Record]:
        """Records of the patient that tasks of the type may be about, newest first."""
        kinds = self.type.focus_types if self.type else ()
        kinds = [each for each in kinds if each in FOCUS_KINDS]
        found = []
        if self.patient and kinds:
            rows = (
                ClinicalResource.objects.readable_by(self.actor)
                .filter(resource_type__in=kinds, deleted=False)
                .filter(
                    Q(tokens__contains=[f"patient={self.patient.reference}"])
                    | Q(tokens__contains=[f"subject={self.patient.reference}"])
                )
                .order_by("-last_updated")
                .values_list("document", flat=True)[:RECORDS]
            )
            found = [self._record(json.loads_stored(each)) for each in rows]
        chosen = self.said("focus")
        if chosen and chosen not in [each.reference for each in found]:
            documents = people.documents([chosen], actor=self.actor)
            found += [self._record(each) for each in documents.values()]
        return found

    def _record(self, document: dict) -> Record:
        kind = document["resourceType"]
        word = str(FOCUS_KINDS.get(kind, ("", kind))[1])
        name = (
            display_of(document.get("code"))
            or display_of(document.get("topic"))
            or document.get("description")
            or document.get("title")
            or display_of(document.get("type"))
        )
        return Record(f"{kind}/{document['id']}", f"{word}: {name}" if name else word)

    @property
    def focus(self) -> Record | None:
        return next((each for each in self.records if each.reference == self.said("focus")), None)

    @property
    def patient_of_focus(self) -> str:
        """The patient of the record that is named, "" where it is of none."""
        chosen = self.said("focus")
        document = people.documents([chosen], actor=self.actor).get(chosen) or {}
        return reference_of(document, "subject") or reference_of(document, "patient")

    # --- whom it goes to ---

    @cached_property
    def _may_give_to(self) -> tuple[set[int] | None, set[str]]:
        """Pools and people that she may give work to; None for all pools and people."""
        actor = self.actor
        if actor.writes_everything:
            return None, set()
        pools = {*actor.pools, *actor.coordinates}
        staff = members(actor.coordinates, at=self.at) if actor.coordinates else []
        return pools, {each.reference for each in staff} - {actor.reference}

    @cached_property
    def _document(self) -> dict:
        """As far as it decides who can do it."""
        kind = {"code": self.type.as_concept()} if self.type else {}
        subject = {"for": {"reference": self.patient.reference}} if self.patient else {}
        return {"priority": self.priority, **kind, **subject}

    @cached_property
    def pools(self) -> list[Target]:
        allowed, _people = self._may_give_to
        found = targets(self._document, actor=self.actor, kind="pool", at=self.at)
        return [each for each in found if allowed is None or each.pool_id in allowed]

    @cached_property
    def people(self) -> list[Target]:
        pools, allowed = self._may_give_to
        if pools is not None and not allowed:
            return []
        found = targets(self._document, actor=self.actor, kind="person", at=self.at)
        return [
            each
            for each in found
            if each.reference != self.actor.reference
            and (pools is None or each.reference in allowed)
        ]

    @cached_property
    def to(self) -> str:
        """Whom it goes to: "me", "pool:<slug>" or the reference of a person."""
        return self._own("to", self._default_to(self._before)) or self._default_to(self.type)

    def _default_to(self, task_type: TaskType | None) -> str:
        """The pool of the type, where she may give to it; else herself, or the first pool."""
        offered = [f"pool:{each.value}" for each in self.pools if not each.reason]
        wanted = f"pool:{task_type.pool}" if task_type else ""
        mine = [ME] if self.actor.reference else []
        return wanted if wanted in offered else next(iter([*mine, *offered]), "")

    @property
    def target(self) -> Target | None:
        """The pool or person chosen, if it is one that is offered; None for herself."""
        kind, colon, slug = self.to.partition(":")
        found = self.pools if colon else self.people
        return next((each for each in found if each.value == (slug if colon else self.to)), None)

    @property
    def gives_to_pool(self) -> bool:
        return self.to.startswith("pool:")

    @property
    def warning(self) -> str:
        """STAT work for a pool where nobody is would lie there."""
        if self.priority != "stat" or not self.gives_to_pool or not self.target:
            return ""
        if self.target.ready:
            return ""
        return _("Nobody is available in %(pool)s now. A STAT task would wait there unseen:"
                 " give it to somebody who is here, or phone.") % {"pool": self.target.name}  # fmt: skip

    # --- whether there is one already ---

    @cached_property
    def similar(self) -> list[Similar]:
        """Open Tasks that she may read: of the patient and the type, or about the same record.

        Tasks of one patient and type about two records are two pieces of work.
        """
        focus = self.focus.reference if self.focus else ""
        wanted = []
        if self.patient and self.type:
            code = f"code={self.type.system}|{self.type.code}"
            wanted.append(Q(subject=self.patient.reference, tokens__contains=[code]))
        if focus:
            wanted.append(Q(tokens__contains=[f"focus={focus}"]))
        found = {}
        for each in wanted:
            rows = (
                Task.objects.readable_by(self.actor)
                .filter(each, deleted=False, status__in=sorted(OPEN))
                .order_by("-last_updated")
                .values_list("resource_id", "document")[: 4 * SIMILAR]
            )
            found |= {resource_id: json.loads_stored(text) for resource_id, text in rows}
        alike = {
            resource_id: document
            for resource_id, document in found.items()
            if not focus or reference_of(document, "focus") in ("", focus)
        }
        return self._similar(dict(list(alike.items())[:SIMILAR]))

    def _similar(self, documents: dict[str, dict]) -> list[Similar]:
        owners = {reference_of(each, "owner") for each in documents.values()} - {""}
        named = people.names(owners, actor=self.actor) if owners else {}
        return [
            Similar(resource_id, title_of(document), self._about(document, named))
            for resource_id, document in documents.items()
        ]

    def _about(self, document: dict, named: dict[str, str]) -> str:
        owner = reference_of(document, "owner")
        authored = _instant(document.get("authoredOn", ""))
        who = _("unclaimed") if not owner else _("with %(name)s") % {
            "name": _("you") if owner == self.actor.reference else named.get(owner, _("a colleague"))
        }  # fmt: skip
        return f"{times.ago(authored, self.at)}, {who}" if authored else who

    @property
    def unseen_similar(self) -> bool:
        """Whether there is a similar one that the sender had not been shown."""
        seen = {*self.said("seen").split(",")}
        return any(each.id not in seen for each in self.similar)

    @property
    def seen(self) -> str:
        return ",".join(each.id for each in self.similar)

    @property
    def similar_title(self) -> str:
        return ngettext("A similar task is open.", "Similar tasks are open.", len(self.similar))

    # --- making it ---

    @transaction.atomic
    def create(self, said: dict) -> Stored:
        """The Task, with the Provenance of who asked for it. Raises what every create raises."""
        owner = None
        if not self.gives_to_pool:
            reference = self.actor.reference if self.to == ME else self.target.reference
            owner = {"reference": reference}
        note = None
        if said["callback"]:
            text = _("Call back: %(number)s") % {"number": said["callback"]}
            author = as_agent(self.actor)
            by = {"authorReference": author} if "reference" in author else {
                "authorString": author["display"]
            }  # fmt: skip
            note = with_note({}, text, author=by, at=self.at)["note"]
        stored = creation.create_of_type(
            self.type,
            actor=self.actor,
            focus={"reference": self.focus.reference} if self.focus else None,
            subject={"reference": self.patient.reference} if self.patient else None,
            pool_id=self.target.pool_id if self.gives_to_pool else None,
            owner=owner,
            requester=as_agent(self.actor) if self.actor.reference else None,
            priority=self.priority,
            title=said["title"],
            description=said["description"],
            due=to_instant(said["due"]) if said["due"] else "",
            note=note,
            at=self.at,
        )
        record(stored, "create", actor=self.actor)
        if self.said("watch"):
            watching.watch(stored, self.actor)
        return stored


class NewTaskForm(forms.Form):
    """What the dialog was sent with, judged."""

    type = forms.CharField(required=False)
    title = forms.CharField(
        max_length=200,
        error_messages={"required": gettext_lazy("Say what needs doing.")},
    )
    description = forms.CharField(required=False, max_length=4000)
    due = forms.DateTimeField(
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        error_messages={"invalid": gettext_lazy("Write the due time as a date and a time.")},
    )
    callback = forms.CharField(required=False, max_length=60)
    patient = forms.CharField(required=False)
    to = forms.CharField(required=False)

    def __init__(self, new: NewTask, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.new = new

    def clean_type(self) -> str:
        if self.new.type is None:
            raise ValidationError(_("Choose the type of work."))
        return self.new.filled

    def clean_due(self) -> datetime | None:
        due = self.cleaned_data["due"]
        if due and due <= self.new.at:
            raise ValidationError(_("This due time has passed."))
        return due

    def clean_callback(self) -> str:
        number = self.cleaned_data["callback"].strip()
        if self.new.priority != "stat":
            return ""
        if sum(each.isdigit() for each in number) < 3:
            raise ValidationError(_("STAT needs a number to call you back on."))
        return number

    def clean_patient(self) -> str:
        if self.new.patient is None and not self.new.said("no_patient"):
            raise ValidationError(_("Choose the patient, or say that it is about none."))
        return self.cleaned_data["patient"]

    def clean_to(self) -> str:
        new = self.new
        if new.to == ME and new.actor.reference:
            return new.to
        if new.target is None:
            raise ValidationError(_("Choose who gets it."))
        if new.target.reason:
            raise ValidationError(new.target.reason)
        return new.to


def _title(task_type: TaskType | None) -> str:
    return task_type.title if task_type else ""


def _priority(task_type: TaskType | None) -> str:
    return (task_type.priority if task_type else "") or "routine"


def value_of(task_type: TaskType) -> str:
    """A type as a field sends it."""
    return f"{task_type.system}|{task_type.code}"


def _type_of(value: str) -> TaskType | None:
    system, bar, code = value.rpartition("|")
    found = task_types.find(code, system) if bar else None
    return found if found and found.active else None


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None
