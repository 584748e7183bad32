"""Random people do random things to random Tasks, and a model of the rules says what must happen.

The model is plain Python, written from requirements.md T2, T3, T6 and T14, without the product's
code. After each step what the database holds agrees with what was acknowledged; a refusal changed
nothing; and nobody sees what is not for her.
"""

import json
from dataclasses import dataclass, field

import pytest
from django.contrib.auth.models import Permission
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fhir.errors import FhirError
from fhir.models import ResourceVersion
from tasks import actions
from tasks.models import Task, TaskUserObjectPermission
from tests.agreement import assert_agrees, everything, versions
from tests.factories import CARDIOLOGIST_ROLE, DOCTOR_ROLE, NURSE_ROLE, role
from tests.unit.test_transitions import COLUMNS as STATUSES
from tests.unit.test_transitions import EDGES

pytestmark = pytest.mark.django_db

FIXED = settings(
    derandomize=True,
    max_examples=40,
    stateful_step_count=50,
    deadline=None,
    print_blob=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

# The people: name → (role, reference, pools that she may claim from, pools that she coordinates).


@dataclass(frozen=True)
class Who:
    role: str
    reference: str = ""
    pools: frozenset = frozenset()
    coordinates: frozenset = frozenset()

    @property
    def writes_everything(self):
        return self.role in ("admin", "service")

    @property
    def reads_everything(self):
        return self.role in ("admin", "service", "auditor")


PEOPLE = {
    "nurse": Who("practitioner", "Practitioner/maya", frozenset({NURSE_ROLE})),
    "nurse2": Who("practitioner", "Practitioner/tomas", frozenset({NURSE_ROLE})),
    "physician": Who("practitioner", "Practitioner/ines", frozenset({DOCTOR_ROLE})),
    "cardiologist": Who("practitioner", "Practitioner/carl", frozenset({CARDIOLOGIST_ROLE})),
    "coordinator": Who("coordinator", "Practitioner/cora", frozenset(), frozenset({NURSE_ROLE})),
    "auditor": Who("auditor", "Practitioner/audrey"),
    "admin": Who("admin", "Practitioner/ada"),
    "service": Who("service"),
}
FULL_NAMES = {
    "Practitioner/maya": "Maya Lindqvist",
    "Practitioner/tomas": "Tomás Rivera",
    "Practitioner/ines": "Ines Cardoso",
    "Practitioner/carl": "Carl Ostrow",
    "Practitioner/cora": "Cora Blake",
    "Practitioner/ada": "Ada Moss",
}
POOLS = (NURSE_ROLE, DOCTOR_ROLE, CARDIOLOGIST_ROLE)
NO_POOL = "3842006"  # a role that nobody has
OWNERS = ("", *FULL_NAMES, "Organization/ward")
MARKS = {(before, after): mark for before, after, mark in EDGES}
FINAL = {"completed", "cancelled", "failed", "rejected", "entered-in-error"}
CLAIMABLE = {"requested", "received", "ready"}
RANKS = {"routine": 1, "urgent": 2, "asap": 3, "stat": 4}


# Documents as the model knows them: less what the server keeps.


def plain(document: dict) -> dict:
    """A document less id, meta, lastModified and executionPeriod; of the notes only the texts."""
    kept = ("id", "meta", "lastModified", "executionPeriod")
    document = {name: value for name, value in document.items() if name not in kept}
    if "note" in document:
        document["note"] = [note["text"] for note in document["note"]]
    return document


def owner_of(document: dict) -> str:
    return document.get("owner", {}).get("reference", "")


def pools_of(document: dict) -> set[str]:
    concepts = document.get("performerType", [])
    return {coding["code"] for each in concepts for coding in each["coding"]} & {*POOLS}


def without(document: dict, *names: str) -> dict:
    return {name: value for name, value in document.items() if name not in names}


def in_status(document: dict, status: str) -> dict:
    return {**without(document, "statusReason"), "status": status}


def owned(document: dict, owner: str) -> dict:
    return {**document, "owner": {"reference": owner}} if owner else without(document, "owner")


def for_roles(document: dict, codes) -> dict:
    performers = [one for code in codes for one in role(code)]
    if not performers:
        return without(document, "performerType")
    return {**document, "performerType": performers}


@dataclass
class Known:
    """What the model knows of one Task."""

    task_id: str
    texts: list[str] = field(default_factory=list)
    """What was acknowledged, a text for each version; "" for a deletion."""
    documents: list[dict | None] = field(default_factory=list)
    granted: set[str] = field(default_factory=set)
    """Who was given a view besides the owner."""

    @property
    def deleted(self) -> bool:
        return self.documents[-1] is None

    @property
    def document(self) -> dict:
        return next(document for document in reversed(self.documents) if document is not None)


def sees(name: str, known: Known) -> bool:
    """T2, T18."""
    who, owner, pools = PEOPLE[name], owner_of(known.document), pools_of(known.document)
    return (
        who.reads_everything
        or (owner == who.reference and bool(owner))
        or name in known.granted
        or (not owner and bool(pools & who.pools))
        or bool(pools & who.coordinates)
    )


def refused_create(who: Who, after: dict, others: list[Known]) -> set[int]:
    """T3, T10."""
    if who.role == "auditor":
        return {403}
    if who.role != "practitioner":
        return set()
    owner = owner_of(after)
    if owner == who.reference or (not owner and pools_of(after)):
        return set()
    successor = (
        owner
        and after.get("requester", {}).get("reference") == who.reference
        and "focus" in after
        and any(
            not each.deleted
            and owner_of(each.document) == who.reference
            and each.document.get("focus") == after["focus"]
            and each.document["status"] not in FINAL
            for each in others
        )
    )
    return set() if successor else {403}


def refused_step(who: Who, before: dict, after: dict) -> set[int]:
    """Every status that T3, T6 and T15 allow as the refusal of a change; empty: it is made."""
    refusals = set()
    had, has = owner_of(before), owner_of(after)
    judged = who.role == "practitioner" or (
        who.role == "coordinator" and not pools_of(before) & who.coordinates
    )
    if judged:
        mine = bool(had) and had == who.reference
        claimable = not had and bool(pools_of(before) & who.pools)
        allowed = (
            (mine or claimable)
            and (bool(has) or bool(pools_of(after)))
            and (has in ("", had, who.reference) or mine)
        )
        if not allowed:
            refusals.add(403)
    mark = MARKS[before["status"], after["status"]]
    if mark == ".":
        refusals.add(422)
    if mark == "e" and not who.writes_everything:
        refusals.add(403)
    if before["intent"] != after["intent"]:
        refusals.add(422)
    return refusals


def was_faster(name: str, known: Known) -> str:
    """The owner who claimed what this person could have claimed just before; "" for none."""
    if known.deleted or not (owner := owner_of(known.document)):
        return ""
    for document in reversed(known.documents):
        if document is None:
            return ""
        if owner_of(document) != owner:
            claimable = not owner_of(document) and pools_of(document) & PEOPLE[name].pools
            return owner if claimable and PEOPLE[name].role == "practitioner" else ""
    return ""


names = st.sampled_from(sorted(PEOPLE))
staff = st.sampled_from(["nurse", "nurse2", "physician", "cardiologist", "coordinator"])
anybody = st.one_of(staff, names)
statuses = st.sampled_from(STATUSES)
some_pools = st.lists(
    st.sampled_from([NURSE_ROLE, NURSE_ROLE, *POOLS, NO_POOL]), max_size=2, unique=True
)
some_owner = st.one_of(st.just(""), st.sampled_from(OWNERS))
numbers = st.sampled_from(range(840))  # evenly: which Task, and who of those who see it
focus = st.sampled_from([None, "Communication/one", "Communication/two"])
if_match = st.sampled_from(["none", "none", "fresh", "stale"])


@st.composite
def new_documents(draw):
    document = {"resourceType": "Task", "status": draw(statuses), "intent": "order"}
    if draw(st.booleans()):
        document["status"] = "requested"
    document = for_roles(owned(document, draw(some_owner)), draw(some_pools))
    if thread := draw(focus):
        document["focus"] = {"reference": thread}
    if requester := draw(st.sampled_from(OWNERS)):
        document["requester"] = {"reference": requester}
    if draw(st.booleans()):
        document["priority"] = draw(st.sampled_from(sorted(RANKS)))
    return document


some_changes = st.lists(
    st.sampled_from(["status", "owner", "pools", "priority", "note", "intent", "nothing"]),
    min_size=1,
    max_size=2,
)
CHANGES = {
    "status": lambda draw, document: {**document, "status": draw(statuses)},
    "owner": lambda draw, document: owned(document, draw(some_owner)),
    "pools": lambda draw, document: for_roles(document, draw(some_pools)),
    "priority": lambda draw, document: {
        **document,
        "priority": draw(st.sampled_from(sorted(RANKS))),
    },
    "note": lambda draw, document: {
        **document,
        "note": [*document.get("note", []), f"Note {draw(numbers)}"],
    },
    "intent": lambda draw, document: {**document, "intent": "plan"},
    "nothing": lambda draw, document: document,
}
REASON = {"text": "Because"}
VERBS = {
    "start": (lambda document: in_status(document, "in-progress"), {}),
    "complete": (lambda document: in_status(document, "completed"), {}),
    "hold": (
        lambda document: {**document, "status": "on-hold", "statusReason": REASON},
        {"reason": REASON},
    ),
    "reject": (
        lambda document: {**document, "status": "rejected", "statusReason": REASON},
        {"reason": REASON},
    ),
    "fail": (
        lambda document: {**document, "status": "failed", "statusReason": REASON},
        {"reason": REASON},
    ),
    "cancel": (
        lambda document: {**document, "status": "cancelled", "statusReason": REASON},
        {"reason": REASON},
    ),
}


def written(type_name: str) -> int:
    return ResourceVersion.objects.filter(resource_type=type_name).count()


class Clinic(RuleBasedStateMachine):
    """One example: a clinic that starts with a few Tasks. Its writes are rolled back at its end."""

    cast, clients = {}, {}

    def __init__(self):
        super().__init__()
        self.known: list[Known] = []
        self.looked_at: list[tuple[int, int]] = []
        self.transaction = transaction.atomic()
        self.transaction.__enter__()

    def teardown(self):
        try:
            self.everybody_looks_at_everything()
        finally:
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    def pick(self, number: int) -> Known:
        """A Task; seldom one that was deleted."""
        alive = [each for each in self.known if not each.deleted]
        choice = alive if alive and number % 7 else self.known
        return choice[number % len(choice)]

    def somebody(self, name: str, number: int) -> str:
        """`name`, or more often one of the staff who see the Task: most others are just refused."""
        known = self.pick(number)
        insiders = [
            each
            for each in ("nurse", "nurse2", "physician", "cardiologist", "coordinator")
            if sees(each, known)
        ]
        return insiders[number // 5 % len(insiders)] if insiders and number % 5 else name

    # What every step is held to.

    def attempt(self, known: Known | None, refused: set[int], after: dict | None, call) -> int:
        """Run `call` → (status, text), and hold it to what the model says of it.

        `after` is the next document, None for a deletion.
        """
        before = everything(known.task_id) if known else None
        count, of_tasks = ResourceVersion.objects.count(), written("Task")
        status, text = call()
        if refused:
            assert status in refused, text
        else:
            assert status in (200, 201, 204), text
        unchanged = known and known.documents[-1] == after
        if refused or unchanged:
            assert ResourceVersion.objects.count() == count, "something was written"
            assert not known or everything(known.task_id) == before
        if unchanged and not refused and after is not None:
            assert text == known.texts[-1], "what did not change was answered differently"
        if not refused and not unchanged:
            # An operation that moves a Task says in a Provenance why it moved.
            assert written("Task") == of_tasks + 1
            assert ResourceVersion.objects.count() - count in (1, 2)
            if known is None:
                known = Known(json.loads(text)["id"])
                self.known.append(known)
            self.acknowledge(known, text, after)
        return status

    def acknowledge(self, known: Known, text: str, after: dict | None) -> None:
        before = known.documents[-1] if known.documents else None
        if known.documents and after is not None:
            former = owner_of(known.document)
            if former != owner_of(after):
                known.granted -= {
                    name
                    for name, who in PEOPLE.items()
                    if who.reference and who.reference == former
                }
        known.documents.append(after)
        known.texts.append(text if after is not None else "")
        if after is not None:
            document = json.loads(text)
            assert plain(document) == after
            assert document["meta"]["versionId"] == str(len(known.texts))
            if before is None:
                assert "lastModified" not in document
                assert "executionPeriod" not in document or len(known.texts) > 1
            else:
                self.check_times(json.loads(known.texts[-2]), document)
        row = assert_agrees(known.task_id, granted=self.granted_users(known))
        assert row.document == known.texts[-1]
        assert [version.document for version in versions(known.task_id)] == known.texts

    def granted_users(self, known: Known) -> frozenset:
        return frozenset(self.cast[name].user.username for name in known.granted)

    def check_times(self, before: dict, after: dict) -> None:
        """T14."""
        at = after["meta"]["lastUpdated"]
        assert after["lastModified"] == at
        expected = dict(before.get("executionPeriod", {}))
        if before["status"] != after["status"]:
            if before["status"] in ("draft", "requested", "received", "ready"):
                if after["status"] in ("accepted", "in-progress"):
                    expected.setdefault("start", at)
            if after["status"] in ("completed", "failed", "cancelled", "rejected"):
                expected.setdefault("end", at)
        assert after.get("executionPeriod", {}) == expected

    def refused(self, name: str, known: Known, after: dict | None, *, owns=False) -> set[int]:
        """The refusals of a change of a Task that is there; `after` None: see the caller."""
        who = PEOPLE[name]
        if who.role == "auditor":
            return {403}
        if not sees(name, known):
            return {409} if owns and was_faster(name, known) else {403}
        if known.deleted:
            return {410}
        return refused_step(who, known.document, after) if after is not None else set()

    def act(self, name: str, action, *arguments, **named):
        def call():
            try:
                stored = action(*arguments, actor=self.cast[name].actor, **named)
            except FhirError as refusal:
                return refusal.status, str(refusal)
            return 200, stored.document

        return call

    def ask(self, name: str, method: str, path: str, body=None, **headers):
        def call():
            client = self.clients[name]
            if method == "PATCH":
                answer = client.patch(path, body, **headers)
            else:
                answer = client.request(method, path, body, **headers)
            return answer.status_code, answer.content.decode()

        return call

    # What people do.

    @initialize(documents=st.lists(new_documents(), min_size=2, max_size=4))
    def some_tasks_are_there(self, documents):
        for document in documents:
            self.attempt(None, set(), document, self.ask("service", "POST", "Task", document))

    @precondition(lambda self: len(self.known) < 8)
    @rule(name=anybody, document=new_documents(), bundle=st.booleans())
    def create(self, name, document, bundle):
        refused = refused_create(PEOPLE[name], document, self.known)
        entry = {"request": {"method": "POST", "url": "Task"}, "resource": document}
        whole = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}

        def in_bundle():
            status, text = self.ask(name, "POST", "", whole)()
            if status == 200:
                resource = json.loads(text)["entry"][0]["resource"]
                return 201, Task.objects.get(resource_id=resource["id"]).document
            return status, text

        plainly = self.ask(name, "POST", "Task", document)
        self.attempt(None, refused, document, in_bundle if bundle else plainly)

    @rule(name=anybody, number=numbers, verb=st.sampled_from(sorted(VERBS)))
    def do(self, name, number, verb):
        name = self.somebody(name, number)
        known = self.pick(number)
        change, arguments = VERBS[verb]
        after = change(known.document)
        refused = self.refused(name, known, after)
        action = getattr(actions, verb)
        self.attempt(known, refused, after, self.act(name, action, known.task_id, **arguments))

    @rule(name=anybody, number=numbers)
    def note(self, name, number):
        name = self.somebody(name, number)
        known = self.pick(number)
        text = f"Note {number}"
        after = {**known.document, "note": [*known.document.get("note", []), text]}
        refused = self.refused(name, known, after)
        self.attempt(known, refused, after, self.act(name, actions.add_note, known.task_id, text))

    @rule(name=anybody, number=numbers)
    def resume(self, name, number):
        name = self.somebody(name, number)
        known = self.pick(number)
        document = known.document
        status = "requested"
        if owner_of(document):
            has_start = "start" in self.last_document(known).get("executionPeriod", {})
            status = "in-progress" if has_start else "accepted"
        after = in_status(document, status)
        refused = self.refused(name, known, after)
        if document["status"] != "on-hold" and not refused & {409, 410}:
            refused = refused | {422}
        self.attempt(known, refused, after, self.act(name, actions.resume, known.task_id))

    def last_document(self, known: Known) -> dict:
        return json.loads(next(text for text in reversed(known.texts) if text))

    @rule(name=anybody, number=numbers)
    def release(self, name, number):
        name = self.somebody(name, number)
        known = self.pick(number)
        after = owned(in_status(known.document, "requested"), "")
        refused = self.refused(name, known, after)
        if not pools_of(known.document) and not refused & {409, 410}:
            refused = refused | {422}
        self.attempt(known, refused, after, self.act(name, actions.release, known.task_id))

    @rule(
        name=anybody,
        number=numbers,
        way=st.sampled_from(["action", "operation", "patch"]),
        match=if_match,
    )
    def claim(self, name, number, way, match):
        name = self.somebody(name, number)
        known, who = self.pick(number), PEOPLE[name]
        document, faster = known.document, was_faster(name, known)
        if way == "patch" and not who.reference:
            return
        owner = {"reference": who.reference}
        if name in self.cast and self.cast[name].user.get_full_name():
            owner["display"] = self.cast[name].user.get_full_name()
        after = {**document, "status": "accepted", "owner": owner}
        if way != "patch":
            after.pop("statusReason", None)
        if way != "patch" and owner_of(document) == who.reference and who.reference:
            after = document
        if not who.reference:
            refused = {403}
        else:
            refused = self.refused(name, known, after, owns=True)
            if way != "patch" and not refused & {403, 410} and after is not document:
                if owner_of(document):
                    refused = refused | {409}
                elif document["status"] not in CLAIMABLE:
                    refused = refused | {422}
            if way != "patch" and 403 in refused and sees(name, known) and who.role != "auditor":
                refused = refused | {409, 422}  # she sees why, as she sees the Task
        current, headers, versions_named = len(known.texts), {}, None
        if match != "none" and not known.deleted:
            version = current if match == "fresh" else current + 5
            headers, versions_named = {"If-Match": f'W/"{version}"'}, [version]
            if match == "stale" and sees(name, known) and who.role != "auditor" and who.reference:
                refused = {412}
        calls = {
            "action": self.act(name, actions.claim, known.task_id, if_match=versions_named),
            "operation": self.ask(name, "POST", f"Task/{known.task_id}/$claim", None, **headers),
            "patch": self.ask(
                name,
                "PATCH",
                f"Task/{known.task_id}",
                [
                    {"op": "replace", "path": "/status", "value": "accepted"},
                    {"op": "replace", "path": "/owner", "value": owner},
                ],
                **headers,
            ),
        }
        said = []

        def call():
            status, text = calls[way]()
            said.append(text)
            return status, text

        status = self.attempt(known, refused, after, call)
        if status == 409 and faster:
            assert FULL_NAMES.get(faster, "Somebody else") in said[0]

    @rule(name=anybody)
    def claim_next(self, name):
        who = PEOPLE[name]
        waiting = [
            known
            for known in self.known
            if not known.deleted
            and not owner_of(known.document)
            and known.document["status"] in CLAIMABLE
            and pools_of(known.document) & who.pools
        ]
        waiting.sort(
            key=lambda each: (-RANKS[each.document.get("priority", "routine")], each.task_id)
        )
        count = ResourceVersion.objects.count()
        call = self.ask(name, "POST", "Task/$claim-next")
        if who.role in ("auditor", "service"):
            status, _ = call()
            assert (status, ResourceVersion.objects.count()) == (403, count)
        elif not waiting:
            assert call() == (204, "")
            assert ResourceVersion.objects.count() == count
        else:
            known = waiting[0]
            owner = {"reference": who.reference, "display": FULL_NAMES[who.reference]}
            after = {**in_status(known.document, "accepted"), "owner": owner}
            self.attempt(known, set(), after, call)

    @rule(name=anybody, number=numbers, kinds=some_changes, data=st.data())
    def put(self, name, number, kinds, data):
        self.rewrite(name, number, kinds, data, "put")

    @rule(name=anybody, number=numbers, kinds=some_changes, data=st.data())
    def patch(self, name, number, kinds, data):
        self.rewrite(name, number, kinds, data, "patch")

    @rule(name=anybody, number=numbers, kinds=some_changes, data=st.data())
    def put_in_batch(self, name, number, kinds, data):
        self.rewrite(name, number, kinds, data, "batch")

    @rule(number=numbers, owner=st.sampled_from(OWNERS[1:]))
    def reroute(self, number, owner):
        """The owner, or who could claim it, gives it to somebody else, by the printed patch."""
        known = self.pick(number)
        name = self.somebody("admin", number)
        after = without(owned(known.document, owner), "performerType")
        operations = difference(self.last_document(known), self.sent(known, after))
        owns = owner == PEOPLE[name].reference
        refused = self.refused(name, known, after, owns=owns)
        path = f"Task/{known.task_id}"
        self.attempt(known, refused, after, self.ask(name, "PATCH", path, operations))

    def rewrite(self, name, number, kinds, data, way):
        """Any other change: owner, pool, status, priority, notes, intent."""
        name = self.somebody(name, number)
        known, who = self.pick(number), PEOPLE[name]
        after = known.document
        for kind in kinds:
            after = CHANGES[kind](data.draw, after)
        sent = self.sent(known, after)
        owns = owner_of(after) == who.reference and bool(who.reference)
        if way == "patch":
            operations = difference(self.last_document(known), sent)
            owns = owns and any(each["path"] == "/owner" for each in operations)
            refused = self.refused(name, known, after, owns=owns)
            call = self.ask(name, "PATCH", f"Task/{known.task_id}", operations)
        else:
            refused = self.refused(name, known, after, owns=owns)
            call = self.ask(name, "PUT", f"Task/{known.task_id}", sent)
            if way == "batch":
                call = self.in_batch(name, known, sent)
        if known.deleted and way != "patch" and who.writes_everything:
            refused = set()
        self.attempt(known, refused, after, call)

    def in_batch(self, name, known, sent):
        entry = {"request": {"method": "PUT", "url": f"Task/{known.task_id}"}, "resource": sent}
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}

        def call():
            status, text = self.ask(name, "POST", "", bundle)()
            assert status == 200
            answer = json.loads(text)["entry"][0]["response"]
            if answer["status"][:1] == "2":
                return 200, Task.objects.get(resource_id=known.task_id).document
            return int(answer["status"][:3]), json.dumps(answer)

        return call

    def sent(self, known: Known, after: dict) -> dict:
        """What a client that read the last version sends to get `after`."""
        last = self.last_document(known)
        kept = {name: last[name] for name in ("lastModified", "executionPeriod") if name in last}
        if known.deleted:
            kept = {}
        notes = last.get("note", [])
        texts = after.get("note", [])
        document = {**without(after, "note"), "id": known.task_id, "meta": last["meta"], **kept}
        if texts:
            document["note"] = [
                *notes[: len(texts)],
                *({"text": each} for each in texts[len(notes) :]),
            ]
        return document

    BROKEN = {
        "remove what is not there": ([{"op": "remove", "path": "/location"}], {}, 422),
        "below what is not there": ([{"op": "replace", "path": "/code/text", "value": "x"}], {}, 422),
        "an index that is none": ([{"op": "add", "path": "/note/7000", "value": {"text": "x"}}], {}, 422),
        "a test that fails": ([{"op": "test", "path": "/intent", "value": "plan"}], {}, 422),
        "a version that is not": ([{"op": "test", "path": "/meta/versionId", "value": "0"}], {}, 412),
        "strictly absent": ([{"op": "replace", "path": "/location", "value": {"reference": "Location/x"}}], {"Prefer": "handling=strict"}, 422),
        "no such status": ([{"op": "replace", "path": "/status", "value": "done"}], {}, 422),
        "another id": ([{"op": "replace", "path": "/id", "value": "other"}], {}, 422),
        "no patch": ({"op": "remove"}, {}, 400),
        "stale": ([{"op": "replace", "path": "/priority", "value": "stat"}], {"If-Match": 'W/"999"'}, 412),
    }  # fmt: skip

    @rule(name=anybody, number=numbers, kind=st.sampled_from(sorted(BROKEN)))
    def send_what_is_broken(self, name, number, kind):
        name = self.somebody(name, number)
        known = self.pick(number)
        operations, headers, status = self.BROKEN[kind]
        refused = self.refused(name, known, None) or {status}
        path = f"Task/{known.task_id}"
        self.attempt(known, refused, None, self.ask(name, "PATCH", path, operations, **headers))

    @precondition(lambda self: not any(each.deleted for each in self.known))
    @rule(name=st.one_of(names, st.just("admin")), number=numbers)
    def delete(self, name, number):
        known, who = self.pick(number), PEOPLE[name]
        refused = self.refused(name, known, None) - {410}
        if not refused and not known.deleted and not who.writes_everything:
            refused = {403}
        self.attempt(known, refused, None, self.ask(name, "DELETE", f"Task/{known.task_id}"))

    @precondition(lambda self: any(each.deleted for each in self.known))
    @rule(
        name=st.sampled_from(["admin", "service"]),
        number=numbers,
        kinds=some_changes,
        data=st.data(),
    )
    def bring_back(self, name, number, kinds, data):
        """A PUT to the id of a deleted Task: whoever had it before has lost it."""
        deleted = [each for each in self.known if each.deleted]
        known = deleted[number % len(deleted)]
        after = known.document
        for kind in ["owner", *kinds]:
            after = CHANGES[kind](data.draw, after)
        sent = self.sent(known, after)
        self.attempt(known, set(), after, self.ask(name, "PUT", f"Task/{known.task_id}", sent))

    @rule(number=numbers)
    def claim_what_nobody_has(self, number):
        """Whatever its status: only what waits can be claimed."""
        unowned = [
            (each, name)
            for each in self.known
            for name, who in PEOPLE.items()
            if not each.deleted
            and not owner_of(each.document)
            and pools_of(each.document) & who.pools
        ]
        if not unowned:
            return
        known, name = unowned[number % len(unowned)]
        reference = PEOPLE[name].reference
        owner = {"reference": reference, "display": FULL_NAMES[reference]}
        after = {**in_status(known.document, "accepted"), "owner": owner}
        refused = set() if known.document["status"] in CLAIMABLE else {422}
        self.attempt(known, refused, after, self.act(name, actions.claim, known.task_id))

    @rule(name=st.sampled_from(["nurse", "physician", "cardiologist"]), number=numbers)
    def show_to(self, name, number):
        """A person entitled to it grants a view."""
        known = self.pick(number)
        if owner_of(known.document) == PEOPLE[name].reference or name in known.granted:
            return
        TaskUserObjectPermission.objects.create(
            user=self.cast[name].user,
            content_object=Task.objects.get(resource_id=known.task_id),
            permission=Permission.objects.get(
                codename="view_task", content_type__app_label="tasks"
            ),
        )
        known.granted.add(name)

    @rule(name=anybody, path=st.sampled_from(["Task/never-was", "Task/never-was/$claim"]))
    def write_to_what_never_was(self, name, path):
        who = PEOPLE[name]
        count = ResourceVersion.objects.count()
        status, _ = (
            self.ask(name, "POST", path)
            if path.endswith("$claim")
            else self.ask(name, "PATCH", path, [{"op": "remove", "path": "/owner"}])
        )()
        expected = 404 if who.writes_everything else 403
        if path.endswith("$claim") and not who.reference:
            expected = 403
        assert status == expected
        assert ResourceVersion.objects.count() == count

    # What everybody sees.

    @invariant()
    def nobody_is_shown_what_is_not_for_her(self):
        now = [(len(each.texts), len(each.granted)) for each in self.known]
        if now == self.looked_at:
            return
        self.looked_at = now
        for name in PEOPLE:
            rows = Task.objects.readable_by(self.cast[name].actor)
            found = {*rows.values_list("resource_id", flat=True)}
            assert found == {each.task_id for each in self.known if sees(name, each)}, name

    @rule(
        name=anybody,
        status=statuses,
        owner=st.sampled_from(OWNERS[1:]),
        code=st.sampled_from(POOLS),
    )
    def search(self, name, status, owner, code):
        shown = [each for each in self.known if sees(name, each) and not each.deleted]
        expected = {
            "": shown,
            f"status={status}": [each for each in shown if each.document["status"] == status],
            f"owner={owner}": [each for each in shown if owner_of(each.document) == owner],
            f"performer={code}": [each for each in shown if code in pools_of(each.document)],
            "owner:missing=true": [each for each in shown if not owner_of(each.document)],
            "priority=stat": [each for each in shown if each.document.get("priority") == "stat"],
        }
        for query, wanted in expected.items():
            bundle = self.clients[name].get(f"Task?_count=100&_total=accurate&{query}").json()
            ids = sorted(entry["resource"]["id"] for entry in bundle.get("entry", []))
            assert ids == sorted(each.task_id for each in wanted), (name, query)
            assert bundle["total"] == len(ids)

    def everybody_looks_at_everything(self):
        for name, client in self.clients.items():
            for known in self.known:
                path = f"Task/{known.task_id}"
                answer = client.get(path)
                history = client.get(f"{path}/_history")
                version = client.get(f"{path}/_history/1")
                if not sees(name, known):
                    never = client.get("Task/never-was")
                    for each in (answer, history, version):
                        assert (each.status_code, each.content) == (404, never.content), name
                    continue
                assert answer.status_code == (410 if known.deleted else 200)
                if not known.deleted:
                    assert answer.content.decode() == known.texts[-1]
                assert version.content.decode() == known.texts[0]
                entries = history.json()["entry"]
                assert [each.get("resource") for each in entries] == [
                    json.loads(text) if text else None for text in reversed(known.texts)
                ]


def difference(before: dict, after: dict) -> list[dict]:
    """A JSON Patch from one to the other, with the liberties that the guides take (T1)."""
    operations = [{"op": "remove", "path": f"/{name}"} for name in before if name not in after]
    for name, value in after.items():
        if name == "note" and value != before.get("note"):
            news = value[len(before.get("note", [])) :]
            operations += [{"op": "add", "path": "/note/-", "value": each} for each in news]
        elif before.get(name) != value:
            operations.append({"op": "replace", "path": f"/{name}", "value": value})
    return operations


def test_whatever_people_do_the_rules_hold(cast, api):
    class OurClinic(Clinic):
        pass

    OurClinic.cast = cast
    OurClinic.clients = {name: api(name) for name in cast}
    run_state_machine_as_test(OurClinic, settings=FIXED)
