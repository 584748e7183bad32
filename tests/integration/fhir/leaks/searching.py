"""Every search parameter of the types of the case, and every reference from what is seen to it."""

from collections.abc import Iterator

from fhir import resources
from fhir.errors import InvalidSearch
from fhir.search.searchset import SearchSet
from tests.integration.fhir.leaks.way import Way, get

OF_ALL = {
    "_content": "biopsy",
    "_id": "case",
    "_lastUpdated": "ge2020",
    "_list": "case",
    "_profile": "urn:secret:profile",
    "_security": "urn:secret|security",
    "_source": "urn:secret:source",
    "_tag": "urn:secret|tag",
    "_text": "biopsy",
}
VALUES = {
    "Task": OF_ALL
    | {
        "authored-on": "2031-05-06",
        "based-on": "DiagnosticReport/case",
        "business-status": "urn:secret|business",
        "code": "urn:secret|code",
        "due-date": "2031-05-07",
        "encounter": "Encounter/case",
        "focus": "Communication/header",
        "for": "Patient/case",
        "group-identifier": "urn:secret|group",
        "identifier": "urn:secret|task",
        "input": "List/case",
        "intent": "order",
        "modified": "2031-05-06",
        "note": "The mother",
        "output": "QuestionnaireResponse/case",
        "owner": "Practitioner/maya",
        "part-of": "Task/own-maya",
        "patient": "Patient/case",
        "performer": "http://snomed.info/sct|224535009",
        "period": "ge2031-05-06",
        "priority": "stat",
        "priority-order": "3",
        "requester": "Practitioner/other-carl",
        "start-date": "ge2031-05-05",
        "status": "requested",
        "status-reason": "urn:secret|reason",
        "subject": "Patient/case",
    },
    "Communication": OF_ALL
    | {
        "_id": "header",
        "based-on": "Task/case",
        "category": "urn:secret|category",
        "encounter": "Encounter/case",
        "identifier": "urn:secret|communication",
        "instantiates-canonical": "urn:secret:canonical",
        "instantiates-uri": "urn:secret:uri",
        "medium": "urn:secret|medium",
        "part-of": "Communication/header",
        "patient": "Patient/case",
        "received": "2031-05-06",
        "recipient": "Practitioner/other-omar",
        "sender": "Practitioner/other-carl",
        "sent": "2031-05-06",
        "status": "in-progress",
        "subject": "Patient/case",
    },
    "Provenance": OF_ALL
    | {
        "agent": "Practitioner/other-carl",
        "agent-role": "urn:secret|agent-role",
        "agent-type": "urn:secret|agent-type",
        "entity": "Patient/case",
        "location": "Location/secret",
        "patient": "Patient/case",
        "recorded": "2031-05-06",
        "signature-type": "urn:secret|signature",
        "target": "Task/case",
        "when": "2031-05-06",
    },
    "Patient": OF_ALL
    | {
        "active": "true",
        "address": "742 Evergreen",
        "address-city": "Springfield",
        "address-country": "USA",
        "address-postalcode": "49007",
        "address-state": "NT",
        "address-use": "old",
        "birthdate": "1956-05-12",
        "death-date": "2031-05-06",
        "deceased": "true",
        "email": "homer@example.org",
        "family": "Simpson",
        "gender": "male",
        "general-practitioner": "Practitioner/other-carl",
        "given": "Homer",
        "identifier": "urn:secret|patient",
        "language": "urn:secret|language",
        "link": "Patient/shared",
        "name": "Simpson",
        "organization": "Organization/ward",
        "phone": "555-7334",
        "phonetic": "Simpson",
        "telecom": "555-7334",
    },
}
"""Of each type of which there are secrets, every parameter with the value that the case has."""


def searchable(type_name: str) -> type[SearchSet]:
    return resources.get(type_name).search()


def by_every_parameter() -> Iterator[Way]:
    for type_name, values in VALUES.items():
        filters = searchable(type_name).base_filters
        for name, value in values.items():
            some = name in ("owner", "performer")
            yield get(f"{type_name}?{name}={value}&_total=accurate", some=some)
            if "missing" in filters[name].modifiers:
                yield get(f"{type_name}?{name}:missing=true&_summary=count", silent=True)
                yield get(f"{type_name}?{name}:missing=false&_summary=count", silent=True)
            if can_sort(type_name, name):
                yield get(f"{type_name}?_sort={name}&_count=2&_elements=status", needs=None)
                yield get(f"{type_name}?_sort=-{name}&_count=2&_total=none", needs=None)


def can_sort(type_name: str, name: str) -> bool:
    try:
        searchable(type_name).sort_key(name, descending=False)
    except InvalidSearch:
        return False
    return True


VISIBLE = {
    "Task": "own-{me}",
    "Communication": "mine-{me}",
    "Provenance": "mine-{me}",
    "Patient": "shared",
    "Practitioner": "other-carl",
    "PractitionerRole": "maya-224535009",
    "Organization": "ward",
    "List": "mine-{me}",
}
"""What is seen all along, of every type that may point at the case or be pointed at by it."""


def by_every_reference() -> Iterator[Way]:
    """From what is seen along every reference to the case, and back."""
    for type_name, visible in VISIBLE.items():
        one = f"{type_name}?_id={visible}"
        for include in searchable(type_name).includes():
            yield get(f"{one}&_include={include}", silent=True)
        for revinclude in searchable(type_name).revincludes():
            if revinclude.partition(":")[0] in VALUES:
                yield get(f"{one}&_revinclude={revinclude}", silent=True)
                yield get(f"{one}&_has:{revinclude}:_lastUpdated=ge2020", silent=True)
