"""What a rule would have done: the rule itself runs on what has happened, and all of it is undone.

So a rehearsal cannot say anything but what the rule then does. It takes things as they are: a Task
that has ended since cannot be escalated any more, and a message is left to the Task that is open
for its thread now. What other rules would have made of it, and what would follow from what the rule
does, is not looked at. Waits that have ended since are told, and nothing is done about them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched

from django.db import transaction

from fhir import sql, store
from fhir.feed import FeedChange
from tasks.models import Rule, RuleRun
from tasks.rules import waits
from tasks.rules.conditions import ON_EVENTS, applying, types_of
from tasks.rules.engine import active, attempt
from tasks.rules.events import Event, events_of

WEEK = timedelta(days=7)
AT_MOST = 200
"""Events that one rehearsal runs: it holds what it touches until it is over."""
AT_ONCE = 500
"""Versions that are looked at together."""
PATIENCE = "200ms"
"""How long a rehearsal waits for what somebody else changes: it must not be in anybody's way."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event, and what the rule does about it. `tasks` are those that were there before."""

    event: Event
    state: str
    result: str
    tasks: tuple[str, ...] = ()
    before: bool = False
    """It was done when it happened, and is told from the log."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    rule: Rule
    since: datetime
    until: datetime
    lines: list[Line]
    more: bool
    """There was more than one rehearsal takes."""


def rehearse(
    rule: Rule, *, until: datetime | None = None, since: datetime | None = None
) -> Rehearsal:
    """What the rule would do about the last week, or since `since`; nothing of it stays."""
    until = until or store.now()
    since = since or until - WEEK
    events, more = _first(rule, since, until)
    with transaction.atomic():
        sql.rows(f"set local lock_timeout = '{PATIENCE}'")
        lines = _lines(rule, events, until)
        transaction.set_rollback(True)
    return Rehearsal(rule, since, until, lines, more)


def perform(rule: Rule, *, until: datetime, since: datetime) -> Rehearsal:
    """Do what a rehearsal of the same time shows."""
    events, more = _first(rule, since, until)
    return Rehearsal(rule, since, until, _lines(rule, events, until), more)


def _first(rule: Rule, since: datetime, until: datetime) -> tuple[list[Event], bool]:
    found = []
    for event in history(rule, since, until):
        found.append(event)
        if len(found) > AT_MOST:
            return found[:AT_MOST], True
    return found, False


def _lines(rule: Rule, events: list[Event], at: datetime) -> list[Line]:
    lines, made = [], set()
    for event in events:
        if event.over:
            lines.append(Line(event, "over", _what(rule)))
            continue
        known = RuleRun.objects.filter(rule=rule, event=event.key).first()
        if known and known.state != RuleRun.State.FAILED:
            lines.append(Line(event, known.state, known.result, tuple(known.tasks), before=True))
            continue
        ran = attempt(rule, event, at=at)
        if ran is None:
            lines.append(Line(event, "none", "It follows from this rule itself."))
            continue
        made |= {each.removesuffix("/_history/1") for each in ran.wrote}
        there = tuple(each for each in ran.tasks if each not in made)
        lines.append(Line(event, ran.state, ran.result, there))
    return lines


def _what(rule: Rule) -> str:
    """What it would have done about what is over, in words."""
    names = [each.get_kind_display().lower() for each in rule.actions.all()]
    return f"It is over; it would have been time to {', '.join(names)}."


# --- what has happened ----------------------------------------------------------------------------


def history(rule: Rule, since: datetime, until: datetime) -> Iterator[Event]:
    """The events that the rule is about, in the order in which they happened."""
    if rule.trigger not in ON_EVENTS:
        found = applying(rule, [*waits.events(rule, since, until)])
        yield from sorted(found, key=lambda each: (each.at, each.key))
        return
    before = [
        each
        for each in active(ON_EVENTS)
        if each.stop and each.pk != rule.pk and (each.position, each.pk) < (rule.position, rule.pk)
    ]
    for changes in batched(_changes(rule, since, until), AT_ONCE):
        events = events_of(changes)
        stopped = {
            event.version
            for other in before
            for event in applying(other, [e for e in events if e.resource_type in types_of(other)])
        }
        yield from (e for e in applying(rule, events) if e.version not in stopped)


def _changes(rule: Rule, since: datetime, until: datetime) -> Iterator[FeedChange]:
    """The versions that were written then, in the order in which they were."""
    after = (since, 2**62)
    while True:
        rows = sql.rows(
            "select v.last_updated, v.id, v.resource_type, v.resource_id, v.version_id,"
            " v.last_updated, v.interaction, v.actor, v.document from fhir_resourceversion v"
            " where v.resource_type = any(%s::text[]) and v.last_updated <= %s"
            " and (v.last_updated, v.id) > (%s, %s) order by v.last_updated, v.id limit %s",
            (sorted(types_of(rule)), until, *after, AT_ONCE),
        )
        for row in rows:
            yield FeedChange(0, *row[2:])
        if len(rows) < AT_ONCE:
            return
        after = rows[-1][:2]
