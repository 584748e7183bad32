"""Task types and rules are set up in Django admin, which refuses what could not work."""

import pytest

from tasks import task_types
from tasks.models import ReasonChoice, Rule, RuleRun, TaskType
from tasks.reasons import choices
from tests.integration.rules.world import (
    Feed,
    message,
    only,
    patient,
    pool,
    rule,
    task_type,
    tasks,
)


@pytest.fixture
def admin(page):
    return page("admin")


@pytest.mark.parametrize(
    "path",
    ["tasktype/", "tasktype/add/", "taskcategory/", "reasonchoice/", "reasonchoice/add/", "rule/",
     "rule/add/", "rulerun/"],
)  # fmt: skip
def test_an_admin_opens_every_page(admin, path):
    assert admin.get(f"/admin/tasks/{path}").status_code == 200


def test_nobody_else_does(page):
    shipped = Rule.objects.get(slug="patient-message")
    for path in ("rule/", f"rule/{shipped.pk}/change/", f"rule/{shipped.pk}/rehearsal/"):
        assert page("nurse").get(f"/admin/tasks/{path}").status_code == 302


def formset(prefix, *rows):
    """The fields of an inline."""
    fields = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": 0}
    for number, row in enumerate(rows):
        fields |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return fields


TYPE = {
    "title": "Call back",
    "code": "call-back",
    "system": task_types.TASK_TYPE,
    "active": "on",
    "focus_types": "Encounter, Communication",
    "priority": "asap",
    "due_minutes": "90",
}
STAGES = formset(
    "stages",
    {"position": 0, "display": "First call", "code": "first", "system": task_types.TASK_STAGE},
    {"position": 1, "display": "Second call", "code": "second", "system": task_types.TASK_STAGE},
)
OWN = {
    "kind": "hold",
    "position": 0,
    "display": "Line is busy",
    "code": "busy",
    "system": task_types.STATUS_REASON,
}


def test_a_type_of_work_with_stages_and_reasons_of_its_own(admin):
    made = {"code": {"coding": [{"system": task_types.TASK_TYPE, "code": "call-back"}]}}
    assert task_types.type_of(made) is None
    fields = TYPE | STAGES | formset("subtasks") | formset("reasons", OWN)
    assert admin.post("/admin/tasks/tasktype/add/", fields).status_code == 302
    found = task_types.type_of(made)
    assert (found.title, found.priority, found.due_minutes) == ("Call back", "asap", 90)
    assert found.focus_types == ("Encounter", "Communication")
    assert [each.display for each in task_types.stages(made)] == ["First call", "Second call"]
    assert [each.display for each in choices("hold", made)] == ["Line is busy"]
    assert choices("cancel", made) == choices("cancel", {})


@pytest.mark.parametrize("wrong", [{"focus_types": "Job"}, {"due_days": "1"}])
def test_a_type_that_could_not_work_is_refused(admin, wrong):
    fields = TYPE | STAGES | formset("subtasks") | formset("reasons") | wrong
    assert admin.post("/admin/tasks/tasktype/add/", fields).status_code == 200
    assert not TaskType.objects.filter(code="call-back").exists()


def test_what_is_shipped_is_switched_off_and_not_deleted(admin):
    kept = task_type()
    assert admin.get(f"/admin/tasks/tasktype/{kept.pk}/delete/").status_code == 403
    shipped = Rule.objects.get(slug="patient-message")
    assert admin.get(f"/admin/tasks/rule/{shipped.pk}/delete/").status_code == 403
    own = rule("message", {"kind": "notify", "whom": "coordinators"})
    url = f"/admin/tasks/rule/{own.pk}/delete/"
    assert admin.post(url, {"post": "yes"}).status_code == 302
    assert not Rule.objects.filter(pk=own.pk).exists()


def test_a_new_reason_of_the_site_is_offered(admin):
    fields = {"kind": "cancel", "position": 9, "display": "Moved away", "code": "moved-away",
              "system": task_types.STATUS_REASON}  # fmt: skip
    before = choices("cancel", {})
    assert admin.post("/admin/tasks/reasonchoice/add/", fields).status_code == 302
    assert [each.code for each in choices("cancel", {})] == [
        *(each.code for each in before),
        "moved-away",
    ]


RULE = {
    "name": "Lab mail",
    "slug": "lab-mail",
    "position": 5,
    "active": "on",
    "trigger": "message",
    "sender_types": "Patient",
    "criteria": "category=needs-response",
}


def create_action(**more):
    return formset(
        "actions",
        {"position": 0, "kind": "create", "task_type": task_type().pk, "strategy": "pull", **more},
    )


