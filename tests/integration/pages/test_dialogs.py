"""The dialogs that move a task, as pages without scripts and as the parts that htmx asks for."""

import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actions import set_availability
from accounts.models import Pool
from fhir import store
from fhir.actor import Role
from tasks import actions, moves
from tasks.models import Task
from tests import factories
from tests.factories import CARDIOLOGIST_ROLE, owned_task, pool_task
from tests.faults import statements
from tests.integration.pages.test_pages import htmx, post, text

CODED = {
    "coding": [{"system": "https://medplum.com/CodeSystem/reroute-reason", "code": "workload"}]
}
DIALOGS = ("reroute", "assign", "escalate", "prioritize", "reschedule", "stage")
LAB = "http://taskward.example/fhir/CodeSystem/task-type"


@pytest.fixture
def hers(cast):
    """A Task that the nurse has claimed from her pool."""
    task = pool_task(**{"for": {"reference": "Patient/homer", "display": "Homer Simpson"}})
    actions.claim(task["id"], actor=cast["nurse"].actor)
    return task


def url(task, code="reroute") -> str:
    return f"/worklist/t/{task['id']}/{code}"


def stored(task) -> dict:
    return json.loads(Task.objects.get(resource_id=task["id"]).document)


def sent(**fields) -> dict:
    """What the reroute dialog sends when everything is filled in."""
    chosen = {"kind": "pool", "to": "cardiologist", "reason": "specialty-referral", "version": 2}
    return chosen | fields


# --- opening --------------------------------------------------------------------------------------


def test_a_reason_is_asked_for_in_the_page_or_in_a_dialog_of_its_own(page, hers):
    nurse, asked = page("nurse"), f"/worklist/t/{hers['id']}?list=my&ask=hold"
    whole = nurse.get(asked).content.decode()
    assert re.search(r'<dialog id="ask-hold"[^>]* open', " ".join(whole.split()))
    assert whole.count('<dialog id="ask-') == 1, (
        "the others are not sent before somebody wants them"
    )
    alone = " ".join(htmx(nurse, "get", asked).content.decode().split())
    assert alone.startswith('<dialog id="ask-hold" aria-labelledby="ask-hold-title" >')
    assert 'name="version" value="2"' in alone and "data-first" in alone
    assert '<dialog id="ask-' not in nurse.get(f"/worklist/t/{hers['id']}?list=my").content.decode()


def test_what_cannot_be_done_any_more_asks_for_no_reason(page, hers, cast):
    actions.start(hers["id"], actor=cast["nurse"].actor)
    actions.complete(hers["id"], actor=cast["nurse"].actor)
    answer = htmx(page("nurse"), "get", f"/worklist/t/{hers['id']}?list=my&ask=hold")
    assert answer["HX-Retarget"] == "#detail" and "Completed" in text(answer)
    assert "<dialog" not in answer.content.decode()


def test_a_dialog_is_a_page_without_scripts_and_a_part_with_them(page, hers):
    nurse = page("nurse")
    whole = nurse.get(url(hers)).content.decode()
    assert "<!doctype html>" in whole and whole.count("<dialog") == 1  # the help
    assert 'formmethod="get"' not in whole
    piece = htmx(nurse, "get", url(hers))
    assert piece.content.decode().strip().startswith('<dialog class="move" id="move"')
    for body in (whole, piece.content.decode()):
        assert "Homer Simpson" in body
        assert 'value="cardiologist"' in body and 'value="specialty-referral"' in body
        assert "Hand over and keep watching" in body
    assert "Homer" not in re.search("<title>.*?</title>", whole)[0]
    assert nurse.get(url(hers))["Cache-Control"] == "no-store"


