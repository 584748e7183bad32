"""Who may read what: role × what the Task is to her × type, on every path that reads (T2, T4, T19).

Each case stands alone: one Task, and one resource of each type that it points at.
"""

import pytest
from django.contrib.auth.models import Permission

from accounts.actions import set_reference
from accounts.models import PractitionerRole
from fhir import resources, store
from fhir.actions import delete, patch
from fhir.actor import SYSTEM
from tasks.models import Task, TaskUserObjectPermission
from tests.factories import (
    CARDIOLOGIST_ROLE,
    DOCTOR_ROLE,
    NURSE_ROLE,
    create,
    put,
    role,
    task_document,
)

POINTED_AT = {"Patient/case", "Communication/header", "Communication/message"} | {
    "DiagnosticReport/case",
    "Encounter/case",
    "QuestionnaireResponse/case",
}
HANGS_ON_IT = {"Task/case", "Provenance/case"}
EVERYTHING = POINTED_AT | HANGS_ON_IT
DIRECTORY = {"Practitioner/tomas", "Organization/case"}
UNRELATED = {"Patient/other", "Communication/other", "DiagnosticReport/other", "Task/other"}
ALL = EVERYTHING | DIRECTORY | UNRELATED


def reference(to: str) -> dict:
    return {"reference": to}


def write_case(**elements) -> None:
    """One Task with what it points at, and as much that nothing of hers points at."""
    for name in ("case", "other"):
        put({"resourceType": "Patient", "id": name, "name": [{"family": "Simpson"}]})
        report = {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "HbA1c"}}
        put({**report, "id": name})
    others = {"for": reference("Patient/other"), "owner": reference("Practitioner/nobody")}
    put(task_document(id="other", basedOn=[reference("DiagnosticReport/other")], **others))
    result = {"type": {"text": "Result"}, "valueReference": reference("QuestionnaireResponse/case")}
    links = {
        "for": reference("Patient/case"),
        "focus": reference("Communication/header"),
        "encounter": reference("Encounter/case"),
        "basedOn": [reference("DiagnosticReport/case")],
        "output": [result],
    }
    put(task_document(id="case", **links, **elements))
    put({"resourceType": "Communication", "id": "header", "status": "in-progress"})
    message = {"resourceType": "Communication", "status": "completed"}
    put({**message, "id": "message", "partOf": [reference("Communication/header")]})
    put({**message, "id": "other", "sender": reference("Practitioner/nobody")})
    put(
        {
            "resourceType": "Encounter",
            "id": "case",
            "status": "finished",
            "class": {"code": "AMB"},
        }
    )
    put({"resourceType": "QuestionnaireResponse", "id": "case", "status": "completed"})
    put({"resourceType": "Organization", "id": "case", "name": "Northgate"})
    put(
        {
            "resourceType": "Provenance",
            "id": "case",
            "target": [reference("Task/case")],
            "recorded": "2026-01-02T03:04:05Z",
            "agent": [{"who": reference("Practitioner/tomas")}],
        }
    )


def hers(cast):
    write_case(owner=reference("Practitioner/maya"))


def in_her_pool(cast):
    write_case(performerType=role(NURSE_ROLE))


def in_her_pool_by_soc(cast):
    soc = [{"coding": [{"system": "https://www.bls.gov/soc", "code": "29-1141"}]}]
    write_case(performerType=soc)


def in_her_pool_second(cast):
    write_case(performerType=role(CARDIOLOGIST_ROLE) + role(NURSE_ROLE))


def in_her_pool_and_completed(cast):
    write_case(performerType=role(NURSE_ROLE), status="completed")


def in_another_pool(cast):
    write_case(performerType=role(CARDIOLOGIST_ROLE))


def a_colleagues_of_the_pool(cast):
    write_case(owner=reference("Practitioner/tomas"), performerType=role(NURSE_ROLE))


def a_colleagues(cast):
    write_case(owner=reference("Practitioner/tomas"))


def an_organizations(cast):
    write_case(owner=reference("Organization/case"))


def nobodys(cast):
    write_case()


def rerouted_by_her(cast):
    hers(cast)
    operations = [{"op": "replace", "path": "/owner", "value": reference("Practitioner/tomas")}]
    patch("Task", "case", operations, actor=cast["nurse"].actor)


