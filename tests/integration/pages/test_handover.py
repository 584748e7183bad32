"""The end of a shift: the sheet to print, and work that is offered, taken over or left."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Pool
from fhir.actor import SYSTEM
from fhir.errors import BusinessRuleViolation, Conflict, FhirError
from tasks import actions, detail, handover, moves
from tasks.models import HandOver, SheetOpening
from tasks.moves import ToPerson, ToPool
from tests import factories
from tests.factories import (
    NURSE_ROLE,
    create,
    owned_task,
    pool_task,
    put,
    role,
    task_document,
)

NOW = "/worklist/hand-over"


def patient(number: int) -> str:
    put(
        {
            "resourceType": "Patient",
            "id": f"p{number}",
            "name": [{"family": f"Family{number}", "given": ["Ann"]}],
            "identifier": [{"value": f"00{number}"}],
        }
    )
    return f"p{number}"


def mine(owner, number: int = 1, **elements) -> str:
    """The id of a Task of a nurse's, from her pool and about a patient of its own."""
    made = owned_task(
        owner,
        code={"text": f"Errand {number}"},
        performerType=role(NURSE_ROLE),
        **({"for": {"reference": f"Patient/{patient(number)}"}} | elements),
    )
    return made["id"]


def now() -> datetime:
    return datetime.now(UTC)


def offer(person, *ids, to, note="", **notes):
    chosen = {each: notes.get("said", "") for each in ids}
    return handover.offer(chosen, to=to, note=note, actor=person.actor, at=now())


def accept(made, person, *ids, version=None):
    chosen = {each: version or version_of(each) for each in ids}
    return handover.accept(made.pk, chosen, actor=person.actor, at=now())


def version_of(task_id: str) -> int:
    return int(task(task_id)["meta"]["versionId"])


def task(task_id: str) -> dict:
    return detail.get(task_id, SYSTEM).parsed()


def owner_of(task_id: str) -> str:
    return (task(task_id).get("owner") or {}).get("reference", "")


def states(made) -> list[str]:
    return [each.state for each in made.items.all()]


@pytest.fixture
def nurses(cast):
    return Pool.objects.get(slug="registered-nurse")


# --- the sheet ------------------------------------------------------------------------------------


def rows_of(text: str) -> dict[str, list[str]]:
    """Heading of a group → the titles below it."""
    return {
        name: re.findall(r'class="link what"[^>]*>([^<]*)<', part)
        for name, part in re.findall(r'<h2 id="group-\w+">([^<]*)</h2>(.*?)</section>', text, re.S)
    }


def test_a_sheet_is_grouped_by_what_comes_first(cast, page):
    nurse = cast["nurse"]
    past = (now() - timedelta(minutes=12)).isoformat(timespec="seconds")
    late = {"restriction": {"period": {"end": past}}}
    mine(nurse, 1, priority="stat")
    mine(nurse, 2, priority="asap", status="on-hold", statusReason={"text": "Waiting on a result"})
    mine(nurse, 3, priority="routine", **late)
    mine(nurse, 4, priority="urgent", note=[{"text": "Pharmacy will call.", "authorString": "Lab"}])
    text = page("nurse").get("/worklist/handoff").content.decode()
    assert rows_of(text) == {
        "Do first": ["Errand 1", "Errand 3"],
        "Waiting on someone else": ["Errand 2"],
        "Can wait": ["Errand 4"],
    }
    assert "<title>Hand-over sheet · Taskward</title>" in text
    assert "Printed by Maya Lindqvist" in text
    assert "1 STAT, 1 ASAP, 1 overdue." in text
    assert 'On hold: <span class="phi">Waiting on a result</span>. Owner:' in text
    assert "Pharmacy will call." in text
    assert "<b>Family1</b>, Ann" in text
    assert text.count("<thead>") == 3


