"""Types of work as ActivityDefinitions, for systems that want to know what may be asked for.

Written after each migration and whenever an admin changes a type; every signed-in user reads them.
https://hl7.org/fhir/R4/activitydefinition.html
"""

from accounts.models import Pool
from fhir import actions
from fhir.access import add_directory
from fhir.actor import SYSTEM
from fhir.conformance import DATE, PUBLISHER, canonical
from fhir.datatypes import ID
from tasks import task_types
from tasks.moves import role_of
from tasks.task_types import TaskType

TYPE = "ActivityDefinition"


def register() -> None:
    add_directory(TYPE)


def export() -> None:
    """Store the ActivityDefinition of every type whose code can be an id, as far as it is another."""
    task_types.forget()
    pools = {pool.slug: pool for pool in Pool.objects.all()}
    for task_type in task_types.setup().types.values():
        if ID.fullmatch(task_type.code):
            document = activity_definition(task_type, pools.get(task_type.pool))
            actions.put(TYPE, task_type.code, document, actor=SYSTEM)


def activity_definition(task_type: TaskType, pool: Pool | None) -> dict:
    """What a Task of the type will be. Pure."""
    words = task_type.code.replace("-", " ").replace(".", " ").split()
    document = {
        "resourceType": TYPE,
        "id": task_type.code,
        "url": canonical(TYPE, task_type.code),
        "name": "".join(word.capitalize() for word in words),
        "title": task_type.title,
        "status": "active" if task_type.active else "retired",
        "experimental": False,
        "date": DATE,
        "publisher": PUBLISHER,
        "description": task_type.description or task_type.title,
        "kind": "Task",
        "code": task_type.as_concept(),
        "intent": "order",
    }
    if task_type.category:
        document["topic"] = [task_type.category.as_concept()]
    if task_type.priority:
        document["priority"] = task_type.priority
    if pool:
        document["participant"] = [{"type": "practitioner", "role": role_of(pool)}]
    return document
