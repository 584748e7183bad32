"""The menus that narrow a list: each choice is the address of the list narrowed by it, and says how
many Tasks that would leave, with what the other menus chose.

Numbers are of the whole list, up to SCANNED rows of it: of a longer one they are at least so many.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import people
from accounts.models import Pool
from fhir import json, sql
from fhir.actor import Actor
from fhir.datatypes import display_of
from tasks.document import NO_DUE, PRIORITY_RANK
from tasks.narrowing import (
    A_PATIENT,
    DUE,
    FACETS,
    ME,
    NOBODY,
    WRITTEN,
    Sort,
    end_of_day,
    is_coded_sql,
    is_uncoded,
    uncoded_sql,
)
from tasks.rows import FOCUS_KINDS, PRIORITIES, is_patient
from tasks.transitions import OPEN, Status
from tasks.worklist import COUNT_UP_TO, View, matching

SCANNED = 5_000
"""Rows of a list that a menu looks at."""
MOST_CHOICES = 40

NAMES = {
    "priority": gettext_lazy("Priority"),
    "due": gettext_lazy("Due"),
    "type": gettext_lazy("Type"),
    "stage": gettext_lazy("Stage"),
    "status": gettext_lazy("Status"),
    "owner": gettext_lazy("Owner"),
    "focus": gettext_lazy("About"),
    "requester": gettext_lazy("Requester"),
    "patient": gettext_lazy("Patient"),
    "pool": gettext_lazy("Pool"),
}
"""Facet → what its menu is called, in the order shown."""
FIRST = ("priority", "due", "type", "stage")
"""Those with a menu of their own; the others stand in one."""
DUE_WORDS = {
    "overdue": gettext_lazy("Overdue"),
    "today": gettext_lazy("Due today"),
    "later": gettext_lazy("Later"),
    "none": gettext_lazy("No due date"),
}
SORT_WORDS = {
    Sort.PRESSING: gettext_lazy("Most pressing"),
    Sort.DUE: gettext_lazy("Due time"),
    Sort.OLDEST: gettext_lazy("Oldest first"),
}
SORT_REASONS = {
    Sort.PRESSING: gettext_lazy(
        "STAT first, then what is overdue, then by priority and due time."
        " “Claim next” takes the first that nobody has."
    ),
    Sort.DUE: gettext_lazy("STAT and overdue first, then what is due first."),
    Sort.OLDEST: gettext_lazy("What was asked for first comes first."),
}


def names_of(view: View) -> list[str]:
    """The facets that a list has."""
    return [name for name in NAMES if name != "pool" or view.kind in ("all", "my")]


@dataclass(frozen=True, slots=True)
class Menu:
    name: str
    label: str
    narrows: bool

    @property
    def url(self) -> str:
        return f"facet={self.name}"


def menus(view: View) -> tuple[list[Menu], list[Menu]]:
    """Those that stand in the head of a list, and those behind “More”."""
    found = [
        Menu(name, str(NAMES[name]), bool(view.facets.of_facet(name))) for name in names_of(view)
    ]
    return [each for each in found if each.name in FIRST], [
        each for each in found if each.name not in FIRST
    ]


def sorts(view: View) -> list[tuple[str, str, str, bool]]:
    """(address, what it is called, why it is so, whether it is the present one)"""
    return [
        (view.sorted(sort).url, SORT_WORDS[sort], _reason(view, sort), sort is view.sort)
        for sort in view.sorts
    ]


def _reason(view: View, sort: Sort) -> str:
    if view.kind == "all" and sort is Sort.DUE:
        return _("What is due first comes first.")
    return str(SORT_REASONS[sort])


@dataclass(frozen=True, slots=True)
class Chip:
    """One code that narrows a list, and the address without it."""

    facet: str
    word: str
    url: str
    phi: bool = False


def chips(view: View, actor: Actor) -> list[Chip]:
    facets = view.facets
    words = words_of({name: facets.of_facet(name) for name in facets.codes}, view, actor)
    found = [
        Chip(str(NAMES[name]), words[name, code], view.narrowed(facets.toggled(name, code)).url)
        for name, given in facets.codes.items()
        for code in given
    ]
    if facets.patient:
        called = people.names([facets.patient], actor=actor).get(facets.patient, _("One patient"))
        without = view.narrowed(facets.without_patient()).url
        found.append(Chip(str(NAMES["patient"]), called, without, phi=True))
    return found


def words_of(
    given: dict[str, Iterable[str]], view: View, actor: Actor
) -> dict[tuple[str, str], str]:
    """(facet, code) → what it is called."""
    found, references = {}, set()
    for name, codes in given.items():
        for code in codes:
            found[name, code] = _word(name, code)
            if name in ("owner", "requester") and "/" in code:
                references.add(code)
    if references:
        named = people.names(references, actor=actor)
        for name in ("owner", "requester"):
            found |= {(name, code): named[code] for code in given.get(name, ()) if code in named}
    for name, parameter in CODED.items():
        if given.get(name):
            labels = _labels(parameter, [code for code in given[name] if not is_uncoded(code)])
            written = [code for code in given[name] if WRITTEN.fullmatch(code)]
            labels |= _written(name, written, view, actor) if written else {}
            found |= {(name, code): label for code, label in labels.items()}
    if given.get("pool"):
        pools = Pool.objects.filter(slug__in=given["pool"]).values_list("slug", "name")
        found |= {("pool", slug): name for slug, name in pools}
    return found


CODED = {"type": "code", "stage": "business-status"}
"""Facet → search parameter of its concept."""
NOTHING = {"type": gettext_lazy("No type"), "stage": gettext_lazy("No stage")}
"""What is said of Tasks that have no such concept."""
ELEMENTS = {"type": "code", "stage": "businessStatus"}


def _word(name: str, code: str) -> str:
    if name == "priority":
        return PRIORITIES[code][1]
    if name == "due":
        return str(DUE_WORDS[code])
    if name == "status":
        return Status(code).label
    if name == "focus":
        return str(FOCUS_KINDS.get(code, ("", code))[1])
    if code == ME:
        return _("Me")
    if name in NOTHING and code == NOBODY:
        return str(NOTHING[name])
    if name in CODED and is_uncoded(code):
        return _("Other")
    if name == "owner" and code == NOBODY:
        return _("Unclaimed")
    if name == "requester" and code == A_PATIENT:
        return _("A patient")
    return code.rpartition("|")[2]


def _labels(parameter: str, codes: list[str]) -> dict[str, str]:
    """What codes are called: as the newest Task that has one calls it."""
    element = next(ELEMENTS[name] for name, each in CODED.items() if each == parameter)
    found = sql.rows(
        "select c.code, t.document from unnest(%s::text[]) c(code), lateral (select q.document"
        " from tasks_task q where q.tokens @> array[%s || '=' || c.code] limit 1) t",
        [codes, parameter],
    )
    return {code: display_of(json.loads_stored(text).get(element)) for code, text in found}


def _written(name: str, codes: list[str], view: View, actor: Actor) -> dict[str, str]:
    """What texts in place of a code say, in a Task of this list: nobody reads another's words."""
    facets = view.facets.having(name, codes)
    rows, params = matching(view.narrowed(facets), actor, now=timezone.now(), limit=SCANNED)
    if not rows:
        return {}
    value = uncoded_sql(CODED[name]).format(t="q")
    found = sql.rows(
        f"select distinct on (value) value, q.document from ({rows}) f"
        f" join tasks_task q on q.id = f.id, lateral (select {value}) v(value)"
        f" where value = any(%s)",
        [*params, codes],
        prepare=None,
    )
    return {code: display_of(json.loads_stored(text).get(ELEMENTS[name])) for code, text in found}


