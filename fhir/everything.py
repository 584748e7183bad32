"""`$everything`: what is in the compartment of a resource, and what that points at.

It is a search over all types of the compartment, so what may not be read is not there, and pages
are a search's. What is pointed at is left out when it is in a compartment of this type itself: a
list or a group of this one's may name what is another's.
https://hl7.org/fhir/R4/patient-operation-everything.html
https://hl7.org/fhir/R4/encounter-operation-everything.html
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db.models import Exists, IntegerField, Q

from fhir import definitions, json, resources, store
from fhir.actor import Actor
from fhir.answers import Answer, Request
from fhir.datatypes import parse_date, to_instant
from fhir.errors import InvalidResource, InvalidSearch, MalformedRequest
from fhir.resources import Operation, ResourceType
from fhir.scopes import allows, check_scope
from fhir.search import compartments
from fhir.search.answer import TOO_MANY_INCLUDED, Asked, Plan, Search, part_of
from fhir.search.chains import fetch, rows_of
from fhir.search.filters import Scope, any_of
from fhir.search.includes import Found, included
from fhir.search.parse import MAX_COUNT, Clause, Include, Query, Value, blamed, parse_query
from fhir.search.parts import Part, constant_key, type_key
from fhir.search.sorting import NEWEST
from fhir.search.system import with_rows
from fhir.validation import check_document

FEW = 1_000
PARAMETERS = frozenset({"_since", "start", "end"})
CARE_DATES = (
    "authored",
    "authored-on",
    "authoredon",
    "created",
    "date",
    "effective",
    "effective-time",
    "issued",
    "occurrence",
    "onset-date",
    "period",
    "recorded-date",
    "sent",
    "start-date",
    "started",
    "whenhandedover",
)
"""The parameters that say when care was given; what has none of them is of any time."""


def everything(
    type_name: str,
    resource_id: str | None,
    query: str | list[tuple[str, str]],
    *,
    actor: Actor,
    base: str,
    strict: bool = False,
) -> bytes:
    """The searchset Bundle, of one resource or of all that the actor may read.

    `query` is that of a search, with `_since`, `start`, `end`, `_type` and `_count`. Raises NotFound
    and Gone for what cannot be read, InvalidSearch, and Forbidden for a type that the scopes of the
    token leave out.
    """
    own_type = resources.get(type_name)
    if resource_id is None:
        check_scope(actor, type_name, "r")
    else:
        store.read(own_type, resource_id, actor=actor)
    parsed = _read(query, strict=strict)
    members = frozenset(compartments.definitions()[type_name])
    wanted = frozenset(parsed.types) or definitions.resource_types()
    for name in sorted(parsed.types):
        check_scope(actor, name, "r")
    # What is wanted of other types is pointed at by members of any type; only members count.
    beyond = bool(parsed.types) and not wanted <= members and not is_count(parsed)
    searched = members if beyond else members & wanted
    record = _Record(own_type, resource_id, parsed.clauses)
    types = [resources.get(name) for name in sorted(searched) if allows(actor, name, "r")]
    parsed.includes = [Include("*", "*")]
    parsed.total = "none" if beyond else parsed.total
    asked = Asked(parsed, [], actor, base)
    plan = Plan([part for each in with_rows(types) for part in record.parts(each, asked)])
    return _Everything(plan, asked, record, wanted).bundle()


def is_count(query: Query) -> bool:
    """Only the total is asked for."""
    return query.count == 0 or query.summary == "count"


def _read(query: str | list[tuple[str, str]], *, strict: bool) -> Query:
    parsed = parse_query(query, strict=strict)
    for said, name in ((parsed.sort, "_sort"), (parsed.includes, "_include")):
        if said:
            raise InvalidSearch(f"$everything has no {name}.", expression=blamed(name))
    if parsed.named:
        raise InvalidSearch("$everything has no _query.", expression=blamed("_query"))
    if set(parsed.types) - definitions.resource_types():
        raise InvalidSearch("_type names a type that R4 does not have.", expression=blamed("_type"))
    unknown = [clause.key for clause in parsed.clauses if clause.key not in PARAMETERS]
    if unknown and strict:
        raise InvalidSearch(f"$everything has no {unknown[0]}.", expression=blamed(unknown[0]))
    parsed.clauses = [clause for clause in parsed.clauses if clause.key in PARAMETERS]
    if not any(key == "_count" for key, _ in parsed.pairs):
        parsed.count = MAX_COUNT
    return parsed


@dataclass(frozen=True)
class _Record:
    """The compartment of one resource, or of all that may be read, narrowed by the parameters.

    `resource_id` is None for all. Stands where a search takes a compartment.
    """

    own_type: ResourceType
    resource_id: str | None
    clauses: list[Clause]

    @property
    def path(self) -> str:
        own = (self.own_type.name, self.resource_id) if self.resource_id else (self.own_type.name,)
        return "/".join((*own, "$everything"))

    def parts(self, resource_type: ResourceType, asked: Asked) -> list[Part]:
        """What is read of a type: the resource itself comes first."""
        part = part_of(resource_type, asked, [NEWEST], self)
        if resource_type.name != self.own_type.name or self.resource_id is None:
            return [_placed(part, Q(), 1)]
        itself = Q(resource_id=self.resource_id)
        return [_placed(part, itself, 0), _placed(part, ~itself, 1)]

    def condition(self, resource_type: ResourceType, scope: Scope) -> Q:
        """What a row of the type must be."""
        found = self._membership(resource_type, scope)
        for clause in self.clauses:
            try:
                found &= _narrowed(resource_type, clause, scope)
            except InvalidSearch as error:
                raise InvalidSearch(
                    f"{clause.key} must be one date or instant.", expression=blamed(clause.key)
                ) from error
        return found

    def _membership(self, resource_type: ResourceType, scope: Scope) -> Q:
        own = self.own_type.name
        if self.resource_id is not None:
            return compartments.get(own, self.resource_id).condition(resource_type, scope)
        if resource_type.name == own:
            return Q()
        search_set = resource_type.search()
        names = compartments.definitions()[own][resource_type.name]
        filters = [search_set.reference(name) for name in names]
        readable = rows_of(self.own_type, Q()).readable_by(scope.actor)
        ids = fetch(readable.order_by().values_list("resource_id")[: FEW + 1])
        if len(ids) <= FEW:
            forms = [f"{own}/{each}" for (each,) in ids]
            forms += [f"{scope.base}/{form}" for form in forms]
            return any_of([filter_.is_any(forms) for filter_ in filters])
        return any_of([Q(Exists(readable.filter(Q(each.leads_to(own))))) for each in filters])

    def is_in_one(self, found: Found, base: str) -> bool:
        """Is it in a compartment? Then it is another's, is found itself, or is not asked for."""
        own = self.own_type.name
        parameters = definitions.search_parameters(found.resource_type)
        document = json.loads_stored(found.document)
        return found.resource_type == own or any(
            value.get("reference", "").removeprefix(f"{base}/").startswith(f"{own}/")
            for name in compartments.definitions()[own].get(found.resource_type, ())
            for _, value in definitions.evaluate(document, parameters[name])
        )


