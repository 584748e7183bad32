"""Makes the compact definitions beside this file from the official files of FHIR R4 (4.0.1).

    python -m fhir.definitions.make FOLDER

FOLDER holds profiles-types.json, profiles-resources.json, valuesets.json, search-parameters.json
and fhir.schema.json. HL7 publishes them, under CC0, at https://hl7.org/fhir/R4/downloads.html
("FHIR Definitions", JSON; and "JSON Schema"). The JSON Schema alone would not do: it knows neither
which primitives are required, nor what a Reference may point at, nor the codes of many required
bindings (Task.priority). It is read only to prove that both name the same elements.

What the result looks like is said in fhir/definitions/__init__.py.
"""

import json
import sys
from pathlib import Path

from fhir.definitions.expressions import PathMaker, Unsupported

HERE = Path(__file__).parent
FHIR_VERSION = "4.0.1"
ABSTRACT = {"Element", "BackboneElement", "Resource", "DomainResource"}
PROFILE = "http://hl7.org/fhir/StructureDefinition/"
VALUE_SET = "http://hl7.org/fhir/ValueSet/"
# The snapshots give these as FHIRPath's System.String, whatever the element.
SYSTEM_STRING = "http://hl7.org/fhirpath/System.String"


def read(folder: Path, name: str) -> dict:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def write(name: str, content: dict) -> None:
    """One top-level member a line: small, and a change of one type is a diff of one line."""
    lines = [
        f"{json.dumps(key)}:{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}"
        for key, value in content.items()
    ]
    (HERE / name).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


# --- elements -------------------------------------------------------------------------------------


def structure_definitions(folder: Path) -> dict[str, dict]:
    definitions = {}
    for name in ("profiles-types.json", "profiles-resources.json"):
        for entry in read(folder, name)["entry"]:
            resource = entry["resource"]
            if (
                resource["resourceType"] == "StructureDefinition"
                and resource["fhirVersion"] == FHIR_VERSION
                and resource["kind"] in ("complex-type", "resource")
                and resource.get("derivation") != "constraint"
            ):
                definitions[resource["id"]] = resource
    return definitions


def targets_of(element_type: dict, resource_types: set[str]) -> str:
    names = [url.removeprefix(PROFILE) for url in element_type.get("targetProfile", ())]
    if not names or set(names) & ABSTRACT or not set(names) <= resource_types:
        return ""
    return "(" + ",".join(sorted(names)) + ")"


def datatype(path: str, element_type: dict, resource_types: set[str]) -> str:
    code = element_type["code"]
    if code == SYSTEM_STRING:
        return {"Resource.id": "id", "Extension.url": "uri"}.get(path, "string")
    if code == "Reference":
        return code + targets_of(element_type, resource_types)
    return code


def declaration(element: dict, owner: str, resource_types: set[str], codes: dict) -> str:
    """`1..1Σ code task-status`: cardinality, Σ when of the summary, datatypes, bound value set."""
    types = element.get("type", ())
    if "contentReference" in element:
        datatypes = [element["contentReference"].partition("#")[2]]
    elif [each["code"] for each in types] in (["Element"], ["BackboneElement"]):
        datatypes = [element["path"]]
    else:
        base_path = owner + element["path"][element["path"].rindex(".") :]
        datatypes = [datatype(base_path, each, resource_types) for each in types]
    summary = "Σ" if element.get("isSummary") else ""
    parts = [f"{element['min']}..{element['max']}{summary}", "|".join(datatypes)]
    binding = element.get("binding", {})
    if binding.get("strength") == "required" and datatypes == ["code"]:
        value_set = binding["valueSet"].split("|")[0].removeprefix(VALUE_SET)
        if value_set in codes:
            parts.append(value_set)
    return " ".join(parts)


def elements_of(folder: Path, codes: dict) -> dict[str, dict]:
    definitions = structure_definitions(folder)
    resource_types = {name for name, each in definitions.items() if each["kind"] == "resource"}
    resource_types -= ABSTRACT
    content: dict[str, dict] = {}
    for name, definition in sorted(definitions.items()):
        base = definition.get("baseDefinition", "").removeprefix(PROFILE)
        kind = "resource" if definition["kind"] == "resource" else "datatype"
        content[name] = {"base": base, "kind": kind, "elements": {}}
        if name in ABSTRACT:
            content[name]["abstract"] = True
        for element in definition["snapshot"]["element"]:
            path = element["path"]
            if "." not in path:
                continue
            parent, _, last = path.rpartition(".")
            owner = element["base"]["path"].rpartition(".")[0]
            if parent not in content:
                raise SystemExit(f"{path} comes before {parent}")
            if (owner in ABSTRACT or owner == base) and owner != name:
                continue  # inherited: said once, at the base
            content[parent]["elements"][last] = declaration(element, owner, resource_types, codes)
            if [each["code"] for each in element.get("type", ())] in (
                ["Element"],
                ["BackboneElement"],
            ):
                content[path] = {
                    "base": element["type"][0]["code"],
                    "kind": "backbone",
                    "elements": {},
                }
    return content


# --- invariants -----------------------------------------------------------------------------------

# fhir/validation checks these by code of its own, being quicker or knowing more.
CHECKED_ELSEWHERE = set("ele-1 ext-1 per-1 ref-1 txt-1 txt-2 dom-2 dom-3 dom-4 dom-5".split())
LEFT_OUT = {
    "app-4": "says no-show, which is no status of an Appointment",
    "ctm-1": "resolves references",
    "inv-1 Task": "the server keeps lastModified, so it is checked when a Task is created",
}


