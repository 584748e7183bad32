"""How many waited in a pool at each hour, told backwards from now."""

from datetime import UTC, datetime, timedelta

from tasks.pool_tiles import Changed, depths_at

NOW = datetime(2026, 11, 21, 10, 30, tzinfo=UTC)
MARKS = [datetime(2026, 11, 21, hour, tzinfo=UTC) for hour in range(4, 11)]
A, B = 1, 2


def version(task: str, number: int, hours: float, pool: int | None) -> Changed:
    return Changed(task, number, NOW - timedelta(hours=hours), pool)


def test_without_changes_it_was_always_as_it_is():
    assert depths_at(MARKS, {A: 3}, [], reach=MARKS[0]) == {A: [3] * 7}


def test_what_came_what_was_taken_and_what_moved():
    versions = [
        version("came", 1, 2.9, A),
        version("moved", 4, 40, A),
        version("moved", 5, 3.9, B),
        version("taken", 1, 9, A),
        version("taken", 2, 1.9, None),
        version("unknown", 1, 1, 99),
    ]
    found = depths_at(MARKS, {A: 1, B: 1}, versions, reach=MARKS[0])
    #         4  5  6  7  8  9 10
    assert found == {A: [2, 2, 2, 1, 2, 1, 1], B: [0, 0, 0, 1, 1, 1, 1]}


def test_hours_out_of_reach_are_not_guessed():
    found = depths_at(MARKS, {A: 1}, [version("t", 1, 1, A)], reach=MARKS[3])
    assert found == {A: [None, None, None, 0, 0, 0, 1]}


def test_a_count_that_moved_meanwhile_is_never_below_nothing():
    assert depths_at(MARKS, {A: 0}, [version("t", 1, 0.1, A)], reach=MARKS[0]) == {A: [0] * 7}
