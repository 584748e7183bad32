"""Every role × every relation to the case, by ways that differ in kind."""

import pytest

from tests.integration.fhir.leaks.asking import Door
from tests.integration.fhir.leaks.clinic import READERS, SEEN_BY, open_clinic
from tests.integration.fhir.leaks.judging import faults, told
from tests.integration.fhir.leaks.reading import READS
from tests.integration.fhir.leaks.writing import TAKE, WRITES

pytestmark = pytest.mark.django_db

READING = {
    "Task/case",
    "Task/case/_history/1",
    "Task/case/_history",
    "Task/_history",
    "Task?_id=case",
    "Task?_summary=count",
    "Task?_query=worklist",
    "?_type=Task&_id=case",
    "Patient/case",
    "Communication/message",
    "Provenance/case",
    "Patient/case/Task",
    "Patient?_id=shared&_revinclude=Task:patient",
    "Provenance?_id=mine-{me}&_include=Provenance:target",
    "Practitioner?_has:Task:requester:priority=asap",
    "List?_id=mine-{me}&item:Task.code=urn:secret|code",
}
WRITING = {
    ("PATCH", "Task/case"),
    ("POST", "Task/case/$claim"),
    ("DELETE", "Task?identifier=urn:secret|task"),
}


def test_every_role_is_told_of_what_it_sees_and_of_nothing_else(db):
    reads = [each for each in READS if each.path in READING and not each.headers]
    reads = [each for each in reads if each.method == "GET"]
    writes = [each for each in WRITES if (each.method, each.path) in WRITING and not each.headers]
    writes = [each for each in writes if each.body in (None, TAKE)]
    assert (len(reads), len(writes)) == (len(READING), len(WRITING))
    cast = open_clinic()
    asks = {name: Door(reader, cast).answers_by_batch for name, reader in READERS.items()}
    found = told(asks, reads + writes, SEEN_BY, cast)
    assert not (wrong := faults(found, reads + writes)), "\n".join(wrong)
