"""The invariants of every R4 type: what holds between its elements.

https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

FOLDER = Path(__file__).parent


class Invariant(NamedTuple):
    key: str
    human: str
    """HL7's sentence."""
    expression: str
    """FHIRPath."""


@cache
def _invariants() -> dict[str, list[Invariant]]:
    return msgspec.json.decode(
        (FOLDER / "invariants.json").read_bytes(), type=dict[str, list[Invariant]]
    )


def invariants(type_name: str) -> tuple[Invariant, ...]:
    """What a resource type, datatype or nested element must be, besides what it inherits."""
    return tuple(_invariants().get(type_name, ()))


def types_with_invariants() -> list[str]:
    return sorted(_invariants())
