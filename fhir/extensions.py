"""The extensions of R4 that the protocol uses, as conformance resources."""

from fhir.conformance import extension

HISTORY_ACTOR = extension(
    "history-actor",
    on="Bundle.entry",
    name="HistoryActor",
    description="Who made a version, on the entries of a history: a reference, or the name of a"
    " user who has none.",
    elements=[
        {"path": "Extension.extension", "max": "0"},
        {"path": "Extension.value[x]", "min": 1, "type": [{"code": "Reference"}]},
    ],
)
