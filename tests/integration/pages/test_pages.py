"""The pages as a browser without scripts gets them: the door, not the rules behind it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from accounts.models import User
from tasks import actions, moves, worklist
from tasks.models import Task
from tasks.urls import urlpatterns
from tests import factories
from tests.factories import CARDIOLOGIST_ROLE, owned_task, pool_task
from tests.faults import statements

POOL = "/worklist/pool/registered-nurse"


def text(response) -> str:
    """What stands on a page, tags and runs of spaces taken out."""
    body = re.sub(r"<(style|script|symbol).*?</\1>", "", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def htmx(client, method, path, data=None):
    return getattr(client, method)(path, data or {}, headers={"HX-Request": "true"})


# --- who may come in ------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", urlpatterns, ids=lambda pattern: pattern.name)
def test_every_page_needs_a_sign_in(db, client, pattern):
    path = "/worklist/" + re.sub(r"<[^>]+>", "1", str(pattern.pattern))
    for method in (client.get, client.post):
        response = method(path)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/?next=")


def test_the_root_leads_to_the_worklist(page):
    assert page("nurse").get("/")["Location"] == "/worklist/"


def test_a_user_without_a_role_gets_a_page_that_says_so(db, client):
    client.force_login(
        User.objects.create_user("nobody"), backend="django.contrib.auth.backends.ModelBackend"
    )
    response = client.get("/worklist/my")
    assert response.status_code == 403
    assert "no role" in text(response)


def test_the_worklist_opens_where_work_waits(cast, page):
    nurse = page("nurse")
    assert nurse.get("/worklist/")["Location"] == "/worklist/my"
    task = pool_task()
    assert nurse.get("/worklist/")["Location"] == POOL
    actions.claim(task["id"], actor=cast["nurse"].actor)
    assert nurse.get("/worklist/")["Location"] == "/worklist/my"
    assert page("auditor").get("/worklist/")["Location"] == "/worklist/all"


@pytest.mark.parametrize(
    "path", ["/worklist/pool/cardiologist", "/worklist/all", "/worklist/pool/x"]
)
def test_lists_of_others_are_not_found(page, path):
    response = page("nurse").get(path)
    assert response.status_code == 404
    assert "There is no page here for you" in text(response)


def test_a_hidden_a_deleted_and_an_unknown_task_are_the_same_404(cast, page):
    hidden = owned_task(cast["physician"], code={"text": "Canary"})["id"]
    gone = pool_task()["id"]
    factories.actions.delete("Task", gone, actor=factories.SYSTEM)
    answers = {
        (response.status_code, text(response))
        for each in (hidden, gone, "01a1fc5f-7715-7434-a430-68accf7b7744")
        for response in [page("nurse").get(f"/worklist/t/{each}")]
    }
    assert len(answers) == 1
    assert answers.pop()[0] == 404


def test_nothing_is_cached_and_nothing_is_evaluated(cast, page):
    task = pool_task()
    for path in (POOL, f"/worklist/t/{task['id']}", "/worklist/my", "/worklist/t/none"):
        response = page("nurse").get(path)
        assert response["Cache-Control"] == "no-store"
        policy = response["Content-Security-Policy"]
        assert "unsafe" not in policy and "default-src 'self'" in policy
        body = response.content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=|hx-on|hx-vals=.js:", body)


# --- what a list says -----------------------------------------------------------------------------


def waiting(code: dict, **elements) -> dict:
    """A Task of this kind in the nurses' pool."""
    roles = factories.role(factories.NURSE_ROLE)
    return factories.create(factories.task_document(performerType=roles, code=code, **elements))


def ids_of(response) -> list[str]:
    return re.findall(r'id="row-([^"]+)"', response.content.decode())


