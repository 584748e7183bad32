"""What a question offers: its options, the value sets behind them, and its extensions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

EXTENSION = "http://hl7.org/fhir/StructureDefinition/"
WEIGHTS = (f"{EXTENSION}ordinalValue", f"{EXTENSION}itemWeight")
"""What an answer counts in a score."""
UNITS = (f"{EXTENSION}questionnaire-unitOption", f"{EXTENSION}questionnaire-unit")
HIDDEN = f"{EXTENSION}questionnaire-hidden"
LOWEST, HIGHEST = f"{EXTENSION}minValue", f"{EXTENSION}maxValue"

ValueSets = dict[str, dict]
"""The value sets that a questionnaire names, by their canonical URL without a version."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of the answers to choose from: `answer` is the `value[x]` of it."""

    key: str
    label: str
    answer: dict
    weight: Decimal | None = None
    is_first: bool = False
    """Chosen until somebody chooses."""


def extensions(element: dict, url: str) -> list[Any]:
    """The values of an extension."""
    return [
        value
        for each in element.get("extension", [])
        if each.get("url") == url
        for name, value in each.items()
        if name.startswith("value")
    ]


def extension(element: dict, url: str) -> Any:
    return next(iter(extensions(element, url)), None)


def canonical_of(questionnaire: dict) -> str:
    """How its answers name it: its URL and version, or where it is on this server."""
    url, version = questionnaire.get("url"), questionnaire.get("version")
    if not url:
        return f"Questionnaire/{questionnaire['id']}"
    return f"{url}|{version}" if version else url


def value_set_urls(questionnaire: dict) -> set[str]:
    """The value sets outside of it that its questions choose from."""
    named = (each.get("answerValueSet", "") for each in items_in(questionnaire.get("item", [])))
    return {each.partition("|")[0] for each in named if each and not each.startswith("#")}


def items_in(items: Iterable[dict]) -> Iterator[dict]:
    for item in items:
        yield item
        yield from items_in(item.get("item", []))
        for answer in item.get("answer", []):
            yield from items_in(answer.get("item", []))


def options_of(item: dict, questionnaire: dict, value_sets: ValueSets) -> list[Option]:
    if item.get("type") == "boolean":
        return [
            Option("yes", _("Yes"), {"valueBoolean": True}),
            Option("no", _("No"), {"valueBoolean": False}),
        ]
    found = [option_of(str(n), each) for n, each in enumerate(item.get("answerOption", []))]
    named = item.get("answerValueSet", "")
    if named:
        inside = {f"#{each.get('id')}": each for each in questionnaire.get("contained", [])}
        value_set = inside.get(named) or value_sets.get(named.partition("|")[0]) or {}
        found += [
            option_of(str(n), {"valueCoding": each}) for n, each in enumerate(_codings(value_set))
        ]
    return found


def option_of(key: str, option: dict) -> Option:
    answer = {name: value for name, value in option.items() if name.startswith("value")}
    value = next(iter(answer.values()), "")
    if isinstance(value, dict):
        label = value.get("display") or value.get("code") or value.get("reference", "")
        answer = {next(iter(answer)): {n: each for n, each in value.items() if n != "id"}}
    else:
        label = str(value)
    return Option(key, label, answer, weight_of(option), bool(option.get("initialSelected")))


def weight_of(option: dict) -> Decimal | None:
    """What an option or an answer counts, wherever that is said."""
    coding = option.get("valueCoding") or {}
    for element in (coding, option):
        for url in WEIGHTS:
            value = extension(element, url)
            if isinstance(value, int | Decimal) and not isinstance(value, bool):
                return Decimal(value)
    return None


def _codings(value_set: dict) -> list[dict]:
    """The concepts that a value set lists; one that only says how to find them lists none."""
    expanded = [*_contained((value_set.get("expansion") or {}).get("contains", []))]
    if expanded:
        return expanded
    compose = value_set.get("compose") or {}
    without = {
        (each.get("system"), concept.get("code"))
        for each in compose.get("exclude", [])
        for concept in each.get("concept", [])
    }
    return [
        _coding({"system": each.get("system")} | concept)
        for each in compose.get("include", [])
        for concept in each.get("concept", [])
        if (each.get("system"), concept.get("code")) not in without
    ]


def _contained(entries: list[dict]) -> Iterator[dict]:
    for entry in entries:
        if "code" in entry and not entry.get("abstract"):
            yield _coding(entry)
        yield from _contained(entry.get("contains", []))


def _coding(concept: dict) -> dict:
    kept = ("system", "version", "code", "display", "extension")
    return {name: concept[name] for name in kept if concept.get(name)}


def is_same(option: dict, answer: dict) -> bool:
    one, other = option.get("valueCoding"), answer.get("valueCoding")
    if one and other:
        return (one.get("system"), one.get("code")) == (other.get("system"), other.get("code"))
    return option == answer
