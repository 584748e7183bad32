"""The smallest valid document of every type: what R4 requires, and no more."""

from typing import Any

from fhir import definitions

PRIMITIVES = {
    "base64Binary": "YQ==",
    "boolean": True,
    "date": "2024-01-02",
    "dateTime": "2024-01-02",
    "decimal": 1,
    "instant": "2024-01-02T03:04:05Z",
    "integer": 1,
    "positiveInt": 1,
    "time": "03:04:05",
    "unsignedInt": 1,
    "uuid": "urn:uuid:4b7a2f0e-6f1d-4a51-9c53-0d6a1e5c7a10",
}
DATATYPES = {
    "Attachment": {"url": "urn:x:attachment"},
    "CodeableConcept": {"text": "x"},
    "Coding": {"system": "urn:x", "code": "a"},
    "ContactPoint": {"system": "phone", "value": "1"},
    "Identifier": {"system": "urn:x", "value": "1"},
    "Money": {"value": 1},
    "Period": {"start": "2024-01-02"},
    "Quantity": {"value": 1},
    "Resource": {"resourceType": "Basic", "code": {"text": "x"}},
    "Timing": {"event": ["2024-01-02"]},
}
IMPLEMENTATION = {"description": "x"}
MORE = {
    "AllergyIntolerance": {"clinicalStatus": {"text": "active"}},
    "Appointment": {"participant": [{"actor": {"reference": "Patient/x"}, "status": "accepted"}]},
    "AppointmentResponse": {"actor": {"reference": "Patient/x"}},
    "Bundle": {"type": "collection"},
    "CapabilityStatement": {
        "implementation": IMPLEMENTATION,
        "fhirVersion": "4.0.1",
        "rest": [{"mode": "server"}],
    },
    "Consent": {"policyRule": {"text": "x"}},
    "EventDefinition": {"trigger": [{"type": "named-event", "name": "x"}]},
    "ImmunizationRecommendation": {
        "recommendation": [{"forecastStatus": {"text": "x"}, "vaccineCode": [{"text": "x"}]}]
    },
    "InsurancePlan": {"name": "x"},
    "Linkage": {"item": [{"type": "source", "resource": {"display": "x"}}] * 2},
    "Organization": {"name": "x"},
    "StructureDefinition": {"differential": {"element": [{"id": "x", "path": "x"}]}},
    "Subscription": {
        "criteria": "Basic?",
        "channel": {"type": "rest-hook", "endpoint": "https://ehr.example/hook"},
    },
    "TerminologyCapabilities": {"implementation": IMPLEMENTATION},
}
"""What the invariants of some types want besides what is required."""


def smallest(type_name: str) -> dict:
    """A document, or a part of one, of what is required and no more."""
    found: dict[str, Any] = {}
    seen = set()
    for element in definitions.elements(type_name).values():
        if element.required and element.choice not in seen:
            seen |= {element.choice} - {None}
            value = smallest_value(element)
            found[element.name] = [value] if element.repeating else value
    if type_name in definitions.resource_types():
        found = {"resourceType": type_name} | found | MORE.get(type_name, {})
    return found


def smallest_value(element: definitions.Element) -> Any:
    if element.code_list:
        return element.code_list[0]
    if element.datatype == "Reference":
        return {"reference": f"{min(element.targets, default='Patient')}/x"}
    if element.datatype in DATATYPES:
        return DATATYPES[element.datatype]
    if definitions.contains_elements(element.datatype):
        return smallest(element.datatype)
    return PRIMITIVES.get(element.datatype, "x")
