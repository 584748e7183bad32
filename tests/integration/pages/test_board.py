"""The pool board as a browser without scripts gets it, and the answers that it gives to htmx."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Availability, MemberLimit, OpeningHours, Pool
from fhir import sql
from fhir.actor import Role
from tasks import actions, balance, eligible, moves, pool_tiles, task_types
from tasks import board as boards
from tasks.board import read
from tasks.models import Task
from tests import factories
from tests.factories import CARDIOLOGIST_ROLE, NURSE_ROLE, owned_task, pool_task, role
from tests.integration.pages.test_pages import htmx, text, waiting

BOARD = "/worklist/board/registered-nurse"
MAYA, TOMAS = "Practitioner/maya", "Practitioner/tomas"


@pytest.fixture(autouse=True)
def counted_anew():
    """The numbers of pools begin again with each test."""
    pool_tiles.forget()
    task_types.forget()
    yield
    pool_tiles.forget()


@pytest.fixture
def nurses(cast) -> Pool:
    return Pool.objects.get(slug="registered-nurse")


def due(minutes: int) -> dict:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    return {"period": {"end": at.isoformat(timespec="seconds")}}


def hers(person, **elements) -> str:
    """An open Task of the nurses' pool that somebody has."""
    task = owned_task(person, performerType=role(NURSE_ROLE), **{"status": "accepted"} | elements)
    return task["id"]


def version(task_id: str) -> int:
    return Task.objects.get(resource_id=task_id).version_id


def owner(task_id: str) -> str:
    return Task.objects.get(resource_id=task_id).owner


def put(client, task_id: str, to: str, *, seen: int | None = None, path: str = BOARD, **more):
    """Drop a card as the script does, or press a button of the form, without htmx."""
    fields = {"task": task_id, "to": to, "version": seen or version(task_id), **more}
    return client.post(f"{path}/move", fields)


def drop(client, task_id: str, to: str, *, seen: int | None = None, **more):
    fields = {"task": task_id, "to": to, "version": seen or version(task_id), **more}
    return htmx(client, "post", f"{BOARD}/move", fields)


def columns(response) -> dict[str, list[str]]:
    """Heading → the ids of its cards, in order."""
    body = response.content.decode()
    found = {}
    for part in body.split('<section class="col')[1:]:
        name = re.search(r"<h3[^>]*>([^<]*)</h3>", part)[1]
        found[name] = re.findall(r'id="card-([^"]+)"', part)
    return found


# --- who may come in ------------------------------------------------------------------------------

PATHS = ("board", "board/registered-nurse", "board/registered-nurse/balance")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["nurse", "auditor", "service"])
def test_boards_are_for_coordinators_and_admins(page, name, path):
    response = page(name).get(f"/worklist/{path}")
    assert response.status_code == 403
    assert "You cannot open this page" in text(response)


@pytest.mark.parametrize("name", ["nurse", "auditor"])
def test_nobody_else_moves_a_card(page, name):
    task = pool_task()["id"]
    assert put(page(name), task, MAYA).status_code == 403
    undo = page(name).post(f"{BOARD}/t/{task}/undo", {"version": 1})
    assert undo.status_code == 403
    assert page(name).get(f"{BOARD}/t/{task}/assign").status_code == 403
    assert owner(task) == ""


def test_a_coordinator_sees_the_boards_of_her_pools_only(page):
    coordinator = page("coordinator")
    assert coordinator.get(BOARD).status_code == 200
    for slug in ("cardiologist", "nothing"):
        for rest in ("", "/balance"):
            assert coordinator.get(f"/worklist/board/{slug}{rest}").status_code == 404
    task = pool_task(CARDIOLOGIST_ROLE)["id"]
    heart = "/worklist/board/cardiologist"
    assert put(coordinator, task, "Practitioner/carl", path=heart).status_code == 404
    assert owner(task) == ""
    assert page("admin").get(heart).status_code == 200


def test_the_first_board_is_that_of_the_first_pool(cast, page, nurses):
    shown = text(page("coordinator").get("/worklist/board"))
    assert "Registered nurse" in shown
    assert "Cardiologist" not in shown
    nurses.coordinators.clear()
    assert "You coordinate no pool" in text(page("coordinator").get("/worklist/board"))
    names = [pool.name for pool in Pool.objects.all()]
    assert all(name in text(page("admin").get("/worklist/board")) for name in names)


