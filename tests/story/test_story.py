"""Homer Simpson writes, and what comes of it: from his message to the cardiologist's answer, in the
browser and over HTTP, with everything that must be true on the way.

It is told twice: the nurse hands her task over fully, or keeps watching it as a task of its own.
"""

import base64
import hmac
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from communications import categories
from fhir.subscriptions.document import CONTENT_URL, SECRET_URL
from tests.clients.clinic import Clinic
from tests.integration.subscriptions.receiver import Receiver
from tests.story.api import Api, service_token

HOMER = {"reference": "Patient/homer-simpson", "display": "Homer Simpson"}
NURSE, CARDIOLOGIST = "Practitioner/maya-lindqvist", "Practitioner/dr-cardio"
NURSES, CARDIOLOGISTS = (
    "http://snomed.info/sct|224535009",
    "http://snomed.info/sct|17561000",
)
WHY = "Chest pain since Thursday, new cardiac symptoms."
ANSWER = "Please come in today at three. If the pain comes back, call 911 at once."
KEY = b"a key that both sides have agreed on"
PATIENCE = 60.0  # seconds for what happens by itself


def until(look: Callable[[], Any], what: str) -> Any:
    """What `look` finds, once it does."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.1)
    return found


@dataclass
class Cast:
    clinic: Clinic
    receiver: Receiver

    def api(self, username: str) -> Api:
        return Api(self.clinic, self.clinic.token(username))

    @cached_property
    def other_system(self) -> Api:
        """The portal that patients write in, as a service with an account of its own."""
        return Api(self.clinic, service_token(self.clinic))


@pytest.fixture(scope="module")
def cast(running_clinic, receiver) -> Cast:
    return Cast(running_clinic, receiver)


@pytest.fixture
def allowed(cast, visit) -> None:
    """An admin has listed the receiver as one that may be told."""
    if cast.receiver.requests:
        return
    page = visit("admin")
    page.goto("/admin/fhir/endpoint/add/")
    page.get_by_label("Scheme").select_option("http")
    page.get_by_label("Host").fill("127.0.0.1")
    page.get_by_label("Port").fill(str(cast.receiver.port))
    page.get_by_label("May be a private address").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".success")).to_be_visible()
    page.context.close()


def subscribe(cast: Cast, criteria: str, path: str) -> str:
    """The id of an active Subscription of the other system."""
    made = cast.other_system.post(
        "Subscription",
        {
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "Follow the answer to a message",
            "criteria": criteria,
            "channel": {
                "type": "rest-hook",
                "endpoint": f"{cast.receiver.url}{path}",
                "payload": "application/fhir+json",
                "_payload": {"extension": [{"url": CONTENT_URL, "valueCode": "id-only"}]},
                "extension": [
                    {
                        "url": SECRET_URL,
                        "valueString": f"whsec_{base64.b64encode(KEY).decode()}",
                    }
                ],
            },
        },
    )
    until(
        lambda: cast.other_system.get(f"Subscription/{made['id']}")["status"] == "active",
        "The handshake",
    )
    return made["id"]


def write_as_homer(cast: Cast) -> dict:
    """The header of a new thread with his message in it."""
    needs_answer = [categories.category(categories.NEEDS_RESPONSE)]
    header = cast.other_system.post(
        "Communication",
        {
            "resourceType": "Communication",
            "status": "in-progress",
            "category": needs_answer,
            "topic": {"text": "Chest pain"},
            "subject": HOMER,
        },
    )
    cast.other_system.post(
        "Communication",
        {
            "resourceType": "Communication",
            "status": "completed",
            "category": needs_answer,
            "partOf": [{"reference": f"Communication/{header['id']}"}],
            "subject": HOMER,
            "sender": HOMER,
            "sent": datetime.now().astimezone().isoformat(timespec="seconds"),
            "payload": [{"contentString": "My chest hurts when I climb the stairs."}],
        },
    )
    return header


def task_about(cast: Cast, header: dict) -> dict:
    """The Task that a rule has made of the message."""
    search = f"Task?performer={NURSES}&owner:missing=true&focus=Communication/{header['id']}"
    [task] = until(lambda: cast.api("nurse").found(search), "A Task for the nurses")
    return task


def thread_of(cast: Cast, header: dict) -> dict:
    return cast.other_system.get(f"Communication/{header['id']}")


def recipients(cast: Cast, header: dict) -> list[str]:
    return [each["reference"] for each in thread_of(cast, header).get("recipient", [])]


def open_task(page: Page, pool: str, task_id: str) -> None:
    page.goto(f"/worklist/pool/{pool}")
    page.goto(f"/worklist/t/{task_id}")
    expect(page.locator("#task-title")).to_be_visible()


def claim(page: Page) -> None:
    page.keyboard.press("c")
    expect(page.locator(".toast", has_text="Claimed")).to_be_visible()


def reroute_to_cardiology(page: Page, *, keep_watching: bool) -> None:
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_role("radio", name="Pool", exact=True).check(force=True)
    dialog.get_by_label("Find by name").fill("cardio")
    dialog.get_by_role("radio", name=re.compile("Cardiologist")).check(force=True)
    dialog.get_by_role("radio", name="Specialty referral").check(force=True)
    if keep_watching:
        dialog.get_by_role("radio", name=re.compile("keep watching")).check(force=True)
    dialog.get_by_label(re.compile("Note for the next person")).fill(WHY)
    expect(dialog.locator("#outcome")).to_contain_text("Cardiologist")
    page.keyboard.press("Control+Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator(".toast", has_text="Cardiologist")).to_be_visible()


def reply_and_complete(page: Page) -> None:
    expect(page.locator("#detail")).to_contain_text("My chest hurts when I climb the stairs.")
    page.locator("#reply-text").fill(ANSWER)
    page.locator("#reply-text").press("Control+Enter")
    expect(page.locator(".steps .now")).to_contain_text("Completed")


def interactions(cast: Cast, task_id: str) -> list[tuple[str, str]]:
    """(status, owner) of each version, oldest first."""
    history = cast.api("auditor").get(f"Task/{task_id}/_history?_count=100")
    versions = [entry["resource"] for entry in reversed(history["entry"])]
    return [
        (each["status"], each.get("owner", {}).get("reference", "").rpartition("/")[2])
        for each in versions
    ]


def reasons(cast: Cast, task_id: str) -> list[tuple[str, str, str]]:
    """(what was done, by whom, why) of each Provenance, oldest first."""
    found = cast.api("auditor").found(f"Provenance?target=Task/{task_id}&_sort=recorded,_id")
    return [
        (
            each["activity"]["coding"][0]["code"],
            each["agent"][0]["who"].get("reference", "").rpartition("/")[2],
            code_of(each["reason"][0]) if "reason" in each else "",
        )
        for each in found
    ]


def code_of(concept: dict) -> str:
    """Its code, or its words where it has none."""
    return concept["coding"][0]["code"] if "coding" in concept else concept["text"]


def events_told(cast: Cast, path: str) -> list[tuple[int, str]]:
    """(number, Task version) of all that the receiver was told at a path, in its order; every notification
    is signed."""
    told = []
    for request in cast.receiver.requests:
        if not request.path.endswith(path) or not request.events:
            continue
        signed = f"{request.headers['Webhook-Id']}.{request.headers['Webhook-Timestamp']}."
        digest = hmac.digest(KEY, signed.encode() + request.body, "sha256")
        assert request.headers["Webhook-Signature"] == f"v1,{base64.b64encode(digest).decode()}"
        for event in request.events:
            told.append((int(event["event-number"]), event["focus"]["reference"]))
    return told


def words(timeline: dict) -> str:
    return "\n".join(
        part["valueString"]
        for event in timeline["parameter"]
        if event["name"] == "event"
        for part in event["part"]
        if part["name"] in ("text", "note")
    )


def numbers_and_versions(told: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Without what was told twice; in the order of the first telling."""
    return list(dict.fromkeys(told))


