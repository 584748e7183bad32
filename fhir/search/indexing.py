"""What a search compares: a document's tokens, strings and ranges. Pure.

`index_columns` derives them from the search parameters of the document's type; the filters
(fhir.search.filters) ask for them with the same functions.

tokens, which a GIN index serves:
    name                      the parameter has a value (`:missing`)
    name=system|code          Coding, CodeableConcept, Identifier, ContactPoint; also `name=code`,
                              `name=system|`, and `name=|code` when there is no system
    name=value                code, boolean, id; string without case; uri; canonical, with and
                              without version
    name=Type/id, name=id     a reference to this server, without its version; `name=url` another
    name:identifier=…         Reference.identifier, in the forms of an Identifier
    name:of-type=s|c|value    an Identifier by its type
    name^prefix               beginnings of PREFIX_LENGTHS characters of a folded string
strings, which are compared one by one:
    name=Original, name~folded           string parameters
    name:part~folded                     the second and later words of a family name
    name:text~folded                     texts and displays of token parameters
ranges, by name:
    [low, high]                              dates: microseconds since 1970, low ≤ instant < high
    [low, high, "system", "code", "unit"]    numbers and quantities, both ends included
    {"tokens": …, "strings": …, "ranges": …} composites: one for each element, with the values of
                                             its components under the names "0", "1" …
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from fhir import definitions
from fhir.datatypes import EARLIEST, LATEST, parse_date, parse_reference
from fhir.definitions import SearchParameter
from fhir.search.references import local, reference_forms
from fhir.search.texts import PREFIX_LENGTHS, folded

MAX_PREFIX_TOKENS = 1_000
MAX_TOKENS = 10_000
"""Bounds on what one document costs the index; what is beyond them is not found by it."""
MAX_TOKEN_LENGTH = 500
"""In characters: PostgreSQL refuses index entries of more than 2,700 bytes."""

MAX_COMPOSITES = 200
"""Elements of one composite parameter: the components of an Observation, say."""

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
    answer is kept: `:identifier`, and where a reference that is no `Type/id` leads.
    """
    plan = _plan(document["resourceType"], skip)
    found = _Found()
    for element in document.keys() & plan.by_element.keys():
        value = document[element]
        for name, index, target in plan.by_element[element]:
            for each in value if type(value) is list else (value,):
                if each is None:
                    continue
                if target is None or _points_at(each, target):
                    index(found, name, each)
                elif "reference" not in each and "type" not in each:
                    _beside_column(found, name, each)  # nobody knows what it identifies
    for parameter, indexers in plan.by_path:
        _index(found, parameter.name, parameter, indexers, document)
    for parameter, components in plan.composites:
        _composite(found, parameter, components, document)
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


Indexers = dict[str, Callable]
"""How to index the values of each datatype."""


class _Plan(NamedTuple):
    by_element: dict[str, list[tuple[str, Callable, str | None]]]
    by_path: list[tuple[SearchParameter, Indexers]]
    composites: list[tuple[SearchParameter, list[Indexers]]]


@cache
def _plan(resource_type: str, skip: frozenset[str]) -> _Plan:
    """How to index a type: what one look at a top-level element finds, and the longer ways."""
    plan = _Plan({}, [], [])
    for name, parameter in definitions.search_parameters(resource_type).items():
        if name in BY_COLUMN or name in SAME_AS:
            continue
        if parameter.components:
            plan.composites.append((parameter, [_indexers(each) for each in parameter.components]))
            continue
        indexers = _indexers(parameter, skipped=name in skip)
        if not indexers:
            continue
        if any(path.steps or path.exists or len(path.names) > 1 for path in parameter.paths):
            plan.by_path.append((parameter, indexers))
            continue
        for path in parameter.paths:
            if path.datatype in indexers:
                plan.by_element.setdefault(path.names[0], []).append(
                    (name, indexers[path.datatype], path.target)
                )
    return plan


def _indexers(parameter: SearchParameter, *, skipped: bool = False) -> Indexers:
    if skipped:
        beside = _beside_column_of_one_type if parameter.paths[0].target else _beside_column
        return {path.datatype: beside for path in parameter.paths if path.datatype == "Reference"}
    found = {}
    for path in parameter.paths:
        kind, datatype = parameter.type, "boolean" if path.exists else path.datatype
        index = INDEXERS.get((kind, datatype)) or INDEXERS.get((kind, "*"))
        if index is _string and path.names[-1] == "family":
            index = _family
        if index:
            found[datatype] = index
    return found


def _index(
    found: "_Found", name: str, parameter: SearchParameter, indexers: Indexers, document: dict
) -> None:
    for datatype, value in definitions.evaluate(document, parameter):
        index = indexers.get(datatype)
        if index:
            index(found, name, value)


def _composite(
    found: "_Found", parameter: SearchParameter, components: list[Indexers], document: dict
) -> None:
    """What each element has for all the components; the first one's tokens serve the index."""
    for _, element in definitions.evaluate(document, parameter)[:MAX_COMPOSITES]:
        inside = _Found()
        for component, indexers in zip(parameter.components, components, strict=True):
            whole = document if component.of_resource else element
            _index(inside, component.name, component, indexers, whole)
        if not all(component.name in inside.tokens for component in parameter.components):
            continue
        name = parameter.name
        found.tokens |= {
            name + token[1:] for token in inside.tokens if token[0] == "0" and ":" not in token[:2]
        }
        found.ranges.setdefault(name, []).append(
            {
                "tokens": sorted(inside.tokens),
                "strings": sorted(inside.strings),
                "ranges": inside.ranges,
            }
        )


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
        found.strings.add(f"{name}:text~{folded(display)}")


