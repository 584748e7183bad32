"""Django admin: users, roles and pools are set up there; resources are looked at."""

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actions import create_user
from accounts.models import Availability, Pool, User
from accounts.pools import create_pool
from config.admin import SECTIONS
from fhir.actor import Role
from tasks import actions
from tasks.models import Provenance, Rule, Task, TaskUserObjectPermission
from tests.factories import create, pool_task, task_document


@pytest.fixture
def admin(page):
    return page("admin")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "accounts/user/",
        "accounts/user/add/",
        "accounts/pool/",
        "accounts/pool/add/",
        "accounts/availability/",
        "accounts/availability/add/",
        "accounts/practitionerrole/",
        "accounts/sitesettings/1/change/",
        "accounts/sitesettings/1/history/",
        "auth/group/",
        "communications/communication/",
        "oauth2_provider/application/",
        "tasks/task/",
        "tasks/provenance/",
    ],
)
def test_an_admin_opens_every_page(admin, path):
    assert admin.get(f"/admin/{path}").status_code == 200


def test_nobody_else_does(page):
    assert page("nurse").get("/admin/").status_code == 302
    assert Client().get("/admin/").status_code == 302


def test_tasks_are_read_only(admin):
    task = Task.objects.get(resource_id=pool_task()["id"])
    url = f"/admin/tasks/task/{task.pk}/change/"
    shown = admin.get(url)
    assert shown.status_code == 200
    assert f"/worklist/t/{task.resource_id}" in shown.content.decode()
    assert admin.post(url, {"status": "completed"}).status_code == 403
    assert admin.get(f"/admin/tasks/task/{task.pk}/delete/").status_code == 403
    assert admin.get("/admin/tasks/task/add/").status_code == 403


def test_a_user_made_in_the_admin_owns_the_tasks_of_her_practitioner(admin):
    task = create(task_document(owner={"reference": "Practitioner/new"}))
    answer = admin.post(
        "/admin/accounts/user/add/",
        {
            "username": "new",
            "usable_password": "true",
            "password1": "correct-horse-battery",
            "password2": "correct-horse-battery",
            "first_name": "Nia",
            "last_name": "Okoro",
            "reference": "Practitioner/new",
            "groups": [Group.objects.get(name=Role.PRACTITIONER).pk],
        },
    )
    assert answer.status_code == 302, answer.context["errors"]
    user = User.objects.get(username="new")
    granted = TaskUserObjectPermission.objects.filter(user=user)
    assert [row.content_object.resource_id for row in granted] == [task["id"]]


def test_a_pool_made_in_the_admin_has_members_and_takes_its_work(admin):
    task = create(
        task_document(performerType=[{"coding": [{"system": "urn:roles", "code": "coach"}]}])
    )
    answer = admin.post(
        "/admin/accounts/pool/add/",
        {"name": "Health coach", "slug": "health-coach", "codes": "urn:roles|coach"}
        | {"member_limit": 7, "sla_stat": 15, "requires_licence": "on"}
        | inlines(opening_hours=[{"weekday": 0, "opens": "08:00", "closes": "17:00"}]),
    )
    assert answer.status_code == 302, answer.context["errors"]
    pool = Pool.objects.get(slug="health-coach")
    assert Task.objects.get(resource_id=task["id"]).pool == pool
    assert pool.group.name == "pool: health-coach"
    assert (pool.member_limit, pool.requires_licence, pool.refuses_unserved) == (7, True, False)
    assert (pool.sla_minutes("stat"), pool.sla_minutes(None)) == (15, None)
    assert str(pool.opening_hours.get()) == "Monday 08:00 to 17:00"
    assert admin.get(f"/admin/accounts/pool/{pool.pk}/change/").status_code == 200


