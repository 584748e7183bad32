"""What holds of every page, found by going to every page."""

import logging
import re

import pytest

from tasks import assets
from tests.browser import clinic
from tests.integration.pages.crawling import (
    Page,
    attribute,
    below,
    crawl,
    is_off,
    is_whole,
    route_of,
    words,
)
from tests.integration.pages.states import every_state, signed_in

ROLES = ("nurse",)


@pytest.fixture
def people(db):
    return every_state()


@pytest.fixture
def pages(people):
    """pages(name) → all that she can reach by links."""
    return lambda name: crawl(signed_in(people[name]), "/worklist/")


@pytest.mark.parametrize("name", ROLES)
def test_every_page_is_safe_to_look_at(pages, name, caplog):
    with caplog.at_level(logging.DEBUG):
        found = pages(name)
    assert len({route_of(each.path) for each in found}) > 5
    problems = {
        f"{check.__name__[1:]}: {each.path}: {problem}"
        for each in found
        for check in CHECKS
        for problem in check(each)
    }
    assert not problems, "\n".join(sorted(problems))
    logged = " ".join(record.getMessage() for record in caplog.records)
    assert [each for each in clinic.CANARIES if each in logged] == []


def _it_answers(page: Page):
    if page.response.status_code != 200:
        yield page.response.status_code


def _nobody_keeps_it(page: Page):
    if "no-store" not in page.response.headers.get("Cache-Control", ""):
        yield page.response.headers.get("Cache-Control")


def _its_title_names_nobody(page: Page):
    yield from (each for each in clinic.CANARIES if each in page.title)
    if is_whole(page.response) and not page.title:
        yield "no title"


def _its_addresses_name_nobody(page: Page):
    for address in page.addresses():
        yield from (address for each in clinic.CANARIES if each in address)


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
        if is_whole(page.response) and not form.has_token:
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
    _it_answers,
    _nobody_keeps_it,
    _its_title_names_nobody,
    _its_addresses_name_nobody,
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
