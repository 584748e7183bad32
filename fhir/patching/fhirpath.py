"""The part of FHIRPath that says where in a resource something is.

Names, `[index]`, `where(…)`, `first()`, `last()`, `single()`, `ofType(…)`, `as(…)` and
`extension(…)`; in `where`: `=` and `!=` with a literal, `exists()`, `empty()`, `not()`, `and`, `or`.
A library would evaluate all of FHIRPath, but says what is there and not where. The expression is a
client's text: it is read by hand in one pass, and how many nodes it may visit is limited.
https://hl7.org/fhir/R4/fhirpath.html · http://hl7.org/fhirpath/N1/
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from string import hexdigits
from typing import Any, NamedTuple, NoReturn

from fhir.definitions import Element, contains_elements, elements
from fhir.errors import TooCostly
from fhir.patching.nodes import Primitive, Tree

MAX_LENGTH = 2_000
MAX_STEPS = 100
MAX_NESTING = 10
MAX_VISITED = 200_000


class InvalidPath(ValueError):
    """This is no FHIRPath."""


class UnsupportedPath(InvalidPath):
    """This is FHIRPath, but not of the part that is understood here, or not of this resource."""


# --- what a path is made of -----------------------------------------------------------------------


class Member(NamedTuple):
    name: str


class Index(NamedTuple):
    number: int


class Last(NamedTuple):
    """`last()`"""


class Single(NamedTuple):
    """`single()`: several are an error."""


class OfType(NamedTuple):
    name: str


class Where(NamedTuple):
    criteria: "Criteria"


class Exists(NamedTuple):
    """`exists()`, or `empty()` where it is not wanted: a truth value, no element."""

    wanted: bool


class Not(NamedTuple):
    """`not()`"""


Step = Member | Index | Last | Single | OfType | Where | Exists | Not
Path = tuple[Step, ...]


class Comparison(NamedTuple):
    """`path = literal`, `path != literal`; a path that stands alone must be true."""

    path: Path
    literal: Any
    equal: bool = True


class AllOf(NamedTuple):
    criteria: tuple["Criteria", ...]


class AnyOf(NamedTuple):
    criteria: tuple["Criteria", ...]


Criteria = Comparison | AllOf | AnyOf

# --- reading --------------------------------------------------------------------------------------

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"} | {each: each for each in "'\"`\\/"}
SYMBOLS = ("!=", ".", "(", ")", "[", "]", "=")
UNDERSTOOD = (
    "only names, [index], where, first, last, single, ofType, as and extension are understood, "
    "and in where =, !=, exists, empty, not, and, or"
)


class Token(NamedTuple):
    kind: str  # name, string, number, date, symbol or end
    value: str


END = Token("end", "")


def _tokens(text: str) -> Iterator[Token]:
    position = 0
    while position < len(text):
        character = text[position]
        start = position
        if character in " \t\r\n":
            position += 1
        elif character in "'`":
            value, position = _quoted(text, position)
            yield Token("string" if character == "'" else "name", value)
        elif character in "_$" or (character.isascii() and character.isalpha()):
            position = _end_of(text, position + 1, "_")
            yield Token("name", text[start:position])
        elif character.isascii() and character.isdigit():
            position = _end_of(text, position, ".")
            yield Token("number", text[start:position])
        elif character == "@":
            position = _end_of(text, position + 1, "-+:.")
            yield Token("date", text[start + 1 : position].removesuffix("T"))
        else:
            symbol = next((each for each in SYMBOLS if text.startswith(each, position)), None)
            if symbol is None and character in "<>~|&+-*,{}%":
                raise UnsupportedPath(UNDERSTOOD)
            if symbol is None:
                raise InvalidPath("it holds a character that FHIRPath does not have there")
            position += len(symbol)
            yield Token("symbol", symbol)


def _end_of(text: str, position: int, more: str) -> int:
    """Where the letters, digits and `more` that begin at the position end."""
    while position < len(text):
        character = text[position]
        if not (character.isascii() and character.isalnum()) and character not in more:
            break
        position += 1
    return position


def _quoted(text: str, position: int) -> tuple[str, int]:
    """The text between the quotation mark at the position and the next of its kind."""
    mark, found = text[position], []
    position += 1
    while position < len(text) and text[position] != mark:
        if text[position] != "\\":
            found.append(text[position])
            position += 1
        elif text.startswith("u", position + 1):
            digits = text[position + 2 : position + 6]
            if len(digits) < 4 or not set(digits) <= set(hexdigits):
                raise InvalidPath("an escape in a string is not complete")
            found.append(chr(int(digits, 16)))
            position += 6
        else:
            escaped = ESCAPES.get(text[position + 1 : position + 2])
            if escaped is None:
                raise InvalidPath("a string has an escape that there is not")
            found.append(escaped)
            position += 2
    if position >= len(text):
        raise InvalidPath("a string does not end")
    return "".join(found), position + 1


def parse_path(text: str, resource_type: str) -> Path:
    """The path below a resource of the type, with or without the type's name in front.

    Raises InvalidPath, or UnsupportedPath; neither quotes the text.
    """
    if len(text) > MAX_LENGTH:
        raise UnsupportedPath(f"it is longer than {MAX_LENGTH} characters")
    reader = _Reader(text)
    if reader.next.value in (resource_type, "Resource", "DomainResource"):
        reader.take()
        path = reader.steps_after(())
    else:
        path = reader.path()
    if reader.next is not END:
        reader.refuse()
    if any(isinstance(step, Exists | Not) for step in path):
        raise UnsupportedPath("it leads to a truth value, not to an element")
    return path


class _Reader:
    def __init__(self, text: str):
        self.tokens = [*_tokens(text), END]
        self.position = self.nesting = self.steps = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        token = self.next
        if token is not END:
            self.position += 1
        return token

    def skip(self, kind: str, value: str) -> bool:
        """Go past the next token if it is this one."""
        found = self.next == (kind, value)
        self.position += found
        return found

    def expect(self, kind: str, value: str = "") -> str:
        if self.next.kind != kind or (value and self.next.value != value):
            self.refuse()
        return self.take().value

    def refuse(self) -> NoReturn:
        if self.next.kind == "name":  # an operator such as `as` or `div`
            raise UnsupportedPath(UNDERSTOOD)
        raise InvalidPath("it is not written as FHIRPath is")

    def path(self) -> Path:
        name = self.expect("name")
        return self.steps_after(() if name == "$this" else self.step(name))

    def steps_after(self, steps: Path) -> Path:
        while True:
            if self.skip("symbol", "["):
                steps += (Index(self.whole_number()),)
                self.expect("symbol", "]")
            elif self.skip("symbol", "."):
                steps += self.step(self.expect("name"))
            else:
                break
        self.steps += len(steps)
        if self.steps > MAX_STEPS:
            raise UnsupportedPath(f"it has more than {MAX_STEPS} steps")
        return steps

    def whole_number(self) -> int:
        digits = self.expect("number")
        if "." in digits or not digits.isdecimal() or len(digits) > 9:
            raise InvalidPath("an index must be a whole number")
        return int(digits)

    def step(self, name: str) -> Path:
        if not self.skip("symbol", "("):
            return (Member(name),)
        match name:
            case "first":
                steps: Path = (Index(0),)
            case "last":
                steps = (Last(),)
            case "single":
                steps = (Single(),)
            case "ofType" | "as":
                type_name = self.expect("name")
                if type_name == "FHIR" and self.skip("symbol", "."):
                    type_name = self.expect("name")
                steps = (OfType(type_name),)
            case "extension":
                url = Comparison((Member("url"),), self.expect("string"))
                steps = (Member("extension"), Where(url))
            case "where":
                steps = (Where(self.criteria()),)
            case "exists" if self.next != ("symbol", ")"):
                steps = (Where(self.criteria()), Exists(True))
            case "exists" | "empty":
                steps = (Exists(name == "exists"),)
            case "not":
                steps = (Not(),)
            case _:
                raise UnsupportedPath(UNDERSTOOD)
        self.expect("symbol", ")")
        return steps

    def criteria(self) -> Criteria:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise UnsupportedPath("its conditions are nested too deeply")
        alternatives = [self.conjunction()]
        while self.skip("name", "or"):
            alternatives.append(self.conjunction())
        self.nesting -= 1
        return AnyOf(tuple(alternatives))

    def conjunction(self) -> Criteria:
        terms = [self.term()]
        while self.skip("name", "and"):
            terms.append(self.term())
        return AllOf(tuple(terms))

    def term(self) -> Criteria:
        if self.skip("symbol", "("):
            inner = self.criteria()
            self.expect("symbol", ")")
            return inner
        path = self.path()
        if self.next.value not in ("=", "!=") or self.next.kind != "symbol":
            return Comparison(path, True)
        return Comparison(path, equal=self.take().value == "=", literal=self.literal())

    def literal(self) -> Any:
        kind, value = self.take()
        if kind in ("string", "date"):
            return value
        if kind == "number" and value.count(".") <= 1 and value.replace(".", "").isdecimal():
            return Decimal(value)
        if kind == "name" and value in ("true", "false"):
            return value == "true"
        raise UnsupportedPath("it compares with something else than a literal")


# --- following ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the tree and its place: `name` is the element's in FHIRPath, `member` in JSON."""

    value: Tree | Primitive
    type_name: str
    parent: "Node | None" = None
    name: str = ""
    member: str = ""

    @property
    def tree(self) -> Tree:
        """The members below."""
        return self.value.extras if type(self.value) is Primitive else self.value


