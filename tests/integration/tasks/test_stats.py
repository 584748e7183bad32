"""Task/$stats counts what a search would find, of what the actor may read."""

from fhir.validation import check_document
from tests.factories import CARDIOLOGIST_ROLE, NURSE_ROLE, create, owned_task, role, task_document

STAGE = {"coding": [{"system": "urn:stages", "code": "sent", "display": "Sent"}]}


def counts(answer, name):
    """{what: how many} of one kind of group."""
    assert answer.status_code == 200, answer.content
    check_document(answer.json())
    groups = [each["part"] for each in answer.json()["parameter"] if each["name"] == name]
    return {_key(value): count["valueUnsignedInt"] for value, count in groups}


def _key(value):
    concept = value.get("valueCodeableConcept")
    if concept is None:
        return value["valueCode"]
    return concept["coding"][0]["code"] if "coding" in concept else concept["text"]


def total(answer):
    return answer.json()["parameter"][0]["valueUnsignedInt"]


def test_tasks_are_counted_by_what_they_are(api):
    create(task_document(priority="stat", businessStatus=STAGE))
    create(task_document(priority="stat", businessStatus=STAGE, statusReason={"text": "No answer"}))
    create(task_document(status="completed", businessStatus={"text": "Reviewed"}))
    answer = api("admin").get("Task/$stats")
    assert total(answer) == 3
    assert counts(answer, "status") == {"requested": 2, "completed": 1}
    assert counts(answer, "priority") == {"stat": 2}
    assert counts(answer, "business-status") == {"sent": 2, "Reviewed": 1}
    assert counts(answer, "status-reason") == {"No answer": 1}
    narrowed = api("admin").get("Task/$stats?business-status=urn:stages|sent")
    assert total(narrowed) == 2 and counts(narrowed, "status-reason") == {"No answer": 1}
    assert total(api("admin").get("Task/$stats?status=draft")) == 0
    completed = {"name": "status", "valueString": "completed"}
    body = {"resourceType": "Parameters", "parameter": [completed]}
    assert total(api("admin").post("Task/$stats", body)) == 1


def test_turnaround_is_of_what_was_completed(api):
    def done(end, **elements):
        period = {"start": "2026-03-01T08:00:00Z", "end": end}
        create(task_document(**{"status": "completed", "executionPeriod": period} | elements))

    done("2026-03-01T08:10:00Z"), done("2026-03-01T08:30:00Z"), done("2026-03-01T10:00:00+01:00")
    done("2026-03-09T08:00:00Z", status="failed")
    done("2026-03-09")
    answer = api("auditor").get("Task/$stats").json()
    (turnaround,) = [each for each in answer["parameter"] if each["name"] == "turnaround"]
    parts = {part["name"]: part for part in turnaround["part"]}
    assert parts["count"]["valueUnsignedInt"] == 3
    assert parts["median"]["valueDuration"]["value"] == 1800


def test_only_what_the_actor_may_read_is_counted(api, cast):
    owned_task(cast["nurse"])
    owned_task(cast["physician"])
    create(task_document(performerType=role(NURSE_ROLE)))
    create(task_document(performerType=role(CARDIOLOGIST_ROLE)))
    for who, number in {"nurse": 2, "nurse2": 1, "physician": 1, "auditor": 4}.items():
        assert total(api(who).get("Task/$stats")) == number, who
        assert sum(counts(api(who).get("Task/$stats"), "status").values()) == number
    assert total(api("nurse").get("Task/$stats?owner=Practitioner/ines")) == 0


def test_an_unknown_parameter_is_refused(api):
    """Left out, it would count everything."""
    assert api("admin").get("Task/$stats?color=red").status_code == 400
    assert api("admin").get("Task/$stats?status:nonsense=x").status_code == 400
