"""What is done to all selected tasks: each is judged on its own, and the answer says of each."""

import json
import re

import pytest

from fhir.models import ResourceVersion
from tasks import actions
from tasks.models import Task
from tests import factories
from tests.factories import CARDIOLOGIST_ROLE, NURSE_ROLE, owned_task, role, task_document
from tests.faults import statements
from tests.integration.pages.test_pages import htmx, text

BULK = "/worklist/bulk"
POOL = "pool:registered-nurse"


def stored(task) -> dict:
    return json.loads(Task.objects.get(resource_id=task["id"]).document)


def status(task) -> str:
    return stored(task)["status"]


def chosen(tasks, action: str = "", **fields) -> dict:
    """What the bar sends."""
    ids = [f"{each['id']}/{version_of(each)}" for each in tasks]
    return {"ids": ids, "list": POOL} | ({"action": action} if action else {}) | fields


def version_of(task) -> int:
    return Task.objects.get(resource_id=task["id"]).version_id


def waiting(count: int, **elements) -> list[dict]:
    return [errand(f"Errand {n}", **elements) for n in range(count)]


def errand(title: str, code: str = NURSE_ROLE, **elements) -> dict:
    """A Task of this title that waits in a pool."""
    document = task_document(performerType=role(code), code={"text": title}, **elements)
    return factories.create(document)


def claimed(cast, count: int, **elements) -> list[dict]:
    tasks = waiting(count, **elements)
    for each in tasks:
        actions.claim(each["id"], actor=cast["nurse"].actor)
    return tasks


def undo(response) -> tuple[str, dict]:
    """The form of the toast's Undo."""
    form = re.search(
        r'<form method="post" action="([^"]+)"[^>]*hx-post.*?</form>', toast(response), re.S
    )
    values = re.findall(r'name="([^"]+)" value="([^"]+)"', form[0])
    ids = [value for name, value in values if name == "ids"]
    return form[1], dict(values) | {"ids": ids}


def toast(response) -> str:
    return response.content.decode().partition('hx-swap-oob="beforeend:#toasts"')[2]


# --- doing ----------------------------------------------------------------------------------------


def test_all_are_claimed_at_once_and_given_back_by_undo(cast, page):
    tasks = waiting(3)
    response = htmx(page("nurse"), "post", BULK, chosen(tasks, "claim"))
    assert response.status_code == 200 and response["HX-Reswap"] == "none"
    assert "Claimed 3 tasks" in text(response)
    assert [status(each) for each in tasks] == ["accepted"] * 3
    body = response.content.decode()
    assert len(re.findall(r'id="row-[^"]+"[^>]*hx-swap-oob', body)) == 3
    path, fields = undo(response)
    back = htmx(page("nurse"), "post", path, fields)
    assert "Released 3 tasks" in text(back)
    assert [status(each) for each in tasks] == ["requested"] * 3


def test_some_are_done_and_the_toast_names_who_has_the_other(cast, page):
    tasks = waiting(4)
    sent = chosen(tasks, "claim")
    actions.claim(tasks[2]["id"], actor=cast["nurse2"].actor)
    response = htmx(page("nurse"), "post", BULK, sent)
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", toast(response)))
    assert "Claimed 3 of 4." in said and "Tomás Rivera has “Errand 2”." in said
    owners = [stored(each)["owner"]["reference"] for each in tasks]
    nurse, other = cast["nurse"].reference, cast["nurse2"].reference
    assert owners == [nurse, nurse, other, nurse]
    left = re.search(rf'id="row-{tasks[2]["id"]}".*?</article>', response.content.decode(), re.S)
    assert "leaving" in left.string[left.start() - 40 : left.start()] and "Tomás Rivera" in left[0]
    # Undo gives back what she got, and nothing else.
    path, fields = undo(response)
    assert len(fields["ids"]) == 3
    htmx(page("nurse"), "post", path, fields)
    assert [status(each) for each in tasks].count("requested") == 3
    assert stored(tasks[2])["owner"]["reference"] == other


