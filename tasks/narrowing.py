"""What narrows a list and what orders it: codes, as they stand in its address.

Of people only staff are named there. A patient stands behind a token of tasks.secret_filters, and
is never kept in a view.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import Pool
from fhir.errors import InvalidSearch
from tasks import secret_filters
from tasks.document import NO_DUE, PRIORITY_RANK
from tasks.transitions import OPEN

DUE = ("overdue", "today", "later", "none")
ME, NOBODY, A_PATIENT = "me", "none", "patient"
"""Codes of owners and requesters that are no references."""
STAFF = re.compile(
    r"(Practitioner|PractitionerRole|Organization|CareTeam|Device|HealthcareService)"
    r"/[A-Za-z0-9\-.]{1,64}"
)
TOKEN = re.compile(r"[^\s,|]{0,200}\|[^\s,|]{1,100}")
WRITTEN = re.compile(r"~[0-9a-f]{16}")
"""Stands for a concept that is a text alone, which is somebody's own words and in no address."""
TYPE = re.compile(r"[A-Z][A-Za-z]{2,40}")
SLUG = re.compile(r"[a-z0-9_-]{1,50}")


def is_uncoded(code: str) -> bool:
    """Whether it stands for what has no code: a text alone, or nothing."""
    return code == NOBODY or bool(WRITTEN.fullmatch(code))


class Sort(StrEnum):
    PRESSING = "pressing"
    DUE = "due"
    OLDEST = "oldest"


def end_of_day(now: datetime) -> datetime:
    local = timezone.localtime(now)
    return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


FACETS: dict[str, Callable[[str], object]] = {
    "priority": PRIORITY_RANK.__contains__,
    "due": DUE.__contains__,
    "type": lambda code: is_uncoded(code) or TOKEN.fullmatch(code),
    "stage": lambda code: is_uncoded(code) or TOKEN.fullmatch(code),
    "status": OPEN.__contains__,
    "owner": lambda code: code in (ME, NOBODY) or STAFF.fullmatch(code),
    "focus": TYPE.fullmatch,
    "requester": lambda code: code in (ME, A_PATIENT) or STAFF.fullmatch(code),
    "pool": SLUG.fullmatch,
}
"""What a list can be narrowed by, and which codes that takes."""
MOST_CODES = 20


@dataclass(frozen=True, slots=True)
class Facets:
    """What narrows a list: the codes of each facet, one of which is to hold, and one patient."""

    codes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    token: str = ""
    patient: str = ""
    """The reference that the token stands for."""

    @classmethod
    def from_query(cls, query: QueryDict) -> "Facets":
        """Raises InvalidSearch for a code that the facet does not have."""
        codes = {name: tuple(dict.fromkeys(filter(None, query.getlist(name)))) for name in FACETS}
        codes = {name: given for name, given in codes.items() if given}
        for name, given in codes.items():
            if len(given) > MOST_CODES or not all(FACETS[name](code) for code in given):
                raise InvalidSearch(_("This list cannot be narrowed like that."))
        pools = codes.get("pool", ())
        if pools and Pool.objects.filter(slug__in=pools).count() != len(pools):
            raise InvalidSearch(_("This list cannot be narrowed like that."))
        return cls(codes)

    @classmethod
    def of(cls, request: HttpRequest, query: QueryDict) -> "Facets":
        """The same with the patient, if this session knows the token."""
        facets, token = cls.from_query(query), query.get("patient", "")
        if not token:
            return facets
        patient = secret_filters.kept(request, "patient", token)
        if patient is None:
            raise InvalidSearch(
                _("The patient that this list was narrowed to is not known any more.")
            )
        return cls(facets.codes, token, patient)

    def __bool__(self) -> bool:
        return bool(self.codes or self.token)

    def of_facet(self, name: str) -> tuple[str, ...]:
        return self.codes.get(name, ())

    def toggled(self, name: str, code: str) -> "Facets":
        """With the code, or without it if it is there."""
        given = self.of_facet(name)
        kept = tuple(each for each in given if each != code)
        return self.having(name, kept if code in given else (*given, code))

    def having(self, name: str, given: Iterable[str]) -> "Facets":
        codes = {**self.codes, name: tuple(given)}
        ordered = {each: codes[each] for each in FACETS if codes.get(each)}
        return Facets(ordered, self.token, self.patient)

    def without_patient(self) -> "Facets":
        return Facets(self.codes)

    @property
    def query(self) -> str:
        return urlencode({**self.codes, **({"patient": self.token} if self.token else {})}, True)

    def condition(self, now: datetime, actor_reference: str = "") -> tuple[str, list]:
        """` and …` on the table alias {t}, and its parameters."""
        parts, params = [], []
        for name, given in self.codes.items():
            part, values = CONDITIONS[name](given, now, actor_reference)
            parts.append(part)
            params += values
        if self.patient:
            parts.append("{t}.subject = %s")
            params.append(self.patient)
        return "".join(f" and {part}" for part in parts), params


