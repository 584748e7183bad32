"""The connection that a request finds from the one before."""

import pytest
from django.db import connection

from tests.faults import statements


@pytest.fixture
def kept(db):
    """A connection of its own, which an earlier request has used, and its number in PostgreSQL."""
    kept = connection.copy()
    with kept.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        [number] = cursor.fetchone()
    yield kept, number
    kept.close()


def test_one_that_nobody_has_ended_is_used_without_a_question(kept):
    with statements() as told:
        assert kept[0].is_usable()
    assert told.sent == 0


def test_one_that_the_server_has_ended_is_not(kept):
    wrapper, number = kept
    with connection.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(%s, 5000)", [number])
    assert not wrapper.is_usable()


def test_the_next_request_after_that_has_a_new_one(kept):
    wrapper, number = kept
    wrapper.health_check_enabled = True
    with connection.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(%s, 5000)", [number])
    wrapper.close_if_unusable_or_obsolete()
    with wrapper.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        assert cursor.fetchone() != (number,)


def test_one_on_which_something_was_said_is_asked_once(kept):
    wrapper, other = kept[0], connection.copy()
    with wrapper.cursor() as listener, other.cursor() as speaker:
        listener.execute("listen said")
        speaker.execute("notify said")
    other.close()
    for asked in (1, 0):
        with statements() as told:
            assert wrapper.is_usable()
        assert told.sent == asked


def test_one_whose_transaction_failed_is_not(kept):
    wrapper, _number = kept
    wrapper.set_autocommit(False)
    with pytest.raises(Exception, match="division by zero"), wrapper.cursor() as cursor:
        cursor.execute("select 1 / 0")
    assert not wrapper.is_usable()


def test_none_at_all_and_one_that_is_closed_are_not(kept):
    wrapper, _number = kept
    wrapper.connection.close()
    assert not wrapper.is_usable()
    wrapper.connection = None
    assert not wrapper.is_usable()
