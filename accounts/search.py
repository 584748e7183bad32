"""What people can be searched by. https://hl7.org/fhir/R4/patient.html#search"""

from fhir.search.filters import DateFilter, ReferenceFilter, StringFilter, TokenFilter
from fhir.search.searchset import SearchSet


class PatientSearch(SearchSet):
    resource_type = "Patient"
    filters_by_name = {
        "active": TokenFilter(),
        "address": StringFilter(),
        "address-city": StringFilter(),
        "address-country": StringFilter(),
        "address-postalcode": StringFilter(),
        "address-state": StringFilter(),
        "address-use": TokenFilter(),
        "birthdate": DateFilter(),
        "death-date": DateFilter(),
        "deceased": TokenFilter(),
        "email": TokenFilter(),
        "family": StringFilter(),
        "gender": TokenFilter(),
        "general-practitioner": ReferenceFilter(),
        "given": StringFilter(),
        "identifier": TokenFilter(),
        "language": TokenFilter(),
        "link": ReferenceFilter(),
        "name": StringFilter(),
        "organization": ReferenceFilter(),
        "phone": TokenFilter(),
        "phonetic": StringFilter(),
        "telecom": TokenFilter(),
    }


class PractitionerSearch(SearchSet):
    resource_type = "Practitioner"
    filters_by_name = {
        "active": TokenFilter(),
        "address": StringFilter(),
        "address-city": StringFilter(),
        "address-country": StringFilter(),
        "address-postalcode": StringFilter(),
        "address-state": StringFilter(),
        "address-use": TokenFilter(),
        "communication": TokenFilter(),
        "email": TokenFilter(),
        "family": StringFilter(),
        "gender": TokenFilter(),
        "given": StringFilter(),
        "identifier": TokenFilter(),
        "name": StringFilter(),
        "phone": TokenFilter(),
        "phonetic": StringFilter(),
        "telecom": TokenFilter(),
    }


class PractitionerRoleSearch(SearchSet):
    resource_type = "PractitionerRole"
    filters_by_name = {
        "active": TokenFilter(),
        "date": DateFilter(),
        "email": TokenFilter(),
        "endpoint": ReferenceFilter(),
        "identifier": TokenFilter(),
        "location": ReferenceFilter(),
        "organization": ReferenceFilter(),
        "phone": TokenFilter(),
        "practitioner": ReferenceFilter(),
        "role": TokenFilter(),
        "service": ReferenceFilter(),
        "specialty": TokenFilter(),
        "telecom": TokenFilter(),
    }