def test_the_sheet_of_a_pool_holds_what_its_reader_may_see(cast, page):
    create(task_document(performerType=role(NURSE_ROLE), code={"text": "Errand 9"}))
    mine(cast["nurse"], 1)
    mine(cast["nurse2"], 2)

    def seen(name):
        found = rows_of(page(name).get("/worklist/handoff/registered-nurse").content.decode())
        return sorted(title for titles in found.values() for title in titles)

    assert seen("nurse") == ["Errand 1", "Errand 9"]
    assert seen("coordinator") == ["Errand 1", "Errand 2", "Errand 9"]


@pytest.mark.parametrize("slug", ["doctor", "never-was"])
def test_a_sheet_of_another_pool_is_not_to_be_had(page, slug):
    assert page("nurse").get(f"/worklist/handoff/{slug}").status_code == 404
    assert not SheetOpening.objects.exists()


def test_it_is_recorded_who_opened_which_sheet(cast, page, nurses):
    mine(cast["nurse"])
    page("nurse").get("/worklist/handoff")
    page("coordinator").get("/worklist/handoff/registered-nurse")
    found = SheetOpening.objects.order_by("pk").values_list("opened_by", "pool", "tasks")
    assert [*found] == [("Practitioner/maya", None, 1), ("Practitioner/cora", nurses.pk, 1)]


def test_who_opened_a_sheet_stands_in_the_admin(cast, page):
    page("nurse").get("/worklist/handoff")
    text = page("admin").get("/admin/tasks/sheetopening/").content.decode()
    assert "Practitioner/maya" in text


# --- offering -------------------------------------------------------------------------------------


def test_nothing_moves_before_somebody_takes_it_over(cast):
    nurse, other = cast["nurse"], cast["nurse2"]
    task_id = mine(nurse)
    made = offer(nurse, task_id, to=ToPerson(other.reference))
    assert owner_of(task_id) == nurse.reference
    assert version_of(task_id) == 1
    assert states(made) == ["open"]


def test_what_is_not_hers_cannot_be_offered(cast):
    nurse, other = cast["nurse"], cast["nurse2"]
    for task_id in (
        mine(other),
        pool_task()["id"],
        mine(nurse, status="completed"),
        "never-was",
    ):
        with pytest.raises(BusinessRuleViolation, match="no longer yours"):
            offer(nurse, task_id, to=ToPerson(other.reference))
    with pytest.raises(BusinessRuleViolation, match="at least one"):
        offer(nurse, to=ToPerson(other.reference))


def test_who_could_not_take_it_is_not_offered_it(cast, nurses):
    nurse = cast["nurse"]
    task_id = mine(nurse)
    for reference, why in (
        (nurse.reference, "yours already"),
        ("Practitioner/nobody", "signs in here"),
        (cast["auditor"].reference, "signs in here"),
    ):
        with pytest.raises(BusinessRuleViolation, match=why):
            offer(nurse, task_id, to=ToPerson(reference))
    nurses.member_limit = 1
    nurses.save(update_fields=["member_limit"])
    mine(cast["nurse2"], 2)
    with pytest.raises(BusinessRuleViolation, match="the limit is 1"):
        offer(nurse, task_id, to=ToPerson(cast["nurse2"].reference))
    assert not HandOver.objects.exists()


def test_the_next_shift_may_be_away_still(cast, page):
    other = cast["nurse2"]
    page("nurse2").post("/worklist/availability", {"practitioner": other.reference, "state": "off"})
    task_id = mine(cast["nurse"])
    made = offer(cast["nurse"], task_id, to=ToPerson(other.reference))
    [answer] = accept(made, other, task_id)
    assert not answer.done
    assert "is away" in answer.text
    page("nurse2").post("/worklist/availability", {"practitioner": other.reference, "state": "on"})
    [answer] = accept(made, other, task_id)
    assert answer.done


def test_a_task_stands_in_one_offer_at_a_time(cast):
    nurse, other = cast["nurse"], cast["nurse2"]
    task_id = mine(nurse)
    made = offer(nurse, task_id, to=ToPerson(other.reference))
    with pytest.raises(Conflict, match="another hand-over"):
        offer(nurse, task_id, to=ToPerson(cast["physician"].reference))
    handover.withdraw(made.pk, actor=nurse.actor, at=now())
    assert states(made) == ["withdrawn"]
    offer(nurse, task_id, to=ToPerson(cast["physician"].reference))


