"""The lists of the worklist: how they are narrowed, ordered, shown, kept and shared."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fhir.actor import SYSTEM
from tasks import actions, assets, worklist
from tasks.models import SavedView
from tests import factories
from tests.factories import NURSE_ROLE, owned_task
from tests.integration.pages.test_pages import POOL, htmx, ids_of, text

LOINC = "http://loinc.org"


def body_of(response) -> str:
    return response.content.decode().replace("&amp;", "&")


def waiting(**elements) -> dict:
    """A Task in the nurses' pool."""
    roles = factories.role(NURSE_ROLE)
    return factories.create(factories.task_document(performerType=roles, **elements))


def due_in(hours: float) -> dict:
    at = datetime.now(UTC) + timedelta(hours=hours)
    return {"restriction": {"period": {"end": at.isoformat(timespec="seconds")}}}


def coded(code: str, display: str, system: str = LOINC) -> dict:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def offered(response) -> dict[str, str]:
    """What a menu offers → how many."""
    found = re.findall(r'class="item"[^>]*>(.*?)</(?:a|button)>', body_of(response), flags=re.S)
    plain = [re.sub(r"<[^>]+>", " ", each).split() for each in found]
    return {" ".join(words[:-1]): words[-1] for words in plain}


def named(response, word: str) -> str:
    """The address of a choice."""
    pairs = re.findall(r'<a class="item" href="([^"]+)".*?</a>', response.content.decode(), re.S)
    whole = re.findall(r'<a class="item".*?</a>', response.content.decode(), re.S)
    return next(
        url.replace("&amp;", "&") for url, each in zip(pairs, whole, strict=True) if word in each
    )


# --- narrowing ------------------------------------------------------------------------------------


@pytest.fixture
def labs(cast):
    """Of two types, with stages, requesters, patients and things that they are about."""
    factories.put({"resourceType": "Patient", "id": "mina", "name": [{"family": "Canary"}]})
    return {
        "lab": waiting(
            code=coded("11502-2", "Review lab report"),
            priority="stat",
            businessStatus=coded("seen", "Seen"),
            requester={"reference": cast["physician"].reference},
            focus={"reference": "DiagnosticReport/r1"},
            **{"for": {"reference": "Patient/mina"}},
        )["id"],
        "lab2": waiting(code=coded("11502-2", "Review lab report"), **due_in(-1))["id"],
        "refill": waiting(
            code=coded("refill", "Refill"),
            requester={"reference": "Patient/mina"},
            **{"for": {"reference": "Patient/mina"}},
        )["id"],
        "mine": owned_task(cast["nurse"], performerType=factories.role(NURSE_ROLE))["id"],
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("priority=stat", {"lab"}),
        ("priority=stat&priority=routine", {"lab", "lab2", "refill", "mine"}),
        ("due=overdue", {"lab2"}),
        ("due=overdue&due=none", {"lab", "lab2", "refill", "mine"}),
        (f"type={LOINC}|11502-2", {"lab", "lab2"}),
        (f"type={LOINC}|11502-2&due=none", {"lab"}),
        (f"stage={LOINC}|seen", {"lab"}),
        ("owner=me", {"mine"}),
        ("owner=none&priority=stat", {"lab"}),
        ("focus=DiagnosticReport", {"lab"}),
        ("requester=Practitioner/ines", {"lab"}),
        ("requester=patient", {"refill"}),
        ("status=accepted", set()),
        ("pool=registered-nurse&priority=stat", {"lab"}),
    ],
)
def test_each_facet_narrows_a_list(labs, page, query, expected):
    shown = ids_of(page("nurse").get(f"{POOL}?{query}"))
    assert {name for name, each in labs.items() if each in shown} == expected


@pytest.mark.parametrize(
    "query",
    [
        "priority=bogus", "due=soon", "type=plain", "stage=a|b|c", "status=completed", "owner=x",
        "owner=Patient/mina", "requester=Patient/mina", "focus=a%20b", "pool=nowhere", "sort=x",
        "mode=cards", "mode=table&column=ssn", "patient=made-up",
    ],
)  # fmt: skip
def test_what_no_list_has_is_refused(labs, page, query):
    assert page("nurse").get(f"{POOL}?{query}").status_code == 400


