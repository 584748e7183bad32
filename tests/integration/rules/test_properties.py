"""Whatever the rules, people, hours, licences and events: no Task is given to one who may not do it,
none is made twice, and none is in neither a pool nor a list.

What may be is said here once more, in plain words and from what the example set up, not from the
product's own rules of who can do what.
"""

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import time, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Availability, OpeningHours, Pool
from fhir import store
from fhir.errors import FhirError
from tasks import actions, task_types
from tasks.models import Rule, RuleRun, Task
from tasks.rules import engine
from tasks.rules.events import RULES
from tasks.transitions import OPEN
from tests.factories import CARDIOLOGIST_ROLE, DOCTOR_ROLE, NURSE_ROLE, put, role
from tests.integration.rules.world import (
    changes,
    latest,
    message,
    observation,
    patient,
    report,
    rule,
    task_type,
    tasks,
)

POOLS = {"registered-nurse": NURSE_ROLE, "doctor": DOCTOR_ROLE, "cardiologist": CARDIOLOGIST_ROLE}
PEOPLE = ("nurse", "nurse2", "physician", "cardiologist")
OWN_POOL = {
    "nurse": "registered-nurse",
    "nurse2": "registered-nurse",
    "physician": "doctor",
    "cardiologist": "cardiologist",
}
STATES = ("IL", "WI", "")
LICENSORS = {"IL": "Illinois Board of Nursing", "WI": "Wisconsin Board of Nursing"}
STRATEGIES = ("pull", "least-loaded", "round-robin", "same-person")

# What an example sets up.

people = st.fixed_dictionaries(
    {
        each: st.fixed_dictionaries(
            {
                "state": st.sampled_from(["on", "on", "off", "leave"]),
                "licences": st.sets(st.sampled_from(["IL", "WI"])),
                "also": st.none() | st.sampled_from(list(POOLS)),
            }
        )
        for each in PEOPLE
    }
)
seldom = st.sampled_from([False, False, False, True])
pools = st.fixed_dictionaries(
    {
        slug: st.fixed_dictionaries(
            {
                "member_limit": st.sampled_from([None, 0, 1, 1, 2]),
                "requires_licence": st.booleans(),
                "refuses_unserved": seldom,
                "closed": seldom,
            }
        )
        for slug in POOLS
    }
)
slugs = st.sampled_from(list(POOLS))


def creating(kind):
    return st.fixed_dictionaries(
        {
            "kind": st.just("create"),
            "type": st.just(kind),
            "pool": slugs,
            "person": st.sampled_from([None, None, *PEOPLE]),
            "strategy": st.sampled_from(STRATEGIES),
        }
    )


others = st.one_of(
    st.fixed_dictionaries({"kind": st.sampled_from(["priority", "escalate"])}),
    st.fixed_dictionaries({"kind": st.just("reroute"), "pool": slugs}),
    st.fixed_dictionaries({"kind": st.just("reroute"), "person": st.sampled_from(PEOPLE)}),
    st.fixed_dictionaries(
        {"kind": st.just("notify"), "whom": st.sampled_from(["owner", "coordinators"])}
    ),
)


def a_rule(trigger, acts):
    return st.fixed_dictionaries(
        {
            "trigger": trigger,
            "actions": acts,
            "stop": seldom,
            "states": st.sampled_from([(), (), (), ("IL",), ("IL", "WI")]),
        }
    )


TRIGGERS = ("message", "report", "task", "unclaimed")
rules = st.tuples(
    a_rule(st.just("message"), st.tuples(creating("message-response"))),
    a_rule(st.just("report"), st.tuples(creating("review-lab-report"))),
    st.lists(
        a_rule(
            st.sampled_from(TRIGGERS),
            st.lists(others | creating("lab-follow-up"), min_size=1, max_size=2),
        ),
        max_size=3,
    ),
).flatmap(lambda found: st.permutations([found[0], found[1], *found[2]]))
happenings = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["message", "report"]), st.integers(0, 2)),
        st.tuples(st.sampled_from(["message", "report"]), st.integers(0, 2)),
        st.tuples(st.sampled_from(["claim", "complete", "absence"]), st.sampled_from(PEOPLE)),
        st.tuples(st.just("look"), st.integers(1, 90)),
        st.tuples(st.sampled_from(["again", "retry"]), st.none()),
    ),
    min_size=6,
    max_size=12,
)


