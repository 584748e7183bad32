"""The Tasks of the demo clinic: who has what, since when and until when.

A Plan says of one Task what it is about, in which status, whose, and when it is due; `build` turns
it into documents. Ids depend on the plans only, never on the time, so that a later run finds the
clinic that an earlier one made.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import cycle
from random import Random
from typing import Any, NamedTuple

from tasks.demo import codes, errands, labs, messages, paperwork, visits
from tasks.demo.documents import Case, instant, minutes, resource
from tasks.demo.patients import BY_ID, HOMER, PATIENTS, PRINTED, Person
from tasks.demo.staff import (
    BY_USERNAME,
    CARE_TEAM,
    MAIN_CLINIC,
    ORGANIZATION,
    STAFF,
    TRIAGE_LINE,
    Member,
    members_of,
)

LAB, MESSAGE, INTAKE, IDENTITY, VISIT, ERRAND = (
    "lab",
    "message",
    "intake",
    "identity",
    "visit",
    "errand",
)
DAY = 24 * 60
SLA = {"stat": 60, "asap": 4 * 60, "urgent": DAY, "routine": 4 * DAY, None: 4 * DAY}
"""Priority → minutes from the request until it is due."""
OWNED = ("accepted", "in-progress", "on-hold", "completed", "failed")
ENDED = ("completed", "failed", "cancelled", "rejected")


class Plan(NamedTuple):
    """One Task. `due` is in minutes from now, None for no due time; `ended` in minutes ago."""

    kind: str
    about: Any
    patient: Person
    status: str = "requested"
    priority: str | None = "routine"
    owner: Member | None = None
    pools: tuple[str, ...] = ()
    due: int | None = None
    ended: int | None = None
    other_owner: dict | None = None
    """An owner who is no Practitioner (S18)."""


class Work(NamedTuple):
    """Everything that comes of the plans, in an order in which each follows what it names."""

    documents: list[dict]
    tasks: list[dict]
    provenance: list[dict]


QUEUE = (
    (LAB, "potassium", "amara-okonkwo", "stat", -12),
    (MESSAGE, "wound", "nils-bergstrom", "urgent", -65),
    (MESSAGE, "dizzy", "rosalind-oyelaran", "asap", 18),
    (LAB, "inr", "miguel-castellanos", "asap", 41),
    (LAB, "sodium", "evelyn-hart", "stat", 25),
    (MESSAGE, "fever", "yasmin-haddad", "urgent", 80),
    (MESSAGE, "refill-metformin", "george-whitcombe", "urgent", 140),
    (INTAKE, "phq-9", "simone-delacroix", "routine", 240),
    (LAB, "xray", "kenji-nakamura", "routine", 330),
    (ERRAND, "Reconcile medicines after hospital stay", "agnes-petrova", "urgent", -190),
    (MESSAGE, "rash", "lucia-moretti", "asap", 55),
    (LAB, "lithium", "stefan-brandl", "asap", 95),
    (LAB, "urine", "claire-beaumont", "urgent", 200),
    (ERRAND, "Chase missing biopsy report", "patrick-o-rourke", "urgent", -400),
    (ERRAND, "Book repeat potassium for tomorrow morning", "kwame-boateng", "urgent", 260),
    (MESSAGE, "refill-inhaler", "tobias-keller", "urgent", 300),
    (ERRAND, "Call two days after discharge", "arun-pillai", "urgent", 420),
    (LAB, "hba1c", "marcus-bell", "urgent", 1200),
    (LAB, "fit", "leonard-kowalski", "urgent", 1380),
    (MESSAGE, "side-effect", "ingrid-solberg", "routine", 1500),
    (MESSAGE, "result-question", "victor-almeida", "routine", 2600),
    (ERRAND, "Call after missed visit", "olga-ivanenko", "routine", 2900),
    (LAB, "vitamin-d", "grace-muthoni", "routine", 4300),
    (ERRAND, "Blood pressure diary not sent for three weeks", "carl-jorgensen", "routine", 5600),
    (ERRAND, "Yearly medicine review, 11 medicines", "edith-lawson", "routine", 7200),
    (ERRAND, "Fasting glucose not drawn, call patient", "samir-chaudhry", None, None),
)
"""What waits for the registered nurses: kind, what, patient, priority, minutes until due."""

WAITING = {
    "doctor": 13,
    "cardiologist": 8,
    "care-coordinator": 12,
    "medical-billing-specialist": 8,
    "nurse-practitioner": 9,
}
"""How many Tasks wait in the other pools."""
DUE = (-150, 35, 400, 3000, -25, 180, 1100, None, 75, 5200, 260, 1600, -900, 2400)
WAITING_STATUSES = ("requested", "requested", "requested", "ready", "requested", "received")
OWNED_STATUSES = (
    "accepted",
    "in-progress",
    "requested",
    "on-hold",
    "accepted",
    "in-progress",
    "ready",
    "received",
)
PAST_STATUSES = ("completed",) * 13 + ("cancelled",) * 2 + ("failed", "rejected")
PAST = 186
PAST_DAYS = 150


def work(rng: Random, now: datetime) -> Work:
    result = Work([], [], [])
    for number, plan in enumerate(_plans(rng), start=1):
        task_id = f"task-{number:03}"
        case, elements = build(rng, f"{plan.kind}-{number:03}", plan, now)
        result.documents.extend(case.documents)
        result.tasks.append(resource("Task", task_id, **elements))
    _reroute(rng, result)
    _hand_over(result, now)
    _split(result, now)
    result.tasks.extend(_printed(now))
    result.documents.extend(messages.threads_without_work(rng, now))
    return result._replace(tasks=_parents_first(result.tasks))


# --- plans ----------------------------------------------------------------------------------------


def _plans(rng: Random) -> Iterator[Plan]:
    for number, (kind, what, patient, priority, due) in enumerate(QUEUE):
        about = _about(kind, what)
        others = tuple(pool for pool in getattr(about, "pools", ()) if pool != "registered-nurse")
        pools = ("registered-nurse", *others[:1]) if number % 4 == 3 else ("registered-nurse",)
        status = WAITING_STATUSES[number % 6] if priority == "routine" else "requested"
        yield Plan(kind, about, BY_ID[patient], status, priority, None, pools, due)
    people = _people(rng)
    dues, statuses = cycle(DUE), cycle(WAITING_STATUSES)
    for pool, count in WAITING.items():
        for (kind, about), number in zip(_about_for(rng, pool), range(count), strict=False):
            others = [p for p in getattr(about, "pools", ()) if p not in (pool, "registered-nurse")]
            pools = (pool, *others[:1]) if number % 3 == 2 else (pool,)
            yield Plan(
                kind, about, _patient_for(about, people), next(statuses), _priority(rng, about),
                None, pools, next(dues),
            )  # fmt: skip
    owned = cycle(OWNED_STATUSES)
    for member in STAFF:
        for (kind, about), number in zip(_about_for(rng, member.pools[0]), range(8), strict=False):
            pools = () if number % 3 == 1 else member.pools[:1]
            yield Plan(
                kind, about, _patient_for(about, people), next(owned), _priority(rng, about),
                member, pools, next(dues),
            )  # fmt: skip
    yield from _unusual(rng, people)
    past = cycle(PAST_STATUSES)
    for _ in range(PAST):
        member, status = rng.choice(STAFF), next(past)
        kind, about = next(_about_for(rng, member.pools[0]))
        pools = () if rng.random() < 0.3 else member.pools[:1]
        yield Plan(
            kind, about, _patient_for(about, people), status, _priority(rng, about),
            member if status in OWNED or pools == () else None, pools,
            ended=round(30 + PAST_DAYS * DAY * rng.random() ** 1.6),
        )  # fmt: skip


def _unusual(rng: Random, people: Iterator[Person]) -> Iterator[Plan]:
    """Drafts, mistakes, and owners who are no practitioners."""
    for number, member in enumerate(STAFF[:8]):
        kind, about = next(_about_for(rng, member.pools[0]))
        pools = member.pools[:1] if number % 2 else ()
        yield Plan(
            kind, about, _patient_for(about, people), "draft", "routine", member, pools, 4000
        )
    for member in STAFF[:4]:
        kind, about = next(_about_for(rng, member.pools[0]))
        yield Plan(kind, about, _patient_for(about, people), "entered-in-error", "routine", member)
    for number, form in enumerate((*paperwork.FORMS, *paperwork.FORMS)):
        patient = next(people)
        yield Plan(
            INTAKE, form, patient, ("ready", "in-progress")[number % 2], "routine",
            due=(2 * DAY, -DAY, 6 * DAY)[number % 3], other_owner=patient.reference,
        )  # fmt: skip
    groups = (
        (f"Organization/{ORGANIZATION}", "Northgate Family Health", IDENTITY, paperwork.PROOFS[4]),
        (f"CareTeam/{CARE_TEAM}", "Northgate primary care team", ERRAND, errands.ERRAND_LIST[1]),
        (f"HealthcareService/{TRIAGE_LINE}", "Nurse triage line", ERRAND, errands.ERRAND_LIST[11]),
        (
            "PractitionerRole/hana-sato-cardiologist",
            "Dr. Hana Sato",
            ERRAND,
            errands.ERRAND_LIST[7],
        ),
    )
    for reference, display, kind, about in groups:
        owner = {"reference": reference, "display": display}
        yield Plan(
            kind, about, next(people), "requested", "routine", due=2 * DAY, other_owner=owner
        )
    mother = {"reference": "RelatedPerson/leila-haddad", "display": "Leila Haddad"}
    yield Plan(
        INTAKE, paperwork.BY_KEY["new-patient-intake"], BY_ID["yasmin-haddad"], "ready", "routine",
        due=3 * DAY, other_owner=mother,
    )  # fmt: skip


def _about(kind: str, what: str) -> Any:
    tables = {
        LAB: labs.BY_KEY,
        MESSAGE: messages.BY_KEY,
        INTAKE: paperwork.BY_KEY,
        ERRAND: errands.BY_TITLE,
    }
    return tables[kind][what]


def _about_for(rng: Random, pool: str) -> Iterator[tuple[str, Any]]:
    """Work that suits a pool, without end, in an order of chance."""
    choices = [
        (kind, about)
        for kind, table in (
            (LAB, labs.REPORTS),
            (MESSAGE, messages.TALKS),
            (ERRAND, errands.ERRAND_LIST),
        )
        for about in table
        if pool in about.pools and about not in ONLY_ONCE
    ]
    if pool in ("doctor", "cardiologist", "nurse-practitioner"):
        choices += [(VISIT, visit) for visit in visits.VISITS]
    if pool == "care-coordinator":
        choices += [(INTAKE, form) for form in paperwork.FORMS * 3]
    if pool in ("care-coordinator", "medical-billing-specialist"):
        choices += [(IDENTITY, proof) for proof in paperwork.PROOFS]
    while True:
        yield from rng.sample(choices, len(choices))


ONLY_ONCE = (labs.BY_KEY["potassium"], messages.BY_KEY["fever"])


def _people(rng: Random) -> Iterator[Person]:
    """Grown patients but for those of the guides, without end."""
    grown = [
        person
        for person in PATIENTS
        if person.birth_date < "2005" and person.id not in (HOMER, PRINTED)
    ]
    while True:
        yield from rng.sample(grown, len(grown))


def _patient_for(about: Any, people: Iterator[Person]) -> Person:
    if about is labs.BY_KEY["psa"]:
        return next(person for person in people if person.gender == "male")
    if "Mammogram" in getattr(about, "title", ""):
        return next(person for person in people if person.gender == "female")
    return next(people)


def _priority(rng: Random, about: Any) -> str | None:
    usual = getattr(about, "priority", "routine")
    return None if usual == "routine" and rng.random() < 0.1 else usual


# --- one Task -------------------------------------------------------------------------------------


class Times(NamedTuple):
    authored: datetime
    due: datetime | None
    started: datetime | None
    ended: datetime | None

    @property
    def modified(self) -> datetime:
        return self.ended or self.started or self.authored


def build(rng: Random, key: str, plan: Plan, now: datetime) -> tuple[Case, dict]:
    """What a plan's Task is about, and the elements of the Task itself."""
    times = _times(rng, plan, now)
    case = _case(rng, key, plan, times)
    owner = plan.other_owner or (plan.owner.reference if plan.owner else None)
    task: dict[str, Any] = {
        "basedOn": case.task.get("basedOn"),
        "status": plan.status,
        "statusReason": _status_reason(rng, plan.status),
        "businessStatus": _stage(rng, plan),
        "intent": "order",
        "priority": plan.priority,
        **{name: value for name, value in case.task.items() if name != "basedOn"},
        "executionPeriod": _period(times.started, times.ended),
        "authoredOn": instant(times.authored),
        "lastModified": instant(times.modified),
        "performerType": [codes.role_concept(pool) for pool in plan.pools] or None,
        "owner": owner,
        "note": _notes(rng, plan, case, times) or None,
        "restriction": {"period": {"end": instant(times.due)}} if times.due else None,
        "output": [case.output] if plan.status == "completed" and case.output else None,
    }
    return case, {name: value for name, value in task.items() if value is not None}


