"""The definitions of our own parameters for Task, as FHIR resources: what R4 has none for."""

from pathlib import Path

import msgspec

FOLDER = Path(__file__).parent


def search_parameters() -> list[dict]:
    """SearchParameter resources. https://hl7.org/fhir/R4/searchparameter.html"""
    return msgspec.json.decode((FOLDER / "search_parameters.json").read_bytes())
