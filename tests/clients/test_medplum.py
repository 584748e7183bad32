"""The MedplumClient of npm @medplum/core: medplum.mjs, and every printed request in seeds.mjs."""

import pytest

from tests.clients import javascript

VERSIONS = {"5.2.13": ("@medplum/core", "api/fhir"), "4.5.2": ("medplum-core-4", "fhir/R4")}
"""Each of them under one of the two prefixes: version 4 finds /fhir/R4 without being told."""


@pytest.fixture(scope="module", params=VERSIONS)
def version(request, installed_clients) -> dict[str, str]:
    package, prefix = VERSIONS[request.param]
    return {"MEDPLUM": package, "PREFIX": prefix}


@pytest.fixture(scope="module")
def medplum(version, running_clinic, tmp_path_factory):
    return javascript.run(
        "medplum.mjs", running_clinic, tmp_path_factory.mktemp("medplum"), **version
    )


@pytest.fixture(scope="module", params=["one", "each"])
def seeds(request, version, running_clinic, tmp_path_factory):
    """Sent by one service account, and again by the people whom the pages name."""
    folder = tmp_path_factory.mktemp("seeds")
    return javascript.run("seeds.mjs", running_clinic, folder, ACTORS=request.param, **version)


@pytest.mark.parametrize("check", javascript.checks("medplum.mjs"))
def test_medplum(medplum, check):
    assert medplum[check] is None, medplum[check]


@pytest.mark.parametrize("check", javascript.checks("seeds.mjs"))
def test_printed_requests(seeds, check):
    assert seeds[check] is None, seeds[check]
