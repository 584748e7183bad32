"""The search against the oracle: each query finds what plain Python finds in the same documents."""

import pytest
from django.db import transaction

from fhir import actions
from fhir.actor import SYSTEM
from fhir.errors import FhirError
from tests.factories import put
from tests.integration.fhir.search import bundle, ids, pages
from tests.oracle import cases, joined, results
from tests.oracle.data import BASE, DELETED, DOCUMENTS, FORMER
from tests.oracle.evaluate import World
from tests.oracle.values import PREFIXES

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """The documents as the product has stored them, loaded once for all cases."""
    with django_db_blocker.unblock(), transaction.atomic():
        for document in FORMER + DELETED:
            put(document)
        for document in DELETED:
            actions.delete(document["resourceType"], document["id"], actor=SYSTEM)
        yield World([put(document) for document in DOCUMENTS], BASE)
        transaction.set_rollback(True)


def assert_found(world, url, got):
    must, may = world.search(url)
    assert len(got) == len(set(got))
    missed, wrong = sorted(must - set(got)), sorted(set(got) - must - may)
    assert not missed + wrong, f"{missed=} {wrong=}"


def each_of(*urls):
    return pytest.mark.parametrize("url", cases.distinct(url for each in urls for url in each))


# --- what is found --------------------------------------------------------------------------------


@each_of(cases.of_one_parameter())
def test_one_parameter(world, url):
    assert_found(world, url, ids(url))


@pytest.mark.parametrize("prefix", PREFIXES[:-1])  # what is near to now?
@pytest.mark.parametrize("resource_type", cases.TYPES)
def test_last_updated(world, resource_type, prefix):
    """The times are known only now. Those of the directory were stored first."""
    for kept in ("Organization/org1", f"{resource_type}/{ids(resource_type + '?_count=1')[0]}"):
        time = world.documents[kept]["meta"]["lastUpdated"]
        url = cases.url(resource_type, ("_lastUpdated", f"{prefix}{time}"))
        assert_found(world, url, ids(url))


@each_of(joined.COMBINED, joined.pairs(300))
def test_several_parameters(world, url):
    assert_found(world, url, ids(url))


@each_of(joined.chains(), joined.reverse_chains())
def test_chains(world, url):
    assert_found(world, url, ids(url))


@each_of(joined.INCLUDED)
def test_includes(world, url):
    found = {"match": [], "include": []}
    for entry in bundle(url).get("entry", []):
        resource = entry["resource"]
        found[entry["search"]["mode"]].append(f"{resource['resourceType']}/{resource['id']}")
    resource_type = url.partition("?")[0]
    must, _ = world.search(url)
    assert sorted(found["match"]) == sorted(f"{resource_type}/{id}" for id in must)
    assert sorted(found["include"]) == sorted(world.included(url, set(found["match"])))


# --- order and pages ------------------------------------------------------------------------------


@each_of(results.sorts())
def test_sorts(world, url):
    resource_type, _, query = url.partition("?")
    first, *others = query.rpartition("_sort=")[2].split(",")
    got = ids(url)
    assert_found(world, url, got)
    assert results.order_faults(world, resource_type, got, first) == []
    for key in others:
        for run in runs(got, lambda a, b: results.same_key(world, resource_type, a, b, first)):
            assert results.order_faults(world, resource_type, run, key) == []


def runs(items, same):
    """Neighbours that are the same, together."""
    found = []
    for item in items:
        if found and same(found[-1][-1], item):
            found[-1].append(item)
        else:
            found.append([item])
    return found


@each_of(results.PAGED)
def test_pages_together_are_the_whole(world, url):
    whole, _, count = url.rpartition("_count=")
    got = pages(url)
    assert all(len(page) <= int(count) for page in got)
    together = [id for page in got for id in page]
    assert_found(world, whole.rstrip("&"), together)
    assert together == ids(whole.rstrip("&"))


@each_of(results.COUNTED)
def test_totals(world, url):
    must, may = world.search(url)
    assert not may
    answer, wanted = bundle(url), url.rpartition("=")[2]
    if wanted == "none":
        assert "total" not in answer
    if wanted == "accurate":
        assert answer["total"] == len(must)
    if wanted == "estimate":
        assert isinstance(answer["total"], int)


@each_of(f"{query}&_count=0" for query in results.PAGED[::2] if "&" in query)
def test_a_count_of_nothing_is_the_total(world, url):
    url = url.replace("_count=2&", "")
    answer = bundle(url)
    assert "entry" not in answer
    assert answer["total"] == len(world.search(url)[0])


# --- parts of resources ---------------------------------------------------------------------------


def resources_of(url):
    return [entry["resource"] for entry in bundle(url).get("entry", [])]


def stored(world, resource):
    return world.documents[f"{resource['resourceType']}/{resource['id']}"]


def is_subsetted(resource):
    return "SUBSETTED" in [tag.get("code") for tag in resource["meta"].get("tag", [])]


def assert_parts(world, resource, wanted):
    """Every wanted element is there, whole."""
    document = stored(world, resource)
    for name in (wanted & document.keys()) - {"meta"}:
        assert resource.get(name) == document[name], name


@each_of(f"{name}?_summary={value}" for name in cases.TYPES for value in ("true", "text", "data"))
def test_summaries(world, url):
    resource_type, value = url.partition("?")[0], url.rpartition("=")[2]
    mandatory = results.MANDATORY[resource_type]
    found = resources_of(url)
    assert_found(world, url, [each["id"] for each in found])
    for resource in found:
        assert is_subsetted(resource)
        assert_parts(world, resource, results.ALWAYS)
        if value == "true":
            assert_parts(world, resource, results.SUMMARY[resource_type])
            assert not resource.keys() & results.NOT_SUMMARY[resource_type]
        if value == "text":
            assert_parts(world, resource, mandatory | {"text"})
            assert resource.keys() <= mandatory | results.ALWAYS | {"text"}
        if value == "data":
            assert resource.keys() == stored(world, resource).keys() - {"text"}
            assert_parts(world, resource, resource.keys())


@each_of(f"{name}?_summary={value}" for name in cases.TYPES for value in ("false", "count"))
def test_summaries_that_are_all_or_nothing(world, url):
    if url.endswith("count"):
        answer = bundle(url)
        assert "entry" not in answer
        assert answer["total"] == len(world.search(url)[0])
    else:
        found = resources_of(url)
        assert_found(world, url, [each["id"] for each in found])
        assert all(resource == stored(world, resource) for resource in found)


@each_of(f"{name}?_elements={elements}" for name, elements in results.ELEMENTS)
def test_elements(world, url):
    resource_type, elements = url.partition("?")[0], set(url.rpartition("=")[2].split(","))
    wanted = elements | results.MANDATORY[resource_type] | results.ALWAYS
    found = resources_of(url)
    assert_found(world, url, [each["id"] for each in found])
    for resource in found:
        assert is_subsetted(resource)
        assert_parts(world, resource, wanted)
        assert resource.keys() <= wanted | results.MODIFIERS


# --- what is refused ------------------------------------------------------------------------------


@each_of(results.refused())
def test_refused(world, url):
    with pytest.raises(FhirError) as caught:
        bundle(url)
    assert caught.value.status == 400
