"""Texts as string parameters compare them. https://hl7.org/fhir/R4/search.html#string"""

import unicodedata

from fhir.datatypes import fold

PREFIX_LENGTHS = (1, 2, 3, 5, 8, 12)
"""Which beginnings of a string an index finds; in between, the strings themselves are compared."""
IGNORED = {
    number: None
    for number in range(0x3100)
    if unicodedata.category(chr(number)) in ("Pd", "Ps", "Pe", "Pi", "Pf")
    or chr(number) in ".,;:!'\"#/…"
}


def folded(text: str) -> str:
    """The text without case, accents and the punctuation of names and addresses.

    "Punctuation and non-significant whitespace should also be ignored." What other systems take
    for wildcards (`%`, `_`, `*`, `?`) stays. https://hl7.org/fhir/R4/search.html#string
    """
    if text.isascii():
        return " ".join(text.lower().translate(IGNORED).split())
    return " ".join(fold(text).translate(IGNORED).split())


def longest_prefix(bare: str) -> str:
    """The longest beginning of a folded string, not an empty one, that is indexed."""
    return bare[: max(length for length in PREFIX_LENGTHS if length <= len(bare))]
