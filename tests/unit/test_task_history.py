"""A Task's versions told in words, and its lifecycle as steps."""

from datetime import UTC, datetime, timedelta

import pytest

from tasks.history import Version, events, steps
from tasks.transitions import Status

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
ME = "Practitioner/maya"


def versions(*documents: dict, actor: str = ME) -> list[Version]:
    return [
        Version(n, START + timedelta(minutes=n), actor, "update", {"intent": "order"} | document)
        for n, document in enumerate(documents, 1)
    ]


def words(before: dict, after: dict) -> list[str]:
    told = events(versions({"status": "requested"} | before, {"status": "requested"} | after))
    return [event.words for event in told[:-1]]


OWNED = {"owner": {"reference": ME}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"status": "accepted"} | OWNED, ["claimed this task"]),
        ({"status": "accepted"} | OWNED, {}, ["released it to the pool"]),
        ({}, {"owner": {"reference": "Practitioner/x"}}, ["assigned it to"]),
        (OWNED, {"owner": {"reference": "Practitioner/x"}}, ["rerouted it to"]),
        (OWNED, {"performerType": [{"text": "Cardiologist"}]}, ["sent it to Cardiologist"]),
        ({}, {"status": "in-progress"}, ["started work"]),
        ({"status": "on-hold"}, {"status": "in-progress"}, ["resumed it"]),
        ({}, {"status": "completed", "output": [{}]}, ["recorded a result", "completed it"]),
        ({}, {"priority": "stat"}, ["changed the priority from Routine to STAT"]),
        ({}, {"businessStatus": {"text": "Seen"}}, ["moved it to the stage “Seen”"]),
        ({"businessStatus": {"text": "Seen"}}, {}, ["took its stage away"]),
        ({}, {"restriction": {"period": {"end": "2026-11-21"}}}, ["changed when it is due"]),
        ({}, {"note": [{"text": "a"}, {"text": "b"}]}, ["added a note", "added a note"]),
        ({}, {"description": "New"}, ["edited this task"]),
    ],
)
def test_every_change_is_told(before, after, expected):
    assert words(before, after) == expected


def test_a_reason_stands_beside_what_it_explains():
    told = events(
        versions(
            {"status": "accepted"},
            {"status": "on-hold", "statusReason": {"text": "Waiting on patient"}},
        )
    )
    assert (told[0].words, told[0].reason) == ("put it on hold", "Waiting on patient")


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
