"""The extensions of R4 that the protocol uses, as conformance resources."""

from fhir.conformance import definition
from fhir.history import ACTOR_EXTENSION

HISTORY_ACTOR = definition(
    "StructureDefinition",
    "history-actor",
    name="HistoryActor",
    description="Who made a version, on the entries of a history.",
    fhirVersion="4.0.1",
    kind="complex-type",
    abstract=False,
    context=[{"type": "element", "expression": "Bundle.entry"}],
    type="Extension",
    baseDefinition="http://hl7.org/fhir/StructureDefinition/Extension",
    derivation="constraint",
    differential={
        "element": [
            {
                "id": "Extension",
                "path": "Extension",
                "short": "Who made this version",
                "definition": "A reference, or the name of a user who has none.",
                "max": "1",
            },
            {"id": "Extension.extension", "path": "Extension.extension", "max": "0"},
            {"id": "Extension.url", "path": "Extension.url", "fixedUri": ACTOR_EXTENSION},
            {
                "id": "Extension.value[x]",
                "path": "Extension.value[x]",
                "min": 1,
                "type": [{"code": "Reference"}],
            },
        ]
    },
)
