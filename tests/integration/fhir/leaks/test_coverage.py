"""Whatever can be asked has a way in the tables: what is new fails here until it has one."""

import pytest

from fhir import resources
from fhir.access import EVERYTHING
from fhir.actor import Actor, Role
from fhir.models import ClinicalResource
from fhir.routes import ROUTES
from fhir.search import compartments
from fhir.search.parse import RESULT_PARAMETERS
from tests.integration.fhir.leaks.clinic import READERS
from tests.integration.fhir.leaks.reading import READS
from tests.integration.fhir.leaks.searching import VALUES, searchable
from tests.integration.fhir.leaks.way import Way
from tests.integration.fhir.leaks.writing import WRITES

WAYS = READS + WRITES


def route_of(way: Way) -> tuple[str, str, dict]:
    """(the route's path, method, segments)"""
    path = way.path.partition("?")[0].rstrip("/")
    for route in ROUTES:
        if found := route.pattern.match(path):
            return route.path, way.method, found[2]
    raise AssertionError(f"{way.name} has no route")


ASKED = [route_of(way) for way in WAYS]


def test_every_method_of_every_route_has_a_way():
    there = {
        (route.path, method)
        for route in ROUTES
        for name in route.methods
        for method in ((name, "HEAD") if name == "GET" else (name,))
    }
    # A HEAD is the GET without its body: it is asked where it could tell by its headers.
    heads = {("metadata", "HEAD"), ("<str:type_name>", "HEAD"), ("_history", "HEAD")}
    assert {each for each in there if each[1] != "HEAD"} <= {each[:2] for each in ASKED}
    assert heads <= {each[:2] for each in ASKED}


def level_of(segments: dict) -> str:
    if "resource_id" in segments:
        return "instance"
    return "type" if "type_name" in segments else "system"


def test_every_operation_has_a_way():
    there = {
        (operation.name, operation.level)
        for resource_type in resources.all_types()
        for operation in resource_type.all_operations()
    } | {(operation.name, operation.level) for operation in resources.system_operations()}
    asked = {
        (segments["name"], level_of(segments)) for _, _, segments in ASKED if "name" in segments
    }
    assert there == asked


def test_every_parameter_of_the_types_of_the_case_has_a_value():
    for type_name, values in VALUES.items():
        assert values.keys() == searchable(type_name).base_filters.keys(), type_name


def test_every_type_that_is_not_for_all_has_values():
    """Those without a model of their own are found by one and the same table."""
    nurse = Actor(1, "nurse", Role.PRACTITIONER)
    models_of_types = {resource_type.model for resource_type in resources.all_types()}
    hidden = {
        model.resource_type
        for model in models_of_types - {ClinicalResource}
        if model.readable_condition(nurse) is not EVERYTHING
    }
    assert hidden == VALUES.keys()


def asked_parameters() -> set[str]:
    """`name` and `name:modifier` of every search."""
    queries = [way.path.partition("?")[2] for way in WAYS]
    queries += [way.body for way in WAYS if isinstance(way.body, str)]
    return {pair.partition("=")[0] for query in queries for pair in query.split("&") if pair}


def test_every_parameter_of_the_answer_has_a_way():
    names = {name.partition(":")[0] for name in asked_parameters()}
    assert RESULT_PARAMETERS | {"_has", "_list", "_text", "_content", "_id"} <= names


def test_every_modifier_has_a_way():
    there = {
        modifier
        for type_name in VALUES
        for filter_ in searchable(type_name).base_filters.values()
        for modifier in filter_.modifiers
        if modifier and modifier not in resources.definitions.resource_types()
    }
    asked = {name.rpartition(":")[2] for name in asked_parameters() if ":" in name}
    assert there <= asked | {"missing"}  # asked of every parameter


def test_every_named_query_has_a_way():
    for type_name in VALUES:
        for name in getattr(searchable(type_name), "named_queries", {}):
            assert any(f"{type_name}?_query={name}" in way.path for way in WAYS), name


def test_every_compartment_has_a_way():
    asked = {segments.get("type_name") for path, _, segments in ASKED if "<str:member>" in path}
    assert asked == compartments.definitions().keys()


@pytest.mark.parametrize("role", Role)
def test_every_role_asks(role):
    people = {
        Role.PRACTITIONER: "nurse",
        Role.COORDINATOR: "coordinator",
        Role.AUDITOR: "auditor",
        Role.ADMIN: "admin",
        Role.SERVICE: "service",
    }
    assert people[role] in READERS