def _times(rng: Random, plan: Plan, now: datetime) -> Times:
    promised = SLA[plan.priority]
    wait, effort, some = rng.uniform(0.05, 0.6), rng.uniform(0.02, 0.5), rng.randint(4, 90)
    late = 3 if rng.random() < 0.15 else 1
    if plan.ended is not None:
        ended = now - minutes(plan.ended)
        started = ended - minutes(promised * effort * late)
        authored = started - minutes(promised * wait)
        due = authored + minutes(promised)
        return Times(authored, due, started if plan.status in OWNED else None, ended)
    due = None if plan.due is None else now + minutes(plan.due)
    authored = min((due or now) - minutes(promised), now - minutes(some))
    started = authored + (now - authored) * wait if plan.status in OWNED else None
    return Times(authored, due, started, None)


def _period(start: datetime | None, end: datetime | None) -> dict | None:
    period = {name: instant(at) for name, at in (("start", start), ("end", end)) if at is not None}
    return period or None


def _case(rng: Random, key: str, plan: Plan, times: Times) -> Case:
    patient, at = plan.patient, times.authored
    done = times.ended if plan.status == "completed" else None
    if plan.kind == LAB:
        return labs.case(rng, key, plan.about, patient, at)
    if plan.kind == MESSAGE:
        return messages.case(rng, key, plan.about, patient, at, owner=plan.owner, answered_at=done)
    if plan.kind == INTAKE:
        answered = done or (
            at if plan.owner is None and plan.pools == ("registered-nurse",) else None
        )
        if plan.status == "in-progress" and plan.owner:
            answered = times.started
        return paperwork.intake_case(rng, key, plan.about, patient, at, answered_at=answered)
    if plan.kind == IDENTITY:
        received = plan.status in ("in-progress", "completed")
        return paperwork.identity_case(rng, key, plan.about, patient, at, received=received)
    if plan.kind == VISIT:
        by = plan.owner or members_of(plan.pools[0])[0]
        return visits.case(rng, key, plan.about, patient, at, by=by, final=done is not None)
    return errands.case(rng, key, plan.about, patient, at)


