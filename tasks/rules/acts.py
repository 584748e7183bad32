"""What a rule does about an event: the same actions as people's, in the name of the rules.

Work is never lost for want of somebody to do it: a Task that no pool of the rule can serve goes to
its pool all the same, and the coordinators are told; where even that is refused, the rule fails, is
tried again each minute, and the coordinators are told of that.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from accounts import people
from accounts.models import Pool, User
from accounts.pools import codes_of, pool_ids
from communications.notices import notify
from fhir import json, sql
from fhir.actor import Role
from fhir.errors import BusinessRuleViolation, FhirError
from fhir.store import Stored
from tasks import consequences, creation, moves, reasons, task_types
from tasks.assignment import PULL, choose
from tasks.document import PRIORITY_RANK, reference_of
from tasks.eligible import lock_assigning, why_not_person, why_not_pool
from tasks.models import Rule, RuleAction, Task
from tasks.moves import ToPerson, ToPool
from tasks.rules.conditions import patient_of
from tasks.rules.events import MESSAGE_TYPE, RULES, Event, version_name
from tasks.rules.waits import thread_of_message
from tasks.task_types import TaskType
from tasks.transitions import OPEN

Kind = RuleAction.Kind


class NoPlace(BusinessRuleViolation):
    """No pool takes this Task now."""


@dataclass
class Outcome:
    """What a run came to. `result` is in words, without anything of a patient."""

    result: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    """References of the Tasks that were made, joined or changed."""
    wrote: list[str] = field(default_factory=list)
    made: int = 0
    """How many Tasks, subtasks among them."""

    def did(self, text: str, *stored: Stored | None) -> None:
        """Say what was done, and by which versions."""
        self.result.append(text)
        for each in stored:
            if each is None:
                continue
            self.wrote.append(version_name(each.resource_type, each.resource_id, each.version_id))
            if each.resource_type == "Task" and each.reference not in self.tasks:
                self.tasks.append(each.reference)


def act(rule: Rule, event: Event, *, at: datetime) -> Outcome:
    """Do everything that the rule says, in its order. Belongs into a transaction."""
    outcome = Outcome()
    for action in rule.actions.all():
        DOERS[action.kind](rule, action, event, outcome, at)
    return outcome


# --- create ---------------------------------------------------------------------------------------


def _create(rule: Rule, action: RuleAction, event: Event, outcome: Outcome, at: datetime) -> None:
    task_type = task_types.find(action.task_type.code, action.task_type.system)
    if task_type is None:  # made a moment ago, by another process
        task_types.forget()
        task_type = task_types.find(action.task_type.code, action.task_type.system)
    focus = focus_of(event)
    # One at a time, so that what two do about the same thing becomes one Task.
    sql.rows("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"rule|{focus}",))
    task = _open_task(task_type, focus)
    if task is not None:
        _join(rule, event, task, outcome)
        return
    said = {
        "focus": {"reference": focus},
        "subject": _plain(patient_of(event.document)),
        "encounter": _plain(event.document.get("encounter")),
        "requester": _requester(event),
        "priority": action.priority,
    }
    pool, owner, warning = _place(task_type, action, said, at)
    made = creation.make(
        task_type, actor=RULES, pool_id=pool and pool.pk, owner=owner, at=at, unserved=True, **said
    )
    name = owner and people.names([owner["reference"]], actor=RULES).get(owner["reference"])
    where = name or (owner and owner["reference"]) or pool.name
    outcome.made += len(made)
    outcome.did(f"Created “{task_type.title}” for {where}.", *made)
    consequences.record(made[0], "create", actor=RULES, reason=_why(rule))
    if warning:
        text = f"A new task waits in {pool.name} that nobody there can take now. {warning}"
        told = notify(
            coordinators([pool.pk]), about=[made[0].reference], text=text, actor=RULES,
            key=_key(rule, event, "unserved"),
        )  # fmt: skip
        outcome.did(f"{warning} {_told(told, 'the coordinators')}", told)


def focus_of(event: Event) -> str:
    """What a Task about the event is about: the thread of a message, else the resource."""
    if event.resource_type == MESSAGE_TYPE:
        return thread_of_message(event.document)
    return event.reference


def _open_task(task_type: TaskType, focus: str) -> Task | None:
    tokens = [f"code={task_type.system}|{task_type.code}", f"focus={focus}"]
    return (
        Task.objects.filter(tokens__contains=tokens, deleted=False, status__in=OPEN)
        .order_by("id")
        .first()
    )


def _join(rule: Rule, event: Event, task: Task, outcome: Outcome) -> None:
    """The work is under way: its owner hears that there is more to it."""
    outcome.did("Left it to the open task about the same.")
    outcome.tasks.append(f"Task/{task.resource_id}")
    if event.resource_type == MESSAGE_TYPE and event.version and task.owner:
        told = notify(
            [task.owner],
            about=[f"Task/{task.resource_id}", event.reference],
            text="A new message came in the thread of a task that you have.",
            actor=RULES,
            key=_key(rule, event, "joined"),
        )
        outcome.did(_told(told, "its owner"), told)


def _place(
    task_type: TaskType, action: RuleAction, said: dict, at: datetime
) -> tuple[Pool | None, dict | None, str]:
    """(pool, owner, what is wrong with the pool): where a new Task goes.

    The person that the rule names, if she can have it; else the first pool that can serve it, its
    own before that of the type, and there whom the strategy chooses; else the first that takes what
    nobody can do now. Raises NoPlace when every pool refuses it.
    """
    pools = [action.pool, _pool_of(task_type)]
    pools = list({each.pk: each for each in pools if each is not None}.values())
    document = creation.document_of(task_type, pool=None, owner=None, at=at, **said)
    if action.person:
        own = pools[0] if pools else None
        sent = _sent_to(document, own) if own else document
        lock_assigning()
        if not why_not_person(sent, action.person, at=at):
            return own, _reference(action.person), ""
    warnings = {}
    for pool in pools:
        sent = _sent_to(document, pool)
        warnings[pool.pk] = why_not_pool(sent, pool.pk, at=at)
        if warnings[pool.pk]:
            continue
        owner = None
        if action.strategy != PULL:
            owner = choose(sent, pool.pk, strategy=action.strategy, at=at)
        return pool, _reference(owner) if owner else None, ""
    for pool in pools:
        if not pool.refuses_unserved:
            return pool, None, warnings[pool.pk]
    raise NoPlace(" ".join(warnings.values()) or "The rule names no pool.")


def _sent_to(document: dict, pool: Pool) -> dict:
    return {**document, "performerType": [moves.role_of(pool)]}


def _pool_of(task_type: TaskType) -> Pool | None:
    return Pool.objects.filter(slug=task_type.pool).first() if task_type.pool else None


def _reference(reference: str) -> dict:
    name = people.names([reference], actor=RULES).get(reference)
    return {"reference": reference} | ({"display": name} if name else {})


def _plain(reference: dict | None) -> dict | None:
    """A Reference without what is the other resource's own, such as extensions."""
    if not reference or not reference.get("reference"):
        return None
    return {name: reference[name] for name in ("reference", "display") if name in reference}


