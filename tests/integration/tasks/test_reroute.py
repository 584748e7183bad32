"""Reroute: hand a Task over to a person or a pool, in place or as a successor."""

from dataclasses import replace

import pytest

from accounts.models import Availability, Pool
from fhir import store
from fhir.actor import SYSTEM
from fhir.errors import BusinessRuleViolation, Forbidden, InvalidResource, NotFound, VersionConflict
from fhir.models import ResourceVersion
from fhir.resources import get
from tasks import moves
from tasks.document import MESSAGE_STAGE_SYSTEM, message_stage
from tasks.models import ReasonChoice, Task
from tasks.moves import ToPerson, ToPool
from tasks.reasons import REROUTE_SYSTEM
from tasks.reasons import SYSTEM as STATUS_REASON
from tasks.task_types import forget
from tasks.transitions import FINAL, OPEN, BadTransition
from tests.agreement import assert_agrees, interactions, provenances, viewers
from tests.factories import NURSE_ROLE, owned_task, pool_task, put, role

CODING = {"system": REROUTE_SYSTEM, "code": "specialty-referral", "display": "Specialty referral"}
REASON = {"coding": [CODING], "text": "Specialty referral"}
NURSES = {"performerType": role(NURSE_ROLE)}


def pool(slug):
    return ToPool(Pool.objects.get(slug=slug).pk)


@pytest.fixture
def to_carl(cast):
    return ToPerson(cast["cardiologist"].reference)


def reroute(task, to, actor, **more):
    return moves.reroute(task["id"], to=to, actor=actor, **{"reason": REASON} | more)


def header():
    return store.find(get("Communication"), "header", actor=SYSTEM)


# In place


@pytest.mark.parametrize("status", sorted(OPEN))
def test_a_person_gets_it_as_far_as_it_was(cast, to_carl, status):
    task = owned_task(cast["nurse"], status=status, priority="stat", **NURSES)
    found = reroute(task, to_carl, cast["nurse"].actor)
    after = found.task.parsed()
    assert found.successor is None
    assert after["owner"] == {"reference": "Practitioner/carl", "display": "Carl Ostrow"}
    assert "performerType" not in after
    assert (after["status"], after["priority"]) == (status, "stat")
    assert "note" not in after
    row = assert_agrees(task["id"])
    assert (row.owner, row.pool, row.version_id) == ("Practitioner/carl", None, 2)
    assert interactions(task["id"]) == ["create", "reroute"]
    assert viewers(task["id"]) == {"carl"}


@pytest.mark.parametrize("status", sorted(OPEN))
def test_in_a_pool_it_waits_for_somebody(cast, status):
    task = owned_task(cast["nurse"], status=status, statusReason={"text": "Old"}, **NURSES)
    after = reroute(task, pool("cardiologist"), cast["nurse"].actor).task.parsed()
    assert after["status"] == "requested"
    assert "owner" not in after and "statusReason" not in after
    assert after["performerType"] == [
        {
            "coding": [
                {"system": "http://snomed.info/sct", "code": "17561000"},
                {"system": "https://www.bls.gov/soc", "code": "29-1212"},
            ],
            "text": "Cardiologist",
        }
    ]
    row = assert_agrees(task["id"])
    assert (row.owner, row.pool.slug) == ("", "cardiologist")
    assert viewers(task["id"]) == set()
    assert store.find(get("Task"), task["id"], actor=cast["nurse"].actor) is None
    assert store.find(get("Task"), task["id"], actor=cast["cardiologist"].actor)


def test_the_note_is_added_to_those_before(cast, to_carl):
    task = owned_task(cast["nurse"], note=[{"text": "First"}])
    after = reroute(task, to_carl, cast["nurse"].actor, note=" New symptoms ").task.parsed()
    first, second = after["note"]
    assert first == {"text": "First"}
    assert second == {
        "authorReference": {"reference": "Practitioner/maya", "display": "Maya Lindqvist"},
        "time": after["meta"]["lastUpdated"],
        "text": "New symptoms",
    } | {"time": second["time"]}


def test_it_is_recorded_who_moved_it_and_why(cast, to_carl):
    task = owned_task(cast["nurse"])
    stored = reroute(task, to_carl, cast["nurse"].actor).task
    [told] = provenances(task["id"])
    assert told["target"] == [{"reference": f"Task/{task['id']}"}]
    assert told["recorded"] == stored.parsed()["meta"]["lastUpdated"]
    assert told["agent"] == [
        {"who": {"reference": "Practitioner/maya", "display": "Maya Lindqvist"}}
    ]
    assert told["reason"] == [REASON]
    assert told["activity"]["coding"][0]["code"] == "reroute"