def test_only_those_who_coordinate_find_it_in_the_navigation(page):
    for name, there in (("coordinator", True), ("admin", True), ("auditor", False)):
        body = page(name).get("/worklist/all").content.decode()
        assert ('href="/worklist/board"' in body) is there


# --- what stands on it ----------------------------------------------------------------------------


def test_columns_by_member_in_the_order_most_pressing(cast, page):
    routine, late = pool_task()["id"], pool_task(restriction=due(-5))["id"]
    stat = pool_task(priority="stat")["id"]
    mine = hers(cast["nurse"])
    # Of another pool: counted in her load, and of no concern to this board.
    hidden = owned_task(cast["nurse"], status="accepted", code={"text": "Canary"})["id"]
    response = page("coordinator").get(BOARD)
    found = columns(response)
    assert found == {
        "Unclaimed": [stat, late, routine],
        "Maya Lindqvist": [mine],
        "Tomás Rivera": [],
    }
    assert hidden not in response.content.decode() and "Canary" not in text(response)
    shown = text(response)
    assert "3 waiting · 1 in hand · 2 of 2 members available now" in shown
    assert "1 in other pools" in shown


def test_a_task_of_two_pools_is_on_both_boards(cast, page):
    roles = role(CARDIOLOGIST_ROLE) + role(NURSE_ROLE)
    unclaimed = factories.create(factories.task_document(performerType=roles))["id"]
    taken = owned_task(cast["nurse2"], performerType=roles, status="accepted")["id"]
    found = columns(page("coordinator").get(BOARD))
    assert found["Unclaimed"] == [unclaimed]
    assert found["Tomás Rivera"] == [taken]


def test_members_say_when_they_are_there_and_how_much_they_have(cast, page, nurses):
    nurses.member_limit = 4
    nurses.save()
    now = timezone.now()
    until = now + timedelta(days=3)
    for reference, state in ((MAYA, "on"), (TOMAS, "leave")):
        Availability.objects.create(
            practitioner=reference, state=state, until=until, changed_at=now
        )
    for minutes in (-5, 5):
        hers(cast["nurse"], restriction=due(minutes))
    shown = text(page("coordinator").get(BOARD))
    day = eligible.day_or_time(until, now)
    assert f"Maya Lindqvist 2 of 4 tasks Available until {day} 1 overdue" in shown
    assert f"Tomás Rivera 0 of 4 tasks On leave back {day}" in shown
    assert f"On leave, back {day}: tasks cannot be assigned to Tomás Rivera." in shown
    assert "Limit per member: 4" in shown
    assert "1 of 2 members available now" in shown


def test_the_bar_of_a_member_is_as_long_as_her_work(cast, nurses):
    nurses.member_limit = 10
    nurses.save()
    for minutes in (-5, -5, 5):
        hers(cast["nurse"], restriction=due(minutes))
    owned_task(cast["nurse"])
    now = timezone.now()
    [count] = pool_tiles.count_pools([nurses.pk], now=now).values()
    shown = boards.board(
        nurses, boards.Shown(), waiting=count, actor=cast["coordinator"].actor, now=now
    )
    member = shown.columns[1].member
    assert [(each.kind, each.x, each.width) for each in member.bar] == [
        ("late", 0, 20),
        ("here", 20, 10),
        ("else", 30, 10),
    ]
    assert shown.columns[2].member.bar == []


