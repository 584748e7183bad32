"""A clinic in which everybody sees a little, and a case that may or may not be there besides.

What everybody sees points at the case all along, so that a door which follows a reference, joins,
counts or sorts without looking at rights has something to find as soon as the case is there.
"""

import json
from dataclasses import dataclass

from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import Pool
from accounts.tokens import issue
from fhir import actions
from fhir.actor import SYSTEM, Role
from tasks.models import Task, TaskUserObjectPermission
from tests import factories
from tests.factories import CARDIOLOGIST_ROLE, DOCTOR_ROLE, NURSE_ROLE, put, role, task_document

SECRET = "urn:secret"
"""The system of every code and identifier that only the case has."""


def to(reference: str) -> dict:
    return {"reference": reference}


def secret(code: str) -> dict:
    return {"coding": [{"system": SECRET, "code": code}], "text": f"Secret {code}"}


def identified(value: str) -> list[dict]:
    return [{"system": SECRET, "value": value}]


MARKS = {
    "profile": [f"{SECRET}:profile"],
    "security": [{"system": SECRET, "code": "security"}],
    "source": f"{SECRET}:source",
    "tag": [{"system": SECRET, "code": "tag"}],
}
NARRATIVE = {
    "status": "additional",
    "div": '<div xmlns="http://www.w3.org/1999/xhtml">Biopsy of the pancreas</div>',
}

# --- who asks -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reader:
    """`person` is of the cast, and `name` her user name; `scope` narrows her token."""

    person: str
    name: str = ""
    scope: str = ""


READERS = {
    "nurse": Reader("nurse", "maya"),
    "nurse of the same pool": Reader("nurse2", "tomas"),
    "cardiologist": Reader("cardiologist", "carl"),
    "coordinator": Reader("coordinator", "cora"),
    "coordinator of others": Reader("coordinator2", "omar"),
    "auditor": Reader("auditor"),
    "admin": Reader("admin"),
    "service": Reader("service"),
    "nurse, user/Task.r": Reader("nurse", "maya", "user/Task.r"),
    "nurse, user/Task.rs": Reader("nurse", "maya", "user/Task.rs"),
    "nurse, user/Patient.rs": Reader("nurse", "maya", "user/Patient.rs"),
    "nurse, system/*.cruds": Reader("nurse", "maya", "system/*.cruds"),
    "service, user/Task.rs": Reader("service", "", "user/Task.rs"),
    "service, user/Patient.rs": Reader("service", "", "user/Patient.rs"),
    "service, system/*.cruds": Reader("service", "", "system/*.cruds"),
    "dead token": Reader("nobody"),
    "anonymous": Reader(""),
}


def client_of(reader: Reader, cast: dict) -> Client:
    if not reader.person:
        return Client()
    if reader.person == "nobody":
        return Client(headers={"Authorization": "Bearer of-nobody"})
    token = issue(cast[reader.person].user, scope=reader.scope)
    return Client(headers={"Authorization": f"Bearer {token}"})


# --- what is always there -------------------------------------------------------------------------

WITH_WORK = ("maya", "tomas", "carl", "cora", "omar")


def open_clinic() -> dict:
    """The cast, each with a Task, a message and a record of her own: the only ones that she sees."""
    cast = factories.cast()
    cast["coordinator2"] = factories.person("omar", Role.COORDINATOR, "Omar Haddad")
    doctors = Pool.objects.get(codes__contains=[f"{factories.SNOMED}|{DOCTOR_ROLE}"])
    doctors.coordinators.add(cast["coordinator2"].user)
    put({"resourceType": "Organization", "id": "ward", "name": "Northgate"})
    put(
        {
            "resourceType": "Patient",
            "id": "shared",
            "name": [{"family": "Bouvier"}],
            "link": [{"other": to("Patient/case"), "type": "seealso"}],
        }
    )
    for name in WITH_WORK:
        _give_work(name)
    return cast


