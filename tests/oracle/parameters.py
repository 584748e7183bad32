"""Where each search parameter looks, copied by hand from R4's tables of each resource type.

A path is element names with dots, `a | b` is either, `telecom[system=phone]` keeps what has that.
https://hl7.org/fhir/R4/searchparameter-registry.html
"""

from dataclasses import dataclass

HL7 = "http://hl7.org/fhir"


@dataclass(frozen=True)
class Parameter:
    """`kind` is the data type of a token (for a code, its one system), or of what a string is part of."""

    type: str
    path: str
    kind: str = ""
    targets: tuple[str, ...] = ()


def token(path: str, kind: str) -> Parameter:
    return Parameter("token", path, kind)


def code(path: str, system: str) -> Parameter:
    return Parameter("token", path, f"code {HL7}/{system}")


def reference(path: str, *targets: str) -> Parameter:
    return Parameter("reference", path, targets=targets)


def date(path: str) -> Parameter:
    return Parameter("date", path)


def string(path: str, kind: str = "") -> Parameter:
    return Parameter("string", path, kind)


def uri(path: str) -> Parameter:
    return Parameter("uri", path)


COMMON = {
    "_id": token("id", "id"),
    "_lastUpdated": date("meta.lastUpdated"),
    "_tag": token("meta.tag", "Coding"),
    "_security": token("meta.security", "Coding"),
    "_profile": uri("meta.profile"),
    "_source": uri("meta.source"),
}

PERSON = {
    "active": token("active", "boolean"),
    "address": string("address", "Address"),
    "address-city": string("address.city", "city"),
    "address-country": string("address.country", "country"),
    "address-postalcode": string("address.postalCode", "postalCode"),
    "address-state": string("address.state", "state"),
    "address-use": code("address.use", "address-use"),
    "email": token("telecom[system=email]", "ContactPoint"),
    "family": string("name.family", "family"),
    "gender": code("gender", "administrative-gender"),
    "given": string("name.given", "given"),
    "identifier": token("identifier", "Identifier"),
    "name": string("name", "HumanName"),
    "phone": token("telecom[system=phone]", "ContactPoint"),
    "telecom": token("telecom", "ContactPoint"),
}

PARAMETERS: dict[str, dict[str, Parameter]] = {
    "Task": {
        "authored-on": date("authoredOn"),
        "based-on": reference("basedOn"),
        "business-status": token("businessStatus", "CodeableConcept"),
        "code": token("code", "CodeableConcept"),
        "encounter": reference("encounter", "Encounter"),
        "focus": reference("focus"),
        "group-identifier": token("groupIdentifier", "Identifier"),
        "identifier": token("identifier", "Identifier"),
        "intent": code("intent", "request-intent"),
        "modified": date("lastModified"),
        "owner": reference("owner"),
        "part-of": reference("partOf", "Task"),
        "patient": reference("for", "Patient"),
        "performer": token("performerType", "CodeableConcept"),
        "period": date("executionPeriod"),
        "priority": code("priority", "request-priority"),
        "requester": reference("requester"),
        "status": code("status", "task-status"),
        "subject": reference("for"),
        "for": reference("for"),  # not R4's: our alias of subject (T7)
    },
    "Communication": {
        "based-on": reference("basedOn"),
        "category": token("category", "CodeableConcept"),
        "encounter": reference("encounter", "Encounter"),
        "identifier": token("identifier", "Identifier"),
        "instantiates-canonical": reference("instantiatesCanonical"),
        "instantiates-uri": uri("instantiatesUri"),
        "medium": token("medium", "CodeableConcept"),
        "part-of": reference("partOf"),
        "patient": reference("subject", "Patient"),
        "received": date("received"),
        "recipient": reference("recipient"),
        "sender": reference("sender"),
        "sent": date("sent"),
        "status": code("status", "event-status"),
        "subject": reference("subject", "Patient", "Group"),
    },
    "Provenance": {
        "agent": reference("agent.who"),
        "agent-role": token("agent.role", "CodeableConcept"),
        "agent-type": token("agent.type", "CodeableConcept"),
        "entity": reference("entity.what"),
        "location": reference("location", "Location"),
        "patient": reference("target", "Patient"),
        "recorded": date("recorded"),
        "signature-type": token("signature.type", "Coding"),
        "target": reference("target"),
        "when": date("occurredDateTime"),
    },
    "Patient": PERSON
    | {
        "birthdate": date("birthDate"),
        "death-date": date("deceasedDateTime"),
        "deceased": token("deceased", "deceased"),
        "general-practitioner": reference(
            "generalPractitioner", "Practitioner", "Organization", "PractitionerRole"
        ),
        "language": token("communication.language", "CodeableConcept"),
        "link": reference("link.other", "Patient", "RelatedPerson"),
        "organization": reference("managingOrganization", "Organization"),
        "phonetic": string("name", "phonetic"),
    },
    "Practitioner": PERSON
    | {
        "communication": token("communication", "CodeableConcept"),
        "phonetic": string("name", "phonetic"),
    },
    "PractitionerRole": {
        "active": token("active", "boolean"),
        "date": date("period"),
        "email": token("telecom[system=email]", "ContactPoint"),
        "endpoint": reference("endpoint", "Endpoint"),
        "identifier": token("identifier", "Identifier"),
        "location": reference("location", "Location"),
        "organization": reference("organization", "Organization"),
        "phone": token("telecom[system=phone]", "ContactPoint"),
        "practitioner": reference("practitioner", "Practitioner"),
        "role": token("code", "CodeableConcept"),
        "service": reference("healthcareService", "HealthcareService"),
        "specialty": token("specialty", "CodeableConcept"),
        "telecom": token("telecom", "ContactPoint"),
    },
    # Of the other types what chains, `_has` and the tests of numbers need.
    "Encounter": {
        "date": date("period"),
        "length": Parameter("quantity", "length"),
        "patient": reference("subject", "Patient"),
        "service-provider": reference("serviceProvider", "Organization"),
        "status": code("status", "encounter-status"),
        "subject": reference("subject", "Patient", "Group"),
    },
    "Group": {
        "identifier": token("identifier", "Identifier"),
        "member": reference("member.entity"),
    },
    "HealthcareService": {
        "name": string("name"),
        "organization": reference("providedBy", "Organization"),
    },
    "List": {"item": reference("entry.item"), "title": string("title")},
    "Location": {
        "address-state": string("address.state", "state"),
        "name": string("name"),
        "organization": reference("managingOrganization", "Organization"),
        "status": code("status", "location-status"),
    },
    "Observation": {
        "code": token("code", "CodeableConcept"),
        "code-value-quantity": Parameter("composite", "code $ value-quantity"),
        "date": date("effectiveDateTime | effectivePeriod | effectiveInstant"),
        "patient": reference("subject", "Patient"),
        "identifier": token("identifier", "Identifier"),
        "performer": reference("performer"),
        "status": code("status", "observation-status"),
        "subject": reference("subject"),
        "value-quantity": Parameter("quantity", "valueQuantity"),
        "value-string": string("valueString"),
    },
    "Organization": {
        "active": token("active", "boolean"),
        "address-state": string("address.state", "state"),
        "identifier": token("identifier", "Identifier"),
        "name": string("name | alias"),
        "partof": reference("partOf", "Organization"),
    },
    "RiskAssessment": {
        "patient": reference("subject", "Patient"),
        "probability": Parameter("number", "prediction.probabilityDecimal"),
    },
}


def parameter(resource_type: str, name: str) -> Parameter | None:
    return PARAMETERS.get(resource_type, {}).get(name) or COMMON.get(name)
