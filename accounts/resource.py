"""People and places as the FHIR layer sees them: all staff read the directory, admins write it."""

from accounts import conformance
from accounts.models import Patient, Practitioner, PractitionerRole
from fhir import everything
from fhir.access import add_directory
from fhir.models import ClinicalResource
from fhir.resources import ResourceType
from fhir.resources import register as register_type
from fhir.search.searchset import search_set_for

DIRECTORY = ("Organization", "Location", "HealthcareService", "CareTeam")
"""What all staff may read besides practitioners and their roles (requirements.md T19)."""


def register() -> None:
    add_directory(*DIRECTORY)
    register_type(
        ResourceType(
            "Patient",
            Patient,
            search=lambda: _search().PatientSearch,
            operations=everything.operations("Patient", conformance.PATIENT_EVERYTHING),
        )
    )
    register_type(
        ResourceType(
            "Encounter",
            ClinicalResource,
            search=lambda: search_set_for("Encounter", ClinicalResource),
            operations=everything.operations("Encounter", conformance.ENCOUNTER_EVERYTHING),
        )
    )
    register_type(
        ResourceType("Practitioner", Practitioner, search=lambda: _search().PractitionerSearch)
    )
    register_type(
        ResourceType(
            "PractitionerRole", PractitionerRole, search=lambda: _search().PractitionerRoleSearch
        )
    )


def _search():
    from accounts import search

    return search