def test_a_message_becomes_work_moves_with_a_reason_and_is_answered(cast, allowed, visit):
    subscribe(cast, "Task?code=message-response&subject=Patient/homer-simpson", "/in-place")
    header = write_as_homer(cast)
    task = task_about(cast, header)
    task_id, focus = task["id"], f"Communication/{header['id']}"
    assert task["focus"]["reference"] == focus
    assert (task["status"], task["for"]["reference"]) == ("requested", HOMER["reference"])

    # The nurse takes it, reads what it is about, and sends it on.
    nurse = visit("nurse")
    open_task(nurse, "registered-nurse", task_id)
    expect(nurse.locator("#detail")).to_contain_text("My chest hurts when I climb the stairs.")
    claim(nurse)
    assert recipients(cast, header) == [NURSE]
    reroute_to_cardiology(nurse, keep_watching=False)
    assert recipients(cast, header) == []

    # She sees it no more, by no way.
    api = cast.api("nurse")
    for path in (f"Task/{task_id}", f"Task/{task_id}/_history", f"Task/{task_id}/$timeline", focus):
        assert api.status(path) == 404
    assert api.found(f"Task?focus={focus}") == []
    assert api.found(f"Provenance?target=Task/{task_id}") == []
    nurse.goto("/worklist/my")
    expect(nurse.locator(f'[data-id="{task_id}"]')).to_have_count(0)

    # The cardiologist sees the thread and why it came to her, answers, and is done.
    cardiologist = visit("cardiologist")
    open_task(cardiologist, "cardiologist", task_id)
    history = cardiologist.locator(".tl")
    expect(history).to_contain_text("Specialty referral")
    expect(history).to_contain_text(WHY)
    claim(cardiologist)
    assert recipients(cast, header) == [CARDIOLOGIST]
    reply_and_complete(cardiologist)

    # What is true now.
    done = cast.api("cardiologist").get(f"Task/{task_id}")
    [output] = done["output"]
    answer = cast.api("cardiologist").get(output["valueReference"]["reference"])
    assert answer["payload"] == [{"contentString": ANSWER}]
    assert answer["sender"]["reference"] == CARDIOLOGIST
    assert answer["recipient"][0]["reference"] == HOMER["reference"]
    assert answer["partOf"] == [{"reference": focus}]
    assert recipients(cast, header) == [CARDIOLOGIST]
    assert interactions(cast, task_id) == [
        ("requested", ""),
        ("accepted", "maya-lindqvist"),
        ("requested", ""),
        ("accepted", "dr-cardio"),
        ("completed", "dr-cardio"),
    ]
    assert reasons(cast, task_id) == [
        ("create", "", "A patient's message that needs an answer"),
        ("claim", "maya-lindqvist", ""),
        ("reroute", "maya-lindqvist", "specialty-referral"),
        ("claim", "dr-cardio", ""),
        ("complete", "dr-cardio", ""),
    ]
    told = words(cast.api("cardiologist").get(f"Task/{task_id}/$timeline"))
    for part in ("Cardiologist pool", "specialty referral", WHY, "Maya Lindqvist", "completed it"):
        assert part in told
    check_clocks(cast, task_id, done)
    check_notifications(cast, "/in-place", {task_id: 5})


