"""How long a Task waited, was held and took, worked out from its recorded versions. Pure.

The time of a Task is its time asked for and not ended: that of a draft, of a deleted Task and of an
ended one counts nowhere. It is cut into spans in which nothing of what is measured changes, so each
way to divide it adds up to the whole: without an owner and with one; held and not; by stage.

Before the first version that was recorded here, only what that version says itself is known: asked
for at authoredOn, taken up at executionPeriod.start, and, if it came ended, ended at
executionPeriod.end. Its stage until then, and whether it was held, are not known.

docs/clocks.md defines each clock.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from fhir.datatypes import LATEST, codings, display_of, parse_date
from tasks.document import due_of, reference_of
from tasks.reasons import REROUTED
from tasks.transitions import FINAL, STARTED

MILLISECOND = timedelta(milliseconds=1)


class Recorded(NamedTuple):
    """One version. `document` needs no more than the elements in ELEMENTS; None is a deletion."""

    number: int
    at: datetime
    actor: str
    document: dict | None


ELEMENTS = (
    "status",
    "owner",
    "performerType",
    "businessStatus",
    "statusReason",
    "code",
    "priority",
    "restriction",
    "authoredOn",
    "executionPeriod",
    "basedOn",
)


class Concept(NamedTuple):
    """A CodeableConcept as it is counted: by its first coding, or by its text without one."""

    system: str = ""
    code: str = ""
    label: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.system, self.code, "" if self.code else self.label)


def concept_of(value: dict | None) -> Concept:
    coding = next(iter((value or {}).get("coding", ())), {})
    label = (value or {}).get("text") or coding.get("display") or ""
    return Concept(coding.get("system", ""), coding.get("code", ""), label)


@dataclass(frozen=True)
class Pools:
    """What has to be known of pools: the ids that performerType leads to, and open time."""

    ids_of: Callable[[list[dict]], Sequence[int]]
    open_seconds: Callable[[int, datetime, datetime], float]


class Span(NamedTuple):
    """A stretch of a Task's time; `end` is None while it goes on."""

    start: datetime
    end: datetime | None
    owner: str
    pools: tuple[int, ...]
    held: bool
    started: bool
    stage: Concept
    reason: Concept
    due: datetime

    @property
    def ms(self) -> int:
        """0 while it goes on."""
        return milliseconds(self.start, self.end) if self.end else 0


def milliseconds(start: datetime, end: datetime) -> int:
    return (end - start) // MILLISECOND


class Move(NamedTuple):
    """Who had the Task and who has it after version `number`: "pool:3", or a reference.

    `kind`: claim (she took it herself), assign, release (to the same pool), reroute (to somebody
    else or to another pool), or handover (ended here, and a successor goes on elsewhere: T16).
    """

    number: int
    at: datetime
    kind: str
    before: str
    after: str

    @property
    def is_reroute(self) -> bool:
        return self.kind in ("reroute", "handover")


class Stage(NamedTuple):
    """`ms` in all; `passed` when it was left for another stage or the Task was completed in it,
    `to_next` after so many ms for the first time."""

    stage: Concept
    ms: int
    passed: bool
    to_next: int | None


class Hold(NamedTuple):
    reason: Concept
    ms: int
    ended: bool


@dataclass(frozen=True)
class Clocks:
    """Times in ms. Instants and clocks of what has not happened are None."""

    created: datetime
    """When it was asked for."""
    claimed: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    to_claim: int | None = None
    """Until its first owner; None, too, for one that had an owner when it was asked for."""
    to_start: int | None = None
    waiting: int = 0
    """Without an owner, in a pool or not."""
    owned: int = 0
    hold: int = 0
    turnaround: int = 0
    """All of its time."""
    working: int = 0
    """Of it what was not on hold, in the opening hours of the pool that it was in last."""
    pools: dict[int, int] = field(default_factory=dict)
    """Waiting in each pool."""
    stages: tuple[Stage, ...] = ()
    """In the order in which they were first reached."""
    holds: tuple[Hold, ...] = ()
    moves: tuple[Move, ...] = ()
    overdue: tuple[datetime, ...] = ()
    """When it became overdue and ceased to be, in turns; one that goes on has no end."""

    @property
    def reroutes(self) -> int:
        return sum(move.is_reroute for move in self.moves)

    @property
    def staged(self) -> int:
        """Of the turnaround what was of any stage."""
        return sum(each.ms for each in self.stages)


