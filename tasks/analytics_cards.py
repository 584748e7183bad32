"""The cards of the page of analytics: what an answer of Task/$stats says, drawn, as a table, in words.

A card is a function of an answer (tasks.analytics). What is drawn stands in its table too, and the
table is what a file has. People are not named, so that nobody is ranked.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format, number_format
from django.utils.safestring import SafeString
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.site import setting
from fhir.datatypes import codings, display_of
from fhir.errors import NotFound
from tasks import charts
from tasks.analytics import Asked, Seen, types
from tasks.charts import Axis, Bar, Line

MOST_COLUMNS, MOST_PLACES = 6, 7
HOUR, DAY = 3600.0, 86400.0
COMPARED = 10
"""Of fewer Tasks than this no change is told."""


def short(seconds: float | None) -> str:
    """26 min · 6.6 h · 3.2 d"""
    if seconds is None:
        return "–"
    if seconds < 60:
        return _("under 1 min")
    if seconds < 1.5 * HOUR:
        return _("%(number)s min") % {"number": number_format(seconds / 60, 0)}
    if seconds < 2 * DAY:
        return _("%(number)s h") % {"number": _tenths(seconds / HOUR)}
    return _("%(number)s d") % {"number": _tenths(seconds / DAY)}


def _tenths(value: float) -> str:
    return number_format(round(value, 1), 0 if round(value, 1) % 1 == 0 or value >= 100 else 1)


def whole(number: int) -> str:
    return number_format(number, 0, force_grouping=True)


def percent(share: float | None) -> str:
    """92.4"""
    return "–" if share is None else _tenths(100 * share)


def word(concept: dict | None) -> str:
    """What a code is called. What somebody typed instead of one may name a patient: it is nothing."""
    return display_of(concept) if any(code for _system, code in codings(concept)) else ""


def day(on: date | str) -> str:
    """31 Aug"""
    at = date.fromisoformat(on) if isinstance(on, str) else on
    return date_format(at, "j M")


# --- the figures at the top -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its change. `good` is whether the change is one for the better, if it is any."""

    name: str
    value: str
    unit: str = ""
    change: str = ""
    rose: bool = False
    good: bool | None = None
    note: str = ""


def figures(found: Seen, asked: Asked) -> list[Figure]:
    return [
        _of_clock(found, "p50", _("Median turnaround")),
        _of_clock(found, "p90", _("90th percentile"), _goal_in_words(asked)),
        _claimed_in_time(found),
        _rerouted(found),
        _overdue(found),
    ]


def _of_clock(found: Seen, share: str, name: str, goal: str = "") -> Figure:
    now = found.clock("turnaround").get(share)
    before = found.clock("turnaround", before=True).get(share)
    if now is None:
        return Figure(name, "–", note=_("Nothing was completed"))
    value, _space, unit = short(now).rpartition(" ")
    if not before or not _comparable(found):
        return Figure(name, value, unit, note=goal or _("Nothing to compare with"))
    change = (now - before) / before
    was = _("was %(before)s") % {"before": short(before)}
    return _changed(name, value, unit, f"{percent(abs(change))} %", change, goal or was, less=True)


def _comparable(found: Seen) -> bool:
    return found.number("total", before=True) >= COMPARED


def _changed(
    name: str, value: str, unit: str, text: str, change: float, note: str, *, less: bool
) -> Figure:
    """`less` says that less of it is better."""
    if abs(change) < 0.0005:
        return Figure(name, value, unit, note=note)
    return Figure(name, value, unit, text, change > 0, (change < 0) is less, note)


def _share(found: Seen, *, before: bool = False) -> float | None:
    rows = found.groups("claim-limit", before=before)
    count = sum(each["count"] for each in rows)
    return sum(each["within"] for each in rows) / count if count else None


