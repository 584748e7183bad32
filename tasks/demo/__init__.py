"""An invented clinic to show Taskward with: pure generators of FHIR documents."""

from tasks.demo.clinic import clinic

__all__ = ["clinic"]
