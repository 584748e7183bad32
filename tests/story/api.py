"""The FHIR API over HTTP, as somebody with a token of the clinic's."""

import http.client
import json
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.clients.clinic import Clinic


@dataclass(frozen=True)
class Api:
    clinic: Clinic
    token: str

    def send(self, method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
        """(status, what was answered)"""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/fhir+json"}
        with closing(http.client.HTTPConnection("127.0.0.1", self.clinic.port, timeout=60)) as line:
            line.request(method, f"/api/fhir/{path}", body and json.dumps(body), headers)
            response = line.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text else {}

    def get(self, path: str) -> dict:
        status, answered = self.send("GET", path)
        assert status == 200, answered
        return answered

    def post(self, path: str, body: dict) -> dict:
        status, answered = self.send("POST", path, body)
        assert status in (200, 201), answered
        return answered

    def found(self, path: str) -> list[dict]:
        """The matches of a search, of its first page."""
        return [
            entry["resource"]
            for entry in self.get(path).get("entry", [])
            if entry["search"]["mode"] == "match"
        ]

    def status(self, path: str) -> int:
        return self.send("GET", path)[0]


def service_token(clinic: Clinic) -> str:
    """The token of a client with credentials of its own (RFC 6749, 4.4)."""
    form = urlencode(
        {
            "grant_type": "client_credentials",
            "client_id": clinic.client["client_id"],
            "client_secret": clinic.client["client_secret"],
        }
    )
    with closing(http.client.HTTPConnection("127.0.0.1", clinic.port, timeout=60)) as line:
        line.request(
            "POST", "/oauth2/token", form, {"Content-Type": "application/x-www-form-urlencoded"}
        )
        return json.loads(line.getresponse().read())["access_token"]
