"""Tokens for what no URL may tell."""

from django.contrib.sessions.backends.cache import SessionStore
from django.test import RequestFactory

from tasks.secret_filters import MOST, keep, kept

MINA = "Patient/mina"


def asked(session=None):
    request = RequestFactory().get("/worklist/my")
    request.session = SessionStore() if session is None else session
    return request


def test_a_token_tells_nothing_and_stands_for_its_value():
    request = asked()
    token = keep(request, "patient", MINA)
    assert "mina" not in token and len(token) > 20
    assert kept(request, "patient", token) == MINA
    assert keep(request, "patient", MINA) == token
    assert keep(request, "patient", "Patient/other") != token


def test_it_is_of_one_kind_and_one_session():
    request = asked()
    token = keep(request, "patient", MINA)
    assert kept(request, "search", token) is None
    assert kept(request, "patient", "made-up") is None
    assert kept(asked(), "patient", token) is None


def test_the_oldest_goes_when_there_are_too_many():
    request = asked()
    first, second = keep(request, "patient", "one"), keep(request, "patient", "two")
    assert keep(request, "patient", "one") == first
    for number in range(MOST - 1):
        keep(request, "patient", str(number))
    assert kept(request, "patient", first) == "one"
    assert kept(request, "patient", second) is None
