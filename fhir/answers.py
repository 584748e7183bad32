"""A request to the API and its answer, whether it came by HTTP or as an entry of a Bundle."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from fhir.actor import Actor
from fhir.errors import MalformedRequest
from fhir.parameters import string_values
from fhir.preconditions import if_match_versions
from fhir.search.parse import parse_query
from fhir.store import Stored


@dataclass(frozen=True, kw_only=True)
class Request:
    """`headers` by their usual names (`If-Match`); `body` is parsed JSON, or a form's text.

    `resource_id` is the id that a transaction has given to what this request will create.
    """

    method: str
    base: str
    actor: Actor
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    content_type: str = ""
    resource_id: str | None = None

    @property
    def if_match(self) -> list[int] | None:
        return if_match_versions(self.headers.get("If-Match"))

    @cached_property
    def prefer(self) -> dict[str, str]:
        """https://hl7.org/fhir/R4/http.html#return · RFC 7240"""
        items = self.headers.get("Prefer", "").replace(";", ",").split(",")
        pairs = (item.strip().partition("=")[::2] for item in items if item.strip())
        return {name.strip().lower(): value.strip().strip('"').lower() for name, value in pairs}

    @property
    def strict(self) -> bool:
        return self.prefer.get("handling") == "strict"

    @property
    def parameters(self) -> dict[str, str]:
        """The simple parameters of an operation, of its body and of the URL, by name."""
        body = self.body if self.method == "POST" else None
        return string_values(body) | dict(parse_qsl(self.query))

    @property
    def if_none_exist(self) -> str:
        """The criteria of a conditional create, "" for none.

        fhirpy writes them into the URL, where they would else be lost and duplicates made.
        """
        header = self.headers.get("If-None-Exist", "").strip()
        if header:
            return header.rpartition("?")[2]
        return self.query if parse_query(self.query).clauses else ""

    @property
    def criteria(self) -> str:
        """The query of a conditional interaction: `PUT Task?identifier=…`."""
        if not self.query.strip("&? "):
            raise MalformedRequest(
                "Name an id, or search criteria: Type/id or Type?parameter=value."
            )
        return self.query


@dataclass(frozen=True, slots=True)
class Answer:
    """`stored` is the version that ETag, Last-Modified and, of a new one, Location speak of.

    `writes` says that something was written, `reads` that the body tells more than that: such an
    answer cannot be kept for later, when the actor may see less.
    """

    status: int = 200
    body: bytes | str = b""
    stored: Stored | None = None
    writes: bool = False
    reads: bool = True
