"""Each type of work is an ActivityDefinition, as it is set up at the time."""

from django.core.management import call_command

from accounts.care_team_roles import SNOMED
from fhir.datatypes import codings
from tasks.models import TaskType
from tests.factories import DOCTOR_ROLE


def test_a_type_is_read_by_everybody(api):
    found = api("nurse").get("ActivityDefinition/review-lab-report").json()
    assert (found["title"], found["status"], found["kind"]) == (
        "Review lab report",
        "active",
        "Task",
    )
    assert found["priority"] == "urgent"
    [participant] = found["participant"]
    assert (SNOMED, DOCTOR_ROLE) in codings(participant["role"])
    assert codings(found["topic"])


def test_all_types_that_are_shipped_are_there(api):
    found = api("auditor").get("ActivityDefinition?status=active&_count=100").json()
    assert len(found["entry"]) == TaskType.objects.count() == 11


def test_what_an_admin_changes_is_told_at_once(page, api):
    row = TaskType.objects.get(code="referral-management")
    inlines = {
        f"{name}-{count}_FORMS": 0
        for name in ("stages", "subtasks", "reasons")
        for count in ("TOTAL", "INITIAL")
    }
    fields = inlines | {"title": "Referrals", "category": row.category_id}
    url = f"/admin/tasks/tasktype/{row.pk}/change/"
    assert page("admin").post(url, fields).status_code == 302
    found = api("nurse").get("ActivityDefinition/referral-management").json()
    assert (found["title"], found["status"]) == ("Referrals", "retired")


def test_the_next_migration_changes_nothing(api):
    before = api("nurse").get("ActivityDefinition/review-lab-report").json()
    TaskType.objects.filter(code="review-lab-report").update(title="Look at the report")
    call_command("migrate", verbosity=0)
    after = api("nurse").get("ActivityDefinition/review-lab-report").json()
    assert after["title"] == "Look at the report"
    call_command("migrate", verbosity=0)
    assert api("nurse").get("ActivityDefinition/review-lab-report").json() == after != before
