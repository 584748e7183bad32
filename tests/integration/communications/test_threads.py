"""Whose turn it is in a thread: what its header keeps of its messages, whatever happens to them."""

from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from communications import actions as messages
from communications import categories, reading
from communications.models import Communication
from fhir import actions, json, store
from fhir.actor import SYSTEM
from tests.factories import create, put

HOMER, NURSE = "Patient/homer", "Practitioner/maya"
HEADER = {"resourceType": "Communication", "id": "thread", "status": "in-progress"}


def message(sender=HOMER, sent="2026-11-20T08:00:00Z", thread="thread", **elements) -> dict:
    return {
        "resourceType": "Communication",
        "status": "completed",
        "partOf": [{"reference": f"Communication/{thread}"}],
        "sender": {"reference": sender},
        "sent": sent,
        "payload": [{"contentString": "x"}],
    } | elements


def newest(thread="thread") -> tuple[str, str]:
    row = Communication.objects.get(resource_id=thread)
    return row.newest, row.newest_voice


def of_category(code: str) -> dict:
    marked = {"category": [categories.category(code)]}
    if code == categories.INTERNAL_NOTE:
        marked["meta"] = {"security": [categories.NOT_FOR_PATIENTS]}
    return marked


@pytest.mark.parametrize(
    ("elements", "voice"),
    [
        ({}, "patient"),
        ({"sender": {"reference": "RelatedPerson/marge"}}, "patient"),
        ({"sender": {"reference": NURSE}}, "staff"),
        ({"sender": {"display": "Front desk"}}, "staff"),
        (of_category("needs-response"), "patient"),
        (of_category("information"), "thanks"),
        ({"status": "preparation"}, ""),
        ({"status": "entered-in-error"}, ""),
        ({"status": "not-done"}, ""),
        ({"payload": []} | {"note": [{"text": "x"}]}, ""),
        ({"category": [{"coding": [categories.NOTICE]}]}, ""),
        ({"sender": {"reference": NURSE}} | of_category("internal-note"), ""),
    ],
)
def test_only_what_is_said_between_patient_and_clinic_counts(db, elements, voice):
    put(HEADER)
    said = message() | elements
    if not said["payload"]:
        del said["payload"]
    made = create(said)
    assert Communication.objects.get(resource_id=made["id"]).voice == voice
    assert newest() == ((made["id"], voice) if voice else ("", ""))


def test_a_header_that_says_something_is_its_own_first_message(db):
    put(HEADER | {"sender": {"reference": HOMER}, "payload": [{"contentString": "x"}]})
    assert newest() == ("thread", "patient")
    answer = create(message(NURSE, "2026-11-20T09:00:00Z"))
    assert newest() == (answer["id"], "staff")


def test_a_header_that_changes_what_it_says_is_looked_at_again(db):
    silent, spoken = (
        HEADER,
        HEADER
        | {
            "sender": {"reference": HOMER},
            "payload": [{"contentString": "x"}],
            "sent": "2026-11-20T09:30:00Z",
        },
    )
    for header, expected in ((silent, ("", "")), (spoken, ("thread", "patient"))) * 2:
        put(header)
        assert newest() == expected
    first = create(message(NURSE, "2026-11-20T09:00:00Z"))
    for header, expected in (
        (spoken, ("thread", "patient")),
        (silent, (first["id"], "staff")),
        (spoken | {"sent": "2026-11-20T08:00:00Z"}, (first["id"], "staff")),
    ):
        put(header)
        assert newest() == expected


def test_a_message_that_becomes_a_header_is_its_own_first_message(db):
    put(HEADER)
    moved = create(message())
    put({name: value for name, value in moved.items() if name != "partOf"})
    assert newest() == ("", "")
    assert newest(moved["id"]) == (moved["id"], "patient")
    put(moved)
    assert newest() == (moved["id"], "patient")
    assert newest(moved["id"]) == ("", "")


def test_what_came_late_does_not_hide_what_was_said_last(db):
    put(HEADER)
    last = create(message(sent="2026-11-20T09:00:00Z"))
    create(message(NURSE, "2026-11-20T08:00:00Z"))
    create(message(NURSE, sent=None) | {"sent": "2019"})
    assert newest() == (last["id"], "patient")


def test_a_message_without_a_time_was_said_before_all_others(db):
    put(HEADER)
    timeless = message(NURSE)
    del timeless["sent"]
    first = create(timeless)
    assert newest() == (first["id"], "staff")
    second = create(message())
    assert newest() == (second["id"], "patient")


def test_messages_may_come_before_their_header(db):
    made = create(message())
    put(HEADER)
    assert newest() == (made["id"], "patient")
    put(HEADER | {"status": "completed"})
    assert newest() == (made["id"], "patient"), "a change of the header loses nothing"


