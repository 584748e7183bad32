"""The search field, in a browser without scripts: what it finds, and what it never tells."""

import re

import pytest

from tasks import actions, task_types
from tasks.find import Asked, find
from tests.factories import DOCTOR_ROLE, NURSE_ROLE, create, put, role, task_document
from tests.faults import statements
from tests.integration.pages.test_pages import text


def patient(identifier, family, given, born="1964-02-14", mrn="0047 1820"):
    put(
        {
            "resourceType": "Patient",
            "id": identifier,
            "name": [{"use": "official", "family": family, "given": given.split()}],
            "birthDate": born,
            "identifier": [{"value": mrn}],
        }
    )
    return {"reference": f"Patient/{identifier}"}


def pool_task(title, subject=None, code=NURSE_ROLE, **elements):
    about = {"for": subject} if subject else {}
    return create(
        task_document(code={"text": title}, performerType=role(code), **about, **elements)
    )


def searched(client, words, **more):
    """The page that a search leads to."""
    answer = client.post("/worklist/search", {"q": words} | more)
    assert answer.status_code == 303
    return client.get(answer["Location"])


def hits(response):
    body = response.content.decode().partition('id="main"')[2]
    return re.findall(r'href="/worklist/t/([^"]+)"', body)


@pytest.mark.parametrize(
    "asked",
    [
        *("Bergström", "bergstrom", "BERG", "nils", "Nils Berg", "berg nils", "Bergström, Nils"),
        *("0033 7714", "00337714", "0033-7714", " 0033  7714 "),
        *("1979-05-21", "21 May 1979", "21-May-1979", "21.05.1979", "05/21/1979", "May 21, 1979"),
        *("19790521", "21.5.1979", "nils 1979-05-21"),
    ],
)
def test_patients_are_found_by_name_number_and_birth_date(cast, page, asked):
    nils = patient("nils", "Bergström", "Nils Olof", "1979-05-21", "0033 7714")
    pool_task("Look at the wound", nils)
    pool_task("Something else", patient("other", "Okonkwo", "Amara"))
    shown = text(searched(page("nurse"), asked))
    assert "Bergström , Nils Olof" in shown and "1 open task" in shown
    assert "Look at the wound" in shown
    assert "Okonkwo" not in shown and "Something else" not in shown


@pytest.mark.parametrize(
    "asked", ["nobody", "1979-05-22", "berg olga", "nils 1979-05-22", "x", "-"]
)
def test_what_does_not_fit_is_not_found(cast, page, asked):
    pool_task("Look at the wound", patient("nils", "Bergström", "Nils", "1979-05-21"))
    assert "Nothing is found" in text(searched(page("nurse"), asked))


@pytest.mark.parametrize(
    "asked", ["potassium", "POTAS", "pot", "follow up", "niño", "nino", "mg", "clinic potassium"]
)
def test_tasks_are_found_by_words(cast, page, asked):
    task = pool_task("Potassium 6 mg: follow-up", description="Call the niño's clinic")
    pool_task("Poor sleep")
    assert hits(searched(page("nurse"), asked)) == [task["id"]]


@pytest.mark.parametrize("asked", ["potluck", "tassium", "potassium sleep"])
def test_every_word_must_begin_one_of_the_tasks(cast, page, asked):
    pool_task("Potassium")
    pool_task("Poor sleep")
    assert hits(searched(page("nurse"), asked)) == []


def test_open_tasks_come_before_closed_ones(cast, page):
    done = pool_task("Potassium one")
    actions.claim(done["id"], actor=cast["nurse"].actor)
    actions.complete(done["id"], actor=cast["nurse"].actor)
    left = pool_task("Potassium two")
    found = searched(page("nurse"), "potassium")
    assert hits(found) == [left["id"], done["id"]]
    assert text(found).index("Open tasks") < text(found).index("Closed tasks")


def test_an_id_or_an_address_leads_to_the_task(cast, page):
    task = pool_task("Potassium")["id"]
    for asked in (task, f"https://care.example/worklist/t/{task}?list=my", f"Task/{task}"):
        answer = page("nurse").post("/worklist/search", {"q": asked})
        assert answer["Location"] == f"/worklist/t/{task}"
    hidden = pool_task("Hidden", code=DOCTOR_ROLE)["id"]
    assert "Nothing is found" in text(searched(page("nurse"), hidden))


def test_what_is_closed_is_not_overdue(cast, page):
    due = {"restriction": {"period": {"end": "2026-01-02"}}}
    for status in ("requested", "completed"):
        pool_task(f"Potassium {status}", status=status, **due)
    found = searched(page("nurse"), "potassium").content.decode()
    assert [
        len(re.findall(r"class=\"due late", part)) for part in found.split("closed-title", 1)
    ] == [1, 0]


def test_a_patient_that_was_found_can_be_chosen(cast, page):
    subject = patient("nils", "Bergström", "Nils")
    task = pool_task("Look at the wound", subject)
    pool_task("Else", patient("nina", "Bergman", "Nina"))
    assert "Bergman" in text(searched(page("nurse"), "berg"))
    one = searched(page("nurse"), "", patient="Patient/nils")
    assert hits(one) == [task["id"]] and "Bergman" not in text(one)
    assert "Nothing is found" in text(searched(page("nurse"), "", patient="Practitioner/ines"))