@cache
def declared(type_name: str) -> dict[str, tuple[Element, ...]]:
    """The elements of a type by their name in FHIRPath: a choice has one for each datatype."""
    found: dict[str, tuple[Element, ...]] = {}
    for element in elements(type_name if contains_elements(type_name) else "Element").values():
        name = element.choice or element.name
        found[name] = (*found.get(name, ()), element)
    return found


def items(tree: Tree, member: str) -> list:
    """The nodes of a member, which may be one, several or none."""
    child = tree.get(member, [])
    return child if type(child) is list else [child]


class Selection(NamedTuple):
    """What a path leads to, and the types that it may be of, found or not."""

    nodes: list[Node]
    types: frozenset[str]


class Walker:
    """Follows paths in one tree; the limit is for all of them together."""

    def __init__(self, root: Node):
        self.root = root
        self.visited = 0

    def select(self, path: Path) -> Selection:
        """Raises UnsupportedPath for an element that there is not, or several for single();
        TooCostly.
        """
        return self._follow(path, Selection([self.root], frozenset({self.root.type_name})))

    def _follow(self, path: Path, found: Selection) -> Selection:
        for step in path:
            found = self._step(step, found)
            self.visited += len(found.nodes) + 1
            if self.visited > MAX_VISITED:
                raise TooCostly
        return found

    def _step(self, step: Step, found: Selection) -> Selection:
        nodes, types = found
        match step:
            case Member(name):
                return _members(found, name)
            case Index(number):
                nodes = nodes[number : number + 1]
            case Last():
                nodes = nodes[-1:]
            case Single() if len(nodes) > 1:
                raise UnsupportedPath("single() finds several elements")
            case OfType(name):
                nodes, types = [each for each in nodes if each.type_name == name], frozenset({name})
            case Where(criteria):
                nodes = [each for each in nodes if self._meets(each, types, criteria)]
            case Exists(wanted):
                nodes, types = [_truth(is_so=bool(nodes) == wanted)], frozenset({"boolean"})
            case Not():
                nodes = [
                    _truth(is_so=each.value.value is False) for each in nodes if _is_truth(each)
                ]
        return Selection(nodes, types)

    def _meets(self, node: Node, types: frozenset[str], criteria: Criteria) -> bool:
        match criteria:
            case AllOf(parts):
                return all([self._meets(node, types, each) for each in parts])
            case AnyOf(parts):
                return any([self._meets(node, types, each) for each in parts])
        nodes, _ = self._follow(criteria.path, Selection([node], types))
        values = [each.value.value for each in nodes if type(each.value) is Primitive]
        if not nodes:
            return False
        return _is_equal(values, criteria.literal) == criteria.equal