@pytest.mark.parametrize("about", ["header", "message"])
def test_the_thread_goes_to_whom_the_task_went(cast, thread, to_carl, about):
    focus = f"Communication/{'header' if about == 'header' else thread['id']}"
    task = owned_task(cast["nurse"], focus={"reference": focus})
    reroute(task, to_carl, cast["nurse"].actor)
    after = header()
    assert after.parsed()["recipient"] == [
        {"reference": "Practitioner/carl", "display": "Carl Ostrow"}
    ]
    assert after.version_id == 2
    reroute(task, pool("registered-nurse"), cast["cardiologist"].actor)
    assert "recipient" not in header().parsed()
    messages = get("Communication").model.objects.filter(resource_id=thread["id"])
    assert messages.get().version_id == 1, "a message says what was said, and to whom"


def test_the_task_is_written_before_its_thread_and_both_before_the_reason(cast, thread, to_carl):
    task = owned_task(cast["nurse"], focus={"reference": "Communication/header"})
    last = ResourceVersion.objects.latest("id").pk
    reroute(task, to_carl, cast["nurse"].actor)
    written = ResourceVersion.objects.filter(pk__gt=last).order_by("pk")
    assert [(each.resource_type, each.actor) for each in written] == [
        (name, "Practitioner/maya") for name in ("Task", "Communication", "Provenance")
    ]
    assert len({each.transaction for each in written}) == 1


def test_a_thread_that_is_not_here_holds_nothing_up(cast, to_carl):
    task = owned_task(cast["nurse"], focus={"reference": "Communication/elsewhere"})
    assert reroute(task, to_carl, cast["nurse"].actor).task.version_id == 2


def test_a_stage_of_ours_follows_and_any_other_stays(cast, to_carl):
    of_ours = owned_task(cast["nurse"], businessStatus=message_stage("escalated"))
    after = reroute(of_ours, to_carl, cast["nurse"].actor).task.parsed()
    assert after["businessStatus"] == message_stage("claimed")
    after = reroute(of_ours, pool("doctor"), cast["cardiologist"].actor).task.parsed()
    assert after["businessStatus"] == message_stage("unassigned")
    assert after["businessStatus"]["coding"][0]["system"] == MESSAGE_STAGE_SYSTEM
    other = owned_task(cast["nurse"], businessStatus={"text": "Note drafted"})
    after = reroute(other, to_carl, cast["nurse"].actor).task.parsed()
    assert after["businessStatus"] == {"text": "Note drafted"}


# As a successor


HANDED_OVER = {
    "code": {"text": "Message response"},
    "description": "Chest pain",
    "priority": "urgent",
    "focus": {"reference": "Communication/header"},
    "for": {"reference": "Patient/homer"},
    "encounter": {"reference": "Encounter/e"},
    "restriction": {"period": {"end": "2031-01-02"}},
    "input": [{"type": {"text": "Letter"}, "valueReference": {"reference": "List/l"}}],
}


def test_a_successor_is_made_for_them_and_the_old_one_is_hers_still(cast, thread, to_carl):
    nurse = cast["nurse"].actor
    task = owned_task(cast["nurse"], status="in-progress", **HANDED_OVER, **NURSES)
    found = reroute(task, to_carl, nurse, note="New symptoms", keep_view=True)
    old, new = found.task.parsed(), found.successor.parsed()

    assert {name: new.get(name) for name in HANDED_OVER} == HANDED_OVER
    assert new["basedOn"] == [{"reference": f"Task/{task['id']}"}]
    assert (new["status"], new["intent"]) == ("requested", "order")
    assert new["owner"] == {"reference": "Practitioner/carl", "display": "Carl Ostrow"}
    assert new["requester"]["reference"] == "Practitioner/maya"
    assert "performerType" not in new
    assert [note["text"] for note in new["note"]] == [
        f"Rerouted from Task/{old['id']}.",
        "New symptoms",
    ]
    assert old["status"] == "cancelled"
    assert old["statusReason"]["coding"][0] == {
        "system": STATUS_REASON,
        "code": "rerouted",
        "display": "Rerouted",
    }
    assert [note["text"] for note in old["note"]] == [
        f"Rerouted to Carl Ostrow: see Task/{new['id']}.",
        "New symptoms",
    ]
    assert old["owner"]["reference"] == "Practitioner/maya"
    assert old["executionPeriod"]["end"] == old["meta"]["lastUpdated"]
    assert_agrees(old["id"])
    assert_agrees(new["id"])
    assert viewers(old["id"]) == {"maya"}
    assert viewers(new["id"]) == {"carl"}
    assert header().parsed()["recipient"] == [new["owner"]]
    [of_old], [of_new] = provenances(old["id"]), provenances(new["id"])
    assert of_old["reason"] == of_new["reason"] == [REASON]
    assert of_new["entity"] == [{"role": "source", "what": {"reference": f"Task/{old['id']}"}}]


