"""Bundles: what is no Bundle is refused as a whole, and an entry is what the request alone would be."""

import pytest

from fhir.models import ResourceVersion
from tests.factories import CARDIOLOGIST_ROLE, create, pool_task, put, role, task_document

NEW = {"request": {"method": "POST", "url": "Task"}, "resource": task_document()}


def post(client, kind, *entries):
    return client.post("", {"resourceType": "Bundle", "type": kind, "entry": list(entries)})


@pytest.mark.parametrize("kind", ["batch", "transaction"])
@pytest.mark.parametrize(
    "entry",
    [
        5,
        {},
        {"request": []},
        {"request": {"method": "POST"}},
        {"request": {"method": "POST", "url": 5}},
        {"request": {"method": "POST", "url": ""}},
        {"request": {"method": "GET", "url": "http://[x"}},
        {"request": {"method": "LINK", "url": "Task"}},
        {**NEW, "fullUrl": 5},
        {**NEW, "resource": 5},
        {**NEW, "resource": [task_document()]},
        {"request": {"method": "PATCH", "url": "Task/x"}, "resource": [1]},
        {"request": {"method": "PATCH", "url": "Task/x"}, "resource": "x"},
        {"request": {"method": "POST", "url": "Task/$claim-next"}, "resource": [1]},
        {"request": {"method": "PUT", "url": "Task/x", "ifMatch": 5}, "resource": NEW["resource"]},
    ],
)
def test_an_entry_that_is_none_is_refused_before_anything_is_done(cast, api, kind, entry):
    count = ResourceVersion.objects.count()
    answer = post(api("admin"), kind, NEW, entry)
    assert answer.status_code == 400, answer.content
    assert answer.json()["issue"][0]["expression"][0].startswith("Bundle.entry[1]")
    assert ResourceVersion.objects.count() == count


@pytest.mark.parametrize("kind", ["batch", "transaction"])
@pytest.mark.parametrize("place", ["body", "url"])
def test_an_operation_is_given_its_parameters(cast, api, kind, place):
    """The nurse is a member of two pools, and wants the next Task of the second."""
    put(
        {
            "resourceType": "PractitionerRole",
            "id": "maya-cardiologist",
            "practitioner": {"reference": "Practitioner/maya"},
            "code": role(CARDIOLOGIST_ROLE),
        }
    )
    pool_task(priority="stat")
    wanted = create(task_document(performerType=role(CARDIOLOGIST_ROLE)))
    request = {"method": "POST", "url": "Task/$claim-next"}
    entry = {"request": request}
    if place == "url":
        request["url"] += "?pool=cardiologist"
    else:
        parameter = {"name": "pool", "valueString": "cardiologist"}
        entry["resource"] = {"resourceType": "Parameters", "parameter": [parameter]}
    (answer,) = post(api("nurse"), kind, entry).json()["entry"]
    assert answer["resource"]["id"] == wanted["id"]