def _due(given, now, me) -> tuple[str, list]:
    tomorrow = end_of_day(now)
    each = {
        "overdue": ("{t}.due < %s", [now]),
        "today": ("({t}.due >= %s and {t}.due <= %s)", [now, tomorrow]),
        "later": ("({t}.due > %s and {t}.due < %s)", [tomorrow, NO_DUE]),
        "none": ("{t}.due = %s", [NO_DUE]),
    }
    parts = [each[code] for code in given]
    return f"({' or '.join(part for part, _values in parts)})", [v for _p, vs in parts for v in vs]


def is_coded_sql(parameter: str) -> str:
    """SQL on the alias {t}: whether the concept of this search parameter has a code."""
    return f"exists (select 1 from unnest({{t}}.tokens) e where e like '{parameter}=%%|_%%')"


def uncoded_sql(parameter: str) -> str:
    """SQL on the alias {t}: what stands for a concept that has no code."""
    written = f"select min(e) from unnest({{t}}.strings) e where e like '{parameter}:text~%%'"
    return f"coalesce('~' || left(md5(({written})), 16), '{NOBODY}')"


def _concept(parameter: str) -> Callable:
    def condition(given, now, me) -> tuple[str, list]:
        coded = [f"{parameter}={code}" for code in given if not is_uncoded(code)]
        other = [code for code in given if is_uncoded(code)]
        part, params = "{t}.tokens && %s::text[]", [coded]
        if not other:
            return part, params
        uncoded = f"not {is_coded_sql(parameter)} and {uncoded_sql(parameter)} = any(%s)"
        return f"({part} or ({uncoded}))", [*params, other]

    return condition


def _owner(given, now, me) -> tuple[str, list]:
    stands_for = {ME: me, NOBODY: ""}
    return "{t}.owner = any(%s)", [[stands_for.get(code, code) for code in given]]


OF_TYPE = "exists (select 1 from unnest({t}.tokens) e where e like any(%s))"


def _focus(given, now, me) -> tuple[str, list]:
    return OF_TYPE, [[f"focus={code}/%" for code in given]]


def _requester(given, now, me) -> tuple[str, list]:
    named = [f"requester={me if code == ME else code}" for code in given if code != A_PATIENT]
    part, params = "{t}.tokens && %s::text[]", [named]
    if A_PATIENT not in given:
        return part, params
    return f"({part} or {OF_TYPE})", [*params, ["requester=Patient/%", "requester=RelatedPerson/%"]]


CONDITIONS: dict[str, Callable] = {
    "priority": lambda given, now, me: (
        "{t}.priority = any(%s)",
        [[PRIORITY_RANK[code] for code in given]],
    ),
    "due": _due,
    "type": _concept("code"),
    "stage": _concept("business-status"),
    "status": lambda given, now, me: ("{t}.status = any(%s)", [list(given)]),
    "owner": _owner,
    "focus": _focus,
    "requester": _requester,
    "pool": lambda given, now, me: (
        "{t}.pool_id in (select id from accounts_pool where slug = any(%s))",
        [list(given)],
    ),
}
"""Facet → SQL on the alias {t} that one of the codes holds, and its parameters."""
