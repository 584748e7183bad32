"""The tree of a questionnaire's fields, from answers that are stored or from what was sent."""

from collections.abc import Callable

from django.http import QueryDict

from tasks.questionnaires.conditions import judge
from tasks.questionnaires.fields import COPIES, Field, faults
from tasks.questionnaires.options import ValueSets, is_same, options_of
from tasks.questionnaires.typed import as_typed

LONGEST = 20_000
"""Characters of one answer."""

Fill = Callable[[Field, list[dict]], None]
"""Puts into a field what stands in it; the list is what the stored answers say of it."""


class Form:
    """The fields of a questionnaire, judged: `shown` says of each whether it is asked."""

    def __init__(self, questionnaire: dict, value_sets: ValueSets, items: list[dict], fill: Fill,
                 copies: Callable[[str, int], int]):  # fmt: skip
        self._questionnaire, self._value_sets = questionnaire, value_sets
        self._fill, self._copies = fill, copies
        self.root = Field({"type": "group"}, "q")
        self.root.fields = self._made(questionnaire.get("item", []), items, self.root, "q")
        asking = self.asking()
        for each in self.root.descendants():
            each.governs = each.item.get("linkId") in asking
            judge(each)

    @classmethod
    def of(cls, questionnaire: dict, value_sets: ValueSets, response: dict | None) -> "Form":
        """What is stored, with an empty copy of each group that repeats, or what the questionnaire
        begins with."""

        def fill(into: Field, items: list[dict]) -> None:
            _from_answers(into, items) if response is not None else _from_initial(into)

        items = (response or {}).get("item", [])
        return cls(
            questionnaire, value_sets, items, fill, lambda name, known: known + 1 if known else 1
        )

    @classmethod
    def posted(
        cls, questionnaire: dict, value_sets: ValueSets, response: dict | None, sent: QueryDict
    ) -> "Form":
        """What a browser sent; what it cannot answer stays as it is stored."""

        def fill(into: Field, items: list[dict]) -> None:
            _from_answers(into, items) if response is not None else _from_initial(into)
            if into.control == "fixed" or into.is_hidden:
                return
            typed = [each[:LONGEST] for each in sent.getlist(into.name) if each.strip()]
            into.values = typed[:COPIES]
            if typed and not into.repeats:
                into.kept = []
            into.other = sent.get(f"{into.name}-other", "")[:LONGEST]

        def copies(name: str, known: int) -> int:
            told = sent.get(f"{name}-copies", "")
            return int(told) if told.isdecimal() and len(told) < 4 else known

        return cls(questionnaire, value_sets, (response or {}).get("item", []), fill, copies)

    def answered_as(self, response: dict) -> "Form":
        """The same questions with other answers."""
        return Form.of(self._questionnaire, self._value_sets, response)

    def _made(
        self, questions: list[dict], items: list[dict], parent: Field, path: str
    ) -> list[Field]:
        made = []
        for number, question in enumerate(questions):
            said = [each for each in items if each.get("linkId") == question.get("linkId")]
            name = f"{path}{number}" if path == "q" else f"{path}-{number}"
            if question.get("type") == "group" and question.get("repeats"):
                count = min(max(self._copies(name, len(said)), 1), COPIES)
                made += [
                    self._field(
                        question, said[n : n + 1], parent, f"{name}_{n}", last=n == count - 1
                    )
                    for n in range(count)
                ]
            else:
                made.append(self._field(question, said[:1], parent, name))
        return made

    def _field(
        self,
        item: dict,
        said: list[dict],
        parent: Field,
        name: str,
        *,
        last: bool = True,
    ) -> Field:
        options = options_of(item, self._questionnaire, self._value_sets)
        into = Field(item, name, parent, options=options, last=last)
        if into.is_question:
            self._fill(into, said)
        below = [each for one in said for each in one.get("item", [])]
        below += [
            each
            for one in said
            for answer in one.get("answer", [])
            for each in answer.get("item", [])
        ]
        into.fields = self._made(item.get("item", []), below, into, name)
        return into

    @property
    def fields(self) -> list[Field]:
        return self.root.fields

    def conditional(self) -> list[Field]:
        return [each for each in self.root.descendants() if each.is_conditional]

    def asking(self) -> set[str]:
        """The linkIds of questions on whose answers others depend."""
        return {
            condition.get("question", "")
            for each in self.root.descendants()
            for condition in each.item.get("enableWhen", [])
        }

    def check(self, *, complete: bool) -> list[Field]:
        """Note what is wrong with each field, and return those. What is required is asked for only
        when the form is to be complete."""
        for each in self.root.descendants():
            if each.shown and each.is_question:
                each.errors = faults(each, complete=complete)
        return [each for each in self.root.descendants() if each.errors]

    def missing(self) -> list[Field]:
        """What keeps it from being complete."""
        asked = (each for each in self.root.descendants() if each.shown and each.is_question)
        return [each for each in asked if faults(each, complete=True)]

    def items(self) -> list[dict]:
        """`QuestionnaireResponse.item`: what is asked and answered."""
        return _items(self.root.fields)

    def answered(self) -> tuple[int, int]:
        """How many questions are answered, and how many are asked."""
        asked = [
            each
            for each in self.root.descendants()
            if each.shown and each.is_question and not each.is_hidden
        ]
        return sum(bool(each.known_answers()) for each in asked), len(asked)


def _items(fields: list[Field]) -> list[dict]:
    items = []
    for each in fields:
        if not each.shown or each.type == "display":
            continue
        below = _items(each.fields)
        answers = each.known_answers() if each.is_question else []
        if not below and not answers:
            continue
        item = {"linkId": each.item["linkId"]}
        if "text" in each.item:
            item["text"] = each.item["text"]
        if each.is_group:
            item["item"] = below
        elif answers:
            first = answers[0] | ({"item": below} if below else {})
            item["answer"] = [first, *answers[1:]]
        else:
            continue
        items.append(item)
    return items


def _from_answers(into: Field, items: list[dict]) -> None:
    answers = [
        {name: value for name, value in answer.items() if name != "item"}
        for item in items
        for answer in item.get("answer", [])
    ]
    if into.control == "fixed":
        into.kept = answers
        return
    for answer in answers:
        _put(into, answer)


def _from_initial(into: Field) -> None:
    given = [
        {name: value for name, value in each.items() if name.startswith("value")}
        for each in into.item.get("initial", [])
    ]
    given += [option.answer for option in into.options if option.is_first]
    if into.control == "fixed":
        into.kept = given
        return
    for answer in given:
        _put(into, answer)


def _put(into: Field, answer: dict) -> None:
    """Show an answer in its field; what the field cannot show is kept as it is."""
    name, value = next(iter(answer.items()), ("", ""))
    if into.options:
        option = next((each for each in into.options if is_same(each.answer, answer)), None)
        if option:
            into.values.append(option.key)
        elif into.is_open and name == "valueString":
            into.other = value
        else:
            into.kept.append(answer)
        return
    shown = as_typed(name, value)
    if shown is None or (into.type == "reference" and "reference" in value):
        into.kept.append(answer)
        return
    into.values.append(shown)
    if name == "valueQuantity":
        into.other = value.get("unit") or value.get("code") or ""
