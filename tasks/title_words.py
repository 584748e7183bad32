"""The words of a Task's title and description, for the search field of the pages. Pure.

Each stands among the tokens of the row by its beginnings, so that the index which every search uses
finds a word from two letters on: `word^pot`, `word^potas`; a word of two letters as `word=mg`.
"""

import re

from fhir.datatypes import display_of, fold

LENGTHS = (3, 5)
"""Of the beginnings that are indexed."""
MOST = 60
"""Words of one Task; what comes later is not found."""


def words(text: str) -> list[str]:
    """The words of a text without case and accents, each once; single letters are none."""
    return list(dict.fromkeys(re.findall(r"[^\W_]{2,}", fold(text))))


def title_words(document: dict) -> list[str]:
    title, description = display_of(document.get("code")), document.get("description", "")
    return words(f"{title} {description}")[:MOST]


def tokens(document: dict) -> set[str]:
    """What the index holds of a Task."""
    return {
        token
        for word in title_words(document)
        for token in (
            [f"word={word}"]
            if len(word) < LENGTHS[0]
            else [f"word^{word[:length]}" for length in LENGTHS if length <= len(word)]
        )
    }


def token(word: str) -> str:
    """What the index holds of every Task that has a word with this beginning, and perhaps of more."""
    if len(word) < LENGTHS[0]:
        return f"word={word}"
    return f"word^{word[: max(length for length in LENGTHS if length <= len(word))]}"


def has_words(document: dict, wanted: list[str]) -> bool:
    """Whether each of them is the beginning of a word of the Task's."""
    found = title_words(document)
    return all(any(word.startswith(each) for word in found) for each in wanted)
