"""One running clinic for all clients that a worker drives."""

from collections.abc import Iterator

import pytest

from tests.clients import clinic, javascript


@pytest.fixture(scope="session")
def running_clinic(tmp_path_factory) -> Iterator[clinic.Clinic]:
    with clinic.running(tmp_path_factory.mktemp("clinic")) as running:
        yield running


@pytest.fixture(scope="session")
def installed_clients() -> None:
    javascript.install()
