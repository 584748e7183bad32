"""One resource through every interaction, and the headers that go with each.

https://hl7.org/fhir/R4/http.html
"""

import json

import pytest

from tests.factories import owned_task, pool_task, task_document


def outcome(response, status: int, code: str) -> dict:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/fhir+json"
    body = response.json()
    assert body["resourceType"] == "OperationOutcome"
    for issue in body["issue"]:
        assert issue["severity"] == "error" and issue["code"] == code and issue["diagnostics"]
    return body


@pytest.mark.parametrize("base", ["/api/fhir", "/fhir/R4"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_task_is_created_read_updated_patched_and_deleted(api, base, slash):
    admin = api("admin", base)
    created = admin.post(f"Task{slash}", task_document(description="Call"))
    assert created.status_code == 201
    assert created["Content-Type"] == "application/fhir+json"
    task = created.json()
    url = f"Task/{task['id']}{slash}"
    assert created["Location"] == f"http://testserver{base}/Task/{task['id']}/_history/1"
    assert created["ETag"] == 'W/"1"' and created["Last-Modified"]
    assert "lastModified" not in task

    read = admin.get(url)
    assert read.json() == task and read["ETag"] == 'W/"1"'

    updated = admin.put(url, {**task, "description": "Call again"})
    assert updated.status_code == 200 and updated["ETag"] == 'W/"2"'
    assert updated.json()["lastModified"] == updated.json()["meta"]["lastUpdated"]

    patched = admin.patch(url, [{"op": "add", "path": "/priority", "value": "asap"}])
    assert patched.status_code == 200 and patched.json()["priority"] == "asap"
    assert patched.json()["meta"]["versionId"] == "3"

    deleted = admin.delete(url)
    assert deleted.status_code == 204 and deleted.content == b""
    outcome(admin.get(url), 410, "deleted")
    assert admin.delete(url).status_code == 204

    restored = admin.put(url, {**task, "description": "Back"})
    assert restored.status_code == 201 and restored["ETag"] == 'W/"5"'

    history = admin.get(f"Task/{task['id']}/_history{slash}").json()
    assert [entry["request"]["method"] for entry in history["entry"]] == [
        "PUT",
        "DELETE",
        "PATCH",
        "PUT",
        "POST",
    ]
    assert history["total"] == 5
    outcome(admin.get(f"Task/{task['id']}/_history/4"), 410, "deleted")
    outcome(admin.get(f"Task/{task['id']}/_history/9"), 404, "not-found")
    assert admin.get(f"Task/{task['id']}/_history/1").json() == task


def test_history_pages_are_not_moved_by_new_versions(api):
    admin = api("admin")
    task = admin.post("Task", task_document()).json()
    for number in range(6):
        admin.put(f"Task/{task['id']}", {**task, "description": f"{number}"})
    page = admin.get(f"Task/{task['id']}/_history?_count=3").json()
    seen = [entry["resource"]["meta"]["versionId"] for entry in page["entry"]]
    admin.put(f"Task/{task['id']}", {**task, "description": "between the pages"})
    while following := [link["url"] for link in page["link"] if link["relation"] == "next"]:
        page = admin.client.get(following[0]).json()
        seen += [entry["resource"]["meta"]["versionId"] for entry in page["entry"]]
    assert seen == ["7", "6", "5", "4", "3", "2", "1"]


def test_identical_content_is_no_new_version(api):
    admin = api("admin")
    task = admin.post("Task", task_document()).json()
    assert admin.put(f"Task/{task['id']}", task)["ETag"] == 'W/"1"'


@pytest.mark.parametrize("digits", ["1.5", "1.500", "2"])
def test_other_digits_of_a_decimal_are_other_content(api, cast, digits):
    """The digits are a measurement's precision, and come back as they went in (T14)."""
    nurse = api("nurse")
    owner = {"reference": "Practitioner/maya"}
    text = json.dumps(task_document(owner=owner, input=[{"type": {"text": "Dose"}}]))
    text = text.replace('{"text": "Dose"}', '{"text": "Dose"}, "valueDecimal": 1.50')
    created = nurse.post("Task", text)
    url = f"Task/{created.json()['id']}"
    body = created.content.decode()
    assert '"valueDecimal":1.50}' in body
    updated = nurse.put(url, body.replace("1.50", digits))
    assert (updated.status_code, updated["ETag"]) == (200, 'W/"2"')
    assert f'"valueDecimal":{digits}}}' in updated.content.decode()
    assert nurse.get(url).content == updated.content
    again = nurse.put(url, updated.content)
    assert (again.status_code, again["ETag"]) == (200, 'W/"2"')


def test_the_server_keeps_its_own_meta(api):
    admin = api("admin")
    sent = task_document(
        id="mine",
        meta={"versionId": "77", "lastUpdated": "1999-01-01T00:00:00Z", "tag": [{"code": "x"}]},
    )
    task = admin.post("Task", sent).json()
    assert task["id"] != "mine" and task["meta"]["versionId"] == "1"
    assert task["meta"]["lastUpdated"] > "2020" and task["meta"]["tag"] == [{"code": "x"}]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_stale_etag_is_refused_and_changes_nothing(api, method):
    admin = api("admin")
    task = admin.post("Task", task_document()).json()
    url = f"Task/{task['id']}"
    admin.put(url, {**task, "description": "second"})
    body = [{"op": "add", "path": "/priority", "value": "stat"}]
    content_type = "application/json-patch+json"
    if method == "PUT":
        body, content_type = {**task, "priority": "stat"}, "application/fhir+json"
    for tag in ('W/"1"', '"1"', 'W/"99"', 'W/"x"'):
        refused = admin.request(method, url, body, content_type, **{"If-Match": tag})
        outcome(refused, 412, "conflict")
    outcome(admin.request(method, url, body, content_type, **{"If-Match": "1"}), 400, "structure")
    assert admin.get(url)["ETag"] == 'W/"2"'
    done = admin.request(method, url, body, content_type, **{"If-Match": 'W/"1", W/"2"'})
    assert done.status_code in (200, 204)


@pytest.mark.parametrize("tag", ['W/"1"', '"1"', "1", "*"])
def test_a_read_of_a_known_version_is_not_sent_again(api, tag):
    admin = api("admin")
    task = admin.post("Task", task_document()).json()
    answer = admin.get(f"Task/{task['id']}", **{"If-None-Match": tag})
    assert answer.status_code == 304 and answer.content == b""
    assert admin.get(f"Task/{task['id']}", **{"If-None-Match": 'W/"7"'}).status_code == 200


def test_only_those_who_write_everything_choose_ids(api):
    assert api("admin").put("Task/my-own-id", task_document(id="my-own-id")).status_code == 201
    assert api("service").put("Task/another", task_document(id="another")).status_code == 201
    nurse = api("nurse")
    mine = task_document(id="hers", owner={"reference": nurse.user.reference})
    outcome(nurse.put("Task/hers", mine), 403, "forbidden")
    outcome(api("admin").get("Task/hers"), 404, "not-found")


def test_body_and_url_must_agree(api):
    admin = api("admin")
    task = admin.post("Task", task_document()).json()
    outcome(admin.put(f"Task/{task['id']}", {**task, "id": "other"}), 400, "structure")
    outcome(admin.post("Task", {**task_document(), "resourceType": "Patient"}), 400, "structure")
    outcome(admin.post("Task", {"status": "requested"}), 400, "structure")


def test_whoever_is_not_signed_in_learns_nothing(api, client):
    task = pool_task()
    for path in (f"Task/{task['id']}", "Task", "Task/never-was", "Nonsense"):
        answer = client.get(f"/api/fhir/{path}")
        outcome(answer, 401, "login")
        assert answer["WWW-Authenticate"].startswith("Bearer")
    for token in ("Bearer nonsense", "Bearer ", "Basic YTpi"):
        answer = client.get("/api/fhir/Task", headers={"Authorization": token})
        outcome(answer, 401, "login")
    assert client.get("/api/fhir/metadata").status_code == 200


def test_a_disabled_user_and_a_revoked_token_are_out_at_once(api):
    nurse = api("nurse")
    assert nurse.get("Task").status_code == 200
    nurse.user.is_active = False
    nurse.user.save()
    assert nurse.get("Task").status_code == 401
    nurse.user.is_active = True
    nurse.user.save()
    assert nurse.get("Task").status_code == 200
    nurse.user.oauth2_provider_accesstoken.all().delete()
    assert nurse.get("Task").status_code == 401


@pytest.mark.parametrize("path", ["Nonsense", "Nonsense/1", "Task/1/nonsense", "Task/1/2/3/4"])
def test_unknown_paths_are_an_outcome(api, path):
    outcome(api("admin").get(path), 404, "not-found")


def test_unsupported_methods_media_types_and_formats(api):
    admin = api("admin")
    task = admin.post("Task", task_document()).json()
    url = f"Task/{task['id']}"
    refused = admin.request("DELETE", "Task/x/_history")
    outcome(refused, 405, "not-supported")
    assert refused["Allow"] == "GET, HEAD, OPTIONS"
    outcome(admin.request("PUT", "", task), 405, "not-supported")
    outcome(admin.request("POST", "Task", "<Task/>", "application/fhir+xml"), 415, "not-supported")
    outcome(admin.request("PATCH", url, {"a": 1}, "application/json"), 415, "not-supported")
    outcome(admin.get(url, Accept="application/fhir+xml"), 406, "not-supported")
    outcome(admin.get(f"{url}?_format=xml"), 406, "not-supported")
    for accept in ("application/fhir+json, */*; q=0.1", "application/json", "*/*"):
        assert admin.get(url, Accept=accept).status_code == 200
    assert admin.get(f"{url}?_format=json").status_code == 200


def test_prefer_minimal_sends_no_body(api):
    answer = api("admin").post("Task", task_document(), Prefer="return=minimal")
    assert answer.status_code == 201 and answer.content == b"" and answer["Location"]


def test_every_type_of_r4_can_be_stored(api):
    admin = api("admin")
    medication = {"resourceType": "Medication", "code": {"text": "Metformin"}}
    created = admin.post("Medication", medication)
    assert created.status_code == 201, created.content
    url = f"Medication/{created.json()['id']}"
    assert admin.get(url).json() == created.json()
    assert admin.get(f"{url}/_history").json()["total"] == 1


def test_the_capability_statement_names_what_the_routes_serve(client):
    statement = client.get("/api/fhir/metadata").json()
    assert statement["fhirVersion"] == "4.0.1" and statement["kind"] == "instance"
    resources = {each["type"]: each for each in statement["rest"][0]["resource"]}
    assert {"Task", "Communication", "Provenance", "Patient", "Questionnaire"} <= set(resources)
    parameters = {each["name"]: each["type"] for each in resources["Task"]["searchParam"]}
    assert parameters["owner"] == "reference" and parameters["status"] == "token"
    names = [each["name"] for each in resources["Task"]["operation"]]
    assert {"claim", "claim-next", "reroute", "stats", "validate", "worklist", "drift"} < {*names}
    assert len(names) == len({*names})


def test_a_transaction_resolves_references_and_keeps_the_order_of_entries(api):
    admin = api("admin")
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "resource": task_document(**{"for": {"reference": "urn:uuid:patient"}}),
                "request": {"method": "POST", "url": "Task"},
            },
            {
                "fullUrl": "urn:uuid:patient",
                "resource": {"resourceType": "Patient", "active": True},
                "request": {"method": "POST", "url": "/Patient"},
            },
            {
                "resource": {"resourceType": "Organization", "id": "org", "name": "North"},
                "request": {"method": "PUT", "url": "Organization/org"},
            },
        ],
    }
    answer = admin.post("", bundle)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body["type"] == "transaction-response"
    task, patient, organization = (entry["resource"] for entry in body["entry"])
    assert task["for"]["reference"] == f"Patient/{patient['id']}"
    assert organization["id"] == "org"
    assert [entry["response"]["status"] for entry in body["entry"]] == ["201", "201", "201"]