def test_a_column_shows_so_many_and_leads_to_the_rest(cast, page, monkeypatch):
    monkeypatch.setattr(boards, "CARDS", 2)
    unclaimed = [pool_task(restriction=due(n))["id"] for n in range(1, 6)]
    taken = [hers(cast["nurse"], restriction=due(n)) for n in range(1, 4)]
    coordinator = page("coordinator")
    response = coordinator.get(BOARD)
    found = columns(response)
    assert found["Unclaimed"] == unclaimed[:2] and found["Maya Lindqvist"] == taken[:2]
    links = re.findall(r'href="([^"]*column=[^"]*)">(\d+) more', response.content.decode())
    assert [number for _, number in links] == ["3", "1"]
    assert columns(coordinator.get(links[0][0])) == {"Unclaimed": unclaimed}
    assert columns(coordinator.get(links[1][0])) == {"Maya Lindqvist": taken}
    assert coordinator.get(f"{BOARD}?column=nobody").status_code == 404
    for query in ("by=patient", "start=-1", "start=x"):
        assert coordinator.get(f"{BOARD}?{query}").status_code == 400


def test_many_columns_show_fewer_cards_each():
    assert [boards.cards_of_each(columns) for columns in (0, 1, 5, 8, 16, 99)] == [
        20,
        20,
        20,
        15,
        7,
        4,
    ]


def test_many_members_are_shown_some_at_a_time(cast, page, monkeypatch):
    monkeypatch.setattr(boards, "MEMBERS", 1)
    coordinator = page("coordinator")
    first = coordinator.get(BOARD)
    assert list(columns(first)) == ["Unclaimed", "Maya Lindqvist"]
    assert "1 more member" in text(first)
    rest = coordinator.get(f"{BOARD}?start=1")
    assert list(columns(rest)) == ["Unclaimed", "Tomás Rivera"]
    assert "Members before these" in text(rest)


def test_by_due_time(cast, page):
    late, today = pool_task(restriction=due(-90))["id"], hers(cast["nurse"], restriction=due(-1))
    later = pool_task(restriction=due(60 * 24 * 3))["id"]
    never = pool_task()["id"]
    response = page("coordinator").get(f"{BOARD}?by=due")
    assert columns(response) == {
        "Overdue": [late, today],
        "Due today": [],
        "Later": [later],
        "No due date": [never],
    }
    assert "Maya Lindqvist" in text(response)
    alone = page("coordinator").get(f"{BOARD}?by=due&column=later")
    assert columns(alone) == {"Later": [later]}


def test_by_stage_in_the_order_of_the_stages(cast, page):
    kind = next(each for each in task_types.setup().types.values() if len(each.stages) > 2)
    code = kind.as_concept()
    last = waiting(code, businessStatus=kind.stage(-1))["id"]
    first = hers(cast["nurse2"], code=code, businessStatus=kind.stage(0))
    own = pool_task(businessStatus={"text": "On the desk"})["id"]
    none = pool_task()["id"]
    found = columns(page("coordinator").get(f"{BOARD}?by=stage"))
    assert list(found.items()) == [
        (kind.stages[0].display, [first]),
        (kind.stages[-1].display, [last]),
        ("On the desk", [own]),
        ("No stage", [none]),
    ]


def test_what_is_not_sorted_is_said(cast, page, monkeypatch):
    coordinator = page("coordinator")
    pool_task(), pool_task()
    said = "Only the most pressing are sorted here"
    assert said not in text(coordinator.get(f"{BOARD}?by=due"))
    monkeypatch.setattr(boards, "SORTED_WAITING", 1)
    assert said in text(coordinator.get(f"{BOARD}?by=due"))
    monkeypatch.setattr(boards, "SORTED_WAITING", 9)
    monkeypatch.setattr(boards, "SORTED_OF_EACH", 1)
    hers(cast["nurse"]), hers(cast["nurse"])
    assert said in text(coordinator.get(f"{BOARD}?by=stage"))


def test_no_patient_in_the_title_or_an_address(cast, page):
    factories.put(
        {
            "resourceType": "Patient",
            "id": "p",
            "name": [{"family": "Okonkwo", "given": ["Amara"]}],
        }
    )
    task = waiting({"text": "Refill"}, **{"for": {"reference": "Patient/p"}})["id"]
    coordinator = page("coordinator")
    for path in (BOARD, f"{BOARD}?by=due", f"{BOARD}?by=stage", f"{BOARD}/t/{task}/assign"):
        body = coordinator.get(path).content.decode()
        assert "<b>Okonkwo</b>, Amara" in body
        assert "Okonkwo" not in re.search(r"<title>.*?</title>", body, re.S)[0]
        assert not any("Okonkwo" in each for each in re.findall(r'(?:href|action)="([^"]*)"', body))


