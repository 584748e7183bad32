"""Every search parameter and every reference, by which the case could be found or reached."""

import pytest

from tests.integration.fhir.leaks.asking import Door
from tests.integration.fhir.leaks.clinic import READERS, open_clinic, own, someone_elses
from tests.integration.fhir.leaks.judging import faults, told
from tests.integration.fhir.leaks.searching import by_every_parameter, by_every_reference

pytestmark = pytest.mark.django_db


def test_no_parameter_and_no_reference_tells(db):
    cast = open_clinic()
    ways = [*by_every_parameter(), *by_every_reference()]
    ask = Door(READERS["nurse"], cast).answers_by_batch
    found = told({"nurse": ask}, ways, [someone_elses, own], cast)
    assert not (wrong := faults(found, ways)), "\n".join(wrong)
