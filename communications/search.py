"""What Communications can be searched by. https://hl7.org/fhir/R4/communication.html#search"""

from fhir.search.filters import DateFilter, ReferenceFilter, TokenFilter, UriFilter
from fhir.search.searchset import SearchSet


class CommunicationSearch(SearchSet):
    resource_type = "Communication"
    filters_by_name = {
        "based-on": ReferenceFilter(),
        "category": TokenFilter(),
        "encounter": ReferenceFilter(),
        "identifier": TokenFilter(),
        "instantiates-canonical": ReferenceFilter(),
        "instantiates-uri": UriFilter(),
        "medium": TokenFilter(),
        "part-of": ReferenceFilter(),
        "patient": ReferenceFilter(),
        "received": DateFilter(),
        "recipient": ReferenceFilter(),
        "sender": ReferenceFilter(),
        "sent": DateFilter(),
        "status": TokenFilter(),
        "subject": ReferenceFilter(),
    }