def _claimed_in_time(found: Seen) -> Figure:
    now, before = _share(found), _share(found, before=True)
    name = _("Claimed within SLA")
    goal = _("goal %(percent)s %%") % {"percent": setting("sla_goal")}
    if now is None:
        return Figure(name, "–", note=_("Nothing with an SLA was claimed"))
    if before is None or not _comparable(found):
        return Figure(name, percent(now), "%", note=goal)
    text = _("%(points)s pts") % {"points": percent(abs(now - before))}
    return _changed(name, percent(now), "%", text, now - before, goal, less=False)


def _rerouted(found: Seen) -> Figure:
    name, total = _("Rerouted at least once"), found.number("total")
    if not total:
        return Figure(name, "–", note=_("No tasks"))
    now = found.number("rerouted") / total
    note = _most_given(found)
    total_before = found.number("total", before=True)
    if not _comparable(found):
        return Figure(name, percent(now), "%", note=note)
    before = found.number("rerouted", before=True) / total_before
    text = _("%(points)s pts") % {"points": percent(abs(now - before))}
    return _changed(name, percent(now), "%", text, now - before, note, less=True)


def _most_given(found: Seen) -> str:
    rows = [each for each in found.groups("reroute") if word(each.get("reason"))]
    if not rows:
        return ""
    top = max(rows, key=lambda each: each["reason-count"])
    return _("most often “%(reason)s”") % {"reason": word(top["reason"])}


def _overdue(found: Seen) -> Figure:
    rows = found.groups("overdue")
    name = str(TITLES["overdue"])
    if not rows:
        return Figure(name, "–")
    now, before = rows[-1]["count"], rows[0]["count"]
    unit = ngettext("task", "tasks", now)
    note = _("since %(day)s") % {"day": day(rows[0]["date"])}
    if pressing := rows[-1]["pressing"]:
        note = _("%(count)s of them STAT or ASAP") % {"count": whole(pressing)}
    return _changed(name, whole(now), unit, whole(abs(now - before)), now - before, note, less=True)


def goal_seconds(asked: Asked) -> float | None:
    """Within which time a Task of the type is to be done, where its type says so."""
    if asked.type is None:
        return None
    if asked.type.due_minutes is not None:
        return asked.type.due_minutes * 60.0
    return asked.type.due_days * DAY if asked.type.due_days else None


def _goal_in_words(asked: Asked) -> str:
    goal = goal_seconds(asked)
    return _("goal %(time)s") % {"time": short(goal)} if goal else ""


# --- the cards ------------------------------------------------------------------------------------


TITLES = {
    "turnaround": gettext_lazy("Turnaround by week"),
    "funnel": gettext_lazy("Stage funnel"),
    "reasons": gettext_lazy("Why tasks are held or closed"),
    "overdue": gettext_lazy("Overdue at 08:00"),
    "bottlenecks": gettext_lazy("Bottlenecks"),
    "reroutes": gettext_lazy("Where work is sent on"),
    "waits": gettext_lazy("Queue wait against SLA"),
}
"""In the order of the page."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What is read, and what a spreadsheet gets. `heat` is from 0 to 5."""

    text: str
    value: str | int | float | None = None
    heat: int = 0
    note: str = ""

    @property
    def plain(self) -> str | int | float:
        return self.text if self.value is None else self.value


@dataclass(frozen=True, slots=True)
class Card:
    """`sentence` is what it shows in words; `columns` and `rows` are the same as a table, of which
    `of_file` names the columns in a file. Without rows there is nothing to show."""

    key: str
    title: str
    sentence: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    of_file: Sequence[str] = ()
    drawings: Sequence[tuple[str, SafeString]] = ()
    """Each with its heading, which may be ""."""
    note: str = ""
    grid: Sequence[Sequence[Cell]] = ()
    heads: Sequence[str] = ()
    """A table that is itself what is shown, with what stands above its columns."""


def _minutes(seconds: float | None) -> Cell:
    return Cell(short(seconds), round(seconds / 60, 1) if seconds is not None else "")


def _count(number: int) -> Cell:
    return Cell(whole(number), number)


