"""Django admin: users, roles and pools are set up there; resources are looked at."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import Pool, User
from fhir.actor import Role
from tasks.models import Task, TaskUserObjectPermission
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
        "accounts/practitionerrole/",
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
        {"name": "Health coach", "slug": "health-coach", "codes": "urn:roles|coach"},
    )
    assert answer.status_code == 302, answer.context["errors"]
    pool = Pool.objects.get(slug="health-coach")
    assert Task.objects.get(resource_id=task["id"]).pool == pool
    assert pool.group.name == "pool: health-coach"
    assert admin.get(f"/admin/accounts/pool/{pool.pk}/change/").status_code == 200
