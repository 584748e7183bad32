"""A Questionnaire and its answers."""

from collections.abc import Iterable
from datetime import datetime

from fhir.actor import Actor
from tasks.focal.cards import Card
from tasks.focal.values import moment, said, value_of


def answers(response: dict, reference: str, actor: Actor, now: datetime) -> Card:
    return Card(
        "answers",
        "clipboard-list",
        "Answers",
        status=said(response.get("status", "")),
        aside=moment(response.get("authored", ""), now),
        facts=list(_items(response.get("item", []))),
    )


def questions(asked: dict, reference: str, actor: Actor, now: datetime) -> Card:
    title = asked.get("title") or asked.get("name") or "Questionnaire"
    questions = [(text, "") for text in _texts(asked.get("item", []))]
    status, count = said(asked.get("status", "")), len(questions)
    aside = f"{count} question{'' if count == 1 else 's'}"
    return Card("answers", "clipboard-list", title, status=status, aside=aside, facts=questions)


def _texts(items: list[dict]) -> Iterable[str]:
    for item in items:
        if item.get("text") and item.get("type") not in ("group", "display"):
            yield item["text"]
        yield from _texts(item.get("item", []))


def _items(items: list[dict]) -> Iterable[tuple[str, str]]:
    for item in items:
        answers = [value_of(answer) for answer in item.get("answer", [])]
        if answers:
            yield item.get("text") or item.get("linkId", ""), ", ".join(filter(None, answers))
        yield from _items(item.get("item", []))
        for answer in item.get("answer", []):
            yield from _items(answer.get("item", []))