def _concept(found: _Found, name: str, value: dict) -> None:
    found.tokens.add(name)
    for coding in value.get("coding", ()):
        _coding(found, name, coding)
    if text := value.get("text"):
        found.strings.add(f"{name}:text~{folded(text)}")


def _identifier(found: _Found, name: str, value: dict) -> None:
    _coded(found, name, value.get("system"), value.get("value"))
    kind = value.get("type")
    if kind:
        if text := kind.get("text"):
            found.strings.add(f"{name}:text~{folded(text)}")
        for coding in kind.get("coding", ()):
            if value.get("value") and coding.get("code"):
                found.tokens.add(
                    f"{name}:of-type={coding.get('system', '')}|{coding['code']}|{value['value']}"
                )


def _contact_point(found: _Found, name: str, value: dict) -> None:
    """Without regard to case: people do not write their e-mail address twice the same."""
    _coded(found, name, value.get("system"), value.get("value", "").casefold())


def _code(found: _Found, name: str, value: str) -> None:
    found.tokens.add(name)
    found.tokens.add(f"{name}={value}")


def _token_string(found: _Found, name: str, value: str) -> None:
    """ "If the underlying data type is string then the search is not case sensitive." """
    _code(found, name, value.casefold())


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


def _beside_column(found: _Found, name: str, value: dict) -> None:
    """What a column of references does not answer."""
    if "identifier" in value:
        _identifier(found, name + ":identifier", value["identifier"])


def _beside_column_of_one_type(found: _Found, name: str, value: dict) -> None:
    """The column is another parameter's: it does not tell the type of what lies elsewhere."""
    text = value.get("reference", "")
    if "://" in local(text) or not text:
        _reference(found, name, value)
    else:
        _beside_column(found, name, value)


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
    found.strings.add(f"{name}={value}")
    bare = folded(value)
    found.strings.add(f"{name}~{bare}")
    _prefixes(found, name, bare)


def _prefixes(found: _Found, name: str, bare: str) -> None:
    for length in PREFIX_LENGTHS:
        if length > len(bare):
            break
        found.prefixes.add(f"{name}^{bare[:length]}")


def _family(found: _Found, name: str, value: str) -> None:
    """Each of its parts too: "Quinones" matches a family name of "Carreno Quinones".

    https://hl7.org/fhir/R4/search.html#string
    """
    _string(found, name, value)
    for part in folded(value).split()[1:]:
        found.strings.add(f"{name}:part~{part}")
        _prefixes(found, name, part)


def _parts(*elements: str) -> Callable:
    """The elements of type string of a HumanName or Address, each for itself."""

    def index(found: _Found, name: str, value: dict) -> None:
        found.tokens.add(name)
        for element in elements:
            part = value.get(element)
            add = _family if element == "family" else _string
            for each in part if type(part) is list else (part,):
                if each:
                    add(found, name, each)

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
    """A missing end is earlier, or later, than any date; so a Period without both is any time."""
    found.tokens.add(name)
    start, end = value.get("start"), value.get("end")
    try:
        low = date_range(start)[0] if start else BEGINNING
        high = date_range(end)[1] if end else END
    except ValueError:
        return
    _range(found, name, low, high)


def _timing(found: _Found, name: str, value: dict) -> None:
    """Only the outer limits matter: of the events, and of the bounds of the repetition."""
    found.tokens.add(name)
    try:
        limits = list(_limits(value))
    except ValueError:
        return
    if limits:
        _range(found, name, min(low for low, _ in limits), max(high for _, high in limits))


def _limits(timing: dict) -> Iterable[tuple[int, int]]:
    for event in timing.get("event", ()):
        if event:
            yield date_range(event)
    bounds = timing.get("repeat", {}).get("boundsPeriod")
    if bounds:
        start, end = bounds.get("start"), bounds.get("end")
        yield (
            date_range(start)[0] if start else BEGINNING,
            date_range(end)[1] if end else END,
        )


def bounded(number: Decimal | float | int) -> float:
    return max(-LARGEST_NUMBER, min(float(number), LARGEST_NUMBER))


def _number(found: _Found, name: str, value: Decimal | int) -> None:
    found.tokens.add(name)
    _range(found, name, bounded(value), bounded(value))


def _units(quantity: dict) -> tuple[str, str, str]:
    return quantity.get("system", ""), quantity.get("code", ""), quantity.get("unit", "")


def _quantity(found: _Found, name: str, value: dict) -> None:
    found.tokens.add(name)
    if "value" not in value:
        return
    number = bounded(value["value"])
    comparator = value.get("comparator", "")
    low = -LARGEST_NUMBER if comparator.startswith("<") else number
    high = LARGEST_NUMBER if comparator.startswith(">") else number
    _range(found, name, low, high, *_units(value))


CURRENCIES = "urn:iso:std:iso:4217"


def _money(found: _Found, name: str, value: dict) -> None:
    found.tokens.add(name)
    if "value" in value:
        number, currency = bounded(value["value"]), value.get("currency", "")
        _range(found, name, number, number, CURRENCIES, currency, currency)


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
    ("token", "code"): _code,
    ("token", "string"): _token_string,
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