def test_one_that_has_changed_is_left_alone_and_its_row_is_marked(cast, page):
    tasks = claimed(cast, 2)
    sent = chosen(tasks, "release", list="my")
    actions.add_note(tasks[0]["id"], "Call first.", actor=cast["coordinator"].actor)
    response = htmx(page("nurse"), "post", BULK, sent)
    assert "Released 1 of 2." in text(response)
    assert "“Errand 0”: it has changed meanwhile." in text(response)
    assert status(tasks[0]) == "accepted"
    row = re.search(rf'<\w+ class="([^"]*)" id="row-{tasks[0]["id"]}"', response.content.decode())
    assert "refused" in row[1]


def test_the_task_that_is_open_is_shown_as_it_is_now(cast, page):
    tasks = waiting(2)
    response = htmx(page("nurse"), "post", BULK, chosen(tasks, "claim", open=tasks[1]["id"]))
    assert "HX-Reswap" not in response
    assert f'data-task="{tasks[1]["id"]}" data-version="2"' in response.content.decode()


def test_what_is_not_hers_is_refused_the_same_whether_it_exists_or_not(cast, page):
    hidden = owned_task(cast["physician"], code={"text": "Canary"})
    gone = {"id": "01a1fc5f-7715-7434-a430-68accf7b7744"}
    answers = set()
    for each in (hidden, gone):
        sent = {"ids": [f"{each['id']}/1"], "action": "claim", "list": POOL}
        response = htmx(page("nurse"), "post", BULK, sent)
        answers.add((response.status_code, text(response).replace(each["id"], "")))
        asked = {"ids": [each["id"]], "action": "reroute", "list": POOL}
        assert page("nurse").post(BULK, asked).status_code == 403
        assert page("nurse").get(f"{BULK}/reroute/targets", asked).status_code == 403
    assert len(answers) == 1
    assert "None of these was changed" in (said := answers.pop()[1]) and "Canary" not in said


@pytest.mark.parametrize("mode", ["split", "table"])
def test_only_what_something_can_be_done_with_is_to_be_chosen(cast, page, mode):
    waiting(2)
    for name, boxes in (("coordinator", 2), ("auditor", 0)):
        reader = page(name)
        reader.post("/worklist/look", {"list": "all", "mode": mode})
        shown = reader.get("/worklist/all").content.decode()
        assert "Errand 1" in shown and shown.count('name="ids"') == boxes


def test_auditors_change_nothing(cast, page):
    tasks = waiting(2)
    response = htmx(page("auditor"), "post", BULK, chosen(tasks, "claim", list="all"))
    assert "None of these was changed" in text(response)
    assert [status(each) for each in tasks] == ["requested"] * 2


def test_a_message_is_not_completed_without_a_reply(cast, page):
    factories.put({"resourceType": "Communication", "id": "thread", "status": "in-progress"})
    tasks = claimed(cast, 2)
    message = errand("Dizzy", focus={"reference": "Communication/thread"})
    actions.claim(message["id"], actor=cast["nurse"].actor)
    nurse, sent = page("nurse"), chosen([*tasks, message], list="my")
    asked = htmx(nurse, "post", BULK, sent | {"action": "complete"})
    assert "Complete 3 tasks" in text(asked) and "cannot be undone" in text(asked)
    assert status(tasks[0]) == "accepted"
    response = htmx(nurse, "post", f"{BULK}/complete", sent | {"confirmed": "yes"})
    assert "Completed 2 of 3." in text(response) and "reply" in text(response)
    assert [status(each) for each in (*tasks, message)] == ["completed", "completed", "accepted"]
    assert "data-undo" not in response.content.decode()