def test_the_receiver_is_told_without_anything_of_a_patient(cast, page):
    offer(cast["nurse"], mine(cast["nurse"]), to=ToPerson(cast["nurse2"].reference))
    text = page("nurse2").get("/worklist/threads?tab=notices").content.decode()
    assert "Maya Lindqvist hands over 1 task." in text
    assert "Family1" not in text
    assert "to answer" in page("nurse2").get("/worklist/my").content.decode()
    assert "to answer" not in page("nurse").get("/worklist/my").content.decode()


# --- answering ------------------------------------------------------------------------------------


def test_what_is_accepted_moves_and_its_history_says_why(cast, api):
    nurse, other = cast["nurse"], cast["nurse2"]
    first, second = mine(nurse, 1), mine(nurse, 2)
    made = offer(nurse, first, second, to=ToPerson(other.reference), said="Recheck at 19:15.")
    [answer] = accept(made, other, first)
    assert (answer.done, states(made)) == (True, ["accepted", "open"])
    assert (owner_of(first), owner_of(second)) == (other.reference, nurse.reference)
    moved = api("nurse2").get(f"Task/{first}").json()
    assert moved["performerType"]
    note = moved["note"][-1]
    assert note["authorReference"]["reference"] == nurse.reference
    assert note["text"] == "Handed over; Tomás Rivera accepted.\nRecheck at 19:15."
    [entry] = api("admin").get(f"Provenance?target=Task/{first}&_sort=-recorded").json()["entry"]
    provenance = entry["resource"]
    assert provenance["activity"]["text"] == "Assigned"
    assert provenance["reason"][0]["coding"][0]["code"] == "end-of-shift"
    assert provenance["agent"][0]["who"]["reference"] == nurse.reference
    assert api("nurse").get(f"Task/{first}").status_code == 404


def test_the_offer_is_over_when_all_is_answered(cast):
    nurse, other = cast["nurse"], cast["nurse2"]
    first, second = mine(nurse, 1), mine(nurse, 2)
    made = offer(nurse, first, second, to=ToPerson(other.reference))
    accept(made, other, first)
    handover.decline(made.pk, [second], reason="Too much", actor=other.actor, at=now())
    made.refresh_from_db()
    assert (made.is_open, states(made)) == (False, ["accepted", "declined"])
    assert owner_of(second) == nurse.reference


def test_declining_needs_a_reason(cast):
    made = offer(cast["nurse"], task_id := mine(cast["nurse"]), to=ToPerson("Practitioner/tomas"))
    with pytest.raises(BusinessRuleViolation, match="why"):
        handover.decline(made.pk, [task_id], reason=" ", actor=cast["nurse2"].actor, at=now())


def test_accepting_twice_is_once(cast):
    made = offer(cast["nurse"], task_id := mine(cast["nurse"]), to=ToPerson("Practitioner/tomas"))
    assert accept(made, cast["nurse2"], task_id)[0].done
    version = version_of(task_id)
    [answer] = accept(made, cast["nurse2"], task_id)
    assert (answer.done, answer.text) == (False, "Accepted")
    assert version_of(task_id) == version


