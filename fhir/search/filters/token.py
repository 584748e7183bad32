"""Codes, identifiers, booleans and ids. https://hl7.org/fhir/R4/search.html#token"""

from functools import cached_property

from django.db.models import Q

from fhir import definitions
from fhir.definitions import Element
from fhir.errors import InvalidSearch
from fhir.search import terminology
from fhir.search.expressions import NEVER, any_element, is_any_of, is_one_of
from fhir.search.filters.base import Scope, SearchFilter, any_of, has_any, has_any_within
from fhir.search.parse import Clause, Value
from fhir.search.terminology import Codes
from fhir.search.texts import folded

WITH_SYSTEM = frozenset({"CodeableConcept", "Coding", "Identifier", "ContactPoint"})
CODED = frozenset({"CodeableConcept", "Coding", "code"})

UNLISTED_SYSTEMS = ("http://hl7.org/fhir/", "http://terminology.hl7.org/", "urn:ietf:", "urn:iso:")
"""Where the system of a `code` may come from whose value set cannot be listed (MIME types …)."""


class TokenFilter(SearchFilter):
    """`code`, `system|code`, `|code`, `system|`, `:not`, `:text`; `:in`, `:not-in`, `:above` and
    `:below` of codes, `:of-type` of identifiers."""

    type = "token"

    @cached_property
    def modifiers(self) -> frozenset[str]:
        found = {"", "missing", "not", "text"}
        if self._datatypes & CODED:
            found |= {"in", "not-in", "above", "below"}
        if "Identifier" in self._datatypes:
            found.add("of-type")
        return frozenset(found)

    @cached_property
    def _datatypes(self) -> frozenset[str]:
        return frozenset(
            "boolean" if path.exists else path.datatype for path in self.parameter.paths
        )

    @cached_property
    def _codes(self) -> list[Element]:
        """The elements of type `code`, whose systems are said by their value sets."""
        found = [
            definitions.element_at(self.resource_type, path.names)
            for path in self.parameter.paths
            if path.datatype == "code"
        ]
        return [element for element in found if element]

    def matches(self, clause, scope):
        match clause.modifier:
            case "text":
                return any_of([self._text(value) for value in clause.values])
            case "of-type":
                return has_any([self._of_type(clause, value) for value in clause.values])
            case "in" | "not-in":
                found = any_of([self._in(value, scope) for value in clause.values])
            case "above" | "below":
                return any_of([self._related(clause, value, scope) for value in clause.values])
            case _:
                found = self.is_any(self._tokens(clause))
        return ~found if clause.modifier in ("not", "not-in") else found

    def within(self, clause, value, scope):
        return has_any_within(
            [f"{self.name}={token}" if token else self.name for token in self.tokens(clause, value)]
        )

    def _tokens(self, clause: Clause) -> list[str]:
        return [token for value in clause.values for token in self.tokens(clause, value)]

    def is_any(self, tokens: list[str]) -> Q:
        """The row has one of the tokens (`system|code`, `|code`, `system|` or `code`)."""
        if not tokens:
            return NEVER
        return has_any([f"{self.name}={token}" if token else self.name for token in tokens])

    def tokens(self, clause: Clause, value: Value) -> list[str]:
        """The value as the index writes it; empty for any code at all."""
        parts = value.parts()
        if len(parts) > 2 or not any(parts):
            raise InvalidSearch(f"{clause.key} must be code, system|code, |code or system|.")
        if self._datatypes == {"boolean"} and parts[-1] not in ("true", "false"):
            raise InvalidSearch(f"{clause.key} must be true or false.")
        found = []
        if len(parts) == 1 or self._datatypes & WITH_SYSTEM:
            text = "|".join(parts)
            found.append(text.casefold() if "ContactPoint" in self._datatypes else text)
            if "string" in self._datatypes:
                found.append(text.casefold())
        if len(parts) == 2:
            found += self._without_system(*parts)
        return list(dict.fromkeys(found))

    def _without_system(self, system: str, code: str) -> list[str]:
        """How the index writes `system|code` where the element itself carries no system."""
        if self._datatypes <= WITH_SYSTEM:
            return []
        if not system:
            return [code]
        if "boolean" in self._datatypes and system == "http://hl7.org/fhir/special-values":
            return [code]
        for element in self._codes:
            by_system = definitions.codes_by_system(element.value_set or "")
            if by_system is None:
                if system.startswith(UNLISTED_SYSTEMS):
                    return [code]
            elif code in by_system.get(system, ()):
                return [code]
            elif system in by_system and not code:
                return [""] if len(by_system) == 1 else by_system[system]
        return []

    def _of_type(self, clause: Clause, value: Value) -> str:
        parts = value.parts()
        if len(parts) != 3 or not all(parts):
            raise InvalidSearch(f"{clause.key} must be system|code|value, all three of them.")
        return f"{self.name}:of-type={'|'.join(parts)}"

    def _text(self, value: Value) -> Q:
        """A normal string search of the texts and displays that stand beside the codes."""
        bare = folded(value.text)
        if not bare:
            return NEVER
        found = any_element("strings", "starts_with(e, %s)", f"{self.name}:text~{bare}")
        return Q(tokens__contains=[self.name]) & found

    # --- value sets and hierarchies ---------------------------------------------------------------

    def _in(self, value: Value, scope: Scope) -> Q:
        """https://hl7.org/fhir/R4/valueset.html"""
        return self._is_among(terminology.value_set(value.text, scope))

    def _related(self, clause: Clause, value: Value, scope: Scope) -> Q:
        """What subsumes the code, or is subsumed by it, and the code itself."""
        if clause.modifier == "below" and self._is_mime_type:
            return self._mime_type(value.text)
        parts = value.parts()
        if len(parts) != 2 or not all(parts):
            raise InvalidSearch(f"{clause.key} must be system|code.")
        return self._is_among(terminology.related(*parts, scope, above=clause.modifier == "above"))

    @property
    def _is_mime_type(self) -> bool:
        return self._datatypes == {"code"} and not any(each.value_set for each in self._codes)

    def _mime_type(self, text: str) -> Q:
        """`text/xml` with any parameters: https://hl7.org/fhir/R4/search.html#mimetype"""
        longer = any_element("tokens", "starts_with(e, %s)", f"{self.name}={text};")
        return self.is_any([text]) | (Q(tokens__contains=[self.name]) & longer)

    def _is_among(self, codes: Codes) -> Q:
        tokens = []
        if self._datatypes & WITH_SYSTEM:
            tokens += [f"{system}|{code}" for system, code in codes.pairs]
            tokens += [f"{system}|" for system in codes.systems if not codes.excepted(system)]
        for element in self._codes:
            by_system = definitions.codes_by_system(element.value_set or "")
            if by_system is None:
                tokens += [
                    code for system, code in codes.pairs if system.startswith(UNLISTED_SYSTEMS)
                ]
                continue
            tokens += [
                code
                for system, listed in by_system.items()
                for code in listed
                if codes.contain(system, code)
            ]
        found = self.is_any(tokens)
        if self._datatypes & WITH_SYSTEM:
            for system in codes.systems:
                if excepted := codes.excepted(system):
                    found |= self._of_system_but(system, excepted)
        return found

    def _of_system_but(self, system: str, excepted: list[str]) -> Q:
        start = f"{self.name}={system}|"
        condition = "starts_with(e, %s) and length(e) > %s and e <> all(%s::text[])"
        others = any_element(
            "tokens", condition, start, len(start), [start + code for code in excepted]
        )
        return has_any([start]) & others


class CodeColumnFilter(TokenFilter):
    """A `code` that a column holds. The codes stand in the SQL, so that partial indexes match."""

    def is_any(self, tokens):
        if "" in tokens:
            return self.missing(absent=False)
        known = sorted({code for each in self._codes for code in each.codes}.intersection(tokens))
        return is_one_of(self.column, known) if known else NEVER

    def missing(self, *, absent):
        return is_one_of(self.column, [""]) if absent else ~is_one_of(self.column, [""])

    def _text(self, value):
        return NEVER  # a code has no text


class IdFilter(SearchFilter):
    """`_id`: an id that there is not finds nothing, whatever its form."""

    type = "token"
    modifiers = SearchFilter.modifiers | {"", "not"}

    def missing(self, *, absent):
        return NEVER if absent else Q()

    def matches(self, clause, scope):
        ids = [value.text for value in clause.values]
        found = Q(resource_id=ids[0]) if len(ids) == 1 else is_any_of("resource_id", ids)
        return ~found if clause.modifier == "not" else found