def test_a_transaction_with_one_fault_changes_nothing(api):
    admin = api("admin")
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "resource": task_document(id="first"),
                "request": {"method": "PUT", "url": "Task/first"},
            },
            {
                "resource": task_document(status="bogus"),
                "request": {"method": "POST", "url": "Task"},
            },
        ],
    }
    body = outcome(admin.post("", bundle), 422, "code-invalid")
    assert body["issue"][0]["expression"] == ["Bundle.entry[1].resource.status"]
    outcome(admin.get("Task/first"), 404, "not-found")


def test_a_batch_answers_each_entry(api):
    nurse = api("nurse")
    mine = owned_task(type("Owner", (), {"reference": nurse.user.reference}))
    bundle = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [
            {"request": {"method": "GET", "url": f"/Task/{mine['id']}"}},
            {"request": {"method": "GET", "url": "Task/never-was"}},
            {"request": {"method": "GET", "url": "Task?status=requested"}},
            {"request": {"method": "DELETE", "url": f"Task/{mine['id']}"}},
        ],
    }
    entries = nurse.post("", bundle).json()["entry"]
    assert [entry["response"]["status"] for entry in entries] == ["200", "404", "200", "403"]
    assert entries[0]["resource"] == mine
    assert entries[1]["response"]["outcome"]["resourceType"] == "OperationOutcome"
    assert entries[2]["resource"]["type"] == "searchset"


