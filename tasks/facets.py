"""The menus that narrow a list: each choice is the address of the list narrowed by it."""

from dataclasses import dataclass, replace

from tasks.rows import PRIORITIES
from tasks.worklist import DUE_FACETS, Facets, View

WORDS = {
    "priority": {code: word for code, (_, word) in PRIORITIES.items()},
    "due": DUE_FACETS,
}
"""Facet → its codes and what they are called, in the order shown."""


@dataclass(frozen=True, slots=True)
class Choice:
    """`code` is "" for the choice that does not narrow."""

    code: str
    word: str
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Menu:
    name: str
    label: str
    choices: list[Choice]
    narrows: bool


def menus(view: View, facets: Facets) -> list[Menu]:
    return [
        _menu("priority", "Priority", "Any priority", view, facets),
        _menu("due", "Due", "Any time", view, facets),
    ]


def narrowed_to(facets: Facets) -> list[str]:
    """What a list was narrowed to, in words that go on with "Nothing in this list is …"."""
    said = [_DUE_SAID.get(facets.due, ""), WORDS["priority"].get(facets.priority, "")]
    return [each for each in said if each]


_DUE_SAID = {
    "overdue": "overdue",
    "today": "due today",
    "later": "due later",
    "none": "without a due date",
}


def _menu(name: str, label: str, without: str, view: View, facets: Facets) -> Menu:
    now = getattr(facets, name)
    choices = [
        Choice(code, word, _url(view, replace(facets, **{name: code})), code == now)
        for code, word in {"": without, **WORDS[name]}.items()
    ]
    return Menu(name, WORDS[name].get(now, label), choices, bool(now))


def _url(view: View, facets: Facets) -> str:
    return f"{view.path}?{facets.query}" if facets else view.path
