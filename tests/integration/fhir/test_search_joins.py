"""Chains, `_has`, `_include` and `_revinclude`, and that none of them shows what may not be seen."""

import pytest

from fhir.errors import InvalidSearch
from fhir.search import chains, includes
from tests.factories import NURSE_ROLE, SNOMED, create, put, role, task_document
from tests.integration.fhir.search import bundle, ids, included

pytestmark = pytest.mark.django_db


def task(id, **elements):
    elements["for"] = elements.pop("for_", {"reference": "Patient/homer"})
    return put(task_document(id=id, **elements))


def patient(id, state="IL", family="Simpson"):
    return put(
        {
            "resourceType": "Patient",
            "id": id,
            "name": [{"family": family}],
            "address": [{"state": state}],
            "generalPractitioner": [{"reference": "Practitioner/maya"}],
        }
    )


@pytest.fixture(params=["few ids", "many ids"])
def both_ways(request, monkeypatch):
    """What is joined is looked up first when it is little, and joined in one statement when not."""
    if request.param == "many ids":
        monkeypatch.setattr(chains, "FEW", 0)


# --- chains ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("both_ways")
def test_chains(cast):
    patient("homer")
    patient("ned", state="NY", family="Flanders")
    header = {"resourceType": "Communication", "id": "c1", "status": "completed"}
    put(header | {"sender": {"reference": "Patient/homer"}})
    task("t1", owner={"reference": "Practitioner/maya"}, focus={"reference": "Communication/c1"})
    task("t2", for_={"reference": "Patient/ned"}, requester={"reference": "Practitioner/ines"})
    for query, expected in {
        "patient.address-state=IL": ["t1"],
        "patient.address-state=NY": ["t2"],
        "patient.address-state:exact=IL": ["t1"],
        "subject:Patient.family=flan": ["t2"],
        "for:Patient._id=ned": ["t2"],
        "owner:Practitioner.family=Lindqvist": ["t1"],
        "owner.given=maya": ["t1"],
        "requester:Practitioner.name=Cardoso": ["t2"],
        "focus:Communication.sender:Patient.family=Simpson": ["t1"],
        "patient.general-practitioner:Practitioner.family=Lind&patient.family=Fla": ["t2"],
        "patient.family:missing=true": [],
        "patient.family=Burns": [],
    }.items():
        assert ids(f"Task?{query}") == expected, query


@pytest.mark.usefixtures("both_ways")
def test_an_untyped_chain_leads_to_every_type_that_there_is():
    patient("homer")
    put({"resourceType": "Group", "id": "g", "type": "person", "actual": True, "name": "Simpsons"})
    put({"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"}})
    task("t1", focus={"reference": "Observation/o"})
    task("t2", for_={"reference": "Group/g"}, focus={"reference": "Task/t1"})
    for query, expected in {
        "subject.name=simpson": ["t1"],
        "subject.identifier=1": [],
        "subject._id=g": ["t2"],
        "subject.actual=true": ["t2"],
        "focus.status=final": ["t1"],
        "focus.status=requested,final": ["t1", "t2"],
        "focus.subject:Patient.name=simpson": ["t2"],
        "focus._has:Task:focus:_id=t2": ["t2"],
    }.items():
        assert sorted(ids(f"Task?{query}")) == expected, query


@pytest.mark.parametrize(
    "query", ["focus.focus.focus.status=x", "focus.source=x", "subject.subject.subject._id=x"]
)
def test_a_chain_that_could_mean_too_much_is_refused(query):
    with pytest.raises(InvalidSearch):
        ids(f"Task?{query}")