def clocks(versions: Sequence[Recorded], *, pools: Pools, until: datetime | None = None) -> Clocks:
    """The clocks of a Task by all its versions, oldest first: `until` ends a span that goes on.

    Without `until`, time that goes on is not counted.
    """
    versions = _in_order(versions)
    found = [_closed(span, until) for span in _spans(versions, pools)]
    last = next((each.document for each in reversed(versions) if each.document), None)
    ended = _ended(versions)
    created = found[0].start if found else _beginning(versions[0])
    claimed = next((span.start for span in found if span.owner), None)
    started = next((span.start for span in found if span.started), None)
    waited = [span for span in found if not span.owner]
    return Clocks(
        created=created,
        claimed=claimed,
        started=started,
        ended=ended,
        to_claim=_total(_before(found, claimed)) if claimed and not found[0].owner else None,
        to_start=_total(_before(found, started)) if started else None,
        waiting=_total(waited),
        owned=_total(span for span in found if span.owner),
        hold=_total(span for span in found if span.held),
        turnaround=_total(found),
        working=_working(found, pools),
        pools=_by_pool(waited),
        stages=_stages(found, last),
        holds=_holds(found),
        moves=tuple(moves(versions, pools=pools)),
        overdue=_overdue(found),
    )


def _total(spans: Iterable[Span]) -> int:
    return sum(span.ms for span in spans)


def _before(found: list[Span], at: datetime) -> list[Span]:
    return [span for span in found if span.end and span.end <= at]


def _closed(span: Span, until: datetime | None) -> Span:
    return span if span.end or until is None else span._replace(end=max(span.start, until))


# --- from versions to spans -----------------------------------------------------------------------


def _in_order(versions: Sequence[Recorded]) -> list[Recorded]:
    """By number. A clock that stepped back makes no time negative; instants are to the ms."""
    found: list[Recorded] = []
    for version in sorted(versions, key=lambda each: each.number):
        at = _to_ms(version.at)
        found.append(version._replace(at=max(at, found[-1].at) if found else at))
    return found