def test_what_is_retracted_deleted_or_moved_is_newest_no_more(db):
    put(HEADER)
    put(HEADER | {"id": "other"})
    question = create(message())
    answer = create(message(NURSE, "2026-11-20T09:00:00Z"))
    put(answer | {"status": "entered-in-error"})
    assert newest() == (question["id"], "patient")
    put(answer | {"status": "completed"})
    assert newest() == (answer["id"], "staff")
    put(answer | {"partOf": [{"reference": "Communication/other"}]})
    assert (newest(), newest("other")) == ((question["id"], "patient"), (answer["id"], "staff"))
    actions.delete("Communication", answer["id"], actor=SYSTEM)
    actions.delete("Communication", question["id"], actor=SYSTEM)
    assert (newest(), newest("other")) == (("", ""), ("", ""))
    put(answer)
    assert newest() == (answer["id"], "staff"), "and it may come back"


def test_reindex_fills_what_was_stored_before_there_were_columns(db):
    put(HEADER)
    made = create(message())
    blank = {"voice": "", "newest": "", "newest_at": None, "newest_voice": ""}
    Communication.objects.update(**blank)
    with pytest.raises(CommandError, match="1 resources have stale"):
        call_command("reindex", check=True, stdout=StringIO(), stderr=StringIO())
    call_command("reindex", stdout=StringIO(), stderr=StringIO())
    assert newest() == (made["id"], "patient")
    call_command("reindex", check=True, stdout=StringIO())


class WhateverHappensToAThread(TestCase):
    """After any writes, each header agrees with its messages."""

    moves = st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c", "d"]),
            st.sampled_from([HOMER, NURSE, "delete"]),
            st.sampled_from(["completed", "preparation", "entered-in-error"]),
            st.sampled_from(["t1", "t2"]),
            st.sampled_from(["2026-01-01", "2026-01-02", "2026-01-03"]),
        ),
        max_size=12,
    )

    @given(moves=moves, late=st.booleans())
    @settings(max_examples=40)
    def test_it_agrees(self, moves, late):
        headers = [HEADER | {"id": each} for each in ("t1", "t2")]
        if not late:
            [put(each) for each in headers]
        for resource_id, sender, status, thread, sent in moves:
            if sender == "delete":
                if Communication.objects.filter(resource_id=resource_id).exists():
                    actions.delete("Communication", resource_id, actor=SYSTEM)
            else:
                put(message(sender, sent, thread, status=status) | {"id": resource_id})
        if late:
            [put(each) for each in headers]
        for row in Communication.objects.all():
            assert store.stale_columns(row) == [], row


# --- drafts and notes -----------------------------------------------------------------------------


@pytest.fixture
def thread(cast):
    """Between Homer and the nurse, whose colleagues take part."""
    put({"resourceType": "Patient", "id": "homer"})
    staff = [{"reference": cast[name].reference} for name in ("nurse", "nurse2")]
    put(HEADER | {"subject": {"reference": HOMER}, "recipient": staff})
    create(message(recipient=staff))
    return "Communication/thread"


def test_a_draft_is_for_nobody_but_its_author(cast, thread, api):
    kept = messages.draft(thread, "I think", actor=cast["nurse"].actor)
    document = kept.parsed()
    assert document["status"] == "preparation" and "sent" not in document
    path = f"Communication/{kept.resource_id}"
    told = {name: api(name).get(path).status_code for name in ("nurse", "nurse2", "admin")}
    assert told == {"nurse": 200, "nurse2": 404, "admin": 200}
    found = api("nurse2").get(f"Communication?part-of={thread}").json()
    assert path.partition("/")[2] not in [each["resource"]["id"] for each in found["entry"]]
    history = api("nurse2").get(f"{path}/_history")
    assert history.status_code == 404


def test_there_is_one_draft_an_author_and_thread(cast, thread):
    nurse, colleague = cast["nurse"].actor, cast["nurse2"].actor
    first = messages.draft(thread, "One", actor=nurse)
    second = messages.draft(thread, "Two", actor=nurse, internal=True)
    messages.draft(thread, "Hers", actor=colleague)
    assert (second.resource_id, second.version_id) == (first.resource_id, 2)
    assert categories.is_internal(second.parsed()) and categories.is_not_for_patients(
        second.parsed()
    )
    third = messages.draft(thread, "Three", actor=nurse)
    assert not categories.is_not_for_patients(third.parsed())
    assert messages.draft(thread, " ", actor=nurse) is None
    assert messages.draft_of(thread, nurse) is None
    assert reading.drafts_in([thread], actor=nurse) == [(thread, "Practitioner/tomas")]


def test_what_is_sent_leaves_no_draft_and_tells_nothing_of_it(cast, thread):
    nurse = cast["nurse"].actor
    kept = messages.draft(thread, "You fool", actor=nurse)
    sent = messages.send(thread, "Please rest.", actor=nurse)
    assert sent.resource_id != kept.resource_id, "its history begins with what was sent"
    assert Communication.objects.get(resource_id=kept.resource_id).deleted