@pytest.mark.usefixtures("both_ways")
def test_a_chain_does_not_look_into_what_the_actor_may_not_see(cast):
    """The physician's only Task points at Ned; Homer is nobody of hers."""
    patient("homer")
    patient("ned", family="Flanders")
    ines = {"reference": "Practitioner/ines"}
    task("t1", owner=ines, for_={"reference": "Patient/ned"})
    put(
        {
            "resourceType": "Observation",
            "id": "o1",
            "status": "final",
            "code": {"text": "HbA1c"},
            "subject": {"reference": "Patient/homer"},
        }
    )
    task("t2", owner=ines, for_={"reference": "Group/g"}, focus={"reference": "Observation/o1"})
    physician = cast["physician"].actor
    assert ids("Task?patient.family=Flanders", actor=physician) == ["t1"]
    # She sees the Observation, but not the Patient that it is about.
    assert ids("Observation", actor=physician) == ["o1"]
    assert ids("Patient", actor=physician) == ["ned"]
    assert ids("Task?focus:Observation.subject:Patient.family=Simpson") == ["t2"]
    assert ids("Task?focus:Observation.subject:Patient.family=Simpson", actor=physician) == []
    assert ids("Observation?patient.family=Simpson", actor=physician) == []
    assert bundle("Observation?patient.family=Simpson&_count=0", actor=physician)["total"] == 0


# --- _has -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("both_ways")
def test_has(cast):
    patient("homer")
    patient("ned")
    task("t1", status="accepted", owner={"reference": "Practitioner/maya"})
    task("t2", for_={"reference": "Patient/ned"}, owner={"reference": "Practitioner/ines"})
    put(
        {
            "resourceType": "Provenance",
            "id": "v1",
            "target": [{"reference": "Task/t1"}],
            "recorded": "2024-03-15T10:00:00Z",
            "agent": [{"who": {"reference": "Practitioner/maya"}}],
        }
    )
    assert ids("Patient?_has:Task:patient:status=accepted") == ["homer"]
    assert ids("Patient?_has:Task:subject:owner=Practitioner/ines") == ["ned"]
    assert ids("Patient?_has:Task:patient:_has:Provenance:target:agent=Practitioner/maya") == [
        "homer"
    ]
    assert ids("Task?_has:Provenance:target:agent=Practitioner/maya") == ["t1"]
    assert ids("Practitioner?_has:Task:owner:patient.family=Simpson&_id=ines") == ["ines"]
    # The nurse may not see the physician's Task, so it proves nothing of its owner.
    nurse = cast["nurse"].actor
    assert ids("Practitioner?_has:Task:owner:_id=t2", actor=nurse) == []
    assert ids("Practitioner?_has:Task:owner:_id=t1", actor=nurse) == ["maya"]


# --- _include -------------------------------------------------------------------------------------


def test_the_thread_of_a_pool_task(cast):
    header = {"resourceType": "Communication", "id": "c1", "status": "in-progress"}
    put(header)
    task("t1", performerType=role(NURSE_ROLE), focus={"reference": "Communication/c1"})
    query = f"Task?performer={SNOMED}|{NURSE_ROLE}&owner:missing=true&_include=Task:focus"
    answer = bundle(query, actor=cast["nurse"].actor)
    assert answer["total"] == 1
    assert [entry["search"]["mode"] for entry in answer["entry"]] == ["match", "include"]
    assert included(query) == ["c1"]
    assert included(query.replace("Task:focus", "Task:focus:Communication")) == ["c1"]
    assert included(query.replace("Task:focus", "Task:focus:Patient")) == []
    assert included(query.replace("Task:focus", "Communication:sender")) == []


def test_everything_that_matches_point_at(cast):
    patient("homer")
    task("t1", owner={"reference": "Practitioner/maya"}, requester={"reference": "Practitioner/x"})
    assert sorted(included("Task?_include=*")) == ["homer", "maya"]
    assert sorted(included("Task?_include=Task:*")) == ["homer", "maya"]
    assert included("Task?_include=Task:owner,Task:requester") == ["maya"]
    assert included("Task?_include=Task:for") == ["homer"]


def tree():
    """root ← child ← grandchild, and a circle: root is part of grandchild."""
    task("root", partOf=[{"reference": "Task/grandchild"}])
    task("child", partOf=[{"reference": "Task/root"}])
    task("grandchild", partOf=[{"reference": "Task/child"}])


def test_subtasks():
    tree()
    assert ids("Task?part-of=Task/root") == ["child"]
    assert included("Task?_id=root&_revinclude=Task:part-of") == ["child"]
    assert included("Task?_id=root&_include=Task:part-of") == ["grandchild"]


