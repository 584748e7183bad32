"""Texts and URIs. https://hl7.org/fhir/R4/search.html#string"""

from typing import Any

from django.db.models import Q

from fhir.search.expressions import any_element, literal
from fhir.search.filters.base import SearchFilter, any_of, has_any
from fhir.search.texts import folded, longest_prefix


class StringFilter(SearchFilter):
    """A beginning, without regard to case, accents and punctuation; `:exact`; `:contains`."""

    type = "string"
    modifiers = SearchFilter.modifiers | {"", "exact", "contains"}

    def matches(self, clause, scope):
        find = {"": self._begins, "exact": self._equals, "contains": self._contains}
        return any_of([find[clause.modifier](value.text) for value in clause.values])

    def within(self, clause, value, scope):
        start = f"{self.name}~{folded(value.text)}"
        return (
            "exists (select 1 from jsonb_array_elements_text(c -> 'strings') e"
            " where starts_with(e, %s))",
            [start],
        )

    def _begins(self, text: str) -> Q:
        bare = folded(text)
        if not bare:
            return self._any_string("starts_with(e, %s)", f"{self.name}={text}")
        beginning = longest_prefix(bare)
        found = has_any([f"{self.name}^{beginning}"])
        if bare != beginning:
            found &= any_element(
                "strings",
                "(starts_with(e, %s) or starts_with(e, %s))",
                f"{self.name}~{bare}",
                f"{self.name}:part~{bare}",
            )
        return found

    def _equals(self, text: str) -> Q:
        bare = folded(text)
        indexed = has_any([f"{self.name}^{longest_prefix(bare)}"]) if bare else Q()
        return indexed & Q(strings__contains=[f"{self.name}={text}"])

    def _contains(self, text: str) -> Q:
        # Punctuation alone is looked for as it was written.
        bare = folded(text)
        start = f"{self.name}~" if bare else f"{self.name}="
        return self._any_string(
            f"starts_with(e, {literal(start)}) and position(%s in substr(e, {len(start) + 1})) > 0",
            bare or text,
        )

    def _any_string(self, condition: str, *params: Any) -> Q:
        return Q(tokens__contains=[self.name]) & any_element("strings", condition, *params)


class UriFilter(SearchFilter):
    """The URI itself; `:below` what begins with it, `:above` what it begins with.

    https://hl7.org/fhir/R4/search.html#uri
    """

    type = "uri"
    modifiers = SearchFilter.modifiers | {"", "above", "below"}

    def matches(self, clause, scope):
        find = {"": self._equals, "above": self._above, "below": self._below}
        return any_of([find[clause.modifier](value.text) for value in clause.values])

    def _equals(self, text: str) -> Q:
        found = has_any([f"{self.name}={text}"])
        url, bar, version = text.partition("|")
        if bar and version and self.name == "url":
            # "Automatically detecting a |[version] portion": the version has an element of its own.
            found |= has_any([f"url={url}"]) & has_any([f"version={version.casefold()}"])
        return found

    def _below(self, text: str) -> Q:
        return self._partly(text, "starts_with(e, %s)", f"{self.name}={text}")

    def _above(self, text: str) -> Q:
        start = f"{self.name}="
        condition = f"starts_with(e, {literal(start)}) and length(e) > {len(start)}"
        return self._partly(text, f"{condition} and starts_with(%s, e)", start + text)

    def _partly(self, text: str, condition: str, *params: Any) -> Q:
        """Parts are compared of URLs only, not of URNs such as OIDs."""
        if text.startswith("urn:"):
            return self._equals(text)
        return Q(tokens__contains=[self.name]) & any_element("tokens", condition, *params)
