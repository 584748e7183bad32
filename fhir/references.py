"""Links between the entries of a Bundle. https://hl7.org/fhir/R4/bundle.html#references"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fhir.definitions import resource_types

LINKING = frozenset(
    {"reference", "url", "uri", "valueUri", "valueUrl", "valueUuid", "valueOid", "div"}
)
"""Members that may hold another entry's fullUrl: a Reference, elements of a URI type, narrative."""


@dataclass(frozen=True)
class Links:
    """Where links lead: `places` are the entries' `Type/id` by their fullUrl."""

    base: str
    places: dict[str, str]
    found_by_criteria: Callable[[str], str]

    def seen_from(self, full_url: str) -> Callable[[str, str], str]:
        """What a link means in the entry called `full_url`: a relative one is relative to it."""
        root = "/".join(full_url.split("/")[:-2]) if full_url.startswith("http") else self.base

        def place(name: str, link: str) -> str:
            if link in self.places:
                return self.places[link]
            if name == "div":
                return self._in_narrative(link)
            if name != "reference":
                return link
            if "?" in link and link.partition("?")[0] in resource_types():
                return self.found_by_criteria(link)
            return self.places.get(f"{root}/{link}", link)

        return place

    def _in_narrative(self, div: str) -> str:
        """`href` and `src` are the only attributes that can hold a link."""
        for full_url, reference in self.places.items():
            for attribute in ("href", "src"):
                div = div.replace(f'{attribute}="{full_url}"', f'{attribute}="{reference}"')
        return div


def resolved(value: Any, place: Callable[[str, str], str]) -> Any:
    """The document with every link replaced by `place(member name, link)`."""
    if isinstance(value, dict):
        return {
            name: place(name, child)
            if name in LINKING and isinstance(child, str)
            else resolved(child, place)
            for name, child in value.items()
        }
    if isinstance(value, list):
        return [resolved(child, place) for child in value]
    return value
