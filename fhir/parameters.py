"""What an operation is given. https://hl7.org/fhir/R4/parameters.html"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from fhir import conformance, definitions
from fhir.errors import InvalidResource, Issue, MalformedRequest
from fhir.validation import check_document

ANY = "Type"
"""Of a parameter that takes a value of any type."""


@dataclass(frozen=True)
class Parameter:
    """A parameter that an operation takes: strictly what is declared, and in the body alone, as
    what people write is for no URL.

    `types` are those of its value, the first one is what its definition names; `max` is "1" or "*".
    It has `parts` instead of a value, or may have, when there are types too.
    """

    name: str
    types: tuple[str, ...]
    documentation: str
    min: int = 0
    max: str = "1"
    parts: tuple["Parameter", ...] = ()

    def definition(self) -> dict:
        """As OperationDefinition.parameter."""
        made = conformance.parameter(
            self.name, self.types[0], self.documentation, min=self.min, max=self.max
        )
        return made | ({"part": [each.definition() for each in self.parts]} if self.parts else {})


class Given(NamedTuple):
    """One parameter as it came: `key` is how its value is called in JSON, as `valueString`."""

    type: str
    value: Any
    key: str = ""
    parts: "Arguments | None" = None


class Arguments(dict[str, list[Given]]):
    """What an operation was given, by name, as its parameters are declared."""

    def first(self, name: str) -> Given | None:
        return next(iter(self.get(name, ())), None)

    def value(self, name: str, default: Any = None) -> Any:
        """The value of a parameter that comes once at most."""
        found = self.first(name)
        return found.value if found else default


def arguments(document: Any, declared: Sequence[Parameter]) -> Arguments:
    """The parameters of an operation's body, as they are declared; there may be no body.

    Raises MalformedRequest (400) for what is no Parameters resource, InvalidResource (422) with
    every issue: what is not valid R4, unknown, missing, too often or of another type.
    """
    if document is None or document == {}:
        document = {"resourceType": "Parameters"}
    check_document(document, "Parameters")
    issues: list[Issue] = []
    found = _arguments(document.get("parameter", []), declared, "Parameters.parameter", issues)
    if issues:
        raise InvalidResource(issues=issues)
    return found


def _arguments(
    given: list[dict], declared: Sequence[Parameter], place: str, issues: list[Issue]
) -> Arguments:
    found, known = Arguments(), {each.name: each for each in declared}
    for number, each in enumerate(given):
        here = f"{place}[{number}]"
        parameter = known.get(each["name"])
        if parameter is None:
            names = ", ".join(known) or "none"
            said = f"This is no parameter here; those are: {names}."
            issues.append(Issue(said, "not-supported", expression=f"{here}.name"))
            continue
        if parameter.max == "1" and parameter.name in found:
            said = f"{parameter.name} may come once."
            issues.append(Issue(said, "structure", expression=here))
        if argument := _argument(each, parameter, here, issues):
            found.setdefault(parameter.name, []).append(argument)
    for parameter in declared:
        if parameter.min and parameter.name not in {each["name"] for each in given}:
            issues.append(Issue(f"{parameter.name} is needed.", "required", expression=place))
    return found


def _argument(given: dict, parameter: Parameter, place: str, issues: list[Issue]) -> Given | None:
    if parameter.parts and "part" in given:
        parts = _arguments(given["part"], parameter.parts, f"{place}.part", issues)
        return Given("", None, parts=parts)
    for key, value in given.items():
        if key.startswith("value") and {ANY, _type_of(key)} & {*parameter.types}:
            return Given(_type_of(key), value, key)
    keys = ", ".join(_key_of(each) for each in parameter.types)
    issues.append(Issue(f"{parameter.name} must be a {keys}.", "value", expression=place))
    return None


def _type_of(key: str) -> str:
    """`string` for `valueString`, `Coding` for `valueCoding`."""
    name = key.removeprefix("value")
    return name if definitions.contains_elements(name) else name[:1].lower() + name[1:]


def _key_of(type_name: str) -> str:
    return "value[x]" if type_name == ANY else f"value{type_name[0].upper()}{type_name[1:]}"


def string_values(document: Any) -> dict[str, str]:
    """The string values of a Parameters resource, by name."""
    if document is None or document == {}:
        return {}
    if not isinstance(document, dict) or document.get("resourceType") != "Parameters":
        raise MalformedRequest("An operation takes a Parameters resource.")
    given = document.get("parameter", [])
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise MalformedRequest("Parameters.parameter must be a list of objects.")
    return {
        each["name"]: value
        for each in given
        if isinstance(each.get("name"), str)
        for key, value in each.items()
        if key.startswith("value") and isinstance(value, str)
    }