@pytest.mark.parametrize("code", DIALOGS)
def test_nobody_is_asked_what_she_may_not_do(cast, page, code):
    hidden = owned_task(cast["physician"], status="accepted")
    gone = {"id": "01a1fc5f-7715-7434-a430-68accf7b7744"}
    nurse = page("nurse")
    for part in ("", "/targets", "/outcome"):
        answers = {text(nurse.get(url(each, code) + part)) for each in (hidden, gone)}
        assert len(answers) == 1
        assert nurse.get(url(hidden, code) + part).status_code == 404
    assert nurse.post(url(hidden, code), sent(stage="x")).status_code == 403
    assert nurse.post(url(gone, code), sent()).status_code == 403
    assert page("auditor").post(url(hidden, code), sent(version=1)).status_code == 422
    assert "auditor" in text(page("auditor").get(url(hidden, code)))


def test_an_unknown_dialog_is_not_found(page, hers):
    assert page("nurse").get(url(hers, "nothing") + "/targets").status_code == 404


def test_what_a_dialog_asks_does_not_grow_with_the_staff(cast, page, hers):
    nurse = page("nurse")
    path = url(hers) + "/targets?kind=person"
    nurse.get(path)
    with statements() as few:
        nurse.get(path)
    for number in range(12):
        factories.person(f"n{number}", Role.PRACTITIONER, f"Nora {number}", factories.NURSE_ROLE)
    with statements() as many:
        assert text(nurse.get(path)).count("Nora") == 12
    assert many.sent <= few.sent < 60


# --- choosing -------------------------------------------------------------------------------------


def test_the_parts_follow_what_was_chosen(page, hers):
    nurse = page("nurse")
    people = text(htmx(nurse, "get", url(hers) + "/targets?kind=person"))
    assert "Carl Ostrow" in people and "Choose a person to see it" in people
    pools = htmx(nurse, "get", url(hers) + "/targets?kind=pool&q=CARDIO&to=cardiologist")
    body = pools.content.decode()
    assert "1 match" in text(pools) and "Registered nurse" not in text(pools)
    assert re.search(r'value="cardiologist"[^>]*checked', body)
    assert 'id="outcome" hx-swap-oob="innerHTML"' in body and 'id="move-label" hx-swap-oob' in body
    assert "move-send" not in body  # the button stays under the finger that presses it
    assert "Reroute to Cardiologist" in text(pools)
    told = text(htmx(nurse, "get", url(hers) + "/outcome?kind=pool&to=cardiologist"))
    document = stored(hers)
    actor = factories.Person(nurse_user(hers)).actor
    for line in moves.what_will_happen(
        document, to=moves.ToPool(pool().pk), keep_view=False, actor=actor, at=store.now()
    ):
        assert line in told
    kept = text(htmx(nurse, "get", url(hers) + "/outcome?kind=pool&to=cardiologist&keep=yes"))
    assert "cannot be undone" in kept and "until someone claims it" in told
    nothing = text(htmx(nurse, "get", url(hers) + "/targets?kind=pool&q=zzz"))
    assert "0 matches" in nothing and "No pool is called that" in nothing


def pool() -> Pool:
    return Pool.objects.get(slug="cardiologist")


def nurse_user(task):
    from accounts.models import User

    return User.objects.get(reference=stored(task)["owner"]["reference"])


def test_without_scripts_searching_keeps_what_was_typed_and_does_nothing(page, hers):
    response = page("nurse").post(
        url(hers), sent(step="find", q="cardiol", note="Chest pain.", reason="workload")
    )
    body = response.content.decode()
    assert response.status_code == 200
    assert "Chest pain." in body and re.search(r'value="workload"\s+checked', body)
    assert "1 match" in text(response)
    assert stored(hers)["meta"]["versionId"] == "2"


def test_those_who_cannot_take_it_come_last_with_why(page, hers):
    body = htmx(page("nurse"), "get", url(hers) + "/targets?kind=pool").content.decode()
    picks = re.findall(r'<label class="pick( off)?">.*?</label>', body, flags=re.S)
    assert picks == sorted(picks) and " off" in picks and "" in picks
    for off in re.findall(r'<label class="pick off">.*?</label>', body, flags=re.S):
        assert "disabled" in off
        assert re.search(r'class="because">[A-Z][^<]+\.<', off)