@contextmanager
def undone():
    """Of an example nothing stays for the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    task_types.forget()


@dataclass
class World:
    cast: dict
    people: dict
    pools: dict
    feed: int = 0
    threads: dict[int, dict] = field(default_factory=dict)
    minutes: int = 0

    def set_up(self, rules):
        Rule.objects.update(active=False)
        for slug, each in self.pools.items():
            fields = {name: each[name] for name in each if name != "closed"}
            Pool.objects.filter(slug=slug).update(**fields)
            if each["closed"]:
                # Open for an hour on another day of the week.
                day = (store.now() + timedelta(days=3)).weekday()
                OpeningHours.objects.create(
                    pool=Pool.objects.get(slug=slug), weekday=day, opens=time(9), closes=time(10)
                )
        for who, each in self.people.items():
            self._set_up_person(who, each)
        for number, each in enumerate(rules):
            self._set_up_rule(number, each)
        for number, state in enumerate(STATES):
            patient(state or "", f"patient-{number}") if state else put(
                {"resourceType": "Patient", "id": f"patient-{number}"}
            )
        self.feed = latest()

    def _set_up_person(self, who, each):
        person_id = self.reference(who).removeprefix("Practitioner/")
        held = [
            {"code": {"text": "License"}, "issuer": {"display": LICENSORS[state]}}
            for state in sorted(each["licences"])
        ]
        put(
            {"resourceType": "Practitioner", "id": person_id}
            | ({"qualification": held} if held else {})
        )
        if each["also"]:
            put(
                {
                    "resourceType": "PractitionerRole",
                    "id": f"{person_id}-also",
                    "active": True,
                    "practitioner": {"reference": self.reference(who)},
                    "code": role(POOLS[each["also"]]),
                }
            )
        self.say(who, each["state"])

    def say(self, who, state):
        self.people[who]["state"] = state
        Availability.objects.update_or_create(
            practitioner=self.reference(who),
            defaults={"state": state, "changed_by": "x", "changed_at": store.now()},
        )

    def _set_up_rule(self, number, each):
        made = []
        for action in each["actions"]:
            action = dict(action)
            if "type" in action:
                action["task_type"] = task_type(action.pop("type"))
            if "pool" in action:
                action["pool"] = Pool.objects.get(slug=action["pool"])
            if action.get("person"):
                action["person"] = self.reference(action["person"])
            made.append({name: value for name, value in action.items() if value})
        trigger = each["trigger"]
        types = {"report": "DiagnosticReport", "task": "Task"}
        extra = {"resource_type": types[trigger]} if trigger in types else {}
        if trigger == "unclaimed":
            extra = {"minutes": 20, "checked": store.now()}
        rule(
            "resource" if trigger in types else trigger,
            *made,
            slug=f"example-{number}",
            states=sorted(each["states"]),
            position=number,
            stop=each["stop"] and trigger != "unclaimed",
            **extra,
        )

    def reference(self, who):
        return self.cast[who].reference

    # What happens.

    def happen(self, what, which):
        owned_before = self.owners()
        getattr(self, f"do_{what}")(which)
        new = changes(self.feed)
        # What people do to a Task is theirs; what is looked at here is what rules give away.
        owned_before |= self.given_by_people(new)
        self.follow()
        self.check_given(owned_before)

    def follow(self):
        for _ in range(8):
            new = changes(self.feed)
            if not new:
                return
            self.feed = new[-1].number
            engine.handle(new)
        raise AssertionError("rules make work without end")

    def given_by_people(self, new):
        return {
            each.resource_id: each.parsed().get("owner", {}).get("reference", "")
            for each in new
            if each.resource_type == "Task" and each.document and each.actor != RULES.name
        }

    def do_message(self, which):
        about = {"subject": {"reference": f"Patient/patient-{which}"}}
        thread = self.threads.get(which)
        said = message(thread, sender=f"Patient/patient-{which}", **about)
        self.threads.setdefault(which, said)

    def do_report(self, which):
        about = {"subject": {"reference": f"Patient/patient-{which}"}}
        report(observation("H", **about), **about)

    def do_claim(self, who):
        self._on_some_task(who, actions.claim)

    def do_complete(self, who):
        self._on_some_task(who, actions.complete)

    def _on_some_task(self, who, action):
        for each in tasks():
            try:
                with transaction.atomic():
                    action(each["id"], actor=self.cast[who].actor)
            except FhirError:
                continue
            return

    def do_absence(self, who):
        self.say(who, "on" if self.people[who]["state"] != "on" else "leave")

    def do_again(self, _):
        """Every event comes a second time."""
        before = (latest(), len(tasks()))
        engine.handle(changes())
        self.check_unchanged(before)

    def check_unchanged(self, before):
        """But for runs that had failed: those are tried again whenever their event comes."""
        if not RuleRun.objects.exclude(tries=1).exists():
            assert (latest(), len(tasks())) == before

    def do_look(self, minutes):
        self.minutes += minutes
        engine.look(at=store.now() + timedelta(minutes=self.minutes))

    def do_retry(self, _):
        engine.retry()

    # What must hold.

    def owners(self):
        return dict(Task.objects.values_list("resource_id", "owner"))

    def check_given(self, before):
        """Everybody whom a rule gave work to in this step may have it."""
        for task in tasks():
            owner = task.get("owner", {}).get("reference", "")
            if not owner or owner == before.get(task["id"], ""):
                continue
            who = next(each for each in PEOPLE if self.reference(each) == owner)
            assert self.people[who]["state"] == "on", "given to one who is away"
            self.check_load(who, task)
            self.check_licence(who, task)

    def pools_of(self, who):
        also = self.people[who]["also"]
        return {OWN_POOL[who]} | ({also} if also else set())

    def pools_of_task(self, task):
        codes = {
            coding["code"]
            for concept in task.get("performerType", [])
            for coding in concept["coding"]
        }
        return {slug for slug, code in POOLS.items() if code in codes}

    def check_load(self, who, task):
        load = Task.objects.filter(
            owner=self.reference(who), status__in=OPEN, deleted=False
        ).count()
        mine = self.pools_of(who)
        counted = (self.pools_of_task(task) & mine) or mine
        limits = [self.pools[slug]["member_limit"] for slug in counted]
        assert None in limits or load <= max(limits), "given more than her limit"

    def check_licence(self, who, task):
        pools_ = self.pools_of_task(task)
        as_member_of = (pools_ & self.pools_of(who)) or pools_
        if not as_member_of or not all(
            self.pools[slug]["requires_licence"] for slug in as_member_of
        ):
            return
        number = int(task["for"]["reference"].rpartition("-")[2])
        assert STATES[number] in self.people[who]["licences"], "given to one without the licence"

    def check_end(self):
        found = [each for each in tasks() if each["status"] in OPEN]
        # None in neither a pool nor a list.
        known = {self.reference(who) for who in PEOPLE}
        for task in found:
            owner = task.get("owner", {}).get("reference", "")
            assert owner in known or (not owner and self.pools_of_task(task)), task
        rows = Task.objects.filter(deleted=False, status__in=OPEN, owner="", pool=None)
        assert not rows.exists()
        # None twice: of one type, about one thing.
        same = Counter(
            (task["focus"]["reference"], task["code"]["coding"][0]["code"]) for task in found
        )
        assert not same or max(same.values()) == 1, same
        # And no run without its end: it is done, or it will be tried again.
        for run in RuleRun.objects.all():
            assert run.state == "failed" or run.result


@pytest.fixture
def people_and_pools(cast):
    return cast


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(people=people, pools=pools, rules=rules, happenings=happenings)
def test_work_finds_its_way_whatever_happens(people_and_pools, people, pools, rules, happenings):
    with undone():
        world = World(people_and_pools, people, pools)
        world.set_up(rules)
        for what, which in happenings:
            world.happen(what, which)
        world.check_end()