def test_a_menu_counts_the_whole_list_with_what_the_others_chose(labs, page):
    for _ in range(40):
        waiting(code=coded("refill", "Refill"), priority="asap")
    nurse = page("nurse")
    menu = htmx(nurse, "get", "/worklist/facet/type?list=pool:registered-nurse")
    assert offered(menu) == {"Refill": "41", "Review lab report": "2", "No type": "1"}
    narrowed = htmx(nurse, "get", "/worklist/facet/type?list=pool:registered-nurse&priority=asap")
    assert offered(narrowed) == {"Refill": "40"}
    own = htmx(nurse, "get", "/worklist/facet/priority?list=pool:registered-nurse&priority=asap")
    assert offered(own) == {"STAT": "1", "ASAP": "40", "Urgent": "0", "Routine": "3"}
    assert len(ids_of(nurse.get(named(menu, "Review lab")))) == 2
    assert offered(htmx(nurse, "get", "/worklist/facet/owner?list=pool:registered-nurse")) == {
        "Me": "1", "Unclaimed": "43",
    }  # fmt: skip
    assert nurse.get("/worklist/facet/pool?list=pool:registered-nurse").status_code == 404


def test_what_is_written_in_place_of_a_code_can_be_chosen_too(labs, page):
    for said in ("Call her son", "Call her son", "Fax"):
        waiting(code={"text": said}, businessStatus={"text": "Rang once"})
    nurse = page("nurse")
    menu = htmx(nurse, "get", "/worklist/facet/type?list=pool:registered-nurse")
    assert offered(menu) == {
        "Review lab report": "2", "Call her son": "2", "Refill": "1", "Fax": "1", "No type": "1",
    }  # fmt: skip
    stages = htmx(nurse, "get", "/worklist/facet/stage?list=pool:registered-nurse")
    assert offered(stages) == {"Rang once": "3", "No stage": "3", "Seen": "1"}
    address = named(menu, "Call her son")
    assert "Call" not in address and "son" not in address
    narrowed = nurse.get(address)
    assert len(ids_of(narrowed)) == 2 and "Without Type: Call her son" in text(narrowed)
    assert ids_of(nurse.get(named(menu, "No type"))) == [labs["mine"]]
    both = nurse.get(f"{address}&type={LOINC}|11502-2&type=none")
    assert len(ids_of(both)) == 5
    # Of what she may not see it is not told what the text says.
    assert "son" not in text(page("physician").get(f"/worklist/my?{address.partition('?')[2]}"))


def test_a_longer_list_is_counted_as_far_as_a_menu_looks(labs, page, monkeypatch):
    monkeypatch.setattr("tasks.facets.SCANNED", 2)
    menu = htmx(page("nurse"), "get", "/worklist/facet/status?list=pool:registered-nurse")
    assert "2+" in text(menu).split() and "0" not in text(menu).split()


def test_without_scripts_a_menu_opens_with_the_page(labs, page):
    opened = page("nurse").get(f"{POOL}?facet=type")
    assert "Review lab report" in text(opened)
    assert '<details class="menu left" name="facet"' in body_of(opened)
    assert ids_of(opened), "and the list stays as it is"


def test_chips_say_what_narrows_and_lead_out_of_it(labs, page):
    nurse = page("nurse")
    shown = nurse.get(f"{POOL}?priority=stat&type={LOINC}|11502-2")
    chips = re.findall(r'<a class="chip on" href="([^"]+)">(.*?)</a>', shown.content.decode())
    words = [re.sub(r"<[^>]+>", "", word).strip() for _url, word in chips]
    assert words == ["Without Priority:STAT", "Without Type:Review lab report"]
    assert len(ids_of(nurse.get(chips[0][0].replace("&amp;", "&")))) == 2


def test_a_patient_is_named_in_no_address(labs, page):
    nurse = page("nurse")
    menu = htmx(nurse, "get", "/worklist/facet/patient?list=pool:registered-nurse")
    assert offered(menu) == {"Canary": "2"}
    assert "Patient/mina" not in "".join(
        re.findall(r'(?:href|hx-get|action)="[^"]*"', body_of(menu))
    )
    asked = {"list": "pool:registered-nurse", "patient": "Patient/mina"}
    answer = nurse.post("/worklist/patient?priority=stat", asked)
    assert answer.status_code == 303 and "mina" not in answer["Location"]
    assert "priority=stat" in answer["Location"]
    shown = nurse.get(answer["Location"])
    assert ids_of(shown) == [labs["lab"]]
    assert '<span class="phi">Canary</span>' in body_of(shown)
    links = "".join(re.findall(r'(?:href|hx-get|action|data-query)="[^"]*"', body_of(shown)))
    assert "Canary" not in links and "mina" not in links
    assert page("nurse2").get(answer["Location"]).status_code == 400, "it is of one session"
    hidden = nurse.post("/worklist/patient", asked | {"patient": "Patient/other"})
    assert hidden.status_code == 404


