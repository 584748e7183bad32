"""What is asked, as it depends on other answers (enableWhen).

https://hl7.org/fhir/R4/questionnaire-definitions.html#Questionnaire.item.enableWhen
"""

from decimal import Decimal
from typing import Any

from fhir.datatypes import parse_date
from tasks.questionnaires.fields import Field


def judge(each: Field) -> bool:
    """Whether a field is asked: with its parent, and as its conditions say (enableWhen).

    Conditions that depend on each other take the question as asked.
    """
    if each.shown is not None:
        return each.shown
    each.shown = True
    parent = each.parent is None or each.parent.parent is None or judge(each.parent)
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
        if judge(asked)
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