@pytest.mark.parametrize("action", [messages.send, messages.draft])
@pytest.mark.parametrize("name", ["physician", "cardiologist", "auditor"])
def test_nobody_else_writes_in_a_thread(cast, thread, action, name):
    for each in (thread, "Communication/never"):
        with pytest.raises(messages.Forbidden):
            action(each, "x", actor=cast[name].actor)


def test_who_only_sent_into_a_thread_learns_nothing_of_it(cast, thread, api):
    """Anyone may name a header as partOf: that makes her no part of the thread."""
    create(message(sender="Practitioner/ines"))
    with pytest.raises(messages.Forbidden):
        messages.draft(thread, "To whom does this go?", actor=cast["physician"].actor)


def test_an_internal_note_stays_one_and_goes_to_no_patient(cast, thread, api):
    note = messages.send(thread, "Hold it", actor=cast["nurse"].actor, internal=True).parsed()
    assert "recipient" not in note and note["meta"]["security"] == [categories.NOT_FOR_PATIENTS]
    for wrong in (
        note | {"recipient": [{"reference": HOMER}]},
        note | {"category": [categories.category("information")]},
        note | {"meta": {"tag": [{"code": "x"}]}},
    ):
        for name in ("nurse", "admin"):
            answer = api(name).put(f"Communication/{note['id']}", wrong)
            assert answer.status_code == 422, wrong
            assert answer.json()["issue"][0]["code"] == "business-rule"
    found = api("nurse").get("Communication?_security:not=NOPAT").json()
    assert note["id"] not in [each["resource"]["id"] for each in found["entry"]]


def test_a_user_who_is_a_patient_would_not_see_it(cast, thread):
    create(message(sender=NURSE, recipient=[{"reference": HOMER}]))
    marked = {"recipient": [{"reference": "Practitioner/maya"}]} | of_category("internal-note")
    secret = create(message(sender=NURSE, **marked))
    # As a rule would have it who lets patients read their threads.
    homer = replace(cast["nurse"].actor, reference=HOMER)
    condition = Communication.readable_condition(homer).sql
    assert condition.startswith("(not {internal} and ")
    readable = Communication.objects.readable_by(homer).values_list("resource_id", flat=True)
    assert secret["id"] not in readable and readable.count() == 2


# --- retraction -----------------------------------------------------------------------------------


def test_its_sender_or_an_admin_retracts_a_message(cast, thread, api):
    mine = messages.send(thread, "Wrong person", actor=cast["nurse"].actor)
    with pytest.raises(messages.Forbidden):
        messages.retract(mine.resource_id, actor=cast["nurse2"].actor)
    taken = messages.retract(mine.resource_id, reason="Wrong", actor=cast["nurse"].actor).parsed()
    assert taken["status"] == "entered-in-error" and taken["statusReason"] == {"text": "Wrong"}
    assert taken["payload"] == [{"contentString": "Wrong person"}], "the record keeps it"
    back = [{"op": "replace", "path": "/status", "value": "completed"}]
    assert api("nurse").patch(f"Communication/{mine.resource_id}", back).status_code == 403
    other = messages.send(thread, "Also", actor=cast["nurse"].actor)
    messages.retract(other.resource_id, actor=cast["admin"].actor)


def test_what_is_said_cannot_be_hidden_as_a_draft(cast, thread, api):
    mine = messages.send(thread, "Said", actor=cast["nurse"].actor)
    hide = [{"op": "replace", "path": "/status", "value": "preparation"}]
    for name in ("nurse", "nurse2"):
        assert api(name).patch(f"Communication/{mine.resource_id}", hide).status_code == 403


def test_a_draft_is_discarded_not_retracted(cast, thread, api):
    kept = messages.draft(thread, "x", actor=cast["nurse"].actor)
    with pytest.raises(messages.BusinessRuleViolation):
        messages.retract(kept.resource_id, actor=cast["nurse"].actor)
    assert api("nurse").delete(f"Communication/{kept.resource_id}").status_code == 204
    sent = messages.send(thread, "x", actor=cast["nurse"].actor)
    assert api("nurse").delete(f"Communication/{sent.resource_id}").status_code == 403


def test_the_answer_goes_to_who_wrote_last(cast, thread):
    marge = {"reference": "RelatedPerson/marge", "display": "Marge"}
    create(message(sent="2026-11-21T00:00:00Z", sender="RelatedPerson/marge") | {"sender": marge})
    sent = messages.send(thread, "Yes", actor=cast["nurse"].actor).parsed()
    assert sent["recipient"] == [marge]
    row = Communication.objects.get(resource_id=sent["id"])
    assert json.loads_stored(row.document)["inResponseTo"][0]["reference"].startswith("Comm")
