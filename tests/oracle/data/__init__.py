"""The documents that the oracle knows: few of each type, as awkward as R4 allows.

Their ids count (`t01`, `p01`, …); a comment says what a document is there for.
"""

from tests.oracle.data.directory import DIRECTORY
from tests.oracle.data.elements import BASE, NARRATIVE
from tests.oracle.data.measurements import MEASUREMENTS
from tests.oracle.data.messages import COMMUNICATIONS, PROVENANCES
from tests.oracle.data.patients import PATIENTS
from tests.oracle.data.staff import PRACTITIONERS, ROLES
from tests.oracle.data.tasks import TASKS

__all__ = ["BASE", "DELETED", "DOCUMENTS", "FORMER"]

DOCUMENTS = [
    *DIRECTORY,
    *PATIENTS,
    *PRACTITIONERS,
    *ROLES,
    *TASKS,
    *COMMUNICATIONS,
    *PROVENANCES,
    *MEASUREMENTS,
]
for document in DOCUMENTS:
    if document["id"].endswith("01"):
        document["text"] = NARRATIVE

FIRST = [PATIENTS[0], PRACTITIONERS[0], ROLES[0], COMMUNICATIONS[0]]
EMPTY = ["p05", "d05", "r05", "c04"]
# What those without anything said before: nothing of it may be found any more.
FORMER = [full | {"id": id} for full, id in zip(FIRST, EMPTY, strict=True)]
# What was there once: no search finds it, nothing includes it.
DELETED = [full | {"id": "deleted"} for full in (*FIRST, TASKS[0], PROVENANCES[0])]