def test_what_changed_while_she_looked_stays_to_be_answered(cast):
    nurse, other = cast["nurse"], cast["nurse2"]
    made = offer(nurse, task_id := mine(nurse), to=ToPerson(other.reference))
    actions.add_note(task_id, text="New", actor=nurse.actor)
    [answer] = accept(made, other, task_id, version=1)
    assert (answer.done, states(made)) == (False, ["open"])
    assert "look again" in answer.text
    assert accept(made, other, task_id)[0].done


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        (lambda task_id, cast: actions.complete(task_id, actor=cast["nurse"].actor), "Completed"),
        (
            lambda task_id, cast: actions.release(task_id, actor=cast["nurse"].actor),
            "no longer has",
        ),
        (
            lambda task_id, cast: moves.assign(
                task_id, to=cast["physician"].reference, actor=cast["nurse"].actor
            ),
            "no longer has",
        ),
    ],
    ids=["completed", "released", "given away"],
)
def test_what_is_gone_meanwhile_is_said_of_each(cast, meanwhile, why):
    nurse, other = cast["nurse"], cast["nurse2"]
    gone, stays = mine(nurse, 1), mine(nurse, 2)
    made = offer(nurse, gone, stays, to=ToPerson(other.reference))
    meanwhile(gone, cast)
    answers = accept(made, other, gone, stays)
    assert [each.done for each in answers] == [False, True]
    assert why in answers[0].text
    made.refresh_from_db()
    assert (made.is_open, states(made)) == (False, ["gone", "accepted"])


def test_nothing_moves_from_one_who_may_act_no_more(cast):
    nurse, other = cast["nurse"], cast["nurse2"]
    made = offer(nurse, task_id := mine(nurse), to=ToPerson(other.reference))
    nurse.user.is_active = False
    nurse.user.save(update_fields=["is_active"])
    [answer] = accept(made, other, task_id)
    assert not answer.done
    assert owner_of(task_id) == nurse.reference


def test_a_pool_gets_it_when_one_of_it_accepts(cast, nurses):
    nurse, other = cast["nurse"], cast["nurse2"]
    task_id = mine(nurse)
    made = offer(nurse, task_id, to=ToPool(nurses.pk), said="Page if over 6.0.")
    with pytest.raises(BusinessRuleViolation, match="somebody else"):
        accept(made, nurse, task_id)
    assert accept(made, other, task_id)[0].done
    after = task(task_id)
    assert "owner" not in after
    assert after["status"] == "requested"
    assert after["note"][-1]["text"].endswith("Page if over 6.0.")


def test_another_pool_gets_it_too(cast):
    doctors = Pool.objects.exclude(slug="registered-nurse").get(
        codes__contains=["http://snomed.info/sct|158965000"]
    )
    made = offer(cast["nurse"], task_id := mine(cast["nurse"]), to=ToPool(doctors.pk))
    assert accept(made, cast["physician"], task_id)[0].done
    assert task(task_id)["performerType"][0]["text"] == doctors.name


@pytest.mark.parametrize("who", ["physician", "coordinator", "auditor", "admin"])
def test_nobody_else_sees_or_answers_it(cast, page, who):
    made = offer(cast["nurse"], task_id := mine(cast["nurse"]), to=ToPerson("Practitioner/tomas"))
    other = cast[who]
    for act in (
        lambda: handover.get(made.pk, other.actor),
        lambda: accept(made, other, task_id),
        lambda: handover.withdraw(made.pk, actor=other.actor, at=now()),
    ):
        with pytest.raises(FhirError) as refused:
            act()
        assert refused.value.status in (403, 404)
    hidden, unknown = (page(who).get(f"{NOW}/{number}") for number in (made.pk, made.pk + 999))
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.content == unknown.content
    assert states(made) == ["open"]


# --- pages ----------------------------------------------------------------------------------------


def test_the_whole_way_without_scripts(cast, page):
    nurse, other = page("nurse"), page("nurse2")
    first, second = mine(cast["nurse"], 1), mine(cast["nurse"], 2)
    assert "Errand 1" in nurse.get(NOW).content.decode()
    sent = {
        "task": [first, second],
        f"note-{first}": "Call back",
        "to": "person:Practitioner/tomas",
        "note": "Quiet",
    }
    answer = nurse.post(NOW, sent)
    assert answer.status_code == 303
    path = answer["Location"]
    text = other.get(path).content.decode()
    assert "Hand-over from Maya Lindqvist" in text
    for said in ("Family1", "Errand 2", "Call back", "Quiet"):
        assert said in text
    answer = other.post(
        f"{path}/answer", {"do": "accept", "task": [first], f"version-{first}": "1"}
    )
    assert (answer.status_code, answer["Location"]) == (303, path)
    text = other.get(path).content.decode()
    assert "Took over 1 of 1" in text
    assert "Accepted: Tomás Rivera" in text
    assert "Family1" in text
    assert "Family1" not in nurse.get(path).content.decode()
    answer = other.post(f"{path}/answer", {"do": "decline", "task": [second]})
    assert answer.status_code == 422
    assert "Say in a few words why." in answer.content.decode()
    other.post(f"{path}/answer", {"do": "decline", "task": [second], "reason": "Not my unit"})
    text = nurse.get(path).content.decode()
    assert "Not my unit" in text
    assert "Tomás Rivera" in text
    notices = nurse.get("/worklist/threads?tab=notices").content.decode()
    assert "Tomás Rivera took over 1 task." in notices
    assert "Tomás Rivera declined 1 task." in notices