def rerouted_to_her(cast):
    a_colleagues(cast)
    operations = [{"op": "replace", "path": "/owner", "value": reference("Practitioner/maya")}]
    patch("Task", "case", operations, actor=cast["nurse2"].actor)


def shown_to_her(cast):
    a_colleagues(cast)
    TaskUserObjectPermission.objects.create(
        user=cast["nurse"].user,
        content_object=Task.objects.get(resource_id="case"),
        permission=Permission.objects.get(codename="view_task", content_type__app_label="tasks"),
    )


def child_of_hers(cast):
    put(task_document(id="hers", owner=reference("Practitioner/maya")))
    write_case(owner=reference("Practitioner/tomas"), partOf=[reference("Task/hers")])


def parent_of_hers(cast):
    child = {"partOf": [reference("Task/case")], "basedOn": [reference("Task/case")]}
    put(task_document(id="hers", owner=reference("Practitioner/maya"), **child))
    a_colleagues(cast)


def successor_of_hers(cast):
    """A reroute that keeps her view of the old Task shows her nothing of the new one (T16)."""
    old = task_document(id="hers", owner=reference("Practitioner/maya"), status="cancelled")
    put(old)
    requester = reference("Practitioner/maya")
    write_case(owner=reference("Practitioner/tomas"), requester=requester)


def her_role_has_ended(cast):
    in_her_pool(cast)
    give_role(period={"start": "2020-01-01", "end": "2020-12-31"})


def her_role_has_not_begun(cast):
    in_her_pool(cast)
    give_role(period={"start": "2999-01-01"})


def her_role_is_not_active(cast):
    in_her_pool(cast)
    give_role(active=False)


def her_role_was_deleted(cast):
    in_her_pool(cast)
    delete("PractitionerRole", f"maya-{NURSE_ROLE}", actor=SYSTEM)
    assert PractitionerRole.objects.get(resource_id=f"maya-{NURSE_ROLE}").deleted


def give_role(**elements):
    put(
        {
            "resourceType": "PractitionerRole",
            "id": f"maya-{NURSE_ROLE}",
            "practitioner": reference("Practitioner/maya"),
            "code": role(NURSE_ROLE),
            **elements,
        }
    )


def sent_to_her_only(cast):
    nobodys(cast)
    message = {"resourceType": "Communication", "status": "completed"}
    put({**message, "id": "message", "recipient": [reference("Practitioner/maya")]})
    put({**message, "id": "header", "sender": reference("Practitioner/maya")})


NOTHING: set[str] = set()
# Relation → what the nurse, the other nurse of the same pool, the cardiologist and the
# coordinator of the nurses' pool may read of the case.
TABLE = {
    hers: (EVERYTHING, NOTHING, NOTHING, NOTHING),
    in_her_pool: (EVERYTHING, EVERYTHING, NOTHING, EVERYTHING),
    in_her_pool_by_soc: (EVERYTHING, EVERYTHING, NOTHING, EVERYTHING),
    in_her_pool_second: (EVERYTHING, EVERYTHING, EVERYTHING, EVERYTHING),
    in_her_pool_and_completed: (EVERYTHING, EVERYTHING, NOTHING, EVERYTHING),
    in_another_pool: (NOTHING, NOTHING, EVERYTHING, NOTHING),
    a_colleagues_of_the_pool: (NOTHING, EVERYTHING, NOTHING, EVERYTHING),
    a_colleagues: (NOTHING, EVERYTHING, NOTHING, NOTHING),
    an_organizations: (NOTHING, NOTHING, NOTHING, NOTHING),
    nobodys: (NOTHING, NOTHING, NOTHING, NOTHING),
    rerouted_by_her: (NOTHING, EVERYTHING, NOTHING, NOTHING),
    rerouted_to_her: (EVERYTHING, NOTHING, NOTHING, NOTHING),
    shown_to_her: (EVERYTHING, EVERYTHING, NOTHING, NOTHING),
    child_of_hers: (NOTHING, EVERYTHING, NOTHING, NOTHING),
    parent_of_hers: (NOTHING, EVERYTHING, NOTHING, NOTHING),
    successor_of_hers: (NOTHING, EVERYTHING, NOTHING, NOTHING),
    her_role_has_ended: (NOTHING, EVERYTHING, NOTHING, EVERYTHING),
    her_role_has_not_begun: (NOTHING, EVERYTHING, NOTHING, EVERYTHING),
    her_role_is_not_active: (NOTHING, EVERYTHING, NOTHING, EVERYTHING),
    her_role_was_deleted: (NOTHING, EVERYTHING, NOTHING, EVERYTHING),
    sent_to_her_only: ({"Communication/message", "Communication/header"}, NOTHING) + 2 * (NOTHING,),
}
READERS = ("nurse", "nurse2", "cardiologist", "coordinator")