# --- doing ----------------------------------------------------------------------------------------


def test_a_reroute_to_a_pool_without_scripts(cast, page, hers):
    nurse = page("nurse")
    response = nurse.post(url(hers), sent(note="New chest pain."))
    assert (response.status_code, response["Location"]) == (303, "/worklist/my")
    document = stored(hers)
    assert "owner" not in document and document["status"] == "requested"
    assert document["note"][-1]["text"] == "New chest pain."
    assert nurse.get(f"/worklist/t/{hers['id']}").status_code == 404
    assert page("cardiologist").get(f"/worklist/t/{hers['id']}").status_code == 200
    shown = nurse.get("/worklist/my")
    assert "Sent to Cardiologist." in text(shown) and "take-back" in shown.content.decode()
    assert "take-back" not in nurse.get("/worklist/my").content.decode()
    back = nurse.post(f"/worklist/t/{hers['id']}/take-back", {"version": 3})
    assert back.status_code == 303
    assert stored(hers)["owner"]["reference"] == cast["nurse"].reference


def test_a_reroute_with_htmx_says_where_it_went_and_offers_undo(cast, page, hers):
    nurse = page("nurse")
    response = htmx(nurse, "post", url(hers), sent())
    assert response.status_code == 200
    assert text(response).count("Sent to Cardiologist") == 3  # in its place, its row, and a toast
    body = response.content.decode()
    assert f'action="/worklist/t/{hers["id"]}/take-back"' in body and "data-undo" in body
    assert "Homer" not in body
    undone = htmx(nurse, "post", f"/worklist/t/{hers['id']}/take-back", {"version": 3})
    assert "Taken back" in text(undone) and "Homer Simpson" in text(undone)


def test_what_somebody_took_up_is_not_taken_back(cast, page, hers):
    nurse = page("nurse")
    htmx(nurse, "post", url(hers), sent())
    actions.claim(hers["id"], actor=cast["cardiologist"].actor)
    response = htmx(nurse, "post", f"/worklist/t/{hers['id']}/take-back", {"version": 3})
    assert response.status_code == 412
    assert response["HX-Retarget"] == "body"
    assert "cannot be taken back" in text(response) and "Carl" not in text(response)
    assert page("nurse2").post(
        f"/worklist/t/{hers['id']}/take-back", {"version": 4}
    ).status_code == 403  # fmt: skip


def test_a_reroute_to_a_person_that_keeps_a_view(cast, page, hers):
    nurse = page("nurse")
    fields = sent(kind="person", to=cast["cardiologist"].reference, keep="yes", reason="workload")
    response = htmx(nurse, "post", url(hers), fields)
    assert response.status_code == 200 and "data-undo" not in response.content.decode()
    assert stored(hers)["status"] == "cancelled"
    assert "Rerouted" in text(nurse.get(f"/worklist/t/{hers['id']}"))
    successor = Task.objects.get(owner=cast["cardiologist"].reference)
    assert page("cardiologist").get(f"/worklist/t/{successor.resource_id}").status_code == 200


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"to": ""}, "Choose the pool that gets it."),
        ({"kind": "person"}, "Choose the person that gets it."),
        ({"to": "nothing"}, "Choose the pool that gets it."),
        ({"to": "quality-assurance"}, "Choose the pool that gets it."),  # has no members
        ({"reason": ""}, "Choose a reason."),
        ({"reason": "bogus"}, "Choose a reason."),
        ({"note": "x" * 4001}, "at most 4000"),
    ],
)
def test_what_is_missing_is_said_in_place_and_nothing_is_lost(page, hers, fields, said):
    data = sent(note="Keep this.") | fields
    response = htmx(page("nurse"), "post", url(hers), data)
    assert response.status_code == 422
    assert (response["HX-Retarget"], response["HX-Reswap"]) == ("#move-form", "outerHTML")
    body = response.content.decode()
    assert said in body and "This was not sent." in body
    assert data["note"] in body
    assert 'role="alert" tabindex="-1" data-focus' in body
    assert stored(hers)["meta"]["versionId"] == "2"
    whole = page("nurse").post(url(hers), data)
    assert whole.status_code == 422 and "<!doctype html>" in whole.content.decode()