@pytest.mark.parametrize(
    "bundle",
    [
        {"resourceType": "Task"},
        {"resourceType": "Bundle", "type": "collection"},
        {"resourceType": "Bundle", "type": "batch", "entry": {}},
        {"resourceType": "Bundle", "type": "batch", "entry": [{}]},
        {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "BREW"}}]},
        {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET"}}]},
        [],
    ],
)
def test_a_malformed_bundle_is_refused(api, bundle):
    outcome(api("admin").post("", bundle), 400, "structure")


def test_scopes_narrow_a_token(api, cast):
    from accounts.tokens import issue

    admin = api("admin")
    task = admin.post("Task", task_document()).json()
    token = issue(cast["admin"].user, scope="user/Task.rs")
    headers = {"Authorization": f"Bearer {token}"}
    get = admin.client.get
    assert get(f"/api/fhir/Task/{task['id']}", headers=headers).status_code == 200
    assert get("/api/fhir/Task", headers=headers).status_code == 200
    outcome(get("/api/fhir/Patient", headers=headers), 403, "forbidden")
    outcome(
        admin.client.post(
            "/api/fhir/Task",
            json.dumps(task_document()),
            content_type="application/fhir+json",
            headers=headers,
        ),
        403,
        "forbidden",
    )


def test_a_client_gets_a_token_by_client_credentials(client, cast):
    from accounts.tokens import create_client

    client_id, secret = create_client("ehr", cast["service"].user)
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    answer = client.post("/oauth2/token", form)
    assert answer.status_code == 200, answer.content
    token = answer.json()["access_token"]
    found = client.get("/api/fhir/Task", headers={"Authorization": f"Bearer {token}"})
    assert found.status_code == 200
    assert client.post("/oauth2/token", {**form, "client_secret": "wrong"}).status_code == 401
