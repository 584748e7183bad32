"""A query string as clauses: repeated parameters are ANDed, commas mean OR. Pure.

https://hl7.org/fhir/R4/search.html
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from fhir.errors import InvalidSearch

HEXADECIMAL = frozenset("0123456789abcdefABCDEF")
PREFIXES = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"})

DEFAULT_COUNT = 50
MAX_COUNT = 1_000
MAX_OFFSET = 10_000
"""What is skipped is read all the same: next links go further."""
MAX_CLAUSES = 100
MAX_VALUES = 1_000
MAX_CHAIN = 5
MAX_VALUE_LENGTH = 65_536
MAX_KEY_LENGTH = 1_000
MAX_PARAMETERS = 2 * MAX_CLAUSES
MAX_INCLUDES = 50
MAX_SORT_KEYS = 8

CURSOR = "_cursor"
TOTALS = ("none", "estimate", "accurate")
SUMMARIES = ("true", "text", "data", "count", "false")
FORM = frozenset({"_format", "_pretty"})
"""What is about the answer's form is not the search's."""
RESULT_PARAMETERS = FORM | {
    "_contained",
    "_containedType",
    "_count",
    "_elements",
    "_include",
    "_offset",  # not of R4: an early page by its number, as some clients ask for it
    "_query",
    "_revinclude",
    "_sort",
    "_summary",
    "_total",
    "_type",
}
"""What is about the answer rather than about what is looked for.

https://hl7.org/fhir/R4/search.html#Summary
"""


@dataclass(frozen=True, slots=True)
class Value:
    """One of the values that a comma separates, still with its escapes."""

    raw: str

    @property
    def text(self) -> str:
        """The value without escapes."""
        return unescape(self.raw)

    def prefixed(self) -> tuple[str, str]:
        """(prefix, rest) of a number, date or quantity: `ge2024` is ("ge", "2024")."""
        if self.raw[:2] in PREFIXES:
            return self.raw[:2], unescape(self.raw[2:])
        return "eq", self.text

    def parts(self) -> list[str]:
        """What `|` separates, without escapes."""
        return [unescape(part) for part in split(self.raw, "|")]


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition. In a chain, `owner:Practitioner.family=x`, the values are the last one's.

    `_has:Task:subject:status=x` is the clause `_has` with the modifier `Task:subject` and the
    chain `status=x`.
    """

    name: str
    modifier: str = ""
    chain: "Clause | None" = None
    values: tuple[Value, ...] = ()

    @property
    def is_true(self) -> bool:
        return [value.text for value in self.values] == ["true"]

    @property
    def key(self) -> str:
        """The parameter as it was written, for messages: it holds no values."""
        if self.name == "_has":
            return f"_has:{self.modifier}:{self.chain.key}"
        own = f"{self.name}:{self.modifier}" if self.modifier else self.name
        return f"{own}.{self.chain.key}" if self.chain else own


@dataclass(frozen=True, slots=True)
class Include:
    """`_include=source:parameter:target`, or `_revinclude`. https://hl7.org/fhir/R4/search.html#revinclude"""

    source: str
    parameter: str
    target: str = ""
    reverse: bool = False
    iterate: bool = False


@dataclass(slots=True)
class Query:
    """A search as it was asked for. `pairs` are its parameters without the cursor, as they came."""

    clauses: list[Clause] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    sort: list[tuple[str, bool]] = field(default_factory=list)
    """(parameter, descending)"""
    count: int = DEFAULT_COUNT
    offset: int = 0
    total: str = ""
    summary: str = ""
    elements: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    """`_type`, of a search over several types."""
    named: str = ""
    """`_query`. https://hl7.org/fhir/R4/search.html#query"""
    cursor: str = ""
    pairs: list[tuple[str, str]] = field(default_factory=list)


