"""The idle lock: a session in which nobody was there for a while shows nothing."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.lock import SEEN_EVERY
from accounts.sessions import Session
from tests.factories import owned_task, put
from tests.test_conventions import OPEN_PAGES, filled, is_api, routes

LIST = "/worklist/my"
CANARY = "Zzyzx-Canary"
PASSWORD = "correct horse battery"


@pytest.fixture
def nurse(cast, page):
    """A browser of the nurse's, who has one task."""
    put({"resourceType": "Patient", "id": "canary", "name": [{"family": CANARY}]})
    owned_task(cast["nurse"], code={"text": CANARY}, **{"for": {"reference": "Patient/canary"}})
    user = cast["nurse"].user
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return page("nurse")


def seen(ago: timedelta) -> None:
    Session.objects.update(seen_at=timezone.now() - ago)


def away() -> None:
    seen(timedelta(minutes=5, seconds=1) + SEEN_EVERY)


def assert_locked(answer) -> None:
    assert answer.status_code == 403
    assert "no-store" in answer["Cache-Control"]
    assert CANARY not in answer.content.decode()


def unlock(client, password=PASSWORD, **more):
    return client.post("/accounts/unlock", {"password": password, **more})


def test_nobody_is_locked_out_before_the_time(nurse):
    assert CANARY in nurse.get(LIST).content.decode()
    seen(timedelta(minutes=4, seconds=59))
    assert nurse.get(LIST).status_code == 200


def test_after_five_minutes_there_is_the_lock_page_and_no_more(nurse):
    away()
    answer = nurse.get(LIST)
    assert_locked(answer)
    text = answer.content.decode()
    assert "<title>Locked · Taskward</title>" in text
    assert "Maya Lindqvist, your draft is saved." in text
    assert f'name="next" value="{LIST}"' in text
    assert "Switch user" in text


def test_being_there_puts_the_lock_off(nurse):
    for _ in range(3):
        seen(timedelta(minutes=4))
        assert nurse.get(LIST).status_code == 200
    assert timezone.now() - Session.objects.get().seen_at < timedelta(minutes=1)


def test_who_was_seen_a_moment_ago_is_not_written_down_again(nurse):
    seen(SEEN_EVERY / 2)
    before = Session.objects.get().seen_at
    nurse.get(LIST)
    assert Session.objects.get().seen_at == before


@pytest.mark.parametrize(
    "headers",
    [{"HX-Request": "true"}, {"X-Requested-With": "fetch"}, {"Sec-Fetch-Dest": "empty"}],
    ids=["htmx", "fetch", "script"],
)
def test_what_pages_ask_by_themselves_keeps_nobody_awake(nurse, headers):
    seen(timedelta(minutes=4))
    before = Session.objects.get().seen_at
    assert nurse.get(LIST, headers=headers).status_code == 200
    assert Session.objects.get().seen_at == before


@pytest.mark.parametrize(
    "poll", ["changes?list=my&since=0.0", "rows?list=my&ids=x", "threads/count"]
)
def test_a_poll_keeps_nobody_awake_whoever_sends_it(nurse, poll):
    seen(timedelta(minutes=4))
    before = Session.objects.get().seen_at
    assert nurse.get(f"/worklist/{poll}").status_code in (200, 204)
    assert Session.objects.get().seen_at == before


def test_the_page_says_that_somebody_is_there(nurse):
    seen(timedelta(minutes=4))
    answer = nurse.post("/accounts/active", headers={"Sec-Fetch-Dest": "empty"})
    assert answer.status_code == 204
    assert timezone.now() - Session.objects.get().seen_at < timedelta(minutes=1)


def test_a_locked_session_cannot_say_that_somebody_is_there(nurse):
    away()
    before = Session.objects.get().seen_at
    assert_locked(nurse.post("/accounts/active"))
    assert Session.objects.get().seen_at == before


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("script", [False, True], ids=["page", "part"])
def test_a_locked_session_reads_nothing_anywhere(cast, page, nurse, method, script):
    """Each route but those that are open to everybody, or lead out of the lock."""
    client = page("admin")
    Session.objects.update(seen_at=None)
    headers = {"HX-Request": "true"} if script else {}
    ways_out = {"accounts:logout", "accounts:lock", "accounts:unlock", "admin:login"}
    tried, leaks = 0, {}
    for path, name, pattern in routes():
        if is_api(path) or name in OPEN_PAGES | ways_out or path.rstrip("/") in OPEN_PAGES:
            continue
        if not getattr(pattern.callback, "login_required", True):
            continue
        answer = getattr(client, method)(filled(path), headers=headers)
        tried += 1
        if answer.status_code != 403 or CANARY in answer.content.decode():
            leaks[path] = (name, answer.status_code)
        if script and answer.headers.get("HX-Refresh") != "true":
            leaks[path] = (name, "no refresh")
    assert tried > 60
    assert not leaks


