"""JSON Schemas of FHIR types, written from their definitions.

They say what one element at a time must be. What holds between elements, in calendars and in
references, only the validation of a write says (docs/why.md).
https://json-schema.org/draft/2020-12
"""

from collections import Counter
from collections.abc import Iterable

from fhir.definitions import Element, contains_elements, elements, resource_types
from fhir.validation.primitives import MAX_INTEGER

DATE = "[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
ZONE = "(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"
DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
ID = r"[A-Za-z0-9.\-]{1,64}"


def text(pattern: str = "", **more) -> dict:
    schema = {"type": "string", "pattern": f"^({pattern})$"} if pattern else {"type": "string"}
    return {**schema, "minLength": 1, **more}


URI = text(r"[^\s]+")
PRIMITIVES: dict[str, dict] = {
    "base64Binary": text(contentEncoding="base64"),
    "boolean": {"type": "boolean"},
    "canonical": URI,
    "code": text(r"[^\s]+( [^\s]+)*"),
    "date": text(DATE),
    "dateTime": text(f"{DATE}|{DAY}T{CLOCK}{ZONE}"),
    "decimal": {"type": "number"},
    "id": text(ID),
    "instant": text(f"{DAY}T{CLOCK}{ZONE}"),
    "integer": {"type": "integer", "minimum": -MAX_INTEGER - 1, "maximum": MAX_INTEGER},
    "markdown": text(),
    "oid": text(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+"),
    "positiveInt": {"type": "integer", "minimum": 1, "maximum": MAX_INTEGER},
    "string": text(),
    "time": text(CLOCK),
    "unsignedInt": {"type": "integer", "minimum": 0, "maximum": MAX_INTEGER},
    "uri": URI,
    "url": URI,
    "uuid": text("urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    "xhtml": text(),
}
"""https://hl7.org/fhir/R4/datatypes.html#primitive"""

RESOURCE_TYPE = {"type": "string", "enum": sorted(resource_types())}
RESOURCE = {
    "type": "object",
    "description": "A resource of any type.",
    "properties": {
        "resourceType": RESOURCE_TYPE,
        "id": PRIMITIVES["id"],
    },
    "required": ["resourceType"],
}
OUTCOME = {
    "type": "object",
    "description": "What went wrong, or well. https://hl7.org/fhir/R4/operationoutcome.html",
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
        "issue": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "severity": {
                        "type": "string",
                        "enum": list(elements("OperationOutcome.issue")["severity"].code_list),
                    },
                    "code": {
                        "type": "string",
                        "enum": list(elements("OperationOutcome.issue")["code"].code_list),
                    },
                    "diagnostics": {"type": "string"},
                    "expression": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["severity", "code", "diagnostics"],
            },
        },
    },
    "required": ["resourceType", "issue"],
}
"""What the server says; written out, as a page that reads the document reads it at every status."""
SIBLING = {
    "description": "The id and the extensions of a primitive: https://hl7.org/fhir/R4/json.html",
    "type": ["object", "array"],
}


OURS = {"Resource": RESOURCE, "OperationOutcome": OUTCOME}


def ref(name: str) -> dict:
    return {"$ref": f"#/components/schemas/{name}"}


MANY = 10
"""A choice of more datatypes than this is one of any: it is not spelled out. There are 50 in each
`value[x]` of an extension, and each datatype may be extended."""


def schemas(type_names: Iterable[str]) -> dict[str, dict]:
    """The schemas of the types, and of all that they hold, by name."""
    found: dict[str, dict] = {}
    waiting = list(type_names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        if name in OURS:
            found[name] = OURS[name]
        elif contains_elements(name):
            found[name] = _of_type(name)
            waiting += [each.datatype for each in _spelled_out(name)[0]]
        else:
            found[name] = PRIMITIVES[name]
    return dict(sorted(found.items()))


def _spelled_out(name: str) -> tuple[list[Element], list[str]]:
    """The elements of a type, and the stems of its choices of almost any datatype."""
    declared = elements(name).values()
    sizes = Counter(each.choice for each in declared if each.choice)
    many = {stem for stem, size in sizes.items() if size > MANY}
    return [each for each in declared if each.choice not in many], sorted(many)


def _of_type(name: str) -> dict:
    """https://hl7.org/fhir/R4/json.html"""
    declared, stems = _spelled_out(name)
    properties = {each.name: _member(each) for each in declared}
    required = [
        each.name
        for each in declared
        if each.required and not each.choice and contains_elements(each.datatype)
    ]
    if name in resource_types():
        properties = {"resourceType": {"const": name}} | properties
        required.insert(0, "resourceType")
    schema = {
        "type": "object",
        "properties": properties,
        "patternProperties": {"^_": SIBLING} | {f"^{stem}[A-Z]": {} for stem in stems},
        "additionalProperties": False,
    }
    if required:
        schema["required"] = required
    if one_of := _required_values(declared):
        schema["allOf"] = one_of
    return schema


def _required_values(declared: Iterable[Element]) -> list[dict]:
    """Of a required primitive the value or its extensions; of a required choice one of its names."""
    names: dict[str, list[str]] = {}
    for element in declared:
        if element.required and (element.choice or not contains_elements(element.datatype)):
            listed = names.setdefault(element.choice or element.name, [])
            listed.append(element.name)
            if not contains_elements(element.datatype):
                listed.append(f"_{element.name}")
    return [
        {"anyOf": [{"required": [name]} for name in alternatives]}
        for alternatives in names.values()
    ]


def _member(element: Element) -> dict:
    if element.code_list:
        schema = {"type": "string", "enum": list(element.code_list)}
    else:
        schema = ref(element.datatype)
    if element.repeating:
        if not contains_elements(element.datatype) and element.datatype != "Resource":
            # A place whose value is only an extension.
            schema = {"anyOf": [schema, {"type": "null"}]}
        schema = {"type": "array", "items": schema, "minItems": 1}
    if element.targets:
        schema = {**schema, "description": "Of " + ", ".join(sorted(element.targets))}
    return schema
