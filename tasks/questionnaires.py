"""A Questionnaire as a form, and what is typed into it as a QuestionnaireResponse. Pure.

The form is a tree of fields, made either from answers that are stored or from what a browser sent:
`Form.of` and `Form.posted`. Fields are named by their place ("q2-0", and "q2_1-0" in the second
copy of a group), never by what they ask. https://hl7.org/fhir/R4/questionnaire.html
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fhir.datatypes import parse_date

EXTENSION = "http://hl7.org/fhir/StructureDefinition/"
WEIGHTS = (f"{EXTENSION}ordinalValue", f"{EXTENSION}itemWeight")
"""What an answer counts in a score."""
UNITS = (f"{EXTENSION}questionnaire-unitOption", f"{EXTENSION}questionnaire-unit")
HIDDEN = f"{EXTENSION}questionnaire-hidden"
LOWEST, HIGHEST = f"{EXTENSION}minValue", f"{EXTENSION}maxValue"

COPIES = 50
"""Of a group or of an answer, at most."""
RADIOS = 8
"""Choices that are all shown; more are a list to choose from."""
LONGEST = 20_000
"""Characters of one answer."""
NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,10})?|\.\d{1,10})")
NOT_HERE = ("attachment",)
"""Types of a question that cannot be answered on a page."""

ValueSets = dict[str, dict]
"""The value sets that a questionnaire names, by their canonical URL without a version."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of the answers to choose from: `answer` is the `value[x]` of it."""

    key: str
    label: str
    answer: dict
    weight: Decimal | None = None
    is_first: bool = False
    """Chosen until somebody chooses."""


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
        told = (_as_typed(name, value) for each in self.kept for name, value in each.items())
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
                found.append({"valueString": _short_enough(self.item, self.other.strip())})
            return found + self.kept
        return [_typed(self, each.strip()) for each in self.values if each.strip()] + self.kept

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


def extensions(element: dict, url: str) -> list[Any]:
    """The values of an extension."""
    return [
        value
        for each in element.get("extension", [])
        if each.get("url") == url
        for name, value in each.items()
        if name.startswith("value")
    ]


def extension(element: dict, url: str) -> Any:
    return next(iter(extensions(element, url)), None)


def canonical_of(questionnaire: dict) -> str:
    """How its answers name it: its URL and version, or where it is on this server."""
    url, version = questionnaire.get("url"), questionnaire.get("version")
    if not url:
        return f"Questionnaire/{questionnaire['id']}"
    return f"{url}|{version}" if version else url


def value_set_urls(questionnaire: dict) -> set[str]:
    """The value sets outside of it that its questions choose from."""
    named = (each.get("answerValueSet", "") for each in items_in(questionnaire.get("item", [])))
    return {each.partition("|")[0] for each in named if each and not each.startswith("#")}


def items_in(items: Iterable[dict]) -> Iterator[dict]:
    for item in items:
        yield item
        yield from items_in(item.get("item", []))
        for answer in item.get("answer", []):
            yield from items_in(answer.get("item", []))


# --- the options of a question --------------------------------------------------------------------


def options_of(item: dict, questionnaire: dict, value_sets: ValueSets) -> list[Option]:
    if item.get("type") == "boolean":
        return [
            Option("yes", _("Yes"), {"valueBoolean": True}),
            Option("no", _("No"), {"valueBoolean": False}),
        ]
    found = [_option(str(n), each) for n, each in enumerate(item.get("answerOption", []))]
    named = item.get("answerValueSet", "")
    if named:
        inside = {f"#{each.get('id')}": each for each in questionnaire.get("contained", [])}
        value_set = inside.get(named) or value_sets.get(named.partition("|")[0]) or {}
        found += [
            _option(str(n), {"valueCoding": each}) for n, each in enumerate(_codings(value_set))
        ]
    return found


