"""The history of a resource, of a type and of everything."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from fhir import history, resources, store
from fhir.actions import delete, patch
from fhir.actor import SYSTEM
from fhir.datatypes import to_instant
from fhir.errors import Forbidden, InvalidSearch, NotFound
from fhir.models import ResourceVersion
from tests.factories import owned_task, put, task_document
from tests.integration.fhir.search import BASE

pytestmark = pytest.mark.django_db


def answer(url, *, actor=SYSTEM):
    """`answer("Task/t1/_history?_count=1")`, `answer("Task/_history")`, `answer("_history")`"""
    path, _, query = url.partition("?")
    names = path.split("/")
    if len(names) == 3:
        text = history.instance_history(
            resources.get(names[0]), names[1], query, actor=actor, base=BASE
        )
    elif len(names) == 2:
        text = history.type_history(resources.get(names[0]), query, actor=actor, base=BASE)
    else:
        text = history.system_history(query, actor=actor, base=BASE)
    return json.loads(text)


def version_of(entry):
    number = entry["response"]["etag"].removeprefix('W/"').removesuffix('"')
    return f"{entry['fullUrl'].removeprefix(f'{BASE}/')}/{number}"


def versions(url, **options):
    return [version_of(entry) for entry in answer(url, **options).get("entry", [])]


def following(bundle):
    found = [each["url"] for each in bundle["link"] if each["relation"] == "next"]
    return found[0].removeprefix(f"{BASE}/") if found else ""


def pages(url, **options):
    found = []
    while url:
        bundle = answer(url, **options)
        found.append([version_of(entry) for entry in bundle["entry"]])
        url = following(bundle)
    return found


def task(id, **elements):
    return put(task_document(id=id, **elements))


def at(version):
    """When `Task/t1/2` was written."""
    type_name, resource_id, version_id = version.split("/")
    return ResourceVersion.objects.get(
        resource_type=type_name, resource_id=resource_id, version_id=version_id
    ).last_updated


@pytest.fixture
def written():
    """Newest first; and nothing but these."""
    ResourceVersion.objects.all().delete()
    task("t1")
    task("t2")
    put({"resourceType": "Patient", "id": "p1"})
    task("t1", description="changed")
    put({"resourceType": "Questionnaire", "id": "q1", "status": "draft"})
    delete("Task", "t2", actor=SYSTEM)
    newest = ["Task/t2/2", "Questionnaire/q1/1", "Task/t1/2", "Patient/p1/1", "Task/t2/1"]
    newest.append("Task/t1/1")
    # Each a second after the other, whatever the clock of this machine says.
    for age, version in enumerate(newest):
        type_name, resource_id, version_id = version.split("/")
        ResourceVersion.objects.filter(
            resource_type=type_name, resource_id=resource_id, version_id=version_id
        ).update(last_updated=store.now() - timedelta(seconds=10 + age))
    return newest


def of(prefix, written):
    return [each for each in written if each.startswith(prefix)]


LEVELS = [("Task/t1/_history", "Task/t1/"), ("Task/_history", "Task/"), ("_history", "")]


@pytest.mark.parametrize(("url", "prefix"), LEVELS)
def test_newest_first(written, url, prefix):
    bundle = answer(url)
    assert bundle["resourceType"] == "Bundle" and bundle["type"] == "history"
    assert versions(url) == of(prefix, written)
    assert bundle["total"] == len(of(prefix, written))
    assert bundle["link"] == [{"relation": "self", "url": f"{BASE}/{url}"}]


def test_every_entry_says_what_was_done(written):
    patch("Task", "t1", [{"op": "add", "path": "/priority", "value": "stat"}], actor=SYSTEM)
    entries = {version_of(entry): entry for entry in answer("_history")["entry"]}
    said = {
        version: (entry["request"]["method"], entry["request"]["url"], entry["response"]["status"])
        for version, entry in entries.items()
    }
    assert said["Task/t1/1"] == ("POST", "Task", "201")
    assert said["Task/t1/2"] == ("PUT", "Task/t1", "200")
    assert said["Task/t1/3"] == ("PATCH", "Task/t1", "200")
    assert said["Task/t2/2"] == ("DELETE", "Task/t2", "204")
    assert "resource" not in entries["Task/t2/2"]
    assert entries["Task/t1/2"]["resource"]["description"] == "changed"
    for version, entry in entries.items():
        assert entry["response"]["lastModified"] == to_instant(at(version))


def test_a_deleted_resource_has_a_history_and_one_that_never_was_has_none(written):
    assert versions("Task/t2/_history") == ["Task/t2/2", "Task/t2/1"]
    with pytest.raises(NotFound):
        answer("Task/never/_history")
    assert versions("Observation/_history") == []
    assert answer("Observation/_history")["total"] == 0


@pytest.mark.parametrize(("url", "prefix"), LEVELS)
@pytest.mark.parametrize("sort", ["", "_lastUpdated", "-_lastUpdated"])
@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_pages_meet(written, url, prefix, sort, count):
    wanted = of(prefix, written)
    if sort == "_lastUpdated":
        wanted.reverse()
    found = pages(f"{url}?_count={count}" + (f"&_sort={sort}" if sort else ""))
    assert sum(found, []) == wanted
    assert all(len(page) <= count for page in found)


@pytest.mark.parametrize(("url", "prefix"), LEVELS)
def test_a_count_of_nothing_is_the_total(written, url, prefix):
    assert answer(f"{url}?_count=0") == {
        "resourceType": "Bundle",
        "type": "history",
        "total": len(of(prefix, written)),
        "link": [{"relation": "self", "url": f"{BASE}/{url}?_count=0"}],
    }


def test_totals_of_more_than_a_page(written, monkeypatch):
    for url, total in (("Task/_history", 4), ("_history", 6), ("Task/t1/_history", 2)):
        assert answer(f"{url}?_count=1")["total"] == total
        assert "total" not in answer(f"{url}?_count=1&_total=none") or "t1" in url
    monkeypatch.setattr("fhir.history.COUNTED", 3)
    assert "total" not in answer("Task/_history?_count=1")
    assert answer("Task/_history?_count=1&_total=accurate")["total"] == 4
    assert answer("Task/_history?_count=0")["total"] == 4
    assert answer("Task/_history?_count=4")["total"] == 4


@pytest.mark.parametrize("sort", ["_lastUpdated", "-_lastUpdated"])
@pytest.mark.parametrize(("url", "prefix"), LEVELS)
def test_what_is_written_meanwhile_stands_on_no_page(written, url, prefix, sort):
    wanted = of(prefix, written)[:: 1 if sort[0] == "-" else -1]
    first = answer(f"{url}?_count=1&_sort={sort}")
    found = [version_of(first["entry"][0])]
    link = following(first)
    while link:
        task("t1", description=f"changed after {len(found)}")
        task(f"new-{len(found)}")
        bundle = answer(link)
        assert bundle["total"] == first["total"] == len(wanted)
        found += [version_of(entry) for entry in bundle["entry"]]
        link = following(bundle)
    assert found == wanted


def test_since(written):
    since = to_instant(at("Task/t1/2")).replace("Z", "%2B00:00")
    for each in (since, since.replace("%2B", "+")):
        assert versions(f"Task/_history?_since={each}") == ["Task/t2/2", "Task/t1/2"]
        assert versions(f"_history?_since={each}") == written[:3]
        assert versions(f"Task/t1/_history?_since={each}") == ["Task/t1/2"]
        assert answer(f"_history?_since={each}&_count=1")["total"] == 3
    assert pages(f"_history?_since={since}&_count=2") == [written[:2], written[2:3]]
    assert versions("_history?_since=2020") == written
    assert versions("_history?_since=2999-01-01") == []


def test_at_a_moment_are_the_versions_that_were_current(written):
    def current(moment):
        return versions(f"_history?_at={to_instant(moment)}")

    assert current(at("Task/t1/1") - timedelta(seconds=1)) == []
    assert current(at("Task/t1/1")) == ["Task/t1/1"]
    assert current(at("Patient/p1/1")) == ["Patient/p1/1", "Task/t2/1", "Task/t1/1"]
    assert current(at("Task/t1/2")) == ["Task/t1/2", "Patient/p1/1", "Task/t2/1"]
    assert current(store.now()) == written[:4]
    assert versions(f"Task/t1/_history?_at={to_instant(at('Patient/p1/1'))}") == ["Task/t1/1"]


def test_at_some_point_of_a_period(written):
    assert versions(f"_history?_at={store.now().year + 1}") == written[:4]
    assert versions("_history?_at=2020-02") == []
    today = {to_instant(at(version))[:10] for version in written}
    if len(today) == 1:
        assert versions(f"_history?_at={today.pop()}") == written


@pytest.mark.parametrize("url", [url for url, _ in LEVELS])
@pytest.mark.parametrize(
    "wrong",
    [
        "_count=-1",
        "_count=x",
        "_count=1.5",
        "_since=yesterday",
        "_since=2024-13-01",
        "_since=gt2024",
        "_at=x",
        "_at=2024-02-30",
        "_sort=status",
        "_sort=_lastUpdated,_id",
        "_total=most",
        "_cursor=x",
    ],
)
def test_wrong_parameters_are_refused(written, url, wrong):
    with pytest.raises(InvalidSearch) as refused:
        answer(f"{url}?{wrong}")
    [issue] = refused.value.issues
    assert issue.expression == f"http.{wrong.partition('=')[0]}"


def test_malformed_queries_are_refused(written):
    for query in ("_since=%ff", "&" * 1_000):
        with pytest.raises(InvalidSearch):
            answer(f"_history?{query}")


def test_the_self_link_says_what_was_used(written):
    bundle = answer("_history?_count=5000&nonsense=1&_since=&_at=2999&_format=json")
    assert bundle["link"][0]["url"] == f"{BASE}/_history?_count=1000&_at=2999&_format=json"


def test_a_cursor_holds_for_its_history_only(written):
    cursor = following(answer("Task/_history?_count=1&_since=2020")).rpartition("=")[2]
    assert len(versions(f"Task/_history?_cursor={cursor}&_since=2020&_count=50")) == 3
    for other in ("Task/_history?", "_history?_since=2020&", "Task/_history?_since=2021&"):
        with pytest.raises(InvalidSearch):
            answer(f"{other}_cursor={cursor}")


def test_parameters_may_come_as_a_mapping(written):
    text = history.type_history(resources.get("Task"), {"_count": "1"}, actor=SYSTEM, base=BASE)
    assert len(json.loads(text)["entry"]) == 1


@pytest.mark.parametrize(("url", "prefix"), LEVELS)
@pytest.mark.parametrize("offset", [0, 1, 2, 5, 9])
def test_a_page_by_its_number(written, url, prefix, offset):
    wanted = of(prefix, written)
    bundle = answer(f"{url}?_count=1&_offset={offset}")
    assert [version_of(entry) for entry in bundle.get("entry", [])] == wanted[offset:][:1]
    assert bundle["total"] == len(wanted)
    if link := following(bundle):
        assert "_offset" not in link and versions(link) == wanted[offset + 1 :][:1]
    with pytest.raises(InvalidSearch):
        answer(f"{url}?_offset=10001")


# --- who sees what --------------------------------------------------------------------------------


def test_only_versions_of_what_the_actor_may_read_now(cast):
    nurse, colleague = cast["nurse"], cast["nurse2"]
    hers = owned_task(nurse, **{"for": {"reference": "Patient/hers"}})["id"]
    theirs = owned_task(colleague, **{"for": {"reference": "Patient/theirs"}})["id"]
    put({"resourceType": "Patient", "id": "hers"})
    put({"resourceType": "Patient", "id": "theirs"})

    def seen(url):
        return {version.rpartition("/")[0] for version in versions(url, actor=nurse.actor)}

    assert seen("Task/_history") == {f"Task/{hers}"}
    for each in (seen("Patient/_history"), seen("_history?_count=1000")):
        assert "Patient/hers" in each and "Patient/theirs" not in each
    assert f"Task/{theirs}" not in seen("_history?_count=1000")
    assert answer("Task/_history", actor=nurse.actor)["total"] == 1
    assert answer("Task/_history?_count=0", actor=nurse.actor)["total"] == 1
    with pytest.raises(NotFound):
        answer(f"Task/{theirs}/_history", actor=nurse.actor)

    # What she gave away she loses, with all that was before (T4); what she got she sees whole.
    to_colleague = [
        {"op": "replace", "path": "/owner", "value": {"reference": colleague.reference}}
    ]
    patch("Task", hers, to_colleague, actor=nurse.actor)
    assert seen("Task/_history") == set()
    assert answer("Task/_history", actor=nurse.actor)["total"] == 0
    assert len(versions("Task/_history", actor=colleague.actor)) == 3
    assert answer("Task/_history?_count=1&_total=accurate", actor=colleague.actor)["total"] == 3
    # How much would have to be looked at tells of what is not hers.
    assert "total" not in answer("Task/_history?_count=1", actor=colleague.actor)
    assert sum(pages("Task/_history?_count=1", actor=colleague.actor), []) == versions(
        "Task/_history", actor=colleague.actor
    )


def test_a_deletion_is_seen_by_who_could_see_the_resource(cast):
    hers = owned_task(cast["nurse"])["id"]
    delete("Task", hers, actor=SYSTEM)
    for url in (f"Task/{hers}/_history", "Task/_history"):
        assert versions(url, actor=cast["nurse"].actor) == [f"Task/{hers}/2", f"Task/{hers}/1"]
    assert versions("Task/_history", actor=cast["nurse2"].actor) == []
    with pytest.raises(NotFound):
        answer(f"Task/{hers}/_history", actor=cast["nurse2"].actor)


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [("user/Task.rs", True), ("user/Task.r", False), ("user/Patient.rs", False)],
)
def test_scopes(cast, written, scope, allowed):
    narrow = replace(cast["admin"].actor, scopes=frozenset({scope}))
    if allowed:
        assert versions("Task/_history", actor=narrow) == of("Task/", written)
        assert versions("_history", actor=narrow) == of("Task/", written)
        return
    with pytest.raises(Forbidden):
        answer("Task/_history", actor=narrow)
    assert not of("Task/", versions("_history", actor=narrow))


def test_what_may_be_looked_for_and_not_read_is_not_shown(cast, written):
    narrow = replace(cast["admin"].actor, scopes=frozenset({"user/Task.s"}))
    assert versions("Task/_history", actor=narrow) == []
    assert answer("Task/_history?_count=0", actor=narrow)["total"] == 0


@pytest.mark.django_db(transaction=True)
def test_what_is_being_written_while_the_first_page_is_read_stands_on_no_page():
    """Its number is lower than that of what is there already, and it commits later."""
    from threading import Event, Thread

    from django.db import connection, transaction

    writing, read = Event(), Event()

    def write():
        with transaction.atomic():
            task("late")
            writing.set()
            read.wait(60)
        connection.close()

    thread = Thread(target=write)
    thread.start()
    assert writing.wait(60)
    for number in range(3):
        task(f"t{number}")
    first = answer("Task/_history?_count=1")
    assert first["total"] == 3
    read.set()
    thread.join()
    assert len(versions("Task/_history")) == 4
    second = answer(following(first).replace("_count=1", "_count=50"))
    assert [version_of(entry) for entry in second["entry"]] == ["Task/t1/1", "Task/t0/1"]
