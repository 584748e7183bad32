"""The reasons that people choose from when they pause a Task or end it without completing it.

They are written to `Task.statusReason` as a coding, so that they can be counted; "other" is only
its text.
"""

from typing import NamedTuple

SYSTEM = "urn:taskward:status-reason"


class Reason(NamedTuple):
    code: str
    display: str

    def as_concept(self) -> dict:
        coding = {"system": SYSTEM, "code": self.code, "display": self.display}
        return {"coding": [coding], "text": self.display}


OTHER = Reason("other", "Other")
REROUTED = Reason("rerouted", "Rerouted")
"""Of a Task that a successor replaces."""

REASONS: dict[str, tuple[Reason, ...]] = {
    "hold": (
        Reason("waiting-on-patient", "Waiting on patient"),
        Reason("waiting-on-result", "Waiting on a result"),
        Reason("waiting-on-colleague", "Waiting on a colleague"),
        Reason("waiting-on-outside", "Waiting on another organization"),
        OTHER,
    ),
    "reject": (
        Reason("wrong-pool", "Wrong pool"),
        Reason("outside-my-licence", "Outside my licence"),
        Reason("not-enough-information", "Not enough information"),
        OTHER,
    ),
    "fail": (
        Reason("patient-not-reached", "Patient not reached"),
        Reason("patient-declined", "Patient declined"),
        Reason("not-possible", "Could not be done"),
        OTHER,
    ),
    "cancel": (
        Reason("duplicate", "Duplicate"),
        Reason("not-needed", "No longer needed"),
        Reason("done-elsewhere", "Done elsewhere"),
        OTHER,
    ),
}
"""Action → what may be chosen, in the order shown."""

REROUTE_SYSTEM = "https://medplum.com/CodeSystem/reroute-reason"
REROUTE_REASONS = {
    "specialty-referral": "Specialty referral",
    "wrong-pool": "Wrong pool",
    "workload": "Workload",
    "end-of-shift": "End of shift",
    "outside-my-licence": "Outside my licence",
    "patient-asked": "Patient asked",
}
"""Why a Task is given to somebody else, in `Provenance.reason`: code → display."""
