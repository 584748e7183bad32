"""Every malformed request has the answer that it earns, tells nobody's name, and changes nothing."""

from functools import partial

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client

from accounts.tokens import issue
from fhir import definitions
from fhir.models import Resource, ResourceVersion
from tests import factories
from tests.malformed import CASES, DOCUMENTS, SECRET, STATES, Case

pytestmark = pytest.mark.django_db
ISSUE_CODES = definitions.elements("OperationOutcome.issue")["code"].codes


@pytest.fixture(scope="module")
def send(django_db_setup, django_db_blocker):
    """send(case) → the answer to an admin, from a server with one Task of each status."""
    with django_db_blocker.unblock(), transaction.atomic():
        admin = factories.cast()["admin"]
        owner = {"reference": "Practitioner/maya"}
        note = [{"text": f"Mrs {SECRET} asked to be called"}]
        task = partial(factories.task_document, owner=owner, note=note, description=SECRET)
        name = [{"family": SECRET}]
        factories.put({"resourceType": "Patient", "id": "pat", "name": name}, actor=admin.actor)
        factories.put(task(id="target"), actor=admin.actor)
        factories.put(task(id="deleted"), actor=admin.actor)
        factories.actions.delete("Task", "deleted", actor=admin.actor)
        for state in STATES:
            factories.put(task(id=f"is-{state}", status=state), actor=admin.actor)
        client = Client(raise_request_exception=False)
        yield partial(_send, client, issue(admin.user))
        transaction.set_rollback(True)


def _send(client: Client, token: str, case: Case):
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/fhir+json",
    } | case.headers
    content_type = headers.pop("Content-Type")
    extra = {key: headers.pop(key) for key in ("CONTENT_LENGTH",) if key in headers}
    return client.generic(
        case.method,
        f"/api/fhir/{case.path}" if case.path else "/api/fhir",
        case.body,
        content_type,
        headers={key: value for key, value in headers.items() if value is not None},
        **extra,
    )


def everything() -> list:
    """All that is stored: every resource with its version and text, and how many versions."""
    kept = [
        list(model.objects.order_by("pk").values_list())
        for model in apps.get_models()
        if issubclass(model, Resource) and not model._meta.abstract
    ]
    return [*kept, ResourceVersion.objects.count()]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_a_malformed_request_is_refused_and_changes_nothing(send, case):
    before = everything()
    answer = send(case)
    assert answer.status_code == case.status, answer.content[:500]
    assert everything() == before
    assert answer["Content-Type"] == "application/fhir+json"
    assert SECRET not in answer.content.decode()
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    for issue_ in outcome["issue"]:
        assert issue_["severity"] == "error" and issue_["code"] in ISSUE_CODES
        assert issue_["diagnostics"].endswith(".") and 10 < len(issue_["diagnostics"]) < 600
    places = [(each["code"], *each.get("expression", [None])) for each in outcome["issue"]]
    assert (case.code, case.expression) in places
    if answer.status_code == 405 and case.path:
        assert answer["Allow"] and case.method not in answer["Allow"].split(", ")
    if answer.status_code == 401:
        assert answer["WWW-Authenticate"].startswith("Bearer")


def test_the_table_is_large_and_its_names_are_its_own():
    assert len(CASES) == len({case.name for case in CASES}) > 900
    assert len({(each.method, each.path, each.body, str(each.headers)) for each in CASES}) > 900
    assert len(DOCUMENTS) > 450


@pytest.mark.parametrize("case", [case for case in CASES if case.name.startswith("step-")])
def test_a_refused_step_names_both_states(send, case):
    before, _, after = case.name.removeprefix("step-").partition("-to-")
    sentence = send(case).json()["issue"][0]["diagnostics"]
    assert f" {before} " in sentence and f" {after}." in sentence
