"""Queries that change the answer rather than what is found: order, pages, totals, parts."""

from collections.abc import Iterator
from itertools import combinations

from tests.oracle.cases import TYPES
from tests.oracle.evaluate import World
from tests.oracle.parameters import COMMON, PARAMETERS, Parameter, parameter
from tests.oracle.values import normal, value_range

# --- _sort ----------------------------------------------------------------------------------------


def sorts() -> Iterator[str]:
    for resource_type in TYPES:
        for name in ("_id", "_lastUpdated", *PARAMETERS[resource_type]):
            yield f"{resource_type}?_sort={name}"
            yield f"{resource_type}?_sort=-{name}"
    yield from (
        "Observation?_sort=value-quantity",
        "Observation?_sort=-value-quantity",
        "Observation?_sort=date",
        "RiskAssessment?_sort=probability",
        "RiskAssessment?_sort=-probability",
        "Organization?_sort=name",
        "Task?_sort=status,authored-on",
        "Task?_sort=status,-authored-on",
        "Task?_sort=-intent,modified",
        "Task?_sort=priority,-authored-on",
        "Task?_sort=-priority,authored-on",
        "Patient?_sort=family,birthdate",
        "Patient?_sort=-gender,-birthdate",
        "Patient?_sort=gender,family",
        "Patient?_sort=address-city,-family",
        "Practitioner?_sort=gender,family",
        "Communication?_sort=status,-sent",
        "Task?status:not=draft&_sort=-authored-on",
        "Patient?gender=male&_sort=birthdate",
        "Patient?gender=female&_sort=-family",
    )


def surely_before(one, other, parameter: Parameter) -> bool:
    """Whether R4 puts one value before the other, leaving out what it leaves open."""
    if parameter.type == "date":
        return value_range(one)[1] <= value_range(other)[0]
    if parameter.kind in ("HumanName", "phonetic", "Address"):
        return False  # "server defined" which of its parts comes first
    if parameter.type == "string" or parameter.kind == "id":
        pairs = zip(normal(one), normal(other), strict=False)
        first, second = next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))
        return first < second and first.isalnum() and second.isalnum()
    if parameter.type == "quantity":
        return one["value"] < other["value"]
    if parameter.type == "number":
        return one < other
    return False  # of tokens, references and URIs servers choose the order


def order_faults(world: World, resource_type: str, ids: list[str], key: str) -> list[str]:
    """What is wrong with the order of ids by one key: one that has no value, or a later one, first.

    Of several values counts "the item … that comes earliest in the specified sort order".
    """
    name, descending = key.removeprefix("-"), key.startswith("-")
    looked_up = parameter(resource_type, name)

    def before(one, other) -> bool:
        return (
            surely_before(other, one, looked_up)
            if descending
            else surely_before(one, other, looked_up)
        )

    faults = []
    for earlier, later in combinations(ids, 2):
        ones, others = (sort_values(world, resource_type, id, name) for id in (earlier, later))
        nothing = not world.found(world.documents[f"{resource_type}/{earlier}"], looked_up)
        if others and nothing and name != "priority":  # without one, "normal priority"
            faults.append(f"{earlier} has no {name} but comes before {later}")
        elif ones and any(all(before(other, one) for one in ones) for other in others):
            faults.append(f"{earlier} comes before {later}")
    return faults


def sort_values(world: World, resource_type: str, id: str, name: str) -> list:
    """What there is surely to sort by: of a reference a URL, of a concept codes."""
    looked_up = parameter(resource_type, name)
    document = world.documents[f"{resource_type}/{id}"]
    found = world.found(document, looked_up)
    if looked_up.type == "reference":
        return [
            each for each in found if isinstance(each, str) or each.get("reference", "#")[0] != "#"
        ]
    if looked_up.kind == "CodeableConcept":
        return [each for each in found if each.get("coding")]
    return found


def same_key(world: World, resource_type: str, one: str, other: str, key: str) -> bool:
    looked_up = parameter(resource_type, key.removeprefix("-"))
    values = [
        world.found(world.documents[f"{resource_type}/{id}"], looked_up) for id in (one, other)
    ]
    return values[0] == values[1]


# --- _count, _total -------------------------------------------------------------------------------

PAGED = [
    f"{query}{'&' if '=' in query else ''}_count={count}"
    for query in (
        *(f"{resource_type}?" for resource_type in TYPES),
        "Task?status:not=requested",
        "Task?patient.family=simpson",
        "Task?_sort=-authored-on",
        "Task?_sort=status,-authored-on",
        "Task?_sort=priority",
        "Task?_sort=period",
        "Task?_sort=-period",
        "Task?_sort=owner",
        "Task?_sort=modified",
        "Patient?_sort=name",
        "Patient?_sort=-given",
        "Patient?_sort=birthdate",
        "Patient?_sort=gender",
        "Patient?_sort=-_lastUpdated",
        "Patient?_has:Task:patient:status:not=draft",
        "Observation?_sort=value-quantity",
        "Practitioner?_sort=family",
        "Provenance?_sort=-recorded",
    )
    for count in (2, 5)
]

