"""What the search field of the top bar finds: patients, and tasks.

Patients by the beginning of any of their names, by identifier, and by the day of their birth; tasks
by words of title and description, by id or address, and with the patients that were found. Every
part goes by an index and is bounded, so that a search costs no more where there is more; what is
found beyond the bounds is not told, only that there is more. All of it passes `readable_by`: who
may not read something cannot find it.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import BigIntegerField, Count, F, Q
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts import numbers, people
from accounts.models import Patient
from fhir import json
from fhir.actor import Actor, Role
from fhir.search.expressions import Sql, any_element
from fhir.search.indexing import date_range
from fhir.search.texts import folded, longest_prefix
from tasks import times, title_words
from tasks.models import Task, TaskUserObjectPermission
from tasks.rows import Row
from tasks.rows import rows as display_rows
from tasks.transitions import CLAIMABLE, FINAL, OPEN
from tasks.worklist import Listed, View

LONGEST = 200
SHOWN = 50
LOOKED_AT = 1000
"""So many patients of a name are looked at: who reads all of them needs no more, and who reads few
is told to narrow it."""
WITH_TASKS = 10
"""So many patients that are found bring their tasks along."""
SEARCH = View("search", _("Search"))

BORN = Sql("({0} #> '{{birthdate,0,0}}')::bigint", F("ranges"), output_field=BigIntegerField())
"""Written as in the index patient_birth_date."""


@dataclass(frozen=True, slots=True)
class FoundPatient:
    reference: str
    patient: people.Patient
    born: str
    age: str
    open_tasks: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, best first. `more_…` say that there is more than is shown."""

    patients: list[FoundPatient]
    open: list[Row]
    closed: list[Row]
    more_patients: bool = False
    more_tasks: bool = False

    def __bool__(self) -> bool:
        return bool(self.patients or self.open or self.closed)


def find(text: str, *, actor: Actor, now: datetime) -> Found:
    """What a text finds."""
    asked = Asked(text)
    matched, more = _patients(asked, actor)
    references = [f"Patient/{resource_id}" for resource_id, document in matched[:WITH_TASKS]]
    tasks = _tasks(asked, references, actor)
    return _found(matched, tasks, actor, now, more_patients=more)


def find_of(reference: str, *, actor: Actor, now: datetime) -> Found:
    """One patient with all tasks: nothing of either where the actor may not read the patient."""
    matched = _patient(reference, actor)
    tasks = _of_patients([reference], OPEN, actor, SHOWN + 1) if matched else []
    tasks += _of_patients([reference], FINAL, actor, SHOWN + 1 - len(tasks)) if matched else []
    return _found(matched, tasks, actor, now)


def patients(text: str, *, actor: Actor, now: datetime) -> tuple[list[FoundPatient], bool]:
    """The patients alone, and whether there are more."""
    found, more = _patients(Asked(text), actor)
    return _shown_patients(found, actor, now), more


def patient(reference: str, *, actor: Actor, now: datetime) -> FoundPatient | None:
    """One of them by reference; None for whom she may not read."""
    return next(iter(_shown_patients(_patient(reference, actor), actor, now)), None)


# --- what was typed -------------------------------------------------------------------------------


class Asked:
    """A text, and the ways to read it."""

    def __init__(self, text: str):
        self.text = " ".join(text[:LONGEST].replace("\x00", "").split())
        self.task_id = _task_id(self.text)
        self.days, rest = ([], self.text) if self.task_id else _birth_dates(self.text)
        self.names = (
            [] if self.task_id else [name for name in folded(rest).split() if len(name) > 1]
        )
        self.words = [] if self.task_id else title_words.words(rest)
        self.number = numbers.token(self.text) if numbers.bare(self.text) else ""


ADDRESS = re.compile(r"(?:^|/)(?:t|Task)/([A-Za-z0-9\-.]{1,64})(?:[/?#]|$)")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def _task_id(text: str) -> str:
    """The id in the address of a task, in a reference to one, or alone."""
    found = ADDRESS.search(text)
    if found:
        return found[1]
    return text if UUID.fullmatch(text) else ""


MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DATES = (
    re.compile(r"(?P<year>(?:18|19|20)\d\d)[-./ ](?P<month>\d{1,2})[-./ ](?P<day>\d{1,2})"),
    re.compile(r"(?P<year>(?:18|19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)"),
    re.compile(r"(?P<first>\d{1,2})[-./ ](?P<second>\d{1,2})[-./ ](?P<year>(?:18|19|20)\d\d)"),
    re.compile(
        r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[-. ]+(?P<name>[^\W\d_]{3,})[-., ]+(?P<year>(?:18|19|20)\d\d)"
    ),
    re.compile(
        r"(?P<name>[^\W\d_]{3,})[-. ]+(?P<day>\d{1,2})(?:st|nd|rd|th)?[-., ]+(?P<year>(?:18|19|20)\d\d)"
    ),
)
"""1964-02-14 · 19640214 · 14.02.1964 and 02/14/1964 · 14-Feb-1964 · February 14, 1964"""


def _birth_dates(text: str) -> tuple[list[date], str]:
    """The days that a date in the text may mean, and the text without it.

    14.02. and 02/14 are told apart where they can be; 04/05/1964 means both days.
    """
    for pattern in DATES:
        found = re.search(rf"(?<!\d){pattern.pattern}(?!\d)", text, re.IGNORECASE)
        if found and (days := _days(found.groupdict())):
            return days, f"{text[: found.start()]} {text[found.end() :]}"
    return [], text


def _days(parts: dict[str, str]) -> list[date]:
    year = int(parts["year"])
    if "first" in parts:
        first, second = int(parts["first"]), int(parts["second"])
        pairs = {(second, first), (first, second)}
    elif "name" in parts:
        pairs = {(_month(parts["name"]), int(parts["day"]))}
    else:
        pairs = {(int(parts["month"]), int(parts["day"]))}
    return [day for month, number in sorted(pairs) if (day := _day(year, month, number))]


def _month(name: str) -> int:
    """In English and in the language of the page."""
    asked = folded(name)[:3]
    for number, english in enumerate(MONTHS, start=1):
        own = folded(date_format(date(2000, number, 1), "F"))
        if asked in (english, own[:3]):
            return number
    return 0


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


# --- patients -------------------------------------------------------------------------------------


Matched = list[tuple[str, dict]]
"""Patients: (id, document)."""


def _patients(asked: Asked, actor: Actor) -> tuple[Matched, bool]:
    """By family name and given name."""
    if not asked.text or asked.task_id:
        return [], False
    candidates, more = _candidates(asked)
    rows = list(
        Patient.objects.readable_by(actor)
        .filter(pk__in=candidates)
        .values_list("resource_id", "document")
        if candidates
        else ()
    )
    found = [(resource_id, json.loads_stored(text)) for resource_id, text in rows]
    found.sort(key=lambda each: _sort_key(each[1]))
    return found[:SHOWN], more or len(found) > SHOWN


def _patient(reference: str, actor: Actor) -> Matched:
    type_name, resource_id = people.split(reference)
    if type_name != "Patient":
        return []
    found = people.documents([reference], actor=actor)
    return [(resource_id, document) for document in found.values()]


def _sort_key(document: dict) -> tuple:
    shown = people.patient(document)
    return folded(shown.family), folded(shown.given), shown.birth_date


def _candidates(asked: Asked) -> tuple[list[int], bool]:
    """The rows that are looked at, and whether there are more of a name than that."""
    live = Patient.objects.filter(deleted=False)
    wanted = [Q(tokens__contains=[asked.number])] if asked.number else []
    named = Q(*(_is_called(name) for name in asked.names)) if asked.names else None
    if asked.days:
        lows = [date_range(day.isoformat())[0] for day in asked.days]
        born = Q(Sql("{0} = any(%s)", BORN, params=[lows]))
        wanted.append(born & named if named else born)
    elif named:
        wanted.append(named)
    found = [
        list(live.filter(each).values_list("pk", flat=True)[: LOOKED_AT + 1]) for each in wanted
    ]
    pks = list(dict.fromkeys(pk for each in found for pk in each))
    return pks[:LOOKED_AT], len(pks) > LOOKED_AT


def _is_called(name: str) -> Q:
    """One of the names, or a part of the family name, begins so."""
    indexed = Q(tokens__contains=[f"name^{longest_prefix(name)}"])
    return indexed & any_element(
        "strings", "(starts_with(e, %s) or starts_with(e, %s))", f"name~{name}", f"name:part~{name}"
    )


