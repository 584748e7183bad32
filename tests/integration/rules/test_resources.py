"""A resource that becomes what a rule waits for makes work, and what stays so makes none."""

import pytest

from tasks import actions
from tasks.models import RuleRun
from tests.factories import create, put
from tests.integration.rules.world import (
    Feed,
    latest,
    observation,
    only,
    patient,
    report,
    rule,
    runs,
    task_type,
    tasks,
)


@pytest.fixture
def feed(cast):
    patient()
    return Feed()


@pytest.fixture
def abnormal(feed):
    return only("abnormal-report")


def test_a_final_report_with_an_abnormal_result_makes_a_task(feed, abnormal):
    made = report(observation("H"), observation("N"))
    feed.run()
    [task] = tasks()
    assert len(runs(abnormal)) == 1
    assert task["focus"] == {"reference": f"DiagnosticReport/{made['id']}"}
    assert task["for"] == {"reference": "Patient/homer"}
    assert task["code"]["text"] == "Review lab report"
    assert task["businessStatus"]["text"] == "Report available"
    assert task["priority"] == "urgent"


@pytest.mark.parametrize(
    ("flags", "status"), [(["N"], "final"), ([""], "final"), ([], "final"), (["H"], "preliminary")]
)
def test_any_other_report_makes_none(feed, abnormal, flags, status):
    report(*(observation(flag) for flag in flags), status=status)
    feed.run()
    assert not tasks()


def test_a_part_of_a_result_may_be_abnormal(feed, abnormal):
    part = {"code": {"text": "Systolic"}, "interpretation": [{"coding": [{"code": "HH"}]}]}
    report(observation(component=[part]))
    feed.run()
    assert len(tasks()) == 1


def test_a_report_makes_a_task_when_it_turns_final_and_not_again(feed, abnormal):
    made = report(observation("H"), status="preliminary")
    feed.run()
    assert not tasks()
    put({**made, "status": "final"})
    feed.run()
    assert len(tasks()) == 1
    put({**made, "status": "final", "conclusion": "Repeat in a week"})
    feed.run()
    assert len(tasks()) == 1
    assert len(runs(abnormal)) == 1


def test_a_result_that_is_corrected_to_abnormal_makes_one(feed, abnormal):
    result = observation("N")
    made = report(result)
    feed.run()
    assert not tasks()
    put({**result, "interpretation": [{"coding": [{"code": "LL"}]}]})
    feed.run()
    [task] = tasks()
    assert task["focus"] == {"reference": f"DiagnosticReport/{made['id']}"}


def test_a_result_that_comes_after_its_report_makes_one(feed, abnormal):
    made = report(result := {"id": "late"})
    feed.run()
    assert not tasks()
    put(
        {
            "resourceType": "Observation",
            "id": result["id"],
            "status": "final",
            "code": {"text": "Potassium"},
            "interpretation": [{"coding": [{"code": "AA"}]}],
        }
    )
    feed.run()
    assert [each["focus"]["reference"] for each in tasks()] == [f"DiagnosticReport/{made['id']}"]


def test_a_report_and_its_result_that_are_corrected_together_make_one(feed, abnormal):
    result = observation("N")
    made = report(result)
    feed.run()
    put({**result, "interpretation": [{"coding": [{"code": "LL"}]}]})
    put({**made, "status": "corrected"})
    feed.run()
    assert len(tasks()) == len(runs(abnormal)) == 1


def test_any_type_of_resource_by_a_search_of_ours(feed):
    made = rule(
        "resource",
        {"kind": "create", "task_type": task_type("verify-patient-identity")},
        resource_type="DocumentReference",
        criteria="type=http://loinc.org|53245-7&patient.address-state=IL",
    )
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "53245-7"}]},
        "subject": {"reference": "Patient/homer"},
        "content": [{"attachment": {"title": "Licence"}}],
    }
    create(document)
    create({**document, "type": {"text": "Something else"}})
    feed.run()
    assert len(runs(made)) == len(tasks()) == 1
    assert tasks()[0]["code"]["text"] == "Verify patient identity"


def test_a_rule_for_new_resources_looks_at_no_change(feed):
    made = rule(
        "resource",
        {"kind": "notify", "whom": "coordinators"},
        resource_type="QuestionnaireResponse",
        criteria="status=completed",
        only_new=True,
    )
    document = {"resourceType": "QuestionnaireResponse", "status": "in-progress"}
    answers = create(document)
    put({**answers, "status": "completed"})
    feed.run()
    assert not runs(made)
    create({**document, "status": "completed"})
    feed.run()
    assert len(runs(made)) == 1


def test_a_deletion_is_no_event(feed, abnormal, api):
    made = report(observation("H"))
    feed.seen = latest()
    api("admin").delete(f"DiagnosticReport/{made['id']}")
    feed.run()
    assert not RuleRun.objects.exists()


# What rules write.


def task_rule(criteria, *acts, **fields):
    return rule("resource", *acts, resource_type="Task", criteria=criteria, **fields)


RAISE = {"kind": "priority"}


def test_a_rule_follows_another_but_never_itself(feed):
    only("abnormal-report")
    again = task_rule("priority=asap", RAISE)
    report(observation("H"))
    first = task_rule("priority=urgent", RAISE)
    feed.run()
    # urgent by its type → asap by one rule → stat by the next.
    assert [each["priority"] for each in tasks()] == ["stat"]
    assert [len(runs(each)) for each in (first, again)] == [1, 1]
    assert runs(again)[0].cause == runs(first)[0]


def test_rules_that_call_each_other_end(feed):
    only("unclaimed-stat")
    one = task_rule("status=requested", {"kind": "create", "task_type": task_type("documentation")})
    other = task_rule(
        "status=requested", {"kind": "create", "task_type": task_type("lab-follow-up")}
    )
    for each in (one, other):
        each.actions.update(pool=task_type().pool)
    create({"resourceType": "Task", "status": "requested", "intent": "order"})
    feed.run()
    assert [len(runs(each)) for each in (one, other)] == [2, 2]
    assert len(tasks()) == 5


def test_an_action_on_what_is_about_the_same(feed, cast):
    only("abnormal-report")
    first = report(observation("H"), status="preliminary")
    put({**first, "status": "final"})
    feed.run()
    amended = rule("resource", {"kind": "escalate"}, resource_type="DiagnosticReport",
                   criteria="status=amended")  # fmt: skip
    put({**first, "status": "amended"})
    feed.run()
    [task] = tasks()
    assert task["businessStatus"]["coding"][0]["code"] == "escalated"
    assert runs(amended)[0].result == "Escalated."
    actions.claim(task["id"], actor=cast["physician"].actor)


def test_without_work_about_it_there_is_nothing_to_do(feed):
    made = rule("resource", RAISE, resource_type="DiagnosticReport", criteria="status=final")
    report()
    feed.run()
    assert [each.result for each in runs(made)] == ["There was no open task about it."]
