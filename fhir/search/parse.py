"""A query string as clauses: repeated parameters are ANDed, commas mean OR. Pure.

https://hl7.org/fhir/R4/search.html
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from fhir.errors import InvalidSearch

PREFIXES = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"})

DEFAULT_COUNT = 50
MAX_COUNT = 1_000
MAX_CLAUSES = 100
MAX_VALUES = 1_000
MAX_CHAIN = 5
MAX_VALUE_LENGTH = 8_192
MAX_INCLUDES = 50
MAX_SORT_KEYS = 8

CURSOR = "_cursor"
TOTALS = ("none", "estimate", "accurate")
SUMMARIES = ("true", "text", "data", "count", "false")
IGNORED = frozenset({"_format", "_pretty"})
"""What is about the answer's form is not the search's."""


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
    total: str = ""
    summary: str = ""
    elements: list[str] = field(default_factory=list)
    cursor: str = ""
    pairs: list[tuple[str, str]] = field(default_factory=list)


def parse_query(query: str | Iterable[tuple[str, str]]) -> Query:
    """Read a raw query string, or pairs that are decoded already.

    Raises InvalidSearch. What is empty (`status=`) asks for nothing.
    """
    if isinstance(query, str):
        query = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_CLAUSES * 2)
    found = Query()
    for key, value in query:
        _check_characters(key, value)
        if key == CURSOR:
            found.cursor = value
            continue
        if not value.strip() or not key:
            continue
        found.pairs.append((key, value))
        _read(found, key, value)
    if len(found.clauses) > MAX_CLAUSES:
        raise InvalidSearch(f"More than {MAX_CLAUSES} conditions.")
    return found


def _check_characters(key: str, value: str) -> None:
    if len(value) > MAX_VALUE_LENGTH or len(key) > MAX_VALUE_LENGTH:
        raise InvalidSearch("A parameter of the search is too long.")
    for text in (key, value):
        # PostgreSQL's text holds neither of these.
        if "\0" in text or not _is_unicode(text):
            raise InvalidSearch("A parameter of the search holds characters that cannot be.")


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _read(found: Query, key: str, value: str) -> None:
    name, _, modifier = key.partition(":")
    match name:
        case "_count":
            found.count = min(_whole_number(value, key), MAX_COUNT)
        case "_sort":
            found.sort += [_sort_key(each) for each in value.split(",") if each.strip()]
            if len(found.sort) > MAX_SORT_KEYS:
                raise InvalidSearch(f"_sort: more than {MAX_SORT_KEYS} keys.")
        case "_include" | "_revinclude":
            found.includes += [
                _include(each, modifier, reverse=name == "_revinclude", key=name)
                for each in value.split(",")
            ]
            if len(found.includes) > MAX_INCLUDES:
                raise InvalidSearch(f"{name}: more than {MAX_INCLUDES} of them.")
        case "_total":
            found.total = _one_of(value, TOTALS, key)
        case "_summary":
            found.summary = _one_of(value, SUMMARIES, key)
        case "_elements":
            found.elements += [each.strip() for each in value.split(",") if each.strip()]
        case _ if key not in IGNORED:
            found.clauses.append(parse_clause(key, value))


def parse_clause(key: str, value: str) -> Clause:
    """One parameter: `owner:Practitioner.family:exact` and what it must be."""
    values = tuple(Value(each) for each in split(value, ",") if each)
    if len(values) > MAX_VALUES:
        raise InvalidSearch(f"{key}: more than {MAX_VALUES} values.")
    return _clause(key, values, depth=0)


def _clause(key: str, values: tuple[Value, ...], *, depth: int) -> Clause:
    if depth > MAX_CHAIN:
        raise InvalidSearch(f"A chain of more than {MAX_CHAIN} parameters.")
    if key.startswith("_has:"):
        pieces = key.split(":", 3)
        if len(pieces) < 4 or not all(pieces):
            raise InvalidSearch("_has is written _has:Type:reference:parameter.")
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
    text = text.strip()
    return text.removeprefix("-"), text.startswith("-")


def _include(text: str, modifier: str, *, reverse: bool, key: str) -> Include:
    # `:recurse` was the name of `:iterate` in earlier versions.
    if modifier not in ("", "iterate", "recurse"):
        raise InvalidSearch(f"{key}: this modifier is not known.")
    pieces = text.strip().split(":")
    if pieces == ["*"] and not reverse:
        pieces = ["*", "*"]
    if not 2 <= len(pieces) <= 3 or not all(pieces[:2]):
        raise InvalidSearch(f"{key} is written {key}=Type:parameter or {key}=Type:parameter:Type.")
    target = pieces[2] if len(pieces) == 3 else ""
    return Include(pieces[0], pieces[1], target, reverse, bool(modifier))


def _whole_number(text: str, key: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:
        raise InvalidSearch(f"{key} must be a whole number, 0 or more.")
    return int(text)


def _one_of(text: str, allowed: Sequence[str], key: str) -> str:
    if text not in allowed:
        raise InvalidSearch(f"{key} must be one of {', '.join(allowed)}.")
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
