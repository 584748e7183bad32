"""`Task/$stats`: how many Tasks there are by status, urgency, type, stage and reason, how long they
took, how far they came, where they were sent, and how many were overdue when.

It counts what a search with the same parameters would find, of what the actor may read:
`Task/$stats?business-status=x` says for which reasons the Tasks of one stage wait. What is counted
are the rows of tasks.clock_rows, which are brought up to date before. docs/clocks.md defines it all.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from django.db.models import Q

from accounts import people
from accounts.models import Pool
from accounts.site import setting
from fhir import json, resources, store
from fhir.actor import Actor
from fhir.answers import Answer, Request
from fhir.errors import InvalidSearch
from fhir.parameters import string_values
from fhir.scopes import allows, check_scope
from fhir.search.answer import Asked, part_of
from fhir.search.chains import united
from fhir.search.parse import blamed, parse_query
from tasks import clock_rows
from tasks.counting import CLOCKS, GROUPS, STAGE, Counted, Found, count
from tasks.models import Stage, Task
from tasks.periods import Period, Trend, period_of, time_of_day, trend_of

OWN = ("periodStart", "periodEnd", "pool", "groupBy", "interval", "overdueAt")
"""Parameters that are no search parameters."""
MOST_GROUPS = 100
"""Of one kind, the largest; words of one's own can make any number."""


def stats(request: Request, resource_id: None) -> Answer:
    """The Parameters of the answer. Raises InvalidSearch, for an unknown parameter too."""
    pairs = parse_qsl(request.query, keep_blank_values=True)
    if request.method == "POST":
        pairs += string_values(request.body).items()
    check_scope(request.actor, "Task", "s")
    document = {
        "resourceType": "Parameters",
        "parameter": told(pairs, request.actor, request.base),
    }
    return Answer(body=json.dumps(document))


def told(pairs: list[tuple[str, str]], actor: Actor, base: str = "") -> list[dict]:
    """`Parameters.parameter` of the answer to a question. Raises InvalidSearch."""
    return _answer(_asked(pairs, store.now()), actor, base)


@dataclass(frozen=True)
class Question:
    """`search` are the search parameters; the others narrow and divide what they find."""

    search: list[tuple[str, str]]
    period: Period
    trend: Trend
    pool: Pool | None = None
    groups: tuple[str, ...] = ()


def _asked(pairs: list[tuple[str, str]], now: datetime) -> Question:
    own = {name: value for name, value in pairs if name in OWN and value}
    period = period_of(own.get("periodStart", ""), own.get("periodEnd", ""))
    groups = tuple(dict.fromkeys(own.get("groupBy", "").split(","))) if "groupBy" in own else ()
    if not {*groups} <= {*GROUPS, STAGE}:
        raise InvalidSearch(
            f"groupBy must be some of {', '.join((*GROUPS, STAGE))}.", expression=blamed("groupBy")
        )
    at = time_of_day(own["overdueAt"]) if "overdueAt" in own else None
    return Question(
        [(name, value) for name, value in pairs if name not in OWN],
        period,
        trend_of(period, own.get("interval", ""), now=now, at=at),
        _pool_named(own["pool"]) if "pool" in own else None,
        groups,
    )


def _pool_named(name: str) -> Pool:
    """A pool by its name in URLs, or by system|code of its role."""
    pool = Pool.objects.filter(Q(slug=name) | Q(codes__contains=[name])).first()
    if pool is None:
        raise InvalidSearch("There is no pool of this name or role.", expression=blamed("pool"))
    return pool


def _answer(question: Question, actor: Actor, base: str) -> list[dict]:
    up_to_date = clock_rows.catch_up()
    where, params = _found(question.search, actor, base, up_to_date=up_to_date)
    if not where:
        return [_total(0)]
    found = Found(where, params, question.period, question.pool and question.pool.pk)
    counted = count(found, question.groups, question.trend, actor=actor)
    parameters = [*Told(counted, question, actor).parameters()]
    return parameters if up_to_date else [*parameters, {"name": "behind", "valueBoolean": True}]


def _found(
    pairs: list[tuple[str, str]], actor: Actor, base: str, *, up_to_date: bool
) -> tuple[str, Sequence[Any]]:
    """A condition on TaskClocks `c`: the Tasks that a search with these parameters finds and the
    actor may read. Empty when there can be none.
    """
    resource_type = resources.get("Task")
    asked = parse_query(pairs)
    for clause in asked.clauses:
        if not resource_type.search().knows(clause):
            raise InvalidSearch("Task has no such search parameter.", expression=blamed(clause.key))
    if not asked.clauses and up_to_date and allows(actor, "Task", "r"):
        return _readable(actor)
    part = part_of(resource_type, Asked(asked, asked.clauses, actor, base))
    readable = part.candidates.readable_by(actor).order_by().values_list("pk")
    ids, params = united([readable.filter(branch) for branch in part.branches])
    return f"c.task_id in ({ids})" if ids else "", params