def test_opening_a_task_keeps_what_narrows_the_list(labs, page):
    nurse = page("nurse")
    listed = nurse.get(f"{POOL}?priority=stat")
    link = re.search(r'class="t"[^>]*href="([^"]+)"', listed.content.decode())[1]
    opened = nurse.get(link.replace("&amp;", "&"))
    assert ids_of(opened) == [labs["lab"]]
    claimed = nurse.post(
        f"/worklist/t/{labs['lab']}/claim",
        {"list": "pool:registered-nurse", "version": "1"},
        headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{POOL}?priority=stat"},
    )
    assert "priority=stat" in claimed["HX-Push-Url"]


# --- order ----------------------------------------------------------------------------------------


def test_a_list_goes_by_due_time_or_by_age_if_asked(cast, page):
    made = {
        "later": waiting(priority="asap", **due_in(70))["id"],
        "none": waiting(priority="urgent")["id"],
        "soon": waiting(**due_in(0.5))["id"],
        "late": waiting(**due_in(-3))["id"],
        "stat": waiting(priority="stat", **due_in(90))["id"],
    }
    nurse = page("nurse")

    def order(query):
        shown = ids_of(nurse.get(f"{POOL}?{query}"))
        return [next(name for name in made if made[name] == each) for each in shown]

    assert order("sort=due") == ["late", "stat", "soon", "later", "none"]
    assert order("sort=oldest") == list(made)
    assert order("sort=pressing") == ["stat", "late", "later", "none", "soon"]
    shown = text(nurse.get(f"{POOL}?sort=due"))
    # What is due in half an hour is due later when today ends before.
    headings = r"STAT and overdue 2.*(?:Due today 1.*Later 1|Later 2).*No due date 1"
    assert re.search(headings, shown, re.S)


@pytest.mark.parametrize("sort", ["pressing", "due", "oldest"])
@pytest.mark.parametrize("mode", ["split", "table"])
def test_pages_of_every_order_meet_without_gap_or_repetition(cast, page, sort, mode):
    made = [waiting(priority=("stat", "urgent")[n % 2], **due_in(n - 20))["id"] for n in range(40)]
    nurse = page("nurse")
    first = nurse.get(f"{POOL}?sort={sort}&mode={mode}")
    more = re.search(r'href="([^"]+after=[^"]+)"', body_of(first))[1]
    rest = htmx(nurse, "get", f"{more}&mode={mode}")
    assert sorted(ids_of(first) + ids_of(rest)) == sorted(made)
    assert ("<tr" in rest.content.decode()) == (mode == "table")


def test_all_tasks_go_by_due_time_or_age(cast, page):
    early = owned_task(cast["nurse"], **due_in(9))["id"]
    late = waiting(**due_in(1))["id"]
    admin = page("auditor")
    assert ids_of(admin.get("/worklist/all")) == [late, early]
    assert ids_of(admin.get("/worklist/all?sort=oldest")) == [early, late]
    assert admin.get("/worklist/all?sort=pressing").status_code == 400


def test_what_i_put_on_hold_stands_last_and_folded(cast, page):
    held = owned_task(cast["nurse"], status="in-progress", priority="stat")["id"]
    actions.hold(held, actor=cast["nurse"].actor, reason={"text": "Waiting"}, if_match=None)
    other = owned_task(cast["nurse"], status="accepted")["id"]
    shown = page("nurse").get("/worklist/my")
    assert ids_of(shown) == [other, held]
    assert re.search(r"<details><summary[^>]*>.*?On hold.*?1</span>", body_of(shown), re.S)


# --- the table ------------------------------------------------------------------------------------


def test_the_table_says_what_the_list_does_and_more(labs, page):
    nurse = page("nurse")
    shown = nurse.get(f"{POOL}?mode=table")
    assert ids_of(shown) == ids_of(nurse.get(POOL))
    said = text(shown)
    for each in ("Priority", "Task", "Patient", "Due", "Status", "Stage", "Owner", "Pool", "Age"):
        assert f" {each} " in said, each
    assert "Requested" in said and "Registered nurse" in said
    body = body_of(shown)
    assert '<th scope="col" aria-sort="descending">Priority' in body
    assert '<th scope="row">' in body and "<article" not in body


def test_a_pools_own_table_does_not_say_which_pool(labs, page):
    nurse = page("nurse")
    head = '<th scope="col">Pool</th>'
    assert head not in body_of(nurse.get(f"{POOL}?mode=table"))
    assert head in body_of(nurse.get(f"{POOL}?mode=table&column=pool"))
    assert head in body_of(nurse.get("/worklist/my?mode=table"))


