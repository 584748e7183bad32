"""The search itself: a query becomes a Bundle, put together from the documents as they are stored.

https://hl7.org/fhir/R4/http.html#search
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from fhir import access, json
from fhir.actor import Actor
from fhir.errors import InvalidSearch, Issue, operation_outcome
from fhir.resources import ResourceType
from fhir.scopes import check_scope
from fhir.search import parts
from fhir.search.chains import rows_of
from fhir.search.compartments import Compartment
from fhir.search.filters import Scope
from fhir.search.includes import (
    MAX_INCLUDED,
    Found,
    check_includes,
    included,
    link_columns,
    with_links,
)
from fhir.search.pagination import Cursor, seal, unseal
from fhir.search.parse import CURSOR, RESULT_PARAMETERS, Clause, Query, blamed, parse_query
from fhir.search.parts import Part
from fhir.search.sorting import SortKey, ordered
from fhir.search.subsets import subset

COUNTED = 1_000
AFFORDABLE = 2_000
"""With a first page that is full, what is asked for is counted up to COUNTED, and only when the
planner says that it costs no more than this, some 5 ms; else the total is left out, unless `_total`
asks for it."""


@dataclass(frozen=True)
class Asked:
    """A query with those of its clauses that are used, on whose behalf and where."""

    query: Query
    clauses: list[Clause]
    actor: Actor
    base: str

    def scope(self, resource_type: ResourceType) -> Scope:
        return Scope(resource_type.name, self.actor, self.base)


@dataclass
class Plan:
    """What is read: parts, and for a named query what its next page and its answer need besides."""

    parts: list[Part]
    state: str | None = None
    issues: Callable[[], list[dict]] | None = None
    """Issues of an OperationOutcome that comes with the first page."""


@dataclass(frozen=True)
class NamedQuery:
    """`_query=name`, which stands in the table of a type as `named_queries`.

    `definition` is the URL of its OperationDefinition, of kind query. `plan` is also given the
    state that the plan of the page before had, or None for the first page.
    https://hl7.org/fhir/R4/search.html#query
    """

    definition: str
    description: str
    plan: Callable[[ResourceType, Asked, str | None], Plan]


def search(
    resource_type: ResourceType,
    query: str | Iterable[tuple[str, str]],
    *,
    actor: Actor,
    base: str,
    strict: bool = False,
    compartment: Compartment | None = None,
) -> bytes:
    """The searchset Bundle for `query`: a raw query string, or (name, value) pairs.

    `base` is the absolute URL that the client used, without a slash at its end. Parameters that
    are not known are left out, and out of the self link, unless `strict`. Raises InvalidSearch.
    """
    check_scope(actor, resource_type.name, "s")
    parsed = parse_query(query, strict=strict)
    search_set = resource_type.search()
    unknown = [clause.key for clause in parsed.clauses if not search_set.knows(clause)]
    if parsed.types:  # is for searches over several types
        unknown.append("_type")
        parsed.pairs = [(key, value) for key, value in parsed.pairs if key != "_type"]
    if unknown and strict:
        raise InvalidSearch(
            f"{resource_type.name} has no search parameter {', '.join(sorted(set(unknown)))}.",
            expression=blamed(unknown[0]),
        )
    clauses = [clause for clause in parsed.clauses if search_set.knows(clause)]
    check_includes(parsed.includes)
    path = f"{compartment.path}/{resource_type.name}" if compartment else resource_type.name
    asked = Asked(parsed, clauses, actor, base)
    if parsed.named:
        return _named(resource_type, asked)
    keys = sort_keys(search_set, parsed.sort)
    plan = Plan([part_of(resource_type, asked, keys, compartment)])
    return Search(plan, asked, path).bundle()


def _named(resource_type: ResourceType, asked: Asked) -> bytes:
    """The answer to `_query`, which has an order of its own, and a state in its cursors."""
    query = asked.query
    found = getattr(resource_type.search(), "named_queries", {}).get(query.named)
    if found is None:
        raise InvalidSearch(
            f"_query: {resource_type.name} has no query of this name.", expression=blamed("_query")
        )
    if query.sort:
        raise InvalidSearch("_query has an order of its own.", expression=blamed("_sort"))
    order = f"{resource_type.name}?_query={query.named}"
    cursor = unseal(query.cursor, order, actor=asked.actor) if query.cursor else None
    plan = found.plan(resource_type, asked, cursor.state if cursor else None)
    return Search(plan, asked, resource_type.name, order).bundle()


def part_of(
    resource_type: ResourceType,
    asked: Asked,
    keys: Sequence[SortKey] = (),
    compartment: Compartment | None = None,
) -> Part:
    """What meets the clauses, in the order of `keys` or that which the type has of its own."""
    search_set, scope = resource_type.search(), asked.scope(resource_type)
    with blaming_clauses(search_set, asked.clauses, scope):
        plan = search_set.plan(asked.clauses, scope, sorted_by=bool(keys))
    condition = plan.condition
    if compartment:
        condition &= compartment.condition(resource_type, scope)
    candidates = rows_of(resource_type, condition)
    return Part(resource_type, candidates, ordered(list(keys or plan.order)), plan.branches)


def sort_keys(search_set, sort: Sequence[tuple[str, bool]]) -> list[SortKey]:
    """Raises InvalidSearch for what cannot be sorted by."""
    try:
        return [search_set.sort_key(name, descending=descending) for name, descending in sort]
    except InvalidSearch as error:
        raise InvalidSearch(str(error), expression=blamed("_sort")) from error


@contextmanager
def blaming_clauses(search_set, clauses: list[Clause], scope: Scope) -> Iterator[None]:
    """Let the issue of a refused search say which parameter was wrong."""
    try:
        yield
    except InvalidSearch as error:
        if error.issues[0].expression:
            raise
        for clause in clauses:
            try:
                search_set.condition(clause, scope)
            except InvalidSearch as same:
                raise InvalidSearch(str(same), expression=blamed(clause.key)) from error
        raise


def _names(of: Sequence[Part]) -> str:
    keys = of[0].keys if of else ()
    return ",".join(("-" if key.descending else "") + key.name for key in keys)


@dataclass
class _Page:
    matches: list[Found] = field(default_factory=list)
    total: int | None = None
    following: str | None = None
    """The cursor of the next page."""


class Search:
    """One search under way, over the parts of its plan."""

    def __init__(self, plan: Plan, asked: Asked, path: str, order: str = ""):
        """`path` is the search's own below the base; `order` says what its cursors hold for, when
        that is not the path and the keys.
        """
        self.plan, self.parts, self.path = plan, plan.parts, path
        self.query, self.actor, self.base = asked.query, asked.actor, asked.base
        self.order = order or f"{path}?{_names(plan.parts)}"
        self.cursor = None
        if self.query.cursor:
            self.cursor = unseal(self.query.cursor, self.order, actor=self.actor)
        self.used = RESULT_PARAMETERS | {clause.name for clause in asked.clauses}
        types = {part.resource_type.name for part in self.parts}
        self.one_type = types.pop() if len(types) == 1 else None

    def bundle(self) -> bytes:
        if self.query.count == 0 or self.query.summary == "count":
            counted = parts.statements(self.parts, ("pk",), actor=self.actor)
            return self._assembled(_Page(total=parts.count(counted)), [], [])
        page = self._page()
        more, others = False, []
        if self.query.includes:
            others, more = included(
                page.matches, self.query.includes, actor=self.actor, base=self.base
            )
        issues = [TOO_MANY_INCLUDED.as_json()] if more else []
        if self.plan.issues and self.cursor is None:
            issues += self.plan.issues()
        return self._assembled(page, others, issues)

    # --- rows -------------------------------------------------------------------------------------

    def _page(self) -> _Page:
        count, cursor, includes = self.query.count, self.cursor, self.query.includes
        skipped = 0 if cursor else self.query.offset
        links = link_columns(self.one_type, includes) if self.one_type and includes else ()
        columns, limit = ("resource_id", "document", *links), skipped + count + 1
        if cursor:
            rows = parts.rows_after(self.parts, columns, limit, cursor.values, actor=self.actor)
            total = cursor.total
        else:
            readable = parts.statements(self.parts, columns, actor=self.actor)
            rows = parts.first_rows(readable, columns, limit)
            total = self._total(readable, len(rows), full=len(rows) == limit)
        rows = rows[skipped:]
        matches = [
            # Where there are several types, the last key is the type.
            Found(self.one_type or rest[-1], resource_id, document, tuple(rest[: len(links)]))
            for resource_id, document, *rest in rows[:count]
        ]
        if includes and not self.one_type:
            matches = with_links(matches, includes)
        if len(rows) <= count:
            return _Page(matches, total)
        following = Cursor(list(rows[count - 1][2 + len(links) :]), total, self.plan.state)
        return _Page(matches, total, seal(following, self.order, actor=self.actor))

    # --- totals -----------------------------------------------------------------------------------

    def _total(self, readable: list[parts.Statement], found: int, *, full: bool) -> int | None:
        """The total with a first page of `found` rows, where it is asked for or costs little."""
        wanted = self.query.total
        if wanted == "none":
            return None
        if not full:
            return found
        if wanted == "accurate":
            return parts.count(readable)
        total = parts.count_up_to(readable, COUNTED, affordable=AFFORDABLE)
        if total is None and wanted == "estimate":
            return self._estimate(readable, found)
        return total

    def _estimate(self, readable: list[parts.Statement], found: int) -> int:
        """The planner's number, for those who read everything: it comes from statistics over all
        rows, which would tell the others of what they may not see. Theirs is counted.
        """
        everything = all(
            part.resource_type.model.readable_condition(self.actor) is access.EVERYTHING
            for part in self.parts
        )
        if not everything:
            return parts.count(readable)
        return max(found, parts.planned_count(readable))

    # --- the Bundle -------------------------------------------------------------------------------

    def _assembled(self, page: _Page, others: list[Found], issues: list[dict]) -> bytes:
        head: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
        if page.total is not None:
            head["total"] = page.total
        head["link"] = [{"relation": "self", "url": self._url(self.query.cursor)}]
        if page.following:
            head["link"].append({"relation": "next", "url": self._url(page.following)})
        cut = subset(self.query)
        entries = [self._entry(match, "match", cut) for match in page.matches]
        entries += [self._entry(other, "include", cut) for other in others]
        if issues:
            entries.append(_outcome(issues))
        start = json.dumps(head)
        if not entries:
            return start
        return b'%s,"entry":[%s]}' % (start[:-1], ",".join(entries).encode())

    def _entry(self, found: Found, mode: str, cut: Callable[[str, str], str] | None) -> str:
        document = cut(found.resource_type, found.document) if cut else found.document
        # Neither a base nor a reference needs escapes in JSON: both are URL characters only.
        return (
            f'{{"fullUrl":"{self.base}/{found.reference}","resource":{document},'
            f'"search":{{"mode":"{mode}"}}}}'
        )

    def _url(self, cursor: str | None) -> str:
        pairs = [(key, value) for key, value in self.query.pairs if self._is_used(key)]
        if cursor:  # which holds from where the page is, however the first one was found
            pairs = [(key, value) for key, value in pairs if key != "_offset"]
            pairs.append((CURSOR, cursor))
        url = f"{self.base}/{self.path}" if self.path else self.base
        return f"{url}?{urlencode(pairs, quote_via=quote, safe=':/,$')}" if pairs else url

    def _is_used(self, key: str) -> bool:
        return key.partition(":")[0].partition(".")[0] in self.used


def _outcome(issues: list[dict]) -> str:
    """What is to be said about the answer."""
    entry = {
        "fullUrl": OUTCOME_URL,
        "resource": {**operation_outcome(()), "issue": issues},
        "search": {"mode": "outcome"},
    }
    return json.dumps(entry).decode()


OUTCOME_URL = "urn:uuid:6b1f1a0c-3f0e-4f0e-9b0a-0c5f0d6f2a11"
TOO_MANY_INCLUDED = Issue(
    f"More than {MAX_INCLUDED} resources were to be included; the rest is left out.",
    "incomplete",
    "warning",
)
