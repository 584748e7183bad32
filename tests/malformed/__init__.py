"""Requests that no server should take, each with the answer that it earns.

`DOCUMENTS` are malformed because of their body alone; `CASES` are all.
"""

from tests.malformed import bundles, elements, requests, rules, searches, texts, values, writes
from tests.malformed.cases import SECRET, TARGET, Case, Group
from tests.malformed.writes import STATES


def groups_of(*modules) -> list[Case]:
    return [
        case
        for module in modules
        for group in vars(module).values()
        if isinstance(group, Group)
        for case in group
    ]


DOCUMENTS = groups_of(texts, elements, values, rules)
CASES = DOCUMENTS + groups_of(requests, writes, searches, bundles)

__all__ = ["CASES", "DOCUMENTS", "SECRET", "STATES", "TARGET", "Case"]