def _give_work(name: str) -> None:
    put({"resourceType": "Practitioner", "id": f"other-{name}", "active": True})
    work = task_document(
        owner=to(f"Practitioner/{name}"),
        requester=to("Patient/case"),
        partOf=[to("Task/case")],
        basedOn=[to("Task/case")],
        **{"for": to("Patient/shared")},
    )
    put(work | {"id": f"own-{name}", "input": [_input(f"List/mine-{name}")]})
    put(work | {"id": f"second-{name}", "priority": "urgent"})
    put(
        {
            "resourceType": "Communication",
            "id": f"mine-{name}",
            "status": "completed",
            "sender": to(f"Practitioner/{name}"),
            "partOf": [to("Communication/header")],
            "basedOn": [to("Task/case")],
            "subject": to("Patient/case"),
            "encounter": to("Encounter/case"),
        }
    )
    put(
        {
            "resourceType": "Provenance",
            "id": f"mine-{name}",
            "target": [to(f"Task/own-{name}"), to("Task/case"), to("Patient/case")],
            "recorded": "2026-01-02T03:04:05Z",
            "agent": [{"who": to(f"Practitioner/{name}")}],
            "entity": [{"role": "source", "what": to("Task/case")}],
        }
    )
    listed = (f"Task/own-{name}", "Task/case", "Patient/shared", "Patient/case")
    put(
        {
            "resourceType": "List",
            "id": f"mine-{name}",
            "status": "current",
            "mode": "working",
            "subject": to("Patient/case"),
            "entry": [{"item": to(each)} for each in listed],
        }
    )


def _input(reference: str) -> dict:
    return {"type": {"text": "Input"}, "valueReference": to(reference)}


# --- the case -------------------------------------------------------------------------------------

REPEATED = task_document(owner=to("Organization/ward"), description="Sent with a key")
"""What an admin has posted with the key `repeated`."""


def write_case(**elements) -> None:
    """A Task with every element that is searched by, all that it points at, and one more Task.

    Only the Task itself and `second-case` differ between relations: `elements` say to whom.
    """
    own = [to(f"Task/own-{name}") for name in WITH_WORK]
    put(
        task_document(
            id="case",
            meta=MARKS,
            text=NARRATIVE,
            identifier=identified("task"),
            groupIdentifier={"system": SECRET, "value": "group"},
            partOf=own,
            statusReason=secret("reason"),
            businessStatus=secret("business"),
            priority="stat",
            code=secret("code"),
            description="Biopsy",
            focus=to("Communication/header"),
            encounter=to("Encounter/case"),
            executionPeriod={"start": "2031-05-06"},
            authoredOn="2031-05-06",
            lastModified="2031-05-06",
            note=[{"text": "The mother does not know"}],
            restriction={"period": {"start": "2031-05-05", "end": "2031-05-07"}},
            input=[_input("List/case")],
            output=[_input("QuestionnaireResponse/case")],
            **{"requester": to("Practitioner/other-carl"), "for": to("Patient/case")}
            | {"basedOn": [to("DiagnosticReport/case"), *own]}
            | elements,
        )
    )
    second = {"requester": to("Practitioner/other-carl"), "for": to("Patient/shared")} | elements
    put(task_document(id="second-case", priority="asap", **second, focus=own[0]))
    for document in POINTED_AT:
        put(document)


_THREAD = {
    "identifier": identified("communication"),
    "meta": MARKS,
    "text": NARRATIVE,
    "category": [secret("category")],
    "medium": [secret("medium")],
    "instantiatesCanonical": [f"{SECRET}:canonical"],
    "instantiatesUri": [f"{SECRET}:uri"],
    "subject": to("Patient/case"),
    "encounter": to("Encounter/case"),
    "basedOn": [to("Task/case")],
    "sender": to("Practitioner/other-carl"),
    "recipient": [to("Practitioner/other-omar")],
    "sent": "2031-05-06T07:08:09Z",
    "received": "2031-05-06T07:08:09Z",
}
POINTED_AT = (
    {
        "resourceType": "Patient",
        "id": "case",
        "meta": MARKS,
        "text": NARRATIVE,
        "identifier": identified("patient"),
        "active": True,
        "name": [{"family": "Simpson", "given": ["Homer"]}],
        "telecom": [
            {"system": "phone", "value": "555-7334"},
            {"system": "email", "value": "homer@example.org"},
        ],
        "gender": "male",
        "birthDate": "1956-05-12",
        "deceasedDateTime": "2031-05-06",
        "address": [
            {"use": "old", "city": "Springfield", "state": "NT", "postalCode": "49007"}
            | {"country": "USA", "line": ["742 Evergreen Terrace"]}
        ],
        "communication": [{"language": secret("language")}],
        "generalPractitioner": [to("Practitioner/other-carl")],
        "managingOrganization": to("Organization/ward"),
        "link": [{"other": to("Patient/shared"), "type": "seealso"}],
    },
    {"resourceType": "Communication", "id": "header", "status": "in-progress", **_THREAD},
    {"resourceType": "Communication", "id": "message", "status": "in-progress", **_THREAD}
    | {"partOf": [to("Communication/header")], "payload": [{"contentString": "Malignant."}]},
    {
        "resourceType": "Encounter",
        "id": "case",
        "status": "onleave",
        "class": {"code": "AMB"},
        "subject": to("Patient/case"),
    },
    {
        "resourceType": "DiagnosticReport",
        "id": "case",
        "status": "amended",
        "code": secret("report"),
        "subject": to("Patient/case"),
    },
    {
        "resourceType": "QuestionnaireResponse",
        "id": "case",
        "status": "stopped",
        "subject": to("Patient/case"),
    },
    {
        "resourceType": "List",
        "id": "case",
        "status": "retired",
        "mode": "changes",
        "entry": [
            {"item": to(each)}
            for name in WITH_WORK
            for each in (
                f"Task/own-{name}",
                f"Communication/mine-{name}",
                f"Provenance/mine-{name}",
            )
        ]
        + [{"item": to("Patient/shared")}],
    },
    {
        "resourceType": "Provenance",
        "id": "case",
        "meta": MARKS,
        "text": NARRATIVE,
        "target": [to("Task/case")],
        "recorded": "2031-05-06T07:08:09Z",
        "occurredDateTime": "2031-05-06",
        "location": to("Location/secret"),
        "agent": [
            {
                "type": secret("agent-type"),
                "role": [secret("agent-role")],
                "who": to("Practitioner/other-carl"),
            }
        ],
        "entity": [{"role": "source", "what": to("Patient/case")}],
        "signature": [
            {
                "type": [{"system": SECRET, "code": "signature"}],
                "when": "2031-05-06T07:08:09Z",
                "who": to("Practitioner/other-carl"),
            }
        ],
    },
)


