"""What people read when something is refused or fails: what happened, what is safe, what to do."""

import logging
import re

import pytest
from django.db import OperationalError
from django.test import Client

from fhir.errors import DatabaseUnavailable, TooLarge
from tests.factories import owned_task

HTMX = {"HX-Request": "true"}


@pytest.fixture
def failing(monkeypatch):
    """failing(error) makes the page of people raise it."""

    def fail(error):
        def raises(*args, **kwargs):
            raise error

        monkeypatch.setattr("tasks.views.people.colleagues", raises)

    return fail


def people(client, **headers):
    client.raise_request_exception = False
    return client.get("/worklist/people", headers=headers)


def text_of(answer) -> str:
    """The words of the page, without tags."""
    text = answer.content.decode()
    assert "<script>" not in text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_a_page_of_another_role_says_what_is_missing(page, caplog):
    with caplog.at_level(logging.WARNING, "fhir.pages"):
        answer = page("nurse").get("/worklist/board")
    text = text_of(answer)
    assert answer.status_code == 403
    assert "You cannot open this page" in text
    assert re.search(r"Your roles: Practitioner, \w", text)
    assert "Needed: coordinator or admin" in text
    [reference] = re.findall(r"Reference (\w{4}-\w{4}) , recorded in the log", text)
    assert reference in caplog.text
    assert "no-store" in answer["Cache-Control"]


def test_a_task_out_of_reach_is_as_one_that_never_was(cast, page):
    theirs = owned_task(cast["physician"])["id"]
    nurse = page("nurse")
    hidden, unknown = nurse.get(f"/worklist/t/{theirs}"), nurse.get("/worklist/t/never-was")
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.content == unknown.content
    assert "There is no task here for you" in text_of(hidden)


@pytest.mark.parametrize(
    ("path", "title", "line"),
    [
        ("t/never-was", "There is no task here for you", "This task does not exist"),
        ("th/never-was", "There is no conversation here for you", ""),
        ("pool/never-was", "There is no page here for you", "This list is not one of yours"),
        ("nowhere/at/all", "There is no page here for you", "This page does not exist"),
    ],
)
def test_what_is_not_there_is_called_what_its_address_names(page, path, title, line):
    answer = page("nurse").get(f"/worklist/{path}")
    assert answer.status_code == 404
    assert title in text_of(answer) and line in text_of(answer)


def test_a_failure_has_a_reference_that_the_log_has_too(page, failing, caplog):
    failing(RuntimeError("Okonkwo"))
    with caplog.at_level(logging.ERROR, "fhir.pages"):
        answer = people(page("nurse"))
    assert answer.status_code == 500
    text = text_of(answer)
    [reference] = re.findall(r"this reference: (\w{4}-\w{4})\.", text)
    assert "What you sent was not saved; nothing else is lost. Try again." in text
    assert f"/worklist/people failed: {reference}" in caplog.text
    assert "Okonkwo" not in text


def test_a_database_that_is_gone_is_said_without_asking_it(page, failing):
    failing(OperationalError("gone"))
    answer = people(page("nurse"))
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    text = text_of(answer)
    assert "The database does not answer" in text
    assert "Nothing was changed" in text
    assert "Try again in 2 s." in text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError(), 500),
        (OperationalError(), 503),
        (DatabaseUnavailable(), 503),
        (TooLarge(), 413),
    ],
)
def test_what_asked_a_part_gets_a_toast_and_keeps_its_page(page, failing, error, status):
    failing(error)
    answer = people(page("nurse"), **HTMX)
    assert answer.status_code == status
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("body", "beforeend")
    assert answer.content.decode().strip().startswith('<div class="toast" role="alert"')


@pytest.mark.parametrize(("path", "status"), [("board", 403), ("nowhere", 404)])
def test_so_does_what_is_forbidden_or_missing(page, path, status):
    answer = page("nurse").get(f"/worklist/{path}", headers=HTMX)
    assert (answer.status_code, answer["HX-Retarget"]) == (status, "body")


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_a_form_of_before_the_last_sign_in_says_so(cast, headers):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast["nurse"].user, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post("/worklist/claim-next", headers=headers)
    assert answer.status_code == 403
    text = text_of(answer)
    assert "Nothing was sent. Go back, load the page again" in text
    assert headers or "This page was open too long" in text


def test_a_request_that_django_cannot_read_gets_a_page(client):
    answer = client.get("/accounts/login/", headers={"Host": "nobody.example"})
    assert answer.status_code == 400
    assert "This request cannot be read" in text_of(answer)
    api = client.get("/api/fhir/Task", headers={"Host": "nobody.example"})
    assert api.status_code == 400
    assert api.json()["resourceType"] == "OperationOutcome"


def test_a_failure_before_anybody_is_known_is_a_page_too(client, monkeypatch):
    monkeypatch.setattr("accounts.views.SignIn.get", lambda *args, **kwargs: 1 / 0)
    client.raise_request_exception = False
    answer = client.get("/accounts/login/")
    assert answer.status_code == 500
    assert "The server could not answer" in text_of(answer)