def _shown_patients(found: Matched, actor: Actor, now: datetime) -> list[FoundPatient]:
    references = [f"Patient/{resource_id}" for resource_id, document in found]
    counts = dict(
        Task.objects.readable_by(actor)
        .filter(subject__in=references, deleted=False, status__in=sorted(OPEN))
        .values_list("subject")
        .annotate(count=Count("pk"))
        if references
        else ()
    )
    return [
        FoundPatient(
            reference,
            shown := people.patient(document),
            times.born(shown.birth_date) if shown.birth_date else "",
            people.age_line(shown, times.age(shown.birth_date, now) if shown.birth_date else ""),
            counts.get(reference, 0),
        )
        for reference, (resource_id, document) in zip(references, found, strict=True)
    ]


# --- tasks ----------------------------------------------------------------------------------------


def _tasks(asked: Asked, patients: list[str], actor: Actor) -> list[Task]:
    """Open ones first; of the patients that were found, and by words. One more than is shown."""
    if asked.task_id:
        rows = Task.objects.readable_by(actor)
        return list(rows.filter(resource_id=asked.task_id, deleted=False))
    found: dict[int, Task] = {}
    for statuses in (OPEN, FINAL):
        room = SHOWN + 1 - len(found)
        if room > 0:
            each = _of_patients(patients, statuses, actor, room)
            each += _with_words(asked.words, statuses, actor, room)
            found |= {task.pk: task for task in each}
    return list(found.values())[: SHOWN + 1]


def _of_patients(patients: list[str], statuses, actor: Actor, room: int) -> list[Task]:
    if not patients or room <= 0:
        return []
    return list(
        Task.objects.readable_by(actor)
        .filter(subject__in=patients, deleted=False, status__in=sorted(statuses))
        .order_by("-priority", "due", "resource_id")[:room]
    )


def _with_words(words: list[str], statuses, actor: Actor, room: int) -> list[Task]:
    """Rows that the index of words gives, of each way in which the actor may see a Task by itself:
    a word that half of all Tasks have must not be checked against the rights to each of them.
    """
    if not words:
        return []
    having = Task.objects.filter(
        deleted=False,
        status__in=sorted(statuses),
        tokens__contains=[title_words.token(word) for word in words],
    )
    looked_at = 4 * SHOWN
    parts = [having.filter(each).values_list("pk")[:looked_at] for each in _ways(actor)]
    pks = parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]
    rows = Task.objects.readable_by(actor).filter(pk__in=[pk for (pk,) in pks])
    found = [
        each for each in rows if title_words.has_words(json.loads_stored(each.document), words)
    ]
    found.sort(key=lambda task: (-task.priority, task.due, task.resource_id))
    return found[:room]


def _ways(actor: Actor) -> list[Q]:
    """Tasks that she may read, in parts that an index helps with: see Task.readable_condition."""
    if actor.reads_everything:
        return [Q()]
    granted = TaskUserObjectPermission.objects.filter(user_id=actor.user_id)
    ways = [Q(pk__in=granted.values("content_object_id"))]
    if actor.pools:
        pools = list(actor.pools)
        ways += [
            Q(owner="", pool_id__in=pools, status__in=sorted(CLAIMABLE)),
            Q(owner="", pool_id__in=pools) & ~Q(status__in=sorted(CLAIMABLE)),
            Q(owner="", other_pools__pool_id__in=pools),
        ]
    if actor.role is Role.COORDINATOR:
        coordinated = list(actor.coordinates)
        ways += [Q(pool_id__in=coordinated), Q(other_pools__pool_id__in=coordinated)]
    return ways


def _found(
    matched: Matched, tasks: list[Task], actor: Actor, now: datetime, *, more_patients: bool = False
) -> Found:
    listed = [
        Listed(
            each.resource_id,
            each.version_id,
            each.pool_id,
            json.loads_stored(each.document),
            each.due,
            0,
        )
        for each in tasks[:SHOWN]
    ]
    shown = display_rows(listed, SEARCH, actor, now=now)
    return Found(
        _shown_patients(matched, actor, now),
        [row for row in shown if row.status in OPEN],
        [row for row in shown if row.status not in OPEN],
        more_patients,
        len(tasks) > SHOWN,
    )