# --- the tiles ------------------------------------------------------------------------------------


def tile(pool: Pool, *, now: datetime | None = None) -> pool_tiles.Tile:
    [found] = pool_tiles.tiles([pool], now=now or timezone.now())
    return found


def test_a_tile_counts_and_says_how_long_the_oldest_waits(cast, page, nurses):
    asked = datetime.now(UTC) - timedelta(minutes=82)
    pool_task(authoredOn=asked.isoformat(timespec="seconds"))
    pool_task(restriction=due(-1))
    shown = text(page("coordinator").get(BOARD))
    assert "Registered nurse 1 overdue 2 unclaimed" in shown
    assert "Oldest wait 1 h 22 min No SLA" in shown
    nurses.sla_routine = 60
    nurses.save()
    assert "Past SLA: Routine" in text(page("coordinator").get(BOARD))
    nurses.sla_routine = 90
    nurses.save()
    assert "Within SLA" in text(page("coordinator").get(BOARD))


def test_a_wait_begins_with_the_last_release_and_no_note_shortens_it(cast, nurses):
    asked = datetime.now(UTC) - timedelta(hours=5)
    task = pool_task(authoredOn=asked.isoformat(timespec="seconds"))["id"]
    before = pool_tiles.waiting_since([nurses.pk])[nurses.pk]["routine"]
    assert abs(before - asked) < timedelta(seconds=1)
    actions.add_note(task, "Called, no answer.", actor=cast["nurse"].actor)
    assert pool_tiles.waiting_since([nurses.pk])[nurses.pk]["routine"] == before
    actions.claim(task, actor=cast["nurse"].actor)
    assert pool_tiles.waiting_since([nurses.pk]) == {}
    released = actions.release(task, actor=cast["nurse"].actor)
    actions.add_note(task, "Out of hours.", actor=cast["coordinator"].actor)
    since = pool_tiles.waiting_since([nurses.pk])[nurses.pk]["routine"]
    assert since == released.last_updated


def test_a_wait_in_a_pool_begins_when_the_task_comes_to_it(cast, nurses):
    asked = datetime.now(UTC) - timedelta(hours=5)
    stored = pool_task(CARDIOLOGIST_ROLE, authoredOn=asked.isoformat(timespec="seconds"))
    moved = factories.put({**stored, "performerType": role(NURSE_ROLE)})
    since = pool_tiles.waiting_since([nurses.pk])[nurses.pk]["routine"]
    assert since.isoformat()[:23] == moved["meta"]["lastUpdated"][:23]


def test_a_closed_pool_does_not_miss_its_sla_overnight(cast, nurses):
    now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday
    for weekday in range(5):
        OpeningHours.objects.create(pool=nurses, weekday=weekday, opens="08:00", closes="17:00")
    nurses.sla_routine = 90
    nurses.save()
    hours = pool_tiles.hours_of([nurses.pk])[nurses.pk]
    friday = {"routine": datetime(2026, 11, 20, 16, 55, tzinfo=UTC)}
    assert pool_tiles.past_limit(nurses, friday, hours, now=now) == []
    later = now + timedelta(minutes=30)
    assert pool_tiles.past_limit(nurses, friday, hours, now=later) == ["routine"]
    assert tile(nurses, now=now + timedelta(hours=12)).opens == now + timedelta(hours=23)


def test_the_line_of_a_tile_is_told_by_the_recorded_versions(cast, nurses):
    """Compared with the history, replayed: what waited at each hour, and nothing else."""
    now = datetime.now(UTC)
    first, second, third = (pool_task()["id"] for _ in range(3))
    actions.claim(first, actor=cast["nurse"].actor)
    moves.assign(second, to=TOMAS, actor=cast["coordinator"].actor)
    actions.release(first, actor=cast["nurse"].actor)
    elsewhere = pool_task(CARDIOLOGIST_ROLE)["id"]
    _happened(first, now, -6.5, -3.5, -1.5)
    _happened(second, now, -5.5, -2.5)
    _happened(third, now, -30)
    _happened(elsewhere, now, -4.5)
    marks = [now + timedelta(hours=hours) for hours in range(-7, 0)]
    versions, reach = pool_tiles._changed_since(marks[0])
    assert reach == marks[0]
    found = pool_tiles.depths_at(marks, {nurses.pk: 2}, versions, reach=reach)
    assert found[nurses.pk] == [1, 2, 3, 3, 2, 1, 2]