def test_locking_by_hand_is_at_once(nurse):
    answer = nurse.post("/accounts/lock", {"next": "/worklist/threads"})
    assert (answer.status_code, answer["Location"]) == (303, "/worklist/threads")
    assert_locked(nurse.get("/worklist/threads"))


def test_a_request_that_was_under_way_opens_no_lock(nurse):
    nurse.get(LIST)
    before = nurse.session
    assert before.get("_auth_user_id")
    nurse.post("/accounts/lock")
    before["hide_details"] = True
    before.save()
    before.see(timezone.now())
    assert_locked(nurse.get(LIST))


def test_the_password_leads_back_to_where_she_was(nurse):
    away()
    answer = unlock(nurse, next="/worklist/threads?tab=ours")
    assert (answer.status_code, answer["Location"]) == (303, "/worklist/threads?tab=ours")
    assert nurse.get(LIST).status_code == 200


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/accounts/lock", ""]
)
def test_it_leads_nowhere_else(nurse, elsewhere):
    away()
    assert unlock(nurse, next=elsewhere)["Location"] == "/worklist/"


def test_after_a_form_that_came_too_late_it_leads_back_to_its_page(nurse):
    away()
    answer = nurse.post(
        "/worklist/claim-next", headers={"Referer": "http://testserver/worklist/my"}
    )
    assert_locked(answer)
    assert 'value="http://testserver/worklist/my"' in answer.content.decode()


def test_a_wrong_password_is_said_and_opens_nothing(nurse):
    away()
    answer = unlock(nurse, "wrong", next=LIST)
    assert_locked(answer)
    assert "This is not your password." in answer.content.decode()
    assert f'name="next" value="{LIST}"' in answer.content.decode()
    assert_locked(nurse.get(LIST))


def test_nobody_elses_password_opens_it(cast, nurse):
    cast["nurse2"].user.set_password("another of theirs")
    cast["nurse2"].user.save(update_fields=["password"])
    away()
    assert_locked(unlock(nurse, "another of theirs", username="tomas"))
    assert_locked(nurse.get(LIST))


def test_guessing_is_throttled_as_at_the_sign_in(nurse):
    away()
    for _ in range(9):
        assert unlock(nurse, "wrong").status_code == 403
    assert unlock(nurse, "wrong").status_code == 429
    answer = unlock(nurse)
    assert answer.status_code == 429
    assert "Wait 15 minutes" in answer.content.decode()
    assert_locked(nurse.get(LIST))


def test_somebody_else_may_sign_in_instead(nurse):
    away()
    answer = nurse.post("/accounts/logout/")
    assert answer["Location"] == "/accounts/login/"
    assert nurse.get(LIST).status_code == 302
    assert not Session.objects.exists()


def test_one_session_locks_without_the_other(cast, nurse, page):
    other = page("nurse")
    nurse.post("/accounts/lock")
    assert other.get(LIST).status_code == 200


def test_the_api_knows_no_lock(nurse, api):
    client = api("nurse")
    away()
    assert client.get("Task").json()["entry"]


@pytest.mark.parametrize(("minutes", "status"), [(0, 200), (30, 200), (1, 403)])
def test_a_site_chooses_how_long(settings, nurse, minutes, status):
    settings.TASKWARD_IDLE_MINUTES = minutes
    seen(timedelta(minutes=25))
    assert nurse.get(LIST).status_code == status


def test_what_is_never_locked_by_itself_can_be_locked(settings, nurse):
    settings.TASKWARD_IDLE_MINUTES = 0
    assert 'data-seconds="0"' in nurse.get(LIST).content.decode()
    nurse.post("/accounts/lock")
    assert_locked(nurse.get(LIST))


def test_a_session_ends_after_twelve_hours_whatever_is_done_in_it(nurse):
    ends = Session.objects.get().expire_date
    session = nurse.session
    session["hide_details"] = True
    session.save()
    nurse.get(LIST)
    assert Session.objects.get().expire_date == ends
    Session.objects.update(expire_date=timezone.now())
    assert "/accounts/login/" in nurse.get(LIST)["Location"]


def test_the_sign_in_page_says_that_a_session_has_ended(cast, nurse):
    client = Client()
    name = {"username": cast["nurse"].user.username, "password": PASSWORD}
    assert "signed out" not in client.get("/accounts/login/").content.decode()
    assert client.post("/accounts/login/", name).status_code == 303
    Session.objects.all().delete()
    assert "a sign-in lasts 12 h" in client.get("/accounts/login/").content.decode()
    client.post("/accounts/login/", name)
    client.post("/accounts/logout/")
    assert "signed out" not in client.get("/accounts/login/").content.decode()
