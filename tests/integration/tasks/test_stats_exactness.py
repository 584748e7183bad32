"""Task/$stats against a count in plain Python over the versions of the demo clinic.

`Brute` is written from docs/clocks.md alone and reads nothing of tasks.clocks, tasks.counting or
the rows that they keep.
"""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.db.models import F

from accounts.models import Pool
from fhir import actions, json
from fhir.actor import SYSTEM
from fhir.loading import Item, load
from fhir.models import ResourceVersion
from tasks.demo import clinic
from tests.factories import CARDIOLOGIST_ROLE, DOCTOR_ROLE, NURSE_ROLE, role

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
MS = timedelta(milliseconds=1)
PEOPLE = [f"Practitioner/{name}" for name in ("maya-lindqvist", "tomas-rivera", "dr-cardio")]
STAGES = [
    {"coding": [{"system": "urn:stages", "code": code, "display": code.title()}]}
    for code in ("sent", "seen", "answered")
]
REASONS = [
    {"coding": [{"system": "urn:taskward:status-reason", "code": code}], "text": code}
    for code in ("waiting-on-patient", "waiting-on-result", "duplicate")
]
WHY = [
    {"coding": [{"system": "https://medplum.com/CodeSystem/reroute-reason", "code": code}]}
    for code in ("specialty-referral", "workload")
]
NURSES, HEART, DOCTORS = role(NURSE_ROLE), role(CARDIOLOGIST_ROLE), role(DOCTOR_ROLE)
FINAL = {"completed", "cancelled", "failed", "rejected", "entered-in-error"}


# --- a clinic in which something happens ----------------------------------------------------------


class Clock:
    """The server's time: each look at it is a while later."""

    def __init__(self):
        self.at, self.dice = NOW - timedelta(days=40), Random(1)

    def __call__(self, after=None):
        self.at += timedelta(milliseconds=self.dice.randrange(1, 400_000))
        return self.at


@pytest.fixture
def worked_in(cast, monkeypatch):
    """The demo clinic after some hundred things have been done with it."""
    clock = Clock()
    monkeypatch.setattr("fhir.store.now", clock)
    began = clock.at
    outcomes = list(load(Item("demo", each) for each in clinic(began + timedelta(days=1))))
    assert not any(outcome.refused for outcome in outcomes)
    dice = Random(7)
    ids = [
        json.loads_stored(each.document)["id"]
        for each in ResourceVersion.objects.filter(resource_type="Task").order_by("id")
    ]
    for task_id in dice.sample(ids, 90):
        for _ in range(dice.randrange(1, 7)):
            work_on(task_id, dice)
    for task_id in dice.sample(ids, 6):
        actions.delete("Task", task_id, actor=SYSTEM)
    clock.at = max(clock.at, NOW)
    # Each was a transaction of its own, which a test cannot have.
    ResourceVersion.objects.update(transaction=F("transaction") + F("id"))
    return clock