def _readable(actor: Actor) -> tuple[str, Sequence[Any]]:
    """All that the actor may read. A row says of its Task what that is judged by, so that a
    quarter of a year need not be looked up among a million documents."""
    condition = Task.readable_condition(actor)
    columns = {name: f"c.{name}" for name in ("owner", "pool_id")}
    return f"not c.deleted and {condition.sql.format(id='c.task_id', **columns)}", condition.params


# --- the answer -----------------------------------------------------------------------------------


class Told:
    """What was counted, as the parameters of the answer."""

    def __init__(self, counted: Counted, question: Question, actor: Actor):
        self.counted, self.question, self.actor = counted, question, actor
        self.left_out = 0
        self.pools = {
            pool.pk: {"code": pool.slug, "display": pool.name} for pool in Pool.objects.all()
        }
        moves = [place for row in counted.moves for place in (row["before"], row["after"])]
        owners = [row["owner"] for row in counted.groups.get("owner", ())]
        self.names = people.names((each for each in moves + owners if "/" in each), actor=actor)

    def parameters(self) -> Iterator[dict]:
        counted = self.counted
        yield _total(counted.total)
        for name, rows in (("status", counted.statuses), ("priority", counted.priorities)):
            yield from self._groups(
                name, rows, lambda row: {"name": "code", "valueCode": row["key"]}
            )
        for name, rows in counted.concepts.items():
            yield from self._groups(name, rows, _concept_part)
        yield from self._turnaround()
        yield from self._clocks(counted.whole)
        if counted.whole["rerouted"]:
            yield {"name": "rerouted", "valueUnsignedInt": counted.whole["rerouted"]}
        yield from self._pool_waits()
        yield from self._limits()
        yield from self._stages()
        for name, rows in counted.reasons.items():
            yield from self._groups(name, filter(_concept, rows), _concept_part, _percentiles)
        yield from self._unexplained()
        yield from self._reroutes()
        yield from self._overdue()
        yield from self._divided()
        if self.left_out:
            yield {"name": "left-out", "valueUnsignedInt": self.left_out}

    def _enough(self, rows: Iterable[dict]) -> list[dict]:
        """Those that are not so few that one could tell who they are."""
        rows = list(rows)
        kept = [row for row in rows if row["count"] >= setting("stats_smallest")]
        self.left_out += len(rows) - len(kept)
        return kept

    def _groups(
        self,
        name: str,
        rows: Iterable[dict],
        value: Callable[[dict], dict | None],
        more: Callable[[dict], list[dict]] = lambda row: [],
    ) -> Iterator[dict]:
        for row in self._enough(rows):
            if said := value(row):
                yield {"name": name, "part": [said, _count(row["count"]), *more(row)]}

    def _turnaround(self) -> Iterator[dict]:
        for row in self._enough([self.counted.executed]):
            if row["count"]:
                median, _, p90 = row["shares"]
                part = [_count(row["count"])]
                part += [_whole_seconds("median", median), _whole_seconds("p90", p90)]
                yield {"name": "turnaround", "part": part}

    def _clocks(self, row: dict) -> list[dict]:
        rows = [
            {"name": name, "count": row[f"{column}_count"], "shares": row[column]}
            for name, column in CLOCKS.items()
        ]
        return [
            {
                "name": "clock",
                "part": [
                    {"name": "name", "valueCode": each["name"]},
                    _count(each["count"]),
                    *_percentiles(each),
                ],
            }
            for each in self._enough(each for each in rows if each["count"])
        ]

    def _pool_waits(self) -> Iterator[dict]:
        yield from self._groups(
            "pool-wait", self.counted.waits, lambda row: self._pool(row["pool"]), _percentiles
        )

    def _limits(self) -> Iterator[dict]:
        """How many were claimed in time, where a pool says how long they may wait."""
        for row in self._enough(self.counted.limits):
            part = [pool] if (pool := self._pool(row["pool"])) else []
            part += [
                {"name": "priority", "valueCode": row["priority"]},
                {"name": "minutes", "valueUnsignedInt": row["minutes"]},
                _count(row["count"]),
                {"name": "within", "valueUnsignedInt": row["within"]},
                *_percentiles(row),
            ]
            yield {"name": "claim-limit", "part": part}

    def _unexplained(self) -> Iterator[dict]:
        """How often no reason was given."""
        for name, rows in self.counted.reasons.items():
            for row in self._enough(row for row in rows if not _concept(row)):
                yield {"name": f"no-{name}", "valueUnsignedInt": row["count"]}

    def _pool(self, pool_id: int | None, name: str = "pool") -> dict | None:
        coding = self.pools.get(pool_id)
        return coding and {"name": name, "valueCoding": coding}

    def _stages(self) -> Iterator[dict]:
        """Of one type after the other, in the order of the type where it has one."""
        places = {
            key[:4]: key[4]
            for key in Stage.objects.values_list(
                "task_type__system", "task_type__code", "system", "code", "position"
            )
        }

        def place(row: dict) -> tuple:
            names = ("type_system", "type_code", "type_text", "system", "code", "text")
            key = tuple(row[name] for name in names)
            return (*key[:3], places.get((*key[:2], *key[3:5]), 1000), -row["count"], *key[3:])

        for row in sorted(self._enough(self.counted.stages), key=place):
            share = Decimal(row["passed"]) / row["count"]
            part = [
                *_named("type", row, "type_"),
                *_named("stage", row),
                {"name": "reached", "valueUnsignedInt": row["count"]},
                {"name": "passed", "valueUnsignedInt": row["passed"]},
                {"name": "conversion", "valueDecimal": round(share, 4)},
            ]
            if row["to_next"] is not None:
                part.append(_seconds("to-next", row["to_next"]))
            yield {"name": "stage", "part": [*part, *_percentiles(row)]}

    def _reroutes(self) -> Iterator[dict]:
        """From → to with the reason that was given most."""
        together: dict[tuple, list[dict]] = defaultdict(list)
        for row in self.counted.moves:
            together[row["before"], row["after"]].append(row)
        rows = [
            {"before": before, "after": after, "count": sum(each["count"] for each in rows)}
            | {"reasons": [each for each in rows if _concept(each)]}
            for (before, after), rows in together.items()
        ]
        rows.sort(key=lambda row: (-row["count"], row["before"], row["after"]))
        tells_why = allows(self.actor, "Provenance", "r")
        for row in self._enough(rows[:MOST_GROUPS]):
            part = [*self._place("from", row["before"]), *self._place("to", row["after"])]
            part.append(_count(row["count"]))
            if row["reasons"] and tells_why:
                top = max(row["reasons"], key=lambda each: (each["count"], each["code"]))
                part += [
                    *_named("reason", top),
                    {"name": "reason-count", "valueUnsignedInt": top["count"]},
                ]
            yield {"name": "reroute", "part": part}

    def _place(self, name: str, place: str) -> list[dict]:
        """Nothing for what the actor may not see."""
        if place.startswith("pool:"):
            pool = self._pool(int(place.removeprefix("pool:")), name)
            return [pool] if pool else []
        if "/" in place:
            display = self.names.get(place)
            reference = {"reference": place} | ({"display": display} if display else {})
            return [{"name": name, "valueReference": reference}]
        return [{"name": name, "valueString": place}] if place else []

    def _overdue(self) -> Iterator[dict]:
        for row in self.counted.overdue:
            yield {
                "name": "overdue",
                "part": [
                    {"name": "date", "valueDate": row["date"].isoformat()},
                    _count(row["count"]),
                    {"name": "pressing", "valueUnsignedInt": row["pressing"]},
                    {"name": "new", "valueUnsignedInt": row["new"]},
                ],
            }

    def _divided(self) -> Iterator[dict]:
        values: dict[str, Callable[[dict], list[dict]]] = {
            "type": lambda row: _named("type", row),
            "pool": lambda row: [each] if (each := self._pool(row["pool"])) else [],
            "owner": lambda row: self._place("owner", row["owner"]),
            "week": lambda row: [{"name": "week", "valueDate": row["week"]}],
        }
        for row in self._enough(self.counted.groups.get(STAGE, ())):
            part = [{"name": "by", "valueCode": STAGE}, *values["pool"](row), *_named("stage", row)]
            yield {"name": "group", "part": [*part, _count(row["count"]), *_percentiles(row)]}
        for name, rows in self.counted.groups.items():
            for row in self._enough(rows if name in values else ()):
                part: list[dict] = [{"name": "by", "valueCode": name}, *values[name](row)]
                part += [_count(row["count"]), {"name": "ended", "valueUnsignedInt": row["ended"]}]
                part += [{"name": "reroutes", "valueUnsignedInt": row["reroutes"]}]
                yield {"name": "group", "part": [*part, *self._clocks(row)]}