TYPES = {
    LAB: codes.LAB_REVIEW,
    MESSAGE: codes.MESSAGE_RESPONSE,
    INTAKE: codes.INTAKE,
    IDENTITY: codes.IDENTITY,
    VISIT: codes.ENCOUNTER_NOTE,
}


def _stage(rng: Random, plan: Plan) -> dict:
    """Where in its funnel a Task in this status stands."""
    if plan.kind == MESSAGE:
        late = plan.due is not None and plan.due < 0
        return codes.MESSAGE_RESPONSE.stage(1 if plan.owner else 2 if late else 0)
    task_type = TYPES.get(plan.kind) or codes.ERRANDS[plan.about.category]
    if plan.status == "completed":
        return task_type.stage(-1)
    if plan.kind == INTAKE:
        answered = plan.pools == ("registered-nurse",) or (
            plan.status == "in-progress" and plan.owner
        )
        return task_type.stage(3 if answered else rng.randrange(3))
    if plan.kind == LAB and plan.status == "in-progress":
        return task_type.stage(2)
    return task_type.stage(1 if plan.status in ("accepted", "in-progress", "on-hold") else 0)


def _status_reason(rng: Random, status: str) -> dict | None:
    choices = {
        "on-hold": codes.HOLD,
        "rejected": codes.REJECT,
        "failed": codes.FAIL,
        "cancelled": codes.CANCEL,
    }.get(status)
    if not choices or (status == "cancelled" and rng.random() < 0.1):
        return None
    return rng.choice([reason for reason in choices if reason.code != "other"]).as_concept()