def work_on(task_id, dice):
    """One thing that may be done with a Task as it is now, in any order of chance."""
    newest = ResourceVersion.objects.filter(resource_type="Task", resource_id=task_id).latest("id")
    document = json.loads_stored(newest.document)
    if document["status"] in FINAL:
        return
    owned = "owner" in document
    what = dice.choice(("claim", "pool", "hold", "resume", "stage", "note", "end", "due", "person"))
    changes: dict = {}
    if what == "claim" and not owned:
        changes = {"status": "accepted", "owner": {"reference": dice.choice(PEOPLE)}}
    elif what == "pool":
        changes = {"owner": None, "status": "requested", "statusReason": None}
        changes["performerType"] = dice.choice((NURSES, HEART, DOCTORS))
    elif what == "person" and owned:
        changes = {"owner": {"reference": dice.choice(PEOPLE)}}
    elif what == "hold":
        changes = {"status": "on-hold", "statusReason": dice.choice(REASONS)}
    elif what == "resume" and document["status"] == "on-hold":
        changes = {"status": "in-progress", "statusReason": None}
    elif what == "stage":
        changes = {"businessStatus": dice.choice(STAGES)}
    elif what == "note":
        changes = {"note": [{"text": f"edited {dice.random()}"}]}
    elif what == "due":
        end = NOW - timedelta(days=40) + timedelta(hours=dice.randrange(-100, 1000))
        changes = {"restriction": {"period": {"end": end.isoformat(timespec="seconds")}}}
    elif what == "end" and dice.random() < 0.5:
        status = dice.choice(("completed", "completed", "cancelled", "failed"))
        if document["status"] == "on-hold" and status == "completed":
            status = "cancelled"
        changes = {"status": status, "statusReason": dice.choice(REASONS)}
        if status == "completed":
            changes["statusReason"] = None
    document = {name: value for name, value in {**document, **changes}.items() if value is not None}
    actions.put("Task", task_id, document, actor=SYSTEM)
    if what in ("pool", "person") and dice.random() < 0.7:
        actions.create(
            "Provenance",
            {
                "resourceType": "Provenance",
                "target": [{"reference": f"Task/{task_id}/_history/{newest.version_id + 1}"}],
                "recorded": "2026-11-01T00:00:00Z",
                "agent": [{"who": {"reference": PEOPLE[0]}}],
                "reason": [dice.choice(WHY)],
            },
            actor=SYSTEM,
        )


# --- the count ------------------------------------------------------------------------------------


def instant(text):
    """Of a text with a time, to the millisecond."""
    if not text or len(text) <= 10:
        return None
    at = datetime.fromisoformat(text).astimezone(UTC)
    return at - timedelta(microseconds=at.microsecond % 1000)


def coded(concept):
    """(system, code, what tells it apart without a code)"""
    coding = (concept or {}).get("coding", [{}])[0]
    label = (concept or {}).get("text") or coding.get("display") or ""
    return coding.get("system", ""), coding.get("code", ""), "" if coding.get("code") else label


def ms(start, end):
    return (end - start) // MS