def test_a_whole_tree_and_its_circle_ends():
    tree()
    for direction in ("_revinclude", "_include"):
        found = included(f"Task?_id=child&{direction}:iterate=Task:part-of")
        assert sorted(found) == ["grandchild", "root"]
    both = "Task?_id=child&_include:iterate=Task:part-of&_revinclude:iterate=Task:part-of"
    assert sorted(included(both)) == ["grandchild", "root"]


def test_iterate_follows_what_was_included(cast):
    patient("homer")
    task("t1")
    query = "Task?_include=Task:patient&_include{}=Patient:general-practitioner"
    assert included(query.format(":iterate")) == ["homer", "maya"]
    assert included(query.format("")) == ["homer"]


def test_includes_show_nothing_that_may_not_be_seen(cast):
    nurse = cast["nurse"].actor
    maya, ines = {"reference": "Practitioner/maya"}, {"reference": "Practitioner/ines"}
    patient("homer")
    task("parent", owner=ines)
    task("mine", owner=maya, partOf=[{"reference": "Task/parent"}])
    task("child", owner=ines, partOf=[{"reference": "Task/mine"}])
    around = included("Task?_id=mine&_include=Task:part-of&_revinclude=Task:part-of")
    assert sorted(around) == ["child", "parent"]
    answer = bundle("Task?_include=Task:part-of&_revinclude=Task:part-of", actor=nurse)
    assert [entry["resource"]["id"] for entry in answer["entry"]] == ["mine"]
    assert answer["total"] == 1
    assert included("Task?_include=Task:patient", actor=nurse) == ["homer"]
    assert included("Patient?_revinclude=Task:patient", actor=nurse) == ["mine"]
    assert included("Patient?_revinclude=Task:patient", actor=cast["cardiologist"].actor) == []


def test_too_many_includes_are_cut_and_say_so(monkeypatch):
    monkeypatch.setattr(includes, "MAX_INCLUDED", 3)
    task("root")
    for number in range(5):
        task(f"child{number}", partOf=[{"reference": "Task/root"}])
    answer = bundle("Task?_id=root&_revinclude=Task:part-of")
    modes = [entry["search"]["mode"] for entry in answer["entry"]]
    assert modes == ["match", "include", "include", "include", "outcome"]
    assert answer["total"] == 1
    assert answer["entry"][-1]["resource"]["issue"][0]["severity"] == "warning"


# --- who sees what --------------------------------------------------------------------------------


def test_lists_and_totals_are_of_what_the_actor_may_see(cast):
    task("mine", owner={"reference": "Practitioner/maya"})
    task("theirs", owner={"reference": "Practitioner/ines"})
    task("pool", performerType=role(NURSE_ROLE))
    task("other-pool", performerType=role("17561000"))
    seen = {
        "nurse": {"mine", "pool"},
        "nurse2": {"pool"},
        "physician": {"theirs"},
        "cardiologist": {"other-pool"},
        "coordinator": {"pool"},
        "auditor": {"mine", "theirs", "pool", "other-pool"},
        "admin": {"mine", "theirs", "pool", "other-pool"},
        "service": {"mine", "theirs", "pool", "other-pool"},
    }
    for name, expected in seen.items():
        actor = cast[name].actor
        assert set(ids("Task", actor=actor)) == expected, name
        for query in ("_count=0", "_summary=count", "_count=1&_total=accurate", "_count=1"):
            assert bundle(f"Task?{query}", actor=actor)["total"] == len(expected), (name, query)
    nurse = cast["nurse"].actor
    assert ids("Task?owner=Practitioner/ines", actor=nurse) == []
    assert ids("Task?_id=theirs", actor=nurse) == []
    assert ids(f"Task?performer={SNOMED}|17561000&owner:missing=true", actor=nurse) == []


def test_a_pool_task_of_hers_stays_in_the_search_for_its_role(cast):
    """Strict: the performer filter means the codes, whoever owns the Task."""
    created = create(
        task_document(performerType=role("17561000"), owner={"reference": "Practitioner/maya"})
    )
    query = f"Task?performer={SNOMED}|17561000"
    assert ids(query, actor=cast["nurse"].actor) == [created["id"]]
    assert ids(query, actor=cast["cardiologist"].actor) == []
