"""The run of rules: each acts once on each event, in one transaction.

Rules on events follow the change feed; rules on time are looked at each minute (tasks.jobs). The
row of a run is what makes it happen once: whoever comes second, another worker or the same one
after it was killed, finds it there. All rules that apply to an event act, in their order, unless
one of them says that those after it need not be looked at.

What rules write is an event like any other, but starts no rule that it follows from, and nothing
after MAX_DEPTH rules.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import OperationalError, transaction
from django.db.models import Prefetch

from fhir import sql, store
from fhir.errors import FhirError
from fhir.feed import FeedChange
from tasks.models import Rule, RuleAction, RuleRun
from tasks.rules import waits
from tasks.rules.acts import Outcome, act
from tasks.rules.conditions import ON_EVENTS, ON_TIME, applying, types_of
from tasks.rules.events import Event, events_of
from tasks.rules.failures import event_named, tell

logger = logging.getLogger(__name__)

FOLLOWER = "rules"
BATCH = 20
"""Changes that are handled in one transaction."""
MAX_DEPTH = 3
"""Rules that may follow from each other."""
OVERLAP = timedelta(minutes=10)
"""By how much rules on time look back again: a version may be seen only when others have ended."""
MAX_RETRIED = 200
"""Runs that are tried again in one go."""
MAX_EVENTS = 1000
"""Waits that one look deals with for one rule; the others come with the next."""

State = RuleRun.State


def active(triggers: Iterable[str]) -> list[Rule]:
    """The rules at work, in their order, with what they do."""
    actions = RuleAction.objects.select_related("task_type", "pool", "reason")
    return list(
        Rule.objects.filter(active=True, trigger__in=triggers)
        .order_by("position", "id")
        .prefetch_related(Prefetch("actions", actions))
    )


def handle(changes: Sequence[FeedChange]) -> None:
    """What the change feed brings: the follower's part of its transaction."""
    rules = active(ON_EVENTS)
    wanted = {name for rule in rules for name in types_of(rule)}
    for event in events_of([each for each in changes if each.resource_type in wanted]):
        for rule in rules:
            if event.resource_type not in types_of(rule):
                continue
            found = applying(rule, [event])
            for each in found:
                attempt(rule, each)
            if found and rule.stop:
                break


def look(*, at: datetime | None = None) -> int:
    """One look at all rules on time, up to `at`; how many of them acted on something."""
    at = at or store.now()
    return sum(_look(rule, at) for rule in active(ON_TIME))


def _look(rule: Rule, at: datetime) -> int:
    """A rule that was just switched on begins with what becomes too long from now on."""
    if rule.checked is None:
        Rule.objects.filter(pk=rule.pk, checked=None).update(checked=at)
        return 0
    found = applying(rule, [*waits.events(rule, rule.checked - OVERLAP, at)])
    known = {*RuleRun.objects.filter(rule=rule, event__in=[each.key for each in found])
             .values_list("event", flat=True)}  # fmt: skip
    fresh = sorted(
        (each for each in found if not each.over and each.key not in known),
        key=lambda each: (each.at, each.key),
    )
    ran = [attempt(rule, each, at=at) for each in fresh[:MAX_EVENTS]]
    upto = at if len(fresh) <= MAX_EVENTS else fresh[MAX_EVENTS].at
    Rule.objects.filter(pk=rule.pk).update(checked=max(upto, rule.checked))
    return sum(each is not None for each in ran)


def attempt(rule: Rule, event: Event, *, at: datetime | None = None) -> RuleRun | None:
    """Run a rule; what goes wrong is kept with the run, to be tried again."""
    at = at or store.now()
    try:
        with transaction.atomic():
            return run(rule, event, at=at)
    except OperationalError:
        raise  # The database went away, or two waited for each other: all of it comes again.
    except FhirError as refusal:
        return _failed(rule, event, at, refusal.issues[0].diagnostics)
    except Exception as fault:  # A worker that must go on: one rule's fault stops no other.
        logger.exception("The rule %s failed on %s.", rule.slug, event.key)
        return _failed(rule, event, at, f"A fault of the program: {type(fault).__name__}.")