# --- what the case is to the nurse Maya -----------------------------------------------------------

OF_COLLEAGUE = {"owner": to("Practitioner/tomas")}
GIVEN_AWAY = [{"op": "replace", "path": "/owner", "value": to("Practitioner/tomas")}]
BOTH = ("case", "second-case")


def own(cast):
    write_case(owner=to("Practitioner/maya"))


def in_her_pool(cast):
    write_case(performerType=role(NURSE_ROLE))


def a_colleagues_of_her_pool(cast):
    write_case(performerType=role(NURSE_ROLE), **OF_COLLEAGUE)


def in_another_pool(cast):
    write_case(performerType=role(CARDIOLOGIST_ROLE))


def someone_elses(cast):
    """Child and parent of her own, as the case always is."""
    write_case(**OF_COLLEAGUE)


def an_organizations(cast):
    write_case(owner=to("Organization/ward"))


def nobodys(cast):
    write_case()


def granted(cast):
    write_case(**OF_COLLEAGUE)
    view = Permission.objects.get(codename="view_task", content_type__app_label="tasks")
    for task in Task.objects.filter(resource_id__in=BOTH):
        TaskUserObjectPermission.objects.create(
            user=cast["nurse"].user, content_object=task, permission=view
        )


def rerouted_away(cast):
    own(cast)
    for each in BOTH:
        actions.patch("Task", each, GIVEN_AWAY, actor=cast["nurse"].actor)


def successor(cast):
    """Of a reroute that keeps the former owner's view of the old one (T16), not of this."""
    write_case(requester=to("Practitioner/maya"), **OF_COLLEAGUE)


def deleted_own(cast):
    own(cast)
    _delete()


def deleted_someone_elses(cast):
    someone_elses(cast)
    _delete()


def _delete() -> None:
    for each in BOTH:
        actions.delete("Task", each, actor=SYSTEM)


ALL = {"nurse", "nurse2", "cardiologist", "coordinator", "coordinator2"}
READS_EVERYTHING = {"auditor", "admin", "service"}
SEEN_BY = {
    own: {"nurse"},
    in_her_pool: {"nurse", "nurse2", "coordinator"},
    a_colleagues_of_her_pool: {"nurse2", "coordinator"},
    in_another_pool: {"cardiologist"},
    someone_elses: {"nurse2"},
    an_organizations: set(),
    nobodys: set(),
    granted: {"nurse", "nurse2"},
    rerouted_away: {"nurse2"},
    successor: {"nurse2"},
    deleted_own: {"nurse"},
    deleted_someone_elses: {"nurse2"},
}
DELETED = (deleted_own, deleted_someone_elses)


def is_seen(relation, reader: Reader) -> bool:
    """Whether the person's role and relation show her the case, whatever her token says."""
    return reader.person in SEEN_BY[relation] | READS_EVERYTHING


def send_once(admin: Client) -> None:
    """An admin's request whose key others may guess."""
    answer = admin.post(
        "/api/fhir/Task",
        json.dumps(REPEATED),
        content_type="application/fhir+json",
        headers={"Idempotency-Key": "repeated"},
    )
    assert answer.status_code == 201
