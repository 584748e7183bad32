"""Medical record numbers as people type them: with or without the spaces that they are printed with.

Pure. FHIR's own `identifier` goes by every character; the search field of the pages by these.
"""

import re


def bare(number: str) -> str:
    """The letters and digits of a number, in small letters."""
    return re.sub(r"[\W_]+", "", number).casefold()


def tokens(document: dict) -> set[str]:
    """What the index holds of the identifiers of a patient."""
    values = (each.get("value", "") for each in document.get("identifier", ()))
    return {token(value) for value in values if bare(value)}


def token(number: str) -> str:
    return f"number={bare(number)[:100]}"
