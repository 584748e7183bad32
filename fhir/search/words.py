"""The words of `_text` and `_content`: `(bone OR liver) and metastases`.

Words that stand side by side must all be there, in any order; quotes hold a phrase together.
https://hl7.org/fhir/R4/search.html#text
"""

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

from fhir import sql
from fhir.errors import InvalidSearch

PARAMETERS = frozenset({"_content", "_text"})
MAX_WORDS = 50
MAX_DEPTH = 10
MAX_ROWS = 20_000
"""How many documents a search may have to be read for, as the planner estimates it. Nothing
indexes their words: a search that does not narrow them otherwise is refused."""


def check_affordable(rows: QuerySet) -> None:
    """Raises InvalidSearch when more documents than MAX_ROWS would have to be read."""
    try:
        statement, params = rows.order_by().values_list("pk").query.sql_with_params()
    except EmptyResultSet:  # the rest of the search leaves none
        return
    plan = sql.rows(f"explain (format json) {statement}", params, prepare=False)[0][0]
    if plan[0]["Plan"]["Plan Rows"] > MAX_ROWS:
        raise InvalidSearch(
            "_text and _content read every resource that the rest of the search leaves, and that"
            " is too many here: add another parameter."
        )


def query(text: str) -> tuple[str, list[str]]:
    """A tsquery in SQL, with its parameters. Raises InvalidSearch."""
    reader = _Reader(_pieces(text))
    found = reader.any_of(0)
    if reader.pieces:
        raise InvalidSearch("A text search has a bracket too many.")
    return found, reader.params


def _pieces(text: str) -> list[str]:
    """Brackets, phrases with a quote in front, and words."""
    found, word, phrase = [], "", None
    for character in text:
        if phrase is not None:
            if character == '"':
                found.append('"' + phrase)
                phrase = None
            else:
                phrase += character
        elif character in '()"' or character.isspace():
            if word:
                found.append(word)
            word = ""
            if character in "()":
                found.append(character)
            elif character == '"':
                phrase = ""
        else:
            word += character
    if phrase is not None:
        raise InvalidSearch("A text search has a quote that does not end.")
    if word:
        found.append(word)
    if not found or len(found) > MAX_WORDS:
        raise InvalidSearch(f"A text search has 1 to {MAX_WORDS} words.")
    return found[::-1]


class _Reader:
    """Reads the pieces, last one first, by OR, AND, NOT and brackets."""

    def __init__(self, pieces: list[str]):
        self.pieces = pieces
        self.params: list[str] = []

    def _next_is(self, *words: str) -> bool:
        return bool(self.pieces) and self.pieces[-1].lower() in words

    def any_of(self, depth: int) -> str:
        found = [self._all_of(depth)]
        while self._next_is("or"):
            self.pieces.pop()
            found.append(self._all_of(depth))
        return f"({' || '.join(found)})"

    def _all_of(self, depth: int) -> str:
        found = [self._one(depth)]
        while self.pieces and not self._next_is("or", ")"):
            if self._next_is("and"):
                self.pieces.pop()
            found.append(self._one(depth))
        return f"({' && '.join(found)})"

    def _one(self, depth: int) -> str:
        if not self.pieces or self._next_is("and", "or", ")") or depth > MAX_DEPTH:
            raise InvalidSearch("A text search is not complete.")
        piece = self.pieces.pop()
        if piece.lower() == "not":
            return f"(!! {self._one(depth + 1)})"
        if piece == "(":
            found = self.any_of(depth + 1)
            if not self._next_is(")"):
                raise InvalidSearch("A text search has a bracket that does not end.")
            self.pieces.pop()
            return found
        self.params.append(piece.removeprefix('"'))
        return "phraseto_tsquery('simple', %s)"