@transaction.atomic
def run(rule: Rule, event: Event, *, at: datetime) -> RuleRun | None:
    """Act on an event: everything that the rule says, and the row that says so, or nothing.

    None when it has acted on it before, or when the event follows from the rule itself.
    """
    cause = cause_of(event)
    if event.by_rules and not _may_follow(rule, cause):
        return None
    made = _begin(rule, event, at, cause)
    return _carry_out(rule, event, made, at) if made else None


def _begin(rule: Rule, event: Event, at: datetime, cause: RuleRun | None) -> RuleRun | None:
    """The row of a new run, or that of one that failed; None when there is nothing left to do."""
    rows = sql.rows(
        "insert into tasks_rulerun (rule_id, event, happened, ran, state, result, tasks, wrote,"
        " cause_id, tries) values (%s, %s, %s, %s, 'done', '', '{}', '{}', %s, 0)"
        " on conflict do nothing returning id",
        (rule.pk, event.key, event.at, at, cause and cause.pk),
    )
    if rows:
        return RuleRun.objects.get(pk=rows[0][0])
    known = RuleRun.objects.select_for_update().filter(rule=rule, event=event.key).first()
    return known if known and known.state == State.FAILED else None


def _carry_out(rule: Rule, event: Event, made: RuleRun, at: datetime) -> RuleRun:
    outcome: Outcome = act(rule, event, at=at)
    made.state, made.ran, made.tries = State.DONE, at, made.tries + 1
    made.result = " ".join(outcome.result)
    made.tasks, made.wrote = outcome.tasks, outcome.wrote
    made.save()
    return made


def _failed(rule: Rule, event: Event, at: datetime, sentence: str) -> RuleRun:
    """Nothing was done. The coordinators are told once, and it is tried again each minute."""
    with transaction.atomic():
        made, new = RuleRun.objects.get_or_create(
            rule=rule,
            event=event.key,
            defaults={
                "happened": event.at,
                "ran": at,
                "state": State.FAILED,
                "result": sentence,
                "cause": cause_of(event),
            },
        )
        if not new and made.state == State.FAILED:
            made.ran, made.result, made.tries = at, sentence, made.tries + 1
            made.save()
        if new:
            tell(rule, event)
    return made


# --- what follows from what -----------------------------------------------------------------------


def cause_of(event: Event) -> RuleRun | None:
    """The run that wrote the version which the event is about."""
    if not event.by_rules:
        return None
    return RuleRun.objects.filter(wrote__contains=[event.version]).first()


def _may_follow(rule: Rule, cause: RuleRun | None) -> bool:
    """What rules write besides, such as notices, starts none."""
    if cause is None:
        return False
    above = []
    while cause is not None:
        above.append(cause.rule_id)
        cause = cause.cause
    return rule.pk not in above and len(above) < MAX_DEPTH


# --- what has failed ------------------------------------------------------------------------------


def retry(*, at: datetime | None = None, only: Sequence[int] | None = None) -> int:
    """Try again what failed, or `only` the runs of these ids, the longest untried first; how many
    are done now."""
    at = at or store.now()
    failed = RuleRun.objects.filter(state=State.FAILED, rule__active=True).order_by("ran", "id")
    if only is not None:
        failed = failed.filter(pk__in=only)
    done = 0
    for known in failed.select_related("rule")[:MAX_RETRIED]:
        event = event_named(known)
        if event is None:
            RuleRun.objects.filter(pk=known.pk, state=State.FAILED).update(state=State.GIVEN_UP)
            continue
        made = attempt(known.rule, event, at=at)
        done += bool(made and made.state == State.DONE)
    return done