def test_a_rule_made_in_the_admin_works(admin):
    only("unclaimed-stat")
    patient()
    feed = Feed()
    answer = admin.post("/admin/tasks/rule/add/", RULE | {"states": "Illinois"} | create_action())
    assert answer.status_code == 302
    assert Rule.objects.get(slug="lab-mail").states == ["IL"]
    message()
    feed.run()
    assert len(tasks()) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"criteria": "colour=red"},
        {"criteria": "_sort=sent"},
        {"sender_types": "Ghost"},
        {"states": "Atlantis"},
        {"categories": "needs-response"},
        {"minutes": "5"},
        {"abnormal": "on"},
        {"resource_type": "DiagnosticReport"},
        {"trigger": "resource"},
        {"trigger": "overdue", "sender_types": "", "criteria": ""},
        {"trigger": "overdue", "sender_types": "", "criteria": "", "minutes": "5", "stop": "on"},
        {"actions-0-kind": "notify"},
        {"actions-0-kind": "reroute"},
        {"actions-0-task_type": ""},
        {"actions-TOTAL_FORMS": "0"},
    ],
)
def test_a_rule_that_could_not_work_is_refused(admin, wrong):
    answer = admin.post("/admin/tasks/rule/add/", RULE | create_action() | wrong)
    assert answer.status_code == 200
    assert not Rule.objects.filter(slug="lab-mail").exists()


def test_a_type_without_a_pool_needs_one_from_the_rule(admin):
    bare = task_type("referral-management").pk
    fields = RULE | create_action(task_type=bare)
    assert admin.post("/admin/tasks/rule/add/", fields).status_code == 200
    fields |= {"actions-0-pool": pool().pk}
    assert admin.post("/admin/tasks/rule/add/", fields).status_code == 302


def test_a_rule_on_time_begins_when_it_is_switched_on(admin):
    fields = {"name": "Late", "slug": "late", "position": 5, "trigger": "overdue", "minutes": 5}
    tell = formset("actions", {"position": 0, "kind": "notify", "whom": "coordinators",
                               "strategy": "pull"})  # fmt: skip
    assert admin.post("/admin/tasks/rule/add/", fields | tell).status_code == 302
    made = Rule.objects.get(slug="late")
    was = made.checked
    [action] = made.actions.all()
    tell |= {"actions-INITIAL_FORMS": 1, "actions-0-id": action.pk, "actions-0-rule": made.pk}
    fields |= tell | {"active": "on"}
    assert admin.post(f"/admin/tasks/rule/{made.pk}/change/", fields).status_code == 302
    made.refresh_from_db()
    assert made.checked > was


@pytest.fixture
def written(cast):
    patient()
    made = only("patient-message")
    Rule.objects.update(active=False)
    message()
    message(text="Another")
    return made


def test_a_dry_run_shows_what_would_be_done_and_does_it_on_demand(admin, written):
    url = f"/admin/tasks/rule/{written.pk}/rehearsal/"
    shown = admin.get(url)
    text = shown.content.decode()
    assert text.count("Created “Message response” for Registered nurse.") == 2
    assert not tasks()
    until = shown.context["listed"].until.isoformat()
    assert admin.post(url, {"until": until}).status_code == 302
    assert len(tasks()) == 2
    assert RuleRun.objects.count() == 2
    again = admin.get(url).content.decode()
    assert again.count("Done then:") == 2
    assert "Do this now" not in again


def test_a_rule_is_tested_with_one_task(admin, written):
    url = f"/admin/tasks/rule/{written.pk}/rehearsal/"
    admin.post(url)
    asked = RuleRun.objects.earliest("pk").tasks[0]
    shown = admin.get(url, {"task": asked.removeprefix("Task/")})
    assert [each.tasks for each in shown.context["listed"].lines] == [(asked,)]
    assert "Do this now" not in shown.content.decode()
    assert not admin.get(url, {"task": "another"}).context["listed"].lines


def test_no_page_of_a_rule_shows_a_patient(admin, written):
    admin.post(f"/admin/tasks/rule/{written.pk}/rehearsal/")
    [run, _] = RuleRun.objects.all()
    for path in ("rule/", f"rule/{written.pk}/rehearsal/", "rulerun/", f"rulerun/{run.pk}/change/"):
        answer = admin.get(f"/admin/tasks/{path}")
        assert answer.status_code == 200
        assert not {"homer", "simpson", "hello"} & {*answer.content.decode().lower().split()}
        assert "simpson" not in answer.content.decode().lower()


def test_the_log_is_read_only_but_for_what_failed(admin, written):
    failed = RuleRun.objects.create(
        rule=written, event="x", happened=written.checked or "2026-01-01T00:00Z",
        ran="2026-01-01T00:00Z", state="failed", result="No pool takes it.",
    )  # fmt: skip
    assert admin.post(f"/admin/tasks/rulerun/{failed.pk}/change/", {}).status_code == 403
    chosen = {"action": "give_up", "_selected_action": [failed.pk]}
    assert admin.post("/admin/tasks/rulerun/", chosen).status_code == 302
    failed.refresh_from_db()
    assert failed.state == "given-up"


def test_reasons_can_be_ordered(admin):
    listed = list(ReasonChoice.objects.filter(kind="cancel").order_by("position"))
    fields = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": listed[0].pk,
              "form-0-position": 99, "_save": "Save"}  # fmt: skip
    url = "/admin/tasks/reasonchoice/?kind__exact=cancel&q=" + listed[0].code
    assert admin.post(url, fields).status_code == 302
    assert choices("cancel", {})[-1].code == listed[0].code
