"""A page speaks the language of its reader through and through; the API and what is stored, English."""

import json
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest
from babel.messages.pofile import read_po
from django.test import Client
from django.utils import translation

from communications.models import Snippet
from fhir import json as fhir_json
from tasks import actions, moves, shipped, times
from tasks.management.commands.translations import catalogue_file
from tasks.models import Provenance, Task
from tests.browser import clinic
from tests.conftest import ApiClient
from tests.integration.test_translations import SPOKEN


def signed_in(people, name: str) -> Client:
    people[name].user.language = "es"
    people[name].user.save()
    client = Client()
    client.force_login(people[name].user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def people(db):
    return clinic.morning()


class Said(HTMLParser):
    """Every text of a page, and what is said of its parts."""

    def __init__(self):
        super().__init__()
        self.texts, self.skipping = set(), 0

    def handle_starttag(self, tag, attrs):
        self.skipping += tag in ("script", "style")
        self.texts |= {value.strip() for name, value in attrs if name in SPOKEN and value}

    def handle_endtag(self, tag):
        self.skipping -= tag in ("script", "style")

    def handle_data(self, data):
        if not self.skipping:
            self.texts.add(" ".join(data.split()))


@pytest.fixture(scope="module")
def english() -> set[str]:
    """Messages without placeholders that are other words in Spanish."""
    with catalogue_file("es").open("rb") as file:
        catalogue = read_po(file, locale="es")
    titles = {each.title for each in shipped.TYPES} | {""}  # a site's own words
    return {
        each.id
        for each in catalogue
        if isinstance(each.id, str) and "%" not in each.id and "{" not in each.id
        if each.string and each.string != each.id and each.id not in titles
    }


def left_over(client: Client, path: str, english: set[str]) -> set[str]:
    answer = client.get(path, follow=True)
    assert answer.status_code in (200, 403, 404, 422), (path, answer.status_code)
    page = Said()
    page.feed(answer.content.decode())
    assert 'lang="es"' in answer.content.decode(), path
    return page.texts & english - {*Snippet.objects.values_list("name", flat=True)}


LISTS = (
    *("/worklist/", "/worklist/my", "/worklist/pool/registered-nurse", "/worklist/watching"),
    *("/worklist/threads", "/worklist/threads?tab=all", "/worklist/hand-over", "/worklist/search"),
    *("/worklist/new", "/worklist/people", "/worklist/people/leave", "/worklist/profile"),
    *("/worklist/t/nothing", "/worklist/all", "/worklist/drift", "/worklist/board"),
    *("/worklist/board/registered-nurse", "/worklist/analytics"),
)


@pytest.mark.parametrize("name", ["nurse", "coordinator"])
def test_no_page_says_in_english_what_there_is_in_spanish(people, english, name):
    held = actions.claim_next(actor=people["nurse"].actor)
    actions.start(held.resource_id, actor=people["nurse"].actor)
    actions.hold(held.resource_id, actor=people["nurse"].actor, reason="Lab is closed")
    client = signed_in(people, name)
    tasks = [f"/worklist/t/{each.resource_id}" for each in Task.objects.all()]
    dialogs = [f"{tasks[0]}/{each}" for each in ("reroute", "escalate", "prioritize", "reschedule")]
    found = {path: left_over(client, path, english) for path in (*LISTS, *tasks, *dialogs)}
    assert {path: said for path, said in found.items() if said} == {}


def test_what_is_done_in_spanish_is_stored_in_english(people):
    client = signed_in(people, "nurse")
    nurse = people["nurse"].actor
    task_id = actions.claim_next(actor=nurse).resource_id
    version = Task.objects.get(resource_id=task_id).version_id
    said = client.post(f"/worklist/t/{task_id}/start", {"version": version}, follow=True)
    assert "Iniciada" in said.content.decode()
    said = client.post(
        f"/worklist/t/{task_id}/hold",
        {"version": version + 1, "reason": "waiting-on-patient"},
        follow=True,
    )
    assert "A la espera del paciente" in said.content.decode()
    document = fhir_json.loads_stored(Task.objects.get(resource_id=task_id).document)
    assert document["statusReason"]["text"] == "Waiting on patient"
    moves.prioritize(task_id, priority="urgent", actor=nurse)
    kept = [fhir_json.loads_stored(each.document) for each in Provenance.objects.all()]
    assert {each["activity"]["text"] for each in kept} == {"Claimed", "Priority changed"}


def test_the_api_speaks_english_to_everybody(people):
    people["nurse"].user.language = "es"
    people["nurse"].user.save()
    client = ApiClient(people["nurse"].user)
    answer = client.get("Task/nothing", **{"Accept-Language": "es"})
    assert "no such" in json.loads(answer.content)["issue"][0]["diagnostics"]


def test_days_are_written_as_each_language_does():
    now, day = datetime(2026, 11, 10, 9, tzinfo=UTC), date(2026, 11, 21)
    assert times.day(day, now) == "Sat 21 Nov"
    with translation.override("es"):
        assert times.day(day, now) == "sáb 21 nov"
        assert times.day(now.date(), now) == "Hoy"
        assert times.ago(now - timedelta(minutes=12), now) == "hace 12 min"
