"""What a search compares: a document's tokens, strings and ranges. Pure.

`index_columns` derives them from the official search parameters of the document's type; the filters
(fhir.search.filters) ask for them with the same functions.

tokens, which a GIN index serves:
    name                      the parameter has a value (`:missing`)
    name=system|code          Coding, CodeableConcept, Identifier, ContactPoint; also `name=code`,
                              `name=system|`, and `name=|code` when there is no system
    name=value                code, boolean, id, string; uri; canonical, with and without version
    name=Type/id, name=id     a relative reference, without its version; `name=url` an absolute one
    name:identifier=…         Reference.identifier, in the forms of an Identifier
    name:of-type=s|c|value    an Identifier by its type
    name^prefix               every beginning, up to 12 characters, of a folded string
strings, which are compared one by one:
    name=Original, name~folded           string parameters
    name:text~folded                     texts and displays of token parameters
ranges, by name:
    [low, high]                          dates: microseconds since 1970, low ≤ instant < high
    [low, high, "system|code", "unit"]   numbers and quantities, both ends included
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from fhir import definitions
from fhir.datatypes import EARLIEST, LATEST, fold, parse_date, parse_reference

PREFIX_LENGTH = 12
MAX_PREFIX_TOKENS = 1_000
MAX_TOKENS = 10_000
"""Bounds on what one document costs the index; what is beyond them is not found by it."""
MAX_TOKEN_LENGTH = 500
"""In characters: PostgreSQL refuses index entries of more than 2,700 bytes."""

BY_COLUMN = frozenset({"_id", "_lastUpdated"})
"""Answered by columns of every table."""

SAME_AS = {"phonetic": "name"}
"""Parameters that are answered by another one: names are not indexed by their sound."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


BEGINNING, END = to_microseconds(EARLIEST), to_microseconds(LATEST)
"""Where ranges with an open end begin and end."""

LARGEST_NUMBER = 1e300


def fitted(token: str) -> str:
    """The token, cut and told apart by a hash where the index could not hold it."""
    if len(token) <= MAX_TOKEN_LENGTH:
        return token
    return f"{token[: MAX_TOKEN_LENGTH - 65]}#{sha256(token.encode()).hexdigest()}"


class _Found:
    """What has been found in a document so far."""

    __slots__ = ("tokens", "prefixes", "strings", "ranges")

    def __init__(self):
        self.tokens: set[str] = set()
        self.prefixes: set[str] = set()
        self.strings: set[str] = set()
        self.ranges: dict[str, list[list]] = {}