REMARKS = {
    "accepted": ("I take this after the morning round.", "Will call before noon."),
    "in-progress": ("Left a voicemail, trying again at two.", "Chart reviewed, calling now."),
    "on-hold": ("Waiting for the answer of the pharmacy.", "Asked for the old records."),
    "completed": ("Spoke with the patient, plan understood.", "Done and documented in the chart."),
    "failed": ("Three calls on three days, letter sent.",),
    "rejected": ("This belongs to another team.",),
    "cancelled": ("Sorted out at the visit.",),
}


def _notes(rng: Random, plan: Plan, case: Case, times: Times) -> list[dict]:
    notes = []
    if case.note:
        author = case.task["requester"]
        by_person = author["reference"].startswith("Practitioner/")
        who = (
            {"authorReference": author} if by_person else {"authorString": "Laboratory, core desk"}
        )
        at = times.authored + minutes(1)
        notes.append({**who, "time": instant(at), "text": case.note})
    if plan.owner and plan.status in REMARKS and rng.random() < 0.6:
        text = rng.choice(REMARKS[plan.status])
        notes.append(_note(plan.owner.reference, times.modified, text))
    return notes


def _note(author: dict, at: datetime, text: str) -> dict:
    return {"authorReference": author, "time": instant(at), "text": text}