def check_clocks(cast: Cast, task_id: str, done: dict) -> None:
    """What the clocks say is what the versions say."""
    history = cast.api("auditor").get(f"Task/{task_id}/_history?_count=100")
    asked, claimed, sent_on, taken, ended = (
        datetime.fromisoformat(entry["resource"]["meta"]["lastUpdated"])
        for entry in reversed(history["entry"])
    )
    assert datetime.fromisoformat(done["executionPeriod"]["start"]) == claimed
    assert datetime.fromisoformat(done["executionPeriod"]["end"]) == ended
    told = cast.api("cardiologist").get(f"Task/{task_id}/$clocks")["parameter"]
    said = {each["name"]: each for each in told}
    seconds = {
        name: float(said[name]["valueDuration"]["value"])
        for name in ("to-claim", "waiting", "turnaround")
    }
    asked = datetime.fromisoformat(said["created"]["valueInstant"])
    assert seconds == pytest.approx(
        {
            "to-claim": (claimed - asked).total_seconds(),
            "waiting": (claimed - asked + (taken - sent_on)).total_seconds(),
            "turnaround": (ended - asked).total_seconds(),
        }
    )


def check_notifications(cast: Cast, path: str, versions: dict) -> None:
    """Every version of every Task was told: numbered without gaps, those of a Task in order."""
    expected = sum(versions.values())

    def told() -> list[tuple[int, str]]:
        return numbers_and_versions(events_told(cast, path))

    until(lambda: len(told()) >= expected, "Every notification")
    assert sorted(number for number, _ in told()) == list(range(1, expected + 1))
    for task_id, count in versions.items():
        of_task = [number for number, focus in told() if f"Task/{task_id}" in focus]
        assert len(of_task) == count
        assert of_task == sorted(of_task)