@pytest.mark.parametrize("to", ["", "person:", "pool:never-was", "Practitioner/tomas"])
def test_a_refused_form_keeps_what_was_typed(cast, page, to):
    first, second = mine(cast["nurse"], 1), mine(cast["nurse"], 2)
    sent = {"task": [second], f"note-{first}": "Typed", "to": to, "note": "All well"}
    answer = page("nurse").post(NOW, sent)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Nothing was offered." in text
    assert "Typed" in text
    assert "All well" in text
    assert re.findall(r'value="([^"]+)"[^>]* checked', text) == [second]


def test_the_giver_takes_it_back(cast, page):
    made = offer(cast["nurse"], mine(cast["nurse"]), to=ToPerson("Practitioner/tomas"))
    assert page("nurse").post(f"{NOW}/{made.pk}/withdraw").status_code == 303
    assert states(made) == ["withdrawn"]
    text = page("nurse2").get(f"{NOW}/{made.pk}").content.decode()
    assert "Taken back" in text
    assert "Family1" not in text


def test_what_is_left_of_an_offer_shows_nothing_of_a_task_that_moved_on(cast, page):
    made = offer(cast["nurse"], task_id := mine(cast["nurse"]), to=ToPerson("Practitioner/tomas"))
    actions.release(task_id, actor=cast["nurse"].actor)
    text = page("nurse2").get(f"{NOW}/{made.pk}").content.decode()
    assert "Maya Lindqvist no longer has this task." in text
    assert "Errand 1" not in text


@pytest.mark.parametrize("path", ["handoff", "handoff/registered-nurse", "hand-over", "offer"])
def test_no_page_asks_more_for_more_rows(cast, page, path):
    nurse = page("coordinator" if path.endswith("nurse") else "nurse")
    ids = [mine(cast["nurse"], number) for number in range(3)]
    made = (
        offer(cast["nurse"], *ids, to=ToPerson("Practitioner/tomas")) if path == "offer" else None
    )
    few = asked(nurse, f"/worklist/hand-over/{made.pk}" if made else f"/worklist/{path}")
    ids = [mine(cast["nurse"], number) for number in range(3, 30)]
    if made:
        made = offer(cast["nurse"], *ids, to=ToPerson("Practitioner/tomas"))
    many = asked(nurse, f"/worklist/hand-over/{made.pk}" if made else f"/worklist/{path}")
    assert many == few


def asked(client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_accept_for_a_pool_one_does(transactional_db):
    """Each on a connection of its own: the second waits for the first, and finds nothing open."""
    cast = factories.cast()
    task_id = mine(cast["nurse"])
    nurses = Pool.objects.get(slug="registered-nurse")
    made = offer(cast["nurse"], task_id, to=ToPool(nurses.pk))
    people = [cast["nurse2"].actor, cast["coordinator"].actor] * 4
    start = Barrier(len(people))

    def run(actor):
        try:
            start.wait()
            return handover.accept(made.pk, {task_id: 1}, actor=actor, at=now())[0].done
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people)) as pool:
        done = list(pool.map(run, people))
    assert sum(done) == 1
    assert [each["text"].count("accepted") for each in task(task_id)["note"]] == [1]