def test_a_successor_waits_in_a_pool(cast):
    task = pool_task(code=NURSE_ROLE, description="Unclaimed")
    found = reroute(task, pool("cardiologist"), cast["nurse"].actor, keep_view=True)
    new = found.successor.parsed()
    assert "owner" not in new and new["performerType"][0]["text"] == "Cardiologist"
    assert assert_agrees(new["id"]).pool.slug == "cardiologist"
    assert assert_agrees(task["id"]).status == "cancelled"
    assert store.find(get("Task"), task["id"], actor=cast["nurse"].actor)


def test_a_part_of_something_is_replaced_as_a_part_of_it(cast, to_carl):
    whole = {"partOf": [{"reference": "Task/whole"}]}
    task = owned_task(cast["nurse"], **whole)
    found = reroute(task, to_carl, cast["nurse"].actor, keep_view=True)
    assert found.successor.parsed()["partOf"] == whole["partOf"]


def test_one_without_the_right_to_create_makes_no_successor(cast, to_carl, unchanged):
    task = owned_task(cast["nurse"])
    actor = replace(cast["nurse"].actor, scopes=frozenset({"user/Task.u"}))
    with unchanged(task["id"]), pytest.raises(Forbidden, match="scopes"):
        reroute(task, to_carl, actor, keep_view=True)
    assert reroute(task, to_carl, actor).task.version_id == 2
    assert len(provenances(task["id"])) == 1, "what follows asks for no scope"


# Who may


@pytest.mark.parametrize("keep_view", [False, True])
def test_who_could_claim_it_sends_it_to_another_pool_but_to_no_person(
    cast, to_carl, keep_view, unchanged
):
    task = pool_task()
    with unchanged(task["id"]), pytest.raises(Forbidden, match="claim this Task for yourself"):
        reroute(task, to_carl, cast["nurse"].actor, keep_view=keep_view)
    assert Task.objects.count() == 1
    reroute(task, pool("doctor"), cast["nurse"].actor, keep_view=keep_view)


@pytest.mark.parametrize("name", ["coordinator", "admin", "service"])
def test_who_supervises_the_pool_reroutes_whatever_is_in_it(cast, to_carl, name):
    owned = owned_task(cast["nurse"], **NURSES)
    reroute(owned, to_carl, cast[name].actor)
    waiting = pool_task()
    reroute(waiting, to_carl, cast[name].actor, keep_view=True)
    assert viewers(owned["id"]) == {"carl"}


@pytest.mark.parametrize("name", ["nurse2", "physician", "cardiologist", "auditor"])
@pytest.mark.parametrize("keep_view", [False, True])
def test_others_do_not(cast, to_carl, name, keep_view, unchanged):
    task = owned_task(cast["nurse"], **NURSES)
    with unchanged(task["id"]), pytest.raises(Forbidden):
        reroute(task, to_carl, cast[name].actor, keep_view=keep_view)
    assert Task.objects.count() == 1 and not provenances(task["id"])


def test_a_coordinator_of_other_pools_is_told_nothing(cast, to_carl):
    task = owned_task(cast["physician"], performerType=role("158965000"))
    with pytest.raises(Forbidden) as theirs:
        reroute(task, to_carl, cast["coordinator"].actor)
    with pytest.raises(Forbidden) as never:
        reroute({"id": "never-was"}, to_carl, cast["coordinator"].actor)
    assert theirs.value.as_outcome() == never.value.as_outcome()
    with pytest.raises(NotFound):
        reroute({"id": "never-was"}, to_carl, cast["admin"].actor)


# What is refused


@pytest.mark.parametrize("status", sorted(FINAL))
@pytest.mark.parametrize("keep_view", [False, True])
def test_what_is_over_is_not_rerouted(cast, to_carl, status, keep_view, unchanged):
    task = owned_task(cast["nurse"], status=status)
    for to in (to_carl, pool("doctor")):
        with unchanged(task["id"]), pytest.raises(BadTransition, match=f"that is {status} cannot"):
            reroute(task, to, cast["nurse"].actor, keep_view=keep_view)


