"""People and places as the FHIR layer sees them: all staff read the directory, admins write it."""

from accounts.models import Patient, Practitioner, PractitionerRole
from fhir.access import add_directory
from fhir.resources import ResourceType
from fhir.resources import register as register_type

DIRECTORY = ("Organization", "Location", "HealthcareService", "CareTeam")
"""What all staff may read besides practitioners and their roles (requirements.md T19)."""


def register() -> None:
    add_directory(*DIRECTORY)
    register_type(ResourceType("Patient", Patient, search=lambda: _search().PatientSearch))
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