def parse_query(query: str | Iterable[tuple[str, str]], *, strict: bool = False) -> Query:
    """Read a raw query string, or pairs that are decoded already.

    What is empty (`status=`) asks for nothing, or is refused when `strict`. Raises InvalidSearch.
    """
    found = Query()
    for number, (key, value) in enumerate(_pairs(query)):
        if number == MAX_PARAMETERS:
            raise InvalidSearch(f"More than {MAX_PARAMETERS} parameters.")
        _check_characters(key, value)
        if key == CURSOR:
            found.cursor = value
        elif not key or not value.strip(" ,"):
            if strict:
                raise InvalidSearch(f"{key or 'A parameter'} is empty.", expression=blamed(key))
        else:
            found.pairs.append((key, _read(found, key, value)))
    if len(found.clauses) > MAX_CLAUSES:
        raise InvalidSearch(f"More than {MAX_CLAUSES} conditions.")
    if found.summary == "text" and found.includes:
        # https://hl7.org/fhir/R4/search.html#summary
        raise InvalidSearch(
            "_summary=text cannot be asked for together with _include or _revinclude.",
            expression=blamed("_summary"),
        )
    return found


def blamed(key: str) -> str | None:
    """The expression of an issue about a parameter.

    https://hl7.org/fhir/R4/operationoutcome-definitions.html#OperationOutcome.issue.location
    """
    return f"http.{key}" if key else None


