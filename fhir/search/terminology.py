"""Which codes a value set has, and which a code subsumes: of what is stored here, and of R4's own.

Only the ValueSets and CodeSystems that the actor may read count: any other is not known.
https://hl7.org/fhir/R4/valueset.html · https://hl7.org/fhir/R4/codesystem.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from fhir import definitions, json, resources
from fhir.errors import InvalidSearch
from fhir.search.references import local

if TYPE_CHECKING:
    from fhir.search.filters.base import Scope

OFFICIAL = "http://hl7.org/fhir/ValueSet/"
MAX_CODES = 10_000
MAX_VALUE_SETS = 50
"""Bounds on what one value set may cost."""

Code = tuple[str, str]
"""(system, code)"""


@dataclass(frozen=True, slots=True)
class Codes:
    """What a value set has: single codes, and whole systems but for some of their codes."""

    pairs: frozenset[Code] = frozenset()
    systems: frozenset[str] = frozenset()
    exceptions: frozenset[Code] = frozenset()

    def contain(self, system: str, code: str) -> bool:
        pair = system, code
        return pair in self.pairs or (system in self.systems and pair not in self.exceptions)

    def excepted(self, system: str) -> list[str]:
        """What the value set does not have of a whole system."""
        return sorted(code for of, code in self.exceptions if of == system)

    def __or__(self, other: "Codes") -> "Codes":
        exceptions = {
            pair
            for pair in self.exceptions | other.exceptions
            if not self.contain(*pair) and not other.contain(*pair)
        }
        return Codes(self.pairs | other.pairs, self.systems | other.systems, frozenset(exceptions))

    def __and__(self, other: "Codes") -> "Codes":
        pairs = {pair for pair in self.pairs if other.contain(*pair)}
        pairs |= {pair for pair in other.pairs if self.contain(*pair)}
        return Codes(
            frozenset(pairs), self.systems & other.systems, self.exceptions | other.exceptions
        )

    def __sub__(self, other: "Codes") -> "Codes":
        pairs = {pair for pair in self.pairs if not other.contain(*pair)}
        pairs |= {
            pair
            for pair in other.exceptions
            if pair[0] in self.systems & other.systems and self.contain(*pair)
        }
        systems = self.systems - other.systems
        exceptions = {pair for pair in self.exceptions | other.pairs if pair[0] in systems}
        return Codes(frozenset(pairs), systems, frozenset(exceptions))


def value_set(reference: str, scope: "Scope") -> Codes:
    """The codes of a value set: `ValueSet/id`, its canonical URL, or the URL with `|version`.

    Raises InvalidSearch for one that is not known, or whose codes cannot be told.
    """
    return _Expansion(scope).of(reference)


def related(system: str, code: str, scope: "Scope", *, above: bool) -> Codes:
    """The code with those that it is a kind of, or that are kinds of it.

    Raises InvalidSearch when no CodeSystem says so.
    """
    document = _stored("CodeSystem", system, scope)
    if document is None or document.get("content") not in ("complete", "fragment"):
        raise InvalidSearch("The code system is not kept here, so what subsumes what is not known.")
    parents = _parents(document)
    if above:
        found = _reached(code, parents)
    else:
        children: dict[str, set[str]] = {}
        for child, of_child in parents.items():
            for parent in of_child:
                children.setdefault(parent, set()).add(child)
        found = _reached(code, children)
    return Codes(frozenset((system, each) for each in found))


def _reached(code: str, steps: dict[str, set[str]]) -> set[str]:
    found, waiting = {code}, [code]
    while waiting:
        for each in steps.get(waiting.pop(), ()):
            if each not in found:
                found.add(each)
                waiting.append(each)
    return found


def _concepts(concepts: list[dict], parent: str | None = None) -> Iterator[tuple[dict, str | None]]:
    """Every concept with the code that it stands under."""
    for concept in concepts:
        yield concept, parent
        yield from _concepts(concept.get("concept", []), concept["code"])


def _parents(code_system: dict) -> dict[str, set[str]]:
    """What each code is a kind of, by nesting and by the properties `parent` and `child`."""
    found: dict[str, set[str]] = {}
    for concept, above in _concepts(code_system.get("concept", [])):
        of_code = found.setdefault(concept["code"], set())
        if above:
            of_code.add(above)
        for each in concept.get("property", []):
            if each.get("code") in ("parent", "subsumedBy") and "valueCode" in each:
                of_code.add(each["valueCode"])
            elif each.get("code") == "child" and "valueCode" in each:
                found.setdefault(each["valueCode"], set()).add(concept["code"])
    return found


def _stored(type_name: str, reference: str, scope: "Scope") -> dict | None:
    """The resource by its id or its canonical URL; of several versions the one changed last."""
    resource_type = resources.get(type_name)
    url, _, version = local(reference.removeprefix(f"{scope.base}/")).partition("|")
    if url.startswith(f"{type_name}/"):
        condition = Q(resource_id=url.removeprefix(f"{type_name}/"))
    else:
        condition = Q(tokens__contains=[f"url={url}"])
        if version:
            condition &= Q(tokens__contains=[f"version={version.casefold()}"])
    rows = resource_type.model.objects.filter(
        condition, resource_type=type_name, deleted=False
    ).readable_by(scope.actor)
    document = rows.order_by("-last_updated").values_list("document", flat=True).first()
    return json.loads_stored(document) if document else None


class _Expansion:
    """One value set being put together, with those that it is made of."""

    def __init__(self, scope: "Scope"):
        self.scope = scope
        self.under_way: list[str] = []
        self.count = 0

    def of(self, reference: str) -> Codes:
        self.count += 1
        if reference in self.under_way or self.count > MAX_VALUE_SETS:
            raise InvalidSearch("The value set is made of itself, or of too many others.")
        document = _stored("ValueSet", reference, self.scope)
        if document is None:
            return self._official(reference)
        self.under_way.append(reference)
        found = self._codes(document)
        self.under_way.pop()
        if len(found.pairs) > MAX_CODES:
            raise InvalidSearch(f"The value set has more than {MAX_CODES} codes.")
        return found

    @staticmethod
    def _official(reference: str) -> Codes:
        url, _, version = reference.partition("|")
        by_system = definitions.codes_by_system(url.removeprefix(OFFICIAL))
        if not url.startswith(OFFICIAL) or by_system is None or version not in ("", "4.0.1"):
            raise InvalidSearch("The value set is not known here.")
        return Codes(
            frozenset((system, code) for system, codes in by_system.items() for code in codes)
        )

    def _codes(self, value_set: dict) -> Codes:
        compose = value_set.get("compose")
        if compose is None:
            contains = value_set.get("expansion", {}).get("contains", [])
            return Codes(frozenset(_contained(contains)))
        found = Codes()
        for include in compose["include"]:
            found |= self._part(include)
        for exclude in compose.get("exclude", []):
            found -= self._part(exclude)
        return found

    def _part(self, part: dict) -> Codes:
        """An include or exclude: what all that it says have in common."""
        said = [self.of(reference) for reference in part.get("valueSet", [])]
        if "system" in part:
            said.append(self._of_system(part))
        found, *others = said
        for other in others:
            found &= other
        return found

    def _of_system(self, part: dict) -> Codes:
        system = part["system"]
        if "concept" in part:
            return Codes(frozenset((system, each["code"]) for each in part["concept"]))
        document = self._code_system(part)
        if "filter" not in part:
            if document is None or document.get("content") != "complete":
                return Codes(systems=frozenset({system}))
            return Codes(frozenset((system, code) for code in _parents(document)))
        found = None
        for each in part["filter"]:
            filtered = self._filtered(system, each)
            found = filtered if found is None else found & filtered
        return found

    def _code_system(self, part: dict) -> dict | None:
        version = f"|{part['version']}" if "version" in part else ""
        return _stored("CodeSystem", part["system"] + version, self.scope)

    def _filtered(self, system: str, rule: dict[str, Any]) -> Codes:
        if rule.get("property") != "concept" or rule.get("op") not in ("is-a", "descendent-of"):
            raise InvalidSearch("The value set has a filter that is not supported here.")
        found = related(system, rule["value"], self.scope, above=False)
        if rule["op"] == "is-a":
            return found
        return found - Codes(frozenset({(system, rule["value"])}))


def _contained(contains: list[dict]) -> Iterator[Code]:
    for each in contains:
        if "code" in each and not each.get("abstract"):
            yield each.get("system", ""), each["code"]
        yield from _contained(each.get("contains", []))
