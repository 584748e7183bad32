"""fhir.feed: every version has a number without gaps, and no follower misses one."""

import threading

import pytest
from django.db import connection, transaction

from fhir import actions, feed, loops, sql
from fhir.actor import SYSTEM
from tests.factories import task_document

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def start() -> int:
    """The last number of what a new database holds."""
    feed.number_changes()
    return feed.latest()


@pytest.fixture
def followers(monkeypatch):
    """No followers but those of the test."""
    monkeypatch.setattr(feed, "_followers", {})
    monkeypatch.setattr(feed, "_asleep", {})


def write() -> str:
    return actions.create("Task", task_document(), actor=SYSTEM).reference


def numbered(start: int) -> list[tuple[int, str]]:
    return [(each.number - start, each.reference) for each in feed.changes(start, 1000)]


def follow_from(name: str, number: int) -> None:
    sql.rows("insert into fhir_feedcursor (name, number) values (%s, %s)", (name, number))


def test_versions_get_numbers_without_gaps_in_their_order(start):
    made = [write() for _ in range(3)]
    assert feed.number_changes() == 3
    made.append(write())
    assert feed.number_changes() == 1
    assert feed.number_changes() == 0
    assert numbered(start) == list(enumerate(made, start=1))
    assert feed.latest() == start + 4


def test_a_limit_leaves_the_rest_for_the_next_time(start):
    made = [write() for _ in range(3)]
    assert feed.number_changes(limit=2) == 2
    assert feed.number_changes(limit=2) == 1
    assert numbered(start) == list(enumerate(made, start=1))


def test_what_commits_late_comes_late_and_is_not_skipped(start):
    holds, go_on = threading.Event(), threading.Event()
    late = []

    def slow_writer():
        try:
            with transaction.atomic():
                late.append(write())
                holds.set()
                go_on.wait(30)
        finally:
            connection.close()

    writer = threading.Thread(target=slow_writer)
    writer.start()
    assert holds.wait(30)
    early = write()
    assert feed.number_changes() == 0, "one that runs may still come before the settled one"
    go_on.set()
    writer.join(30)
    assert feed.number_changes() == 2
    assert {reference for _, reference in numbered(start)} == {*late, early}


def test_a_failed_transaction_leaves_no_gap(start):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write()
        _ = 1 / 0
    made = write()
    feed.number_changes()
    assert numbered(start) == [(1, made)]


def test_two_who_number_at_once_number_everything_once(start):
    made = {write() for _ in range(20)}

    def number():
        try:
            while feed.number_changes(limit=3):
                pass
        finally:
            connection.close()

    threads = [threading.Thread(target=number) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert [number for number, _ in numbered(start)] == list(range(1, 21))
    assert {reference for _, reference in numbered(start)} == made


def test_a_restored_backup_goes_on_counting(start):
    """Its transaction ids are of another cluster, and higher than those of this one."""
    before = [write(), write()]
    feed.number_changes()
    before.append(write())  # not numbered when the backup was made
    sql.rows("update fhir_resourceversion set transaction = 1000000000000")
    sql.rows("update fhir_numbering set system_identifier = 1, transaction = 1000000000000")
    assert feed.number_changes() == 1
    after = write()
    assert feed.number_changes() == 1
    assert numbered(start) == list(enumerate([*before, after], start=1))


def test_the_first_numbering_misses_nothing_that_savepoints_wrote(start):
    """PostgreSQL gives the row of a savepoint another transaction id than the one it names."""
    made = [write()]
    with transaction.atomic(), transaction.atomic():
        made.append(write())
    sql.rows("delete from fhir_numbering")
    sql.rows("delete from fhir_change")
    feed.number_changes()
    made.append(write())
    feed.number_changes()
    assert [each.reference for each in feed.changes(0, 1000)][-3:] == made
    assert feed.latest() == sql.rows("select count(*) from fhir_resourceversion")[0][0]


def test_a_deletion_has_a_number_and_no_document(start):
    made = write()
    actions.delete("Task", made.removeprefix("Task/"), actor=SYSTEM)
    feed.number_changes()
    created, deleted = feed.changes(start, 10)
    assert created.parsed()["id"] == deleted.resource_id
    assert (deleted.interaction, deleted.document) == ("delete", "")


def test_changes_of_some_types_keep_their_numbers(start):
    write()
    patient = actions.create("Patient", {"resourceType": "Patient"}, actor=SYSTEM)
    feed.number_changes()
    [found] = feed.changes(start, 10, types=["Patient"])
    assert (found.number, found.reference) == (start + 2, patient.reference)


def test_a_follower_gets_each_change_once_and_in_order(followers, start):
    told = []
    feed.add_follower("new", lambda batch: told.append([c.reference for c in batch]), batch=2)
    write()
    feed.run_followers()
    assert told == [], "a new follower starts at the present end"
    made = [write() for _ in range(3)]
    while feed.run_followers():
        pass
    assert told == [made[:2], made[2:]]


def test_a_follower_may_begin_at_the_start(followers, start):
    told = []
    feed.add_follower("all", told.extend, from_start=True)
    made = write()
    while feed.run_followers():
        pass
    assert [change.number for change in told] == list(range(1, start + 2))
    assert told[-1].reference == made


def test_what_a_failing_follower_wrote_is_not_kept_and_the_changes_come_again(followers, start):
    seen = []

    def fails_once(batch):
        seen.append([change.reference for change in batch])
        write()
        if len(seen) == 1:
            raise RuntimeError

    feed.add_follower("fails", fails_once)
    follow_from("fails", start)
    made = write()
    feed.number_changes()
    with pytest.raises(RuntimeError):
        feed.follow("fails")
    feed.number_changes()
    assert feed.latest() == start + 1
    assert feed.follow("fails") == 1
    assert seen == [[made], [made]]


def test_a_failing_follower_holds_up_no_other(followers, caplog, start):
    told = []

    def fails(batch):
        raise RuntimeError("what a patient wrote")

    for name, handle in (("fails", fails), ("works", told.extend)):
        feed.add_follower(name, handle)
        follow_from(name, start)
    made = write()
    feed.run_followers()
    assert [change.reference for change in told] == [made]
    assert "The follower fails failed" in caplog.text


def test_a_follower_that_another_worker_runs_is_left_to_it(followers, start):
    told = []
    feed.add_follower("one", told.extend)
    follow_from("one", start)
    write()
    feed.number_changes()
    holds, go_on = threading.Event(), threading.Event()

    def other_worker():
        try:
            with transaction.atomic():
                sql.rows("select * from fhir_feedcursor for update")
                holds.set()
                go_on.wait(30)
        finally:
            connection.close()

    other = threading.Thread(target=other_worker)
    other.start()
    assert holds.wait(30)
    assert feed.follow("one") == 0
    go_on.set()
    other.join(30)
    assert feed.follow("one") == 1


def test_a_loop_goes_on_after_a_failure_until_it_is_stopped(monkeypatch, caplog, start):
    stopping, calls = threading.Event(), []

    def step() -> bool:
        calls.append(None)
        if len(calls) == 1:
            raise RuntimeError("what a patient wrote")
        stopping.set()
        return False

    monkeypatch.setattr(loops, "_loops", {"loop": step})
    monkeypatch.setattr(loops, "PAUSE_AFTER_FAILURE", 0.01)
    [thread] = loops.start_all(stopping)
    thread.join(30)
    assert not thread.is_alive()
    assert len(calls) == 2
    assert "loop loop failed" in caplog.text
