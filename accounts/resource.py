"""People and places as the FHIR layer sees them: all staff read the directory, admins write it."""

from accounts.models import Patient, Practitioner, PractitionerRole
from fhir.resources import ResourceType
from fhir.resources import register as register_type


def register() -> None:
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