class BruteTask:
    """Everything of one Task, by looking at the state that it had at each time."""

    def __init__(self, rows, provenances, pools):
        self.rows = [
            (row.version_id, row.last_updated, row.actor, row.document and json.loads(row.document))
            for row in rows
        ]
        self.id, self.provenances, self.pools = rows[0].resource_id, provenances, pools
        self.document = next(each for *_, each in reversed(self.rows) if each)
        self.deleted = not self.rows[-1][3]
        self.stretches = [*self._before_us(), *self._with_us()]

    def pools_of(self, document):
        codes = [
            f"{coding.get('system', '')}|{coding['code']}"
            for concept in document.get("performerType", [])
            for coding in concept.get("coding", [])
        ]
        found = []
        for code in codes:
            found += [pool for pool, known in self.pools.items() if code in known]
        return list(dict.fromkeys(found))

    def owner_of(self, document):
        return document.get("owner", {}).get("reference", "?" if "owner" in document else "")

    def _before_us(self):
        _, recorded, _, first = self.rows[0]
        if first["status"] == "draft":
            return
        asked = min(instant(first.get("authoredOn")) or recorded, recorded)
        period = first.get("executionPeriod", {})
        end = recorded
        if first["status"] in FINAL and instant(period.get("end")):
            end = max(asked, min(instant(period["end"]), recorded))
        self.final_at = end if first["status"] in FINAL else None
        taken = instant(period.get("start"))
        if taken is not None and taken <= recorded:
            taken = max(asked, min(taken, end))
            unowned = bool(self.pools_of(first))
            yield asked, taken, first, {"unowned": unowned, "started": False, "known": False}
            yield taken, end, first, {"unowned": False, "started": True, "known": False}
        elif asked < end or first["status"] in FINAL:
            yield asked, end, first, {"unowned": False, "started": False, "known": False}

    def _with_us(self):
        for number, (_, at, _, document) in enumerate(self.rows):
            if not document or document["status"] in FINAL | {"draft"}:
                continue
            later = self.rows[number + 1][1] if number + 1 < len(self.rows) else None
            started = document["status"] in ("accepted", "in-progress")
            yield at, later, document, {"unowned": False, "started": started, "known": True}

    def length(self, where=lambda document, more: True):
        return sum(
            ms(start, end)
            for start, end, document, more in self.stretches
            if end and where(document, more)
        )

    def is_owned(self, document, more):
        return bool(self.owner_of(document)) and not more["unowned"]

    @property
    def created(self):
        if self.stretches:
            return self.stretches[0][0]
        _, recorded, _, draft = self.rows[0]
        return min(instant(draft.get("authoredOn")) or recorded, recorded)

    @property
    def ended(self):
        if self.document["status"] not in FINAL:
            return None
        first_of_the_end = None
        for number, (_, at, _, document) in enumerate(self.rows):
            if document and document["status"] not in FINAL:
                first_of_the_end = None
            elif document and first_of_the_end is None:
                first_of_the_end = at if number else (getattr(self, "final_at", None) or at)
        return first_of_the_end

    def until(self, wanted):
        """Time until the first stretch of which `wanted` holds; None when there is none."""
        total = 0
        for start, end, document, more in self.stretches:
            if wanted(document, more):
                return total
            total += ms(start, end) if end else 0
        return None

    @property
    def clocks(self):
        found = {}
        waits = self.stretches and not self.is_owned(*self.stretches[0][2:])
        if waits and (until := self.until(self.is_owned)) is not None:
            found["to-claim"] = until
        if (until := self.until(lambda _, more: more["started"])) is not None:
            found["to-start"] = until
        if self.document["status"] == "completed":
            found["waiting"] = self.length(lambda *each: not self.is_owned(*each))
            found["hold"] = self.length(
                lambda document, more: more["known"] and document["status"] == "on-hold"
            )
            found["turnaround"] = self.length()
            # The demo's pools are open day and night.
            found["working"] = found["turnaround"] - found["hold"]
        return found

    @property
    def pool_waits(self):
        if not (self.ended or self.owner_of(self.document)):
            return {}
        found = Counter()
        for start, end, document, more in self.stretches:
            for pool in () if self.is_owned(document, more) else self.pools_of(document):
                found[pool] += ms(start, end)
        return found

    @property
    def visits(self):
        """[stage, ms, how it ended: "next", "completed" or ""] one after the other."""
        visits = []
        for start, end, document, more in self.stretches:
            stage = coded(document.get("businessStatus")) if more["known"] else ("", "", "")
            if stage == ("", "", ""):
                continue
            if visits and visits[-1][0] == stage:
                visits[-1][1] += ms(start, end) if end else 0
            else:
                if visits:
                    visits[-1][2] = "next"
                visits.append([stage, ms(start, end) if end else 0, ""])
        if self.document["status"] in FINAL:
            last = coded(self.document.get("businessStatus"))
            if last != ("", "", "") and (not visits or visits[-1][0] != last):
                if visits:
                    visits[-1][2] = "next"
                visits.append([last, None, ""])
            if visits and self.document["status"] == "completed":
                visits[-1][2] = visits[-1][2] or "completed"
        return visits

    @property
    def holds(self):
        """(reason, ms or None while it goes on)"""
        found, last_end, last_reason = [], None, None
        for start, end, document, more in self.stretches:
            if not more["known"] or document["status"] != "on-hold":
                continue
            reason, length = coded(document.get("statusReason")), end and ms(start, end)
            if last_end == start and last_reason == reason:
                before = found.pop()[1]
                length = None if end is None else before + length
            found.append((reason, length))
            last_end, last_reason = end, reason
        return found

    @property
    def reroutes(self):
        """(from, to, reason)"""
        before = None
        for number, _, _, document in self.rows:
            if document and before and before["status"] not in FINAL | {"draft"}:
                had, has = self.owner_of(before), self.owner_of(document)
                pools, new_pools = ({*self.pools_of(each)} for each in (before, document))
                elsewhere = pools != new_pools and not pools & new_pools
                if (
                    had != has
                    and (had and has or had and elsewhere)
                    or (not had and not has and elsewhere)
                ):
                    to = has if has and has != had else self.place(document)
                    yield self.place(before), to, self.reason(number)
            before = document or before

    def place(self, document):
        pools = self.pools_of(document)
        return pools[0] if pools else self.owner_of(document)

    def reason(self, number):
        named = f"Task/{self.id}/_history/{number}"
        found = [each for each in self.provenances if each["target"][0]["reference"] == named]
        return coded(found[0]["reason"][0]) if found else None

    def is_overdue(self, at):
        for start, end, document, _ in self.stretches:
            due = instant(document.get("restriction", {}).get("period", {}).get("end"))
            if start <= at and (end is None or at < end) and due and due <= at:
                return True
        return False