def _pairs(query: str | Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    if not isinstance(query, str):
        return query
    if query.count("&") > 2 * MAX_PARAMETERS:
        raise InvalidSearch(f"More than {MAX_PARAMETERS} parameters.")
    for after_percent in query.split("%")[1:]:
        if len(after_percent) < 2 or not set(after_percent[:2]) <= HEXADECIMAL:
            raise InvalidSearch("A % must be followed by two hexadecimal digits.")
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidSearch("A parameter of the search is not UTF-8.") from error


def _check_characters(key: str, value: str) -> None:
    if len(value) > MAX_VALUE_LENGTH or len(key) > MAX_KEY_LENGTH:
        raise InvalidSearch("A parameter of the search is too long.")
    for text in (key, value):
        # PostgreSQL's text holds neither of these.
        if "\0" in text or not _is_unicode(text):
            raise InvalidSearch("A parameter of the search holds characters that cannot be.")


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _read(found: Query, key: str, value: str) -> str:
    """Take one parameter into `found`; the value that is used, for the self link."""
    name, _, modifier = key.partition(":")
    if name not in RESULT_PARAMETERS:
        found.clauses.append(parse_clause(key, value))
        return value
    if name in FORM:
        return value
    if modifier and name not in ("_include", "_revinclude"):
        raise InvalidSearch(f"{key}: this modifier is not known.", expression=blamed(name))
    return _read_result_parameter(found, name, modifier, value) or value


def _read_result_parameter(found: Query, name: str, modifier: str, value: str) -> str | None:
    match name:
        case "_count":
            found.count = min(_whole_number(value, name), MAX_COUNT)
            return str(found.count)
        case "_offset":
            found.offset = offset_of(value, name)
        case "_sort":
            found.sort += [_sort_key(each) for each in _listed(value)]
            if len(found.sort) > MAX_SORT_KEYS:
                raise InvalidSearch(
                    f"_sort: more than {MAX_SORT_KEYS} keys.", expression=blamed(name)
                )
        case "_include" | "_revinclude":
            found.includes += [_include(each, modifier, key=name) for each in _listed(value)]
            if len(found.includes) > MAX_INCLUDES:
                raise InvalidSearch(
                    f"{name}: more than {MAX_INCLUDES} of them.", expression=blamed(name)
                )
        case "_total":
            found.total = _one_of(value, TOTALS, name)
        case "_summary":
            found.summary = _one_of(value, SUMMARIES, name)
        case "_elements":
            found.elements += _listed(value)
        case "_type":
            found.types += _listed(value)
        case "_query":
            found.named = value
        case "_contained":
            if _one_of(value, ("false", "true", "both"), name) != "false":
                raise InvalidSearch(
                    "_contained: resources inside others are not searched; only false is supported.",
                    expression=blamed(name),
                )
        case "_containedType":
            _one_of(value, ("container", "contained"), name)
    return None


def _listed(value: str) -> list[str]:
    return [each.strip() for each in value.split(",") if each.strip()]


def parse_clause(key: str, value: str) -> Clause:
    """One parameter: `owner:Practitioner.family:exact` and what it must be."""
    values = tuple(Value(each) for each in split(value, ",") if each)
    if len(values) > MAX_VALUES:
        raise InvalidSearch(f"{key}: more than {MAX_VALUES} values.", expression=blamed(key))
    return _clause(key, values, depth=0)


def _clause(key: str, values: tuple[Value, ...], *, depth: int) -> Clause:
    if depth > MAX_CHAIN:
        raise InvalidSearch(f"A chain of more than {MAX_CHAIN} parameters.")
    if key == "_has" or key.startswith("_has:"):
        pieces = key.split(":", 3)
        if len(pieces) < 4 or not all(pieces):
            raise InvalidSearch(
                "_has is written _has:Type:reference:parameter.", expression=blamed("_has")
            )
        _, type_name, reference, rest = pieces
        return Clause("_has", f"{type_name}:{reference}", _clause(rest, values, depth=depth + 1))
    head, dot, rest = key.partition(".")
    name, colon, modifier = head.partition(":")
    if not name or (colon and not modifier) or (dot and not rest):
        raise InvalidSearch("The name of a parameter of the search is not complete.")
    if dot:
        return Clause(name, modifier, _clause(rest, values, depth=depth + 1))
    return Clause(name, modifier, None, values)


def _sort_key(text: str) -> tuple[str, bool]:
    return text.removeprefix("-"), text.startswith("-")


def _include(text: str, modifier: str, *, key: str) -> Include:
    # `:recurse` was the name of `:iterate` in earlier versions.
    if modifier not in ("", "iterate", "recurse"):
        raise InvalidSearch(f"{key}: this modifier is not known.", expression=blamed(key))
    pieces = text.split(":")
    if pieces == ["*"] and key == "_include":
        pieces = ["*", "*"]
    if not 2 <= len(pieces) <= 3 or not all(pieces):
        raise InvalidSearch(
            f"{key} is written {key}=Type:parameter or {key}=Type:parameter:Type.",
            expression=blamed(key),
        )
    target = pieces[2] if len(pieces) == 3 else ""
    return Include(pieces[0], pieces[1], target, key == "_revinclude", bool(modifier))


def offset_of(text: str, key: str) -> int:
    """Raises InvalidSearch for more than may be skipped."""
    offset = _whole_number(text, key)
    if offset > MAX_OFFSET:
        raise InvalidSearch(
            f"{key} must be {MAX_OFFSET} at most; the next links of the pages go further.",
            expression=blamed(key),
        )
    return offset


def _whole_number(text: str, key: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:
        raise InvalidSearch(f"{key} must be a whole number, 0 or more.", expression=blamed(key))
    return int(text)


def _one_of(text: str, allowed: Sequence[str], key: str) -> str:
    if text not in allowed:
        raise InvalidSearch(f"{key} must be one of {', '.join(allowed)}.", expression=blamed(key))
    return text


def split(text: str, separator: str) -> list[str]:
    r"""Split at the separator, but not at `\` and the separator. The escapes stay."""
    if "\\" not in text:
        return text.split(separator)
    pieces, piece, escaped = [], [], False
    for character in text:
        if character == separator and not escaped:
            pieces.append("".join(piece))
            piece = []
            continue
        escaped = character == "\\" and not escaped
        piece.append(character)
    return [*pieces, "".join(piece)]


def unescape(text: str) -> str:
    r"""`\,` `\|` `\$` and `\\` without their backslash; another backslash is what it is."""
    if "\\" not in text:
        return text
    found, escaped = [], False
    for character in text:
        if escaped:
            found.append(character if character in ",|$\\" else "\\" + character)
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            found.append(character)
    return "".join(found) + ("\\" if escaped else "")