def test_a_pool_page_goes_by_most_pressing_and_agrees_with_claim_next(cast, page):
    def due(hours):
        at = datetime.now(UTC) + timedelta(hours=hours)
        return {"period": {"end": at.isoformat(timespec="seconds")}}

    made = {
        name: waiting({"text": name}, **elements)["id"]
        for name, elements in {
            "routine": {},
            "asap later": {"priority": "asap", "restriction": due(30)},
            "routine late": {"restriction": due(-1)},
            "urgent soon": {"priority": "urgent", "restriction": due(1)},
            "urgent late": {"priority": "urgent", "restriction": due(-2)},
            "stat": {"priority": "stat"},
        }.items()
    }
    expected = ["stat", "urgent late", "routine late", "asap later", "urgent soon", "routine"]
    response = page("nurse").get(POOL)
    assert ids_of(response) == [made[name] for name in expected]
    for name in expected:
        assert actions.claim_next(actor=cast["nurse2"].actor).resource_id == made[name]


def test_titles_fall_back_from_text_to_display_to_code(cast, page):
    waiting({"text": "By text", "coding": [{"display": "Not this"}]})
    waiting({"coding": [{"code": "x", "display": "By display"}]})
    waiting({"coding": [{"code": "by-code"}]})
    shown = text(page("nurse").get(POOL))
    assert all(each in shown for each in ("By text", "By display", "by-code"))
    assert "Not this" not in shown


def test_a_list_of_more_than_a_page_goes_on_where_it_ended(cast, page):
    made = {pool_task(priority=("stat", "urgent")[n % 2])["id"] for n in range(55)}
    nurse = page("nurse")
    first = nurse.get(POOL)
    assert len(ids_of(first)) == worklist.FIRST_PAGE
    more = re.search(r'href="([^"]+after=[^"]+)"', first.content.decode())[1].replace("&amp;", "&")
    rest = htmx(nurse, "get", more)
    assert set(ids_of(first)) | set(ids_of(rest)) == made
    assert len(ids_of(rest)) == 55 - worklist.FIRST_PAGE
    assert nurse.get(f"{POOL}?after=nonsense").status_code == 400


def test_facets_narrow_a_list(cast, page):
    stat, _ = pool_task(priority="stat")["id"], pool_task()["id"]
    nurse = page("nurse")
    assert ids_of(nurse.get(f"{POOL}?priority=stat")) == [stat]
    assert len(ids_of(nurse.get(f"{POOL}?due=none"))) == 2
    assert "No task matches" in text(nurse.get(f"{POOL}?due=overdue&priority=stat"))
    assert nurse.get(f"{POOL}?priority=bogus").status_code == 400


def test_a_task_of_two_roles_waits_in_both_pools(cast, page):
    roles = factories.role(CARDIOLOGIST_ROLE) + factories.role(factories.NURSE_ROLE)
    task = factories.create(factories.task_document(performerType=roles))
    assert ids_of(page("nurse").get(POOL)) == [task["id"]]
    assert ids_of(page("cardiologist").get("/worklist/pool/cardiologist")) == [task["id"]]


def test_counts_are_of_unclaimed_and_overdue(cast, page):
    pool_task(), pool_task(restriction={"period": {"end": "2020-01-01"}})
    owned_task(cast["nurse"])
    shown = text(page("nurse").get(POOL))
    assert "My tasks 1 open" in shown
    assert "Registered nurse 1 overdue, 2 unclaimed" in shown


def test_coordinators_and_auditors_see_all_tasks(cast, page):
    mine = owned_task(cast["physician"])["id"]
    pooled = pool_task()["id"]
    assert set(ids_of(page("auditor").get("/worklist/all"))) == {mine, pooled}
    assert ids_of(page("coordinator").get("/worklist/all")) == [pooled]


# --- what a task says -----------------------------------------------------------------------------


