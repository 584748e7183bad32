"""Documents and people for tests. What is stored goes through the product's own actions."""

from dataclasses import dataclass

from accounts.actions import create_user
from accounts.identity import actor_of
from accounts.models import Pool, User
from fhir import actions
from fhir.actor import SYSTEM, Actor, Role
from fhir.subscriptions.models import Endpoint

SNOMED = "http://snomed.info/sct"
NURSE_ROLE, DOCTOR_ROLE, CARDIOLOGIST_ROLE = "224535009", "158965000", "17561000"


@dataclass
class Person:
    user: User

    @property
    def actor(self) -> Actor:
        """Read anew each time, as every request does."""
        return actor_of(self.user)

    @property
    def reference(self) -> str:
        return self.user.reference


def role(code: str) -> list[dict]:
    """A performerType or PractitionerRole.code of one SNOMED code."""
    return [{"coding": [{"system": SNOMED, "code": code}]}]


def put(document: dict, *, actor: Actor = SYSTEM) -> dict:
    stored, _ = actions.put(document["resourceType"], document["id"], document, actor=actor)
    return stored.parsed()


def person(username: str, role_name: Role, display: str, *codes: str) -> Person:
    """A user, with a Practitioner and an active PractitionerRole for each code."""
    reference = f"Practitioner/{username}"
    given, _, family = display.rpartition(" ")
    put(
        {
            "resourceType": "Practitioner",
            "id": username,
            "name": [{"family": family, "given": [given]}],
        }
    )
    for code in codes:
        put(
            {
                "resourceType": "PractitionerRole",
                "id": f"{username}-{code}",
                "active": True,
                "practitioner": {"reference": reference},
                "code": role(code),
            }
        )
    return Person(create_user(username, role=role_name, reference=reference, display=display))


def cast() -> dict[str, Person]:
    people = {
        "nurse": person("maya", Role.PRACTITIONER, "Maya Lindqvist", NURSE_ROLE),
        "nurse2": person("tomas", Role.PRACTITIONER, "Tomás Rivera", NURSE_ROLE),
        "physician": person("ines", Role.PRACTITIONER, "Ines Cardoso", DOCTOR_ROLE),
        "cardiologist": person("carl", Role.PRACTITIONER, "Carl Ostrow", CARDIOLOGIST_ROLE),
        "coordinator": person("cora", Role.COORDINATOR, "Cora Blake"),
        "auditor": person("audrey", Role.AUDITOR, "Audrey Finch"),
        "admin": person("ada", Role.ADMIN, "Ada Moss"),
        "service": Person(create_user("ehr", role=Role.SERVICE)),
    }
    nurses = Pool.objects.get(slug="registered-nurse")
    nurses.coordinators.add(people["coordinator"].user)
    return people


def task_document(**elements) -> dict:
    return {"resourceType": "Task", "status": "requested", "intent": "order", **elements}


def pool_task(code: str = NURSE_ROLE, **elements) -> dict:
    """A Task that waits in a pool."""
    return create(task_document(performerType=role(code), **elements))


def owned_task(owner: Person, **elements) -> dict:
    return create(task_document(owner={"reference": owner.reference}, **elements))


def create(document: dict, *, actor: Actor = SYSTEM) -> dict:
    return actions.create(document["resourceType"], document, actor=actor).parsed()


def list_endpoint(host: str = "ehr.example", **entry) -> Endpoint:
    """Let Subscriptions send to a host, as an admin would in the allow-list."""
    found, _ = Endpoint.objects.get_or_create(host=host, **entry)
    return found
