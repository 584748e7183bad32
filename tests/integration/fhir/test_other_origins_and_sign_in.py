"""Web pages of other origins may use the API when the operator names them, and not otherwise."""

import pytest
from django.conf import settings
from django.test import Client, override_settings

ORIGIN = "https://app.example"
ALLOWED = override_settings(
    CORS_ALLOWED_ORIGINS=[ORIGIN],
    MIDDLEWARE=["corsheaders.middleware.CorsMiddleware", *settings.MIDDLEWARE],
)
"""As with TASKWARD_CORS_ORIGINS."""
PREFLIGHT = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization,content-type,if-match,x-medplum",
}


def cors_headers(response):
    return {name for name in response.headers if name.startswith("Access-Control-")}


def test_without_a_setting_no_other_origin_is_let_in(api):
    assert not cors_headers(api("admin").get("Task", Origin=ORIGIN))
    assert not cors_headers(Client().options("/api/fhir/Task/1", headers=PREFLIGHT))


@ALLOWED
@pytest.mark.parametrize("base", ["/api/fhir", "/fhir/R4"])
def test_a_named_origin_is_let_in(api, base):
    asked = Client().options(f"{base}/Task/1", headers=PREFLIGHT)
    assert asked.status_code == 200
    assert asked["Access-Control-Allow-Origin"] == ORIGIN
    assert asked["Access-Control-Allow-Credentials"] == "true"
    assert "PATCH" in asked["Access-Control-Allow-Methods"]
    allowed = asked["Access-Control-Allow-Headers"].lower()
    for name in "authorization content-type accept x-medplum if-match if-none-exist prefer".split():
        assert name in allowed, name
    found = api("admin", base).get("Task", Origin=ORIGIN)
    assert found["Access-Control-Allow-Origin"] == ORIGIN
    assert {"ETag", "Location"} <= {*found["Access-Control-Expose-Headers"].split(", ")}
    refused = api("admin", base).get("Task/nobody", Origin=ORIGIN)
    assert refused.status_code == 404 and refused["Access-Control-Allow-Origin"] == ORIGIN


@ALLOWED
def test_other_origins_and_the_pages_stay_shut(api, page):
    assert not cors_headers(api("admin").get("Task", Origin="https://evil.example"))
    assert not cors_headers(page("nurse").get("/worklist/", headers={"Origin": ORIGIN}))


def test_clients_find_where_to_sign_in(db):
    answer = Client().get("/api/fhir/.well-known/smart-configuration")
    assert answer.status_code == 200 and answer["Content-Type"] == "application/json"
    assert answer.json()["token_endpoint"] == "http://testserver/oauth2/token"
    assert "client_credentials" in answer.json()["grant_types_supported"]


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        (
            {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"},
            401,
            "invalid_client",
        ),
        (
            {"grant_type": "password", "username": "a", "password": "b"},
            401,
            "invalid_client",
        ),
        ({}, 400, "unsupported_grant_type"),
    ],
)
def test_a_refused_sign_in_says_why(db, form, status, error):
    answer = Client().post("/oauth2/token", form)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["error"] == error
    assert answer.json()["error_description"]