MINUTES = gettext_lazy("%(name)s (minutes)")


def turnaround(found: Seen, asked: Asked) -> Card:
    weeks = sorted(found.by("week"), key=lambda each: each["week"])
    known = {each["week"]: each.get("turnaround", {}) for each in weeks}
    first, last = asked.days(found.today)
    mondays = [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]
    values = {
        share: [known.get(each.isoformat(), {}).get(share) for each in mondays]
        for share in ("p50", "p75", "p90")
    }
    names = {"p50": _("Median"), "p75": "P75", "p90": "P90"}
    rows = [
        (
            Cell(day(monday), monday.isoformat()),
            _count(known[monday.isoformat()]["count"]),
            *(_minutes(known[monday.isoformat()].get(share)) for share in names),
        )
        for monday in mondays
        if known.get(monday.isoformat())
    ]
    title = str(TITLES["turnaround"])
    columns = (_("Week of"), _("Completed"), *names.values())
    of_file = (*columns[:2], *(MINUTES % {"name": name} for name in names.values()))
    if not rows:
        return Card("turnaround", title, "", columns, ())
    ends = {
        share: next((v for v in reversed(each) if v is not None), None)
        for share, each in values.items()
    }
    sentence = _(
        "Turnaround of completed tasks by the week in which they were asked for, from %(first)s to"
        " %(last)s: in the last week with any, half took up to %(median)s and nine in ten up to"
        " %(p90)s."
    ) % {
        "first": day(mondays[0]), "last": day(mondays[-1]),
        "median": short(ends["p50"]), "p90": short(ends["p90"]),
    }  # fmt: skip
    goal = goal_seconds(asked)
    axis = _time_axis(max(v for each in values.values() for v in each if v is not None), goal)
    series = [Line(share, values[share], f"{names[share]} {short(ends[share])}") for share in names]
    drawings = [
        (
            "",
            charts.lines(
                sentence,
                [day(each) for each in mondays],
                series,
                axis,
                width=width,
                kind=kind,
                goal=(goal, _("goal %(time)s") % {"time": short(goal)}) if goal else None,
                marks=_marks(found, mondays),
            ),
        )
        for width, kind in ((720, "wide"), (350, "narrow"))
    ]
    return Card("turnaround", title, sentence, columns, rows, of_file, drawings)


def _time_axis(top: float, goal: float | None) -> Axis:
    """In hours or days."""
    top = max(top, goal if goal and goal < 2 * top else 0, HOUR)
    unit, sizes = (
        (DAY, (1, 2, 4, 7, 14, 28)) if top > 3 * DAY else (HOUR, (0.5, 1, 2, 4, 8, 12, 24))
    )
    found = charts.steps(top, [each * unit for each in sizes])
    return Axis([(each, short(each) if each else "0") for each in found], found[-1])


def _marks(found: Seen, mondays: Sequence[date]) -> list[tuple[float, str]]:
    """Where along the weeks rules were changed."""
    length = max(1, (mondays[-1] - mondays[0]).days)
    marks = []
    for at, name in found.marks:
        on = localdate(at)
        place = min(1.0, max(0.0, (on - mondays[0]).days / length))
        marks.append((place, _("%(day)s: rule “%(name)s”") % {"day": day(on), "name": _cut(name)}))
    return marks


def _cut(name: str) -> str:
    return name if len(name) <= 28 else f"{name[:27].rstrip()}…"