def by_queryset(client, actor) -> set[str]:
    found = set()
    for each in ALL:
        type_name, _, resource_id = each.partition("/")
        rows = resources.get(type_name).model.objects.readable_by(actor)
        rows = rows.filter(resource_id=resource_id)
        if type_name in ("DiagnosticReport", "Encounter", "QuestionnaireResponse", "Organization"):
            rows = rows.filter(resource_type=type_name)
        if rows.exists():
            found.add(each)
    return found


def by_find(client, actor) -> set[str]:
    return {
        each
        for each in ALL
        if store.find(resources.get(each.partition("/")[0]), each.partition("/")[2], actor=actor)
    }


def answered(client, path) -> set[str]:
    found, never = set(), {}
    for each in ALL:
        type_name = each.partition("/")[0]
        if type_name not in never:
            never[type_name] = client.get(path.format(f"{type_name}/never-was"))
        answer = client.get(path.format(each))
        if answer.status_code == 200:
            found.add(each)
        else:
            assert answer.status_code == never[type_name].status_code == 404, path.format(each)
            assert answer.content == never[type_name].content, "404 tells that it exists (T5)"
            assert answer.headers.items() == never[type_name].headers.items()
    return found


def by_read(client, actor) -> set[str]:
    return answered(client, "{}")


def by_vread(client, actor) -> set[str]:
    return answered(client, "{}/_history/1")


def by_history(client, actor) -> set[str]:
    return answered(client, "{}/_history")


def by_search(client, actor) -> set[str]:
    found = set()
    for type_name in {each.partition("/")[0] for each in ALL}:
        bundle = client.get(f"{type_name}?_count=100&_total=accurate").json()
        ids = [entry["resource"]["id"] for entry in bundle.get("entry", [])]
        assert bundle["total"] == len(ids), "a total tells of what is not shown"
        found |= {f"{type_name}/{each}" for each in ids}
    return found & ALL


def by_search_for_ids(client, actor) -> set[str]:
    found, ids = set(), ",".join(sorted({each.partition("/")[2] for each in ALL}))
    for type_name in {each.partition("/")[0] for each in ALL}:
        bundle = client.get(f"{type_name}?_id={ids}").json()
        found |= {f"{type_name}/{entry['resource']['id']}" for entry in bundle.get("entry", [])}
    return found & ALL


def by_type_history(client, actor) -> set[str]:
    types = {each.partition("/")[0] for each in ALL}
    return set().union(*(by_histories(client, f"{type_name}/") for type_name in types))


def by_system_history(client, actor) -> set[str]:
    return by_histories(client, "")


def by_histories(client, path) -> set[str]:
    bundle = client.get(f"{path}_history?_count=1000").json()
    entries = bundle.get("entry", [])
    assert bundle["total"] == len(entries), "a total tells of what is not shown"
    return {entry["fullUrl"].removeprefix("http://testserver/api/fhir/") for entry in entries} & ALL


def by_system_search(client, actor) -> set[str]:
    types = ",".join(sorted({each.partition("/")[0] for each in ALL}))
    bundle = client.get(f"?_type={types}&_count=1000&_total=accurate").json()
    found = [entry["resource"] for entry in bundle.get("entry", [])]
    assert bundle["total"] == len(found), "a total tells of what is not shown"
    return {f"{each['resourceType']}/{each['id']}" for each in found} & ALL


def by_batch(client, actor) -> set[str]:
    names = sorted(ALL)
    entries = [{"request": {"method": "GET", "url": each}} for each in names]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    answers = client.post("", bundle).json()["entry"]
    statuses = [answer["response"]["status"][:3] for answer in answers]
    assert {*statuses} <= {"200", "404"}
    return {each for each, status in zip(names, statuses, strict=True) if status == "200"}


PATHS = [
    by_queryset, by_find, by_read, by_vread, by_history, by_type_history, by_system_history,
    by_search, by_search_for_ids, by_system_search, by_batch,
]  # fmt: skip


