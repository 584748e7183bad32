"""The search itself: a query becomes a Bundle, put together from the documents as they are stored.

https://hl7.org/fhir/R4/http.html#search
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.db.models import Q

from fhir import access, definitions, json, sql
from fhir.actor import Actor
from fhir.errors import InvalidSearch, Issue, operation_outcome
from fhir.resources import ResourceType
from fhir.scopes import check_scope
from fhir.search.chains import fetch, rows_of, united
from fhir.search.filters import Scope
from fhir.search.includes import MAX_INCLUDED, Found, check_includes, included, link_columns
from fhir.search.pagination import Cursor, seal, unseal
from fhir.search.parse import CURSOR, Query, parse_query
from fhir.search.sorting import SortKey, later_ranges, order_of_columns, ordered

COUNTED = 1_000
AFFORDABLE = 2_000
"""With a first page that is full, what is asked for is counted up to COUNTED, and only when the
planner says that it costs no more than this, some 5 ms; else the total is left out, unless
`_total=accurate` asks for it."""

RESULT_PARAMETERS = frozenset(
    {"_count", "_sort", "_include", "_revinclude", "_total", "_summary", "_elements"}
    | {"_format", "_pretty"}
)


def search(
    resource_type: ResourceType,
    query: str | Iterable[tuple[str, str]],
    *,
    actor: Actor,
    base: str,
    strict: bool = False,
) -> bytes:
    """The searchset Bundle for `query`: a raw query string, or (name, value) pairs.

    `base` is the absolute URL that the client used, without a slash at its end. Parameters that
    are not known are left out, and out of the self link, unless `strict`. Raises InvalidSearch.
    """
    check_scope(actor, resource_type.name, "s")
    return _Search(resource_type, parse_query(query), actor, base, strict=strict).bundle()


@dataclass
class _Page:
    matches: list[Found]
    total: int | None
    following: str | None
    """The cursor of the next page."""


class _Search:
    """One search under way."""

    def __init__(
        self, resource_type: ResourceType, query: Query, actor: Actor, base: str, *, strict: bool
    ):
        self.resource_type, self.query, self.actor, self.base = resource_type, query, actor, base
        self.search_set = resource_type.search()
        unknown = [clause for clause in query.clauses if not self.search_set.knows(clause)]
        if unknown and strict:
            names = ", ".join(sorted({clause.name for clause in unknown}))
            raise InvalidSearch(f"{resource_type.name} has no search parameter {names}.")
        self.clauses = [clause for clause in query.clauses if clause not in unknown]
        check_includes(query.includes)
        scope = Scope(resource_type.name, actor, base)
        self.plan = self.search_set.plan(self.clauses, scope, sorted_by=bool(query.sort))
        self.candidates = rows_of(resource_type, self.plan.condition)
        self.keys = self._keys()
        self.order = f"{resource_type.name}?" + ",".join(
            ("-" if key.descending else "") + key.name for key in self.keys
        )

    def _keys(self) -> list[SortKey]:
        if not self.query.sort:
            return ordered(list(self.plan.order))
        return ordered(
            [
                self.search_set.sort_key(name, descending=descending)
                for name, descending in self.query.sort
            ]
        )

    def bundle(self) -> bytes:
        if self.query.count == 0 or self.query.summary == "count":
            return self._assembled(_Page([], self._exact_total(), None), [], more=False)
        page = self._page()
        more, others = False, []
        if self.query.includes:
            others, more = included(
                page.matches, self.query.includes, actor=self.actor, base=self.base
            )
        return self._assembled(page, others, more=more)

    # --- rows -------------------------------------------------------------------------------------

    def _page(self) -> _Page:
        count, cursor = self.query.count, None
        if self.query.cursor:
            cursor = unseal(self.query.cursor, self.order)
        rows = self._rows(count + 1, cursor.values if cursor else None)
        links = self._link_columns
        matches = [
            Found(self.resource_type.name, resource_id, document, tuple(rest[: len(links)]))
            for resource_id, document, *rest in rows[:count]
        ]
        full = len(rows) > count
        total = cursor.total if cursor else self._total(len(rows), full=full)
        if not full:
            return _Page(matches, total, None)
        last = list(rows[count - 1][2 + len(links) :])
        return _Page(matches, total, seal(Cursor(last, total), self.order))

    @property
    def _link_columns(self) -> tuple[str, ...]:
        return link_columns(self.resource_type.name, self.query.includes)

    def _rows(self, limit: int, after: list[Any] | None) -> list[tuple]:
        """(resource_id, document, links …, sort values …)"""
        if after is None:
            return self._first_rows(Q(), limit)
        rows: list[tuple] = []
        for later in later_ranges(self.keys, after):
            rows += self._first_rows(later, limit - len(rows))
            if len(rows) == limit:
                break
        return rows

    def _first_rows(self, condition: Q, limit: int) -> list[tuple]:
        columns = ("resource_id", "document", *self._link_columns)
        selected = (
            self.candidates.readable_by(self.actor)
            .order_by(*(key.order() for key in self.keys))
            .values_list(*columns, *(key.expression for key in self.keys))
        )
        parts = [selected.filter(condition & branch)[:limit] for branch in self.plan.branches]
        if len(parts) == 1:
            return fetch(parts[0])
        statement, params = united(parts)
        if not statement:
            return []
        order = order_of_columns(self.keys, first=len(columns) + 1)
        return sql.rows(
            f"select * from ({statement}) u order by {order} limit {limit}", params, prepare=False
        )

    # --- totals -----------------------------------------------------------------------------------

    def _total(self, found: int, *, full: bool) -> int | None:
        """The total with a first page of `found` rows, where it is asked for or costs little."""
        if self.query.total == "none":
            return None
        if not full:
            return found
        return self._exact_total() if self.query.total == "accurate" else self._small_total()

    def _exact_total(self) -> int:
        readable = self.candidates.readable_by(self.actor).order_by().values_list("pk")
        statement, params = united([readable.filter(branch) for branch in self.plan.branches])
        if not statement:
            return 0
        return sql.rows(f"select count(*) from ({statement}) n", params, prepare=False)[0][0]

    def _small_total(self) -> int | None:
        """Looks at COUNTED candidates at most, and counts those that the actor may read."""
        candidates = self.candidates.order_by()
        visible = access.readable(self.resource_type.model, self.actor)
        counted = "count(*) filter (where visible)" if visible else "count(*)"
        if visible:
            candidates = candidates.annotate(visible=visible).values_list("visible")
        else:
            candidates = candidates.values_list("pk")
        parts = [candidates.filter(branch)[: COUNTED + 1] for branch in self.plan.branches]
        statement, params = united(parts)
        if not statement:
            return 0
        plan = sql.rows(f"explain (format json) {statement}", params, prepare=False)[0][0]
        if plan[0]["Plan"]["Total Cost"] > AFFORDABLE:
            return None
        [(looked_at, total)] = sql.rows(
            f"select count(*), {counted} from ({statement}) n", params, prepare=False
        )
        return total if looked_at <= COUNTED else None

    # --- the Bundle -------------------------------------------------------------------------------

    def _assembled(self, page: _Page, others: list[Found], *, more: bool) -> bytes:
        head: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
        if page.total is not None:
            head["total"] = page.total
        head["link"] = [{"relation": "self", "url": self._url(self.query.cursor)}]
        if page.following:
            head["link"].append({"relation": "next", "url": self._url(page.following)})
        entries = [self._entry(match, "match") for match in page.matches]
        entries += [self._entry(other, "include") for other in others]
        if more:
            entries.append(TOO_MANY_INCLUDED)
        start = json.dumps(head)
        if not entries:
            return start
        return b'%s,"entry":[%s]}' % (start[:-1], ",".join(entries).encode())

    def _entry(self, found: Found, mode: str) -> str:
        document = found.document
        if self.query.elements or self.query.summary in ("text", "data"):
            document = json.dumps(self._subset(json.loads(document))).decode()
        # Neither a base nor a reference needs escapes in JSON: both are URL characters only.
        return (
            f'{{"fullUrl":"{self.base}/{found.reference}","resource":{document},'
            f'"search":{{"mode":"{mode}"}}}}'
        )

    def _subset(self, document: dict) -> dict:
        """https://hl7.org/fhir/R4/search.html#elements"""
        elements = definitions.elements(document["resourceType"])
        kept = {name for name, element in elements.items() if element.required}
        kept |= {"resourceType", "id", "meta"}
        if self.query.summary == "text":
            kept.add("text")
        elif self.query.summary == "data":
            kept |= document.keys() - {"text"}
        else:
            own = f"{document['resourceType']}."
            kept |= {name.removeprefix(own) for name in self.query.elements}
        subset = {name: value for name, value in document.items() if name.removeprefix("_") in kept}
        meta = dict(subset.get("meta", {}))
        meta["tag"] = [*meta.get("tag", []), SUBSETTED]
        return {**subset, "meta": meta}

    def _url(self, cursor: str | None) -> str:
        pairs = [(key, value) for key, value in self.query.pairs if self._is_used(key)]
        if cursor:
            pairs.append((CURSOR, cursor))
        url = f"{self.base}/{self.resource_type.name}"
        return f"{url}?{urlencode(pairs, quote_via=quote, safe=':/,$')}" if pairs else url

    def _is_used(self, key: str) -> bool:
        name = key.partition(":")[0].partition(".")[0]
        return name in RESULT_PARAMETERS or any(clause.name == name for clause in self.clauses)


SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
TOO_MANY_INCLUDED = (
    '{"fullUrl":"urn:uuid:6b1f1a0c-3f0e-4f0e-9b0a-0c5f0d6f2a11","resource":'
    + json.dumps(
        operation_outcome(
            [
                Issue(
                    f"More than {MAX_INCLUDED} resources were to be included; the rest is left out.",
                    "incomplete",
                    "warning",
                )
            ]
        )
    ).decode()
    + ',"search":{"mode":"outcome"}}'
)
