"""`manage.py demo_data`: a clinic to try, made once, and left alone after that."""

import io
import json
import stat

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.actions import create_user
from accounts.identity import actor_of, actor_of_token
from accounts.models import Pool, User
from fhir import actions
from fhir.actor import Role
from fhir.models import ResourceVersion
from tasks import clock_rows, eligible, statistics
from tasks.demo import clinic
from tasks.management.commands import demo_data
from tasks.models import Task, TaskUserObjectPermission

pytestmark = pytest.mark.django_db

NEEDED = {"admin", "coordinator", "auditor", "nurse", "nurse2", "physician", "cardiologist"}
FEW = {"task-001", "task-003", "example-task", "65f8901234567abcdef89012"}


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path):
    settings.TASKWARD_DATA = tmp_path
    # Argon2 is slow on purpose; nobody guesses passwords here.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return tmp_path


@pytest.fixture
def small_clinic(monkeypatch):
    """The staff, the patients and a few Tasks."""
    types = {"Practitioner", "PractitionerRole", "Patient", "Organization", "Communication"}

    def few(now):
        for document in clinic(now):
            if document["resourceType"] in types or document["id"] in FEW:
                yield document

    monkeypatch.setattr(demo_data, "clinic", few)


def run():
    out = io.StringIO()
    call_command("demo_data", stdout=out)
    return out.getvalue()


def sign_ins(folder):
    return json.loads((folder / "demo.json").read_text())


def test_the_whole_clinic_is_made_and_everyone_sees_their_part(data_folder):
    assert "The demo clinic is ready" in run()
    made = sign_ins(data_folder)
    assert made["users"].keys() >= NEEDED
    for name, sign_in in made["users"].items():
        actor = actor_of_token(sign_in["token"])
        assert (actor.username, actor.reference) == (name, sign_in["reference"])
        assert User.objects.get(username=name).check_password(sign_in["password"])
    nurse = actor_of_token(made["users"]["nurse"]["token"])
    queue = Task.objects.readable_by(nurse).filter(owner="")
    assert 24 <= queue.filter(status__in=["requested", "received", "ready"]).count() <= 30
    assert Task.objects.readable_by(nurse).filter(owner=nurse.reference).count() > 5
    assert TaskUserObjectPermission.objects.filter(user_id=nurse.user_id).exists()
    coordinator = actor_of_token(made["users"]["coordinator"]["token"])
    assert len(coordinator.coordinates) == 6
    assert Task.objects.readable_by(coordinator).count() > 200
    assert Task.objects.count() == sum(
        document["resourceType"] == "Task" for document in clinic(demo_data.timezone.now())
    )


def test_statistics_have_some_weeks_to_tell(data_folder):
    run()
    coordinator = actor_of_token(sign_ins(data_folder)["users"]["coordinator"]["token"])
    told = statistics.told([("groupBy", "week,pool,stage")], coordinator)
    names = [each["name"] for each in told]
    for name in ("stage", "reroute", "hold-reason", "no-hold-reason", "claim-limit", "overdue"):
        assert name in names, name
    weeks = [
        each for each in told if each["name"] == "group" and each["part"][0]["valueCode"] == "week"
    ]
    assert len(weeks) > 12
    pools = clock_rows.known_pools()
    assert not any(clock_rows.stale(each, pools=pools) for each in clock_rows.all_task_ids())


def test_pools_and_people_are_set_up_once(small_clinic, data_folder):
    run()
    now = timezone.now()
    doctors = Pool.objects.get(slug="doctor")
    billing = Pool.objects.get(slug="medical-billing-specialist")
    people = {each.reference: each for each in eligible.members(doctors.pk, at=now)}
    states = {"IL", "WI", "IN", "IA", "MO", "MI", "TX", "CA"}
    assert set().union(*(each.licences for each in people.values())) == states
    assert doctors.sla_minutes("stat") == 10
    assert [pool.slug for pool in Pool.objects.filter(requires_licence=True)] == [
        "nurse-practitioner"
    ]
    assert not Pool.objects.filter(slug="registered-nurse", member_limit__isnull=False)
    assert billing.opening_hours.count() == 5
    tomas = eligible.persons(["Practitioner/tomas-rivera"], at=now)[0]
    assert tomas.licences == {"IL", "WI", "IN"}
    away = eligible.persons(["Practitioner/priya-nair"], at=now)[0]
    assert away.state == "off" and away.until > now
    Pool.objects.update(member_limit=1)
    run()
    assert {each.member_limit for each in Pool.objects.all()} == {1}


def test_the_file_is_for_its_owner_only(small_clinic, data_folder):
    run()
    assert stat.S_IMODE((data_folder / "demo.json").stat().st_mode) == 0o600
    assert [each.name for each in data_folder.iterdir()] == ["demo.json"]


def test_a_second_run_changes_nothing(small_clinic, data_folder):
    run()
    before = (data_folder / "demo.json").read_bytes(), ResourceVersion.objects.count()
    assert "The demo clinic is there already." in run()
    after = (data_folder / "demo.json").read_bytes(), ResourceVersion.objects.count()
    assert after == before


def test_a_second_run_leaves_the_work_done_since(small_clinic, data_folder):
    run()
    nurse = actor_of(User.objects.get(username="nurse"))
    admin = actor_of(User.objects.get(username="admin"))
    actions.patch(
        "Task",
        "task-001",
        [{"op": "add", "path": "/owner", "value": {"reference": nurse.reference}}],
        actor=nurse,
    )
    actions.delete("Task", "example-task", actor=admin)
    run()
    assert Task.objects.get(resource_id="task-001").owner == nurse.reference
    assert Task.objects.get(resource_id="example-task").deleted


def test_a_first_run_that_was_cut_off_is_completed(small_clinic, data_folder, monkeypatch):
    whole = demo_data.clinic
    monkeypatch.setattr(demo_data, "clinic", lambda now: list(whole(now))[:30])
    run()
    monkeypatch.setattr(demo_data, "clinic", whole)
    run()
    assert Task.objects.filter(resource_id__in=FEW).count() == len(FEW)


def test_lost_sign_ins_are_made_anew(small_clinic, data_folder):
    run()
    before = sign_ins(data_folder)
    (data_folder / "demo.json").unlink()
    run()
    after = sign_ins(data_folder)
    assert after["users"]["nurse"]["password"] != before["users"]["nurse"]["password"]
    assert User.objects.get(username="nurse").check_password(after["users"]["nurse"]["password"])


def test_somebody_elses_user_is_not_taken_over(small_clinic):
    create_user("admin", role=Role.ADMIN, password="theirs", display="The Real Admin")
    with pytest.raises(CommandError, match="not of the demo clinic"):
        run()
    assert User.objects.get(username="admin").check_password("theirs")


def test_a_file_that_is_no_json_is_named(small_clinic, data_folder):
    (data_folder / "demo.json").write_text("{")
    with pytest.raises(CommandError, match="demo.json cannot be read"):
        run()


def test_the_port_is_honoured(small_clinic, data_folder, monkeypatch):
    monkeypatch.setenv("PORT", "8123")
    assert "http://127.0.0.1:8123" in run()
    assert sign_ins(data_folder)["base"] == "http://127.0.0.1:8123"


def test_the_client_gets_tokens_for_a_service(small_clinic, data_folder, client):
    run()
    integration = sign_ins(data_folder)["clients"]["integration"]
    answer = client.post("/oauth2/token", {"grant_type": "client_credentials"} | integration)
    assert answer.status_code == 200, answer.content
    assert actor_of_token(answer.json()["access_token"]).role is Role.SERVICE