COUNTED = [
    f"{query}&_total={total}"
    for query in (
        *(f"{resource_type}?_count=2" for resource_type in TYPES),
        "Task?status=requested",
        "Task?status:not=requested",
        "Task?status=requested&_include=Task:owner",
        "Task?patient.family=simpson&_count=1",
        "Patient?_has:Task:patient:status:not=draft",
        "Patient?family=nobody",
        "Patient?_id=p01&_revinclude=Task:patient",
    )
    for total in ("none", "estimate", "accurate")
]

# --- _summary, _elements --------------------------------------------------------------------------

MANDATORY = {
    "Task": {"status", "intent"},
    "Communication": {"status"},
    "Provenance": {"target", "recorded", "agent"},
    "Patient": set(),
    "Practitioner": set(),
    "PractitionerRole": set(),
}
# Top-level elements that are surely marked Σ in R4's tables, and those that surely are not.
SUMMARY = {
    "Task": {"status", "intent", "businessStatus", "code", "for", "owner", "requester", "focus"}
    | {"encounter", "partOf", "basedOn", "groupIdentifier", "executionPeriod", "lastModified"},
    "Communication": {"identifier", "instantiatesCanonical", "instantiatesUri", "basedOn"}
    | {"partOf", "status", "subject", "encounter"},
    "Provenance": {"target", "recorded", "agent"} - {"agent"},
    "Patient": {"identifier", "active", "name", "telecom", "gender", "birthDate", "address"}
    | {"deceasedBoolean", "deceasedDateTime", "managingOrganization", "link"},
    "Practitioner": {"identifier", "active", "name", "telecom", "address", "gender"},
    "PractitionerRole": {"identifier", "active", "period", "practitioner", "organization", "code"}
    | {"specialty", "location", "telecom"},
}
NOT_SUMMARY = {
    "Task": {"text", "authoredOn", "performerType", "priority", "contained"} - {"contained"},
    "Communication": {"text", "medium", "sent", "received"} - {"sent", "received"},
    "Provenance": {"text", "location", "signature"} - {"location"},
    "Patient": {"text", "communication", "generalPractitioner"},
    "Practitioner": {"text", "communication"},
    "PractitionerRole": {"text", "healthcareService", "endpoint"},
}
ALWAYS = {"resourceType", "id", "meta"}

ELEMENTS = (
    ("Task", "owner"),
    ("Task", "owner,for,code"),
    ("Task", "executionPeriod,performerType"),
    ("Task", "authoredOn,unknownElement"),
    ("Communication", "sender,recipient"),
    ("Communication", "payload,sent"),
    ("Provenance", "recorded"),
    ("Provenance", "entity,location"),
    ("Patient", "name,birthDate"),
    ("Patient", "identifier"),
    ("Practitioner", "telecom,address"),
    ("PractitionerRole", "practitioner,code,period"),
)
MODIFIERS = {"active", "deceasedBoolean", "deceasedDateTime", "link", "status", "intent"}

# --- what is refused ------------------------------------------------------------------------------

WRONG_MODIFIERS = {
    "token": ("exact", "contains", "identifier", "Patient", "nonsense", "of-typo", "Missing"),
    "string": (
        "not",
        "text",
        "above",
        "below",
        "in",
        "identifier",
        "of-type",
        "Patient",
        "nonsense",
    ),
    "date": ("not", "exact", "contains", "text", "above", "below", "identifier", "nonsense"),
    "uri": ("not", "exact", "contains", "text", "identifier", "in", "Patient", "nonsense"),
    "reference": ("exact", "contains", "of-type", "nonsense", "patient", "Nonsense"),
}
VALUES = {
    "token": "x",
    "string": "x",
    "date": "2024",
    "uri": "http://x",
    "reference": "Patient/p01",
}


def refused() -> Iterator[str]:
    for resource_type in TYPES:
        for name, each in (COMMON | PARAMETERS[resource_type]).items():
            wrong = WRONG_MODIFIERS[each.type]
            start = len(name) % len(wrong)
            for modifier in (wrong[start], wrong[(start + 1) % len(wrong)]):
                yield f"{resource_type}?{name}:{modifier}={VALUES[each.type]}"
        yield f"{resource_type}?_id:missing=maybe"
        dates = [n for n, p in (COMMON | PARAMETERS[resource_type]).items() if p.type == "date"]
        for name in dates:
            for value in (
                "tomorrow",
                "2024-13",
                "2024-02-30",
                "gt",
                "20240101",
                "2024-01-01T25:00:00Z",
            ):
                yield f"{resource_type}?{name}={value}"
    yield from (
        "Patient?birthdate=xx2020",
        "Task?patient.family:nonsense=x",
        "Task?patient.birthdate:exact=2020",
        "Patient?_has:Task:patient:status:exact=requested",
        "Task?_count=many",
        "Task?_count=-1",
        "Task?_total=some",
        "Task?_summary=perhaps",
    )