def test_a_changed_task_is_shown_as_it_is_now_and_mine_can_be_put_on_top(cast, page, hers):
    moves.prioritize(hers["id"], priority="stat", actor=cast["coordinator"].actor)
    nurse = page("nurse")
    response = htmx(nurse, "post", url(hers), sent(note="Keep this."))
    assert response.status_code == 412
    shown = text(response)
    assert "Cora Blake changed this task at" in shown and "“Reroute” was not done" in shown
    assert re.search(r"Priority STAT Routine", shown)
    assert "Keep this." in shown and "Apply mine on top" in shown and "Keep theirs" in shown
    assert 'name="version" value="3"' in response.content.decode()
    assert htmx(nurse, "post", url(hers), sent(version=3)).status_code == 200


def test_a_task_that_is_over_meanwhile_leaves_only_a_way_out(cast, page, hers):
    actions.complete(hers["id"], actor=cast["nurse"].actor)
    response = htmx(page("nurse"), "post", url(hers), sent())
    assert response.status_code == 412
    assert "nothing leads out of it" in text(response)
    assert "Show it as it is now" in text(response) and "data-send" not in response.content.decode()


def test_a_task_that_left_her_sight_meanwhile_is_refused(cast, page, hers):
    actions.release(hers["id"], actor=cast["nurse"].actor)
    actions.claim(hers["id"], actor=cast["nurse2"].actor)
    response = htmx(page("nurse"), "post", url(hers), sent())
    assert (response.status_code, response["HX-Retarget"]) == (403, "body")


def test_what_nobody_has_goes_to_another_pool_but_to_nobody_by_name(cast, page):
    task = pool_task()
    nurse = page("nurse")
    dialog = htmx(nurse, "get", url(task))
    assert "Claim this task first to give it to a person." in text(dialog)
    assert 'name="kind"' not in dialog.content.decode()
    fields = sent(version=1, kind="person", to=cast["cardiologist"].reference)
    assert htmx(nurse, "post", url(task), fields).status_code == 422
    assert "owner" not in stored(task)
    assert htmx(nurse, "post", url(task), sent(version=1)).status_code == 200


# --- the other dialogs ----------------------------------------------------------------------------


def test_a_coordinator_assigns_from_her_list(cast, page):
    task = pool_task()
    coordinator = page("coordinator")
    listed = coordinator.get("/worklist/all").content.decode()
    assert f'hx-get="/worklist/t/{task["id"]}/assign?list=all"' in listed
    assert "data-row-claim" not in listed
    dialog = text(htmx(coordinator, "get", url(task, "assign")))
    assert "Tomás Rivera" in dialog and "Send to" not in dialog and "Reason" not in dialog
    fields = {"to": cast["nurse2"].reference, "note": "Please.", "version": 1, "list": "all"}
    response = htmx(coordinator, "post", url(task, "assign"), fields)
    assert "Assigned to Tomás Rivera" in text(response)
    assert response["HX-Push-Url"].startswith(f"/worklist/t/{task['id']}")
    assert stored(task)["owner"]["reference"] == cast["nurse2"].reference
    htmx(coordinator, "post", f"/worklist/t/{task['id']}/take-back", {"version": 2})
    assert "owner" not in stored(task)


def test_only_coordinators_are_offered_to_assign(page, hers):
    assert "act-assign" not in page("nurse").get(f"/worklist/t/{hers['id']}").content.decode()
    response = htmx(page("nurse"), "get", url(hers, "assign"))
    assert response.status_code == 422
    assert "Only a coordinator" in text(response)
    assert "act-assign" in page("coordinator").get(f"/worklist/t/{hers['id']}").content.decode()


