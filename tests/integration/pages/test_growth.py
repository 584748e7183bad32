"""No page asks the database more for many rows than for few."""

import re
from collections import Counter
from datetime import UTC, datetime

import pytest

from accounts.models import Pool
from fhir.actor import Role
from tasks import actions, handover, moves, watching
from tasks import detail as details
from tasks.models import SavedView
from tasks.moves import ToPerson
from tests.factories import NURSE_ROLE, owned_task, person, pool_task, put, role
from tests.faults import statements
from tests.integration.pages.crawling import crawl, route_of
from tests.integration.pages.states import every_state, signed_in
from tests.integration.pages.test_threads import about, say, talk

FEW, MANY = range(2), range(2, 9)
FOR_EACH = 3
"""More statements than that for seven rows more; what stands beyond the first rows of a list may be
asked for by itself, once."""
LIST_OF_VALUES = re.compile(r"IN \((%s, )*%s\)")
NOW_AND_THEN = re.compile('UPDATE "accounts_session"|.*(tasks_tasktype t|accounts_sitesettings s)')
"""When somebody was there last, and the set-up, are not asked for with every page."""
EACH_ITS_OWN = ("tasks:task", "tasks:thread")
"""Of these each page is asked for, as they differ by what they are about."""


@pytest.fixture
def people(db):
    return every_state()


@pytest.mark.parametrize("name", ["nurse", "coordinator"])
def test_no_page_asks_more_for_many_rows_than_for_few(people, name):
    client = signed_in(people[name])
    whole = _something_whole(people)
    _add(people, whole, FEW)
    paths = _paths(client)
    before = {path: _asked(client, path) for path in paths}
    _add(people, whole, MANY)
    after = {path: _asked(client, path) for path in paths}
    assert len(paths) > 20
    said = [
        f"{path}: {n} x {text[:300]}"
        for path in paths
        for text, n in (after[path] - before[path]).items()
        if after[path].total() - before[path].total() >= FOR_EACH
    ]
    assert not said, "\n".join(said)


def _paths(client) -> list[str]:
    """An address of each route in each look, and of each task and thread."""
    found = {}
    for each in crawl(client, "/worklist/"):
        if each.response.status_code == 200:
            route = route_of(each.path)
            which = each.path.partition("?")[0] if route in EACH_ITS_OWN else route
            found.setdefault((which, "mode=table" in each.path), each.path)
    return [*found.values()]


def _asked(client, path: str) -> Counter:
    """The statements of a page; it was made before, so what is kept is there."""
    client.get(path)
    with statements() as sent:
        assert client.get(path).status_code == 200, path
    texts = [LIST_OF_VALUES.sub("IN (…)", each) for each in sent.texts]
    return Counter(each for each in texts if not NOW_AND_THEN.match(each))


def _something_whole(people) -> dict:
    """A Task of the nurse about a thread, which gets more of everything."""
    return owned_task(
        people["nurse"],
        performerType=role(NURSE_ROLE),
        status="in-progress",
        code={"text": "The whole"},
        **about(talk("whole")),
    )


def _add(people, whole: dict, numbers) -> None:
    """More of everything that a page shows several of."""
    for number in numbers:
        _people_and_pools(people, number)
        _work(people, whole, number)
        _said_and_kept(people, whole, number)


def _people_and_pools(people, number: int) -> None:
    person(f"nurse-{number}", Role.PRACTITIONER, f"Nurse Number{number}", NURSE_ROLE)
    Pool.objects.get(slug="registered-nurse").coordinators.add(people["coordinator"].user)
    name = [{"family": f"Family{number}", "given": ["Given"]}]
    put({"resourceType": "Patient", "id": f"patient-{number}", "name": name})


def _work(people, whole: dict, number: int) -> None:
    nurse, code = people["nurse"], {"text": f"Work {number}"}
    patient = {"reference": f"Patient/patient-{number}"}
    kept = {"performerType": role(NURSE_ROLE), "code": code}
    due = {"restriction": {"period": {"end": datetime.now(UTC).isoformat()}}}
    waits = pool_task(NURSE_ROLE, **due, **{"for": patient})
    watching.watch(details.get(waits["id"], nurse.actor), nurse.actor)
    owned_task(nurse, **kept, **{"for": patient})
    owned_task(nurse, **kept, **{"for": whole["for"]})
    colleague = people["nurse2"]
    part = {"partOf": [{"reference": f"Task/{whole['id']}"}]}
    below = owned_task(colleague if number % 2 else nurse, **kept, **part)
    owned_task(nurse, **kept, partOf=[{"reference": f"Task/{below['id']}"}])
    for giver, receiver in ((nurse, colleague), (colleague, nurse)):
        given = owned_task(giver, **kept)
        to = ToPerson(receiver.reference)
        handover.offer({given["id"]: ""}, to=to, note="", actor=giver.actor, at=datetime.now(UTC))


def _said_and_kept(people, whole: dict, number: int) -> None:
    nurse, coordinator = people["nurse"], people["coordinator"]
    actions.add_note(whole["id"], f"Note {number}", actor=(nurse, coordinator)[number % 2].actor)
    priority = ("urgent", "asap")[number % 2]
    moves.prioritize(whole["id"], priority=priority, actor=coordinator.actor)
    for sender in ("Patient/whole", nurse.reference, f"Practitioner/nurse-{number}"):
        say("whole", sender, f"Words {number}", 20 - number)
    owned_task(nurse, **about(talk(f"thread-{number}")))
    owner, query = nurse.user, f"priority={priority}"
    SavedView.objects.create(
        owner=owner, name=f"View {number}", base="pool:registered-nurse", query=query
    )
