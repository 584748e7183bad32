"""The queries, made from the documents: each parameter, each modifier and prefix, values in and
around the data.

A case is its URL; what is to be found is the oracle's to say.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from urllib.parse import quote

from tests.oracle.data import BASE, DOCUMENTS
from tests.oracle.evaluate import World
from tests.oracle.parameters import COMMON, PARAMETERS, Parameter
from tests.oracle.values import PREFIXES, normal, strings, tokens

TYPES = ("Task", "Communication", "Provenance", "Patient", "Practitioner", "PractitionerRole")
WORLD = World(DOCUMENTS, BASE)


def escaped(text: str) -> str:
    """As a value: R4's own separators escaped."""
    for character in "\\|,$":
        text = text.replace(character, f"\\{character}")
    return text


def url(resource_type: str, *pairs: tuple[str, str]) -> str:
    query = "&".join(f"{quote(name, safe=':')}={quote(value, safe='')}" for name, value in pairs)
    return f"{resource_type}?{query}"


def distinct(items: Iterable, limit: int | None = None) -> list:
    return list(islice(dict.fromkeys(items), limit))


def found(resource_type: str, parameter: Parameter) -> list:
    """Every value of a parameter in the data."""
    return [
        value
        for document in WORLD.of_type(resource_type)
        for value in WORLD.found(document, parameter)
    ]


# --- each parameter by itself ---------------------------------------------------------------------

# How many queries of a token, string, reference or URI are asked: without a modifier, with each.
# Dates and numbers are asked all of theirs.
PLAIN, MODIFIED = 11, 4