def test_escalating_says_what_it_does_and_asks_why(page, hers):
    nurse = page("nurse")
    dialog = text(htmx(nurse, "get", url(hers, "escalate")))
    assert "The priority goes from Routine to Urgent" in dialog and "cannot be undone" in dialog
    assert htmx(nurse, "post", url(hers, "escalate"), {"version": 2}).status_code == 422
    fields = {"version": 2, "reason": "other", "priority": "stat"}
    assert "Say in a few words" in text(htmx(nurse, "post", url(hers, "escalate"), fields))
    response = htmx(nurse, "post", url(hers, "escalate"), fields | {"note": "Door to needle."})
    assert response.status_code == 200 and "data-undo" not in response.content.decode()
    assert stored(hers)["priority"] == "stat"


def test_the_priority_is_changed_and_put_back(page, hers):
    nurse = page("nurse")
    response = htmx(nurse, "post", url(hers, "prioritize"), {"priority": "asap", "version": 2})
    assert "Priority is ASAP now" in text(response)
    assert stored(hers)["priority"] == "asap"
    htmx(nurse, "post", f"/worklist/t/{hers['id']}/take-back", {"version": 3})
    assert "priority" not in stored(hers)
    same = {"priority": "routine", "version": 4}
    htmx(nurse, "post", url(hers, "prioritize"), same)
    again = htmx(nurse, "post", url(hers, "prioritize"), same | {"version": 5})
    assert again.status_code == 200 and "data-undo" not in again.content.decode()


def test_the_due_date_is_changed_and_put_back(page, hers):
    nurse, path = page("nurse"), url(hers, "reschedule")
    sent = {"day": "2031-05-04", "time": "10:30", "reason": "agreed", "version": 2}
    assert "from no due date to 4 May 2031 10:30" in text(htmx(nurse, "get", path, sent))
    response = htmx(nurse, "post", path, sent)
    assert "Due 4 May 2031 10:30 now" in text(response)
    assert "changed when it is due" in text(response) and "Agreed with" in text(response)
    assert stored(hers)["restriction"]["period"]["end"] == "2031-05-04T10:30:00.000Z"
    assert 'name="time" value="10:30"' in htmx(nurse, "get", path).content.decode()
    htmx(nurse, "post", f"/worklist/t/{hers['id']}/take-back", {"version": 3})
    assert "restriction" not in stored(hers)
    day = sent | {"time": "", "version": 4}
    assert "Due 4 May 2031 now" in text(htmx(nurse, "post", path, day))
    assert stored(hers)["restriction"]["period"]["end"] == "2031-05-04"
    none = {"day": "", "time": "", "reason": "mistake", "version": 5}
    assert nurse.post(path, none).status_code == 303
    assert "restriction" not in stored(hers)


@pytest.mark.parametrize(
    "fields", [{"day": "4 May"}, {"day": "", "time": "10:00"}, {"day": "2031-05-04", "time": "x"}]
)
def test_a_due_date_that_is_none_is_said_in_the_dialog(page, hers, fields):
    path, said = url(hers, "reschedule"), {"reason": "agreed", "version": 2, "note": "Keep this."}
    response = htmx(page("nurse"), "post", path, said | fields)
    assert response.status_code == 422
    assert "Say on which day" in text(response) and "Keep this." in text(response)
    response = htmx(page("nurse"), "post", path, {"day": "2031-05-04", "version": 2})
    assert response.status_code == 422 and "Choose a reason." in text(response)


def lab_report(owner, **elements) -> dict:
    from tasks import task_types

    task_type = next(each for each in task_types.offered() if len(each.stages) > 2)
    return owned_task(owner, status="accepted", code=task_type.as_concept(), **elements), task_type