def test_again_with_a_successor_that_the_nurse_keeps_watching(cast, allowed, visit):
    subscribe(cast, "Task?code=message-response&subject=Patient/homer-simpson", "/successor")
    header = write_as_homer(cast)
    first_id = task_about(cast, header)["id"]
    focus = f"Communication/{header['id']}"
    nurse = visit("nurse")
    open_task(nurse, "registered-nurse", first_id)
    claim(nurse)
    reroute_to_cardiology(nurse, keep_watching=True)

    # Hers is closed as rerouted, and she still sees it; the new one is the cardiologists'.
    closed = cast.api("nurse").get(f"Task/{first_id}")
    assert closed["status"] == "cancelled"
    assert closed["statusReason"]["coding"][0]["code"] == "rerouted"
    [successor] = cast.api("cardiologist").found(f"Task?focus={focus}&status=requested")
    second_id = successor["id"]
    assert successor["basedOn"] == [{"reference": f"Task/{first_id}"}]
    assert successor["requester"]["reference"] == NURSE
    assert cast.api("nurse").status(f"Task/{second_id}") == 404
    assert {each["id"] for each in cast.api("auditor").found(f"Task?focus={focus}")} == {
        first_id,
        second_id,
    }

    cardiologist = visit("cardiologist")
    open_task(cardiologist, "cardiologist", second_id)
    expect(cardiologist.locator(".tl")).to_contain_text("Specialty referral")
    expect(cardiologist.locator(".tl")).to_contain_text(WHY)
    claim(cardiologist)
    assert recipients(cast, header) == [CARDIOLOGIST]
    reply_and_complete(cardiologist)

    done = cast.api("cardiologist").get(f"Task/{second_id}")
    assert done["status"] == "completed"
    assert len(done["output"]) == 1
    assert interactions(cast, first_id) == [
        ("requested", ""),
        ("accepted", "maya-lindqvist"),
        ("cancelled", "maya-lindqvist"),
    ]
    assert interactions(cast, second_id) == [
        ("requested", ""),
        ("accepted", "dr-cardio"),
        ("completed", "dr-cardio"),
    ]
    assert reasons(cast, first_id) == [
        ("create", "", "A patient's message that needs an answer"),
        ("claim", "maya-lindqvist", ""),
        ("reroute", "maya-lindqvist", "specialty-referral"),
    ]
    assert reasons(cast, second_id) == [
        ("reroute", "maya-lindqvist", "specialty-referral"),
        ("claim", "dr-cardio", ""),
        ("complete", "dr-cardio", ""),
    ]
    told = words(cast.api("nurse").get(f"Task/{first_id}/$timeline"))
    for part in ("Rerouted to Cardiologist", "specialty referral", WHY):
        assert part in told
    check_notifications(cast, "/successor", {first_id: 3, second_id: 3})