def funnel(found: Seen, asked: Asked) -> Card:
    """Of the type that is asked for, or of the one that most Tasks are of."""
    titles = {(each.system, each.code): each.title for each in types()}
    groups: dict[str, list[dict]] = {}
    for each in found.groups("stage"):
        kind = titles.get(next(iter(codings(each.get("type"))), ("", "")))
        if kind and word(each.get("stage")):
            groups.setdefault(kind, []).append(each)
    title = str(TITLES["funnel"])
    columns = (
        *(_("Stage"), _("Reached"), _("Went on"), _("Not past this stage"), _("Median to next")),
    )
    of_file = (*columns[:4], MINUTES % {"name": columns[4]})
    if not groups:
        return Card("funnel", title, "", columns, (), of_file)
    name = max(groups, key=lambda each: sum(stage["reached"] for stage in groups[each]))
    stages = groups[name]
    first = max(each["reached"] for each in stages)
    rows, bars = [], []
    ends = {each.stages[-1].display for each in types() if each.stages and each.title == name}
    behind = [each["reached"] - each["passed"] for each in stages]
    worst = max(behind)
    for each, left in zip(stages, behind, strict=True):
        stage = word(each["stage"])
        to_next = each.get("to-next")
        rows.append(
            (
                Cell(stage),
                _count(each["reached"]),
                _count(each["passed"]),
                _count(left),
                _minutes(to_next),
            )
        )
        note = _("%(left)s not past this stage") % {"left": whole(left)}
        if to_next is not None:
            note = _("%(left)s not past this stage · median %(time)s to next") % {
                "left": whole(left), "time": short(to_next),
            }  # fmt: skip
        share = _("%(stage)s · %(percent)s %% reach it") % {
            "stage": stage, "percent": percent(each["reached"] / first),
        }  # fmt: skip
        slow = left == worst > 0 and stage not in ends
        bars.append(
            Bar(share, each["reached"], whole(each["reached"]), note, "warn" if slow else "")
        )
    sentence = _("%(type)s: of %(first)s tasks, %(last)s reached “%(stage)s”.") % {
        "type": name, "first": whole(first),
        "last": whole(stages[-1]["reached"]), "stage": word(stages[-1]["stage"]),
    }  # fmt: skip
    drawing = charts.across(sentence, bars)
    return Card("funnel", title, sentence, columns, rows, of_file, [("", drawing)], note=name)


KINDS = {
    "hold-reason": gettext_lazy("On hold"),
    "cancel-reason": gettext_lazy("Cancelled"),
    "reject-reason": gettext_lazy("Rejected"),
    "fail-reason": gettext_lazy("Could not be done"),
}


def reasons(found: Seen, asked: Asked) -> Card:
    rows, drawings = [], []
    for kind, name in KINDS.items():
        given: dict[str, int] = {}
        for each in found.groups(kind):
            reason = word(each["concept"]) or _("Another one, in words")
            given[reason] = given.get(reason, 0) + each["count"]
        none = found.number(f"no-{kind}")
        bars = [Bar(reason, count, whole(count)) for reason, count in list(given.items())[:6]]
        rows += [(Cell(str(name)), Cell(reason), _count(count)) for reason, count in given.items()]
        if none:
            bars.append(Bar(_("No reason given"), none, whole(none), kind="warn"))
            rows.append((Cell(str(name)), Cell(_("No reason given")), _count(none)))
        if bars:
            sentence = _("%(kind)s, by reason: %(reasons)s.") % {
                "kind": name, "reasons": ", ".join(f"{each.name} {each.text}" for each in bars),
            }  # fmt: skip
            drawings.append((str(name), charts.across(sentence, bars, width=280)))
    total = sum(row[2].plain for row in rows)
    sentence = ngettext(
        "%(count)s time that a task was put on hold or closed without being done.",
        "%(count)s times that a task was put on hold or closed without being done.",
        total,
    ) % {"count": whole(total)}
    columns = (_("What happened"), _("Reason"), _("Times"))
    title = str(TITLES["reasons"])
    held = sum(each["count"] for each in found.groups("status") if each["code"] == "on-hold")
    note = _("%(count)s on hold now") % {"count": whole(held)} if held else ""
    return Card("reasons", title, sentence, columns, rows, columns, drawings, note)


