"""R4's invariants compiled to functions: the part of FHIRPath that they use, and only that.

    holds = compile_invariant("low.empty() or high.empty() or (low <= high)")
    holds({"low": …, "high": …}, resource)

https://hl7.org/fhirpath/N1/ · A collection is a list. The expressions are HL7's, never a client's:
an expression outside this part is a fault of ours, and raises Unsupported when it is compiled.
Dates of different precision are only told apart when one is wholly before the other.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any

from fhir.datatypes import DATE_TIME, parse_date
from fhir.definitions import all_choices
from fhir.errors import TooCostly

UCUM = "http://unitsofmeasure.org"
TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')|(?P<number>[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<name>[%$]?[A-Za-z_]\w*)|(?P<symbol><=|>=|!=|[.()=<>|&+,]))"
)

# From the loosest to the tightest.
LEVELS = (
    ("implies",),
    ("or", "xor"),
    ("and",),
    ("in", "contains"),
    ("=", "!="),
    ("<", ">", "<=", ">="),
    ("|",),
    ("is", "as"),
    ("+", "&"),
)

MAX_VISITED = 2_000_000


class Around:
    """What one evaluation shares: %resource, %context, and what is found from them already."""

    __slots__ = ("context", "known", "resource", "visited")

    def __init__(self, resource: dict, context: list):
        self.resource, self.context = [resource], context
        self.known: dict[Node, list] = {}
        self.visited = 0

    def visit(self, count: int) -> None:
        """Some invariants compare everything with everything. Raises TooCostly."""
        self.visited += count
        if self.visited > MAX_VISITED:
            raise TooCostly("The resource is too large for R4's rules about it to be checked.")


Node = Callable[[list, Around], list]
"""(the collection that `$this` is, what is around) → a collection"""


class Unsupported(Exception):
    """The expression is outside the part of FHIRPath that is compiled here."""


@cache
def compile_invariant(expression: str) -> Callable[[Any, dict], bool]:
    """`(element, the resource around it) → whether it holds`; no answer at all counts as no."""
    node = _Compiler(expression).whole()

    def holds(element: Any, resource: dict) -> bool:
        here = [element]
        return _truth(node(here, Around(resource, here))) is True

    return holds


class _Compiler:
    """Recursive descent over the tokens."""

    def __init__(self, text: str):
        self.tokens: list[tuple[str, str]] = []
        position, text = 0, text.strip()
        while position < len(text):
            match = TOKEN.match(text, position)
            if match is None:
                raise Unsupported(text)
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()
        self.tokens.append(("end", ""))
        self.at = 0

    def whole(self) -> Node:
        node = self.operators(0)
        if self.tokens[self.at][0] != "end":
            raise Unsupported(self.tokens[self.at][1])
        return node

    def take(self, *wanted: str) -> str | None:
        kind, text = self.tokens[self.at]
        if kind in ("name", "symbol") and text in wanted:
            self.at += 1
            return text
        return None

    def need(self, symbol: str) -> None:
        if not self.take(symbol):
            raise Unsupported(self.tokens[self.at][1])

    def operators(self, level: int) -> Node:
        if level == len(LEVELS):
            return self.steps()
        left = self.operators(level + 1)
        while operator := self.take(*LEVELS[level]):
            if operator in ("is", "as"):
                left = _of_type(left, self.type_name(), operator)
            else:
                left = _binary(OPERATORS[operator], left, self.operators(level + 1))
        return left

    def type_name(self) -> str:
        kind, text = self.tokens[self.at]
        if kind != "name":
            raise Unsupported(text)
        self.at += 1
        return text

    def steps(self) -> Node:
        start, begin = self.tokens[self.at][1], self.at
        node = self.first()
        while self.take("."):
            name = self.type_name()
            node = self.call(name, node) if self.take("(") else _member(name, node)
        same = start in ("%resource", "%context") and not self._has_arguments(begin)
        return _once(node) if same else node

    def _has_arguments(self, begin: int) -> bool:
        texts = [text for _, text in self.tokens[begin : self.at]]
        return any(pair[0] == "(" and pair[1] != ")" for pair in pairwise(texts))

    def first(self) -> Node:
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "string":
            value = re.sub(r"\\(.)", r"\1", text[1:-1])
            return lambda this, around: [value]
        if kind == "number":
            number = Decimal(text)
            return lambda this, around: [number]
        if text == "(":
            node = self.operators(0)
            self.need(")")
            return node
        if kind != "name":
            raise Unsupported(text)
        if self.take("("):
            return self.call(text, _this)
        if text in ROOTS:
            return ROOTS[text]
        if text[0] in "%$":
            raise Unsupported(text)
        if text[0].isupper():  # the type's own name, as in `Appointment.status`
            return _this
        return _member(text, _this)

    def call(self, name: str, collection: Node) -> Node:
        if name in ("is", "as", "ofType"):
            node = _of_type(collection, self.type_name(), "is" if name == "is" else "as")
            self.need(")")
            return node
        arguments: list[Node] = []
        while not self.take(")"):
            arguments.append(self.operators(0))
            self.take(",")
        if name in WITH_CRITERION and len(arguments) == 1:
            return _each(WITH_CRITERION[name], collection, arguments[0])
        if name not in FUNCTIONS:
            raise Unsupported(name)
        function = FUNCTIONS[name]
        if function in COMPARING:
            return _binary(function, collection, arguments[0])
        return lambda this, around: function(
            collection(this, around), *(each(this, around) for each in arguments)
        )


def _this(this: list, around: Around) -> list:
    return this


ROOTS: dict[str, Node] = {
    "$this": _this,
    "%resource": lambda this, around: around.resource,
    "%context": lambda this, around: around.context,
    "%ucum": lambda this, around: [UCUM],
    "true": lambda this, around: [True],
    "false": lambda this, around: [False],
}


def _once(node: Node) -> Node:
    """What starts at the resource is the same for every item of a list."""

    def once(this: list, around: Around) -> list:
        if node not in around.known:
            around.known[node] = node(this, around)
        return around.known[node]

    return once


def _member(name: str, collection: Node) -> Node:
    # A primitive without a value, only extensions, is there all the same: as its `_` sibling.
    keys = [(key, f"_{key}") for key in (name, *all_choices().get(name, ()))]

    def member(this: list, around: Around) -> list:
        found: list = []
        for each in collection(this, around):
            if type(each) is not dict:
                continue
            for key, sibling in keys:
                value = each.get(key)
                if value is None:
                    value = each.get(sibling)
                if type(value) is list:
                    found += value
                elif value is not None:
                    found.append(value)
        around.visit(len(found))
        return found

    return member


def _each(function: Callable, collection: Node, criterion: Node) -> Node:
    return lambda this, around: function(
        [(each, criterion([each], around)) for each in collection(this, around)]
    )


def _binary(operator: Callable, left: Node, right: Node) -> Node:
    if operator not in COMPARING:
        return lambda this, around: operator(left(this, around), right(this, around))

    def compare_all(this: list, around: Around) -> list:
        one, other = left(this, around), right(this, around)
        around.visit(max(len(one), 1) * max(len(other), 1))
        return operator(one, other)

    return compare_all


def _of_type(collection: Node, name: str, how: str) -> Node:
    def of_type(this: list, around: Around) -> list:
        values = collection(this, around)
        if how == "as":
            return [each for each in values if _is(each, name)]
        return [len(values) == 1 and _is(values[0], name)]

    return of_type


def _is(value: Any, name: str) -> bool:
    match name:
        case "Boolean" | "boolean":
            return type(value) is bool
        case "decimal":
            return type(value) in (int, float, Decimal)
    return type(value) is dict and value.get("resourceType") == name


# --- truth: True, False or None for nothing -------------------------------------------------------


def _truth(values: list) -> bool | None:
    if not values:
        return None
    return values[0] if type(values[0]) is bool else True


def _answer(*, truth: bool | None) -> list:
    return [] if truth is None else [truth]


def _and(left: list, right: list) -> list:
    one, other = _truth(left), _truth(right)
    if one is False or other is False:
        return [False]
    return [] if one is None or other is None else [True]


def _or(left: list, right: list) -> list:
    one, other = _truth(left), _truth(right)
    if one or other:
        return [True]
    return [] if one is None or other is None else [False]


def _xor(left: list, right: list) -> list:
    one, other = _truth(left), _truth(right)
    return [] if one is None or other is None else [one is not other]


def _implies(left: list, right: list) -> list:
    one = _truth(left)
    if one is False:
        return [True]
    return _or([], right) if one is None else _answer(truth=_truth(right))


# --- operators and functions ----------------------------------------------------------------------


def _equal(left: list, right: list) -> list:
    return [left == right] if left and right else []


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[list, list], list]:
    def compare(left: list, right: list) -> list:
        if len(left) != 1 or len(right) != 1:
            return []
        one, other = left[0], right[0]
        if type(one) is dict and type(other) is dict:  # quantities
            same = [one.get(name) == other.get(name) for name in ("unit", "code", "system")]
            one, other = one.get("value"), other.get("value")
            if not all(same):
                return [True]  # of different units: nobody can say
        if type(one) is str and type(other) is str:
            if DATE_TIME.fullmatch(one) and DATE_TIME.fullmatch(other):
                return [_compare_dates(test, one, other)]
            return [test(one, other)]
        numbers = (int, float, Decimal)
        if type(one) in numbers and type(other) in numbers:
            return [test(one, other)]
        return []

    return compare


def _compare_dates(test: Callable[[Any, Any], bool], one: str, other: str) -> bool:
    try:
        first, second = parse_date(one), parse_date(other)
    except ValueError:  # text that only looks like a date
        return True
    if first.high <= second.low:
        return test(0, 1)
    if second.high <= first.low:
        return test(1, 0)
    return True


def _add(left: list, right: list) -> list:
    return [left[0] + right[0]] if left and right else []


def _joined(left: list, right: list) -> list:
    return ["".join(str(each) for each in (*left[:1], *right[:1]))]


def _children(values: list) -> list:
    found: list = []
    for each in values:
        for child in each.values() if type(each) is dict else ():
            found += child if type(child) is list else [child]
    return found


def _descendants(values: list) -> list:
    found: list = []
    while values := _children(values):
        found += values
    return found


def _is_distinct(values: list) -> list:
    seen: list = []
    plain = {each for each in values if type(each) is str}
    strings = sum(1 for each in values if type(each) is str)
    for each in values:
        if type(each) is not str:
            if each in seen:
                return [False]
            seen.append(each)
    return [len(plain) == strings]


def _text(test: Callable[[str, str], bool]) -> Callable[[list, list], list]:
    # No text contains nothing: bdl-8 and others of R4 mean it so.
    def of_text(values: list, argument: list) -> list:
        return [any(type(each) is str and test(each, argument[0]) for each in values[:1])]

    return of_text


def _to_integer(values: list) -> list:
    if values and type(values[0]) is int:
        return values[:1]
    digits = values[0].removeprefix("-") if values and type(values[0]) is str else ""
    return [int(values[0])] if digits.isascii() and digits.isdigit() and len(digits) < 20 else []


def _iif(values: list, condition: list, then: list, otherwise: list = ()) -> list:
    return then if _truth(condition) else list(otherwise)


def _in(left: list, right: list) -> list:
    return [left[0] in right] if left else []


def _union(left: list, right: list) -> list:
    return left + [each for each in right if each not in left]


def _intersect(left: list, right: list) -> list:
    return [each for each in left if each in right]


OPERATORS: dict[str, Callable[[list, list], list]] = {
    "and": _and,
    "or": _or,
    "xor": _xor,
    "implies": _implies,
    "in": _in,
    "contains": lambda left, right: _in(right, left),
    "=": _equal,
    "!=": lambda left, right: [left != right] if left and right else [],
    "<": _compare(lambda one, other: one < other),
    ">": _compare(lambda one, other: one > other),
    "<=": _compare(lambda one, other: one <= other),
    ">=": _compare(lambda one, other: one >= other),
    "|": _union,
    "+": _add,
    "&": _joined,
}

# Each item on one side with each on the other.
COMPARING = (OPERATORS["in"], OPERATORS["contains"], _union, _intersect)

# With a criterion, a function has each item and what the criterion makes of it.
Weighed = list[tuple[Any, list]]
WITH_CRITERION: dict[str, Callable[[Weighed], list]] = {
    "where": lambda items: [each for each, found in items if _truth(found)],
    "exists": lambda items: [any(_truth(found) for _, found in items)],
    "all": lambda items: [all(_truth(found) for _, found in items)],
    "select": lambda items: [each for _, found in items for each in found],
}

FUNCTIONS: dict[str, Callable[..., list]] = {
    "exists": lambda values: [bool(values)],
    "empty": lambda values: [not values],
    "not": lambda values: _answer(truth=not _truth(values) if values else None),
    "hasValue": lambda values: [len(values) == 1 and type(values[0]) is not dict],
    "count": lambda values: [len(values)],
    "first": lambda values: values[:1],
    "tail": lambda values: values[1:],
    "isDistinct": _is_distinct,
    "allFalse": lambda values: [not any(values)],
    "combine": lambda values, others: values + others,
    "intersect": _intersect,
    "children": _children,
    "descendants": _descendants,
    "trace": lambda values, *_: values,
    "iif": _iif,
    "toInteger": _to_integer,
    "toString": lambda values: [str(each) for each in values],
    "contains": _text(lambda text, part: part in text),
    "startsWith": _text(lambda text, part: text.startswith(part)),
    "matches": _text(lambda text, pattern: re.search(pattern, text) is not None),
    "replaceMatches": lambda values, pattern, by: [
        re.sub(pattern[0], by[0], each) for each in values
    ],
}