@pytest.fixture
def brute(worked_in):
    pools = {pool.pk: pool.codes for pool in Pool.objects.order_by("pk")}
    rows = defaultdict(list)
    for row in ResourceVersion.objects.filter(resource_type="Task").order_by("version_id"):
        rows[row.resource_id].append(row)
    provenances = [
        json.loads(row.document)
        for row in ResourceVersion.objects.filter(resource_type="Provenance").order_by("id")
    ]
    found = [BruteTask(each, provenances, pools) for each in rows.values()]
    return [task for task in found if not task.deleted]


def shares(values):
    """p50, p75 and p90 between the two nearest, to the millisecond."""
    ordered = sorted(values)
    found = []
    for share in (0.5, 0.75, 0.9):
        place = share * (len(ordered) - 1)
        low = ordered[int(place)]
        high = ordered[min(int(place) + 1, len(ordered) - 1)]
        found.append(low + (high - low) * (place - int(place)))
    return found


# --- what is compared -----------------------------------------------------------------------------


def value(part):
    [found] = [value for name, value in part.items() if name.startswith("value")]
    if isinstance(found, dict) and "unit" in found:
        return float(found["value"]) * 1000
    return found


def parameters(answer, name):
    assert answer.status_code == 200, answer.content
    found = [each for each in answer.json()["parameter"] if each["name"] == name]
    return [{part["name"]: value(part) for part in each.get("part", [])} for each in found]


def times(parts):
    return [parts[name] for name in ("p50", "p75", "p90")]


def close(expected):
    return pytest.approx(expected, abs=1)


def test_every_figure_is_that_of_the_count(api, brute, worked_in):
    assert len(brute) > 200 and any(len(task.rows) > 4 for task in brute)
    check(api("admin").get("Task/$stats?interval=day&groupBy=type,pool,owner,week"), brute)
    week = NOW - timedelta(days=45), NOW - timedelta(days=38)
    dates = [each.date().isoformat() for each in week]
    inside = [task for task in brute if dates[0] <= task.created.date().isoformat() <= dates[1]]
    assert 0 < len(inside) < len(brute)
    query = f"Task/$stats?periodStart={dates[0]}&periodEnd={dates[1]}&groupBy=type,pool,owner,week"
    check(api("admin").get(query), inside)
    nurses = Pool.objects.get(slug="registered-nurse")
    of_pool = [task for task in brute if task.pools_of(task.document)[:1] == [nurses.pk]]
    assert len(of_pool) > 20
    check(api("admin").get("Task/$stats?pool=registered-nurse&groupBy=owner"), of_pool)
    of_maya = [task for task in brute if task.owner_of(task.document) == PEOPLE[0]]
    check(api("admin").get(f"Task/$stats?owner={PEOPLE[0]}&groupBy=week"), of_maya)


def check(answer, brute):
    document = answer.json()["parameter"]
    assert document[0] == {"name": "total", "valueUnsignedInt": len(brute)}
    check_words(answer, brute)
    check_clocks(parameters(answer, "clock"), brute)
    check_waits(answer, brute)
    check_stages(answer, brute)
    check_reasons(answer, brute)
    check_reroutes(answer, brute)
    check_groups([each for each in document if each["name"] == "group"], brute)