def test_nothing_is_typed(cast, page):
    answer = page("nurse").post("/worklist/search", {"q": "  "})
    assert answer["Location"] == "/worklist/search"
    assert page("nurse").get("/worklist/search").status_code == 200


# --- what it never tells --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "finds"),
    [
        ("nurse", {"mine", "pool"}),
        ("nurse2", {"pool"}),
        ("physician", {"doctors"}),
        ("cardiologist", set()),
        ("coordinator", {"mine", "pool"}),
        ("auditor", {"mine", "pool", "doctors", "ines"}),
        ("admin", {"mine", "pool", "doctors", "ines"}),
    ],
)
def test_only_what_may_be_read_is_found(cast, page, who, finds):
    """Tasks and patients, by every way of asking; counts tell nothing of the rest either."""
    made = {}
    for number, (name, document) in enumerate(
        {
            "pool": {"performerType": role(NURSE_ROLE)},
            "mine": {
                "performerType": role(NURSE_ROLE),
                "owner": {"reference": cast["nurse"].reference},
            },
            "doctors": {"performerType": role(DOCTOR_ROLE)},
            "ines": {"owner": {"reference": "Practitioner/ada"}},
        }.items()
    ):
        subject = patient(name, f"Canary{name}", "Cara", mrn=f"77 {number}")
        made[name] = create(
            task_document(code={"text": f"Canary of {name}"}, **{"for": subject}, **document)
        )["id"]
    client = page(who)
    for asked in ("canary", "cara", "1964-02-14"):
        shown = searched(client, asked)
        assert {*hits(shown)} == {made[name] for name in finds}
        assert {name for name in made if f"Canary{name}" in text(shown)} == finds
        assert text(shown).count("1 open task") == len(finds)
    for number, name in enumerate(made):
        for words, more in ((f"77 {number}", {}), ("", {"patient": f"Patient/{name}"})):
            assert (f"Canary{name}" in text(searched(client, words, **more))) == (name in finds)


def test_a_search_is_of_one_user_and_one_session(cast, page):
    nurse = page("nurse")
    here = nurse.post("/worklist/search", {"q": "Okonkwo"})["Location"]
    assert re.fullmatch(r"/worklist/s/[\w-]{20,}", here)
    assert nurse.get(here).status_code == 200
    assert page("nurse2").get(here).status_code == 404
    assert page("nurse").get(here).status_code == 404
    assert nurse.get("/worklist/s/made-up").status_code == 404


def test_several_tabs_search_for_several_things(cast, page):
    nurse = page("nurse")
    pool_task("Potassium")
    pool_task("Sleep")
    places = [
        nurse.post("/worklist/search", {"q": each})["Location"] for each in ("potas", "sleep")
    ]
    assert ["Potassium" in text(nurse.get(each)) for each in places] == [True, False]


def test_what_was_typed_stands_in_the_page_alone(cast, page, caplog):
    nurse = page("nurse")
    answer = nurse.post("/worklist/search", {"q": "Okonkwo"})
    shown = nurse.get(answer["Location"])
    title = re.search(r"<title>(.*?)</title>", shown.content.decode())[1]
    assert title == "Search · Taskward"
    assert "okonkwo" not in (answer["Location"] + caplog.text).casefold()
    assert shown["Cache-Control"] == "no-store"
    nurse.post("/worklist/preferences", {"hide": "on"})
    assert "Okonkwo" not in nurse.get(answer["Location"]).content.decode()


# --- bounds ---------------------------------------------------------------------------------------


def test_no_more_queries_for_more_that_is_found(cast, page):
    task_types.setup()  # is read every half a minute

    def count(rows):
        for number in range(rows):
            name = f"p{rows}-{number}"
            pool_task("Potassium", patient(name, "Okonkwo", f"Amara {number}", mrn=name))
        nurse = page("nurse")
        here = nurse.post("/worklist/search", {"q": "Okonkwo"})["Location"]
        with statements() as seen:
            assert nurse.get(here).status_code == 200
        return seen.sent

    assert count(3) == count(25)


def test_who_finds_too_much_is_told_to_narrow_it(cast, page, monkeypatch):
    monkeypatch.setattr("tasks.find.SHOWN", 2)
    for number in range(3):
        pool_task(f"Potassium {number}", patient(f"p{number}", "Okonkwo", "Amara"))
    for asked in ("Okonkwo", "Potassium"):
        shown = searched(page("nurse"), asked)
        assert "Narrow it" in text(shown) and len(hits(shown)) == 2


@pytest.mark.parametrize(
    ("asked", "days"),
    [
        ("04/05/1964", ["1964-04-05", "1964-05-04"]),
        ("1964-13-01", []),
        ("31 feb 1964", []),
        ("Feb 3rd 1964", ["1964-02-03"]),
        ("119640203", []),
    ],
)
def test_a_date_may_mean_two_days_or_none(asked, days):
    assert [each.isoformat() for each in Asked(asked).days] == days


def test_long_and_strange_texts_are_searched_for_too(cast):
    for asked in ("x" * 5000, "%_*' \\", "\x00", "a b " * 200, "Task/", "/t/"):
        assert not find(asked, actor=cast["nurse"].actor, now=None)
