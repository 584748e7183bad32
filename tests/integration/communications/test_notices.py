"""Notices: what staff are told, once, without patient data and apart from the talk with patients."""

from communications.models import Communication
from communications.notices import notify
from tests.factories import pool_task


def test_a_notice_reaches_whom_it_is_for_and_nobody_else(cast, api):
    task = pool_task()
    stored = notify(
        [cast["coordinator"].reference, cast["coordinator"].reference, ""],
        about=[f"Task/{task['id']}"],
        text="Nobody can serve this pool.",
        actor=cast["nurse"].actor,
    )
    document = stored.parsed()
    assert document["recipient"] == [{"reference": "Practitioner/cora"}]
    assert document["about"] == [{"reference": f"Task/{task['id']}"}]
    assert document["sender"] == {"reference": "Practitioner/maya"}
    path = f"Communication/{stored.resource_id}"
    told = {name: api(name).get(path).status_code for name in ("coordinator", "nurse", "physician")}
    assert told == {"coordinator": 200, "nurse": 200, "physician": 404}
    row = Communication.objects.get(resource_id=stored.resource_id)
    assert (row.voice, row.newest) == ("", ""), "it is no word to a patient, and makes no thread"


def test_a_key_makes_it_happen_once(cast):
    for name in ("nurse", "nurse2"):
        for key in ("pool 1 today", "pool 2 today"):
            notify(["Practitioner/cora"], about=[], text="x", actor=cast[name].actor, key=key)
    assert Communication.objects.count() == 2


def test_nobody_to_tell_is_no_notice(cast):
    assert notify([], about=[], text="x", actor=cast["nurse"].actor) is None
    assert not Communication.objects.exists()