def _option(key: str, option: dict) -> Option:
    answer = {name: value for name, value in option.items() if name.startswith("value")}
    value = next(iter(answer.values()), "")
    if isinstance(value, dict):
        label = value.get("display") or value.get("code") or value.get("reference", "")
        answer = {next(iter(answer)): {n: each for n, each in value.items() if n != "id"}}
    else:
        label = str(value)
    return Option(key, label, answer, weight_of(option), bool(option.get("initialSelected")))


def weight_of(option: dict) -> Decimal | None:
    """What an option or an answer counts, wherever that is said."""
    coding = option.get("valueCoding") or {}
    for element in (coding, option):
        for url in WEIGHTS:
            value = extension(element, url)
            if isinstance(value, int | Decimal) and not isinstance(value, bool):
                return Decimal(value)
    return None


def _codings(value_set: dict) -> list[dict]:
    """The concepts that a value set lists; one that only says how to find them lists none."""
    expanded = [*_contained((value_set.get("expansion") or {}).get("contains", []))]
    if expanded:
        return expanded
    compose = value_set.get("compose") or {}
    without = {
        (each.get("system"), concept.get("code"))
        for each in compose.get("exclude", [])
        for concept in each.get("concept", [])
    }
    return [
        _coding({"system": each.get("system")} | concept)
        for each in compose.get("include", [])
        for concept in each.get("concept", [])
        if (each.get("system"), concept.get("code")) not in without
    ]


def _contained(entries: list[dict]) -> Iterator[dict]:
    for entry in entries:
        if "code" in entry and not entry.get("abstract"):
            yield _coding(entry)
        yield from _contained(entry.get("contains", []))


def _coding(concept: dict) -> dict:
    kept = ("system", "version", "code", "display", "extension")
    return {name: concept[name] for name in kept if concept.get(name)}


# --- the form -------------------------------------------------------------------------------------

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
            _judge(each)

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
            into.values, into.kept = typed[:COPIES], []
            into.other = sent.get(f"{into.name}-other", "")[:LONGEST]

        def copies(name: str, known: int) -> int:
            told = sent.get(f"{name}-copies", "")
            return int(told) if told.isdecimal() and len(told) < 4 else known

        return cls(questionnaire, value_sets, (response or {}).get("item", []), fill, copies)

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
                    self._field(question, said[n : n + 1], parent, f"{name}_{n}", n == count - 1)
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
        last: bool = True,  # noqa: FBT001, FBT002
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
                each.errors = _faults(each, complete=complete)
        return [each for each in self.root.descendants() if each.errors]

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
        option = next((each for each in into.options if _is_same(each.answer, answer)), None)
        if option:
            into.values.append(option.key)
        elif into.is_open and name == "valueString":
            into.other = value
        else:
            into.kept.append(answer)
        return
    shown = _as_typed(name, value)
    if shown is None or (into.type == "reference" and "reference" in value):
        into.kept.append(answer)
        return
    into.values.append(shown)
    if name == "valueQuantity":
        into.other = value.get("unit") or value.get("code") or ""


def _is_same(option: dict, answer: dict) -> bool:
    one, other = option.get("valueCoding"), answer.get("valueCoding")
    if one and other:
        return (one.get("system"), one.get("code")) == (other.get("system"), other.get("code"))
    return option == answer


def _as_typed(name: str, value: Any) -> str | None:
    """How an answer is typed."""
    match name, value:
        case "valueDateTime", str() if len(value) > 10:
            return timezone.localtime(parse_date(value).low).strftime("%Y-%m-%dT%H:%M")
        case "valueTime", str():
            return value[:5]
        case _, str():
            return value
        case _, bool():
            return None
        case _, int() | Decimal():
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
        case "valueQuantity", {"value": amount}:
            return f"{amount:f}" if isinstance(amount, Decimal) else str(amount)
        case "valueReference", dict():
            return value.get("display", "")
        case "valueCoding", dict():
            return value.get("display") or value.get("code")
    return None


