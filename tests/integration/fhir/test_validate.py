"""$validate: every issue of a document, and what a request with it would be refused for."""

import pytest

from accounts.models import Pool
from fhir.errors import MalformedRequest, NotFound
from fhir.models import ResourceVersion
from fhir.validate import BASE_PROFILE, validate
from tests.factories import (
    CARDIOLOGIST_ROLE,
    NURSE_ROLE,
    create,
    owned_task,
    pool_task,
    role,
    task_document,
)


@pytest.fixture
def tried(cast):
    """tried("nurse", "Task", body, mode=…) → [(severity, code, expression)], and nothing changed."""

    def ask(who, type_name, body, *, resource_id=None, mode=None, profile=None):
        versions, pools = ResourceVersion.objects.count(), Pool.objects.count()
        outcome = validate(
            type_name, resource_id, body, mode=mode, profile=profile, actor=cast[who].actor
        )
        assert ResourceVersion.objects.count() == versions
        assert Pool.objects.count() == pools
        assert outcome["resourceType"] == "OperationOutcome"
        return [
            (issue["severity"], issue["code"], issue.get("expression", [None])[0])
            for issue in outcome["issue"]
        ]

    return ask


FINE = [("information", "informational", None)]
FORBIDDEN = [("error", "forbidden", None)]


def parameters(resource=None, mode=None, profile=None, **more):
    given = [{"name": "resource", "resource": resource}] if resource is not None else []
    given += [{"name": "mode", "valueCode": mode}] if mode else []
    given += [{"name": "profile", "valueUri": profile}] if profile else []
    return {"resourceType": "Parameters", "parameter": [*given, *more.get("also", [])]}


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_valid_resource_has_no_issue(tried, wrapped):
    document = task_document()
    assert tried("nurse", "Task", parameters(document) if wrapped else document) == FINE


@pytest.mark.parametrize("wrapped", [False, True])
def test_all_issues_come_at_once(tried, wrapped):
    document = task_document(status="bogus", priority="soon", authoredOn="yesterday")
    issues = tried("auditor", "Task", parameters(document) if wrapped else document)
    assert {expression for _, _, expression in issues} == {
        "Task.status",
        "Task.priority",
        "Task.authoredOn",
    }
    assert {severity for severity, _, _ in issues} == {"error"}


def test_another_type_is_an_issue(tried):
    [(severity, _, expression)] = tried("nurse", "Task", {"resourceType": "Patient"})
    assert (severity, expression) == ("error", "resourceType")


@pytest.mark.parametrize("type_name", ["Patient", "Observation", "Basic", "Bundle", "Parameters"])
def test_every_type_can_be_validated(tried, type_name):
    [(severity, *_), *_] = tried("nurse", type_name, {"resourceType": type_name, "x": 1})
    assert severity == "error"


def test_parameters_are_resources_too(tried):
    document = {"resourceType": "Parameters", "parameter": [{"name": "x", "valueString": "y"}]}
    assert tried("nurse", "Parameters", document) == FINE
    assert tried("nurse", "Parameters", parameters(document)) == FINE
    broken = {"resourceType": "Parameters", "parameter": [{"valueString": "y"}]}
    [(severity, _, expression)] = tried("nurse", "Parameters", parameters(broken))
    assert (severity, expression) == ("error", "Parameters.parameter[0].name")


# What a request would be refused for


def test_creating_says_what_may_not_be(tried, cast):
    mine = task_document(owner={"reference": cast["nurse"].reference})
    others = task_document(owner={"reference": cast["physician"].reference})
    assert tried("nurse", "Task", mine, mode="create") == FINE
    assert tried("nurse", "Task", others, mode="create") == FORBIDDEN
    assert tried("nurse", "Task", others) == FINE  # the document itself is
    assert tried("nurse", "Task", parameters(others, mode="create")) == FORBIDDEN
    assert tried("auditor", "Task", mine, mode="create") == FORBIDDEN
    assert tried("admin", "Task", others, mode="create") == FINE
    assert tried("nurse", "Patient", {"resourceType": "Patient"}, mode="create") == FORBIDDEN


def test_trying_makes_no_pool(tried):
    new = {"resourceType": "PractitionerRole", "code": role("309343006")}
    assert tried("admin", "PractitionerRole", new, mode="create") == FINE


def test_updating_says_what_the_workflow_refuses(tried, cast):
    task = owned_task(cast["nurse"], status="completed")
    reopened = {**task, "status": "requested"}
    for resource_id in (task["id"], None):
        issues = tried("nurse", "Task", reopened, resource_id=resource_id, mode="update")
        assert issues == [("error", "business-rule", "Task.status")]
    noted = {**task, "note": [{"text": "done"}]}
    assert tried("nurse", "Task", noted, resource_id=task["id"], mode="update") == FINE


def test_updating_needs_the_right_id(tried, cast):
    task = owned_task(cast["nurse"])
    other = {**task, "id": "other"}
    [issue] = tried("nurse", "Task", other, resource_id=task["id"], mode="update")
    assert issue == ("error", "structure", "Task.id")
    del other["id"]
    [issue] = tried("nurse", "Task", other, mode="update")
    assert issue == ("error", "structure", "Task.id")


