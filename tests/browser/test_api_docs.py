"""The page of the API: drawn from the OpenAPI document, under the site's own rules for scripts."""

from playwright.sync_api import expect

# The page puts the schemas together in the browser, which takes its time.
PATIENCE = 60_000


def test_the_page_shows_what_a_search_takes_and_asks_nobody_else(visit):
    page = visit(None, "/accounts/login/")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/api/docs/")
    expect(page.get_by_role("heading", name="Taskward")).to_be_visible(timeout=PATIENCE)
    page.locator(".opblock-tag[data-tag=Task]").click(timeout=PATIENCE)
    search = page.locator("#operations-Task-search_type_Task")
    search.locator(".opblock-summary-control").click(timeout=PATIENCE)
    expect(search.locator("tr[data-param-name=owner]")).to_be_visible(timeout=PATIENCE)
    host = page.url.partition("/api/")[0]
    assert any(url == f"{host}/api/schema/" for url in asked)
    assert all(url.startswith((f"{host}/", "data:")) for url in asked)


def test_what_needs_no_token_can_be_tried_on_the_page(visit):
    page = visit(None, "/api/docs/")
    page.locator(".opblock-tag[data-tag=system]").click(timeout=PATIENCE)
    metadata = page.locator("#operations-system-capabilities")
    metadata.locator(".opblock-summary-control").click(timeout=PATIENCE)
    metadata.get_by_role("button", name="Try it out").click(timeout=PATIENCE)
    metadata.get_by_role("button", name="Execute").click(timeout=PATIENCE)
    answer = metadata.locator(".live-responses-table tbody .response-col_status")
    expect(answer.first).to_contain_text("200", timeout=PATIENCE)