def key_of(concept):
    return coded(concept)


def check_words(answer, brute):
    for name, element in (("status", "status"), ("priority", "priority")):
        found = {each["code"]: each["count"] for each in parameters(answer, name)}
        expected = Counter(task.document.get(element) for task in brute)
        expected.pop(None, None)
        assert found == expected, name
    for name, element in (
        ("code", "code"),
        ("business-status", "businessStatus"),
        ("status-reason", "statusReason"),
    ):
        found = {key_of(each["concept"]): each["count"] for each in parameters(answer, name)}
        expected = Counter(
            coded(task.document[element]) for task in brute if element in task.document
        )
        assert found == expected, name
    executed = [
        ms(instant(period["start"]), instant(period["end"]))
        for task in brute
        if task.document["status"] == "completed"
        for period in [task.document.get("executionPeriod", {})]
        if instant(period.get("start")) and instant(period.get("end"))
    ]
    found = parameters(answer, "turnaround")
    assert [each["count"] for each in found] == ([len(executed)] if executed else [])
    if executed:
        median, _, p90 = shares(executed)
        assert (found[0]["median"], found[0]["p90"]) == pytest.approx((median, p90), abs=501)


def check_clocks(found, brute):
    by_name = {each["name"]: each for each in found}
    expected = defaultdict(list)
    for task in brute:
        for name, length in task.clocks.items():
            expected[name].append(length)
    assert by_name.keys() == expected.keys()
    for name, values in expected.items():
        assert by_name[name]["count"] == len(values), name
        assert times(by_name[name]) == close(shares(values)), name


def check_waits(answer, brute):
    slugs = dict(Pool.objects.values_list("pk", "slug"))
    expected = defaultdict(list)
    for task in brute:
        for pool, length in task.pool_waits.items():
            expected[slugs[pool]].append(length)
    found = {each["pool"]["code"]: each for each in parameters(answer, "pool-wait")}
    assert found.keys() == expected.keys()
    for slug, values in expected.items():
        assert found[slug]["count"] == len(values)
        assert times(found[slug]) == close(shares(values))


def check_stages(answer, brute):
    reached, passed = Counter(), Counter()
    to_next, lengths = defaultdict(list), defaultdict(list)
    for task in brute:
        seen = defaultdict(list)
        for visit in task.visits:
            seen[visit[0]].append(visit)
        for stage, visits in seen.items():
            key = (coded(task.document.get("code")), stage)
            reached[key] += 1
            left = [number for number, visit in enumerate(visits) if visit[2]]
            length = sum(visit[1] or 0 for visit in visits)
            if left:
                passed[key] += 1
                first = visits[: left[0] + 1]
                if any(visit[1] is not None for visit in first):
                    to_next[key].append(sum(visit[1] or 0 for visit in first))
            if left or task.ended:
                lengths[key].append(length)
    found = {
        (key_of(each.get("type")), key_of(each["stage"])): each
        for each in parameters(answer, "stage")
    }
    assert found.keys() == reached.keys()
    for key, each in found.items():
        assert (each["reached"], each["passed"]) == (reached[key], passed[key]), key
        assert each["conversion"] == pytest.approx(passed[key] / reached[key], abs=0.0001)
        if to_next[key]:
            assert each["to-next"] == close(shares(to_next[key])[0]), key
        if lengths[key]:
            assert times(each) == close(shares(lengths[key])), key


