"""What holds of every page that links lead to, in every window: see looking.py."""

import re
from collections import deque
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.browser.looking import problems_of
from tests.factories import Person
from tests.integration.pages.crawling import EACH_ITS_OWN, route_of
from tests.integration.pages.states import every_state, signed_in

LINK = re.compile(r'href="(/(?:worklist|accounts)/[^"#]*|\?[^"#]*)')
ELEMENT = re.compile(r'<\w+(?: [^>]*?)?class="[^"]*"')
LOOKS = ("mode", "by", "tab", "column", "ask", "step")
"""What in a query shows a page in another way, rather than more or less of it."""
PARTS = {"tasks:task": "#detail"}
"""Of these pages what is new; what stands around it is looked at by itself."""


@pytest.fixture
def people(transactional_db) -> dict[str, Person]:
    return every_state()


@pytest.fixture
def paths(people):
    """paths(role, others) → where there is what the others do not see: enough for all its elements."""

    def chosen(role: str, others: list[str]) -> Iterator[str]:
        clients, shown = [signed_in(people[each]) for each in others], set()
        found = {path: _kinds(path, answer) for path, answer in _reached(signed_in(people[role]))}
        for path in sorted(found, key=lambda each: len(found[each]), reverse=True):
            if found[path] - shown and all(each.get(path).status_code != 200 for each in clients):
                shown |= found[path]
                yield path

    return chosen


def _reached(client: Client) -> Iterator[tuple[str, HttpResponse]]:
    """One page of each route in each of its looks, by links alone."""
    waiting, seen = deque(["/worklist/", "/accounts/password/"]), set()
    while waiting:
        path = waiting.popleft()
        if (kind := _kind(path)) in seen:
            continue
        seen.add(kind)
        answer = client.get(path)
        if answer.status_code in (302, 303):
            waiting.append(urljoin(path, answer["Location"]))
        elif answer["Content-Type"].startswith("text/html") and b"<html" in answer.content[:200]:
            links = LINK.findall(answer.content.decode())
            waiting.extend(urljoin(path, unescape(each)) for each in links)
            yield path, answer


def _kind(path: str) -> tuple:
    route, parts = route_of(path), urlsplit(path)
    said = parse_qs(parts.query)
    looks = tuple((name, *said[name]) for name in LOOKS if name in said)
    return route, parts.path if route in EACH_ITS_OWN else "", looks


def _kinds(path: str, answer: HttpResponse) -> set[tuple[str, str]]:
    """Elements of one kind look alike on all pages of a route."""
    return {(route_of(path), each) for each in ELEMENT.findall(answer.content.decode())}


@pytest.mark.parametrize(
    ("role", "others", "part"),
    [
        ("nurse", [], slice(0, None, 2)),
        ("nurse", [], slice(1, None, 2)),
        ("coordinator", ["nurse"], slice(None)),
        ("admin", ["nurse", "coordinator"], slice(None)),
        ("physician", ["nurse", "coordinator", "admin"], slice(None)),
    ],
    ids=["nurse", "nurse-too", "coordinator", "admin", "physician"],
)
def test_every_page_in_every_window(visit, paths, role, others, part):
    page, problems = visit(role, "/worklist/my"), {}
    for path in list(paths(role, others))[part]:
        page.goto(path)
        for each in problems_of(page, PARTS.get(route_of(path), "main")):
            problems.setdefault(each, path)
    assert not problems, "\n".join(f"{path} {each}" for each, path in problems.items())