# --- what is typed, understood --------------------------------------------------------------------


def _faults(each: Field, *, complete: bool) -> list[str]:
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


def _short_enough(item: dict, text: str) -> str:
    longest = item.get("maxLength")
    if longest and len(text) > longest:
        raise ValueError(
            ngettext(
                "This may have %(longest)s character at most; it has %(count)s.",
                "This may have %(longest)s characters at most; it has %(count)s.",
                longest,
            )
            % {"longest": longest, "count": len(text)}
        )
    return text


def _typed(into: Field, text: str) -> dict:
    """An answer from what is typed. Raises ValueError, with a sentence, for what is none."""
    item = into.item
    match into.type:
        case "integer":
            return {"valueInteger": int(_within(item, _number(text, whole=True)))}
        case "decimal":
            return {"valueDecimal": _within(item, _number(text))}
        case "quantity":
            return {"valueQuantity": _quantity(into, text)}
        case "date":
            return {"valueDate": _date(text)}
        case "dateTime":
            return {"valueDateTime": _date_time(text)}
        case "time":
            return {"valueTime": _time(text)}
        case "url":
            if not text.startswith(("http://", "https://")) or " " in text:
                raise ValueError(_("Write a whole address, for example https://example.org."))
            return {"valueUri": _short_enough(item, text)}
        case "reference":
            return {"valueReference": {"display": _short_enough(item, text)}}
    return {"valueString": _short_enough(item, text)}


def _number(text: str, *, whole: bool = False) -> Decimal:
    if not NUMBER.fullmatch(text):
        if "," in text:
            raise ValueError(_("Write the number with a point and without commas: 0.5."))
        raise ValueError(_("Write a whole number.") if whole else _("Write a number."))
    found = Decimal(text)
    if whole and (found != found.to_integral_value() or abs(found) >= 2**31):
        raise ValueError(_("Write a whole number."))
    return found


def _within(item: dict, value: Decimal) -> Decimal:
    lowest, highest = extension(item, LOWEST), extension(item, HIGHEST)
    if isinstance(lowest, int | Decimal) and value < lowest:
        raise ValueError(_("This must be %(lowest)s or more.") % {"lowest": lowest})
    if isinstance(highest, int | Decimal) and value > highest:
        raise ValueError(_("This must be %(highest)s or less.") % {"highest": highest})
    return value


def _quantity(into: Field, text: str) -> dict:
    found = {"value": _within(into.item, _number(text))}
    known = [value for url in UNITS for value in extensions(into.item, url)]
    unit = into.other.strip()
    coding = next(
        (each for each in known if unit in (each.get("display"), each.get("code"))),
        known[0] if len(known) == 1 else None,
    )
    if coding:
        found["unit"] = coding.get("display") or coding.get("code", "")
        if "code" in coding and "system" in coding:
            found |= {"system": coding["system"], "code": coding["code"]}
    elif unit:
        found["unit"] = unit[:100]
    return found


def _date(text: str) -> str:
    try:
        parse_date(text)
    except ValueError:
        raise ValueError(_("Write a date, for example 2026-11-21.")) from None
    if len(text) > 10:
        raise ValueError(_("Write a date without a time."))
    return text


def _date_time(text: str) -> str:
    """What a browser sends has no zone: it is the reader's own time."""
    if len(text) <= 10:
        return _date(text)
    try:
        return timezone.make_aware(datetime.fromisoformat(text)).isoformat(timespec="seconds")
    except ValueError:
        raise ValueError(_("Write a date and a time, for example 2026-11-21T09:30.")) from None


def _time(text: str) -> str:
    try:
        return time.fromisoformat(text).replace(microsecond=0, tzinfo=None).isoformat()
    except ValueError:
        raise ValueError(_("Write a time, for example 09:30.")) from None


# --- what is asked --------------------------------------------------------------------------------