def overdue(found: Seen, asked: Asked) -> Card:
    points = found.groups("overdue")
    title = str(TITLES["overdue"])
    since = _("New since the day before")
    if asked.question(found.today)[-2] == ("interval", "week"):
        since = _("New since the week before")
    columns = (_("Day"), _("Overdue"), _("STAT or ASAP"), since)
    if not any(each["count"] or each["new"] for each in points):
        return Card("overdue", title, "", columns, ())
    rows = [
        (
            Cell(day(each["date"]), each["date"]),
            *(_count(each[name]) for name in ("count", "pressing", "new")),
        )
        for each in points
    ]
    most = max(points, key=lambda each: each["count"])
    sentence = _(
        "Overdue tasks from %(first)s to %(last)s: %(now)s at the end, %(most)s at most, on %(day)s."
    ) % {
        "first": day(points[0]["date"]), "last": day(points[-1]["date"]),
        "now": whole(points[-1]["count"]), "most": whole(most["count"]), "day": day(most["date"]),
    }  # fmt: skip
    bars = [Bar(day(each["date"]), each["count"], whole(each["count"])) for each in points]
    return Card(
        "overdue", title, sentence, columns, rows, columns, [("", charts.upright(sentence, bars))]
    )


def bottlenecks(found: Seen, asked: Asked) -> Card:
    title, note = str(TITLES["bottlenecks"]), _("median time")
    claims = {
        each["pool"]["code"]: (each["pool"]["display"], each.get("to-claim", {}).get("p50"))
        for each in found.by("pool")
        if "pool" in each
    }
    cells: dict[str, dict[str, float | None]] = {code: {} for code in claims}
    reached: dict[str, int] = {}
    for each in found.by("stage"):
        if "pool" in each and (stage := word(each.get("stage"))):
            cells.setdefault(each["pool"]["code"], {})[stage] = each.get("p50")
            reached[stage] = reached.get(stage, 0) + each["count"]
            claims.setdefault(each["pool"]["code"], (each["pool"]["display"], None))
    most = sorted(reached, key=lambda each: -reached[each])[:MOST_COLUMNS]
    places = _stage_places()
    stages = sorted(most, key=lambda each: places.get(each, len(places)))
    columns = (_("Pool"), _("Until claimed"), *stages)
    of_file = (columns[0], *(MINUTES % {"name": each} for each in columns[1:]))
    times = [
        (name, [claim, *(cells[code].get(stage) for stage in stages)])
        for code, (name, claim) in claims.items()
    ]
    times = [(name, values) for name, values in times if any(each is not None for each in values)]
    if not times:
        return Card("bottlenecks", title, "", columns, (), of_file, note=note)
    longest = max(value for _name, values in times for value in values if value is not None)
    rows = [(Cell(name), *(_heated(value, longest) for value in values)) for name, values in times]
    name, stage, value = max(
        (
            (name, columns[number], value)
            for name, values in times
            for number, value in enumerate(values, start=1)
            if value is not None
        ),
        key=lambda each: each[2],
    )
    sentence = _("The longest median is %(time)s: %(pool)s, “%(stage)s”.") % {
        "time": short(value), "pool": name, "stage": stage,
    }  # fmt: skip
    return Card(
        "bottlenecks", title, sentence, columns, rows, of_file, note=note, grid=rows, heads=columns
    )


def _stage_places() -> dict[str, int]:
    first: dict[str, int] = {}
    for each in types():
        for number, stage in enumerate(each.stages):
            first[stage.display] = min(number, first.get(stage.display, number))
    return first


def _heated(seconds: float | None, longest: float) -> Cell:
    """The longest is the hottest; what is next to nothing has no colour."""
    if seconds is None:
        return Cell(_("n/a"), "")
    heat = round(5 * (seconds / longest) ** 0.5) if longest else 0
    return Cell(short(seconds), round(seconds / 60, 1), heat)