def test_a_stage_goes_on_and_back_and_an_unknown_one_is_kept(cast, page):
    task, task_type = lab_report(cast["nurse"])
    nurse, names = page("nurse"), [each.display for each in task_type.stages]
    shown = text(nurse.get(f"/worklist/t/{task['id']}"))
    positions = [shown.index(name) for name in names]
    assert positions == sorted(positions)
    for name in names:
        response = nurse.post(f"/worklist/t/{task['id']}/next-stage")
        assert response.status_code == 303
        assert stored(task)["businessStatus"]["text"] == name
    response = nurse.post(f"/worklist/t/{task['id']}/next-stage")
    assert response.status_code == 422 and "last stage" in text(response)
    dialog = htmx(nurse, "get", url(task, "stage")).content.decode()
    first = task_type.stages[0]
    value = f"{first.system}|{first.code}"
    assert f'value="{value}"' in dialog
    version = stored(task)["meta"]["versionId"]
    fields = {"stage": value, "note": "Sent back.", "version": version}
    assert htmx(nurse, "post", url(task, "stage"), fields).status_code == 200
    assert stored(task)["businessStatus"]["coding"][0]["code"] == first.code
    assert stored(task)["note"][-1]["text"] == "Sent back."

    other, _ = lab_report(cast["nurse"], businessStatus={"text": "With the insurer"})
    shown = nurse.get(f"/worklist/t/{other['id']}")
    assert "Other: With the insurer" in text(shown)
    assert "act-next-stage" not in shown.content.decode()
    assert nurse.post(f"/worklist/t/{other['id']}/next-stage").status_code == 422
    assert stored(other)["businessStatus"] == {"text": "With the insurer"}


def test_every_dialog_answers_303_without_scripts(cast, page):
    task, task_type = lab_report(cast["nurse"], performerType=factories.role("224535009"))
    coordinator = page("coordinator")
    stage = task_type.stages[1]
    for version, (code, fields) in enumerate(
        (
            ("stage", {"stage": f"{stage.system}|{stage.code}"}),
            ("prioritize", {"priority": "urgent"}),
            ("escalate", {"reason": "new-findings", "priority": "stat"}),
            ("assign", {"to": cast["nurse2"].reference}),
            ("reroute", sent()),
        ),
        1,
    ):
        whole = coordinator.get(url(task, code))
        assert whole.status_code == 200 and "<!doctype html>" in whole.content.decode()
        response = coordinator.post(url(task, code), fields | {"version": version})
        assert response.status_code == 303, (code, text(response))
    assert stored(task)["meta"]["versionId"] == "6"


def test_work_without_stages_says_so(page, hers):
    for code in ("stage", "next-stage"):
        response = htmx(page("nurse"), "post", url(hers, code), {"version": 2})
        assert response.status_code == 422
        assert "has no stages" in text(response)


def test_a_pool_where_nobody_is_now_is_warned_of(cast, page, hers):
    heart = cast["cardiologist"]
    set_availability(heart.reference, "off", actor=heart.actor, at=store.now())
    told = text(htmx(page("nurse"), "get", url(hers) + "/outcome?kind=pool&to=cardiologist"))
    assert "Nobody there is available" in told


def test_a_whole_says_which_parts_keep_it_open_and_leads_there(cast, page):
    whole = owned_task(cast["nurse"], status="in-progress")
    part = owned_task(
        cast["nurse"], partOf=[{"reference": f"Task/{whole['id']}"}], code={"text": "Call patient"}
    )
    nurse = page("nurse")
    shown = nurse.get(f"/worklist/t/{whole['id']}")
    assert "Complete: 1 subtask is open." in text(shown)
    assert '<a class="link" href="#subtasks-title">' in shown.content.decode()
    response = post(nurse, whole, "complete")
    assert response.status_code == 422 and "1 subtask is open." in text(response)
    assert post(nurse, part, "cancel", reason="not-needed").status_code == 303
    assert post(nurse, whole, "complete").status_code == 303