def test_a_task_shows_its_parts(cast, page):
    parent = owned_task(
        cast["nurse"],
        status="accepted",
        code={"text": "Review lab report"},
        description="Potassium is high.",
        requester={"reference": cast["physician"].reference},
        note=[{"text": "Sample was hemolysed.", "authorString": "Lab, core desk"}],
    )
    owned_task(
        cast["nurse"], partOf=[{"reference": f"Task/{parent['id']}"}], code={"text": "Call patient"}
    )
    shown = text(page("nurse").get(f"/worklist/t/{parent['id']}"))
    for each in (
        "Review lab report", "Potassium is high.", "Ines Cardoso", "Lab, core desk",
        "Sample was hemolysed.", "Call patient", "0 of 1", "No record", "Taskward created it",
    ):  # fmt: skip
        assert each in shown, each


def test_every_disabled_action_says_what_would_enable_it(cast, page):
    task = pool_task()
    for name in ("nurse", "auditor", "admin", "coordinator"):
        body = page(name).get(f"/worklist/t/{task['id']}").content.decode()
        disabled = re.findall(r'<button[^>]*aria-disabled="true"[^>]*>', body)
        assert name != "nurse" or len(disabled) == 3
        for button in disabled:
            reason = re.search(r'aria-describedby="([^"]+)"', button)[1]
            assert re.search(rf'<li id="{reason}">(<b>[^<]+</b> )?[A-Z][^<]+\.</li>', body)
    assert "An auditor reads everything and changes nothing" in text(
        page("auditor").get(f"/worklist/t/{task['id']}")
    )


def test_one_reason_for_every_button_is_said_once_without_their_names(cast, page):
    shown = text(page("auditor").get(f"/worklist/t/{pool_task()['id']}"))
    assert "Claim, Start work" not in shown
    assert "No notes." in shown


def test_what_is_over_is_not_overdue(cast, page):
    task = pool_task(restriction={"period": {"end": "2026-01-02"}})["id"]
    assert "Overdue" in text(page("auditor").get(f"/worklist/t/{task}"))
    actions.claim(task, actor=cast["nurse"].actor)
    actions.complete(task, actor=cast["nurse"].actor)
    response = page("auditor").get(f"/worklist/t/{task}")
    assert 'class="due late"' not in response.content.decode()


def test_a_closed_task_stands_beside_a_list_with_work_for_those_who_see_all(cast, page):
    task = owned_task(cast["nurse"], status="accepted")["id"]
    actions.complete(task, actor=cast["nurse"].actor)
    assert 'data-list="all"' in page("auditor").get(f"/worklist/t/{task}").content.decode()
    assert 'data-list="my"' in page("nurse").get(f"/worklist/t/{task}").content.decode()


def test_a_care_team_is_shown_with_its_name_and_members(cast, page):
    members = [{"member": {"display": "Priya Nair", "reference": "Practitioner/priya"}}]
    team = {"resourceType": "CareTeam", "id": "team", "status": "active", "name": "Ward team",
            "participant": members}  # fmt: skip
    factories.put(team)
    task = owned_task(cast["nurse"], focus={"reference": "CareTeam/team"})["id"]
    shown = text(page("nurse").get(f"/worklist/t/{task}"))
    assert "Ward team" in shown and "Members Priya Nair" in shown


def test_a_patient_who_owns_or_asks_is_hidden_with_the_other_details(cast, page):
    who = {"reference": "Patient/a", "display": "Canary"}
    note = {"authorReference": who, "text": "Please call."}
    part = factories.create(factories.task_document(owner=who, requester=who, note=[note]))["id"]
    body = page("auditor").get(f"/worklist/t/{part}?list=all").content.decode()
    for place in ('class="owner phi', 'class="row-f phi"', '<dd class="phi">Canary', "by phi"):
        assert place in body, place


def test_history_tells_who_did_what_and_why(cast, page):
    actor, task = cast["nurse"].actor, pool_task()["id"]
    actions.claim(task, actor=actor)
    actions.start(task, actor=actor)
    actions.hold(task, actor=actor, reason="Waiting on patient", note="Rang twice.")
    actions.resume(task, actor=actor)
    actions.release(task, actor=actor)
    actions.claim(task, actor=cast["nurse2"].actor)
    actions.complete(task, actor=cast["nurse2"].actor)
    shown = text(page("auditor").get(f"/worklist/t/{task}"))
    for each in (
        "Maya Lindqvist claimed it", "Maya Lindqvist started work",
        "Maya Lindqvist put it on hold", "Waiting on patient Rang twice.",
        "Maya Lindqvist resumed it", "Maya Lindqvist gave it back to Registered nurse pool",
        "Tomás Rivera claimed it", "Tomás Rivera completed it", "Took under 1 min",
    ):  # fmt: skip
        assert each in shown, each


