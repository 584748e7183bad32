"""Runs of rules that came to nothing: who is told, and what they were about."""

from communications.notices import notify
from fhir import sql
from fhir.feed import FeedChange
from tasks.models import Rule, RuleRun
from tasks.rules.acts import coordinators
from tasks.rules.events import RULES, Event, events_of


def tell(rule: Rule, event: Event) -> None:
    """Say once that a rule could not do what it should."""
    pools = [each.pool_id for each in rule.actions.all() if each.pool_id]
    types = [each.task_type for each in rule.actions.all() if each.task_type]
    pools += [each.pool_id for each in types if each.pool_id]
    notify(
        coordinators(pools),
        about=[event.reference],
        text=f"The rule “{rule.name}” could not do what it should; it will be tried again.",
        actor=RULES,
        key=f"rule|{rule.slug}|{event.key}|failed",
    )


def event_named(failed: RuleRun) -> Event | None:
    """The event of a run, read anew; None when what it is about was deleted."""
    key, _, about = failed.event.partition("#")
    trigger, _, version = key.partition("/") if key.count("/") == 4 else ("", "", key)
    type_name, resource_id, _, version_id = version.split("/")
    if about:
        type_name, _, resource_id = about.partition("/")
        condition, wanted = "order by v.version_id desc limit 1", (type_name, resource_id)
    elif trigger:
        condition, wanted = "order by v.version_id desc limit 1", (type_name, resource_id)
    else:
        condition, wanted = "and v.version_id = %s", (type_name, resource_id, int(version_id))
    rows = sql.rows(
        "select 0, v.resource_type, v.resource_id, v.version_id, v.last_updated, v.interaction,"
        " v.actor, v.document from fhir_resourceversion v where v.resource_type = %s"
        f" and v.resource_id = %s {condition}",
        wanted,
        prepare=None,
    )
    found = events_of([FeedChange(*row) for row in rows])
    if not found:
        return None
    [event] = found
    return Event(
        key=failed.event,
        at=failed.happened,
        reference=event.reference,
        document=event.document,
        version=version,
        before=event.before,
        is_new=event.is_new,
        by_rules=False,
    )
