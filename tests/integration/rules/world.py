"""What rules act on in these tests, and the change feed as they are given it."""

from accounts.models import Pool
from communications.categories import NEEDS_RESPONSE, category
from fhir import json, sql
from fhir.feed import FeedChange
from tasks.models import Rule, RuleRun, Task, TaskType
from tasks.rules import engine
from tests.factories import create, put

REPORT_CODE = {"text": "Basic metabolic panel"}


def changes(after: int = 0) -> list[FeedChange]:
    """What was written after a version's row id, whether or not it has a number yet."""
    rows = sql.rows(
        "select v.id, v.resource_type, v.resource_id, v.version_id, v.last_updated,"
        " v.interaction, v.actor, v.document from fhir_resourceversion v where v.id > %s"
        " order by v.id",
        (after,),
    )
    return [FeedChange(*row) for row in rows]


def latest() -> int:
    return sql.rows("select coalesce(max(id), 0) from fhir_resourceversion")[0][0]


class Feed:
    """Hands on what is new each time that it is called, as the worker does."""

    def __init__(self):
        self.seen = latest()

    def run(self) -> None:
        """Until nothing new comes, also of what the rules themselves write."""
        for _ in range(10):
            new = changes(self.seen)
            if not new:
                return
            self.seen = new[-1].number
            engine.handle(new)
        raise AssertionError("rules make work without end")


def patient(state: str = "IL", patient_id: str = "homer") -> dict:
    return put(
        {
            "resourceType": "Patient",
            "id": patient_id,
            "name": [{"family": "Simpson", "given": ["Homer"]}],
            "address": [{"use": "home", "state": state}],
        }
    )


def header(**elements) -> dict:
    return create(
        {
            "resourceType": "Communication",
            "status": "in-progress",
            "subject": {"reference": "Patient/homer"},
            **elements,
        }
    )


def message(
    thread: dict | None = None, sender: str = "Patient/homer", text: str = "Hello", **elements
) -> dict:
    document = {
        "resourceType": "Communication",
        "status": "completed",
        "category": [category(NEEDS_RESPONSE)],
        "subject": {"reference": "Patient/homer"},
        "sender": {"reference": sender},
    }
    if thread:
        document["partOf"] = [{"reference": f"Communication/{thread['id']}"}]
    if text:
        document["payload"] = [{"contentString": text}]
    document |= elements
    return create({name: value for name, value in document.items() if value is not None})


def observation(flag: str = "", **elements) -> dict:
    document = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "Potassium"},
        "subject": {"reference": "Patient/homer"},
        **elements,
    }
    if flag:
        document["interpretation"] = [{"coding": [{"code": flag}]}]
    return create(document)


def report(*results: dict, status: str = "final", **elements) -> dict:
    named = [{"reference": f"Observation/{each['id']}"} for each in results]
    return create(
        {
            "resourceType": "DiagnosticReport",
            "status": status,
            "code": REPORT_CODE,
            "subject": {"reference": "Patient/homer"},
            **({"result": named} if named else {}),
            **elements,
        }
    )


def pool(slug: str = "registered-nurse") -> Pool:
    return Pool.objects.get(slug=slug)


def only(slug: str) -> Rule:
    """One shipped rule at work and no other."""
    Rule.objects.exclude(slug=slug).update(active=False)
    rule = Rule.objects.get(slug=slug)
    rule.active = True
    rule.save()
    return rule


def rule(trigger: str, *actions: dict, **fields) -> Rule:
    """A rule of the test's own, at work."""
    number = Rule.objects.count()
    made = Rule.objects.create(
        slug=fields.pop("slug", f"rule-{number}"),
        name=fields.pop("name", f"Rule {number}"),
        trigger=trigger,
        active=fields.pop("active", True),
        **fields,
    )
    for position, action in enumerate(actions):
        made.actions.create(position=position, **action)
    return made


def task_type(code: str = "message-response") -> TaskType:
    return TaskType.objects.get(code=code)


def tasks() -> list[dict]:
    return [
        json.loads_stored(text)
        for text in Task.objects.filter(deleted=False)
        .order_by("id")
        .values_list("document", flat=True)
    ]


def runs(rule: Rule) -> list[RuleRun]:
    return list(RuleRun.objects.filter(rule=rule).order_by("id"))
