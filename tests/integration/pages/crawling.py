"""A reader of pages without scripts: follows links, looks at every element, and sends every form.

Pages are read by Django's own parser, which takes no HTML that is not well-formed.
"""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qsl, urljoin, urlsplit

from django.http import HttpResponse
from django.test import Client
from django.test.html import Element, parse_html
from django.urls import Resolver404, resolve

OURS = ("/worklist", "/accounts")
ALIKE = 2
"""How many pages of one route with the same names in the query are looked at."""
EACH_ITS_OWN = ("tasks:task", "tasks:thread")
"""Routes whose pages differ by what they are about: each of them is looked at."""


@dataclass(frozen=True)
class Page:
    path: str
    response: HttpResponse

    @cached_property
    def elements(self) -> list[Element]:
        return list(below(parse_html(self.response.content.decode())))

    @cached_property
    def by_id(self) -> dict[str, Element]:
        return {found: each for each in self.elements if (found := attribute(each, "id"))}

    @property
    def title(self) -> str:
        return next((words(each) for each in self.elements if each.name == "title"), "")

    def addresses(self) -> Iterator[str]:
        """Whatever this page may ask the server for."""
        for each in self.elements:
            for name, value in each.attributes:
                if name in ("href", "src", "action", "formaction", "hx-get", "hx-post") and value:
                    yield urljoin(self.path, value)

    def links(self) -> Iterator[str]:
        for each in self.elements:
            for name in ("href", "hx-get"):
                if each.name != "link" and (value := attribute(each, name)):
                    yield urljoin(self.path, value).partition("#")[0]

    def forms(self) -> Iterator["Form"]:
        """One for each button that sends something: it may name another address than its form."""
        controls = [each for each in self.elements if each.name in FIELDS]
        for form in (each for each in self.elements if each.name == "form"):
            if (attribute(form, "method") or "get").lower() != "post":
                continue
            inside = set(map(id, below(form)))
            own = [
                each for each in controls
                if attribute(each, "form") == (attribute(form, "id") or None)
                or (id(each) in inside and attribute(each, "form") is None)
            ]  # fmt: skip
            buttons = [each for each in own if each.name == "button" and _sends(each)]
            for button in buttons:
                to = attribute(button, "formaction") or attribute(form, "action") or self.path
                yield Form(self, urljoin(self.path, to), _values(own, button))


@dataclass(frozen=True)
class Form:
    page: Page
    action: str
    values: list[tuple[str, str]] = field(hash=False)

    @property
    def route(self) -> str:
        return route_of(self.action)

    @property
    def has_token(self) -> bool:
        return any(name == "csrfmiddlewaretoken" for name, _ in self.values)


FIELDS = ("input", "select", "textarea", "button")


def below(element: Element) -> Iterator[Element]:
    for child in element.children:
        if isinstance(child, Element):
            yield child
            yield from below(child)


def attribute(element: Element, name: str) -> str | None:
    """Its value, "" for one that has none, or None where it is not there."""
    return next((value or "" for each, value in element.attributes if each == name), None)


def words(element: Element) -> str:
    """What it says."""
    parts = (words(each) if isinstance(each, Element) else each for each in element.children)
    return " ".join(" ".join(parts).split())


def _sends(button: Element) -> bool:
    return attribute(button, "type") in (None, "submit") and not is_off(button)


def is_off(element: Element) -> bool:
    return attribute(element, "aria-disabled") == "true"


def _values(controls: list[Element], button: Element) -> list[tuple[str, str]]:
    """What a browser would send, with something in every field that is empty."""
    values, chosen = [], set()
    for each in controls:
        name, kind = attribute(each, "name"), attribute(each, "type")
        if not name or each.name == "button" or attribute(each, "disabled") is not None:
            continue
        if each.name == "select":
            options = [child for child in below(each) if child.name == "option"]
            codes = [code for option in options if (code := attribute(option, "value"))]
            values += [(name, code) for code in codes[:1]]
        elif kind in ("radio", "checkbox"):
            if name not in chosen and not is_off(each):
                chosen.add(name)
                values.append((name, attribute(each, "value") or "on"))
        else:
            values.append((name, attribute(each, "value") or FILLED.get(kind, "Some words")))
    if name := attribute(button, "name"):
        values.append((name, attribute(button, "value") or ""))
    return values


FILLED = {
    "hidden": "", "date": "2030-01-31", "datetime-local": "2030-01-31T09:00", "time": "09:00",
    "number": "3", "password": "not the password", "search": "zzz",
}  # fmt: skip


def route_of(path: str) -> str:
    try:
        return resolve(urlsplit(path).path).view_name
    except Resolver404:
        return ""


def crawl(client: Client, start: str) -> list[Page]:
    """Every kind of page that can be reached from one by links alone."""
    waiting, seen, kinds, pages = deque([start]), {start}, Counter(), []
    while waiting:
        path = waiting.popleft()
        parts = urlsplit(path)
        route = route_of(path)
        # A task's page is looked at once; of other pages some that differ in their address alone.
        which, most = (parts.path, 1) if route in EACH_ITS_OWN else (route, ALIKE)
        kind = (which, frozenset(name for name, _ in parse_qsl(parts.query)))
        kinds[kind] += 1
        if kinds[kind] > most:
            continue
        response = client.get(path)
        if response.status_code in (302, 303):
            found = [urljoin(path, response["Location"])]
        elif response["Content-Type"].startswith("text/html"):
            pages.append(Page(path, response))
            found = pages[-1].links() if is_whole(response) else []
        else:
            found = []
        for link in found:
            if link not in seen and urlsplit(link).path.startswith(OURS):
                seen.add(link)
                waiting.append(link)
    return pages


def is_whole(response: HttpResponse) -> bool:
    """A page by itself, rather than a part of one."""
    return b"<html" in response.content[:200]