REFERRAL = {
    "coding": [
        {
            "system": "https://medplum.com/CodeSystem/reroute-reason",
            "code": "specialty-referral",
            "display": "Specialty referral",
        }
    ]
}


@pytest.mark.parametrize("keep_view", [False, True])
def test_history_says_where_it_went_and_why_and_leads_there(cast, page, keep_view):
    nurse, task = cast["nurse"].actor, pool_task()["id"]
    actions.claim(task, actor=nurse)
    done = moves.reroute(
        task,
        to=moves.ToPerson(cast["cardiologist"].reference),
        reason=REFERRAL,
        note="New cardiac symptoms.",
        keep_view=keep_view,
        actor=nurse,
    )
    now = done.successor.resource_id if done.successor else task
    body = page("cardiologist").get(f"/worklist/t/{now}").content.decode()
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))
    assert "Specialty referral" in shown and "New cardiac symptoms." in shown
    if keep_view:
        old = page("nurse").get(f"/worklist/t/{task}").content.decode()
        assert "Open the other task" not in body  # she never saw the old one
        assert "You handed it over" in re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", old))
        admin = page("admin")
        assert f'href="/worklist/t/{now}"' in admin.get(f"/worklist/t/{task}").content.decode()
        assert f'href="/worklist/t/{task}"' in admin.get(f"/worklist/t/{now}").content.decode()
    else:
        assert "Maya Lindqvist → you" in shown


def test_admins_see_versions_as_they_are_stored(cast, page):
    task = pool_task(description="Canary")["id"]
    actions.claim(task, actor=cast["nurse"].actor)
    admin = page("admin")
    assert f"/worklist/t/{task}/raw/2" in admin.get(f"/worklist/t/{task}").content.decode()
    whole = admin.get(f"/worklist/t/{task}/raw/1")
    assert "&quot;description&quot;: &quot;Canary&quot;" in whole.content.decode()
    assert htmx(admin, "get", f"/worklist/t/{task}/raw/2").content.decode().startswith("<pre")
    assert admin.get(f"/worklist/t/{task}/raw/9").status_code == 404
    for name in ("nurse", "auditor"):
        client = page(name)
        assert client.get(f"/worklist/t/{task}/raw/1").status_code == 403
        assert "Show raw" not in text(client.get(f"/worklist/t/{task}"))


def test_a_long_history_asks_no_more_than_a_short_one(cast, page):
    nurse, task = cast["nurse"].actor, pool_task()["id"]
    actions.claim(task, actor=nurse)
    client = page("nurse")
    client.get(f"/worklist/t/{task}")
    with statements() as few:
        client.get(f"/worklist/t/{task}")
    for number in range(5):
        actions.start(task, actor=nurse)
        actions.hold(task, actor=nurse, reason="Waiting", note=f"Note {number}")
        actions.resume(task, actor=nurse)
    with statements() as many:
        client.get(f"/worklist/t/{task}")
    assert many.sent <= few.sent < 80


# --- buttons --------------------------------------------------------------------------------------


def post(client, task, action, **data):
    return client.post(f"/worklist/t/{task['id']}/{action}", data)


