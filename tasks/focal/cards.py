"""What every card has: a heading, and what its template draws."""

from dataclasses import dataclass, field

from tasks.conversation import Conversation


@dataclass(frozen=True, slots=True)
class Result:
    """One line of a report. `flag` is "", "abnormal" or "crit"."""

    name: str
    value: str
    range: str
    flag: str
    flag_word: str


@dataclass(frozen=True, slots=True)
class Card:
    """`kind` chooses the template: thread, report, answers, facts or missing."""

    kind: str
    icon: str
    title: str
    status: str = ""
    aside: str = ""
    thread: Conversation | None = None
    results: list[Result] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""

    @property
    def is_done(self) -> bool:
        return self.status in ("Final", "Completed", "Amended")