def check_reasons(answer, brute):
    holds, lengths = Counter(), defaultdict(list)
    for task in brute:
        for reason, length in task.holds:
            holds[reason] += 1
            if length is not None:
                lengths[reason].append(length)
    found = {key_of(each.get("concept")): each for each in parameters(answer, "hold-reason")}
    holds.pop(("", "", ""), None)
    assert {key: each["count"] for key, each in found.items()} == holds
    for reason, each in found.items():
        assert not lengths[reason] or times(each) == close(shares(lengths[reason]))
    for name, status in (("cancel", "cancelled"), ("reject", "rejected"), ("fail", "failed")):
        rows = parameters(answer, f"{name}-reason")
        expected = Counter(
            coded(task.document["statusReason"])
            for task in brute
            if task.document["status"] == status and "statusReason" in task.document
        )
        assert {key_of(each["concept"]): each["count"] for each in rows} == expected


def check_reroutes(answer, brute):
    slugs = dict(Pool.objects.values_list("pk", "slug"))
    counted, why = Counter(), defaultdict(Counter)
    for task in brute:
        for before, after, reason in task.reroutes:
            key = slugs.get(before, before), slugs.get(after, after)
            counted[key] += 1
            if reason:
                why[key][reason] += 1
    found = {
        (place(each.get("from")), place(each.get("to"))): each
        for each in parameters(answer, "reroute")
    }
    assert {key: each["count"] for key, each in found.items()} == counted
    for key, each in found.items():
        assert ("reason" in each) == bool(why[key])
        if why[key]:
            most = max(why[key].values())
            assert each["reason-count"] == most == why[key][key_of(each["reason"])]


def place(told):
    return (told or {}).get("code") or (told or {}).get("reference", "")


def check_groups(groups, brute):
    slugs = dict(Pool.objects.values_list("pk", "slug"))

    def week(task):
        return (task.created - timedelta(days=task.created.weekday())).date().isoformat()

    keys = {
        "type": lambda task: coded(task.document.get("code")),
        "pool": lambda task: slugs.get((task.pools_of(task.document) or [None])[0], ""),
        "owner": lambda task: task.owner_of(task.document),
        "week": week,
    }
    told = defaultdict(dict)
    for group in groups:
        parts = {part["name"]: part for part in group["part"] if part["name"] != "clock"}
        by = value(parts["by"])
        said = value(parts[by]) if by in parts else None
        key = said if by == "week" else key_of(said) if by == "type" else place(said)
        clocks = [
            {part["name"]: value(part) for part in each["part"]}
            for each in group["part"]
            if each["name"] == "clock"
        ]
        numbers = tuple(value(parts[name]) for name in ("count", "ended", "reroutes"))
        told[by][key] = (numbers, clocks)
    for by, found in told.items():
        expected = defaultdict(list)
        for task in brute:
            expected[keys[by](task)].append(task)
        assert found.keys() == expected.keys(), by
        for key, tasks in expected.items():
            numbers, clocks = found[key]
            ended = sum(task.ended is not None for task in tasks)
            assert numbers == (len(tasks), ended, sum(len([*task.reroutes]) for task in tasks))
            check_clocks(clocks, tasks)


def test_the_overdue_trend_is_that_of_the_count(api, brute, worked_in):
    first = (NOW - timedelta(days=42)).date()
    last = (NOW - timedelta(days=20)).date()
    answer = api("admin").get(f"Task/$stats?periodStart={first}&periodEnd={last}&interval=day")
    told = {each["date"]: each["count"] for each in parameters(answer, "overdue")}
    assert len(told) == 23
    expected = {}
    for day in range(23):
        date = first + timedelta(days=day)
        close_of_day = datetime(date.year, date.month, date.day, tzinfo=UTC) + timedelta(days=1)
        expected[date.isoformat()] = sum(task.is_overdue(close_of_day - MS) for task in brute)
    assert told == expected and len(set(told.values())) > 5
    told = [each["pressing"] for each in parameters(answer, "overdue")]
    pressing = [task for task in brute if task.document.get("priority") in ("stat", "asap")]
    ends = (first + timedelta(days=day + 1) for day in range(23))
    assert told == [
        sum(task.is_overdue(datetime(*end.timetuple()[:3], tzinfo=UTC) - MS) for task in pressing)
        for end in ends
    ]
    assert 0 < max(told) < max(expected.values())