def test_the_look_is_remembered_by_the_server(labs, page, cast):
    nurse = page("nurse")
    asked = {"list": "pool:registered-nurse", "mode": "table", "column": ["patient", "age"]}
    answer = nurse.post("/worklist/look?priority=stat", asked)
    assert answer.status_code == 303 and answer["Location"] == f"{POOL}?priority=stat"
    shown = text(nurse.get("/worklist/my"))
    assert (
        " Patient " in shown and " Stage " not in shown.partition("Load")[0].partition("Task ")[2]
    )
    assert "<table" in body_of(nurse.get(POOL))
    assert "<table" not in body_of(page("nurse2").get(POOL))
    nurse.post("/worklist/look", asked | {"mode": "split"})
    assert "<table" not in body_of(nurse.get(POOL))


@pytest.mark.parametrize("mode", ["split", "table"])
def test_rows_are_brought_in_the_shape_of_the_list_that_asks(labs, page, mode):
    nurse = page("nurse")
    answer = nurse.get(
        f"/worklist/rows?list=pool:registered-nurse&ids={labs['lab']},{labs['mine']}x",
        headers={"HX-Request": "true", "Taskward-Look": mode},
    )
    body = body_of(answer)
    assert (f'<tr class="row" id="row-{labs["lab"]}"' in body) == (mode == "table")
    assert (f'<article class="row" id="row-{labs["lab"]}"' in body) == (mode == "split")
    assert body.count("leaving") == 1
    assert body.count("<template>") == (2 if mode == "table" else 0)


# --- kept views -----------------------------------------------------------------------------------


def kept(client, query="priority=stat", **given) -> str:
    asked = {"list": "pool:registered-nurse", "name": "Critical labs"} | given
    answer = client.post(f"/worklist/views/save?{query}", asked)
    assert answer.status_code == 303, answer.content
    return answer["Location"]


def test_a_view_keeps_filters_order_and_look_but_no_patient(labs, page):
    nurse = page("nurse")
    token = nurse.post(
        "/worklist/patient", {"list": "pool:registered-nurse", "patient": "Patient/mina"}
    )["Location"].partition("patient=")[2]
    path = kept(nurse, f"priority=stat&sort=due&mode=table&column=due&patient={token}")
    saved = SavedView.objects.get()
    assert token not in saved.query and "mina" not in saved.query
    shown = nurse.get(path)
    assert ids_of(shown) == [labs["lab"]]
    assert "<table" in body_of(shown) and "Critical labs" in text(shown)
    assert "Saved views Critical labs" in text(nurse.get("/worklist/my"))
    assert len(ids_of(nurse.get(f"{path}?sort=pressing"))) == 4, "it can be widened for once"
    opened = nurse.get(f"/worklist/t/{labs['lab']}?list=view:{saved.pk}")
    assert ids_of(opened) == [labs["lab"]]


def test_a_view_is_counted_after_the_page_is_there(labs, page):
    nurse = page("nurse")
    path = kept(nurse)
    counts = htmx(nurse, "get", "/worklist/views/counts")
    assert f'id="count-{path.rpartition("/")[2]}"' in body_of(counts)
    assert text(counts).split() == ["1", "open"]


def test_a_view_is_offered_to_pools_of_her_own_only(labs, page):
    """Who sees every pool has not every pool."""
    offered = re.compile(r'<option value="([a-z-]+)"')
    of_nurse, of_admin = (
        offered.findall(body_of(page(name).get("/worklist/pool/registered-nurse")))
        for name in ("nurse", "admin")
    )
    assert (of_nurse, of_admin) == (["registered-nurse"], [])


def test_a_shared_view_is_seen_by_members_of_its_pool_only(labs, page):
    path = kept(page("nurse"), share="registered-nurse")
    assert ids_of(page("nurse2").get(path)) == [labs["lab"]]
    assert page("cardiologist").get(path).status_code == 404
    private = kept(page("nurse"))
    assert page("nurse2").get(private).status_code == 404
    refused = page("nurse").post(
        "/worklist/views/save", {"list": "my", "name": "x", "share": "cardiologist"}
    )
    assert refused.status_code == 403


def test_only_who_keeps_a_view_changes_it(labs, page):
    nurse, other = page("nurse"), page("nurse2")
    path = kept(nurse, share="registered-nurse")
    asked = {"list": f"view:{path.rpartition('/')[2]}", "name": "Labs", "share": ""}
    assert other.post("/worklist/views/change", asked).status_code == 403
    assert other.post("/worklist/views/change", asked | {"do": "delete"}).status_code == 403
    assert nurse.post("/worklist/views/change?priority=routine", asked).status_code == 303
    saved = SavedView.objects.get()
    assert (saved.name, saved.pool, saved.query.partition("&")[0]) == (
        "Labs",
        None,
        "priority=routine",
    )
    assert nurse.post("/worklist/views/change", asked | {"name": " "}).status_code == 400
    assert nurse.post("/worklist/look", {"list": asked["list"], "mode": "table"}).status_code == 303
    assert "<table" in body_of(nurse.get(path))
    assert nurse.post("/worklist/views/change", asked | {"do": "delete"}).status_code == 303
    assert nurse.get(path).status_code == 404