def _placed(part: Part, condition: Q, place: int) -> Part:
    keys = [
        constant_key("_place", place, field=IntegerField()),
        *part.keys,
        type_key(part.resource_type),
    ]
    return replace(part, candidates=part.candidates.filter(condition), keys=keys)


def _narrowed(resource_type: ResourceType, clause: Clause, scope: Scope) -> Q:
    """What a row of the type must be for one of PARAMETERS."""
    if len(clause.values) != 1:
        raise InvalidSearch
    [value] = clause.values
    search_set = resource_type.search()

    def asks(name: str, text: str, modifier: str = "") -> Q:
        return search_set.condition(Clause(name, modifier, None, (Value(text),)), scope)

    if clause.key == "_since":
        return asks("_lastUpdated", f"ge{value.raw}")
    try:
        days = parse_date(value.text)
        before = f"gt{to_instant(days.low - timedelta(milliseconds=1))}"
        asked = before if clause.key == "start" else f"lt{to_instant(days.high)}"
    except (ValueError, OverflowError) as error:
        raise InvalidSearch from error
    dates = [name for name in CARE_DATES if name in search_set.base_filters]
    undated = Q()
    for name in dates:
        undated &= asks(name, "true", "missing")
    return any_of([undated, *(asks(name, asked) for name in dates)])


class _Everything(Search):
    """The search with what its matches point at, of which only the wanted types are given."""

    def __init__(self, plan: Plan, asked: Asked, record: _Record, wanted: frozenset[str]):
        narrowing = [pair for pair in asked.query.pairs if pair[0] in PARAMETERS | {"_type"}]
        super().__init__(plan, asked, record.path, f"{record.path}?{urlencode(narrowing)}")
        self.used = self.used | PARAMETERS | {"_type"}
        self.record, self.wanted = record, wanted

    def bundle(self) -> bytes:
        if is_count(self.query):
            return super().bundle()
        page = self._page()
        others, more = included(page.matches, self.query.includes, actor=self.actor, base=self.base)
        page.matches = [each for each in page.matches if each.resource_type in self.wanted]
        others = [
            each
            for each in others
            if each.resource_type in self.wanted and not self.record.is_in_one(each, self.base)
        ]
        return self._assembled(page, others, [TOO_MANY_INCLUDED.as_json()] if more else [])


def operations(type_name: str, definition: dict) -> tuple[Operation, ...]:
    """`$everything` of a type, as far as the definition has it.

    Its parameters may come in the URL or in the body.
    """

    def run(request: Request, resource_id: str | None) -> Answer:
        body = request.body if request.method == "POST" else None
        pairs = parse_qsl(request.query, keep_blank_values=True) + _values(body)
        found = everything(
            type_name,
            resource_id,
            pairs,
            actor=request.actor,
            base=request.base,
            strict=request.strict,
        )
        return Answer(body=found)

    return tuple(
        Operation("everything", level, run, affects_state=False, definition=definition["url"])
        for level in ("instance", "type")
        if definition[level]
    )


def _values(body: Any) -> list[tuple[str, str]]:
    """The values of a Parameters resource, as a query has them."""
    if not body:
        return []
    try:
        check_document(body, "Parameters")
    except InvalidResource as error:
        raise MalformedRequest(issues=error.issues) from error
    return [
        (each["name"], str(value))
        for each in body.get("parameter", [])
        for member, value in each.items()
        if member.startswith("value") and not isinstance(value, dict | list)
    ]
