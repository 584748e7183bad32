"""Parameters with a logic of their own: `_text`, `_content` and `_list`."""

from django.db.models import F, Q

from fhir import json, resources
from fhir.datatypes import ID
from fhir.errors import InvalidSearch
from fhir.search import words
from fhir.search.expressions import NEVER, Sql, is_any_of
from fhir.search.filters.base import SearchFilter, any_of
from fhir.search.references import local, reference_forms

MAX_ITEMS = 10_000
SEARCHED = 250_000
"""How many characters of a narrative, or of a document, are looked at."""


class NarrativeFilter(SearchFilter):
    """`_text`: words of the narrative. https://hl7.org/fhir/R4/search.html#text"""

    type = "string"
    modifiers = frozenset({""})
    # The document of what is deleted is empty, and a tsvector ends at a megabyte.
    source = f"to_tsvector('simple', left(nullif({{0}}, '')::json -> 'text' ->> 'div', {SEARCHED}))"

    def matches(self, clause, scope):
        return any_of([self._has_words(value.text) for value in clause.values])

    def _has_words(self, text: str) -> Q:
        query, params = words.query(text)
        return Q(Sql(f"({self.source}) @@ {query}", F("document"), params=params))


class ContentFilter(NarrativeFilter):
    """`_content`: words of anything that the resource says."""

    source = (
        f"case when length({{0}}) <= {SEARCHED}"
        " then json_to_tsvector('simple', nullif({0}, '')::json, '[\"string\"]')"
        f" else to_tsvector('simple', left({{0}}, {SEARCHED})) end"
    )


class ListFilter(SearchFilter):
    """`_list`: what a List points at that it does not mark as deleted.

    https://hl7.org/fhir/R4/search.html#list
    """

    type = "special"
    modifiers = frozenset({""})

    def matches(self, clause, scope):
        ids = set()
        for value in clause.values:
            id = local(value.text.removeprefix(f"{scope.base}/")).removeprefix("List/")
            if not ID.fullmatch(id):
                raise InvalidSearch(f"{clause.key} must be the id of a List.")
            ids.update(self._items(id, scope))
        if len(ids) > MAX_ITEMS:
            raise InvalidSearch(f"{clause.key}: a list of more than {MAX_ITEMS} items.")
        return is_any_of("resource_id", sorted(ids)) if ids else NEVER

    @staticmethod
    def _items(id: str, scope) -> list[str]:
        lists = resources.get("List")
        rows = lists.model.objects.filter(resource_type="List", resource_id=id, deleted=False)
        document = rows.readable_by(scope.actor).values_list("document", flat=True).first()
        start = f"{scope.resource_type}/"
        found = []
        for entry in json.loads_stored(document).get("entry", []) if document else []:
            reference = entry.get("item", {}).get("reference", "")
            form = reference_forms(reference.removeprefix(f"{scope.base}/"))[0]
            if form.startswith(start) and not entry.get("deleted"):
                found.append(form.removeprefix(start))
        return found