def thinned(items: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Evenly fewer of each modifier, the first always among them."""
    kept = []
    for modifier in distinct(modifier for modifier, _ in items):
        same = [item for item in items if item[0] == modifier]
        most = min(len(same), MODIFIED if modifier else PLAIN)
        kept += [same[index * len(same) // most] for index in range(most)]
    return kept


def token_queries(resource_type: str, parameter: Parameter) -> Iterator[tuple[str, str]]:
    """(modifier, value)"""
    kind = "boolean" if parameter.kind == "deceased" else parameter.kind
    elements = found(resource_type, parameter)
    pairs = distinct(pair for element in elements for pair in tokens(element, kind))
    with_code = [(system or "", code) for system, code in pairs if code]
    for system, code in with_code[:9]:
        value = escaped(code)
        yield "", value
        yield "not", value
        if kind == "boolean":
            continue
        yield "", value.swapcase()
        yield "", value[:-1]
        yield "", f"http://wrong.example|{value}"
        if system:
            yield "", f"{escaped(system)}|{value}"
            yield "not", f"{escaped(system)}|{value}"
            yield "", f"{escaped(system)}|{value}x"
        if kind in ("Coding", "CodeableConcept", "Identifier"):
            yield "", f"|{value}"
            yield "not", f"|{value}"
    for system in distinct(system for system, _ in with_code if system)[:4]:
        yield "", f"{escaped(system)}|"
        yield "not", f"{escaped(system)}|"
    codes = [escaped(code) for _, code in with_code]
    for one, other in zip(codes, codes[1:4], strict=False):
        yield "", f"{one},{other}"
        yield "not", f"{one},{other}"
        if kind != "boolean":
            yield "", f"nobody-has-this,{other}"
    if kind in ("Coding", "CodeableConcept", "Identifier"):
        for text in texts(elements, kind)[:5]:
            yield "text", escaped(text)
            yield "text", escaped(text[:4].upper())
            yield "text", escaped(text[2:])
        yield "text", "nobody says this"
    if kind == "Identifier":
        typed = [
            (each["system"], each["code"], element["value"])
            for element in elements
            for each in element.get("type", {}).get("coding", [])
        ]
        for system, code, value in typed[:4]:
            yield "of-type", "|".join(map(escaped, (system, code, value)))
            yield "of-type", "|".join(map(escaped, (system, "XX", value)))
            yield "of-type", "|".join(map(escaped, ("http://wrong.example", code, value)))
            yield "of-type", "|".join(map(escaped, (system, code, f"{value}0")))
        if typed:
            yield "of-type", ",".join("|".join(map(escaped, each)) for each in typed[:2])


def texts(elements: list, kind: str) -> list[str]:
    if kind == "Identifier":
        found = [element.get("type", {}).get("text") for element in elements]
    else:
        codings = [
            each
            for element in elements
            for each in (element.get("coding", []) if kind == "CodeableConcept" else [element])
        ]
        found = [each.get("display") for each in codings]
        found += [element.get("text") for element in elements]
    return distinct(text for text in found if text)


def reference_queries(resource_type: str, parameter: Parameter) -> Iterator[tuple[str, str]]:
    elements = found(resource_type, parameter)
    if elements and isinstance(elements[0], str):  # canonical
        for value in distinct(elements, 4):
            yield "", escaped(value)
            yield "", escaped(f"{value}x")
            yield "", escaped(value[:-1])
        return
    urls = distinct(each["reference"] for each in elements if each.get("reference"))
    for reference in urls[:9]:
        yield "", escaped(reference)
        type_name, _, id = reference.removeprefix(f"{BASE}/").partition("/")
        if reference.startswith(("#", "https:")) or "/_history" in id:
            continue
        yield "", id
        yield "", f"{type_name}/{id}"
        yield "", f"{BASE}/{type_name}/{id}"
        yield "", f"{BASE}/{type_name}/{id}/_history/1"
        yield "", f"https://other.example/fhir/{type_name}/{id}"
        yield type_name, id
        yield "", f"{type_name}/{id}x"
        for wrong in parameter.targets or ("Organization", "Patient"):
            if wrong != type_name:
                yield "", f"{wrong}/{id}"
                yield wrong, id
    local = [
        each for each in urls if "_history" not in each and ":" not in each and "#" not in each
    ]
    for one, other in zip(local, local[1:4], strict=False):
        yield "", f"{one},{other}"
        yield "", f"{one.partition('/')[2]},{other}"
    logical = [each["identifier"] for each in elements if "identifier" in each]
    for each in logical[:3]:
        system, value = escaped(each.get("system", "")), escaped(each["value"])
        yield "identifier", f"{system}|{value}"
        yield "identifier", value
        yield "identifier", f"{system}|{value}0"
        if system:
            yield "identifier", f"{system}|"
            yield "identifier", f"|{value}"


def string_queries(resource_type: str, parameter: Parameter) -> Iterator[tuple[str, str]]:
    elements = found(resource_type, parameter)
    all_texts = distinct(text for each in elements for text in strings(each, parameter.kind))
    for text in all_texts[:12]:
        plain = normal(text)
        middle = text[2:6].strip()
        for modifier in ("", "exact", "contains"):
            yield modifier, escaped(text)
            yield modifier, escaped(text[:3])
        yield "", escaped(plain) if "ß" not in text else escaped(text.upper())
        yield "", escaped(text.swapcase())
        yield "exact", escaped(text.swapcase())
        yield "contains", escaped(middle)
        yield "contains", escaped(middle.swapcase())
        yield "", escaped(middle)
        yield "", escaped(f"{text}zz")
        if " " in text:
            yield "", escaped(text.rpartition(" ")[2])
            yield "contains", escaped(text.rpartition(" ")[2])
    for one, other in zip(all_texts, all_texts[1:4], strict=False):
        yield "", f"{escaped(one)},{escaped(other)}"
        yield "exact", f"{escaped(one)},{escaped(other)}"


def uri_queries(resource_type: str, parameter: Parameter) -> Iterator[tuple[str, str]]:
    for value in distinct(found(resource_type, parameter), 6):
        yield "", escaped(value)
        yield "", escaped(value.upper())
        yield "", escaped(value[:-1])
        yield "below", escaped(value)
        yield "above", escaped(value)
        if value.startswith("http"):
            yield "below", escaped(value.rpartition("/")[0])
            yield "below", escaped(value.rpartition("/")[0] + "/")
            yield "above", escaped(f"{value}/more")
            yield "below", escaped(f"{value}/more")
    yield "below", "http://clinic.example"
    yield "below", "http://nowhere.example/"
    yield "", "http://clinic.example/profiles/patient,http://clinic.example/source"


# Around the dates of the data: each precision, with and without a zone.
DATES = (
    "2024",
    "2024-01",
    "2024-01-15",
    "2024-01-15T10:30",
    "2024-01-15T10:30:00Z",
    "2024-01-16T05:30:00+01:00",
    "2024-02-29T11:00:00.123Z",
    "2023-12-31",
)
OTHER_DATES = {
    "birthdate": (
        "1970",
        "1970-06",
        "1970-06-15",
        "1956-05-12",
        "1999-12-31",
        "2000",
        "1970-06-15T12:00:00Z",
    ),
    "death-date": (
        "2019",
        "2020-03",
        "2020-03-14",
        "2020-03-14T08:30:00Z",
        "2020-03-14T10:30+02:00",
        "2020",
    ),
    ("PractitionerRole", "date"): (
        "2019",
        "2020",
        "2020-06",
        "2020-06-15",
        "2020-12-31",
        "2021-06",
        "2020-06-15T08:00:00+02:00",
        "2020-03-14T12:00Z",
    ),
    "_lastUpdated": ("2020", "2100-01", "2021-03-04"),
    "received": (
        "2024-01",
        "2024-01-10",
        "2024-01-10T09:05:00Z",
        "2024-01-10T09:05:00.500Z",
        "2024-01-10T09:05Z",
        "2023-12-31",
        "2024",
    ),
    "sent": (
        "2024",
        "2024-01-10",
        "2024-01-10T09:00:00Z",
        "2024-01-10T10:00:00+01:00",
        "2023",
        "2024-01-11",
        "2024-01-10T09:00Z",
    ),
    "recorded": (
        "2024-01-15",
        "2024-01-15T10:00:00Z",
        "2024-01-15T09:00:00.500Z",
        "2024-02",
        "2023-12-31T23:59Z",
        "2024",
    ),
    "when": ("2024-01-15", "2024-01-11", "2024-01", "2024-02-01T04:30:00Z", "2023", "2024-02-01"),
    "period": (
        "2023",
        "2024",
        "2024-01",
        "2024-01-15",
        "2024-01-15T09:00:00Z",
        "2024-01-15T09:00:00.250Z",
        "2024-02-01",
        "2024-03-01",
        "2025-01-01T00:00:00Z",
        "2024-01-15T09:00Z",
    ),
}


def date_queries(resource_type: str, name: str) -> Iterator[tuple[str, str]]:
    dates = OTHER_DATES.get((resource_type, name)) or OTHER_DATES.get(name) or DATES
    for text in dates:
        yield "", text
        for prefix in PREFIXES:
            yield "", f"{prefix}{text}"
    yield "", f"{dates[0]},{dates[2]}"
    yield "", f"lt{dates[1]},gt{dates[0]}"
    yield "", f"ne{dates[2]},{dates[2]}"


NUMBERS = (
    "5.4",
    "5.40",
    "5.36",
    "100",
    "100.0",
    "1.00e2",
    "99.5",
    "100.5",
    "0.0054",
    "5.4e-3",
    "0.8",
    "0.80",
    "-3",
    "72",
    "7000000000",
)


def number_queries() -> Iterator[tuple[str, str]]:
    for number in NUMBERS:
        yield "", number
        for prefix in PREFIXES:
            yield "", f"{prefix}{number}"


def quantity_queries() -> Iterator[tuple[str, str]]:
    yield from number_queries()
    for number in ("5.4", "100", "gt5", "le100", "ne100"):
        yield "", f"{number}|http://unitsofmeasure.org|mg/dL"
        yield "", f"{number}||mg/dL"
        yield "", f"{number}||milligrams"
        yield "", f"{number}|http://wrong.example|mg/dL"
        yield "", f"{number}|http://unitsofmeasure.org|kg"
    yield "", "5.4,100"
    yield "", "72||beats"


def queries(resource_type: str, name: str, parameter: Parameter) -> list[tuple[str, str]]:
    """(modifier, value) for one parameter."""
    if parameter.type == "quantity":
        return list(quantity_queries())
    if parameter.type == "number":
        return list(number_queries())
    if parameter.type == "date":
        return list(date_queries(resource_type, name))
    makers = {
        "token": token_queries,
        "reference": reference_queries,
        "string": string_queries,
        "uri": uri_queries,
    }
    made = distinct(makers[parameter.type](resource_type, parameter))
    return thinned([(modifier, value) for modifier, value in made if value])


def of_one_parameter() -> Iterator[str]:
    asked = [
        (resource_type, name, parameter)
        for resource_type in TYPES
        for name, parameter in (COMMON | PARAMETERS[resource_type]).items()
    ]
    asked.append(("Observation", "value-quantity", PARAMETERS["Observation"]["value-quantity"]))
    asked.append(("RiskAssessment", "probability", PARAMETERS["RiskAssessment"]["probability"]))
    for resource_type, name, parameter in asked:
        for value in ("true", "false"):
            yield url(resource_type, (f"{name}:missing", value))
        for modifier, value in queries(resource_type, name, parameter):
            yield url(resource_type, (f"{name}:{modifier}" if modifier else name, value))
