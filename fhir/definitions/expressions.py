"""Turns the FHIRPath of SearchParameter resources into paths over JSON member names.

The official expressions use a small part of FHIRPath; what is outside it raises Unsupported.
https://hl7.org/fhir/R4/searchparameter.html
"""

import re
from typing import Any

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
ABSTRACT = {"Resource", "DomainResource"}
ELEMENT = "this"
"""What the expressions of a composite's components begin with here."""
RESOURCE = "%resource."
"""What a component's path begins with that is not relative to the composite's element."""


class Unsupported(Exception):
    """The expression is outside the mini-grammar."""


class PathMaker:
    """Turns one term of an official FHIRPath expression into paths over JSON member names.

    A path is written `name.name[0].name:Datatype`, with `?name=value` after the element that a
    `where` filters, `@Type` at the end for `where(resolve() is Type)`, `!` for "exists and is not
    false". `:Type` alone is the resource itself. `types` is what elements.json holds.
    """

    def __init__(self, types: dict[str, dict]):
        self.types = types

    def parameter(self, definition: dict, base: str, by_url: dict[str, dict]) -> list[Any]:
        """`[type, paths, targets]` of a SearchParameter for one of its types.

        A composite has `[[type, paths, targets], …]` of its components, relative to the element,
        as a fourth. `by_url` has the definitions that components refer to.
        """
        if definition["type"] == "special":
            raise Unsupported("special")
        paths = self.paths_of(definition.get("expression"), base)
        found = [definition["type"], paths, self._targets(definition, paths)]
        if definition["type"] == "composite":
            found.append(
                [
                    self._component(each["expression"], by_url[each["definition"]], paths, base)
                    for each in definition["component"]
                ]
            )
        return found

    def _targets(self, definition: dict, paths: list[str]) -> list[str]:
        resource_types = {name for name, each in self.types.items() if each["kind"] == "resource"}
        targets = set(definition.get("target", ())) & resource_types - ABSTRACT
        restricted = {path.partition("@")[2] for path in paths if "@" in path}
        if restricted and all("@" in path for path in paths):
            targets &= restricted
        # "Any" is spelled out in the official file, short of a type or two.
        if len(targets) > 130 or "Resource" in definition.get("target", ()):
            return ["*"]
        return sorted(targets)

    def _component(
        self, expression: str, definition: dict, elements: list[str], base: str
    ) -> list[Any]:
        """The values that the component's own definition takes, within the composite's element."""
        own = self.paths_of(definition["expression"], base)
        found = []
        for term in map(str.strip, expression.split("|")):
            if term.startswith(RESOURCE):
                paths = self.paths(f"{base}.{term.removeprefix(RESOURCE)}", base, base)
                found += [RESOURCE + path for path in paths]
                continue
            for element in elements:
                found += self.paths(f"{ELEMENT}.{term}", ELEMENT, element.rpartition(":")[2])
        taken = {path.rpartition(":")[2] for path in own}
        paths = [path for path in dict.fromkeys(found) if path.rpartition(":")[2] in taken]
        if not paths:  # DocumentReference's `relationship` names its two definitions crosswise
            starts = [element.partition(":")[0] + "." for element in elements]
            paths = [
                path.removeprefix(start)
                for path in own
                for start in starts
                if path.startswith(start)
            ]
        return [definition["type"], paths, self._targets(definition, paths)]

    def paths_of(self, expression: str | None, base: str) -> list[str]:
        """The paths of the expression's terms for one type."""
        if not expression:
            raise Unsupported("no expression")
        terms = [term.strip() for term in expression.split("|")]
        if base in terms:  # a composite of the resource itself
            return [f":{base}"] + [
                path
                for term in terms
                if term.startswith(f"{base}.")
                for path in self.paths(term, base, base)
            ]
        if not any("." in term for term in terms):  # InsurancePlan's `name | alias`
            terms = [f"{base}.{term}" for term in terms]
        mine = [term for term in terms if re.match(r"\(*(\w+)", term)[1] in (base, *ABSTRACT)]
        if not mine:
            raise Unsupported(f"no term for {base}")
        paths = []
        for term in mine:
            paths += self.paths(term, base, base)
        return list(dict.fromkeys(paths))

    def paths(self, term: str, base: str, type_name: str) -> list[str]:
        """The paths of a term that begins with `base`, which is of the type."""
        term = term.strip()
        if term.startswith("(") and term.endswith(")") and " as " not in term:
            term = term[1:-1]
        for form in CAST_FORMS:
            if match := form.fullmatch(term):
                path, cast = match["path"], match["cast"]
                return self._walk(path, base, type_name, rest=match["rest"], cast=cast)
        if match := WHERE_FORM.fullmatch(term):
            condition = f"?{match['name']}={match['value']}"
            return self._walk(
                match["path"], base, type_name, rest=match["rest"], condition=condition
            )
        if match := RESOLVE_FORM.fullmatch(term):
            return [
                f"{path}@{match['target']}" for path in self._walk(match["path"], base, type_name)
            ]
        if match := EXISTS_FORM.fullmatch(term):
            return [f"{path}!" for path in self._walk(match["path"], base, type_name)]
        if PLAIN_FORM.fullmatch(term):
            return self._walk(term, base, type_name)
        raise Unsupported(term)

    def _walk(
        self, path: str, base: str, type_name: str, *, rest="", cast="", condition=""
    ) -> list[str]:
        first, _, remainder = path.partition(".")
        if first not in (base, *ABSTRACT):
            raise Unsupported(f"{path} is not of {base}")
        found = self._follow(type_name, STEP.findall("." + remainder), cast)
        if condition:
            found = [(names + condition, datatype) for names, datatype in found]
        if rest:
            found = [
                (f"{names}.{more}", last)
                for names, datatype in found
                for more, last in self._follow(datatype, STEP.findall(rest), "")
            ]
        return [f"{names}:{datatype}" for names, datatype in found]

    def _follow(self, type_name: str, steps: list, cast: str) -> list[tuple[str, str]]:
        found = [("", type_name)]
        for position, (name, index) in enumerate(steps):
            last = position == len(steps) - 1
            found = [
                (f"{names}.{more}{index}".lstrip("."), datatype)
                for names, parent in found
                for more, datatype in self._step(parent, name, cast if last else "")
            ]
        return found

    def _step(self, type_name: str, name: str, cast: str) -> list[tuple[str, str]]:
        while type_name:
            definition = self.types.get(type_name)
            if definition is None:
                break
            for key in (name, f"{name}[x]"):
                if key in definition["elements"]:
                    declared = definition["elements"][key].split()[1]
                    types = [re.sub(r"\(.*\)", "", each) for each in declared.split("|")]
                    # One official expression writes `as(DateTime)`.
                    wanted = [each for each in types if each.lower() == cast.lower()]
                    if cast and not wanted:
                        raise Unsupported(f"{type_name}.{name} is never a {cast}")
                    if key == name:
                        return [(name, types[0])]
                    return [(name + each[0].upper() + each[1:], each) for each in wanted or types]
            type_name = definition["base"]
        raise Unsupported(f"no element {name}")