def test_many_reroutes_are_questioned(cast, page):
    admin = cast["admin"].actor
    task = pool_task(CARDIOLOGIST_ROLE)
    nurses = Pool.objects.get(slug="registered-nurse").pk
    for to in (nurses, pool().pk, nurses):
        moves.reroute(task["id"], to=moves.ToPool(to), reason=CODED, actor=admin)
    shown = text(htmx(page("nurse"), "get", url(task)))
    assert "It has been rerouted 3 times already. Ask a coordinator?" in shown


def test_every_action_of_a_task_that_is_refused_says_why(cast, page):
    task = pool_task()
    for name in ("nurse", "coordinator", "auditor"):
        body = page(name).get(f"/worklist/t/{task['id']}").content.decode()
        for item in re.findall(r'<span class="item" aria-disabled="true".*?</small>', body, re.S):
            assert re.search(r"<small>[A-Z].+\.</small>", item)
    post(page("nurse"), task, "claim", version=1)


# --- somebody else was there meanwhile ------------------------------------------------------------


def test_a_stale_hold_keeps_what_was_typed_and_goes_on_top(cast, page, hers):
    moves.prioritize(hers["id"], priority="stat", actor=cast["coordinator"].actor)
    nurse = page("nurse")
    fields = {"reason": "waiting-on-result", "note": "Lab is closed.", "version": 2}
    response = htmx(nurse, "post", url(hers, "hold"), fields)
    assert response.status_code == 412 and response["HX-Retarget"] == "#fields-hold"
    shown = text(response)
    assert "Cora Blake changed this task at" in shown and "“Hold” was not done" in shown
    assert "Priority STAT Routine no change" in shown
    assert "Status Accepted Accepted On hold" in shown
    assert "Lab is closed." in shown and "Apply mine on top" in shown
    assert 'name="version" value="3"' in response.content.decode()
    assert stored(hers)["status"] == "accepted"
    assert htmx(nurse, "post", url(hers, "hold"), fields | {"version": 3}).status_code == 200
    assert stored(hers)["status"] == "on-hold"
    assert stored(hers)["note"][0]["text"] == "Lab is closed."


def test_a_hold_says_until_when(cast, page, hers):
    nurse = page("nurse")
    fields = {"reason": "waiting-on-result", "version": 2}
    for wrong, said in (
        ({"day": "2020-01-01"}, "that has passed"),
        ({"time": "10:00"}, "Say which day"),
        ({"day": "soon"}, "Say which day"),
    ):
        response = nurse.post(url(hers, "hold"), fields | wrong)
        assert response.status_code == 422 and said in text(response)
    tomorrow = timezone.localdate() + timedelta(days=1)
    asked = fields | {"day": tomorrow.isoformat(), "time": "23:30"}
    assert nurse.post(url(hers, "hold"), asked).status_code == 303
    shown = text(nurse.get(f"/worklist/t/{hers['id']}"))
    assert re.search(
        r"On hold since \d\d:\d\d · you Waiting on a result Expected tomorrow 23:30", shown
    )
    assert "On hold until tomorrow 23:30" in shown
    paper = text(nurse.get("/worklist/handoff"))
    assert (
        "Waiting on someone else" in paper
        and "On hold until tomorrow 23:30: Waiting on a result" in paper
    )


def test_what_both_have_changed_is_not_put_on_top(cast, page, hers):
    actions.start(hers["id"], actor=cast["nurse"].actor)
    nurse = page("nurse")
    fields = {"reason": "waiting-on-result", "version": 2}
    response = nurse.post(url(hers, "hold"), fields)  # a page without scripts
    assert response.status_code == 412
    shown = text(response)
    assert "You were about to change the same." in shown and "Apply mine on top" not in shown
    assert "Status In progress Accepted On hold" in shown
    moves.prioritize(hers["id"], priority="stat", actor=cast["coordinator"].actor)
    response = htmx(nurse, "post", url(hers, "prioritize"), {"priority": "urgent", "version": 3})
    assert "Priority STAT Routine Urgent" in text(response)
    assert "Apply mine on top" not in text(response)
