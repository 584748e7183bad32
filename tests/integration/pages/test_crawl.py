"""What holds of every page and of every form, found by going to every page and sending every form."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import StringIO
from urllib.parse import unquote

import pytest
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest
from django.test import Client
from django.test.html import Element
from django.urls import get_resolver

from config.logs import PrivateFormatter
from tasks import assets
from tests.browser import clinic
from tests.integration.pages.crawling import (
    Page,
    Sent,
    attribute,
    below,
    crawl,
    is_off,
    route_of,
    send_all,
    undone,
    words,
)
from tests.integration.pages.states import every_state, signed_in
from tests.integration.pages.test_threads import FAMILY

pytestmark = pytest.mark.django_db
ROLES = ("nurse", "physician", "coordinator", "auditor", "admin")
NAMES = [*clinic.CANARIES, FAMILY]
"""Of patients; no page may have them in its address, its title, or anything that the browser keeps."""
WORDS = (None, "text", "search", "tel", "email")
"""Types of fields that take any words."""
NOT_BY_A_FORM = {
    "accounts:active": "a script says that somebody is there",
    "tasks:similar": "a script asks for it while a new task is written; sending asks by itself",
    "tasks:asked": "a script asks what else is asked; saving the answers asks by itself",
}
"""Routes that take a POST which no form of these pages sends, and why."""


@dataclass(frozen=True)
class Crawled:
    pages: list[Page]
    sent: list[Sent]
    logged: str

    @property
    def answers(self) -> list[Page]:
        return self.pages + [page for each in self.sent for page in each.answers]


@pytest.fixture(scope="module")
def people(django_db_setup, django_db_blocker):
    """Everybody of the clinic, with work in every state; what is done to it is undone at the end."""
    with django_db_blocker.unblock(), undone():
        yield every_state()


@pytest.fixture(scope="module")
def crawled(people):
    """crawled(name) → all that one of the people can reach by links, and what her forms did."""
    return cache(lambda name: _crawled(signed_in(people[name])))


def _crawled(client: Client) -> Crawled:
    written = StringIO()
    handler, root = logging.StreamHandler(written), logging.getLogger()
    handler.setFormatter(PrivateFormatter())
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        pages = crawl(client, "/worklist/", *_what_is_searched(client))
        return Crawled(pages, send_all(client, pages), written.getvalue())
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def _what_is_searched(client: Client) -> Iterator[str]:
    """Where a name that is typed leads to, and a list that is narrowed to a patient."""
    for path, typed in (
        ("search", {"q": "Okonkwo"}),
        ("patient", {"list": "my", "patient": "Patient/okonkwo"}),
    ):
        answer = client.post(f"/worklist/{path}", typed)
        if answer.status_code == 303:
            yield answer["Location"]


@pytest.mark.parametrize("name", ROLES)
def test_every_page_is_safe_to_look_at(crawled, name):
    found = crawled(name)
    assert len({route_of(each.path) for each in found.pages}) > 15
    assert [each.path for each in found.pages if each.response.status_code not in (200, 302)] == []
    problems = {
        f"{check.__name__[1:]}: {each.path}: {problem}"
        for each in found.answers
        for check in CHECKS
        for problem in check(each)
    }
    problems |= {f"the log names {each}" for each in NAMES if each in found.logged}
    assert not problems, "\n".join(sorted(problems))


@pytest.mark.parametrize("name", ROLES)
def test_every_form_works_without_scripts(crawled, name):
    problems = [
        f"{each.form}: {problem}" for each in crawled(name).sent for problem in _refused(each)
    ]
    assert not problems, "\n".join(problems)


def test_every_route_that_takes_a_post_has_a_form(posted_to, crawled):
    sent = {each.form.route for name in ROLES for each in crawled(name).sent}
    assert posted_to.keys() - sent == NOT_BY_A_FORM.keys()


def test_no_address_that_forms_are_sent_to_is_a_dead_end(people, posted_to):
    """A page that says what was refused stands there; she loads it again, or comes back to it."""
    client = signed_in(people["admin"])
    ended = {name for name, path in posted_to.items() if client.get(path).status_code == 405}
    assert ended == {"accounts:active", "accounts:lock", "accounts:logout"}, "these refuse nothing"


@pytest.fixture
def posted_to(people) -> dict[str, str]:
    """Each route that takes a POST, and an address of it."""
    client = signed_in(people["admin"])
    client.raise_request_exception = False
    return {name: path for name, path in _routes() if _takes_a_post(client, path)}


def _routes() -> Iterator[tuple[str, str]]:
    for prefix in ("tasks", "accounts"):
        start, resolver = get_resolver().namespace_dict[prefix]
        for name in filter(lambda name: isinstance(name, str), resolver.reverse_dict):
            [(pattern, arguments), *_more] = resolver.reverse_dict.getlist(name)[0][0]
            yield f"{prefix}:{name}", f"/{start}{pattern % dict.fromkeys(arguments, '1')}"


def _takes_a_post(client: Client, path: str) -> bool:
    with undone():
        return client.post(path).status_code != 405


def _refused(sent: Sent):
    """A form leads to a page, or its answer is one that says what is wrong."""
    answer, shown = sent.answers[0], sent.shown
    status = answer.response.status_code
    if answer.leads_to:
        if status != 303:
            yield f"leads elsewhere by {status}"
        if shown.response.status_code != 200 and not _is_locked(shown):
            yield f"leads to {shown.path}: {shown.response.status_code}"
    elif status not in (200, 400, 409, 412, 422) and not _is_locked(shown):
        yield f"{status} {answer.response.exc_info if status == 500 else ''}"
    if not shown.is_whole:
        yield "no whole page"
    elif status >= 400 and not any(_says_what_is_wrong(each) for each in shown.elements):
        yield f"{status} without a word"


def _is_locked(page: Page) -> bool:
    """403, as whatever is asked of a locked session, with the way back in."""
    forms = {each.route for each in page.forms()}
    return page.response.status_code == 403 and forms == {"accounts:unlock", "accounts:logout"}


def _says_what_is_wrong(element: Element) -> bool:
    """Beside what was sent, or as the title of a page of its own."""
    says = attribute(element, "role") == "alert" or element.name == "h1"
    return says and bool(words(element))


def _nobody_keeps_it(page: Page):
    kept = page.response.headers.get("Cache-Control", "")
    if not page.leads_to and "no-store" not in kept:
        yield kept


def _its_title_names_nobody(page: Page):
    yield from (each for each in NAMES if each in page.title)
    if page.is_whole and not page.title:
        yield "no title"


def _its_addresses_name_nobody(page: Page):
    for address in (page.path, *page.addresses()):
        yield from (address for each in NAMES if each in unquote(address))


def _nothing_that_is_typed_goes_into_an_address(page: Page):
    for form in (each for each in page.elements if each.name == "form"):
        if (attribute(form, "method") or "get").lower() == "get":
            for each in below(form):
                words_in = each.name == "input" and attribute(each, "type") in WORDS
                if each.name == "textarea" or words_in:
                    yield attribute(each, "name")


def _the_browser_is_told_of_nobody(page: Page):
    """In no header, of which cookies are some; what messages are kept in is packed."""
    told = [f"{name}: {value}" for name, value in page.response.headers.items()]
    told += [each.OutputString() for each in page.response.cookies.values()]
    if kept := page.response.cookies.get("messages"):
        asked = HttpRequest()
        asked.COOKIES["messages"] = kept.value
        told += [each.message for each in CookieStorage(asked)]
    yield from (each for each in told for name in NAMES if name in unquote(each))


def _what_is_off_says_why(page: Page):
    for each in filter(is_off, page.elements):
        told = (attribute(each, "aria-describedby") or "").split()
        reasons = [words(page.by_id[name]) for name in told if name in page.by_id]
        reasons += [words(inner) for inner in below(each) if inner.name == "small"]
        if not any(reasons):
            yield words(each) or attribute(each, "aria-label")


def _nothing_loses_focus_by_being_disabled(page: Page):
    for each in page.elements:
        if each.name == "button" and attribute(each, "disabled") is not None:
            yield words(each)


def _forms_are_protected(page: Page):
    for form in page.forms():
        if page.is_whole and not form.has_token:
            yield form.action


def _nothing_runs_in_the_page(page: Page):
    for each in page.elements:
        if each.name == "script" and not attribute(each, "src"):
            if attribute(each, "type") != "application/json":
                yield "a script in the page"
        for name, value in each.attributes:
            if re.match(r"on|hx-on|style$", name) or (value or "").startswith(
                ("js:", "javascript:")
            ):
                yield f"{each.name} {name}"


CHECKS = (
    _nobody_keeps_it,
    _its_title_names_nobody,
    _its_addresses_name_nobody,
    _nothing_that_is_typed_goes_into_an_address,
    _the_browser_is_told_of_nobody,
    _what_is_off_says_why,
    _nothing_loses_focus_by_being_disabled,
    _forms_are_protected,
    _nothing_runs_in_the_page,
)


def test_the_scripts_keep_nothing_in_the_browser():
    script, _ = assets.asset("board.js")
    kept = re.findall(
        r"\b(localStorage|sessionStorage|indexedDB|document\.cookie|caches)\b", script
    )
    assert kept == []
