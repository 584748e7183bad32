"""For whoever does not see the case, every answer is to the byte what it was before there was one.

requirements.md T2, T4, T5, T16, T18, T19.
"""

import pytest

from tests.integration.fhir.leaks.asking import BASES, Door
from tests.integration.fhir.leaks.clinic import (
    READERS,
    deleted_own,
    deleted_someone_elses,
    in_another_pool,
    in_her_pool,
    open_clinic,
    own,
    rerouted_away,
    someone_elses,
)
from tests.integration.fhir.leaks.judging import faults, told
from tests.integration.fhir.leaks.reading import READS
from tests.integration.fhir.leaks.writing import WRITES

pytestmark = pytest.mark.django_db

WAYS = READS + WRITES
CELLS = [
    ("nurse", BASES[0], WAYS, [someone_elses, deleted_own, deleted_someone_elses]),
    ("nurse", BASES[1], WAYS, [rerouted_away]),
    ("cardiologist", BASES[0], WAYS, [in_her_pool]),
    ("coordinator", BASES[0], WAYS, [in_another_pool]),
    ("auditor", BASES[0], READS, [someone_elses]),
    ("nurse, user/Task.r", BASES[0], READS, [own]),
    ("nurse, user/Task.rs", BASES[0], READS, [own]),
    ("nurse, user/Patient.rs", BASES[0], READS, [own]),
    ("nurse, system/*.cruds", BASES[0], READS, [someone_elses]),
    ("service, user/Task.rs", BASES[0], READS, [someone_elses]),
    ("service, user/Patient.rs", BASES[0], READS, [someone_elses]),
]
"""Who asks, below which base, what, and what the case is to the nurse."""


@pytest.fixture
def people(db):
    return open_clinic()


@pytest.mark.parametrize(("name", "base", "ways", "relations"), CELLS, ids=lambda _: "")
def test_in_a_batch_only_who_sees_the_case_is_told_of_it(people, name, base, ways, relations):
    ask = Door(READERS[name], people, base).answers_by_batch
    found = told({name: ask}, ways, relations, people)
    assert not (wrong := faults(found, ways)), "\n".join(wrong)


def test_by_http_every_way_tells_somebody_who_sees_the_case_and_nobody_else(people):
    found = {}
    for name, relations in {
        "nurse": [someone_elses, own, in_her_pool],
        "admin": [someone_elses],
    }.items():
        found |= told({name: Door(READERS[name], people).answers}, WAYS, relations, people)
    wrong, telling = faults(found, WAYS), set().union(*found.values())
    wrong += [f"{way.name} tells nobody" for way in WAYS if way not in telling and not way.silent]
    wrong += [f"{way.name} is not silent" for way in telling if way.silent]
    assert not wrong, "\n".join(wrong)
