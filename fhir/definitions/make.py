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
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
FHIR_VERSION = "4.0.1"
ABSTRACT = {"Element", "BackboneElement", "Resource", "DomainResource"}
PROFILE = "http://hl7.org/fhir/StructureDefinition/"
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
        value_set = binding["valueSet"].split("|")[0].rpartition("/")[2]
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


# --- codes ----------------------------------------------------------------------------------------


def concept_codes(concepts: list[dict]) -> list[str]:
    codes = []
    for concept in concepts:
        codes.append(concept["code"])
        codes += concept_codes(concept.get("concept", []))
    return codes


def expansion(url: str, by_url: dict[str, dict]) -> list[str] | None:
    """The codes of a value set, or None when it cannot be listed (all of BCP 47, of UCUM …)."""
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
            codes += [concept["code"] for concept in include["concept"]]
        elif "system" in include:
            system = by_url.get(include["system"], {})
            if system.get("content") != "complete":
                return None
            codes += concept_codes(system.get("concept", []))
    return list(dict.fromkeys(codes)) or None


def codes_of(folder: Path) -> dict[str, list[str]]:
    resources = [entry["resource"] for entry in read(folder, "valuesets.json")["entry"]]
    by_url = {resource["url"]: resource for resource in resources}
    bound = set()
    for definition in structure_definitions(folder).values():
        for element in definition["snapshot"]["element"]:
            binding = element.get("binding", {})
            if binding.get("strength") == "required" and "valueSet" in binding:
                if [each["code"] for each in element.get("type", ())] == ["code"]:
                    bound.add(binding["valueSet"].split("|")[0])
    codes = {}
    for url in sorted(bound):
        listed = expansion(url, by_url)
        if listed is None:
            print("not listed:", url)
        else:
            codes[url.rpartition("/")[2]] = listed
    return codes


# --- search parameters ----------------------------------------------------------------------------

STEP = re.compile(r"\.(\w+)(\[\d+\])?")
CAST_FORMS = (  # (Observation.value as Quantity).code · Condition.onset.as(Age)
    re.compile(r"\((?P<path>[\w.]+) as (?P<cast>\w+)\)(?P<rest>[\w.]*)"),
    re.compile(r"(?P<path>[\w.]+)\.as\((?P<cast>\w+)\)(?P<rest>[\w.]*)"),
)
WHERE_FORM = re.compile(
    r"(?P<path>[\w.]+)\.where\((?P<name>\w+)='(?P<value>[\w-]+)'\)(?P<rest>[\w.]*)"
)
RESOLVE_FORM = re.compile(r"(?P<path>[\w.]+)\.where\(resolve\(\) is (?P<target>\w+)\)")
EXISTS_FORM = re.compile(r"(?P<path>[\w.]+)\.exists\(\) and (?P=path) != false")
PLAIN_FORM = re.compile(r"\w+(\.\w+(\[\d+\])?)+")


class Unsupported(Exception):
    """The expression is outside the mini-grammar."""