def _happened(task_id: str, now: datetime, *hours: float) -> None:
    with connection.cursor() as cursor:
        for number, ago in enumerate(hours, start=1):
            cursor.execute(
                "update fhir_resourceversion set last_updated = %s"
                " where resource_type = 'Task' and resource_id = %s and version_id = %s",
                (now + timedelta(hours=ago), task_id, number),
            )


def test_an_hour_is_counted_once_and_the_present_each_time(cast, nurses):
    pool_task()
    before = tile(nurses)
    assert before.waiting[-1] == 1 and before.waiting[0] == 0
    with CaptureQueriesContext(connection):
        pool_task()
        assert tile(nurses).waiting[-1] == 2
    assert "now 1" in before.line
    assert [bar.waiting for bar in before.bars] == list(before.waiting)


# --- moving a card --------------------------------------------------------------------------------


def test_a_card_is_assigned_and_goes_back_without_scripts(cast, page, api):
    task = pool_task()["id"]
    coordinator = page("coordinator")
    response = put(coordinator, task, MAYA)
    assert (response.status_code, response["Location"]) == (303, BOARD)
    shown = coordinator.get(BOARD)
    assert columns(shown)["Maya Lindqvist"] == [task]
    assert "Assigned to Maya Lindqvist." in text(shown)
    assert api("nurse").get(f"Task/{task}").json()["owner"]["reference"] == MAYA
    undo = re.search(rf'action="({BOARD}/t/[^"]+/undo)"', shown.content.decode())[1]
    response = coordinator.post(undo, {"version": version(task)})
    assert response.status_code == 303
    assert columns(coordinator.get(BOARD))["Unclaimed"] == [task]
    assert put(coordinator, task, TOMAS).status_code == 303
    assert put(coordinator, task, "").status_code == 303
    shown = coordinator.get(BOARD)
    assert "Back in Unclaimed." in text(shown)
    assert owner(task) == ""


def test_undoing_a_release_gives_the_work_back_as_it_was(cast, page):
    task = hers(cast["nurse"], status="in-progress")
    coordinator = page("coordinator")
    answer = drop(coordinator, task, "")
    assert answer.status_code == 200 and "Back in Unclaimed" in text(answer)
    undo = re.search(r'hx-post="([^"]+/undo)"', answer.content.decode())[1]
    answer = htmx(coordinator, "post", undo, {"version": version(task)})
    assert columns(answer)["Maya Lindqvist"] == [task]
    assert Task.objects.get(resource_id=task).status == "in-progress"
    # It has been taken back: there is nothing more to undo.
    again = htmx(coordinator, "post", undo, {"version": version(task)})
    assert again.status_code == 422


def test_the_way_it_is_looked_at_stays(cast, page):
    task = pool_task()["id"]
    fields = {"task": task, "to": MAYA, "version": 1}
    response = page("coordinator").post(f"{BOARD}/move?by=due", fields)
    assert response["Location"] == f"{BOARD}?by=due"
    undo = page("coordinator").post(f"{BOARD}/t/{task}/undo?by=due", {"version": 2})
    assert undo["Location"] == f"{BOARD}?by=due"


@pytest.mark.parametrize("scripts", [True, False])
def test_who_is_full_can_be_given_more_by_raising_her_limit(cast, page, nurses, scripts):
    MemberLimit.objects.create(pool=nurses, practitioner=MAYA, limit=1)
    hers(cast["nurse"])
    task = pool_task()["id"]
    move = drop if scripts else put
    coordinator = page("coordinator")
    response = move(coordinator, task, MAYA)
    assert response.status_code == 422
    assert f'name="over" value="{MAYA}|2"' in response.content.decode()
    assert "Raise the limit to 2 and assign" in text(response) and owner(task) == ""
    answer = move(coordinator, task, "", over=f"{MAYA}|2")
    assert answer.status_code == (200 if scripts else 303)
    assert owner(task) == MAYA and MemberLimit.objects.get().limit == 2


