"""What people choose for themselves, in a browser without scripts."""

import json
import re
from html import unescape

import pytest
from django.utils import timezone

from accounts.keys import KEYS
from accounts.models import User
from tests.factories import pool_task
from tests.integration.pages.test_pages import POOL, htmx, text

CHOSEN = {
    "theme": "dark",
    "density": "comfortable",
    "language": "es",
    "time_zone": "Europe/Madrid",
    "hour_cycle": "12",
    "hides_details": "on",
}


def saved(cast, name="nurse") -> User:
    return User.objects.get(pk=cast[name].user.pk)


def test_the_profile_is_kept_on_the_server_and_holds_at_once(cast, page):
    nurse = page("nurse")
    assert nurse.get("/worklist/profile").status_code == 200
    answer = nurse.post("/worklist/profile", CHOSEN)
    assert (answer.status_code, answer["Location"]) == (303, "/worklist/profile")
    body = nurse.get("/worklist/profile").content.decode()
    for attribute in ('data-theme="dark"', 'data-density="comfortable"', 'data-privacy="on"'):
        assert attribute in body
    assert '<html lang="es"' in body
    assert "CE" in body and "UTC" in body
    user = saved(cast)
    assert (user.time_zone, user.hour_cycle, user.single_keys) == ("Europe/Madrid", "12", False)


def test_keys_are_put_in_place_of_others(cast, page):
    nurse = page("nurse")
    body = nurse.get("/worklist/profile").content.decode()
    assert re.search(r'name="key-claim" value="C"', body) and "data-remap" not in body
    given = {f"key-{each.code}": each.default for each in KEYS}
    asked = CHOSEN | {"language": "en"} | given
    answer = nurse.post("/worklist/profile", asked | {"key-claim": "N"})
    assert answer.status_code == 422
    assert text(answer).count("Another action has this key, too.") == 2
    assert saved(cast).keys == {}
    asked |= {"key-claim": "N", "key-claim-next": "5", "key-hold": ""}
    assert nurse.post("/worklist/profile", asked).status_code == 303
    assert saved(cast).keys == {"claim": "n", "claim-next": "5", "hold": ""}
    body = nurse.get("/worklist/profile").content.decode()
    assert json.loads(unescape(re.search(r'data-remap="([^"]*)"', body)[1])) == {
        "c": "", "n": "c", "5": "n", "h": "",
    }  # fmt: skip
    # A form without them leaves them as they are.
    nurse.post("/worklist/profile", CHOSEN)
    assert saved(cast).keys == {"claim": "n", "claim-next": "5", "hold": ""}


def test_times_are_said_in_the_hours_and_the_zone_of_their_reader(cast, page):
    at = timezone.now().replace(hour=0, minute=30)
    pool_task(restriction={"period": {"end": at.replace(year=at.year + 1).isoformat()}})
    nurse = page("nurse")
    nurse.post("/worklist/profile", CHOSEN | {"language": "en", "time_zone": "Asia/Kolkata"})
    shown = text(nurse.get(POOL))
    assert "6:00 AM" in shown
    assert "All times IST (UTC+5:30)" in shown and "The clinic is on UTC" in shown


def test_nobody_elses_profile_changes(cast, page):
    page("nurse").post("/worklist/profile", CHOSEN | {"username": "tomas"})
    assert saved(cast).username == "maya"
    assert saved(cast, "nurse2").theme == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theme", "pink"),
        ("density", ""),
        ("language", "xx"),
        ("time_zone", "Europe/Nowhere"),
        ("time_zone", "../../etc/passwd"),
        ("hour_cycle", "13"),
    ],
)
def test_what_cannot_be_chosen_is_refused_beside_its_field(cast, page, name, value):
    answer = page("nurse").post("/worklist/profile", CHOSEN | {name: value})
    assert answer.status_code == 422
    assert f'href="#field-{name}"' in answer.content.decode()
    assert saved(cast).theme == ""


def test_hiding_patient_details_is_kept_for_the_user(cast, page):
    nurse = page("nurse")
    answer = htmx(nurse, "post", "/worklist/preferences", {"hide": "on"})
    assert answer.status_code == 204
    assert saved(cast).hides_details
    assert 'data-privacy="on"' in page("nurse").get("/worklist/my").content.decode()
    nurse.post("/worklist/preferences", {"hide": "off"})
    assert 'data-privacy="on"' not in page("nurse").get("/worklist/my").content.decode()


def test_the_password_is_changed_for_the_one_that_is_known(cast, page):
    user = cast["nurse"].user
    user.set_password("an-old-password")
    user.save()
    nurse = page("nurse")
    new = {"new_password1": "gentle-harbour-41", "new_password2": "gentle-harbour-41"}
    answer = nurse.post("/accounts/password/", {"old_password": "wrong"} | new)
    assert "was not changed" in text(answer)
    answer = nurse.post("/accounts/password/", {"old_password": "an-old-password"} | new)
    assert answer["Location"] == "/worklist/profile"
    assert saved(cast).check_password("gentle-harbour-41")
    assert "Your password was changed" in text(nurse.get("/worklist/profile"))
