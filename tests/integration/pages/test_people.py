"""The availability switch, the people page and going on leave, in a browser without scripts."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actions import set_availability
from accounts.availability import presence_of
from accounts.models import Availability, Pool
from fhir.actor import Role
from tasks.models import Task
from tests import factories
from tests.factories import DOCTOR_ROLE, NURSE_ROLE, create, owned_task, role, task_document
from tests.integration.pages.test_pages import text

MAYA, TOMAS = "Practitioner/maya", "Practitioner/tomas"


def switch(client, state, until="", practitioner=MAYA, **more):
    sent = {"practitioner": practitioner, "state": state, "until": until} | more
    return client.post("/worklist/availability", sent)


def now_of(reference=MAYA):
    return presence_of(reference, at=timezone.now())


def in_an_hour():
    at = timezone.localtime(timezone.now() + timedelta(hours=1))
    return at.replace(second=0, microsecond=0)


def test_she_is_in_clinic_until_she_says_otherwise(cast, page):
    assert "Your availability: In clinic" in text(page("nurse").get("/worklist/my"))


def test_the_switch_says_what_was_said(cast, page):
    nurse = page("nurse")
    answer = switch(nurse, "until", f"{in_an_hour():%H:%M}", next="/worklist/my")
    assert (answer.status_code, answer["Location"]) == (303, "/worklist/my")
    assert (now_of().state, now_of().until) == ("on", in_an_hour())
    assert "Available until" in text(nurse.get("/worklist/my"))
    switch(nurse, "off")
    assert now_of().state == "off" and now_of().until is None
    assert "Your availability: Away" in text(nurse.get("/worklist/my"))
    switch(nurse, "off", f"{in_an_hour():%H:%M}")
    assert (now_of().state, now_of().until) == ("off", in_an_hour())
    switch(nurse, "on", "19:00")
    assert now_of().state == "on" and now_of().until is None


def test_a_time_that_has_passed_today_is_tomorrows(cast, page):
    past = timezone.localtime(timezone.now() - timedelta(minutes=2))
    switch(page("nurse"), "until", f"{past:%H:%M}")
    assert timedelta(hours=22) < now_of().until - timezone.now() < timedelta(hours=25)


@pytest.mark.parametrize(
    ("state", "until"), [("until", ""), ("until", "late"), ("leave", ""), ("", ""), ("x", "")]
)
def test_what_makes_no_sense_is_refused(cast, page, state, until):
    assert switch(page("nurse"), state, until).status_code == 422
    assert not Availability.objects.exists()


def test_the_way_back_leads_nowhere_else(cast, page):
    answer = switch(page("nurse"), "on", next="https://evil.example/")
    assert answer["Location"] == "/worklist/people"


@pytest.mark.parametrize(
    ("who", "status"),
    [("nurse2", 403), ("physician", 403), ("auditor", 403), ("coordinator", 303), ("admin", 303)],
)
def test_others_say_it_of_their_members_alone(cast, page, who, status):
    assert switch(page(who), "off").status_code == status
    assert now_of().is_on is (status == 403)


def test_a_coordinator_says_it_of_no_others(cast, page):
    assert switch(page("coordinator"), "off", practitioner="Practitioner/ines").status_code == 403


def test_auditors_have_no_switch(cast, page):
    assert "Your availability" not in text(page("auditor").get("/worklist/all"))


def test_the_people_of_my_pools(cast, page):
    nurses = Pool.objects.get(slug="registered-nurse")
    nurses.member_limit = 1
    nurses.save()
    owned_task(cast["nurse2"])
    shown = text(page("nurse").get("/worklist/people"))
    assert "Maya Lindqvist (you)" in shown and "Tomás Rivera" in shown
    assert "1 of 1 at the limit" in shown and "Ines Cardoso" not in shown
    everyone = text(page("admin").get("/worklist/people"))
    assert "Ines Cardoso" in everyone


def test_forms_are_for_whom_one_has_a_say_in(cast, page):
    def changed_by(name):
        body = page(name).get("/worklist/people").content.decode()
        return [each for each in (MAYA, TOMAS) if f"Change availability of {NAMES[each]}" in body]

    assert changed_by("nurse") == [MAYA]
    assert changed_by("coordinator") == [MAYA, TOMAS]
    assert changed_by("auditor") == []


NAMES = {MAYA: "Maya Lindqvist", TOMAS: "Tomás Rivera"}


def hers(code=None):
    pools = {"performerType": role(code)} if code else {}
    return create(task_document(owner={"reference": MAYA}, **pools))["id"]


def test_leave_shows_what_happens_and_does_it(cast, page):
    task_id, lone = hers("224535009"), hers()
    nurse = page("nurse")
    day = timezone.localdate() + timedelta(days=3)
    shown = text(nurse.get("/worklist/people/leave", {"back": day.isoformat()}))
    assert "1 task goes back to Registered nurse." in shown
    assert "1 task stays: it came from no pool." in shown
    assert now_of().is_on and Task.objects.get(resource_id=task_id).owner == MAYA
    shown = text(nurse.get("/worklist/people/leave", {"delegate": TOMAS}))
    assert "2 tasks go to Tomás Rivera." in shown
    answer = nurse.post("/worklist/people/leave", {"back": day.isoformat(), "delegate": TOMAS})
    assert (answer.status_code, answer["Location"]) == (303, "/worklist/people")
    assert {Task.objects.get(resource_id=each).owner for each in (task_id, lone)} == {TOMAS}
    assert now_of().state == "leave"
    assert timezone.localtime(now_of().until).date() == day
    assert "Tomás Rivera stands in" in text(nurse.get("/worklist/people"))


def test_a_coordinator_sends_her_member_on_leave(cast, page):
    task_id = hers(DOCTOR_ROLE)
    coordinator = page("coordinator")
    shown = text(coordinator.get("/worklist/people/leave", {"practitioner": MAYA}))
    assert "Leave of Maya Lindqvist" in shown and "1 task goes back to Doctor." in shown
    assert coordinator.post("/worklist/people/leave", {"practitioner": MAYA}).status_code == 303
    assert Task.objects.get(resource_id=task_id).owner == ""


@pytest.mark.parametrize("who", ["nurse2", "auditor"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_else_learns_or_does_it(cast, page, who, method):
    hers()
    answer = getattr(page(who), method)("/worklist/people/leave", {"practitioner": MAYA})
    assert answer.status_code == 403 and "1 task" not in text(answer)


def test_one_on_leave_cannot_stand_in(cast, page):
    now = timezone.now()
    set_availability(TOMAS, "leave", actor=cast["nurse2"].actor, at=now)
    nurse = page("nurse")
    assert "on leave too" in text(nurse.get("/worklist/people/leave", {"delegate": TOMAS}))
    assert nurse.post("/worklist/people/leave", {"delegate": TOMAS}).status_code == 422
    assert now_of().is_on


def test_a_day_that_has_begun_is_no_day_to_be_back(cast, page):
    today = timezone.localdate().isoformat()
    nurse = page("nurse")
    assert "has passed already" in text(nurse.get("/worklist/people/leave", {"back": today}))
    assert nurse.post("/worklist/people/leave", {"back": today}).status_code == 422


# --- limits ---------------------------------------------------------------------------------------

LIMITS = "/worklist/people/limits"


def test_a_coordinator_sets_the_limits_of_her_members(cast, page):
    nurses = Pool.objects.get(slug="registered-nurse")
    nurses.member_limit = 8
    nurses.save()
    hers("224535009")
    coordinator = page("coordinator")
    assert f"{LIMITS}?practitioner=Practitioner%2Fmaya" in (
        coordinator.get("/worklist/people").content.decode()
    )
    shown = text(coordinator.get(LIMITS, {"practitioner": MAYA}))
    assert "Limits of Maya Lindqvist" in shown and "Empty: 8, as for everybody" in shown
    answer = coordinator.post(LIMITS, {"practitioner": MAYA, "limit-registered-nurse": "1"})
    assert (answer.status_code, answer["Location"]) == (303, "/worklist/people")
    after = text(coordinator.get("/worklist/people"))
    assert "The limits of Maya Lindqvist are saved" in after and "1 of 1 at the limit" in after
    coordinator.post(LIMITS, {"practitioner": MAYA, "limit-registered-nurse": ""})
    assert "1 of 8" in text(coordinator.get("/worklist/people"))


def test_what_is_no_limit_is_said_on_the_form(cast, page):
    coordinator = page("coordinator")
    for wrong in ("-1", "many", "100000"):
        answer = coordinator.post(LIMITS, {"practitioner": MAYA, "limit-registered-nurse": wrong})
        assert answer.status_code == 422
        assert "A limit is a number from 0 to 999. Nothing was changed." in text(answer)
        assert f'value="{wrong}"' in answer.content.decode()


@pytest.mark.parametrize("who", ["nurse", "nurse2", "auditor"])
def test_nobody_else_sets_limits(cast, page, who):
    for method in ("get", "post"):
        answer = getattr(page(who), method)(LIMITS, {"practitioner": MAYA})
        assert answer.status_code == 404
    assert LIMITS not in page(who).get("/worklist/people").content.decode()
    assert page("coordinator").get(LIMITS, {"practitioner": "Practitioner/ines"}).status_code == 404


def test_more_people_need_no_more_queries(cast, page):
    def queries():
        page("coordinator").get("/worklist/people")
        with CaptureQueriesContext(connection) as found:
            page("coordinator").get("/worklist/people")
        return len(found)

    few = queries()
    for number in range(12):
        made = factories.person(f"more{number}", Role.PRACTITIONER, f"More {number}", NURSE_ROLE)
        owned_task(made)
    assert queries() == few