REQUESTERS = (
    "Patient",
    "RelatedPerson",
    "Practitioner",
    "PractitionerRole",
    "Organization",
    "Device",
)
"""https://hl7.org/fhir/R4/task-definitions.html#Task.requester"""


def _requester(event: Event) -> dict | None:
    found = event.document.get("sender") or event.document.get("requester")
    plain = _plain(found if isinstance(found, dict) else None)
    return plain if plain and plain["reference"].partition("/")[0] in REQUESTERS else None


# --- what is done to the Tasks that there are -----------------------------------------------------


def tasks_about(event: Event) -> list[dict]:
    """The open Tasks that a rule acts on: the one that waited, else all that are about the same."""
    if event.resource_type == "Task":
        rows = Task.objects.filter(resource_id=event.resource_id)
    else:
        about = {focus_of(event), event.reference}
        rows = Task.objects.filter(tokens__overlap=[f"focus={each}" for each in sorted(about)])
    rows = rows.filter(deleted=False, status__in=OPEN).order_by("id")[:50]
    return [json.loads_stored(text) for text in rows.values_list("document", flat=True)]


def _on_each(change: Callable[[Rule, RuleAction, dict], Stored | None], done: str):
    def do(rule: Rule, action: RuleAction, event: Event, outcome: Outcome, at: datetime) -> None:
        tasks = tasks_about(event)
        if not tasks:
            outcome.did("There was no open task about it.")
        for document in tasks:
            try:
                with transaction.atomic():
                    stored = change(rule, action, document)
            except FhirError as refusal:
                # Nothing is lost: the Task is where it was.
                sentence = refusal.issues[0].diagnostics
                told = notify(
                    coordinators(pools_of(document)),
                    about=[f"Task/{document['id']}"],
                    text=f"The rule “{rule.name}” could not do what it should. {sentence}",
                    actor=RULES,
                    key=_key(rule, event, f"refused-{action.position}"),
                )
                outcome.did(f"Refused: {sentence} {_told(told, 'the coordinators')}", told)
                continue
            outcome.did(done if stored else "There was nothing to change.", stored)

    return do