def invariants_of(folder: Path) -> dict[str, list[list[str]]]:
    """The invariants of severity error, at the resource, datatype or nested element they hold for.

    One that is said of an element of another type, as Organization.telecom, is said of the element
    around it: `telecom.all(…)`.
    """
    definitions = structure_definitions(folder)
    content: dict[str, list[list[str]]] = {}
    for name, definition in sorted(definitions.items()):
        if name in ABSTRACT:
            continue
        for element in definition["snapshot"]["element"]:
            path = element["path"]
            for said in element.get("constraint", ()):
                key, expression = said["key"], said.get("expression")
                if said["severity"] != "error" or key in CHECKED_ELSEWHERE:
                    continue
                if key in LEFT_OUT or f"{key} {name}" in LEFT_OUT or not expression:
                    continue
                types = [each["code"] for each in element.get("type", ())]
                owner = path
                if "." in path and types not in (["Element"], ["BackboneElement"]):
                    owner, _, last = path.rpartition(".")
                    expression = f"{last.removesuffix('[x]')}.all({expression})"
                content.setdefault(owner, []).append([key, said["human"], expression])
    return content


# --- codes ----------------------------------------------------------------------------------------


def concept_codes(concepts: list[dict]) -> list[str]:
    codes = []
    for concept in concepts:
        codes.append(concept["code"])
        codes += concept_codes(concept.get("concept", []))
    return codes


def expansion(url: str, by_url: dict[str, dict]) -> list[tuple[str, str]] | None:
    """(system, code) of a value set, or None when it cannot be listed (BCP 47, all of UCUM …)."""
    value_set = by_url.get(url.split("|")[0])
    if value_set is None or "exclude" in value_set.get("compose", {}):
        return None
    codes = []
    for include in value_set["compose"]["include"]:
        if "filter" in include:
            return None
        for nested in include.get("valueSet", ()):
            nested_codes = expansion(nested, by_url)
            if nested_codes is None:
                return None
            codes += nested_codes
        if "concept" in include:
            codes += [(include["system"], concept["code"]) for concept in include["concept"]]
        elif "system" in include:
            system = by_url.get(include["system"], {})
            if system.get("content") != "complete":
                return None
            codes += [(include["system"], each) for each in concept_codes(system["concept"])]
    return list(dict.fromkeys(codes)) or None


def codes_of(folder: Path) -> dict[str, dict[str, list[str]]]:
    resources = [entry["resource"] for entry in read(folder, "valuesets.json")["entry"]]
    by_url = {resource["url"]: resource for resource in resources}
    bound = set()
    for definition in structure_definitions(folder).values():
        for element in definition["snapshot"]["element"]:
            binding = element.get("binding", {})
            if binding.get("strength") == "required" and "valueSet" in binding:
                if [each["code"] for each in element.get("type", ())] == ["code"]:
                    bound.add(binding["valueSet"].split("|")[0])
    codes: dict[str, dict[str, list[str]]] = {}
    for url in sorted(bound):
        listed = expansion(url, by_url)
        if listed is None:
            print("not listed:", url)
            continue
        by_system = codes.setdefault(url.removeprefix(VALUE_SET), {})
        for system, code in listed:
            by_system.setdefault(system, []).append(code)
    return codes


# --- search parameters ----------------------------------------------------------------------------


def search_of(folder: Path, elements: dict[str, dict]) -> dict[str, dict]:
    maker = PathMaker(elements)
    resource_types = {name for name, each in elements.items() if each["kind"] == "resource"}
    content: dict[str, dict] = {name: {} for name in sorted(resource_types)}
    unsupported = {}
    parameters = [entry["resource"] for entry in read(folder, "search-parameters.json")["entry"]]
    by_url = {parameter["url"]: parameter for parameter in parameters}
    for parameter in parameters:
        for base in parameter["base"]:
            if base not in resource_types:
                continue
            try:
                content[base][parameter["code"]] = maker.parameter(parameter, base, by_url)
            except Unsupported as reason:
                unsupported[f"{base}:{parameter['code']}"] = str(reason)
    content = {name: dict(sorted(parameters.items())) for name, parameters in content.items()}
    content["unsupported"] = dict(sorted(unsupported.items()))
    return content


# --- the proof against the JSON Schema ------------------------------------------------------------


def differences(folder: Path, elements: dict[str, dict]) -> list[str]:
    """Elements that only one of the two official sources names. None are expected."""
    schema = read(folder, "fhir.schema.json")["definitions"]
    found = []
    for name, definition in elements.items():
        if definition.get("abstract") or definition["kind"] == "backbone":
            continue
        mine, above = set(), name
        while above:
            for key, declared in elements[above]["elements"].items():
                if key.endswith("[x]"):
                    for each in declared.split()[1].split("|"):
                        each = each.partition("(")[0]
                        mine.add(key.removesuffix("[x]") + each[0].upper() + each[1:])
                else:
                    mine.add(key)
            above = elements[above]["base"]
        theirs = {key for key in schema[name]["properties"] if key[0] != "_"} - {"resourceType"}
        found += [f"{name}.{key}" for key in sorted(mine ^ theirs)]
    return found


def main(folder: Path) -> None:
    codes = codes_of(folder)
    elements = elements_of(folder, codes)
    for each in differences(folder, elements):
        print("only in one of the sources:", each)
    search = search_of(folder, elements)
    write("elements.json", elements)
    write("codes.json", codes)
    write("invariants.json", invariants_of(folder))
    write("search.json", search)
    for key, reason in search["unsupported"].items():
        print("unsupported:", key, "-", reason)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