@pytest.mark.parametrize("relation", TABLE, ids=lambda relation: relation.__name__)
def test_every_path_shows_what_the_relation_reveals(cast, api, relation):
    relation(cast)
    for name, expected in zip(READERS, TABLE[relation], strict=True):
        client, actor = api(name), cast[name].actor
        for path in PATHS:
            assert path(client, actor) == expected | DIRECTORY, f"{name}, {path.__name__}"


@pytest.mark.parametrize("name", ["auditor", "admin", "service"])
def test_who_reads_everything_reads_everything(cast, api, name):
    a_colleagues(cast)
    for path in PATHS:
        assert path(api(name), cast[name].actor) == ALL, path.__name__


JOINS = [
    "Task?_id=case&_include=Task:patient&_include=Task:focus",
    "Patient?_id=case&_revinclude=Task:patient",
    "Provenance?_id=case&_include=Provenance:target",
    "Communication?_id=message&_include=Communication:part-of",
    "Task?patient.name=Simpson",
    "Patient?_has:Task:patient:status=requested",
    "Provenance?target=Task/case",
    "Task?focus=Communication/header",
]


@pytest.mark.parametrize("relation", [a_colleagues, rerouted_by_her, in_another_pool, nobodys])
def test_joins_show_nothing_more(cast, api, relation):
    relation(cast)
    for path in JOINS:
        bundle = api("nurse").get(path).json()
        assert bundle.get("entry", []) == [], path
        assert bundle.get("total", 0) == 0, path
        seen = api("admin").get(path).json()
        assert seen["entry"], f"{path} finds nothing even for an admin"


def test_what_a_deleted_task_pointed_at_is_revealed_no_more(cast, api):
    hers(cast)
    assert api("admin").delete("Task/case").status_code == 204
    assert api("nurse").get("Task/case").status_code == 410
    assert api("nurse").get("Task/case/_history/2").status_code == 410
    for each in POINTED_AT:
        assert api("nurse").get(each).status_code == 404
    never = api("nurse2").get("Task/never-was")
    assert api("nurse2").get("Task/case").content == never.content


def test_a_former_owner_loses_what_she_wrote(cast, api):
    """T4: versions that she made herself too; her own reroute still answers with the body."""
    hers(cast)
    nurse = api("nurse")
    operations = [{"op": "replace", "path": "/owner", "value": reference("Practitioner/tomas")}]
    rerouted = nurse.patch("Task/case", operations)
    assert (rerouted.status_code, rerouted.json()["owner"]) == (200, operations[0]["value"])
    never = nurse.get("Task/never-was").content
    for path in ("Task/case", "Task/case/_history", "Task/case/_history/1", "Task/case/_history/2"):
        answer = nurse.get(path)
        assert (answer.status_code, answer.content) == (404, never), path
    for headers in ({"If-None-Match": 'W/"2"'}, {"If-Match": 'W/"2"'}):
        assert nurse.get("Task/case", **headers).status_code == 404
    assert api("nurse2").get("Task/case/_history").json()["total"] == 2


def test_rights_end_with_the_request_that_ends_them(cast, api):
    in_her_pool(cast)
    nurse = api("nurse")
    assert nurse.get("Task/case").status_code == 200
    give_role(active=False)
    assert nurse.get("Task/case").status_code == 404
    give_role(active=True)
    assert nurse.get("Task/case").status_code == 200
    cast["nurse"].user.is_active = False
    cast["nurse"].user.save()
    assert nurse.get("Task/case").status_code == 401


def test_a_user_with_a_new_reference_sees_what_that_owns(cast, api):
    hers(cast)
    set_reference(cast["nurse"].user, "")
    assert api("nurse").get("Task/case").status_code == 404
    set_reference(cast["physician"].user, "Practitioner/maya")
    assert api("physician").get("Task/case").status_code == 200


def test_a_task_that_was_there_before_its_pool_is_seen_by_its_members(cast, api):
    put(task_document(id="before", performerType=role("3842006")))
    put(
        {
            "resourceType": "PractitionerRole",
            "id": "ines-chiropractor",
            "practitioner": reference("Practitioner/ines"),
            "code": role("3842006"),
        }
    )
    assert api("physician").get("Task/before").status_code == 200
    assert api("nurse").get("Task/before").status_code == 404
    create(task_document(performerType=role(DOCTOR_ROLE)))
    assert api("physician").get("Task?_total=accurate").json()["total"] == 2