def test_more_than_25_are_asked_about_first(cast, page):
    tasks = waiting(26)
    asked = htmx(page("nurse"), "post", BULK, chosen(tasks, "claim"))
    assert asked["HX-Retarget"] == "#modal" and "Claim 26 tasks" in text(asked)
    assert {status(each) for each in tasks} == {"requested"}
    done = htmx(page("nurse"), "post", f"{BULK}/claim", chosen(tasks, confirmed="yes"))
    assert "Claimed 26 tasks" in text(done)
    path, fields = undo(done)  # is not asked about again
    assert "Released 26 tasks" in text(htmx(page("nurse"), "post", path, fields))


def test_none_and_too_many_are_refused(cast, page):
    assert page("nurse").post(BULK, {"action": "claim"}).status_code == 422
    many = {"ids": [f"x{n}" for n in range(301)], "action": "claim"}
    assert page("nurse").post(BULK, many).status_code == 413
    assert page("nurse").post(BULK, {"ids": ["x"], "action": "delete"}).status_code == 404


# --- the dialogs ----------------------------------------------------------------------------------


def test_several_are_rerouted_by_one_dialog_and_taken_back(cast, page):
    tasks = claimed(cast, 4)
    nurse, sent = page("nurse"), chosen(tasks, list="my")
    asked = htmx(nurse, "post", BULK, sent | {"action": "reroute"})
    assert asked["HX-Retarget"] == "#modal"
    body = asked.content.decode()
    assert "Reroute 4 tasks" in text(asked) and body.count('name="ids"') == 4
    assert "Hand over and keep watching" in body and 'value="specialty-referral"' in body
    missing = htmx(nurse, "post", f"{BULK}/reroute", sent | {"confirmed": "yes"})
    assert missing.status_code == 422 and "Choose a reason" in text(missing)
    follow = {"ids": sent["ids"], "kind": "pool", "to": "cardiologist", "list": "my"}
    told = text(htmx(nurse, "get", f"{BULK}/reroute/outcome", follow))
    assert "4 tasks wait in Cardiologist, unclaimed" in told
    assert "Reroute 4 to Cardiologist" in told
    said = sent | {"confirmed": "yes", "kind": "pool", "to": "cardiologist", "reason": "workload"}
    response = htmx(nurse, "post", f"{BULK}/reroute", said)
    assert "Sent 4 tasks to Cardiologist" in text(response)
    assert all("owner" not in stored(each) for each in tasks)
    path, fields = undo(response)
    assert "Took back 4 tasks" in text(htmx(nurse, "post", path, fields))
    assert {stored(each)["owner"]["reference"] for each in tasks} == {cast["nurse"].reference}
    versions = ResourceVersion.objects.filter(resource_id=tasks[0]["id"]).order_by("version_id")
    assert [each.interaction for each in versions] == ["create", "claim", "reroute", "undo"]


def test_who_can_take_some_of_them_says_how_many(cast, page):
    there = errand("There", CARDIOLOGIST_ROLE)
    here = waiting(2)
    tasks = [*here, there]
    admin = page("admin")
    asked = admin.get(
        f"{BULK}/reroute/targets",
        {"ids": [each["id"] for each in tasks], "kind": "pool", "list": "all"},
    )
    assert "Can take 2 of 3" in text(asked)  # the cardiologists have one of them already
    assert "Can take 1 of 3" in text(asked)  # and the nurses the other two


@pytest.mark.parametrize(
    ("code", "fields", "said", "after"),
    [
        ("hold", {"reason": "waiting-result"}, "2 tasks are on hold", {"status": "on-hold"}),
        ("prioritize", {"priority": "stat"}, "2 tasks are STAT now", {"priority": "stat"}),
        ("release", {}, "Released 2 tasks", {"status": "requested"}),
    ],
)
def test_what_is_done_to_several_is_taken_back(cast, page, code, fields, said, after):
    tasks = claimed(cast, 2)
    before = [stored(each) for each in tasks]
    nurse, sent = page("nurse"), chosen(tasks, list="my")
    if code == "hold":
        asked = htmx(nurse, "post", BULK, sent | {"action": code}).content.decode()
        fields = {"reason": re.search(r'name="reason" id="[^"]+" value="([^"]+)"', asked)[1]}
    response = htmx(nurse, "post", f"{BULK}/{code}", sent | fields | {"confirmed": "yes"})
    assert said in text(response)
    for each in tasks:
        assert after.items() <= stored(each).items()
    path, back = undo(response)
    htmx(nurse, "post", path, back)
    for each, was in zip(tasks, before, strict=True):
        now = stored(each)
        assert [now.get(name) for name in ("status", "owner", "priority", "statusReason")] == [
            was.get(name) for name in ("status", "owner", "priority", "statusReason")
        ]