def _raise(rule: Rule, action: RuleAction, document: dict) -> Stored | None:
    rank = PRIORITY_RANK.get(document.get("priority"), 1)
    steps = list(PRIORITY_RANK)
    wanted = action.priority or steps[min(rank, len(steps) - 1)]
    if PRIORITY_RANK[wanted] <= rank:
        return None
    return moves.prioritize(
        document["id"], priority=wanted, reason=_why(rule), note=action.text, actor=RULES
    )


def _escalate(rule: Rule, action: RuleAction, document: dict) -> Stored | None:
    return moves.escalate(
        document["id"],
        reason=_why(rule),
        note=action.text,
        priority=action.priority or None,
        actor=RULES,
    )


def _reroute(rule: Rule, action: RuleAction, document: dict) -> Stored | None:
    to = ToPerson(action.person) if action.person else ToPool(action.pool_id)
    owner = reference_of(document, "owner")
    if (
        owner == action.person
        if action.person
        else not owner and pools_of(document) == [to.pool_id]
    ):
        return None
    reason = action.reason
    concept = (
        reasons.Reason(reason.code, reason.display, reason.system)
        if reason
        else reasons.choices("reroute", document)[0]
    ).as_concept()
    return moves.reroute(document["id"], to=to, reason=concept, note=action.text, actor=RULES).task


def _why(rule: Rule) -> dict:
    return {"text": rule.name}


# --- notices --------------------------------------------------------------------------------------


def _notify(rule: Rule, action: RuleAction, event: Event, outcome: Outcome, at: datetime) -> None:
    tasks = tasks_about(event)
    about = [f"Task/{each['id']}" for each in tasks] or [event.reference]
    whom = {*_recipients(action, tasks)}
    told = notify(
        sorted(whom),
        about=about,
        text=action.text or rule.name,
        actor=RULES,
        key=_key(rule, event, f"notify-{action.position}"),
    )
    outcome.did(_told(told, action.get_whom_display().lower() or "the coordinators"), told)


def _recipients(action: RuleAction, tasks: list[dict]) -> Iterable[str]:
    Whom = RuleAction.Whom
    if action.whom == Whom.PERSON:
        return [action.person]
    if action.whom in (Whom.OWNER, Whom.REQUESTER):
        element = "owner" if action.whom == Whom.OWNER else "requester"
        found = [reference_of(each, element) for each in tasks]
        return [each for each in found if each.startswith("Practitioner")]
    pools = [action.pool_id] if action.pool_id else [p for each in tasks for p in pools_of(each)]
    return coordinators(pools)


def pools_of(document: dict) -> list[int]:
    return pool_ids(codes_of(document.get("performerType", [])))


def coordinators(pools: Iterable[int]) -> list[str]:
    """Whom a notice about some pools goes to: their coordinators, or the admins when they have none."""
    users = User.objects.filter(is_active=True).exclude(reference="").order_by("reference")
    found = users.filter(coordinated_pools__in=list(pools)).values_list("reference", flat=True)
    return [*found.distinct()] or [
        *users.filter(groups__name=Role.ADMIN.value).values_list("reference", flat=True)
    ]


def _told(notice: Stored | None, whom: str) -> str:
    return f"Told {whom}." if notice else "There was nobody to tell."


def _key(rule: Rule, event: Event, what: str) -> str:
    return f"rule|{rule.slug}|{event.key}|{what}"


DOERS = {
    Kind.CREATE: _create,
    Kind.PRIORITY: _on_each(_raise, "Raised the priority."),
    Kind.ESCALATE: _on_each(_escalate, "Escalated."),
    Kind.REROUTE: _on_each(_reroute, "Rerouted."),
    Kind.NOTIFY: _notify,
}