class PathMaker:
    """Turns one term of an official FHIRPath expression into paths over JSON member names.

    A path is written `name.name[0].name:Datatype`, with `?name=value` after the element that a
    `where` filters, `@Type` at the end for `where(resolve() is Type)`, `!` for "exists and is not
    false".
    """

    def __init__(self, elements: dict[str, dict]):
        self.elements = elements

    def paths(self, term: str, base: str) -> list[str]:
        term = term.strip()
        if term.startswith("(") and term.endswith(")") and " as " not in term:
            term = term[1:-1]
        for form in CAST_FORMS:
            if match := form.fullmatch(term):
                return self.walk(match["path"], base, match["rest"], cast=match["cast"])
        if match := WHERE_FORM.fullmatch(term):
            condition = f"?{match['name']}={match['value']}"
            return self.walk(match["path"], base, match["rest"], condition=condition)
        if match := RESOLVE_FORM.fullmatch(term):
            return [f"{path}@{match['target']}" for path in self.walk(match["path"], base)]
        if match := EXISTS_FORM.fullmatch(term):
            return [f"{path}!" for path in self.walk(match["path"], base)]
        if PLAIN_FORM.fullmatch(term):
            return self.walk(term, base)
        raise Unsupported(term)

    def walk(self, path: str, base: str, rest: str = "", cast: str = "", condition: str = ""):
        first, _, remainder = path.partition(".")
        if first not in (base, "Resource", "DomainResource"):
            raise Unsupported(f"{path} is not of {base}")
        steps = STEP.findall("." + remainder)
        found = self.follow(base, steps, cast)
        if condition:
            found = [(names + condition, datatype) for names, datatype in found]
        if rest:
            found = [
                (f"{names}.{more}", last)
                for names, datatype in found
                for more, last in self.follow(datatype, STEP.findall(rest), "")
            ]
        return [f"{names}:{datatype}" for names, datatype in found]

    def follow(self, type_name: str, steps: list, cast: str) -> list[tuple[str, str]]:
        found = [("", type_name)]
        for position, (name, index) in enumerate(steps):
            last = position == len(steps) - 1
            found = [
                (f"{names}.{more}{index}".lstrip("."), datatype)
                for names, parent in found
                for more, datatype in self.step(parent, name, cast if last else "")
            ]
        return found

    def step(self, type_name: str, name: str, cast: str) -> list[tuple[str, str]]:
        while type_name:
            definition = self.elements.get(type_name)
            if definition is None:
                break
            for key in (name, f"{name}[x]"):
                if key in definition["elements"]:
                    declared = definition["elements"][key].split()[1]
                    types = [re.sub(r"\(.*\)", "", each) for each in declared.split("|")]
                    if cast and cast not in types:
                        raise Unsupported(f"{type_name}.{name} is never a {cast}")
                    if key == name:
                        return [(name, types[0])]
                    wanted = [cast] if cast else types
                    return [(name + each[0].upper() + each[1:], each) for each in wanted]
            type_name = definition["base"]
        raise Unsupported(f"no element {name}")


def search_of(folder: Path, elements: dict[str, dict]) -> dict[str, dict]:
    maker = PathMaker(elements)
    resource_types = {name for name, each in elements.items() if each["kind"] == "resource"}
    content: dict[str, dict] = {name: {} for name in sorted(resource_types)}
    unsupported = {}
    for entry in read(folder, "search-parameters.json")["entry"]:
        parameter = entry["resource"]
        for base in parameter["base"]:
            if base not in resource_types:
                continue
            key = f"{base}:{parameter['code']}"
            try:
                if parameter["type"] in ("composite", "special"):
                    raise Unsupported(parameter["type"])
                paths = parameter_paths(parameter, base, maker)
            except Unsupported as reason:
                unsupported[key] = str(reason)
                continue
            targets = set(parameter.get("target", ())) & resource_types
            restricted = {path.partition("@")[2] for path in paths if "@" in path}
            if restricted and all("@" in path for path in paths):
                targets &= restricted
            targets -= ABSTRACT
            # "Any" is spelled out in the official file, short of a type or two.
            listed = ["*"] if len(targets) > 130 else sorted(targets)
            content[base][parameter["code"]] = [parameter["type"], paths, listed]
    content = {name: dict(sorted(parameters.items())) for name, parameters in content.items()}
    content["unsupported"] = dict(sorted(unsupported.items()))
    return content


def parameter_paths(parameter: dict, base: str, maker: PathMaker) -> list[str]:
    expression = parameter.get("expression")
    if not expression:
        raise Unsupported("no expression")
    terms = [term.strip() for term in expression.split("|")]
    if not any("." in term for term in terms):  # InsurancePlan's `name | alias`
        terms = [f"{base}.{term}" for term in terms]
    mine = [
        term
        for term in terms
        if re.match(r"\(*(\w+)", term)[1] in (base, "Resource", "DomainResource")
    ]
    if not mine:
        raise Unsupported(f"no term for {base}")
    paths = []
    for term in mine:
        paths += maker.paths(term, base)
    return list(dict.fromkeys(paths))


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
    write("search.json", search)
    for key, reason in search["unsupported"].items():
        print("unsupported:", key, "-", reason)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
