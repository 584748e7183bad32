"""Edit a note: its author, for five minutes."""

from datetime import timedelta

import pytest

from fhir import store
from fhir.errors import BusinessRuleViolation, Forbidden, VersionConflict
from tasks import actions
from tests.agreement import assert_agrees, interactions
from tests.factories import NURSE_ROLE, owned_task, role


@pytest.fixture
def noted(cast):
    """A Task of the nurse with a note of hers."""
    task = owned_task(cast["nurse"], performerType=role(NURSE_ROLE))
    return actions.add_note(task["id"], "Caled her.", actor=cast["nurse"].actor).parsed()


def edit(noted, person, text="Called her.", number=0, **how):
    return actions.edit_note(noted["id"], number, text, actor=person.actor, **how).parsed()


def test_the_text_changes_and_nothing_else(cast, noted):
    found = edit(noted, cast["nurse"], " Called her. ")
    assert found["note"] == [{**noted["note"][0], "text": "Called her."}]
    assert assert_agrees(noted["id"]).notes.get().text == "Called her."
    assert interactions(noted["id"]) == ["create", "note", "edit-note"]


def test_not_that_of_somebody_else_nor_one_that_is_not_there(cast, noted, unchanged):
    for name, number in (("coordinator", 0), ("admin", 0), ("nurse", 1)):
        with unchanged(noted["id"]), pytest.raises(BusinessRuleViolation, match="who wrote it"):
            edit(noted, cast[name], number=number)
    with unchanged(noted["id"]), pytest.raises(Forbidden):
        edit(noted, cast["nurse2"])


def test_not_after_five_minutes(cast, noted, unchanged, monkeypatch):
    later = store.now() + timedelta(minutes=5, seconds=1)
    monkeypatch.setattr("tasks.actions.store.now", lambda *_after: later)
    with unchanged(noted["id"]), pytest.raises(BusinessRuleViolation, match="for 5 minutes"):
        edit(noted, cast["nurse"])


def test_an_empty_one_is_refused_and_so_is_a_stale_version(cast, noted, unchanged):
    with unchanged(noted["id"]), pytest.raises(BusinessRuleViolation, match="needs a text"):
        edit(noted, cast["nurse"], "  ")
    with unchanged(noted["id"]), pytest.raises(VersionConflict):
        edit(noted, cast["nurse"], if_match=[1])


def test_a_failure_leaves_nothing(cast, noted, failing):
    with failing(noted["id"]):
        edit(noted, cast["nurse"])