def _judge(each: Field) -> bool:
    """Whether a field is asked: with its parent, and as its conditions say (enableWhen).

    Conditions that depend on each other take the question as asked.
    """
    if each.shown is not None:
        return each.shown
    each.shown = True
    parent = each.parent is None or each.parent.parent is None or _judge(each.parent)
    conditions = each.item.get("enableWhen", [])
    if not parent or not conditions:
        each.shown = parent
        return parent
    told = [_holds(condition, each) for condition in conditions]
    each.shown = any(told) if each.item.get("enableBehavior") == "any" else all(told)
    return each.shown


def _holds(condition: dict, each: Field) -> bool:
    answers = [
        answer
        for asked in _nearest(each, condition.get("question", ""))
        if _judge(asked)
        for answer in asked.known_answers()
    ]
    name = next((name for name in condition if name.startswith("answer")), "")
    wanted, operator = condition.get(name), condition.get("operator", "=")
    if operator == "exists":
        return bool(answers) is bool(wanted)
    given = [next(iter(answer.values())) for answer in answers]
    if operator == "!=":
        return not any(_compare(value, wanted, "=") for value in given)
    return any(_compare(value, wanted, operator) for value in given)


def _nearest(each: Field, link_id: str) -> list[Field]:
    """The questions with this linkId that are closest: those of the same copy of a group first."""
    around = each.parent
    while around is not None:
        found = [
            below
            for below in around.descendants()
            if below.item.get("linkId") == link_id and below.is_question
        ]
        if found:
            return found
        around = around.parent
    return []


def _compare(value: Any, wanted: Any, operator: str) -> bool:
    one, other = _comparable(value), _comparable(wanted)
    if operator == "=":
        if isinstance(value, dict) and isinstance(wanted, dict) and "code" in wanted:
            same_system = "system" not in wanted or wanted["system"] == value.get("system")
            if "value" not in wanted:
                return same_system and wanted["code"] == value.get("code")
        return one == other
    if one is None or type(one) is not type(other):
        return False
    return {
        ">": one > other,
        "<": one < other,
        ">=": one >= other,
        "<=": one <= other,
    }.get(operator, False)


def _comparable(value: Any) -> Any:
    match value:
        case bool():
            return str(value)
        case int() | Decimal():
            return Decimal(value)
        case {"value": amount}:
            return Decimal(amount)
        case {"reference": text} | {"display": text}:
            return text
        case str():
            try:
                return parse_date(value).low
            except ValueError:
                return value
    return None


# --- what is answered -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Score:
    total: Decimal
    most: Decimal | None
    """The highest that can be; None when that is not said."""
    answered: int
    asked: int

    @property
    def is_whole(self) -> bool:
        return self.answered == self.asked


def score_of(questionnaire: dict | None, response: dict) -> Score | None:
    """The sum of what the answers count, by the questionnaire or by themselves; None when nothing
    counts anything."""
    questions = [*items_in((questionnaire or {}).get("item", []))]
    scales = {
        item.get("linkId", ""): [_option("", each) for each in item.get("answerOption", [])]
        for item in questions
    }
    scales = {
        link_id: options
        for link_id, options in scales.items()
        if any(option.weight is not None for option in options)
    }
    total, answered, seen = Decimal(0), set(), set()
    for item in items_in(response.get("item", [])):
        link_id = item.get("linkId", "")
        for answer in item.get("answer", []):
            weight = weight_of(answer)
            if weight is None:
                weight = next(
                    (o.weight for o in scales.get(link_id, []) if _is_same(o.answer, answer)), None
                )
            if weight is not None:
                total += weight
                answered.add(link_id)
        seen.add(link_id)
    if not answered:
        return None
    most = sum(
        (max(o.weight for o in options if o.weight is not None) for options in scales.values()),
        Decimal(0),
    )
    return Score(total, most if scales else None, len(answered), len(scales) or len(answered))
