"""A reader of pages without scripts: follows links, looks at every element, and sends every form.

Pages are read by Django's own parser, which takes no HTML that is not well-formed.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.test.client import MULTIPART_CONTENT
from django.test.html import Element, parse_html
from django.urls import Resolver404, resolve

OURS = ("/worklist", "/accounts")
EACH_ITS_OWN = ("tasks:task", "tasks:thread", "tasks:pool", "tasks:facet", "tasks:handover")
"""Routes whose pages differ by what they are about: each of them is looked at."""
SHOWS = ("ask", "tab")
"""Names in an address of which each value shows something else."""
REDIRECTS = (301, 302, 303, 307, 308)
CONTROLS = ("input", "select", "textarea", "button")
FILLED = {
    "hidden": "", "search": "", "date": "2030-01-31", "datetime-local": "2030-01-31T09:00", "time": "09:00",
    "number": "3", "password": "not the password",
}  # fmt: skip
"""What is typed into a field of a kind that is empty."""
TICKED = ("radio", "checkbox")
ABOUT = ("version", "patient", "message", "snippet")
"""Names of buttons whose value says what they are about, rather than what they do."""


@dataclass(frozen=True)
class Page:
    """Whatever was answered at an address; only HTML has elements."""

    path: str
    response: HttpResponse

    @cached_property
    def elements(self) -> list[Element]:
        if not self.response.headers.get("Content-Type", "").startswith("text/html"):
            return []
        return list(below(parse_html(self.response.content.decode())))

    @cached_property
    def by_id(self) -> dict[str, Element]:
        return {found: each for each in self.elements if (found := attribute(each, "id"))}

    @cached_property
    def title(self) -> str:
        return next((words(each) for each in self.elements if each.name == "title"), "")

    @cached_property
    def is_whole(self) -> bool:
        """A page by itself, rather than a part of one."""
        return b"<html" in self.response.content[:200]

    @property
    def leads_to(self) -> str | None:
        """Where a browser goes by itself."""
        if self.response.status_code not in REDIRECTS:
            return None
        return urljoin(self.path, self.response["Location"])

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
        """For each button that sends something, its form filled in, and as it stands.

        A button may name another address than its form, and stand elsewhere, as may a field.
        """
        controls = [each for each in self.elements if each.name in CONTROLS]
        for form in (each for each in self.elements if each.name == "form"):
            if (attribute(form, "method") or "get").lower() == "post":
                own = _controls_of(form, controls)
                for button in filter(_sends, own):
                    filled, stands = (Form(self, form, own, button, each) for each in (True, False))
                    yield from (filled, stands) if filled.values != stands.values else (filled,)


@dataclass(frozen=True, eq=False)
class Form:
    """A form as one of its buttons sends it: filled in, or as it stands."""

    page: Page
    element: Element
    controls: list[Element]
    button: Element
    is_filled: bool

    @cached_property
    def action(self) -> str:
        named = attribute(self.button, "formaction") or attribute(self.element, "action")
        return urljoin(self.page.path, named or self.page.path)

    @cached_property
    def values(self) -> dict[str, str]:
        """What a browser would send; of boxes with one name one is ticked."""
        values: dict[str, str] = {}
        for each in (*self.controls, self.button):
            name, value = attribute(each, "name"), self._value(each)
            if name and value is not None and attribute(each, "disabled") is None:
                if name not in values or attribute(each, "checked") is not None:
                    values[name] = value
        return values

    def _value(self, control: Element) -> str | None:
        if control.name == "button":
            return attribute(control, "value") or "" if control is self.button else None
        return _filled(control) if self.is_filled else _stands(control)

    @property
    def route(self) -> str:
        return route_of(self.action)

    @property
    def has_token(self) -> bool:
        return "csrfmiddlewaretoken" in self.values

    @property
    def kind(self) -> tuple:
        """What it has in common with those that differ in their values alone."""
        name, value = attribute(self.button, "name"), attribute(self.button, "value")
        said = name, None if name in ABOUT else value, is_off(self.button)
        return self.route, said, frozenset(self.values), self.is_filled

    def __str__(self):
        how = "" if self.is_filled else " as it stands"
        return f"{self.page.path} → {words(self.button)!r} {self.action}{how}"


@dataclass(frozen=True)
class Sent:
    """A form, and what a browser without scripts showed after it."""

    form: Form
    answers: list[Page]

    @property
    def shown(self) -> Page:
        return self.answers[-1]


def below(element: Element) -> Iterator[Element]:
    for child in element.children:
        if isinstance(child, Element):
            yield child
            yield from below(child)


def attribute(element: Element, name: str) -> str | None:
    """Its value, "" for one that has none, or None where it is not there."""
    for each, value in element.attributes:
        if each == name:
            return value or ""
    return None


def words(element: Element) -> str:
    """What it says."""
    parts = (words(each) if isinstance(each, Element) else each for each in element.children)
    return " ".join(" ".join(parts).split())


def is_off(element: Element) -> bool:
    return attribute(element, "aria-disabled") == "true"


def _sends(control: Element) -> bool:
    """One that is off sends too where no script keeps it from that."""
    return control.name == "button" and attribute(control, "type") in (None, "submit")


def _controls_of(form: Element, controls: list[Element]) -> list[Element]:
    """Those in it that name no other form, and those elsewhere that name it."""
    inside, name = {id(each) for each in below(form)}, attribute(form, "id")
    return [
        each
        for each in controls
        if attribute(each, "form") == (name or "")
        or (id(each) in inside and attribute(each, "form") is None)
    ]


def _stands(control: Element) -> str | None:
    """Its value as the page has it; None for what is not ticked, and for no file."""
    if control.name == "select":
        options = [each for each in below(control) if each.name == "option"]
        chosen = [each for each in options if attribute(each, "selected") is not None]
        return next((attribute(each, "value") for each in chosen + options), None)
    if control.name == "textarea":
        return words(control)
    if attribute(control, "type") in TICKED:
        return _ticked(control) if attribute(control, "checked") is not None else None
    return None if attribute(control, "type") == "file" else attribute(control, "value") or ""


def _filled(control: Element) -> str | None:
    """With something in what is empty, and whatever can be chosen or ticked."""
    if control.name == "select":
        options = [each for each in below(control) if each.name == "option"]
        return next(filter(None, (attribute(each, "value") for each in options)), None)
    kind = attribute(control, "type")
    if kind in TICKED:
        return _ticked(control)
    return None if kind == "file" else _stands(control) or FILLED.get(kind, "Some words")


def _ticked(box: Element) -> str:
    value = attribute(box, "value")
    return "on" if value is None else value


def route_of(path: str) -> str:
    try:
        return resolve(urlsplit(path).path).view_name
    except Resolver404:
        return ""


def crawl(client: Client, *starts: str) -> list[Page]:
    """Every kind of page that can be reached from some by links alone."""
    waiting, seen, known, pages = deque(starts), set(starts), set(), []
    while waiting:
        path = waiting.popleft()
        if (traits := _traits(path)) <= known:
            continue
        known |= traits
        page = Page(path, client.get(path))
        pages.append(page)
        found = [page.leads_to] if page.leads_to else page.links() if page.is_whole else []
        for link in found:
            if link not in seen and urlsplit(link).path.startswith(OURS):
                seen.add(link)
                waiting.append(link)
    return pages


def _traits(path: str) -> set:
    """What can make a page another than those seen: its route or subject, and each name asked for."""
    parts, route = urlsplit(path), route_of(path)
    subject = parts.path if route in EACH_ITS_OWN else route
    asked = parse_qsl(parts.query)
    return {subject} | {(route, name, value if name in SHOWS else "") for name, value in asked}


def send_all(client: Client, pages: list[Page]) -> list[Sent]:
    """Every kind of form of the pages, and of those that come only after one, such as to undo it.

    What each did is undone before the next is sent.
    """
    offered = {each.kind: each for page in reversed(pages) for each in page.forms()}
    known, sent = set(offered), []
    window = Client(enforce_csrf_checks=True, raise_request_exception=False)
    for form in offered.values():
        with undone():
            sent.append(_send(window, form, client.cookies))
            kept = deepcopy(window.cookies)
            for then in sent[-1].shown.forms():
                if then.kind not in known:
                    known.add(then.kind)
                    with undone():
                        sent.append(_send(window, then, kept))
    return sent


def _send(window: Client, form: Form, cookies: SimpleCookie) -> Sent:
    """As a browser would that keeps these cookies: then it goes where it is sent to."""
    window.cookies = deepcopy(cookies)
    came_from = {"Referer": f"http://testserver{form.page.path}"}
    data, kind = urlencode(form.values), "application/x-www-form-urlencoded"
    if attribute(form.element, "enctype") == "multipart/form-data":
        data, kind = form.values, MULTIPART_CONTENT
    response = window.post(form.action, data, kind, headers=came_from)
    answers = [Page(form.action, response)]
    while answers[-1].leads_to and len(answers) < 5:
        answers.append(Page(answers[-1].leads_to, window.get(answers[-1].leads_to)))
    return Sent(form, answers)


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
