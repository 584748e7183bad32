"""The server's own conformance resources: valid, stored, readable by everybody, and kept fresh."""

import pytest
from django.core.management.sql import emit_post_migrate_signal

from accounts.care_team_roles import CARE_TEAM_ROLES
from fhir import actions, conformance, json, resources, store
from fhir.actor import SYSTEM
from fhir.history import ACTOR_EXTENSION
from fhir.models import ResourceVersion
from fhir.search.searchset import search
from fhir.validation import check_document
from tasks.reasons import SYSTEM as STATUS_REASON
from tasks.shipped import REASONS

BASE = "http://testserver/api/fhir"
DOCUMENTS = {f"{each['resourceType']}/{each['id']}": each for each in conformance.documents()}


def by_type(type_name):
    return [each for each in DOCUMENTS.values() if each["resourceType"] == type_name]


def test_there_is_one_of_each_kind():
    assert {each["resourceType"] for each in DOCUMENTS.values()} == {
        "CodeSystem",
        "OperationDefinition",
        "SearchParameter",
        "StructureDefinition",
        "ValueSet",
    }


@pytest.mark.parametrize("reference", DOCUMENTS)
def test_each_is_valid(reference):
    check_document(DOCUMENTS[reference])


@pytest.mark.parametrize("reference", DOCUMENTS)
def test_each_is_named_by_a_url_of_its_own(reference):
    document = DOCUMENTS[reference]
    others = [each["url"] for each in by_type(document["resourceType"]) if each is not document]
    assert document["url"] not in others
    ours = (f"{conformance.CANONICAL}/{reference}", f"urn:taskward:{document['id']}")
    assert document["url"] in ours
    first, rest = document["name"][0], document["name"][1:]
    assert first.isupper() and (rest.isalnum() or not rest)


@pytest.mark.parametrize(
    "who", ["nurse", "physician", "coordinator", "auditor", "admin", "service"]
)
def test_everybody_reads_and_finds_them(cast, who):
    actor = cast[who].actor
    for document in DOCUMENTS.values():
        resource_type = resources.get(document["resourceType"])
        stored = store.read(resource_type, document["id"], actor=actor).parsed()
        del stored["meta"]
        assert stored == document
        found = json.loads(
            search(resource_type, [("url", document["url"])], actor=actor, base=BASE)
        )
        assert [entry["resource"]["id"] for entry in found["entry"]] == [document["id"]]


@pytest.mark.parametrize("who", ["nurse", "coordinator", "auditor"])
def test_nobody_but_admins_and_services_changes_them(cast, who):
    document = DOCUMENTS["ValueSet/hold-reason"]
    with pytest.raises(Exception, match="Only an admin|An auditor"):
        actions.put("ValueSet", document["id"], document, actor=cast[who].actor)


# Fresh


def migrated():
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")


def test_migrating_again_makes_no_new_version(db):
    before = ResourceVersion.objects.count()
    migrated()
    assert ResourceVersion.objects.count() == before


def test_migrating_restores_what_was_changed_or_deleted(db):
    value_set, code_system = (
        DOCUMENTS["ValueSet/hold-reason"],
        DOCUMENTS["CodeSystem/status-reason"],
    )
    actions.put("ValueSet", "hold-reason", value_set | {"status": "retired"}, actor=SYSTEM)
    actions.delete("CodeSystem", "status-reason", actor=SYSTEM)
    migrated()
    for document in (value_set, code_system):
        resource_type = resources.get(document["resourceType"])
        stored = store.read(resource_type, document["id"], actor=SYSTEM)
        assert stored.parsed() | {"meta": None} == document | {"meta": None}
        assert stored.version_id == 3


def test_a_document_that_is_added_is_stored_by_the_next_migration(db, monkeypatch):
    monkeypatch.setattr(conformance, "_documents", dict(conformance._documents))
    new = conformance.value_set("new", {"urn:x": {"a": "A"}}, name="New", description="New codes.")
    conformance.add(new)
    migrated()
    assert store.read(resources.get("ValueSet"), "new", actor=SYSTEM).version_id == 1


# Complete


def test_every_operation_says_its_definition():
    """What /metadata names is there, and is the definition of that operation of that type."""
    missing = []
    for resource_type in resources.all_types():
        for operation in resource_type.operations:
            found = [
                each
                for each in by_type("OperationDefinition")
                if each["code"] == operation.name
                and each[operation.level]
                and set(each["resource"]) & {resource_type.name, "Resource"}
            ]
            if [each["url"] for each in found] != [operation.definition]:
                missing.append((resource_type.name, operation.name))
            else:
                assert found[0]["affectsState"] == operation.affects_state
    assert not missing


def test_every_parameter_of_ours_is_defined():
    """A parameter of a search table that R4 does not define has a SearchParameter here."""
    from fhir import definitions

    defined = {(base, each["code"]) for each in by_type("SearchParameter") for base in each["base"]}
    for resource_type in resources.all_types():
        official = definitions.search_parameters(resource_type.name)
        for name, *_ in resource_type.search().parameters():
            of_r4 = name in official or name.startswith("_")
            assert of_r4 or (resource_type.name, name) in defined, name


def test_every_reason_that_is_offered_is_in_its_value_set():
    code_system = DOCUMENTS["CodeSystem/status-reason"]
    assert code_system["url"] == STATUS_REASON
    codes = {concept["code"] for concept in code_system["concept"]}
    for kind, reasons in REASONS.items():
        [include] = DOCUMENTS[f"ValueSet/{kind}-reason"]["compose"]["include"]
        listed = [concept["code"] for concept in include["concept"]]
        assert listed == [each.code for each in reasons if not each.is_other]
        assert {include["system"]} == {each.system for each in reasons if not each.is_other}
        if include["system"] == STATUS_REASON:
            assert set(listed) <= codes


def test_every_care_team_role_is_in_the_value_set_by_both_codes():
    listed = {
        f"{include['system']}|{concept['code']}"
        for include in DOCUMENTS["ValueSet/care-team-role"]["compose"]["include"]
        for concept in include["concept"]
    }
    assert listed == {code for role in CARE_TEAM_ROLES for code in role.codes}


def test_the_extension_of_a_history_is_defined():
    assert ACTOR_EXTENSION in [each["url"] for each in by_type("StructureDefinition")]
