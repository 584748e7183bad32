"""Inside `reading` a lookup is made once, and outside of it each time."""

import pytest

from fhir import once
from fhir.once import reading


@pytest.fixture
def lookup():
    asked = []

    @once.once
    def looked_up(*args, **named):
        asked.append((args, named))
        return len(asked)

    return looked_up


def test_outside_it_is_made_each_time(lookup):
    assert [lookup(1), lookup(1)] == [1, 2]


def test_inside_it_is_made_once_for_the_same_arguments(lookup):
    inner = reading(lambda: lookup(1))

    @reading
    def page():
        return [lookup(1), lookup(2), lookup(1, by=3), inner(), lookup(2)]

    assert page() == [1, 2, 3, 1, 2]
    assert page() == [4, 5, 6, 4, 5], "the next page asks anew"


def test_what_fails_leaves_nothing_behind(lookup):
    @reading
    def page():
        lookup(1)
        raise LookupError

    with pytest.raises(LookupError):
        page()
    assert lookup(1) == 2


def test_findings_are_kept_by_their_key():
    @reading
    def page():
        once.found("names")["a"] = 1
        return once.found("names"), once.found("others")

    assert page() == ({"a": 1}, {})
    assert once.found("names") == {}


def test_who_changes_it_has_it_looked_up_again(lookup):
    @reading
    def write():
        first = lookup(1)
        lookup.cache_clear()
        return first, lookup(1)

    assert write() == (1, 2)
    lookup.cache_clear()