def test_a_limit_is_raised_to_what_was_offered_and_not_for_what_is_refused_all_the_same(
    cast, page, nurses
):
    MemberLimit.objects.create(pool=nurses, practitioner=MAYA, limit=1)
    hers(cast["nurse"])
    task = pool_task()["id"]
    coordinator = page("coordinator")
    # She was given another one meanwhile, or the card has changed.
    assert drop(coordinator, task, "", over=f"{MAYA}|1").status_code == 422
    actions.add_note(task, "Called", actor=cast["admin"].actor)
    assert drop(coordinator, task, "", seen=1, over=f"{MAYA}|2").status_code in (409, 412)
    assert owner(task) == "" and MemberLimit.objects.get().limit == 1
    # Who is away is no more there with a higher limit.
    Availability.objects.create(practitioner=MAYA, state="off", changed_at=timezone.now())
    assert "Raise the limit" not in text(drop(coordinator, task, MAYA))


def test_the_dialog_offers_it_too(cast, page, nurses):
    MemberLimit.objects.create(pool=nurses, practitioner=MAYA, limit=0)
    task = pool_task()["id"]
    dialog = page("coordinator").get(f"{BOARD}/t/{task}/assign")
    assert f'name="over" value="{MAYA}|1"' in dialog.content.decode()


@pytest.mark.parametrize("scripts", [True, False])
def test_who_cannot_have_it_is_said_beside_the_card(cast, page, nurses, scripts):
    MemberLimit.objects.create(pool=nurses, practitioner=MAYA, limit=1)
    hers(cast["nurse"])
    task = pool_task()["id"]
    move = drop if scripts else put
    response = move(page("coordinator"), task, MAYA)
    assert response.status_code == 422
    assert columns(response)["Unclaimed"] == [task]
    card = response.content.decode().split(f'id="card-{task}"')[1].split("</article>")[0]
    assert "Maya Lindqvist has 1 open task; the limit is 1." in card
    assert owner(task) == ""


def test_who_is_away_or_no_member_is_refused(cast, page):
    task = pool_task()["id"]
    Availability.objects.create(practitioner=TOMAS, state="off", changed_at=timezone.now())
    for to, said in (
        (TOMAS, "Tomás Rivera is away."),
        ("Practitioner/carl", "Carl Ostrow is not in this pool."),
        ("Practitioner/nobody", "Only a practitioner who signs in here can be given a task."),
    ):
        response = drop(page("coordinator"), task, to)
        assert response.status_code == 422
        assert said in text(response)
    assert owner(task) == ""


@pytest.mark.parametrize("scripts", [True, False])
def test_a_stale_card_is_told_who_was_first_and_shows_what_is_true(cast, page, scripts):
    task = pool_task()["id"]
    actions.claim(task, actor=cast["nurse"].actor)
    move = drop if scripts else put
    response = move(page("coordinator"), task, TOMAS, seen=1)
    assert response.status_code == 412
    assert "Maya Lindqvist changed this task at" in text(response)
    assert columns(response)["Maya Lindqvist"] == [task]
    assert owner(task) == MAYA
    actions.complete(task, actor=cast["nurse"].actor)
    response = move(page("coordinator"), task, TOMAS, seen=2)
    assert response.status_code == 412
    assert task not in str(columns(response))


@pytest.mark.parametrize("scripts", [True, False])
def test_a_card_that_left_the_pool_is_not_moved(cast, page, scripts):
    move = drop if scripts else put
    gone = pool_task(CARDIOLOGIST_ROLE)["id"]
    mine = owned_task(cast["coordinator"], status="accepted")["id"]
    for task in (gone, mine, "nothing"):
        response = move(page("coordinator"), task, MAYA, seen=1)
        assert response.status_code == 409
        assert "This task has left this pool, so it was not moved." in text(response)


def test_giving_it_to_who_has_it_changes_nothing_and_has_no_undo(cast, page):
    task = hers(cast["nurse"])
    answer = drop(page("coordinator"), task, MAYA)
    assert answer.status_code == 200
    assert version(task) == 1
    assert "/undo" not in answer.content.decode()