@pytest.mark.parametrize(
    "reason",
    [
        {"coding": [{"system": REROUTE_SYSTEM, "code": "unheard-of"}]},
        {"coding": [{"system": "urn:x", "code": "workload"}]},
        {"text": "Because"},
        {},
    ],
)
def test_a_reason_is_one_of_those_that_are_offered(cast, to_carl, reason, unchanged):
    task = owned_task(cast["nurse"])
    with unchanged(task["id"]), pytest.raises(BusinessRuleViolation, match="workload"):
        reroute(task, to_carl, cast["nurse"].actor, reason=reason)


def test_another_reason_is_its_text_where_that_is_offered(cast, to_carl):
    ReasonChoice.objects.create(
        kind="reroute", system=REROUTE_SYSTEM, code="other", display="Other"
    )
    forget()
    task = owned_task(cast["nurse"])
    with pytest.raises(BusinessRuleViolation, match="Say why"):
        reroute(task, to_carl, cast["nurse"].actor, reason={"text": " "})
    reroute(task, to_carl, cast["nurse"].actor, reason={"text": "On request"})
    assert provenances(task["id"])[0]["reason"] == [{"text": "On request"}]


def test_who_has_it_already_gets_it_no_second_time(cast, to_carl, unchanged):
    owned = owned_task(cast["cardiologist"])
    with unchanged(owned["id"]), pytest.raises(BusinessRuleViolation, match="Carl Ostrow has this"):
        reroute(owned, to_carl, cast["cardiologist"].actor)
    waiting = pool_task()
    with unchanged(waiting["id"]), pytest.raises(BusinessRuleViolation, match="nurse has this"):
        reroute(waiting, pool("registered-nurse"), cast["nurse"].actor)


def test_one_who_is_away_gets_nothing(cast, to_carl, unchanged):
    Availability.objects.create(
        practitioner="Practitioner/carl", state=Availability.State.OFF, changed_at=store.now()
    )
    task = owned_task(cast["nurse"])
    with unchanged(task["id"]), pytest.raises(BusinessRuleViolation, match="Carl Ostrow is away"):
        reroute(task, to_carl, cast["nurse"].actor)


def test_a_pool_without_members_gets_nothing(cast, unchanged):
    task = owned_task(cast["nurse"])
    with unchanged(task["id"]), pytest.raises(BusinessRuleViolation, match="has no members"):
        reroute(task, pool("quality-assurance"), cast["nurse"].actor)
    with unchanged(task["id"]), pytest.raises(InvalidResource, match="no such pool"):
        reroute(task, ToPool(0), cast["nurse"].actor)


def test_only_one_who_signs_in_here_is_given_a_task(cast, unchanged):
    put({"resourceType": "Practitioner", "id": "far-away"})
    task = owned_task(cast["nurse"])
    for reference in ("Practitioner/far-away", "Practitioner/never-was", "Patient/homer", "?"):
        with unchanged(task["id"]), pytest.raises(BusinessRuleViolation, match="signs in here"):
            reroute(task, ToPerson(reference), cast["nurse"].actor)


def test_a_stale_version_is_refused(cast, to_carl, unchanged):
    task = owned_task(cast["nurse"])
    with unchanged(task["id"]), pytest.raises(VersionConflict):
        reroute(task, to_carl, cast["nurse"].actor, if_match=[7])
    reroute(task, to_carl, cast["nurse"].actor, if_match=[1])


@pytest.mark.parametrize("keep_view", [False, True])
def test_a_failure_leaves_nothing(cast, to_carl, failing, keep_view):
    task = owned_task(cast["nurse"])
    with failing(task["id"]):
        reroute(task, to_carl, cast["nurse"].actor, keep_view=keep_view)


# What it says beforehand


def test_what_will_happen_is_said_before(cast, to_carl, thread):
    nurse = cast["nurse"].actor
    task = owned_task(cast["nurse"], focus={"reference": "Communication/header"})

    def told(to, keep, actor=nurse):
        return moves.what_will_happen(task, to=to, keep_view=keep, actor=actor, at=store.now())

    assert told(to_carl, False) == [
        "Carl Ostrow has it",
        "It leaves your list",
        "The thread goes to Carl Ostrow",
        "Priority and due time do not change",
        "The reason is recorded",
    ]
    assert told(pool("cardiologist"), True)[:3] == [
        "New task, unclaimed, in Cardiologist",
        "Yours closes as rerouted",
        "The thread goes to nobody until it is claimed",
    ]
    assert told(to_carl, True, cast["admin"].actor)[:2] == [
        "New task for Carl Ostrow",
        "This one closes as rerouted",
    ]
