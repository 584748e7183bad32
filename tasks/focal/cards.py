"""What every card has: a heading, and what the template of its kind draws."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tasks.conversation import Conversation


class Fact(NamedTuple):
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Card:
    """`kind` names the template, templates/tasks/focus/<kind>.html, that draws `body`."""

    kind: str
    icon: str
    title: str
    status: str = ""
    tone: str = ""
    """Of the status: "ok", "warn", "danger", or "" for what is neither good nor bad."""
    changed: str = ""
    """That the record changed after the Task was made, and when."""
    aside: str = ""
    thread: Conversation | None = None
    body: Any = None
    facts: list[Fact] = field(default_factory=list)
    text: str = ""

    @property
    def template(self) -> str:
        return f"tasks/focus/{self.kind}.html"