def reroutes(found: Seen, asked: Asked) -> Card:
    title = str(TITLES["reroutes"])
    moves: dict[tuple[str, str], list] = {}
    for each in found.groups("reroute"):
        key = _place(each.get("from")), _place(each.get("to"))
        known = moves.setdefault(key, [0, "", 0])
        known[0] += each["count"]
        if each.get("reason-count", 0) > known[2]:
            known[1:] = [word(each["reason"]), each["reason-count"]]
    of_file = (_("From"), _("To"), _("Times"), _("Reason given most"))
    if not moves:
        return Card("reroutes", title, "", of_file, (), of_file)
    froms = _largest(moves, 0)
    tos = _largest(moves, 1)
    most = max(count for count, *_rest in moves.values())
    rows = [
        (Cell(before), Cell(after), _count(count), Cell(reason))
        for (before, after), (count, reason, _times) in sorted(
            moves.items(), key=lambda each: -each[1][0]
        )
    ]
    grid = []
    for before in froms:
        row = [Cell(before)]
        for after in tos:
            count, reason, _times = moves.get((before, after), (0, "", 0))
            heat = round(5 * (count / most) ** 0.5) if count else 0
            row.append(Cell(whole(count) if count else "–", count, heat, reason))
        grid.append(row)
    (before, after), (count, reason, _times) = max(moves.items(), key=lambda each: each[1][0])
    sentence = _("Most often from %(before)s to %(after)s: %(count)s times.") % {
        "before": before, "after": after, "count": whole(count),
    }  # fmt: skip
    if reason:
        sentence = _("Most often from %(before)s to %(after)s: %(count)s times, “%(reason)s”.") % {
            "before": before, "after": after, "count": whole(count), "reason": reason,
        }  # fmt: skip
    heads = (_("From ↓ to →"), *tos)
    return Card("reroutes", title, sentence, of_file, rows, of_file, grid=grid, heads=heads)


def _place(value: dict | str | None) -> str:
    """A pool or a role by its name. No person is named: nobody is ranked here."""
    if isinstance(value, dict):
        return _("A person") if "reference" in value else value["display"]
    return value or _("Elsewhere")


def _largest(moves: dict[tuple[str, str], list], side: int) -> list[str]:
    total: dict[str, int] = {}
    for key, (count, *_rest) in moves.items():
        total[key[side]] = total.get(key[side], 0) + count
    return sorted(total, key=lambda each: (-total[each], each))[:MOST_PLACES]


def waits(found: Seen, asked: Asked) -> Card:
    title = str(TITLES["waits"])
    priorities = {"stat": "STAT", "asap": "ASAP", "urgent": _("Urgent"), "routine": _("Routine")}
    limits = found.groups("claim-limit")
    columns = (_("Pool"), _("Priority"), _("Allowed"), _("Tasks"), _("In time"), "%", "P90")
    of_file = (
        *(
            columns[0],
            columns[1],
            MINUTES % {"name": columns[2]},
            columns[3],
            columns[4],
            columns[5],
        ),
        MINUTES % {"name": "P90"},
    )
    rows = [
        (
            Cell(each["pool"]["display"]),
            Cell(priorities.get(each["priority"], each["priority"])),
            _minutes(each["minutes"] * 60),
            _count(each["count"]),
            _count(each["within"]),
            Cell(
                percent(each["within"] / each["count"]),
                round(100 * each["within"] / each["count"], 1),
            ),
            _minutes(each.get("p90")),
        )
        for each in limits
        if "pool" in each
    ]
    if not rows:
        return Card("waits", title, "", columns, (), of_file)
    goal = setting("sla_goal")
    bars = _shares(found, limits, priorities, single=bool(asked.pool))
    low = [each.name for each in bars if each.value < goal]
    sentence = _("Claimed within SLA, where the goal is %(goal)s %%: %(shares)s.") % {
        "goal": goal, "shares": ", ".join(f"{each.name} {each.text}" for each in bars),
    }  # fmt: skip
    note = ngettext("%(count)s below the goal", "%(count)s below the goal", len(low)) % {
        "count": len(low)
    }
    drawing = charts.across(sentence, bars, top=100, goal=goal)
    return Card("waits", title, sentence, columns, rows, of_file, [("", drawing)], note=note)


