"""Communication as the FHIR layer sees it."""

from communications.models import Communication
from communications.permissions import check_change
from fhir.resources import ResourceType
from fhir.resources import register as register_type


def register() -> None:
    register_type(
        ResourceType(
            "Communication",
            Communication,
            search=lambda: _search().CommunicationSearch,
            check_change=check_change,
        )
    )


def _search():
    from communications import search

    return search