def inlines(opening_hours=(), member_limits=()):
    """What the forms of a pool's inlines send."""
    sent = {}
    for prefix, rows in (("opening_hours", opening_hours), ("member_limits", member_limits)):
        sent |= {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": 0}
        for number, row in enumerate(rows):
            sent |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return sent


def test_an_admin_sets_limits_and_hours_of_a_pool(admin, cast):
    pool = Pool.objects.get(slug="registered-nurse")
    url = f"/admin/accounts/pool/{pool.pk}/change/"
    assert "Maya Lindqvist (In clinic), Tomás Rivera (In clinic)" in admin.get(url).content.decode()
    sent = {"name": pool.name, "slug": pool.slug, "codes": ",".join(pool.codes), "member_limit": 9}
    limit = {"practitioner": "Practitioner/maya", "limit": 3}
    answer = admin.post(url, sent | inlines(member_limits=[limit]))
    assert answer.status_code == 302, answer.context["errors"]
    pool.refresh_from_db()
    assert pool.member_limit == 9 and pool.member_limits.get().limit == 3
    limit = {"practitioner": "Practitioner/nobody", "limit": 3}
    assert admin.post(url, sent | inlines(member_limits=[limit])).status_code == 200
    chosen = {"action": "open_on_weekdays", "_selected_action": [pool.pk]}
    admin.post("/admin/accounts/pool/", chosen)
    assert [each.weekday for each in pool.opening_hours.all()] == [0, 1, 2, 3, 4]


def test_an_admin_says_who_is_away(admin):
    url = "/admin/accounts/availability/add/"
    sent = {"practitioner": "Practitioner/maya", "state": "leave", "until_0": "", "until_1": ""}
    refused = admin.post(url, sent | {"delegate": "Practitioner/maya"})
    assert "Somebody else has to take over." in refused.content.decode()
    answer = admin.post(url, sent | {"delegate": "Practitioner/tomas"})
    assert answer.status_code == 302
    row = Availability.objects.get(practitioner="Practitioner/maya")
    assert (row.state, row.delegate) == ("leave", "Practitioner/tomas")
    assert row.changed_by == "Practitioner/ada"
    url = f"/admin/accounts/availability/{row.pk}/change/"
    sent = {"state": "off", "until_0": "", "until_1": "", "delegate": "Practitioner/tomas"}
    assert "only while she is on leave" in admin.post(url, sent).content.decode()
    answer = admin.post(url, sent | {"delegate": ""})
    assert answer.status_code == 302
    assert Availability.objects.get(pk=row.pk).state == "off"


def test_what_is_set_up_stands_first(admin):
    sections = {each["app_label"]: each for each in admin.get("/admin/").context["app_list"]}
    assert [*sections] == ["work", "people", "site", "connections", "records", "rest"]
    assert [each["object_name"] for each in sections["work"]["models"]][:2] == [
        "TaskType",
        "TaskCategory",
    ]
    assert all(each["view_only"] for each in sections["records"]["models"])
    # A section names what there is, so that a model that is renamed does not end among the rest.
    named = {label for _, *parts in SECTIONS.values() for part in parts for label in part}
    assert named <= {model._meta.label for model in site._registry}


def test_the_page_of_one_app_is_as_it_always_is(admin):
    [found] = admin.get("/admin/accounts/").context["app_list"]
    assert found["app_label"] == "accounts"


def test_the_admin_speaks_spanish(admin, cast):
    User.objects.filter(pk=cast["admin"].user.pk).update(language="es")
    text = admin.get("/admin/").content.decode()
    assert "Personas y grupos" in text
    assert 'lang="es"' in text


def test_tasks_are_filtered_by_words_and_found_by_id(admin):
    urgent = pool_task(priority="urgent")
    pool_task(priority="stat")
    answer = admin.get("/admin/tasks/task/?priority=2&status=requested")
    assert [each.resource_id for each in answer.context["cl"].result_list] == [urgent["id"]]
    text = answer.content.decode()
    assert "Requested" in text and "Urgent" in text
    assert f"/worklist/t/{urgent['id']}" in text
    answer = admin.get(f"/admin/tasks/task/?q={urgent['id']}")
    assert [each.resource_id for each in answer.context["cl"].result_list] == [urgent["id"]]


def test_a_provenance_leads_to_its_task_and_is_never_deleted(admin, cast):
    task = pool_task()
    actions.claim(task["id"], actor=cast["nurse"].actor)
    actions.complete(task["id"], actor=cast["nurse"].actor)
    kept = Provenance.objects.latest("pk")
    text = admin.get(f"/admin/tasks/provenance/{kept.pk}/change/").content.decode()
    assert f"/worklist/t/{task['id']}" in text
    assert admin.get(f"/admin/tasks/provenance/{kept.pk}/delete/").status_code == 403


def another_task(number):
    pool_task()


def another_pool(number):
    pool = create_pool(f"Pool {number}", [f"urn:roles|{number}"], f"pool-{number}")
    pool.opening_hours.create(weekday=number % 7, opens="08:00", closes="17:00")


def another_rule(number):
    Rule.objects.create(name=f"Rule {number}", slug=f"rule-{number}", trigger=Rule.Trigger.MESSAGE)


def another_user(number):
    create_user(f"user-{number}", role=Role.PRACTITIONER)


@pytest.mark.parametrize(
    ("path", "another"),
    [
        ("tasks/task/", another_task),
        ("accounts/pool/", another_pool),
        ("tasks/rule/", another_rule),
        ("accounts/user/", another_user),
    ],
)
def test_a_list_of_more_takes_no_more_queries(admin, path, another):
    for number in range(2):
        another(number)
    with CaptureQueriesContext(connection) as few:
        admin.get(f"/admin/{path}")
    for number in range(2, 12):
        another(number)
    with CaptureQueriesContext(connection) as many:
        admin.get(f"/admin/{path}")
    assert len(many) == len(few)