def _to_ms(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _instant(text: str | None) -> datetime | None:
    """Of a date without a time it cannot be said."""
    return _to_ms(parse_date(text).low) if text and len(text) > 10 else None


def _counts(document: dict | None) -> bool:
    return document is not None and document["status"] not in {"draft", *FINAL}


def _beginning(first: Recorded) -> datetime:
    asked = _instant((first.document or {}).get("authoredOn"))
    return min(asked, first.at) if asked else first.at


def _spans(versions: Sequence[Recorded], pools: Pools) -> list[Span]:
    """In order, each with nothing in it that changes; some may be of no length."""
    found = _recorded_elsewhere(versions[0], pools)
    for version, following in zip(versions, [*versions[1:], None], strict=True):
        if _counts(version.document):
            end = following.at if following else None
            found.append(_span(version.document, version.at, end, pools))
    return found


def _span(document: dict, start: datetime, end: datetime | None, pools: Pools) -> Span:
    held = document["status"] == "on-hold"
    return Span(
        start,
        end,
        reference_of(document, "owner"),
        tuple(pools.ids_of(document.get("performerType", []))),
        held,
        document["status"] in STARTED,
        concept_of(document.get("businessStatus")),
        concept_of(document.get("statusReason")) if held else Concept(),
        due_of(document),
    )


def _recorded_elsewhere(first: Recorded, pools: Pools) -> list[Span]:
    """What the first version says of the time before it; a draft was not asked for yet."""
    document = first.document
    if document is None or document["status"] == "draft":
        return []
    begin, end = _beginning(first), _end_elsewhere(first)
    if begin == end and _counts(document):
        return []
    known = _span(document, begin, end, pools)._replace(
        held=False, started=False, stage=Concept(), reason=Concept()
    )
    taken = _instant((document.get("executionPeriod") or {}).get("start"))
    if taken is None or taken > first.at:
        return [known]
    taken = min(max(taken, begin), end)
    waited = known._replace(end=taken, owner="" if known.pools else known.owner)
    return [waited, known._replace(start=taken, started=True)]


def _end_elsewhere(first: Recorded) -> datetime:
    """When the time before the first version ends."""
    ended = _instant((first.document.get("executionPeriod") or {}).get("end"))
    if first.document["status"] not in FINAL or ended is None:
        return first.at
    return min(max(ended, _beginning(first)), first.at)


def _ended(versions: Sequence[Recorded]) -> datetime | None:
    """When it came to the final status that it has; deleted in between, it stays ended."""
    ended = None
    for number, version in enumerate(versions):
        if version.document is None:
            continue
        if version.document["status"] not in FINAL:
            ended = None
        elif ended is None:
            ended = version.at if number else _end_elsewhere(version)
    return ended


# --- from spans to clocks -------------------------------------------------------------------------


def _by_pool(waited: list[Span]) -> dict[int, int]:
    """A Task in several pools waits in each of them."""
    found: dict[int, int] = {}
    for span in waited:
        for pool in span.pools:
            found[pool] = found.get(pool, 0) + span.ms
    return found


def _working(found: list[Span], pools: Pools) -> int:
    total, pool = 0, None
    for span in found:
        pool = span.pools[0] if span.pools else pool
        if span.held or not span.end:
            continue
        if pool is None:
            total += span.ms
        else:
            total += round(1000 * pools.open_seconds(pool, span.start, span.end))
    return total


def _stages(found: list[Span], last: dict | None) -> tuple[Stage, ...]:
    """Each stage once, however often the Task came back to it; `last` is the last document."""
    stages: dict[tuple, Stage] = {}
    visit: tuple | None = None
    for span in found:
        if not any(span.stage):
            continue
        if visit and span.stage.key != visit:
            stages[visit] = _left(stages[visit])
        visit = span.stage.key
        known = stages.get(visit) or Stage(span.stage, 0, passed=False, to_next=None)
        stages[visit] = known._replace(ms=known.ms + span.ms)
    if last is None or last["status"] not in FINAL:
        return tuple(stages.values())
    # The version that ended it may have brought another stage, too.
    final, completed = concept_of(last.get("businessStatus")), last["status"] == "completed"
    if visit and (final.key != visit if any(final) else completed):
        stages[visit] = _left(stages[visit])
    if any(final):
        known = stages.get(final.key) or Stage(final, 0, passed=completed, to_next=None)
        stages[final.key] = _left(known) if completed and final.key == visit else known
    return tuple(stages.values())


def _left(stage: Stage) -> Stage:
    return stage if stage.passed else stage._replace(passed=True, to_next=stage.ms)


def _holds(found: list[Span]) -> tuple[Hold, ...]:
    """One for each time that it was put on hold, or that the reason changed."""
    holds: list[Hold] = []
    before: Span | None = None
    for span in found:
        if span.held:
            goes_on = before and before.held and before.reason.key == span.reason.key
            if goes_on and before.end == span.start:
                known = holds.pop()
                holds.append(Hold(span.reason, known.ms + span.ms, bool(span.end)))
            else:
                holds.append(Hold(span.reason, span.ms, bool(span.end)))
        before = span
    return tuple(holds)


def _overdue(found: list[Span]) -> tuple[datetime, ...]:
    turns: list[datetime] = []
    for span in found:
        if span.due == LATEST or (span.end and span.due >= span.end):
            continue
        begin = max(span.start, span.due)
        if len(turns) % 2 == 0 and turns and turns[-1] == begin:
            turns.pop()
        else:
            turns.append(begin)
        if span.end:
            turns.append(span.end)
    return tuple(turns)


# --- moves ----------------------------------------------------------------------------------------


def moves(versions: Sequence[Recorded], *, pools: Pools) -> Iterable[Move]:
    """Every change of hands between two versions, oldest first."""
    before: dict | None = None
    for version in versions:
        after = version.document
        if after is None:
            continue
        if before is not None and (kind := kind_of_move(before, after, version.actor)):
            places = place_of(before, pools=pools), _went_to(before, after, kind, pools)
            yield Move(version.number, version.at, kind, *places)
        before = after


def kind_of_move(before: dict, after: dict, actor: str) -> str:
    """How the second document moved the Task from where it was; "" when it did not."""
    if before["status"] in {"draft", *FINAL}:
        return ""
    had, has = reference_of(before, "owner"), reference_of(after, "owner")
    if _is_handed_over(after):
        return "handover"
    roles, new_roles = _roles(before), _roles(after)
    elsewhere = roles != new_roles and roles.isdisjoint(new_roles)
    if had == has:
        return "reroute" if elsewhere and not has else ""
    if has and not had:
        return "claim" if has == actor else "assign"
    return "reroute" if has or elsewhere else "release"


def _is_handed_over(document: dict) -> bool:
    reason = concept_of(document.get("statusReason"))
    return document["status"] == "cancelled" and reason.code == REROUTED.code


def _roles(document: dict) -> set[tuple]:
    """By all their codings: a pool is known by several."""
    concepts = document.get("performerType", [])
    return {*codings(concepts)} or {concept_of(each).key for each in concepts}


def place_of(document: dict, *, pools: Pools) -> str:
    """The pool where it is at home, else its owner, else the role that leads to no pool."""
    concepts = document.get("performerType", [])
    if ids := pools.ids_of(concepts):
        return f"pool:{ids[0]}"
    return reference_of(document, "owner") or (display_of(concepts[0]) if concepts else "")


def _went_to(before: dict, after: dict, kind: str, pools: Pools) -> str:
    if kind == "handover":
        return ""
    has = reference_of(after, "owner")
    return has if has and has != reference_of(before, "owner") else place_of(after, pools=pools)