def test_undo_is_refused_once_somebody_acted(cast, page):
    task = pool_task()["id"]
    coordinator = page("coordinator")
    drop(coordinator, task, MAYA)
    seen = version(task)
    actions.start(task, actor=cast["nurse"].actor)
    answer = htmx(coordinator, "post", f"{BOARD}/t/{task}/undo", {"version": seen})
    assert answer.status_code == 412
    assert "Somebody has taken this up since" in text(answer)
    assert columns(answer)["Maya Lindqvist"] == [task]


# --- the menu of a card ---------------------------------------------------------------------------


def test_the_menu_says_who_can_have_it_and_why_others_cannot(cast, page, nurses):
    MemberLimit.objects.create(pool=nurses, practitioner=MAYA, limit=0)
    task = waiting({"text": "Refill"})["id"]
    for answer in (
        page("coordinator").get(f"{BOARD}/t/{task}/assign"),
        htmx(page("coordinator"), "get", f"{BOARD}/t/{task}/assign"),
    ):
        shown = text(answer)
        assert "Refill" in shown and "nobody has it" in shown
        assert shown.index("Tomás Rivera") < shown.index("Maya Lindqvist")
        assert "Maya Lindqvist has 0 open tasks; the limit is 0." in shown
        assert "back to Registered nurse" not in shown
        assert answer.content.decode().count('aria-disabled="true"') == 1


def test_the_menu_of_what_somebody_has_offers_the_pool_first(cast, page):
    task = hers(cast["nurse"])
    shown = text(page("coordinator").get(f"{BOARD}/t/{task}/assign"))
    assert "Nobody: back to Registered nurse" in shown
    assert shown.index("Nobody: back") < shown.index("Tomás Rivera")
    assert "Maya Lindqvist has it" in shown
    missing = pool_task(CARDIOLOGIST_ROLE)["id"]
    assert page("coordinator").get(f"{BOARD}/t/{missing}/assign").status_code == 404


@pytest.mark.parametrize("scripts", [True, False])
def test_a_choice_that_is_refused_stays_in_the_menu(cast, page, nurses, scripts):
    MemberLimit.objects.create(pool=nurses, practitioner=MAYA, limit=0)
    task = pool_task()["id"]
    move = drop if scripts else put
    answer = move(page("coordinator"), task, MAYA, **{"from": "dialog"})
    assert answer.status_code == 422
    assert "This was not assigned." in text(answer)
    assert answer.get("HX-Retarget") == ("#modal" if scripts else None)
    assert owner(task) == ""


# --- evening out ----------------------------------------------------------------------------------


def proposed(response) -> list[str]:
    return re.findall(r'name="move" value="([^"]+)"', response.content.decode())


def test_nothing_moves_before_it_is_confirmed_and_each_is_answered(cast, page):
    tasks = [hers(cast["nurse"], code={"text": f"Call back {n}"}) for n in range(4)]
    coordinator = page("coordinator")
    response = coordinator.get(f"{BOARD}/balance")
    values = proposed(response)
    assert len(values) == 2
    assert "Maya Lindqvist has 4 open tasks, Tomás Rivera none" in text(response)
    assert {owner(task) for task in tasks} == {MAYA}
    # One of them is taken up meanwhile: the other is moved all the same.
    raced, moved = (value.split("|")[0] for value in values)
    actions.start(raced, actor=cast["nurse"].actor)
    response = coordinator.post(f"{BOARD}/balance", {"move": values})
    assert (response.status_code, response["Location"]) == (303, f"{BOARD}/balance")
    assert owner(raced) == MAYA and owner(moved) == TOMAS
    shown = text(coordinator.get(f"{BOARD}/balance"))
    assert "Moved 1 of 2" in shown
    assert "Assigned to Tomás Rivera" in shown
    assert "Maya Lindqvist changed this task at" in shown
    assert "Moved 1 of 2" not in text(coordinator.get(f"{BOARD}/balance"))


