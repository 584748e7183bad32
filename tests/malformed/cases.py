"""What a malformed request is, and the short ways to write one.

A case is written `(name, issue code, expression, …)`: the expression is the FHIRPath of the element
at fault, or None where the fault is in no element. Every document names a patient in places that
are right, so that an answer which quotes what it was sent is found out.
"""

from typing import Any, NamedTuple

from fhir import json

SECRET = "Marlowe"
"""The patient's name, which no answer may repeat."""
TARGET = "Task/target"
"""A Task that is there, and stays as it is."""


class Case(NamedTuple):
    name: str
    method: str
    path: str
    """Below the base, still percent-encoded."""
    body: bytes
    headers: dict[str, str | None]
    """Besides a token and application/fhir+json; None takes one of these away."""
    status: int
    code: str
    """https://hl7.org/fhir/R4/valueset-issue-type.html"""
    expression: str | None


def as_bytes(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode("utf-8") if isinstance(body, str) else json.dumps(body)


class Group(list):
    """The cases of one file, each with the group's name before its own."""

    def __init__(self, name: str):
        super().__init__()
        self.name = name

    def request(
        self,
        name: str,
        line: str,
        status: int,
        code: str,
        expression: str | None = None,
        body: Any = b"",
        **headers: str | None,
    ) -> None:
        """`line` is the method and the path: `GET Task/target`. A header's `_` stands for `-`."""
        method, _, path = line.partition(" ")
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        whole = f"{self.name}-{name}"
        self.append(Case(whole, method, path, as_bytes(body), named, status, code, expression))

    def text(self, name: str, code: str, expression: str | None, body: str | bytes) -> None:
        """A body that is no resource: 400 wherever it goes."""
        self.request(name, "POST Task", 400, code, expression, body)

    def task(self, name: str, code: str, expression: str, /, **elements: Any) -> None:
        """A Task that would be valid without these elements; ABSENT takes one away."""
        base = {"status": "requested", "intent": "order", "description": f"Call Mrs {SECRET}"}
        self.of("Task", name, code, expression, **(base | elements))

    def of(self, type_name: str, name: str, code: str, expression: str, /, **elements: Any) -> None:
        """A resource of any type; without an expression, the fault is the whole's."""
        members = {key: value for key, value in elements.items() if value is not ABSENT}
        document = {"resourceType": type_name} | members
        place = f"{type_name}.{expression}" if expression else type_name
        self.request(name, f"POST {type_name}", 422, code, place, document)

    def input(self, name: str, code: str, value: str, content: Any, inner: str = "") -> None:
        """A Task with an input of which the value is wrong: all datatypes are at home there."""
        expression = f"input[0].{value}" + (f".{inner}" if inner else "")
        self.task(name, code, expression, input=[{"type": {"text": "x"}, value: content}])

    def patch(
        self, name: str, status: int, code: str, expression: str | None, *operations: Any
    ) -> None:
        """A JSON Patch of the target."""
        self.request(
            name,
            f"PATCH {TARGET}",
            status,
            code,
            expression,
            list(operations),
            Content_Type="application/json-patch+json",
        )

    def search(self, name: str, query: str, at: str | None = "", **headers: str) -> None:
        """A search that is no search: 400, at the query's first parameter if not `at` another."""
        first = query.partition("?")[2].partition("=")[0]
        expression = None if at is None else f"http.{at or first}"
        self.request(name, f"GET {query}", 400, "invalid", expression, b"", **headers)

    def bundle(
        self, name: str, status: int, code: str, expression: str | None, *entries: Any, **head: Any
    ) -> None:
        """A transaction of these entries."""
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)} | head
        bundle = {key: value for key, value in bundle.items() if value is not None}
        self.request(name, "POST ", status, code, expression, bundle)


ABSENT = object()