# --- what happened to some of them ----------------------------------------------------------------

REROUTE_TEXTS = {
    "specialty-referral": "Rerouting to cardiology: new cardiac symptoms.",
    "wrong-pool": "This came to us by mistake.",
    "workload": "I will not get to this today.",
    "end-of-shift": "My shift ends, please go on from here.",
    "outside-my-licence": "The patient lives in a state where I hold no license.",
    "patient-asked": "The patient asked for somebody else.",
}


def _reroute(rng: Random, result: Work) -> None:
    """Say of some Tasks with an owner that they came from somebody else, and why (S116–S118)."""
    rerouted = [
        task
        for task in result.tasks
        if task["status"] in ("accepted", "in-progress", "completed")
        and task.get("owner", {}).get("reference", "").startswith("Practitioner/")
    ]
    reasons = cycle(codes.REROUTE_REASONS)
    for number, task in enumerate(rerouted[::5][:24], start=1):
        heart = task["owner"]["reference"] in ("Practitioner/dr-cardio", "Practitioner/hana-sato")
        reason = "specialty-referral" if heart else next(reasons)
        if reason == "specialty-referral" and not heart:
            reason = next(reasons)
        by = rng.choice([m for m in STAFF if m.reference != task["owner"]])
        at = task["executionPeriod"]["start"]
        note = {"authorReference": by.reference, "time": at, "text": REROUTE_TEXTS[reason]}
        task["note"] = sorted([*task.get("note", []), note], key=lambda each: each["time"])
        result.provenance.append(
            _provenance(f"reroute-{number:02}", task["id"], by.reference, at, reason)
        )


