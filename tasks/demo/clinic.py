"""The demo clinic as a whole: Northgate Family Health, its patients and its work."""

from collections.abc import Iterator
from datetime import datetime
from random import Random

from tasks.demo.paperwork import questionnaires
from tasks.demo.patients import patients
from tasks.demo.staff import staff
from tasks.demo.work import work

SEED = 20_261_121


def clinic(now: datetime) -> Iterator[dict]:
    """Every document of the clinic; each comes after what it refers to.

    The same `now` gives the same documents, and another one the same ids with other times.
    """
    rng = Random(SEED)
    yield from staff()
    yield from patients(rng)
    yield from questionnaires()
    made = work(rng, now)
    yield from made.documents
    yield from made.tasks
    yield from made.provenance