def test_what_cannot_be_seen_is_refused_whether_it_exists_or_not(tried, cast):
    hidden = pool_task(CARDIOLOGIST_ROLE)
    for resource_id in (hidden["id"], "never-was"):
        document = {**hidden, "id": resource_id}
        for mode in ("update", "delete"):
            assert tried("nurse", "Task", document, resource_id=resource_id, mode=mode) == FORBIDDEN


def test_deleting_says_who_may(tried):
    task = pool_task(NURSE_ROLE)
    assert tried("nurse", "Task", None, resource_id=task["id"], mode="delete") == FORBIDDEN
    assert tried("admin", "Task", None, resource_id=task["id"], mode="delete") == FINE
    [issue] = tried("admin", "Task", None, resource_id="never-was", mode="delete")
    assert issue == ("error", "not-found", None)


# The stored document


def test_without_a_body_the_stored_document_is_validated(tried, cast):
    task = owned_task(cast["nurse"])
    assert tried("nurse", "Task", None, resource_id=task["id"]) == FINE
    assert tried("nurse", "Task", parameters(mode="update"), resource_id=task["id"]) == FINE


@pytest.mark.parametrize("who", ["nurse", "nurse2"])
def test_a_stored_document_that_may_not_be_seen_is_not_found(tried, cast, who):
    hidden = pool_task(CARDIOLOGIST_ROLE)
    messages = set()
    for resource_id in (hidden["id"], "never-was"):
        with pytest.raises(NotFound) as refused:
            tried(who, "Task", None, resource_id=resource_id)
        messages.add(str(refused.value))
    assert len(messages) == 1


# Profiles


def test_the_definition_of_the_type_is_a_known_profile(tried):
    for profile in (f"{BASE_PROFILE}Task", f"{BASE_PROFILE}Task|4.0.1"):
        assert tried("nurse", "Task", task_document(), mode="profile", profile=profile) == FINE


@pytest.mark.parametrize("profile", ["http://example.org/p", f"{BASE_PROFILE}Patient"])
def test_another_profile_is_an_error(tried, profile):
    unknown = [("error", "not-supported", "profile")]
    assert tried("nurse", "Task", task_document(), profile=profile) == unknown
    assert tried("nurse", "Task", parameters(task_document(), profile=profile)) == unknown


def test_a_profile_that_the_document_claims_is_a_warning(tried):
    document = task_document(meta={"profile": [f"{BASE_PROFILE}Task", "http://example.org/p"]})
    assert tried("nurse", "Task", document) == [
        ("warning", "not-supported", "Task.meta.profile[1]")
    ]


# What is no request


@pytest.mark.parametrize(
    ("body", "mode"),
    [
        (None, None),
        ({}, None),
        (parameters(mode="create"), None),
        (parameters(task_document(), mode="frobnicate"), None),
        (task_document(), "frobnicate"),
        (task_document(), "profile"),
        (None, "delete"),
        ({"resourceType": "Parameters", "parameter": {}}, None),
        ({"resourceType": "Parameters", "parameter": ["x"]}, None),
        (parameters(task_document(), also=[{"name": "resource"}]), None),
    ],
)
def test_what_cannot_be_understood_is_malformed(tried, body, mode):
    with pytest.raises(MalformedRequest):
        tried("nurse", "Task", body, mode=mode)


@pytest.mark.parametrize("body", ["text", 7, [task_document()], {"resourceType": 7}])
def test_what_is_no_resource_is_an_issue(tried, body):
    [(severity, *_)] = tried("nurse", "Task", body)
    assert severity == "error"


def test_an_unknown_type_is_not_found(tried):
    with pytest.raises(NotFound):
        tried("nurse", "Frobnication", {})


def test_a_resource_that_is_only_created_by_trying_stays_unknown(tried, cast):
    document = {**task_document(), "id": "own-id"}
    assert tried("admin", "Task", document, mode="update") == FINE
    with pytest.raises(NotFound):
        tried("admin", "Task", None, resource_id="own-id")
    create(document)


# --- over HTTP ------------------------------------------------------------------------------------


def test_the_operation_answers_over_http(api):
    task = create(task_document())
    admin = api("admin")
    for answer in (
        admin.post("Task/$validate", task_document()),
        admin.post("Patient/$validate?mode=create", {"resourceType": "Patient"}),
        admin.get(f"Task/{task['id']}/$validate"),
        admin.post(f"Task/{task['id']}/$validate?mode=delete"),
    ):
        assert answer.status_code == 200, answer.content
        assert answer.json()["issue"][0]["severity"] == "information"
    broken = admin.post("Task/$validate", task_document(status="bogus")).json()
    assert broken["issue"][0]["expression"] == ["Task.status"]
    assert admin.get("Task/nobody/$validate").status_code == 404
    assert admin.get("Task/$claim-next").status_code == 405