def _total(number: int) -> dict:
    return {"name": "total", "valueUnsignedInt": number}


def _count(number: int) -> dict:
    return {"name": "count", "valueUnsignedInt": number}


def _named(name: str, row: dict, prefix: str = "") -> list[dict]:
    concept = _concept(row, prefix)
    return [{"name": name, "valueCodeableConcept": concept}] if concept else []


def _concept_part(row: dict) -> dict | None:
    return next(iter(_named("concept", row)), None)


def _concept(row: dict[str, Any], prefix: str = "") -> dict:
    words = {name: row[f"{prefix}{name}"] for name in ("system", "code") if row[f"{prefix}{name}"]}
    label = row[f"{prefix}label"]
    return ({"coding": [words]} if words else {}) | ({"text": label} if label else {})


def _percentiles(row: dict) -> list[dict]:
    shares = row.get("shares")
    names = ("p50", "p75", "p90")
    return [_seconds(*each) for each in zip(names, shares, strict=True)] if shares else []


def _seconds(name: str, milliseconds: float) -> dict:
    """To the millisecond."""
    return _duration(name, Decimal(round(milliseconds)) / 1000)


def _whole_seconds(name: str, milliseconds: float) -> dict:
    return _duration(name, round(milliseconds / 1000))


def _duration(name: str, value: Decimal | int) -> dict:
    quantity = {"value": value, "unit": "s", "system": "http://unitsofmeasure.org", "code": "s"}
    return {"name": name, "valueDuration": quantity}
