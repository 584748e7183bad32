"""Django admin in our colours: both themes, its own scripts, and nothing that axe calls serious."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from accounts.models import Pool
from tasks.models import Rule, Task, TaskType
from tests.browser.test_accessibility import OPTIONS

# What Django's own scripts draw: a name for select2's box, and the label of a tooltip.
THEIRS = [".select2", ".help-tooltip"]


def paths() -> list[str]:
    rule, task_type = Rule.objects.earliest("pk"), TaskType.objects.earliest("pk")
    return [
        "",
        "tasks/task/",
        f"tasks/task/{Task.objects.earliest('pk').pk}/change/",
        "tasks/tasktype/",
        f"tasks/tasktype/{task_type.pk}/change/",
        f"accounts/pool/{Pool.objects.earliest('pk').pk}/change/",
        "tasks/rule/",
        f"tasks/rule/{rule.pk}/change/",
        f"tasks/rule/{rule.pk}/rehearsal/",
        "accounts/sitesettings/1/change/",
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_serious_stands_in_the_way(visit, people, picture, theme):
    page = visit("admin", "/admin/", color_scheme=theme)
    for number, path in enumerate(paths()):
        page.goto(f"/admin/{path}")
        found = Axe().run(page, context={"exclude": THEIRS}, options=OPTIONS).response["violations"]
        serious = [
            (each["id"], [node["html"] for node in each["nodes"]][:3])
            for each in found
            if each["impact"] in ("serious", "critical")
        ]
        assert serious == [], path
        picture(page, f"admin-{number}-{theme}")


def test_an_admin_finds_her_way_from_a_task_to_its_page(visit, people):
    page = visit("admin", "/admin/")
    expect(page.locator("#site-name")).to_contain_text("Taskward")
    page.get_by_role("link", name="Tasks", exact=True).click()
    page.get_by_role("link", name="Open in worklist").first.click()
    expect(page.locator("#task-title")).to_be_visible()