def _provenance(key: str, task_id: str, who: dict, at: str, reason: str) -> dict:
    return resource(
        "Provenance",
        key,
        target=[{"reference": f"Task/{task_id}"}],
        recorded=at,
        reason=[codes.REROUTE_REASONS[reason].as_concept()],
        agent=[{"who": who}],
    )


def _hand_over(result: Work, now: datetime) -> None:
    """Reroutes that keep the former owner's view: a successor and a cancelled one (T16, S121)."""
    house, cardio = BY_USERNAME["house"], BY_USERNAME["cardiologist"]
    mine = [
        task
        for task in result.tasks
        if task["status"] == "accepted" and task.get("owner") == house.reference
    ]
    for number, old in enumerate(mine[:3], start=1):
        at = now - minutes(95 * number)
        at = max(at, datetime.fromisoformat(old["authoredOn"]) + minutes(2))
        new_id = f"task-handed-over-{number}"
        kept = ("priority", "code", "description", "focus", "for", "encounter", "restriction")
        why = "Rerouted from original Task: needs cardiology review."
        new = {name: old[name] for name in kept if name in old} | {
            "basedOn": [{"reference": f"Task/{old['id']}"}],
            "status": "requested",
            "intent": "order",
            "authoredOn": instant(at),
            "lastModified": instant(at),
            "requester": house.reference,
            "owner": cardio.reference,
            "note": [_note(house.reference, at, why)],
        }
        result.tasks.append(resource("Task", new_id, **new))
        period = {**old.get("executionPeriod", {}), "end": instant(at)}
        if period.get("start", "") > period["end"]:
            period["start"] = period["end"]
        old |= {
            "status": "cancelled",
            "statusReason": codes.REROUTED,
            "executionPeriod": period,
            "lastModified": instant(at),
            "note": [
                *(note for note in old.get("note", []) if note["time"] < instant(at)),
                _note(house.reference, at, "Rerouted to Dr. Cardio: see new Task."),
            ],
        }
        result.provenance.append(
            _provenance(
                f"handover-{number}", old["id"], house.reference, instant(at), "specialty-referral"
            )
        )
        _move_thread(result, old, cardio)


def _move_thread(result: Work, task: dict, owner: Member) -> None:
    """A thread's recipient follows the owner of its Task (T21)."""
    focus = task.get("focus", {}).get("reference", "")
    for document in result.documents:
        if f"{document['resourceType']}/{document['id']}" == focus and "recipient" in document:
            document["recipient"] = [owner.reference]


SUBTASKS = {
    "potassium": ("Confirm critical value with the lab", "Call patient", "Order repeat potassium"),
    "Discharge tomorrow: arrange home nursing": (
        "Ask the hospital for the discharge letter",
        "Order dressings",
        "Confirm first visit with the agency",
    ),
    "Prior authorization for continuous glucose monitor": (
        "Attach HbA1c of this year",
        "Attach last visit note",
    ),
    "Reconcile medicines after hospital stay": ("Call the pharmacy", "Call patient"),
}
SUBTASK_STATUSES = ("completed", "requested", "accepted")