def _members(found: Selection, name: str) -> Selection:
    types = {
        element.datatype
        for type_name in found.types
        for element in declared(type_name).get(name, ())
    }
    if not types:
        # What is contained may be of any type.
        if "Resource" not in found.types:
            raise UnsupportedPath("it names an element that there is not")
        types = {"Resource"}
    nodes = [
        Node(value, type_of(element, value), node, name, element.name)
        for node in found.nodes
        for element in declared(node.type_name).get(name, ())
        for value in items(node.tree, element.name)
    ]
    return Selection(nodes, frozenset(types))


def type_of(element: Element, value: Tree | Primitive) -> str:
    """The type of an element's value: a contained resource says its own."""
    if element.datatype == "Resource" and type(value) is dict:
        return value["resourceType"].value
    return element.datatype


def _truth(*, is_so: bool) -> Node:
    return Node(Primitive(is_so), "boolean")


def _is_truth(node: Node) -> bool:
    return type(node.value) is Primitive and type(node.value.value) is bool


def _is_equal(values: list, literal: Any) -> bool:
    if len(values) != 1:
        return False
    numbers = (int, float, Decimal)
    if type(literal) is Decimal:
        return type(values[0]) in numbers and values[0] == literal
    return type(values[0]) is type(literal) and values[0] == literal