def test_every_button_answers_303_without_scripts(cast, page):
    nurse, task = page("nurse"), pool_task()
    for action, data in (
        ("claim", {"version": 1}), ("note", {"text": "Hello"}), ("start", {}),
        ("hold", {"reason": "waiting-on-patient"}), ("resume", {}), ("release", {}), ("claim", {}),
        ("complete", {}),
    ):  # fmt: skip
        response = post(nurse, task, action, list="pool:registered-nurse", **data)
        assert response.status_code == 303, (action, text(response))
        assert response["Location"] == f"/worklist/t/{task['id']}?list=pool%3Aregistered-nurse"
    for action in ("reject", "fail", "cancel"):
        mine = owned_task(cast["nurse"], status="accepted")
        assert post(nurse, mine, action, reason="other", note="Because").status_code == 303
    pool_task()
    response = nurse.post("/worklist/claim-next", {"list": "pool:registered-nurse"})
    assert response.status_code == 303 and "/worklist/t/" in response["Location"]
    response = nurse.post("/worklist/claim-next", {"list": "pool:registered-nurse"}, follow=True)
    assert "Nothing is waiting in Registered nurse" in text(response)


def test_a_post_needs_a_csrf_token(cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast["nurse"].user, backend="django.contrib.auth.backends.ModelBackend")
    assert post(client, pool_task(), "claim").status_code == 403


def test_a_reason_is_needed_and_other_needs_words(cast, page):
    nurse, task = page("nurse"), owned_task(cast["nurse"], status="accepted")
    assert "Choose a reason" in text(post(nurse, task, "hold"))
    response = post(nurse, task, "hold", reason="other")
    assert response.status_code == 422
    assert "Say in a few words" in text(response)
    assert post(nurse, task, "hold", reason="waiting-on-patient").status_code == 303
    stored = Task.objects.get(resource_id=task["id"])
    assert '"code":"waiting-on-patient"' in stored.document


def test_a_lost_claim_says_who_won(cast, page):
    task = pool_task()
    actions.claim(task["id"], actor=cast["nurse2"].actor)
    response = post(page("nurse"), task, "claim", version=1, list="pool:registered-nurse")
    assert response.status_code == 409
    assert re.search(r"Tomás Rivera just claimed this, \d+ s before you\.", text(response))
    response = htmx(
        page("nurse"), "post", f"/worklist/t/{task['id']}/claim",
        {"version": 1, "list": "pool:registered-nurse", "from": "row"},
    )  # fmt: skip
    assert response.status_code == 409
    assert response["HX-Reswap"] == "none"
    assert "Tomás Rivera claimed this" in text(response)


def test_a_stale_page_is_refused_with_what_is_true_now(cast, page):
    task = owned_task(cast["nurse"], status="accepted", performerType=factories.role("224535009"))
    actions.add_note(task["id"], "Look again.", actor=cast["coordinator"].actor)
    response = post(page("nurse"), task, "complete", version=1)
    assert response.status_code == 412
    assert "Cora Blake changed this task at" in text(response)
    assert "Look again." in text(response)


def test_what_a_button_says_is_what_its_post_says(cast, page):
    task = pool_task()
    response = post(page("nurse"), task, "complete")
    assert response.status_code == 422
    assert "Claim this task first." in text(response)
    response = htmx(page("nurse"), "post", f"/worklist/t/{task['id']}/complete")
    assert response.status_code == 422
    assert response["HX-Retarget"] == "body"


def test_a_task_of_somebody_else_cannot_be_acted_on(cast, page):
    task = owned_task(cast["physician"], status="accepted")
    for action in ("claim", "start", "complete", "release", "note"):
        assert post(page("nurse"), task, action, text="x").status_code == 403
    unknown = {"id": "01a1fc5f-7715-7434-a430-68accf7b7744"}
    assert post(page("nurse"), unknown, "start").status_code == 403
    assert post(page("auditor"), task, "start").status_code in (403, 422)


# --- live -----------------------------------------------------------------------------------------


def position_of(client) -> str:
    return re.search(r'data-position="([^"]+)"', client.get(POOL).content.decode())[1]


@pytest.fixture
def settled(monkeypatch):
    """The feed tells what is committed; a test's own transaction is not, so it is told at once."""
    monkeypatch.setattr(worklist, "SETTLED", "true")


