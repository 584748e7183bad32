"""The lifecycle of a Task as steps, from its versions."""

from datetime import UTC, datetime, timedelta

import pytest

from tasks.history import Version, steps
from tasks.transitions import Status

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
ME = "Practitioner/maya"


def versions(*documents: dict, actor: str = ME) -> list[Version]:
    return [
        Version(n, START + timedelta(minutes=n), actor, "update", 1, {"intent": "order"} | document)
        for n, document in enumerate(documents, 1)
    ]


def shown(*documents: dict) -> list[tuple[str, str]]:
    return [(step.label, step.state) for step in steps(versions(*documents))]


def test_the_path_with_what_is_done_now_and_to_come():
    assert shown({"status": "requested"}, {"status": "accepted"}) == [
        ("Requested", "done"),
        ("Accepted", "now"),
        ("In progress", ""),
        ("Completed", ""),
    ]
    assert steps([]) == []


def test_received_stands_there_only_when_it_occurred():
    assert ("Received", "done") in shown(
        {"status": "requested"}, {"status": "received"}, {"status": "in-progress"}
    )


def test_draft_and_ready_are_the_first_step_under_their_own_name():
    assert shown({"status": "ready"})[0] == ("Ready", "now")
    assert shown({"status": "draft"}, {"status": "in-progress"})[0] == ("Draft", "done")


def test_what_left_the_path_stands_where_it_left_it():
    assert shown({"status": "requested"}, {"status": "cancelled"}) == [
        ("Requested", "done"),
        ("Cancelled", "now"),
    ]
    held = shown({"status": "on-hold", "owner": {"reference": ME}})
    assert held[:3] == [("Requested", "done"), ("Accepted", "done"), ("On hold", "now")]


@pytest.mark.parametrize("status", Status.values)
def test_every_status_has_exactly_one_step_that_is_now(status):
    assert [state for _, state in shown({"status": status})].count("now") == 1
