"""fhir-kit-client of npm: fhir_kit.mjs."""

import pytest

from tests.clients import javascript


@pytest.fixture(scope="module")
def fhir_kit(running_clinic, installed_clients, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fhir-kit")
    return javascript.run("fhir_kit.mjs", running_clinic, folder, PREFIX="api/fhir")


@pytest.mark.parametrize("check", javascript.checks("fhir_kit.mjs"))
def test_fhir_kit(fhir_kit, check):
    assert fhir_kit[check] is None, fhir_kit[check]