def test_a_coordinator_assigns_several(cast, page):
    tasks = waiting(2)
    sent = chosen(tasks, list="all", confirmed="yes", to="Practitioner/tomas")
    response = htmx(page("coordinator"), "post", f"{BULK}/assign", sent)
    assert "Assigned 2 tasks to Tomás Rivera" in text(response)
    assert {stored(each)["owner"]["reference"] for each in tasks} == {"Practitioner/tomas"}


def test_the_dialog_asks_as_often_for_many_as_for_few(cast, page):
    nurse = page("nurse")
    few, many = claimed(cast, 3), claimed(cast, 30)
    counted = []
    for tasks in (few, many):
        ids = {"ids": [each["id"] for each in tasks], "kind": "person", "list": "my"}
        nurse.get(f"{BULK}/reroute/targets", ids)
        with statements() as sent:
            nurse.get(f"{BULK}/reroute/targets", ids)
        counted.append(sent.sent)
    assert counted[0] == counted[1]


# --- without scripts ------------------------------------------------------------------------------


def test_without_scripts_the_page_says_it_and_takes_it_back(cast, page):
    tasks = waiting(2)
    actions.claim(tasks[1]["id"], actor=cast["nurse2"].actor)
    nurse = page("nurse")
    response = nurse.post(BULK, chosen(tasks, "claim"))
    assert response.status_code == 303
    shown = nurse.get(response["Location"])
    assert "Claimed 1 of 2. Tomás Rivera has “Errand 1”." in text(shown)
    body = shown.content.decode()
    form = re.search(r'<form method="post" action="/worklist/bulk/release">.*?</form>', body, re.S)
    values = re.findall(r'name="([^"]+)" value="([^"]+)"', form[0])
    assert nurse.post("/worklist/bulk/release", dict(values)).status_code == 303
    assert status(tasks[0]) == "requested"
    assert "data-undo" in nurse.get("/worklist/my").content.decode()  # of the release
    assert "data-undo" not in nurse.get("/worklist/my").content.decode()  # said once


def test_without_scripts_a_dialog_is_a_page(cast, page):
    tasks = claimed(cast, 2)
    nurse = page("nurse")
    asked = nurse.post(BULK, chosen(tasks, "hold", list="my"))
    assert asked.status_code == 200 and b"<!doctype html>" in asked.content
    reason = re.search(r'name="reason" id="[^"]+" value="([^"]+)"', asked.content.decode())[1]
    sent = chosen(tasks, list="my", confirmed="yes")
    again = nurse.post(f"{BULK}/hold", sent)
    assert again.status_code == 422 and "Choose a reason" in text(again)
    done = nurse.post(f"{BULK}/hold", sent | {"reason": reason})
    assert done.status_code == 303
    assert {status(each) for each in tasks} == {"on-hold"}


def test_the_rows_say_what_the_bar_may_do_with_them(cast, page):
    mine, other = claimed(cast, 1)[0], waiting(1)[0]
    body = page("nurse").get("/worklist/pool/registered-nurse").content.decode()

    def can(task):
        return re.search(rf'value="{task["id"]}/\d+" data-can="([^"]*)"', body)[1].split()

    assert can(other) == ["claim", "reroute"]
    assert can(mine) == ["reroute", "hold", "prioritize", "release", "complete"]
    assert 'id="bulk"' in body and 'name="action" value="claim"' in body