def test_a_view_ends_with_the_list_that_it_is_of(labs, page):
    nurse = page("nurse")
    path = kept(nurse)
    factories.put(
        {
            "resourceType": "PractitionerRole",
            "id": f"maya-{NURSE_ROLE}",
            "active": False,
            "practitioner": {"reference": "Practitioner/maya"},
            "code": factories.role(NURSE_ROLE),
        }
    )
    assert "Critical labs" not in text(nurse.get("/worklist/my"))
    assert nurse.get(path).status_code == 404


def test_another_module_can_bring_a_list(labs, page, monkeypatch):
    condition = ("q.resource_id = any(%s)", [[labs["lab"], labs["mine"]]])
    view = worklist.View("watching", "Watching", condition=condition)
    monkeypatch.setitem(worklist.OTHER_VIEWS, "watching", lambda actor: view)
    actor = factories.SYSTEM
    assert worklist.view_named("watching", actor) is view
    found = worklist.page(view, actor)
    assert [each.resource_id for each in found.listed] == [labs["lab"], labs["mine"]]
    assert worklist.count_matching(view, actor, now=datetime.now(UTC)).total == 2
    assert set(worklist.rows_of(labs.values(), view, SYSTEM, now=datetime.now(UTC))) == {
        labs["lab"], labs["mine"],
    }  # fmt: skip


# --- what it costs --------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "?mode=table", f"?type={LOINC}|a&sort=due", "?facet=type"])
def test_more_rows_ask_no_more(cast, page, query):
    nurse = page("nurse")

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert nurse.get(f"{POOL}{query}").status_code == 200
        return len(seen)

    def make(count):
        for _ in range(count):
            name = f"p{len(made)}"
            factories.put({"resourceType": "Patient", "id": name, "name": [{"family": name}]})
            made.append(waiting(code=coded("a", "A"), **{"for": {"reference": f"Patient/{name}"}}))

    made: list = []
    make(3)
    asked()
    few = asked()
    make(27)
    assert asked() == few


def test_an_empty_pool_says_who_took_its_last_task(cast, page):
    nurse = page("nurse")
    assert "claimed the last task" not in text(nurse.get(POOL))
    actions.claim(waiting()["id"], actor=cast["nurse2"].actor)
    other = factories.pool_task(factories.CARDIOLOGIST_ROLE)
    actions.claim(other["id"], actor=cast["cardiologist"].actor)
    shown = text(nurse.get(POOL))
    assert "Tomás Rivera claimed the last task just now. New tasks appear here" in shown
    mine = waiting()["id"]
    actions.claim(mine, actor=cast["nurse"].actor)
    actions.complete(mine, actor=cast["nurse"].actor)
    assert "You claimed the last task just now." in text(nurse.get(POOL))
    assert "claimed the last task" not in text(nurse.get(f"{POOL}?priority=stat"))


def test_the_first_page_is_light(cast, page):
    """150 KB with the styles, the scripts and htmx: what a page of the worklist brings."""
    for number in range(60):
        name = f"patient-{number}"
        names = [{"family": "Castellanos-Whitcombe", "given": ["Rosalind"]}]
        factories.put(
            {"resourceType": "Patient", "id": name, "name": names, "birthDate": "1964-02-14"}
        )
        waiting(
            code=coded("11502-2", "Review lab report"),
            description="Potassium 6.1 mmol/L on today's metabolic panel",
            priority=("stat", "asap", "urgent", "routine")[number % 4],
            businessStatus=coded("seen", "Report available"),
            focus={"reference": "DiagnosticReport/r1"},
            **{"for": {"reference": f"Patient/{name}"}},
            **due_in(number - 5),
        )
    nurse = page("nurse")
    htmx_bytes = 51_238
    ours = sum(len(assets.asset(name)[0].encode()) for name in ("app.css", "app.js"))
    for mode in ("split", "table"):
        shown = nurse.get(f"{POOL}?mode={mode}")
        assert len(ids_of(shown)) == worklist.FIRST_PAGE
        whole = len(shown.content) + ours + htmx_bytes
        assert whole <= 150_000, (mode, len(shown.content), ours)