def _shares(found: Seen, limits: Iterable[dict], priorities: dict, *, single: bool) -> list[Bar]:
    """Of each pool; of one alone, of each priority."""
    together: dict[str, list[int]] = {}
    for each in limits:
        if "pool" in each:
            name = priorities[each["priority"]] if single else each["pool"]["display"]
            sums = together.setdefault(name, [0, 0])
            sums[0] += each["count"]
            sums[1] += each["within"]
    p90 = {
        each["pool"]["display"]: each.get("p90")
        for each in found.groups("pool-wait")
        if "pool" in each
    }
    bars = []
    for name, (count, within) in together.items():
        share = 100 * within / count
        note = ngettext("%(count)s task", "%(count)s tasks", count) % {"count": whole(count)}
        if p90.get(name) is not None:
            note = _("%(tasks)s · nine in ten waited up to %(time)s") % {
                "tasks": note, "time": short(p90[name]),
            }  # fmt: skip
        kind = "warn" if share < setting("sla_goal") else ""
        bars.append(Bar(name, share, f"{percent(share / 100)} %", note, kind))
    return bars


CARDS: dict[str, Callable[[Seen, Asked], Card]] = {
    "turnaround": turnaround,
    "funnel": funnel,
    "reasons": reasons,
    "overdue": overdue,
    "bottlenecks": bottlenecks,
    "reroutes": reroutes,
    "waits": waits,
}
ABOUT = {
    "turnaround": gettext_lazy(
        "The time from when a task was asked for until it was completed, by the week in which it was"
        " asked for. Tasks that are not completed yet are not in it, so that the last weeks look"
        " shorter than they will be. P75 and P90: three quarters, and nine in ten, took no longer. A"
        " goal is the time in which a task of the chosen type is due; lines mark changes of rules."
    ),
    "funnel": gettext_lazy(
        "How many tasks reached each stage of their type, and how many went on to another stage or"
        " were completed in it. The median is of the time from reaching a stage to leaving it for the"
        " first time. What came from another system counts from when it came here. Without a type,"
        " the type that most tasks are of is shown."
    ),
    "reasons": gettext_lazy(
        "Each time that a task was put on hold, by the reason given then; and each task that was"
        " cancelled, rejected or could not be done, by the reason given at the end."
    ),
    "overdue": gettext_lazy(
        "How many open tasks were past their due time at 08:00 of each day, whenever they were asked"
        " for."
    ),
    "bottlenecks": gettext_lazy(
        "Of each pool, the median time until a task was claimed, and the median time that tasks spent"
        " in each stage. A task counts for the pool where it is now. Darker is longer; the number"
        " says how long."
    ),
    "reroutes": gettext_lazy(
        "How often tasks went from one pool or person to another, with the reason given most. A claim,"
        " or a release to the same pool, is no reroute. People are not named."
    ),
    "waits": gettext_lazy(
        "Of the tasks that were claimed, or wait for longer than they may, how many were claimed"
        " within the time that their pool allows for their priority. It is counted by the clock, also"
        " while a pool is closed. The dashed line is the goal."
    ),
}
"""How each card is counted; docs/clocks.md defines it."""


def card(key: str, found: Seen, asked: Asked) -> Card:
    """Raises NotFound."""
    if key not in CARDS:
        raise NotFound(_("There is no such card."))
    return CARDS[key](found, asked)


# --- files ----------------------------------------------------------------------------------------

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe(value: str | int | float) -> str | int | float:
    """A spreadsheet must run nothing that somebody typed as a name or a reason."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def table(shown: Card) -> Iterable[list[str | int | float]]:
    """A card as the lines of a file."""
    yield [safe(str(each)) for each in shown.of_file or shown.columns]
    for row in shown.rows:
        yield [safe(cell.plain) for cell in row]