def test_a_confirmed_move_keeps_to_the_rules(cast, page, nurses):
    task = pool_task()["id"]
    MemberLimit.objects.create(pool=nurses, practitioner=MAYA, limit=0)
    other = pool_task(CARDIOLOGIST_ROLE)["id"]
    coordinator = page("coordinator")
    values = [
        f"{task}|1|{MAYA}",
        f"{other}|1|{MAYA}",
        f"{task}|1|Practitioner/carl",
        "x",
        f"{task}|1|",
    ]
    coordinator.post(f"{BOARD}/balance", {"move": values})
    shown = text(coordinator.get(f"{BOARD}/balance"))
    assert "Moved 0 of 5" in shown
    assert "Not moved: Maya Lindqvist has 0 open tasks; the limit is 0." in shown
    assert "Not moved: Carl Ostrow is not in this pool." in shown
    assert owner(task) == owner(other) == ""
    nothing = coordinator.post(f"{BOARD}/balance")
    assert nothing.status_code == 422
    assert "Choose at least one move." in text(nothing)
    assert page("nurse").post(f"{BOARD}/balance", {"move": values}).status_code == 403


def test_when_all_is_even_it_says_so(cast, page):
    hers(cast["nurse"]), hers(cast["nurse2"]), hers(cast["nurse"])
    assert "Nothing to even out" in text(page("coordinator").get(f"{BOARD}/balance"))


def test_what_a_task_needs_is_the_same_for_many_as_for_one(cast, nurses):
    """balance.works asks for all at once what eligible.need_of asks for each."""
    nurses.requires_licence = True
    nurses.save()
    factories.put(
        {
            "resourceType": "Patient",
            "id": "p",
            "address": [{"use": "home", "state": "IL", "country": "US"}],
        }
    )
    licensed = next(iter(task_types.setup().types.values()))
    for elements in (
        {},
        {"for": {"reference": "Patient/p"}},
        {"for": {"reference": "Patient/gone"}, "priority": "stat"},
        {"for": {"reference": "Patient/p"}, "code": licensed.as_concept(), "restriction": due(5)},
        {"performerType": role(CARDIOLOGIST_ROLE) + role(NURSE_ROLE)},
    ):
        factories.create(factories.task_document(**{"performerType": role(NURSE_ROLE)} | elements))
    now = timezone.now()
    listed = read(nurses.pk, [], waiting=50, of_each=50, now=now)
    assert len(listed) == 5
    for work in balance.works(listed, at=now):
        assert work.need == eligible.need_of(work.listed.document, at=now)


# --- what it costs --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "?by=due", "?by=stage", "/balance", "?column=unclaimed"])
def test_queries_do_not_grow_with_cards_nor_with_members(cast, page, monkeypatch, path):
    past_djangos_log = []
    known = sql.rows
    monkeypatch.setattr(
        sql, "rows", lambda *args, **named: past_djangos_log.append(1) or known(*args, **named)
    )

    def fill(*numbers: int) -> None:
        for n in numbers:
            patient = {"resourceType": "Patient", "id": f"p{n}", "name": [{"family": f"P{n}"}]}
            factories.put(patient)
            about = {"for": {"reference": f"Patient/p{n}"}}
            pool_task(priority="stat", **about)
            hers(cast["nurse"], **about), hers(cast["nurse"])

    def queries() -> int:
        pool_tiles.forget()
        past_djangos_log.clear()
        with CaptureQueriesContext(connection) as caught:
            assert admin.get(f"{BOARD}{path}").status_code == 200
        return len(caught) + len(past_djangos_log)

    admin = page("admin")
    fill(*range(5))
    admin.get(f"{BOARD}{path}")
    few = queries()
    fill(*range(5, 15))
    for n in range(4):
        factories.person(f"n{n}", Role.PRACTITIONER, f"Nurse {n}", NURSE_ROLE)
    assert queries() == few


def test_queries_do_not_grow_with_pools(cast, nurses):
    def queries(pools: list[Pool]) -> int:
        pool_tiles.forget()
        with CaptureQueriesContext(connection) as caught:
            pool_tiles.tiles(pools, now=timezone.now())
        return len(caught)

    assert queries([nurses]) == queries(list(Pool.objects.all()))
