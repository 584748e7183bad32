"""What points at other resources. https://hl7.org/fhir/R4/search.html#reference"""

from functools import cached_property

from django.db.models import F, OuterRef, Q

from fhir import definitions
from fhir.datatypes import ID, parse_reference
from fhir.errors import InvalidSearch
from fhir.search.expressions import NEVER, Sql, any_element, is_any_of, is_one_of, literal
from fhir.search.filters.base import Scope, SearchFilter, any_of, has_any, has_any_within
from fhir.search.parse import Clause, Value
from fhir.search.references import local, reference_forms


class ReferenceFilter(SearchFilter):
    """`Type/id`, `id`, an absolute URL, `:Type=id`, `:identifier=system|value`; `:below` of a
    canonical URL.

    A `column` holds relative references or URLs, and is empty when there is none.
    """

    type = "reference"

    @cached_property
    def modifiers(self) -> frozenset[str]:
        datatypes = {path.datatype for path in self.parameter.paths}
        found = {"", "missing"}
        if "Reference" in datatypes:
            found |= self.target_types | {"identifier"}
        if "canonical" in datatypes:
            found.add("below")
        return frozenset(found)

    @cached_property
    def target_types(self) -> frozenset[str]:
        """The types that the parameter may lead to."""
        targets = frozenset(self.parameter.target)
        return definitions.resource_types() if "*" in targets else targets

    @property
    def only(self) -> str | None:
        """The one type that the definition admits: `patient` is `subject` when a Patient."""
        return self.parameter.paths[0].target

    def missing(self, *, absent):
        if not self.column:
            return super().missing(absent=absent)
        if self.only:
            present = Q(**{f"{self.column}__startswith": f"{self.only}/"})
            present |= Q(tokens__contains=[self.name])
            return ~present if absent else present
        # Word for word as in the partial indexes.
        empty = is_one_of(self.column, [""])
        return empty if absent else ~empty

    def matches(self, clause, scope):
        if clause.modifier == "identifier":
            return has_any([self._identifier(clause, value) for value in clause.values])
        if clause.modifier == "below":
            return any_of([self._version_below(value.text) for value in clause.values])
        forms = [form for value in clause.values for form in self.forms(clause, value, scope)]
        return self.is_any(forms)

    def within(self, clause, value, scope):
        return has_any_within([f"{self.name}={form}" for form in self.forms(clause, value, scope)])

    def _identifier(self, clause: Clause, value: Value) -> str:
        parts = value.parts()
        if len(parts) > 2 or not any(parts):
            raise InvalidSearch(f"{clause.key} must be value, system|value, |value or system|.")
        return f"{self.name}:identifier={'|'.join(parts)}"

    def _version_below(self, text: str) -> Q:
        """`url` with any version, `url|1` with one that begins so.

        https://hl7.org/fhir/R4/search.html#versions
        """
        found = has_any([f"{self.name}={text}"])
        if "|" not in text:
            return found  # the index has each URL without its version too
        longer = any_element("tokens", "starts_with(e, %s)", f"{self.name}={text}")
        return found | (has_any([f"{self.name}={text.partition('|')[0]}"]) & longer)

    def forms(self, clause: Clause, value: Value, scope: Scope) -> list[str]:
        """What the value may look like in the index."""
        text = value.text
        if ID.fullmatch(text):
            return [f"{clause.modifier}/{text}"] if clause.modifier else self._of_id(text)
        # A reference that was written with this server's address is the same as a relative one.
        text = local(text.removeprefix(f"{scope.base}/"))
        try:
            reference = parse_reference(text.partition("|")[0])
        except ValueError as error:
            raise InvalidSearch(f"{clause.key} must be Type/id, an id or a URL.") from error
        if reference.is_relative and reference.type not in definitions.resource_types():
            raise InvalidSearch(f"{clause.key} names a type that R4 does not have.")
        if clause.modifier and reference.type != clause.modifier:
            raise InvalidSearch(f"{clause.key} must be the id of a {clause.modifier}.")
        return [reference_forms(text)[0]]

    def _of_id(self, id: str) -> list[str]:
        if not self.column:
            return [id]
        types = [self.only] if self.only else sorted(self.target_types)
        return [f"{name}/{id}" for name in types]

    def is_any(self, forms: list[str]) -> Q:
        if not forms:
            return NEVER
        if not self.column:
            return has_any([f"{self.name}={form}" for form in forms])
        if self.only:
            elsewhere = [f"{self.name}={form}" for form in forms if ":" in form]
            forms = [form for form in forms if form.startswith(f"{self.only}/")]
            if elsewhere:
                return has_any(elsewhere) | (self.is_any(forms) if forms else NEVER)
        if len(forms) == 1:
            return Q(**{self.column: forms[0]})
        return is_any_of(self.column, forms) if forms else NEVER

    def leads_to(self, target_type: str) -> Sql:
        """In a subquery on rows of the target type: the outer row points at this one."""
        start = f"{target_type}/" if self.column else f"{self.name}={target_type}/"
        rest = len(start) + 1
        if self.column:
            return Sql(
                f"{{0}} = case when starts_with({{1}}, {literal(start)})"
                f" then substr({{1}}, {rest}) end",
                F("resource_id"),
                OuterRef(self.column),
            )
        return Sql(
            f"{{0}} = any(array(select substr(e, {rest}) from unnest({{1}}) e"
            f" where starts_with(e, {literal(start)})))",
            F("resource_id"),
            OuterRef("tokens"),
        )

    def comes_from(self, target_type: str) -> Sql:
        """In a subquery on rows with this parameter: the row points at the outer one."""
        if self.column:
            start = literal(f"{target_type}/")
            return Sql(f"{{0}} = {start} || {{1}}", F(self.column), OuterRef("resource_id"))
        start = literal(f"{self.name}={target_type}/")
        # An id has the collation "C", which the index of the tokens does not have.
        pointing = f'{{0}} @> array[({start} || {{1}}) collate "default"]'
        return Sql(pointing, F("tokens"), OuterRef("resource_id"))

    @property
    def source(self) -> str:
        """The column that `references_in` reads."""
        return self.column or "tokens"

    def references_in(self, value: str | list[str]) -> list[str]:
        """The `Type/id` and URLs that a row points at, of its `source`."""
        if self.column:
            fits = value and (not self.only or value.startswith(f"{self.only}/"))
            return [value] if fits else []
        start = f"{self.name}="
        return [each[len(start) :] for each in value if each.startswith(start) and "/" in each]