def poll(client, since, shown=""):
    return client.get(
        "/worklist/changes", {"list": "pool:registered-nurse", "since": since, "shown": shown}
    )


def test_polling_tells_ids_and_nothing_when_there_is_nothing(cast, page, settled):
    nurse, task = page("nurse"), pool_task()
    since = position_of(nurse)
    assert poll(nurse, since).status_code == 204
    fresh = pool_task()["id"]
    hidden = owned_task(cast["physician"])["id"]
    answer = poll(nurse, since)
    assert answer.json() == {"rows": [], "new": [fresh]}
    assert hidden not in answer.content.decode()
    upto = answer["Taskward-Position"]
    assert poll(nurse, upto).status_code == 204
    actions.claim(task["id"], actor=cast["nurse2"].actor)
    assert poll(nurse, upto).status_code == 204  # not shown, so none of her business
    assert poll(nurse, upto, task["id"]).json() == {"rows": [task["id"]], "new": []}
    assert poll(nurse, "bogus").status_code == 400


def test_what_committed_late_is_not_skipped(cast, page):
    """Within a test nothing is committed, so nothing may be told yet."""
    nurse = page("nurse")
    since = position_of(nurse)
    pool_task()
    answer = poll(nurse, since)
    assert answer.status_code == 204
    assert answer["Taskward-Position"] == since


def test_rows_tell_who_took_one_only_to_those_who_may_know(cast, page):
    shown, moved = pool_task()["id"], pool_task()["id"]
    hidden = owned_task(cast["physician"])["id"]
    actions.claim(moved, actor=cast["nurse2"].actor)
    response = page("nurse").get(
        "/worklist/rows",
        {
            "list": "pool:registered-nurse",
            "ids": f"{shown},{moved},{hidden},unknown",
            "open": moved,
        },
    )
    body = response.content.decode()
    assert f'id="row-{shown}"' in body
    assert text(response).count("Tomás Rivera claimed this") == 2  # the row, and the open task
    assert "Ines" not in body
    assert text(response).count("No longer yours to see") == 2


# --- preferences and signing in -------------------------------------------------------------------


def test_theme_density_and_hiding_are_kept_on_the_server(cast, page):
    nurse = page("nurse")
    response = nurse.post("/worklist/preferences", {"theme": "dark", "next": "/worklist/my"})
    assert (response.status_code, response["Location"]) == (303, "/worklist/my")
    nurse.post("/worklist/preferences", {"density": "comfortable"})
    nurse.post("/worklist/preferences", {"hide": "on", "theme": "bogus"})
    body = nurse.get("/worklist/my").content.decode()
    for attribute in ('data-theme="dark"', 'data-density="comfortable"', 'data-privacy="on"'):
        assert attribute in body
    response = nurse.post("/worklist/preferences", {"next": "https://evil.example/"})
    assert response["Location"] == "/worklist/"


def test_signing_in_does_not_say_which_field_was_wrong(cast, client):
    cast["nurse"].user.set_password("a-long-password")
    cast["nurse"].user.save()
    answers = {
        text(client.post("/accounts/login/", {"username": name, "password": "wrong"})).replace(
            name, ""
        )
        for name in (cast["nurse"].user.username, "nobody-at-all")
    }
    assert len(answers) == 1
    assert "do not match" in answers.pop()
    right = {"username": cast["nurse"].user.username, "password": "a-long-password"}
    assert client.post("/accounts/login/", right)["Location"] == "/worklist/"
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/").status_code == 303


def test_too_many_wrong_passwords_lock_for_a_while(cast, client):
    wrong = {"username": cast["nurse"].user.username, "password": "wrong"}
    for _ in range(11):
        response = client.post("/accounts/login/", wrong)
    assert response.status_code in (403, 429)
    assert "Wait 15 minutes" in text(response)


def test_an_unknown_page_is_a_404_of_ours(page):
    response = page("nurse").get("/worklist/nothing/here")
    assert response.status_code == 404
    assert "There is no page here for you" in text(response)
