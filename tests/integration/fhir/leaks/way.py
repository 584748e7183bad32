"""A way of asking, as data, and the short names that the tables of ways are written with.

`{me}` is the user name of whoever asks. A way tells of the case when its answer differs with the
case there. Each must tell those who see the case, or the line proves nothing, and nobody else.
"""

import base64
import json
from dataclasses import dataclass, field, replace
from typing import Any

FHIR = "application/fhir+json"
JSON_PATCH = "application/json-patch+json"
FORM = "application/x-www-form-urlencoded"
READING = ("_search", "$validate", "$everything", "$stats", "$timeline", "$clocks")
READING += ("$changes", "$status", "$events")
"""The ends of what is asked by POST and changes nothing."""


@dataclass(frozen=True, eq=False)
class Way:
    """`needs` are the scopes that a token must have to be told; None where that is not one answer.

    `past`: tells of a deleted case too, to whom it was shown. `pages`: all of them are read.
    `some`: does not tell all who see the case, as a write does not; `silent`: tells nobody.
    """

    method: str
    path: str
    body: Any = None
    content_type: str = FHIR
    headers: dict[str, str] = field(default_factory=dict)
    needs: str | None = ""
    past: bool = False
    pages: bool = False
    some: bool = False
    silent: bool = False

    @property
    def name(self) -> str:
        body = "" if self.body is None else f" {json.dumps(self.body)}"
        headers = "".join(f" [{name}: {value}]" for name, value in self.headers.items())
        return f"{self.method} /{self.path}{headers}{body[:160]}{' …' * self.pages}"

    @property
    def reads(self) -> bool:
        path = self.path.partition("?")[0]
        return self.method in ("GET", "HEAD") or path.endswith(READING)

    @property
    def scopes(self) -> frozenset[str] | None:
        if self.needs is None:
            return None
        if self.needs:
            return frozenset(self.needs.split())
        type_name, *rest = self.path.partition("?")[0].split("/")
        if not rest or rest[0] in ("_search", "_history"):
            return frozenset({f"{type_name}.s", f"{type_name}.r"})
        return frozenset({f"{type_name}.r"})

    @property
    def entry(self) -> dict | None:
        """The same as an entry of a Bundle; None when it cannot be one."""
        headers = dict(self.headers)
        request = {"method": self.method, "url": self.path}
        for name in ("If-Match", "If-None-Match", "If-Modified-Since", "If-None-Exist"):
            if name in headers:
                request[name[0].lower() + name[1:].replace("-", "")] = headers.pop(name)
        alone = self.method == "HEAD" or self.pages or self.path in ("", "metadata")
        if headers or alone or self.content_type == FORM:
            return None
        if self.content_type == JSON_PATCH:
            data = base64.b64encode(json.dumps(self.body).encode()).decode()
            return {
                "request": request,
                "resource": {"resourceType": "Binary", "contentType": JSON_PATCH, "data": data},
            }
        return {"request": request} | ({"resource": self.body} if self.body is not None else {})


def get(path: str, **more) -> Way:
    return Way("GET", path, **more)


def search_form(path: str, form: str, **more) -> Way:
    return Way("POST", path, form, FORM, **more)


def conditional(path: str, **headers) -> Way:
    return get(path, past=True, headers=named(headers))


def parameters(*given: tuple[str, str, Any]) -> dict:
    """A Parameters resource of (name, `valueCode` or `resource`, value)."""
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": name, kind: value} for name, kind, value in given],
    }


def named(headers: dict[str, str]) -> dict[str, str]:
    """`If_Match` is a name in Python, `If-Match` one of HTTP."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


def patch(path: str, operations: list, **headers) -> Way:
    return Way("PATCH", path, operations, JSON_PATCH, named(headers))


def write(method: str, path: str, body: dict | None = None, **headers) -> Way:
    return Way(method, path, body, headers=named(headers))


def silent(way: Way) -> Way:
    return replace(way, silent=True)


def bundle(kind: str, *entries: dict) -> Way:
    return Way("POST", "", {"resourceType": "Bundle", "type": kind, "entry": list(entries)})


def entry(method: str, url: str, resource: dict | None = None, **request) -> dict:
    asked = {"request": {"method": method, "url": url, **request}}
    return asked | ({"resource": resource} if resource else {})


def keyed(way: Way, key: str) -> Way:
    return replace(way, headers={**way.headers, "Idempotency-Key": key})