def _split(result: Work, now: datetime) -> None:
    """Give some open Tasks subtasks, and one of those a subtask of its own (S38–S41)."""
    titles = {labs.BY_KEY["potassium"].title if key == "potassium" else key: parts
              for key, parts in SUBTASKS.items()}  # fmt: skip
    parents = [
        task
        for task in result.tasks
        if task.get("description") in titles and task["status"] in ("requested", "accepted")
    ]
    first = None
    for parent in parents[:10]:
        owner = parent.get("owner") or BY_USERNAME["nurse"].reference
        for number, text in enumerate(titles[parent["description"]], start=1):
            status = SUBTASK_STATUSES[(number - 1) % len(SUBTASK_STATUSES)]
            subtask = _subtask(f"{parent['id']}-{number}", parent, text, status, owner, now)
            result.tasks.append(subtask)
            first = first or subtask
    result.tasks.append(
        _subtask(
            f"{first['id']}-1",
            first,
            "Ask for a second reading of the tube",
            "completed",
            BY_USERNAME["nurse2"].reference,
            now,
        )  # fmt: skip
    )


def _subtask(
    task_id: str, parent: dict, text: str, status: str, owner: dict, now: datetime
) -> dict:
    authored = datetime.fromisoformat(parent["authoredOn"])
    started = authored + (now - authored) * 0.4
    ended = authored + (now - authored) * 0.7
    task_type = codes.ERRANDS["care-coordination"]
    done = status == "completed"
    return resource(
        "Task",
        task_id,
        partOf=[{"reference": f"Task/{parent['id']}"}],
        status=status,
        businessStatus=task_type.stage({"requested": 0, "accepted": 1, "completed": 2}[status]),
        intent="order",
        priority=parent.get("priority"),
        code=codes.concept(text, *task_type.as_concept()["coding"]),
        focus=parent.get("focus"),
        **{"for": parent["for"]},
        executionPeriod=_period(started, ended if done else None) if status in OWNED else None,
        authoredOn=parent["authoredOn"],
        lastModified=instant(ended if done else started if status in OWNED else authored),
        requester=owner,
        owner=owner,
        restriction=parent.get("restriction"),
    )


def _parents_first(tasks: list[dict]) -> list[dict]:
    """By time of request, so that the newest list first; whatever a Task names stands before it."""
    return sorted(tasks, key=lambda task: (task["authoredOn"], len(task["id"]), task["id"]))


# --- those that the guides print ------------------------------------------------------------------


def _printed(now: datetime) -> list[dict]:
    """The Tasks whose ids the guides print, as they print them (requirements.md T9)."""
    omni = {"reference": "Practitioner/65f9876543210abcdef98765"}
    homer = BY_ID[HOMER]
    asked = now - timedelta(days=2)
    return [
        resource(
            "Task",
            "65f8901234567abcdef89012",
            status="requested",
            intent="order",
            priority="urgent",
            code={
                "coding": [codes.coding(codes.TASK_CODE, "fulfill", "Fulfill the focal request")]
            },
            description="Review abnormal lab results and contact patient",
            **{"for": {"reference": f"Patient/{PRINTED}"}},
            authoredOn="2024-03-15T08:00:00Z",
            requester=omni,
            owner=omni,
            restriction={"period": {"end": instant(now + timedelta(hours=26))}},
            note=[
                {"text": "HbA1c results came back at 8.2%, need to discuss treatment adjustment"}
            ],
        ),
        resource(
            "Task",
            "example-task",
            status="ready",
            businessStatus=codes.INTAKE.stage(0),
            intent="order",
            code=codes.concept(
                "Complete PHQ-9",
                codes.coding(codes.SNOMED, "715252007", "Depression screening using PHQ-9"),
            ),
            description="Patient to complete PHQ-9 depression screening",
            focus={
                "reference": "Questionnaire/phq-9",
                "display": "PHQ-9 depression screening",
            },
            **{"for": homer.reference},
            authoredOn=instant(asked),
            requester=BY_USERNAME["denise"].reference,
            owner=homer.reference,
            location={"reference": f"Location/{MAIN_CLINIC}"},
            restriction={"period": {"end": instant(now + timedelta(days=3))}},
        ),
    ]
