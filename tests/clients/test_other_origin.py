"""The MedplumClient in a browser, in a page of another origin."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Error, Page

from tests.clients import javascript

CREATE_AND_CHANGE = """
async ([baseUrl, accessToken]) => {
  const { MedplumClient } = await import("/@medplum/core/dist/esm/index.mjs");
  const medplum = new MedplumClient({ baseUrl, fhirUrlPath: "api/fhir", accessToken });
  const system = "http://example.org/orders";
  const value = crypto.randomUUID();
  const document = {
    resourceType: "Task", status: "requested", intent: "order", identifier: [{ system, value }],
  };
  const query = `identifier=${system}|${value}`;
  const made = await medplum.createResourceIfNoneExist(document, query);
  const found = await medplum.createResourceIfNoneExist(document, query);
  const patched = await medplum.patchResource(
    "Task", made.id, [{ op: "add", path: "/priority", value: "stat" }],
    { headers: { "If-Match": 'W/"1"', Prefer: "return=representation" } },
  );
  const answer = await fetch(medplum.fhirUrl("Task"), {
    method: "POST",
    headers: { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/fhir+json" },
    body: JSON.stringify(document),
    credentials: "include",
  });
  return {
    same: made.id === found.id,
    priority: patched.priority,
    etag: answer.headers.get("ETag"),
    location: answer.headers.get("Location"),
  };
}
"""
READ = """
async ([baseUrl, accessToken]) => {
  const headers = { Authorization: `Bearer ${accessToken}` };
  return (await fetch(`${baseUrl}/api/fhir/Task/example-task`, { headers })).status;
}
"""


class Files(SimpleHTTPRequestHandler):
    """What npm installed, and nothing in the log."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript"}

    def log_message(self, *arguments):
        pass


@pytest.fixture
def app_port(running_clinic, installed_clients) -> Iterator[int]:
    """Where a web application is served, which is not the server of the API."""
    files = partial(Files, directory=javascript.PACKAGES)
    with ThreadingHTTPServer(("127.0.0.1", running_clinic.app_port), files) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield running_clinic.app_port
        server.shutdown()
        thread.join()


@pytest.fixture
def page(chromium) -> Iterator[Page]:
    context = chromium.new_context()
    yield context.new_page()
    context.close()


def test_a_named_origin_may_use_the_api(page, app_port, running_clinic):
    page.goto(f"http://localhost:{app_port}/@medplum/core/package.json")
    done = page.evaluate(CREATE_AND_CHANGE, [running_clinic.url, running_clinic.token("admin")])
    assert (done["same"], done["priority"], done["etag"]) == (True, "stat", 'W/"1"')
    assert done["location"].startswith(f"{running_clinic.base}/Task/")


def test_any_other_origin_may_not(page, app_port, running_clinic):
    """The browser keeps the answer from the page."""
    page.goto(f"http://127.0.0.1:{app_port}/@medplum/core/package.json")
    with pytest.raises(Error, match="Failed to fetch"):
        page.evaluate(READ, [running_clinic.url, running_clinic.token("admin")])