@dataclass(frozen=True, slots=True)
class Choice:
    code: str
    word: str
    count: str
    """How many it would leave; "" where that was not counted."""
    url: str
    chosen: bool


def choices(name: str, view: View, actor: Actor, *, now: datetime) -> list[Choice]:
    """What one menu offers, counted with what the other menus chose."""
    facets = view.facets.without_patient() if name == "patient" else view.facets.having(name, ())
    rows, params = matching(view.narrowed(facets), actor, now=now, limit=SCANNED)
    value, value_params = VALUES[name](now)
    found = (
        sql.rows(
            f"with found as materialized ({rows})"
            f" select value, count(*), (select count(*) from found)"
            f" from found f join tasks_task q on q.id = f.id, lateral ({value}) v(value)"
            f" where value is not null group by value order by 2 desc, 1 limit {MOST_CHOICES}",
            [*params, *value_params],
            prepare=None,
        )
        if rows
        else []
    )
    beyond = bool(found) and found[0][2] >= SCANNED
    counted = {str(value): count for value, count, _all in found}
    codes = _codes(name, counted, view, actor)
    words = words_of({name: codes}, view, actor) if name != "patient" else _patients(codes, actor)
    chosen = view.facets.of_facet(name)
    return [
        Choice(
            code,
            words[name, code],
            _said(codes[code], beyond=beyond),
            "" if name == "patient" else view.narrowed(view.facets.toggled(name, code)).url,
            code in chosen or (name == "patient" and code == view.facets.patient),
        )
        for code in codes
        if (name, code) in words
    ]


