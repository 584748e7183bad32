"""A question, a group or a text of a questionnaire, with what stands in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from tasks.questionnaires.options import HIDDEN, UNITS, Option, extension, extensions
from tasks.questionnaires.typed import as_typed, short_enough, typed

COPIES = 50
"""Of a group or of an answer, at most."""
RADIOS = 8
"""Choices that are all shown; more are a list to choose from."""
NOT_HERE = ("attachment",)
"""Types of a question that cannot be answered on a page."""


@dataclass(slots=True)
class Field:
    """A question, a group or a text, with what stands in it."""

    item: dict
    name: str
    parent: "Field | None" = None
    values: list[str] = field(default_factory=list)
    """What is typed, or the keys of the options that are chosen."""
    other: str = ""
    """An answer beside the options, or the unit of a quantity."""
    kept: list[dict] = field(default_factory=list)
    """Answers that a page cannot change, as they came."""
    fields: list["Field"] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    last: bool = True
    """Whether no other copy of the group comes after this one."""
    governs: bool = False
    """Whether it depends on its answer what else is asked."""
    shown: bool | None = None

    @property
    def type(self) -> str:
        return self.item.get("type", "group")

    @property
    def text(self) -> str:
        return " ".join(filter(None, (self.item.get("prefix"), self.item.get("text"))))

    @property
    def label(self) -> str:
        return self.text or _("Question %(number)s") % {"number": self.item.get("linkId", "")}

    @property
    def is_group(self) -> bool:
        return self.type == "group"

    @property
    def is_question(self) -> bool:
        return self.type not in ("group", "display")

    @property
    def is_required(self) -> bool:
        return bool(self.item.get("required"))

    @property
    def repeats(self) -> bool:
        return bool(self.item.get("repeats"))

    @property
    def is_conditional(self) -> bool:
        return bool(self.item.get("enableWhen"))

    @property
    def is_hidden(self) -> bool:
        return bool(extension(self.item, HIDDEN))

    @property
    def is_open(self) -> bool:
        return self.type == "open-choice"

    @property
    def control(self) -> str:
        """What it is answered with."""
        if self.type in NOT_HERE or self.item.get("readOnly"):
            return "fixed"
        if self.type in ("choice", "open-choice"):
            if self.repeats:
                return "checks"
            if not self.options:
                return "text" if self.is_open else "fixed"
            return "radios" if len(self.options) <= RADIOS else "select"
        if self.type == "boolean":
            return "radios"
        return "textarea" if self.type == "text" else "text"

    @property
    def is_set(self) -> bool:
        """Whether it is one question of several controls."""
        return self.control in ("radios", "checks") or self.takes_lines or self.type == "quantity"

    @property
    def takes_lines(self) -> bool:
        return self.repeats and self.control in ("text", "textarea")

    @property
    def lines(self) -> list[str]:
        """What stands in each line of a text, and an empty one for the next answer."""
        return [*self.values, ""] if len(self.values) < COPIES else self.values

    @property
    def input_type(self) -> str:
        partial = {"date": 10, "dateTime": 16}
        if self.type in partial and any(len(each) < partial[self.type] for each in self.values):
            return "text"  # as exact as it was told: 2019-05
        types = {"date": "date", "dateTime": "datetime-local", "time": "time", "url": "url"}
        return types.get(self.type, "text")

    @property
    def input_mode(self) -> str:
        return {"integer": "numeric", "decimal": "decimal", "quantity": "decimal"}.get(
            self.type, ""
        )

    @property
    def units(self) -> list[str]:
        found = [value for url in UNITS for value in extensions(self.item, url)]
        return [each.get("display") or each.get("code", "") for each in found]

    @property
    def copies(self) -> str:
        """The name of the group that this is a copy of; "" for what is none."""
        is_copy = self.is_group and self.repeats
        return self.name.rpartition("_")[0] if is_copy else ""

    @property
    def copy_count(self) -> int:
        """How many copies of the group there are, up to this one."""
        return int(self.name.rpartition("_")[2]) + 1

    @property
    def fixed_text(self) -> str:
        """What is answered already, where it cannot be changed."""
        told = (as_typed(name, value) for each in self.kept for name, value in each.items())
        return ", ".join(filter(None, told))

    @property
    def title(self) -> str:
        """What a copy of a group is called: those who hear it have to tell them apart."""
        if not self.copies:
            return self.label
        return f"{self.label} {self.copy_count}"

    @property
    def is_in_empty_copy(self) -> bool:
        """Whether it is in a further copy of a group in which nothing is answered."""
        copies = (each for each in self.above() if each.copies and not each.name.endswith("_0"))
        return any(not any(each.known_answers() for each in copy.descendants()) for copy in copies)

    @property
    def is_excused(self) -> bool:
        """Whether it is in a copy of a group that need not be there and has no answer."""
        copies = (each for each in self.above() if each.copies)
        return self.is_in_empty_copy or any(
            not copy.is_required and not any(each.known_answers() for each in copy.descendants())
            for copy in copies
        )

    def answers(self) -> list[dict]:
        """What is answered as `value[x]`; raises ValueError with what is wrong with it."""
        if self.control == "fixed":
            return self.kept
        if self.type in ("choice", "open-choice") and self.options or self.type == "boolean":
            chosen = {option.key: option.answer for option in self.options}
            found = [chosen[key] for key in self.values if key in chosen]
            if self.other.strip():
                found.append({"valueString": short_enough(self.item, self.other.strip())})
            return found + self.kept
        return [
            typed(self.item, each.strip(), self.other) for each in self.values if each.strip()
        ] + self.kept

    def known_answers(self) -> list[dict]:
        """The same, without what cannot be understood."""
        try:
            return self.answers()
        except ValueError:
            return []

    def above(self) -> Iterator["Field"]:
        """The fields that it is part of."""
        if self.parent is not None:
            yield self.parent
            yield from self.parent.above()

    def descendants(self) -> Iterator["Field"]:
        for each in self.fields:
            yield each
            yield from each.descendants()


def faults(each: Field, *, complete: bool) -> list[str]:
    try:
        answers = each.answers()
    except ValueError as fault:
        return [str(fault)]
    if not answers:
        if complete and each.is_required and not each.is_hidden and not each.is_excused:
            if each.control == "fixed":
                return [_("This needs an answer that cannot be given here.")]
            return [_("Answer this question.")]
        if any(below.shown and below.known_answers() for below in each.descendants()):
            return [_("Answer this too: what is below belongs to it.")]
    if len(answers) > 1 and not each.repeats:
        return [_("Give one answer only.")]
    return []
