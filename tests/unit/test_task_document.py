"""What is derived from a Task document, and what the server stamps on it."""

from datetime import UTC, datetime

import pytest

from tasks import document as documents

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def task(**elements) -> dict:
    return {"resourceType": "Task", "status": "requested", "intent": "order", **elements}


@pytest.mark.parametrize(
    ("zone", "end", "due"),
    [
        ("UTC", "2026-11-21T10:30:00-06:00", datetime(2026, 11, 21, 16, 30, tzinfo=UTC)),
        ("UTC", "2026-11-21", datetime(2026, 11, 22, tzinfo=UTC)),
        ("America/Chicago", "2026-11-21", datetime(2026, 11, 22, 6, tzinfo=UTC)),
        ("America/Chicago", "2026-06-21", datetime(2026, 6, 22, 5, tzinfo=UTC)),
        ("UTC", "9999-12-31", documents.NO_DUE),
        ("UTC", None, documents.NO_DUE),
    ],
)
def test_a_day_is_due_when_the_clinic_closes_it(settings, zone, end, due):
    settings.TIME_ZONE = zone
    document = task(restriction={"period": {"end": end}} if end else {})
    assert documents.due_of(document) == due


@pytest.mark.parametrize(
    ("before", "after", "stamped"),
    [
        ("requested", "accepted", {"start"}),
        ("received", "in-progress", {"start"}),
        ("requested", "completed", {"end"}),
        ("accepted", "in-progress", set()),
        ("in-progress", "on-hold", set()),
        ("in-progress", "failed", {"end"}),
        ("draft", "requested", set()),
        ("requested", "requested", set()),
    ],
)
def test_the_execution_period_follows_the_status(before, after, stamped):
    result = documents.stamp(task(status=before), task(status=after), AT)
    assert set(result.get("executionPeriod", {})) == stamped
    assert result["lastModified"] == "2026-03-04T05:06:07.000Z"


def test_what_was_sent_is_not_overwritten():
    sent = {"start": "2020-01-01", "end": "2020-01-02"}
    result = documents.stamp(task(), task(status="completed", executionPeriod=sent), AT)
    assert result["executionPeriod"] == sent


def test_a_create_is_stored_as_sent():
    assert documents.stamp(None, task(status="completed"), AT) == task(status="completed")


def test_links_are_what_a_reader_of_the_task_may_read():
    document = task(
        **{"for": {"reference": "Patient/p"}},
        focus={"reference": "https://elsewhere.example/Communication/c"},
        encounter={"reference": "Encounter/e/_history/3"},
        basedOn=[{"reference": "ServiceRequest/s"}, {"reference": "#contained"}],
        output=[{"type": {"text": "x"}, "valueReference": {"reference": "Communication/o"}}],
        owner={"reference": "Practitioner/me"},
    )
    assert documents.index_columns(document)["links"] == [
        "Communication/o",
        "Encounter/e",
        "Patient/p",
        "ServiceRequest/s",
    ]


def test_an_end_is_never_before_the_start():
    """A start in the future, of a Task that is over today, stays a period that R4 allows."""
    period = {"start": "2026-04-01"}
    over = documents.stamp(
        task(executionPeriod=period), task(status="completed", executionPeriod=period), AT
    )
    assert over["executionPeriod"] == period
