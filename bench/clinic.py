"""The clinic that is measured: who works there, and what Task number n looks like. Pure.

Everything follows from the number, so that pgbench can work out an id as a request does:

- `staff` people; number n belongs to person n % staff, if it has an owner at all;
- the first NURSES of them sign in, and nurse u works in pool u % POOLS; from the 20th on in another;
- Tasks lie in blocks of `staff`: the oldest three quarters are over, every fifth block of the rest
  waits in the pools, and the others are open and owned: some forty a person;
- what waits is about a message, and what is over of a nurse's hangs together in trees DEPTH deep;
- for every twenty Tasks there is a patient, who lives in a state.
"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from accounts.care_team_roles import CARE_TEAM_ROLES, SNOMED
from fhir.datatypes import to_instant

NURSES = 40
POOLS = 10
EVERY = 5
"""Each how many-th open block waits in the pools."""
FIRST_ROW = 10_000_000
"""Row ids begin here: in recorded parameters nothing else looks like one. The message that a Task
is about has the row id of the Task."""
ID_PREFIX = "01990000-0000-7000-8000-"
"""Ids are as long, and as ordered, as the UUIDv7 that the server makes."""

DEPTH = 12
"""Of the trees of Tasks: each is part of the one before."""
STATES, STATE_WEIGHTS = ("CA", "TX", "FL", "NY", "IL", "OH", "VT"), (30, 23, 17, 15, 10, 4, 1)

ROLES = (*((role.snomed, role.name) for role in CARE_TEAM_ROLES), ("46255001", "Pharmacist"))

KINDS = (
    (
        "Review laboratory result",
        "Potassium 5.9 mmol/L, flagged high; repeat and call the patient.",
    ),
    ("Medication refill", "Metformin 1000 mg twice daily, 90 days; last HbA1c four months ago."),
    ("Call patient back", "Asked whether the new inhaler may be used together with the old one."),
    ("Prior authorization", "The payer asks for the last two visit notes and the imaging report."),
    ("Schedule follow-up", "Within two weeks of discharge; transport has to be arranged."),
    ("Complete intake form", "Allergies and current medication are missing."),
    ("Sign visit note", "Draft since the visit; the billing code depends on it."),
)
NOTES = (
    "Called, no answer. Left a message to call back before five.",
    "Patient prefers mornings.",
    "Waiting for the outside records; fax sent again.",
    "Discussed with the team, no change of dose for now.",
)


def resource_id(n: int) -> str:
    return f"{ID_PREFIX}{n:012d}"


def about_id(n: int) -> str:
    """The id of what Task number n is about."""
    return f"about-{n:08d}"


def role_code(pool: int) -> str:
    """The code of a pool as `system|code`."""
    return f"{SNOMED}|{ROLES[pool][0]}"


def performer_type(pool: int) -> list[dict]:
    code, name = ROLES[pool]
    return [{"coding": [{"system": SNOMED, "code": code, "display": name}], "text": name}]


def staff_reference(person: int) -> str:
    return f"Practitioner/staff-{person:05d}"


def staff_name(person: int) -> str:
    return f"Staff Member-{person:05d}"


def pools_of_nurse(nurse: int) -> list[int]:
    first = nurse % POOLS
    return [first] if nurse < NURSES // 2 else [first, (first + 3) % POOLS]


@dataclass(frozen=True)
class Clinic:
    """`tasks` Tasks, as they are at `now`."""

    tasks: int
    now: datetime

    @cached_property
    def staff(self) -> int:
        return max(1, self.tasks // 8000) * NURSES

    @cached_property
    def first_open_block(self) -> int:
        return self.tasks // self.staff * 3 // 4

    @cached_property
    def claimable(self) -> int:
        """How many Tasks wait in the pools."""
        blocks = range(self.first_open_block, self.tasks // self.staff, EVERY)
        return len(blocks) * self.staff

    def claimable_number(self, index: int) -> int:
        """The number of the `index`-th Task that waits, from 0."""
        block = self.first_open_block + EVERY * (index // self.staff)
        return self.staff * block + index % self.staff

    @cached_property
    def patients(self) -> int:
        return max(10, self.tasks // 20)

    def parent(self, n: int) -> int | None:
        """The Task that number n is part of: one of the same nurse, a block before.

        Only what is over hangs together so: nothing that is measured changes it.
        """
        block, person = divmod(n, self.staff)
        if person >= NURSES or block >= self.first_open_block or block % DEPTH == 0:
            return None
        return n - self.staff

    def patient(self, number: int, dice: random.Random) -> dict[str, Any]:
        return {
            "resourceType": "Patient",
            "id": f"patient-{number:07d}",
            "meta": {"versionId": "1", "lastUpdated": to_instant(self.now)},
            "name": [{"family": f"Family-{number % 5000}", "given": [f"Given-{number:07d}"]}],
            "birthDate": f"{1930 + number % 80}-01-02",
            "address": [{"state": dice.choices(STATES, STATE_WEIGHTS)[0]}],
        }

    def message(self, task: dict[str, Any]) -> dict[str, Any]:
        """The message that a waiting Task is about."""
        return {
            "resourceType": "Communication",
            "id": task["focus"]["reference"].partition("/")[2],
            "meta": task["meta"],
            "status": "completed",
            "subject": {"reference": task["for"]["reference"]},
            "sender": {"reference": task["for"]["reference"]},
            "sent": task["authoredOn"],
            "topic": task["code"],
            "payload": [{"contentString": task["description"]}],
        }

    def state(self, n: int) -> str:
        """over, waiting or owned."""
        block = n // self.staff
        if block < self.first_open_block:
            return "over"
        complete = block < self.tasks // self.staff
        waits = complete and (block - self.first_open_block) % EVERY == 0
        return "waiting" if waits else "owned"

    def document(self, n: int, dice: random.Random) -> dict[str, Any]:
        state, pool, person = self.state(n), n % POOLS, n % self.staff
        age = (self.tasks - n) / self.tasks * 400
        authored = self.now - timedelta(days=age, seconds=60 + dice.random() * 3600)
        updated = authored if state == "waiting" else authored + timedelta(seconds=50)
        updated = updated.replace(microsecond=updated.microsecond // 1000 * 1000)
        title, description = KINDS[dice.randrange(len(KINDS))]
        patient = dice.randrange(self.patients)
        document: dict[str, Any] = {
            "resourceType": "Task",
            "id": resource_id(n),
            "meta": {"versionId": "1", "lastUpdated": to_instant(updated)},
            "identifier": [{"system": "http://clinic.example/task", "value": f"T{n:010d}"}],
            "status": STATUS[state](dice),
            "intent": "order",
            "priority": dice.choices(PRIORITIES, PRIORITY_WEIGHTS)[0],
            "code": {"text": title},
            "description": description,
            "focus": {"reference": f"{FOCUS[state]}/{about_id(n)}"},
            "for": {
                "reference": f"Patient/patient-{patient:07d}",
                "display": f"Patient {patient:07d}",
            },
            "authoredOn": to_instant(authored),
            "lastModified": to_instant(updated),
            "requester": {"reference": staff_reference(dice.randrange(self.staff))},
            "performerType": performer_type(pool),
        }
        if state != "waiting":
            document["owner"] = {
                "reference": staff_reference(person),
                "display": staff_name(person),
            }
        if (parent := self.parent(n)) is not None:
            document["partOf"] = [{"reference": f"Task/{resource_id(parent)}"}]
        if dice.random() < 0.9:
            due = (self.now if state != "over" else updated) + timedelta(
                hours=dice.uniform(-48, 240)
            )
            document["restriction"] = {"period": {"end": to_instant(due)}}
        if state == "over":
            document["executionPeriod"] = {
                "start": to_instant(authored),
                "end": to_instant(updated),
            }
        notes = dice.choices((0, 1, 2), (50, 35, 15))[0]
        if notes:
            document["note"] = [
                {
                    "authorReference": {"reference": staff_reference(dice.randrange(self.staff))},
                    "time": to_instant(updated),
                    "text": NOTES[dice.randrange(len(NOTES))],
                }
                for _ in range(notes)
            ]
        return document

    def past(self, n: int, document: dict[str, Any]) -> list[tuple[datetime, dict[str, Any]]]:
        """What may have become of a Task until it was so: (instant, document), oldest first.

        Only the rows that statistics are counted from are made of it: the history has one version.
        """
        dice = random.Random(n)
        begin = datetime.fromisoformat(document["authoredOn"])
        end = datetime.fromisoformat(document["meta"]["lastUpdated"])
        asked = {
            name: document[name] for name in ("performerType", "code", "restriction", "priority")
            if name in document
        }  # fmt: skip
        asked |= {"status": "requested", "businessStatus": stage(0)}
        if self.state(n) == "waiting":
            return [(begin, asked)]
        steps = []
        if dice.random() < 0.2:
            steps.append({**asked, "performerType": performer_type(dice.randrange(POOLS))})
        owned = {**asked, "owner": document["owner"]}
        steps += [asked, {**owned, "status": "accepted", "businessStatus": stage(1)}]
        if dice.random() < 0.3:
            reason = {"text": HELD_FOR[dice.randrange(len(HELD_FOR))]}
            steps.append({**steps[-1], "status": "on-hold", "statusReason": reason})
        steps.append({**owned, "status": "in-progress", "businessStatus": stage(2)})
        last = {**owned, "status": document["status"], "businessStatus": stage(2)}
        if "executionPeriod" in document:
            last["executionPeriod"] = document["executionPeriod"]
        if document["status"] == "cancelled":
            last["statusReason"] = {"text": HELD_FOR[dice.randrange(len(HELD_FOR))]}
        steps.append(last)
        whole = (end - begin) / len(steps)
        return [(begin + whole * number, step) for number, step in enumerate(steps)]


STAGES = ("received", "under review", "patient told")
HELD_FOR = ("Waiting on patient", "Waiting on a result", "Waiting on a colleague")


def stage(number: int) -> dict:
    code = STAGES[number].replace(" ", "-")
    return {"coding": [{"system": "urn:bench:stage", "code": code}], "text": STAGES[number]}


FOCUS = {"over": "DiagnosticReport", "waiting": "Communication", "owned": "DiagnosticReport"}
PRIORITIES, PRIORITY_WEIGHTS = ("routine", "urgent", "asap", "stat"), (65, 20, 10, 5)
STATUS = {
    "over": lambda dice: dice.choices(
        ("completed", "cancelled", "failed", "rejected"), (93, 5, 1, 1)
    )[0],
    "waiting": lambda dice: "requested",
    "owned": lambda dice: dice.choices(
        ("accepted", "in-progress", "on-hold", "ready"), (45, 35, 15, 5)
    )[0],
}


def new_task(pool: int, dice: random.Random) -> dict[str, Any]:
    """What a client posts for a pool."""
    clinic = Clinic(8000, datetime.now(UTC))
    document = clinic.document(clinic.claimable_number(pool), dice)
    for name in ("id", "meta", "lastModified", "identifier", "note"):
        document.pop(name, None)
    return document | {"performerType": performer_type(pool)}