def _said(count: int, *, beyond: bool) -> str:
    if count >= COUNT_UP_TO:
        return f"{COUNT_UP_TO}+"
    return f"{count}+" if beyond and count else "" if beyond else str(count)


def _codes(name: str, counted: dict[str, int], view: View, actor: Actor) -> dict[str, int]:
    """Code → count: all codes where they are few, else those found, and in any case the chosen."""
    if name == "owner":
        codes = {ME: counted.pop(actor.reference, 0), NOBODY: counted.pop("", 0)}
    elif name == "requester":
        patients = sum(counted.pop(each) for each in list(counted) if is_patient(each))
        codes = {A_PATIENT: patients} if patients else {}
    else:
        codes = {code: counted.pop(code, 0) for code in FIXED.get(name, ())}
    if name in FACETS:
        counted = {code: n for code, n in counted.items() if FACETS[name](code)}
    chosen = dict.fromkeys(view.facets.of_facet(name), 0)
    return (
        codes
        | {code: n for code, n in counted.items() if n}
        | {code: n for code, n in chosen.items() if code not in codes and code not in counted}
    )


FIXED = {"priority": PRIORITIES, "due": DUE, "status": sorted(OPEN)}


def _patients(codes: Iterable[str], actor: Actor) -> dict[tuple[str, str], str]:
    named = people.names(codes, actor=actor)
    return {("patient", code): name for code, name in named.items()}


def _one(column: str) -> Callable:
    return lambda now: (f"select {column}", [])


def _of_tokens(expression: str, like: str) -> Callable:
    return lambda now: (
        f"select distinct {expression} from unnest(q.tokens) e where e like '{like}'",
        [],
    )


def _of_concept(parameter: str) -> Callable:
    coded = _of_tokens(f"substr(e, {len(parameter) + 2})", f"{parameter}=%%|_%%")
    uncoded = uncoded_sql(parameter).format(t="q")
    without = f"not {is_coded_sql(parameter)}".format(t="q")
    return lambda now: (f"{coded(now)[0]} union all select {uncoded} where {without}", [])


def _due(now: datetime) -> tuple[str, list]:
    return (
        "select case when q.due < %s then 'overdue' when q.due = %s then 'none'"
        " when q.due <= %s then 'today' else 'later' end",
        [now, NO_DUE, end_of_day(now)],
    )


_PRIORITY = " ".join(f"when {rank} then '{code}'" for code, rank in PRIORITY_RANK.items())

VALUES: dict[str, Callable[[datetime], tuple[str, list]]] = {
    "priority": _one(f"case q.priority {_PRIORITY} end"),
    "due": _due,
    "type": _of_concept("code"),
    "stage": _of_concept("business-status"),
    "status": _one("q.status"),
    "owner": _one("q.owner"),
    "focus": _of_tokens("split_part(substr(e, 7), '/', 1)", "focus=%%/%%"),
    "requester": _of_tokens("substr(e, 11)", "requester=%%/%%"),
    "patient": _one("nullif(q.subject, '')"),
    "pool": _one("(select p.slug from accounts_pool p where p.id = q.pool_id)"),
}
"""Facet → SQL of the codes of a Task `q`, and its parameters."""