def index_columns(document: dict, skip: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The columns `tokens` (sorted), `strings` (sorted) and `ranges` of a valid document.

    Of the parameters in `skip`, which a column of the table answers, only what the column cannot
    answer is kept: `:identifier`.
    """
    by_element, by_path = _plan(document["resourceType"], skip)
    found = _Found()
    for element in document.keys() & by_element.keys():
        value = document[element]
        for name, index, target in by_element[element]:
            for each in value if type(value) is list else (value,):
                if each is not None and (target is None or _points_at(each, target)):
                    index(found, name, each)
    for parameter, indexers in by_path:
        for datatype, value in definitions.evaluate(document, parameter):
            index = indexers.get(datatype)
            if index:
                index(found, parameter.name, value)
    tokens = found.tokens
    if len(tokens) > MAX_TOKENS:
        tokens = set(sorted(tokens, key=_importance)[:MAX_TOKENS])
    prefixes = found.prefixes
    if len(prefixes) > MAX_PREFIX_TOKENS:
        prefixes = set(sorted(prefixes, key=len)[:MAX_PREFIX_TOKENS])
    return {
        "tokens": sorted(map(fitted, tokens | prefixes)),
        "strings": sorted(found.strings),
        "ranges": found.ranges,
    }


def _importance(token: str) -> tuple[bool, int, str]:
    """Bare names first: `:missing` must stay right."""
    return "=" in token, len(token), token


class _Plan(NamedTuple):
    by_element: dict[str, list[tuple[str, Callable, str | None]]]
    by_path: list[tuple[definitions.SearchParameter, dict[str, Callable]]]


@cache
def _plan(resource_type: str, skip: frozenset[str]) -> _Plan:
    """How to index a type: what one look at a top-level element finds, and the longer ways."""
    by_element: dict[str, list] = {}
    by_path = []
    for name, parameter in definitions.search_parameters(resource_type).items():
        if name in BY_COLUMN or name in SAME_AS:
            continue
        indexers = {
            path.datatype: index
            for path in parameter.paths
            if (index := _indexer(parameter.type, path.datatype, skipped=name in skip))
        }
        if not indexers:
            continue
        if any(path.steps or path.exists or len(path.names) > 1 for path in parameter.paths):
            by_path.append((parameter, {"boolean": _plain} | indexers))
            continue
        for path in parameter.paths:
            if path.datatype in indexers:
                by_element.setdefault(path.names[0], []).append(
                    (name, indexers[path.datatype], path.target)
                )
    return _Plan(by_element, by_path)


def _indexer(parameter_type: str, datatype: str, *, skipped: bool) -> Callable | None:
    if skipped:
        return _identifier_of_reference if datatype == "Reference" else None
    return INDEXERS.get((parameter_type, datatype)) or INDEXERS.get((parameter_type, "*"))


def _points_at(reference: dict, resource_type: str) -> bool:
    text = reference.get("reference")
    if text is None:
        return reference.get("type") == resource_type
    if text.startswith(resource_type + "/"):
        return True
    try:
        return parse_reference(text).type == resource_type
    except ValueError:
        return False


# --- tokens ---------------------------------------------------------------------------------------


def _coded(found: _Found, name: str, system: str | None, code: str | None) -> None:
    tokens = found.tokens
    tokens.add(name)
    if code:
        tokens.add(f"{name}={code}")
        tokens.add(f"{name}={system or ''}|{code}")
    if system:
        tokens.add(f"{name}={system}|")


def _coding(found: _Found, name: str, value: dict) -> None:
    _coded(found, name, value.get("system"), value.get("code"))
    if display := value.get("display"):
        found.strings.add(f"{name}:text~{fold(display)}")


def _concept(found: _Found, name: str, value: dict) -> None:
    found.tokens.add(name)
    for coding in value.get("coding", ()):
        _coding(found, name, coding)
    if text := value.get("text"):
        found.strings.add(f"{name}:text~{fold(text)}")


def _identifier(found: _Found, name: str, value: dict) -> None:
    _coded(found, name, value.get("system"), value.get("value"))
    kind = value.get("type")
    if kind:
        if text := kind.get("text"):
            found.strings.add(f"{name}:text~{fold(text)}")
        for coding in kind.get("coding", ()):
            if value.get("value") and coding.get("code"):
                found.tokens.add(
                    f"{name}:of-type={coding.get('system', '')}|{coding['code']}|{value['value']}"
                )


def _contact_point(found: _Found, name: str, value: dict) -> None:
    """Without regard to case: people do not write their e-mail address twice the same."""
    _coded(found, name, value.get("system"), value.get("value", "").casefold())


def _plain(found: _Found, name: str, value: Any) -> None:
    found.tokens.add(name)
    if value is True or value is False:
        value = "true" if value else "false"
    found.tokens.add(f"{name}={value}")


# --- references and URIs --------------------------------------------------------------------------


def _reference(found: _Found, name: str, value: dict) -> None:
    tokens = found.tokens
    tokens.add(name)
    text = value.get("reference")
    if text and text[0] != "#":
        for form in reference_forms(text):
            tokens.add(f"{name}={form}")
    if "identifier" in value:
        _identifier(found, name + ":identifier", value["identifier"])


def _identifier_of_reference(found: _Found, name: str, value: dict) -> None:
    if "identifier" in value:
        _identifier(found, name + ":identifier", value["identifier"])


def reference_forms(text: str) -> tuple[str, ...]:
    """What a reference is found by: `Type/id` and `id`, or its URL; never with a version."""
    if text.count("/") != 1:
        try:
            reference = parse_reference(text)
        except ValueError:
            return (text,)
        if not reference.is_relative:
            if reference.version:
                return (f"{reference.url}/{reference.type}/{reference.id}",)
            return (text,)
        return f"{reference.type}/{reference.id}", reference.id
    return text, text[text.index("/") + 1 :]


def _canonical(found: _Found, name: str, value: str) -> None:
    found.tokens.add(name)
    found.tokens.add(f"{name}={value}")
    found.tokens.add(f"{name}={value.partition('|')[0]}")


def _attachment(found: _Found, name: str, value: dict) -> None:
    found.tokens.add(name)
    if "url" in value:
        found.tokens.add(f"{name}={value['url']}")


def _presence(found: _Found, name: str, value: Any) -> None:
    found.tokens.add(name)


# --- strings --------------------------------------------------------------------------------------


def _string(found: _Found, name: str, value: str) -> None:
    found.tokens.add(name)
    folded = fold(value)
    found.strings.add(f"{name}={value}")
    found.strings.add(f"{name}~{folded}")
    _prefixes(found, name, folded)


def _prefixes(found: _Found, name: str, folded: str) -> None:
    for length in range(1, min(len(folded), PREFIX_LENGTH) + 1):
        found.prefixes.add(f"{name}^{folded[:length]}")


def _parts(*elements: str) -> Callable:
    def index(found: _Found, name: str, value: dict) -> None:
        found.tokens.add(name)
        for element in elements:
            part = value.get(element)
            for each in part if type(part) is list else (part,):
                if each:
                    _string(found, name, each)
        for word in fold(value.get("text") or "").split():
            found.strings.add(f"{name}~{word}")
            _prefixes(found, name, word)

    return index


# --- ranges ---------------------------------------------------------------------------------------


def date_range(text: str) -> tuple[int, int]:
    """The microseconds that a FHIR date, dateTime or instant covers. Raises ValueError."""
    if len(text) < 20:
        covered = parse_date(text)
        return to_microseconds(covered.low), to_microseconds(covered.high)
    try:  # the common form, in a tenth of the time
        low = (datetime.fromisoformat(text) - EPOCH) // MICROSECOND
    except (ValueError, TypeError, OverflowError):
        covered = parse_date(text)
        return to_microseconds(covered.low), to_microseconds(covered.high)
    point = text.find(".")
    if point < 0:
        return low, low + 1_000_000
    digits = 0
    for character in text[point + 1 : point + 7]:
        if not character.isdigit():
            break
        digits += 1
    return low, low + 10 ** (6 - digits)


def _range(found: _Found, name: str, low: int | float, high: int | float, *more: str) -> None:
    ranges = found.ranges.setdefault(name, [])
    if [low, high, *more] not in ranges[:50]:
        ranges.append([low, high, *more])


def _date(found: _Found, name: str, value: str) -> None:
    found.tokens.add(name)
    try:
        low, high = date_range(value)
    except ValueError:  # a string where a date may stand: Condition.onsetString
        return
    _range(found, name, low, high)


def _period(found: _Found, name: str, value: dict) -> None:
    found.tokens.add(name)
    start, end = value.get("start"), value.get("end")
    if start or end:
        try:
            low = date_range(start)[0] if start else BEGINNING
            high = date_range(end)[1] if end else END
        except ValueError:
            return
        _range(found, name, low, high)


def _timing(found: _Found, name: str, value: dict) -> None:
    """From the first event to the last, or the bounds of the repetition."""
    found.tokens.add(name)
    try:
        events = [date_range(event) for event in value.get("event", ()) if event]
    except ValueError:
        events = []
    if events:
        _range(found, name, min(low for low, _ in events), max(high for _, high in events))
    elif bounds := value.get("repeat", {}).get("boundsPeriod"):
        _period(found, name, bounds)


def bounded(number: Decimal | float | int) -> float:
    return max(-LARGEST_NUMBER, min(float(number), LARGEST_NUMBER))


def _number(found: _Found, name: str, value: Decimal | int) -> None:
    found.tokens.add(name)
    _range(found, name, bounded(value), bounded(value))


def _units(quantity: dict) -> tuple[str, str]:
    return f"{quantity.get('system', '')}|{quantity.get('code', '')}", quantity.get("unit", "")


def _quantity(found: _Found, name: str, value: dict) -> None:
    found.tokens.add(name)
    if "value" not in value:
        return
    number = bounded(value["value"])
    comparator = value.get("comparator", "")
    low = -LARGEST_NUMBER if comparator.startswith("<") else number
    high = LARGEST_NUMBER if comparator.startswith(">") else number
    _range(found, name, low, high, *_units(value))


def _money(found: _Found, name: str, value: dict) -> None:
    found.tokens.add(name)
    if "value" in value:
        number, currency = bounded(value["value"]), value.get("currency", "")
        _range(found, name, number, number, f"urn:iso:std:iso:4217|{currency}", currency)


def _range_of_quantities(found: _Found, name: str, value: dict) -> None:
    found.tokens.add(name)
    low, high = value.get("low", {}), value.get("high", {})
    if "value" in low or "value" in high:
        _range(
            found,
            name,
            bounded(low.get("value", -LARGEST_NUMBER)),
            bounded(high.get("value", LARGEST_NUMBER)),
            *_units(low if "value" in low else high),
        )


INDEXERS: dict[tuple[str, str], Callable] = {
    ("token", "CodeableConcept"): _concept,
    ("token", "Coding"): _coding,
    ("token", "Identifier"): _identifier,
    ("token", "ContactPoint"): _contact_point,
    ("token", "*"): _plain,
    ("reference", "Reference"): _reference,
    ("reference", "canonical"): _canonical,
    ("reference", "uri"): _canonical,
    ("reference", "Attachment"): _attachment,
    ("reference", "*"): _presence,
    ("uri", "*"): _canonical,
    ("string", "HumanName"): _parts("text", "family", "given", "prefix", "suffix"),
    ("string", "Address"): _parts(
        "text", "line", "city", "district", "state", "postalCode", "country"
    ),
    ("string", "*"): _string,
    ("date", "Period"): _period,
    ("date", "Timing"): _timing,
    ("date", "Age"): _presence,
    ("date", "Range"): _presence,
    ("date", "*"): _date,
    ("quantity", "Money"): _money,
    ("quantity", "Range"): _range_of_quantities,
    ("quantity", "SampledData"): _presence,
    ("quantity", "*"): _quantity,
    ("number", "Range"): _range_of_quantities,
    ("number", "*"): _number,
}
"""(type of the parameter, datatype of the value) → how it is indexed; `*` any other datatype."""
